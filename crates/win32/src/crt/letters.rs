//! Texts changed in place, and messages of errors.

use guest::Stop;

use crate::abi::{Argument, Pointer};
use crate::crt::invalid::invalid;
use crate::crt::secure::truncates;
use crate::crt::{EINVAL, ERANGE, data, stdio, string};
use crate::kernel32::codepage::{self, Unit};
use crate::process::{Process, still_wanted};
use crate::text;

/// Replaces each of at most `count` units of a text.
fn change<U: text::Unit>(
    process: &Process,
    at: Pointer,
    count: u64,
    change: impl Fn(U) -> U,
) -> Result<Pointer, Stop> {
    let memory = &process.machine.memory;
    for index in 0..count {
        still_wanted(&process.machine)?;
        let place = at.at(index.wrapping_mul(U::SIZE));
        let unit = U::read(memory, place)?;
        if unit == U::ZERO {
            break;
        }
        change(unit).write(memory, place)?;
    }
    Ok(at)
}

fn upper<U: text::Unit>(unit: U) -> U {
    let wide: u16 = unit.into();
    let changed = if (0x61..=0x7a).contains(&wide) { wide - 0x20 } else { wide };
    U::from_wide(changed).unwrap_or(unit)
}

/// _strlwr and _wcslwr.
pub fn _strlwr<U: text::Unit>(process: &mut Process, at: Pointer) -> Result<Pointer, Stop> {
    if at.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    change(process, at, u64::MAX, U::lower)
}

/// _strupr and _wcsupr.
pub fn _strupr<U: text::Unit>(process: &mut Process, at: Pointer) -> Result<Pointer, Stop> {
    if at.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    change(process, at, u64::MAX, upper::<U>)
}

/// A text in a buffer with room for `room` units; what has no zero in it becomes empty.
fn checked<U: text::Unit>(
    process: &mut Process,
    at: Pointer,
    room: Pointer,
    work: fn(U) -> U,
) -> Result<i32, Stop> {
    if at.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    if text::length::<U>(&process.machine, at, room.0)? >= room.0 {
        if room.0 > 0 {
            U::ZERO.write(&process.machine.memory, at)?;
        }
        return invalid(process, EINVAL, EINVAL);
    }
    change(process, at, u64::MAX, work).map(|_| 0)
}

/// _strlwr_s and _wcslwr_s.
pub fn _strlwr_s<U: text::Unit>(process: &mut Process, at: Pointer, room: Pointer) -> Result<i32, Stop> {
    checked::<U>(process, at, room, U::lower)
}

/// _strupr_s and _wcsupr_s.
pub fn _strupr_s<U: text::Unit>(process: &mut Process, at: Pointer, room: Pointer) -> Result<i32, Stop> {
    checked::<U>(process, at, room, upper::<U>)
}

/// _strrev and _wcsrev.
pub fn _strrev<U: text::Unit>(process: &mut Process, at: Pointer) -> Result<Pointer, Stop> {
    let length = text::length::<U>(&process.machine, at, u64::MAX)?;
    let memory = &process.machine.memory;
    for index in 0..length / 2 {
        still_wanted(&process.machine)?;
        let places = [index, length - 1 - index].map(|index| at.at(index * U::SIZE));
        let units = (U::read(memory, places[0])?, U::read(memory, places[1])?);
        units.1.write(memory, places[0])?;
        units.0.write(memory, places[1])?;
    }
    Ok(at)
}

/// _strset and _wcsset.
pub fn _strset<U: text::Unit + Argument>(
    process: &mut Process,
    at: Pointer,
    unit: U,
) -> Result<Pointer, Stop> {
    change(process, at, u64::MAX, |_| unit)
}

/// _strnset and _wcsnset.
pub fn _strnset<U: text::Unit + Argument>(
    process: &mut Process,
    at: Pointer,
    unit: U,
    count: Pointer,
) -> Result<Pointer, Stop> {
    change(process, at, count.0, |_| unit)
}

