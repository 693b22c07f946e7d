//! Sound as a source of bytes, whatever kind of file it is in.

use super::damage::Damage;
use super::error::MediaError;
use super::wav::WaveFormat;

/// The sample data of one stream of sound, to be read from start to end.
pub trait SampleSource {
    /// The format of the sample data.
    fn format(&self) -> &WaveFormat;

    /// Reads the next bytes of the sample data; returns how many, 0 only at the end or for an empty `buf`. Less than `buf` holds
    /// comes only at the end, or before an error.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    fn read_data(&mut self, buf: &mut [u8]) -> Result<usize, MediaError>;

    /// Bytes of sample data: what the file has, or where that is only known by reading all of it, what its headers state. `None`
    /// where they do not.
    fn data_len(&self) -> Option<u64>;

    /// The first damage met so far, and how much was read so far.
    fn damage(&self) -> Option<Damage>;
}
