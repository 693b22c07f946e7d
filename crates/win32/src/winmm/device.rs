//! The thread of the system's own on which timers fire and sound plays: where a driver of Windows would have the interrupts of its hardware.
//!
//! It begins when there is something to do and ends when there is nothing any more, so that a driver without sound has all threads for itself.

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

/// Has the thread look at what there is to do; false where no thread is left for it.
pub(crate) fn wake(process: &mut Process) -> bool {
    process.winmm.device.woken = true;
    process.changed_otherwise();
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
        let worked = work(process);
        let worked = worked.unwrap_or_else(|stop| {
            told(process, &stop);
            true
        });
        let wait = match next_due(process) {
            _ if worked => BRIEFLY,
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
fn work(process: &mut Process) -> Result<bool, Stop> {
    let fired = timer::fire(process)?;
    Ok(wave::play(process)? || fired)
}

/// When there is something to do next; `None` for nothing at all.
fn next_due(process: &Process) -> Option<Duration> {
    let timers = process.winmm.timers.next_due();
    let waves = process.winmm.waves.next_due(process.now());
    timers.into_iter().chain(waves).min()
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
