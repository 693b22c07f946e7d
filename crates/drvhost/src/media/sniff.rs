//! Recognises other kinds of file, so that an error can name them.

use std::io::Read;

use super::error::MediaError;
use super::riff::fourcc_text;

/// How much of a file tells its kind.
const HEAD_LEN: u64 = 16;

/// What Sony Wave64 files are called.
const WAVE64: &str = "a Sony Wave64 file";

/// Signatures by offset, and the names of what bears them.
const SIGNATURES: &[(usize, &[u8], &str)] = &[
    (0, b"RIFX", "a big-endian RIFF file (RIFX)"),
    (0, b"RF64", "an RF64 file (a WAVE file over 4 GiB)"),
    (0, b"BW64", "a BW64 file (a WAVE file over 4 GiB)"),
    (0, b"riff\x2E\x91\xCF\x11", WAVE64),
    (0, b"FORM", "an IFF file"),
    (4, b"ftyp", "an ISO media file (MP4, QuickTime)"),
    (4, b"moov", "a QuickTime file"),
    (4, b"mdat", "a QuickTime file"),
    (0, b"\x1A\x45\xDF\xA3", "a Matroska or WebM file"),
    (0, b"\x30\x26\xB2\x75\x8E\x66\xCF\x11", "an ASF file (WMV, WMA)"),
    (0, b"OggS", "an Ogg file"),
    (0, b"fLaC", "a FLAC file"),
    (0, b"FLV\x01", "a Flash video file"),
    (0, b"ID3", "an MP3 file"),
    (0, b"\0\0\x01\xBA", "an MPEG program stream"),
    (0, b"\0\0\x01\xB3", "an MPEG video stream"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"BM", "a bitmap picture"),
    (0, b"MThd", "a Standard MIDI File"),
    (0, b"MZ", "a program or driver, not a media file"),
    (0, b"PK\x03\x04", "a ZIP archive"),
];

/// Names what `head`, the first bytes of a file, looks like.
pub(crate) fn describe(head: &[u8]) -> String {
    if head.is_empty() {
        return "an empty file".to_owned();
    }
    if head.starts_with(b"RIFF") {
        return match head.get(8..).and_then(|rest| rest.first_chunk()) {
            Some(form) => format!("a RIFF file of form {}", fourcc_text(*form)),
            None => "a RIFF file that ends within its first 12 bytes".to_owned(),
        };
    }
    let named = SIGNATURES
        .iter()
        .find(|(offset, signature, _)| head.get(*offset..).is_some_and(|rest| rest.starts_with(signature)));
    named.map_or("no kind of file that is known here", |(_, _, name)| *name).to_owned()
}

/// Kinds of containers, by their names above, that carry streams as AVI files have them.
const CARRIERS: [&str; 4] = [
    "an ISO media file (MP4, QuickTime)",
    "a QuickTime file",
    "a Matroska or WebM file",
    "an ASF file (WMV, WMA)",
];

/// What a file is, as far as its first bytes tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// An AVI file.
    Avi,
    /// A WAVE file, by the name of its form: `WAVE`, `RF64`, `BW64` or `Wave64`.
    Wave(&'static str),
    /// Another container that may carry streams for the same codecs, with its article: Matroska (`V_MS/VFW/FOURCC`), ASF or QuickTime.
    Carrier(String),
    /// Something else, with its article.
    Other(String),
}

/// What a file is.
///
/// # Errors
/// [`MediaError::Io`].
pub fn kind_of(file: impl Read) -> Result<MediaKind, MediaError> {
    let mut head = Vec::new();
    file.take(HEAD_LEN)
        .read_to_end(&mut head)
        .map_err(|err| MediaError::io("reading the file's start", err))?;
    let form = head.get(8..12);
    Ok(match head.get(..4) {
        Some(b"RIFF") if form == Some(b"AVI ") => MediaKind::Avi,
        Some(b"RIFF") if form == Some(b"WAVE") => MediaKind::Wave("WAVE"),
        Some(b"RF64") if form == Some(b"WAVE") => MediaKind::Wave("RF64"),
        Some(b"BW64") if form == Some(b"WAVE") => MediaKind::Wave("BW64"),
        _ => match describe(&head) {
            name if name == WAVE64 => MediaKind::Wave("Wave64"),
            name if CARRIERS.contains(&name.as_str()) => MediaKind::Carrier(name),
            name => MediaKind::Other(name),
        },
    })
}

/// Whether a file is a container of another kind that may carry streams for the same codecs.
///
/// # Errors
/// [`MediaError::Io`].
pub fn is_remuxable(file: impl Read) -> Result<bool, MediaError> {
    Ok(matches!(kind_of(file)?, MediaKind::Carrier(_)))
}

#[cfg(test)]
mod tests {
    use super::{MediaKind, describe, is_remuxable, kind_of};

    #[test]
    fn names_common_kinds() {
        assert_eq!(describe(b""), "an empty file");
        assert_eq!(describe(b"RIFF\0\0\0\0CDXA"), "a RIFF file of form 'CDXA'");
        assert_eq!(describe(b"RIFF\0\0"), "a RIFF file that ends within its first 12 bytes");
        assert_eq!(describe(b"\0\0\0\x20ftypisom"), "an ISO media file (MP4, QuickTime)");
        assert_eq!(describe(b"\x1A\x45\xDF\xA3\x01\0\0\0"), "a Matroska or WebM file");
        assert_eq!(describe(b"riff\x2E\x91\xCF\x11\xA5\xD6"), "a Sony Wave64 file");
        assert_eq!(describe(b"RF64\xFF\xFF\xFF\xFFWAVE"), "an RF64 file (a WAVE file over 4 GiB)");
        assert_eq!(describe(b"hello"), "no kind of file that is known here");
    }

    #[test]
    fn matroska_carries_streams_and_ogg_does_not() {
        assert!(is_remuxable(b"\x1A\x45\xDF\xA3\x01\0\0\0".as_slice()).unwrap());
        assert!(is_remuxable(b"\0\0\0\x20ftypqt  ".as_slice()).unwrap());
        assert!(!is_remuxable(b"OggS".as_slice()).unwrap() && !is_remuxable(b"".as_slice()).unwrap());
    }

    #[test]
    fn kinds_are_told_by_the_first_bytes() {
        let kind = |head: &[u8]| kind_of(head).unwrap();
        assert_eq!(kind(b"RIFF\0\0\0\0AVI LIST"), MediaKind::Avi);
        assert_eq!(kind(b"RIFF\0\0\0\0WAVEfmt "), MediaKind::Wave("WAVE"));
        assert_eq!(kind(b"RF64\xFF\xFF\xFF\xFFWAVE"), MediaKind::Wave("RF64"));
        assert_eq!(kind(b"riff\x2E\x91\xCF\x11\xA5\xD6"), MediaKind::Wave("Wave64"));
        assert!(matches!(kind(b"\x1A\x45\xDF\xA3\x01\0\0\0"), MediaKind::Carrier(_)));
        assert_eq!(kind(b"RIFF\0\0\0\0CDXA"), MediaKind::Other("a RIFF file of form 'CDXA'".into()));
        assert_eq!(kind(b""), MediaKind::Other("an empty file".into()));
    }
}
