//! Pages: asking what they allow, changing that, and getting more.
//!
//! No page becomes executable once driver code runs, and code stays as it is. Pages that the guest allocates come from the heap.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::io;
use std::ops::Range;

use guest::layout::{GRANULARITY, PAGE, Region, page_round};
use guest::{Access, Protection, Stop};

use crate::abi::{Handle, Pointer};
use crate::kernel32::error::{
    ERROR_ACCESS_DENIED, ERROR_BAD_LENGTH, ERROR_INVALID_ADDRESS, ERROR_INVALID_PARAMETER, ERROR_NOACCESS,
    ERROR_NOT_ENOUGH_MEMORY, ERROR_NOT_SUPPORTED, fail,
};
use crate::kernel32::record::Record;
use crate::process::Process;
use crate::text::{Unit, caught, length};

/// Memory protection constants ("Memory Protection Constants", MS Learn).
const PAGE_NOACCESS: u32 = 0x01;
const PAGE_READONLY: u32 = 0x02;
const PAGE_READWRITE: u32 = 0x04;
const PAGE_WRITECOPY: u32 = 0x08;
const PAGE_EXECUTE: u32 = 0x10;
const PAGE_EXECUTE_READ: u32 = 0x20;
const PAGE_EXECUTE_READWRITE: u32 = 0x40;
const PAGE_EXECUTE_WRITECOPY: u32 = 0x80;
const PAGE_GUARD: u32 = 0x100;
/// The bits that name a protection; those above modify it.
const PROTECTIONS: u32 = 0xff;

/// Allocation types, states and kinds of pages ("MEMORY_BASIC_INFORMATION", "VirtualAlloc", "VirtualFree").
const MEM_COMMIT: u32 = 0x1000;
const MEM_RESERVE: u32 = 0x2000;
const MEM_DECOMMIT: u32 = 0x4000;
const MEM_RELEASE: u32 = 0x8000;
const MEM_FREE: u32 = 0x1_0000;
const MEM_PRIVATE: u32 = 0x2_0000;
const MEM_IMAGE: u32 = 0x100_0000;

/// The constant for what pages allow.
fn constant(protection: Protection) -> u32 {
    match (protection.execute, protection.write, protection.read) {
        (false, false, false) => PAGE_NOACCESS,
        (false, false, true) => PAGE_READONLY,
        (false, true, _) => PAGE_READWRITE,
        (true, false, false) => PAGE_EXECUTE,
        (true, false, true) => PAGE_EXECUTE_READ,
        (true, true, _) => PAGE_EXECUTE_READWRITE,
    }
}

/// What a constant asks for; `None` when it is none.
fn asked(constant: u32) -> Option<&'static [Access]> {
    Some(match constant & PROTECTIONS {
        PAGE_NOACCESS => &[],
        PAGE_READONLY => &[Access::Read],
        PAGE_READWRITE | PAGE_WRITECOPY => &[Access::Read, Access::Write],
        PAGE_EXECUTE => &[Access::Execute],
        PAGE_EXECUTE_READ => &[Access::Read, Access::Execute],
        PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY => &[Access::Read, Access::Write, Access::Execute],
        _ => return None,
    })
}

/// The pages of a range that need not begin or end at one: their first address and length.
fn pages(address: Pointer, size: Pointer) -> Option<(u64, usize)> {
    let start = address.0 - address.0 % PAGE;
    let end = address.0.checked_add(size.0).and_then(page_round)?;
    Some((start, usize::try_from(end.checked_sub(start)?).ok()?))
}

/// VirtualQuery: fills MEMORY_BASIC_INFORMATION and answers its size, or 0 when `room` is too small for it.
pub fn VirtualQuery(
    process: &mut Process,
    address: Pointer,
    out: Pointer,
    room: Pointer,
) -> Result<Pointer, Stop> {
    let start = address.0 - address.0 % PAGE;
    let (range, protection) = process.machine.memory.region(start);
    let module = process.machine.modules().iter().find(|module| module.range().contains(&start));
    let heap = &process.machine.memory.layout()[Region::Heap];
    let (state, kind) = match protection {
        _ if module.is_some() => (MEM_COMMIT, MEM_IMAGE),
        Some(protection) if protection != Protection::NONE => (MEM_COMMIT, MEM_PRIVATE),
        Some(_) if heap.contains(&start) => (MEM_COMMIT, MEM_PRIVATE),
        _ => (MEM_FREE, 0),
    };
    let (allocation, allocated_as) = match module {
        _ if state == MEM_FREE => (0, 0),
        Some(module) => (module.base, PAGE_EXECUTE_WRITECOPY),
        None => (range.start, PAGE_READWRITE),
    };
    let information = Record::new(process.machine.mode())
        .pointer(start)
        .pointer(allocation)
        .u32(allocated_as)
        .pointer(range.end - start)
        .u32(state)
        .u32(constant(protection.unwrap_or(Protection::NONE)))
        .u32(kind)
        .finish();
    if room.size() < information.len() {
        return Ok(fail(process, ERROR_BAD_LENGTH, Pointer(0)));
    }
    process.machine.memory.write(out.0, &information)?;
    Ok(Pointer(information.len() as u64))
}

