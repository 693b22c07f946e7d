//! The C run-time libraries: msvcrt.dll, ucrtbase.dll and what forwards to them.

use guest::{Machine, Violation};

use crate::abi::Pointer;
use crate::kernel32::process::CommandLine;
use crate::process::Process;

mod calendar;
mod convert;
mod ctype;
mod data;
mod decimal;
mod descriptor;
mod exports;
mod float;
mod format;
mod insert;
mod integer;
mod jump;
mod limited;
mod lowio;
mod math;
mod memory;
mod ntdll;
mod number;
mod printf;
mod scan;
mod scanf;
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
pub(crate) use insert::print_insert;
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
    /// The locale's name.
    locale: Pointer,
    /// The value of the environment variable WINEDEBUG.
    winedebug: Pointer,
    /// The buffer of `strerror`.
    message: Pointer,
    /// The functions to be called at the end, as an `_onexit_table_t`.
    exit_table: Pointer,
    random: math::Random,
    signals: signal::Handlers,
    /// The buffer of `_ecvt` and `_fcvt`.
    digits: Pointer,
    /// The floating-point control word, as `_controlfp` has it.
    control_word: u32,
}

/// The floating-point control word that a thread starts with (`_CW_DEFAULT`): round to nearest, 53 bits, all exceptions masked.
const DEFAULT_CONTROL_WORD: u32 = 0x9_001f;

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
            locale: data::lend(machine, b"C\0")?,
            winedebug: targets.winedebug,
            message: machine.lend(string::MESSAGE_SIZE).map(Pointer)?,
            exit_table: machine.lend(startup::table_size(mode)).map(Pointer)?,
            random: math::Random::new(1),
            signals: signal::Handlers::default(),
            digits: machine.lend(decimal::BUFFER).map(Pointer)?,
            control_word: DEFAULT_CONTROL_WORD,
        })
    }
}

/// What compilers call for 32-bit code instead of a function of `math.h`: the arguments, one or two, are in x87 registers then.
pub(crate) const INTRINSICS: [(&str, &str, u8); 16] = [
    ("_CIacos", "acos", 1),
    ("_CIasin", "asin", 1),
    ("_CIatan", "atan", 1),
    ("_CIatan2", "atan2", 2),
    ("_CIcos", "cos", 1),
    ("_CIcosh", "cosh", 1),
    ("_CIexp", "exp", 1),
    ("_CIfmod", "fmod", 2),
    ("_CIlog", "log", 1),
    ("_CIlog10", "log10", 1),
    ("_CIpow", "pow", 2),
    ("_CIsin", "sin", 1),
    ("_CIsinh", "sinh", 1),
    ("_CIsqrt", "sqrt", 1),
    ("_CItan", "tan", 1),
    ("_CItanh", "tanh", 1),
];

#[cfg(test)]
mod tests;
