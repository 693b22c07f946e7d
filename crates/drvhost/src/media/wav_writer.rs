//! Writing WAVE files of PCM samples (MS Learn: WAVEFORMATEX structure, mmreg.h).

use std::path::Path;

use super::error::MediaError;
use super::stream::{Out, OutputStream};
use super::wav::{WAVE_FORMAT_IEEE_FLOAT, WAVE_FORMAT_PCM};

/// Length of everything before the samples: RIFF header and form, `fmt ` chunk of 16 bytes, `data` header.
const HEADER_LEN: u64 = 44;
/// The most bytes of samples whose padded length still leaves the `RIFF` chunk's size in 32 bits.
const MAX_DATA: u64 = u32::MAX as u64 - HEADER_LEN;
/// What stands for a length that is not known: the reader goes on to the end.
const UNKNOWN: u32 = u32::MAX;

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
    /// Thirty-two bits, floating-point, from -1 to 1.
    F32,
}

impl SampleType {
    /// The type of integers that have so many bits; `None` for other numbers than 8, 16, 24 and 32.
    pub fn of_bits(bits: u16) -> Option<Self> {
        [Self::U8, Self::S16, Self::S24, Self::S32].into_iter().find(|sample| sample.bytes() * 8 == bits)
    }

    /// Bytes per sample.
    pub fn bytes(self) -> u16 {
        match self {
            Self::U8 => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
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
    out: Out,
    format: Fields,
    data_len: u64,
    max_data: u64,
}

/// The numbers of the `fmt ` chunk.
#[derive(Clone, Copy)]
struct Fields {
    tag: u16,
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
        let format = Fields::of(format)?;
        let mut out = Out::create(path)?;
        out.write(&header(format, Sizes::of(0)))?;
        Ok(Self { out, format, data_len: 0, max_data: MAX_DATA })
    }

    /// Starts a stream. Its header cannot be filled in at the end, so both sizes in it are 0xFFFFFFFF, which readers take for "up
    /// to the end"; there is no limit of 4 GiB then, and no padding behind the last sample.
    ///
    /// # Errors
    /// As [`WavWriter::create`].
    pub fn stream(stream: OutputStream, format: PcmFormat) -> Result<Self, MediaError> {
        let format = Fields::of(format)?;
        let mut out = Out::Stream(stream);
        out.write(&header(format, Sizes { riff: UNKNOWN, data: UNKNOWN }))?;
        Ok(Self { out, format, data_len: 0, max_data: u64::MAX })
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

    /// Gives a file its final header and its name, and sees that the last byte has left for a stream.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn finish(mut self) -> Result<(), MediaError> {
        if let Out::File(file) = &mut self.out {
            if !self.data_len.is_multiple_of(2) {
                file.write(&[0])?;
            }
            file.overwrite(0, &header(self.format, Sizes::of(self.data_len as u32)))?;
        }
        self.out.finish()
    }
}

impl Fields {
    /// The derived numbers; an error where one is 0 or does not fit.
    fn of(format: PcmFormat) -> Result<Self, MediaError> {
        let unsupported = || MediaError::Unsupported {
            what: format!(
                "a WAVE file of {} channels at {} samples a second",
                format.channels, format.samples_per_sec
            ),
            why: "neither can be 0, and bytes per second must fit in 32 bits".to_owned(),
        };
        let block_align = format.channels.checked_mul(format.sample.bytes()).ok_or_else(unsupported)?;
        let avg_bytes_per_sec = format.samples_per_sec.checked_mul(block_align.into());
        let avg_bytes_per_sec = avg_bytes_per_sec.filter(|&bytes| bytes != 0).ok_or_else(unsupported)?;
        let tag = if format.sample == SampleType::F32 { WAVE_FORMAT_IEEE_FLOAT } else { WAVE_FORMAT_PCM };
        Ok(Self {
            tag,
            channels: format.channels,
            samples_per_sec: format.samples_per_sec,
            avg_bytes_per_sec,
            block_align,
            bits_per_sample: format.sample.bytes() * 8,
        })
    }
}

/// The two lengths in a header.
#[derive(Clone, Copy)]
struct Sizes {
    riff: u32,
    data: u32,
}

impl Sizes {
    /// For so many bytes of samples, at most [`MAX_DATA`].
    fn of(data: u32) -> Self {
        Self { riff: HEADER_LEN as u32 - 8 + data + data % 2, data }
    }
}

/// Everything before the samples.
fn header(format: Fields, sizes: Sizes) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_LEN as usize);
    bytes.extend(b"RIFF");
    bytes.extend(sizes.riff.to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    bytes.extend(format.tag.to_le_bytes());
    bytes.extend(format.channels.to_le_bytes());
    bytes.extend(format.samples_per_sec.to_le_bytes());
    bytes.extend(format.avg_bytes_per_sec.to_le_bytes());
    bytes.extend(format.block_align.to_le_bytes());
    bytes.extend(format.bits_per_sample.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(sizes.data.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::super::stream::tests::Kept;
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
    fn a_stream_has_open_lengths_and_no_padding() {
        let kept = Kept::new();
        let mut writer = WavWriter::stream(OutputStream::new("test", kept.clone()), FORMAT).unwrap();
        writer.write(b"abc").unwrap();
        writer.finish().unwrap();
        let bytes = kept.bytes();
        assert_eq!(
            (&bytes[4..8], &bytes[40..44], &bytes[44..]),
            (&[0xFF; 4][..], &[0xFF; 4][..], &b"abc"[..])
        );
        let mut reader = WavReader::open(std::io::Cursor::new(&bytes)).unwrap();
        assert_eq!((reader.data_len(), reader.damage()), (3, None));
        let mut data = [0; 3];
        assert_eq!((reader.read_data(&mut data).unwrap(), &data), (3, b"abc"));
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
        let bytes = header(fields, Sizes::of(MAX_DATA as u32));
        assert_eq!(bytes.len() as u64, HEADER_LEN);
        assert_eq!(bytes[4..8], (u32::MAX - 8 + (MAX_DATA % 2) as u32).to_le_bytes());
    }
}
