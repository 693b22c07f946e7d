//! Paths and texts, called the way the guest calls them.

use guest::Mode;
use wire::{FileCall, FileInfo, Served, Want};

use super::paths::matches;
use crate::testing::{Guest, alone};

/// What a function that changes a path makes of it, and what it answers.
fn changed(guest: &mut Guest, function: &str, path: &str, more: &[u64]) -> (u64, String) {
    let at = guest.put(&[path.as_bytes(), &[0; 280]].concat());
    let answer = guest.call(function, &[&[at], more].concat());
    let relative = if answer > 1 { answer - at } else { answer };
    (relative, guest.text(at))
}

fn paths(mode: Mode) {
    let mut guest = Guest::new(mode);
    let text = |guest: &mut Guest, text: &str| guest.put(format!("{text}\0").as_bytes());
    let (dll, sub) = (text(&mut guest, ".dll"), text(&mut guest, r"\sub\x"));
    for (function, path, more, expected) in [
        ("PathFindFileNameA", r"C:\a\b.c", vec![], (5, r"C:\a\b.c")),
        ("PathFindExtensionA", r"C:\a.d\b.c", vec![], (8, r"C:\a.d\b.c")),
        ("PathFindExtensionA", r"a.d\b", vec![], (5, r"a.d\b")),
        ("PathRemoveFileSpecA", r"C:\a\b.c", vec![], (1, r"C:\a")),
        ("PathRemoveFileSpecA", r"C:\a", vec![], (1, r"C:\")),
        ("PathRemoveFileSpecA", r"C:\", vec![], (0, r"C:\")),
        ("PathRemoveFileSpecA", "a.c", vec![], (1, "")),
        ("PathRemoveExtensionA", r"C:\a.b\c.d", vec![], (0, r"C:\a.b\c")),
        ("PathRenameExtensionA", r"C:\a.b\c.d", vec![dll], (1, r"C:\a.b\c.dll")),
        ("PathAddExtensionA", "codec", vec![0], (1, "codec.exe")),
        ("PathAddExtensionA", "codec.x", vec![dll], (0, "codec.x")),
        ("PathAppendA", r"C:\a", vec![sub], (1, r"C:\a\sub\x")),
        ("PathAddBackslashA", r"C:\a", vec![], (5, r"C:\a\")),
        ("PathRemoveBackslashA", r"C:\a\", vec![], (4, r"C:\a")),
        ("PathRemoveBackslashA", r"C:\", vec![], (2, r"C:\")),
        ("PathStripToRootA", r"C:\a\b", vec![], (1, r"C:\")),
        ("PathQuoteSpacesA", "a b", vec![], (1, "\"a b\"")),
        ("PathUnquoteSpacesA", "\"a b\"", vec![], (1, "a b")),
        ("PathIsRootA", r"C:\", vec![], (1, r"C:\")),
        ("PathIsFileSpecA", r"a\b", vec![], (0, r"a\b")),
        ("PathGetDriveNumberA", r"b:x", vec![], (1, r"b:x")),
    ] {
        let (answer, after) = changed(&mut guest, function, path, &more);
        assert_eq!((answer, &*after), expected, "{function} {path}");
    }
    assert_eq!(changed(&mut guest, "PathStripPathA", r"C:\a\b.c", &[]).1, "b.c");
    assert_eq!(changed(&mut guest, "PathRemoveBlanksA", "  a ", &[]).1, "a");
    // Only what there is room for.
    let long = "a".repeat(258);
    assert_eq!(changed(&mut guest, "PathAppendA", &long, &[sub]), (0, long));
    let (wide, out) = (guest.wide(r"C:\x\..\y\."), guest.put(&[0; 600]));
    assert_eq!((guest.call("PathCanonicalizeW", &[out, wide]), guest.wide_text(out)), (1, r"C:\y".into()));
    guest.serve(|want| match want {
        Want::File(FileCall::Look { path }) if path.ends_with("x") => {
            Served::Info(FileInfo { folder: true, ..FileInfo::default() })
        }
        _ => Served::Failed(2),
    });
    let other = text(&mut guest, "y");
    assert_eq!((guest.call("PathFileExistsA", &[sub]), guest.call("PathFileExistsA", &[other])), (1, 0));
    assert_eq!((guest.call("PathIsDirectoryA", &[sub]), guest.call("PathIsDirectoryA", &[other])), (0x10, 0));
    let (name, patterns) = (text(&mut guest, "Codec.DLL"), text(&mut guest, "*.acm; *.d?l"));
    assert_eq!(
        (guest.call("PathMatchSpecA", &[name, patterns]), guest.call("PathMatchSpecA", &[name, dll])),
        (1, 0)
    );
}

fn texts(mode: Mode) {
    let mut guest = Guest::new(mode);
    let [text, part, set, number] =
        [&b"Abc abC-7\0"[..], b"BC\0", b" cA\0", b" -12x\0"].map(|text| guest.put(text));
    let place = |guest: &mut Guest, function: &str, arguments: &[u64]| {
        guest.call(function, arguments).checked_sub(text)
    };
    assert_eq!(place(&mut guest, "StrStrIA", &[text, part]), Some(1));
    assert_eq!(place(&mut guest, "StrStrA", &[text, part]), None);
    assert_eq!(place(&mut guest, "StrChrA", &[text, b'b'.into()]), Some(1));
    assert_eq!(place(&mut guest, "StrChrIA", &[text, b'B'.into()]), Some(1));
    assert_eq!(place(&mut guest, "StrRChrA", &[text, 0, b'b'.into()]), Some(5));
    assert_eq!(place(&mut guest, "StrRChrA", &[text, text + 5, b'b'.into()]), Some(1));
    assert_eq!(place(&mut guest, "StrPBrkA", &[text, set]), Some(0));
    assert_eq!((guest.call("StrSpnA", &[text, set]), guest.call("StrCSpnA", &[text + 1, set])), (1, 1));
    assert_eq!(
        (guest.int("StrCmpNIA", &[text, text + 4, 3]), guest.int("StrCmpNA", &[text, text + 4, 3])),
        (0, -1)
    );
    let out = guest.put(&[0; 40]);
    assert_eq!((guest.int("StrToIntA", &[number]), guest.call("StrToIntExA", &[part, 1, out])), (-12, 0));
    let hex = guest.put(b"0x1fz\0");
    assert_eq!((guest.call("StrToIntExA", &[hex, 1, out]), guest.u32(out)), (1, 31));
    assert_eq!((guest.int("StrToIntA", &[hex]), guest.call("StrToIntExA", &[hex, 0, out])), (0, 1));
    let copy = guest.call("StrDupA", &[text]);
    assert_eq!((guest.call("StrTrimA", &[copy, set]), guest.text(copy)), (1, "bc abC-7".into()));
    assert_eq!(guest.call("LocalFree", &[copy]), 0);
    let format = guest.put(b"%s=%d\0");
    assert_eq!(
        (guest.int("wnsprintfA", &[out, 6, format, part, 1234]), guest.text(out)),
        (5, "BC=12".into())
    );
    assert_eq!((guest.call("StrCatBuffA", &[out, part, 7]), guest.text(out)), (out, "BC=12B".into()));
    assert_eq!(guest.int("wnsprintfA", &[out, 0, format, part, 1]), -1);
}

#[test]
fn paths_of_32_bit_code() {
    alone(|| paths(Mode::I386));
}

#[test]
fn paths_of_64_bit_code() {
    alone(|| paths(Mode::X86_64));
}

#[test]
fn texts_of_32_bit_code() {
    alone(|| texts(Mode::I386));
}

#[test]
fn texts_of_64_bit_code() {
    alone(|| texts(Mode::X86_64));
}

#[test]
fn names_are_as_patterns_have_them() {
    let fits = |name: &str, pattern: &str| {
        matches(&name.chars().collect::<Vec<_>>(), &pattern.chars().collect::<Vec<_>>())
    };
    assert!(
        fits("", "*") && fits("aab", "*b") && fits("abcb", "a*cb") && fits("ab", "??") && fits("ab", "ab**")
    );
    assert!(!fits("a", "") && !fits("abc", "a*d") && !fits("a", "??") && !fits("", "?"));
}
