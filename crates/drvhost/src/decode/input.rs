//! The file that is decoded.

use std::path::Path;

use tempfile::TempPath;

use super::{Decode, Output, ffmpeg};
use crate::error::Error;
use crate::media::{AviReader, FileReader, MediaError, WavReader, is_remuxable};

/// A file whose kind is known.
pub(crate) enum Input {
    /// An AVI file.
    Avi {
        /// Its headers.
        avi: AviReader<FileReader>,
        /// The file, for readers of its streams.
        file: FileReader,
        /// Where ffmpeg put the streams of another container; gone with this.
        _made: Option<TempPath>,
    },
    /// A WAVE file.
    Wave {
        /// Its header.
        wave: WavReader<FileReader>,
        /// The file.
        file: FileReader,
    },
}

impl Input {
    /// Opens a file by what is in it. The streams of containers that cannot be read here are taken out by ffmpeg.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Media`] where it is no media file or too damaged, [`Error::MissingProgram`].
    pub fn open(what: &Decode) -> Result<Self, Error> {
        let unusable = |source| Error::File { file: what.input.clone(), source };
        let file = FileReader::open(&what.input).map_err(unusable)?;
        let found = match AviReader::open(file.clone()) {
            Ok(avi) => return Ok(Self::Avi { avi, file, _made: None }),
            Err(MediaError::WrongForm { found, .. }) => found,
            Err(error) => return Err(error.into()),
        };
        match WavReader::open(file.clone()) {
            Ok(wave) => Ok(Self::Wave { wave, file }),
            Err(MediaError::WrongForm { .. }) if is_remuxable(file)? => Self::remuxed(what),
            Err(MediaError::WrongForm { .. }) => {
                Err(MediaError::WrongForm { wanted: "an AVI or a WAVE file", found }.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn remuxed(what: &Decode) -> Result<Self, Error> {
        let beside = match &what.output {
            Some(Output::File(path)) => Some(path.as_path()),
            Some(Output::StandardOutput) | None => None,
        };
        let (file, made) = ffmpeg::remuxed(&what.input, beside)?;
        let unusable = |source| Error::File { file: Path::to_owned(&made), source };
        let file = FileReader::new(file).map_err(unusable)?;
        Ok(Self::Avi { avi: AviReader::open(file.clone())?, file, _made: Some(made) })
    }
}
