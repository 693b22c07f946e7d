//! The thread of the system's own on which timers fire and sound plays: where a driver of Windows would have the interrupts of its hardware.
//!
//! It begins when there is something to do and ends when there is nothing any more, so that a driver without sound has all threads for itself. Where the clock
//! is the process's own, it does only what calls functions of the driver's: all else is done at its time by whoever lets time go on ([`crate::turns`]).

use std::time::Duration;

use guest::Stop;

use crate::kernel32::thread::start_system;
use crate::process::Process;
use crate::winmm::{timer, wave};

/// The thread's state.
#[derive(Debug, Default)]
pub(crate) struct Device {
    /// Whether it runs, or is about to.
    running: bool,
    /// Its number, once it does.
    thread: Option<usize>,
    /// Whether something has changed that it must look at.
    woken: bool,
}

/// Which part of what there is to do is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// All of it.
    All,
    /// What calls functions of the driver's, or what does not.
    Calling(bool),
}

impl Share {
    /// Whether something belongs to it that calls a function of the driver's, or does not.
    pub fn has(self, calls: bool) -> bool {
        self == Self::All || self == Self::Calling(calls)
    }

    /// What the thread does.
    fn of_thread(process: &Process) -> Self {
        if process.clock.is_own() { Self::Calling(true) } else { Self::All }
    }
}

/// Has the thread look at what there is to do; false where no thread is left for it.
pub(crate) fn wake(process: &mut Process) -> bool {
    process.winmm.device.woken = true;
    process.changed_otherwise();
    if process.clock.is_own() && next_due(process, Share::of_thread(process)).is_none() {
        return true;
    }
    if !process.winmm.device.running {
        process.winmm.device.running = start_system(process, run);
    }
    process.winmm.device.running
}

/// Has the thread look whether there is still something to do, if it is there.
pub(crate) fn wake_if_running(process: &mut Process) {
    if process.winmm.device.running {
        wake(process);
    }
}

/// Whether it is that thread which runs, in a function that it has called.
pub(crate) fn is_current(process: &Process) -> bool {
    process.winmm.device.thread == Some(process.machine.current())
}

/// The thread's life.
fn run(process: &mut Process) {
    process.winmm.device.thread = Some(process.machine.current());
    loop {
        process.winmm.device.woken = false;
        let share = Share::of_thread(process);
        let worked = work(process, share);
        let worked = worked.unwrap_or_else(|stop| {
            told(process, &stop);
            true
        });
        let wait = match next_due(process, share) {
            // Others have had their turn in the driver's function if that waits for them, and time stands still until they have it.
            Some(due) if process.clock.is_own() && due <= process.now() => continue,
            _ if worked && !process.clock.is_own() => BRIEFLY,
            Some(due) if process.clock.is_own() => due.saturating_sub(process.now()),
            // A stream may be due while another thread delivers its samples, and that one must have its turn.
            Some(due) => due.saturating_sub(process.now()).max(BRIEFLY),
            // Nothing is set and nothing open: whoever opens something starts this anew.
            None => break,
        };
        // Nobody interrupts this wait.
        let _ = process.wait_for(wait, |process| Ok(process.winmm.device.woken.then_some(())));
    }
    process.winmm.device = Device::default();
}

/// Others have their turn before there is more to do.
const BRIEFLY: Duration = Duration::from_micros(50);

/// Does what is due; whether there was anything.
fn work(process: &mut Process, share: Share) -> Result<bool, Stop> {
    let fired = timer::fire(process, share)?;
    Ok(wave::play(process, share)? || fired)
}

/// When there is something to do next; `None` for nothing at all, the end of time where something may come.
fn next_due(process: &Process, share: Share) -> Option<Duration> {
    let timers = process.winmm.timers.next_due(share);
    let waves = process.winmm.waves.next_due(process.now(), share);
    timers.into_iter().chain(waves).min()
}

/// When there is something to do next that needs no thread.
pub(crate) fn next_due_here(process: &Process) -> Option<Duration> {
    next_due(process, Share::Calling(false)).filter(|&due| due < Duration::MAX)
}

/// Does what is due and needs no thread.
pub(crate) fn work_here(process: &mut Process) {
    if let Err(stop) = work(process, Share::Calling(false)) {
        told(process, &stop);
    }
}

/// Says that a function of the driver's has ended otherwise than by returning. Timers and sound go on.
fn told(process: &mut Process, stop: &Stop) {
    let why = match stop {
        Stop::Kind(kind) => kind.to_string(),
        Stop::Fault(fault) => fault.kind.to_string(),
        Stop::Continue(_) => "it went on elsewhere".to_owned(),
    };
    process.say(format!("a callback of the driver's ended: {why}").as_bytes());
}
