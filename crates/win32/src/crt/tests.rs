//! Functions called the way the guest calls them: through their thunks.

use std::time::Duration;

use guest::FaultKind;

use crate::testing::{Guest, alone};

#[test]
fn functions_answer_as_documented() {
    alone(|| {
        let mut guest = Guest::new();
        bytes_and_blocks(&mut guest);
        strings(&mut guest);
        wide_strings(&mut guest);
        printing(&mut guest);
        output(&mut guest);
        scanning_and_converting(&mut guest);
        callbacks(&mut guest);
        exits(&mut guest);
        environment(&mut guest);
        long_work_ends_when_interrupted(&mut guest);
    });
}

/// Work that would take seconds to hours.
fn long_work_ends_when_interrupted(guest: &mut Guest) {
    const LONG: u64 = 4 << 20;
    let [a, b, part] = [b'a', b'b', b'a'].map(|letter| {
        let text = guest.call("calloc", &[LONG, 1]);
        guest.call("memset", &[text, letter.into(), LONG - 2]);
        text
    });
    guest.call("memset", &[part + LONG / 2, b'b'.into(), LONG / 2 - 1]);
    let block = guest.call("malloc", &[1 << 28]);
    let (zeros, half) = (guest.call("calloc", &[1 << 28, 1]), 1 << 27);
    let widths = guest.put(b"%2000000000d%2000000000d\0");
    let compare = guest.address("strcmp");
    let calls: [(&str, &[u64]); 8] = [
        ("strcspn", &[a, b]),
        ("strpbrk", &[a, b]),
        ("strstr", &[a, part]),
        ("sscanf", &[a, a]),
        ("sprintf", &[block, widths]),
        ("qsort", &[zeros, half >> 3, 8, compare]),
        ("memcmp", &[zeros, zeros + half, half]),
        ("_initterm", &[zeros, zeros + (half << 1)]),
    ];
    for (function, arguments) in calls {
        let fault = guest.interrupted(Duration::from_millis(5), function, arguments);
        assert_eq!(fault, FaultKind::Deadline, "{function}");
    }
    assert_eq!(guest.call("strlen", &[a]), LONG - 2);
}

fn bytes_and_blocks(guest: &mut Guest) {
    let block = guest.call("calloc", &[4, 4]);
    assert_eq!((block % 16, guest.call("_msize", &[block])), (0, 16));
    assert_eq!(guest.call("memset", &[block, 0x1ab, 3]), block);
    assert_eq!(guest.bytes(block), [0xab, 0xab, 0xab, 0]);
    let moved = guest.call("realloc", &[block, 5000]);
    assert_eq!(guest.bytes(moved), [0xab, 0xab, 0xab, 0]);
    assert_eq!(guest.call("memchr", &[moved, 0, 16]), moved + 3);
    assert_eq!(guest.call("memcmp", &[moved, moved + 1, 2]), 0);
    let (low, high) = ([b'x'; 300], [[b'x'; 299].as_slice(), b"y"].concat());
    let (low, high) = (guest.put(&low), guest.put(&high));
    assert!(guest.int("memcmp", &[low, high, 300]) < 0 && guest.int("memcmp", &[high, low, 300]) > 0);
    assert_eq!(guest.call("memmove", &[high + 1, high, 299]), high + 1);
    assert_eq!(guest.bytes(high + 298), *b"xx");
    guest.call("free", &[moved]);
    assert_eq!(guest.call("calloc", &[u64::MAX, 2]), 0);
    assert_eq!(guest.errno(), 12);
    let aligned = guest.call("_aligned_malloc", &[10, 256]);
    assert!(aligned != 0 && aligned.is_multiple_of(256));
    guest.call("_aligned_free", &[aligned]);
    assert!(matches!(
        guest.fault("memcpy", &[0, low, 1]),
        FaultKind::AccessViolation { address: Some(0), .. }
    ));
}

