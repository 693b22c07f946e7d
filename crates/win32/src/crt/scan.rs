//! The engine behind every `scanf` function (MS Learn, "Format specification fields: scanf and wscanf functions").
//!
//! Like that of `printf` it works on 16-bit units.

use guest::Stop;

use crate::crt::number::{self, is_space, skip_space};

/// Where format, input and arguments come from, and where the results go.
pub(super) trait Host {
    /// A unit of the format; zero at its end.
    fn format(&self, index: u64) -> Result<u16, Stop>;

    /// A unit of the input; zero at its end.
    fn input(&self, index: u64) -> Result<u16, Stop>;

    /// The next argument.
    fn argument(&mut self) -> Result<u64, Stop>;

    /// Bytes of a pointer.
    fn pointer_size(&self) -> u64;

    /// Stores a part of a result.
    fn store(&mut self, address: u64, bytes: &[u8]) -> Result<(), Stop>;
}

/// What differs from one function to another.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Dialect {
    /// Whether `%s`, `%c` and `%[` store wide text, so that `%S` and `%C` store bytes.
    pub wide: bool,
    /// Whether each of them takes the size of its buffer as a further argument.
    pub secure: bool,
    /// Whether hexadecimal floating-point numbers are read.
    pub hexadecimal: bool,
}

/// One conversion of a format.
#[derive(Debug, Clone, Copy)]
struct Specification {
    /// Nothing is stored.
    suppressed: bool,
    width: Option<u64>,
    /// Bytes of an integer.
    size: u64,
    /// Of the size prefixes, whether text is wide, if one says so.
    wide: Option<bool>,
    /// `l` or `L`: a double.
    double: bool,
    conversion: u8,
    /// Where a set begins and ends in the format, and whether it is of what does not match.
    set: (u64, u64, bool),
}

/// Why a conversion stored nothing.
enum Miss {
    /// The input does not match, or a buffer is too small for it.
    Mismatch,
    /// The input is at its end.
    End,
}

/// Scans: how many results were stored, or -1 when the input ended before the first conversion, and how many units of the input were taken.
pub(super) fn scan(dialect: Dialect, host: &mut dyn Host) -> Result<(i32, u64), Stop> {
    let mut from = 0;
    let stored = results(dialect, host, &mut from)?;
    Ok((stored, from))
}

fn results(dialect: Dialect, host: &mut dyn Host, from: &mut u64) -> Result<i32, Stop> {
    let mut at = 0;
    let (mut stored, mut converted) = (0_i32, false);
    loop {
        let unit = host.format(at)?;
        at += 1;
        let miss = if unit == 0 {
            return Ok(stored);
        } else if is_space(unit) {
            *from = skip_space(&|index| host.input(index), *from)?;
            continue;
        } else if unit != u16::from(b'%') {
            literal(host, unit, from)?
        } else {
            let specification = Specification::parse(host, &mut at)?;
            let miss = convert(dialect, host, &specification, from)?;
            if miss.is_none() && !matches!(specification.conversion, b'n' | b'%') {
                converted = true;
                stored = stored.saturating_add((!specification.suppressed).into());
            }
            miss
        };
        match miss {
            None => {}
            Some(Miss::End) if !converted => return Ok(-1),
            Some(_) => return Ok(stored),
        }
    }
}

fn literal(host: &dyn Host, unit: u16, from: &mut u64) -> Result<Option<Miss>, Stop> {
    Ok(match host.input(*from)? {
        0 => Some(Miss::End),
        found if found == unit => {
            *from += 1;
            None
        }
        _ => Some(Miss::Mismatch),
    })
}

