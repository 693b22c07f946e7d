//! Text of UTF-16 units, and between it and bytes.

use guest::{Memory, Stop, Violation};

use crate::abi::Pointer;
use crate::crt::text::{self, Text, Unit};
use crate::crt::{EILSEQ, set_errno};
use crate::process::Process;

pub fn wcslen(process: &mut Process, text: Pointer) -> Result<Pointer, Stop> {
    Ok(Pointer(text::length::<u16>(&process.machine.memory, text, u64::MAX)?))
}

pub fn wcscmp(process: &mut Process, left: Pointer, right: Pointer) -> Result<i32, Stop> {
    wcsncmp(process, left, right, Pointer(u64::MAX))
}

pub fn wcsncmp(process: &mut Process, left: Pointer, right: Pointer, count: Pointer) -> Result<i32, Stop> {
    Ok(text::compare(&process.machine.memory, left, right, count.0, |unit: u16| unit)?)
}

pub fn _wcsicmp(process: &mut Process, left: Pointer, right: Pointer) -> Result<i32, Stop> {
    _wcsnicmp(process, left, right, Pointer(u64::MAX))
}

pub fn _wcsnicmp(process: &mut Process, left: Pointer, right: Pointer, count: Pointer) -> Result<i32, Stop> {
    Ok(text::compare(&process.machine.memory, left, right, count.0, u16::lower)?)
}

pub fn wcscpy(process: &mut Process, to: Pointer, from: Pointer) -> Result<Pointer, Stop> {
    text::copy::<u16>(&process.machine.memory, to, from)?;
    Ok(to)
}

pub fn wcsncpy(process: &mut Process, to: Pointer, from: Pointer, count: Pointer) -> Result<Pointer, Stop> {
    text::copy_padded::<u16>(&process.machine.memory, to, from, count.0)?;
    Ok(to)
}

pub fn wcscat(process: &mut Process, to: Pointer, from: Pointer) -> Result<Pointer, Stop> {
    text::append::<u16>(&process.machine.memory, to, from, u64::MAX)?;
    Ok(to)
}

pub fn wcschr(process: &mut Process, text: Pointer, wanted: u16) -> Result<Pointer, Stop> {
    let found = text::find(&process.machine.memory, text, |unit: u16| Ok(unit == wanted))?;
    Ok(found.unwrap_or_default())
}

pub fn wcsrchr(process: &mut Process, text: Pointer, wanted: u16) -> Result<Pointer, Stop> {
    Ok(text::find_last(&process.machine.memory, text, wanted)?.unwrap_or_default())
}

pub fn wcsstr(process: &mut Process, text: Pointer, part: Pointer) -> Result<Pointer, Stop> {
    Ok(text::find_text::<u16>(&process.machine.memory, text, part)?.unwrap_or_default())
}

/// wcsxfrm. In the "C" locale a text is its own key.
pub fn wcsxfrm(process: &mut Process, to: Pointer, from: Pointer, count: Pointer) -> Result<Pointer, Stop> {
    text::copy_padded::<u16>(&process.machine.memory, to, from, count.0)?;
    wcslen(process, from)
}

/// mbstowcs. In the "C" locale each byte is the character with its number.
pub fn mbstowcs(process: &mut Process, to: Pointer, from: Pointer, count: Pointer) -> Result<Pointer, Stop> {
    let converted = convert::<u8, u16>(&process.machine.memory, to, from, count.0)?;
    Ok(counted(process, converted))
}

/// wcstombs; an error (EILSEQ) when a character has no byte in the "C" locale.
pub fn wcstombs(process: &mut Process, to: Pointer, from: Pointer, count: Pointer) -> Result<Pointer, Stop> {
    let converted = convert::<u16, u8>(&process.machine.memory, to, from, count.0)?;
    Ok(counted(process, converted))
}

/// Converts until a zero, which is converted but not counted, or until `count` units are written; without a destination it only
/// counts. `None` when a unit cannot be converted.
fn convert<From: Unit, To: Unit>(
    memory: &Memory,
    to: Pointer,
    from: Pointer,
    count: u64,
) -> Result<Option<u64>, Violation> {
    let limit = if to.is_null() { u64::MAX } else { count };
    for (index, unit) in (0..limit).zip(Text::<From>::new(memory, from)) {
        let unit = unit?;
        let Some(converted) = To::from_wide(unit.into()) else { return Ok(None) };
        if !to.is_null() {
            converted.write(memory, to.at(index * To::SIZE))?;
        }
        if unit == From::ZERO {
            return Ok(Some(index));
        }
    }
    Ok(Some(limit))
}

fn counted(process: &mut Process, converted: Option<u64>) -> Pointer {
    if converted.is_none() {
        set_errno(process, EILSEQ);
    }
    Pointer(converted.unwrap_or(u64::MAX))
}
