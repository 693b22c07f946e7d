//! advapi32's functions called the way the guest calls them.

mod host;
mod rights;
mod values;

use std::cell::RefCell;
use std::rc::Rc;

use guest::Mode;

use crate::testing::{Guest, alone};
use host::{Kept, host};

/// A test for each mode.
macro_rules! in_both_modes {
    ($($test:ident: $narrow:ident, $wide:ident;)*) => {$(
        #[test]
        fn $narrow() {
            crate::testing::alone(|| $test(&mut crate::advapi32::tests::Rig::new(guest::Mode::I386)));
        }

        #[test]
        fn $wide() {
            crate::testing::alone(|| $test(&mut crate::advapi32::tests::Rig::new(guest::Mode::X86_64)));
        }
    )*};
}
use in_both_modes;

const HKEY_CURRENT_USER: u64 = 1;
const HKEY_LOCAL_MACHINE: u64 = 2;

const KEY_READ: u64 = 0x2_0019;
const KEY_ALL_ACCESS: u64 = 0xf_003f;

/// A guest, and the registry that the host keeps for it.
struct Rig {
    guest: Guest,
    kept: Rc<RefCell<Kept>>,
    /// Where functions put their results.
    out: u64,
}

impl Rig {
    fn new(mode: Mode) -> Self {
        let (kept, serve) = host();
        let mut guest = Guest::new(mode);
        guest.serve(serve);
        let out = guest.put(&[0; 64]);
        Self { guest, kept, out }
    }

    /// A predefined key's handle.
    fn root(&self, number: u64) -> u64 {
        self.guest.pick(0x8000_0000 + number, 0xffff_ffff_8000_0000 + number)
    }

    fn call(&mut self, function: &str, arguments: &[u64]) -> u64 {
        self.guest.call(function, arguments)
    }

    /// A text for A functions.
    fn ansi(&mut self, text: &str) -> u64 {
        self.guest.put(format!("{text}\0").as_bytes())
    }

    /// Makes a key in HKEY_CURRENT_USER, and answers its handle.
    fn create(&mut self, name: &str, access: u64) -> u64 {
        let (root, name) = (self.root(HKEY_CURRENT_USER), self.ansi(name));
        let create = [root, name, 0, 0, 0, access, 0, self.out, 0];
        assert_eq!(self.call("RegCreateKeyExA", &create), 0);
        self.guest.pointer(self.out)
    }

    fn set_u32(&self, at: u64, value: u32) {
        self.guest.process.machine.memory.write(at, &value.to_le_bytes()).unwrap();
    }

    fn keys(&self) -> Vec<String> {
        self.kept.borrow().keys.values().map(|(path, _)| path.clone()).collect()
    }

    fn flushed(&self) -> u32 {
        self.kept.borrow().flushed
    }
}

in_both_modes! {
    keys_come_and_go: keys_come_and_go_in_32_bit_code, keys_come_and_go_in_64_bit_code;
    changes_last: changes_last_in_32_bit_code, changes_last_in_64_bit_code;
    keys_are_listed: keys_are_listed_in_32_bit_code, keys_are_listed_in_64_bit_code;
    trees_go: trees_go_in_32_bit_code, trees_go_in_64_bit_code;
    a_wait_ends: a_wait_ends_in_32_bit_code, a_wait_ends_in_64_bit_code;
}

