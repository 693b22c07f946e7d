//! FormatMessage: messages of the caller's, of a module's message table or of the system, with what is to be inserted.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Machine, Stop};

use crate::abi::Pointer;
use crate::crt::print_insert;
use crate::kernel32::codepage::{Unit, units};
use crate::kernel32::error::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, ERROR_MR_MID_NOT_FOUND, ERROR_NOT_ENOUGH_MEMORY,
    ERROR_RESOURCE_DATA_NOT_FOUND, ERROR_RESOURCE_LANG_NOT_FOUND, fail,
};
use crate::kernel32::system_messages::system_message;
use crate::process::{Process, still_wanted};
use crate::resources::{self, Name, RT_MESSAGETABLE};
use crate::text::length;

/// Flags; the lowest byte is the width of lines.
const ALLOCATE_BUFFER: u32 = 0x100;
const IGNORE_INSERTS: u32 = 0x200;
const FROM_STRING: u32 = 0x400;
const FROM_HMODULE: u32 = 0x800;
const FROM_SYSTEM: u32 = 0x1000;
const ARGUMENT_ARRAY: u32 = 0x2000;
const MAX_WIDTH_MASK: u32 = 0xff;

/// The most units that a message has ("The output buffer cannot be larger than 64K bytes"); one that is longer is cut.
const LONGEST: usize = 0x8000;

const CR: u16 = b'\r' as u16;
const LF: u16 = b'\n' as u16;
const SPACE: u16 = b' ' as u16;
const PERCENT: u16 = b'%' as u16;

/// A message under construction, in lines.
struct Lines {
    units: Vec<u16>,
    /// How lines are broken: 0 as the message has it, [`MAX_WIDTH_MASK`] only where it insists, else so that they are no longer than this.
    width: usize,
    /// Where the last line begins, and the last place in it where it can be broken.
    line: usize,
    space: Option<usize>,
}

impl Lines {
    fn put(&mut self, unit: u16) {
        if self.units.len() >= LONGEST {
            return;
        }
        self.units.push(unit);
        if matches!(self.width, 0 | 0xff) {
            return;
        }
        let last = self.units.len() - 1;
        if unit == SPACE {
            self.space = Some(last);
        }
        if self.units.len() - self.line > self.width {
            match self.space {
                Some(space) => {
                    self.units.splice(space..=space, [CR, LF]);
                    self.line = space + 2;
                }
                None => {
                    self.units.splice(last..last, [CR, LF]);
                    self.line = last + 2;
                }
            }
            self.space = None;
        }
    }

    fn break_line(&mut self) {
        if self.units.len() < LONGEST {
            self.units.extend([CR, LF]);
            (self.line, self.space) = (self.units.len(), None);
        }
    }

    /// A line break that is only the message's layout.
    fn soft_break(&mut self) {
        if self.width == 0 { self.break_line() } else { self.put(SPACE) }
    }
}

/// Where inserts come from.
#[derive(Clone, Copy)]
enum Inserts {
    /// Nowhere: their places stay in the text.
    Ignored,
    /// There are none.
    Missing,
    /// Words, one after the other.
    At(Pointer),
}

/// The message with its inserts; `None` when it is none that makes sense.
fn formatted<U: Unit>(
    machine: &Machine,
    message: &[u16],
    inserts: Inserts,
    width: u32,
) -> Result<Option<Vec<u16>>, Stop> {
    let width = usize::try_from(width).unwrap_or(0);
    let mut lines = Lines { units: Vec::new(), width, line: 0, space: None };
    let ignored = matches!(inserts, Inserts::Ignored);
    let mut rest = message;
    while let Some((&unit, after)) = rest.split_first() {
        still_wanted(machine)?;
        rest = after;
        match unit {
            CR | LF => {
                rest = if unit == CR { after.strip_prefix(&[LF]).unwrap_or(after) } else { after };
                lines.soft_break();
            }
            PERCENT => {
                let Some((&escape, after)) = rest.split_first() else { return Ok(None) };
                rest = after;
                match char::from_u32(escape.into()).unwrap_or('\0') {
                    '0' => break,
                    'n' => lines.break_line(),
                    'r' => lines.put(CR),
                    't' => lines.put(b'\t'.into()),
                    _ if ignored => {
                        lines.put(PERCENT);
                        lines.put(escape);
                    }
                    '1'..='9' => {
                        let Inserts::At(words) = inserts else { return Ok(None) };
                        let Some(after) = insert::<U>(machine, escape, rest, words, &mut lines)? else {
                            return Ok(None);
                        };
                        rest = after;
                    }
                    _ => lines.put(escape),
                }
            }
            unit => lines.put(unit),
        }
    }
    Ok(Some(lines.units))
}

