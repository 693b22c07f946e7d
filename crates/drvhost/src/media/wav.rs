//! Reading WAVE files (MS Learn: WAVEFORMATEX and WAVEFORMATEXTENSIBLE structures, mmreg.h).

use std::io::{Read, Seek};

use super::damage::{Damage, DamageKind, Unit};
use super::error::MediaError;
use super::riff::{Chunk, RiffReader, le16, le32};

/// The format tag that says: the real one is in the extra bytes.
const WAVE_FORMAT_EXTENSIBLE: u16 = 0xFFFE;
/// The format tag of plain samples.
pub(super) const WAVE_FORMAT_PCM: u16 = 1;
/// The format tag of floating-point samples.
pub(super) const WAVE_FORMAT_IEEE_FLOAT: u16 = 3;
/// What follows the format tag in every KSDATAFORMAT_SUBTYPE GUID that stands for one (ksmedia.h).
const SUBTYPE_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
/// The longest `fmt ` chunk that is read.
const MAX_FORMAT: u64 = 1 << 20;
/// The most chunks before `data` that are looked at.
const MAX_CHUNKS: usize = 1 << 16;

/// A `fmt ` chunk: as it is, and taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveFormat {
    /// The chunk's bytes, at least 14.
    pub bytes: Vec<u8>,
    /// `wFormatTag`.
    pub tag: u16,
    /// `nChannels`, as stated.
    pub channels: u16,
    /// `nSamplesPerSec`, as stated.
    pub samples_per_sec: u32,
    /// `nAvgBytesPerSec`, as stated.
    pub avg_bytes_per_sec: u32,
    /// `nBlockAlign`, as stated: bytes that belong together. May be 0.
    pub block_align: u16,
    /// `wBitsPerSample`; 0 where the chunk ends before it.
    pub bits_per_sample: u16,
    /// The `cbSize` bytes behind the structure. Empty for WAVE_FORMAT_PCM, whose `cbSize` means nothing.
    pub extra: Vec<u8>,
    /// The tag in a WAVE_FORMAT_EXTENSIBLE's sub-format, where that stands for one.
    pub sub_format: Option<u16>,
}

impl WaveFormat {
    /// Length of WAVEFORMAT, the structure all tags share.
    const SHORT_LEN: usize = 14;
    /// Length of WAVEFORMATEX, where the extra bytes start.
    const LEN: usize = 18;

    /// Takes a `fmt ` chunk apart.
    ///
    /// # Errors
    /// [`MediaError::Malformed`] with the offset in `bytes` where it is shorter than 14 bytes, or than `cbSize`
    /// says.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, MediaError> {
        let wrong = |offset: usize, why| MediaError::Malformed {
            what: "wave format block",
            offset: offset as u64,
            why,
        };
        let fields = (le16(&bytes, 0), le16(&bytes, 2), le32(&bytes, 4), le32(&bytes, 8), le16(&bytes, 12));
        let (Some(tag), Some(channels), Some(rate), Some(byte_rate), Some(block_align)) = fields else {
            return Err(wrong(0, format!("it has {} bytes, not {}", bytes.len(), Self::SHORT_LEN)));
        };
        let stated = match le16(&bytes, 16) {
            Some(stated) if tag != WAVE_FORMAT_PCM => usize::from(stated),
            _ => 0,
        };
        let behind = bytes.get(Self::LEN..).unwrap_or_default();
        let extra = behind
            .get(..stated)
            .ok_or_else(|| wrong(16, format!("cbSize is {stated}, and {} bytes follow", behind.len())))?
            .to_vec();
        // The GUID stands behind wValidBitsPerSample and dwChannelMask.
        let sub_format = match extra.get(6..22) {
            Some([low, high, tail @ ..]) if tag == WAVE_FORMAT_EXTENSIBLE && *tail == SUBTYPE_TAIL => {
                Some(u16::from_le_bytes([*low, *high]))
            }
            _ => None,
        };
        Ok(Self {
            tag,
            channels,
            samples_per_sec: rate,
            avg_bytes_per_sec: byte_rate,
            block_align,
            bits_per_sample: le16(&bytes, 14).unwrap_or(0),
            extra,
            sub_format,
            bytes,
        })
    }

    /// The tag by which a codec is found: the sub-format's where there is one, else `wFormatTag`.
    pub fn codec_tag(&self) -> u16 {
        self.sub_format.unwrap_or(self.tag)
    }
}

