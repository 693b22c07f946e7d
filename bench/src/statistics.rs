//! Numbers that stay right on a machine that does other things, too: order statistics instead of means.

use serde::Serialize;

/// What is kept of many samples.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
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

/// The value below which `part` (0 to 1) of sorted samples lie, between two samples by straight line.
fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
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
    fn nothing_has_no_summary() {
        assert_eq!(Summary::of([]), None);
        assert_eq!(Summary::of([1.0, f64::NAN]), None);
        assert_eq!(Summary::of([7.0]).unwrap().median, 7.0);
    }
}
