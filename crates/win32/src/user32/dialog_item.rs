//! The controls of a dialog, by their identifiers.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, LongPtr, Pointer};
use crate::kernel32::codepage::Unit;
use crate::kernel32::error::{ERROR_CONTROL_ID_NOT_FOUND, ERROR_INVALID_WINDOW_HANDLE, fail};
use crate::process::Process;
use crate::user32::control::{BM_GETCHECK, BM_SETCHECK, BST_CHECKED};
use crate::user32::create::pair;
use crate::user32::dialog::{SYSTEM_UNITS, pixels, with};
use crate::user32::messages::{WM_GETTEXT, WM_SETTEXT, WS_DISABLED, WS_TABSTOP, WS_VISIBLE};
use crate::user32::queue::{dispatch, message_at};
use crate::user32::rect::Rect;
use crate::user32::sending::send;
use crate::user32::text::{set_window_text, window_text};
use crate::user32::window::{Window, find};

/// An identifier as a number of 32 bits, whatever was handed over for it.
pub(crate) fn number(id: u64) -> i32 {
    let [a, b, c, d, ..] = id.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// The child of a window with an identifier.
pub(crate) fn item(process: &Process, dialog: Handle, id: i32) -> Option<Handle> {
    let windows = &process.user32.windows;
    let is = |&handle: &Handle| windows.get(handle).is_some_and(|own: &Window| number(own.id) == id);
    windows.children(dialog).into_iter().find(is)
}

/// The same; else the last error says that there is none.
fn found(process: &mut Process, dialog: Handle, id: i32) -> Option<Handle> {
    if dialog == Handle::NULL || !process.user32.windows.contains(dialog) {
        return fail(process, ERROR_INVALID_WINDOW_HANDLE, None);
    }
    item(process, dialog, id).or_else(|| fail(process, ERROR_CONTROL_ID_NOT_FOUND, None))
}

pub fn GetDlgItem(process: &mut Process, dialog: Handle, id: i32) -> Handle {
    found(process, dialog, id).unwrap_or(Handle::NULL)
}

pub fn GetDlgCtrlID(process: &mut Process, window: Handle) -> i32 {
    find(process, window).map_or(0, |window| number(window.id))
}

pub fn SetDlgItemText<U: Unit>(
    process: &mut Process,
    dialog: Handle,
    id: i32,
    text: Pointer,
) -> Result<bool, Stop> {
    let Some(item) = found(process, dialog, id) else { return Ok(false) };
    send(process, U::SIZE > 1, item, WM_SETTEXT, 0, text.0.cast_signed()).map(|_| true)
}

/// GetDlgItemText: how many units there are before the zero.
pub fn GetDlgItemText<U: Unit>(
    process: &mut Process,
    dialog: Handle,
    id: i32,
    out: Pointer,
    room: i32,
) -> Result<u32, Stop> {
    let Some(item) = found(process, dialog, id) else {
        if room > 0 {
            U::ZERO.write(&process.machine.memory, out)?;
        }
        return Ok(0);
    };
    let room = u64::try_from(room).unwrap_or(0);
    let count = send(process, U::SIZE > 1, item, WM_GETTEXT, room, out.0.cast_signed())?;
    Ok(u32::try_from(count).unwrap_or(0))
}

pub fn SetDlgItemInt(
    process: &mut Process,
    dialog: Handle,
    id: i32,
    value: u32,
    signed: i32,
) -> Result<bool, Stop> {
    let Some(item) = found(process, dialog, id) else { return Ok(false) };
    let text = if signed == 0 { value.to_string() } else { value.cast_signed().to_string() };
    set_window_text(process, item, &text)?;
    Ok(true)
}

/// GetDlgItemInt: the number that the text begins with, blanks before it apart; 0, and no translation, when there is none or it is too large.
pub fn GetDlgItemInt(
    process: &mut Process,
    dialog: Handle,
    id: i32,
    translated: Pointer,
    signed: i32,
) -> Result<u32, Stop> {
    let value = match found(process, dialog, id) {
        Some(item) => leading_number(&window_text(process, item)?, signed != 0),
        None => None,
    };
    if !translated.is_null() {
        process.machine.memory.write(translated.0, &u32::from(value.is_some()).to_le_bytes())?;
    }
    Ok(value.unwrap_or(0))
}

fn leading_number(text: &str, signed: bool) -> Option<u32> {
    let text = text.trim_start();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) if signed => (true, digits),
        _ => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let value: i64 = digits[..end].parse().ok()?;
    if !signed {
        return u32::try_from(value).ok();
    }
    i32::try_from(if negative { -value } else { value }).ok().map(i32::cast_unsigned)
}

