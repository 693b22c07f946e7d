//! Numbers as decimal digits: `_ecvt` and its kin (MS Learn).

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::EINVAL;
use crate::crt::invalid::invalid;
use crate::process::Process;

/// The most digits that are asked for; the rest of what can be asked for would be zeros (`_CVTBUFSIZE` is 349).
const MOST: i32 = 340;

/// Bytes of the buffer that `_ecvt` and `_fcvt` answer.
pub(super) const BUFFER: u64 = 1024;

/// The first digits of a number, and where its point is: before the digit with this number.
fn significant(value: f64, count: usize) -> (String, i32) {
    if value == 0.0 {
        return ("0".repeat(count), 0);
    }
    // With a digit before the point, then the power of ten.
    let text = format!("{:.*e}", count.max(1) - 1, value.abs());
    let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.replace('.', "");
    (digits[..count.min(digits.len())].to_owned(), power.parse::<i32>().unwrap_or(0) + 1)
}

/// The digits of a number up to so many behind the point.
fn fixed(value: f64, count: usize) -> (String, i32) {
    let text = format!("{:.*}", count, value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.trim_start_matches('0');
    if !whole.is_empty() {
        return (format!("{whole}{fraction}"), i32::try_from(whole.len()).unwrap_or(0));
    }
    let digits = fraction.trim_start_matches('0');
    if digits.is_empty() {
        return (fraction.to_owned(), 0);
    }
    let zeros = i32::try_from(fraction.len() - digits.len()).unwrap_or(0);
    (digits.to_owned(), -zeros)
}

fn answer(
    process: &mut Process,
    value: f64,
    (digits, point): (String, i32),
    at: Pointer,
    sign: Pointer,
) -> Result<Pointer, Stop> {
    let out = process.crt.digits;
    let memory = &process.machine.memory;
    let bytes = digits.bytes().chain([0]).collect::<Vec<_>>();
    memory.write(out.0, &bytes)?;
    memory.write(at.0, &point.to_le_bytes())?;
    memory.write(sign.0, &i32::from(value.is_sign_negative()).to_le_bytes())?;
    Ok(out)
}

/// _ecvt: so many digits; the next call overwrites them.
pub fn _ecvt(
    process: &mut Process,
    value: f64,
    count: i32,
    point: Pointer,
    sign: Pointer,
) -> Result<Pointer, Stop> {
    let count = usize::try_from(count.clamp(0, MOST)).unwrap_or(0);
    answer(process, value, significant(value, count), point, sign)
}

/// _fcvt: so many digits behind the point; the next call overwrites them.
pub fn _fcvt(
    process: &mut Process,
    value: f64,
    count: i32,
    point: Pointer,
    sign: Pointer,
) -> Result<Pointer, Stop> {
    let count = usize::try_from(count.clamp(0, MOST)).unwrap_or(0);
    answer(process, value, fixed(value, count), point, sign)
}

/// A number with so many digits, and a power of ten of three where the point would be far from them.
fn general(value: f64, count: i32) -> String {
    let (digits, point) = significant(value, usize::try_from(count).unwrap_or(1));
    let digits = digits.trim_end_matches('0');
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let width = usize::try_from(point).unwrap_or(0);
    match point {
        _ if digits.is_empty() => format!("{sign}0."),
        point if point > count || point < -3 => {
            let (first, rest) = digits.split_at(1);
            let power = point - 1;
            format!("{sign}{first}.{rest}e{}{:03}", if power < 0 { '-' } else { '+' }, power.abs())
        }
        ..=0 => format!("{sign}0.{}{digits}", "0".repeat(usize::try_from(-point).unwrap_or(0))),
        _ if digits.len() <= width => format!("{sign}{digits:0<width$}."),
        _ => format!("{sign}{}.{}", &digits[..width], &digits[width..]),
    }
}

/// _gcvt: into the caller's buffer.
pub fn _gcvt(process: &mut Process, value: f64, count: i32, out: Pointer) -> Result<Pointer, Stop> {
    if out.is_null() || !(1..=MOST).contains(&count) || !value.is_finite() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let text = general(value, count) + "\0";
    process.machine.memory.write(out.0, text.as_bytes())?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_and_their_point() {
        assert_eq!(significant(4.2345678912, 5), ("42346".to_owned(), 1));
        assert_eq!(significant(-0.00123, 2), ("12".to_owned(), -2));
        assert_eq!(significant(0.0, 3), ("000".to_owned(), 0));
        assert_eq!(fixed(1234.567, 2), ("123457".to_owned(), 4));
        assert_eq!(fixed(0.0056, 3), ("6".to_owned(), -2));
        let texts = [(-3.1415e5, 7), (12.0, 5), (0.05, 3), (1e-10, 4), (1.5e20, 5), (0.0, 3)];
        let texts = texts.map(|(value, count)| general(value, count));
        assert_eq!(texts, ["-314150.", "12.", "0.05", "1.e-010", "1.5e+020", "0."]);
    }
}
