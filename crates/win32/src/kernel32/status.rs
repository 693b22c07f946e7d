//! What a process may ask of the computer: how much memory there is, what it is called, how it is powered.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use guest::layout::Region;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::{Unit, put};
use crate::kernel32::error::{
    ERROR_ACCESS_DENIED, ERROR_BUFFER_OVERFLOW, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, fail,
};
use crate::kernel32::record::Record;
use crate::kernel32::wait;
use crate::process::Process;

/// All memory that there is for the guest, what of it is left, and how many percent are in use.
fn memory(process: &Process) -> (u64, u64, u32) {
    let start = process.machine.memory.layout()[Region::Heap].start;
    let end = process.machine.memory.heap_end();
    let (all, left) = (end - start, end.saturating_sub(process.heap.end()));
    (all, left, u32::try_from((all - left) * 100 / all.max(1)).unwrap_or(100))
}

/// GlobalMemoryStatus: the memory that the driver's heap can have, as MEMORYSTATUS.
pub fn GlobalMemoryStatus(process: &mut Process, out: Pointer) -> Result<(), Stop> {
    let (all, left, load) = memory(process);
    let mode = process.machine.mode();
    let size = if mode.pointer_size() == 4 { 32 } else { 56 };
    let record = Record::new(mode).u32(size).u32(load);
    let record = [all, left, all, left, all, left].into_iter().fold(record, Record::pointer);
    Ok(process.machine.memory.write(out.0, &record.finish())?)
}

/// GlobalMemoryStatusEx: the same as MEMORYSTATUSEX, whose size the caller has put into it.
pub fn GlobalMemoryStatusEx(process: &mut Process, out: Pointer) -> Result<bool, Stop> {
    const SIZE: u32 = 64;
    if u32::from_le_bytes(process.machine.memory.array(out.0)?) != SIZE {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let (all, left, load) = memory(process);
    let record = Record::new(process.machine.mode()).u32(SIZE).u32(load);
    let record = [all, left, all, left, all, left, 0].into_iter().fold(record, Record::u64);
    process.machine.memory.write(out.0, &record.finish())?;
    Ok(true)
}

/// GlobalCompact and LocalCompact: how much memory is left.
pub fn GlobalCompact(process: &mut Process, _wanted: Pointer) -> Pointer {
    Pointer(memory(process).1)
}

/// GetComputerName: the length goes where the room was, without the zero; with it when there is too little room.
pub fn GetComputerName<U: Unit>(process: &mut Process, out: Pointer, room: Pointer) -> Result<bool, Stop> {
    const NAME: &str = "DRVHOST";
    let units = u32::try_from(NAME.len()).unwrap_or(0);
    let given = u32::from_le_bytes(process.machine.memory.array(room.0)?);
    if given <= units || out.is_null() {
        process.machine.memory.write(room.0, &(units + 1).to_le_bytes())?;
        return Ok(fail(process, ERROR_BUFFER_OVERFLOW, false));
    }
    put::<U>(&process.machine.memory, out, given, NAME)?;
    process.machine.memory.write(room.0, &units.to_le_bytes())?;
    Ok(true)
}

/// GetSystemPowerStatus: mains, and no battery.
pub fn GetSystemPowerStatus(process: &mut Process, out: Pointer) -> Result<bool, Stop> {
    const NO_BATTERY: u8 = 128;
    const UNKNOWN: u8 = 255;
    let record = Record::new(process.machine.mode()).bytes(&[1, NO_BATTERY, UNKNOWN, 0]);
    process.machine.memory.write(out.0, &record.u32(u32::MAX).u32(u32::MAX).finish())?;
    Ok(true)
}

/// SetThreadExecutionState: the host decides when the computer sleeps. What was asked for before counts as nothing but ES_CONTINUOUS.
pub fn SetThreadExecutionState(_: &mut Process, _state: u32) -> u32 {
    0x8000_0000
}

fn is_own(process: &mut Process, handle: Handle) -> bool {
    wait::object(process, handle) == Some(process.kernel32.process)
        || fail(process, ERROR_INVALID_HANDLE, false)
}

/// GetPriorityClass: NORMAL_PRIORITY_CLASS, always.
pub fn GetPriorityClass(process: &mut Process, of: Handle) -> u32 {
    if is_own(process, of) { 0x20 } else { 0 }
}

/// SetPriorityClass: accepted, and of no consequence.
pub fn SetPriorityClass(process: &mut Process, of: Handle, class: u32) -> bool {
    const CLASSES: [u32; 6] = [0x20, 0x40, 0x80, 0x100, 0x4000, 0x8000];
    is_own(process, of) && (CLASSES.contains(&class) || fail(process, ERROR_INVALID_PARAMETER, false))
}

/// SetProcessAffinityMask: to the one processor that there is.
pub fn SetProcessAffinityMask(process: &mut Process, of: Handle, mask: Pointer) -> bool {
    is_own(process, of) && (mask.0 == 1 || fail(process, ERROR_INVALID_PARAMETER, false))
}

/// IsWow64Process: a 32-bit driver is told of a 32-bit system everywhere.
pub fn IsWow64Process(process: &mut Process, of: Handle, out: Pointer) -> Result<bool, Stop> {
    if !is_own(process, of) {
        return Ok(false);
    }
    process.machine.memory.write(out.0, &[0; 4])?;
    Ok(true)
}

/// VirtualLock and VirtualUnlock: nothing is ever paged out as far as a driver can tell.
pub fn VirtualLock(process: &mut Process, address: Pointer, size: Pointer) -> bool {
    let there = process.machine.memory.allows(address.0, size.size(), guest::Access::Read);
    there || fail(process, crate::kernel32::error::ERROR_NOACCESS, false)
}

/// Tells people what a driver wanted to run.
fn refused<U: Unit>(process: &mut Process, program: Pointer, line: Pointer) -> Result<(), Stop> {
    let machine = &process.machine;
    let which = if program.is_null() { line } else { program };
    let program = crate::kernel32::codepage::text::<U>(machine, which)?;
    process.say(format!("the driver wanted to run `{program}`").as_bytes());
    Ok(())
}

/// CreateProcess: a driver's process can start no other.
#[expect(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn CreateProcess<U: Unit>(
    process: &mut Process,
    program: Pointer,
    line: Pointer,
    _security: Pointer,
    _thread_security: Pointer,
    _inherit: i32,
    _flags: u32,
    _environment: Pointer,
    _directory: Pointer,
    _startup: Pointer,
    _out: Pointer,
) -> Result<bool, Stop> {
    refused::<U>(process, program, line)?;
    Ok(fail(process, ERROR_ACCESS_DENIED, false))
}

