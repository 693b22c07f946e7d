//! Who the driver runs as: a user without further rights.

use guest::Stop;

use super::sid::Sid;
use crate::abi::{Handle, Pointer};
use crate::kernel32::codepage::Unit;
use crate::kernel32::error::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NO_TOKEN,
    ERROR_NOT_ENOUGH_MEMORY, fail,
};
use crate::kernel32::handles::Object;
use crate::kernel32::process::CURRENT_PROCESS;
use crate::kernel32::record::Record;
use crate::kernel32::thread::CURRENT_THREAD;
use crate::process::Process;

/// The user's name, after which the folder is named that is its home.
const USER: &str = "driver";

/// OpenProcessToken: only the driver's own process has a handle.
pub fn OpenProcessToken(process: &mut Process, of: Handle, _access: u32, out: Pointer) -> Result<bool, Stop> {
    if of != CURRENT_PROCESS {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    }
    let Some(token) = process.kernel32.handles.insert(Object::Token) else {
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, false));
    };
    process.machine.put_pointer(out.0, token.0)?;
    Ok(true)
}

/// OpenThreadToken: no thread impersonates anybody, so none has a token of its own.
pub fn OpenThreadToken(
    process: &mut Process,
    thread: Handle,
    _access: u32,
    _as_self: i32,
    _out: Pointer,
) -> bool {
    let known = thread == CURRENT_THREAD
        || matches!(process.kernel32.handles.get(thread), Some(Object::Thread { .. }));
    fail(process, if known { ERROR_NO_TOKEN } else { ERROR_INVALID_HANDLE }, false)
}

/// Classes of what is known of a token (TOKEN_INFORMATION_CLASS), as far as it is known here.
const TOKEN_USER: u32 = 1;
const TOKEN_OWNER: u32 = 4;
const TOKEN_TYPE: u32 = 8;
const TOKEN_ELEVATION_TYPE: u32 = 18;
const TOKEN_ELEVATION: u32 = 20;

/// GetTokenInformation: the user, who is also the owner of what it makes; that the token is one of a process, and has no elevated rights. Of
/// all else ERROR_INVALID_PARAMETER.
pub fn GetTokenInformation(
    process: &mut Process,
    token: Handle,
    class: u32,
    out: Pointer,
    room: u32,
    needed: Pointer,
) -> Result<bool, Stop> {
    const TOKEN_PRIMARY: u32 = 1;
    const TOKEN_ELEVATION_TYPE_DEFAULT: u32 = 1;
    if !matches!(process.kernel32.handles.get(token), Some(Object::Token)) {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    }
    let mode = process.machine.mode();
    let sid = Sid::of_user().bytes();
    // The identifier lies behind the structure that points to it.
    let record = |behind: u64| match class {
        TOKEN_USER => Some(Record::new(mode).pointer(behind).u32(0)),
        TOKEN_OWNER => Some(Record::new(mode).pointer(behind)),
        TOKEN_TYPE => Some(Record::new(mode).u32(TOKEN_PRIMARY)),
        TOKEN_ELEVATION_TYPE => Some(Record::new(mode).u32(TOKEN_ELEVATION_TYPE_DEFAULT)),
        TOKEN_ELEVATION => Some(Record::new(mode).u32(0)),
        _ => None,
    };
    let Some(size) = record(0).map(|record| record.finish().len()) else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    };
    let mut bytes = record(out.at(size as u64).0).map(Record::finish).unwrap_or_default();
    if matches!(class, TOKEN_USER | TOKEN_OWNER) {
        bytes.extend(sid);
    }
    // At most some dozens.
    process.machine.memory.write(needed.0, &(bytes.len() as u32).to_le_bytes())?;
    if bytes.len() > room as usize {
        return Ok(fail(process, ERROR_INSUFFICIENT_BUFFER, false));
    }
    process.machine.memory.write(out.0, &bytes)?;
    Ok(true)
}

/// GetUserNameA and GetUserNameW; the number of units counts the zero.
pub fn GetUserName<U: Unit>(process: &mut Process, out: Pointer, count: Pointer) -> Result<bool, Stop> {
    let memory = &process.machine.memory;
    let room = memory.array(count.0).map(u32::from_le_bytes)?;
    let mut units = U::encode(USER);
    units.push(U::ZERO);
    memory.write(count.0, &(units.len() as u32).to_le_bytes())?;
    if units.len() > room as usize {
        return Ok(fail(process, ERROR_INSUFFICIENT_BUFFER, false));
    }
    memory.write(out.0, &U::to_bytes(&units))?;
    Ok(true)
}
