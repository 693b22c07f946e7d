//! Functions called the way the guest calls them: through their thunks.

mod conversions;
mod invalid;
mod natives;
mod programs;
mod texts;

use std::time::Duration;

use guest::{FaultKind, Mode};

use crate::testing::{Guest, alone};

#[test]
fn functions_answer_32_bit_code_as_documented() {
    alone(|| functions_answer(Mode::I386));
}

#[test]
fn functions_answer_64_bit_code_as_documented() {
    alone(|| functions_answer(Mode::X86_64));
}

fn functions_answer(mode: Mode) {
    let mut guest = Guest::new(mode);
    bytes_and_blocks(&mut guest);
    strings(&mut guest);
    wide_strings(&mut guest);
    printing(&mut guest);
    output(&mut guest);
    scanning_and_converting(&mut guest);
    callbacks(&mut guest);
    exits(&mut guest);
    environment(&mut guest);
    variables(&mut guest);
    times(&mut guest);
    long_work_ends_when_interrupted(&mut guest);
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
        // A native function is guest code: a signal ends it, which nobody sends here.
        if guest.process.machine.native(function).is_some() {
            continue;
        }
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
    assert_eq!(guest.call("wcstombs", &[buffer, beyond, 8]), guest.minus_one());
    assert_eq!(guest.errno(), 42);
}

fn printing(guest: &mut Guest) {
    let buffer = guest.put(&[0xee; 64]);
    let (format, word) = (guest.put(b"%s %d %.2f %lld %x\0"), guest.put(b"abc\0"));
    let minus = u64::from((-7_i32).cast_unsigned()) | 0xdead << 32;
    let (double, all) = (guest.long(2.5_f64.to_bits()), guest.long(u64::MAX));
    let arguments = [&[word, minus], &double[..], &all, &[255]].concat();
    let call = [&[buffer, format], &arguments[..]].concat();
    assert_eq!(guest.int("sprintf", &call), 17);
    assert_eq!(guest.text(buffer), "abc -7 2.50 -1 ff");
    let list = guest.pointers(&arguments);
    let call = |guest: &Guest, options, rest: &[u64]| [&guest.long(options)[..], rest].concat();
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
        let call = call(guest, options, &[buffer, count, format, 0, list]);
        assert_eq!(guest.int("__stdio_common_vsprintf", &call), answer, "options {options}, count {count}");
        let mut shown = vec![0; text.len()];
        guest.process.machine.memory.read(buffer, &mut shown).unwrap();
        assert_eq!(shown, text.as_bytes(), "options {options}, count {count}");
    }
    let measure = call(guest, 2, &[0, 0, format, 0, list]);
    assert_eq!(guest.int("__stdio_common_vsprintf", &measure), 17);
    assert_eq!(guest.int("_vsnprintf", &[buffer, 3, format, list]), -1);
    let short = call(guest, 0, &[buffer, 17, format, 0, list]);
    assert_eq!(guest.int("__stdio_common_vsprintf_s", &short), -1);
    assert_eq!((guest.text(buffer), guest.errno()), (String::new(), 34));
    let exponent = guest.put(b"%g\0");
    let billion = [&[buffer, exponent], &guest.long(1e9_f64.to_bits())[..]].concat();
    guest.call("sprintf", &billion);
    assert_eq!(guest.text(buffer), "1e+009");
    let wide_as_pointers = guest.put(b"%p %Ix %zd %d\0");
    guest.call("sprintf", &[buffer, wide_as_pointers, 0x12ab, 0x9000_0000, u64::MAX, 5]);
    let expected = guest.pick("000012AB 90000000 -1 5", "00000000000012AB 90000000 -1 5");
    assert_eq!(guest.text(buffer), expected);
    let (format, word) = (guest.wide("<%s|%S>"), guest.wide("wide"));
    let narrow = guest.put(b"narrow\0");
    assert_eq!(guest.int("_snwprintf", &[buffer, 32, format, word, narrow]), 13);
    assert_eq!(guest.wide_text(buffer), "<wide|narrow>");
}