impl Specification {
    fn parse(host: &dyn Host, at: &mut u64) -> Result<Self, Stop> {
        let letter = |at: u64| host.format(at).map(|unit| u8::try_from(unit).unwrap_or(u8::MAX));
        let mut own = Self {
            suppressed: false,
            width: None,
            size: 4,
            wide: None,
            double: false,
            conversion: 0,
            set: (0, 0, false),
        };
        if letter(*at)? == b'*' {
            own.suppressed = true;
            *at += 1;
        }
        loop {
            let digit = letter(*at)?;
            if !digit.is_ascii_digit() {
                break;
            }
            let width = own.width.unwrap_or(0);
            own.width = Some(width.saturating_mul(10).saturating_add((digit - b'0').into()));
            *at += 1;
        }
        loop {
            match letter(*at)? {
                b'h' => (own.size, own.wide) = (if own.size == 2 { 1 } else { 2 }, Some(false)),
                b'l' if own.double => own.size = 8,
                b'l' => (own.wide, own.double) = (Some(true), true),
                b'L' => own.double = true,
                b'w' => own.wide = Some(true),
                b'j' => own.size = 8,
                b'z' | b't' => own.size = host.pointer_size(),
                b'I' => {
                    let bits = (letter(*at + 1)?, if letter(*at + 1)? == 0 { 0 } else { letter(*at + 2)? });
                    let (size, digits) = match bits {
                        (b'6', b'4') => (8, 2),
                        (b'3', b'2') => (4, 2),
                        _ => (host.pointer_size(), 0),
                    };
                    own.size = size;
                    *at += digits;
                }
                _ => break,
            }
            *at += 1;
        }
        own.conversion = letter(*at)?;
        if own.conversion == 0 {
            return Ok(own);
        }
        *at += 1;
        if own.conversion == b'[' {
            let inverted = letter(*at)? == b'^';
            *at += u64::from(inverted);
            let start = *at;
            // A bracket that comes first is a member.
            if letter(*at)? == b']' {
                *at += 1;
            }
            while !matches!(letter(*at)?, b']' | 0) {
                *at += 1;
            }
            own.set = (start, *at, inverted);
            if letter(*at)? != 0 {
                *at += 1;
            }
        }
        Ok(own)
    }
}

/// One conversion, from `from` on, which moves past what it takes.
fn convert(
    dialect: Dialect,
    host: &mut dyn Host,
    specification: &Specification,
    from: &mut u64,
) -> Result<Option<Miss>, Stop> {
    let conversion = specification.conversion;
    if !matches!(conversion, b'c' | b'C' | b'[' | b'n') {
        *from = skip_space(&|index| host.input(index), *from)?;
    }
    match conversion {
        b'%' => return literal(host, b'%'.into(), from),
        b'n' => {
            if !specification.suppressed {
                put(host, *from, specification.size)?;
            }
            return Ok(None);
        }
        _ => {}
    }
    if host.input(*from)? == 0 {
        return Ok(Some(Miss::End));
    }
    match conversion {
        b'd' | b'i' | b'u' | b'x' | b'X' | b'o' | b'p' => integer(host, specification, from),
        b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'a' | b'A' => double(dialect, host, specification, from),
        b'c' | b'C' | b's' | b'S' | b'[' => text(dialect, host, specification, from),
        _ => Ok(Some(Miss::Mismatch)),
    }
}

/// The input as a number's units: from `from` on, as far as the width goes.
fn field<'a>(
    host: &'a dyn Host,
    specification: &Specification,
    from: u64,
) -> impl Fn(u64) -> Result<u16, Stop> + use<'a> {
    let width = specification.width.unwrap_or(u64::MAX);
    move |index| if index < width { host.input(from + index) } else { Ok(0) }
}

fn integer(host: &mut dyn Host, specification: &Specification, from: &mut u64) -> Result<Option<Miss>, Stop> {
    let (base, size) = match specification.conversion {
        b'd' | b'u' => (10, specification.size),
        b'i' => (0, specification.size),
        b'o' => (8, specification.size),
        b'p' => (16, host.pointer_size()),
        _ => (16, specification.size),
    };
    let number = number::integer(&field(host, specification, *from), base)?;
    if number.length == 0 {
        return Ok(Some(Miss::Mismatch));
    }
    *from += number.length;
    if !specification.suppressed {
        let signed = matches!(specification.conversion, b'd' | b'i');
        let value = if signed { number.signed(64).0.cast_unsigned() } else { number.unsigned(64).0 };
        put(host, value, size)?;
    }
    Ok(None)
}

/// Stores the low `size` bytes of an integer through the next argument.
fn put(host: &mut dyn Host, value: u64, size: u64) -> Result<(), Stop> {
    let address = host.argument()?;
    let bytes = value.to_le_bytes();
    let size = usize::try_from(size).unwrap_or(bytes.len());
    host.store(address, bytes.get(..size).unwrap_or(&bytes))
}

