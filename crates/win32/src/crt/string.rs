//! Text, of bytes and (the `wcs` functions) of UTF-16 units.

use guest::Stop;

use crate::abi::{Argument, Pointer};
use crate::crt::invalid::invalid;
use crate::crt::{EINVAL, pointer_at, put_pointer};
use crate::process::Process;
use crate::text::{self, Unit};

/// strlen and wcslen.
pub fn strlen<U: Unit>(process: &mut Process, text: Pointer) -> Result<Pointer, Stop> {
    Ok(Pointer(text::length::<U>(&process.machine, text, u64::MAX)?))
}

/// strnlen and wcsnlen.
pub fn strnlen<U: Unit>(process: &mut Process, text: Pointer, limit: Pointer) -> Result<Pointer, Stop> {
    Ok(Pointer(text::length::<U>(&process.machine, text, limit.0)?))
}

/// strcmp and wcscmp.
pub fn strcmp<U: Unit>(process: &mut Process, left: Pointer, right: Pointer) -> Result<i32, Stop> {
    strncmp::<U>(process, left, right, Pointer(u64::MAX))
}

/// strncmp and wcsncmp.
pub fn strncmp<U: Unit>(
    process: &mut Process,
    left: Pointer,
    right: Pointer,
    count: Pointer,
) -> Result<i32, Stop> {
    text::compare(&process.machine, left, right, count.0, |unit: U| unit)
}

/// _stricmp and _wcsicmp.
pub fn _stricmp<U: Unit>(process: &mut Process, left: Pointer, right: Pointer) -> Result<i32, Stop> {
    _strnicmp::<U>(process, left, right, Pointer(u64::MAX))
}

/// _strnicmp and _wcsnicmp.
pub fn _strnicmp<U: Unit>(
    process: &mut Process,
    left: Pointer,
    right: Pointer,
    count: Pointer,
) -> Result<i32, Stop> {
    if left.is_null() || right.is_null() {
        return invalid(process, EINVAL, NLSCMPERROR);
    }
    text::compare(&process.machine, left, right, count.0, U::lower)
}

/// What comparisons answer for an invalid parameter (`_NLSCMPERROR`).
const NLSCMPERROR: i32 = i32::MAX;

/// strcoll and wcscoll. In the "C" locale the order is that of the units.
pub fn strcoll<U: Unit>(process: &mut Process, left: Pointer, right: Pointer) -> Result<i32, Stop> {
    if left.is_null() || right.is_null() {
        return invalid(process, EINVAL, NLSCMPERROR);
    }
    strcmp::<U>(process, left, right)
}

/// strcpy and wcscpy.
pub fn strcpy<U: Unit>(process: &mut Process, to: Pointer, from: Pointer) -> Result<Pointer, Stop> {
    text::copy::<U>(&process.machine, to, from, u64::MAX)?;
    Ok(to)
}

