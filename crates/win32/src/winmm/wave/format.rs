//! The formats of samples that can be played: PCM and floating point (MS Learn: WAVEFORMATEX, WAVEFORMATEXTENSIBLE).

use std::time::Duration;

use guest::{Machine, Violation};

use crate::abi::Pointer;

const WAVE_FORMAT_PCM: u16 = 1;
const WAVE_FORMAT_IEEE_FLOAT: u16 = 3;
const WAVE_FORMAT_EXTENSIBLE: u16 = 0xFFFE;
/// What follows the tag in a sub-format that stands for one (ksmedia.h).
const SUBTYPE_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// Length of PCMWAVEFORMAT, which is what a format with the tag WAVE_FORMAT_PCM has at least.
const LEN: usize = 16;
/// The length of an extensible one, and what cbSize says of it.
const EXTENSIBLE_LEN: usize = 40;
const EXTENSIBLE_SIZE: u16 = 22;

/// A format that can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Format(pub wire::WaveFormat);

impl Format {
    /// The format at an address; `None` for one that cannot be played.
    pub fn read(machine: &Machine, at: Pointer) -> Result<Option<Self>, Violation> {
        let mut bytes = vec![0; LEN];
        machine.memory.read(at.0, &mut bytes)?;
        if word(&bytes, 0) == WAVE_FORMAT_EXTENSIBLE {
            bytes.resize(EXTENSIBLE_LEN, 0);
            machine.memory.read(at.0, &mut bytes)?;
        }
        Ok(Self::parse(&bytes))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let tag = match word(bytes, 0) {
            WAVE_FORMAT_EXTENSIBLE => {
                let standard = bytes.get(26..40)? == SUBTYPE_TAIL && word(bytes, 16) >= EXTENSIBLE_SIZE;
                standard.then(|| word(bytes, 24))?
            }
            tag => tag,
        };
        let (channels, bits_per_sample) = (word(bytes, 2), word(bytes, 14));
        let samples_per_sec = u32::from(word(bytes, 4)) | u32::from(word(bytes, 6)) << 16;
        let floating = match tag {
            WAVE_FORMAT_PCM => false,
            WAVE_FORMAT_IEEE_FLOAT => true,
            _ => return None,
        };
        let format = wire::WaveFormat { floating, channels, samples_per_sec, bits_per_sample };
        // nAvgBytesPerSec follows from the rest, and some clients leave it out.
        (format.is_playable() && word(bytes, 12) == format.block_align()).then_some(Self(format))
    }

    /// Bytes of a sample of every channel.
    pub fn block(&self) -> u64 {
        self.0.block_align().into()
    }

    /// How many bytes are played in a time, in whole blocks.
    pub fn bytes_in(&self, time: Duration) -> u64 {
        let samples = time.as_nanos() * u128::from(self.0.samples_per_sec) / NANOS;
        u64::try_from(samples).unwrap_or(u64::MAX).saturating_mul(self.block())
    }

