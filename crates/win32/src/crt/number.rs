//! Reading numbers from text, for the `strto` functions and for `scanf`.

use std::fmt::Write;

use guest::Stop;

use crate::crt::float::Digits;

/// The units of a text by index; zero where it ends.
pub(super) type Units<'a> = &'a dyn Fn(u64) -> Result<u16, Stop>;

/// An integer as it was written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Integer {
    /// Its value without the sign; `None` when it needs more than 64 bits.
    pub magnitude: Option<u64>,
    pub negative: bool,
    /// How many units were read; 0 when there is no number.
    pub length: u64,
}

impl Integer {
    /// As a signed number of `bits` bits (1 to 64), and whether it had to be limited to what they hold.
    pub fn signed(&self, bits: u32) -> (i64, bool) {
        let (min, max) = (i64::MIN >> (64 - bits), i64::MAX >> (64 - bits));
        let value = self.magnitude.map_or(i128::MAX, i128::from);
        let value = if self.negative { -value } else { value };
        match i64::try_from(value) {
            Ok(value) if (min..=max).contains(&value) => (value, false),
            _ => (if self.negative { min } else { max }, true),
        }
    }

    /// As an unsigned number of `bits` bits, negated if there is a sign, and whether it was too large.
    pub fn unsigned(&self, bits: u32) -> (u64, bool) {
        let max = u64::MAX >> (64 - bits);
        match self.magnitude {
            Some(value) if value <= max => {
                (if self.negative { value.wrapping_neg() & max } else { value }, false)
            }
            _ => (max, true),
        }
    }
}

/// Skips white space; answers the index of what follows.
pub(super) fn skip_space(units: Units<'_>, mut at: u64) -> Result<u64, Stop> {
    while is_space(units(at)?) {
        at += 1;
    }
    Ok(at)
}

pub(super) fn is_space(unit: u16) -> bool {
    matches!(unit, 9..=13 | 32)
}

/// The value of a digit in a base.
pub(super) fn digit(unit: u16, base: u32) -> Option<u64> {
    char::from_u32(unit.into())?.to_digit(base).map(u64::from)
}

/// A sign, if there is one: whether it is a minus, and the index after it.
fn sign(units: Units<'_>, at: u64) -> Result<(bool, u64), Stop> {
    Ok(match u8::try_from(units(at)?) {
        Ok(b'-') => (true, at + 1),
        Ok(b'+') => (false, at + 1),
        _ => (false, at),
    })
}

pub(super) fn is_letter(unit: u16, letter: u8) -> bool {
    u8::try_from(unit).is_ok_and(|byte| byte.eq_ignore_ascii_case(&letter))
}

/// Reads an integer, after white space, in a base of 2 to 36; base 0 takes it from a prefix (`0x`, `0`).
pub(super) fn integer(units: Units<'_>, base: u32) -> Result<Integer, Stop> {
    let (negative, mut at) = sign(units, skip_space(units, 0)?)?;
    let starts_with_zero = is_letter(units(at)?, b'0');
    // `0x` is a prefix only before a digit: in "0xyz" the number is 0.
    let prefixed = matches!(base, 0 | 16)
        && starts_with_zero
        && is_letter(units(at + 1)?, b'x')
        && digit(units(at + 2)?, 16).is_some();
    let base = match base {
        _ if prefixed => 16,
        0 if starts_with_zero => 8,
        0 => 10,
        base => base.clamp(2, 36),
    };
    if prefixed {
        at += 2;
    }
    let start = at;
    let mut magnitude = Some(0_u64);
    while let Some(digit) = digit(units(at)?, base) {
        magnitude = magnitude.and_then(|value| value.checked_mul(base.into())?.checked_add(digit));
        at += 1;
    }
    Ok(Integer { magnitude, negative, length: if at > start { at } else { 0 } })
}

/// A floating-point number as it was written.
#[derive(Debug, PartialEq)]
pub(super) struct Float {
    pub value: f64,
    /// Whether it is not zero (or not infinite) in the text, but is so as a double.
    pub out_of_range: bool,
    /// How many units were read; 0 when there is no number.
    pub length: u64,
}

/// More digits than this make no difference to a double, except by being not all zero.
const SIGNIFICANT: usize = 800;

/// Reads a decimal floating-point number, or `inf`, `infinity`, `nan`, after white space; a hexadecimal one only where they are known.
pub(super) fn float(units: Units<'_>, hexadecimal: bool) -> Result<Float, Stop> {
    let (negative, start) = sign(units, skip_space(units, 0)?)?;
    let signed = |value: f64| if negative { -value } else { value };
    for (name, value) in [("infinity", f64::INFINITY), ("inf", f64::INFINITY), ("nan", f64::NAN)] {
        if is_word(units, start, name)? {
            let length = start + name.len() as u64;
            return Ok(Float { value: signed(value), out_of_range: false, length });
        }
    }
    if hexadecimal
        && is_letter(units(start)?, b'0')
        && is_letter(units(start + 1)?, b'x')
        && let Some((value, length)) = super::hexadecimal::read(units, start + 2)?
    {
        let out_of_range = value.is_none_or(f64::is_infinite);
        return Ok(Float { value: signed(value.unwrap_or(0.0)), out_of_range, length });
    }
    let mut at = start;
    let mut digits = Digits::new();
    // The value is 0.DIGITS times ten to this power.
    let mut power = 0_i64;
    let (mut any, mut point, mut dropped) = (false, false, false);
    loop {
        let unit = units(at)?;
        if let Some(value) = digit(unit, 10) {
            any = true;
            if digits.is_empty() && value == 0 {
                power -= i64::from(point);
            } else {
                power += i64::from(!point);
                if digits.len() < SIGNIFICANT {
                    digits.push(b'0' + u8::try_from(value).unwrap_or(0));
                } else {
                    dropped |= value != 0;
                }
            }
        } else if is_letter(unit, b'.') && !point {
            point = true;
        } else {
            break;
        }
        at += 1;
    }
    if !any {
        return Ok(Float { value: 0.0, out_of_range: false, length: 0 });
    }
    if dropped {
        digits.push(b'1');
    }
    let exponent = exponent(units, &mut at, b'e')?;
    power += exponent;
    if digits.is_empty() {
        return Ok(Float { value: signed(0.0), out_of_range: false, length: at });
    }
    let mut text = Digits::new();
    // Neither can fail: the buffer has room for all that is written here, and what is written is a number.
    let _ = write!(text, "0.{}e{power}", digits.as_str());
    let value: f64 = text.as_str().parse().unwrap_or(0.0);
    Ok(Float { value: signed(value), out_of_range: value == 0.0 || value.is_infinite(), length: at })
}

