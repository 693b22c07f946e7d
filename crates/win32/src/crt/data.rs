//! The variables that the C run-time libraries export.
//!
//! Each is one line here, which makes a function of the variable's name that answers where it lies. That function is what an import of the
//! variable leads to, and where the C library has a function with the same answer (`__p__fmode`, `__iob_func`), it is that one too.

#![allow(non_snake_case, reason = "the variables' own names")]

use guest::{Machine, Mode, Stop, Violation};

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
use crate::crt::{EINVAL, ctype, descriptor, pointer_at, stdio, string};
use crate::kernel32::process::{BUILD, CommandLine, MAJOR, MINOR};
use crate::kernel32::record::Record;
use crate::process::Process;

/// What a variable holds at first.
enum Contents {
    Int(u32),
    Pointer(Pointer),
    Double(f64),
    Bytes(Vec<u8>),
}
use Contents::{Bytes, Double, Int, Pointer as To};

impl Contents {
    /// Memory that holds it.
    fn lend(self, machine: &mut Machine) -> Result<Pointer, Violation> {
        match self {
            Int(number) => lend(machine, &number.to_le_bytes()),
            To(pointer) => lend_pointers(machine, &[pointer]),
            Double(number) => lend(machine, &number.to_le_bytes()),
            Bytes(bytes) => lend(machine, &bytes),
        }
    }
}

/// Memory that holds some bytes.
pub(super) fn lend(machine: &mut Machine, bytes: &[u8]) -> Result<Pointer, Violation> {
    let at = machine.lend(bytes.len() as u64)?;
    machine.memory.write(at, bytes)?;
    Ok(Pointer(at))
}

/// Memory that holds an array of pointers.
fn lend_pointers(machine: &mut Machine, pointers: &[Pointer]) -> Result<Pointer, Violation> {
    let record = Record::new(machine.mode());
    let record = pointers.iter().fold(record, |record, pointer| record.pointer(pointer.0));
    lend(machine, &record.finish())
}

/// What the variables lead to.
pub(super) struct Targets {
    mode: Mode,
    /// The program's command line, which is its name.
    program: Pointer,
    wide_program: Pointer,
    /// `argv`, and `environ` with the one variable that there is.
    arguments: Pointer,
    environment: Pointer,
    /// The value of that variable.
    pub winedebug: Pointer,
    /// Texts: a point, nothing, the same two wide, and the time zone's name.
    point: Pointer,
    empty: Pointer,
    wide_point: Pointer,
    wide_empty: Pointer,
    zone: Pointer,
    /// The classes of EOF, then those of each character.
    classes: Pointer,
    class_bytes: Vec<u8>,
    /// The messages of `strerror`, by number.
    messages: Vec<Pointer>,
}

impl Targets {
    pub fn new(machine: &mut Machine, command_line: &CommandLine) -> Result<Self, Violation> {
        const NAME: &str = "WINEDEBUG=";
        let program = command_line.ansi;
        let winedebug = lend(machine, format!("{NAME}-all\0").as_bytes())?;
        let classes: Vec<u8> = std::iter::once(0)
            .chain((0..=u8::MAX).map(ctype::classes))
            .flat_map(|classes: u16| classes.to_le_bytes())
            .collect();
        let texts = lend(machine, b".\0\0\0.\0\0\0UTC\0")?;
        let messages = string::messages().map(|message| lend(machine, format!("{message}\0").as_bytes()));
        let messages = messages.collect::<Result<_, _>>()?;
        Ok(Self {
            mode: machine.mode(),
            program,
            wide_program: command_line.wide,
            arguments: lend_pointers(machine, &[program, Pointer::NULL])?,
            environment: lend_pointers(machine, &[winedebug, Pointer::NULL])?,
            winedebug: winedebug.at(NAME.len() as u64),
            point: texts,
            empty: texts.at(2),
            wide_point: texts.at(4),
            wide_empty: texts.at(6),
            zone: texts.at(8),
            classes: lend(machine, &classes)?,
            class_bytes: classes,
            messages,
        })
    }

