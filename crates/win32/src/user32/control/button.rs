//! Buttons: whether they are checked, and clicks that a driver makes itself.

use guest::Stop;

use crate::abi::Handle;
use crate::process::Process;
use crate::user32::control::{Control, notify};
use crate::user32::messages::{WM_GETDLGCODE, WS_GROUP, WS_TABSTOP};

pub(crate) const BM_GETCHECK: u32 = 0x00f0;
pub(crate) const BM_SETCHECK: u32 = 0x00f1;
const BM_GETSTATE: u32 = 0x00f2;
const BM_SETSTATE: u32 = 0x00f3;
const BM_SETSTYLE: u32 = 0x00f4;
const BM_CLICK: u32 = 0x00f5;
const BM_GETIMAGE: u32 = 0x00f6;
const BM_SETIMAGE: u32 = 0x00f7;

pub(crate) const BST_CHECKED: u32 = 1;
const BST_INDETERMINATE: u32 = 2;
const BST_PUSHED: u32 = 4;

/// What kind of button one is, in the low bits of its style.
const BS_TYPEMASK: u32 = 0x000f;
const BS_PUSHBUTTON: u32 = 0;
const BS_DEFPUSHBUTTON: u32 = 1;
const BS_CHECKBOX: u32 = 2;
const BS_AUTOCHECKBOX: u32 = 3;
const BS_RADIOBUTTON: u32 = 4;
const BS_3STATE: u32 = 5;
const BS_AUTO3STATE: u32 = 6;
const BS_GROUPBOX: u32 = 7;
const BS_AUTORADIOBUTTON: u32 = 9;

const BN_CLICKED: u16 = 0;

/// A button.
#[derive(Debug, Default)]
pub(crate) struct Button {
    /// BST_UNCHECKED, BST_CHECKED or BST_INDETERMINATE.
    check: u32,
    pushed: bool,
    image: Handle,
}

/// What a button does with a message; `None` for what any window does.
pub(crate) fn message(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<Option<i64>, Stop> {
    let Some(own) = process.user32.windows.get_mut(window) else { return Ok(None) };
    let (kind, enabled) = (own.style & BS_TYPEMASK, own.is_enabled());
    let Control::Button(button) = &mut own.control else { return Ok(None) };
    Ok(Some(match message {
        BM_GETCHECK => button.check.into(),
        BM_SETCHECK => {
            let most = match kind {
                BS_CHECKBOX | BS_AUTOCHECKBOX | BS_RADIOBUTTON | BS_AUTORADIOBUTTON => BST_CHECKED,
                BS_3STATE | BS_AUTO3STATE => BST_INDETERMINATE,
                _ => return Ok(Some(0)),
            };
            button.check = u32::try_from(wparam).unwrap_or(most).min(most);
            if matches!(kind, BS_RADIOBUTTON | BS_AUTORADIOBUTTON) {
                // The tab key leads to the one of its group that is checked.
                own.style = if button.check == 0 { own.style & !WS_TABSTOP } else { own.style | WS_TABSTOP };
            }
            0
        }
        BM_GETSTATE => (button.check | if button.pushed { BST_PUSHED } else { 0 }).into(),
        BM_SETSTATE => {
            button.pushed = wparam != 0;
            0
        }
        BM_SETSTYLE => {
            let style = u32::try_from(wparam & 0xffff).unwrap_or(0);
            own.style = own.style & !0xffff | style;
            0
        }
        BM_CLICK => {
            if enabled {
                click(process, window, kind)?;
            }
            0
        }
        BM_GETIMAGE => button.image.0.cast_signed(),
        BM_SETIMAGE => std::mem::replace(&mut button.image, Handle(lparam.cast_unsigned())).0.cast_signed(),
        WM_GETDLGCODE => match kind {
            BS_PUSHBUTTON => 0x2020,
            BS_DEFPUSHBUTTON => 0x2010,
            BS_RADIOBUTTON | BS_AUTORADIOBUTTON => 0x2040,
            BS_GROUPBOX => 0x0100,
            _ => 0x2000,
        },
        _ => return Ok(None),
    }))
}

/// Does what a click on an enabled button does, and tells its parent.
fn click(process: &mut Process, window: Handle, kind: u32) -> Result<(), Stop> {
    let check = check_of(process, window);
    match kind {
        BS_AUTOCHECKBOX => set_check(process, window, u32::from(check == 0)),
        BS_AUTO3STATE => set_check(process, window, (check + 1) % 3),
        BS_AUTORADIOBUTTON => {
            for other in group(process, window) {
                let own = process.user32.windows.get(other).map_or(0, |own| own.style & BS_TYPEMASK);
                if own == BS_AUTORADIOBUTTON {
                    set_check(process, other, u32::from(other == window));
                }
            }
        }
        _ => {}
    }
    notify(process, window, BN_CLICKED)
}

fn check_of(process: &Process, window: Handle) -> u32 {
    match process.user32.windows.get(window).map(|own| &own.control) {
        Some(Control::Button(button)) => button.check,
        _ => 0,
    }
}

fn set_check(process: &mut Process, window: Handle, check: u32) {
    if let Some(own) = process.user32.windows.get_mut(window)
        && let Control::Button(button) = &mut own.control
    {
        button.check = check;
    }
}

/// The controls of a control's group: from the one with WS_GROUP before it, or the first of all, to the next one that has it.
pub(crate) fn group(process: &Process, window: Handle) -> Vec<Handle> {
    let windows = &process.user32.windows;
    let Some(parent) = windows.get(window).map(|own| own.parent) else { return Vec::new() };
    let siblings = windows.children(parent);
    let begins = |handle: &Handle| windows.get(*handle).is_some_and(|own| own.style & WS_GROUP != 0);
    let Some(place) = siblings.iter().position(|&other| other == window) else { return Vec::new() };
    let first = siblings[..=place].iter().rposition(begins).unwrap_or(0);
    let end = siblings[place + 1..].iter().position(begins).map_or(siblings.len(), |next| place + 1 + next);
    siblings[first..end].to_vec()
}
