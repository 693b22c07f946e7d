//! Global and local memory, which are the same under two names.
//!
//! A handle of a block that stays is its address. One of a block that may move (GMEM_MOVEABLE) is the address of a small block, which says where
//! the memory is and how often it is locked. As the heap's headers these lie in guest memory: who ruins them has no such object any more.

#![allow(non_snake_case, reason = "Win32's own names")]

use crate::abi::Pointer;
use crate::kernel32::error::{
    ERROR_DISCARDED, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY,
    ERROR_NOT_LOCKED, ERROR_SUCCESS, fail,
};
use crate::process::Process;

/// GMEM_ and LMEM_ flags (MS Learn: GlobalAlloc, GlobalReAlloc, GlobalFlags).
const MOVEABLE: u32 = 0x2;
const ZEROINIT: u32 = 0x40;
const MODIFY: u32 = 0x80;
const DISCARDABLE: u32 = 0x100;
const DISCARDED: u32 = 0x4000;
const INVALID: u32 = 0x8000;

/// The most locks that are counted; GMEM_LOCKCOUNT has eight bits.
const MOST_LOCKS: u32 = 0xff;

/// What a handle stands for.
enum Object {
    /// A block that stays where it is.
    Fixed,
    /// A block that may move.
    Moveable(Moveable),
}

struct Moveable {
    /// NULL for one that was discarded.
    memory: Pointer,
    locks: u32,
    flags: u32,
}

/// Size of what a handle of such a block leads to.
const SIZE: u64 = 16;

fn object(process: &Process, handle: Pointer) -> Option<Object> {
    let memory = &process.machine.memory;
    if process.heap.owner(memory, handle.0)? != handle.0 {
        return Some(Object::Fixed);
    }
    let bytes: u128 = memory.array(handle.0).ok().map(u128::from_le_bytes)?;
    let number = |shift: u32| u32::try_from(bytes >> shift & u128::from(u32::MAX)).unwrap_or(0);
    let (at, locks, flags) = (u64::from(number(0)), number(64).min(MOST_LOCKS), number(96));
    let own = at == 0 || process.heap.owner(memory, at) == Some(handle.0);
    own.then_some(Object::Moveable(Moveable { memory: Pointer(at), locks, flags }))
}

/// Keeps what a handle stands for.
fn keep(process: &Process, handle: Pointer, moveable: &Moveable) {
    let Moveable { memory, locks, flags } = *moveable;
    let bytes = u128::from(memory.0) | u128::from(locks) << 64 | u128::from(flags) << 96;
    // It was read there, so that only a page which its owner protects can refuse it, and that is the guest's doing.
    let _ = process.machine.memory.write(handle.0, &bytes.to_le_bytes());
    process.heap.give_to(&process.machine.memory, handle.0, handle.0);
    process.heap.give_to(&process.machine.memory, memory.0, handle.0);
}

fn no_memory(process: &mut Process) -> Pointer {
    fail(process, ERROR_NOT_ENOUGH_MEMORY, Pointer::NULL)
}

/// GlobalAlloc and LocalAlloc. A block that may move and has no size is one that was discarded.
pub fn GlobalAlloc(process: &mut Process, flags: u32, size: Pointer) -> Pointer {
    let moveable = flags & MOVEABLE != 0;
    let memory = match size.0 {
        0 if moveable => Pointer::NULL,
        size => process.allocate(size, flags & ZEROINIT != 0),
    };
    if memory.is_null() && !(moveable && size.0 == 0) {
        return no_memory(process);
    }
    if !moveable {
        return memory;
    }
    let handle = process.allocate(SIZE, true);
    if handle.is_null() {
        process.free_block(memory);
        return no_memory(process);
    }
    keep(process, handle, &Moveable { memory, locks: 0, flags: flags & DISCARDABLE });
    handle
}

impl Process {
    /// Frees an object; false when the handle is of none.
    pub(crate) fn free_global(&mut self, handle: Pointer) -> bool {
        let Some(object) = object(self, handle) else { return false };
        if let Object::Moveable(Moveable { memory, .. }) = object {
            self.free_block(memory);
        }
        self.heap.release(&self.machine.memory, handle.0)
    }
}

/// GlobalFree and LocalFree: NULL, or the handle if it is none. A locked object goes as well.
pub fn GlobalFree(process: &mut Process, handle: Pointer) -> Pointer {
    if handle.is_null() || process.free_global(handle) {
        return Pointer::NULL;
    }
    fail(process, ERROR_INVALID_HANDLE, handle)
}

/// GlobalLock and LocalLock: where the memory is. One more lock is counted if it may move.
pub fn GlobalLock(process: &mut Process, handle: Pointer) -> Pointer {
    match object(process, handle) {
        Some(Object::Fixed) => handle,
        Some(Object::Moveable(moveable)) if moveable.memory.is_null() => {
            fail(process, ERROR_DISCARDED, Pointer::NULL)
        }
        Some(Object::Moveable(moveable)) => {
            let locks = (moveable.locks + 1).min(MOST_LOCKS);
            keep(process, handle, &Moveable { locks, ..moveable });
            moveable.memory
        }
        None => fail(process, ERROR_INVALID_HANDLE, Pointer::NULL),
    }
}