fn output(guest: &mut Guest) {
    let error = guest.call("__acrt_iob_func", &[2]);
    let files = guest.call("__iob_func", &[]);
    assert_eq!(error, files + 2 * guest.pick(32, 48));
    assert_eq!(guest.u32(error + guest.pick(16, 28)), 2);
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
    let read = guest.put(b"r\0");
    assert_eq!((guest.call("fopen", &[text, read]), guest.errno()), (0, 13));
    assert_eq!((guest.call("fopen", &[text, text]), guest.errno()), (0, 22));
    assert_eq!((guest.int("_close", &[3]), guest.errno()), (-1, 9));
    assert_eq!(
        (guest.call("fputwc", &[u64::from(b'!'), error]), guest.call("getwc", &[files])),
        (0x21, 0xffff)
    );
    let stat = guest.put(&[0xee; 60]);
    assert_eq!(
        (guest.int("_fstat64", &[2, stat]), guest.u32(stat), guest.u32(stat + 4)),
        (0, 2, 0x2000_0000)
    );
    assert_eq!((guest.u32(stat + 16), guest.u32(stat + 52), guest.u32(stat + 56)), (2, 0, 0xeeee_eeee));
    assert_eq!((guest.int("_fstat64", &[3, stat]), guest.errno()), (-1, 9));
    assert_eq!(guest.call("fwrite", &[text, 1, 1, text]), 0);
}

fn scanning_and_converting(guest: &mut Guest) {
    let (input, format) = (guest.put(b"12 abc 2.5\0"), guest.put(b"%d %s %lf\0"));
    let results = [0; 3].map(|_: u8| guest.put(&[0xee; 15]));
    let list = guest.pointers(&results);
    let no_options = guest.long(0);
    let all = [&no_options[..], &[input, u64::MAX, format, 0, list]].concat();
    assert_eq!(guest.int("__stdio_common_vsscanf", &all), 3);
    let [number, word, double] = results;
    assert_eq!((guest.bytes(number), guest.text(word)), ([12, 0, 0, 0, 0xee], "abc".to_owned()));
    assert_eq!(f64::from_le_bytes(guest.bytes(double)), 2.5);
    let first = [&no_options[..], &[input, 1, format, 0, list]].concat();
    assert_eq!(guest.int("__stdio_common_vsscanf", &first), 1);
    let (address, as_pointer) = (guest.put(b"12AB 7\0"), guest.put(b"%p %Id\0"));
    assert_eq!(guest.int("sscanf", &[address, as_pointer, number, double]), 2);
    assert_eq!((guest.pointer(number), guest.pointer(double)), (0x12ab, 7));
    assert_eq!(guest.bytes(number + guest.pointer_size()), [0xee]);
    let (hexadecimal, end) = (guest.put(b" 0x7fz\0"), guest.put(&[0; 8]));
    assert_eq!(guest.int("strtol", &[hexadecimal, end, 0]), 127);
    assert_eq!(guest.pointer(end), hexadecimal + 5);
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
    let table = guest.pointers(&[rand, 0, rand]);
    let end = table + 3 * guest.pointer_size();
    guest.call("srand", &[1]);
    guest.call("_initterm", &[table, end]);
    assert_eq!(guest.int("rand", &[]), 6334);
    assert_eq!(guest.int("_initterm_e", &[table, end]), 26500);
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
    let (begin, end) = (guest.pointers(&[first]), guest.pointers(&[first]));
    assert_eq!(guest.call("__dllonexit", &[rand, begin, end]), rand);
    let [begin, end] = [begin, end].map(|at| guest.pointer(at));
    assert_eq!((end - begin, guest.pointer(begin)), (guest.pointer_size(), rand));
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
    let [point, separator] = [0, guest.pointer_size()].map(|at| guest.pointer(lconv + at));
    assert_eq!((guest.text(point), guest.text(separator)), (".".to_owned(), String::new()));
    let wide_point = guest.pointer(lconv + guest.pick(48, 88));
    assert_eq!(
        (guest.bytes(lconv + guest.pick(40, 80)), guest.wide_text(wide_point)),
        ([0x7f; 8], ".".to_owned())
    );
    assert_eq!(guest.call("_controlfp", &[0, 0]), guest.pick(0x9_001f, 0x8_001f));
    assert_eq!(guest.int("toupper", &[b'z'.into()]), i32::from(b'Z'));
    assert_eq!(guest.int("isalpha", &[u64::from(u32::MAX)]), 0);
    assert_eq!(
        [b'x', b'_', b'\t'].map(|unit| guest.int("iswctype", &[unit.into(), 0x48 | 0x103])),
        [1, 0, 1]
    );
}

