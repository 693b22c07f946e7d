//! What can be wrong with an image.

use std::borrow::Cow;
use std::fmt;

/// Why a file, or one of its tables, cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeError {
    /// The file does not start with the letters MZ.
    #[error("not a Windows executable (no MZ signature)")]
    NotExecutable,
    /// The file is a 16-bit executable (NE or MS-DOS): it has no PE image to parse.
    #[error("a 16-bit executable (NE or MS-DOS), not a PE image")]
    SixteenBit,
    /// The file is a linear executable (LE or LX): a virtual device driver of Windows 3.x or 95.
    #[error("a linear executable (LE or LX, as VxDs are), not an installable driver")]
    Linear,
    /// The file ends before something its headers promise.
    #[error("the file is cut short: it has {len} bytes, and {needed} are needed to hold {what}")]
    Truncated {
        /// The header or section that is cut.
        what: Cow<'static, str>,
        /// The file length in bytes at which it would be whole.
        needed: u64,
        /// The file's length in bytes.
        len: u64,
    },
    /// A field or table contradicts the format, or points outside the image.
    #[error("{what} at {at} is damaged: {why}")]
    Malformed {
        /// The header, section or table.
        what: Cow<'static, str>,
        /// Where it is.
        at: Place,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A size or count is beyond what any real image needs.
    #[error("{what} is too large: {value}, the limit is {limit}")]
    TooLarge {
        /// What was measured or counted.
        what: Cow<'static, str>,
        /// What the image asks for.
        value: u64,
        /// The most that is accepted.
        limit: u64,
    },
}

/// A place in an executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Bytes from the start of the file.
    File(u64),
    /// Bytes from the image base (a relative virtual address).
    Rva(u32),
    /// An absolute address in the image, as linked.
    Va(u64),
    /// Bytes from the start of the resource that is being read.
    Resource(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(offset) => write!(f, "file offset {offset:#x}"),
            Self::Rva(rva) => write!(f, "RVA {rva:#x}"),
            Self::Va(va) => write!(f, "address {va:#x}"),
            Self::Resource(offset) => write!(f, "its offset {offset:#x}"),
        }
    }
}

impl PeError {
    pub(crate) fn malformed(what: impl Into<Cow<'static, str>>, at: Place, why: &'static str) -> Self {
        Self::Malformed { what: what.into(), at, why }
    }

    /// `Ok` if `value` is within `limit`.
    pub(crate) fn limit(what: &'static str, value: u64, limit: u64) -> Result<(), Self> {
        if value <= limit { Ok(()) } else { Err(Self::TooLarge { what: what.into(), value, limit }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_where_and_why() {
        let cut = PeError::Truncated { what: "the DOS header".into(), needed: 64, len: 10 };
        assert_eq!(
            cut.to_string(),
            "the file is cut short: it has 10 bytes, and 64 are needed to hold the DOS header"
        );
        let bad = PeError::malformed("the export table", Place::Rva(0x1000), "it lies outside the image");
        assert_eq!(bad.to_string(), "the export table at RVA 0x1000 is damaged: it lies outside the image");
        assert_eq!(
            PeError::limit("the section count", 97, 96).unwrap_err().to_string(),
            "the section count is too large: 97, the limit is 96"
        );
    }
}
