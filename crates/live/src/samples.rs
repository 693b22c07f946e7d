//! Samples as drivers play them, made into those that are mixed.

use drvhost::media::{PcmFormat, SampleType};

/// One frame for each in `bytes`, left and right: a single channel is both, and of more than two the first two count.
pub(crate) fn frames(format: PcmFormat, bytes: &[u8]) -> impl Iterator<Item = [f32; 2]> + '_ {
    let width = usize::from(format.sample.bytes());
    let block = width * usize::from(format.channels.max(1));
    bytes.chunks_exact(block).map(move |frame| {
        let mut samples = frame.chunks_exact(width).map(|sample| value(format.sample, sample));
        let left = samples.next().unwrap_or(0.0);
        [left, samples.next().unwrap_or(left)]
    })
}

/// Nobody downstream expects what is no number, or too loud, as samples can be that are floating-point numbers.
fn value(kind: SampleType, bytes: &[u8]) -> f32 {
    let value = kind.value(bytes) as f32;
    if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(sample: SampleType, channels: u16, bytes: &[u8]) -> Vec<[f32; 2]> {
        frames(PcmFormat { channels, samples_per_sec: 44_100, sample }, bytes).collect()
    }

    #[test]
    fn every_kind_of_sample_is_read() {
        assert_eq!(all(SampleType::U8, 1, &[0, 128, 192]), [[-1.0; 2], [0.0; 2], [0.5; 2]]);
        assert_eq!(all(SampleType::S16, 2, &[0, 0x40, 0, 0x80, 9]), [[0.5, -1.0]]);
        assert_eq!(all(SampleType::S24, 2, &[0, 0, 0x40, 0, 0, 0x80]), [[0.5, -1.0]]);
        assert_eq!(all(SampleType::S32, 3, &[0, 0, 0, 0x40, 0, 0, 0, 0x80, 1, 1, 1, 1]), [[0.5, -1.0]]);
        let floats: Vec<u8> =
            [0.25, f32::NAN, 7.0, f32::INFINITY].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(all(SampleType::F32, 2, &floats), [[0.25, 0.0], [1.0, 0.0]]);
    }
}
