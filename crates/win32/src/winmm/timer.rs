//! Multimedia timers and the clock that they run by.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::ops::Range;
use std::time::Duration;

use crate::winmm::results::{MMSYSERR_INVALPARAM, MMSYSERR_NOERROR};
use guest::Stop;

use crate::abi::{Handle, MmResult, Pointer};
use crate::kernel32::record::Record;
use crate::kernel32::sync::{PulseEvent, SetEvent};
use crate::process::Process;
use crate::winmm::device::{self, Share};

const TIMERR_NOERROR: MmResult = MmResult(0);
const TIMERR_NOCANDO: MmResult = MmResult(97);

/// The shortest and longest period, in milliseconds, as Windows has them.
const PERIODS: std::ops::RangeInclusive<u32> = 1..=1_000_000;
/// How many timers there may be at once; Windows has had as few as sixteen for each process.
const MOST: usize = 64;

/// Flags of timeSetEvent.
const TIME_PERIODIC: u32 = 1;
const TIME_CALLBACK_EVENT_SET: u32 = 0x10;
const TIME_CALLBACK_EVENT_PULSE: u32 = 0x20;
const TIME_KILL_SYNCHRONOUS: u32 = 0x100;
const KNOWN_FLAGS: u32 =
    TIME_PERIODIC | TIME_CALLBACK_EVENT_SET | TIME_CALLBACK_EVENT_PULSE | TIME_KILL_SYNCHRONOUS;

/// A timer that has been set.
#[derive(Debug, Clone, Copy)]
struct Timer {
    id: u32,
    flags: u32,
    /// A function or an event.
    target: Pointer,
    user: Pointer,
    /// When it fires next, by the process's clock.
    due: Duration,
    period: Duration,
}

/// The timers that are set.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    timers: Vec<Timer>,
    /// How many have been set.
    count: u32,
    /// The one whose function runs.
    firing: Option<u32>,
}

impl Timer {
    /// Whether it calls a function.
    fn calls(&self) -> bool {
        self.flags & (TIME_CALLBACK_EVENT_SET | TIME_CALLBACK_EVENT_PULSE) == 0
    }
}

impl Timers {
    /// When the next one fires.
    pub fn next_due(&self, share: Share) -> Option<Duration> {
        self.timers.iter().filter(|timer| share.has(timer.calls())).map(|timer| timer.due).min()
    }

    /// Takes what is due; a timer for one time is gone then, and one that is periodic is set again. What is late does not fire twice to catch
    /// up.
    fn take_due(&mut self, now: Duration, share: Share) -> Option<Timer> {
        let due = |(_, timer): &(usize, &Timer)| timer.due <= now && share.has(timer.calls());
        let (index, _) = self.timers.iter().enumerate().filter(due).min_by_key(|(_, timer)| timer.due)?;
        let timer = self.timers[index];
        if timer.flags & TIME_PERIODIC == 0 {
            self.timers.remove(index);
        } else {
            // By whole periods, so that who counts the calls knows the time as well as can be.
            let missed = (now - timer.due).as_nanos() / timer.period.as_nanos();
            let periods = u32::try_from(missed).unwrap_or(u32::MAX).saturating_add(1);
            self.timers[index].due = timer.due + timer.period.saturating_mul(periods);
        }
        Some(timer)
    }

    /// Ends the timers whose functions lie in an image that is gone.
    pub fn forget_image(&mut self, code: &Range<u64>) {
        self.timers.retain(|timer| !(timer.calls() && code.contains(&timer.target.0)));
    }
}

/// timeSetEvent: the timer's number; 0 for a delay that cannot be kept, for flags that are none, and when there are too many.
pub fn timeSetEvent(
    process: &mut Process,
    delay: u32,
    _resolution: u32,
    target: Pointer,
    user: Pointer,
    flags: u32,
) -> u32 {
    let both = TIME_CALLBACK_EVENT_SET | TIME_CALLBACK_EVENT_PULSE;
    let wrong = flags & !KNOWN_FLAGS != 0 || flags & both == both || target.is_null();
    if wrong || !PERIODS.contains(&delay) || process.winmm.timers.timers.len() >= MOST {
        return 0;
    }
    let (period, now) = (Duration::from_millis(delay.into()), process.now());
    let timers = &mut process.winmm.timers;
    timers.count = timers.count.wrapping_add(1).max(1);
    let id = timers.count;
    timers.timers.push(Timer { id, flags, target, user, due: now + period, period });
    if !device::wake(process) {
        process.winmm.timers.timers.retain(|timer| timer.id != id);
        return 0;
    }
    id
}

