//! Hexadecimal floating-point numbers, as `%a` writes them (ISO C 6.4.4.3).

use guest::Stop;

use crate::crt::number::{Units, digit, exponent, is_letter};

/// How many digits are kept as they are; the rest only tells whether there is more.
const KEPT: u32 = 15;

/// Reads a number whose digits begin at `start`: the value (`None` for one that is not zero, but too small for a double) and where it ends. `None` when there are no digits.
pub(super) fn read(units: Units<'_>, start: u64) -> Result<Option<(Option<f64>, u64)>, Stop> {
    let (mut at, mut any, mut point) = (start, false, false);
    // The value is `kept` times two to the power; `more` says whether something was left out.
    let (mut kept, mut count, mut more, mut power) = (0_u64, 0, false, 0_i64);
    loop {
        let unit = units(at)?;
        if let Some(value) = digit(unit, 16) {
            any = true;
            if count < KEPT {
                kept = kept << 4 | value;
                count += u32::from(kept != 0);
                power -= if point { 4 } else { 0 };
            } else {
                more |= value != 0;
                power += if point { 0 } else { 4 };
            }
        } else if is_letter(unit, b'.') && !point {
            point = true;
        } else {
            break;
        }
        at += 1;
    }
    if !any {
        return Ok(None);
    }
    power += exponent(units, &mut at, b'p')?;
    let value = if kept == 0 { Some(0.0) } else { rounded(kept << 1 | u64::from(more), power - 1) };
    Ok(Some((value, at)))
}

/// A magnitude times two to a power, rounded to the nearest double, ties to even; `None` when that is zero.
fn rounded(magnitude: u64, power: i64) -> Option<f64> {
    const PRECISION: i64 = 53;
    const LEAST: i64 = -1022;
    const MOST: i64 = 1023;
    let shift = magnitude.leading_zeros();
    let bits = magnitude << shift;
    // The value is 1.BITS times two to this power.
    let power = power - i64::from(shift) + 63;
    if power > MOST {
        return Some(f64::INFINITY);
    }
    let precision = PRECISION - (LEAST - power).max(0);
    let dropped = u32::try_from(64 - precision).ok().filter(|&dropped| dropped <= 64)?;
    let (whole, rest) =
        (bits.checked_shr(dropped).unwrap_or(0), bits.checked_shl(64 - dropped).unwrap_or(bits));
    let half = 1 << 63;
    let whole = whole + u64::from(rest > half || (rest == half && whole & 1 == 1));
    let exponent = u64::try_from(power - LEAST).unwrap_or(0);
    // A carry out of the fraction makes the exponent one greater, as it must.
    let value = f64::from_bits((exponent << 52) + whole);
    (whole != 0).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> (Option<f64>, u64) {
        let units: Vec<u16> = text.encode_utf16().collect();
        read(&|index| Ok(units.get(index as usize).copied().unwrap_or(0)), 0).unwrap().unwrap()
    }

    #[test]
    fn numbers_are_what_they_say() {
        for (text, expected, length) in [
            ("10", 16.0, 2),
            ("1.8p1z", 3.0, 5),
            (".8", 0.5, 2),
            ("Ap", 10.0, 1),
            ("1p-1074", 5e-324, 7),
            ("1p-1022", f64::MIN_POSITIVE, 7),
            ("1.fffffffffffffp1023", f64::MAX, 20),
            ("1.fffffffffffff8p1023", f64::INFINITY, 21),
            ("1p1024", f64::INFINITY, 6),
            // Between 1 and the next double, exactly and a little above.
            ("1.00000000000008", 1.0, 16),
            ("1.000000000000080000000001", 1.0 + f64::EPSILON, 26),
            ("0.000000000000000000001p84", 1.0, 26),
            ("100000000000000000000p-80", 1.0, 25),
            ("0p5", 0.0, 3),
        ] {
            assert_eq!(value(text), (Some(expected), length), "{text}");
        }
        assert_eq!(value("1p-1076").0, None);
        assert_eq!(value("1.8p-1075").0, Some(5e-324));
        assert!(read(&|_| Ok(0), 0).unwrap().is_none());
    }
}
