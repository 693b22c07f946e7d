//! Scroll bars by functions. Those at a window's own edges are not there: nothing draws them.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::process::Process;
use crate::user32::control::{SBM_GETPOS, SBM_GETRANGE, SBM_SETPOS, SBM_SETRANGE, SBM_SETRANGEREDRAW};
use crate::user32::sending::send;
use crate::user32::window::find;

/// The window is a scroll bar itself.
const SB_CTL: i32 = 2;

/// Sends a message to a scroll bar; 0 where there is none.
fn send_to(
    process: &mut Process,
    window: Handle,
    bar: i32,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i32, Stop> {
    if find(process, window).is_none() || bar != SB_CTL {
        return Ok(0);
    }
    let answer = send(process, true, window, message, wparam, lparam)?;
    Ok(i32::try_from(answer).unwrap_or(0))
}

/// A number with a sign as a parameter.
fn word(number: i32) -> u64 {
    i64::from(number).cast_unsigned()
}

pub fn SetScrollPos(
    process: &mut Process,
    window: Handle,
    bar: i32,
    position: i32,
    redraw: i32,
) -> Result<i32, Stop> {
    send_to(process, window, bar, SBM_SETPOS, word(position), redraw.into())
}

pub fn GetScrollPos(process: &mut Process, window: Handle, bar: i32) -> Result<i32, Stop> {
    send_to(process, window, bar, SBM_GETPOS, 0, 0)
}

pub fn SetScrollRange(
    process: &mut Process,
    window: Handle,
    bar: i32,
    least: i32,
    most: i32,
    redraw: i32,
) -> Result<bool, Stop> {
    let message = if redraw == 0 { SBM_SETRANGE } else { SBM_SETRANGEREDRAW };
    send_to(process, window, bar, message, word(least), most.into())?;
    Ok(process.user32.windows.contains(window))
}

pub fn GetScrollRange(
    process: &mut Process,
    window: Handle,
    bar: i32,
    least: Pointer,
    most: Pointer,
) -> Result<bool, Stop> {
    for out in [least, most] {
        process.machine.memory.write(out.0, &[0; 4])?;
    }
    send_to(process, window, bar, SBM_GETRANGE, least.0, most.0.cast_signed())?;
    Ok(process.user32.windows.contains(window))
}
