//! Where the result goes.

use std::fmt;
use std::path::{Path, PathBuf};

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
pub(super) enum Target<'a> {
    /// A file, or many.
    File {
        /// Its name.
        path: &'a Path,
        /// What the name asks for.
        kind: OutputKind,
    },
    /// Standard output.
    StandardOutput,
}

impl<'a> Target<'a> {
    /// Reads the kind from the name, and sees that the input would not be replaced by what is decoded from it.
    pub fn choose(output: &'a Output, input: &Path) -> Result<Self, Error> {
        let Output::File(path) = output else { return Ok(Self::StandardOutput) };
        let kind = OutputKind::for_path(path)?;
        let same = path
            .canonicalize()
            .ok()
            .zip(input.canonicalize().ok())
            .is_some_and(|(output, input)| output == input);
        if same {
            Err(unfit(path, "it is the input, which would be lost"))
        } else {
            Ok(Self::File { path, kind })
        }
    }

    /// Refuses a file of a kind for which `fits` is not true.
    pub fn check(&self, fits: impl Fn(&OutputKind) -> bool, why: &str) -> Result<(), Error> {
        match self {
            Self::File { path, kind } if !fits(kind) => Err(unfit(path, why)),
            Self::File { .. } | Self::StandardOutput => Ok(()),
        }
    }
}

fn unfit(path: &Path, why: &str) -> Error {
    MediaError::OutputName { name: path.display().to_string(), why: why.to_owned() }.into()
}
