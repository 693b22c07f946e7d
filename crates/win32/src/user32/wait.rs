//! Waiting for kernel objects and messages at once.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::time::Duration;

use guest::Stop;

use crate::abi::Pointer;
use crate::kernel32::apc::WAIT_IO_COMPLETION;
use crate::kernel32::error::{ERROR_INVALID_PARAMETER, fail};
use crate::kernel32::handles::Id;
use crate::kernel32::time::timeout;
use crate::kernel32::wait;
use crate::process::Process;
use crate::user32::queue::waiting;
use crate::waiting::Awaited;

const WAIT_TIMEOUT: u32 = 258;
const WAIT_FAILED: u32 = u32::MAX;

/// One less than WaitForMultipleObjects takes: the queue counts as one.
const MOST: u32 = 63;

/// Whether to wait for all objects and a message, and whether messages that had come before count.
const MWMO_WAITALL: u32 = 1;
const MWMO_ALERTABLE: u32 = 2;
const MWMO_INPUTAVAILABLE: u32 = 4;

/// MsgWaitForMultipleObjects.
pub fn MsgWaitForMultipleObjects(
    process: &mut Process,
    count: u32,
    handles: Pointer,
    all: i32,
    milliseconds: u32,
    mask: u32,
) -> Result<u32, Stop> {
    let flags = if all == 0 { 0 } else { MWMO_WAITALL };
    MsgWaitForMultipleObjectsEx(process, count, handles, milliseconds, mask, flags)
}

/// MsgWaitForMultipleObjectsEx: the number of objects stands for a message. Procedures that are queued for the thread end it if it is alertable.
pub fn MsgWaitForMultipleObjectsEx(
    process: &mut Process,
    count: u32,
    handles: Pointer,
    milliseconds: u32,
    mask: u32,
    flags: u32,
) -> Result<u32, Stop> {
    if count > MOST {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, WAIT_FAILED));
    }
    let handles = wait::handles_at(process, handles, count)?;
    let time = if milliseconds == 0 { Duration::ZERO } else { timeout(milliseconds) };
    let look = |process: &mut Process, ids: &[Id]| {
        if flags & MWMO_ALERTABLE != 0 && process.has_procedures() {
            return Some(WAIT_IO_COMPLETION);
        }
        let message = is_there(process, mask, flags & MWMO_INPUTAVAILABLE != 0);
        if flags & MWMO_WAITALL != 0 {
            return if message { wait::look(process, ids, true) } else { None };
        }
        wait::look(process, ids, false).or_else(|| message.then_some(count))
    };
    let what = if flags & MWMO_WAITALL != 0 { Awaited::Anything } else { Awaited::FirstOrElse };
    let ended = match wait::wait_with(process, &handles, time, what, look)? {
        Ok(ended) => ended,
        Err(error) => return Ok(fail(process, error, WAIT_FAILED)),
    };
    if ended == Some(WAIT_IO_COMPLETION) {
        process.call_procedures()?;
    } else if let Some(first) = ended
        && (first == count || flags & MWMO_WAITALL != 0)
    {
        let thread = process.machine.current();
        process.user32.queues.of(thread).fresh &= !mask;
    }
    Ok(ended.unwrap_or(WAIT_TIMEOUT))
}

/// Whether there is a message of the wanted kinds that the thread has not looked at yet, or any.
fn is_there(process: &mut Process, mask: u32, old_too: bool) -> bool {
    let waiting = waiting(process);
    let thread = process.machine.current();
    let fresh = process.user32.queues.of(thread).fresh;
    mask & (fresh | if old_too { waiting } else { 0 }) != 0
}

/// WaitMessage: until something comes that the thread has not looked at.
pub fn WaitMessage(process: &mut Process) -> Result<bool, Stop> {
    let all = u32::MAX;
    process.wait_for(Duration::MAX, |process| Ok(is_there(process, all, false).then_some(())))?;
    Ok(true)
}
