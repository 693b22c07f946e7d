use super::*;

#[derive(Clone, Copy)]
enum Given {
    Int(i32),
    Long(i64),
    Double(f64),
    Text(&'static str),
}
use Given::{Double, Int, Long, Text};

/// Arguments and texts without a guest: a text's address is its number, from 1.
struct Host<'a> {
    format: Vec<u16>,
    given: std::slice::Iter<'a, Given>,
    texts: Vec<Vec<u16>>,
}

impl Host<'_> {
    fn next(&mut self) -> u64 {
        match *self.given.next().expect("an argument") {
            Int(value) => u64::from(value.cast_unsigned()),
            Long(value) => value.cast_unsigned(),
            Double(value) => value.to_bits(),
            Text(text) => {
                self.texts.push(text.encode_utf16().collect());
                self.texts.len() as u64
            }
        }
    }
}

impl Source for Host<'_> {
    fn format(&self, index: u64) -> Result<u16, Stop> {
        Ok(self.format.get(index as usize).copied().unwrap_or(0))
    }

    fn unit(&self, text: u64, index: u64, wide: bool) -> Result<u16, Stop> {
        let unit = self.texts[text as usize - 1].get(index as usize).copied().unwrap_or(0);
        Ok(if wide { unit } else { unit & 0xff })
    }

    fn int(&mut self) -> Result<u32, Stop> {
        Ok(self.next() as u32)
    }

    fn long_long(&mut self) -> Result<u64, Stop> {
        Ok(self.next())
    }

    fn pointer(&mut self) -> Result<u64, Stop> {
        Ok(self.next())
    }

    fn pointer_size(&self) -> u64 {
        8
    }
}

impl Sink for String {
    fn put(&mut self, unit: u16, times: u64) -> Result<(), Failure> {
        for _ in 0..times {
            self.push(char::from_u32(unit.into()).expect("a character"));
        }
        Ok(())
    }
}

fn formatted(dialect: Dialect, pattern: &str, given: &[Given]) -> Result<String, Failure> {
    let mut host = Host { format: pattern.encode_utf16().collect(), given: given.iter(), texts: Vec::new() };
    let mut text = String::new();
    let length = format(dialect, &mut host, &mut text)?;
    assert_eq!(length, text.chars().count() as u64);
    Ok(text)
}

fn check(dialect: Dialect, table: &[(&str, &[Given], &str)]) {
    for (pattern, given, expected) in table {
        assert_eq!(formatted(dialect, pattern, given).unwrap(), *expected, "{pattern}");
    }
}

#[test]
fn text_and_plain_characters() {
    let table: &[(&str, &[Given], &str)] = &[
        ("plain", &[], "plain"),
        ("100%% %d%", &[Int(1)], "100% 1"),
        ("%s=%d, %s", &[Text("a"), Int(1), Text("b")], "a=1, b"),
        (
            "%5s|%-5s|%.2s|%5.1s|",
            &[Text("abc"), Text("abc"), Text("abc"), Text("abc")],
            "  abc|abc  |ab|    a|",
        ),
        ("%*d|%-*d|%*d|", &[Int(4), Int(1), Int(4), Int(2), Int(-4), Int(3)], "   1|2   |3   |"),
        ("%.*f|%.*f", &[Int(1), Double(0.25), Int(-1), Double(0.5)], "0.2|0.500000"),
        ("%s|%.3s|%8S|", &[Long(0), Long(0), Long(0)], "(null)|(nu|  (null)|"),
        ("%I64d %I32d %Iu", &[Long(-1), Int(-2), Long(3)], "-1 -2 3"),
        ("%p %#p", &[Long(0x12ab), Long(1)], "00000000000012AB 0X0000000000000001"),
        ("%y%", &[], "y"),
    ];
    check(Dialect::default(), table);
}

#[test]
fn text_is_as_wide_as_its_conversion_says() {
    let texts = [Text("\u{141}"); 4];
    assert_eq!(formatted(Dialect::default(), "%s%S%ls%hs", &texts).unwrap(), "A\u{141}\u{141}A");
    let wide = Dialect { wide: true, ..Dialect::default() };
    assert_eq!(formatted(wide, "%s%S%ls%hs", &texts).unwrap(), "\u{141}A\u{141}A");
    assert_eq!(formatted(wide, "%c%C", &[Int(0x141), Int(0x141)]).unwrap(), "\u{141}A");
}

#[test]
fn writing_through_a_pointer_is_refused() {
    let refused = formatted(Dialect::default(), "ab%n", &[Long(1)]);
    assert!(matches!(refused, Err(Failure::Refused(EINVAL))));
}

