//! Text of UTF-16 units from bytes, and the reverse.

use guest::{Machine, Stop};

use crate::abi::Pointer;
use crate::crt::{EILSEQ, set_errno};
use crate::process::Process;
use crate::text::{Text, Unit};

/// mbstowcs. In the "C" locale each byte is the character with its number.
pub fn mbstowcs(process: &mut Process, to: Pointer, from: Pointer, count: Pointer) -> Result<Pointer, Stop> {
    let converted = convert::<u8, u16>(&process.machine, to, from, count.0)?;
    Ok(counted(process, converted))
}

/// wcstombs; an error (EILSEQ) when a character has no byte in the "C" locale.
pub fn wcstombs(process: &mut Process, to: Pointer, from: Pointer, count: Pointer) -> Result<Pointer, Stop> {
    let converted = convert::<u16, u8>(&process.machine, to, from, count.0)?;
    Ok(counted(process, converted))
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

fn counted(process: &mut Process, converted: Option<u64>) -> Pointer {
    if converted.is_none() {
        set_errno(process, EILSEQ);
    }
    Pointer(converted.unwrap_or(u64::MAX))
}
