//! What parts of many calls took at most, as a program prints it and as a picture shows it.

use crate::failure::Failure;
use crate::statistics::{Summary, quantile};

/// The parts; as in `peers/ticks.h`.
pub const PARTS: [f64; 7] = [0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999];

/// Nanoseconds for each of the parts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles(pub [f64; PARTS.len()]);

/// What calls took on average: the few that took very long count in it.
pub fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / times.len() as f64
}

impl Quantiles {
    /// Of calls that took so long each.
    ///
    /// # Errors
    /// [`Failure`] where there are none.
    pub fn of(mut times: Vec<f64>) -> Result<Self, Failure> {
        times.sort_by(f64::total_cmp);
        let none = || Failure::Unreadable { program: "the clock", text: String::new(), expected: "a time" };
        let mut quantiles = [0.0; PARTS.len()];
        for (value, part) in quantiles.iter_mut().zip(PARTS) {
            *value = quantile(&times, part).ok_or_else(none)?;
        }
        Ok(Self(quantiles))
    }

    /// Half of the calls took no longer.
    pub fn median(&self) -> f64 {
        self.0[0]
    }

    /// One in a hundred calls took longer.
    pub fn p99(&self) -> f64 {
        self.0[4]
    }

    /// Reads what a peer prints: numbers that are whatever it counted, then the quantiles.
    ///
    /// # Errors
    /// [`Failure`] where that is something else.
    pub fn parse<const N: usize>(program: &'static str, text: &str) -> Result<([i64; N], Self), Failure> {
        let unreadable =
            || Failure::Unreadable { program, text: text.to_owned(), expected: "numbers and times" };
        let words: Vec<&str> = text.split_whitespace().collect();
        let (first, times) = words.split_at_checked(N).ok_or_else(unreadable)?;
        let first: Vec<i64> =
            first.iter().map(|word| word.parse()).collect::<Result<_, _>>().map_err(|_| unreadable())?;
        let times: Vec<f64> =
            times.iter().map(|word| word.parse()).collect::<Result<_, _>>().map_err(|_| unreadable())?;
        let pair = <[i64; N]>::try_from(first).ok().zip(<[f64; PARTS.len()]>::try_from(times).ok());
        pair.map(|(first, times)| (first, Self(times))).ok_or_else(unreadable)
    }

    /// The curve through the medians of many rounds' quantiles: x is the part, y nanoseconds.
    pub fn curve(rounds: &[Self]) -> Vec<(f64, f64)> {
        let points = PARTS.iter().enumerate().filter_map(|(at, part)| {
            let values = rounds.iter().map(|quantiles| quantiles.0[at]);
            Some((*part, Summary::of(values)?.rounded().median))
        });
        points.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_calls() {
        let quantiles = Quantiles::of((0..=1000).rev().map(f64::from).collect()).unwrap();
        assert_eq!(quantiles.0, [500.0, 750.0, 900.0, 950.0, 990.0, 995.0, 999.0]);
        assert_eq!((quantiles.median(), quantiles.p99()), (500.0, 990.0));
        assert!(Quantiles::of(Vec::new()).is_err());
    }

    #[test]
    fn the_peers_line_is_read() {
        let line = "-1 40.8 41 42 43 142.4 150 900\r\n";
        let ([answer], quantiles) = Quantiles::parse("round_trip.exe", line).unwrap();
        assert_eq!((answer, quantiles.median(), quantiles.p99()), (-1, 40.8, 142.4));
        for wrong in ["-1 40.8", "-1 40.8 41 42 43 142.4 150 fast", ""] {
            let error = Quantiles::parse::<1>("round_trip.exe", wrong).unwrap_err().to_string();
            assert!(error.contains("numbers and times"), "{error}");
        }
    }

    #[test]
    fn a_curve_goes_through_the_medians() {
        let rounds = [1.0, 2.0, 9.0].map(|value| Quantiles([value; PARTS.len()]));
        let curve = Quantiles::curve(&rounds);
        assert_eq!((curve.len(), curve[0], curve[6]), (7, (0.5, 2.0), (0.999, 2.0)));
        assert_eq!(Quantiles::curve(&[]), []);
    }
}
