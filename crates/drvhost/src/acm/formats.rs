//! Formats: those that a codec lists, and how any is given to a driver.

use mmsystem::{
    ACM_FORMATDETAILSF_INDEX, ACMDM_FORMAT_DETAILS, ACMFORMATDETAILSW, MMSYSERR_NOERROR, Structure,
    WAVE_FORMAT_PCM, WAVEFORMATEX,
};

use super::{Codec, mmsyserr};
use crate::error::Error;
use crate::media::{PcmFormat, SampleType, WaveFormat};
use crate::opened::{decoded, encoded};

/// The most formats of one tag that a driver is asked for.
const MAX_FORMATS: u32 = 4096;
/// The most bytes that a format may have.
const MAX_FORMAT_SIZE: usize = 64 << 10;

/// A format that a codec lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The format.
    pub format: WaveFormat,
    /// The driver's words for it, such as `44.100 kHz, 4 Bit, Stereo`; empty where it has none.
    pub described: String,
}

impl Codec<'_> {
    /// The formats of a tag that the codec lists, in its order (ACMDM_FORMAT_DETAILS by index); none when it does not have the tag. What is
    /// not a format, because it is longer than the driver says that formats of the tag are, is left out.
    ///
    /// # Errors
    /// As [`Session::send`](crate::Session::send).
    pub fn formats(&self, tag: u16) -> Result<Vec<WaveFormat>, Error> {
        Ok(self.listed(tag)?.into_iter().map(|listed| listed.format).collect())
    }

    /// As [`formats`](Self::formats), with the driver's words for each.
    ///
    /// # Errors
    /// As [`Session::send`](crate::Session::send).
    pub fn listed(&self, tag: u16) -> Result<Vec<Listed>, Error> {
        let Some(details) = self.format_tag(tag)? else { return Ok(Vec::new()) };
        let size = (details.cbFormatSize as usize).clamp(WAVEFORMATEX::size(()), MAX_FORMAT_SIZE);
        let format = self.opened.arena.block(size)?;
        let mut formats = Vec::new();
        for index in 0..details.cStandardFormats.min(MAX_FORMATS) {
            let wanted = ACMFORMATDETAILSW {
                cbStruct: ACMFORMATDETAILSW::size(self.layout) as u32,
                dwFormatIndex: index,
                dwFormatTag: tag.into(),
                pwfx: format.address(),
                cbwfx: size as u32,
                ..ACMFORMATDETAILSW::default()
            };
            format.write(0, &vec![0; size])?;
            let block = self.opened.arena.block_with(&encoded(&wanted, self.layout)?)?;
            let query = ACM_FORMATDETAILSF_INDEX.into();
            if mmsyserr(self.opened.send(ACMDM_FORMAT_DETAILS, block.lparam(), query)?) != MMSYSERR_NOERROR {
                break;
            }
            let details: ACMFORMATDETAILSW = decoded(&block, self.layout)?;
            let described = text(&details.szFormat);
            let parsed = WaveFormat::parse(format.to_vec()?);
            formats.extend(parsed.ok().map(|format| Listed { format, described }));
        }
        Ok(formats)
    }
}

/// A driver's text up to its NUL, without what does not print.
fn text(units: &[u16]) -> String {
    let units = units.iter().take_while(|unit| **unit != 0);
    let chars = char::decode_utf16(units.copied()).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER));
    let text: String = chars.filter(|char| !char.is_control()).collect();
    text.trim().to_owned()
}

