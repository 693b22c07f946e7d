//! Numbers that stay right on a machine that does other things, too: order statistics instead of means.

use serde::{Deserialize, Serialize};

/// What is kept of many samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there were.
    pub samples: usize,
    /// The smallest.
    pub least: f64,
    /// A quarter of the samples are smaller.
    pub lower_quartile: f64,
    /// Half of the samples are smaller.
    pub median: f64,
    /// A quarter of the samples are greater.
    pub upper_quartile: f64,
    /// One of a hundred samples is greater.
    pub p99: f64,
}

impl Summary {
    /// The summary of some samples; `None` if there are none, or one is not a number.
    pub fn of(samples: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut samples: Vec<f64> = samples.into_iter().collect();
        if samples.iter().any(|sample| sample.is_nan()) {
            return None;
        }
        samples.sort_by(f64::total_cmp);
        Some(Self {
            samples: samples.len(),
            least: *samples.first()?,
            lower_quartile: quantile(&samples, 0.25)?,
            median: quantile(&samples, 0.5)?,
            upper_quartile: quantile(&samples, 0.75)?,
            p99: quantile(&samples, 0.99)?,
        })
    }
}

impl Summary {
    /// How far the middle half of the samples lies apart, as a part of the median.
    pub fn spread(&self) -> f64 {
        (self.upper_quartile - self.lower_quartile) / self.median.abs()
    }

    /// With five digits of each number: more is noise.
    pub fn rounded(self) -> Self {
        Self {
            samples: self.samples,
            least: rounded(self.least),
            lower_quartile: rounded(self.lower_quartile),
            median: rounded(self.median),
            upper_quartile: rounded(self.upper_quartile),
            p99: rounded(self.p99),
        }
    }
}

/// A number with five digits.
pub fn rounded(value: f64) -> f64 {
    // Its own text is always a number.
    format!("{value:.4e}").parse().unwrap_or(value)
}

/// By how much y rises where x rises by 1: the straight line through points that has the least squares. `None` where all have one x.
pub fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let both: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let square: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    (square > 0.0).then(|| both / square)
}

/// The value below which `part` (0 to 1) of sorted samples lie, between two samples by straight line.
pub fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let at = part * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted.get(at.floor() as usize)?, sorted.get(at.ceil() as usize)?);
    Some(below + (above - below) * at.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_samples() {
        let sorted = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(quantile(&sorted, 0.0), Some(1.0));
        assert_eq!(quantile(&sorted, 0.5), Some(2.5));
        assert_eq!(quantile(&sorted, 0.25), Some(1.75));
        assert_eq!(quantile(&sorted, 1.0), Some(4.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn one_sample_that_is_far_off_changes_nothing() {
        let usual = Summary::of((1..=99).map(f64::from)).unwrap();
        let disturbed = Summary::of((1..=98).map(f64::from).chain([1e9])).unwrap();
        assert_eq!((usual.median, usual.upper_quartile), (disturbed.median, disturbed.upper_quartile));
        assert_eq!((usual.samples, usual.least, usual.lower_quartile, usual.p99), (99, 1.0, 25.5, 98.02));
    }

    #[test]
    fn the_slope_is_that_of_the_line() {
        assert_eq!(slope(&[(0.0, 5.0), (1.0, 7.0), (16.0, 37.0), (64.0, 133.0)]), Some(2.0));
        assert_eq!(slope(&[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]), Some(0.0));
        assert_eq!(slope(&[(1.0, 5.0), (1.0, 6.0)]), None);
        assert_eq!(slope(&[]), None);
    }

    #[test]
    fn spread_is_a_part_of_the_median() {
        assert_eq!(Summary::of([9.0, 9.5, 10.0, 10.5, 11.0]).unwrap().spread(), 0.1);
        assert_eq!(Summary::of([7.0]).unwrap().spread(), 0.0);
    }

    #[test]
    fn numbers_are_rounded_to_five_digits() {
        assert_eq!([123_456.7, 0.001_234_56, -1.0, 0.0].map(rounded), [123_460.0, 0.001_234_6, -1.0, 0.0]);
        let summary = Summary::of([1.000_001, 2.000_001]).unwrap().rounded();
        assert_eq!((summary.least, summary.median), (1.0, 1.5));
    }

    #[test]
    fn nothing_has_no_summary() {
        assert_eq!(Summary::of([]), None);
        assert_eq!(Summary::of([1.0, f64::NAN]), None);
        assert_eq!(Summary::of([7.0]).unwrap().median, 7.0);
    }
}
