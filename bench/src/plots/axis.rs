//! Where values lie on a picture.

use std::ops::Range;

/// As many powers of ten are few.
const FEW: i32 = 2;

/// Values along pixels, from the first to the second, as their logarithms are.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    values: Range<f64>,
    pixels: [i32; 2],
}

impl Axis {
    /// From a power of ten to another, around all of these values that are above 0.
    pub fn around(values: impl IntoIterator<Item = f64>, pixels: [i32; 2]) -> Self {
        let values: Vec<f64> = values.into_iter().filter(|value| *value > 0.0).collect();
        let least = values.iter().copied().fold(f64::INFINITY, f64::min).log10().floor();
        let most = values.iter().copied().fold(0.0, f64::max).log10().ceil();
        // Without any value, and with one only, there is a range all the same.
        let least = if least.is_finite() { least } else { 0.0 };
        let most = if most.is_finite() { most.max(least + 1.0) } else { least + 1.0 };
        Self { values: 10f64.powf(least)..10f64.powf(most), pixels }
    }

    /// Between two values.
    pub fn between(values: Range<f64>, pixels: [i32; 2]) -> Self {
        Self { values, pixels }
    }

    /// The pixel of a value.
    pub fn place(&self, value: f64) -> i32 {
        let scale = |value: f64| value.max(f64::MIN_POSITIVE).log10();
        let (from, to) = (scale(self.values.start), scale(self.values.end));
        let part = ((scale(value) - from) / (to - from)).clamp(0.0, 1.0);
        let [first, last] = self.pixels;
        first + (part * f64::from(last - first)).round() as i32
    }

    /// Values that are worth a line: powers of ten, and where these are few, two and five times as much.
    pub fn ticks(&self) -> Vec<f64> {
        let power = |value: f64| value.log10().round() as i32;
        let (from, to) = (power(self.values.start), power(self.values.end));
        let factors: &[f64] = if to - from <= FEW { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let all = (from..=to).flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)));
        all.filter(|value| *value <= self.values.end * 1.001).collect()
    }
}

/// A value with its thousands' letter.
pub fn short(value: f64) -> String {
    match value {
        1e6.. => format!("{}M", value / 1e6),
        1e3.. => format!("{}k", value / 1e3),
        _ => format!("{}", (value * 1e6).round() / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_ten_are_equally_far_apart() {
        let axis = Axis::around([0.03, 40.0], [100, 500]);
        assert_eq!(axis.ticks(), [0.01, 0.1, 1.0, 10.0, 100.0]);
        assert_eq!(
            axis.ticks().iter().map(|tick| axis.place(*tick)).collect::<Vec<_>>(),
            [100, 200, 300, 400, 500]
        );
        assert_eq!([0.0, 1e9].map(|value| axis.place(value)), [100, 500]);
        // Upwards, as heights are.
        assert_eq!(Axis::between(1.0..100.0, [300, 0]).place(10.0), 150);
        assert_eq!(Axis::around([5.0], [0, 10]).ticks(), [1.0, 2.0, 5.0, 10.0]);
        assert_eq!(Axis::around([], [0, 10]).ticks(), [1.0, 2.0, 5.0, 10.0]);
    }

    #[test]
    fn values_are_short() {
        assert_eq!([0.001, 0.25, 10.0, 2_500.0, 1e6].map(short), ["0.001", "0.25", "10", "2.5k", "1M"]);
    }
}
