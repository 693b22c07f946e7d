//! The format of sound (MS Learn: WAVEFORMATEX and WAVEFORMATEXTENSIBLE structures, mmreg.h).

use crate::media::error::MediaError;
use crate::media::riff::{le16, le32};
use crate::media::wav_writer::{PcmFormat, SampleType};

/// The format tag that says: the real one is in the extra bytes.
const WAVE_FORMAT_EXTENSIBLE: u16 = 0xFFFE;
/// The format tag of plain samples.
pub(in crate::media) const WAVE_FORMAT_PCM: u16 = 1;
/// The format tag of floating-point samples.
pub(in crate::media) const WAVE_FORMAT_IEEE_FLOAT: u16 = 3;
/// What follows the format tag in every KSDATAFORMAT_SUBTYPE GUID that stands for one (ksmedia.h).
const SUBTYPE_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

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
    /// The WAVEFORMATEX of PCM samples.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where channels or rate are 0, or too large for the structure.
    pub fn of_pcm(format: PcmFormat) -> Result<Self, MediaError> {
        let PcmFormat { channels, samples_per_sec, sample } = format;
        let unsupported = || MediaError::Unsupported {
            what: format!("sound of {channels} channels at {samples_per_sec} samples a second"),
            why: "neither can be 0, and bytes per second must fit in 32 bits".to_owned(),
        };
        let block_align = channels.checked_mul(sample.bytes()).ok_or_else(unsupported)?;
        let avg_bytes_per_sec = samples_per_sec.checked_mul(block_align.into());
        let avg_bytes_per_sec = avg_bytes_per_sec.filter(|&bytes| bytes != 0).ok_or_else(unsupported)?;
        let tag = if sample == SampleType::F32 { WAVE_FORMAT_IEEE_FLOAT } else { WAVE_FORMAT_PCM };
        let bits_per_sample = sample.bytes() * 8;
        let mut bytes = Vec::with_capacity(Self::LEN);
        bytes.extend([tag, channels].map(u16::to_le_bytes).as_flattened());
        bytes.extend([samples_per_sec, avg_bytes_per_sec].map(u32::to_le_bytes).as_flattened());
        bytes.extend([block_align, bits_per_sample, 0].map(u16::to_le_bytes).as_flattened());
        Ok(Self {
            bytes,
            tag,
            channels,
            samples_per_sec,
            avg_bytes_per_sec,
            block_align,
            bits_per_sample,
            extra: Vec::new(),
            sub_format: None,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A format block of two channels with extra bytes.
    pub fn block(tag: u16, extra: &[u8]) -> Vec<u8> {
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

    #[test]
    fn an_extensible_format_names_its_codec() {
        let mut extra = vec![0; 6];
        extra.extend(0x11u16.to_le_bytes());
        extra.extend(SUBTYPE_TAIL);
        let parsed = WaveFormat::parse(block(0xFFFE, &extra)).unwrap();
        assert_eq!((parsed.sub_format, parsed.codec_tag()), (Some(0x11), 0x11));
        extra[20] ^= 1;
        let parsed = WaveFormat::parse(block(0xFFFE, &extra)).unwrap();
        assert_eq!((parsed.sub_format, parsed.codec_tag()), (None, 0xFFFE));
    }

    #[test]
    fn format_lengths_are_checked() {
        let whole = block(2, b"abc");
        for len in 0..whole.len() {
            let expected = (14..18).contains(&len);
            assert_eq!(WaveFormat::parse(whole[..len].to_vec()).is_ok(), expected, "{len}");
        }
        let mut pcm = block(1, b"");
        pcm[16] = 99;
        assert_eq!(WaveFormat::parse(pcm).unwrap().extra, b"");
    }

    #[test]
    fn a_format_that_was_made_reads_back() {
        let pcm = PcmFormat { channels: 2, samples_per_sec: 44_100, sample: SampleType::S24 };
        let made = WaveFormat::of_pcm(pcm).unwrap();
        assert_eq!((made.block_align, made.avg_bytes_per_sec, made.bits_per_sample), (6, 264_600, 24));
        assert_eq!(WaveFormat::parse(made.bytes.clone()).unwrap(), made);
    }
}
