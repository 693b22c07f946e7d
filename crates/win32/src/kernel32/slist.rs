//! Singly linked lists that threads change at one stroke: all of them do it behind the gate.
//!
//! SLIST_HEADER (winnt.h) has, for 32-bit code, the first entry, how many there are in 16 bits, and a count of changes in 16 bits. For 64-bit code it has 16 bytes: how many
//! in 16 bits and the changes in 48, then the first entry's address, whose last four bits are 0.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Mode, Stop, Violation};

use crate::abi::Pointer;
use crate::process::Process;

/// A list's header.
#[derive(Debug, Clone, Copy, Default)]
struct Header {
    first: u64,
    depth: u16,
    changes: u64,
}

impl Header {
    fn read(process: &Process, at: Pointer) -> Result<Self, Violation> {
        let (machine, memory) = (&process.machine, &process.machine.memory);
        Ok(match machine.mode() {
            Mode::I386 => Self {
                first: machine.pointer_at(at.0)?,
                depth: memory.array(at.at(4).0).map(u16::from_le_bytes)?,
                changes: memory.array(at.at(6).0).map(u16::from_le_bytes)?.into(),
            },
            Mode::X86_64 => {
                let word = memory.array(at.0).map(u64::from_le_bytes)?;
                let [a, b, ..] = word.to_le_bytes();
                let first = machine.pointer_at(at.at(8).0)? & !15;
                Self { first, depth: u16::from_le_bytes([a, b]), changes: word >> 16 }
            }
        })
    }

    fn write(self, process: &Process, at: Pointer) -> Result<(), Violation> {
        let Self { first, depth, changes } = self;
        let words = match process.machine.mode() {
            Mode::I386 => [first & u64::from(u32::MAX) | u64::from(depth) << 32 | changes << 48, 0],
            Mode::X86_64 => [u64::from(depth) | changes << 16, first],
        };
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let size = usize::try_from(2 * process.machine.mode().pointer_size()).unwrap_or(bytes.len());
        process.machine.memory.write(at.0, &bytes[..size])
    }
}

/// InitializeSListHead: an empty list is all zero.
pub fn InitializeSListHead(process: &mut Process, head: Pointer) -> Result<(), Stop> {
    Ok(Header::default().write(process, head)?)
}

/// InterlockedPushEntrySList: the entry that was the first.
pub fn InterlockedPushEntrySList(
    process: &mut Process,
    head: Pointer,
    entry: Pointer,
) -> Result<Pointer, Stop> {
    let header = Header::read(process, head)?;
    process.machine.put_pointer(entry.0, header.first)?;
    let (depth, changes) = (header.depth.wrapping_add(1), header.changes.wrapping_add(1));
    Header { first: entry.0, depth, changes }.write(process, head)?;
    Ok(Pointer(header.first))
}

/// InterlockedPopEntrySList: the first entry, which is taken out; NULL for an empty list.
pub fn InterlockedPopEntrySList(process: &mut Process, head: Pointer) -> Result<Pointer, Stop> {
    let header = Header::read(process, head)?;
    if header.first == 0 {
        return Ok(Pointer::NULL);
    }
    let first = process.machine.pointer_at(header.first)?;
    Header { first, depth: header.depth.wrapping_sub(1), ..header }.write(process, head)?;
    Ok(Pointer(header.first))
}

/// InterlockedFlushSList: the first entry; all are taken out.
pub fn InterlockedFlushSList(process: &mut Process, head: Pointer) -> Result<Pointer, Stop> {
    let header = Header::read(process, head)?;
    Header { first: 0, depth: 0, ..header }.write(process, head)?;
    Ok(Pointer(header.first))
}

pub fn QueryDepthSList(process: &mut Process, head: Pointer) -> Result<u32, Stop> {
    Ok(Header::read(process, head)?.depth.into())
}

/// RtlFirstEntrySList: the first entry, which stays.
pub fn RtlFirstEntrySList(process: &mut Process, head: Pointer) -> Result<Pointer, Stop> {
    Ok(Pointer(Header::read(process, head)?.first))
}