fn strings(guest: &mut Guest) {
    let [hello, ell, upper] = [b"hello\0".as_slice(), b"ell\0", b"HELLO\0"].map(|text| guest.put(text));
    let buffer = guest.put(&[0xee; 32]);
    assert_eq!(guest.call("strlen", &[hello]), 5);
    assert_eq!(guest.int("strcmp", &[hello, ell]), 1);
    assert_eq!(guest.int("_stricmp", &[hello, upper]), 0);
    assert_eq!(guest.int("strncmp", &[hello + 1, ell, 3]), 0);
    assert_eq!(guest.call("strchr", &[hello, b'l'.into()]), hello + 2);
    assert_eq!(guest.call("strchr", &[hello, 0]), hello + 5);
    assert_eq!(guest.call("strrchr", &[hello, b'l'.into()]), hello + 3);
    assert_eq!(guest.call("strstr", &[hello, ell]), hello + 1);
    assert_eq!(guest.call("strstr", &[hello, upper]), 0);
    assert_eq!(guest.call("strcspn", &[hello, ell]), 1);
    assert_eq!(guest.call("strspn", &[hello + 1, ell]), 3);
    assert_eq!(guest.call("strncpy", &[buffer, hello, 7]), buffer);
    assert_eq!(guest.bytes(buffer), *b"hello\0\0\xee");
    guest.call("strcat", &[buffer, ell]);
    assert_eq!(guest.text(buffer), "helloell");
    assert_eq!(guest.int("strcpy_s", &[buffer, 5, hello]), 34);
    assert_eq!(guest.text(buffer), "");
    assert_eq!(guest.int("strcpy_s", &[buffer, 6, hello]), 0);
    let copy = guest.call("_strdup", &[hello]);
    assert_eq!(guest.text(copy), "hello");
    let (list, comma, context) = (guest.put(b",a,,b\0"), guest.put(b",\0"), guest.put(&[0; 8]));
    let first = guest.call("strtok_s", &[list, comma, context]);
    let second = guest.call("strtok_s", &[0, comma, context]);
    assert_eq!((guest.text(first), guest.text(second)), ("a".to_owned(), "b".to_owned()));
    assert_eq!(guest.call("strtok_s", &[0, comma, context]), 0);
    let message = guest.call("strerror", &[2]);
    assert_eq!(guest.text(message), "No such file or directory");
}

fn wide_strings(guest: &mut Guest) {
    let (text, part) = (guest.wide("héllo"), guest.wide("LLO"));
    let buffer = guest.put(&[0xee; 32]);
    assert_eq!(guest.call("wcslen", &[text]), 5);
    assert_eq!(guest.int("_wcsicmp", &[text + 4, part]), 0);
    assert_eq!(guest.call("wcschr", &[text, 0xe9]), text + 2);
    assert_eq!((guest.int("wcscmp", &[text, part]), guest.int("_wcsnicmp", &[text + 4, part, 2])), (1, 0));
    assert_eq!(guest.call("wcstombs", &[buffer, text, 32]), 5);
    assert_eq!(guest.bytes(buffer), *b"h\xe9llo\0\xee");
    let back = guest.put(&[0xee; 32]);
    assert_eq!(guest.call("mbstowcs", &[back, buffer, 16]), 5);
    assert_eq!(guest.wide_text(back), "héllo");
    assert_eq!(guest.call("wcsncpy", &[buffer, text, 6]), buffer);
    assert_eq!(guest.call("wcscat", &[buffer, part]), buffer);
    assert_eq!(guest.wide_text(buffer), "hélloLLO");
    assert_eq!(guest.call("wcsstr", &[buffer, part]), buffer + 10);
    let beyond = guest.wide("\u{141}");
    assert_eq!(guest.call("wcstombs", &[buffer, beyond, 8]), u64::MAX);
    assert_eq!(guest.errno(), 42);
}