pub fn SendDlgItemMessage<U: Unit>(
    process: &mut Process,
    dialog: Handle,
    id: i32,
    message: u32,
    wparam: Pointer,
    lparam: LongPtr,
) -> Result<LongPtr, Stop> {
    let Some(item) = found(process, dialog, id) else { return Ok(LongPtr(0)) };
    send(process, U::SIZE > 1, item, message, wparam.0, lparam.0).map(LongPtr)
}

pub fn CheckDlgButton(process: &mut Process, dialog: Handle, id: i32, check: u32) -> Result<bool, Stop> {
    let Some(item) = found(process, dialog, id) else { return Ok(false) };
    send(process, true, item, BM_SETCHECK, check.into(), 0).map(|_| true)
}

pub fn IsDlgButtonChecked(process: &mut Process, dialog: Handle, id: i32) -> Result<u32, Stop> {
    let Some(item) = found(process, dialog, id) else { return Ok(0) };
    let check = send(process, true, item, BM_GETCHECK, 0, 0)?;
    Ok(u32::try_from(check).unwrap_or(0))
}

/// CheckRadioButton: checks one of the buttons with these identifiers and no other of them.
pub fn CheckRadioButton(
    process: &mut Process,
    dialog: Handle,
    first: i32,
    last: i32,
    checked: i32,
) -> Result<bool, Stop> {
    if find(process, dialog).is_none() {
        return Ok(false);
    }
    for child in process.user32.windows.children(dialog) {
        let Some(id) = process.user32.windows.get(child).map(|window| number(window.id)) else { continue };
        if (first..=last).contains(&id) {
            let check = if id == checked { BST_CHECKED } else { 0 };
            send(process, true, child, BM_SETCHECK, check.into(), 0)?;
        }
    }
    Ok(true)
}

/// IsDialogMessage: does what the message is for, if that is the dialog or lies in it. No key ever arrives that would lead from one control to
/// the next.
pub fn IsDialogMessage(process: &mut Process, dialog: Handle, at: Pointer) -> Result<bool, Stop> {
    let (window, message, wparam, lparam) = message_at(process, at)?;
    let windows = &process.user32.windows;
    let own = windows.contains(dialog) && (window == dialog || windows.is_inside(window, dialog));
    if own {
        dispatch(process, window, message, wparam, lparam)?;
    }
    Ok(own)
}

/// MapDialogRect: from dialog units to pixels; false for a window that is no dialog.
pub fn MapDialogRect(process: &mut Process, dialog: Handle, at: Pointer) -> Result<bool, Stop> {
    let Some(units) = with(process, dialog, |dialog| dialog.units) else {
        return Ok(fail(process, ERROR_INVALID_WINDOW_HANDLE, false));
    };
    let rect = Rect::read(&process.machine.memory, at)?;
    let [left, top] = pixels(units, [rect.left, rect.top]);
    let [right, bottom] = pixels(units, [rect.right, rect.bottom]);
    Rect { left, top, right, bottom }.write(&process.machine.memory, at)?;
    Ok(true)
}

/// GetDialogBaseUnits: of the system's font.
pub fn GetDialogBaseUnits(_: &mut Process) -> i32 {
    let (x, y) = SYSTEM_UNITS;
    i32::try_from(pair(x, y)).unwrap_or(0)
}

/// GetNextDlgTabItem: the control that the tab key leads to, round the dialog.
pub fn GetNextDlgTabItem(process: &mut Process, dialog: Handle, control: Handle, previous: i32) -> Handle {
    if find(process, dialog).is_none() {
        return Handle::NULL;
    }
    let mut order = process.user32.windows.descendants(dialog);
    if previous != 0 {
        order.reverse();
    }
    let begin = order.iter().position(|&other| other == control).map_or(0, |place| place + 1);
    let begin = begin.min(order.len());
    order.rotate_left(begin);
    let reachable = |&&handle: &&Handle| {
        let style = process.user32.windows.get(handle).map_or(0, |window| window.style);
        style & (WS_TABSTOP | WS_VISIBLE | WS_DISABLED) == WS_TABSTOP | WS_VISIBLE
    };
    order.iter().find(reachable).copied().unwrap_or(control)
}