fn keys_come_and_go(rig: &mut Rig) {
    let (root, out) = (rig.root(HKEY_LOCAL_MACHINE), rig.out);
    let (name, wide) = (rig.ansi("SOFTWARE\\MUKOLI"), rig.guest.wide("software\\Mukoli"));
    assert_eq!(rig.call("RegOpenKeyExA", &[root, name, 0, KEY_READ, out]), 2);
    assert_eq!(rig.call("RegOpenKeyW", &[root, wide, out]), 2);
    assert_eq!(rig.call("RegOpenKeyExA", &[0x1234, name, 0, KEY_READ, out]), 6);
    // Performance data is not kept.
    let performance = rig.root(4);
    assert_eq!(rig.call("RegOpenKeyExA", &[performance, name, 0, KEY_READ, out]), 6);
    assert_eq!(rig.call("RegOpenKeyExA", &[root, name, 0, KEY_READ, 0]), 87);
    assert_eq!(rig.call("RegCloseKey", &[root]), 0);

    let done = rig.guest.put(&[0; 4]);
    let create = [root, wide, 0, 0, 0, KEY_ALL_ACCESS, 0, out, done];
    assert_eq!((rig.call("RegCreateKeyExW", &create), rig.guest.u32(done)), (0, 1));
    assert_eq!((rig.call("RegCreateKeyExW", &create), rig.guest.u32(done)), (0, 2));
    let place = rig
        .guest
        .pick(r"HKEY_LOCAL_MACHINE\software\Wow6432Node\Mukoli", r"HKEY_LOCAL_MACHINE\software\Mukoli");
    assert!(rig.keys().contains(&place.to_owned()), "{:?}", rig.keys());
    assert_eq!(rig.call("RegOpenKeyExA", &[root, name, 0, KEY_READ, out]), 0);
    let key = rig.guest.pointer(out);

    // A predefined key is its own handle, and so is any key to the older functions.
    for (of, function) in [(root, "RegOpenKeyA"), (key, "RegOpenKeyA"), (key, "RegCreateKeyW")] {
        assert_eq!((rig.call(function, &[of, 0, out]), rig.guest.pointer(out)), (0, of), "{function}");
    }
    assert_eq!(rig.call("RegOpenKeyExW", &[key, 0, 0, KEY_READ, out]), 0);
    let again = rig.guest.pointer(out);
    assert_ne!(again, key);
    assert_eq!(rig.call("CloseHandle", &[again]), 1);

    let software = rig.ansi("Software");
    assert_eq!(rig.call("RegDeleteKeyA", &[root, software]), 5);
    assert_eq!(rig.call("RegDeleteKeyA", &[root, 0]), 87);
    assert_eq!(rig.call("RegDeleteKeyA", &[root, name]), 0);
    assert_eq!(rig.call("RegDeleteKeyA", &[root, name]), 2);
    assert_eq!(rig.call("RegQueryValueExA", &[key, 0, 0, 0, 0, 0]), 1018);
    assert_eq!(rig.call("RegQueryInfoKeyA", &[key, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 1018);
    assert_eq!((rig.call("RegCloseKey", &[key]), rig.call("RegCloseKey", &[key])), (0, 6));

    let other = rig.ansi("\\\\elsewhere");
    assert_eq!(rig.call("RegConnectRegistryA", &[other, root, out]), 53);
    assert_eq!(rig.call("RegConnectRegistryA", &[0, root, out]), 0);
    let connected = rig.guest.pointer(out);
    assert_eq!(rig.call("RegConnectRegistryA", &[0, connected, out]), 6);
    assert_eq!(rig.call("RegCloseKey", &[connected]), 0);
}

fn changes_last(rig: &mut Rig) {
    let key = rig.create("Software\\Synth", KEY_ALL_ACCESS);
    assert_eq!(rig.flushed(), 0);
    // It was made through this handle.
    assert_eq!((rig.call("RegCloseKey", &[key]), rig.flushed()), (0, 1));
    let key = rig.create("Software\\Synth", KEY_ALL_ACCESS);
    assert_eq!((rig.call("RegCloseKey", &[key]), rig.flushed()), (0, 1));
    let (key, data) = (rig.create("Software\\Synth", KEY_ALL_ACCESS), rig.guest.put(b"1234"));
    assert_eq!(rig.call("RegSetValueExA", &[key, 0, 0, 4, data, 4]), 0);
    assert_eq!((rig.call("RegFlushKey", &[key]), rig.flushed()), (0, 2));
    assert_eq!((rig.call("RegCloseKey", &[key]), rig.flushed()), (0, 2));
    // A predefined key is never closed.
    let root = rig.root(HKEY_CURRENT_USER);
    assert_eq!((rig.call("RegSetValueExA", &[root, 0, 0, 4, data, 4]), rig.flushed()), (0, 3));
}

fn keys_are_listed(rig: &mut Rig) {
    for name in ["Software\\Synth\\Banks", "Software\\Synth\\a"] {
        rig.create(name, KEY_ALL_ACCESS);
    }
    let key = rig.create("Software\\Synth", KEY_ALL_ACCESS);
    let (name, count) = (rig.guest.put(&[0xff; 32]), rig.guest.put(&[0; 4]));
    let enumerate = [key, 1, name, count, 0, 0, 0, 0];
    rig.set_u32(count, 5);
    assert_eq!(rig.call("RegEnumKeyExW", &enumerate), 234);
    rig.set_u32(count, 6);
    assert_eq!((rig.call("RegEnumKeyExW", &enumerate), rig.guest.u32(count)), (0, 5));
    assert_eq!(rig.guest.wide_text(name), "Banks");
    assert_eq!((rig.call("RegEnumKeyA", &[key, 0, name, 2]), rig.guest.text(name)), (0, "a".to_owned()));
    assert_eq!(rig.call("RegEnumKeyA", &[key, 0, name, 1]), 234);
    assert_eq!(rig.call("RegEnumKeyA", &[key, 2, name, 16]), 259);
    let numbers: Vec<u64> = (0..7).map(|_| rig.guest.put(&[0xff; 4])).collect();
    let [keys, longest, class, values, longest_name, longest_data, security] = numbers[..] else { panic!() };
    let data = rig.guest.put(b"12345");
    let own = rig.ansi("Gain");
    assert_eq!(rig.call("RegSetValueExA", &[key, own, 0, 3, data, 5]), 0);
    let changed = rig.guest.put(&[0xff; 8]);
    let query = [key, 0, 0, 0, keys, longest, class, values, longest_name, longest_data, security, changed];
    assert_eq!(rig.call("RegQueryInfoKeyA", &query), 0);
    let told: Vec<u32> = numbers.iter().map(|&at| rig.guest.u32(at)).collect();
    assert_eq!(told, [2, 5, 0, 1, 4, 5, 0]);
    assert_eq!(rig.guest.bytes(changed), [0; 8]);
}

fn trees_go(rig: &mut Rig) {
    for name in ["Software\\Synth\\Banks\\One", "Software\\Synth\\Other"] {
        rig.create(name, KEY_ALL_ACCESS);
    }
    let (key, data) = (rig.create("Software\\Synth", KEY_ALL_ACCESS), rig.guest.put(b"1234"));
    assert_eq!(rig.call("RegSetValueExA", &[key, 0, 0, 4, data, 4]), 0);
    let banks = rig.guest.wide("BANKS");
    assert_eq!(rig.call("RegDeleteKeyW", &[key, banks]), 5);
    assert_eq!(rig.call("RegDeleteTreeW", &[key, banks]), 0);
    assert_eq!(rig.call("RegDeleteTreeW", &[key, banks]), 2);
    assert_eq!(rig.call("RegDeleteTreeA", &[key, 0]), 0);
    assert_eq!(rig.call("RegQueryValueExA", &[key, 0, 0, 0, 0, 0]), 2);
    let user: Vec<_> = rig.keys().into_iter().filter(|key| key.contains("USER\\")).collect();
    assert_eq!(user, [r"HKEY_CURRENT_USER\Software", r"HKEY_CURRENT_USER\Software\Synth"]);
}

fn a_wait_ends(rig: &mut Rig) {
    let key = rig.create("Software\\Synth", KEY_READ);
    // To this host every question is a change.
    assert_eq!(rig.call("RegNotifyChangeKeyValue", &[key, 0, 4, 0, 0]), 0);
    assert_eq!(rig.call("RegNotifyChangeKeyValue", &[key, 0, 0, 0, 0]), 87);
    assert_eq!(rig.call("RegNotifyChangeKeyValue", &[key, 0, 4, 0x1000, 1]), 6);
    let write = rig.create("Software\\Synth", 2);
    assert_eq!(rig.call("RegNotifyChangeKeyValue", &[write, 0, 4, 0, 0]), 5);
}

#[test]
fn a_wait_that_does_not_end_is_interrupted() {
    alone(|| {
        let mut guest = Guest::new(Mode::X86_64);
        guest.serve(|_| wire::Served::Number(7));
        let root = 0xffff_ffff_8000_0001;
        let time = std::time::Duration::from_millis(20);
        let fault = guest.interrupted(time, "RegNotifyChangeKeyValue", &[root, 1, 4, 0, 0]);
        assert_eq!(fault, guest::FaultKind::Deadline);
    });
}
