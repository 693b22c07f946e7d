//! The engine behind every `printf` function (MS Learn, "Format specification syntax: printf and wprintf functions").
//!
//! It works on 16-bit units, whatever the width of the format and of the output: a byte is the character with its number, as in the
//! "C" locale.

use guest::Stop;

use crate::crt::EINVAL;
use crate::crt::float::{self, Layout, Style};

/// Where the format and the arguments come from.
pub(super) trait Source {
    /// A unit of the format; zero at its end.
    fn format(&self, index: u64) -> Result<u16, Stop>;

    /// A unit of the text at an address.
    fn unit(&self, text: u64, index: u64, wide: bool) -> Result<u16, Stop>;

    /// The next argument, of 32 bits.
    fn int(&mut self) -> Result<u32, Stop>;

    /// The next argument, of 64 bits.
    fn long_long(&mut self) -> Result<u64, Stop>;

    /// The next argument, as wide as a pointer.
    fn pointer(&mut self) -> Result<u64, Stop>;

    /// Bytes of a pointer.
    fn pointer_size(&self) -> u64;
}

/// Where the result goes.
pub(super) trait Sink {
    /// Takes a unit, `times` times over. What there is no room for is dropped.
    ///
    /// # Errors
    /// [`Failure::Refused`] when it cannot be expressed, or [`Failure::Stopped`].
    fn put(&mut self, unit: u16, times: u64) -> Result<(), Failure>;
}

/// Why there is no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// Memory that should be read or written is not there, or the host has ended the request.
    Stopped(Stop),
    /// The function fails with this `errno`.
    Refused(i32),
}

impl<T: Into<Stop>> From<T> for Failure {
    fn from(stop: T) -> Self {
        Self::Stopped(stop.into())
    }
}

/// What differs from one function to another.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Dialect {
    /// Whether `%s` and `%c` take wide text, so that `%S` and `%C` take bytes.
    pub wide: bool,
    /// Exponents have three digits, as in msvcrt.dll and before it, rather than two.
    pub three_digit_exponents: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Char,
    Short,
    Int,
    Long,
    LongLong,
    Pointer,
    Wide,
}

/// What stands between the percent sign and the conversion's letter.
#[derive(Debug, Clone, Copy)]
struct Specification {
    minus: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: u32,
    precision: Option<u32>,
    size: Size,
}

/// A number on its way out: zeros that fill up its width go after the prefix.
struct Number<'a> {
    prefix: &'a [u8],
    head: &'a [u8],
    zeros: u32,
    tail: &'a [u8],
    /// Whether the width may be filled with zeros.
    fillable: bool,
}

struct Output<'a> {
    sink: &'a mut dyn Sink,
    total: u64,
}

impl Output<'_> {
    fn put(&mut self, unit: u16, times: u64) -> Result<(), Failure> {
        self.total = self.total.saturating_add(times);
        if times == 0 { Ok(()) } else { self.sink.put(unit, times) }
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        bytes.iter().try_for_each(|&byte| self.put(byte.into(), 1))
    }

    fn number(&mut self, specification: &Specification, number: &Number<'_>) -> Result<(), Failure> {
        let len = number.prefix.len() + number.head.len() + number.tail.len();
        let fill = u64::from(specification.width).saturating_sub(len as u64 + u64::from(number.zeros));
        let zero = specification.zero && !specification.minus && number.fillable;
        let (spaces, zeros) = if zero { (0, fill) } else { (fill, 0) };
        let (before, after) = if specification.minus { (0, spaces) } else { (spaces, 0) };
        self.put(b' '.into(), before)?;
        self.bytes(number.prefix)?;
        self.put(b'0'.into(), zeros)?;
        self.bytes(number.head)?;
        self.put(b'0'.into(), number.zeros.into())?;
        self.bytes(number.tail)?;
        self.put(b' '.into(), after)
    }
}

/// Formats; answers how many units the whole result has.
pub(super) fn format(dialect: Dialect, source: &mut dyn Source, sink: &mut dyn Sink) -> Result<u64, Failure> {
    let mut output = Output { sink, total: 0 };
    let mut at = 0;
    loop {
        let unit = source.format(at)?;
        at += 1;
        match u8::try_from(unit) {
            Ok(0) => return Ok(output.total),
            Ok(b'%') => {
                let specification = Specification::parse(source, &mut at)?;
                let conversion = source.format(at)?;
                if conversion == 0 {
                    return Ok(output.total);
                }
                at += 1;
                convert(dialect, specification, conversion, source, &mut output)?;
            }
            _ => output.put(unit, 1)?,
        }
    }
}

