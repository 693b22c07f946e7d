//! What start-up and exit code calls, and the little that is known of an environment.

#![allow(non_snake_case, reason = "the functions' own names")]

use std::ops::Range;

use guest::{FaultKind, Machine, Mode, Stop, Violation};

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
use crate::crt::{EINVAL, pointer_at, put_pointer, stdio};
use crate::process::{Process, still_wanted};
use crate::text::{Text, Unit};

/// Calls each function in a table, but for the NULLs in it, for as long as `go_on` accepts what they answer.
fn call_each(
    process: &mut Process,
    first: Pointer,
    last: Pointer,
    go_on: fn(i32) -> bool,
) -> Result<i32, Stop> {
    let mut at = first;
    while at < last {
        still_wanted(&process.machine)?;
        let function = pointer_at(&process.machine, at)?;
        if !function.is_null() {
            let result = low_int(process.call(function.0, &[])?);
            if !go_on(result) {
                return Ok(result);
            }
        }
        at = at.at(process.machine.mode().pointer_size());
    }
    Ok(0)
}

pub fn _initterm(process: &mut Process, first: Pointer, last: Pointer) -> Result<(), Stop> {
    call_each(process, first, last, |_| true).map(|_| ())
}

/// As [`_initterm`], until a function answers other than 0.
pub fn _initterm_e(process: &mut Process, first: Pointer, last: Pointer) -> Result<i32, Stop> {
    call_each(process, first, last, |result| result == 0)
}

