//! The forms of `printf` that take both a buffer's size and how much of the text is wanted.

use guest::Stop;

use crate::abi::{Pointer, Variadic};
use crate::crt::invalid::invalid;
use crate::crt::printf::{MSVCRT, print};
use crate::crt::secure::truncates;
use crate::crt::{EINVAL, ERANGE};
use crate::process::Process;
use crate::text::Unit;

/// Formats at most `count` units, into a buffer that must have room for those that there are and a zero: -1 where the text is longer than that.
fn format<U: Unit>(
    process: &mut Process,
    options: u64,
    buffer: Pointer,
    size: Pointer,
    count: Pointer,
    text: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    if buffer.is_null() || size.0 == 0 || text.is_null() {
        return invalid(process, EINVAL, -1);
    }
    let cut = truncates(process, count);
    let wanted = if cut { size.0 - 1 } else { count.0.min(size.0) };
    let length = print::<U>(process, options, buffer, wanted, text, arguments)?;
    let memory = &process.machine.memory;
    let Some(length) = length else {
        U::ZERO.write(memory, buffer)?;
        return Ok(-1);
    };
    let kept = if cut { length.min(wanted) } else { length.min(count.0) };
    if kept >= size.0 {
        // Not even what is wanted fits, which is the caller's mistake.
        U::ZERO.write(memory, buffer)?;
        return invalid(process, ERANGE, -1);
    }
    U::ZERO.write(memory, buffer.at(kept * U::SIZE))?;
    Ok(if kept < length { -1 } else { i32::try_from(length).unwrap_or(-1) })
}

pub fn _vsnprintf_s<U: Unit>(
    process: &mut Process,
    buffer: Pointer,
    size: Pointer,
    count: Pointer,
    text: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    format::<U>(process, MSVCRT, buffer, size, count, text, Variadic::List(arguments))
}

pub fn _snprintf_s<U: Unit>(
    process: &mut Process,
    buffer: Pointer,
    size: Pointer,
    count: Pointer,
    text: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    format::<U>(process, MSVCRT, buffer, size, count, text, arguments)
}

/// sprintf_s: all of the text, or none.
pub fn sprintf_s<U: Unit>(
    process: &mut Process,
    buffer: Pointer,
    size: Pointer,
    text: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    format::<U>(process, MSVCRT, buffer, size, size, text, arguments)
}

pub fn vsprintf_s<U: Unit>(
    process: &mut Process,
    buffer: Pointer,
    size: Pointer,
    text: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    format::<U>(process, MSVCRT, buffer, size, size, text, Variadic::List(arguments))
}

#[expect(clippy::too_many_arguments, reason = "the function's own")]
pub fn __stdio_common_vsnprintf_s<U: Unit>(
    process: &mut Process,
    options: u64,
    buffer: Pointer,
    size: Pointer,
    count: Pointer,
    text: Pointer,
    _locale: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    format::<U>(process, options, buffer, size, count, text, Variadic::List(arguments))
}
