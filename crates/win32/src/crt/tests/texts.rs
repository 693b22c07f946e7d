//! Text changed, copied with care, and in paths; scanning.

use guest::Mode;
use pe::Symbol;
use wire::{Entry, FileCall, FileInfo, Served, Want};

use crate::testing::{Guest, alone};

#[test]
fn texts_of_32_bit_code_are_what_they_should_be() {
    alone(|| texts(Mode::I386));
}

#[test]
fn texts_of_64_bit_code_are_what_they_should_be() {
    alone(|| texts(Mode::X86_64));
}

fn texts(mode: Mode) {
    let mut guest = Guest::new(mode);
    changes(&mut guest);
    copies(&mut guest);
    bytes_of_characters(&mut guest);
    paths(&mut guest);
    printing(&mut guest);
    scanning(&mut guest);
    searching(&mut guest);
    hexadecimal_numbers(&mut guest);
    messages(&mut guest);
}

fn changes(guest: &mut Guest) {
    let text = guest.put(b"Codec 9\0");
    for (function, expected) in
        [("_strupr", "CODEC 9"), ("_strrev", "9 CEDOC"), ("_strlwr", "9 cedoc"), ("_mbsupr", "9 CEDOC")]
    {
        assert_eq!((guest.call(function, &[text]), guest.text(text)), (text, expected.to_owned()));
    }
    assert_eq!((guest.int("_strlwr_s", &[text, 8]), guest.text(text)), (0, "9 cedoc".to_owned()));
    assert_eq!((guest.int("_strupr_s", &[text, 7]), guest.text(text)), (22, String::new()));
    let wide = guest.wide("Ärger");
    assert_eq!((guest.call("_wcsupr", &[wide]), guest.wide_text(wide)), (wide, "ÄRGER".to_owned()));
    guest.call("_wcsnset", &[wide, b'x'.into(), 2]);
    assert_eq!(guest.wide_text(wide), "xxGER");
    let copy = guest.call("_wcsdup", &[wide]);
    let set = guest.wide("GE");
    assert_eq!((guest.wide_text(copy), guest.call("wcscspn", &[copy, set])), ("xxGER".to_owned(), 2));
    assert_eq!((guest.call("wcspbrk", &[copy, set]), guest.call("wcsspn", &[copy + 4, set])), (copy + 4, 2));
    assert_eq!((guest.call("_mbsdec", &[text, text]), guest.call("_mbsinc", &[text])), (0, text + 1));
}

fn copies(guest: &mut Guest) {
    let (to, from, wide) = (guest.put(&[0x55; 16]), guest.put(b"codec\0"), guest.wide("codec"));
    let all = guest.minus_one();
    for (function, arguments, answer, text) in [
        ("strncpy_s", vec![to, 16, from, 3], 0, "cod"),
        ("strncat_s", vec![to, 16, from, 2], 0, "codco"),
        ("strcat_s", vec![to, 11, from], 0, "codcocodec"),
        ("strncpy_s", vec![to, 4, from, all], 80, "cod"),
        ("strncpy_s", vec![to, 6, from, all], 0, "codec"),
        ("strncpy_s", vec![to, 5, from, 5], 34, ""),
        ("strcpy_s", vec![to, 6, from], 0, "codec"),
        ("strcat_s", vec![to, 3, from], 22, ""),
    ] {
        let given = (guest.int(function, &arguments), guest.text(to));
        assert_eq!(given, (answer, text.to_owned()), "{function}{arguments:x?}");
    }
    assert_eq!((guest.int("wcscpy_s", &[to, 6, wide]), guest.wide_text(to)), (0, "codec".to_owned()));
    assert_eq!((guest.int("wcscat_s", &[to, 8, wide]), guest.wide_text(to)), (34, String::new()));
    assert_eq!((guest.int("memcpy_s", &[to, 4, from, 5]), guest.bytes(to)), (34, [0; 4]));
    let upper = guest.put(b"CODER");
    assert_eq!([4, 5].map(|count| guest.int("_memicmp", &[from, upper, count])), [0, -1]);
    assert_eq!((guest.call("_memccpy", &[to, from, b'd'.into(), 5]), guest.bytes(to)), (to + 3, *b"cod"));
    assert_eq!((guest.int("memmove_s", &[to, 4, from, 4]), guest.bytes(to)), (0, *b"code"));
}

fn bytes_of_characters(guest: &mut Guest) {
    let (text, out) = (guest.put(b"\xe9\0"), guest.put(&[0; 4]));
    assert_eq!((guest.int("mbtowc", &[out, text, 2]), guest.bytes(out)), (1, [0xe9, 0]));
    assert_eq!((guest.int("mblen", &[text + 1, 1]), guest.call("mbrtowc", &[0, text, 1, 0])), (0, 1));
    assert_eq!((guest.int("wctomb", &[out, 0x141]), guest.errno()), (-1, 42));
    assert_eq!((guest.int("wctob", &[0xe9]), guest.int("btowc", &[300])), (0xe9, 0xffff));
    let letter = u64::from(b'x');
    assert_eq!((guest.int("_isctype", &[letter, 0x2]), guest.int("isleadbyte", &[0xe9])), (2, 0));
    assert_eq!((guest.int("__iscsymf", &[b'9'.into()]), guest.int("__iscsym", &[b'9'.into()])), (0, 1));
    let (function, table) = (guest.call("__pwctype_func", &[]), guest.address("_wctype"));
    let class = u16::from_le_bytes(guest.bytes(function + 2 * letter));
    assert_eq!((class, u16::from_le_bytes(guest.bytes(table + 2 + 2 * letter))), (0x102, 0x102));
}

