//! Dialogs that a driver waits for: each is answered as soon as it has set itself up, because nobody looks at it who could. And the functions that
//! open dialogs.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use wire::DialogAnswer;

use crate::abi::{Handle, LongPtr, Pointer};
use crate::kernel32::codepage::Unit;
use crate::kernel32::error::{
    ERROR_INVALID_PARAMETER, ERROR_INVALID_WINDOW_HANDLE, ERROR_RESOURCE_NAME_NOT_FOUND, fail,
};
use crate::process::Process;
use crate::resources::{self, Name, RT_DIALOG};
use crate::user32::create::{destroy, top_level};
use crate::user32::dialog::{Made, is_open, make, with};
use crate::user32::dialog_item::item;
use crate::user32::messages::{IDCANCEL, IDOK, WM_COMMAND, WS_DISABLED, WS_POPUP};
use crate::user32::place::set_visible;
use crate::user32::queue::dispatch_waiting;
use crate::user32::sending::send;
use crate::user32::template::{Item, Label, Template};
use crate::user32::window::Window;

/// How often a modal dialog is answered as the policy has it, and then with Cancel, before it is ended without having been asked.
const ANSWERS: usize = 4;

/// Runs a modal dialog to its end: what waits in the queue is done, then a button is pressed, until EndDialog.
fn run(process: &mut Process, dialog: Handle) -> Result<i64, Stop> {
    let answer = match process.user32.dialog_answer {
        DialogAnswer::Ok => IDOK,
        DialogAnswer::Cancel => IDCANCEL,
    };
    let title = process.user32.windows.get(dialog).map(|window| window.text.clone()).unwrap_or_default();
    let mut ended_by = None;
    for id in std::iter::repeat_n(answer, ANSWERS).chain(std::iter::repeat_n(IDCANCEL, ANSWERS)) {
        dispatch_waiting(process)?;
        if !is_open(process, dialog) {
            break;
        }
        press(process, dialog, id)?;
        if !is_open(process, dialog) {
            ended_by = Some(id);
            break;
        }
    }
    let said = match ended_by {
        Some(IDOK) => "answered with OK",
        Some(_) => "answered with Cancel",
        None if is_open(process, dialog) => "ended, as it took neither OK nor Cancel",
        None => "ended by itself",
    };
    process.say(format!("dialog `{title}`: {said}").as_bytes());
    Ok(with(process, dialog, |dialog| dialog.result).map_or(0, |result| result.unwrap_or(IDCANCEL.into())))
}

/// Presses a button of a dialog, as a click on it does, or as Enter or Escape if it has none with this identifier. A disabled one cannot be pressed.
pub(crate) fn press(process: &mut Process, dialog: Handle, id: i32) -> Result<(), Stop> {
    let button = item(process, dialog, id);
    let enabled =
        button.is_none_or(|button| process.user32.windows.get(button).is_some_and(Window::is_enabled));
    if enabled {
        let button = button.unwrap_or(Handle::NULL).0.cast_signed();
        send(process, true, dialog, WM_COMMAND, id.cast_unsigned().into(), button)?;
    }
    Ok(())
}

/// Makes and runs a modal dialog. -1 when it cannot be made, 0 when its owner is none.
fn modal(process: &mut Process, template: &Template, made: Made) -> Result<i64, Stop> {
    let owner = top_level(process, made.owner);
    if made.owner != Handle::NULL && !process.user32.windows.contains(owner) {
        return Ok(fail(process, ERROR_INVALID_WINDOW_HANDLE, 0));
    }
    let dialog = make(process, template, Made { owner, ..made })?;
    if dialog == Handle::NULL {
        return Ok(-1);
    }
    let was_enabled = process.user32.windows.get(owner).map(Window::is_enabled);
    let disable = |process: &mut Process, disabled: bool| {
        if was_enabled == Some(true)
            && let Some(owner) = process.user32.windows.get_mut(owner)
        {
            owner.style = if disabled { owner.style | WS_DISABLED } else { owner.style & !WS_DISABLED };
        }
    };
    disable(process, true);
    let result = run(process, dialog);
    disable(process, false);
    if process.user32.windows.contains(dialog) {
        let gone = destroy(process, dialog);
        if result.is_ok() {
            gone?;
        }
    }
    result
}

/// The template in a module's resources; else the last error says that there is none.
fn template_of<U: Unit>(
    process: &mut Process,
    module: Pointer,
    name: Pointer,
) -> Result<Option<Template>, Stop> {
    let name = Name::read::<U>(&process.machine, name)?;
    match resources::find(process, module, &Name::Id(RT_DIALOG), &name)? {
        Some(resource) => template_at(process, resource.at),
        None => Ok(fail(process, ERROR_RESOURCE_NAME_NOT_FOUND, None)),
    }
}

