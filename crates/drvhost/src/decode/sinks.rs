//! Where decoded pictures and samples go.

use std::sync::Arc;

use super::audio::sample_size;
use super::ffmpeg::Pipe;
use super::handover::Handover;
use super::interleave::Track;
use crate::error::Error;
use crate::media::{PcmFormat, PngSeries, VideoShape, WavWriter, Y4mWriter, to_dib24};

/// Where pictures go, each as BGR24.
pub(super) enum VideoSink {
    /// Nowhere: only the hash is wanted.
    None,
    /// Into a Y4M file or stream.
    Y4m(Box<Y4mWriter>),
    /// Into picture files.
    Png(PngSeries),
    /// Into a file with other streams.
    Avi {
        /// The stream of the file.
        track: Track,
        /// Size and rate.
        shape: VideoShape,
        /// The picture as the file has it.
        dib: Vec<u8>,
        /// How many were written.
        frames: u64,
    },
    /// To ffmpeg.
    Pipe(Pipe),
    /// To another thread.
    Handed(Handover),
}

impl VideoSink {
    /// Writes a picture.
    ///
    /// # Errors
    /// [`Error::Media`].
    pub fn write(&mut self, bgr: &Arc<Vec<u8>>) -> Result<(), Error> {
        match self {
            Self::None => {}
            Self::Y4m(writer) => writer.write_frame(bgr)?,
            Self::Png(writer) => writer.write_frame(bgr)?,
            Self::Avi { track, shape, dib, frames } => {
                to_dib24(bgr, shape.width, shape.height, dib);
                *frames += 1;
                let scale = u64::from(shape.scale);
                track.write(dib, true, frames.saturating_mul(scale), shape.rate)?;
            }
            Self::Pipe(pipe) => pipe.write(bgr)?,
            Self::Handed(to) => to.give_buffer(Arc::clone(bgr))?,
        }
        Ok(())
    }

    /// Whether writing is done by the thread that writes, and by nobody else at the same time.
    pub fn is_written_alone(&self) -> bool {
        matches!(self, Self::None | Self::Y4m(_) | Self::Avi { .. })
    }

    /// A buffer that whoever was handed it has done with.
    pub fn spent(&self) -> Option<Vec<u8>> {
        match self {
            Self::Handed(to) => to.spent(),
            _ => None,
        }
    }

    /// Says that no more comes, so that nobody waits for it. What is left is to be finished.
    #[must_use]
    pub fn ended(self) -> Self {
        match self {
            Self::Avi { .. } | Self::Pipe(_) | Self::Handed(_) => Self::None,
            own => own,
        }
    }

    /// Completes what is the sink's own: what it shares with others is completed by whoever made it.
    ///
    /// # Errors
    /// [`Error::Media`].
    pub fn finish(self) -> Result<(), Error> {
        match self {
            Self::Y4m(writer) => writer.finish()?,
            Self::None | Self::Png(_) | Self::Avi { .. } | Self::Pipe(_) | Self::Handed(_) => {}
        }
        Ok(())
    }
}

/// Where samples go, as bytes.
pub(super) enum AudioSink {
    /// Nowhere.
    None,
    /// Into a WAVE file or stream.
    Wav(WavWriter),
    /// Into a file with other streams.
    Avi {
        /// The stream of the file.
        track: Track,
        /// How the samples are.
        format: PcmFormat,
        /// How many bytes were written.
        written: u64,
    },
    /// To ffmpeg.
    Pipe(Pipe),
    /// To another thread.
    Handed(Handover),
}

impl AudioSink {
    /// As [`VideoSink::is_written_alone`].
    pub fn is_written_alone(&self) -> bool {
        matches!(self, Self::None | Self::Wav(_) | Self::Avi { .. })
    }

    /// Writes whole samples.
    ///
    /// # Errors
    /// [`Error::Media`].
    pub fn write(&mut self, pcm: &[u8]) -> Result<(), Error> {
        match self {
            Self::None => {}
            Self::Wav(writer) => writer.write(pcm)?,
            Self::Avi { track, format, written } => {
                let sample = sample_size(*format);
                // A quarter of a second at a time: so the file's streams lie side by side.
                let piece = (format.samples_per_sec as usize / 4).max(1) * sample;
                for piece in pcm.chunks(piece) {
                    *written += piece.len() as u64;
                    track.write(piece, true, *written / sample as u64, format.samples_per_sec)?;
                }
            }
            Self::Pipe(pipe) => pipe.write(pcm)?,
            Self::Handed(to) => to.give(pcm)?,
        }
        Ok(())
    }

    /// As [`VideoSink::ended`].
    #[must_use]
    pub fn ended(self) -> Self {
        match self {
            Self::Avi { .. } | Self::Pipe(_) | Self::Handed(_) => Self::None,
            own => own,
        }
    }

    /// As [`VideoSink::finish`].
    ///
    /// # Errors
    /// [`Error::Media`].
    pub fn finish(self) -> Result<(), Error> {
        match self {
            Self::Wav(writer) => writer.finish()?,
            Self::None | Self::Avi { .. } | Self::Pipe(_) | Self::Handed(_) => {}
        }
        Ok(())
    }
}
