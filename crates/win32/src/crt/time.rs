//! The time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use guest::Stop;

use crate::abi::Pointer;
use crate::process::Process;

/// Time since the start of 1970.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// time, with 64 bits.
pub fn _time64(process: &mut Process, to: Pointer) -> Result<u64, Stop> {
    let seconds = now().as_secs();
    if !to.is_null() {
        process.machine.memory.write(to.0, &seconds.to_le_bytes())?;
    }
    Ok(seconds)
}

/// _ftime64: a `__timeb64` with the zone and the daylight saving of UTC.
pub fn _ftime64(process: &mut Process, to: Pointer) -> Result<(), Stop> {
    let now = now();
    let mut block = [0; 16];
    let milliseconds = u16::try_from(now.subsec_millis()).unwrap_or_default();
    block[..8].copy_from_slice(&now.as_secs().to_le_bytes());
    block[8..10].copy_from_slice(&milliseconds.to_le_bytes());
    process.machine.memory.write(to.0, &block)?;
    Ok(())
}

/// clock: thousandths of a second since the process began, real ones as on Windows.
pub fn clock(process: &mut Process) -> u32 {
    process.milliseconds()
}
