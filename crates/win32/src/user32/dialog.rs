//! Dialogs: windows with controls from a template, and a procedure that is asked before the system's own.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Machine, Stop};

use crate::abi::{Handle, LongPtr, Pointer};
use crate::kernel32::codepage::Unit;
use crate::kernel32::error::{ERROR_CANNOT_FIND_WND_CLASS, fail};
use crate::process::Process;
use crate::user32::class::{self, ClassName};
use crate::user32::create::{Plan, create, destroy};
use crate::user32::messages::{
    IDCANCEL, IDOK, WM_CLOSE, WM_INITDIALOG, WM_SHOWWINDOW, WM_USER, WS_CHILD, WS_DISABLED, WS_TABSTOP,
    WS_VISIBLE,
};
use crate::user32::modal::press;
use crate::user32::place::set_visible;
use crate::user32::procedure::{Procedure, call, default};
use crate::user32::rect::Rect;
use crate::user32::sending::send;
use crate::user32::template::{Item, Label, Template};

/// What a window is as a dialog.
#[derive(Debug)]
pub(crate) struct Dialog {
    /// DLGPROC; NULL for none.
    pub procedure: Pointer,
    /// Whether that takes text as UTF-16.
    pub wide: bool,
    /// The width and height of 4 by 8 dialog units.
    pub units: (i32, i32),
    /// What EndDialog was given.
    pub result: Option<i64>,
    /// The button that Enter stands for.
    default_id: u64,
}

/// The units of the system's font, and of those that templates name, which are all taken for the usual one of 8 points.
pub(crate) const SYSTEM_UNITS: (i32, i32) = (8, 16);
const FONT_UNITS: (i32, i32) = (6, 13);

/// Where a dialog's window keeps DWLP_DLGPROC, behind DWLP_MSGRESULT; each is as wide as a pointer.
pub(crate) fn dlgproc_offset(machine: &Machine) -> u64 {
    machine.mode().pointer_size()
}

/// A number of dialog units in pixels.
pub(crate) fn pixels((x, y): (i32, i32), units: [i32; 2]) -> [i32; 2] {
    let scale = |value: i32, by: i32, of: i64| {
        let scaled = i64::from(value) * i64::from(by);
        i32::try_from((scaled + of / 2).div_euclid(of)).unwrap_or(0)
    };
    [scale(units[0], x, 4), scale(units[1], y, 8)]
}

/// The classes that a template names by number, 0x80 being the first.
const CLASSES: [&str; 6] = ["Button", "Edit", "Static", "ListBox", "ScrollBar", "ComboBox"];

fn plan(
    process: &mut Process,
    item: &Item,
    units: (i32, i32),
    usual_class: &str,
    parent: Handle,
    module: Pointer,
) -> Option<Plan> {
    let name = match &item.class {
        label if label.is_empty() => ClassName::Name(usual_class.to_owned()),
        Label::Number(number) => match number.checked_sub(0x80).map(usize::from) {
            Some(place) if place < CLASSES.len() => ClassName::Name(CLASSES[place].to_owned()),
            _ => ClassName::Atom(*number),
        },
        Label::Text(name) => ClassName::Name(name.clone()),
    };
    let class = class::for_window(process, &name, module)?;
    let [x, y] = pixels(units, [item.x, item.y]);
    let [width, height] = pixels(units, [item.width, item.height]);
    Some(Plan {
        class,
        text: item.title.text().to_owned(),
        name: Pointer::NULL,
        class_name: Pointer::NULL,
        // What has no text of the guest's is given it in the form that the procedure takes.
        wide: true,
        style: item.style,
        extended_style: item.extended_style,
        rect: Rect::new(x, y, width, height),
        parent,
        id: item.id.into(),
        module,
        parameter: item.data,
    })
}

/// Who a dialog is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Made {
    pub module: Pointer,
    pub owner: Handle,
    pub procedure: Pointer,
    pub wide: bool,
    pub parameter: i64,
    pub modal: bool,
}

/// Makes a dialog with its controls and sends it WM_INITDIALOG; NULL, with the last error, when it cannot be.
pub(crate) fn make(process: &mut Process, template: &Template, made: Made) -> Result<Handle, Stop> {
    const DS_NOFAILCREATE: u32 = 0x10;
    const DS_CONTROL: u32 = 0x400;
    let Made { module, owner, procedure, wide, parameter, modal } = made;
    let units = if template.has_font { FONT_UNITS } else { SYSTEM_UNITS };
    let mut own = template.dialog.clone();
    let shown = own.style & WS_VISIBLE != 0 || modal;
    own.style &= !WS_VISIBLE;
    if own.style & DS_CONTROL != 0 && modal {
        own.style &= !WS_CHILD;
    }
    let Some(plan_of_dialog) = plan(process, &own, units, "#32770", owner, module) else {
        return Ok(Handle::NULL);
    };
    let dialog = create(process, &plan_of_dialog)?;
    let Some(window) = process.user32.windows.get_mut(dialog) else { return Ok(Handle::NULL) };
    let state = Dialog { procedure, wide, units, result: None, default_id: IDOK.cast_unsigned().into() };
    window.dialog = Some(Box::new(state));
    let mut focus = Handle::NULL;
    for control in &template.controls {
        let mut control = control.clone();
        control.style |= WS_CHILD;
        let made = match plan(process, &control, units, "Static", dialog, module) {
            Some(plan) => create(process, &plan)?,
            None => Handle::NULL,
        };
        if made == Handle::NULL && own.style & DS_NOFAILCREATE == 0 {
            destroy(process, dialog)?;
            return Ok(fail(process, ERROR_CANNOT_FIND_WND_CLASS, Handle::NULL));
        }
        note_default(process, dialog, &control, made);
        let reachable = control.style & (WS_TABSTOP | WS_VISIBLE | WS_DISABLED) == WS_TABSTOP | WS_VISIBLE;
        if focus == Handle::NULL && reachable {
            focus = made;
        }
    }
    let takes_focus = send(process, wide, dialog, WM_INITDIALOG, focus.0, parameter)? != 0;
    if takes_focus && process.user32.windows.contains(focus) {
        let thread = process.machine.current();
        process.user32.focus[thread] = focus;
    }
    if shown && is_open(process, dialog) {
        send(process, wide, dialog, WM_SHOWWINDOW, 1, 0)?;
        set_visible(process, dialog, true);
    }
    Ok(if process.user32.windows.contains(dialog) { dialog } else { Handle::NULL })
}

