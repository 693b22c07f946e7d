//! What the start-up code of statically linked C libraries asks for besides.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{FaultKind, Stop};

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::Unit;
use crate::kernel32::environment;
use crate::kernel32::error::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_OLD_WIN_VERSION, fail,
};
use crate::kernel32::process::{BUILD, CURRENT_PROCESS, MAJOR, MINOR, SERVICE_PACK};
use crate::process::Process;

/// Where Windows is.
const WINDOWS: &str = r"C:\windows";
const SYSTEM: &str = r"C:\windows\system32";

pub fn GetWindowsDirectory<U: Unit>(process: &mut Process, out: Pointer, room: u32) -> Result<u32, Stop> {
    environment::answer::<U>(process, WINDOWS, out, room)
}

pub fn GetSystemDirectory<U: Unit>(process: &mut Process, out: Pointer, room: u32) -> Result<u32, Stop> {
    environment::answer::<U>(process, SYSTEM, out, room)
}

/// SetStdHandle.
pub fn SetStdHandle(process: &mut Process, which: i32, handle: Handle) -> bool {
    match process.kernel32.standard.get_mut(which.wrapping_add(12).cast_unsigned() as usize) {
        Some(place) => {
            *place = handle;
            true
        }
        None => fail(process, ERROR_INVALID_HANDLE, false),
    }
}

/// GetStdHandle: STD_ERROR_HANDLE is -12, STD_INPUT_HANDLE -10.
pub fn GetStdHandle(process: &mut Process, which: i32) -> Handle {
    let place = process.kernel32.standard.get(which.wrapping_add(12).cast_unsigned() as usize).copied();
    place.unwrap_or_else(|| fail(process, ERROR_INVALID_HANDLE, Handle::INVALID))
}

/// SetHandleCount: as many as it was given, as documented.
pub fn SetHandleCount(_: &mut Process, count: u32) -> u32 {
    count
}

pub fn AreFileApisANSI(_: &mut Process) -> bool {
    true
}

const HEAP_COMPATIBILITY_INFORMATION: u32 = 0;
const HEAP_ENABLE_TERMINATION_ON_CORRUPTION: u32 = 1;
/// The low-fragmentation heap, which all heaps are on the Windows that this claims to be.
const LOW_FRAGMENTATION: u32 = 2;

/// HeapSetInformation: a heap stays as it is.
pub fn HeapSetInformation(
    process: &mut Process,
    _heap: Pointer,
    class: u32,
    from: Pointer,
    len: Pointer,
) -> Result<bool, Stop> {
    match class {
        HEAP_ENABLE_TERMINATION_ON_CORRUPTION if from.is_null() && len.is_null() => Ok(true),
        HEAP_COMPATIBILITY_INFORMATION if len.0 >= 4 => {
            let wanted = process.machine.memory.array(from.0).map(u32::from_le_bytes)?;
            Ok(wanted == LOW_FRAGMENTATION || fail(process, ERROR_INVALID_PARAMETER, false))
        }
        _ => Ok(fail(process, ERROR_INVALID_PARAMETER, false)),
    }
}