/// A format as drivers expect it: a whole WAVEFORMATEX with its true tag. Files may have the shorter WAVEFORMAT
/// or PCMWAVEFORMAT, or the tag within a WAVEFORMATEXTENSIBLE.
pub(super) fn driver_format(format: &WaveFormat) -> Vec<u8> {
    // Behind the sub-format's GUID, which ends WAVEFORMATEXTENSIBLE.
    const EXTENSIBLE_EXTRA: usize = 22;
    let extra = match format.sub_format {
        Some(_) => format.extra.get(EXTENSIBLE_EXTRA..).unwrap_or_default(),
        None => &format.extra,
    };
    // Drivers divide by the data rate, which files of a variable one leave out. At one bit a sample the buffers come out
    // large enough for any.
    let rate = match format.avg_bytes_per_sec {
        0 => (format.samples_per_sec / 8).max(1),
        stated => stated,
    };
    let extra_len = u16::try_from(extra.len()).unwrap_or(0);
    let mut bytes = Vec::with_capacity(WAVEFORMATEX::size(()) + extra.len());
    bytes.extend(format.codec_tag().to_le_bytes());
    bytes.extend(format.channels.to_le_bytes());
    bytes.extend(format.samples_per_sec.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend(format.block_align.to_le_bytes());
    bytes.extend(format.bits_per_sample.to_le_bytes());
    bytes.extend(extra_len.to_le_bytes());
    bytes.extend(extra);
    bytes
}

/// A PCM format as the host writes it; `None` if it is none, or one that cannot be.
pub(super) fn pcm_format(format: &WAVEFORMATEX) -> Option<PcmFormat> {
    let sample = SampleType::of_bits(format.wBitsPerSample)?;
    let possible = format.wFormatTag == WAVE_FORMAT_PCM && format.nChannels > 0 && format.nSamplesPerSec > 0;
    possible.then_some(PcmFormat {
        channels: format.nChannels,
        samples_per_sec: format.nSamplesPerSec,
        sample,
    })
}

/// A PCM format as drivers get it.
pub(super) fn pcm_block(channels: u16, samples_per_sec: u32, bits: u16) -> WAVEFORMATEX {
    let block_align = channels.saturating_mul(bits / 8);
    WAVEFORMATEX {
        wFormatTag: WAVE_FORMAT_PCM,
        nChannels: channels,
        nSamplesPerSec: samples_per_sec,
        nAvgBytesPerSec: samples_per_sec.saturating_mul(block_align.into()),
        nBlockAlign: block_align,
        wBitsPerSample: bits,
        cbSize: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_formats_become_whole_ones() {
        let alaw = [6, 0, 2, 0, 0x22, 0x56, 0, 0, 0x44, 0xAC, 0, 0, 2, 0];
        let format = WaveFormat::parse(alaw.to_vec()).unwrap();
        assert_eq!(driver_format(&format), [&alaw[..], &[0; 4]].concat());
    }

    #[test]
    fn an_extensible_format_is_taken_out_of_its_wrapping() {
        let mut bytes = vec![0xFE, 0xFF, 1, 0, 0x40, 0x1F, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0, 24, 0];
        bytes.extend([0; 6]);
        bytes.extend([0x11, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        bytes.extend([0xF9, 1]);
        let format = WaveFormat::parse(bytes).unwrap();
        let source = driver_format(&format);
        assert_eq!(source.get(..2), Some(&[0x11, 0][..]));
        assert_eq!(source.get(8..12), Some(&1000u32.to_le_bytes()[..]), "a rate that was not stated");
        assert_eq!(source.get(16..), Some(&[2, 0, 0xF9, 1][..]));
    }

    #[test]
    fn only_pcm_that_can_be_written_is_taken() {
        let format = pcm_block(2, 44_100, 16);
        assert_eq!((format.nBlockAlign, format.nAvgBytesPerSec), (4, 176_400));
        assert!(pcm_format(&format).is_some());
        assert!(pcm_format(&WAVEFORMATEX { wBitsPerSample: 12, ..format.clone() }).is_none());
        assert!(pcm_format(&WAVEFORMATEX { nChannels: 0, ..format.clone() }).is_none());
        assert!(pcm_format(&WAVEFORMATEX { wFormatTag: 2, ..format }).is_none());
    }
}
