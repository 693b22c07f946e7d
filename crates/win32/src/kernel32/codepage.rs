//! Text in its two forms: bytes in the ANSI code page, which is Windows-1252 here, and UTF-16.

use guest::{Machine, Memory, Stop, Violation};

use crate::abi::Pointer;
use crate::text;

/// The ANSI code page, and in this system the OEM one as well.
pub(crate) const ANSI: u32 = 1252;
/// CP_UTF8.
pub(crate) const UTF8: u32 = 65001;

/// Text that a shim takes as a whole is cut after this many units; names and messages are far shorter.
const LONGEST: u64 = 1 << 16;

/// What 0x80 to 0x9F stand for; the five bytes that the code page leaves undefined are the control characters with their numbers,
/// as MultiByteToWideChar has it ("Windows-1252 best fit", Unicode mapping tables).
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', //
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The character that an ANSI byte stands for.
pub(crate) fn ansi_char(byte: u8) -> char {
    byte.checked_sub(0x80).and_then(|high| HIGH.get(usize::from(high)).copied()).unwrap_or(char::from(byte))
}

/// The same as UTF-16, of which every such character needs one unit.
fn ansi_unit(byte: u8) -> u16 {
    u16::try_from(u32::from(ansi_char(byte))).unwrap_or(byte.into())
}

/// The ANSI byte for a character, if it has one.
pub(crate) fn ansi_byte(c: char) -> Option<u8> {
    match u8::try_from(u32::from(c)) {
        Ok(byte) if ansi_char(byte) == c => Some(byte),
        _ => HIGH.iter().position(|&high| high == c).and_then(|index| u8::try_from(index + 0x80).ok()),
    }
}

/// Bytes in a code page as UTF-16; `None` for invalid UTF-8 when `strict`. A code page that is not UTF-8 counts as ANSI.
pub(crate) fn to_wide(code_page: u32, bytes: &[u8], strict: bool) -> Option<Vec<u16>> {
    if code_page != UTF8 {
        return Some(bytes.iter().map(|&byte| ansi_unit(byte)).collect());
    }
    let text = String::from_utf8_lossy(bytes);
    let valid = matches!(text, std::borrow::Cow::Borrowed(_));
    (valid || !strict).then(|| text.encode_utf16().collect())
}

/// UTF-16 as bytes in a code page, and whether a character had to be replaced by `default`; `None` for unpaired surrogates
/// when `strict`. UTF-8 has its own replacement character.
pub(crate) fn from_wide(code_page: u32, units: &[u16], strict: bool, default: u8) -> Option<(Vec<u8>, bool)> {
    let (mut bytes, mut replaced) = (Vec::with_capacity(units.len()), false);
    for decoded in char::decode_utf16(units.iter().copied()) {
        if strict && decoded.is_err() {
            return None;
        }
        let c = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
        if code_page == UTF8 {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            let byte = ansi_byte(c);
            replaced |= byte.is_none();
            bytes.push(byte.unwrap_or(default));
        }
    }
    Some((bytes, replaced))
}

/// A unit of text in guest memory with a meaning: CHAR, in the ANSI code page, or WCHAR.
pub(crate) trait Unit: text::Unit {
    /// The units of some text; `?` for what the code page lacks.
    fn encode(text: &str) -> Vec<Self>;

    /// The text that units stand for.
    fn decode(units: &[Self]) -> String;
}

impl Unit for u8 {
    fn encode(text: &str) -> Vec<Self> {
        text.chars().map(|c| ansi_byte(c).unwrap_or(b'?')).collect()
    }

    fn decode(units: &[Self]) -> String {
        units.iter().map(|&byte| ansi_char(byte)).collect()
    }
}

impl Unit for u16 {
    fn encode(text: &str) -> Vec<Self> {
        text.encode_utf16().collect()
    }

    fn decode(units: &[Self]) -> String {
        String::from_utf16_lossy(units)
    }
}

/// `count` units.
pub(crate) fn units<U: Unit>(memory: &Memory, at: Pointer, count: u64) -> Result<Vec<U>, Violation> {
    let mut bytes = vec![0; usize::try_from(count.saturating_mul(U::SIZE)).unwrap_or(0)];
    memory.read(at.0, &mut bytes)?;
    Ok(U::from_bytes(&bytes))
}

/// The text up to the first zero; empty for NULL.
pub(crate) fn text<U: Unit>(machine: &Machine, at: Pointer) -> Result<String, Stop> {
    if at.is_null() {
        return Ok(String::new());
    }
    let count = text::length::<U>(machine, at, LONGEST)?;
    Ok(U::decode(&units(&machine.memory, at, count)?))
}

/// Writes as much of the text as fits into `room` units with a zero behind it; answers how many units come before that zero.
/// Writes nothing when there is no room at all.
pub(crate) fn put<U: Unit>(memory: &Memory, out: Pointer, room: u32, text: &str) -> Result<u32, Violation> {
    let Some(most) = room.checked_sub(1) else { return Ok(0) };
    let mut units = U::encode(text);
    units.truncate(most as usize);
    let written = u32::try_from(units.len()).unwrap_or(most);
    units.push(U::ZERO);
    memory.write(out.0, &U::to_bytes(&units))?;
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ansi_byte_has_its_own_character() {
        for byte in 0..=u8::MAX {
            assert_eq!(ansi_byte(ansi_char(byte)), Some(byte));
        }
        assert_eq!(u8::decode(b"\x80 \x9f \xe4"), "€ Ÿ ä");
        assert_eq!(u8::encode("€Żœ"), [0x80, b'?', 0x9c]);
    }

    #[test]
    fn invalid_utf8_is_replaced_or_refused() {
        assert_eq!(to_wide(UTF8, "ä€".as_bytes(), true), Some(vec![0xe4, 0x20ac]));
        assert_eq!(to_wide(UTF8, b"a\xff", true), None);
        assert_eq!(to_wide(UTF8, b"a\xff", false), Some(vec![0x61, 0xfffd]));
        assert_eq!(to_wide(437, b"\x80", true), Some(vec![0x20ac]));
    }

    #[test]
    fn utf16_is_replaced_or_refused() {
        assert_eq!(from_wide(UTF8, &[0xd83d, 0xde00], true, b'?'), Some(("😀".into(), false)));
        assert_eq!(from_wide(UTF8, &[0xd83d], true, b'?'), None);
        assert_eq!(from_wide(UTF8, &[0xd83d], false, b'?'), Some(("\u{fffd}".into(), false)));
        assert_eq!(from_wide(ANSI, &[0x20ac, 0x17b], false, b'_'), Some((vec![0x80, b'_'], true)));
    }
}
