//! The `printf` functions.
//!
//! The Universal CRT exports only those with `__stdio_common` in their names, with options that its headers choose; the others are
//! msvcrt.dll's (and ntdll's), which write exponents with three digits.

use std::marker::PhantomData;

use guest::{Machine, Stop};

use crate::abi::{Pointer, Variadic};
use crate::crt::format::{self, Dialect, Failure, Sink, Source};
use crate::crt::invalid::invalid;
use crate::crt::{EILSEQ, EINVAL, ERANGE, set_errno, stdio, streams};
use crate::process::{Process, still_wanted};
use crate::text::{Unit, unit_at};

/// Options of the `__stdio_common` functions (corecrt_stdio_config.h).
const LEGACY_VSPRINTF_NULL_TERMINATION: u64 = 1;
const STANDARD_SNPRINTF_BEHAVIOR: u64 = 2;
const LEGACY_WIDE_SPECIFIERS: u64 = 4;
const LEGACY_THREE_DIGIT_EXPONENTS: u64 = 0x10;

/// What `_snprintf` and its kin of msvcrt.dll would pass as options.
pub(super) const MSVCRT: u64 =
    LEGACY_VSPRINTF_NULL_TERMINATION | LEGACY_WIDE_SPECIFIERS | LEGACY_THREE_DIGIT_EXPONENTS;

/// No limit to the buffer's size: the caller answers for it.
const UNLIMITED: Pointer = Pointer(u64::MAX);

/// A format with units of type `U`, and arguments, in the guest.
struct Guest<'m, U> {
    machine: &'m Machine,
    format: Pointer,
    arguments: Variadic,
    unit: PhantomData<U>,
}

impl<U: Unit> Source for Guest<'_, U> {
    fn format(&self, index: u64) -> Result<u16, Stop> {
        unit_at::<U>(self.machine, self.format, index).map(Into::into)
    }

    fn unit(&self, text: u64, index: u64, wide: bool) -> Result<u16, Stop> {
        let text = Pointer(text);
        if wide {
            unit_at::<u16>(self.machine, text, index)
        } else {
            unit_at::<u8>(self.machine, text, index).map(Into::into)
        }
    }

    fn int(&mut self) -> Result<u32, Stop> {
        let [low, ..] = split(self.arguments.word(self.machine)?);
        Ok(low)
    }

    fn long_long(&mut self) -> Result<u64, Stop> {
        Ok(self.arguments.long(self.machine)?)
    }

    fn pointer(&mut self) -> Result<u64, Stop> {
        Ok(self.arguments.word(self.machine)?)
    }

    fn pointer_size(&self) -> u64 {
        self.machine.mode().pointer_size()
    }
}

/// The lower and the upper half.
fn split(slot: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = slot.to_le_bytes();
    [u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])]
}

/// A buffer of the guest's, written in small pieces.
struct Buffer<'m, U> {
    machine: &'m Machine,
    /// Where the pending bytes will go.
    at: Pointer,
    /// How many units more there is room for, besides the pending ones.
    room: u64,
    pending: [u8; 64],
    /// How many of the bytes are pending.
    held: usize,
    unit: PhantomData<U>,
}

impl<U: Unit> Buffer<'_, U> {
    fn flush(&mut self) -> Result<(), Stop> {
        still_wanted(self.machine)?;
        self.machine.memory.write(self.at.0, self.pending.get(..self.held).unwrap_or_default())?;
        self.at = self.at.at(self.held as u64);
        self.held = 0;
        Ok(())
    }
}

impl<U: Unit> Sink for Buffer<'_, U> {
    fn put(&mut self, unit: u16, times: u64) -> Result<(), Failure> {
        let unit: u16 = U::from_wide(unit).ok_or(Failure::Refused(EILSEQ))?.into();
        let times = times.min(self.room);
        self.room -= times;
        for _ in 0..times {
            if self.held == self.pending.len() {
                self.flush()?;
            }
            let free = self.pending.iter_mut().skip(self.held).take(size_of::<U>());
            free.zip(unit.to_le_bytes()).for_each(|(free, byte)| *free = byte);
            self.held += size_of::<U>();
        }
        Ok(())
    }
}