/// _mbsinc: the next character, which is the next byte.
pub fn _mbsinc(process: &mut Process, at: Pointer) -> Result<Pointer, Stop> {
    if at.is_null() { invalid(process, EINVAL, Pointer::NULL) } else { Ok(at.at(1)) }
}

/// _mbsdec: the character before, or NULL at the start.
pub fn _mbsdec(process: &mut Process, start: Pointer, at: Pointer) -> Result<Pointer, Stop> {
    if start.is_null() || at.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    Ok(if at <= start { Pointer::NULL } else { Pointer(at.0 - 1) })
}

/// strerror_s and _wcserror_s: the message, or as much of it as fits.
pub fn strerror_s<U: Unit>(
    process: &mut Process,
    to: Pointer,
    room: Pointer,
    error: i32,
) -> Result<i32, Stop> {
    if to.is_null() || room.0 == 0 {
        return invalid(process, EINVAL, EINVAL);
    }
    let room = u32::try_from(room.0).unwrap_or(u32::MAX);
    codepage::put::<U>(&process.machine.memory, to, room, string::message(error))?;
    Ok(0)
}

/// perror and _wperror: a text, a colon and the message of `errno` as a line of the error output.
pub fn perror<U: Unit>(process: &mut Process, text: Pointer) -> Result<(), Stop> {
    let errno = data::_errno(process);
    let error = process.machine.memory.array(errno.0).map(i32::from_le_bytes)?;
    let told = codepage::text::<U>(&process.machine, text)?;
    let start = if told.is_empty() { told } else { format!("{told}: ") };
    let line = format!("{start}{}\n", string::message(error));
    let output = stdio::file(process, 2);
    let written = crate::crt::streams::write(process, output, line.as_bytes())?;
    stdio::answer(process, written, ());
    Ok(())
}

/// getenv_s and _wgetenv_s; of the environment there is what `getenv` finds.
pub fn getenv_s<U: Unit>(
    process: &mut Process,
    needed: Pointer,
    to: Pointer,
    room: Pointer,
    name: Pointer,
) -> Result<i32, Stop> {
    if needed.is_null() || name.is_null() || to.is_null() != (room.0 == 0) {
        return invalid(process, EINVAL, EINVAL);
    }
    let value = value::<U>(process, name)?;
    let units = value.as_ref().map_or(0, |value| U::encode(value).len() as u64 + 1);
    process.machine.put_pointer(needed.0, units)?;
    if to.is_null() {
        return Ok(0);
    }
    if units > room.0 || truncates(process, room) {
        U::ZERO.write(&process.machine.memory, to)?;
        return invalid(process, ERANGE, ERANGE);
    }
    let room = u32::try_from(room.0).unwrap_or(u32::MAX);
    codepage::put::<U>(&process.machine.memory, to, room, &value.unwrap_or_default())?;
    Ok(0)
}

/// _dupenv_s and _wdupenv_s: the value in a block of its own, NULL where there is none.
pub fn _dupenv_s<U: Unit>(
    process: &mut Process,
    out: Pointer,
    count: Pointer,
    name: Pointer,
) -> Result<i32, Stop> {
    if out.is_null() || name.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    let value = value::<U>(process, name)?;
    let (mut block, mut units) = (Pointer::NULL, 0);
    if let Some(value) = &value {
        units = U::encode(value).len() as u64 + 1;
        block = super::memory::malloc(process, Pointer(units * U::SIZE));
        if block.is_null() {
            return Ok(super::ENOMEM);
        }
        codepage::put::<U>(&process.machine.memory, block, u32::MAX, value)?;
    }
    process.machine.put_pointer(out.0, block.0)?;
    if !count.is_null() {
        process.machine.put_pointer(count.0, units)?;
    }
    Ok(0)
}

/// The value of an environment variable.
fn value<U: Unit>(process: &Process, name: Pointer) -> Result<Option<String>, Stop> {
    let name = codepage::text::<U>(&process.machine, name)?;
    if !name.eq_ignore_ascii_case("WINEDEBUG") || U::SIZE == 2 {
        return Ok(None);
    }
    codepage::text::<u8>(&process.machine, process.crt.winedebug).map(Some)
}