fn printing(guest: &mut Guest) {
    let buffer = guest.put(&[0xee; 64]);
    let (format, word) = (guest.put(b"%s %d %.2f %lld %x\0"), guest.put(b"abc\0"));
    let minus = u64::from((-7_i32).cast_unsigned()) | 0xdead << 32;
    let arguments = [word, minus, 2.5_f64.to_bits(), u64::MAX, 255];
    let call = [[buffer, format].as_slice(), &arguments].concat();
    assert_eq!(guest.int("sprintf", &call), 17);
    assert_eq!(guest.text(buffer), "abc -7 2.50 -1 ff");
    let list = guest.put(&arguments.map(u64::to_le_bytes).concat());
    // Room for all, for the text without its zero, for less; msvcrt's way, the standard's, and vsprintf's.
    for (options, count, answer, text) in [
        (1, 18, 17, "abc -7 2.50 -1 ff\0\u{1}"),
        (1, 17, 17, "abc -7 2.50 -1 ff\u{1}"),
        (1, 16, -1, "abc -7 2.50 -1 f\u{1}"),
        (2, 16, 17, "abc -7 2.50 -1 \0\u{1}"),
        (3, 16, 17, "abc -7 2.50 -1 \0\u{1}"),
        (2, 1, 17, "\0\u{1}"),
        (0, u64::MAX, 17, "abc -7 2.50 -1 ff\0\u{1}"),
    ] {
        guest.call("memset", &[buffer, 1, 64]);
        let call = [options, buffer, count, format, 0, list];
        assert_eq!(guest.int("__stdio_common_vsprintf", &call), answer, "options {options}, count {count}");
        let mut shown = vec![0; text.len()];
        guest.process.machine.memory.read(buffer, &mut shown).unwrap();
        assert_eq!(shown, text.as_bytes(), "options {options}, count {count}");
    }
    assert_eq!(guest.int("__stdio_common_vsprintf", &[2, 0, 0, format, 0, list]), 17);
    assert_eq!(guest.int("_vsnprintf", &[buffer, 3, format, list]), -1);
    assert_eq!(guest.int("__stdio_common_vsprintf_s", &[0, buffer, 17, format, 0, list]), -1);
    assert_eq!((guest.text(buffer), guest.errno()), (String::new(), 34));
    let exponent = guest.put(b"%g\0");
    guest.call("sprintf", &[buffer, exponent, 1e9_f64.to_bits()]);
    assert_eq!(guest.text(buffer), "1e+009");
    let (format, word) = (guest.wide("<%s|%S>"), guest.wide("wide"));
    let narrow = guest.put(b"narrow\0");
    assert_eq!(guest.int("_snwprintf", &[buffer, 32, format, word, narrow]), 13);
    assert_eq!(guest.wide_text(buffer), "<wide|narrow>");
}

fn output(guest: &mut Guest) {
    let error = guest.call("__acrt_iob_func", &[2]);
    let files = guest.call("__iob_func", &[]);
    assert_eq!(error, files + 2 * 48);
    let (text, format) = (guest.put(b"one\r\ntwo\nthree"), guest.put(b" %d\n\0"));
    assert_eq!(guest.call("fwrite", &[text, 7, 2, error]), 2);
    assert_eq!(guest.int("fprintf", &[error, format, 4]), 3);
    assert_eq!(*guest.said.borrow(), ["one", "two", "three 4"]);
    assert_eq!(guest.int("_write", &[2, text, 3]), 3);
    assert_eq!(guest.said.borrow().len(), 3);
    guest.call("fflush", &[0]);
    assert_eq!(guest.said.borrow_mut().pop().unwrap(), "one");
    guest.call("_write", &[1, text + 10, 3]);
    (0..2).for_each(|_| guest.process.report(1, Ok(0)).unwrap());
    assert_eq!(*guest.said.borrow(), ["one", "two", "three 4", "hre"]);
    assert_eq!((guest.call("fopen", &[text, text]), guest.errno()), (0, 13));
    assert_eq!((guest.int("_close", &[3]), guest.errno()), (-1, 9));
    assert_eq!(guest.call("fwrite", &[text, 1, 1, text]), 0);
}

fn scanning_and_converting(guest: &mut Guest) {
    let (input, format) = (guest.put(b"12 abc 2.5\0"), guest.put(b"%d %s %lf\0"));
    let results = [0; 3].map(|_: u8| guest.put(&[0xee; 15]));
    let list = guest.put(&results.map(u64::to_le_bytes).concat());
    assert_eq!(guest.int("__stdio_common_vsscanf", &[0, input, u64::MAX, format, 0, list]), 3);
    let [number, word, double] = results;
    assert_eq!((guest.bytes(number), guest.text(word)), ([12, 0, 0, 0, 0xee], "abc".to_owned()));
    assert_eq!(f64::from_le_bytes(guest.bytes(double)), 2.5);
    assert_eq!(guest.int("__stdio_common_vsscanf", &[0, input, 1, format, 0, list]), 1);
    let (hexadecimal, end) = (guest.put(b" 0x7fz\0"), guest.put(&[0; 8]));
    assert_eq!(guest.int("strtol", &[hexadecimal, end, 0]), 127);
    assert_eq!(u64::from_le_bytes(guest.bytes(end)), hexadecimal + 5);
    let large = guest.put(b"-99999999999\0");
    assert_eq!((guest.int("atoi", &[large]), guest.errno()), (i32::MIN, 34));
}

