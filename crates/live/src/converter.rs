//! One sample rate made of another: each output sample is a weighted sum of those around its place, with weights that depend on where between two of
//! them that is. The rates' ratio is kept exactly, so nothing drifts.

use drvhost::media::{kaiser, sinc};

/// How many samples a sum has where the rate does not fall: half of it is by how much sound is late.
const TAPS: usize = 32;
/// The most of them, for rates that fall far.
const MOST_TAPS: usize = 256;
/// For how many places between two samples there are weights at most. Rates of which one is no simple part of the other have more places; those lie between two of
/// these, and so do their weights.
const MOST_PHASES: usize = 1024;
/// How steep the filter is: some 80 dB of what must not be heard.
const BETA: f64 = 8.0;

/// The weights for one pair of rates.
#[derive(Debug)]
pub(crate) struct Converter {
    from: u32,
    to: u32,
    /// What both rates are multiples of: places between samples come in steps of `step / to`.
    step: u32,
    taps: usize,
    /// How many such places there are.
    phases: usize,
    /// For how many of them, evenly, there are weights.
    kept: usize,
    /// For each of those, and for the next sample's own place, `taps` weights.
    weights: Vec<f32>,
}

impl Converter {
    /// Both rates are at least 1.
    pub fn new(from: u32, to: u32) -> Self {
        let step = common(from, to);
        let falls = f64::from(from) / f64::from(to);
        let taps = if from == to { 1 } else { (TAPS * falls.ceil().max(1.0) as usize).min(MOST_TAPS) };
        let phases = (to / step) as usize;
        let kept = phases.min(MOST_PHASES);
        let weights = if from == to {
            Vec::new()
        } else {
            (0..=kept).flat_map(|phase| weights(taps, phase as f64 / kept as f64, falls)).collect()
        };
        Self { from, to, step, taps, phases, kept, weights }
    }

    /// Which sample an output sample is made of at last, and how far it lies behind that one, in steps. Both count from the same moment on.
    pub fn place(&self, output: i64) -> (i64, usize) {
        let at = i128::from(output) * i128::from(self.from);
        let to = i128::from(self.to);
        let (whole, rest) = (at.div_euclid(to), at.rem_euclid(to) / i128::from(self.step));
        (i64::try_from(whole).unwrap_or(i64::MAX / 2), usize::try_from(rest).unwrap_or(0))
    }

    /// How many samples an output sample is made of, up to the one that `place` says.
    pub fn taps(&self) -> usize {
        self.taps
    }

    /// The output sample of which `sample` gives those that it is made of, from the first (0) to the last.
    pub fn sum(&self, phase: usize, sample: impl Fn(usize) -> [f32; 2]) -> [f32; 2] {
        if self.from == self.to {
            return sample(0);
        }
        let (row, beyond) = (phase * self.kept / self.phases, phase * self.kept % self.phases);
        let (here, next) = self
            .weights
            .get(row * self.taps..)
            .unwrap_or_default()
            .split_at_checked(self.taps)
            .unwrap_or_default();
        let beyond = beyond as f32 / self.phases as f32;
        here.iter().zip(next).enumerate().fold([0.0; 2], |[left, right], (tap, (here, next))| {
            let weight = here + (next - here) * beyond;
            let [first, second] = sample(tap);
            [left + first * weight, right + second * weight]
        })
    }
}

fn common(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { common(b, a % b) }
}

/// A windowed sinc (Kaiser), moved by a part of a sample, that passes what both rates can carry. The weights' sum is 1.
fn weights(taps: usize, moved: f64, falls: f64) -> Vec<f32> {
    let half = taps as f64 / 2.0;
    // A little below what the lower rate can carry, because the filter needs room to fall.
    let pass = 0.92 / falls.max(1.0);
    let weight = |tap: usize| {
        let at = moved + half - 1.0 - tap as f64;
        pass * sinc(pass * at) * kaiser(at / half, BETA)
    };
    let weights: Vec<f64> = (0..taps).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| (weight / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// Converts a sine of some frequency, and answers its largest difference from the sine that should come of it.
    fn error(from: u32, to: u32, frequency: f64) -> f64 {
        let converter = Converter::new(from, to);
        let late = if from == to { 0.0 } else { converter.taps() as f64 / 2.0 };
        let wave = |at: f64, rate: u32| (2.0 * PI * frequency * at / f64::from(rate)).sin();
        let errors = (2000..4000).map(|output| {
            let (last, phase) = converter.place(output);
            let first = last + 1 - converter.taps() as i64;
            let [left, right] =
                converter.sum(phase, |tap| [wave((first + tap as i64) as f64, from) as f32, 0.5]);
            assert!((right - 0.5).abs() < 1e-4, "silence stays where it is: {right}");
            let expected = wave(output as f64 * f64::from(from) / f64::from(to) - late, from);
            (f64::from(left) - expected).abs()
        });
        errors.fold(0.0, f64::max)
    }

    #[test]
    fn tones_stay_as_they_are() {
        for (from, to) in
            [(44_100, 48_000), (48_000, 44_100), (22_050, 48_000), (44_100, 96_000), (11_025, 44_100)]
        {
            let error = error(from, to, f64::from(from) / 12.0);
            assert!(error < 0.001, "{from} to {to}: {error}");
        }
        assert!(error(44_100, 44_100, 1000.0) < 1e-6);
        // What have nothing in common.
        for (from, to) in [(44_099, 48_000), (47_999, 44_101), (44_100, 383_999)] {
            let error = error(from, to, f64::from(from) / 12.0);
            assert!(error < 0.001, "{from} to {to}: {error}");
            assert!(Converter::new(from, to).weights.len() <= (MOST_PHASES + 1) * MOST_TAPS);
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_gone() {
        let converter = Converter::new(96_000, 44_100);
        let wave = |at: i64| (2.0 * PI * 30_000.0 * at as f64 / 96_000.0).sin() as f32;
        for output in 1000..1500 {
            let (last, phase) = converter.place(output);
            let first = last + 1 - converter.taps() as i64;
            let [left, _] = converter.sum(phase, |tap| [wave(first + tap as i64); 2]);
            assert!(left.abs() < 0.01, "{left} at {output}");
        }
    }

    #[test]
    fn places_are_exact_for_ever() {
        let converter = Converter::new(44_100, 48_000);
        let day = 24 * 60 * 60;
        assert_eq!(converter.place(48_000 * day), (44_100 * day, 0));
        assert_eq!(converter.place(48_000 * day + 1), (44_100 * day, 147));
        assert_eq!(converter.place(-1), (-1, 13));
    }
}
