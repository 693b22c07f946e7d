//! Samples of any depth as those of 16 bits, which is what audio codecs take.

use crate::media::SampleType;

/// Converts whole samples to 16 bits, rounded to the nearest, and adds them to `out`.
pub(super) fn to_16_bits(samples: &[u8], sample: SampleType, out: &mut Vec<u8>) {
    let mut put = |value: i16| out.extend(value.to_le_bytes());
    match sample {
        SampleType::U8 => samples.iter().for_each(|byte| put((i16::from(*byte) - 0x80) << 8)),
        SampleType::S16 => out.extend_from_slice(samples),
        SampleType::S24 => {
            for &[low, middle, high] in samples.as_chunks().0 {
                put(rounded(i32::from_le_bytes([0, low, middle, high])));
            }
        }
        SampleType::S32 => {
            samples.as_chunks().0.iter().for_each(|bytes| put(rounded(i32::from_le_bytes(*bytes))));
        }
        SampleType::F32 => {
            for bytes in samples.as_chunks().0 {
                // Beyond the ends this is the nearest end, and 0 for what is no number.
                put((f32::from_le_bytes(*bytes) * 32768.0).round() as i16);
            }
        }
    }
}

/// The upper 16 of 32 bits, rounded.
fn rounded(value: i32) -> i16 {
    let rounded = (i64::from(value) + 0x8000) >> 16;
    i16::try_from(rounded).unwrap_or(i16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(samples: &[u8], sample: SampleType) -> Vec<i16> {
        let mut out = Vec::new();
        to_16_bits(samples, sample, &mut out);
        out.as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect()
    }

    #[test]
    fn every_depth_becomes_the_nearest_of_16_bits() {
        assert_eq!(converted(&[0, 0x80, 0xFF], SampleType::U8), [-32768, 0, 0x7F00]);
        assert_eq!(converted(&[1, 0x80], SampleType::S16), [-32767]);
        assert_eq!(converted(&[0x7F, 0, 0, 0x80, 0, 0, 0xFF, 0xFF, 0x7F], SampleType::S24), [0, 1, 32767]);
        let words = [0x7FFF_i32, 0x8000, i32::MIN, i32::MAX].map(i32::to_le_bytes).concat();
        assert_eq!(converted(&words, SampleType::S32), [0, 1, -32768, 32767]);
        let floats = [0.5_f32, -1.0, 2.0, f32::NAN].map(f32::to_le_bytes).concat();
        assert_eq!(converted(&floats, SampleType::F32), [16384, -32768, 32767, 0]);
    }
}
