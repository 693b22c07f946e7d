//! Rights of handles, and who the driver runs as.

use super::{HKEY_CURRENT_USER, KEY_READ, Rig, in_both_modes};

in_both_modes! {
    rights_are_looked_at: rights_are_looked_at_in_32_bit_code, rights_are_looked_at_in_64_bit_code;
    the_user_has_an_identifier: the_user_has_an_identifier_in_32_bit_code, the_user_has_an_identifier_in_64_bit_code;
    views_are_chosen: views_are_chosen_by_32_bit_code, views_are_chosen_by_64_bit_code;
}

fn rights_are_looked_at(rig: &mut Rig) {
    const KEY_WRITE: u64 = 0x2_0006;
    const GENERIC_ALL: u64 = 0x1000_0000;
    let data = rig.guest.put(b"1234");
    let set = |rig: &mut Rig, key| rig.call("RegSetValueExA", &[key, 0, 0, 4, data, 4]);
    let query = |rig: &mut Rig, key| rig.call("RegQueryValueExA", &[key, 0, 0, 0, 0, 0]);
    let name = rig.guest.put(&[0; 16]);
    let list = |rig: &mut Rig, key| rig.call("RegEnumKeyA", &[key, 0, name, 16]);
    for (access, may) in
        [(KEY_READ, [5, 2, 259]), (KEY_WRITE, [0, 5, 5]), (GENERIC_ALL, [0, 0, 259]), (0, [5, 5, 5])]
    {
        let key = rig.create("Software\\Synth", access);
        // Asked for before it is set, except where the first handle that could has set it.
        if may[1] == 2 {
            assert_eq!(query(rig, key), 2);
        }
        assert_eq!([set(rig, key), list(rig, key)], [may[0], may[2]], "{access:x}");
        if may[1] != 2 {
            assert_eq!(query(rig, key), may[1], "{access:x}");
        }
    }
    // Keys are made and deleted whatever rights the handle has.
    let (key, below) = (rig.create("Software\\Synth", KEY_READ), rig.ansi("x"));
    assert_eq!(rig.call("RegCreateKeyA", &[key, below, rig.out]), 0);
    assert_eq!(rig.call("RegDeleteKeyA", &[key, below]), 0);
    assert_eq!(rig.call("RegDeleteValueA", &[key, 0]), 5);
}

fn the_user_has_an_identifier(rig: &mut Rig) {
    const USER: u64 = 1;
    let process = rig.call("GetCurrentProcess", &[]);
    let thread = rig.call("GetCurrentThread", &[]);
    let out = rig.out;
    assert_eq!(rig.call("OpenThreadToken", &[thread, 8, 1, out]), 0);
    assert_eq!(rig.guest.last_error(), 1008);
    assert_eq!((rig.call("OpenProcessToken", &[0x1000, 8, out]), rig.guest.last_error()), (0, 6));
    assert_eq!(rig.call("OpenProcessToken", &[process, 8, out]), 1);
    let token = rig.guest.pointer(out);
    let needed = rig.guest.put(&[0; 4]);
    assert_eq!(rig.call("GetTokenInformation", &[token, USER, 0, 0, needed]), 0);
    let size = rig.guest.pick(8, 16) + 28;
    assert_eq!((rig.guest.last_error(), rig.guest.u32(needed)), (122, size));
    let buffer = rig.guest.put(&[0xff; 64]);
    assert_eq!(rig.call("GetTokenInformation", &[token, USER, buffer, size.into(), needed]), 1);
    let sid = rig.guest.pointer(buffer);
    assert_eq!(sid, buffer + u64::from(size) - 28);
    assert_eq!((rig.call("IsValidSid", &[sid]), rig.call("GetLengthSid", &[sid])), (1, 28));
    assert_eq!((rig.call("IsValidSid", &[process]), rig.call("IsValidSid", &[needed])), (0, 0));
    let copy = rig.guest.bytes::<28>(sid);
    let copy = rig.guest.put(&copy);
    assert_eq!(rig.call("EqualSid", &[sid, copy]), 1);
    rig.set_u32(copy + 24, 1001);
    assert_eq!(rig.call("EqualSid", &[sid, copy]), 0);
    assert_eq!(rig.call("ConvertSidToStringSidA", &[sid, out]), 1);
    let text = rig.guest.pointer(out);
    assert_eq!(rig.guest.text(text), "S-1-5-21-1000000000-2000000000-3000000000-1000");
    assert_eq!(rig.call("LocalFree", &[text]), 0);
    assert_eq!(rig.call("ConvertSidToStringSidW", &[copy, out]), 1);
    let text = rig.guest.pointer(out);
    assert!(rig.guest.wide_text(text).ends_with("-1001"));
    assert_eq!((rig.call("ConvertSidToStringSidA", &[needed, out]), rig.guest.last_error()), (0, 1337));
    assert_eq!(rig.call("LookupAccountSidA", &[0, sid, 0, 0, 0, 0, out]), 0);
    assert_eq!(rig.guest.last_error(), 1332);
    assert_eq!(rig.call("GetTokenInformation", &[token, 20, buffer, 4, needed]), 1);
    assert_eq!(rig.guest.u32(buffer), 0);
    assert_eq!(rig.call("GetTokenInformation", &[token, 2, buffer, 64, needed]), 0);
    assert_eq!(rig.guest.last_error(), 87);
    assert_eq!((rig.call("CloseHandle", &[token]), rig.call("CloseHandle", &[token])), (1, 0));
    rig.set_u32(needed, 3);
    assert_eq!(rig.call("GetUserNameW", &[buffer, needed]), 0);
    assert_eq!((rig.guest.last_error(), rig.guest.u32(needed)), (122, 7));
    assert_eq!(rig.call("GetUserNameW", &[buffer, needed]), 1);
    assert_eq!(rig.guest.wide_text(buffer), "driver");
}

fn views_are_chosen(rig: &mut Rig) {
    const KEY_WOW64_64KEY: u64 = 0x100;
    const KEY_WOW64_32KEY: u64 = 0x200;
    let (root, out, name) = (rig.root(2), rig.out, rig.ansi("SOFTWARE\\Synth"));
    for (view, there) in [
        (KEY_WOW64_64KEY, r"HKEY_LOCAL_MACHINE\SOFTWARE\Synth"),
        (KEY_WOW64_32KEY, r"HKEY_LOCAL_MACHINE\SOFTWARE\Wow6432Node\Synth"),
    ] {
        assert_eq!(rig.call("RegCreateKeyExA", &[root, name, 0, 0, 0, KEY_READ | view, 0, out, 0]), 0);
        assert!(rig.keys().contains(&there.to_owned()), "{:?}", rig.keys());
        assert_eq!(rig.call("RegDeleteKeyExA", &[root, name, view, 0]), 0);
        assert!(!rig.keys().contains(&there.to_owned()));
    }
    let both = KEY_WOW64_32KEY | KEY_WOW64_64KEY;
    assert_eq!(rig.call("RegOpenKeyExA", &[root, name, 0, KEY_READ | both, out]), 87);
    let user = rig.root(HKEY_CURRENT_USER);
    assert_eq!(rig.call("RegCreateKeyA", &[user, name, out]), 0);
    assert!(rig.keys().contains(&r"HKEY_CURRENT_USER\SOFTWARE\Synth".to_owned()));
}
