//! Samples as numbers, and mixing.

use crate::media::SampleType;

/// What a byte of silence is.
pub(super) fn silence(sample: SampleType) -> u8 {
    if sample == SampleType::U8 { 0x80 } else { 0 }
}

/// Appends samples as numbers, which for whole ones are from -1 to 1.
pub(super) fn read(sample: SampleType, bytes: &[u8], to: &mut Vec<f64>) {
    to.extend(bytes.chunks_exact(usize::from(sample.bytes())).map(|bytes| sample.value(bytes)));
}

/// Appends numbers as samples; what is too loud is clipped. A number that [`read`] has made of a sample becomes that sample.
pub(super) fn write(sample: SampleType, numbers: &[f64], to: &mut Vec<u8>) {
    for number in numbers {
        append(sample, *number, to);
    }
}

fn append(sample: SampleType, number: f64, to: &mut Vec<u8>) {
    // Conversions to whole numbers end at the largest one, and what is no number becomes 0.
    let whole = |scale: f64| ((number * scale).round().clamp(-scale, scale - 1.0) as i32).to_le_bytes();
    match sample {
        SampleType::U8 => to.push(whole(128.0)[0] ^ 0x80),
        SampleType::S16 => to.extend(&whole(32_768.0)[..2]),
        SampleType::S24 => to.extend(&whole(8_388_608.0)[..3]),
        SampleType::S32 => to.extend(whole(2_147_483_648.0)),
        SampleType::F32 => to.extend((number as f32).to_le_bytes()),
    }
}

/// Adds samples to others, in place.
pub(super) fn mix(sample: SampleType, to: &mut [u8], from: &[u8]) {
    let (mut sums, mut added) = (Vec::new(), Vec::new());
    read(sample, to, &mut sums);
    read(sample, from, &mut added);
    let mut mixed = Vec::with_capacity(to.len());
    for (sum, added) in sums.iter().zip(&added) {
        append(sample, sum + added, &mut mixed);
    }
    let len = mixed.len().min(to.len());
    if let (Some(to), Some(mixed)) = (to.get_mut(..len), mixed.get(..len)) {
        to.copy_from_slice(mixed);
    }
}

/// Gives frames of so many channels as many as are wanted: one channel goes to all, and all become one by their mean; otherwise what is too much is left out.
pub(super) fn spread(numbers: &[f64], from: usize, to: usize) -> Vec<f64> {
    let frames = numbers.chunks_exact(from.max(1));
    match (from, to) {
        (1, _) => frames.flat_map(|frame| frame.iter().copied().cycle().take(to)).collect(),
        (_, 1) => frames.map(|frame| frame.iter().sum::<f64>() / from as f64).collect(),
        _ => frames.flat_map(|frame| frame.iter().copied().chain(std::iter::repeat(0.0)).take(to)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: [SampleType; 4] = [SampleType::U8, SampleType::S16, SampleType::S24, SampleType::S32];

    #[test]
    fn samples_survive_being_numbers() {
        let bytes: Vec<u8> = (0..=255).chain([0, 0, 0, 0x80, 0xFF, 0xFF, 0xFF, 0x7F]).collect();
        for sample in WHOLE {
            let size = usize::from(sample.bytes());
            let bytes = &bytes[..bytes.len() / size * size];
            let (mut numbers, mut back) = (Vec::new(), Vec::new());
            read(sample, bytes, &mut numbers);
            assert!(numbers.iter().all(|number| (-1.0..1.0).contains(number)), "{sample:?}");
            write(sample, &numbers, &mut back);
            assert_eq!(back, bytes, "{sample:?}");
        }
        let floats: Vec<u8> = [0.1_f32, -1.5, 1e-30].iter().flat_map(|float| float.to_le_bytes()).collect();
        let (mut numbers, mut back) = (Vec::new(), Vec::new());
        read(SampleType::F32, &floats, &mut numbers);
        write(SampleType::F32, &numbers, &mut back);
        assert_eq!(back, floats);
    }

    #[test]
    fn sums_are_clipped_and_silence_changes_nothing() {
        for sample in WHOLE {
            let (mut loud, mut quiet) = (Vec::new(), Vec::new());
            write(sample, &[0.75, -0.75, 0.25], &mut loud);
            write(sample, &[0.0; 3], &mut quiet);
            assert!(quiet.iter().all(|byte| *byte == silence(sample)));
            let mut sum = loud.clone();
            mix(sample, &mut sum, &quiet);
            assert_eq!(sum, loud, "{sample:?}");
            mix(sample, &mut sum, &loud);
            let mut numbers = Vec::new();
            read(sample, &sum, &mut numbers);
            assert!(numbers[0] > 0.99 && numbers[1] == -1.0 && numbers[2] == 0.5, "{sample:?} {numbers:?}");
        }
    }

    #[test]
    fn channels_are_spread_and_joined() {
        assert_eq!(spread(&[1.0, 2.0], 1, 2), [1.0, 1.0, 2.0, 2.0]);
        assert_eq!(spread(&[1.0, 3.0, 2.0, 2.0], 2, 1), [2.0, 2.0]);
        assert_eq!(spread(&[1.0, 3.0], 2, 4), [1.0, 3.0, 0.0, 0.0]);
        assert_eq!(spread(&[1.0, 2.0, 3.0], 3, 2), [1.0, 2.0]);
    }
}