pub fn HeapQueryInformation(
    process: &mut Process,
    _heap: Pointer,
    class: u32,
    out: Pointer,
    room: Pointer,
    needed: Pointer,
) -> Result<bool, Stop> {
    if class != HEAP_COMPATIBILITY_INFORMATION {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    if !needed.is_null() {
        process.machine.put_pointer(needed.0, 4)?;
    }
    if room.0 < 4 {
        return Ok(fail(process, ERROR_INSUFFICIENT_BUFFER, false));
    }
    process.machine.memory.write(out.0, &LOW_FRAGMENTATION.to_le_bytes())?;
    Ok(true)
}

/// RtlPcToFileHeader: the base of the image that has an address, which is written down too; NULL for none.
pub fn RtlPcToFileHeader(process: &mut Process, address: Pointer, out: Pointer) -> Result<Pointer, Stop> {
    let mut modules = process.machine.modules().iter();
    let base = modules.find(|module| module.range().contains(&address.0)).map_or(0, |module| module.base);
    process.machine.put_pointer(out.0, base)?;
    Ok(Pointer(base))
}

pub fn GetExitCodeProcess(process: &mut Process, of: Handle, out: Pointer) -> Result<bool, Stop> {
    const STILL_ACTIVE: u32 = 259;
    if of != CURRENT_PROCESS {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    }
    process.machine.memory.write(out.0, &STILL_ACTIVE.to_le_bytes())?;
    Ok(true)
}

/// FreeLibraryAndExitThread. What cannot be freed stays, and the thread ends all the same.
pub fn FreeLibraryAndExitThread(process: &mut Process, module: Pointer, code: u32) -> Result<(), Stop> {
    process.release(module.0)?;
    Err(Stop::Kind(FaultKind::ThreadExit { code }))
}

/// Types of VerSetConditionMask, by the place of their bit. Each has three bits of the mask.
const VER_MINORVERSION: u32 = 0;
const VER_MAJORVERSION: u32 = 1;
const VER_BUILDNUMBER: u32 = 2;
const VER_PLATFORMID: u32 = 3;
const VER_SERVICEPACKMINOR: u32 = 4;
const VER_SERVICEPACKMAJOR: u32 = 5;
const VER_SUITENAME: u32 = 6;
const VER_PRODUCT_TYPE: u32 = 7;

/// VerSetConditionMask: the mask, with a condition for each of these types.
pub fn VerSetConditionMask(_: &mut Process, mask: u64, types: u32, condition: u8) -> u64 {
    let condition = u64::from(condition & 7);
    (0..8).filter(|place| types & 1 << place != 0).fold(mask, |mask, place| mask | condition << (3 * place))
}

/// Whether a condition holds between what there is and what is asked for.
fn holds(condition: u64, there: u32, asked: u32) -> bool {
    match condition {
        1 => there == asked,
        2 => there > asked,
        3 => there >= asked,
        4 => there < asked,
        5 => there <= asked,
        6 => there & asked == asked,
        7 => there & asked != 0,
        _ => false,
    }
}

/// VerifyVersionInfo: the version's parts count together, from the major one on, by the condition of the first of them that is asked for.
pub fn VerifyVersionInfo<U: Unit>(
    process: &mut Process,
    information: Pointer,
    types: u32,
    mask: u64,
) -> Result<bool, Stop> {
    const VER_PLATFORM_WIN32_NT: u32 = 2;
    const VER_NT_WORKSTATION: u32 = 1;
    if types == 0 {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let memory = &process.machine.memory;
    let long = |place: u64| memory.array(information.at(4 * place).0).map(u32::from_le_bytes);
    let behind = information.at(20 + 128 * U::SIZE);
    let short = |place: u64| memory.array(behind.at(2 * place).0).map(u16::from_le_bytes).map(u32::from);
    let [product] = memory.array(behind.at(6).0)?;
    let condition = |place: u32| mask >> (3 * place) & 7;
    let asked = |place: u32| types & 1 << place != 0;
    let parts = [
        (VER_MAJORVERSION, MAJOR, long(1)?),
        (VER_MINORVERSION, MINOR, long(2)?),
        (VER_BUILDNUMBER, BUILD, long(3)?),
        (VER_SERVICEPACKMAJOR, SERVICE_PACK.0.into(), short(0)?),
        (VER_SERVICEPACKMINOR, 0, short(1)?),
    ];
    let mut parts = parts.into_iter().filter(|&(place, ..)| asked(place)).peekable();
    let version = parts.peek().map(|&(place, ..)| condition(place));
    let together =
        parts.fold(std::cmp::Ordering::Equal, |order, (_, there, asked)| order.then(there.cmp(&asked)));
    // As if the parts were one number, less than, equal to or greater than 1.
    let version = version.is_none_or(|condition| holds(condition, (1 + together as i32).cast_unsigned(), 1));
    let others = [
        (VER_PLATFORMID, VER_PLATFORM_WIN32_NT, long(4)?),
        (VER_SUITENAME, 0, short(2)?),
        (VER_PRODUCT_TYPE, VER_NT_WORKSTATION, product.into()),
    ];
    let others = others
        .into_iter()
        .all(|(place, there, wanted)| !asked(place) || holds(condition(place), there, wanted));
    Ok(version && others || fail(process, ERROR_OLD_WIN_VERSION, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold() {
        let all = |there, asked| (1..8).map(|condition| holds(condition, there, asked)).collect::<Vec<_>>();
        assert_eq!(all(6, 6), [true, false, true, false, true, true, true]);
        assert_eq!(all(6, 5), [false, true, true, false, false, false, true]);
        assert!(!holds(0, 1, 1));
    }
}