#[test]
fn what_only_microsoft_prints() {
    let table: &[(&str, &[Given], &str)] = &[
        ("%a", &[Double(1.0)], "0x1.0000000000000p+0"),
        ("%f", &[Double(f64::NAN)], "nan"),
        ("%8f|", &[Double(-f64::NAN)], "-nan(ind)|"),
        ("%F", &[Double(f64::from_bits(0x7ff0_0000_0000_0001))], "NAN(SNAN)"),
    ];
    check(Dialect::default(), table);
    let legacy = Dialect { three_digit_exponents: true, ..Dialect::default() };
    check(legacy, &[("%e %g", &[Double(1.0), Double(1e-7)], "1.000000e+000 1e-007")]);
}

#[test]
fn precision_beyond_all_digits_is_zeros() {
    let text = formatted(Dialect::default(), "%.5000f", &[Double(1.5)]).unwrap();
    assert_eq!(text, format!("1.5{}", "0".repeat(4999)));
    let text = formatted(Dialect::default(), "%.5000e", &[Double(1e300)]).unwrap();
    assert_eq!((text.len(), text.ends_with("00e+300")), (5007, true));
    let text = formatted(Dialect::default(), "%f", &[Double(f64::MAX)]).unwrap();
    assert_eq!((text.len(), text.starts_with("179769313486231570814527423731704356798070")), (316, true));
}

/// What a C library prints (glibc 2.36) where the standard leaves no choice.
#[test]
fn numbers_as_c_prints_them() {
    check(Dialect::default(), NUMBERS);
}

