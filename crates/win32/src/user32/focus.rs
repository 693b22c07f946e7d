//! The focus, and what a user has to do with: nobody is there who could press a key or move the pointer.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::process::Process;
use crate::user32::messages::{WM_KILLFOCUS, WM_SETFOCUS};
use crate::user32::procedure::call_window;
use crate::user32::rect::put_point;
use crate::user32::window::find;

/// SetFocus: the window of the running thread that had it.
pub fn SetFocus(process: &mut Process, window: Handle) -> Result<Handle, Stop> {
    let thread = process.machine.current();
    if window != Handle::NULL && find(process, window).is_none_or(|window| window.thread != thread) {
        return Ok(Handle::NULL);
    }
    let before = std::mem::replace(&mut process.user32.focus[thread], window);
    if before != window {
        if process.user32.windows.contains(before) {
            call_window(process, before, WM_KILLFOCUS, window.0, 0)?;
        }
        if process.user32.windows.contains(window) {
            call_window(process, window, WM_SETFOCUS, before.0, 0)?;
        }
    }
    Ok(before)
}

pub fn GetFocus(process: &mut Process) -> Handle {
    process.user32.focus[process.machine.current()]
}

/// GetActiveWindow, GetForegroundWindow, SetActiveWindow and GetCapture: none.
pub fn GetActiveWindow(_: &mut Process) -> Handle {
    Handle::NULL
}

/// SetActiveWindow and SetCapture: none had it before.
pub fn SetActiveWindow(process: &mut Process, window: Handle) -> Handle {
    find(process, window);
    Handle::NULL
}

/// SetForegroundWindow: there is no foreground to come to.
pub fn SetForegroundWindow(process: &mut Process, window: Handle) -> bool {
    find(process, window);
    false
}

pub fn ReleaseCapture(_: &mut Process) -> bool {
    true
}

/// GetCursorPos: the pointer stays where it is, at the desktop's corner.
pub fn GetCursorPos(process: &mut Process, out: Pointer) -> Result<bool, Stop> {
    put_point(&process.machine.memory, out, (0, 0))?;
    Ok(true)
}

pub fn SetCursorPos(_: &mut Process, _x: i32, _y: i32) -> bool {
    true
}

/// GetKeyState and GetAsyncKeyState: no key is pressed.
pub fn GetKeyState(_: &mut Process, _key: i32) -> i32 {
    0
}

/// GetDoubleClickTime: the usual half second.
pub fn GetDoubleClickTime(_: &mut Process) -> u32 {
    500
}
