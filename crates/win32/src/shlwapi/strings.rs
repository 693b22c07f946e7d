//! Functions for texts. Letters are compared without regard to case as lstrcmpi does it.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Argument, Pointer, Variadic};
use crate::crt::print_cut;
use crate::kernel32::codepage::{Unit, text, units};
use crate::kernel32::letters::{as_char, other_case};
use crate::process::Process;
use crate::text::{contains, copy, find, find_last, find_text, length, span, unit_at};

/// A unit without its case.
fn folded<U: Unit>(unit: U) -> u32 {
    match as_char(unit) {
        Some(c) => other_case(c, c.to_lowercase()).into(),
        None => unit.into().into(),
    }
}

/// The first of a unit in a text, and the last one; its zero is none.
pub fn StrChr<U: Unit + Argument>(process: &mut Process, at: Pointer, unit: U) -> Result<Pointer, Stop> {
    if at.is_null() || unit == U::ZERO {
        return Ok(Pointer::NULL);
    }
    Ok(find(&process.machine, at, |other: U| Ok(other == unit))?.unwrap_or(Pointer::NULL))
}

pub fn StrChrI<U: Unit + Argument>(process: &mut Process, at: Pointer, unit: U) -> Result<Pointer, Stop> {
    if at.is_null() || unit == U::ZERO {
        return Ok(Pointer::NULL);
    }
    let wanted = folded(unit);
    Ok(find(&process.machine, at, |other: U| Ok(folded(other) == wanted))?.unwrap_or(Pointer::NULL))
}

/// StrRChr: before `end`, unless that is NULL.
pub fn StrRChr<U: Unit + Argument>(
    process: &mut Process,
    at: Pointer,
    end: Pointer,
    unit: U,
) -> Result<Pointer, Stop> {
    if at.is_null() || unit == U::ZERO {
        return Ok(Pointer::NULL);
    }
    if end.is_null() {
        return Ok(find_last(&process.machine, at, unit)?.unwrap_or(Pointer::NULL));
    }
    let count = end.0.saturating_sub(at.0) / U::SIZE;
    let mut last = Pointer::NULL;
    for (index, other) in (0..count).zip(crate::text::Text::<U>::new(&process.machine, at)) {
        let other = other?;
        if other == U::ZERO {
            break;
        }
        if other == unit {
            last = at.at(index * U::SIZE);
        }
    }
    Ok(last)
}

pub fn StrStr<U: Unit>(process: &mut Process, at: Pointer, part: Pointer) -> Result<Pointer, Stop> {
    if at.is_null() || part.is_null() || unit_at::<U>(&process.machine, part, 0)? == U::ZERO {
        return Ok(Pointer::NULL);
    }
    Ok(find_text::<U>(&process.machine, at, part)?.unwrap_or(Pointer::NULL))
}

pub fn StrStrI<U: Unit>(process: &mut Process, at: Pointer, part: Pointer) -> Result<Pointer, Stop> {
    const LONGEST: u64 = 1 << 16;
    if at.is_null() || part.is_null() {
        return Ok(Pointer::NULL);
    }
    let machine = &process.machine;
    let all = |at: Pointer| -> Result<Vec<u32>, Stop> {
        let len = length::<U>(machine, at, LONGEST)?;
        Ok(units::<U>(&machine.memory, at, len)?.into_iter().map(folded).collect())
    };
    let (text, part) = (all(at)?, all(part)?);
    if part.is_empty() {
        return Ok(Pointer::NULL);
    }
    for (index, window) in text.windows(part.len()).enumerate() {
        crate::process::still_wanted(machine)?;
        if window == part {
            return Ok(at.at(index as u64 * U::SIZE));
        }
    }
    Ok(Pointer::NULL)
}

/// Compares so many units, as far as both texts go.
fn compared<U: Unit>(
    process: &Process,
    one: Pointer,
    other: Pointer,
    count: u64,
    key: fn(U) -> u32,
) -> Result<i32, Stop> {
    let machine = &process.machine;
    let both = crate::text::Text::<U>::new(machine, one).zip(crate::text::Text::<U>::new(machine, other));
    for ((one, other), _) in both.zip(0..count) {
        let (one, other) = (one?, other?);
        let order = key(one).cmp(&key(other)) as i32;
        if order != 0 || one == U::ZERO {
            return Ok(order);
        }
    }
    Ok(0)
}

/// StrCmpN: by the numbers of the units.
pub fn StrCmpN<U: Unit>(
    process: &mut Process,
    one: Pointer,
    other: Pointer,
    count: i32,
) -> Result<i32, Stop> {
    compared::<U>(process, one, other, u64::try_from(count).unwrap_or(0), |unit| unit.into().into())
}

/// StrCmpNI: whatever the case.
pub fn StrCmpNI<U: Unit>(
    process: &mut Process,
    one: Pointer,
    other: Pointer,
    count: i32,
) -> Result<i32, Stop> {
    compared::<U>(process, one, other, u64::try_from(count).unwrap_or(0), folded)
}

/// StrCpyN: at most `room` units, with the zero.
pub fn StrCpyN<U: Unit>(
    process: &mut Process,
    to: Pointer,
    from: Pointer,
    room: i32,
) -> Result<Pointer, Stop> {
    if let Some(most) = u64::try_from(room).ok().and_then(|room| room.checked_sub(1))
        && !to.is_null()
        && !from.is_null()
    {
        copy::<U>(&process.machine, to, from, most)?;
    }
    Ok(to)
}

