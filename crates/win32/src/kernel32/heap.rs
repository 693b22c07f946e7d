//! Heaps. There is one, whatever handle is given: a driver cannot tell, and destroying a private heap gives nothing back.

#![allow(non_snake_case, reason = "Win32's own names")]

use crate::abi::Pointer;
use crate::process::Process;

const HEAP_ZERO_MEMORY: u32 = 8;
const HEAP_REALLOC_IN_PLACE_ONLY: u32 = 0x10;

pub fn GetProcessHeap(process: &mut Process) -> Pointer {
    Pointer(process.machine.process_heap())
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

fn size(process: &Process, block: Pointer) -> Option<u64> {
    process.heap.size(&process.machine.memory, block.0)
}
