//! Sending messages: a call on the window's own thread; from another one, what that thread does when it next looks at its queue.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeMap;

use guest::Stop;

use crate::abi::{Handle, LongPtr, Pointer};
use crate::kernel32::codepage::Unit;
use crate::kernel32::error::{ERROR_INVALID_WINDOW_HANDLE, ERROR_NOT_ENOUGH_QUOTA, ERROR_TIMEOUT, fail};
use crate::kernel32::time::{INFINITE, timeout};
use crate::process::Process;
use crate::user32::procedure::call_window_as;
use crate::user32::queue::{HWND_BROADCAST, QS_SENDMESSAGE};
use crate::user32::window::DESKTOP;

/// How many sent messages wait for one thread at most: those that nobody waits for could otherwise fill memory.
const MOST: usize = 10_000;

/// A message that another thread has sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    /// By which who sent it finds its answer; `None` when nobody waits for one.
    ticket: Option<u64>,
    wide: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
}

/// The answers that threads wait for: `None` until they are there.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    tickets: u64,
    answers: BTreeMap<u64, Option<i64>>,
}

/// Keeps an answer for who waits for it.
pub(crate) fn answer(process: &mut Process, sent: &Sent, answer: i64) {
    let waiting = sent.ticket.and_then(|ticket| process.user32.answers.answers.get_mut(&ticket));
    if let Some(slot) = waiting {
        *slot = Some(answer);
        process.changed_otherwise();
    }
}

/// Does what other threads have sent to windows of the running one.
pub(crate) fn serve_sent(process: &mut Process) -> Result<(), Stop> {
    let thread = process.machine.current();
    while let Some(sent) = process.user32.queues.of(thread).sent.pop_front() {
        let Sent { wide, window, message, wparam, lparam, .. } = sent;
        let done = call_window_as(process, wide, window, message, wparam, lparam);
        answer(process, &sent, *done.as_ref().unwrap_or(&0));
        done?;
    }
    Ok(())
}

/// Puts a message into the queue of the window's thread; `None` when that is full.
fn put(process: &mut Process, thread: usize, sent: Sent) -> Option<()> {
    let queue = process.user32.queues.of(thread);
    if queue.sent.len() >= MOST {
        return None;
    }
    queue.sent.push_back(sent);
    queue.fresh |= QS_SENDMESSAGE;
    process.changed_otherwise();
    Some(())
}

/// Sends a message and waits for its answer, `milliseconds` at most; `None`, with the last error, when none came. Meanwhile the running thread
/// does what others send to its own windows, so that two threads that send to each other go on.
fn send_within(
    process: &mut Process,
    milliseconds: u32,
    wide: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<Option<i64>, Stop> {
    let Some(thread) = process.user32.windows.get(window).map(|window| window.thread) else {
        return Ok(fail(process, ERROR_INVALID_WINDOW_HANDLE, None));
    };
    if thread == process.machine.current() {
        return call_window_as(process, wide, window, message, wparam, lparam).map(Some);
    }
    let answers = &mut process.user32.answers;
    answers.tickets += 1;
    let ticket = answers.tickets;
    answers.answers.insert(ticket, None);
    let sent = Sent { ticket: Some(ticket), wide, window, message, wparam, lparam };
    if put(process, thread, sent).is_none() {
        process.user32.answers.answers.remove(&ticket);
        return Ok(fail(process, ERROR_NOT_ENOUGH_QUOTA, None));
    }
    let waited = process.wait_for(timeout(milliseconds), |process| {
        let there = process.user32.answers.answers.get(&ticket).copied().flatten();
        if there.is_none() {
            serve_sent(process)?;
        }
        Ok(there)
    });
    process.user32.answers.answers.remove(&ticket);
    Ok(waited?.or_else(|| fail(process, ERROR_TIMEOUT, None)))
}

/// Sends a message whose text, if it has any, is of bytes or `wide`; 0 for a window that is none.
pub(crate) fn send(
    process: &mut Process,
    wide: bool,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    send_within(process, INFINITE, wide, window, message, wparam, lparam).map(Option::unwrap_or_default)
}

pub fn SendMessage<U: Unit>(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: Pointer,
    lparam: LongPtr,
) -> Result<LongPtr, Stop> {
    let wide = U::SIZE > 1;
    if window == HWND_BROADCAST {
        for top in process.user32.windows.children(DESKTOP) {
            send(process, wide, top, message, wparam.0, lparam.0)?;
        }
        return Ok(LongPtr(1));
    }
    send(process, wide, window, message, wparam.0, lparam.0).map(LongPtr)
}

/// SendMessageTimeout: 0 with ERROR_TIMEOUT when the time is over. The answer goes to `result`.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn SendMessageTimeout<U: Unit>(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: Pointer,
    lparam: LongPtr,
    _flags: u32,
    milliseconds: u32,
    result: Pointer,
) -> Result<LongPtr, Stop> {
    let targets = match window {
        HWND_BROADCAST => process.user32.windows.children(DESKTOP),
        window => vec![window],
    };
    let mut answered = false;
    for target in targets {
        let answer = send_within(process, milliseconds, U::SIZE > 1, target, message, wparam.0, lparam.0)?;
        answered |= answer.is_some();
        if let Some(answer) = answer
            && !result.is_null()
        {
            process.machine.put_pointer(result.0, answer.cast_unsigned())?;
        }
    }
    Ok(LongPtr(answered.into()))
}

/// SendNotifyMessage: as SendMessage on the window's own thread; to another one, without waiting.
pub fn SendNotifyMessage<U: Unit>(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: Pointer,
    lparam: LongPtr,
) -> Result<bool, Stop> {
    let wide = U::SIZE > 1;
    let Some(thread) = process.user32.windows.get(window).map(|window| window.thread) else {
        return Ok(fail(process, ERROR_INVALID_WINDOW_HANDLE, false));
    };
    if thread == process.machine.current() {
        call_window_as(process, wide, window, message, wparam.0, lparam.0)?;
        return Ok(true);
    }
    let sent = Sent { ticket: None, wide, window, message, wparam: wparam.0, lparam: lparam.0 };
    Ok(put(process, thread, sent).is_some() || fail(process, ERROR_NOT_ENOUGH_QUOTA, false))
}