/// strncpy and wcsncpy.
pub fn strncpy<U: Unit>(
    process: &mut Process,
    to: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<Pointer, Stop> {
    text::copy_padded::<U>(&process.machine, to, from, count.0)?;
    Ok(to)
}

/// strcat and wcscat.
pub fn strcat<U: Unit>(process: &mut Process, to: Pointer, from: Pointer) -> Result<Pointer, Stop> {
    text::append::<U>(&process.machine, to, from, u64::MAX)?;
    Ok(to)
}

/// strncat and wcsncat.
pub fn strncat<U: Unit>(
    process: &mut Process,
    to: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<Pointer, Stop> {
    text::append::<U>(&process.machine, to, from, count.0)?;
    Ok(to)
}

/// strchr and wcschr.
pub fn strchr<U: Unit + Argument>(process: &mut Process, text: Pointer, wanted: U) -> Result<Pointer, Stop> {
    let found = text::find(&process.machine, text, |unit: U| Ok(unit == wanted))?;
    Ok(found.unwrap_or_default())
}

/// strrchr and wcsrchr.
pub fn strrchr<U: Unit + Argument>(process: &mut Process, text: Pointer, wanted: U) -> Result<Pointer, Stop> {
    Ok(text::find_last(&process.machine, text, wanted)?.unwrap_or_default())
}

/// strstr and wcsstr.
pub fn strstr<U: Unit>(process: &mut Process, text: Pointer, part: Pointer) -> Result<Pointer, Stop> {
    Ok(text::find_text::<U>(&process.machine, text, part)?.unwrap_or_default())
}

/// strspn and wcsspn.
pub fn strspn<U: Unit>(process: &mut Process, text: Pointer, set: Pointer) -> Result<Pointer, Stop> {
    let end = text::span::<U>(&process.machine, text, set, false)?;
    Ok(Pointer(end.0.wrapping_sub(text.0) / U::SIZE))
}

/// strcspn and wcscspn.
pub fn strcspn<U: Unit>(process: &mut Process, text: Pointer, set: Pointer) -> Result<Pointer, Stop> {
    let end = text::span::<U>(&process.machine, text, set, true)?;
    Ok(Pointer(end.0.wrapping_sub(text.0) / U::SIZE))
}

/// strpbrk and wcspbrk.
pub fn strpbrk<U: Unit>(process: &mut Process, text: Pointer, set: Pointer) -> Result<Pointer, Stop> {
    let end = text::span::<U>(&process.machine, text, set, true)?;
    Ok(if U::read(&process.machine.memory, end)? == U::ZERO { Pointer::NULL } else { end })
}

/// strxfrm and wcsxfrm. In the "C" locale a text is its own key.
pub fn strxfrm<U: Unit>(
    process: &mut Process,
    to: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<Pointer, Stop> {
    const INT_MAX: u64 = 0x7fff_ffff;
    if from.is_null() || (to.is_null() && count.0 > 0) || count.0 > INT_MAX {
        return invalid(process, EINVAL, Pointer(INT_MAX));
    }
    text::copy_padded::<U>(&process.machine, to, from, count.0)?;
    strlen::<U>(process, from)
}

/// _strdup and _wcsdup; NULL for NULL and when there is no memory.
pub fn _strdup<U: Unit>(process: &mut Process, text: Pointer) -> Result<Pointer, Stop> {
    if text.is_null() {
        return Ok(Pointer::NULL);
    }
    let units = text::length::<U>(&process.machine, text, u64::MAX)?.saturating_add(1);
    let copy = super::memory::malloc(process, Pointer(units.saturating_mul(U::SIZE)));
    if copy.is_null() { Ok(copy) } else { strcpy::<U>(process, copy, text) }
}

/// Where a thread keeps the places of `strtok` and `wcstok`, in its own storage.
const STRTOK: u64 = 96;

/// strtok and wcstok.
pub fn strtok<U: Unit>(process: &mut Process, text: Pointer, delimiters: Pointer) -> Result<Pointer, Stop> {
    let context = Pointer(process.machine.thread_storage()).at(STRTOK + 8 * (U::SIZE - 1));
    let from = if text.is_null() { pointer_at(&process.machine, context)? } else { text };
    if from.is_null() { Ok(from) } else { token::<U>(process, from, delimiters, context) }
}

/// strtok_s and wcstok_s.
pub fn strtok_s<U: Unit>(
    process: &mut Process,
    text: Pointer,
    delimiters: Pointer,
    context: Pointer,
) -> Result<Pointer, Stop> {
    if context.is_null() || delimiters.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let from = if text.is_null() { pointer_at(&process.machine, context)? } else { text };
    if from.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    token::<U>(process, from, delimiters, context)
}

/// The next word of a text from an address on.
fn token<U: Unit>(
    process: &Process,
    from: Pointer,
    delimiters: Pointer,
    context: Pointer,
) -> Result<Pointer, Stop> {
    let memory = &process.machine.memory;
    let start = text::span::<U>(&process.machine, from, delimiters, false)?;
    let end = text::span::<U>(&process.machine, start, delimiters, true)?;
    let more = U::read(memory, end)? != U::ZERO;
    if more {
        U::ZERO.write(memory, end)?;
    }
    put_pointer(&process.machine, context, if more { end.at(U::SIZE) } else { end })?;
    Ok(if start == end { Pointer::NULL } else { start })
}

/// strerror; the text is in a buffer that the next call overwrites.
pub fn strerror(process: &mut Process, error: i32) -> Result<Pointer, Stop> {
    let message = message(error);
    let buffer = process.crt.message;
    process.machine.memory.write(buffer.0, message.as_bytes())?;
    process.machine.memory.write(buffer.at(message.len() as u64).0, &[0])?;
    Ok(buffer)
}

pub(super) fn message(error: i32) -> &'static str {
    let known = MESSAGES.iter().find(|(number, _)| *number == error);
    known.map_or("Unknown error", |(_, message)| message)
}

/// The messages by number, from 0 to the last one.
pub(super) fn messages() -> impl Iterator<Item = &'static str> {
    let last = MESSAGES.last().map_or(0, |(number, _)| *number);
    (0..=last).map(message)
}

/// Room for the longest of [`MESSAGES`] and its zero.
pub(super) const MESSAGE_SIZE: u64 = 64;

/// The `errno` values and their messages (MS Learn, "errno constants").
const MESSAGES: &[(i32, &str)] = &[
    (0, "No error"),
    (1, "Operation not permitted"),
    (2, "No such file or directory"),
    (3, "No such process"),
    (4, "Interrupted function call"),
    (5, "Input/output error"),
    (6, "No such device or address"),
    (7, "Arg list too long"),
    (8, "Exec format error"),
    (9, "Bad file descriptor"),
    (10, "No child processes"),
    (11, "Resource temporarily unavailable"),
    (12, "Not enough space"),
    (13, "Permission denied"),
    (14, "Bad address"),
    (16, "Resource device"),
    (17, "File exists"),
    (18, "Improper link"),
    (19, "No such device"),
    (20, "Not a directory"),
    (21, "Is a directory"),
    (22, "Invalid argument"),
    (23, "Too many open files in system"),
    (24, "Too many open files"),
    (25, "Inappropriate I/O control operation"),
    (27, "File too large"),
    (28, "No space left on device"),
    (29, "Invalid seek"),
    (30, "Read-only file system"),
    (31, "Too many links"),
    (32, "Broken pipe"),
    (33, "Domain error"),
    (34, "Result too large"),
    (36, "Resource deadlock avoided"),
    (38, "Filename too long"),
    (39, "No locks available"),
    (40, "Function not implemented"),
    (41, "Directory not empty"),
    (42, "Illegal byte sequence"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_fit_their_buffer() {
        for (number, message) in MESSAGES {
            assert!((message.len() as u64) < MESSAGE_SIZE, "{number}");
        }
    }
}
