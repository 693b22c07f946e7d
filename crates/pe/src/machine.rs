//! Which processor a file is for, told from its headers alone.

use std::fmt;

use object::LittleEndian as LE;
use object::pe::{self, ImageDosHeader, ImageFileHeader};
use object::pod::Pod;
use object::read::ReadRef;

use crate::error::{PeError, Place};

/// The processor an executable is for (PE/COFF, "Machine Types").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Machine {
    /// 64-bit x86.
    X86_64,
    /// 32-bit x86.
    I386,
    /// 16-bit x86: a New Executable (NE) of Windows 1.0 to 3.x, or a plain MS-DOS program.
    I8086,
    /// 32-bit Arm, with or without Thumb.
    Arm,
    /// 64-bit Arm, its emulation-compatible forms included.
    Arm64,
    /// Itanium.
    Ia64,
    /// DEC Alpha, as Windows NT 3.1 to 4.0 ran on.
    Alpha,
    /// Another processor, by its number in the file header.
    Other(u16),
}

/// Each machine with its name and its numbers in a PE file header, the usual number first.
const KNOWN: [(Machine, &str, &[u16]); 7] = [
    (Machine::X86_64, "x86_64", &[0x8664]),
    (Machine::I386, "i386", &[0x014C]),
    (Machine::I8086, "i8086", &[]),
    (Machine::Arm, "arm", &[0x01C4, 0x01C0, 0x01C2]),
    (Machine::Arm64, "arm64", &[0xAA64, 0xA641, 0xA64E]),
    (Machine::Ia64, "ia64", &[0x0200]),
    (Machine::Alpha, "alpha", &[0x0184]),
];

impl Machine {
    /// The name, in the spelling that Rust and the GNU tools use; "unknown" for [`Machine::Other`].
    pub fn name(self) -> &'static str {
        KNOWN.iter().find(|(machine, ..)| *machine == self).map_or("unknown", |(_, name, _)| name)
    }

    /// Whether pointers are 64 bits wide.
    pub fn is_64(self) -> bool {
        matches!(self, Self::X86_64 | Self::Arm64 | Self::Ia64)
    }

    pub(crate) fn from_number(number: u16) -> Self {
        KNOWN
            .iter()
            .find(|(_, _, numbers)| numbers.contains(&number))
            .map_or(Self::Other(number), |(machine, ..)| *machine)
    }

    /// The number in a PE file header; 0 ("unknown") for [`Machine::I8086`], which has none.
    pub(crate) fn number(self) -> u16 {
        if let Self::Other(number) = self {
            return number;
        }
        let known = KNOWN.iter().find(|(machine, ..)| *machine == self);
        known.and_then(|(_, _, numbers)| numbers.first().copied()).unwrap_or(0)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(number) => write!(f, "unknown ({number:#06x})"),
            known => f.write_str(known.name()),
        }
    }
}

/// The machine that the file with these bytes is for. Reads only the headers.
///
/// # Errors
/// [`PeError::NotExecutable`] without an MZ signature, [`PeError::Linear`] for a VxD, [`PeError::Truncated`] if a
/// header is cut, [`PeError::Malformed`] if the header behind the DOS header is of no known kind.
pub fn identify(bytes: &[u8]) -> Result<Machine, PeError> {
    match Kind::of(bytes)? {
        Kind::SixteenBit => Ok(Machine::I8086),
        Kind::Pe { header, .. } => Ok(Machine::from_number(header.machine.get(LE).0)),
    }
}

/// The kind of executable, with what its headers lead to.
pub(crate) enum Kind<'a> {
    /// NE or MS-DOS.
    SixteenBit,
    /// A PE image: its file header, and where the optional header starts in the file.
    Pe { header: &'a ImageFileHeader, optional_offset: u64 },
}

/// A new executable has its MS-DOS relocation table here or later: at the end of the 64-byte DOS header, which
/// older MS-DOS programs do not have in full ("The 16-Bit Windows Executable", Microsoft KB Q65260).
const NEW_EXECUTABLE_RELOCATIONS: u16 = 0x40;

/// An NE header is this long (same source).
const NE_HEADER_SIZE: u64 = 64;