fn unlock(process: &mut Process, handle: Pointer) -> Option<bool> {
    match object(process, handle) {
        Some(Object::Fixed) => None,
        Some(Object::Moveable(moveable)) => Some(match moveable.locks.checked_sub(1) {
            Some(locks) => {
                keep(process, handle, &Moveable { locks, ..moveable });
                locks > 0 || fail(process, ERROR_SUCCESS, false)
            }
            None => fail(process, ERROR_NOT_LOCKED, false),
        }),
        None => Some(fail(process, ERROR_INVALID_HANDLE, false)),
    }
}

/// GlobalUnlock: whether locks are left; FALSE without an error when this was the last one. TRUE for memory that stays.
pub fn GlobalUnlock(process: &mut Process, handle: Pointer) -> bool {
    unlock(process, handle).unwrap_or(true)
}

/// LocalUnlock: as GlobalUnlock, but memory that stays is not locked.
pub fn LocalUnlock(process: &mut Process, handle: Pointer) -> bool {
    unlock(process, handle).unwrap_or_else(|| fail(process, ERROR_NOT_LOCKED, false))
}

/// GlobalHandle and LocalHandle: the handle that the memory at an address belongs to.
pub fn GlobalHandle(process: &mut Process, memory: Pointer) -> Pointer {
    if memory.is_null() {
        return fail(process, ERROR_INVALID_PARAMETER, Pointer::NULL);
    }
    match process.heap.owner(&process.machine.memory, memory.0) {
        Some(0) => memory,
        Some(owner) => Pointer(owner),
        None => fail(process, ERROR_INVALID_HANDLE, Pointer::NULL),
    }
}

/// GlobalSize and LocalSize: 0 for what was discarded.
pub fn GlobalSize(process: &mut Process, handle: Pointer) -> Pointer {
    let memory = match object(process, handle) {
        Some(Object::Fixed) => handle,
        Some(Object::Moveable(moveable)) => moveable.memory,
        None => return fail(process, ERROR_INVALID_HANDLE, Pointer(0)),
    };
    Pointer(process.heap.size(&process.machine.memory, memory.0).unwrap_or(0))
}

/// GlobalReAlloc and LocalReAlloc. What stays or is locked gets another address only where the flags allow it to move.
pub fn GlobalReAlloc(process: &mut Process, handle: Pointer, bytes: Pointer, flags: u32) -> Pointer {
    let Some(object) = object(process, handle) else {
        return fail(process, ERROR_INVALID_HANDLE, Pointer::NULL);
    };
    if flags & MODIFY != 0 {
        return modify(process, handle, object, flags);
    }
    let zeroed = flags & ZEROINIT != 0;
    let moveable = match object {
        Object::Fixed => return resize(process, handle, bytes, zeroed, flags & MOVEABLE != 0),
        Object::Moveable(moveable) => moveable,
    };
    if bytes.0 == 0 {
        if moveable.locks > 0 {
            return fail(process, ERROR_INVALID_PARAMETER, Pointer::NULL);
        }
        process.free_block(moveable.memory);
        keep(process, handle, &Moveable { memory: Pointer::NULL, ..moveable });
        return handle;
    }
    let memory = if moveable.memory.is_null() {
        process.allocate(bytes.0, zeroed)
    } else {
        resize(process, moveable.memory, bytes, zeroed, moveable.locks == 0 || flags & MOVEABLE != 0)
    };
    if memory.is_null() {
        return no_memory(process);
    }
    keep(process, handle, &Moveable { memory, ..moveable });
    handle
}

fn resize(process: &mut Process, block: Pointer, bytes: Pointer, zeroed: bool, may_move: bool) -> Pointer {
    let resized = if may_move {
        process.resize(block, bytes.0, zeroed)
    } else {
        let memory = &process.machine.memory;
        process.heap.resize_in_place(memory, block.0, bytes.0, zeroed).map_or(Pointer::NULL, Pointer)
    };
    if resized.is_null() { no_memory(process) } else { resized }
}

/// Changes what an object is: whether its memory may move, and whether it may be discarded.
fn modify(process: &mut Process, handle: Pointer, object: Object, flags: u32) -> Pointer {
    match object {
        Object::Moveable(moveable) => {
            keep(process, handle, &Moveable { flags: flags & DISCARDABLE, ..moveable });
            handle
        }
        Object::Fixed if flags & MOVEABLE == 0 => handle,
        Object::Fixed => {
            let memory = handle;
            let handle = process.allocate(SIZE, true);
            if handle.is_null() {
                return no_memory(process);
            }
            keep(process, handle, &Moveable { memory, locks: 0, flags: flags & DISCARDABLE });
            handle
        }
    }
}

/// GlobalFlags and LocalFlags: the locks, and whether the memory may be or was discarded.
pub fn GlobalFlags(process: &mut Process, handle: Pointer) -> u32 {
    match object(process, handle) {
        Some(Object::Fixed) => 0,
        Some(Object::Moveable(Moveable { memory, locks, flags })) => {
            locks | flags | if memory.is_null() { DISCARDED } else { 0 }
        }
        None => fail(process, ERROR_INVALID_HANDLE, INVALID),
    }
}
