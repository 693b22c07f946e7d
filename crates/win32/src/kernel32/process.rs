//! The guest's process as it sees itself: how it ends, where it runs, what it was started with.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::layout::{GRANULARITY, GUEST_END, PAGE};
use guest::{FaultKind, Machine, Mode, Stop, Violation};

use crate::abi::{Handle, Pointer};
use crate::exceptions::ExceptionRecord;
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE, fail};
use crate::kernel32::record::Record;
use crate::kernel32::wait;
use crate::process::Process;

/// The version of Windows that this claims to be: 7 with Service Pack 1, the last that drivers of this kind were made for.
pub(crate) const MAJOR: u32 = 6;
pub(crate) const MINOR: u32 = 1;
pub(crate) const BUILD: u32 = 7601;
pub(super) const SERVICE_PACK: (u16, &str) = (1, "Service Pack 1");

/// The guest's command line: the name of a program.
const COMMAND_LINE: &str = "drvhost";

/// Where the command line lies in guest memory.
#[derive(Debug)]
pub(crate) struct CommandLine {
    pub ansi: Pointer,
    pub wide: Pointer,
}

impl CommandLine {
    pub fn new(machine: &mut Machine) -> Result<Self, Violation> {
        Ok(Self { ansi: lend_text::<u8>(machine)?, wide: lend_text::<u16>(machine)? })
    }
}

fn lend_text<U: Unit>(machine: &mut Machine) -> Result<Pointer, Violation> {
    // Lent memory is zeroed, which ends the text.
    let bytes = U::to_bytes(&U::encode(COMMAND_LINE));
    let at = machine.lend(bytes.len() as u64 + U::SIZE)?;
    machine.memory.write(at, &bytes)?;
    Ok(Pointer(at))
}

pub fn GetCommandLineA(process: &mut Process) -> Pointer {
    process.kernel32.command_line.ansi
}

pub fn GetCommandLineW(process: &mut Process) -> Pointer {
    process.kernel32.command_line.wide
}

pub fn ExitProcess(_: &mut Process, code: u32) -> Result<(), Stop> {
    Err(Stop::Kind(FaultKind::Exit { code }))
}

/// TerminateProcess: no handle names another process.
pub fn TerminateProcess(_: &mut Process, _process: Handle, code: u32) -> Result<bool, Stop> {
    Err(Stop::Kind(FaultKind::Exit { code }))
}

pub fn FatalAppExit<U: Unit>(process: &mut Process, _action: u32, message: Pointer) -> Result<(), Stop> {
    let message = text::<U>(&process.machine, message)?;
    process.say(message.as_bytes());
    ExitProcess(process, 1)
}

/// UnhandledExceptionFilter: ends the call with the exception that EXCEPTION_POINTERS leads to.
pub fn UnhandledExceptionFilter(process: &mut Process, pointers: Pointer) -> Result<i32, Stop> {
    let record = process.machine.pointer_at(pointers.0)?;
    Err(Stop::Kind(ExceptionRecord::read(&process.machine, record)?.fault()))
}

/// The pseudo handle of the guest's process, which is INVALID_HANDLE_VALUE too.
pub(crate) const CURRENT_PROCESS: Handle = Handle::INVALID;

/// GetCurrentProcess: the pseudo handle -1.
pub fn GetCurrentProcess(_: &mut Process) -> Handle {
    CURRENT_PROCESS
}

pub fn GetCurrentProcessId(process: &mut Process) -> u32 {
    process.machine.ids().0
}

/// GetProcessAffinityMask: one processor, on which all of the guest's threads may run.
pub fn GetProcessAffinityMask(
    process: &mut Process,
    of: Handle,
    own: Pointer,
    system: Pointer,
) -> Result<bool, Stop> {
    if wait::object(process, of) != Some(process.kernel32.process) {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    }
    for mask in [own, system] {
        process.machine.put_pointer(mask.0, 1)?;
    }
    Ok(true)
}

pub fn IsDebuggerPresent(_: &mut Process) -> bool {
    false
}

/// IsProcessorFeaturePresent: what every x86-64 processor has, and what this one has besides.
pub fn IsProcessorFeaturePresent(_: &mut Process, feature: u32) -> bool {
    match feature {
        // Compare-exchange double, MMX, SSE, RDTSC, PAE, SSE2, NX.
        2 | 3 | 6 | 8 | 9 | 10 | 12 => true,
        13 => is_x86_feature_detected!("sse3"),
        14 => is_x86_feature_detected!("cmpxchg16b"),
        36 => is_x86_feature_detected!("ssse3"),
        37 => is_x86_feature_detected!("sse4.1"),
        38 => is_x86_feature_detected!("sse4.2"),
        39 => is_x86_feature_detected!("avx"),
        40 => is_x86_feature_detected!("avx2"),
        _ => false,
    }
}