fn double(
    dialect: Dialect,
    host: &mut dyn Host,
    specification: &Specification,
    from: &mut u64,
) -> Result<Option<Miss>, Stop> {
    let number = number::float(&field(host, specification, *from), dialect.hexadecimal)?;
    if number.length == 0 {
        return Ok(Some(Miss::Mismatch));
    }
    *from += number.length;
    if !specification.suppressed {
        let address = host.argument()?;
        if specification.double {
            host.store(address, &number.value.to_le_bytes())?;
        } else {
            host.store(address, &(number.value as f32).to_le_bytes())?;
        }
    }
    Ok(None)
}

fn text(
    dialect: Dialect,
    host: &mut dyn Host,
    specification: &Specification,
    from: &mut u64,
) -> Result<Option<Miss>, Stop> {
    let conversion = specification.conversion;
    let wide = specification.wide.unwrap_or(dialect.wide != matches!(conversion, b'C' | b'S'));
    let counted = conversion.eq_ignore_ascii_case(&b'c');
    let width = specification.width.unwrap_or(if counted { 1 } else { u64::MAX });
    let mut len = 0;
    while len < width {
        let unit = host.input(*from + len)?;
        let taken = match conversion {
            _ if unit == 0 => false,
            b'[' => in_set(host, specification.set, unit)?,
            _ => counted || !is_space(unit),
        };
        if !taken {
            break;
        }
        len += 1;
    }
    if counted && len < width {
        return Ok(Some(Miss::End));
    }
    if len == 0 {
        return Ok(Some(Miss::Mismatch));
    }
    if !specification.suppressed {
        let address = host.argument()?;
        let size: u64 = if wide { 2 } else { 1 };
        // The size argument is an unsigned int; its slot's upper half is undefined.
        let room = if dialect.secure { host.argument()? & u64::from(u32::MAX) } else { u64::MAX };
        let end = u64::from(!counted);
        if room < len + end {
            if room > 0 {
                host.store(address, &[0, 0][..if wide { 2 } else { 1 }])?;
            }
            return Ok(Some(Miss::Mismatch));
        }
        for index in 0..len + end {
            let unit = if index < len { host.input(*from + index)? } else { 0 };
            let bytes = unit.to_le_bytes();
            host.store(address.wrapping_add(index * size), &bytes[..if wide { 2 } else { 1 }])?;
        }
    }
    *from += len;
    Ok(None)
}

