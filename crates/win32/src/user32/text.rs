//! The texts of windows.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::Unit;
use crate::process::Process;
use crate::user32::messages::{WM_GETTEXT, WM_GETTEXTLENGTH, WM_SETTEXT};
use crate::user32::procedure::{put_text, read_text, units_of};
use crate::user32::sending::send;
use crate::user32::window::find;

/// What a window answers as its text.
pub(crate) fn window_text(process: &mut Process, window: Handle) -> Result<String, Stop> {
    /// Numbers and names are far shorter.
    const ROOM: u64 = 1024;
    let block = process.allocate(2 * ROOM, true);
    if block.is_null() {
        return Ok(String::new());
    }
    let sent = send(process, true, window, WM_GETTEXT, ROOM, block.0.cast_signed());
    let text = sent.and_then(|_| read_text(process, block.0.cast_signed(), true));
    process.heap.release(&process.machine.memory, block.0);
    text
}

/// Gives a window its text by WM_SETTEXT.
pub(crate) fn set_window_text(process: &mut Process, window: Handle, text: &str) -> Result<(), Stop> {
    let room = units_of(text, true) as u64 + 1;
    let block = process.allocate(2 * room, true);
    if block.is_null() {
        return Ok(());
    }
    let at = block.0.cast_signed();
    let sent = put_text(process, at, room, text, true)
        .map(|_| ())
        .and_then(|()| send(process, true, window, WM_SETTEXT, 0, at).map(|_| ()));
    process.heap.release(&process.machine.memory, block.0);
    sent
}

pub fn SetWindowText<U: Unit>(process: &mut Process, window: Handle, text: Pointer) -> Result<bool, Stop> {
    if find(process, window).is_none() {
        return Ok(false);
    }
    send(process, U::SIZE > 1, window, WM_SETTEXT, 0, text.0.cast_signed()).map(|done| done != 0)
}

/// GetWindowText: how many units there are before the zero.
pub fn GetWindowText<U: Unit>(
    process: &mut Process,
    window: Handle,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    let room = u64::try_from(room).unwrap_or(0);
    if find(process, window).is_none() || room == 0 {
        return Ok(0);
    }
    let count = send(process, U::SIZE > 1, window, WM_GETTEXT, room, out.0.cast_signed())?;
    Ok(i32::try_from(count).unwrap_or(0))
}

pub fn GetWindowTextLength<U: Unit>(process: &mut Process, window: Handle) -> Result<i32, Stop> {
    if find(process, window).is_none() {
        return Ok(0);
    }
    let count = send(process, U::SIZE > 1, window, WM_GETTEXTLENGTH, 0, 0)?;
    Ok(i32::try_from(count).unwrap_or(0))
}