/// Puts an insert where its number is, which may have two digits and a format behind it; answers what comes then.
fn insert<'t, U: Unit>(
    machine: &Machine,
    first: u16,
    mut rest: &'t [u16],
    words: Pointer,
    lines: &mut Lines,
) -> Result<Option<&'t [u16]>, Stop> {
    let digit = |unit: u16| char::from_u32(unit.into()).and_then(|c| c.to_digit(10));
    let mut number = u64::from(digit(first).unwrap_or(1));
    if let Some((next, after)) = rest.split_first().and_then(|(&unit, after)| Some((digit(unit)?, after))) {
        number = number * 10 + u64::from(next);
        rest = after;
    }
    let mut format = vec![PERCENT];
    match rest.strip_prefix(&[u16::from(b'!')]) {
        Some(inner) => {
            let Some(end) = inner.iter().position(|&unit| unit == u16::from(b'!')) else { return Ok(None) };
            format.extend(&inner[..end]);
            rest = &inner[end + 1..];
        }
        None => format.push(b's'.into()),
    }
    let size = machine.mode().pointer_size();
    let mut next = words.at((number - 1) * size);
    let word = || {
        let word = machine.pointer_at(next.0)?;
        next = next.at(size);
        Ok(word)
    };
    let mut text = Vec::new();
    if print_insert::<U>(machine, &format, word, &mut text, LONGEST)?.is_none() {
        return Ok(None);
    }
    text.into_iter().for_each(|unit| lines.put(unit));
    Ok(Some(rest))
}

/// A message of a module's message table (MESSAGE_RESOURCE_DATA), or the error that there is none.
fn of_module<U: Unit>(process: &Process, module: Pointer, id: u32) -> Result<Result<Vec<u16>, u32>, Stop> {
    let (kind, name) = (Name::Id(RT_MESSAGETABLE), Name::Id(1));
    let Some(table) = resources::find(process, module, &kind, &name)? else {
        return Ok(Err(ERROR_RESOURCE_DATA_NOT_FOUND));
    };
    let machine = &process.machine;
    let number = |at: Pointer| machine.memory.array(at.0).map(u32::from_le_bytes);
    let blocks = u64::from(number(table.at)?);
    for block in 0..blocks {
        still_wanted(machine)?;
        let block = table.at.at(4 + 12 * block);
        let (low, high, offset) = (number(block)?, number(block.at(4))?, number(block.at(8))?);
        if !(low..=high).contains(&id) {
            continue;
        }
        let mut entry = table.at.at(offset.into());
        for _ in low..id {
            still_wanted(machine)?;
            let len = u16::from_le_bytes(machine.memory.array(entry.0)?);
            entry = entry.at(len.into());
        }
        const HEADER: u16 = 4;
        const UNICODE: u16 = 1;
        let [len, flags] = [entry, entry.at(2)].map(|at| machine.memory.array(at.0).map(u16::from_le_bytes));
        let (text, len) = (entry.at(HEADER.into()), u64::from(len?.saturating_sub(HEADER)));
        let text = match flags? & UNICODE {
            0 => u8::decode(&units::<u8>(&machine.memory, text, len)?),
            _ => u16::decode(&units::<u16>(&machine.memory, text, len / 2)?),
        };
        return Ok(Ok(encoded::<U>(text.trim_end_matches('\0'))));
    }
    Ok(Err(ERROR_MR_MID_NOT_FOUND))
}