#[rustfmt::skip]
const NUMBERS: &[(&str, &[Given], &str)] = &[
    ("%d", &[Int(0)], "0"),
    ("%d", &[Int(-1)], "-1"),
    ("%i", &[Int(2147483647)], "2147483647"),
    ("%5d|", &[Int(42)], "   42|"),
    ("%-5d|", &[Int(42)], "42   |"),
    ("%05d", &[Int(-42)], "-0042"),
    ("%+d", &[Int(7)], "+7"),
    ("% d", &[Int(7)], " 7"),
    ("%.3d", &[Int(7)], "007"),
    ("%8.3d", &[Int(-7)], "    -007"),
    ("%08.3d", &[Int(7)], "     007"),
    ("%.0d", &[Int(0)], ""),
    ("%+.0d", &[Int(0)], "+"),
    ("%u", &[Int(-1)], "4294967295"),
    ("%hd", &[Int(65537)], "1"),
    ("%hhd", &[Int(511)], "-1"),
    ("%hu", &[Int(-1)], "65535"),
    ("%hhu", &[Int(-1)], "255"),
    ("%x", &[Int(255)], "ff"),
    ("%X", &[Int(255)], "FF"),
    ("%#x", &[Int(255)], "0xff"),
    ("%#X", &[Int(255)], "0XFF"),
    ("%#x", &[Int(0)], "0"),
    ("%#10x", &[Int(255)], "      0xff"),
    ("%#010x", &[Int(255)], "0x000000ff"),
    ("%-#10x|", &[Int(255)], "0xff      |"),
    ("%o", &[Int(8)], "10"),
    ("%#o", &[Int(8)], "010"),
    ("%#o", &[Int(0)], "0"),
    ("%#.0o", &[Int(0)], "0"),
    ("%#.5o", &[Int(8)], "00010"),
    ("%c", &[Int(65)], "A"),
    ("%3c|", &[Int(65)], "  A|"),
    ("%-3c|", &[Int(65)], "A  |"),
    ("%ld", &[Int(-5)], "-5"),
    ("%+ d", &[Int(5)], "+5"),
    ("%-05d|", &[Int(5)], "5    |"),
    ("%lld", &[Long(-9223372036854775807)], "-9223372036854775807"),
    ("%llu", &[Long(1234567890123456789)], "1234567890123456789"),
    ("%llx", &[Long(81985529216486895)], "123456789abcdef"),
    ("%zu", &[Long(99)], "99"),
    ("%jd", &[Long(-99)], "-99"),
    ("%td", &[Long(-3)], "-3"),
    ("%llo", &[Long(4611686018427387904)], "400000000000000000000"),
    ("%f", &[Double(0.0)], "0.000000"),
    ("%f", &[Double(-0.0)], "-0.000000"),
    ("%f", &[Double(1.5)], "1.500000"),
    ("%.0f", &[Double(0.5)], "0"),
    ("%.0f", &[Double(1.5)], "2"),
    ("%.0f", &[Double(2.5)], "2"),
    ("%.1f", &[Double(0.25)], "0.2"),
    ("%.1f", &[Double(0.35)], "0.3"),
    ("%.2f", &[Double(1.005)], "1.00"),
    ("%#.0f", &[Double(3.0)], "3."),
    ("%10.3f|", &[Double(3.15159)], "     3.152|"),
    ("%-10.3f|", &[Double(3.15159)], "3.152     |"),
    ("%010.3f", &[Double(-3.15159)], "-00003.152"),
    ("%+f", &[Double(2.0)], "+2.000000"),
    ("% f", &[Double(2.0)], " 2.000000"),
    ("%.20f", &[Double(0.1)], "0.10000000000000000555"),
    ("%f", &[Double(1e22)], "10000000000000000000000.000000"),
    ("%.3f", &[Double(123456789.9995)], "123456790.000"),
    ("%.30f", &[Double(1e-20)], "0.000000000000000000010000000000"),
    ("%e", &[Double(0.0)], "0.000000e+00"),
    ("%e", &[Double(1.0)], "1.000000e+00"),
    ("%e", &[Double(12345.678)], "1.234568e+04"),
    ("%.0e", &[Double(2.5)], "2e+00"),
    ("%.0e", &[Double(3.5)], "4e+00"),
    ("%#.0e", &[Double(3.0)], "3.e+00"),
    ("%E", &[Double(1e-300)], "1.000000E-300"),
    ("%.3e", &[Double(9.9996)], "1.000e+01"),
    ("%15.4e|", &[Double(-0.00012345)], "    -1.2345e-04|"),
    ("%-15.4e|", &[Double(0.00012345)], "1.2345e-04     |"),
    ("%015.4e", &[Double(0.00012345)], "000001.2345e-04"),
    ("%.15e", &[Double(5e-324)], "4.940656458412465e-324"),
    ("%e", &[Double(1e100)], "1.000000e+100"),
    ("%g", &[Double(0.0)], "0"),
    ("%g", &[Double(1.0)], "1"),
    ("%g", &[Double(100000.0)], "100000"),
    ("%g", &[Double(1000000.0)], "1e+06"),
    ("%g", &[Double(0.0001)], "0.0001"),
    ("%g", &[Double(0.00001)], "1e-05"),
    ("%g", &[Double(123456.7)], "123457"),
    ("%g", &[Double(1234567.0)], "1.23457e+06"),
    ("%#g", &[Double(1.0)], "1.00000"),
    ("%.3g", &[Double(0.00012345)], "0.000123"),
    ("%.0g", &[Double(123.0)], "1e+02"),
    ("%G", &[Double(1e-10)], "1E-10"),
    ("%.10g", &[Double(0.1)], "0.1"),
    ("%.17g", &[Double(0.1)], "0.10000000000000001"),
    ("%g", &[Double(999999.5)], "1e+06"),
    ("%g", &[Double(99999.95)], "99999.9"),
    ("%10g|", &[Double(1.5)], "       1.5|"),
    ("%-10g|", &[Double(1.5)], "1.5       |"),
    ("%010g", &[Double(-1.5)], "-0000001.5"),
    ("%#.3g", &[Double(10.0)], "10.0"),
    ("%.13a", &[Double(1.0)], "0x1.0000000000000p+0"),
    ("%.13a", &[Double(-0.1)], "-0x1.999999999999ap-4"),
    ("%.0a", &[Double(1.5)], "0x2p+0"),
    ("%.1a", &[Double(1.96875)], "0x2.0p+0"),
    ("%.3A", &[Double(3.15159)], "0X1.936P+1"),
    ("%.2a", &[Double(0.0)], "0x0.00p+0"),
    ("%#.0a", &[Double(1.0)], "0x1.p+0"),
    ("%.15a", &[Double(1.0)], "0x1.000000000000000p+0"),
    ("%25.3a|", &[Double(10.5)], "               0x1.500p+3|"),
    ("%025.3a", &[Double(10.5)], "0x0000000000000001.500p+3"),
    ("%.13a", &[Double(5e-324)], "0x0.0000000000001p-1022"),
    ("%f", &[Double(f64::INFINITY)], "inf"),
    ("%F", &[Double(f64::INFINITY)], "INF"),
    ("%010f", &[Double(f64::INFINITY)], "       inf"),
    ("%+f", &[Double(f64::INFINITY)], "+inf"),
    ("%g", &[Double(f64::NEG_INFINITY)], "-inf"),
];
