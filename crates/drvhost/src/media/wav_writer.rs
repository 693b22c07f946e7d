//! Writing WAVE files of PCM samples (MS Learn: WAVEFORMATEX structure, mmreg.h), and beyond 4 GiB RF64 (EBU Tech 3306).

use std::path::Path;

use super::error::MediaError;
use super::stream::{Out, OutputStream};
use super::wav::WaveFormat;

/// Length of a file before the samples: RIFF header and form, a chunk that keeps room for `ds64`, `fmt ` chunk of 16 bytes, `data` header.
const HEADER_LEN: u64 = 80;
/// Length of a `ds64` chunk without a table: three lengths and the number of the table's entries.
const DS64_LEN: u32 = 28;
/// Length of the `fmt ` chunk: PCM needs no `cbSize`, and a chunk without it is understood by all.
const FORMAT_LEN: usize = 16;
/// The longest a `RIFF` chunk's body can be.
const MAX_RIFF: u64 = u32::MAX as u64 - 1;
/// What stands for a length that is not known, or stands in `ds64`.
const ELSEWHERE: u32 = u32::MAX;

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

    /// A sample as a number, for integers from -1 to just below 1; 0 where `bytes` are not as many as [`bytes`](Self::bytes) says.
    pub fn value(self, bytes: &[u8]) -> f64 {
        let whole = match (self, bytes) {
            (Self::U8, &[byte]) => i32::from_le_bytes([0, 0, 0, byte ^ 0x80]),
            (Self::S16, &[a, b]) => i32::from_le_bytes([0, 0, a, b]),
            (Self::S24, &[a, b, c]) => i32::from_le_bytes([0, a, b, c]),
            (Self::S32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]),
            (Self::F32, &[a, b, c, d]) => return f32::from_le_bytes([a, b, c, d]).into(),
            _ => 0,
        };
        f64::from(whole) / 2_147_483_648.0
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
    format: WaveFormat,
    data_len: u64,
    max_riff: u64,
}

impl WavWriter {
    /// Starts a file that takes the name `path` at [`WavWriter::finish`]; dropped before, it leaves nothing. Where it passes 4 GiB it
    /// becomes an RF64 file.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where channels or rate are 0, or too large for the header; [`MediaError::Io`].
    pub fn create(path: &Path, format: PcmFormat) -> Result<Self, MediaError> {
        let format = WaveFormat::of_pcm(format)?;
        let mut out = Out::create(path)?;
        out.write(&header(&format, 0, MAX_RIFF))?;
        Ok(Self { out, format, data_len: 0, max_riff: MAX_RIFF })
    }

    /// Starts a stream. Its header cannot be filled in at the end, so both sizes in it are 0xFFFFFFFF, which readers take for "up
    /// to the end"; there is no padding behind the last sample.
    ///
    /// # Errors
    /// As [`WavWriter::create`].
    pub fn stream(stream: OutputStream, format: PcmFormat) -> Result<Self, MediaError> {
        let format = WaveFormat::of_pcm(format)?;
        let mut out = Out::Stream(stream);
        let elsewhere = ELSEWHERE.to_le_bytes();
        out.write(&[b"RIFF".as_slice(), &elsewhere, b"WAVE", &format_and_data(&format, ELSEWHERE)].concat())?;
        Ok(Self { out, format, data_len: 0, max_riff: MAX_RIFF })
    }

    /// Adds samples, as bytes in the file's format; a call may end in the middle of a sample.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn write(&mut self, pcm: &[u8]) -> Result<(), MediaError> {
        self.out.write(pcm)?;
        self.data_len += pcm.len() as u64;
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
            file.overwrite(0, &header(&self.format, self.data_len, self.max_riff))?;
        }
        self.out.finish()
    }
}

/// Everything before the samples of a file.
fn header(format: &WaveFormat, data_len: u64, max_riff: u64) -> Vec<u8> {
    let riff_len = HEADER_LEN - 8 + data_len.next_multiple_of(2);
    let is_long = riff_len > max_riff;
    let stated = |len: u64| if is_long { ELSEWHERE } else { len as u32 };
    let mut bytes = Vec::with_capacity(HEADER_LEN as usize);
    bytes.extend(if is_long { b"RF64" } else { b"RIFF" });
    bytes.extend(stated(riff_len).to_le_bytes());
    bytes.extend(b"WAVE");
    bytes.extend(if is_long { b"ds64" } else { b"JUNK" });
    bytes.extend(DS64_LEN.to_le_bytes());
    let samples = data_len.checked_div(format.block_align.into()).unwrap_or(0);
    let lengths = if is_long { [riff_len, data_len, samples] } else { [0; 3] };
    bytes.extend(lengths.map(u64::to_le_bytes).as_flattened());
    // There is no table.
    bytes.extend([0; 4]);
    bytes.extend(format_and_data(format, stated(data_len)));
    bytes
}

/// The `fmt ` chunk, and the header of the `data` chunk.
fn format_and_data(format: &WaveFormat, data_len: u32) -> Vec<u8> {
    let fields = format.bytes.get(..FORMAT_LEN).unwrap_or_default();
    let format_len = FORMAT_LEN as u32;
    [b"fmt ".as_slice(), &format_len.to_le_bytes(), fields, b"data", &data_len.to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::super::stream::tests::Kept;
    use super::*;
    use crate::media::WavReader;
    use crate::media::testing::run;

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
        assert_eq!((bytes.len(), bytes[4], &bytes[12..16]), (86, 78, b"JUNK".as_slice()));

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
        drop(WavWriter::create(&path, FORMAT).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_beyond_its_limit_becomes_rf64() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.wav");
        for (samples, id) in [(b"abcd".as_slice(), b"RIFF"), (b"abcdef", b"RF64")] {
            let mut writer = WavWriter::create(&path, PcmFormat { channels: 2, ..FORMAT }).unwrap();
            writer.max_riff = HEADER_LEN - 8 + 4;
            writer.write(samples).unwrap();
            writer.finish().unwrap();
            let bytes = fs::read(&path).unwrap();
            assert_eq!((&bytes[..4], bytes.len()), (id.as_slice(), 80 + samples.len()));
            let mut reader = WavReader::open(File::open(&path).unwrap()).unwrap();
            assert_eq!((reader.data_len(), reader.damage()), (samples.len() as u64, None));
            let mut data = [0; 10];
            let read = reader.read_data(&mut data).unwrap();
            assert_eq!(&data[..read], samples);
            if let Some((data, messages)) = run("ffmpeg", directory.path(), "-i out.wav -f u8 -") {
                assert_eq!((data.as_slice(), messages.as_str()), (samples, ""));
            }
        }
        let bytes = fs::read(&path).unwrap();
        assert_eq!((bytes[20], bytes[28], bytes[36], &bytes[76..80]), (78, 6, 3, [0xFF; 4].as_slice()));
    }

    #[test]
    fn the_longest_riff_file_still_has_a_size() {
        let format = WaveFormat::of_pcm(FORMAT).unwrap();
        let longest = MAX_RIFF - (HEADER_LEN - 8);
        let bytes = header(&format, longest, MAX_RIFF);
        assert_eq!((bytes.len() as u64, &bytes[..4]), (HEADER_LEN, b"RIFF".as_slice()));
        assert_eq!(bytes[4..8], (u32::MAX - 1).to_le_bytes());
        let bytes = header(&format, longest + 1, MAX_RIFF);
        assert_eq!(
            (&bytes[..8], &bytes[20..28]),
            (b"RF64\xFF\xFF\xFF\xFF".as_slice(), (MAX_RIFF + 2).to_le_bytes().as_slice())
        );
    }
}
