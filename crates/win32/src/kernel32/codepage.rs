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

/// The upper half of code page 437.
const OEM_437: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// The upper half of code page 850.
const OEM_850: &str = "\
    ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// The character that an ANSI byte stands for.
pub(crate) fn ansi_char(byte: u8) -> char {
    byte.checked_sub(0x80).and_then(|high| HIGH.get(usize::from(high)).copied()).unwrap_or(char::from(byte))
}

/// The ANSI byte for a character, if it has one.
pub(crate) fn ansi_byte(c: char) -> Option<u8> {
    match u8::try_from(u32::from(c)) {
        Ok(byte) if ansi_char(byte) == c => Some(byte),
        _ => HIGH.iter().position(|&high| high == c).and_then(|index| u8::try_from(index + 0x80).ok()),
    }
}

/// A code page that text can be converted from and to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodePage {
    /// Windows-1252, which is also what CP_ACP, CP_OEMCP, CP_MACCP and CP_THREAD_ACP stand for here.
    Ansi,
    Ascii,
    Latin1,
    /// What DOS had, with the characters from 0x80 on.
    Oem(&'static str),
    /// CP_SYMBOL: bytes are a part of the private use area, control characters themselves.
    Symbol,
    Utf8,
}

impl CodePage {
    /// The code page with an identifier; `None` for one that there is not.
    pub fn of(identifier: u32) -> Option<Self> {
        Some(match identifier {
            0..=3 | ANSI => Self::Ansi,
            42 => Self::Symbol,
            437 => Self::Oem(OEM_437),
            850 => Self::Oem(OEM_850),
            20127 => Self::Ascii,
            28591 => Self::Latin1,
            UTF8 => Self::Utf8,
            _ => return None,
        })
    }

    /// What a byte stands for by itself, if anything.
    fn char(self, byte: u8) -> Option<char> {
        match self {
            Self::Ansi => Some(ansi_char(byte)),
            Self::Latin1 => Some(byte.into()),
            Self::Symbol if byte >= b' ' => char::from_u32(SYMBOLS + u32::from(byte)),
            Self::Oem(high) if !byte.is_ascii() => high.chars().nth(usize::from(byte & 0x7f)),
            Self::Ascii | Self::Utf8 | Self::Symbol | Self::Oem(_) => byte.is_ascii().then_some(byte.into()),
        }
    }

    /// The byte for a character, if it has one.
    fn byte(self, c: char) -> Option<u8> {
        let number = u32::from(c);
        match self {
            Self::Ansi => ansi_byte(c),
            Self::Latin1 => u8::try_from(number).ok(),
            Self::Oem(high) if !c.is_ascii() => {
                let place = high.chars().position(|high| high == c)?;
                u8::try_from(place + 0x80).ok()
            }
            Self::Symbol if number >= SYMBOLS => u8::try_from(number - SYMBOLS).ok().filter(|&b| b >= b' '),
            Self::Symbol => u8::try_from(number).ok().filter(|&b| b < b' '),
            Self::Ascii | Self::Utf8 | Self::Oem(_) => u8::try_from(number).ok().filter(u8::is_ascii),
        }
    }

    /// Bytes as UTF-16; what stands for nothing is replaced, or if `strict` there is no result.
    pub fn to_wide(self, bytes: &[u8], strict: bool) -> Option<Vec<u16>> {
        if self == Self::Utf8 {
            let text = String::from_utf8_lossy(bytes);
            let valid = matches!(text, std::borrow::Cow::Borrowed(_));
            return (valid || !strict).then(|| text.encode_utf16().collect());
        }
        let unit = |&byte: &u8| match self.char(byte) {
            // All of them are in the basic plane.
            Some(c) => u16::try_from(u32::from(c)).ok(),
            None => (!strict).then_some(REPLACEMENT),
        };
        bytes.iter().map(unit).collect()
    }

    /// UTF-16 as bytes, and whether a character had to be replaced by `default`; `None` for unpaired surrogates when `strict`. UTF-8 has its own replacement
    /// character.
    pub fn to_bytes(self, units: &[u16], strict: bool, default: u8) -> Option<(Vec<u8>, bool)> {
        let (mut bytes, mut replaced) = (Vec::with_capacity(units.len()), false);
        for decoded in char::decode_utf16(units.iter().copied()) {
            if strict && decoded.is_err() {
                return None;
            }
            let c = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
            if self == Self::Utf8 {
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                let byte = self.byte(c);
                replaced |= byte.is_none();
                bytes.push(byte.unwrap_or(default));
            }
        }
        Some((bytes, replaced))
    }
}

/// Where in Unicode the byte 0 of CP_SYMBOL would be.
const SYMBOLS: u32 = 0xf000;
const REPLACEMENT: u16 = 0xfffd;

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
    fn invalid_text_is_replaced_or_refused() {
        let utf8 = CodePage::Utf8;
        assert_eq!(utf8.to_wide("ä€".as_bytes(), true), Some(vec![0xe4, 0x20ac]));
        assert_eq!(utf8.to_wide(b"a\xff", true), None);
        assert_eq!(utf8.to_wide(b"a\xff", false), Some(vec![0x61, 0xfffd]));
        assert_eq!(CodePage::Ascii.to_wide(b"a\xe4", false), Some(vec![0x61, 0xfffd]));
        assert_eq!(CodePage::Ascii.to_wide(b"a\xe4", true), None);
    }

    #[test]
    fn code_pages_have_their_own_characters() {
        assert_eq!([0, 932, 54321, 65000].map(CodePage::of), [Some(CodePage::Ansi), None, None, None]);
        for oem in [437, 850].map(|number| CodePage::of(number).unwrap()) {
            let bytes: Vec<u8> = (0..=u8::MAX).collect();
            let wide = oem.to_wide(&bytes, true).unwrap();
            assert_eq!(oem.to_bytes(&wide, true, b'?'), Some((bytes, false)));
            assert_eq!(wide[0x81], u16::from(b'\xfc'));
        }
        assert_eq!(CodePage::Ansi.to_wide(b"\x80", true), Some(vec![0x20ac]));
        assert_eq!(CodePage::Latin1.to_wide(b"\x80\xe4", true), Some(vec![0x80, 0xe4]));
        assert_eq!(CodePage::Symbol.to_wide(b"\ta", true), Some(vec![9, 0xf061]));
        assert_eq!(CodePage::Symbol.to_bytes(&[9, 0xf061, 0x61], true, b'?'), Some((b"\ta?".into(), true)));
        assert_eq!(CodePage::Latin1.to_bytes(&[0xe4, 0x20ac], true, b'?'), Some((b"\xe4?".into(), true)));
        assert_eq!(CodePage::Ascii.to_bytes(&[0x61, 0xe4], true, b'_'), Some((b"a_".into(), true)));
    }

    #[test]
    fn utf16_is_replaced_or_refused() {
        let utf8 = CodePage::Utf8;
        assert_eq!(utf8.to_bytes(&[0xd83d, 0xde00], true, b'?'), Some(("😀".into(), false)));
        assert_eq!(utf8.to_bytes(&[0xd83d], true, b'?'), None);
        assert_eq!(utf8.to_bytes(&[0xd83d], false, b'?'), Some(("\u{fffd}".into(), false)));
        assert_eq!(CodePage::Ansi.to_bytes(&[0x20ac, 0x17b], false, b'_'), Some((vec![0x80, b'_'], true)));
    }
}
