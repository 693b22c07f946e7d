//! Thread-local slots, and fiber-local ones, of which each thread has one fiber.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::ops::Range;

use guest::{Fault, POOL, Stop};

use crate::abi::Pointer;
use crate::kernel32::error::{ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, ERROR_SUCCESS, fail};
use crate::process::Process;

/// TLS_OUT_OF_INDEXES, FLS_OUT_OF_INDEXES.
const OUT_OF_INDEXES: u32 = u32::MAX;

/// How many slots there are: more than the 64 that Windows guarantees (TLS_MINIMUM_AVAILABLE).
const SLOTS: usize = 128;

/// Thread-local slots: as many as there have been at once.
#[derive(Debug, Default)]
pub(crate) struct Slots(Vec<Option<Slot>>);

/// A slot in use.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// What each thread has in it.
    values: [Pointer; 1 + POOL],
    /// What is called with a value when its slot or its thread ends; NULL for nothing.
    callback: Pointer,
}

impl Slots {
    fn allocate(&mut self, callback: Pointer) -> Option<u32> {
        let index = match self.0.iter().position(Option::is_none) {
            Some(index) => index,
            None if self.0.len() == SLOTS => return None,
            None => {
                self.0.push(None);
                self.0.len() - 1
            }
        };
        self.0[index] = Some(Slot { values: [Pointer::NULL; 1 + POOL], callback });
        u32::try_from(index).ok()
    }

    /// A thread's value.
    fn get(&mut self, index: u32, thread: usize) -> Option<&mut Pointer> {
        self.0.get_mut(index as usize)?.as_mut()?.values.get_mut(thread)
    }

    fn free(&mut self, index: u32) -> Option<Slot> {
        self.0.get_mut(index as usize)?.take()
    }

    /// Empties all slots of a thread.
    pub fn clear(&mut self, thread: usize) {
        self.0.iter_mut().flatten().for_each(|slot| slot.values[thread] = Pointer::NULL);
    }

    /// Forgets the callbacks of an image that is gone.
    pub fn forget_image(&mut self, code: &Range<u64>) {
        for slot in self.0.iter_mut().flatten().filter(|slot| code.contains(&slot.callback.0)) {
            slot.callback = Pointer::NULL;
        }
    }

    /// The next callback with a thread's value that it is to be called with, which is taken out.
    fn next(&mut self, thread: usize) -> Option<(Pointer, Pointer)> {
        let left = |slot: &&mut Slot| !slot.callback.is_null() && !slot.values[thread].is_null();
        let slot = self.0.iter_mut().flatten().find(left)?;
        Some((slot.callback, std::mem::take(&mut slot.values[thread])))
    }
}

/// Calls the callbacks of the fiber-local slots in which a thread that ends has something.
///
/// # Errors
/// The first [`Fault`].
pub(super) fn call_back(process: &mut Process, thread: usize) -> Result<(), Fault> {
    /// A callback may put something into the slots again.
    const MOST: usize = 4 * SLOTS;
    for _ in 0..MOST {
        let Some((callback, value)) = process.kernel32.fls.next(thread) else { break };
        process.call(callback.0, &[value.0])?;
    }
    Ok(())
}

/// Answers a new slot's index, or that there is none left.
fn allocated(process: &mut Process, index: Option<u32>) -> u32 {
    index.unwrap_or_else(|| fail(process, ERROR_NOT_ENOUGH_MEMORY, OUT_OF_INDEXES))
}

/// Answers a slot's value. A value that is there also clears the last error, because the value may be 0 itself.
fn value(process: &mut Process, value: Option<Pointer>) -> Pointer {
    match value {
        Some(value) => fail(process, ERROR_SUCCESS, value),
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
    let own = process.kernel32.tls.get(index, process.machine.current()).copied();
    value(process, own)
}

pub fn TlsSetValue(process: &mut Process, index: u32, value: Pointer) -> bool {
    let done = process.kernel32.tls.get(index, process.machine.current()).map(|own| *own = value);
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
    let own = process.kernel32.fls.get(index, process.machine.current()).copied();
    value(process, own)
}

pub fn FlsSetValue(process: &mut Process, index: u32, value: Pointer) -> bool {
    let done = process.kernel32.fls.get(index, process.machine.current()).map(|own| *own = value);
    set(process, done)
}

/// FlsFree: calls the slot's callback with each thread's value.
pub fn FlsFree(process: &mut Process, index: u32) -> Result<bool, Stop> {
    let Some(slot) = process.kernel32.fls.free(index) else { return Ok(set(process, None)) };
    for value in slot.values {
        if !slot.callback.is_null() && !value.is_null() {
            process.call(slot.callback.0, &[value.0])?;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_used_again_and_start_empty() {
        let mut slots = Slots::default();
        let first = slots.allocate(Pointer::NULL).unwrap();
        *slots.get(first, 1).unwrap() = Pointer(7);
        assert_eq!(slots.free(first).unwrap().values[..2], [Pointer::NULL, Pointer(7)]);
        assert!(slots.get(first, 0).is_none() && slots.free(first).is_none());
        assert_eq!(slots.allocate(Pointer::NULL), Some(first));
        assert_eq!(slots.get(first, 1).copied(), Some(Pointer::NULL));
        assert_eq!((1..SLOTS).filter_map(|_| slots.allocate(Pointer::NULL)).count(), SLOTS - 1);
        assert_eq!(slots.allocate(Pointer::NULL), None);
        assert!(slots.get(u32::MAX, 0).is_none());
    }
}
