//! Four-character codes.

use core::fmt;
use core::str::FromStr;

/// A four-character code ("FOURCC", MS Learn): four bytes in the order they are written, which is a little-endian
/// number.
///
/// As text, what is not a printable ASCII character stands as `\x` and two hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// Whether two codes are equal but for the case of ASCII letters, as driver look-up compares them.
    pub fn eq_ignore_ascii_case(self, other: Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl From<u32> for FourCc {
    fn from(number: u32) -> Self {
        Self(number.to_le_bytes())
    }
}

impl From<FourCc> for u32 {
    fn from(code: FourCc) -> Self {
        Self::from_le_bytes(code.0)
    }
}

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            match byte {
                b' '..=b'~' if byte != b'\\' => write!(f, "{}", char::from(byte))?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FourCc({self})")
    }
}

/// A text that is no four-character code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseFourCcError;

impl fmt::Display for ParseFourCcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            r"a four-character code has 1 to 4 ASCII characters, others as \x and two hexadecimal digits",
        )
    }
}

impl core::error::Error for ParseFourCcError {}

impl FromStr for FourCc {
    type Err = ParseFourCcError;

    /// Reads what `Display` writes. A shorter code is filled up with spaces, as `mmioStringToFOURCC` does.
    fn from_str(text: &str) -> Result<Self, ParseFourCcError> {
        let mut code = [b' '; 4];
        let mut rest = text;
        let mut len = 0;
        while let Some(first) = rest.chars().next() {
            let (byte, used) = match rest.strip_prefix("\\x") {
                Some(escape) => {
                    let digits =
                        escape.get(..2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
                    let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                    (byte.ok_or(ParseFourCcError)?, 4)
                }
                None if matches!(first, ' '..='~') => (first as u8, 1),
                None => return Err(ParseFourCcError),
            };
            *code.get_mut(len).ok_or(ParseFourCcError)? = byte;
            rest = rest.get(used..).unwrap_or_default();
            len += 1;
        }
        if len == 0 { Err(ParseFourCcError) } else { Ok(Self(code)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn numbers_are_little_endian() {
        assert_eq!(u32::from(FourCc(*b"vidc")), 0x6364_6976);
        assert_eq!(FourCc::from(0x6364_6976), FourCc(*b"vidc"));
        assert!(FourCc(*b"CVID").eq_ignore_ascii_case(FourCc(*b"cvid")));
        assert!(!FourCc(*b"CVID").eq_ignore_ascii_case(FourCc(*b"cvi\0")));
    }

    #[test]
    fn texts_come_back() {
        for (code, text) in
            [(*b"cvid", "cvid"), (*b"RGB ", "RGB "), ([1, 0, 0xFF, b'\\'], r"\x01\x00\xff\x5c")]
        {
            assert_eq!(FourCc(code).to_string(), text);
            assert_eq!(text.parse(), Ok(FourCc(code)));
        }
        assert_eq!("DIB".parse(), Ok(FourCc(*b"DIB ")));
        for bad in ["", "abcde", "äbc", r"\x0", r"\x+1", r"\xä1", "a\nbc"] {
            assert_eq!(bad.parse::<FourCc>(), Err(ParseFourCcError), "{bad:?}");
        }
    }
}