/// Whether pages are committed: those of images are, and those of the heap that it has handed out.
fn committed(process: &Process, pages: &Range<u64>) -> bool {
    let in_image = process.machine.modules().iter().any(|module| {
        let image = module.range();
        image.start <= pages.start && pages.end <= image.end
    });
    let heap = &process.machine.memory.layout()[Region::Heap];
    let in_heap = heap.start <= pages.start && pages.end <= process.heap.end();
    let len = usize::try_from(pages.end.saturating_sub(pages.start)).unwrap_or(usize::MAX);
    let of_the_system = || process.machine.memory.allows(pages.start, len, Access::Read);
    in_image || in_heap || !heap.contains(&pages.start) && of_the_system()
}

/// VirtualProtect. Code, stacks and what the system has keep the protection that they have, so that it succeeds there only for what they allow already. Guard
/// pages there are none.
pub fn VirtualProtect(
    process: &mut Process,
    address: Pointer,
    size: Pointer,
    protection: u32,
    old: Pointer,
) -> Result<bool, Stop> {
    let (Some(wanted), Some((start, len))) =
        (asked(protection), pages(address, size).filter(|_| size.0 != 0))
    else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    };
    let pages = start..start + len as u64;
    let before = process.machine.memory.region(start).1.filter(|_| committed(process, &pages));
    let Some(before) = before else {
        return Ok(fail(process, ERROR_INVALID_ADDRESS, false));
    };
    if protection & PAGE_GUARD != 0 {
        return Ok(fail(process, ERROR_NOT_SUPPORTED, false));
    }
    let before = constant(before).to_le_bytes();
    if !process.machine.memory.allows(old.0, before.len(), Access::Write) {
        return Ok(fail(process, ERROR_NOACCESS, false));
    }
    let allows = |&access: &Access| process.machine.memory.allows(start, len, access);
    let (already, something) = (wanted.iter().all(allows), !wanted.is_empty());
    let [read, write, execute] =
        [Access::Read, Access::Write, Access::Execute].map(|access| wanted.contains(&access));
    // What asks for code asks for what is there already, or for what cannot be.
    let changed = match execute {
        true => Err(io::ErrorKind::InvalidInput.into()),
        false => process.machine.memory.protect_data(pages, Protection { read, write, execute }),
    };
    match changed {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            if !already || !something {
                return Ok(fail(process, ERROR_ACCESS_DENIED, false));
            }
        }
        Err(_) => return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, false)),
    }
    // It may lie in those pages, as on Windows.
    if process.machine.memory.write(old.0, &before).is_err() {
        return Ok(fail(process, ERROR_NOACCESS, false));
    }
    Ok(true)
}

/// Where the heap block that a range of pages lies in is noted: just before the pages.
const NOTE: u64 = 16;

const READ_WRITE: &[Access] = &[Access::Read, Access::Write];

/// VirtualAlloc: zeroed pages from the heap. Reserved pages count as committed at once.
pub fn VirtualAlloc(
    process: &mut Process,
    address: Pointer,
    size: Pointer,
    kind: u32,
    protection: u32,
) -> Result<Pointer, Stop> {
    let Some(wanted) = asked(protection).filter(|_| size.0 != 0 && kind & (MEM_COMMIT | MEM_RESERVE) != 0)
    else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, Pointer::NULL));
    };
    if wanted.contains(&Access::Execute) {
        return Ok(fail(process, ERROR_ACCESS_DENIED, Pointer::NULL));
    }
    if !address.is_null() {
        let heap = process.machine.process_heap();
        let own = |&(start, len): &(u64, usize)| {
            heap <= start && start + len as u64 <= process.heap.end() && kind & MEM_RESERVE == 0
        };
        let Some((start, len)) = pages(address, size).filter(own) else {
            return Ok(fail(process, ERROR_INVALID_ADDRESS, Pointer::NULL));
        };
        return Ok(give(process, start, len, wanted));
    }
    let room = page_round(size.0).and_then(|size| size.checked_add(NOTE + GRANULARITY));
    let block = room.map_or(Pointer::NULL, |room| process.allocate(room, true));
    if block.is_null() {
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, Pointer::NULL));
    }
    let start = block.at(NOTE).0.next_multiple_of(GRANULARITY);
    process.machine.memory.write(start - NOTE, &block.0.to_le_bytes())?;
    let len = page_round(size.0).and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
    Ok(give(process, start, len, wanted))
}