impl Specification {
    fn parse(source: &mut dyn Source, at: &mut u64) -> Result<Self, Stop> {
        let mut own = Self {
            minus: false,
            plus: false,
            space: false,
            zero: false,
            alternate: false,
            width: 0,
            precision: None,
            size: Size::Int,
        };
        loop {
            match letter(source, *at)? {
                b'-' => own.minus = true,
                b'+' => own.plus = true,
                b' ' => own.space = true,
                b'0' => own.zero = true,
                b'#' => own.alternate = true,
                _ => break,
            }
            *at += 1;
        }
        let width = count(source, at)?;
        own.minus |= width < 0;
        own.width = width.unsigned_abs();
        if letter(source, *at)? == b'.' {
            *at += 1;
            // A negative precision counts as none.
            own.precision = u32::try_from(count(source, at)?).ok();
        }
        let first = letter(source, *at)?;
        let second = if first == 0 { 0 } else { letter(source, *at + 1)? };
        let (size, len) = match (first, second) {
            (b'h', b'h') => (Size::Char, 2),
            (b'h', _) => (Size::Short, 1),
            (b'l', b'l') => (Size::LongLong, 2),
            (b'l', _) => (Size::Long, 1),
            (b'I', b'6') if letter(source, *at + 2)? == b'4' => (Size::LongLong, 3),
            (b'I', b'3') if letter(source, *at + 2)? == b'2' => (Size::Int, 3),
            (b'I' | b'z' | b't', _) => (Size::Pointer, 1),
            (b'j', _) => (Size::LongLong, 1),
            (b'w', _) => (Size::Wide, 1),
            // A long double is a double.
            (b'L', _) => (Size::Int, 1),
            _ => (Size::Int, 0),
        };
        own.size = size;
        *at += len;
        Ok(own)
    }
}

/// A unit of the format as a byte; 0xff, which means nothing in a format, for those that are none. Not to be asked for past the end.
fn letter(source: &dyn Source, at: u64) -> Result<u8, Stop> {
    Ok(u8::try_from(source.format(at)?).unwrap_or(u8::MAX))
}

/// A width or precision: digits, or an argument for `*`.
fn count(source: &mut dyn Source, at: &mut u64) -> Result<i32, Stop> {
    if letter(source, *at)? == b'*' {
        *at += 1;
        return source.int().map(u32::cast_signed);
    }
    let mut value = 0_i32;
    loop {
        let digit = letter(source, *at)?;
        if !digit.is_ascii_digit() {
            return Ok(value);
        }
        value = value.saturating_mul(10).saturating_add((digit - b'0').into());
        *at += 1;
    }
}

fn convert(
    dialect: Dialect,
    specification: Specification,
    conversion: u16,
    source: &mut dyn Source,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let Ok(letter) = u8::try_from(conversion) else { return output.put(conversion, 1) };
    match letter {
        b'd' | b'i' | b'u' | b'x' | b'X' | b'o' => integer(specification, letter, source, output),
        b'p' => {
            // All digits of the address, in upper case.
            let mut buffer = [0; 24];
            let digits = in_base(&mut buffer, source.pointer()?, 16, true);
            let zeros = (2 * source.pointer_size()).saturating_sub(digits.len() as u64);
            let zeros = u32::try_from(zeros).unwrap_or(0);
            let prefix: &[u8] = if specification.alternate { b"0X" } else { b"" };
            let number = Number { prefix, head: b"", zeros, tail: digits, fillable: false };
            output.number(&specification, &number)
        }
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' => {
            double(dialect, specification, letter, source, output)
        }
        b'c' | b'C' | b's' | b'S' => {
            let wide = match specification.size {
                Size::Long | Size::Wide => true,
                Size::Short => false,
                _ => dialect.wide == letter.is_ascii_lowercase(),
            };
            if letter.eq_ignore_ascii_case(&b'c') {
                character(specification, wide, source, output)
            } else {
                text(specification, wide, source, output)
            }
        }
        // Writing through a pointer is disabled unless a program asks for it, and then an invalid parameter (_set_printf_count_output).
        b'n' => Err(Failure::Refused(EINVAL)),
        // A letter without a meaning stands for itself, as the percent sign does.
        _ => output.put(conversion, 1),
    }
}

