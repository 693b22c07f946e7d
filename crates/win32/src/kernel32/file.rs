//! The standard streams. What the guest writes to the console goes to the host as text; there is nothing to read.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::{Unit, units};
use crate::kernel32::error::{ERROR_INVALID_HANDLE, fail};
use crate::kernel32::handles::Object;
use crate::process::Process;

const FILE_TYPE_DISK: u32 = 1;
const FILE_TYPE_CHAR: u32 = 2;
/// The most units of console text that are passed on at once.
const LONGEST: u64 = 4096;

fn is(process: &mut Process, handle: Handle, object: &Object) -> bool {
    process.kernel32.handles.get(handle).is_some_and(|found| found == object)
}

pub fn GetFileType(process: &mut Process, handle: Handle) -> u32 {
    if is(process, handle, &Object::Input) || is(process, handle, &Object::Output) {
        return FILE_TYPE_CHAR;
    }
    if matches!(process.kernel32.handles.get(handle), Some(Object::File(_))) {
        return FILE_TYPE_DISK;
    }
    fail(process, ERROR_INVALID_HANDLE, 0)
}

/// Passes console text on; all of it counts as written, whatever its length.
pub(super) fn console_write<U: Unit>(
    process: &mut Process,
    file: Handle,
    from: Pointer,
    len: u32,
    written: Pointer,
) -> Result<bool, Stop> {
    if !is(process, file, &Object::Output) {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    }
    let text = units::<U>(&process.machine.memory, from, u64::from(len).min(LONGEST))?;
    process.say(U::decode(&text).as_bytes());
    if !written.is_null() {
        process.machine.memory.write(written.0, &len.to_le_bytes())?;
    }
    Ok(true)
}

pub fn WriteConsoleA(
    process: &mut Process,
    console: Handle,
    from: Pointer,
    len: u32,
    written: Pointer,
    _reserved: Pointer,
) -> Result<bool, Stop> {
    console_write::<u8>(process, console, from, len, written)
}

pub fn WriteConsoleW(
    process: &mut Process,
    console: Handle,
    from: Pointer,
    len: u32,
    written: Pointer,
    _reserved: Pointer,
) -> Result<bool, Stop> {
    console_write::<u16>(process, console, from, len, written)
}