fn callbacks(guest: &mut Guest) {
    let compare = guest.address("strcmp");
    let array = guest.put(b"dog\0ant\0emu\0cat\0bee\0fox\0ape\0");
    guest.call("qsort", &[array, 7, 4, compare]);
    assert_eq!(guest.bytes(array), *b"ant\0ape\0bee\0cat\0dog\0emu\0fox\0");
    let (key, none) = (guest.put(b"cat\0"), guest.put(b"cow\0"));
    assert_eq!(guest.call("bsearch", &[key, array, 7, 4, compare]), array + 12);
    assert_eq!(guest.call("bsearch", &[none, array, 7, 4, compare]), 0);
    // A fault in a comparison ends the call of qsort.
    assert!(matches!(guest.fault("qsort", &[array, 7, 4, 0x10]), FaultKind::AccessViolation { .. }));
    let rand = guest.address("rand");
    let table = guest.put(&[rand, 0, rand].map(u64::to_le_bytes).concat());
    guest.call("srand", &[1]);
    guest.call("_initterm", &[table, table + 24]);
    assert_eq!(guest.int("rand", &[]), 6334);
    assert_eq!(guest.int("_initterm_e", &[table, table + 24]), 26500);
}

fn exits(guest: &mut Guest) {
    let rand = guest.address("rand");
    guest.call("srand", &[1]);
    for _ in 0..40 {
        assert_eq!(guest.call("_onexit", &[rand]), rand);
    }
    guest.call("_cexit", &[]);
    guest.call("_cexit", &[]);
    let after = guest.int("rand", &[]);
    guest.call("srand", &[1]);
    let expected = (0..41).map(|_| guest.int("rand", &[])).last();
    assert_eq!(Some(after), expected);
    // What an image has registered with the library runs at the image's end, once.
    guest.call("srand", &[1]);
    guest.call("_crt_atexit", &[rand]);
    for image in [0..rand, rand..rand + 1, rand..rand + 1] {
        super::run_exit_functions_in(&mut guest.process, &image).unwrap();
    }
    assert_eq!(guest.int("rand", &[]), 18467);
    let first = guest.call("malloc", &[8]);
    let (begin, end) = (guest.put(&first.to_le_bytes()), guest.put(&first.to_le_bytes()));
    assert_eq!(guest.call("__dllonexit", &[rand, begin, end]), rand);
    let [begin, end] = [begin, end].map(|at| u64::from_le_bytes(guest.bytes(at)));
    assert_eq!((end - begin, u64::from_le_bytes(guest.bytes(begin))), (8, rand));
    assert_eq!(guest.fault("abort", &[]), FaultKind::Exit { code: 3 });
    assert_eq!(guest.fault("exit", &[7]), FaultKind::Exit { code: 7 });
    let (message, file) = (guest.put(b"x > 0\0"), guest.put(b"codec.c\0"));
    let text = "x > 0, codec.c line 12".to_owned();
    assert_eq!(guest.fault("_assert", &[message, file, 12]), FaultKind::Assertion { text });
}

fn environment(guest: &mut Guest) {
    let (debug, path) = (guest.put(b"WINEDEBUG\0"), guest.put(b"PATH\0"));
    let value = guest.call("getenv", &[debug]);
    assert_eq!((guest.text(value), guest.call("getenv", &[path])), ("-all".to_owned(), 0));
    let locale = guest.call("setlocale", &[0, 0]);
    assert_eq!((guest.text(locale), guest.call("setlocale", &[0, path])), ("C".to_owned(), 0));
    let lconv = guest.call("localeconv", &[]);
    let [point, separator] = [0, 8].map(|at| u64::from_le_bytes(guest.bytes(lconv + at)));
    assert_eq!((guest.text(point), guest.text(separator)), (".".to_owned(), String::new()));
    assert_eq!(guest.call("_controlfp", &[0, 0]), 0x9_001f);
    assert_eq!(guest.int("toupper", &[b'z'.into()]), i32::from(b'Z'));
    assert_eq!(guest.int("isalpha", &[u64::from(u32::MAX)]), 0);
    assert_eq!(
        [b'x', b'_', b'\t'].map(|unit| guest.int("iswctype", &[unit.into(), 0x48 | 0x103])),
        [1, 0, 1]
    );
}
