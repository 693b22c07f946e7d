//! Values.

use wire::PIECE;

use super::{HKEY_CURRENT_USER, KEY_ALL_ACCESS, KEY_READ, Rig, in_both_modes};

const REG_SZ: u64 = 1;
const REG_EXPAND_SZ: u64 = 2;
const REG_BINARY: u64 = 3;
const REG_DWORD: u64 = 4;
const REG_MULTI_SZ: u64 = 7;

in_both_modes! {
    texts_are_converted: texts_are_converted_for_32_bit_code, texts_are_converted_for_64_bit_code;
    data_is_kept: data_is_kept_for_32_bit_code, data_is_kept_for_64_bit_code;
    values_are_listed: values_are_listed_for_32_bit_code, values_are_listed_for_64_bit_code;
    default_values: default_values_of_32_bit_code, default_values_of_64_bit_code;
    types_are_asked_for: types_are_asked_for_by_32_bit_code, types_are_asked_for_by_64_bit_code;
}

fn texts_are_converted(rig: &mut Rig) {
    let key = rig.create("Software\\Synth", KEY_ALL_ACCESS);
    let (name, wide) = (rig.ansi("DebugFile"), rig.guest.wide("debugfile"));
    let (data, kind, len) = (rig.guest.put(&[0; 16]), rig.guest.put(&[0; 4]), rig.guest.put(&[0; 4]));
    rig.set_u32(len, 16);
    assert_eq!(rig.call("RegQueryValueExA", &[key, name, 0, kind, data, len]), 2);
    let file = rig.guest.put(b"c:\\\x80\0");
    assert_eq!(rig.call("RegSetValueExA", &[key, name, 0, REG_SZ, file, 5]), 0);
    // Texts are kept as UTF-16 and given in what the caller asks for.
    assert_eq!(rig.call("RegQueryValueExW", &[key, wide, 0, kind, data, len]), 0);
    assert_eq!(
        (rig.guest.wide_text(data).as_str(), rig.guest.u32(kind), rig.guest.u32(len)),
        ("c:\\€", 1, 10)
    );
    rig.set_u32(len, 4);
    assert_eq!((rig.call("RegQueryValueExA", &[key, name, 0, 0, data, len]), rig.guest.u32(len)), (234, 5));
    assert_eq!(rig.call("RegQueryValueExA", &[key, name, 0, 0, data, len]), 0);
    assert_eq!(rig.guest.bytes(data), *b"c:\\\x80\0");
    // Only the size, and neither.
    rig.set_u32(len, 0);
    assert_eq!((rig.call("RegQueryValueExW", &[key, wide, 0, 0, 0, len]), rig.guest.u32(len)), (0, 10));
    assert_eq!(rig.call("RegQueryValueExW", &[key, wide, 0, kind, 0, 0]), 0);
    assert_eq!(rig.call("RegQueryValueExA", &[key, name, 0, 0, data, 0]), 87);
    assert_eq!(rig.call("RegQueryValueExA", &[key, name, kind, 0, data, len]), 87);
    let list = rig.guest.put(b"a\0b\0\0");
    assert_eq!(rig.call("RegSetValueExA", &[key, name, 0, REG_MULTI_SZ, list, 5]), 0);
    rig.set_u32(len, 16);
    assert_eq!((rig.call("RegQueryValueExW", &[key, wide, 0, 0, data, len]), rig.guest.u32(len)), (0, 10));
    assert_eq!(rig.guest.bytes(data), *b"a\0\0\0b\0\0\0\0\0");
}

