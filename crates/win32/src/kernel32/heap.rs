//! Heaps. There is one, whatever handle is given: a driver cannot tell, and destroying a private heap gives nothing back.
//!
//! The Global and Local functions are the same under two names, and a block's handle is its address: so
//! `GlobalHandle(GlobalLock(handle)) == handle` holds, and locking has nothing to do.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Machine;

use crate::abi::Pointer;
use crate::kernel32::error::{ERROR_INVALID_HANDLE, ERROR_NOT_ENOUGH_MEMORY, ERROR_SUCCESS, fail};
use crate::process::Process;

const HEAP_ZERO_MEMORY: u32 = 8;
const HEAP_REALLOC_IN_PLACE_ONLY: u32 = 0x10;
/// GMEM_ZEROINIT, LMEM_ZEROINIT.
const ZEROINIT: u32 = 0x40;
/// GMEM_MODIFY, LMEM_MODIFY.
const MODIFY: u32 = 0x80;
/// GMEM_INVALID_HANDLE, LMEM_INVALID_HANDLE.
const INVALID: u32 = 0x8000;

pub fn GetProcessHeap(_: &mut Process) -> Pointer {
    Pointer(Machine::PROCESS_HEAP)
}

pub fn HeapCreate(process: &mut Process, _options: u32, _initial: Pointer, _maximum: Pointer) -> Pointer {
    GetProcessHeap(process)
}

pub fn HeapDestroy(_: &mut Process, _heap: Pointer) -> bool {
    true
}

pub fn HeapAlloc(process: &mut Process, _heap: Pointer, flags: u32, size: Pointer) -> Pointer {
    process.allocate(size.0, flags & HEAP_ZERO_MEMORY != 0)
}

pub fn HeapFree(process: &mut Process, _heap: Pointer, _flags: u32, block: Pointer) -> bool {
    block.is_null() || process.heap.release(&process.machine.memory, block.0)
}

pub fn HeapReAlloc(
    process: &mut Process,
    _heap: Pointer,
    flags: u32,
    block: Pointer,
    size: Pointer,
) -> Pointer {
    if flags & HEAP_REALLOC_IN_PLACE_ONLY != 0 {
        return Pointer::NULL;
    }
    process.resize(block, size.0, flags & HEAP_ZERO_MEMORY != 0)
}

pub fn HeapSize(process: &mut Process, _heap: Pointer, _flags: u32, block: Pointer) -> Pointer {
    Pointer(size(process, block).unwrap_or(u64::MAX))
}

pub fn HeapValidate(process: &mut Process, _heap: Pointer, _flags: u32, block: Pointer) -> bool {
    block.is_null() || size(process, block).is_some()
}

/// GlobalAlloc and LocalAlloc.
pub fn GlobalAlloc(process: &mut Process, flags: u32, size: Pointer) -> Pointer {
    let block = process.allocate(size.0, flags & ZEROINIT != 0);
    if block.is_null() { fail(process, ERROR_NOT_ENOUGH_MEMORY, block) } else { block }
}

/// GlobalFree and LocalFree: NULL, or the handle if it is none.
pub fn GlobalFree(process: &mut Process, handle: Pointer) -> Pointer {
    if handle.is_null() || process.heap.release(&process.machine.memory, handle.0) {
        return Pointer::NULL;
    }
    fail(process, ERROR_INVALID_HANDLE, handle)
}

/// GlobalLock and LocalLock; with handles that are addresses GlobalHandle and LocalHandle too.
pub fn GlobalLock(process: &mut Process, handle: Pointer) -> Pointer {
    match size(process, handle) {
        Some(_) => handle,
        None => fail(process, ERROR_INVALID_HANDLE, Pointer::NULL),
    }
}

/// GlobalUnlock and LocalUnlock: FALSE without an error, because no lock is left.
pub fn GlobalUnlock(process: &mut Process, handle: Pointer) -> bool {
    let code = if size(process, handle).is_some() { ERROR_SUCCESS } else { ERROR_INVALID_HANDLE };
    fail(process, code, false)
}

/// GlobalSize and LocalSize.
pub fn GlobalSize(process: &mut Process, handle: Pointer) -> Pointer {
    match size(process, handle) {
        Some(size) => Pointer(size),
        None => fail(process, ERROR_INVALID_HANDLE, Pointer(0)),
    }
}

/// GlobalReAlloc and LocalReAlloc. Changing attributes only is changing nothing.
pub fn GlobalReAlloc(process: &mut Process, handle: Pointer, bytes: Pointer, flags: u32) -> Pointer {
    if size(process, handle).is_none() {
        return fail(process, ERROR_INVALID_HANDLE, Pointer::NULL);
    }
    if flags & MODIFY != 0 {
        return handle;
    }
    let block = process.resize(handle, bytes.0, flags & ZEROINIT != 0);
    if block.is_null() { fail(process, ERROR_NOT_ENOUGH_MEMORY, block) } else { block }
}

/// GlobalFlags and LocalFlags: no locks, no flags.
pub fn GlobalFlags(process: &mut Process, handle: Pointer) -> u32 {
    match size(process, handle) {
        Some(_) => 0,
        None => fail(process, ERROR_INVALID_HANDLE, INVALID),
    }
}

fn size(process: &Process, block: Pointer) -> Option<u64> {
    process.heap.size(&process.machine.memory, block.0)
}