/// WinExec: as [`CreateProcess`]; the code of the error, which is below 32.
pub fn WinExec(process: &mut Process, line: Pointer, _show: u32) -> Result<u32, Stop> {
    refused::<u8>(process, line, line)?;
    Ok(fail(process, ERROR_ACCESS_DENIED, ERROR_ACCESS_DENIED))
}

/// RtlMoveMemory: as memmove.
pub fn RtlMoveMemory(process: &mut Process, to: Pointer, from: Pointer, len: Pointer) -> Result<(), Stop> {
    Ok(process.machine.memory.copy(to.0, from.0, len.size())?)
}

pub fn RtlZeroMemory(process: &mut Process, to: Pointer, len: Pointer) -> Result<(), Stop> {
    Ok(process.machine.memory.fill(to.0, 0, len.size())?)
}

pub fn RtlFillMemory(process: &mut Process, to: Pointer, len: Pointer, value: u8) -> Result<(), Stop> {
    Ok(process.machine.memory.fill(to.0, value, len.size())?)
}

#[cfg(test)]
mod tests {
    use guest::Mode;

    use super::*;
    use crate::testing::{Guest, alone};

    fn bounded(mode: Mode) {
        const HEAP: u64 = 8 << 20;
        let mut guest = Guest::new(mode);
        guest.process.machine.memory.bound_heap(HEAP).unwrap();
        let heap = guest.call("GetProcessHeap", &[]);
        let out = guest.put(&[0; 80]);
        guest.call("GlobalMemoryStatus", &[out]);
        assert_eq!(guest.pointer(out + 8), HEAP);
        // Blocks are of so many sizes only, so not all of it can be one.
        assert_ne!(guest.call("HeapAlloc", &[heap, 0, HEAP / 2]), 0);
        assert_eq!(guest.call("HeapAlloc", &[heap, 0, HEAP / 2]), 0);
        assert_eq!(guest.said.borrow().len(), 1, "{:?}", guest.said);
        let beyond = guest.process.machine.memory.heap_end();
        assert!(guest.process.machine.memory.write(beyond, &[1]).is_err());
    }

