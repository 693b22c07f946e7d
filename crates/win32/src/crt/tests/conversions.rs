//! Numbers as text and the reverse, dates, limited formatting, and signals.

use guest::{FaultKind, Mode};

use crate::testing::{Guest, alone};

const MINUS_ONE: u64 = 0xffff_ffff;

#[test]
fn conversions_answer_32_bit_code_as_documented() {
    alone(|| conversions(Mode::I386));
}

#[test]
fn conversions_answer_64_bit_code_as_documented() {
    alone(|| conversions(Mode::X86_64));
}

fn conversions(mode: Mode) {
    let mut guest = Guest::new(mode);
    integers(&mut guest);
    decimals(&mut guest);
    dates(&mut guest);
    limits(&mut guest);
    text(&mut guest);
    signals(&mut guest);
}

fn integers(guest: &mut Guest) {
    let out = guest.put(&[0; 80]);
    assert_eq!((guest.call("_itoa", &[MINUS_ONE, out, 10]), guest.text(out)), (out, "-1".to_owned()));
    assert_eq!(
        (guest.call("_itow", &[MINUS_ONE, out, 16]), guest.wide_text(out)),
        (out, "ffffffff".to_owned())
    );
    let least = guest.long(1 << 63);
    assert_eq!(
        (guest.call("_i64toa", &[least.clone(), vec![out, 10]].concat()), guest.text(out)),
        (out, "-9223372036854775808".to_owned())
    );
    assert_eq!(
        (guest.call("_ui64toa", &[least, vec![out, 36]].concat()), guest.text(out)),
        (out, "1y2p0ij32e8e8".to_owned())
    );
    assert_eq!(
        (guest.int("_itoa_s", &[1234, out, 4, 10]), guest.text(out), guest.errno()),
        (34, String::new(), 34)
    );
    assert_eq!((guest.int("_itoa_s", &[1234, out, 5, 10]), guest.text(out)), (0, "1234".to_owned()));
    assert_eq!((guest.int("_ltow_s", &[1234, out, 5, 1]), guest.errno()), (22, 22));
    assert_eq!(guest.call("div", &[MINUS_ONE - 6, 2]) as u32, -3_i32 as u32);
    assert_eq!(guest.fault("div", &[1, 0]), FaultKind::IntegerDivide);
    let arguments = [vec![out], guest.long(-7_i64 as u64), guest.long(2)].concat();
    assert_eq!(guest.call("lldiv", &arguments), out);
    assert_eq!([out, out + 8].map(|at| i64::from_le_bytes(guest.bytes(at))), [-3, -1]);
    let (number, wide, end) =
        (guest.put(b" -0x1fz\0"), guest.wide("99999999999999999999"), guest.pointers(&[0]));
    assert_eq!(guest.call("_strtoi64", &[number, end, 0]) as u32, -31_i32 as u32);
    assert_eq!(guest.pointer(end), number + 6);
    guest.call("_wcstoui64", &[wide, 0, 10]);
    assert_eq!(guest.errno(), 34);
    assert_eq!(guest.call("_rotl", &[0x8000_0001, 33]), 3);
}

fn decimals(guest: &mut Guest) {
    let (point, sign, out) = (guest.put(&[0; 4]), guest.put(&[0; 4]), guest.put(&[0; 40]));
    let value = (-1234.5_f64).to_bits();
    // Of 64-bit code the number is in a register that these calls do not set.
    if guest.mode() == Mode::I386 {
        let arguments = [guest.long(value), vec![6, point, sign]].concat();
        let digits = guest.call("_ecvt", &arguments);
        assert_eq!((guest.text(digits), guest.u32(point), guest.u32(sign)), ("123450".to_owned(), 4, 1));
        let digits = guest.call("_fcvt", &arguments);
        assert_eq!(guest.text(digits), "1234500000");
        let arguments = [guest.long(value), vec![7, out]].concat();
        assert_eq!((guest.call("_gcvt", &arguments), guest.text(out)), (out, "-1234.5".to_owned()));
    }
}

