//! Texts of all kinds, what is wrong in them, and round trips.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::hive::{Data, Hive};
use super::*;

const KEY: &str = "HKEY_LOCAL_MACHINE\\SOFTWARE\\X";

fn parse(text: &str) -> Hive {
    Hive::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error:?} in {text}"))
}

/// What a value is in a file of version 5, and in the older one.
fn value(data: &str) -> Data {
    let both = ["Windows Registry Editor Version 5.00", "REGEDIT4"].map(|first| {
        parse(&format!("{first}\r\n\r\n[{KEY}]\r\n\"a\"={data}\r\n")).get(KEY, "A").unwrap().clone()
    });
    assert_eq!(both[0], both[1], "{data}");
    both[0].clone()
}

fn other(kind: u32, bytes: &[u8]) -> Data {
    Data::Other { kind, bytes: bytes.to_vec() }
}

#[test]
fn values_are_read() {
    assert_eq!(value(r#""C:\\a \"b\"""#), Data::String(r#"C:\a "b""#.into()));
    assert_eq!(value(r#""C:\dir\n""#), Data::String(r"C:\dir\n".into()));
    assert_eq!(value("\"two\r\nlines\""), Data::String("two\r\nlines".into()));
    assert_eq!(value("dword:1F ; said"), Data::Dword(0x1F));
    assert_eq!(value("hex:"), other(REG_BINARY, &[]));
    assert_eq!(value("hex:1,a2, b3 ,\\\r\n  c4,\\\n\td5,"), other(REG_BINARY, &[1, 0xA2, 0xB3, 0xC4, 0xD5]));
    assert_eq!(value("hex(b):01,00,00,00,00,00,00,00"), other(11, &[1, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(value("hex(4):01,02,03,04"), Data::Dword(0x0403_0201));
    assert_eq!(value("hex(ffffffff):"), other(u32::MAX, &[]));
}

#[test]
fn text_in_hexadecimal_is_of_its_version() {
    let read =
        |first: &str, data: &str| parse(&format!("{first}\n[{KEY}]\n@={data}")).get(KEY, "").unwrap().clone();
    let utf16 = read("Windows Registry Editor Version 5.00", "hex(2):80,00,00,00");
    assert_eq!(utf16, other(REG_EXPAND_SZ, &[0x80, 0, 0, 0]));
    assert_eq!(read("REGEDIT4", "hex(2):80,00"), other(REG_EXPAND_SZ, &[0xAC, 0x20, 0, 0]));
    assert_eq!(read("REGEDIT4", "hex(1):80,00"), Data::String("€".into()));
}

#[test]
fn later_lines_delete_what_earlier_ones_said() {
    let text = format!(
        "REGEDIT4\n[HKLM\\Software\\X]\n\"a\"=\"1\"\n\"b\"=\"2\"\n[hklm\\software\\x\\Y]\n[{KEY}]\n\"A\"=-\n[-HKLM\\SOFTWARE\\X\\Y]\n"
    );
    let hive = parse(&text);
    assert_eq!(hive.keys().collect::<Vec<_>>(), ["HKEY_LOCAL_MACHINE\\Software\\X"]);
    assert_eq!(hive.values(KEY).collect::<Vec<_>>(), [("b", &Data::String("2".into()))]);
}

#[test]
fn wines_files_are_read() {
    let text = r#"WINE REGISTRY Version 2
;; All keys relative to REGISTRY\\Machine

#arch=win64

[Software\\A \[b\]\\Caf\x00e9] 1700000000
#time=1da1b2c3d4e5f60
#class="x"
@="default"
"\x20ac\"name"="tab\tnul\\end"
"expand"=str(2):"%SystemRoot%\\x"
"multi"=str(7):"a\0b\0"
"bytes"=hex:01,\
  02
"q"=hex(b):01,02,03,04,05,06,07,08
"pair"="\xd83d\xde00\101"
"#;
    let hive = parse(text);
    let key = "HKEY_LOCAL_MACHINE\\Software\\A [b]\\Café";
    assert_eq!(hive.keys().collect::<Vec<_>>(), [key]);
    let get = |name| hive.get(key, name).unwrap().clone();
    assert_eq!(get(""), Data::String("default".into()));
    assert_eq!(get("€\"name"), Data::String("tab\tnul\\end".into()));
    assert_eq!(get("expand"), Data::units(REG_EXPAND_SZ, "%SystemRoot%\\x".encode_utf16()));
    assert_eq!(get("multi"), other(REG_MULTI_SZ, b"a\0\0\0b\0\0\0\0\0"));
    assert_eq!(get("bytes"), other(REG_BINARY, &[1, 2]));
    assert_eq!(get("pair"), Data::String("😀A".into()));
    let user = text.replace("Machine", "User\\\\S-1-5-21-0-0-0-1000");
    assert!(parse(&user).keys().all(|key| key.starts_with("HKEY_CURRENT_USER\\")));
}

#[test]
fn errors_name_their_line() {
    let long = "k".repeat(256);
    let deep = "k\\".repeat(513);
    for (line, text) in [
        (1, ""),
        (1, "[HKLM\\x]"),
        (2, "\nRegedit4"),
        (2, "REGEDIT4\nnonsense"),
        (2, "REGEDIT4\n\"a\"=\"outside\""),
        (2, "REGEDIT4\n[HKLM\\x"),
        (2, "REGEDIT4\n[NOWHERE\\x]"),
        (2, "REGEDIT4\n[HKLM\\a\\\\b]"),
        (2, "REGEDIT4\n[HKLM\\a\u{1}b]"),
        (2, &format!("REGEDIT4\n[HKLM\\{long}]")),
        (2, &format!("REGEDIT4\n[HKLM\\{deep}]")),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a"),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a\" \"b\""),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a\"=b"),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a\"=\"b\" c"),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a\"=\"b\n\n"),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a\"=dword:"),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a\"=dword:123456789"),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a\"=hex(g):"),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a\"=hex(100000000):"),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a\"=hex:123"),
        (4, "REGEDIT4\n[HKLM\\x]\n\"a\"=hex:12,\\\nxy"),
        (3, "REGEDIT4\n[HKLM\\x]\n\"a\"=str(2):\"b\""),
        (4, "REGEDIT4\n[HKLM\\x]\n[-HKLM\\x]\n\"a\"=\"b\""),
        (2, "WINE REGISTRY Version 2\n[Software] 1"),
        (3, "WINE REGISTRY Version 2\n;; relative to machine\n[Software"),
        (3, "WINE REGISTRY Version 2\n;; relative to machine\n[Soft\\nware]"),
    ] {
        let error = Hive::parse(text.as_bytes()).expect_err(text);
        assert_eq!(error.line, line, "{}: {text}", error.why);
    }
}

