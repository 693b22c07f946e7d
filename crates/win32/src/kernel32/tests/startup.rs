//! What C libraries ask for when they begin: locales, classes of characters, the environment, a console, the version.

use guest::Mode;

use super::MINUS_ONE;
use crate::testing::{Guest, alone};

#[test]
fn start_up_code_of_32_bits_gets_what_it_asks_for() {
    alone(|| start_up(Mode::I386));
}

#[test]
fn start_up_code_of_64_bits_gets_what_it_asks_for() {
    alone(|| start_up(Mode::X86_64));
}

fn start_up(mode: Mode) {
    let mut guest = Guest::new(mode);
    locale(&mut guest);
    letters(&mut guest);
    environment(&mut guest);
    console(&mut guest);
    version(&mut guest);
    the_rest(&mut guest);
}

fn locale(guest: &mut Guest) {
    let out = guest.put(&[0; 64]);
    assert_eq!((guest.call("GetLocaleInfoA", &[0x409, 0x0e, out, 8]), guest.text(out)), (2, ".".to_owned()));
    assert_eq!(
        (guest.call("GetLocaleInfoW", &[0x400, 0x35, out, 8]), guest.wide_text(out)),
        (4, "Fri".to_owned())
    );
    assert_eq!(guest.call("GetLocaleInfoW", &[0x409, 0x2c, 0, 0]), 10);
    assert_eq!((guest.call("GetLocaleInfoW", &[0x409, 0x2c, out, 3]), guest.last_error()), (0, 122));
    assert_eq!((guest.call("GetLocaleInfoW", &[0x409, 0x2000_1004, out, 2]), guest.u32(out)), (2, 1252));
    assert_eq!((guest.call("GetLocaleInfoA", &[0x409, 0x2000_0001, out, 4]), guest.u32(out)), (4, 0x409));
    assert_eq!((guest.call("GetLocaleInfoA", &[0x409, 0x999, out, 4]), guest.last_error()), (0, 1004));
    assert_eq!((guest.call("GetLocaleInfoA", &[0x407, 0x0e, out, 4]), guest.last_error()), (0, 87));
    let (name, other) = (guest.wide("en-us"), guest.wide("de-DE"));
    assert_eq!(
        (guest.call("GetLocaleInfoEx", &[name, 0x5c, out, 9]), guest.wide_text(out)),
        (6, "en-US".to_owned())
    );
    assert_eq!((guest.call("GetLocaleInfoEx", &[other, 0x5c, out, 9]), guest.last_error()), (0, 87));
    assert_eq!([name, other].map(|name| guest.call("IsValidLocaleName", &[name])), [1, 0]);
    assert_eq!([name, other].map(|name| guest.call("LocaleNameToLCID", &[name, 0])), [0x409, 0]);
    assert_eq!([0x409, 0x407].map(|locale| guest.call("IsValidLocale", &[locale, 1])), [1, 0]);
    assert_eq!([1252, 65001, 932, 0].map(|page| guest.call("IsValidCodePage", &[page])), [1, 1, 0, 0]);
    for name in ["GetUserDefaultLCID", "GetThreadLocale", "GetSystemDefaultLangID"] {
        assert_eq!(guest.call(name, &[]), 0x409);
    }
}

