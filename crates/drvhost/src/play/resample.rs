//! Another rate, by a windowed sinc: each sample of the output is the sum of those around its place in the input.

use crate::media::{kaiser, sinc};

/// How many periods of the lower rate the sum has on either side.
const HALF: usize = 32;
/// How many places between two zeros of the sinc the table has; between those it is a straight line.
const FINE: usize = 512;
/// The shape of Kaiser's window: what is folded back lies 90 dB lower.
const BETA: f64 = 9.0;
/// How much of the band stays as it is. The rest is where the filter falls off.
const BAND: f64 = 0.95;

/// Gives sound another rate, run by run: in a run, samples follow each other without a gap.
pub(super) struct Resampler {
    channels: usize,
    /// Input frames for each output frame.
    ratio: f64,
    /// The sinc's own rate in that of the input.
    scale: f64,
    /// How many input frames the sum has on either side.
    reach: usize,
    table: Vec<f64>,
    /// Where the run's first frame is, in output frames.
    place: f64,
    /// The next output frame.
    next: i64,
    /// Input frames that are still needed, and how many of the run were before them.
    kept: Vec<f64>,
    before: usize,
}

impl Resampler {
    pub fn new(from: u32, to: u32, channels: usize) -> Self {
        let ratio = f64::from(from) / f64::from(to.max(1));
        let scale = BAND * (1.0 / ratio).min(1.0);
        let reach = (HALF as f64 / scale).ceil() as usize;
        let table = (0..=HALF * FINE + 1).map(|step| kernel(step as f64 / FINE as f64) * scale).collect();
        let (kept, channels) = (Vec::new(), channels.max(1));
        Self { channels, ratio, scale, reach, table, place: 0.0, next: 0, kept, before: 0 }
    }

    /// Begins a run, whose first frame is at this place, in output frames.
    pub fn begin(&mut self, place: f64) {
        (self.place, self.next, self.before) = (place, place.ceil() as i64, 0);
        self.kept.clear();
    }

    /// Takes frames, and appends what there is of the output by then. Answers which frame of the output that begins with.
    pub fn push(&mut self, frames: &[f64], to: &mut Vec<f64>) -> i64 {
        self.kept.extend(frames);
        let end = self.before + self.kept.len() / self.channels;
        self.make(end.saturating_sub(self.reach), to)
    }

    /// Ends a run: appends what is left of it.
    pub fn finish(&mut self, to: &mut Vec<f64>) -> i64 {
        let first = self.make(self.before + self.kept.len() / self.channels, to);
        self.before = 0;
        self.kept.clear();
        first
    }

    /// Appends the output up to a frame of the input.
    fn make(&mut self, end: usize, to: &mut Vec<f64>) -> i64 {
        let first = self.next;
        loop {
            let at = (self.next as f64 - self.place) * self.ratio;
            if at >= end as f64 {
                break;
            }
            let base = to.len();
            to.resize(base + self.channels, 0.0);
            if let Some(sums) = to.get_mut(base..) {
                self.sum(at, sums);
            }
            self.next += 1;
        }
        let needed = ((self.next as f64 - self.place) * self.ratio) as usize;
        let over = needed.saturating_sub(self.reach + 1).saturating_sub(self.before);
        let over = over.min(self.kept.len() / self.channels);
        self.kept.drain(..over * self.channels);
        self.before += over;
        first
    }

    fn sum(&self, at: f64, sums: &mut [f64]) {
        let first = (at as usize).saturating_sub(self.reach).max(self.before);
        let kept = self.kept.chunks_exact(self.channels).enumerate();
        for (number, frame) in kept.skip(first - self.before).take(2 * self.reach + 2) {
            let distance = ((self.before + number) as f64 - at).abs() * self.scale * FINE as f64;
            let step = distance as usize;
            let (Some(here), Some(next)) = (self.table.get(step), self.table.get(step + 1)) else { continue };
            let weight = here + (next - here) * (distance - step as f64);
            for (sum, sample) in sums.iter_mut().zip(frame) {
                *sum += weight * sample;
            }
        }
    }
}

/// The windowed sinc at a distance, in periods of its own rate.
fn kernel(distance: f64) -> f64 {
    if distance >= HALF as f64 {
        return 0.0;
    }
    sinc(distance) * kaiser(distance / HALF as f64, BETA)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// A tone, resampled in pieces of odd sizes: what comes, from which frame on.
    fn resampled(from: u32, to: u32, hertz: f64, place: f64) -> (i64, Vec<f64>) {
        let tone = |n: usize| (2.0 * PI * hertz * n as f64 / f64::from(from)).sin();
        let input: Vec<f64> = (0..from as usize).flat_map(|n| [tone(n), -tone(n)]).collect();
        let mut resampler = Resampler::new(from, to, 2);
        resampler.begin(place);
        let mut output = Vec::new();
        let first = resampler.push(&[], &mut output);
        for piece in input.chunks(2 * 333) {
            let at = resampler.push(piece, &mut output);
            assert!(at >= first);
        }
        resampler.finish(&mut output);
        (first, output)
    }

    #[test]
    fn a_tone_stays_the_same_tone() {
        for (from, to) in
            [(44_100, 48_000), (48_000, 44_100), (22_050, 44_100), (44_100, 8_000), (11_025, 96_000)]
        {
            for place in [0.0, 17.25] {
                let (first, output) = resampled(from, to, 1000.0, place);
                assert_eq!(first, place.ceil() as i64);
                assert!((output.len() / 2).abs_diff(to as usize) <= 1, "{from} {to} {}", output.len());
                let frames = output.chunks_exact(2).zip(first..);
                // At its edges, the tone begins and ends suddenly.
                for (frame, n) in frames.skip(200).take(to as usize - 400) {
                    let expected = (2.0 * PI * 1000.0 * (n as f64 - place) / f64::from(to)).sin();
                    let error = (frame[0] - expected).abs().max((frame[1] + expected).abs());
                    assert!(error < 5e-4, "{from} {to} {n}: {frame:?} for {expected}");
                }
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_have_is_gone() {
        let (_, output) = resampled(44_100, 16_000, 9_000.0, 0.0);
        let loudest =
            output[800..output.len() - 800].iter().fold(0.0_f64, |most, sample| most.max(sample.abs()));
        assert!(loudest < 1e-3, "{loudest}");
    }
}
