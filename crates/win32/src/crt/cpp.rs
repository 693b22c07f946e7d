//! What compiled C++ calls besides its exceptions: `new` and `delete`, the ends that a program can come to, and the few functions of types.

#![allow(non_snake_case, reason = "the functions' own names")]

use guest::{FaultKind, Mode, Stop};

use crate::abi::Pointer;
use crate::crt::{invalid, memory, pointer_at, put_pointer, startup, stdio};
use crate::process::Process;
use crate::text;

/// The functions that a program has set for what cannot go on.
#[derive(Debug, Default)]
pub(super) struct Handlers {
    purecall: Pointer,
    terminate: Pointer,
    unexpected: Pointer,
    new: Pointer,
    /// Whether `malloc` calls the last one, too, which it does not here.
    new_mode: i32,
    translator: Pointer,
}

/// Functions that set a handler and answer the one before, and functions that answer it.
macro_rules! handlers {
    ($($set:ident $get:ident = $field:ident;)*) => {$(
        pub fn $set(process: &mut Process, handler: Pointer) -> Pointer {
            std::mem::replace(&mut process.crt.handlers.$field, handler)
        }

        pub fn $get(process: &mut Process) -> Pointer {
            process.crt.handlers.$field
        }
    )*};
}
handlers! {
    _set_purecall_handler _get_purecall_handler = purecall;
    set_terminate _get_terminate = terminate;
    set_unexpected _get_unexpected = unexpected;
    _set_new_handler _query_new_handler = new;
    _set_se_translator _query_se_translator = translator;
}

pub fn _set_new_mode(process: &mut Process, mode: i32) -> i32 {
    std::mem::replace(&mut process.crt.handlers.new_mode, mode)
}

pub fn _query_new_mode(process: &mut Process) -> i32 {
    process.crt.handlers.new_mode
}

/// _callnewh: what the handler of `new` answers, 0 where there is none.
pub fn _callnewh(process: &mut Process, size: Pointer) -> Result<i32, Stop> {
    match process.crt.handlers.new {
        Pointer::NULL => Ok(0),
        handler => Ok(startup::low_int(process.call(handler.0, &[size.0])?)),
    }
}

/// operator new and operator new[]: the handler is asked while there is no memory; NULL where that does not help, as nothing can be thrown here.
pub fn operator_new(process: &mut Process, size: Pointer) -> Result<Pointer, Stop> {
    loop {
        crate::process::still_wanted(&process.machine)?;
        let block = memory::malloc(process, Pointer(size.0.max(1)));
        if !block.is_null() || _callnewh(process, size)? == 0 {
            return Ok(block);
        }
    }
}

/// _purecall: the program's handler, then the end.
pub fn _purecall(process: &mut Process) -> Result<(), Stop> {
    if !process.crt.handlers.purecall.is_null() {
        process.call(process.crt.handlers.purecall.0, &[])?;
    }
    process.say(b"a pure virtual function was called");
    startup::abort(process)
}

/// terminate: the program's handler, then the end.
pub fn terminate(process: &mut Process) -> Result<(), Stop> {
    if !process.crt.handlers.terminate.is_null() {
        process.call(process.crt.handlers.terminate.0, &[])?;
    }
    startup::abort(process)
}

/// unexpected: the program's handler, then the end.
pub fn unexpected(process: &mut Process) -> Result<(), Stop> {
    if !process.crt.handlers.unexpected.is_null() {
        process.call(process.crt.handlers.unexpected.0, &[])?;
    }
    terminate(process)
}

/// Ends the process with a status as its exit code.
fn end(process: &mut Process, code: u32) -> Result<(), Stop> {
    stdio::flush(process);
    Err(Stop::Kind(FaultKind::Exit { code }))
}

/// STATUS_INVALID_CRUNTIME_PARAMETER and STATUS_STACK_BUFFER_OVERRUN.
const INVALID_PARAMETER: u32 = 0xc000_0417;
const BUFFER_OVERRUN: u32 = 0xc000_0409;

pub fn _invalid_parameter_noinfo_noreturn(process: &mut Process) -> Result<(), Stop> {
    invalid::_invalid_parameter_noinfo(process)?;
    end(process, INVALID_PARAMETER)
}

/// _invoke_watson: what it is told of goes nowhere.
pub fn _invoke_watson(
    process: &mut Process,
    _expression: Pointer,
    _function: Pointer,
    _file: Pointer,
    _line: u32,
    _reserved: Pointer,
) -> Result<(), Stop> {
    end(process, INVALID_PARAMETER)
}

/// __report_gsfailure and `__report_rangecheckfailure`.
pub fn __report_gsfailure(process: &mut Process, _cookie: Pointer) -> Result<(), Stop> {
    end(process, BUFFER_OVERRUN)
}

/// __security_error_handler of Visual C++ 2002 and 2003: what it is told of goes nowhere.
pub fn __security_error_handler(process: &mut Process, _code: i32, _data: Pointer) -> Result<(), Stop> {
    end(process, BUFFER_OVERRUN)
}

