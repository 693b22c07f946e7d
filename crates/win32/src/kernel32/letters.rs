//! What characters are, and other forms of text: case, and keys to sort by.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::Pointer;
use crate::kernel32::codepage::{Unit, units};
use crate::kernel32::error::{ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_FLAGS, ERROR_INVALID_PARAMETER, fail};
use crate::kernel32::locale::is_named;
use crate::kernel32::text::{CompareString, source_length};
use crate::process::Process;
use crate::text::Unit as _;

/// The three kinds of classes (MS Learn: GetStringTypeW).
const CT_CTYPE1: u32 = 1;
const CT_CTYPE2: u32 = 2;
const CT_CTYPE3: u32 = 4;

/// The classes that C's functions ask for.
fn classes1(c: char) -> u16 {
    let blank = matches!(c, ' ' | '\t' | '\u{a0}');
    let bits: [(u16, bool); 9] = [
        (0x001, c.is_uppercase()),
        (0x002, c.is_lowercase()),
        (0x004, c.is_ascii_digit()),
        (0x008, c.is_whitespace()),
        (0x010, !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control()),
        (0x020, c.is_control()),
        (0x040, blank),
        (0x080, c.is_ascii_hexdigit()),
        (0x100, c.is_alphabetic()),
    ];
    const C1_DEFINED: u16 = 0x200;
    bits.iter().filter(|(_, is)| *is).fold(C1_DEFINED, |mask, (bit, _)| mask | bit)
}

/// The direction of writing: left to right, a number, a space, or neither.
fn classes2(c: char) -> u16 {
    match c {
        '0'..='9' => 3,
        '+' | '-' | '#' | '$' | '%' => 5,
        ',' | '.' | '/' | ':' => 7,
        '\n' | '\r' => 8,
        '\t' => 9,
        c if c.is_whitespace() => 10,
        c if c.is_alphabetic() => 1,
        c if c.is_control() => 0,
        _ => 11,
    }
}

/// What text is processed by: letters, and symbols.
fn classes3(c: char) -> u16 {
    const C3_SYMBOL: u16 = 0x8;
    const C3_ALPHA: u16 = 0x8000;
    match c {
        c if c.is_alphabetic() => C3_ALPHA,
        c if c.is_control() || c.is_ascii_digit() => 0,
        _ => C3_SYMBOL,
    }
}