    /// How long so many bytes play, rounded up so that they have been played when it is over.
    pub fn time_of(&self, bytes: u64) -> Duration {
        let samples = u128::from(bytes.div_ceil(self.block()));
        let nanos = (samples * NANOS).div_ceil(u128::from(self.0.samples_per_sec));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// Silence.
    pub fn silence(&self, len: usize) -> Vec<u8> {
        vec![if self.0.bits_per_sample == 8 { 0x80 } else { 0 }; len]
    }

    /// Makes samples as loud as `volume` says, 0xFFFF being full, the left channel's in the low word and the right one's in the high one; `at` is
    /// where in the stream they are. What is full stays exactly as it is.
    pub fn scale(&self, bytes: &mut [u8], at: u64, volume: u32) {
        let [a, b, c, d] = volume.to_le_bytes();
        let (left, right) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
        let stereo = self.0.channels > 1;
        if left == u16::MAX && (right == u16::MAX || !stereo) {
            return;
        }
        let size = usize::from(self.0.bits_per_sample / 8);
        let first = at % self.block() / size as u64;
        for (channel, sample) in (first..).zip(bytes.chunks_exact_mut(size)) {
            let right_one = stereo && !(channel % u64::from(self.0.channels)).is_multiple_of(2);
            let volume = if right_one { right } else { left };
            match sample {
                [byte] => *byte = scaled(i64::from(*byte) - 0x80, volume).wrapping_add(0x80).to_le_bytes()[0],
                [a, b, c, d] if self.0.floating => {
                    let value =
                        f32::from_le_bytes([*a, *b, *c, *d]) * f32::from(volume) / f32::from(u16::MAX);
                    [*a, *b, *c, *d] = value.to_le_bytes();
                }
                bytes => {
                    // Extended by its sign from the uppermost byte.
                    let mut wide = [0; 8];
                    wide[8 - bytes.len()..].copy_from_slice(bytes);
                    let value = i64::from_le_bytes(wide) >> (64 - 8 * bytes.len());
                    bytes.copy_from_slice(&scaled(value, volume).to_le_bytes()[..bytes.len()]);
                }
            }
        }
    }
}

const NANOS: u128 = 1_000_000_000;

fn scaled(sample: i64, volume: u16) -> i64 {
    sample * i64::from(volume) / i64::from(u16::MAX)
}

/// The 16-bit number at an offset; 0 beyond the end.
fn word(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(tag: u16, channels: u16, rate: u32, bits: u16) -> Vec<u8> {
        let block = channels * (bits / 8);
        let mut bytes = Vec::new();
        bytes.extend(tag.to_le_bytes());
        bytes.extend(channels.to_le_bytes());
        bytes.extend(rate.to_le_bytes());
        bytes.extend((rate * u32::from(block)).to_le_bytes());
        bytes.extend(block.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes
    }

    fn pcm(channels: u16, bits: u16) -> Format {
        Format::parse(&bytes(1, channels, 44_100, bits)).unwrap()
    }

    #[test]
    fn formats_are_checked() {
        for bits in [8, 16, 24, 32] {
            assert_eq!(pcm(2, bits).block(), u64::from(bits / 4));
        }
        assert!(Format::parse(&bytes(3, 2, 48_000, 32)).unwrap().0.floating);
        for (tag, channels, rate, bits) in [
            (1, 0, 44_100, 16),
            (1, 2, 0, 16),
            (1, 2, 44_100, 12),
            (3, 2, 44_100, 16),
            (2, 1, 8000, 4),
            (1, 2, u32::MAX / 8, 16),
        ] {
            assert_eq!(
                Format::parse(&bytes(tag, channels, rate, bits)),
                None,
                "{tag} {channels} {rate} {bits}"
            );
        }
        let mut odd = bytes(1, 2, 44_100, 16);
        odd[12] = 3;
        assert_eq!(Format::parse(&odd), None, "nBlockAlign is wrong");
    }

    #[test]
    fn an_extensible_format_is_what_its_sub_format_says() {
        let mut extensible = bytes(0xFFFE, 2, 48_000, 24);
        extensible.extend([22, 0, 24, 0, 3, 0, 0, 0, 1, 0]);
        extensible.extend(SUBTYPE_TAIL);
        assert_eq!(Format::parse(&extensible), Format::parse(&bytes(1, 2, 48_000, 24)));
        extensible[30] ^= 1;
        assert_eq!(Format::parse(&extensible), None);
        assert_eq!(Format::parse(&extensible[..20]), None);
    }

    #[test]
    fn time_and_bytes_agree() {
        let format = pcm(2, 16);
        assert_eq!(format.bytes_in(Duration::from_secs(1)), 176_400);
        assert_eq!(format.bytes_in(Duration::from_nanos(22_676)), 4);
        for bytes in [4, 100, 176_396, 4_000_000] {
            assert_eq!(format.bytes_in(format.time_of(bytes)), bytes);
        }
    }

    #[test]
    fn volume_scales_each_channel() {
        let mut samples: Vec<u8> =
            [1000_i16, 1000, -1000, -1000].iter().flat_map(|s| s.to_le_bytes()).collect();
        let whole = samples.clone();
        pcm(2, 16).scale(&mut samples, 0, u32::MAX);
        assert_eq!(samples, whole);
        pcm(2, 16).scale(&mut samples, 0, 0x0000_FFFF);
        let scaled: Vec<i16> = samples.as_chunks().0.iter().map(|&s| i16::from_le_bytes(s)).collect();
        assert_eq!(scaled, [1000, 0, -1000, 0]);
        // From the right channel on.
        pcm(2, 16).scale(&mut samples, 2, 0xFFFF_0000);
        assert_eq!(&samples[2..4], [0, 0]);
        let mut bytes = [0, 0x80, 0xFF];
        pcm(1, 8).scale(&mut bytes, 0, 0x8000);
        assert_eq!(bytes, [0x40, 0x80, 0xBF]);
        let mut wide = [0, 0, 0x80];
        pcm(1, 24).scale(&mut wide, 0, 0x8000);
        assert_eq!(wide, [0xC0, 0xFF, 0xBF]);
        let float = Format::parse(&bytes_of_float()).unwrap();
        let mut half = 1.0_f32.to_le_bytes();
        float.scale(&mut half, 0, 0);
        assert_eq!(f32::from_le_bytes(half), 0.0);
    }

    fn bytes_of_float() -> Vec<u8> {
        bytes(3, 1, 8000, 32)
    }
}
