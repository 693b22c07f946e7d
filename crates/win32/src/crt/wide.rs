//! Text of UTF-16 units from bytes, and the reverse.

use guest::{Machine, Stop};

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
use crate::crt::secure::truncates;
use crate::crt::{EILSEQ, EINVAL, ERANGE, STRUNCATE, set_errno};
use crate::process::Process;
use crate::text::{Text, Unit};

/// mbstowcs. In the "C" locale each byte is the character with its number.
pub fn mbstowcs(process: &mut Process, to: Pointer, from: Pointer, count: Pointer) -> Result<Pointer, Stop> {
    counted::<u8, u16>(process, to, from, count)
}

/// wcstombs; an error (EILSEQ) when a character has no byte in the "C" locale.
pub fn wcstombs(process: &mut Process, to: Pointer, from: Pointer, count: Pointer) -> Result<Pointer, Stop> {
    counted::<u16, u8>(process, to, from, count)
}

/// mbstowcs_s.
pub fn mbstowcs_s(
    process: &mut Process,
    converted: Pointer,
    to: Pointer,
    room: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<i32, Stop> {
    limited::<u8, u16>(process, converted, to, room, from, count)
}

/// wcstombs_s.
pub fn wcstombs_s(
    process: &mut Process,
    converted: Pointer,
    to: Pointer,
    room: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<i32, Stop> {
    limited::<u16, u8>(process, converted, to, room, from, count)
}

/// Converts at most `count` units, or as many as fit (`_TRUNCATE`), and a zero; `converted` counts the zero.
fn limited<From: Unit, To: Unit>(
    process: &mut Process,
    converted: Pointer,
    to: Pointer,
    room: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<i32, Stop> {
    let tell = |process: &Process, count: u64| match converted {
        Pointer::NULL => Ok(()),
        at => process.machine.put_pointer(at.0, count),
    };
    let truncates = truncates(process, count);
    if to.is_null() != (room.0 == 0) || from.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    let Some(len) = convert::<From, To>(&process.machine, Pointer::NULL, from, 0)? else {
        set_errno(process, EILSEQ);
        return Ok(EILSEQ);
    };
    if to.is_null() {
        tell(process, len + 1)?;
        return Ok(0);
    }
    let wanted = if truncates { len.min(room.0 - 1) } else { len.min(count.0) };
    if wanted >= room.0 {
        To::ZERO.write(&process.machine.memory, to)?;
        return invalid(process, ERANGE, ERANGE);
    }
    convert::<From, To>(&process.machine, to, from, wanted)?;
    To::ZERO.write(&process.machine.memory, to.at(wanted * To::SIZE))?;
    tell(process, wanted + 1)?;
    Ok(if truncates && wanted < len { STRUNCATE } else { 0 })
}

/// Converts until a zero, which is converted but not counted, or until `count` units are written; without a destination it only
/// counts. `None` when a unit cannot be converted.
fn convert<From: Unit, To: Unit>(
    machine: &Machine,
    to: Pointer,
    from: Pointer,
    count: u64,
) -> Result<Option<u64>, Stop> {
    let limit = if to.is_null() { u64::MAX } else { count };
    for (index, unit) in (0..limit).zip(Text::<From>::new(machine, from)) {
        let unit = unit?;
        let Some(converted) = To::from_wide(unit.into()) else { return Ok(None) };
        if !to.is_null() {
            converted.write(&machine.memory, to.at(index * To::SIZE))?;
        }
        if unit == From::ZERO {
            return Ok(Some(index));
        }
    }
    Ok(Some(limit))
}

/// How many units [`convert`] converts: -1 with `errno` for those that it cannot.
fn counted<From: Unit, To: Unit>(
    process: &mut Process,
    to: Pointer,
    from: Pointer,
    count: Pointer,
) -> Result<Pointer, Stop> {
    const NONE: Pointer = Pointer(u64::MAX);
    if from.is_null() {
        return invalid(process, EINVAL, NONE);
    }
    let converted = convert::<From, To>(&process.machine, to, from, count.0)?;
    if converted.is_none() {
        set_errno(process, EILSEQ);
    }
    Ok(converted.map_or(NONE, Pointer))
}