fn dates(guest: &mut Guest) {
    let time = guest.put(&951_826_830_u64.to_le_bytes());
    let date = guest.call("_gmtime64", &[time]);
    let field = |guest: &Guest, at: u64, index: u64| guest.u32(at + 4 * index);
    assert_eq!(
        [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|index| field(guest, date, index)),
        [30, 20, 12, 29, 1, 100, 2, 59, 0]
    );
    assert_eq!(guest.call("localtime", &[time]), date);
    let text = guest.call("asctime", &[date]);
    assert_eq!(guest.text(text), "Tue Feb 29 12:20:30 2000\n");
    assert_eq!(guest.call("_ctime32", &[time]), text);
    assert_eq!(guest.call("mktime", &[date]) as u32, 951_826_830);
    let own = guest.put(&[0; 36]);
    assert_eq!((guest.int("_localtime32_s", &[own, time]), field(guest, own, 5)), (0, 100));
    let never = guest.put(&(-1_i64).to_le_bytes());
    assert_eq!((guest.call("_gmtime64", &[never]), guest.errno()), (0, 22));
    assert_eq!((guest.int("_gmtime64_s", &[own, never]), field(guest, own, 0)), (22, u32::MAX));
}

fn limits(guest: &mut Guest) {
    let (out, format, name) = (guest.put(&[0x55; 16]), guest.put(b"<%s>\0"), guest.put(b"codec\0"));
    let truncate = guest.minus_one();
    assert_eq!(
        (guest.int("_snprintf_s", &[out, 5, truncate, format, name]), guest.text(out)),
        (-1, "<cod".to_owned())
    );
    assert_eq!(
        (guest.int("_snprintf_s", &[out, 8, truncate, format, name]), guest.text(out)),
        (7, "<codec>".to_owned())
    );
    assert_eq!(
        (guest.int("_snprintf_s", &[out, 8, 3, format, name]), guest.text(out)),
        (-1, "<co".to_owned())
    );
    let list = guest.pointers(&[name]);
    assert_eq!(
        (guest.int("_vsnprintf_s", &[out, 5, 7, format, list]), guest.text(out), guest.errno()),
        (-1, String::new(), 34)
    );
    assert_eq!((guest.int("sprintf_s", &[out, 8, format, name]), guest.text(out)), (7, "<codec>".to_owned()));
    assert_eq!((guest.int("sprintf_s", &[out, 7, format, name]), guest.text(out)), (-1, String::new()));
}

fn text(guest: &mut Guest) {
    let (wide, space) = (guest.wide("a bc"), guest.wide(" "));
    let first = guest.call("wcstok", &[wide, space]);
    let second = guest.call("wcstok", &[0, space]);
    assert_eq!((guest.wide_text(first), guest.wide_text(second)), ("a".to_owned(), "bc".to_owned()));
    assert_eq!(guest.call("wcstok", &[0, space]), 0);
    let (from, out, count) = (guest.put(b"codec\0"), guest.put(&[0x55; 32]), guest.pointers(&[0]));
    assert_eq!(
        (guest.int("mbstowcs_s", &[count, out, 8, from, 8]), guest.wide_text(out)),
        (0, "codec".to_owned())
    );
    assert_eq!(guest.pointer(count), 6);
    let truncate = guest.minus_one();
    assert_eq!(
        (guest.int("mbstowcs_s", &[count, out, 4, from, truncate]), guest.wide_text(out)),
        (80, "cod".to_owned())
    );
    assert_eq!(
        (guest.int("mbstowcs_s", &[count, out, 4, from, 5]), guest.wide_text(out)),
        (34, String::new())
    );
    assert_eq!((guest.int("mbstowcs_s", &[count, 0, 0, from, 0]), guest.pointer(count)), (0, 6));
    let (odd, number) = (guest.wide("Ж"), guest.wide("1e300"));
    assert_eq!(guest.int("wcstombs_s", &[count, out, 8, odd, 8]), 42);
    guest.call("wcstof", &[number, 0]);
    assert_eq!(guest.errno(), 34);
}

fn signals(guest: &mut Guest) {
    assert_eq!((guest.call("signal", &[11, 0x1234]), guest.call("signal", &[11, 1])), (0, 0x1234));
    assert_eq!((guest.int("raise", &[11]), guest.int("raise", &[3]), guest.errno()), (0, -1, 22));
    assert_eq!((guest.call("signal", &[3, 1]), guest.errno()), (guest.minus_one(), 22));
    assert_eq!(guest.fault("raise", &[15]), FaultKind::Exit { code: 3 });
    let word = guest.put(&[0; 4]);
    assert_eq!(
        (guest.int("_controlfp_s", &[word, 0, 0]), guest.u32(word)),
        (0, guest.pick(0x9_001f, 0x8_001f))
    );
    assert_eq!(guest.int("_clearfp", &[]), 0);
}
