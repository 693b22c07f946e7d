//! Invalid parameters (MS Learn, "Parameter Validation"): a driver's own handler is called if it has set one. Without one the call goes on as it does where a handler
//! returns, with `errno` and the answer that its page names: Windows' own msvcrt.dll goes on like that, and to end a driver helps nobody.

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::{EINVAL, data, put_pointer, set_errno};
use crate::process::Process;

/// Answers a call with an invalid parameter: `errno` is set, and the driver's handler called.
pub(super) fn invalid<T>(process: &mut Process, error: i32, answer: T) -> Result<T, Stop> {
    set_errno(process, error);
    let handler = match thread_handler(process)? {
        Pointer::NULL => process.crt.invalid_parameter,
        own => own,
    };
    if !handler.is_null() {
        // Expression, function, file, line and a reserved one: all are NULL but in libraries for debugging.
        process.call(handler.0, &[0; 5])?;
    }
    Ok(answer)
}

/// Where a thread keeps its own handler, in its own storage.
const THREAD_HANDLER: u64 = 112;

fn thread_handler(process: &Process) -> Result<Pointer, Stop> {
    let at = process.machine.thread_storage() + THREAD_HANDLER;
    Ok(process.machine.pointer_at(at).map(Pointer)?)
}

/// _set_invalid_parameter_handler: the handler before.
pub fn _set_invalid_parameter_handler(process: &mut Process, handler: Pointer) -> Pointer {
    std::mem::replace(&mut process.crt.invalid_parameter, handler)
}

pub fn _get_invalid_parameter_handler(process: &mut Process) -> Pointer {
    process.crt.invalid_parameter
}

/// _set_thread_local_invalid_parameter_handler: that of the running thread, which comes before the one for all.
pub fn _set_thread_local_invalid_parameter_handler(
    process: &mut Process,
    handler: Pointer,
) -> Result<Pointer, Stop> {
    let before = thread_handler(process)?;
    let at = Pointer(process.machine.thread_storage()).at(THREAD_HANDLER);
    put_pointer(&process.machine, at, handler)?;
    Ok(before)
}

pub fn _get_thread_local_invalid_parameter_handler(process: &mut Process) -> Result<Pointer, Stop> {
    thread_handler(process)
}

/// _invalid_parameter_noinfo, which inlined functions call, and `_invalid_parameter`, which gets what this one has not.
pub fn _invalid_parameter_noinfo(process: &mut Process) -> Result<(), Stop> {
    let errno = errno(process)?;
    invalid(process, errno, ())
}

/// _invalid_parameter: what the caller tells is passed on.
pub fn _invalid_parameter(
    process: &mut Process,
    expression: Pointer,
    function: Pointer,
    file: Pointer,
    line: u32,
    reserved: Pointer,
) -> Result<(), Stop> {
    let own = thread_handler(process)?;
    let handler = if own.is_null() { process.crt.invalid_parameter } else { own };
    if !handler.is_null() {
        process.call(handler.0, &[expression.0, function.0, file.0, line.into(), reserved.0])?;
    }
    Ok(())
}

fn errno(process: &mut Process) -> Result<i32, Stop> {
    let at = data::_errno(process);
    Ok(process.machine.memory.array(at.0).map(i32::from_le_bytes)?)
}

/// _get_errno.
pub fn _get_errno(process: &mut Process, out: Pointer) -> Result<i32, Stop> {
    let from = data::_errno(process);
    get(process, from, out)
}

pub fn _get_doserrno(process: &mut Process, out: Pointer) -> Result<i32, Stop> {
    let from = data::__doserrno(process);
    get(process, from, out)
}

fn get(process: &mut Process, from: Pointer, out: Pointer) -> Result<i32, Stop> {
    if out.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    process.machine.memory.copy(out.0, from.0, 4)?;
    Ok(0)
}

pub fn _set_errno(process: &mut Process, error: i32) -> i32 {
    set_errno(process, error);
    0
}

pub fn _set_doserrno(process: &mut Process, error: i32) -> Result<i32, Stop> {
    let at = data::__doserrno(process);
    process.machine.memory.write(at.0, &error.to_le_bytes())?;
    Ok(0)
}
