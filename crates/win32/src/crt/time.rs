//! The time.

use std::time::Duration;

use guest::{Mode, Stop};

use crate::abi::Pointer;
use crate::crt::EINVAL;
use crate::crt::invalid::invalid;
use crate::kernel32::record::Record;
use crate::process::Process;

/// Time since the start of 1970.
fn now(process: &mut Process) -> Result<Duration, Stop> {
    process.look_at_clock()?;
    Ok(process.clock.date())
}

/// Seconds since the start of 1970, as a `__time32_t`, which goes up to the year 2038.
fn seconds32(now: Duration) -> u32 {
    u32::try_from(now.as_secs()).unwrap_or(u32::MAX)
}

pub fn _time64(process: &mut Process, to: Pointer) -> Result<u64, Stop> {
    let seconds = now(process)?.as_secs();
    if !to.is_null() {
        process.machine.memory.write(to.0, &seconds.to_le_bytes())?;
    }
    Ok(seconds)
}

pub fn _time32(process: &mut Process, to: Pointer) -> Result<u32, Stop> {
    let seconds = seconds32(now(process)?);
    if !to.is_null() {
        process.machine.memory.write(to.0, &seconds.to_le_bytes())?;
    }
    Ok(seconds)
}

/// time of msvcrt.dll, whose `time_t` is as wide as a pointer.
pub fn time(process: &mut Process, to: Pointer) -> Result<u64, Stop> {
    match process.machine.mode() {
        Mode::I386 => _time32(process, to).map(u64::from),
        Mode::X86_64 => _time64(process, to),
    }
}

/// What comes after the seconds in `__timeb32` and `__timeb64`: milliseconds, and the zone and the daylight saving of UTC.
fn rest(record: Record, now: Duration) -> Vec<u8> {
    let milliseconds = u16::try_from(now.subsec_millis()).unwrap_or_default();
    record.u16(milliseconds).u16(0).u16(0).finish()
}

pub fn _ftime64(process: &mut Process, to: Pointer) -> Result<(), Stop> {
    if to.is_null() {
        return invalid(process, EINVAL, ());
    }
    let now = now(process)?;
    let block = rest(Record::new(process.machine.mode()).u64(now.as_secs()), now);
    Ok(process.machine.memory.write(to.0, &block)?)
}

pub fn _ftime32(process: &mut Process, to: Pointer) -> Result<(), Stop> {
    if to.is_null() {
        return invalid(process, EINVAL, ());
    }
    let now = now(process)?;
    let block = rest(Record::new(process.machine.mode()).u32(seconds32(now)), now);
    Ok(process.machine.memory.write(to.0, &block)?)
}

/// _ftime of msvcrt.dll, whose `time_t` is as wide as a pointer.
pub fn _ftime(process: &mut Process, to: Pointer) -> Result<(), Stop> {
    match process.machine.mode() {
        Mode::I386 => _ftime32(process, to),
        Mode::X86_64 => _ftime64(process, to),
    }
}

/// clock: thousandths of a second since the process began, real ones as on Windows.
pub fn clock(process: &mut Process) -> Result<u32, Stop> {
    process.look_at_clock()?;
    Ok(process.milliseconds())
}