/// Gives committed pages the protection that is wanted.
fn give(process: &mut Process, start: u64, len: usize, wanted: &[Access]) -> Pointer {
    let pages = start..start + len as u64;
    let [read, write] = [Access::Read, Access::Write].map(|access| wanted.contains(&access));
    let protection = Protection { read, write, execute: false };
    let as_it_is = process.machine.memory.region(start);
    if as_it_is.1 != Some(protection) || as_it_is.0.end < pages.end {
        let given = process.machine.memory.protect_data(pages, protection);
        if given.is_err() {
            return fail(process, ERROR_NOT_ENOUGH_MEMORY, Pointer::NULL);
        }
    }
    Pointer(start)
}

/// VirtualFree. Pages that are given up only to be committed again later are zeroed now.
pub fn VirtualFree(process: &mut Process, address: Pointer, size: Pointer, kind: u32) -> Result<bool, Stop> {
    let memory = &process.machine.memory;
    let heap = &memory.layout()[Region::Heap];
    match kind {
        MEM_RELEASE if size.0 == 0 && address.0.is_multiple_of(GRANULARITY) && heap.contains(&address.0) => {
            let block = memory.array(address.0.wrapping_sub(NOTE)).map_or(0, u64::from_le_bytes);
            let before = block < address.0 && address.0 - block <= NOTE + GRANULARITY;
            let size = process.heap.size(memory, block).filter(|_| before);
            let Some(size) = size.filter(|_| process.heap.release(memory, block)) else {
                return Ok(fail(process, ERROR_INVALID_ADDRESS, false));
            };
            // Whoever gets the memory next may write to it.
            let end = (block + size) & !(PAGE - 1);
            give(process, address.0, usize::try_from(end.saturating_sub(address.0)).unwrap_or(0), READ_WRITE);
            Ok(true)
        }
        MEM_DECOMMIT => match pages(address, size).filter(|(start, _)| heap.contains(start)) {
            Some((start, len)) => {
                give(process, start, len, READ_WRITE);
                Ok(process.machine.memory.fill(start, 0, len).map(|()| true)?)
            }
            None => Ok(fail(process, ERROR_INVALID_ADDRESS, false)),
        },
        _ => Ok(fail(process, ERROR_INVALID_PARAMETER, false)),
    }
}

pub fn IsBadReadPtr(process: &mut Process, address: Pointer, size: Pointer) -> bool {
    !process.machine.memory.allows(address.0, size.size(), Access::Read)
}

pub fn IsBadWritePtr(process: &mut Process, address: Pointer, size: Pointer) -> bool {
    !process.machine.memory.allows(address.0, size.size(), Access::Write)
}

/// IsBadCodePtr: as documented, about reading only.
pub fn IsBadCodePtr(process: &mut Process, address: Pointer) -> bool {
    !process.machine.memory.allows(address.0, 1, Access::Read)
}

pub fn IsBadStringPtr<U: Unit>(process: &mut Process, text: Pointer, most: Pointer) -> Result<bool, Stop> {
    Ok(caught(length::<U>(&process.machine, text, most.0))?.is_none())
}

/// FlushInstructionCache: nothing to do on x86.
pub fn FlushInstructionCache(_: &mut Process, _process: Handle, _address: Pointer, _size: Pointer) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_grow_to_whole_pages() {
        assert_eq!(pages(Pointer(0x1fff), Pointer(2)), Some((0x1000, 0x2000)));
        assert_eq!(pages(Pointer(0x1000), Pointer(0x1000)), Some((0x1000, 0x1000)));
        assert_eq!(pages(Pointer(u64::MAX), Pointer(1)), None);
    }

    #[test]
    fn constants_ask_for_what_they_stand_for() {
        assert_eq!(asked(constant(Protection::READ_WRITE)), Some(&[Access::Read, Access::Write][..]));
        assert_eq!(constant(Protection::READ_EXECUTE), PAGE_EXECUTE_READ);
        assert_eq!(asked(PAGE_READONLY | 0x100), Some(&[Access::Read][..]));
        assert_eq!(asked(3), None);
    }
}