fn encoded<U: Unit>(text: &str) -> Vec<u16> {
    U::encode(text).into_iter().map(Into::into).collect()
}

/// A message of the system's, of which there are those of its usual errors, in English.
fn of_system<U: Unit>(id: u32, language: u32) -> Result<Vec<u16>, u32> {
    /// Neutral, the user's and the system's default, English and US English.
    const LANGUAGES: [u32; 5] = [0, 0x400, 0x800, 0x9, 0x409];
    let message = system_message(id).ok_or(ERROR_MR_MID_NOT_FOUND)?;
    if !LANGUAGES.contains(&language) {
        return Err(ERROR_RESOURCE_LANG_NOT_FOUND);
    }
    Ok(encoded::<U>(&format!("{message}\r\n")))
}

/// The message, before anything is inserted.
fn definition<U: Unit>(
    process: &Process,
    flags: u32,
    source: Pointer,
    id: u32,
    language: u32,
) -> Result<Result<Vec<u16>, u32>, Stop> {
    if flags & FROM_STRING != 0 {
        if source.is_null() {
            return Ok(Err(ERROR_INVALID_PARAMETER));
        }
        let len = length::<U>(&process.machine, source, LONGEST as u64)?;
        let text = units::<U>(&process.machine.memory, source, len)?;
        return Ok(Ok(text.into_iter().map(Into::into).collect()));
    }
    let mut found = Err(ERROR_INVALID_PARAMETER);
    if flags & FROM_HMODULE != 0 {
        found = of_module::<U>(process, source, id)?;
    }
    if found.is_err() && flags & FROM_SYSTEM != 0 {
        found = of_system::<U>(id, language);
    }
    Ok(found)
}

/// FormatMessage: how many units come before the zero.
#[expect(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn FormatMessage<U: Unit>(
    process: &mut Process,
    flags: u32,
    source: Pointer,
    message: u32,
    language: u32,
    buffer: Pointer,
    size: u32,
    arguments: Pointer,
) -> Result<u32, Stop> {
    let allocate = flags & ALLOCATE_BUFFER != 0;
    if buffer.is_null() {
        let error = if allocate { ERROR_NOT_ENOUGH_MEMORY } else { ERROR_INVALID_PARAMETER };
        return Ok(fail(process, error, 0));
    }
    let definition = match definition::<U>(process, flags, source, message, language)? {
        Ok(definition) => definition,
        Err(error) => return Ok(fail(process, error, 0)),
    };
    let inserts = match arguments {
        _ if flags & IGNORE_INSERTS != 0 => Inserts::Ignored,
        Pointer::NULL => Inserts::Missing,
        words if flags & ARGUMENT_ARRAY != 0 => Inserts::At(words),
        // A va_list is a pointer to the words, and this one to it.
        list => Inserts::At(Pointer(process.machine.pointer_at(list.0)?)),
    };
    let width = flags & MAX_WIDTH_MASK;
    let Some(text) = formatted::<U>(&process.machine, &definition, inserts, width)? else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    };
    // In bytes, what was inserted as wide text and has no byte is a question mark.
    let mut text: Vec<U> = text
        .into_iter()
        .filter_map(|unit| U::from_wide(unit).or_else(|| U::from_wide(b'?'.into())))
        .collect();
    let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
    text.push(U::ZERO);
    let to = if allocate {
        let bytes = u64::from(size).max(text.len() as u64).saturating_mul(U::SIZE);
        let block = process.allocate(bytes, true);
        if block.is_null() {
            return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, 0));
        }
        process.machine.put_pointer(buffer.0, block.0)?;
        block
    } else if size <= len {
        return Ok(fail(process, ERROR_INSUFFICIENT_BUFFER, 0));
    } else {
        buffer
    };
    process.machine.memory.write(to.0, &U::to_bytes(&text))?;
    Ok(len)
}