fn integer(
    specification: Specification,
    letter: u8,
    source: &mut dyn Source,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let signed = matches!(letter, b'd' | b'i');
    let (value, bits) = match specification.size {
        Size::LongLong => (source.long_long()?, 64),
        Size::Pointer => (source.pointer()?, 8 * source.pointer_size()),
        Size::Char => (source.int()?.into(), 8),
        Size::Short => (source.int()?.into(), 16),
        Size::Int | Size::Long | Size::Wide => (source.int()?.into(), 32),
    };
    let unused = 64 - u32::try_from(bits).unwrap_or(64).min(64);
    let (magnitude, negative) = if signed {
        let value = (value << unused).cast_signed() >> unused;
        (value.unsigned_abs(), value < 0)
    } else {
        (value << unused >> unused, false)
    };
    let base = match letter {
        b'x' | b'X' => 16,
        b'o' => 8,
        _ => 10,
    };
    let mut buffer = [0; 24];
    let digits = if magnitude == 0 && specification.precision == Some(0) {
        &[]
    } else {
        in_base(&mut buffer, magnitude, base, letter == b'X')
    };
    let mut zeros = specification.precision.unwrap_or(0).saturating_sub(digits.len() as u32);
    let prefix: &[u8] = match letter {
        b'x' if specification.alternate && magnitude != 0 => b"0x",
        b'X' if specification.alternate && magnitude != 0 => b"0X",
        b'o' if specification.alternate && zeros == 0 && digits.first() != Some(&b'0') => {
            zeros = 1;
            b""
        }
        _ if signed => sign(&specification, negative),
        _ => b"",
    };
    let fillable = specification.precision.is_none();
    output.number(&specification, &Number { prefix, head: b"", zeros, tail: digits, fillable })
}

fn sign(specification: &Specification, negative: bool) -> &'static [u8] {
    match specification {
        _ if negative => b"-",
        Specification { plus: true, .. } => b"+",
        Specification { space: true, .. } => b" ",
        _ => b"",
    }
}

/// The digits of a number, at the end of `buffer`, which has room for those of any (22 in base 8).
fn in_base(buffer: &mut [u8; 24], mut value: u64, base: u64, upper: bool) -> &[u8] {
    let digits: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let mut start = buffer.len();
    loop {
        start -= 1;
        buffer[start] = digits[usize::try_from(value % base).unwrap_or(0) % digits.len()];
        value /= base;
        if value == 0 || start == 0 {
            return &buffer[start..];
        }
    }
}

fn double(
    dialect: Dialect,
    specification: Specification,
    letter: u8,
    source: &mut dyn Source,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let value = f64::from_bits(source.long_long()?);
    let style = match letter.to_ascii_lowercase() {
        b'e' => Style::Exponent,
        b'f' => Style::Fixed,
        b'g' => Style::General,
        _ => Style::Hexadecimal,
    };
    let rendered = float::render(
        value,
        Layout {
            style,
            upper: letter.is_ascii_uppercase(),
            precision: specification.precision,
            alternate: specification.alternate,
            exponent_digits: if dialect.three_digit_exponents { 3 } else { 2 },
        },
    );
    let sign = sign(&specification, value.is_sign_negative());
    let mut prefix = [0; 3];
    let prefix_len = sign.len() + rendered.prefix.len();
    for (to, &from) in prefix.iter_mut().zip(sign.iter().chain(rendered.prefix)) {
        *to = from;
    }
    let number = Number {
        prefix: prefix.get(..prefix_len).unwrap_or_default(),
        head: rendered.head.as_bytes(),
        zeros: rendered.zeros,
        tail: rendered.tail.as_bytes(),
        fillable: rendered.finite,
    };
    output.number(&specification, &number)
}

fn character(
    specification: Specification,
    wide: bool,
    source: &mut dyn Source,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    let [low, high, ..] = source.int()?.to_le_bytes();
    let unit = u16::from_le_bytes([low, if wide { high } else { 0 }]);
    padded(specification, 1, output, |output| output.put(unit, 1))
}

fn text(
    specification: Specification,
    wide: bool,
    source: &mut dyn Source,
    output: &mut Output<'_>,
) -> Result<(), Failure> {
    const NULL: &[u8] = b"(null)";
    let address = source.pointer()?;
    let limit = specification.precision.map_or(u64::MAX, u64::from);
    if address == 0 {
        let shown = &NULL[..usize::try_from(limit).map_or(NULL.len(), |limit| limit.min(NULL.len()))];
        return padded(specification, shown.len() as u64, output, |output| output.bytes(shown));
    }
    let mut len = 0;
    while len < limit && source.unit(address, len, wide)? != 0 {
        len += 1;
    }
    padded(specification, len, output, |output| {
        (0..len).try_for_each(|index| output.put(source.unit(address, index, wide)?, 1))
    })
}

/// Fills what `put` puts, `len` units, up to the width.
fn padded(
    specification: Specification,
    len: u64,
    output: &mut Output<'_>,
    put: impl FnOnce(&mut Output<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let fill = u64::from(specification.width).saturating_sub(len);
    let (before, after) = if specification.minus { (0, fill) } else { (fill, 0) };
    output.put(b' '.into(), before)?;
    put(output)?;
    output.put(b' '.into(), after)
}

#[cfg(test)]
mod tests;