fn letters(guest: &mut Guest) {
    let (text, out) = (guest.put(b"aZ 7\n\xc4\0"), guest.put(&[0x55; 64]));
    assert_eq!(guest.call("GetStringTypeA", &[0x409, 1, text, MINUS_ONE, out]), 1);
    let classes: Vec<u16> = (0..8).map(|at| u16::from_le_bytes(guest.bytes(out + 2 * at))).collect();
    assert_eq!(classes, [0x382, 0x301, 0x248, 0x284, 0x228, 0x301, 0x220, 0x5555]);
    let wide = guest.wide("Ωx");
    assert_eq!(guest.call("GetStringTypeW", &[1, wide, 2, out]), 1);
    assert_eq!(guest.bytes(out), [0x01, 0x03, 0x02, 0x03]);
    assert_eq!((guest.call("GetStringTypeW", &[9, wide, 2, out]), guest.last_error()), (0, 1004));
    assert_eq!(
        (guest.call("LCMapStringA", &[0x409, 0x200, text, MINUS_ONE, out, 64]), guest.bytes(out)),
        (7, *b"AZ 7\n\xc4\0")
    );
    assert_eq!(guest.call("LCMapStringW", &[0x409, 0x100, wide, 2, 0, 0]), 2);
    assert_eq!(
        (
            guest.call("LCMapStringEx", &[0, 0x100_0100, wide, MINUS_ONE, out, 9, 0, 0, 0]),
            guest.wide_text(out)
        ),
        (3, "ωx".to_owned())
    );
    assert_eq!((guest.call("LCMapStringW", &[0x409, 0x300, wide, 2, out, 9]), guest.last_error()), (0, 1004));
    assert_eq!((guest.call("LCMapStringW", &[0x409, 0x100, wide, 2, out, 1]), guest.last_error()), (0, 122));
    let small = guest.wide("ωX");
    assert_eq!(guest.call("CompareStringEx", &[0, 1, wide, MINUS_ONE, small, MINUS_ONE, 0, 0, 0]), 2);
    assert_eq!(guest.call("CompareStringOrdinal", &[wide, MINUS_ONE, small, MINUS_ONE, 1]), 2);
    assert_eq!(guest.call("CompareStringOrdinal", &[wide, 1, small, 1, 0]), 1);
    let keys = [wide, small].map(|text| {
        let key = guest.put(&[0; 32]);
        assert!(guest.call("LCMapStringW", &[0x409, 0x401, text, 2, key, 32]) > 3);
        guest.bytes::<32>(key)
    });
    assert_eq!(keys[0], keys[1]);
}

fn environment(guest: &mut Guest) {
    let (name, value, out) = (guest.put(b"Level\0"), guest.put(b"5\0"), guest.put(&[0; 64]));
    assert_eq!((guest.call("GetEnvironmentVariableA", &[name, out, 64]), guest.last_error()), (0, 203));
    assert_eq!(guest.call("SetEnvironmentVariableA", &[name, value]), 1);
    let upper = guest.wide("LEVEL");
    assert_eq!(
        (guest.call("GetEnvironmentVariableW", &[upper, out, 2]), guest.wide_text(out)),
        (1, "5".to_owned())
    );
    assert_eq!(guest.call("GetEnvironmentVariableW", &[upper, out, 1]), 2);
    let block = guest.call("GetEnvironmentStringsW", &[]);
    assert_eq!((guest.wide_text(block), guest.wide_text(block + 16)), ("Level=5".to_owned(), String::new()));
    assert_eq!(guest.call("FreeEnvironmentStringsW", &[block]), 1);
    let source = guest.put(b"a%LEVEL%b%%c%\0");
    assert_eq!(
        (guest.call("ExpandEnvironmentStringsA", &[source, out, 64]), guest.text(out)),
        (8, "a5b%%c%".to_owned())
    );
    assert_eq!(guest.call("SetEnvironmentVariableA", &[name, 0]), 1);
    assert_eq!((guest.call("SetEnvironmentVariableA", &[name, 0]), guest.last_error()), (0, 203));
    let bad = guest.put(b"a=b\0");
    assert_eq!((guest.call("SetEnvironmentVariableA", &[bad, value]), guest.last_error()), (0, 87));
}

