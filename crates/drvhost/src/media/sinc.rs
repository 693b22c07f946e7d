//! The two functions of which filters are made that change a sample rate.

use std::f64::consts::PI;

/// The sine of `x` half turns by its angle: 1 at 0, and 0 at every other whole number.
#[must_use]
pub fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

/// Kaiser's window at `along` of the way from its middle (0) to its end (1), where it falls to little, and beyond which it is as at the end. The larger `beta`, the less is left of
/// what a filter is to take away, and the wider the band in which it falls off.
#[must_use]
pub fn kaiser(along: f64, beta: f64) -> f64 {
    bessel(beta * (1.0 - along * along).max(0.0).sqrt()) / bessel(beta)
}

/// The modified Bessel function of order 0, by its series.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in 1..50 {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_those_of_tables() {
        assert_eq!((sinc(0.0), kaiser(0.0, 8.0)), (1.0, 1.0));
        assert!(sinc(3.0).abs() < 1e-15 && (sinc(0.5) - 2.0 / PI).abs() < 1e-15);
        // I0(1) and I0(5), to ten places.
        assert!((bessel(1.0) - 1.266_065_877_8).abs() < 1e-9);
        assert!((bessel(5.0) - 27.239_871_823_6).abs() < 1e-9);
        assert!((kaiser(1.0, 5.0) * 27.239_871_823_6 - 1.0).abs() < 1e-9);
        assert_eq!(kaiser(1.5, 5.0), kaiser(1.0, 5.0));
    }
}
