//! Writing WAVE files of PCM samples (MS Learn: WAVEFORMATEX structure, mmreg.h).

use std::path::Path;

use super::error::MediaError;
use super::staged::StagedFile;
use super::wav::WAVE_FORMAT_PCM;

/// Length of everything before the samples: RIFF header and form, `fmt ` chunk of 16 bytes, `data` header.
const HEADER_LEN: u64 = 44;
/// The most bytes of samples whose padded length still leaves the `RIFF` chunk's size in 32 bits.
const MAX_DATA: u64 = u32::MAX as u64 - HEADER_LEN;

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleType {
    /// Eight bits, unsigned, silence at 128.
    U8,
    /// Sixteen bits, signed, little-endian.
    S16,
    /// Twenty-four bits, likewise.
    S24,
    /// Thirty-two bits, likewise.
    S32,
}

impl SampleType {
    /// The type of samples that have so many bits; `None` for other numbers than 8, 16, 24 and 32.
    pub fn of_bits(bits: u16) -> Option<Self> {
        [Self::U8, Self::S16, Self::S24, Self::S32].into_iter().find(|sample| sample.bytes() * 8 == bits)
    }

    /// Bytes per sample.
    pub fn bytes(self) -> u16 {
        match self {
            Self::U8 => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 => 4,
        }
    }
}

/// The format of PCM samples, channels interleaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PcmFormat {
    /// Channels, at least 1.
    pub channels: u16,
    /// Samples per second and channel, at least 1.
    pub samples_per_sec: u32,
    /// How a sample is stored.
    pub sample: SampleType,
}

/// Writes PCM samples.
pub struct WavWriter {
    out: StagedFile,
    format: Fields,
    data_len: u64,
    max_data: u64,
}

/// The numbers of the `fmt ` chunk.
#[derive(Clone, Copy)]
struct Fields {
    channels: u16,
    samples_per_sec: u32,
    avg_bytes_per_sec: u32,
    block_align: u16,
    bits_per_sample: u16,
}

impl WavWriter {
    /// Starts a file that takes the name `path` at [`WavWriter::finish`]; dropped before, it leaves nothing.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where channels or rate are 0, or too large for the header; [`MediaError::Io`].
    pub fn create(path: &Path, format: PcmFormat) -> Result<Self, MediaError> {
        let format = Fields::of(format).ok_or_else(|| MediaError::Unsupported {
            what: format!(
                "a WAVE file of {} channels at {} samples a second",
                format.channels, format.samples_per_sec
            ),
            why: "neither can be 0, and bytes per second must fit in 32 bits".to_owned(),
        })?;
        let mut out = StagedFile::create(path)?;
        out.write(&header(format, 0))?;
        Ok(Self { out, format, data_len: 0, max_data: MAX_DATA })
    }

    /// Adds samples, as bytes in the file's format; a call may end in the middle of a sample.
    ///
    /// # Errors
    /// [`MediaError::TooLarge`] where the file would pass 4 GiB, and what was written can still be finished;
    /// [`MediaError::Io`].
    pub fn write(&mut self, pcm: &[u8]) -> Result<(), MediaError> {
        let data_len = self.data_len.saturating_add(pcm.len() as u64);
        if data_len > self.max_data {
            return Err(MediaError::TooLarge {
                what: "the WAVE file".to_owned(),
                why: "WAVE files end at 4 GiB".to_owned(),
            });
        }
        self.out.write(pcm)?;
        self.data_len = data_len;
        Ok(())
    }

    /// Writes the final header and gives the file its name.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn finish(mut self) -> Result<(), MediaError> {
        if !self.data_len.is_multiple_of(2) {
            self.out.write(&[0])?;
        }
        self.out.overwrite(0, &header(self.format, self.data_len as u32))?;
        self.out.finish()
    }
}

impl Fields {
    /// The derived numbers, or `None` where one is 0 or does not fit.
    fn of(format: PcmFormat) -> Option<Self> {
        let block_align = format.channels.checked_mul(format.sample.bytes())?;
        let avg_bytes_per_sec = format.samples_per_sec.checked_mul(block_align.into())?;
        (avg_bytes_per_sec != 0).then_some(Self {
            channels: format.channels,
            samples_per_sec: format.samples_per_sec,
            avg_bytes_per_sec,
            block_align,
            bits_per_sample: format.sample.bytes() * 8,
        })
    }
}

/// Everything before the samples.
fn header(format: Fields, data_len: u32) -> Vec<u8> {
    let riff_size = HEADER_LEN as u32 - 8 + data_len + data_len % 2;
    let mut bytes = Vec::with_capacity(HEADER_LEN as usize);
    bytes.extend(b"RIFF");
    bytes.extend(riff_size.to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend(WAVE_FORMAT_PCM.to_le_bytes());
    bytes.extend(format.channels.to_le_bytes());
    bytes.extend(format.samples_per_sec.to_le_bytes());
    bytes.extend(format.avg_bytes_per_sec.to_le_bytes());
    bytes.extend(format.block_align.to_le_bytes());
    bytes.extend(format.bits_per_sample.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(data_len.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;
    use crate::media::WavReader;

    const FORMAT: PcmFormat = PcmFormat { channels: 1, samples_per_sec: 11_025, sample: SampleType::U8 };

    #[test]
    fn the_reader_gets_the_samples_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.wav");
        let mut writer = WavWriter::create(&path, FORMAT).unwrap();
        writer.write(b"abc").unwrap();
        writer.write(b"de").unwrap();
        writer.finish().unwrap();
        let bytes = fs::read(&path).unwrap();
        assert_eq!((bytes.len(), bytes[4]), (50, 42));

        let mut reader = WavReader::open(File::open(&path).unwrap()).unwrap();
        let format = reader.format();
        assert_eq!((format.tag, format.channels, format.samples_per_sec), (1, 1, 11_025));
        assert_eq!((format.avg_bytes_per_sec, format.block_align, format.bits_per_sample), (11_025, 1, 8));
        let mut data = [0; 10];
        assert_eq!(reader.read_data(&mut data).unwrap(), 5);
        assert_eq!(&data[..5], b"abcde");
        assert_eq!(reader.damage(), None);
    }

    #[test]
    fn refuses_impossible_formats_and_lengths() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.wav");
        for format in [
            PcmFormat { channels: 0, ..FORMAT },
            PcmFormat { samples_per_sec: 0, ..FORMAT },
            PcmFormat { channels: 40_000, sample: SampleType::S16, ..FORMAT },
            PcmFormat { channels: 2, samples_per_sec: u32::MAX, ..FORMAT },
        ] {
            assert!(matches!(WavWriter::create(&path, format), Err(MediaError::Unsupported { .. })));
        }
        let mut writer = WavWriter::create(&path, FORMAT).unwrap();
        writer.max_data = 4;
        writer.write(b"abcd").unwrap();
        assert!(matches!(writer.write(b"e"), Err(MediaError::TooLarge { .. })));
        drop(writer);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_longest_file_still_has_a_size() {
        let fields = Fields::of(FORMAT).unwrap();
        let bytes = header(fields, MAX_DATA as u32);
        assert_eq!(bytes.len() as u64, HEADER_LEN);
        assert_eq!(bytes[4..8], (u32::MAX - 8 + (MAX_DATA % 2) as u32).to_le_bytes());
    }
}
