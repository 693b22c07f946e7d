//! What the kinds of registry files have of their own: their first lines, and how text is written in them.

use super::ansi::windows_1252;
use super::cursor::Cursor;
use super::{REG_EXPAND_SZ, REG_MULTI_SZ, REG_SZ, SyntaxError};

/// A kind of registry file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Windows 95 to NT 4: text in hexadecimal is in a code page.
    Regedit4,
    /// Windows 2000 and later: text in hexadecimal is UTF-16.
    Version5,
    /// Wine's `system.reg`, `user.reg` and `userdef.reg`.
    Wine,
}

/// The first line of each. A space may follow, and nothing else.
const FIRST_LINES: [(&str, Dialect); 3] = [
    ("REGEDIT4", Dialect::Regedit4),
    (super::write::FIRST_LINE, Dialect::Version5),
    ("WINE REGISTRY Version 2", Dialect::Wine),
];

impl Dialect {
    /// Reads a file's first line.
    ///
    /// # Errors
    /// Any other text.
    pub fn of(cursor: &mut Cursor<'_>) -> Result<Self, SyntaxError> {
        cursor.skip_empty_lines();
        let line = cursor.line();
        let first = cursor.rest_of_line().trim_end();
        let known = FIRST_LINES.iter().find(|(known, _)| *known == first);
        known.map(|(_, dialect)| *dialect).ok_or_else(|| {
            let all = FIRST_LINES.map(|(known, _)| format!("`{known}`")).join(", ");
            SyntaxError::new(line, format!("the text of a registry begins with one of {all}"))
        })
    }

    /// Reads one character of a text, which an escape may stand for; `None` at `end`, which is taken, and stands for itself behind a
    /// backslash.
    ///
    /// # Errors
    /// The file's end.
    pub fn unit(
        self,
        cursor: &mut Cursor<'_>,
        end: char,
        out: &mut Vec<u16>,
    ) -> Result<Option<()>, SyntaxError> {
        let unended = || format!("the file ends before a `{end}` that is awaited");
        let character = cursor.next().ok_or_else(|| cursor.error(unended()))?;
        if character == end {
            return Ok(None);
        }
        let mut push = |character: char| out.extend_from_slice(character.encode_utf16(&mut [0; 2]));
        if character != '\\' {
            push(character);
            return Ok(Some(()));
        }
        match (self, cursor.peek()) {
            (_, None) => return Err(cursor.error(unended())),
            (Self::Wine, Some(escaped)) => match wine_escape(cursor, escaped) {
                Some(unit) => out.push(unit),
                None => push(escaped),
            },
            // Nothing else can be escaped, and paths of careless authors are full of single backslashes.
            (_, Some(escaped)) if escaped == end || escaped == '\\' => {
                cursor.next();
                push(escaped);
            }
            _ => push('\\'),
        }
        Ok(Some(()))
    }

    /// Bytes that were written in hexadecimal, as the registry holds them.
    pub fn bytes(self, kind: u32, bytes: Vec<u8>) -> Vec<u8> {
        match (self, kind) {
            (Self::Regedit4, REG_SZ | REG_EXPAND_SZ | REG_MULTI_SZ) => {
                windows_1252(&bytes).encode_utf16().flat_map(u16::to_le_bytes).collect()
            }
            _ => bytes,
        }
    }
}

/// Takes what follows a backslash in Wine's files; `None` if it stands for itself.
fn wine_escape(cursor: &mut Cursor<'_>, escaped: char) -> Option<u16> {
    if escaped.is_digit(8) {
        let digits = cursor.take_while(3, |c| c.is_digit(8));
        return u16::from_str_radix(digits, 8).ok();
    }
    cursor.next();
    let control = match escaped {
        'a' => 7,
        'b' => 8,
        't' => 9,
        'n' => 10,
        'v' => 11,
        'f' => 12,
        'r' => 13,
        'e' => 27,
        'x' => return u16::from_str_radix(cursor.take_while(4, |c| c.is_ascii_hexdigit()), 16).ok(),
        _ => return None,
    };
    Some(control)
}
