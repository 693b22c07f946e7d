//! Which characters a text's bytes are.

use super::SyntaxError;

/// What Windows' code page 1252 has from 0x80 to 0x9F; it is Latin-1 elsewhere. Five bytes that it does not assign stay what they are.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// A text as Windows' programs write it: UTF-16 or UTF-8 behind a byte order mark; and without one UTF-8, or where it cannot be that, the
/// code page 1252 of western Windows.
///
/// # Errors
/// Text behind a mark that is not what the mark says.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, SyntaxError> {
    if let Some(units) = bytes.strip_prefix(b"\xFF\xFE") {
        return utf16(units);
    }
    if bytes.starts_with(b"\xFE\xFF") {
        return Err(SyntaxError::new(1, "UTF-16 with the high byte first, which Windows does not write"));
    }
    if let Some(text) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return std::str::from_utf8(text).map(str::to_owned).map_err(|error| {
            let valid = text.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
            SyntaxError::new(line, "bytes that are no UTF-8, which the file's mark says it is")
        });
    }
    Ok(std::str::from_utf8(bytes).map_or_else(|_| windows_1252(bytes), str::to_owned))
}

fn utf16(bytes: &[u8]) -> Result<String, SyntaxError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
    let (mut text, mut line) = (String::with_capacity(bytes.len() / 2), 1);
    for unit in char::decode_utf16(units) {
        let unit =
            unit.map_err(|_| SyntaxError::new(line, "half a character, where UTF-16 needs two units"))?;
        line += usize::from(unit == '\n');
        text.push(unit);
    }
    if rest.is_empty() { Ok(text) } else { Err(SyntaxError::new(line, "UTF-16 that ends in half a unit")) }
}

/// Text in the code page 1252.
pub(crate) fn windows_1252(bytes: &[u8]) -> String {
    let character = |byte: &u8| {
        let special = byte.checked_sub(0x80).and_then(|at| WINDOWS_1252.get(usize::from(at)));
        special.copied().unwrap_or(char::from(*byte))
    };
    bytes.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_say_what_follows() {
        assert_eq!(decode(b"\xFF\xFEa\0\xE9\0").unwrap(), "aé");
        assert_eq!(decode(b"\xEF\xBB\xBFa\xC3\xA9").unwrap(), "aé");
        assert_eq!(decode(b"a\xC3\xA9").unwrap(), "aé");
        assert_eq!(decode(b"a\xE9\x80").unwrap(), "aé€");
        assert_eq!(decode(b"").unwrap(), "");
    }

    #[test]
    fn what_a_mark_does_not_keep_is_said_with_its_line() {
        let line = |bytes: &[u8]| decode(bytes).unwrap_err().line;
        assert_eq!(line(b"\xFE\xFF\0a"), 1);
        assert_eq!(line(b"\xEF\xBB\xBFa\nb\xE9"), 2);
        assert_eq!(line(b"\xFF\xFEa\0\n\0\x00\xD8a\0"), 2);
        assert_eq!(line(b"\xFF\xFE\n\0\n\0a"), 3);
    }
}
