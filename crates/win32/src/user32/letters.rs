//! Characters of text: the next and the one before, upper and lower case, and what they are. All code pages here have characters of one byte, and the one for DOS
//! text is the ANSI code page.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::{Argument, Pointer};
use crate::kernel32::codepage::{Unit, units};
use crate::kernel32::error::{ERROR_NOT_ENOUGH_MEMORY, fail};
use crate::kernel32::letters::{as_char, other_case};
use crate::process::Process;
use crate::text::{find, length};

/// The most units that are changed by one call.
const LONGEST: u64 = 1 << 18;

fn cased<U: Unit>(unit: U, upper: bool) -> U {
    let Some(c) = as_char(unit) else { return unit };
    let other = if upper { other_case(c, c.to_uppercase()) } else { other_case(c, c.to_lowercase()) };
    // What the code page lacks the other case of stays as it is.
    match *U::encode(&other.to_string()) {
        [cased] if as_char(cased) == Some(other) => cased,
        _ => unit,
    }
}

/// Changes so many units at an address.
fn change<U: Unit>(process: &mut Process, at: Pointer, count: u64, upper: bool) -> Result<(), Stop> {
    let mut text = units::<U>(&process.machine.memory, at, count)?;
    for unit in &mut text {
        *unit = cased(*unit, upper);
    }
    Ok(process.machine.memory.write(at.0, &U::to_bytes(&text))?)
}

/// CharUpper and CharLower: a text that is changed where it is, or one character in place of its address.
fn character<U: Unit>(process: &mut Process, text: Pointer, upper: bool) -> Result<Pointer, Stop> {
    if let Ok(unit) = u16::try_from(text.0) {
        let changed = U::from_wide(unit).map(|unit| cased(unit, upper).into());
        return Ok(Pointer(changed.unwrap_or(unit).into()));
    }
    let count = length::<U>(&process.machine, text, LONGEST)?;
    change::<U>(process, text, count, upper)?;
    Ok(text)
}

pub fn CharUpper<U: Unit>(process: &mut Process, text: Pointer) -> Result<Pointer, Stop> {
    character::<U>(process, text, true)
}

pub fn CharLower<U: Unit>(process: &mut Process, text: Pointer) -> Result<Pointer, Stop> {
    character::<U>(process, text, false)
}

fn buffer<U: Unit>(process: &mut Process, text: Pointer, count: u32, upper: bool) -> Result<u32, Stop> {
    if text.is_null() {
        return Ok(0);
    }
    if u64::from(count) > LONGEST {
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, 0));
    }
    change::<U>(process, text, count.into(), upper)?;
    Ok(count)
}

/// CharUpperBuff: how many units were looked at.
pub fn CharUpperBuff<U: Unit>(process: &mut Process, text: Pointer, count: u32) -> Result<u32, Stop> {
    buffer::<U>(process, text, count, true)
}

/// CharLowerBuff: how many units were looked at.
pub fn CharLowerBuff<U: Unit>(process: &mut Process, text: Pointer, count: u32) -> Result<u32, Stop> {
    buffer::<U>(process, text, count, false)
}

/// CharNext: the next character, or the end of the text again.
pub fn CharNext<U: Unit>(process: &mut Process, at: Pointer) -> Result<Pointer, Stop> {
    let end = U::read(&process.machine.memory, at)? == U::ZERO;
    Ok(if end { at } else { at.at(U::SIZE) })
}

/// CharPrev: the character before, or the beginning of the text again.
pub fn CharPrev<U: Unit>(_: &mut Process, start: Pointer, at: Pointer) -> Pointer {
    if at <= start { start } else { Pointer(at.0.saturating_sub(U::SIZE)).max(start) }
}

pub fn CharNextExA(
    process: &mut Process,
    _code_page: u16,
    at: Pointer,
    _flags: u32,
) -> Result<Pointer, Stop> {
    CharNext::<u8>(process, at)
}

pub fn CharPrevExA(
    process: &mut Process,
    _code_page: u16,
    start: Pointer,
    at: Pointer,
    _flags: u32,
) -> Pointer {
    CharPrev::<u8>(process, start, at)
}

pub fn IsCharAlpha<U: Unit + Argument>(_: &mut Process, unit: U) -> bool {
    as_char(unit).is_some_and(char::is_alphabetic)
}

pub fn IsCharAlphaNumeric<U: Unit + Argument>(_: &mut Process, unit: U) -> bool {
    as_char(unit).is_some_and(|c| c.is_alphabetic() || c.is_ascii_digit())
}

pub fn IsCharUpper<U: Unit + Argument>(_: &mut Process, unit: U) -> bool {
    as_char(unit).is_some_and(char::is_uppercase)
}

pub fn IsCharLower<U: Unit + Argument>(_: &mut Process, unit: U) -> bool {
    as_char(unit).is_some_and(char::is_lowercase)
}

/// Converts so many units.
fn convert<From: Unit, To: Unit>(
    process: &mut Process,
    from: Pointer,
    to: Pointer,
    count: u64,
) -> Result<bool, Stop> {
    if from.is_null() || to.is_null() || count > LONGEST {
        return Ok(false);
    }
    let text = units::<From>(&process.machine.memory, from, count)?;
    let text = To::encode(&From::decode(&text));
    process.machine.memory.write(to.0, &To::to_bytes(&text))?;
    Ok(true)
}

/// CharToOem and OemToChar, whose names say which of both is wide.
pub fn CharToOemA(process: &mut Process, from: Pointer, to: Pointer) -> Result<bool, Stop> {
    whole::<u8, u8>(process, from, to)
}

pub fn CharToOemW(process: &mut Process, from: Pointer, to: Pointer) -> Result<bool, Stop> {
    whole::<u16, u8>(process, from, to)
}

pub fn OemToCharW(process: &mut Process, from: Pointer, to: Pointer) -> Result<bool, Stop> {
    whole::<u8, u16>(process, from, to)
}

fn whole<From: Unit, To: Unit>(process: &mut Process, from: Pointer, to: Pointer) -> Result<bool, Stop> {
    if from.is_null() || to.is_null() {
        return Ok(false);
    }
    let end = find(&process.machine, from, |unit: From| Ok(unit == From::ZERO))?.unwrap_or(from);
    convert::<From, To>(process, from, to, (end.0 - from.0) / From::SIZE + 1)
}

/// CharToOemBuffA and OemToCharBuffA.
pub fn CharToOemBuffA(process: &mut Process, from: Pointer, to: Pointer, count: u32) -> Result<bool, Stop> {
    convert::<u8, u8>(process, from, to, count.into())
}

pub fn CharToOemBuffW(process: &mut Process, from: Pointer, to: Pointer, count: u32) -> Result<bool, Stop> {
    convert::<u16, u8>(process, from, to, count.into())
}

pub fn OemToCharBuffW(process: &mut Process, from: Pointer, to: Pointer, count: u32) -> Result<bool, Stop> {
    convert::<u8, u16>(process, from, to, count.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_the_other_case_that_the_code_page_has() {
        assert_eq!(
            [b'a', 0xe4, b'1', 0xdf, 0xff].map(|unit| cased(unit, true)),
            [b'A', 0xc4, b'1', 0xdf, 0x9f]
        );
        assert_eq!([0x3b1_u16, 0xd800, 0x41].map(|unit| cased(unit, true)), [0x391, 0xd800, 0x41]);
        assert_eq!(cased(0xc4_u8, false), 0xe4);
    }
}
