//! Critical sections. All that there is of one is its structure, in guest memory.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::time::Duration;

use guest::{Memory, Mode, Stop, Violation};

use crate::abi::Pointer;
use crate::kernel32::record::Record;
use crate::process::Process;
use crate::waiting::Awaited;

/// Where the fields of an RTL_CRITICAL_SECTION (winnt.h) lie that change.
struct Section {
    lock_count: Pointer,
    recursion_count: Pointer,
    owning_thread: Pointer,
}

impl Section {
    /// Of the section at an address. DebugInfo, a pointer, comes first.
    fn at(mode: Mode, section: Pointer) -> Self {
        let lock_count = section.at(mode.pointer_size());
        Self { lock_count, recursion_count: lock_count.at(4), owning_thread: lock_count.at(8) }
    }
}

/// LockCount of a section that nobody is in.
const UNLOCKED: i32 = -1;

/// Writes all of a section that nobody is in.
fn write(process: &Process, section: Pointer, debug: u64, locks: i32, spins: u32) -> Result<(), Stop> {
    let record = Record::new(process.machine.mode())
        .pointer(debug)
        .u32(locks.cast_unsigned())
        .u32(0)
        .pointer(0)
        .pointer(0)
        .pointer(spins.into());
    Ok(process.machine.memory.write(section.0, &record.finish())?)
}

fn initialize(process: &Process, section: Pointer, spins: u32) -> Result<(), Stop> {
    // No debug information is kept; MAXULONG_PTR there says so.
    write(process, section, u64::MAX, UNLOCKED, spins)
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
    write(process, section, 0, 0, 0)
}

/// Enters a section that is free or the running thread's own; false for another one.
fn try_enter(process: &Process, section: Pointer) -> Result<bool, Stop> {
    let (_, thread) = process.machine.ids();
    let (machine, section) = (&process.machine, Section::at(process.machine.mode(), section));
    let recursion = machine.memory.array(section.recursion_count.0).map(i32::from_le_bytes)?;
    if recursion > 0 && machine.pointer_at(section.owning_thread.0)? != u64::from(thread) {
        return Ok(false);
    }
    add(&machine.memory, section.lock_count, 1)?;
    add(&machine.memory, section.recursion_count, 1)?;
    machine.put_pointer(section.owning_thread.0, thread.into())?;
    Ok(true)
}

pub fn EnterCriticalSection(process: &mut Process, section: Pointer) -> Result<(), Stop> {
    let look = |process: &mut Process| Ok(try_enter(process, section)?.then_some(()));
    process.wait_on(Awaited::Address(section.0), Duration::MAX, look).map(|_| ())
}

pub fn TryEnterCriticalSection(process: &mut Process, section: Pointer) -> Result<bool, Stop> {
    try_enter(process, section)
}

/// LeaveCriticalSection; nothing happens to a section that nobody is in. As on Windows nobody asks who leaves.
pub fn LeaveCriticalSection(process: &mut Process, section: Pointer) -> Result<(), Stop> {
    let (machine, address) = (&process.machine, section.0);
    let section = Section::at(machine.mode(), section);
    let memory = &machine.memory;
    if memory.array(section.recursion_count.0).map(i32::from_le_bytes)? <= 0 {
        return Ok(());
    }
    add(memory, section.lock_count, -1)?;
    if add(memory, section.recursion_count, -1)? == 0 {
        machine.put_pointer(section.owning_thread.0, 0)?;
        // One of them can enter.
        process.changed_at(address, 1);
    }
    Ok(())
}

/// SetCriticalSectionSpinCount: the one before. Nobody spins where there is one processor.
pub fn SetCriticalSectionSpinCount(process: &mut Process, section: Pointer, spins: u32) -> Result<u32, Stop> {
    let mode = process.machine.mode();
    // LockSemaphore comes between.
    let at = Section::at(mode, section).owning_thread.at(2 * mode.pointer_size());
    let before = process.machine.pointer_at(at.0)?;
    process.machine.put_pointer(at.0, spins.into())?;
    Ok(u32::try_from(before).unwrap_or(u32::MAX))
}

/// Adds to a LONG and answers the sum.
fn add(memory: &Memory, at: Pointer, by: i32) -> Result<i32, Violation> {
    let sum = memory.array(at.0).map(i32::from_le_bytes)?.wrapping_add(by);
    memory.write(at.0, &sum.to_le_bytes()).map(|()| sum)
}
