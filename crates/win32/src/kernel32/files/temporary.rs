//! Where drivers find themselves: the current directory, full paths, and names for temporary files.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use wire::Disposition;

use crate::abi::Pointer;
use crate::files::Access;
use crate::kernel32::codepage::{Unit, put, text};
use crate::kernel32::error::{
    ERROR_DIRECTORY, ERROR_FILE_EXISTS, ERROR_INVALID_PARAMETER, ERROR_PATH_NOT_FOUND, fail,
};
use crate::kernel32::path::full;
use crate::process::Process;

/// The folder for temporary files. It lies on the driver's own drive C.
const TEMP: &str = r"C:\windows\temp\";

/// Puts a text with the zero that ends it; where there is no room, the answer is the room that it needs.
fn put_or_room<U: Unit>(process: &Process, text: &str, room: u32, out: Pointer) -> Result<u32, Stop> {
    let len = u32::try_from(U::encode(text).len()).unwrap_or(u32::MAX - 1);
    if len >= room {
        return Ok(len + 1);
    }
    Ok(put::<U>(&process.machine.memory, out, room, text)?)
}

pub fn GetTempPath<U: Unit>(process: &mut Process, room: u32, out: Pointer) -> Result<u32, Stop> {
    put_or_room::<U>(process, TEMP, room, out)
}

/// GetTempFileName: makes the file unless the caller gives the number. The buffer has MAX_PATH units.
pub fn GetTempFileName<U: Unit>(
    process: &mut Process,
    folder: Pointer,
    prefix: Pointer,
    number: u32,
    out: Pointer,
) -> Result<u32, Stop> {
    /// How many names are tried: all that there are, as documented.
    const NAMES: u32 = 0xffff;
    const MAX_PATH: u32 = 260;
    if folder.is_null() || out.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    let (folder, prefix) = (text::<U>(&process.machine, folder)?, text::<U>(&process.machine, prefix)?);
    let folder = full(process, &folder);
    // The prefix, four digits, the extension and the zero need the rest.
    if folder.encode_utf16().count() > MAX_PATH as usize - 14 {
        return Ok(fail(process, crate::kernel32::error::ERROR_BUFFER_OVERFLOW, 0));
    }
    let prefix: String = prefix.chars().take(3).collect();
    let name = |number: u32| format!(r"{}\{prefix}{number:x}.tmp", folder.trim_end_matches('\\'));
    if number & 0xffff != 0 {
        put::<U>(&process.machine.memory, out, MAX_PATH, &name(number & 0xffff))?;
        return Ok(number & 0xffff);
    }
    match process.look_at(folder.clone())? {
        Ok(info) if info.folder => {}
        _ => return Ok(fail(process, ERROR_DIRECTORY, 0)),
    }
    let first = process.milliseconds() % NAMES;
    let access = Access { read: false, write: true, append: false };
    for tried in 0..NAMES {
        crate::process::still_wanted(&process.machine)?;
        let number = (first + tried) % NAMES + 1;
        match process.open_file(name(number), access, Disposition::CreateNew)? {
            Ok((stream, _)) => {
                let _ = process.close_file(&stream)?;
                put::<U>(&process.machine.memory, out, MAX_PATH, &name(number))?;
                return Ok(number);
            }
            Err(ERROR_FILE_EXISTS) => {}
            Err(code) => return Ok(fail(process, code, 0)),
        }
    }
    Ok(fail(process, ERROR_FILE_EXISTS, 0))
}

pub fn GetCurrentDirectory<U: Unit>(process: &mut Process, room: u32, out: Pointer) -> Result<u32, Stop> {
    let directory = process.kernel32.directory.clone();
    put_or_room::<U>(process, &directory, room, out)
}

pub fn SetCurrentDirectory<U: Unit>(process: &mut Process, name: Pointer) -> Result<bool, Stop> {
    let name = text::<U>(&process.machine, name)?;
    let path = full(process, &name);
    match process.look_at(path.clone())? {
        Ok(info) if info.folder => {
            // Only a drive's root keeps its separator.
            let short = path.trim_end_matches('\\');
            process.kernel32.directory =
                if short.ends_with(':') { format!(r"{short}\") } else { short.to_owned() };
            Ok(true)
        }
        Ok(_) => Ok(fail(process, ERROR_DIRECTORY, false)),
        Err(code) => {
            let code = if code == crate::kernel32::error::ERROR_FILE_NOT_FOUND {
                ERROR_PATH_NOT_FOUND
            } else {
                code
            };
            Ok(fail(process, code, false))
        }
    }
}

/// GetFullPathName: text only; the last name's place is answered as well.
pub fn GetFullPathName<U: Unit>(
    process: &mut Process,
    name: Pointer,
    room: u32,
    out: Pointer,
    last: Pointer,
) -> Result<u32, Stop> {
    let name = text::<U>(&process.machine, name)?;
    if name.is_empty() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    let path = full(process, &name);
    let len = put_or_room::<U>(process, &path, room, out)?;
    if !last.is_null() && len < room {
        let folder = path.rfind('\\').map_or(0, |at| at + 1);
        let units = U::encode(&path[..folder]).len() as u64;
        let at = if folder == path.len() { Pointer::NULL } else { out.at(units * U::SIZE) };
        process.machine.put_pointer(last.0, at.0)?;
    }
    Ok(len)
}

/// GetShortPathName and GetLongPathName, of what is there: no file here has a short name.
pub fn GetLongPathName<U: Unit>(
    process: &mut Process,
    name: Pointer,
    out: Pointer,
    room: u32,
) -> Result<u32, Stop> {
    let name = text::<U>(&process.machine, name)?;
    let path = full(process, &name);
    match process.look_at(path)? {
        Ok(_) => put_or_room::<U>(process, &name, room, out),
        Err(code) => Ok(fail(process, code, 0)),
    }
}

/// GetDriveType: drive C is the driver's own, drive Z this computer's.
pub fn GetDriveType<U: Unit>(process: &mut Process, root: Pointer) -> Result<u32, Stop> {
    const DRIVE_NO_ROOT_DIR: u32 = 1;
    const DRIVE_FIXED: u32 = 3;
    if root.is_null() {
        return Ok(DRIVE_FIXED);
    }
    let root = text::<U>(&process.machine, root)?.to_ascii_lowercase();
    Ok(if matches!(root.as_str(), r"c:\" | r"z:\") { DRIVE_FIXED } else { DRIVE_NO_ROOT_DIR })
}

/// GetLogicalDrives: C and Z.
pub fn GetLogicalDrives(_: &mut Process) -> u32 {
    1 << 2 | 1 << 25
}
