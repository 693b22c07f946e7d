//! Message queues: one for each thread.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::VecDeque;
use std::time::Duration;

use guest::{POOL, Stop};

use crate::abi::{Handle, LongPtr, Pointer, signed};
use crate::kernel32::error::{
    ERROR_INVALID_THREAD_ID, ERROR_INVALID_WINDOW_HANDLE, ERROR_NOT_ENOUGH_QUOTA, fail,
};
use crate::kernel32::record::Record;
use crate::process::Process;
use crate::user32::messages::{WM_PAINT, WM_QUIT, WM_TIMER};
use crate::user32::sending::{self, Sent};
use crate::user32::window::DESKTOP;
use crate::user32::{dialog_item, procedure, timer};

/// How many posted messages wait in one queue at most, as on Windows (PostMessage's page).
const MOST: usize = 10_000;

/// HWND_BROADCAST.
pub(crate) const HWND_BROADCAST: Handle = Handle(0xffff);

/// What has come into a queue (GetQueueStatus's page).
pub(crate) const QS_POSTMESSAGE: u32 = 0x0008;
pub(crate) const QS_TIMER: u32 = 0x0010;
pub(crate) const QS_PAINT: u32 = 0x0020;
pub(crate) const QS_SENDMESSAGE: u32 = 0x0040;
pub(crate) const QS_ALLPOSTMESSAGE: u32 = 0x0100;

/// Flags of PeekMessage.
const PM_REMOVE: u32 = 1;

/// A message that waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    /// NULL for one to the thread itself.
    pub window: Handle,
    pub message: u32,
    pub wparam: u64,
    pub lparam: i64,
    pub time: u32,
}

/// A thread's queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    posted: VecDeque<Message>,
    /// What PostQuitMessage was given.
    quit: Option<i32>,
    /// Messages that other threads have sent and wait for.
    pub sent: VecDeque<Sent>,
    /// What has come since the thread last looked: QS_ values.
    pub fresh: u32,
}

impl Queue {
    /// Whether there is nothing in it.
    fn is_empty(&self) -> bool {
        self.posted.is_empty() && self.sent.is_empty() && self.quit.is_none()
    }
}

/// The queues, by the number of their thread.
#[derive(Debug)]
pub(crate) struct Queues(Vec<Queue>);

impl Queues {
    pub fn new() -> Self {
        Self((0..=POOL).map(|_| Queue::default()).collect())
    }

    pub fn of(&mut self, thread: usize) -> &mut Queue {
        // There are as many as threads; a number beyond them is none that the machine gives out.
        &mut self.0[thread.min(POOL)]
    }
}

/// Posts a message to a window, or to all top-level windows (HWND_BROADCAST), or to the running thread itself (NULL). False, with the
/// last error, when there is no such window or its thread's queue is full.
pub(crate) fn post(process: &mut Process, window: Handle, message: u32, wparam: u64, lparam: i64) -> bool {
    match window {
        Handle::NULL => {
            let thread = process.machine.current();
            enqueue(process, thread, window, message, wparam, lparam)
        }
        HWND_BROADCAST => {
            for top in process.user32.windows.children(DESKTOP) {
                post(process, top, message, wparam, lparam);
            }
            true
        }
        _ => match process.user32.windows.get(window).map(|window| window.thread) {
            Some(thread) => enqueue(process, thread, window, message, wparam, lparam),
            None => fail(process, ERROR_INVALID_WINDOW_HANDLE, false),
        },
    }
}

