//! Floating-point numbers as `printf` writes them.
//!
//! Every digit is exact: a double is a binary fraction, so its decimal expansion ends, and what is cut off is rounded to the nearest,
//! ties to even.

use std::fmt::{self, Write};

/// Digits asked for beyond this many are zeros: no double has more after its point (1074), or more significant ones (767).
const EXACT: u32 = 1100;

/// A short text of ASCII bytes, kept on the stack. What does not fit is refused.
pub(super) struct Digits {
    bytes: [u8; 1500],
    len: usize,
}

impl Digits {
    pub fn new() -> Self {
        Self { bytes: [0; 1500], len: 0 }
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    pub fn as_str(&self) -> &str {
        str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn push(&mut self, byte: u8) {
        if let Some(free) = self.bytes.get_mut(self.len) {
            *free = byte;
            self.len += 1;
        }
    }

    fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

impl Write for Digits {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// Which of the conversions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `%f`
    Fixed,
    /// `%e`
    Exponent,
    /// `%g`
    General,
    /// `%a`
    Hexadecimal,
}

/// How a number is to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub style: Style,
    pub upper: bool,
    pub precision: Option<u32>,
    /// `#`: a point in any case, and no zeros stripped.
    pub alternate: bool,
    /// How many digits a decimal exponent has at least.
    pub exponent_digits: usize,
}

/// A number without its sign: digits, zeros, and what comes after them.
pub(super) struct Rendered {
    pub prefix: &'static [u8],
    pub head: Digits,
    pub zeros: u32,
    pub tail: Digits,
    /// Whether it is a number, which zeros may be put before.
    pub finite: bool,
}

/// Writes the magnitude of `value`.
pub(super) fn render(value: f64, layout: Layout) -> Rendered {
    let magnitude = value.abs();
    let mut rendered = if !magnitude.is_finite() {
        special(value)
    } else {
        match layout.style {
            Style::Fixed => fixed(magnitude, layout.precision.unwrap_or(6), layout.alternate),
            Style::Exponent => exponent(magnitude, layout.precision.unwrap_or(6), layout).0,
            Style::General => general(magnitude, layout),
            Style::Hexadecimal => hexadecimal(magnitude, layout),
        }
    };
    if layout.upper {
        rendered.head.bytes.make_ascii_uppercase();
        rendered.tail.bytes.make_ascii_uppercase();
        if !rendered.prefix.is_empty() {
            rendered.prefix = b"0X";
        }
    }
    rendered
}

fn new() -> Rendered {
    Rendered { prefix: b"", head: Digits::new(), zeros: 0, tail: Digits::new(), finite: true }
}

/// Infinities and NaNs, as the Universal CRT names them.
fn special(value: f64) -> Rendered {
    const QUIET: u64 = 1 << 51;
    let fraction = value.to_bits() & ((1 << 52) - 1);
    let name = match fraction {
        0 => "inf",
        QUIET if value.is_sign_negative() => "nan(ind)",
        _ if fraction & QUIET == 0 => "nan(snan)",
        _ => "nan",
    };
    let mut rendered = Rendered { finite: false, ..new() };
    name.bytes().for_each(|byte| rendered.head.push(byte));
    rendered
}

// Writing to a `Digits` below cannot fail: with the precision limited to `EXACT` it has room for 309 digits before the point too.

fn fixed(magnitude: f64, precision: u32, alternate: bool) -> Rendered {
    let mut rendered = new();
    let exact = precision.min(EXACT);
    let _ = write!(rendered.head, "{magnitude:.*}", exact as usize);
    if precision == 0 && alternate {
        rendered.head.push(b'.');
    }
    rendered.zeros = precision - exact;
    rendered
}

/// `%e`, and its decimal exponent.
fn exponent(magnitude: f64, precision: u32, layout: Layout) -> (Rendered, i32) {
    let mut rendered = new();
    let exact = precision.min(EXACT);
    let _ = write!(rendered.head, "{magnitude:.*e}", exact as usize);
    let (digits, exponent) = rendered.head.as_str().split_once('e').unwrap_or_default();
    let (end, exponent) = (digits.len(), exponent.parse().unwrap_or(0_i32));
    rendered.head.truncate(end);
    if precision == 0 && layout.alternate {
        rendered.head.push(b'.');
    }
    rendered.zeros = precision - exact;
    let sign = if exponent < 0 { '-' } else { '+' };
    let _ =
        write!(rendered.tail, "e{sign}{:0width$}", exponent.unsigned_abs(), width = layout.exponent_digits);
    (rendered, exponent)
}

fn general(magnitude: f64, layout: Layout) -> Rendered {
    let significant = layout.precision.unwrap_or(6).max(1);
    let (as_exponent, power) = exponent(magnitude, significant - 1, layout);
    // ISO C 7.23.6.1, g: with the exponent X that e would show, f is taken when P > X >= -4, with P - 1 - X digits.
    let digits = i64::from(significant) - 1 - i64::from(power);
    let mut rendered = match u32::try_from(digits) {
        Ok(digits) if power >= -4 => fixed(magnitude, digits, layout.alternate),
        _ => as_exponent,
    };
    if !layout.alternate {
        rendered.zeros = 0;
        if let Some(point) = rendered.head.as_bytes().iter().position(|&byte| byte == b'.') {
            let last = rendered.head.as_bytes().iter().rposition(|&byte| byte != b'0').unwrap_or(point);
            rendered.head.truncate(if last == point { point } else { last + 1 });
        }
    }
    rendered
}

/// `%a`: `h.hhhhp±d`, with 13 digits after the point unless a precision says otherwise (all that a double has).
fn hexadecimal(magnitude: f64, layout: Layout) -> Rendered {
    const FRACTION: u32 = 52;
    let bits = magnitude.to_bits();
    let biased = (bits >> FRACTION).cast_signed();
    let fraction = bits & ((1 << FRACTION) - 1);
    let (lead, power) = match biased {
        0 if fraction == 0 => (0, 0),
        0 => (0, -1022),
        _ => (1, biased - 1023),
    };
    let precision = layout.precision.unwrap_or(13);
    let kept = precision.min(13);
    let mantissa = (lead << FRACTION) | fraction;
    let dropped = FRACTION - 4 * kept;
    let (mut shown, rest) = (mantissa >> dropped, mantissa & ((1 << dropped) - 1));
    let half = (1_u64 << dropped) >> 1;
    if rest > half || (rest == half && half > 0 && shown & 1 == 1) {
        shown += 1;
    }
    let mut rendered = Rendered { prefix: b"0x", zeros: precision - kept, ..new() };
    let _ = write!(rendered.head, "{:x}", shown >> (4 * kept));
    if precision > 0 || layout.alternate {
        rendered.head.push(b'.');
    }
    if kept > 0 {
        let _ = write!(rendered.head, "{:0width$x}", shown & ((1 << (4 * kept)) - 1), width = kept as usize);
    }
    let _ = write!(rendered.tail, "p{power:+}");
    rendered
}