    #[test]
    fn a_bounded_heap_hands_out_no_more_with_32_bits() {
        alone(|| bounded(Mode::I386));
    }

    #[test]
    fn a_bounded_heap_hands_out_no_more_with_64_bits() {
        alone(|| bounded(Mode::X86_64));
    }

    fn status(mode: Mode) {
        let mut guest = Guest::new(mode);
        let out = guest.put(&[0; 80]);
        guest.call("GlobalMemoryStatus", &[out]);
        let size = guest.pick(32, 56);
        let (all, left) = (guest.pointer(out + 8), guest.pointer(out + 8 + guest.pointer_size()));
        assert_eq!((u64::from(guest.u32(out)), all), (size, Region::Heap.window().size));
        assert!(left < all && guest.call("GlobalCompact", &[0]) == left);
        guest.process.machine.memory.write(out, &[63, 0, 0, 0]).unwrap();
        assert_eq!((guest.call("GlobalMemoryStatusEx", &[out]), guest.last_error()), (0, 87));
        guest.process.machine.memory.write(out, &[64, 0, 0, 0]).unwrap();
        assert_eq!(guest.call("GlobalMemoryStatusEx", &[out]), 1);
        assert_eq!(u64::from_le_bytes(guest.bytes(out + 16)), left);
        let room = guest.put(&[7, 0, 0, 0]);
        assert_eq!((guest.call("GetComputerNameA", &[out, room]), guest.last_error()), (0, 111));
        assert_eq!((guest.u32(room), guest.call("GetComputerNameA", &[out, room])), (8, 1));
        assert_eq!((guest.text(out), guest.u32(room)), ("DRVHOST".to_owned(), 7));
        assert_eq!((guest.call("GetSystemPowerStatus", &[out]), guest.bytes(out)), (1, [1, 128, 255, 0]));
        let own = guest.call("GetCurrentProcess", &[]);
        assert_eq!((guest.call("GetPriorityClass", &[own]), guest.call("GetPriorityClass", &[0])), (0x20, 0));
        assert_eq!(
            (guest.call("SetPriorityClass", &[own, 0x80]), guest.call("SetPriorityClass", &[own, 3])),
            (1, 0)
        );
        assert_eq!(
            (
                guest.call("SetProcessAffinityMask", &[own, 1]),
                guest.call("SetProcessAffinityMask", &[own, 2])
            ),
            (1, 0)
        );
        assert_eq!((guest.call("IsWow64Process", &[own, out]), guest.u32(out)), (1, 0));
        assert_eq!((guest.call("VirtualLock", &[out, 16]), guest.call("VirtualLock", &[0, 16])), (1, 0));
        let line = guest.put(b"setup.exe /s\0");
        assert_eq!(
            (
                guest.call("WinExec", &[line, 0]),
                guest.call("CreateProcessA", &[0, line, 0, 0, 0, 0, 0, 0, 0, 0])
            ),
            (5, 0)
        );
        assert_eq!(guest.last_error(), 5);
        assert_eq!(guest.said.borrow().last().unwrap(), "the driver wanted to run `setup.exe /s`");
        guest.call("RtlMoveMemory", &[out, line, 6]);
        guest.call("RtlFillMemory", &[out + 5, 1, b'!'.into()]);
        guest.call("RtlZeroMemory", &[out + 6, 2]);
        assert_eq!(guest.text(out), "setup!");
    }

    #[test]
    fn status_of_32_bit_code() {
        alone(|| status(Mode::I386));
    }

    #[test]
    fn status_of_64_bit_code() {
        alone(|| status(Mode::X86_64));
    }
}