/// StrCatBuff: as much as fits into a buffer of `room` units.
pub fn StrCatBuff<U: Unit>(
    process: &mut Process,
    to: Pointer,
    from: Pointer,
    room: i32,
) -> Result<Pointer, Stop> {
    let len = length::<U>(&process.machine, to, u64::MAX)?;
    let left = u64::try_from(room).unwrap_or(0).saturating_sub(len);
    if let Some(most) = left.checked_sub(1) {
        copy::<U>(&process.machine, to.at(len * U::SIZE), from, most)?;
    }
    Ok(to)
}

/// StrDup: a copy that is the caller's to free, with LocalFree.
pub fn StrDup<U: Unit>(process: &mut Process, from: Pointer) -> Result<Pointer, Stop> {
    if from.is_null() {
        return Ok(from);
    }
    let len = length::<U>(&process.machine, from, u64::MAX)?;
    let block = process.allocate((len + 1).saturating_mul(U::SIZE), false);
    if !block.is_null() {
        copy::<U>(&process.machine, block, from, len)?;
    }
    Ok(block)
}

/// The number that a text begins with; hexadecimal behind 0x, if that is to count. The sign is only of decimal ones.
fn number(text: &str, hexadecimal: bool) -> Option<i64> {
    let text = text.trim_start_matches([' ', '\t', '\n']);
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let prefixed = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (radix, digits) = match prefixed.filter(|_| hexadecimal) {
        Some(digits) => (16, digits),
        None => (10, digits),
    };
    let mut value = None;
    for digit in digits.chars().map_while(|c| c.to_digit(radix)) {
        value = Some(value.unwrap_or(0_i64).wrapping_mul(radix.into()).wrapping_add(digit.into()));
    }
    value.map(|value| if negative && radix == 10 { value.wrapping_neg() } else { value })
}

fn low(value: i64) -> i32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// StrToInt: the decimal number that a text begins with, 0 for none.
pub fn StrToInt<U: Unit>(process: &mut Process, from: Pointer) -> Result<i32, Stop> {
    Ok(low(number(&text::<U>(&process.machine, from)?, false).unwrap_or(0)))
}

/// StrToIntEx: hexadecimal ones as well, with STIF_SUPPORT_HEX.
pub fn StrToIntEx<U: Unit>(
    process: &mut Process,
    from: Pointer,
    flags: u32,
    out: Pointer,
) -> Result<bool, Stop> {
    const STIF_SUPPORT_HEX: u32 = 1;
    let number = number(&text::<U>(&process.machine, from)?, flags & STIF_SUPPORT_HEX != 0);
    process.machine.memory.write(out.0, &low(number.unwrap_or(0)).to_le_bytes())?;
    Ok(number.is_some())
}

/// StrTrim: takes units of a set away from both ends; whether there were any.
pub fn StrTrim<U: Unit>(process: &mut Process, at: Pointer, set: Pointer) -> Result<bool, Stop> {
    if at.is_null() || set.is_null() {
        return Ok(false);
    }
    let machine = &process.machine;
    let before = length::<U>(machine, at, u64::MAX)?;
    let first = span::<U>(machine, at, set, false)?;
    let mut len = before - (first.0 - at.0) / U::SIZE;
    while len > 0 && contains::<U>(machine, set, unit_at(machine, first, len - 1)?)? {
        len -= 1;
    }
    copy::<U>(machine, at, first, len)?;
    Ok(len < before)
}

/// StrSpn: how many units of a set a text begins with.
pub fn StrSpn<U: Unit>(process: &mut Process, at: Pointer, set: Pointer) -> Result<i32, Stop> {
    let end = span::<U>(&process.machine, at, set, false)?;
    Ok(i32::try_from((end.0 - at.0) / U::SIZE).unwrap_or(i32::MAX))
}

/// StrCSpn: how many units come before the first one of a set.
pub fn StrCSpn<U: Unit>(process: &mut Process, at: Pointer, set: Pointer) -> Result<i32, Stop> {
    let end = span::<U>(&process.machine, at, set, true)?;
    Ok(i32::try_from((end.0 - at.0) / U::SIZE).unwrap_or(i32::MAX))
}

/// StrPBrk: the first unit of a set.
pub fn StrPBrk<U: Unit>(process: &mut Process, at: Pointer, set: Pointer) -> Result<Pointer, Stop> {
    let end = span::<U>(&process.machine, at, set, true)?;
    Ok(if unit_at::<U>(&process.machine, end, 0)? == U::ZERO { Pointer::NULL } else { end })
}

/// wnsprintf and wvnsprintf: as wsprintf, into a buffer of `room` units; -1 for one without room.
pub fn wnsprintf<U: Unit>(
    process: &mut Process,
    out: Pointer,
    room: i32,
    format: Pointer,
    arguments: Variadic,
) -> Result<i32, Stop> {
    match u64::try_from(room) {
        Ok(room @ 1..) => print_cut::<U>(process, out, room, format, arguments),
        _ => Ok(-1),
    }
}

pub fn wvnsprintf<U: Unit>(
    process: &mut Process,
    out: Pointer,
    room: i32,
    format: Pointer,
    arguments: Pointer,
) -> Result<i32, Stop> {
    wnsprintf::<U>(process, out, room, format, Variadic::List(arguments))
}
