//! Timers: WM_TIMER when their time has come, which a thread finds when it looks at its queue.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::time::Duration;

use crate::abi::{Handle, Pointer};
use crate::kernel32::error::{
    ERROR_INVALID_PARAMETER, ERROR_INVALID_WINDOW_HANDLE, ERROR_NOT_ENOUGH_QUOTA, fail,
};
use crate::process::Process;

/// How many there may be: far more than any driver has.
const MOST: usize = 1000;

/// The shortest and the longest time (SetTimer's page).
const USER_TIMER_MINIMUM: u32 = 10;
const USER_TIMER_MAXIMUM: u32 = 0x7fff_ffff;

/// A timer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timer {
    /// NULL for one of a thread.
    pub window: Handle,
    pub id: u64,
    /// TIMERPROC; NULL if the window is told.
    pub procedure: Pointer,
    thread: usize,
    period: u32,
    /// When it is due next, in milliseconds since the process began.
    due: u128,
    /// Whether a wait has been told that it is due.
    announced: bool,
}

/// What timers a thread has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Due {
    pub is_due: bool,
    /// Whether one is due of which nobody has been told.
    pub is_fresh: bool,
}

fn now(process: &Process) -> u128 {
    process.now().as_millis()
}

/// The thread's timer that has been due for the longest time among those of windows that are wanted; if it is `taken`, it begins anew.
pub(crate) fn due(
    process: &mut Process,
    thread: usize,
    taken: bool,
    wanted: impl Fn(&Process, Handle) -> bool,
) -> Option<Timer> {
    let now = now(process);
    let timers = process.user32.timers.iter().enumerate();
    let due = timers
        .filter(|(_, timer)| timer.thread == thread && timer.due <= now && wanted(process, timer.window));
    let (place, _) = due.min_by_key(|(_, timer)| timer.due)?;
    let timer = process.user32.timers.get_mut(place)?;
    let found = *timer;
    if taken {
        // Times that were missed are not made up for.
        timer.due = now + u128::from(timer.period);
        timer.announced = false;
    }
    Some(found)
}

/// Whether timers of the thread are due, all of which have been told of then.
pub(crate) fn announce(process: &mut Process, thread: usize) -> Due {
    let now = now(process);
    let mut answer = Due { is_due: false, is_fresh: false };
    for timer in process.user32.timers.iter_mut().filter(|timer| timer.thread == thread && timer.due <= now) {
        answer.is_due = true;
        answer.is_fresh |= !std::mem::replace(&mut timer.announced, true);
    }
    answer
}

/// Whether a timer of a thread's is due.
pub(crate) fn is_due(process: &Process, thread: usize) -> bool {
    let now = now(process);
    process.user32.timers.iter().any(|timer| timer.thread == thread && timer.due <= now)
}

/// When the thread's next timer is due among those that were not yet at a time, both since the process began.
pub(crate) fn next(process: &Process, thread: usize, after: Duration) -> Option<Duration> {
    let after = after.as_millis();
    let timers = process.user32.timers.iter().filter(|timer| timer.thread == thread && timer.due > after);
    let due = timers.map(|timer| timer.due).min()?;
    u64::try_from(due).ok().map(Duration::from_millis)
}

/// Whether a timer has this procedure.
pub(crate) fn has(process: &Process, procedure: Pointer) -> bool {
    process.user32.timers.iter().any(|timer| timer.procedure == procedure)
}

/// Ends timers.
pub(crate) fn forget(process: &mut Process, gone: impl Fn(&Timer) -> bool) {
    process.user32.timers.retain(|timer| !gone(timer));
}

/// Ends the timers of a window that is gone.
pub(crate) fn forget_window(process: &mut Process, window: Handle) {
    forget(process, |timer| timer.window == window);
}

/// Ends the timers of a thread that has ended.
pub(crate) fn forget_thread(process: &mut Process, thread: usize) {
    forget(process, |timer| timer.thread == thread);
}

/// SetTimer: without a window, one with a new identifier, unless `id` is one of the thread's own.
pub fn SetTimer(
    process: &mut Process,
    window: Handle,
    id: Pointer,
    period: u32,
    procedure: Pointer,
) -> Pointer {
    let thread = process.machine.current();
    let owner = match process.user32.windows.get(window) {
        Some(window) => window.thread,
        None if window == Handle::NULL => thread,
        None => return fail(process, ERROR_INVALID_WINDOW_HANDLE, Pointer::NULL),
    };
    if owner != thread {
        // Only the thread that made a window can give it timers.
        return fail(process, ERROR_INVALID_WINDOW_HANDLE, Pointer::NULL);
    }
    let period = period.clamp(USER_TIMER_MINIMUM, USER_TIMER_MAXIMUM);
    let due = now(process) + u128::from(period);
    let timers = &mut process.user32.timers;
    let known =
        timers.iter_mut().find(|timer| timer.window == window && timer.id == id.0 && timer.thread == thread);
    if let Some(timer) = known {
        (timer.period, timer.due, timer.procedure, timer.announced) = (period, due, procedure, false);
        return if window == Handle::NULL { id } else { Pointer(id.0.max(1)) };
    }
    if timers.len() >= MOST {
        return fail(process, ERROR_NOT_ENOUGH_QUOTA, Pointer::NULL);
    }
    let id = if window == Handle::NULL {
        let used = timers.iter().filter(|timer| timer.window == Handle::NULL).map(|timer| timer.id);
        used.max().unwrap_or(0) + 1
    } else {
        id.0
    };
    timers.push(Timer { window, id, procedure, thread, period, due, announced: false });
    Pointer(id.max(1))
}

pub fn KillTimer(process: &mut Process, window: Handle, id: Pointer) -> bool {
    if window != Handle::NULL && !process.user32.windows.contains(window) {
        return fail(process, ERROR_INVALID_WINDOW_HANDLE, false);
    }
    let before = process.user32.timers.len();
    forget(process, |timer| timer.window == window && timer.id == id.0);
    process.user32.timers.len() < before || fail(process, ERROR_INVALID_PARAMETER, false)
}
