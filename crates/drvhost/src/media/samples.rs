//! Where sample data comes from.

use std::io::{Read, Seek};

use super::damage::Damage;
use super::error::MediaError;
use super::wav::{WavReader, WaveFormat};

/// The sample data of one stream, in its order.
pub trait SampleSource {
    /// Their format.
    fn format(&self) -> &WaveFormat;

    /// Reads the next bytes; returns how many, 0 only at the end or for an empty `buf`.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    fn read_data(&mut self, buf: &mut [u8]) -> Result<usize, MediaError>;

    /// How many bytes there are, where that is known.
    fn data_len(&self) -> Option<u64>;

    /// What was missing or unreadable so far.
    fn damage(&self) -> Option<Damage>;
}

impl<R: Read + Seek> SampleSource for WavReader<R> {
    fn format(&self) -> &WaveFormat {
        self.format()
    }

    fn read_data(&mut self, buf: &mut [u8]) -> Result<usize, MediaError> {
        self.read_data(buf)
    }

    fn data_len(&self) -> Option<u64> {
        Some(self.data_len())
    }

    fn damage(&self) -> Option<Damage> {
        self.damage()
    }
}