/// Keeps which button is the default one.
fn note_default(process: &mut Process, dialog: Handle, control: &Item, made: Handle) {
    const BS_DEFPUSHBUTTON: u32 = 1;
    let is_button = process.user32.windows.get(made).is_some_and(|window| {
        process.user32.classes.get(window.class).is_some_and(|class| class.name == CLASSES[0])
    });
    if is_button && control.style & 0xf == BS_DEFPUSHBUTTON {
        with(process, dialog, |dialog| dialog.default_id = control.id.into());
    }
}

/// Looks at a dialog, if the window is one.
pub(crate) fn with<T>(
    process: &mut Process,
    window: Handle,
    look: impl FnOnce(&mut Dialog) -> T,
) -> Option<T> {
    let dialog = process.user32.windows.get_mut(window)?.dialog.as_mut()?;
    Some(look(dialog))
}

/// Whether a dialog is there and EndDialog has not been called.
pub(crate) fn is_open(process: &mut Process, dialog: Handle) -> bool {
    with(process, dialog, |dialog| dialog.result.is_none()).unwrap_or(false)
}

/// DefDlgProc: what a dialog does with a message, its procedure being asked first.
pub(crate) fn procedure(
    process: &mut Process,
    wide: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    const WM_COMPAREITEM: u32 = 0x0039;
    const WM_QUERYDRAGICON: u32 = 0x0037;
    const WM_VKEYTOITEM: u32 = 0x002e;
    const WM_CHARTOITEM: u32 = 0x002f;
    const WM_CTLCOLOR: std::ops::RangeInclusive<u32> = 0x0132..=0x0138;
    const DM_GETDEFID: u32 = WM_USER;
    const DM_SETDEFID: u32 = WM_USER + 1;
    const DC_HASDEFID: i64 = 0x534b;
    let own = with(process, window, |dialog| (dialog.procedure, dialog.wide));
    if let Some((address, own_wide)) = own.filter(|(address, _)| !address.is_null()) {
        set_message_result(process, window, 0);
        let guest = Procedure::Guest { address, wide: own_wide };
        let handled = call(process, guest, wide, window, message, wparam, lparam)?;
        let direct = matches!(
            message,
            WM_INITDIALOG | WM_COMPAREITEM | WM_QUERYDRAGICON | WM_VKEYTOITEM | WM_CHARTOITEM
        ) || WM_CTLCOLOR.contains(&message);
        if handled != 0 && !direct {
            return Ok(message_result(process, window));
        }
        if handled != 0 || message == WM_INITDIALOG {
            return Ok(handled);
        }
    }
    match message {
        WM_CLOSE => press(process, window, IDCANCEL).map(|()| 0),
        DM_GETDEFID => {
            let id = with(process, window, |dialog| dialog.default_id).unwrap_or(0);
            Ok((id & 0xffff).cast_signed() | DC_HASDEFID << 16)
        }
        DM_SETDEFID => Ok(with(process, window, |dialog| dialog.default_id = wparam).is_some().into()),
        _ => default(process, wide, window, message, wparam, lparam),
    }
}

/// Where a window keeps DWLP_MSGRESULT.
fn message_result_bytes(process: &mut Process, window: Handle) -> Option<&mut [u8]> {
    let size = usize::try_from(process.machine.mode().pointer_size()).ok()?;
    process.user32.windows.get_mut(window)?.extra.get_mut(..size)
}

fn set_message_result(process: &mut Process, window: Handle, value: i64) {
    if let Some(bytes) = message_result_bytes(process, window) {
        let size = bytes.len();
        bytes.copy_from_slice(&value.to_le_bytes()[..size]);
    }
}

pub(crate) fn message_result(process: &mut Process, window: Handle) -> i64 {
    let mode = process.machine.mode();
    let mut word = [0; 8];
    if let Some(bytes) = message_result_bytes(process, window) {
        word[..bytes.len()].copy_from_slice(bytes);
    }
    crate::abi::signed(mode, u64::from_le_bytes(word))
}

pub fn DefDlgProc<U: Unit>(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: Pointer,
    lparam: LongPtr,
) -> Result<LongPtr, Stop> {
    procedure(process, U::SIZE > 1, window, message, wparam.0, lparam.0).map(LongPtr)
}