/// Reads an exponent behind its letter, if both are there, and moves past it.
pub(super) fn exponent(units: Units<'_>, at: &mut u64, letter: u8) -> Result<i64, Stop> {
    if !is_letter(units(*at)?, letter) {
        return Ok(0);
    }
    let (negative, mut next) = sign(units, *at + 1)?;
    let mut exponent = 0_i64;
    while let Some(value) = digit(units(next)?, 10) {
        exponent = (exponent * 10 + value.cast_signed()).min(1 << 40);
        next += 1;
        *at = next;
    }
    Ok(if negative { -exponent } else { exponent })
}

fn is_word(units: Units<'_>, at: u64, word: &str) -> Result<bool, Stop> {
    for (index, letter) in (at..).zip(word.bytes()) {
        if !is_letter(units(index)?, letter) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> impl Fn(u64) -> Result<u16, Stop> {
        let units: Vec<u16> = text.encode_utf16().collect();
        move |index| Ok(units.get(index as usize).copied().unwrap_or(0))
    }

    #[test]
    fn integers_as_strtol_reads_them() {
        for (text, base, value, length) in [
            ("42", 10, 42, 2),
            ("  -17abc", 10, -17, 5),
            ("+8", 0, 8, 2),
            ("0x1F", 0, 31, 4),
            ("0x1F", 16, 31, 4),
            ("1F", 16, 31, 2),
            ("0xyz", 0, 0, 1),
            ("017", 0, 15, 3),
            ("08", 0, 0, 1),
            ("zz", 36, 1295, 2),
            ("2147483648", 10, i64::from(i32::MAX), 10),
            ("-2147483648", 10, i64::from(i32::MIN), 11),
            ("99999999999999999999999", 10, i64::from(i32::MAX), 23),
            ("-99999999999999999999999", 10, i64::from(i32::MIN), 24),
            ("", 10, 0, 0),
            ("  -", 10, 0, 0),
        ] {
            let number = integer(&units(text), base).unwrap();
            assert_eq!((number.signed(32).0, number.length), (value, length), "{text:?} base {base}");
        }
        assert!(integer(&units("2147483648"), 10).unwrap().signed(32).1);
        assert!(!integer(&units("-2147483648"), 10).unwrap().signed(32).1);
        assert_eq!(integer(&units("-9223372036854775808"), 10).unwrap().signed(64), (i64::MIN, false));
        assert_eq!(integer(&units("-1"), 10).unwrap().unsigned(32), (0xffff_ffff, false));
        assert_eq!(integer(&units("4294967296"), 10).unwrap().unsigned(32), (0xffff_ffff, true));
    }

    #[test]
    fn floats_as_strtod_reads_them() {
        for (text, value, length) in [
            ("1", 1.0, 1),
            ("  -3.25xyz", -3.25, 7),
            (".5", 0.5, 2),
            ("5.", 5.0, 2),
            ("1e3", 1000.0, 3),
            ("1e", 1.0, 1),
            ("1e+", 1.0, 1),
            ("1E-2", 0.01, 4),
            ("0.000123", 0.000123, 8),
            ("00012.5e+01", 125.0, 11),
            ("1e999999999999999999999", f64::INFINITY, 23),
            ("-inf", f64::NEG_INFINITY, 4),
            ("infinity", f64::INFINITY, 8),
            (".", 0.0, 0),
            ("abc", 0.0, 0),
            ("2.2250738585072014e-308", f64::MIN_POSITIVE, 23),
        ] {
            let number = float(&units(text), false).unwrap();
            assert_eq!((number.value, number.length), (value, length), "{text:?}");
        }
        assert!(float(&units("1e400"), false).unwrap().out_of_range);
        assert!(float(&units("1e-400"), false).unwrap().out_of_range);
        assert!(!float(&units("0e-400"), false).unwrap().out_of_range);
    }

    #[test]
    fn digits_beyond_all_precision_still_round() {
        // Exactly between 1 and the next double, and a little above that, 1000 digits later.
        let half = "1.00000000000000011102230246251565404236316680908203125";
        assert_eq!(float(&units(half), false).unwrap().value, 1.0);
        let above = format!("{half}{}1", "0".repeat(1000));
        assert_eq!(float(&units(&above), false).unwrap().value, 1.0 + f64::EPSILON);
        let long = format!("{}1{}", "0".repeat(5000), "0".repeat(300));
        assert_eq!(float(&units(&long), false).unwrap().value, 1e300);
    }
}