/// The int in a result register.
pub(super) fn low_int(register: u64) -> i32 {
    let [a, b, c, d, ..] = register.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// An `_onexit_table_t`: the first function, the end of those in use, the end of the room for them.
struct Table {
    at: Pointer,
    first: Pointer,
    last: Pointer,
    end: Pointer,
}

impl Table {
    fn read(machine: &Machine, at: Pointer) -> Result<Self, Violation> {
        let field = |index| pointer_at(machine, at.at(index * machine.mode().pointer_size()));
        Ok(Self { at, first: field(0)?, last: field(1)?, end: field(2)? })
    }

    fn write(&self, machine: &Machine) -> Result<(), Violation> {
        for (index, field) in (0..).zip([self.first, self.last, self.end]) {
            put_pointer(machine, self.at.at(index * machine.mode().pointer_size()), field)?;
        }
        Ok(())
    }
}

/// Size of a table in guest memory. The process's own one is lent to no one but lies there like the others.
pub(super) fn table_size(mode: Mode) -> u64 {
    3 * mode.pointer_size()
}

pub fn _initialize_onexit_table(process: &mut Process, table: Pointer) -> Result<i32, Stop> {
    if table.is_null() {
        return Ok(-1);
    }
    let empty = Table { at: table, first: Pointer::NULL, last: Pointer::NULL, end: Pointer::NULL };
    empty.write(&process.machine)?;
    Ok(0)
}

pub fn _register_onexit_function(
    process: &mut Process,
    table: Pointer,
    function: Pointer,
) -> Result<i32, Stop> {
    /// By how many functions a full table grows.
    const GROWTH: u64 = 32;
    if table.is_null() {
        return Ok(-1);
    }
    let pointer_size = process.machine.mode().pointer_size();
    let mut table = Table::read(&process.machine, table)?;
    if table.last >= table.end {
        let used = table.last.0.saturating_sub(table.first.0);
        let size = used.saturating_add(GROWTH * pointer_size);
        let moved = match table.first {
            Pointer::NULL => process.allocate(size, false),
            first => process.resize(first, size, false),
        };
        if moved.is_null() {
            return Ok(-1);
        }
        table = Table { at: table.at, first: moved, last: moved.at(used), end: moved.at(size) };
    }
    put_pointer(&process.machine, table.last, function)?;
    table.last = table.last.at(pointer_size);
    table.write(&process.machine)?;
    Ok(0)
}

/// Calls a table's functions, the last one first. Each is taken out before it runs, so that it may register others.
pub fn _execute_onexit_table(process: &mut Process, table: Pointer) -> Result<i32, Stop> {
    if table.is_null() {
        return Ok(-1);
    }
    let pointer_size = process.machine.mode().pointer_size();
    loop {
        still_wanted(&process.machine)?;
        let mut table = Table::read(&process.machine, table)?;
        if table.last <= table.first {
            break;
        }
        table.last = Pointer(table.last.0.saturating_sub(pointer_size));
        table.write(&process.machine)?;
        let function = pointer_at(&process.machine, table.last)?;
        if !function.is_null() {
            process.call(function.0, &[])?;
        }
    }
    let Table { first, .. } = Table::read(&process.machine, table)?;
    super::memory::free(process, first);
    _initialize_onexit_table(process, table)
}

pub fn _crt_atexit(process: &mut Process, function: Pointer) -> Result<i32, Stop> {
    let table = process.crt.exit_table;
    _register_onexit_function(process, table, function)
}

/// _onexit: the function, or NULL when it could not be registered.
pub fn _onexit(process: &mut Process, function: Pointer) -> Result<Pointer, Stop> {
    let result = _crt_atexit(process, function)?;
    Ok(if result == 0 { function } else { Pointer::NULL })
}

/// __dllonexit: as [`_onexit`], but in a table of the module's own, which ends where the functions in use end.
pub fn __dllonexit(
    process: &mut Process,
    function: Pointer,
    begin: Pointer,
    end: Pointer,
) -> Result<Pointer, Stop> {
    let machine = &process.machine;
    let pointer_size = machine.mode().pointer_size();
    let (first, last) = (pointer_at(machine, begin)?, pointer_at(machine, end)?);
    let used = last.0.saturating_sub(first.0);
    let moved = process.resize(first, used.saturating_add(pointer_size), false);
    if moved.is_null() {
        return Ok(Pointer::NULL);
    }
    let machine = &process.machine;
    put_pointer(machine, moved.at(used), function)?;
    put_pointer(machine, begin, moved)?;
    put_pointer(machine, end, moved.at(used).at(pointer_size))?;
    Ok(function)
}

/// Runs what was registered with `_onexit` or `atexit` and lies in `code`, the last one first.
pub(crate) fn run_exit_functions_in(process: &mut Process, code: &Range<u64>) -> Result<(), Stop> {
    let pointer_size = process.machine.mode().pointer_size();
    let table = Table::read(&process.machine, process.crt.exit_table)?;
    let mut at = table.last;
    while at > table.first {
        still_wanted(&process.machine)?;
        at = Pointer(at.0.saturating_sub(pointer_size));
        let function = pointer_at(&process.machine, at)?;
        if code.contains(&function.0) {
            put_pointer(&process.machine, at, Pointer::NULL)?;
            process.call(function.0, &[])?;
        }
    }
    Ok(())
}

/// Runs what was registered with `_onexit` or `atexit`, and passes on the last output.
fn run_exit_functions(process: &mut Process) -> Result<(), Stop> {
    let table = process.crt.exit_table;
    _execute_onexit_table(process, table)?;
    stdio::flush(process);
    Ok(())
}

pub fn _cexit(process: &mut Process) -> Result<(), Stop> {
    run_exit_functions(process)
}

pub fn _initialize_narrow_environment(_: &mut Process) -> i32 {
    0
}

pub fn _configure_narrow_argv(_: &mut Process, _mode: i32) -> i32 {
    0
}

pub fn __set_app_type(_: &mut Process, _type: i32) {}

/// _lock; there is one thread.
pub fn _lock(_: &mut Process, _lock: i32) {}

pub fn _unlock(_: &mut Process, _lock: i32) {}

/// The exception filter of a DLL's start-up code: EXCEPTION_CONTINUE_SEARCH.
pub fn _seh_filter_dll(_: &mut Process, _code: u32, _exception: Pointer) -> i32 {
    0
}

/// Ends the process: what runs in the guest ends with a fault.
fn end(process: &mut Process, code: u32) -> Result<(), Stop> {
    stdio::flush(process);
    Err(Stop::Kind(FaultKind::Exit { code }))
}

pub fn exit(process: &mut Process, code: u32) -> Result<(), Stop> {
    run_exit_functions(process)?;
    end(process, code)
}

pub fn _exit(process: &mut Process, code: u32) -> Result<(), Stop> {
    end(process, code)
}

pub fn abort(process: &mut Process) -> Result<(), Stop> {
    end(process, 3)
}

/// A run-time error in start-up code; the exit code is 255, whatever the error.
pub fn _amsg_exit(process: &mut Process, _error: i32) -> Result<(), Stop> {
    end(process, 255)
}

pub fn _assert(process: &mut Process, message: Pointer, file: Pointer, line: u32) -> Result<(), Stop> {
    assertion::<u8>(process, message, file, line)
}

pub fn _wassert(process: &mut Process, message: Pointer, file: Pointer, line: u32) -> Result<(), Stop> {
    assertion::<u16>(process, message, file, line)
}

fn assertion<U: Unit>(process: &mut Process, message: Pointer, file: Pointer, line: u32) -> Result<(), Stop> {
    stdio::flush(process);
    let machine = &process.machine;
    let (message, file) = (excerpt::<U>(machine, message)?, excerpt::<U>(machine, file)?);
    Err(Stop::Kind(FaultKind::Assertion { text: format!("{message}, {file} line {line}") }))
}

/// The start of a text.
fn excerpt<U: Unit>(machine: &Machine, text: Pointer) -> Result<String, Stop> {
    const LIMIT: usize = 256;
    let mut units = Vec::with_capacity(LIMIT);
    if text.is_null() {
        return Ok(String::new());
    }
    for unit in Text::<U>::new(machine, text).take(LIMIT) {
        match unit?.into() {
            0 => break,
            unit => units.push(unit),
        }
    }
    Ok(String::from_utf16_lossy(&units))
}

/// getenv. The environment is empty but for WINEDEBUG, which tells drivers made for Wine to keep their debug messages to themselves.
pub fn getenv(process: &mut Process, name: Pointer) -> Result<Pointer, Stop> {
    if name.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let name = excerpt::<u8>(&process.machine, name)?;
    Ok(if name.eq_ignore_ascii_case("WINEDEBUG") { process.crt.winedebug } else { Pointer::NULL })
}

/// _wgetenv; the environment is empty.
pub fn _wgetenv(process: &mut Process, name: Pointer) -> Result<Pointer, Stop> {
    if name.is_null() { invalid(process, EINVAL, Pointer::NULL) } else { Ok(Pointer::NULL) }
}

pub fn __setusermatherr(_: &mut Process, _handler: Pointer) {}

/// _set_abort_behavior at first: a message, and a report of the failure.
pub(super) const ABORT_BEHAVIOR: u32 = 3;

/// _set_abort_behavior: the flags before. Nothing is shown or reported here in any case.
pub fn _set_abort_behavior(process: &mut Process, flags: u32, mask: u32) -> u32 {
    let now = &mut process.crt.abort_behavior;
    std::mem::replace(now, *now & !mask | flags & mask)
}

/// _set_error_mode: the mode before; 3 only asks for it.
pub fn _set_error_mode(process: &mut Process, mode: i32) -> Result<i32, Stop> {
    const REPORT: i32 = 3;
    match mode {
        REPORT => Ok(process.crt.error_mode),
        0..REPORT => Ok(std::mem::replace(&mut process.crt.error_mode, mode)),
        _ => invalid(process, EINVAL, -1),
    }
}

/// _putenv and its kin: the environment stays as it is.
pub fn _putenv(process: &mut Process, text: Pointer) -> Result<i32, Stop> {
    if text.is_null() { invalid(process, EINVAL, -1) } else { Ok(-1) }
}

/// _putenv_s and _wputenv_s; as [`_putenv`].
pub fn _putenv_s(process: &mut Process, name: Pointer, value: Pointer) -> Result<i32, Stop> {
    if name.is_null() || value.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    Ok(super::ENOMEM)
}

/// system and _wsystem: there is no command processor.
pub fn system(process: &mut Process, command: Pointer) -> i32 {
    if command.is_null() {
        return 0;
    }
    super::set_errno(process, super::ENOENT);
    -1
}

/// _c_exit: what a program does that goes on afterwards.
pub fn _c_exit(_: &mut Process) {}

/// _sleep of msvcrt.dll: milliseconds.
pub fn _sleep(process: &mut Process, milliseconds: u32) -> Result<(), Stop> {
    crate::kernel32::time::Sleep(process, milliseconds.max(1))
}

/// at_quick_exit: `quick_exit` is an end like `_exit` here, so what is registered is never called.
pub fn at_quick_exit(_: &mut Process, _function: Pointer) -> i32 {
    0
}