fn data_is_kept(rig: &mut Rig) {
    let key = rig.create("Software\\Synth", KEY_ALL_ACCESS);
    let (name, number) = (rig.ansi("Rate"), rig.guest.put(&[1, 2, 3, 4]));
    let (data, len) = (rig.guest.put(&[0; 16]), rig.guest.put(&[16, 0, 0, 0]));
    assert_eq!(rig.call("RegSetValueExW", &[key, 0, 0, REG_DWORD, number, 4]), 0);
    assert_eq!(
        (rig.call("RegQueryValueExA", &[key, 0, 0, 0, data, len]), rig.guest.u32(data)),
        (0, 0x0403_0201)
    );
    assert_eq!(rig.call("RegSetValueExW", &[key, 0, 1, REG_DWORD, number, 4]), 87);
    // More than a message carries, and text that is more in UTF-16.
    let long = rig.guest.put(&[b'x'; PIECE + 1]);
    let (most, half) = (PIECE as u64, PIECE as u64 / 2);
    assert_eq!(rig.call("RegSetValueExA", &[key, name, 0, REG_BINARY, long, 0xffff_ffff]), 8);
    assert_eq!(rig.call("RegSetValueExA", &[key, name, 0, REG_BINARY, long, most + 1]), 8);
    assert_eq!(rig.call("RegSetValueExA", &[key, name, 0, REG_BINARY, long, most]), 0);
    assert_eq!(rig.call("RegSetValueExA", &[key, name, 0, REG_SZ, long, half + 1]), 8);
    assert_eq!(rig.call("RegSetValueExA", &[key, name, 0, REG_SZ, long, half]), 0);
    assert_eq!(
        (rig.call("RegDeleteValueA", &[key, name]), rig.call("RegDeleteValueA", &[key, name])),
        (0, 2)
    );
    let (root, below) = (rig.root(HKEY_CURRENT_USER), rig.guest.wide("Software\\Synth"));
    assert_eq!(rig.call("RegSetKeyValueW", &[root, below, below, u64::from(u8::MAX), number, 3]), 0);
    assert_eq!(rig.call("RegDeleteKeyValueW", &[root, below, below]), 0);
    assert_eq!(rig.call("RegDeleteKeyValueW", &[root, below, below]), 2);
}

fn values_are_listed(rig: &mut Rig) {
    let key = rig.create("Software\\Synth", KEY_ALL_ACCESS);
    let (text, number) = (rig.ansi("abc"), rig.guest.put(&[9, 0, 0, 0]));
    let [first, second] = ["Gain", "Name"].map(|name| rig.ansi(name));
    assert_eq!(rig.call("RegSetValueExA", &[key, second, 0, REG_SZ, text, 4]), 0);
    assert_eq!(rig.call("RegSetValueExA", &[key, first, 0, REG_DWORD, number, 4]), 0);
    let (name, count, kind) =
        (rig.guest.put(&[0; 32]), rig.guest.put(&[16, 0, 0, 0]), rig.guest.put(&[0; 4]));
    let (data, len) = (rig.guest.put(&[0; 16]), rig.guest.put(&[16, 0, 0, 0]));
    assert_eq!(rig.call("RegEnumValueA", &[key, 0, name, count, 0, kind, data, len]), 0);
    assert_eq!((rig.guest.text(name).as_str(), rig.guest.u32(count), rig.guest.u32(kind)), ("Gain", 4, 4));
    assert_eq!((rig.guest.u32(data), rig.guest.u32(len)), (9, 4));
    assert_eq!(rig.call("RegEnumValueW", &[key, 1, name, count, 0, 0, 0, 0]), 234);
    rig.set_u32(count, 5);
    assert_eq!(rig.call("RegEnumValueW", &[key, 1, name, count, 0, 0, data, len]), 234);
    assert_eq!((rig.guest.wide_text(name).as_str(), rig.guest.u32(len)), ("Name", 8));
    rig.set_u32(count, 5);
    assert_eq!(rig.call("RegEnumValueW", &[key, 1, name, count, 0, 0, data, len]), 0);
    assert_eq!(rig.guest.wide_text(data), "abc");
    assert_eq!(rig.call("RegEnumValueW", &[key, 2, name, count, 0, 0, 0, 0]), 259);
    assert_eq!(rig.call("RegEnumValueW", &[key, 0, name, count, 0, 0, data, 0]), 87);
}

