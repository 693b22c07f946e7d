//! Threads by the C library's names.

use guest::Stop;

use crate::abi::{Handle, Pointer};
use crate::crt::invalid::invalid;
use crate::crt::{EAGAIN, EINVAL, set_errno};
use crate::kernel32::thread::{self, Beginning, CREATE_SUSPENDED};
use crate::process::Process;

fn begin(process: &mut Process, beginning: Beginning, failure: Handle) -> Result<Handle, Stop> {
    if beginning.function.is_null() {
        return invalid(process, EINVAL, failure);
    }
    if let Some(handle) = thread::begin(process, beginning)? {
        return Ok(handle);
    }
    set_errno(process, EAGAIN);
    Ok(failure)
}

/// _beginthread: -1 when there cannot be one more. The handle is closed when the thread ends.
pub fn _beginthread(
    process: &mut Process,
    function: Pointer,
    _stack: u32,
    parameter: Pointer,
) -> Result<Handle, Stop> {
    let beginning = Beginning { function, parameter, suspended: false, id: Pointer::NULL, closes: true };
    begin(process, beginning, Handle::INVALID)
}

/// _beginthreadex: 0 when there cannot be one more.
pub fn _beginthreadex(
    process: &mut Process,
    _security: Pointer,
    _stack: u32,
    function: Pointer,
    parameter: Pointer,
    flags: u32,
    id: Pointer,
) -> Result<Handle, Stop> {
    let suspended = flags & CREATE_SUSPENDED != 0;
    begin(process, Beginning { function, parameter, suspended, id, closes: false }, Handle::NULL)
}

pub fn _endthread(process: &mut Process) -> Result<(), Stop> {
    thread::ExitThread(process, 0)
}

pub fn _endthreadex(process: &mut Process, code: u32) -> Result<(), Stop> {
    thread::ExitThread(process, code)
}