/// Posts a message to a thread. False, with the last error, when none with this id runs or its queue is full.
pub(crate) fn post_to_thread(
    process: &mut Process,
    thread_id: u32,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> bool {
    let mut threads = 0..=POOL;
    match threads.find(|&number| process.machine.thread_id(number) == thread_id) {
        Some(number) if process.machine.is_running(number) => {
            enqueue(process, number, Handle::NULL, message, wparam, lparam)
        }
        _ => fail(process, ERROR_INVALID_THREAD_ID, false),
    }
}

fn enqueue(
    process: &mut Process,
    thread: usize,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> bool {
    let time = process.milliseconds();
    let queue = process.user32.queues.of(thread);
    if queue.posted.len() >= MOST {
        return fail(process, ERROR_NOT_ENOUGH_QUOTA, false);
    }
    queue.posted.push_back(Message { window, message, wparam, lparam, time });
    queue.fresh |= QS_POSTMESSAGE | QS_ALLPOSTMESSAGE;
    process.changed_otherwise();
    true
}

/// Forgets what waits for a window that is gone.
pub(crate) fn forget_window(process: &mut Process, window: Handle) {
    for thread in 0..=POOL {
        process.user32.queues.of(thread).posted.retain(|message| message.window != window);
    }
}

/// Empties the queue of a thread that has ended; who waits for an answer gets 0.
pub(crate) fn forget_thread(process: &mut Process, thread: usize) {
    let queue = std::mem::take(process.user32.queues.of(thread));
    for sent in queue.sent {
        sending::answer(process, &sent, 0);
    }
}

/// Which messages are wanted.
#[derive(Debug, Clone, Copy)]
struct Filter {
    /// NULL for all of the thread, -1 for those of the thread itself.
    window: Handle,
    least: u32,
    most: u32,
}

impl Filter {
    fn wants_window(self, process: &Process, window: Handle) -> bool {
        match self.window {
            Handle::NULL => true,
            Handle::INVALID => window == Handle::NULL,
            own => own == window || process.user32.windows.is_inside(window, own),
        }
    }

    fn wants_number(self, message: u32) -> bool {
        (self.least, self.most) == (0, 0) || (self.least..=self.most).contains(&message)
    }
}

/// The next message that is wanted. What other threads have sent is served first; WM_QUIT comes when nothing posted is left, then timers, and
/// last windows that want to be painted.
fn next(process: &mut Process, filter: Filter, remove: bool) -> Result<Option<Message>, Stop> {
    sending::serve_sent(process)?;
    let thread = process.machine.current();
    process.user32.queues.of(thread).fresh = 0;
    let posted = &process.user32.queues.of(thread).posted;
    let wanted = |message: &Message| filter.wants_number(message.message);
    let candidates: Vec<(usize, Handle)> = match (filter.window, filter.least, filter.most) {
        (Handle::NULL, 0, 0) => posted.front().map(|message| (0, message.window)).into_iter().collect(),
        _ => posted
            .iter()
            .enumerate()
            .filter(|(_, message)| wanted(message))
            .map(|(place, message)| (place, message.window))
            .collect(),
    };
    let found = candidates.into_iter().find(|&(_, window)| filter.wants_window(process, window));
    if let Some((place, _)) = found {
        let posted = &mut process.user32.queues.of(thread).posted;
        return Ok(if remove { posted.remove(place) } else { posted.get(place).copied() });
    }
    let time = process.milliseconds();
    let generated = |window, message, wparam, lparam| Message { window, message, wparam, lparam, time };
    if let Some(code) = process.user32.queues.of(thread).quit {
        if remove {
            process.user32.queues.of(thread).quit = None;
        }
        return Ok(Some(generated(Handle::NULL, WM_QUIT, u64::from(code.cast_unsigned()), 0)));
    }
    if filter.wants_number(WM_TIMER) {
        let due = timer::due(process, thread, remove, |process, window| filter.wants_window(process, window));
        if let Some(timer) = due {
            let procedure = timer.procedure.0.cast_signed();
            return Ok(Some(generated(timer.window, WM_TIMER, timer.id, procedure)));
        }
    }
    if filter.wants_number(WM_PAINT) {
        let windows = process.user32.windows.iter();
        let invalid = windows.filter(|(_, window)| window.invalid && window.thread == thread);
        let invalid: Vec<Handle> = invalid.map(|(handle, _)| handle).collect();
        let paint = invalid.into_iter().find(|&window| {
            process.user32.windows.is_visible(window) && filter.wants_window(process, window)
        });
        return Ok(paint.map(|window| generated(window, WM_PAINT, 0, 0)));
    }
    Ok(None)
}

/// MSG.
fn put_message(process: &Process, out: Pointer, message: &Message) -> Result<(), Stop> {
    let record = Record::new(process.machine.mode())
        .pointer(message.window.0)
        .u32(message.message)
        .pointer(message.wparam)
        .pointer(message.lparam.cast_unsigned())
        .u32(message.time)
        // Where the pointer was then: it never moves.
        .u32(0)
        .u32(0);
    Ok(process.machine.memory.write(out.0, &record.finish())?)
}

/// The window, the number and the two parameters of MSG.
pub(crate) fn message_at(process: &Process, at: Pointer) -> Result<(Handle, u32, u64, i64), Stop> {
    let machine = &process.machine;
    let word = machine.mode().pointer_size();
    let window = Handle::read(machine, at)?;
    let message = machine.memory.array(at.at(word).0).map(u32::from_le_bytes)?;
    let wparam = machine.pointer_at(at.at(2 * word).0)?;
    let lparam = signed(machine.mode(), machine.pointer_at(at.at(3 * word).0)?);
    Ok((window, message, wparam, lparam))
}

/// The filter of a call; `None`, with the last error, when its window is none.
fn filter(process: &mut Process, window: Handle, least: u32, most: u32) -> Option<Filter> {
    let known = window == Handle::NULL
        || window == Handle::INVALID
        || process.user32.windows.contains(window)
        || fail(process, ERROR_INVALID_WINDOW_HANDLE, false);
    known.then_some(Filter { window, least, most })
}

/// GetMessageA and GetMessageW: waits for a message; 0 for WM_QUIT, -1 for a window that is none.
pub fn GetMessage(
    process: &mut Process,
    out: Pointer,
    window: Handle,
    least: u32,
    most: u32,
) -> Result<i32, Stop> {
    let Some(filter) = filter(process, window, least, most) else { return Ok(-1) };
    match process.wait_for(Duration::MAX, |process| next(process, filter, true))? {
        Some(message) => {
            put_message(process, out, &message)?;
            Ok((message.message != WM_QUIT).into())
        }
        None => Ok(-1),
    }
}

/// PeekMessageA and PeekMessageW.
pub fn PeekMessage(
    process: &mut Process,
    out: Pointer,
    window: Handle,
    least: u32,
    most: u32,
    flags: u32,
) -> Result<bool, Stop> {
    let Some(filter) = filter(process, window, least, most) else { return Ok(false) };
    match next(process, filter, flags & PM_REMOVE != 0)? {
        Some(message) => put_message(process, out, &message).map(|()| true),
        None => {
            process.look_at_clock()?;
            Ok(false)
        }
    }
}

/// TranslateMessage: there is no keyboard, and so no character to make of a key.
pub fn TranslateMessage(_: &mut Process, _message: Pointer) -> bool {
    false
}

/// DispatchMessageA and DispatchMessageW: calls the window's procedure, or that of a timer.
pub fn DispatchMessage(process: &mut Process, at: Pointer) -> Result<LongPtr, Stop> {
    let (window, message, wparam, lparam) = message_at(process, at)?;
    dispatch(process, window, message, wparam, lparam).map(LongPtr)
}

/// Has a message done that was in a queue.
pub(crate) fn dispatch(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: u64,
    lparam: i64,
) -> Result<i64, Stop> {
    if message == WM_TIMER && lparam != 0 {
        // Only what SetTimer was given is called.
        let procedure = Pointer(lparam.cast_unsigned());
        if timer::has(process, procedure) {
            let time = process.milliseconds();
            process.call(procedure.0, &[window.0, message.into(), wparam, time.into()])?;
        }
        return Ok(0);
    }
    if window == Handle::NULL || !process.user32.windows.contains(window) {
        return Ok(0);
    }
    let answer = procedure::call_window(process, window, message, wparam, lparam)?;
    if message == WM_PAINT
        && let Some(window) = process.user32.windows.get_mut(window)
    {
        // A procedure that does not paint would be asked again for ever.
        window.invalid = false;
    }
    Ok(answer)
}

/// Does what waits in the running thread's queue, as a message loop does; not more than one could wait for, because a procedure may post
/// again and again.
pub(crate) fn dispatch_waiting(process: &mut Process) -> Result<(), Stop> {
    const AT_ONCE: usize = 256;
    let thread = process.machine.current();
    let user32 = &mut process.user32;
    let queue = user32.queues.of(thread);
    // As with most drivers all the time: looking further would look at the clock, which takes a part of a short message's time that can be told.
    if queue.is_empty() && user32.timers.is_empty() && user32.windows.is_bare() {
        queue.fresh = 0;
        return Ok(());
    }
    let all = Filter { window: Handle::NULL, least: 0, most: 0 };
    for _ in 0..AT_ONCE {
        match next(process, all, true)? {
            // A loop inside of another one hands the end on to that.
            Some(Message { message: WM_QUIT, wparam, .. }) => {
                PostQuitMessage(process, dialog_item::number(wparam));
                break;
            }
            Some(Message { window, message, wparam, lparam, .. }) => {
                dispatch(process, window, message, wparam, lparam)?;
            }
            None => break,
        }
    }
    Ok(())
}

/// Whether something waits in a thread's queue that its message loop would do now.
pub(crate) fn has_work(process: &Process, thread: usize) -> bool {
    let waits = |queue: &Queue| !queue.posted.is_empty() || !queue.sent.is_empty();
    process.user32.queues.0.get(thread).is_some_and(waits) || timer::is_due(process, thread)
}

/// PostMessageA and PostMessageW.
pub fn PostMessage(
    process: &mut Process,
    window: Handle,
    message: u32,
    wparam: Pointer,
    lparam: LongPtr,
) -> bool {
    post(process, window, message, wparam.0, lparam.0)
}

/// PostThreadMessageA and PostThreadMessageW. A thread's queue is there as long as the thread.
pub fn PostThreadMessage(
    process: &mut Process,
    thread_id: u32,
    message: u32,
    wparam: Pointer,
    lparam: LongPtr,
) -> bool {
    post_to_thread(process, thread_id, message, wparam.0, lparam.0)
}

/// PostQuitMessage, to the running thread.
pub fn PostQuitMessage(process: &mut Process, code: i32) {
    let thread = process.machine.current();
    let queue = process.user32.queues.of(thread);
    queue.quit = Some(code);
    queue.fresh |= QS_POSTMESSAGE | QS_ALLPOSTMESSAGE;
    process.changed_otherwise();
}

/// What waits in the running thread's queue: QS_ values.
pub(crate) fn waiting(process: &mut Process) -> u32 {
    let thread = process.machine.current();
    let timers = timer::announce(process, thread);
    let windows = &process.user32.windows;
    let paints = windows
        .iter()
        .any(|(handle, window)| window.invalid && window.thread == thread && windows.is_visible(handle));
    let queue = process.user32.queues.of(thread);
    if timers.is_fresh {
        queue.fresh |= QS_TIMER;
    }
    let posted = !queue.posted.is_empty() || queue.quit.is_some();
    [
        (posted, QS_POSTMESSAGE | QS_ALLPOSTMESSAGE),
        (timers.is_due, QS_TIMER),
        (paints, QS_PAINT),
        (!queue.sent.is_empty(), QS_SENDMESSAGE),
    ]
    .into_iter()
    .filter_map(|(there, flag)| there.then_some(flag))
    .sum()
}

/// GetQueueStatus: in the upper half what waits, in the lower what has come since the last look.
pub fn GetQueueStatus(process: &mut Process, flags: u32) -> u32 {
    let waiting = waiting(process) & flags;
    let thread = process.machine.current();
    let queue = process.user32.queues.of(thread);
    let fresh = queue.fresh & flags;
    queue.fresh &= !flags;
    waiting << 16 | fresh & 0xffff
}