/// __crtTerminateProcess: the end, with this exit code.
pub fn __crtTerminateProcess(process: &mut Process, code: u32) -> Result<(), Stop> {
    end(process, code)
}

/// __crtUnhandledException: nobody is asked (EXCEPTION_CONTINUE_SEARCH).
pub fn __crtUnhandledException(_: &mut Process, _exception: Pointer) -> i32 {
    0
}

/// Where a thread keeps what compilers' code for exceptions wants to know of the one that is handled, in its own storage.
const EXCEPTION: u64 = 128;

/// __current_exception: where the address of the exception's record is kept. Nothing is there, as no exception of C++ is caught.
pub fn __current_exception(process: &mut Process) -> Pointer {
    Pointer(process.machine.thread_storage()).at(EXCEPTION)
}

pub fn __current_exception_context(process: &mut Process) -> Pointer {
    Pointer(process.machine.thread_storage()).at(EXCEPTION + 8)
}

pub fn __processing_throw(process: &mut Process) -> Pointer {
    Pointer(process.machine.thread_storage()).at(EXCEPTION + 16)
}

/// _XcptFilter and `__CppXcptFilter`, `_seh_filter_exe`: no exception is a signal here, so the search goes on (EXCEPTION_CONTINUE_SEARCH).
pub fn _XcptFilter(_: &mut Process, _code: u32, _exception: Pointer) -> i32 {
    0
}

/// __uncaught_exception and `__uncaught_exceptions`: none.
pub fn __uncaught_exception(_: &mut Process) -> i32 {
    0
}

/// _encoded_null: NULL as `_encode_pointer` has it.
pub fn _encoded_null(_: &mut Process) -> Pointer {
    Pointer::NULL
}

/// _crt_debugger_hook, `__std_type_info_destroy_list` and `__clean_type_info_names_internal`: there is nothing to be done.
pub fn _crt_debugger_hook(_: &mut Process, _reserved: Pointer) {}

/// The data of a `std::exception` (vcruntime_exception.h): its text, and whether the text is its own.
fn exception(process: &Process, at: Pointer) -> Result<(Pointer, bool), Stop> {
    let machine = &process.machine;
    let owned: [u8; 1] = machine.memory.array(at.at(machine.mode().pointer_size()).0)?;
    Ok((pointer_at(machine, at)?, owned != [0]))
}

fn put_exception(process: &Process, at: Pointer, what: Pointer, owned: bool) -> Result<(), Stop> {
    let machine = &process.machine;
    put_pointer(machine, at, what)?;
    Ok(machine.memory.write(at.at(machine.mode().pointer_size()).0, &[owned.into()])?)
}

/// __std_exception_copy: a text of the exception's own is copied.
pub fn __std_exception_copy(process: &mut Process, from: Pointer, to: Pointer) -> Result<(), Stop> {
    let (what, owned) = exception(process, from)?;
    if !owned || what.is_null() {
        return put_exception(process, to, what, false);
    }
    let size = text::length::<u8>(&process.machine, what, u64::MAX)?.saturating_add(1);
    let copy = memory::malloc(process, Pointer(size));
    if copy.is_null() {
        return Ok(());
    }
    process.machine.memory.copy(copy.0, what.0, usize::try_from(size).unwrap_or(usize::MAX))?;
    put_exception(process, to, copy, true)
}

pub fn __std_exception_destroy(process: &mut Process, at: Pointer) -> Result<(), Stop> {
    let (what, owned) = exception(process, at)?;
    if owned {
        memory::free(process, what);
    }
    put_exception(process, at, Pointer::NULL, false)
}

/// The decorated name of a type (vcruntime_typeinfo.h): behind the pointer to the other one, without the point that it begins with.
fn type_name(process: &Process, at: Pointer) -> Pointer {
    at.at(process.machine.mode().pointer_size() + 1)
}

/// __std_type_info_compare: 0 where both are of the same name.
pub fn __std_type_info_compare(process: &mut Process, left: Pointer, right: Pointer) -> Result<i32, Stop> {
    if left == right {
        return Ok(0);
    }
    let names = [left, right].map(|data| type_name(process, data));
    text::compare(&process.machine, names[0], names[1], u64::MAX, |unit: u8| unit)
}

/// __std_type_info_hash: the FNV-1a hash of the name.
pub fn __std_type_info_hash(process: &mut Process, at: Pointer) -> Result<Pointer, Stop> {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    const OFFSET32: u32 = 0x811c_9dc5;
    const PRIME32: u32 = 0x0100_0193;
    let name = type_name(process, at);
    let (mut long, mut short) = (OFFSET, OFFSET32);
    for byte in text::Text::<u8>::new(&process.machine, name) {
        match byte? {
            0 => break,
            byte => {
                long = (long ^ u64::from(byte)).wrapping_mul(PRIME);
                short = (short ^ u32::from(byte)).wrapping_mul(PRIME32);
            }
        }
    }
    Ok(Pointer(match process.machine.mode() {
        Mode::I386 => short.into(),
        // The halves together, so that each bit of the lower one depends on all.
        Mode::X86_64 => long ^ long >> 32,
    }))
}