fn paths(guest: &mut Guest) {
    let path = guest.put(b"C:\\codecs\\x.dll\0");
    let parts = [(); 4].map(|()| guest.put(&[0x55; 260]));
    let [drive, folder, name, ending] = parts;
    guest.call("_splitpath", &[path, drive, folder, name, ending]);
    assert_eq!(parts.map(|part| guest.text(part)), ["C:", r"\codecs\", "x", ".dll"]);
    let small = [path, drive, 3, folder, 4, name, 9, ending, 9];
    assert_eq!(
        (guest.int("_splitpath_s", &small), guest.text(folder), guest.errno()),
        (34, String::new(), 34)
    );
    let (out, x) = (guest.put(&[0x55; 260]), guest.put(b"x\0"));
    guest.call("_makepath", &[out, path, x, x, x]);
    assert_eq!(guest.text(out), r"C:x\x.x");
    assert_eq!((guest.int("_makepath_s", &[out, 7, path, x, x, x]), guest.text(out)), (34, String::new()));
    let relative = guest.put(b"a/../b.txt\0");
    let whole = guest.call("_fullpath", &[0, relative, 0]);
    let current = guest.call("_getcwd", &[0, 0]);
    let (whole, current) = (guest.text(whole), guest.text(current));
    assert_eq!(whole, format!(r"{}\b.txt", current.trim_end_matches('\\')));
    assert_eq!((guest.call("_getcwd", &[out, 2]), guest.errno()), (0, 34));
    assert_eq!(guest.int("_getdrive", &[]), i32::from(current.as_bytes()[0] - b'@'));
    let wide = guest.wide("x.y");
    guest.call("_wsplitpath", &[wide, 0, 0, name, ending]);
    assert_eq!([name, ending].map(|part| guest.wide_text(part)), ["x", ".y"]);
}

fn printing(guest: &mut Guest) {
    let (format, wide, out) = (guest.put(b"%d!\0"), guest.wide("%d!"), guest.put(&[0x55; 16]));
    let list = guest.pointers(&[42]);
    assert_eq!((guest.int("_scprintf", &[format, 42]), guest.int("_vscwprintf", &[wide, list])), (3, 3));
    assert_eq!((guest.int("vsnprintf", &[out, 3, format, list]), guest.text(out)), (3, "42".to_owned()));
    assert_eq!((guest.int("swprintf", &[out, wide, 7]), guest.wide_text(out)), (2, "7!".to_owned()));
    let options = guest.long(0);
    let call = [&options[..], &[out, 3, format, 0, list]].concat();
    assert_eq!((guest.int("__stdio_common_vsprintf", &call), guest.text(out)), (-2, "42".to_owned()));
    let call = [&options[..], &[out, 4, wide, 0, list]].concat();
    assert_eq!(guest.int("__stdio_common_vswprintf_s", &call), 3);
}

/// Of a file that has some numbers.
fn scanning(guest: &mut Guest) {
    const FILE: &[u8] = b"12 0x1F word\r\n-3.5e1 tail";
    guest.serve(|want| match want {
        Want::File(FileCall::Read { at, len, .. }) => {
            let from = usize::try_from(*at).unwrap_or(FILE.len()).min(FILE.len());
            let len = usize::try_from(*len).unwrap_or(FILE.len()).min(FILE.len() - from);
            Served::Bytes(FILE[from..from + len].to_vec())
        }
        Want::File(FileCall::Open { .. }) => Served::Opened { file: 1, existed: true },
        _ => Served::Done,
    });
    let (name, mode) = (guest.put(b"numbers.txt\0"), guest.put(b"r\0"));
    let file = guest.call("fopen", &[name, mode]);
    assert_ne!(file, 0);
    let [a, b, c, d] = [(); 4].map(|()| guest.put(&[0; 15]));
    let format = guest.put(b"%d %i %4s%n\0");
    assert_eq!(guest.int("fscanf", &[file, format, a, b, c, d]), 3);
    assert_eq!((guest.u32(a), guest.u32(b), guest.text(c), guest.u32(d)), (12, 31, "word".to_owned(), 12));
    // What was looked at to find a number's end is read next.
    let format = guest.put(b"%lf\0");
    let (list, options) = (guest.pointers(&[a]), guest.long(0));
    let call = [&options[..], &[file, format, 0, list]].concat();
    assert_eq!(guest.int("__stdio_common_vfscanf", &call), 1);
    assert_eq!((f64::from_le_bytes(guest.bytes(a)), guest.int("fgetc", &[file])), (-35.0, 32));
    let wide = guest.wide("%ls");
    assert_eq!((guest.int("fwscanf", &[file, wide, c]), guest.wide_text(c)), (1, "tail".to_owned()));
    assert_eq!((guest.int("fscanf", &[file, format, a]), guest.int("feof", &[file])), (-1, 1));
    assert_eq!((guest.int("fscanf", &[0, format, a]), guest.errno()), (-1, 22));
    assert_eq!(guest.int("fclose", &[file]), 0);
    assert_eq!(guest.int("scanf", &[format, a]), -1);
    let (input, format) = (guest.put(b"abc 5\0"), guest.put(b"%s%d\0"));
    assert_eq!((guest.int("sscanf_s", &[input, format, a, 4, b]), guest.u32(b)), (2, 5));
    assert_eq!(guest.int("sscanf_s", &[input, format, a, 3, b]), 0);
    assert_eq!(guest.int("_snscanf", &[input, 3, format, a, b]), 1);
}

/// In a folder with two files that fit.
fn searching(guest: &mut Guest) {
    // A time in the year 2000.
    const MODIFIED: u64 = 125_911_584_000_000_000;
    guest.serve(|want| match want {
        Want::File(FileCall::List { from: 0, .. }) => {
            let entry = |name: &str, len, read_only| Entry {
                name: name.to_owned(),
                info: FileInfo { len, read_only, modified: MODIFIED, ..FileInfo::default() },
            };
            Served::Entries(vec![
                entry("a.sf2", 5, false),
                entry("b.txt", 6, false),
                entry("c.sf2", 1 << 33, true),
            ])
        }
        Want::File(FileCall::List { .. }) => Served::Entries(Vec::new()),
        _ => Served::Done,
    });
    let (pattern, data) = (guest.put(b"*.sf2\0"), guest.put(&[0xee; 320]));
    let search = guest.call("_findfirst64", &[pattern, data]);
    assert_ne!(search, guest.minus_one());
    assert_eq!(
        (guest.u32(data), guest.bytes(data + 32), guest.text(data + 40)),
        (0x20, [5, 0, 0, 0, 0, 0, 0, 0], "a.sf2".to_owned())
    );
    assert_eq!(u64::from_le_bytes(guest.bytes(data + 24)), 946_684_800);
    assert_eq!(
        (guest.int("_findnext64", &[search, data]), guest.u32(data), guest.u32(data + 36)),
        (0, 0x21, 2)
    );
    assert_eq!((guest.int("_findnext64", &[search, data]), guest.errno()), (-1, 2));
    assert_eq!((guest.int("_findclose", &[search]), guest.int("_findclose", &[search])), (0, -1));
    // As wide as pointers: a name behind four numbers, or behind a gap and three times.
    let wide = guest.wide("c*");
    guest.call("_wfindfirst", &[wide, data]);
    assert_eq!(guest.wide_text(data + guest.pick(20, 36)), "c.sf2");
    let none = guest.put(b"*.wav\0");
    assert_eq!((guest.call("_findfirst", &[none, data]), guest.errno()), (guest.minus_one(), 2));
    assert_eq!((guest.call("_findfirst", &[0, data]), guest.errno()), (guest.minus_one(), 22));
}

/// Which of the libraries reads them.
fn hexadecimal_numbers(guest: &mut Guest) {
    let (text, end) = (guest.put(b"0x1.8p1z\0"), guest.pointers(&[0]));
    for (library, digits) in
        [("ucrtbase", 7), ("api-ms-win-crt-convert-l1-1-0.dll", 7), ("msvcrt", 1), ("msvcr90", 1)]
    {
        let function = guest.process.find(library, &Symbol::Name("strtod".to_owned())).unwrap();
        guest.process.call(function, &[text, end]).unwrap();
        assert_eq!(guest.pointer(end) - text, digits, "{library}");
    }
    guest.call("strtof", &[text, end]);
    assert_eq!(guest.pointer(end) - text, 7);
}

fn messages(guest: &mut Guest) {
    let out = guest.put(&[0x55; 64]);
    assert_eq!((guest.int("strerror_s", &[out, 6, 13]), guest.text(out)), (0, "Permi".to_owned()));
    let text = guest.put(b"codec\0");
    guest.call("_set_errno", &[2]);
    guest.call("perror", &[text]);
    assert_eq!(guest.said.borrow().last().unwrap(), "codec: No such file or directory");
    let (name, size) = (guest.put(b"WINEDEBUG\0"), guest.pointers(&[0]));
    assert_eq!(
        (guest.int("getenv_s", &[size, out, 64, name]), guest.text(out), guest.pointer(size)),
        (0, "-all".to_owned(), 5)
    );
    assert_eq!(guest.int("getenv_s", &[size, out, 4, name]), 34);
    assert_eq!(guest.int("_dupenv_s", &[size, 0, name]), 0);
    assert_eq!(guest.text(guest.pointer(size)), "-all");
    guest.call("_strdate", &[out]);
    assert_eq!((guest.text(out).len(), guest.bytes(out + 2)), (8, *b"/"));
}