/// GetSystemInfo and GetNativeSystemInfo: SYSTEM_INFO of a machine with one processor, which is all that the guest's code is for.
pub fn GetSystemInfo(process: &mut Process, out: Pointer) -> Result<(), Stop> {
    const PROCESSOR_ARCHITECTURE_INTEL: u16 = 0;
    const PROCESSOR_ARCHITECTURE_AMD64: u16 = 9;
    const PROCESSOR_INTEL_PENTIUM: u32 = 586;
    const PROCESSOR_AMD_X8664: u32 = 8664;
    let low = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    let mode = process.machine.mode();
    let (architecture, kind) = match mode {
        Mode::I386 => (PROCESSOR_ARCHITECTURE_INTEL, PROCESSOR_INTEL_PENTIUM),
        Mode::X86_64 => (PROCESSOR_ARCHITECTURE_AMD64, PROCESSOR_AMD_X8664),
    };
    let information = Record::new(mode)
        .u16(architecture)
        .u16(0)
        .u32(low(PAGE))
        .pointer(GRANULARITY)
        .pointer(GUEST_END - GRANULARITY - 1)
        .pointer(1)
        .u32(1)
        .u32(kind)
        .u32(low(GRANULARITY))
        .u16(6)
        .u16(0);
    Ok(process.machine.memory.write(out.0, &information.finish())?)
}

/// GetVersion: the build in the upper half, then the minor and the major version.
pub fn GetVersion(_: &mut Process) -> u32 {
    BUILD << 16 | MINOR << 8 | MAJOR
}

/// OSVERSIONINFO or OSVERSIONINFOEX, whichever has the size that the caller put into its first field.
fn version_record<U: Unit>(mode: Mode, size: usize) -> Option<Vec<u8>> {
    const VER_PLATFORM_WIN32_NT: u32 = 2;
    const VER_NT_WORKSTATION: u16 = 1;
    let mut service_pack = U::encode(SERVICE_PACK.1);
    service_pack.resize(128, U::ZERO);
    let record = Record::new(mode)
        .u32(u32::try_from(size).ok()?)
        .u32(MAJOR)
        .u32(MINOR)
        .u32(BUILD)
        .u32(VER_PLATFORM_WIN32_NT)
        .bytes(&U::to_bytes(&service_pack));
    let plain = record.finish();
    if plain.len() == size {
        return Some(plain);
    }
    // Service pack, suites, then the kind of product and a reserved byte.
    let extended =
        Record::new(mode).bytes(&plain).u16(SERVICE_PACK.0).u16(0).u16(0).u16(VER_NT_WORKSTATION).finish();
    (extended.len() == size).then_some(extended)
}

pub fn GetVersionEx<U: Unit>(process: &mut Process, out: Pointer) -> Result<bool, Stop> {
    let size = u32::from_le_bytes(process.machine.memory.array(out.0)?);
    match version_record::<U>(process.machine.mode(), size as usize) {
        Some(record) => Ok(process.machine.memory.write(out.0, &record).map(|()| true)?),
        None => Ok(fail(process, ERROR_INSUFFICIENT_BUFFER, false)),
    }
}

/// GetStartupInfoA and GetStartupInfoW: STARTUPINFO with nothing set but its size.
pub fn GetStartupInfo(process: &mut Process, out: Pointer) -> Result<(), Stop> {
    let mode = process.machine.mode();
    let size = match mode {
        Mode::I386 => 68,
        Mode::X86_64 => 104,
    };
    let mut information = Record::new(mode).u32(size).finish();
    information.resize(size as usize, 0);
    Ok(process.machine.memory.write(out.0, &information)?)
}

pub fn OutputDebugString<U: Unit>(process: &mut Process, message: Pointer) -> Result<(), Stop> {
    let message = text::<U>(&process.machine, message)?;
    process.say(message.as_bytes());
    Ok(())
}

/// EncodePointer and DecodePointer: the pointer itself. Encoding hides pointers from an attacker who can write to the process; here that is
/// the guest itself.
pub fn EncodePointer(_: &mut Process, pointer: Pointer) -> Pointer {
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_records_have_their_documented_sizes() {
        assert_eq!(
            version_record::<u8>(Mode::I386, 148).unwrap()[..12],
            [148, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0]
        );
        assert_eq!(version_record::<u8>(Mode::I386, 156).unwrap()[148..], [1, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(version_record::<u16>(Mode::I386, 276).unwrap()[20..24], [b'S', 0, b'e', 0]);
        assert_eq!(version_record::<u16>(Mode::I386, 284).unwrap().len(), 284);
        assert_eq!(version_record::<u16>(Mode::I386, 148), None);
        assert_eq!(version_record::<u8>(Mode::I386, 0), None);
    }
}