fn console(guest: &mut Guest) {
    let [input, output] = [0xffff_fff6, 0xffff_fff5].map(|which| guest.call("GetStdHandle", &[which]));
    let out = guest.put(&[0; 32]);
    assert_eq!((guest.call("GetConsoleMode", &[output, out]), guest.last_error()), (0, 6));
    assert_eq!((guest.call("GetConsoleCP", &[]), guest.last_error()), (0, 6));
    assert_eq!(guest.call("AllocConsole", &[]), 1);
    assert_eq!((guest.call("AllocConsole", &[]), guest.last_error()), (0, 5));
    assert_eq!((guest.call("GetConsoleMode", &[output, out]), guest.u32(out)), (1, 3));
    assert_eq!(
        (
            guest.call("SetConsoleMode", &[input, 1]),
            guest.call("GetConsoleMode", &[input, out]),
            guest.u32(out)
        ),
        (1, 1, 1)
    );
    assert_eq!(guest.call("SetConsoleScreenBufferSize", &[output, 1000 << 16 | 100]), 1);
    assert_eq!(
        (guest.call("SetConsoleScreenBufferSize", &[input, 1000 << 16 | 100]), guest.last_error()),
        (0, 6)
    );
    assert_eq!((guest.call("SetConsoleScreenBufferSize", &[output, 0]), guest.last_error()), (0, 87));
    assert_eq!(
        (guest.call("GetConsoleScreenBufferInfo", &[output, out]), guest.u32(out)),
        (1, 1000 << 16 | 100)
    );
    let read = guest.put(&[0x55; 4]);
    assert_eq!((guest.call("ReadConsoleW", &[input, out, 4, read, 0]), guest.u32(read)), (1, 0));
    assert_eq!(guest.call("FreeConsole", &[]), 1);
    assert_eq!((guest.call("FreeConsole", &[]), guest.last_error()), (0, 87));
    assert_eq!(guest.call("SetStdHandle", &[0xffff_fff4, input]), 1);
    assert_eq!(guest.call("GetStdHandle", &[0xffff_fff4]), input);
    assert_eq!((guest.call("SetStdHandle", &[1, input]), guest.last_error()), (0, 6));
}

fn version(guest: &mut Guest) {
    let mut information = vec![0; 284];
    information[..12].copy_from_slice(&[28, 1, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
    let at = guest.put(&information);
    let set = |guest: &mut Guest, mask: u64, types: u64, condition: u64| {
        let arguments = [guest.long(mask), vec![types, condition]].concat();
        guest.call("VerSetConditionMask", &arguments)
    };
    let mask = set(guest, 0, 2, 3);
    let mask = set(guest, mask, 1, 3);
    assert_eq!(mask, 3 << 3 | 3);
    let verify = |guest: &mut Guest, types: u64, mask: u64| {
        let arguments = [vec![at, types], guest.long(mask)].concat();
        guest.call("VerifyVersionInfoW", &arguments)
    };
    // 6.1 is at least 6.0 and not at least 6.2; 10.0 is later than both, whatever its minor version.
    assert_eq!(verify(guest, 3, mask), 1);
    guest.process.machine.memory.write(at + 8, &[2]).unwrap();
    assert_eq!((verify(guest, 3, mask), guest.last_error()), (0, 1150));
    guest.process.machine.memory.write(at + 4, &[10, 0, 0, 0, 0]).unwrap();
    assert_eq!(verify(guest, 3, mask), 0);
    guest.process.machine.memory.write(at + 4, &[5, 0, 0, 0, 9]).unwrap();
    assert_eq!(verify(guest, 3, mask), 1);
    assert_eq!((verify(guest, 0, mask), guest.last_error()), (0, 87));
}

fn the_rest(guest: &mut Guest) {
    let out = guest.put(&[0; 64]);
    assert_eq!(
        (guest.call("GetSystemDirectoryA", &[out, 64]), guest.text(out)),
        (19, r"C:\windows\system32".to_owned())
    );
    assert_eq!(guest.call("GetWindowsDirectoryW", &[out, 5]), 11);
    assert_eq!(guest.call("RtlPcToFileHeader", &[out, out]), 0);
    assert_eq!(guest.call("HeapSetInformation", &[0, 1, 0, 0]), 1);
    assert_eq!((guest.call("HeapQueryInformation", &[0, 0, out, 4, 0]), guest.u32(out)), (1, 2));
    assert_eq!((guest.call("HeapSetInformation", &[0, 9, 0, 0]), guest.last_error()), (0, 87));
    assert_eq!(guest.call("SetHandleCount", &[32]), 32);
}
