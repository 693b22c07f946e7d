//! Choosing what to write by the name of the output file.

use std::path::{Path, PathBuf};

use super::error::MediaError;

/// What an output file's name asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// `.avi`: uncompressed video.
    Avi,
    /// `.y4m`: uncompressed video as Y, Cb and Cr.
    Y4m,
    /// `.wav`: PCM audio.
    Wav,
    /// `.png` with a number's place in the name: one picture a frame.
    Png(PngPattern),
    /// Any other ending: ffmpeg may know it.
    Other,
}

impl OutputKind {
    /// Reads the kind from the ending of `path`, in either case. Touches no file.
    ///
    /// # Errors
    /// [`MediaError::OutputName`], which lists what is possible, for another ending or a pattern that
    /// [`PngPattern::parse`] refuses.
    pub fn for_path(path: &Path) -> Result<Self, MediaError> {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            Some("avi") => Ok(Self::Avi),
            Some("y4m") => Ok(Self::Y4m),
            Some("wav") => Ok(Self::Wav),
            Some("png") => PngPattern::parse(path).map(Self::Png),
            Some(other) if !other.is_empty() && other.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Ok(Self::Other)
            }
            _ => Err(refused(
                path,
                "the name must end in .avi or .y4m (uncompressed video), .wav (PCM audio), .png (one picture a frame, \
                 as in frame%05d.png) or what ffmpeg writes (.mkv: FFV1 and FLAC), or be - (standard output: Y4M or WAV)",
            )),
        }
    }
}

/// A path with a place for a number in its file name, such as `frame%05d.png`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PngPattern {
    directory: PathBuf,
    before: String,
    after: String,
    /// The number is filled up with zeros to this many digits; 0 for `%d`.
    digits: usize,
}

impl PngPattern {
    /// Splits a path at the one `%d` or `%0Nd` of its file name; N is one or two digits. Directory names are taken
    /// as they are.
    ///
    /// # Errors
    /// [`MediaError::OutputName`] where there is none, more than one, or some other `%`.
    pub fn parse(path: &Path) -> Result<Self, MediaError> {
        const ONE_PLACE: &str =
            "the file name must have exactly one place for the picture's number, %d or for example %05d";
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(|| refused(path, "the file name is not UTF-8 text"))?;
        let (before, rest) = name.split_once('%').ok_or_else(|| refused(path, ONE_PLACE))?;
        let (width, after) = rest.split_once('d').ok_or_else(|| refused(path, ONE_PLACE))?;
        let digits = match width.as_bytes() {
            [] => Some(0),
            [b'0', digits @ ..] if digits.len() <= 2 && digits.iter().all(u8::is_ascii_digit) => {
                width.parse().ok()
            }
            _ => None,
        };
        match digits {
            Some(digits) if !after.contains('%') => Ok(Self {
                directory: path.parent().unwrap_or(Path::new("")).to_owned(),
                before: before.to_owned(),
                after: after.to_owned(),
                digits,
            }),
            _ => Err(refused(path, ONE_PLACE)),
        }
    }

    /// The path of picture `number`.
    pub fn path(&self, number: u64) -> PathBuf {
        let Self { directory, before, after, digits } = self;
        directory.join(format!("{before}{number:0digits$}{after}"))
    }
}

fn refused(path: &Path, why: &str) -> MediaError {
    MediaError::OutputName { name: path.display().to_string(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_choose() {
        assert_eq!(OutputKind::for_path(Path::new("a/b.AVI")).unwrap(), OutputKind::Avi);
        assert_eq!(OutputKind::for_path(Path::new("b.y4m")).unwrap(), OutputKind::Y4m);
        assert_eq!(OutputKind::for_path(Path::new("b.wav")).unwrap(), OutputKind::Wav);
        assert!(matches!(OutputKind::for_path(Path::new("b%d.png")), Ok(OutputKind::Png(_))));
        assert_eq!(OutputKind::for_path(Path::new("b.MKV")).unwrap(), OutputKind::Other);
        for bad in ["b.m p", "avi", "", "b.", "b.png"] {
            assert!(OutputKind::for_path(Path::new(bad)).is_err(), "{bad}");
        }
        let err = OutputKind::for_path(Path::new("b")).unwrap_err().to_string();
        for possible in [".avi", ".y4m", ".wav", "%05d.png", ".mkv"] {
            assert!(err.contains(possible), "{err}");
        }
    }

    #[test]
    fn patterns_number_the_files() {
        let path = |pattern: &str, number| PngPattern::parse(Path::new(pattern)).unwrap().path(number);
        assert_eq!(path("a%b/frame%05d.png", 42), Path::new("a%b/frame00042.png"));
        assert_eq!(path("frame%05d.png", 1_234_567), Path::new("frame1234567.png"));
        assert_eq!(path("/x/%d-d.png", 7), Path::new("/x/7-d.png"));
        for bad in ["f.png", "%d%d.png", "%5d.png", "%x.png", "%%d.png", "%0123d.png", "%-1d.png", "%"] {
            assert!(PngPattern::parse(Path::new(bad)).is_err(), "{bad}");
        }
    }
}
