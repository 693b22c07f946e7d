//! Where the result goes.

use std::fmt;
use std::path::{Path, PathBuf};

use super::Decode;
use crate::error::Error;
use crate::media::{MediaError, OutputKind};

/// Where to write what was decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// To a file, or to many; the name's ending says in which form ([`OutputKind`]). A file appears when it is complete.
    File(PathBuf),
    /// To standard output, as it is decoded: video as Y4M, audio as WAVE. Where decoding fails, what was written stays.
    StandardOutput,
}

impl fmt::Display for Output {
    /// The file's name, or `-`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::StandardOutput => f.write_str("-"),
        }
    }
}

/// An output that was looked at.
pub(crate) enum Target<'a> {
    /// A file, or many.
    File {
        /// Its name.
        path: &'a Path,
        /// What the name asks for.
        kind: OutputKind,
    },
    /// A file that ffmpeg writes.
    Ffmpeg {
        /// Its name.
        path: &'a Path,
        /// Which kinds of streams it takes.
        takes: Takes,
    },
    /// Standard output.
    StandardOutput,
    /// Threads that take it from there.
    Handed(Takes),
}

/// Which kinds of streams an output takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Video and any number of audio streams.
    All,
    /// One video stream.
    Video,
    /// One audio stream.
    Audio,
    /// One stream, video if there is any.
    One,
}

impl Takes {
    /// Whether video belongs there.
    pub fn video(self) -> bool {
        self != Self::Audio
    }
}

/// Endings of files that hold one stream of audio and nothing else.
const AUDIO_ONLY: [&str; 8] = ["flac", "mp3", "ogg", "opus", "m4a", "aac", "w64", "aiff"];

impl<'a> Target<'a> {
    /// Reads the kind from the name, and sees that the input would not be replaced by what is decoded from it.
    pub fn choose(output: &'a Output, what: &Decode) -> Result<Self, Error> {
        let Output::File(path) = output else { return Ok(Self::StandardOutput) };
        let target = match OutputKind::for_path(path)? {
            OutputKind::Other => {
                let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
                let audio = extension.to_str().is_some_and(|extension| AUDIO_ONLY.contains(&extension));
                Self::Ffmpeg { path, takes: if audio { Takes::Audio } else { Takes::All } }
            }
            OutputKind::Avi if what.pix_fmt.is_some() => Self::Ffmpeg { path, takes: Takes::All },
            OutputKind::Y4m if what.pix_fmt.is_some() => Self::Ffmpeg { path, takes: Takes::Video },
            OutputKind::Png(_) | OutputKind::Wav if what.pix_fmt.is_some() => {
                return Err(unfit(
                    path,
                    "a pixel format can be chosen for .avi, .y4m and what ffmpeg writes",
                ));
            }
            kind => Self::File { path, kind },
        };
        let same = path
            .canonicalize()
            .ok()
            .zip(what.input.canonicalize().ok())
            .is_some_and(|(output, input)| output == input);
        if same { Err(unfit(path, "it is the input, which would be lost")) } else { Ok(target) }
    }

    /// Which kinds of streams it takes.
    pub fn takes(&self) -> Takes {
        match self {
            Self::File { kind: OutputKind::Y4m | OutputKind::Png(_), .. } => Takes::Video,
            Self::File { kind: OutputKind::Wav, .. } => Takes::Audio,
            Self::File { .. } => Takes::All,
            Self::Ffmpeg { takes, .. } => *takes,
            Self::StandardOutput => Takes::One,
            Self::Handed(takes) => *takes,
        }
    }

    /// The error for an input that has nothing for it.
    pub fn unfit(&self, why: &str) -> Error {
        match self {
            Self::File { path, .. } | Self::Ffmpeg { path, .. } => unfit(path, why),
            Self::StandardOutput | Self::Handed(_) => unfit(Path::new("-"), why),
        }
    }
}

fn unfit(path: &Path, why: &str) -> Error {
    MediaError::OutputName { name: path.display().to_string(), why: why.to_owned() }.into()
}
