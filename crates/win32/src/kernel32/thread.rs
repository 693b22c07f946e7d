//! The guest's one thread, and its local slots.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::error::{
    ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, ERROR_SUCCESS, fail,
};
use crate::process::Process;

/// TLS_OUT_OF_INDEXES, FLS_OUT_OF_INDEXES.
const OUT_OF_INDEXES: u32 = u32::MAX;

/// How many slots there are: more than the 64 that Windows guarantees (TLS_MINIMUM_AVAILABLE).
const SLOTS: usize = 128;

/// Thread-local slots of the one thread there is.
#[derive(Debug)]
pub(crate) struct Slots([Option<Slot>; SLOTS]);

/// A slot in use.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    value: Pointer,
    /// What FlsFree calls with the value; NULL for nothing.
    callback: Pointer,
}

impl Slots {
    pub fn new() -> Self {
        Self([None; SLOTS])
    }

    fn allocate(&mut self, callback: Pointer) -> Option<u32> {
        let index = self.0.iter().position(Option::is_none)?;
        self.0[index] = Some(Slot { value: Pointer::NULL, callback });
        u32::try_from(index).ok()
    }

    fn get(&mut self, index: u32) -> Option<&mut Slot> {
        self.0.get_mut(index as usize)?.as_mut()
    }

    fn free(&mut self, index: u32) -> Option<Slot> {
        self.0.get_mut(index as usize)?.take()
    }
}

/// Answers a new slot's index, or that there is none left.
fn allocated(process: &mut Process, index: Option<u32>) -> u32 {
    index.unwrap_or_else(|| fail(process, ERROR_NOT_ENOUGH_MEMORY, OUT_OF_INDEXES))
}

/// Answers a slot's value. A value that is there also clears the last error, because the value may be 0 itself.
fn value(process: &mut Process, slot: Option<Slot>) -> Pointer {
    match slot {
        Some(slot) => fail(process, ERROR_SUCCESS, slot.value),
        None => fail(process, ERROR_INVALID_PARAMETER, Pointer::NULL),
    }
}

fn set(process: &mut Process, done: Option<()>) -> bool {
    done.is_some() || fail(process, ERROR_INVALID_PARAMETER, false)
}

pub fn TlsAlloc(process: &mut Process) -> u32 {
    let index = process.kernel32.tls.allocate(Pointer::NULL);
    allocated(process, index)
}

pub fn TlsGetValue(process: &mut Process, index: u32) -> Pointer {
    let slot = process.kernel32.tls.get(index).copied();
    value(process, slot)
}

pub fn TlsSetValue(process: &mut Process, index: u32, value: Pointer) -> bool {
    let done = process.kernel32.tls.get(index).map(|slot| slot.value = value);
    set(process, done)
}

pub fn TlsFree(process: &mut Process, index: u32) -> bool {
    let done = process.kernel32.tls.free(index).map(|_| ());
    set(process, done)
}

pub fn FlsAlloc(process: &mut Process, callback: Pointer) -> u32 {
    let index = process.kernel32.fls.allocate(callback);
    allocated(process, index)
}

pub fn FlsGetValue(process: &mut Process, index: u32) -> Pointer {
    let slot = process.kernel32.fls.get(index).copied();
    value(process, slot)
}

pub fn FlsSetValue(process: &mut Process, index: u32, value: Pointer) -> bool {
    let done = process.kernel32.fls.get(index).map(|slot| slot.value = value);
    set(process, done)
}

/// FlsFree: calls the slot's callback with its value, if it has both.
pub fn FlsFree(process: &mut Process, index: u32) -> Result<bool, Stop> {
    let Some(slot) = process.kernel32.fls.free(index) else { return Ok(set(process, None)) };
    if !slot.callback.is_null() && !slot.value.is_null() {
        process.call(slot.callback.0, &[slot.value.0])?;
    }
    Ok(true)
}

/// CreateThread: NULL, because a worker has one guest thread.
pub fn CreateThread(
    process: &mut Process,
    _security: Pointer,
    _stack: Pointer,
    _start: Pointer,
    _parameter: Pointer,
    _flags: u32,
    _id: Pointer,
) -> Handle {
    fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::NULL)
}

/// GetCurrentThread: the pseudo handle -2.
pub fn GetCurrentThread(_: &mut Process) -> Handle {
    CURRENT_THREAD
}

/// The pseudo handle of the running thread.
pub(crate) const CURRENT_THREAD: Handle = Handle(u64::MAX - 1);

pub fn GetCurrentThreadId(process: &mut Process) -> u32 {
    process.machine.ids().1
}

/// SetThreadPriority: there is no other thread that it would matter to.
pub fn SetThreadPriority(_: &mut Process, _thread: Handle, _priority: i32) -> bool {
    true
}

/// GetThreadPriority: THREAD_PRIORITY_NORMAL, for the one thread there is.
pub fn GetThreadPriority(process: &mut Process, thread: Handle) -> i32 {
    const THREAD_PRIORITY_ERROR_RETURN: i32 = i32::MAX;
    if thread == CURRENT_THREAD {
        0
    } else {
        fail(process, ERROR_INVALID_HANDLE, THREAD_PRIORITY_ERROR_RETURN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_and_start_empty() {
        let mut slots = Slots::new();
        let first = slots.allocate(Pointer::NULL).unwrap();
        slots.get(first).unwrap().value = Pointer(7);
        assert_eq!(slots.free(first).unwrap().value, Pointer(7));
        assert!(slots.get(first).is_none() && slots.free(first).is_none());
        assert_eq!(slots.allocate(Pointer::NULL), Some(first));
        assert_eq!(slots.get(first).unwrap().value, Pointer::NULL);
        assert_eq!((1..SLOTS).filter_map(|_| slots.allocate(Pointer::NULL)).count(), SLOTS - 1);
        assert_eq!(slots.allocate(Pointer::NULL), None);
        assert!(slots.get(u32::MAX).is_none());
    }
}