fn string_type<U: Unit>(
    process: &mut Process,
    kind: u32,
    source: Pointer,
    len: i32,
    out: Pointer,
) -> Result<bool, Stop> {
    let classes = match kind {
        CT_CTYPE1 => classes1,
        CT_CTYPE2 => classes2,
        CT_CTYPE3 => classes3,
        _ => return Ok(fail(process, ERROR_INVALID_FLAGS, false)),
    };
    if out.is_null() || out == source {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let Some(count) = source_length::<U>(process, source, len)? else { return Ok(false) };
    let units = units::<U>(&process.machine.memory, source, count)?;
    // Each unit by itself: half of a pair is nothing.
    let of = |unit: &U| U::decode(std::slice::from_ref(unit)).chars().next().map_or(0, classes);
    let bytes: Vec<u8> = units.iter().flat_map(|unit| of(unit).to_le_bytes()).collect();
    process.machine.memory.write(out.0, &bytes)?;
    Ok(true)
}

pub fn GetStringTypeW(
    process: &mut Process,
    kind: u32,
    source: Pointer,
    len: i32,
    out: Pointer,
) -> Result<bool, Stop> {
    string_type::<u16>(process, kind, source, len, out)
}

/// GetStringTypeA, GetStringTypeExA and GetStringTypeExW, which name a locale first.
pub fn GetStringTypeEx<U: Unit>(
    process: &mut Process,
    _locale: u32,
    kind: u32,
    source: Pointer,
    len: i32,
    out: Pointer,
) -> Result<bool, Stop> {
    string_type::<U>(process, kind, source, len, out)
}

const LCMAP_LOWERCASE: u32 = 0x100;
const LCMAP_UPPERCASE: u32 = 0x200;
const LCMAP_SORTKEY: u32 = 0x400;
/// Of no consequence for the only locale.
const LCMAP_LINGUISTIC_CASING: u32 = 0x100_0000;
const NORM: u32 = 0x3_1007;
const NORM_IGNORECASE: u32 = 1;

/// The character that a unit is by itself; half of a pair is none.
pub(crate) fn as_char<U: Unit>(unit: U) -> Option<char> {
    U::decode(&[unit]).chars().next().filter(|&c| c != char::REPLACEMENT_CHARACTER)
}

/// A character's other case, if that is one character.
pub(crate) fn other_case<I: Iterator<Item = char>>(c: char, mut other: I) -> char {
    match (other.next(), other.next()) {
        (Some(other), None) => other,
        _ => c,
    }
}

/// Bytes that are in the order in which CompareString puts the texts.
fn sort_key(text: &str, ignore_case: bool) -> Vec<u8> {
    let folded: String = text.chars().flat_map(char::to_lowercase).collect();
    // No byte of a character is as low as what separates the parts and ends the key.
    let mut key: Vec<u8> = folded.bytes().map(|byte| byte.saturating_add(2)).collect();
    key.push(1);
    if !ignore_case {
        key.extend(text.chars().map(|c| if c.is_uppercase() { 3 } else { 2 }));
    }
    key.push(0);
    key
}

fn map<U: Unit>(
    process: &mut Process,
    flags: u32,
    source: Pointer,
    len: i32,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    let how = flags & !(LCMAP_LINGUISTIC_CASING | NORM);
    if !matches!(how, 0 | LCMAP_LOWERCASE | LCMAP_UPPERCASE | LCMAP_SORTKEY) || flags == 0 {
        return Ok(fail(process, ERROR_INVALID_FLAGS, 0));
    }
    if room < 0 || room > 0 && out.is_null() || how == LCMAP_SORTKEY && out == source {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    let Some(count) = source_length::<U>(process, source, len)? else { return Ok(0) };
    let units = units::<U>(&process.machine.memory, source, count)?;
    let text = U::decode(&units);
    let (bytes, size) = match how {
        LCMAP_SORTKEY => (sort_key(text.trim_end_matches('\0'), flags & NORM_IGNORECASE != 0), 1),
        LCMAP_LOWERCASE => (cased::<U>(&text, |c| other_case(c, c.to_lowercase())), U::SIZE),
        LCMAP_UPPERCASE => (cased::<U>(&text, |c| other_case(c, c.to_uppercase())), U::SIZE),
        _ => (U::to_bytes(&units), U::SIZE),
    };
    let len = i32::try_from(bytes.len() as u64 / size).unwrap_or(i32::MAX);
    if room == 0 {
        return Ok(len);
    }
    if room < len {
        return Ok(fail(process, ERROR_INSUFFICIENT_BUFFER, 0));
    }
    process.machine.memory.write(out.0, &bytes)?;
    Ok(len)
}

fn cased<U: Unit>(text: &str, case: impl Fn(char) -> char) -> Vec<u8> {
    U::to_bytes(&U::encode(&text.chars().map(case).collect::<String>()))
}

pub fn LCMapString<U: Unit>(
    process: &mut Process,
    _locale: u32,
    flags: u32,
    source: Pointer,
    len: i32,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    map::<U>(process, flags, source, len, out, room)
}

#[expect(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn LCMapStringEx(
    process: &mut Process,
    name: Pointer,
    flags: u32,
    source: Pointer,
    len: i32,
    out: Pointer,
    room: i32,
    _version: Pointer,
    _reserved: Pointer,
    _sort: Pointer,
) -> Result<i32, Stop> {
    if !is_named(process, name)? {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    map::<u16>(process, flags, source, len, out, room)
}

#[expect(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn CompareStringEx(
    process: &mut Process,
    name: Pointer,
    flags: u32,
    a: Pointer,
    a_len: i32,
    b: Pointer,
    b_len: i32,
    _version: Pointer,
    _reserved: Pointer,
    _parameter: Pointer,
) -> Result<i32, Stop> {
    if !is_named(process, name)? {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    CompareString::<u16>(process, 0, flags, a, a_len, b, b_len)
}

/// CompareStringOrdinal: by the numbers of the units.
pub fn CompareStringOrdinal(
    process: &mut Process,
    a: Pointer,
    a_len: i32,
    b: Pointer,
    b_len: i32,
    ignore_case: i32,
) -> Result<i32, Stop> {
    const CSTR_EQUAL: i32 = 2;
    let mut texts = Vec::new();
    for (at, len) in [(a, a_len), (b, b_len)] {
        let Some(count) = source_length::<u16>(process, at, if at.is_null() { 0 } else { len })? else {
            return Ok(0);
        };
        let mut units = units::<u16>(&process.machine.memory, at, count)?;
        if len < 0 {
            units.pop();
        }
        if ignore_case != 0 {
            let upper = |&unit: &u16| char::from_u32(unit.into()).map_or(unit, upper_unit);
            units = units.iter().map(upper).collect();
        }
        texts.push(units);
    }
    Ok(texts[0].cmp(&texts[1]) as i32 + CSTR_EQUAL)
}

fn upper_unit(c: char) -> u16 {
    u16::try_from(u32::from(other_case(c, c.to_uppercase()))).unwrap_or(u16::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_the_texts() {
        let mut texts = ["b", "A", "a", "B", "ab", "Ab", ""];
        texts.sort_by_key(|text| sort_key(text, false));
        assert_eq!(texts, ["", "a", "A", "ab", "Ab", "b", "B"]);
        assert_eq!(sort_key("Ab", true), sort_key("aB", true));
    }

    #[test]
    fn characters_are_in_their_classes() {
        assert_eq!(
            ['A', 'z', '7', ' ', '!', '\n', 'ß', '€'].map(classes1),
            [0x381, 0x302, 0x284, 0x248, 0x210, 0x228, 0x302, 0x210]
        );
        assert_eq!(other_case('ß', 'ß'.to_uppercase()), 'ß');
    }
}