/// timeKillEvent. With TIME_KILL_SYNCHRONOUS, the timer's function runs no more when this returns, unless that is what calls it.
pub fn timeKillEvent(process: &mut Process, id: u32) -> Result<MmResult, Stop> {
    let timers = &mut process.winmm.timers;
    let known = timers.timers.iter().position(|timer| timer.id == id);
    let synchronous = match known {
        Some(index) => timers.timers.remove(index).flags & TIME_KILL_SYNCHRONOUS != 0,
        None => return Ok(MMSYSERR_INVALPARAM),
    };
    if synchronous && !device::is_current(process) {
        process
            .wait_for(Duration::MAX, |process| Ok((process.winmm.timers.firing != Some(id)).then_some(())))?;
    }
    Ok(TIMERR_NOERROR)
}

/// Fires one timer that is due, on the device thread if it calls a function; whether there was one.
pub(crate) fn fire(process: &mut Process, share: Share) -> Result<bool, Stop> {
    let now = process.now();
    let Some(timer) = process.winmm.timers.take_due(now, share) else { return Ok(false) };
    let event = Handle(timer.target.0);
    if timer.flags & TIME_CALLBACK_EVENT_SET != 0 {
        SetEvent(process, event);
    } else if timer.flags & TIME_CALLBACK_EVENT_PULSE != 0 {
        PulseEvent(process, event);
    } else {
        process.winmm.timers.firing = Some(timer.id);
        // uMsg and the last two are reserved.
        let called = process.call(timer.target.0, &[timer.id.into(), 0, timer.user.0, 0, 0]);
        process.winmm.timers.firing = None;
        process.changed_otherwise();
        called?;
    }
    Ok(true)
}

/// timeBeginPeriod and timeEndPeriod: the clock has one resolution, which is finer than any that can be asked for.
pub fn timeBeginPeriod(_: &mut Process, period: u32) -> MmResult {
    if PERIODS.contains(&period) { TIMERR_NOERROR } else { TIMERR_NOCANDO }
}

pub fn timeGetDevCaps(process: &mut Process, out: Pointer, size: u32) -> Result<MmResult, Stop> {
    let caps = Record::new(process.machine.mode()).u32(*PERIODS.start()).u32(*PERIODS.end()).finish();
    if out.is_null() || (size as usize) < caps.len() {
        return Ok(TIMERR_NOCANDO);
    }
    process.machine.memory.write(out.0, &caps)?;
    Ok(TIMERR_NOERROR)
}

/// timeGetTime: milliseconds, wrapping.
pub fn timeGetTime(process: &mut Process) -> Result<u32, Stop> {
    process.look_at_clock()?;
    Ok(process.milliseconds())
}

/// timeGetSystemTime: the same in an MMTIME.
pub fn timeGetSystemTime(process: &mut Process, out: Pointer, size: u32) -> Result<MmResult, Stop> {
    if out.is_null() || u64::from(size) < super::MMTIME_SIZE {
        return Ok(MMSYSERR_INVALPARAM);
    }
    process.look_at_clock()?;
    let time = process.milliseconds();
    super::put_time(process, out, super::TIME_MS, time)?;
    Ok(MMSYSERR_NOERROR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(id: u32, flags: u32, due: u64) -> Timer {
        let period = Duration::from_millis(10);
        let (target, user) = (Pointer(1), Pointer::NULL);
        Timer { id, flags, target, user, due: Duration::from_millis(due), period }
    }

    #[test]
    fn timers_fire_in_order_and_do_not_catch_up() {
        let mut timers =
            Timers { timers: vec![timer(1, 0, 20), timer(2, TIME_PERIODIC, 10)], ..Timers::default() };
        let mut due = |now| timers.take_due(Duration::from_millis(now), Share::All).map(|timer| timer.id);
        assert_eq!(due(9), None);
        assert_eq!((due(10), due(10)), (Some(2), None));
        // The periodic one is at 20 as well, and the first in the list at that time goes first.
        assert_eq!((due(75), due(75), due(75)), (Some(1), Some(2), None));
        // It stays with its tens, however late it was.
        assert_eq!((due(79), due(80), due(89)), (None, Some(2), None));
        assert_eq!(timers.next_due(Share::All), Some(Duration::from_millis(90)));
    }

    #[test]
    fn timers_that_call_an_image_go_with_it() {
        let mut timers = Timers {
            timers: vec![timer(1, TIME_PERIODIC, 10), timer(2, TIME_CALLBACK_EVENT_SET, 20), timer(3, 0, 30)],
            ..Timers::default()
        };
        timers.timers[2].target = Pointer(0x2000);
        // The second one's target is the number of an event.
        timers.forget_image(&(0..0x1000));
        assert_eq!(timers.timers.iter().map(|timer| timer.id).collect::<Vec<_>>(), [2, 3]);
    }
}