/// Formats into a buffer with room for `count` units, without the zero: the length of the whole result, or `None` with `errno` set.
pub(super) fn print<U: Unit>(
    process: &mut Process,
    options: u64,
    buffer: Pointer,
    count: u64,
    format: Pointer,
    arguments: Variadic,
) -> Result<Option<u64>, Stop> {
    if format.is_null() || (buffer.is_null() && count != 0) {
        return invalid(process, EINVAL, None);
    }
    let machine = &process.machine;
    let mut source = Guest::<U> { machine, format, arguments, unit: PhantomData };
    let mut sink =
        Buffer::<U> { machine, at: buffer, room: count, pending: [0; 64], held: 0, unit: PhantomData };
    let length = format::format(dialect::<U>(options), &mut source, &mut sink);
    sink.flush()?;
    finish(process, length)
}

fn dialect<U: Unit>(options: u64) -> Dialect {
    Dialect {
        wide: U::SIZE == 2 && options & LEGACY_WIDE_SPECIFIERS != 0,
        three_digit_exponents: options & LEGACY_THREE_DIGIT_EXPONENTS != 0,
    }
}

fn finish(process: &mut Process, length: Result<u64, Failure>) -> Result<Option<u64>, Stop> {
    let error = match length {
        // The answer is an int.
        Ok(length) if i32::try_from(length).is_ok() => return Ok(Some(length)),
        Ok(_) => ERANGE,
        Err(Failure::Stopped(stop)) => return Err(stop),
        Err(Failure::Refused(error)) => error,
    };
    set_errno(process, error);
    Ok(None)
}

fn answer(length: Option<u64>) -> i32 {
    length.and_then(|length| i32::try_from(length).ok()).unwrap_or(-1)
}

/// What `vsprintf` and all that limit it do with a buffer of `count` units.
fn common<U: Unit>(
    process: &mut Process,
    options: u64,
    buffer: Pointer,
    count: u64,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    let length = print::<U>(process, options, buffer, count, format, arguments)?;
    if buffer.is_null() || count == 0 {
        // Only the length was asked for; with a buffer, nothing but an empty text fits.
        let fits = buffer.is_null() || options & STANDARD_SNPRINTF_BEHAVIOR != 0 || length == Some(0);
        return Ok(if fits { answer(length) } else { -1 });
    }
    let end = length.unwrap_or(0);
    let memory = &process.machine.memory;
    if end < count {
        U::ZERO.write(memory, buffer.at(end * U::SIZE))?;
        return Ok(answer(length));
    }
    if options & (LEGACY_VSPRINTF_NULL_TERMINATION | STANDARD_SNPRINTF_BEHAVIOR)
        == LEGACY_VSPRINTF_NULL_TERMINATION
    {
        // A text that fills the buffer has no zero.
        return Ok(if end == count { answer(length) } else { -1 });
    }
    U::ZERO.write(memory, buffer.at((count - 1) * U::SIZE))?;
    /// What headers make -1 of, as of everything that is negative, in all of the documented functions.
    const NO_ROOM: i32 = -2;
    Ok(if options & STANDARD_SNPRINTF_BEHAVIOR != 0 { answer(length) } else { NO_ROOM })
}

/// Formats as much as fits into `room` units, at least one, with a zero behind it: how many units come before that zero.
pub(crate) fn print_cut<U: Unit>(
    process: &mut Process,
    buffer: Pointer,
    room: u64,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    let most = room.saturating_sub(1);
    let end = print::<U>(process, MSVCRT, buffer, most, format, arguments)?.unwrap_or(0).min(most);
    U::ZERO.write(&process.machine.memory, buffer.at(end * U::SIZE))?;
    Ok(answer(Some(end)))
}

/// __stdio_common_vsprintf and __stdio_common_vswprintf.
pub fn __stdio_common_vsprintf<U: Unit>(
    process: &mut Process,
    options: u64,
    buffer: Pointer,
    count: Pointer,
    format: Pointer,
    _locale: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    common::<U>(process, options, buffer, count.0, format, Variadic::List(arguments))
}

/// __stdio_common_vsprintf_s and __stdio_common_vswprintf_s: a text that does not fit leaves the buffer empty.
pub fn __stdio_common_vsprintf_s<U: Unit>(
    process: &mut Process,
    options: u64,
    buffer: Pointer,
    count: Pointer,
    format: Pointer,
    _locale: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    if buffer.is_null() || count.0 == 0 {
        return invalid(process, EINVAL, -1);
    }
    let length = print::<U>(process, options, buffer, count.0, format, Variadic::List(arguments))?;
    let fits = length.filter(|&length| length < count.0);
    U::ZERO.write(&process.machine.memory, buffer.at(fits.unwrap_or(0) * U::SIZE))?;
    if length.is_some() && fits.is_none() {
        return invalid(process, ERANGE, -1);
    }
    Ok(answer(fits))
}