/// A WAVE file: its format, and its sample data to be read from start to end.
pub struct WavReader<R> {
    riff: RiffReader<R>,
    format: WaveFormat,
    fact: Option<u32>,
    data: Chunk,
    /// How many bytes of the data there are to read.
    data_len: u64,
    /// How many of them were read.
    read: u64,
}

impl<R: Read + Seek> WavReader<R> {
    /// Reads everything up to the sample data. The reader is buffered here.
    ///
    /// A `data` chunk of length 0 or 0xFFFFFFFF was written by a program that could not go back to fill the length
    /// in; it reaches to the end of the file.
    ///
    /// # Errors
    /// [`MediaError::WrongForm`] for another kind of file; [`MediaError::Malformed`] where the `fmt ` or `data`
    /// chunk is missing, in the wrong order or against its rules; [`MediaError::TooLarge`]; [`MediaError::Io`].
    pub fn open(inner: R) -> Result<Self, MediaError> {
        let mut riff = RiffReader::new(inner)?;
        let mut at = riff.form(*b"WAVE", "a WAVE file")?.start;
        let mut format = None;
        let mut fact = None;
        // The RIFF chunk's own length is not needed, so it does no harm where it is wrong.
        let file_end = riff.len();
        for _ in 0..MAX_CHUNKS {
            let Some(chunk) = riff.chunk_at(at, file_end)? else { break };
            match &chunk.id {
                b"fmt " => {
                    let bytes = riff.body(&chunk, MAX_FORMAT, "'fmt ' chunk")?;
                    format = Some(WaveFormat::parse(bytes).map_err(|err| err.within(chunk.body()))?);
                }
                b"fact" if chunk.present >= 4 => {
                    let mut count = [0; 4];
                    riff.read_at(chunk.body(), &mut count)?;
                    fact = Some(u32::from_le_bytes(count));
                }
                b"data" => {
                    let format = format.ok_or_else(|| MediaError::Malformed {
                        what: "WAVE file",
                        offset: chunk.offset,
                        why: "the 'data' chunk comes before any 'fmt ' chunk".to_owned(),
                    })?;
                    let data_len =
                        if is_open_ended(&chunk) { file_end - chunk.body() } else { chunk.present };
                    return Ok(Self { riff, format, fact, data: chunk, data_len, read: 0 });
                }
                _ => {}
            }
            at = chunk.next();
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
    pub fn fact_samples(&self) -> Option<u32> {
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
        if missing == 0 || is_open_ended(&self.data) {
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

/// Whether the length of a `data` chunk was never filled in.
fn is_open_ended(data: &Chunk) -> bool {
    data.size == 0 || data.size == u64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn chunk(id: &[u8; 4], size: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = [id.as_slice(), &size.to_le_bytes(), body].concat();
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        bytes
    }

    fn format(tag: u16, extra: &[u8]) -> Vec<u8> {
        let mut bytes = tag.to_le_bytes().to_vec();
        bytes.extend(2u16.to_le_bytes());
        bytes.extend(22_050u32.to_le_bytes());
        bytes.extend(11_000u32.to_le_bytes());
        bytes.extend(1024u16.to_le_bytes());
        bytes.extend(4u16.to_le_bytes());
        bytes.extend((extra.len() as u16).to_le_bytes());
        bytes.extend(extra);
        bytes
    }

    fn wave(format: &[u8], data: &[u8], data_size: u32) -> Vec<u8> {
        let chunks = [
            chunk(b"fmt ", format.len() as u32, format),
            chunk(b"LIST", 5, b"INFO!"),
            chunk(b"fact", 4, &77u32.to_le_bytes()),
            chunk(b"data", data_size, data),
        ]
        .concat();
        chunk(b"RIFF", chunks.len() as u32 + 4, &[b"WAVE".as_slice(), &chunks].concat())
    }

    fn open(bytes: &[u8]) -> Result<WavReader<Cursor<&[u8]>>, MediaError> {
        WavReader::open(Cursor::new(bytes))
    }

    fn read_all(reader: &mut WavReader<Cursor<&[u8]>>) -> Vec<u8> {
        let mut all = Vec::new();
        let mut buf = [0; 3];
        loop {
            let read = reader.read_data(&mut buf).unwrap();
            all.extend(&buf[..read]);
            if read == 0 {
                return all;
            }
        }
    }

    #[test]
    fn reads_format_fact_and_data() {
        let bytes = wave(&format(2, b"abc"), b"0123456789", 10);
        let mut reader = open(&bytes).unwrap();
        let format = reader.format();
        assert_eq!((format.tag, format.channels, format.samples_per_sec), (2, 2, 22_050));
        assert_eq!((format.avg_bytes_per_sec, format.block_align, format.bits_per_sample), (11_000, 1024, 4));
        assert_eq!((format.extra.as_slice(), format.bytes.len()), (b"abc".as_slice(), 21));
        assert_eq!((format.codec_tag(), reader.fact_samples(), reader.data_len()), (2, Some(77), 10));
        assert_eq!(read_all(&mut reader), b"0123456789");
        assert_eq!(reader.damage(), None);
    }

    #[test]
    fn an_extensible_format_names_its_codec() {
        let mut extra = vec![0; 6];
        extra.extend(0x11u16.to_le_bytes());
        extra.extend(SUBTYPE_TAIL);
        let parsed = WaveFormat::parse(format(0xFFFE, &extra)).unwrap();
        assert_eq!((parsed.sub_format, parsed.codec_tag()), (Some(0x11), 0x11));
        extra[20] ^= 1;
        let parsed = WaveFormat::parse(format(0xFFFE, &extra)).unwrap();
        assert_eq!((parsed.sub_format, parsed.codec_tag()), (None, 0xFFFE));
    }

    #[test]
    fn format_lengths_are_checked() {
        let whole = format(2, b"abc");
        for len in 0..whole.len() {
            let expected = (14..18).contains(&len);
            assert_eq!(WaveFormat::parse(whole[..len].to_vec()).is_ok(), expected, "{len}");
        }
        let mut pcm = format(1, b"");
        pcm[16] = 99;
        assert_eq!(WaveFormat::parse(pcm).unwrap().extra, b"");
    }

    #[test]
    fn unfilled_lengths_reach_to_the_end() {
        for size in [0, u32::MAX] {
            let bytes = wave(&format(1, b""), b"01234567", size);
            let mut reader = open(&bytes).unwrap();
            assert_eq!(read_all(&mut reader), b"01234567");
            assert_eq!(reader.damage(), None);
        }
    }

    #[test]
    fn cut_anywhere_yields_what_is_there() {
        let whole = wave(&format(2, b"abcd"), b"0123456789", 10);
        let data_start = open(&whole).unwrap().data_start() as usize;
        for len in 0..whole.len() {
            let Ok(mut reader) = open(&whole[..len]) else {
                assert!(len < data_start);
                continue;
            };
            assert_eq!(read_all(&mut reader), whole[data_start..len]);
            let damage = reader.damage().unwrap();
            let missing = (whole.len() - len) as u64;
            assert_eq!(damage.kind, DamageKind::EndsInChunk { id: *b"data", missing });
            assert_eq!((damage.offset, damage.read, damage.stated), (len as u64, 10 - missing, Some(10)));
        }
    }

    #[test]
    fn order_and_form_are_checked() {
        let data_first = [b"RIFF\x14\0\0\0WAVE".as_slice(), &chunk(b"data", 4, b"0123")].concat();
        assert!(matches!(open(&data_first), Err(MediaError::Malformed { offset: 12, .. })));
        assert!(matches!(open(b"RIFF\x04\0\0\0AVI "), Err(MediaError::WrongForm { .. })));
    }
}
