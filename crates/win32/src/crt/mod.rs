//! The C run-time libraries: msvcrt.dll, ucrtbase.dll and what forwards to them.

use guest::{Machine, Violation};

use crate::abi::Pointer;
use crate::kernel32::process::CommandLine;
use crate::process::Process;

mod calendar;
mod classify;
mod console;
mod control;
mod convert;
mod cpp;
mod ctype;
mod data;
mod decimal;
mod descriptor;
mod exports;
mod float;
mod format;
mod hexadecimal;
mod insert;
mod integer;
mod invalid;
mod jump;
mod letters;
mod limited;
mod locale;
mod lowio;
mod math;
mod memory;
mod native;
mod ntdll;
mod number;
mod path;
mod printf;
mod scan;
mod scanf;
mod search;
mod secure;
mod signal;
mod sort;
mod startup;
mod stdio;
mod streams;
mod strftime;
mod string;
mod thread;
mod time;
mod wide;

pub(crate) use exports::LIBRARY;
pub(crate) use exports::UCRT;
pub(crate) use insert::print_insert;
pub(crate) use native::{OF_SSE, OF_X87};
pub(crate) use ntdll::LIBRARY as NTDLL;
pub(crate) use printf::print_cut;
pub(crate) use startup::run_exit_functions_in;
pub(crate) use stdio::flush;

/// Values of `errno` (MS Learn, "errno constants").
const ENOENT: i32 = 2;
const EBADF: i32 = 9;
const EAGAIN: i32 = 11;
const ENOMEM: i32 = 12;
const EACCES: i32 = 13;
const EEXIST: i32 = 17;
const EXDEV: i32 = 18;
const EINVAL: i32 = 22;
const EMFILE: i32 = 24;
const ENOSPC: i32 = 28;
const EDOM: i32 = 33;
const ERANGE: i32 = 34;
const ENOTEMPTY: i32 = 41;
const EILSEQ: i32 = 42;
/// Answered, not set, where text was cut.
const STRUNCATE: i32 = 80;

/// A pointer in guest memory.
fn pointer_at(machine: &Machine, at: Pointer) -> Result<Pointer, Violation> {
    machine.pointer_at(at.0).map(Pointer)
}

/// Puts a pointer into guest memory.
fn put_pointer(machine: &Machine, at: Pointer, pointer: Pointer) -> Result<(), Violation> {
    machine.put_pointer(at.0, pointer.0)
}

/// Sets the guest's `errno`.
fn set_errno(process: &mut Process, error: i32) {
    let errno = data::_errno(process);
    // What the process lent for it stays writable; if it did not, the guest would be the only one to miss the value.
    let _ = process.machine.memory.write(errno.0, &error.to_le_bytes());
}

/// What the C library keeps for the guest.
#[derive(Debug)]
pub(crate) struct State {
    variables: data::Variables,
    /// What was written to the console since the last line end.
    line: Vec<u8>,
    descriptors: descriptor::Descriptors,
    streams: streams::Streams,
    /// The locale's name, then the same in wide characters.
    locale: Pointer,
    /// The value of the environment variable WINEDEBUG.
    winedebug: Pointer,
    /// The buffer of `strerror`.
    message: Pointer,
    /// The functions to be called at the end, as an `_onexit_table_t`.
    exit_table: Pointer,
    signals: signal::Handlers,
    /// The buffer of `_ecvt` and `_fcvt`.
    digits: Pointer,
    /// The floating-point control word, as `_controlfp` has it.
    control_word: u32,
    /// What invalid parameters are told, if anybody is.
    invalid_parameter: Pointer,
    handlers: cpp::Handlers,
    /// Whether each thread is said to have a locale of its own.
    thread_locale: i32,
    abort_behavior: u32,
    error_mode: i32,
}

impl State {
    /// # Errors
    /// [`Violation`] when there is no memory to lend.
    pub fn new(machine: &mut Machine, command_line: &CommandLine) -> Result<Self, Violation> {
        let targets = data::Targets::new(machine, command_line)?;
        let mode = machine.mode();
        Ok(Self {
            variables: data::Variables::new(machine, &targets)?,
            line: Vec::with_capacity(stdio::LINE),
            descriptors: descriptor::Descriptors::new(),
            streams: streams::Streams::default(),
            locale: data::lend(machine, b"C\0C\0\0\0")?,
            winedebug: targets.winedebug,
            message: machine.lend(string::MESSAGE_SIZE).map(Pointer)?,
            exit_table: machine.lend(startup::table_size(mode)).map(Pointer)?,
            signals: signal::Handlers::default(),
            digits: machine.lend(decimal::BUFFER).map(Pointer)?,
            control_word: control::default_word(mode),
            invalid_parameter: Pointer::NULL,
            handlers: cpp::Handlers::default(),
            thread_locale: locale::ONE_FOR_ALL,
            abort_behavior: startup::ABORT_BEHAVIOR,
            error_mode: 0,
        })
    }
}

#[cfg(test)]
mod tests;
