//! What can be asked and set of a thread.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{POOL, Stop};

use crate::abi::{Handle, Pointer};
use crate::kernel32::error::{ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, fail};
use crate::kernel32::handles::{Object, Thread};
use crate::kernel32::record::Record;
use crate::kernel32::wait;
use crate::process::Process;

/// The processors of the one that there is: the mask, and the number.
const PROCESSORS: u64 = 1;
const PROCESSOR: u32 = 0;

/// The thread that a handle names; the last error says that it is none.
fn thread(process: &mut Process, handle: Handle) -> Option<&mut Thread> {
    let id = wait::object(process, handle);
    let known = id.is_some_and(|id| matches!(process.kernel32.handles.object(id), Some(Object::Thread(_))));
    if !known {
        return fail(process, ERROR_INVALID_HANDLE, None);
    }
    match process.kernel32.handles.object(id?) {
        Some(Object::Thread(thread)) => Some(thread),
        _ => None,
    }
}

/// GetExitCodeThread: STILL_ACTIVE for one that has not ended.
pub fn GetExitCodeThread(process: &mut Process, handle: Handle, out: Pointer) -> Result<bool, Stop> {
    const STILL_ACTIVE: u32 = 259;
    let Some(thread) = thread(process, handle) else { return Ok(false) };
    let code = thread.code.unwrap_or(STILL_ACTIVE);
    process.machine.memory.write(out.0, &code.to_le_bytes())?;
    Ok(true)
}

pub fn GetThreadId(process: &mut Process, handle: Handle) -> u32 {
    match thread(process, handle).map(|thread| thread.number) {
        Some(number) => process.machine.thread_id(number),
        None => 0,
    }
}

/// OpenThread: a handle for the thread with an id that runs.
pub fn OpenThread(process: &mut Process, _access: u32, _inherit: i32, id: u32) -> Handle {
    let number = (0..=POOL).find(|&number| process.machine.thread_id(number) == id);
    let Some(object) = number.and_then(|number| process.kernel32.threads.object(number)) else {
        return fail(process, ERROR_INVALID_PARAMETER, Handle::NULL);
    };
    let handle = process.kernel32.handles.open(object);
    handle.unwrap_or_else(|| fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL))
}

/// SetThreadPriority: the value is kept, and all threads are scheduled alike.
pub fn SetThreadPriority(process: &mut Process, handle: Handle, priority: i32) -> bool {
    // Those of an ordinary process: -2 to 2, and idle and time critical. The two that begin and end background work change nothing either.
    const BACKGROUND: [i32; 2] = [0x1_0000, 0x2_0000];
    let background = BACKGROUND.contains(&priority);
    if !background && !matches!(priority, -15 | -2..=2 | 15) {
        return fail(process, ERROR_INVALID_PARAMETER, false);
    }
    let Some(thread) = thread(process, handle) else { return false };
    if !background {
        thread.priority = priority;
    }
    true
}

pub fn GetThreadPriority(process: &mut Process, handle: Handle) -> i32 {
    const THREAD_PRIORITY_ERROR_RETURN: i32 = i32::MAX;
    thread(process, handle).map_or(THREAD_PRIORITY_ERROR_RETURN, |thread| thread.priority)
}

/// SetThreadPriorityBoost: the value is kept.
pub fn SetThreadPriorityBoost(process: &mut Process, handle: Handle, disabled: i32) -> bool {
    thread(process, handle).map(|thread| thread.boosted = disabled == 0).is_some()
}

pub fn GetThreadPriorityBoost(process: &mut Process, handle: Handle, out: Pointer) -> Result<bool, Stop> {
    let Some(thread) = thread(process, handle) else { return Ok(false) };
    let disabled = u32::from(!thread.boosted);
    process.machine.memory.write(out.0, &disabled.to_le_bytes())?;
    Ok(true)
}

/// SetThreadAffinityMask: the mask before, which like any other that can be set is that of the one processor; 0 for one without a processor.
pub fn SetThreadAffinityMask(process: &mut Process, handle: Handle, mask: Pointer) -> Pointer {
    if thread(process, handle).is_none() {
        return Pointer::NULL;
    }
    if mask.0 == 0 || mask.0 & !PROCESSORS != 0 {
        return fail(process, ERROR_INVALID_PARAMETER, Pointer::NULL);
    }
    Pointer(PROCESSORS)
}

/// SetThreadIdealProcessor: the one before.
pub fn SetThreadIdealProcessor(process: &mut Process, handle: Handle, processor: u32) -> u32 {
    /// Only asks.
    const MAXIMUM_PROCESSORS: [u32; 2] = [32, 64];
    if thread(process, handle).is_none() {
        return u32::MAX;
    }
    if processor != PROCESSOR && !MAXIMUM_PROCESSORS.contains(&processor) {
        return fail(process, ERROR_INVALID_PARAMETER, u32::MAX);
    }
    PROCESSOR
}

/// GetThreadGroupAffinity: GROUP_AFFINITY of the one processor in the one group.
pub fn GetThreadGroupAffinity(process: &mut Process, handle: Handle, out: Pointer) -> Result<bool, Stop> {
    if thread(process, handle).is_none() {
        return Ok(false);
    }
    let affinity = Record::new(process.machine.mode()).pointer(PROCESSORS).u16(0).bytes(&[0; 6]).finish();
    process.machine.memory.write(out.0, &affinity)?;
    Ok(true)
}

pub fn GetCurrentProcessorNumber(_: &mut Process) -> u32 {
    PROCESSOR
}

/// GetThreadTimes: when it began and ended. How long it has run nobody counts: that is 0.
pub fn GetThreadTimes(
    process: &mut Process,
    handle: Handle,
    begun: Pointer,
    ended: Pointer,
    kernel: Pointer,
    user: Pointer,
) -> Result<bool, Stop> {
    let Some(thread) = thread(process, handle) else { return Ok(false) };
    let times = [thread.begun, thread.ended, 0, 0];
    for (out, time) in [begun, ended, kernel, user].into_iter().zip(times) {
        process.machine.memory.write(out.0, &time.to_le_bytes())?;
    }
    Ok(true)
}

/// SwitchToThread: lets others have their turn on the host's side. Whether the system let one run nobody knows: it answers that none did.
pub fn SwitchToThread(process: &mut Process) -> Result<bool, Stop> {
    if process.clock.is_own() {
        process.yield_turn()?;
    } else {
        guest::meanwhile(process, std::hint::spin_loop);
    }
    Ok(false)
}
