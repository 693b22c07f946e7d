//! Where the sound of a song goes, and what is known of it.

use super::Target;
use super::samples::silence;
use super::speakers::Speakers;
use crate::error::Error;
use crate::media::{ContentHash, ContentHasher, OutputStream, PcmFormat, WavWriter};

/// A song's sound on its way.
pub(super) struct Recording {
    to: To,
    hasher: ContentHasher,
    /// A byte of silence.
    silent: u8,
    /// Whether anything else came.
    sounding: bool,
}

enum To {
    /// Nowhere: only the hash is wanted.
    None,
    /// Into a WAVE file or stream.
    Wav(WavWriter),
    /// To be heard.
    Speakers(Box<Speakers>),
}

impl Recording {
    /// Starts one.
    ///
    /// # Errors
    /// [`Error::Media`] where the file cannot be; [`Error::NoPlayer`].
    pub fn start(target: Option<&Target>, format: PcmFormat) -> Result<Self, Error> {
        let to = match target {
            None => To::None,
            Some(Target::File(path)) => To::Wav(WavWriter::create(path, format)?),
            Some(Target::StandardOutput) => {
                To::Wav(WavWriter::stream(OutputStream::standard_output()?, format)?)
            }
            Some(Target::Speakers) => To::Speakers(Box::new(Speakers::new(format)?)),
        };
        Ok(Self { to, hasher: ContentHasher::new(), silent: silence(format.sample), sounding: false })
    }

    /// Writes frames.
    ///
    /// # Errors
    /// [`Error::Media`] and [`Error::NoPlayer`].
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hasher.update(bytes);
        self.sounding = self.sounding || bytes.iter().any(|byte| *byte != self.silent);
        match &mut self.to {
            To::None => Ok(()),
            To::Wav(writer) => Ok(writer.write(bytes)?),
            To::Speakers(speakers) => speakers.write(bytes),
        }
    }

    /// Completes it. Answers the hash of all that was written, and whether that was anything else than silence.
    ///
    /// # Errors
    /// [`Error::Media`] and [`Error::NoPlayer`].
    pub fn finish(self) -> Result<(ContentHash, bool), Error> {
        match self.to {
            To::None => {}
            To::Wav(writer) => writer.finish()?,
            To::Speakers(speakers) => speakers.finish()?,
        }
        Ok((self.hasher.finish(), self.sounding))
    }
}