/// _vsnprintf and _vsnwprintf.
pub fn _vsnprintf<U: Unit>(
    process: &mut Process,
    buffer: Pointer,
    count: Pointer,
    format: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    common::<U>(process, MSVCRT, buffer, count.0, format, Variadic::List(arguments))
}

/// _snprintf and _snwprintf.
pub fn _snprintf<U: Unit>(
    process: &mut Process,
    buffer: Pointer,
    count: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    common::<U>(process, MSVCRT, buffer, count.0, format, arguments)
}

/// sprintf, and swprintf of msvcrt.dll, which knows no room either.
pub fn sprintf<U: Unit>(
    process: &mut Process,
    buffer: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    common::<U>(process, MSVCRT, buffer, UNLIMITED.0, format, arguments)
}

/// vsprintf and vswprintf.
pub fn vsprintf<U: Unit>(
    process: &mut Process,
    buffer: Pointer,
    format: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    common::<U>(process, MSVCRT, buffer, UNLIMITED.0, format, Variadic::List(arguments))
}

/// What is formatted, up to a bound; the rest of a longer text is lost.
struct Captured(Vec<u8>);

/// How much is formatted to a file by one call.
const LONGEST: usize = 1 << 20;

impl Sink for Captured {
    fn put(&mut self, unit: u16, times: u64) -> Result<(), Failure> {
        let byte = u8::try_from(unit).map_err(|_| Failure::Refused(EILSEQ))?;
        let times = usize::try_from(times).unwrap_or(usize::MAX).min(LONGEST - self.0.len());
        self.0.resize(self.0.len() + times, byte);
        Ok(())
    }
}

/// Formats to a stream.
fn print_to_file<U: Unit>(
    process: &mut Process,
    options: u64,
    file: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    if format.is_null() {
        return invalid(process, EINVAL, -1);
    }
    if streams::get(process, file).is_none() {
        let nothing = streams::nothing(process, file)?;
        return Ok(stdio::answer(process, nothing, -1));
    }
    let machine = &process.machine;
    let mut source = Guest::<U> { machine, format, arguments, unit: PhantomData };
    let mut captured = Captured(Vec::new());
    let length = format::format(dialect::<U>(options), &mut source, &mut captured);
    if let Err(error) = streams::write(process, file, &captured.0)? {
        set_errno(process, error);
        return Ok(-1);
    }
    Ok(answer(finish(process, length)?))
}

/// __stdio_common_vfprintf and __stdio_common_vfwprintf.
pub fn __stdio_common_vfprintf<U: Unit>(
    process: &mut Process,
    options: u64,
    file: Pointer,
    format: Pointer,
    _locale: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    print_to_file::<U>(process, options, file, format, Variadic::List(arguments))
}

/// vfprintf and vfwprintf.
pub fn vfprintf<U: Unit>(
    process: &mut Process,
    file: Pointer,
    format: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    print_to_file::<U>(process, MSVCRT, file, format, Variadic::List(arguments))
}

/// fprintf and fwprintf.
pub fn fprintf<U: Unit>(
    process: &mut Process,
    file: Pointer,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    print_to_file::<U>(process, MSVCRT, file, format, arguments)
}

/// printf and wprintf.
pub fn printf<U: Unit>(process: &mut Process, format: Pointer, arguments: Variadic) -> Result<i32, Stop> {
    let output = stdio::file(process, 1);
    print_to_file::<U>(process, MSVCRT, output, format, arguments)
}

/// vprintf and vwprintf.
pub fn vprintf<U: Unit>(process: &mut Process, format: Pointer, arguments: Pointer) -> Result<i32, Stop> {
    printf::<U>(process, format, Variadic::List(arguments))
}

/// _scprintf and _scwprintf: how long the text would be.
pub fn _scprintf<U: Unit>(process: &mut Process, format: Pointer, arguments: Variadic) -> Result<i32, Stop> {
    common::<U>(process, MSVCRT, Pointer::NULL, 0, format, arguments)
}

/// _vscprintf and _vscwprintf.
pub fn _vscprintf<U: Unit>(process: &mut Process, format: Pointer, arguments: Pointer) -> Result<i32, Stop> {
    _scprintf::<U>(process, format, Variadic::List(arguments))
}

/// vsnprintf: there is always a zero, and the answer is how long the whole text would be.
pub fn vsnprintf(
    process: &mut Process,
    buffer: Pointer,
    count: Pointer,
    format: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    let options = STANDARD_SNPRINTF_BEHAVIOR;
    common::<u8>(process, options, buffer, count.0, format, Variadic::List(arguments))
}