/// Whether a unit is in a set like `a-z_` of the format.
fn in_set(host: &dyn Host, (start, end, inverted): (u64, u64, bool), unit: u16) -> Result<bool, Stop> {
    let mut at = start;
    while at < end {
        let first = host.format(at)?;
        let range = at + 2 < end && host.format(at + 1)? == u16::from(b'-');
        let last = if range { host.format(at + 2)? } else { first };
        if (first.min(last)..=first.max(last)).contains(&unit) {
            return Ok(!inverted);
        }
        at += if range { 3 } else { 1 };
    }
    Ok(inverted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Results without a guest: argument `n` is address `100 * n` of 1000 bytes, or a given number.
    struct Table {
        format: Vec<u16>,
        input: Vec<u16>,
        next: u64,
        sizes: Vec<u64>,
        memory: [u8; 1000],
    }

    impl Host for Table {
        fn format(&self, index: u64) -> Result<u16, Stop> {
            Ok(self.format.get(index as usize).copied().unwrap_or(0))
        }

        fn input(&self, index: u64) -> Result<u16, Stop> {
            Ok(self.input.get(index as usize).copied().unwrap_or(0))
        }

        fn argument(&mut self) -> Result<u64, Stop> {
            let size = self.next % 2 == 1 && !self.sizes.is_empty();
            self.next += 1;
            Ok(if size { self.sizes.remove(0) } else { 100 * (self.next - 1) })
        }

        fn pointer_size(&self) -> u64 {
            8
        }

        fn store(&mut self, address: u64, bytes: &[u8]) -> Result<(), Stop> {
            self.memory[address as usize..][..bytes.len()].copy_from_slice(bytes);
            Ok(())
        }
    }

    fn scanned(dialect: Dialect, input: &str, format: &str, sizes: &[u64]) -> (i32, Table) {
        let units = |text: &str| text.encode_utf16().collect();
        let (format, input) = (units(format), units(input));
        let mut table = Table { format, input, next: 0, sizes: sizes.to_vec(), memory: [0xee; 1000] };
        (scan(dialect, &mut table).unwrap().0, table)
    }

    fn check(input: &str, format: &str, count: i32, results: &[&[u8]]) {
        let (stored, table) = scanned(Dialect::default(), input, format, &[]);
        assert_eq!(stored, count, "{format:?} of {input:?}");
        for (index, result) in results.iter().enumerate() {
            assert_eq!(&table.memory[100 * index..][..result.len()], *result, "result {index} of {format:?}");
        }
    }

    #[test]
    fn numbers_are_read_with_their_sizes() {
        check("12 -3", "%d%d", 2, &[&12_i32.to_le_bytes(), &(-3_i32).to_le_bytes()]);
        check(
            "ff 0x10 017",
            "%x %i %i",
            3,
            &[&255_u32.to_le_bytes(), &16_u32.to_le_bytes(), &15_u32.to_le_bytes()],
        );
        check("300,70000", "%hhd,%hd", 2, &[&[44, 0xee], &[0x70, 0x11, 0xee]]);
        check("-1 5", "%lld %I64u", 2, &[&[0xff; 8], &5_u64.to_le_bytes()]);
        check("1 2", "%ld %Iu", 2, &[&[1, 0, 0, 0, 0xee], &2_u64.to_le_bytes()]);
        check("1.5 2.5e1", "%f %lf", 2, &[&1.5_f32.to_le_bytes(), &25_f64.to_le_bytes()]);
        check(
            "123456",
            "%3d%n%2d",
            2,
            &[&123_i32.to_le_bytes(), &3_i32.to_le_bytes(), &45_i32.to_le_bytes()],
        );
    }

    #[test]
    fn hexadecimal_fractions_are_read_where_they_are_known() {
        let known = Dialect { hexadecimal: true, ..Dialect::default() };
        let (stored, table) = scanned(known, "0x1.8p4z", "%lf%c", &[]);
        assert_eq!((stored, &table.memory[..8], table.memory[100]), (2, &24_f64.to_le_bytes()[..], b'z'));
        check("0x1.8", "%lf%c", 2, &[&0_f64.to_le_bytes(), b"x"]);
    }

    #[test]
    fn text_is_read_by_word_count_and_set() {
        check("  hello world", "%s%s", 2, &[b"hello\0", b"world\0"]);
        check("hello", "%2c%c%s", 3, &[&[b'h', b'e', 0xee], &[b'l', 0xee], b"lo\0"]);
        check("abc123", "%[a-z]%[^a-z]", 2, &[b"abc\0", b"123\0"]);
        check("]-x", "%[]-]%c", 2, &[b"]-\0", b"x"]);
        check("ab", "%ls", 1, &[b"a\0b\0\0\0"]);
        check("key = 5", "%*s = %d", 1, &[&5_i32.to_le_bytes()]);
        check("50%", "%d%%%n", 1, &[&50_i32.to_le_bytes(), &3_i32.to_le_bytes()]);
    }

    #[test]
    fn the_count_tells_where_scanning_stopped() {
        check("", "%d", -1, &[]);
        check("   ", "%d", -1, &[]);
        check("x", "%d", 0, &[]);
        check("1 x", "%d %d", 1, &[]);
        check("1", "%d %d", 1, &[]);
        check("a", "b", 0, &[]);
        check("1", "%d%", 1, &[]);
    }

    #[test]
    fn secure_forms_take_the_size_of_a_buffer() {
        let secure = Dialect { secure: true, ..Dialect::default() };
        let (stored, table) = scanned(secure, "abc", "%s", &[4]);
        assert_eq!((stored, &table.memory[..5]), (1, &b"abc\0\xee"[..]));
        let (stored, table) = scanned(secure, "abc", "%s", &[3]);
        assert_eq!((stored, &table.memory[..2]), (0, &b"\0\xee"[..]));
    }
}