fn template_at(process: &mut Process, at: Pointer) -> Result<Option<Template>, Stop> {
    if at.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, None));
    }
    let template = Template::read(&process.machine, at)?;
    Ok(template.or_else(|| fail(process, ERROR_INVALID_PARAMETER, None)))
}

fn made<U: Unit>(
    module: Pointer,
    owner: Handle,
    procedure: Pointer,
    parameter: LongPtr,
    modal: bool,
) -> Made {
    Made { module, owner, procedure, wide: U::SIZE > 1, parameter: parameter.0, modal }
}

/// DialogBoxParam: what EndDialog was given, -1 when the dialog cannot be made.
pub fn DialogBoxParam<U: Unit>(
    process: &mut Process,
    module: Pointer,
    template: Pointer,
    owner: Handle,
    procedure: Pointer,
    parameter: LongPtr,
) -> Result<LongPtr, Stop> {
    let Some(template) = template_of::<U>(process, module, template)? else { return Ok(LongPtr(-1)) };
    modal(process, &template, made::<U>(module, owner, procedure, parameter, true)).map(LongPtr)
}

/// DialogBoxIndirectParam: the same, of a template in memory.
pub fn DialogBoxIndirectParam<U: Unit>(
    process: &mut Process,
    module: Pointer,
    template: Pointer,
    owner: Handle,
    procedure: Pointer,
    parameter: LongPtr,
) -> Result<LongPtr, Stop> {
    let Some(template) = template_at(process, template)? else { return Ok(LongPtr(-1)) };
    modal(process, &template, made::<U>(module, owner, procedure, parameter, true)).map(LongPtr)
}

pub fn CreateDialogParam<U: Unit>(
    process: &mut Process,
    module: Pointer,
    template: Pointer,
    owner: Handle,
    procedure: Pointer,
    parameter: LongPtr,
) -> Result<Handle, Stop> {
    let Some(template) = template_of::<U>(process, module, template)? else { return Ok(Handle::NULL) };
    make(process, &template, made::<U>(module, owner, procedure, parameter, false))
}

pub fn CreateDialogIndirectParam<U: Unit>(
    process: &mut Process,
    module: Pointer,
    template: Pointer,
    owner: Handle,
    procedure: Pointer,
    parameter: LongPtr,
) -> Result<Handle, Stop> {
    let Some(template) = template_at(process, template)? else { return Ok(Handle::NULL) };
    make(process, &template, made::<U>(module, owner, procedure, parameter, false))
}

/// EndDialog: the dialog is hidden, and gone when its procedure has returned.
pub fn EndDialog(process: &mut Process, window: Handle, result: LongPtr) -> bool {
    if with(process, window, |dialog| dialog.result = Some(result.0)).is_none() {
        return fail(process, ERROR_INVALID_WINDOW_HANDLE, false);
    }
    set_visible(process, window, false);
    true
}

/// A page of a property sheet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    pub module: Pointer,
    /// A template's name, or if `indirect` where it lies.
    pub template: Pointer,
    pub indirect: bool,
    pub procedure: Pointer,
    pub wide: bool,
    pub parameter: i64,
}

/// Opens the window that the pages of a property sheet lie in.
pub(crate) fn open_frame(process: &mut Process) -> Result<Handle, Stop> {
    let none = Label::Text(String::new());
    let dialog = Item {
        style: WS_POPUP,
        extended_style: 0,
        x: 0,
        y: 0,
        width: 0,
        height: 0,
        id: 0,
        class: none.clone(),
        title: none,
        data: Pointer::NULL,
    };
    let template = Template { dialog, has_font: true, controls: Vec::new() };
    make(process, &template, made::<u16>(Pointer::NULL, Handle::NULL, Pointer::NULL, LongPtr(0), false))
}

/// Opens a page of a property sheet; NULL, with the last error, when it cannot be.
pub(crate) fn open_page<U: Unit>(process: &mut Process, frame: Handle, page: &Page) -> Result<Handle, Stop> {
    use crate::user32::messages::{WS_CAPTION, WS_CHILD};
    let template = match page.indirect {
        true => template_at(process, page.template)?,
        false => template_of::<U>(process, page.module, page.template)?,
    };
    let Some(mut template) = template else { return Ok(Handle::NULL) };
    // Whatever it says, it lies in the sheet.
    template.dialog.style = template.dialog.style & !(WS_POPUP | WS_CAPTION) | WS_CHILD;
    let Page { module, procedure, wide, parameter, .. } = *page;
    let made = Made { module, owner: frame, procedure, wide, parameter, modal: false };
    make(process, &template, made)
}