impl<'a> Kind<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, PeError> {
        if !bytes.starts_with(b"MZ") {
            return Err(PeError::NotExecutable);
        }
        let dos: &ImageDosHeader = header_at(bytes, 0, "the DOS header")?;
        let offset = u64::from(dos.e_lfanew.get(LE));
        // An MS-DOS program may have anything in this field, so only a claim to be newer makes it an error.
        let plain_dos = dos.e_lfarlc.get(LE) < NEW_EXECUTABLE_RELOCATIONS || offset == 0;
        let signature = match header_at::<[u8; 4]>(bytes, offset, "the signature behind the DOS header") {
            Ok(signature) => signature,
            Err(_) if plain_dos => return Ok(Self::SixteenBit),
            Err(error) => return Err(error),
        };
        match signature {
            b"PE\0\0" => {
                let header: &ImageFileHeader = header_at(bytes, offset + 4, "the PE file header")?;
                let optional_offset = offset + 4 + pe::IMAGE_SIZEOF_FILE_HEADER as u64;
                Ok(Self::Pe { header, optional_offset })
            }
            [b'N', b'E', ..] => {
                check_end(bytes, offset + NE_HEADER_SIZE, "the NE header")?;
                Ok(Self::SixteenBit)
            }
            [b'L', b'E' | b'X', ..] => Err(PeError::Linear),
            _ if plain_dos => Ok(Self::SixteenBit),
            _ => Err(PeError::malformed(
                "the signature behind the DOS header",
                Place::File(offset),
                "it is neither PE, NE, LE nor LX",
            )),
        }
    }
}

/// The structure at a file offset.
pub(crate) fn header_at<'a, T: Pod>(
    bytes: &'a [u8],
    offset: u64,
    what: &'static str,
) -> Result<&'a T, PeError> {
    check_end(bytes, offset.saturating_add(size_of::<T>() as u64), what)?;
    bytes.read_at(offset).map_err(|_| PeError::malformed(what, Place::File(offset), "it cannot be read"))
}

/// `Ok` if the file reaches to `end`.
pub(crate) fn check_end(
    bytes: &[u8],
    end: u64,
    what: impl Into<std::borrow::Cow<'static, str>>,
) -> Result<(), PeError> {
    let len = bytes.len() as u64;
    if end <= len { Ok(()) } else { Err(PeError::Truncated { what: what.into(), needed: end, len }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builder::Builder;

    /// A DOS header that says "new executable", followed by `signature` in 64 bytes.
    fn with_signature(signature: &[u8]) -> Vec<u8> {
        let mut file = vec![0; 128];
        file[..2].copy_from_slice(b"MZ");
        file[0x18] = 0x40;
        file[0x3C] = 64;
        file[64..64 + signature.len()].copy_from_slice(signature);
        file
    }

    #[test]
    fn every_known_machine_is_told() {
        for (machine, name, numbers) in KNOWN {
            assert_eq!(machine.name(), name);
            assert_eq!(machine.to_string(), name);
            for number in numbers {
                assert_eq!(Machine::from_number(*number), machine);
            }
            if !numbers.is_empty() {
                assert_eq!(identify(&Builder::new(machine).build()), Ok(machine));
            }
        }
        let other = Machine::from_number(0x5032);
        assert_eq!((other, other.name()), (Machine::Other(0x5032), "unknown"));
        assert_eq!(other.to_string(), "unknown (0x5032)");
    }

    #[test]
    fn sixteen_bit_and_linear_files_are_told_apart() {
        assert_eq!(identify(&with_signature(b"NE")), Ok(Machine::I8086));
        assert_eq!(identify(&with_signature(b"LE")), Err(PeError::Linear));
        assert_eq!(identify(&with_signature(b"LX")), Err(PeError::Linear));
        let mut dos = with_signature(b"");
        dos[0x18] = 0x1C;
        assert_eq!(identify(&dos), Ok(Machine::I8086));
        dos[0x3C..0x40].fill(0xFF);
        assert_eq!(identify(&dos), Ok(Machine::I8086));
    }

    #[test]
    fn what_is_no_executable_says_why() {
        assert_eq!(identify(b""), Err(PeError::NotExecutable));
        assert_eq!(identify(b"\x7FELF"), Err(PeError::NotExecutable));
        let truncated =
            |what: &'static str, needed, len| Err(PeError::Truncated { what: what.into(), needed, len });
        assert_eq!(identify(b"MZ"), truncated("the DOS header", 64, 2));
        let ne = with_signature(b"NE");
        assert_eq!(identify(&ne[..66]), truncated("the signature behind the DOS header", 68, 66));
        assert_eq!(identify(&ne[..100]), truncated("the NE header", 128, 100));
        let pe = with_signature(b"PE\0\0");
        assert_eq!(identify(&pe[..70]), truncated("the PE file header", 88, 70));
        assert_eq!(
            identify(&with_signature(b"??")).unwrap_err().to_string(),
            "the signature behind the DOS header at file offset 0x40 is damaged: it is neither PE, NE, LE nor LX"
        );
    }
}