fn default_values(rig: &mut Rig) {
    let root = rig.root(HKEY_CURRENT_USER);
    let (below, text) = (rig.ansi("Software\\Synth"), rig.ansi("abc"));
    let (data, len) = (rig.guest.put(&[0xff; 16]), rig.guest.put(&[16, 0, 0, 0]));
    assert_eq!(rig.call("RegQueryValueA", &[root, below, data, len]), 2);
    rig.create("Software\\Synth", KEY_ALL_ACCESS);
    assert_eq!((rig.call("RegQueryValueA", &[root, below, data, len]), rig.guest.u32(len)), (0, 1));
    assert_eq!(rig.guest.text(data), "");
    assert_eq!(rig.call("RegSetValueA", &[root, below, REG_DWORD, text, 3]), 87);
    assert_eq!(rig.call("RegSetValueA", &[root, below, REG_SZ, text, 0]), 0);
    rig.set_u32(len, 16);
    assert_eq!((rig.call("RegQueryValueA", &[root, below, data, len]), rig.guest.u32(len)), (0, 4));
    assert_eq!(rig.guest.text(data), "abc");
    assert_eq!((rig.call("RegQueryValueA", &[root, below, 0, len]), rig.guest.u32(len)), (0, 4));
}

fn types_are_asked_for(rig: &mut Rig) {
    const SZ: u64 = 2;
    const EXPAND_SZ: u64 = 4;
    const DWORD: u64 = 0x18;
    const ANY: u64 = 0xffff;
    const NOEXPAND: u64 = 0x1000_0000;
    const ZERO: u64 = 0x2000_0000;
    let root = rig.root(HKEY_CURRENT_USER);
    let (below, key) = (rig.ansi("Software\\Synth"), rig.create("Software\\Synth", KEY_ALL_ACCESS));
    let (text, name) = (rig.ansi("%a%"), rig.ansi("Path"));
    let (data, kind, len) = (rig.guest.put(&[0xff; 16]), rig.guest.put(&[0; 4]), rig.guest.put(&[0; 4]));
    let get = |rig: &mut Rig, flags| {
        rig.set_u32(len, 16);
        rig.call("RegGetValueA", &[root, below, name, flags, kind, data, len])
    };
    // The zero that the text lacks is there.
    assert_eq!(rig.call("RegSetValueExA", &[key, name, 0, REG_EXPAND_SZ, text, 3]), 0);
    assert_eq!((get(rig, SZ), rig.guest.u32(len), rig.guest.u32(kind)), (0, 4, 1));
    assert_eq!(rig.guest.text(data), "%a%");
    assert_eq!((get(rig, EXPAND_SZ | NOEXPAND), rig.guest.u32(kind)), (0, 2));
    assert_eq!(get(rig, EXPAND_SZ), 87);
    assert_eq!(get(rig, 0), 87);
    assert_eq!((get(rig, ANY), rig.guest.u32(kind)), (0, 1));
    assert_eq!((get(rig, DWORD), rig.guest.bytes::<3>(data)), (1630, *b"%a%"));
    assert_eq!((get(rig, DWORD | ZERO), rig.guest.bytes(data)), (1630, [0; 16]));
    assert_eq!(rig.call("RegSetValueExA", &[key, name, 0, REG_BINARY, text, 3]), 0);
    assert_eq!(get(rig, DWORD), 13);
    assert_eq!((get(rig, ANY), rig.guest.u32(len)), (0, 3));
    assert_eq!(rig.call("RegGetValueA", &[key, 0, name, ANY, 0, data, 0]), 87);
    assert_eq!(rig.call("RegGetValueA", &[key, 0, name, ANY, 0, 0, 0]), 0);
    let read = rig.create("Software\\Synth", KEY_READ);
    assert_eq!(rig.call("RegGetValueA", &[read, below, name, ANY, 0, 0, 0]), 2);
}
