//! The registry's functions called the way the guest calls them.

use guest::Mode;

use crate::testing::{Guest, alone};

#[test]
fn the_registry_answers_32_bit_code_as_documented() {
    alone(|| registry(Mode::I386));
}

#[test]
fn the_registry_answers_64_bit_code_as_documented() {
    alone(|| registry(Mode::X86_64));
}

const REG_SZ: u64 = 1;
const REG_DWORD: u64 = 4;

fn registry(mode: Mode) {
    let mut guest = Guest::new(mode);
    let machine_root = guest.pick(0x8000_0002, 0xffff_ffff_8000_0002);
    let out = guest.put(&[0; 16]);
    let (name, wide) = (guest.put(b"SOFTWARE\\MUKOLI\0"), guest.wide("software\\Mukoli"));
    assert_eq!(guest.call("RegOpenKeyExA", &[machine_root, name, 0, 0x20019, out]), 2);
    assert_eq!(guest.call("RegOpenKeyW", &[machine_root, wide, out]), 2);
    assert_eq!(guest.call("RegOpenKeyExA", &[0x1234, name, 0, 0x20019, out]), 6);
    assert_eq!(guest.call("RegCloseKey", &[machine_root]), 0);

    let done = guest.put(&[0; 4]);
    let create = [machine_root, wide, 0, 0, 0, 0xf003f, 0, out, done];
    assert_eq!((guest.call("RegCreateKeyExW", &create), guest.u32(done)), (0, 1));
    assert_eq!((guest.call("RegCreateKeyExW", &create), guest.u32(done)), (0, 2));
    assert_eq!(guest.call("RegOpenKeyExA", &[machine_root, name, 0, 0x20019, out]), 0);
    let key = guest.pointer(out);
    values(&mut guest, key);

    let software = guest.put(b"Software\0");
    assert_eq!(guest.call("RegDeleteKeyA", &[machine_root, software]), 5);
    assert_eq!(guest.call("RegDeleteKeyA", &[machine_root, name]), 0);
    assert_eq!(guest.call("RegQueryValueExA", &[key, 0, 0, 0, 0, 0]), 1018);
    assert_eq!((guest.call("RegCloseKey", &[key]), guest.call("RegCloseKey", &[key])), (0, 6));
}

fn values(guest: &mut Guest, key: u64) {
    let (name, wide) = (guest.put(b"DebugFile\0"), guest.wide("debugfile"));
    let (data, kind, len) = (guest.put(&[0; 16]), guest.put(&[0; 4]), guest.put(&16_u32.to_le_bytes()));
    assert_eq!(guest.call("RegQueryValueExA", &[key, name, 0, kind, data, len]), 2);
    let file = guest.put(b"c:\\\x80\0");
    assert_eq!(guest.call("RegSetValueExA", &[key, name, 0, REG_SZ, file, 5]), 0);
    // Texts are kept as UTF-16 and given in what the caller asks for.
    assert_eq!(guest.call("RegQueryValueExW", &[key, wide, 0, kind, data, len]), 0);
    assert_eq!((guest.wide_text(data).as_str(), guest.u32(kind), guest.u32(len)), ("c:\\€", 1, 10));
    guest.process.machine.memory.write(len, &4_u32.to_le_bytes()).unwrap();
    assert_eq!((guest.call("RegQueryValueExA", &[key, name, 0, 0, data, len]), guest.u32(len)), (234, 5));
    assert_eq!(guest.call("RegQueryValueExA", &[key, name, 0, 0, data, len]), 0);
    assert_eq!(guest.bytes(data), *b"c:\\\x80\0");
    assert_eq!(guest.call("RegQueryValueExA", &[key, name, 0, 0, data, 0]), 87);

    let number = guest.put(&[1, 2, 3, 4]);
    assert_eq!(guest.call("RegSetValueExW", &[key, 0, 0, REG_DWORD, number, 4]), 0);
    assert_eq!(
        (guest.call("RegQueryValueExA", &[key, 0, 0, 0, data, len]), guest.u32(data)),
        (0, 0x0403_0201)
    );
    assert_eq!(guest.call("RegSetValueExA", &[key, 0, 0, REG_DWORD, number, 0xffff_ffff]), 8);
    assert_eq!(
        (guest.call("RegDeleteValueA", &[key, name]), guest.call("RegDeleteValueA", &[key, name])),
        (0, 2)
    );
}
