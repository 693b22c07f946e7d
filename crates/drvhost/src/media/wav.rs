//! Reading WAVE files: RIFF, RF64 and Sony Wave64.

mod chunks;
mod format;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

use super::damage::{Damage, DamageKind, Unit};
use super::error::MediaError;
use super::riff::{Chunk, RiffReader};
use super::samples::SampleSource;
use chunks::Form;
pub use format::WaveFormat;

/// The longest `fmt ` chunk that is read.
const MAX_FORMAT: u64 = 1 << 20;
/// The most chunks before `data` that are looked at.
const MAX_CHUNKS: usize = 1 << 16;

/// A WAVE file: its format, and its sample data to be read from start to end.
pub struct WavReader<R> {
    riff: RiffReader<R>,
    format: WaveFormat,
    fact: Option<u64>,
    data: Chunk,
    /// Whether the length of the data was never filled in.
    open_ended: bool,
    /// How many bytes of the data there are to read.
    data_len: u64,
    /// How many of them were read.
    read: u64,
}

impl<R: Read + Seek> WavReader<R> {
    /// Reads everything up to the sample data. The reader is buffered here.
    ///
    /// A `data` chunk of length 0 or 0xFFFFFFFF (that of Wave64: 0, or 2^63 - 1 and more) was written by a program that could not
    /// go back to fill the length in; it reaches to the end of the file.
    ///
    /// # Errors
    /// [`MediaError::WrongForm`] for another kind of file; [`MediaError::Malformed`] where the `fmt ` or `data`
    /// chunk is missing, in the wrong order or against its rules; [`MediaError::TooLarge`]; [`MediaError::Io`].
    pub fn open(inner: R) -> Result<Self, MediaError> {
        let mut riff = RiffReader::new(inner)?;
        let (mut form, mut at) = Form::of(&mut riff)?;
        let mut format = None;
        let mut fact = None;
        // The RIFF chunk's own length is not needed, so it does no harm where it is wrong.
        let file_end = riff.len();
        for _ in 0..MAX_CHUNKS {
            let Some((chunk, next)) = form.chunk_at(&mut riff, at)? else { break };
            match &chunk.id {
                b"ds64" => form.learn(&mut riff, &chunk)?,
                b"fmt " => {
                    let bytes = riff.body(&chunk, MAX_FORMAT, "'fmt ' chunk")?;
                    format = Some(WaveFormat::parse(bytes).map_err(|err| err.within(chunk.body()))?);
                }
                b"fact" if chunk.present >= 4 => {
                    let mut count = vec![0; chunk.present.min(8) as usize];
                    riff.read_at(chunk.body(), &mut count)?;
                    fact = form.samples(&count);
                }
                b"data" => {
                    let format = format.ok_or_else(|| MediaError::Malformed {
                        what: "WAVE file",
                        offset: chunk.offset,
                        why: "the 'data' chunk comes before any 'fmt ' chunk".to_owned(),
                    })?;
                    let open_ended = form.is_open_ended(&chunk);
                    let data_len = if open_ended { file_end - chunk.body() } else { chunk.present };
                    return Ok(Self { riff, format, fact, data: chunk, open_ended, data_len, read: 0 });
                }
                _ => {}
            }
            at = next;
        }
        Err(MediaError::Malformed {
            what: "WAVE file",
            offset: at.min(file_end),
            why: "it ends without a 'data' chunk".to_owned(),
        })
    }

    /// The format of the sample data.
    pub fn format(&self) -> &WaveFormat {
        &self.format
    }

    /// The number in the `fact` chunk, if one stands before the data: samples per channel.
    pub fn fact_samples(&self) -> Option<u64> {
        self.fact
    }

    /// Offset of the sample data in the file.
    pub fn data_start(&self) -> u64 {
        self.data.body()
    }

    /// Bytes of sample data that the file has.
    pub fn data_len(&self) -> u64 {
        self.data_len
    }

    /// Reads the next bytes of the sample data; returns how many, 0 only at the end or for an empty `buf`.
    /// Less than `buf` holds comes only at the end.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn read_data(&mut self, buf: &mut [u8]) -> Result<usize, MediaError> {
        let left = usize::try_from(self.data_len - self.read).unwrap_or(usize::MAX);
        let wanted = buf.len().min(left);
        let Some(buf) = buf.get_mut(..wanted) else { return Ok(0) };
        self.riff.read_at(self.data.body() + self.read, buf)?;
        self.read += wanted as u64;
        Ok(wanted)
    }

    /// Whether the data is cut off, and how much was read so far. Known from the start.
    pub fn damage(&self) -> Option<Damage> {
        let missing = self.data.missing();
        if missing == 0 || self.open_ended {
            return None;
        }
        Some(Damage {
            kind: DamageKind::EndsInChunk { id: self.data.id, missing },
            offset: self.riff.len(),
            read: self.read,
            stated: Some(self.data.size),
            unit: Unit::Bytes,
        })
    }
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
