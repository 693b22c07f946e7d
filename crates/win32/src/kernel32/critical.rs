//! Critical sections. There is one guest thread, so entering never waits; what can be seen of one in its structure is kept right.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Memory, Stop, Violation};

use crate::abi::Pointer;
use crate::kernel32::record::Record;
use crate::process::Process;

/// Offsets in a 64-bit RTL_CRITICAL_SECTION (winnt.h).
const LOCK_COUNT: u64 = 8;
const RECURSION_COUNT: u64 = 12;
const OWNING_THREAD: u64 = 16;

/// LockCount of a section that nobody is in.
const UNLOCKED: i32 = -1;

fn initialize(process: &Process, section: Pointer, spins: u32) -> Result<(), Stop> {
    // No debug information is kept; MAXULONG_PTR there says so.
    let fresh = Record::new()
        .pointer(u64::MAX)
        .u32(UNLOCKED.cast_unsigned())
        .u32(0)
        .pointer(0)
        .pointer(0)
        .pointer(spins.into());
    Ok(process.machine.memory.write(section.0, &fresh.finish())?)
}

pub fn InitializeCriticalSection(process: &mut Process, section: Pointer) -> Result<(), Stop> {
    initialize(process, section, 0)
}

pub fn InitializeCriticalSectionAndSpinCount(
    process: &mut Process,
    section: Pointer,
    spins: u32,
) -> Result<bool, Stop> {
    initialize(process, section, spins).map(|()| true)
}

pub fn InitializeCriticalSectionEx(
    process: &mut Process,
    section: Pointer,
    spins: u32,
    _flags: u32,
) -> Result<bool, Stop> {
    initialize(process, section, spins).map(|()| true)
}

/// DeleteCriticalSection: all zero afterwards.
pub fn DeleteCriticalSection(process: &mut Process, section: Pointer) -> Result<(), Stop> {
    Ok(process.machine.memory.fill(section.0, 0, 40)?)
}

pub fn EnterCriticalSection(process: &mut Process, section: Pointer) -> Result<(), Stop> {
    let (_, thread) = process.machine.ids();
    let memory = &process.machine.memory;
    add(memory, section.at(LOCK_COUNT), 1)?;
    add(memory, section.at(RECURSION_COUNT), 1)?;
    Ok(memory.write(section.at(OWNING_THREAD).0, &u64::from(thread).to_le_bytes())?)
}

/// TryEnterCriticalSection: as [`EnterCriticalSection`], which always succeeds.
pub fn TryEnterCriticalSection(process: &mut Process, section: Pointer) -> Result<bool, Stop> {
    EnterCriticalSection(process, section).map(|()| true)
}

/// LeaveCriticalSection; nothing happens to a section that nobody is in.
pub fn LeaveCriticalSection(process: &mut Process, section: Pointer) -> Result<(), Stop> {
    let memory = &process.machine.memory;
    if memory.array(section.at(RECURSION_COUNT).0).map(i32::from_le_bytes)? <= 0 {
        return Ok(());
    }
    add(memory, section.at(LOCK_COUNT), -1)?;
    if add(memory, section.at(RECURSION_COUNT), -1)? == 0 {
        memory.write(section.at(OWNING_THREAD).0, &[0; 8])?;
    }
    Ok(())
}

/// Adds to a LONG and answers the sum.
fn add(memory: &Memory, at: Pointer, by: i32) -> Result<i32, Violation> {
    let sum = memory.array(at.0).map(i32::from_le_bytes)?.wrapping_add(by);
    memory.write(at.0, &sum.to_le_bytes()).map(|()| sum)
}