#[test]
fn what_is_written_is_windows_text() {
    let mut hive = Hive::default();
    hive.set(KEY, "plain", Data::string("a\\b \"c\""));
    hive.set(KEY, "", Data::Dword(7));
    hive.set(KEY, "line", Data::string("a\n"));
    hive.set(KEY, "Bytes", other(REG_BINARY, &[0xAB; 26]));
    let line = "ab,".repeat(25);
    let expected = format!(
        "Windows Registry Editor Version 5.00\r\n\r\n[{KEY}]\r\n@=dword:00000007\r\n\"Bytes\"=hex:{line}\\\r\n  ab\r\n\
         \"line\"=hex(1):61,00,0a,00,00,00\r\n\"plain\"=\"a\\\\b \\\"c\\\"\"\r\n"
    );
    assert_eq!(String::from_utf8(hive.to_reg()).unwrap(), expected);
    hive.set(KEY, "é", Data::Dword(1));
    assert!(hive.to_reg().starts_with(b"\xFF\xFEW\0i\0"));
}

fn any_data() -> impl Strategy<Value = Data> {
    let text = any::<String>().prop_map(|text| Data::string(&text));
    let kind = prop_oneof![0_u32..12, any::<u32>()];
    let bytes = (kind, vec(any::<u8>(), 0..80)).prop_map(|(kind, bytes)| Data::new(kind, bytes));
    prop_oneof![text, bytes, any::<u32>().prop_map(Data::Dword)]
}

fn any_hive() -> impl Strategy<Value = Hive> {
    let part = "[^\\\\\\x00-\\x1f\\x7f-\\x9f]{1,20}";
    let key = (0..ROOTS.len(), vec(part, 1..4))
        .prop_map(|(root, parts)| format!("{}\\{}", ROOTS[root], parts.join("\\")));
    let name = any::<String>().prop_map(|name| name.replace('\0', ""));
    btree_map(key, btree_map(name, any_data(), 0..6), 0..6).prop_map(|keys| {
        let mut hive = Hive::default();
        for (key, values) in keys {
            hive.add_key(&key);
            values.into_iter().for_each(|(name, data)| hive.set(&key, &name, data));
        }
        hive
    })
}

const ROOTS: [&str; 2] = ["HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER"];

proptest! {
    #[test]
    fn what_is_written_is_read_back(hive in any_hive()) {
        let written = hive.to_reg();
        prop_assert_eq!(Hive::parse(&written), Ok(hive), "{}", String::from_utf8_lossy(&written));
    }

    #[test]
    fn no_bytes_make_it_fail_otherwise_than_with_a_line(bytes in vec(any::<u8>(), 0..200)) {
        if let Err(error) = Hive::parse(&bytes) {
            prop_assert!(error.line >= 1);
        }
    }

    #[test]
    fn nothing_behind_a_good_beginning_does_either(
        first in prop_oneof![Just("REGEDIT4"), Just("Windows Registry Editor Version 5.00"), Just("WINE REGISTRY Version 2")],
        rest in "([\\[\\]\"=@;\\\\\n,:()-]|hex|str|dword|HKLM|relative to|[0-9a-f]|\\PC){0,60}",
    ) {
        let text = format!("{first}\n;; relative to machine\n{rest}");
        let lines = text.lines().count() + 1;
        if let Err(error) = Hive::parse(text.as_bytes()) {
            prop_assert!((1..=lines).contains(&error.line), "{:?}", error);
        }
    }
}