    fn pointers(&self, pointers: &[Pointer]) -> Contents {
        let record = Record::new(self.mode);
        Bytes(pointers.iter().fold(record, |record, pointer| record.pointer(pointer.0)).finish())
    }

    /// The `struct lconv` of the "C" locale (MS Learn, "localeconv"): a point, and otherwise nothing. Ten `char *`, eight `char`, eight
    /// `wchar_t *`.
    fn lconv(&self) -> Contents {
        let Self { point, empty, wide_point, wide_empty, .. } = *self;
        let record =
            (1..10).fold(Record::new(self.mode).pointer(point.0), |record, _| record.pointer(empty.0));
        // CHAR_MAX: not available.
        let record = record.bytes(&[0x7f; 8]).pointer(wide_point.0);
        Bytes((1..8).fold(record, |record, _| record.pointer(wide_empty.0)).finish())
    }
}

/// Where a thread keeps `errno` and `_doserrno`, in its own storage.
const ERRNO: u64 = 0;
const DOSERRNO: u64 = 4;

/// _errno: where the running thread has `errno`.
pub fn _errno(process: &mut Process) -> Pointer {
    Pointer(process.machine.thread_storage()).at(ERRNO)
}

/// __doserrno: where the running thread has `_doserrno`.
pub fn __doserrno(process: &mut Process) -> Pointer {
    Pointer(process.machine.thread_storage()).at(DOSERRNO)
}

