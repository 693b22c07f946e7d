//! Files: the guest has none. What it writes to the console goes to the host as text.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::{Unit, put, text, units};
use crate::kernel32::error::{ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND, ERROR_INVALID_HANDLE, fail};
use crate::kernel32::handles::Object;
use crate::process::Process;

/// INVALID_FILE_ATTRIBUTES.
const INVALID_FILE_ATTRIBUTES: u32 = u32::MAX;
const FILE_TYPE_CHAR: u32 = 2;
/// GetTempPath's answer, for a driver that only wants to build a name.
const TEMP: &str = r"C:\windows\temp\";
/// The most units of console text that are passed on at once.
const LONGEST: u64 = 4096;

/// CreateFileA and CreateFileW.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn CreateFile(
    process: &mut Process,
    _name: Pointer,
    _access: u32,
    _share: u32,
    _security: Pointer,
    _disposition: u32,
    _flags: u32,
    _template: Handle,
) -> Handle {
    fail(process, ERROR_ACCESS_DENIED, Handle::INVALID)
}

/// FindFirstFileA and FindFirstFileW.
pub fn FindFirstFile(process: &mut Process, _name: Pointer, _data: Pointer) -> Handle {
    fail(process, ERROR_FILE_NOT_FOUND, Handle::INVALID)
}

/// FindNextFileA and FindNextFileW: no search is ever open.
pub fn FindNextFile(process: &mut Process, _search: Handle, _data: Pointer) -> bool {
    fail(process, ERROR_INVALID_HANDLE, false)
}

/// FindClose: no search is ever open.
pub fn FindClose(process: &mut Process, _search: Handle) -> bool {
    fail(process, ERROR_INVALID_HANDLE, false)
}

/// GetFileAttributesA and GetFileAttributesW.
pub fn GetFileAttributes(process: &mut Process, _name: Pointer) -> u32 {
    fail(process, ERROR_FILE_NOT_FOUND, INVALID_FILE_ATTRIBUTES)
}

/// DeleteFileA and DeleteFileW.
pub fn DeleteFile(process: &mut Process, _name: Pointer) -> bool {
    fail(process, ERROR_FILE_NOT_FOUND, false)
}

/// GetStdHandle.
pub fn GetStdHandle(process: &mut Process, which: i32) -> Handle {
    match which {
        -10 => process.kernel32.handles.input(),
        -11 | -12 => process.kernel32.handles.output(),
        _ => fail(process, ERROR_INVALID_HANDLE, Handle::INVALID),
    }
}

fn is(process: &mut Process, handle: Handle, object: &Object) -> bool {
    process.kernel32.handles.get(handle).is_some_and(|found| found == object)
}

pub fn GetFileType(process: &mut Process, handle: Handle) -> u32 {
    if is(process, handle, &Object::Input) || is(process, handle, &Object::Output) {
        return FILE_TYPE_CHAR;
    }
    fail(process, ERROR_INVALID_HANDLE, 0)
}

/// ReadFile: the standard input is at its end.
pub fn ReadFile(
    process: &mut Process,
    file: Handle,
    _out: Pointer,
    _len: u32,
    read: Pointer,
    _overlapped: Pointer,
) -> Result<bool, Stop> {
    if !is(process, file, &Object::Input) {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    }
    if !read.is_null() {
        process.machine.memory.write(read.0, &0_u32.to_le_bytes())?;
    }
    Ok(true)
}

/// Passes console text on; all of it counts as written, whatever its length.
fn write<U: Unit>(
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

/// WriteFile and WriteConsoleA.
pub fn WriteFile(
    process: &mut Process,
    file: Handle,
    from: Pointer,
    len: u32,
    written: Pointer,
    _overlapped: Pointer,
) -> Result<bool, Stop> {
    write::<u8>(process, file, from, len, written)
}

pub fn WriteConsoleW(
    process: &mut Process,
    console: Handle,
    from: Pointer,
    len: u32,
    written: Pointer,
    _reserved: Pointer,
) -> Result<bool, Stop> {
    write::<u16>(process, console, from, len, written)
}

/// GetTempPath's way with a buffer that is too small: the size that it should have had is the answer.
pub fn GetTempPath<U: Unit>(process: &mut Process, room: u32, out: Pointer) -> Result<u32, Stop> {
    let len = u32::try_from(TEMP.len()).unwrap_or(u32::MAX);
    if len >= room {
        return Ok(len + 1);
    }
    Ok(put::<U>(&process.machine.memory, out, room, TEMP)?)
}

/// GetPrivateProfileIntA and GetPrivateProfileIntW: the default, because no initialization file exists.
pub fn GetPrivateProfileInt(
    _: &mut Process,
    _section: Pointer,
    _key: Pointer,
    default: i32,
    _file: Pointer,
) -> i32 {
    default
}

/// GetPrivateProfileString: the default without blanks at its end; or an empty list when all sections or all keys are asked for.
pub fn GetPrivateProfileString<U: Unit>(
    process: &mut Process,
    section: Pointer,
    key: Pointer,
    default: Pointer,
    out: Pointer,
    room: u32,
    _file: Pointer,
) -> Result<u32, Stop> {
    let memory = &process.machine.memory;
    if section.is_null() || key.is_null() {
        let empty = put::<U>(memory, out, room, "\0")?;
        return Ok(empty.saturating_sub(1));
    }
    Ok(put::<U>(memory, out, room, text::<U>(&process.machine, default)?.trim_end_matches(' '))?)
}

/// WritePrivateProfileStringA and WritePrivateProfileStringW.
pub fn WritePrivateProfileString(
    process: &mut Process,
    _section: Pointer,
    _key: Pointer,
    _text: Pointer,
    _file: Pointer,
) -> bool {
    fail(process, ERROR_ACCESS_DENIED, false)
}
