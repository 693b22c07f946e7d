//! Copies of text and of blocks that know how much room there is (MS Learn, "Security Features in the CRT").

use guest::{Machine, Stop};

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
use crate::crt::{EINVAL, ERANGE, STRUNCATE};
use crate::process::Process;
use crate::text::{self, Unit};

/// `_TRUNCATE` as a count: as much as fits.
pub(super) fn truncates(process: &Process, count: Pointer) -> bool {
    count.0 == u64::MAX >> (64 - 8 * process.machine.mode().pointer_size())
}

/// How many units the text in a buffer has; `None` when no zero is in its room.
fn used<U: Unit>(machine: &Machine, to: Pointer, room: u64) -> Result<Option<u64>, Stop> {
    Ok(Some(text::length::<U>(machine, to, room)?).filter(|&length| length < room))
}

/// Puts at most `count` units of a text to offset `at` of a buffer with room for `room` units, if they fit with a zero; else the buffer becomes empty.
fn put<U: Unit>(
    process: &mut Process,
    to: Pointer,
    room: u64,
    at: Option<u64>,
    from: Pointer,
    count: Pointer,
) -> Result<i32, Stop> {
    let machine = &process.machine;
    let (Some(at), false) = (at, from.is_null() && count.0 > 0) else {
        U::ZERO.write(&machine.memory, to)?;
        return invalid(process, EINVAL, EINVAL);
    };
    let free = room.saturating_sub(at);
    let cut = truncates(process, count);
    let length = if from.is_null() { 0 } else { text::length::<U>(machine, from, count.0.min(free))? };
    if length < free {
        text::copy::<U>(machine, to.at(at * U::SIZE), from, length)?;
        return Ok(0);
    }
    if cut {
        text::copy::<U>(machine, to.at(at * U::SIZE), from, free.saturating_sub(1))?;
        return Ok(STRUNCATE);
    }
    U::ZERO.write(&machine.memory, to)?;
    invalid(process, ERANGE, ERANGE)
}

/// More units than there can be: all of the text.
const ALL: Pointer = Pointer(u64::MAX - 1);

/// strcpy_s and wcscpy_s.
pub fn strcpy_s<U: Unit>(
    process: &mut Process,
    to: Pointer,
    room: Pointer,
    from: Pointer,
) -> Result<i32, Stop> {
    strncpy_s::<U>(process, to, room, from, ALL)
}

/// strcat_s and wcscat_s.
pub fn strcat_s<U: Unit>(
    process: &mut Process,
    to: Pointer,
    room: Pointer,
    from: Pointer,
) -> Result<i32, Stop> {
    strncat_s::<U>(process, to, room, from, ALL)
}

/// strncpy_s and wcsncpy_s: at most `count` units, or as many as fit (`_TRUNCATE`).
pub fn strncpy_s<U: Unit>(
    process: &mut Process,
    to: Pointer,
    room: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<i32, Stop> {
    if count.0 == 0 && to.is_null() && room.0 == 0 {
        return Ok(0);
    }
    if to.is_null() || room.0 == 0 {
        return invalid(process, EINVAL, EINVAL);
    }
    put::<U>(process, to, room.0, Some(0), from, count)
}

/// strncat_s and wcsncat_s; as [`strncpy_s`]. A buffer without a zero is an invalid parameter.
pub fn strncat_s<U: Unit>(
    process: &mut Process,
    to: Pointer,
    room: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<i32, Stop> {
    if count.0 == 0 && to.is_null() && room.0 == 0 {
        return Ok(0);
    }
    if to.is_null() || room.0 == 0 {
        return invalid(process, EINVAL, EINVAL);
    }
    let at = used::<U>(&process.machine, to, room.0)?;
    put::<U>(process, to, room.0, at, from, count)
}

/// memcpy_s: what does not fit leaves the buffer zero.
pub fn memcpy_s(
    process: &mut Process,
    to: Pointer,
    room: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<i32, Stop> {
    if count.0 == 0 {
        return Ok(0);
    }
    if to.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    if from.is_null() || count > room {
        process.machine.memory.fill(to.0, 0, room.size())?;
        let error = if from.is_null() { EINVAL } else { ERANGE };
        return invalid(process, error, error);
    }
    process.machine.memory.copy(to.0, from.0, count.size())?;
    Ok(0)
}

/// memmove_s: what does not fit leaves the buffer as it is.
pub fn memmove_s(
    process: &mut Process,
    to: Pointer,
    room: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<i32, Stop> {
    if count.0 == 0 {
        return Ok(0);
    }
    if to.is_null() || from.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    if count > room {
        return invalid(process, ERANGE, ERANGE);
    }
    process.machine.memory.copy(to.0, from.0, count.size())?;
    Ok(0)
}