fn variables(guest: &mut Guest) {
    for (function, variable) in [
        ("__iob_func", "_iob"),
        ("__p__fmode", "_fmode"),
        ("__p__commode", "_commode"),
        ("__p___argc", "__argc"),
        ("__p___argv", "__argv"),
        ("__p__environ", "_environ"),
        ("__p___initenv", "__initenv"),
        ("__p__acmdln", "_acmdln"),
        ("__p___mb_cur_max", "__mb_cur_max"),
    ] {
        assert_eq!(guest.call(function, &[]), guest.address(variable), "{variable}");
    }
    let name = guest.put(b"_fmode\0");
    let library = guest.put(b"msvcrt.dll\0");
    let msvcrt = guest.call("GetModuleHandleA", &[library]);
    let found = guest.call("GetProcAddress", &[msvcrt, name]);
    assert_eq!((found, guest.u32(found)), (guest.address("_fmode"), 0x4000));

    let at = guest.address("__mb_cur_max");
    assert_eq!((guest.u32(at), guest.call("___mb_cur_max_func", &[])), (1, 1));
    let (arguments, environment) = (guest.address("__argv"), guest.address("_environ"));
    let (arguments, environment) = (guest.pointer(arguments), guest.pointer(environment));
    assert_eq!(guest.text(guest.pointer(arguments)), "drvhost");
    let entry = guest.pointer(environment);
    assert_eq!(
        (guest.text(entry), guest.pointer(environment + guest.pointer_size())),
        ("WINEDEBUG=-all".to_owned(), 0)
    );
    let name = guest.put(b"WINEDEBUG\0");
    assert_eq!(guest.call("getenv", &[name]), entry + 10);
    let (ansi, wide) = (guest.address("_acmdln"), guest.address("_wcmdln"));
    assert_eq!(guest.pointer(ansi), guest.call("GetCommandLineA", &[]));
    assert_eq!(guest.pointer(wide), guest.call("GetCommandLineW", &[]));
    let huge = guest.address("_HUGE");
    assert_eq!(f64::from_le_bytes(guest.bytes(huge)), f64::INFINITY);
    let at = guest.address("_pctype");
    let classes = guest.pointer(at);
    assert_eq!(guest.call("__pctype_func", &[]), classes);
    let class = |guest: &Guest, at: u64| u16::from_le_bytes(guest.bytes(at));
    let letter = classes + 2 * u64::from(b'A');
    assert_eq!([classes - 2, letter, classes + 64].map(|at| class(guest, at)), [0, 0x181, 0x48]);
    let (count, messages) = (guest.address("_sys_nerr"), guest.address("_sys_errlist"));
    let denied = guest.pointer(messages + 13 * guest.pointer_size());
    assert_eq!((guest.u32(count), guest.text(denied)), (43, "Permission denied".to_owned()));
    let names = guest.address("_tzname");
    assert_eq!(guest.text(guest.pointer(names + guest.pointer_size())), "UTC");
    let version = guest.address("_winver");
    assert_eq!(guest.u32(version), 0x601);
}

fn times(guest: &mut Guest) {
    let [own, long, short] = [0; 3].map(|_: u8| guest.put(&[0xee; 15]));
    let since = guest.call("time", &[own]);
    assert_eq!(guest.pointer(own), since);
    assert_eq!(guest.bytes(own + guest.pointer_size()), [0xee; 4]);
    guest.call("_time64", &[long]);
    assert!(u64::from_le_bytes(guest.bytes(long)) - since < 100);
    assert!(guest.call("_time32", &[short]) - since < 100);
    let block = guest.put(&[0xee; 20]);
    guest.call("_ftime", &[block]);
    let zone = u32::from_le_bytes(guest.bytes(block + guest.pick(6, 10)));
    assert!(guest.pointer(block) - since < 100 && zone == 0);
    assert_eq!(guest.bytes(block + guest.pick(12, 16)), [0xee; 4]);

    let tm: Vec<u8> = [7, 5, 15, 9, 6, 124, 2, 190, 0_i32].into_iter().flat_map(i32::to_le_bytes).collect();
    let (tm, out, format) = (guest.put(&tm), guest.put(&[0xee; 64]), guest.put(b"%#d. %b, %H:%M\0"));
    assert_eq!(
        (guest.call("strftime", &[out, 14, format, tm]), guest.text(out)),
        (13, "9. Jul, 15:05".to_owned())
    );
    assert_eq!((guest.call("strftime", &[out, 13, format, tm]), guest.errno()), (0, 34));
    let format = guest.wide("%Y");
    assert_eq!((guest.call("wcsftime", &[out, 9, format, tm]), guest.wide_text(out)), (4, "2024".to_owned()));
}