macro_rules! variables {
    ($($(#[$meta:meta])* $name:ident = $contents:expr;)*) => {
        /// Where each variable lies.
        #[derive(Debug)]
        pub(super) struct Variables {
            $($name: Pointer,)*
        }

        impl Variables {
            pub fn new(machine: &mut Machine, targets: &Targets) -> Result<Self, Violation> {
                $(let $name: fn(&Targets) -> Contents = $contents;)*
                Ok(Self { $($name: $name(targets).lend(machine)?,)* })
            }
        }

        $($(#[$meta])* pub fn $name(process: &mut Process) -> Pointer {
            process.crt.variables.$name
        })*
    };
}
variables! {
    /// The FILE objects, those of standard input, output and error first.
    _iob = |targets| Bytes(stdio::files(targets.mode));
    /// The `struct lconv` of the locale.
    localeconv = Targets::lconv;
    /// The most bytes of a character in the locale.
    __mb_cur_max = |_| Int(1);
    /// The classes of characters, an array that may be asked for EOF too, which comes before its first element.
    _pctype = |targets| To(targets.classes.at(2));
    /// The same array by itself, EOF first.
    _ctype = |targets| Bytes(targets.class_bytes.clone());
    /// The classes of wide characters, of which those beyond a byte are in none.
    _wctype = |targets| Bytes(targets.class_bytes.clone());
    _pwctype = |targets| To(targets.classes.at(2));
    /// Which bytes begin or end a character of two: none.
    _mbctype = |_| Bytes(vec![0; 257]);
    _mbcasemap = |_| Bytes(vec![0; 256]);
    /// The table of virtual functions of `type_info`, which compilers' descriptions of types point to. Nobody calls one here.
    type_info_table = |_| Bytes(vec![0; 32]);
    /// The mode that files are opened in: text.
    _fmode = |_| Int(descriptor::O_TEXT);
    /// Whether files are written through to the disk at once: no.
    _commode = |_| Int(0);
    /// Whether the processor divides wrongly: no.
    _adjust_fdiv = |_| Int(0);
    /// The largest double there is, for `HUGE_VAL`.
    _HUGE = |_| Double(f64::INFINITY);
    __argc = |_| Int(1);
    __argv = |targets| To(targets.arguments);
    /// NULL, as in a program that begins with `main`.
    __wargv = |_| To(Pointer::NULL);
    _environ = |targets| To(targets.environment);
    /// The environment as `main` got it.
    __initenv = |targets| To(targets.environment);
    /// NULL, as in a program that begins with `main`.
    _wenviron = |_| To(Pointer::NULL);
    __winitenv = |_| To(Pointer::NULL);
    _acmdln = |targets| To(targets.program);
    _wcmdln = |targets| To(targets.wide_program);
    /// The program's path, as it was called.
    _pgmptr = |targets| To(targets.program);
    /// NULL, as in a program that begins with `main`.
    _wpgmptr = |_| To(Pointer::NULL);
    /// Seconds from the local time to UTC; the time zone is UTC.
    _timezone = |_| Int(0);
    _daylight = |_| Int(0);
    _dstbias = |_| Int(0);
    _tzname = |targets| targets.pointers(&[targets.zone, targets.zone]);
    _sys_nerr = |targets| Int(u32::try_from(targets.messages.len()).unwrap_or(0));
    _sys_errlist = |targets| targets.pointers(&targets.messages);
    _osver = |_| Int(BUILD);
    _winver = |_| Int(MAJOR << 8 | MINOR);
    _winmajor = |_| Int(MAJOR);
    _winminor = |_| Int(MINOR);
}

/// __pctype_func: what `_pctype` holds.
pub fn __pctype_func(process: &mut Process) -> Result<Pointer, Stop> {
    let at = _pctype(process);
    Ok(pointer_at(&process.machine, at)?)
}

/// __pwctype_func: what `_pwctype` holds.
pub fn __pwctype_func(process: &mut Process) -> Result<Pointer, Stop> {
    let at = _pwctype(process);
    Ok(pointer_at(&process.machine, at)?)
}

/// _get_initial_narrow_environment: what `__initenv` holds.
pub fn _get_initial_narrow_environment(process: &mut Process) -> Result<Pointer, Stop> {
    let at = __initenv(process);
    Ok(pointer_at(&process.machine, at)?)
}

/// Puts what some variables hold to where the caller wants it, and answers 0.
fn tell(process: &mut Process, from: Pointer, out: Pointer, size: usize) -> Result<i32, Stop> {
    if out.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    process.machine.memory.copy(out.0, from.0, size)?;
    Ok(0)
}

/// The functions that tell what a variable of four bytes, or of a pointer, holds.
macro_rules! told {
    ($($name:ident = $variable:ident, $size:expr;)*) => {$(
        pub fn $name(process: &mut Process, out: Pointer) -> Result<i32, Stop> {
            let (from, size): (_, fn(Mode) -> u64) = ($variable(process), $size);
            let size = usize::try_from(size(process.machine.mode())).unwrap_or(0);
            tell(process, from, out, size)
        }
    )*};
}
told! {
    _get_timezone = _timezone, |_| 4;
    _get_daylight = _daylight, |_| 4;
    _get_dstbias = _dstbias, |_| 4;
    _get_fmode = _fmode, |_| 4;
    _get_pgmptr = _pgmptr, Mode::pointer_size;
}

/// _set_fmode: text or binary.
pub fn _set_fmode(process: &mut Process, mode: u32) -> Result<i32, Stop> {
    if !matches!(mode, descriptor::O_TEXT | descriptor::O_BINARY | 0x1_0000) {
        return invalid(process, EINVAL, EINVAL);
    }
    let at = _fmode(process);
    process.machine.memory.write(at.0, &mode.to_le_bytes())?;
    Ok(0)
}

/// __getmainargs: the program's arguments and environment.
pub fn __getmainargs(
    process: &mut Process,
    count: Pointer,
    arguments: Pointer,
    environment: Pointer,
    _wildcards: i32,
    _start: Pointer,
) -> Result<i32, Stop> {
    let size = usize::try_from(process.machine.mode().pointer_size()).unwrap_or(0);
    let parts = [
        (__argc(process), count, 4),
        (__argv(process), arguments, size),
        (_environ(process), environment, size),
    ];
    for (from, out, size) in parts {
        tell(process, from, out, size)?;
    }
    Ok(0)
}

/// ___mb_cur_max_func: what `__mb_cur_max` holds.
pub fn ___mb_cur_max_func(process: &mut Process) -> Result<u32, Stop> {
    let at = __mb_cur_max(process);
    Ok(process.machine.memory.array(at.0).map(u32::from_le_bytes)?)
}
