//! Clocks, and waiting.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::time::Duration;

use guest::Stop;

use crate::abi::Pointer;
use crate::kernel32::apc::WAIT_IO_COMPLETION;
use crate::kernel32::record::Record;
use crate::process::Process;
use crate::waiting::Awaited;

/// INFINITE.
pub(crate) const INFINITE: u32 = u32::MAX;

/// What QueryPerformanceCounter counts in a second: steps of 100 ns, as FILETIME's.
const FREQUENCY: u64 = 10_000_000;

/// Seconds from 1601-01-01, where FILETIME begins, to 1970-01-01.
const EPOCH: u64 = 11_644_473_600;

/// GetTickCount, which timeGetTime agrees with.
pub fn GetTickCount(process: &mut Process) -> Result<u32, Stop> {
    process.look_at_clock()?;
    Ok(process.milliseconds())
}

pub fn GetTickCount64(process: &mut Process) -> Result<u64, Stop> {
    process.look_at_clock()?;
    Ok(u64::try_from(process.now().as_millis()).unwrap_or(u64::MAX))
}

pub fn QueryPerformanceCounter(process: &mut Process, out: Pointer) -> Result<bool, Stop> {
    process.look_at_clock()?;
    process.machine.memory.write(out.0, &steps(process.now()).to_le_bytes())?;
    Ok(true)
}

pub fn QueryPerformanceFrequency(process: &mut Process, out: Pointer) -> Result<bool, Stop> {
    process.machine.memory.write(out.0, &FREQUENCY.to_le_bytes())?;
    Ok(true)
}

/// A time span in steps of 100 ns.
fn steps(time: Duration) -> u64 {
    u64::try_from(time.as_nanos() / 100).unwrap_or(u64::MAX)
}

/// How far ahead a time is that FILETIME counts.
pub(super) fn from_filetime(process: &Process, time: u64) -> Duration {
    Duration::from_nanos(time.saturating_sub(now(process)).saturating_mul(100))
}

/// As FILETIME counts it, a time since the start of 1970.
pub(super) fn filetime_of(date: Duration) -> u64 {
    EPOCH * FREQUENCY + steps(date)
}

/// The time as FILETIME counts it.
pub(super) fn now(process: &Process) -> u64 {
    filetime_of(process.clock.date())
}

pub fn GetSystemTimeAsFileTime(process: &mut Process, out: Pointer) -> Result<(), Stop> {
    process.look_at_clock()?;
    Ok(process.machine.memory.write(out.0, &now(process).to_le_bytes())?)
}

/// GetSystemTime and GetLocalTime: the guest's time zone is UTC.
pub fn GetSystemTime(process: &mut Process, out: Pointer) -> Result<(), Stop> {
    process.look_at_clock()?;
    let fields = calendar(now(process));
    let empty = Record::new(process.machine.mode());
    let record = fields.iter().fold(empty, |record, &field| record.u16(field));
    Ok(process.machine.memory.write(out.0, &record.finish())?)
}

/// SYSTEMTIME for a FILETIME: year, month, day of the week (0 for Sunday), day, hour, minute, second, millisecond.
pub(super) fn calendar(time: u64) -> [u16; 8] {
    const DAY: u64 = 24 * 60 * 60;
    let seconds = time / FREQUENCY;
    // 1601 begins a cycle of 400 years, 146097 days. Whole cycles, centuries, four-year spans and years are taken off in turn; the last
    // century of a cycle and the last year of four years are a day longer, so a quotient of 4 means their last day.
    let days = seconds / DAY;
    let (cycles, rest) = (days / 146_097, days % 146_097);
    let centuries = (rest / 36_524).min(3);
    let rest = rest - centuries * 36_524;
    let (fours, rest) = (rest / 1461, rest % 1461);
    let years = (rest / 365).min(3);
    let mut day = rest - years * 365;
    let year = 1601 + cycles * 400 + centuries * 100 + fours * 4 + years;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut month = 1;
    for length in [31, 28 + u64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    // 1601-01-01 was a Monday.
    let weekday = (days + 1) % 7;
    let milliseconds = time % FREQUENCY / (FREQUENCY / 1000);
    let second = seconds % DAY;
    let fields = [year, month, weekday, day + 1, second / 3600, second / 60 % 60, second % 60, milliseconds];
    fields.map(|field| u16::try_from(field).unwrap_or(u16::MAX))
}

/// The FILETIME of a date and a time of day: hour, minute, second, millisecond; `None` for a date before 1601 or after 30827, and for a month that there is
/// not. A day that a month does not have counts on into the next one.
pub(super) fn filetime(year: u16, month: u16, day: u16, time: [u16; 4]) -> Option<u64> {
    if !(1601..=30_827).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (years, months) = if month > 2 { (year - 1600, month - 3) } else { (year - 1601, month + 9) };
    let (years, months) = (u64::from(years), u64::from(months));
    let days = years * 365 + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + u64::from(day);
    // From 1600-03-01 to 1601-01-01 there are 306 days, and the first day is none.
    let days = days.checked_sub(307)?;
    let [hour, minute, second, milliseconds] = time.map(u64::from);
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * FREQUENCY + milliseconds * (FREQUENCY / 1000))
}

/// A time-out in milliseconds; INFINITE is longer than anything waits.
pub(crate) fn timeout(milliseconds: u32) -> Duration {
    if milliseconds == INFINITE { Duration::MAX } else { Duration::from_millis(milliseconds.into()) }
}

pub fn Sleep(process: &mut Process, milliseconds: u32) -> Result<(), Stop> {
    process.pause(timeout(milliseconds))
}

/// SleepEx: procedures that are queued for the thread end it if it is alertable.
pub fn SleepEx(process: &mut Process, milliseconds: u32, alertable: i32) -> Result<u32, Stop> {
    let look = |process: &mut Process| Ok((alertable != 0 && process.has_procedures()).then_some(()));
    let called = process.wait_on(Awaited::FirstOrElse(Vec::new()), timeout(milliseconds), look)?.is_some();
    if !called {
        return Ok(0);
    }
    process.call_procedures()?;
    Ok(WAIT_IO_COMPLETION)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A FILETIME for seconds since 1970.
    fn at(unix: i64) -> u64 {
        EPOCH.checked_add_signed(unix).unwrap() * FREQUENCY
    }

    #[test]
    fn dates_are_right_around_leap_days() {
        assert_eq!(calendar(0), [1601, 1, 1, 1, 0, 0, 0, 0]);
        assert_eq!(calendar(at(0)), [1970, 1, 4, 1, 0, 0, 0, 0]);
        assert_eq!(calendar(at(951_782_400)), [2000, 2, 2, 29, 0, 0, 0, 0]);
        assert_eq!(calendar(at(951_868_800)), [2000, 3, 3, 1, 0, 0, 0, 0]);
        assert_eq!(calendar(at(4_107_542_400)), [2100, 3, 1, 1, 0, 0, 0, 0]);
        assert_eq!(calendar(at(1_735_689_599) + 9_990_000), [2024, 12, 2, 31, 23, 59, 59, 999]);
    }
}
