//! FormatMessage.

use crate::testing::Guest;

const ALLOCATE_BUFFER: u64 = 0x100;
const IGNORE_INSERTS: u64 = 0x200;
const FROM_STRING: u64 = 0x400;
const FROM_HMODULE: u64 = 0x800;
const FROM_SYSTEM: u64 = 0x1000;
const ARGUMENT_ARRAY: u64 = 0x2000;

pub(super) fn messages(guest: &mut Guest) {
    let out = guest.put(&[0; 300]);
    let (one, wide) = (guest.put(b"one\0"), guest.wide("wide"));
    let words = guest.pointers(&[one, 2, wide, 6, 3, 7]);
    let list = guest.pointers(&[words]);
    let mut format = |flags: u64, text: &str, arguments: u64| {
        let text = guest.put(format!("{text}\0").as_bytes());
        let len = guest.call("FormatMessageA", &[flags | FROM_STRING, text, 0, 0, out, 200, arguments]);
        if len == 0 {
            return Err(guest.last_error());
        }
        let text = guest.text(out);
        assert_eq!(text.len() as u64, len);
        Ok(text)
    };
    let array = ARGUMENT_ARRAY;
    for (text, formatted) in [
        ("a %1 b %2!d!, %3!ws!", "a one b 2, wide"),
        ("%2!02x!%1!5s!|%1!-5s!|%4!*.*d!|%1!.2s!", "02  one|one  |   007|on"),
        ("x%%y% z%.w%!q%qQ%tT", "x%y z.w!qqQ\tT"),
        ("a\nb\r\nc%nd%re", "a\r\nb\r\nc\r\nd\re"),
        ("until%0here", "until"),
    ] {
        assert_eq!(format(array, text, words).as_deref(), Ok(formatted), "{text}");
    }
    assert_eq!(format(0, "%2!d! %1", list).as_deref(), Ok("2 one"), "a va_list");
    for wrong in ["%", "%1!s"] {
        assert_eq!(format(array, wrong, words), Err(87), "{wrong}");
    }
    assert_eq!(format(0, "%1", 0), Err(87), "nothing to insert");
    let ignored = "x%%y% z%nN %1 %2!d!%0more";
    assert_eq!(format(IGNORE_INSERTS, ignored, words).as_deref(), Ok("x%%y% z\r\nN %1 %2!d!"));
    let text = "the quick brown fox jumped over it\nand%nthen";
    assert_eq!(format(0xff, text, 0).as_deref(), Ok("the quick brown fox jumped over it and\r\nthen"));
    let wrapped = "the quick\r\nbrown fox\r\njumped\r\nover it\r\nand\r\nthen";
    assert_eq!(format(10, text, 0).as_deref(), Ok(wrapped));
    assert_eq!(format(10, "jumpedoveritallday", 0).as_deref(), Ok("jumpedover\r\nitallday"));

    let text = guest.wide("%1!hs! %2");
    let inserts = guest.pointers(&[one, wide]);
    let flags = FROM_STRING | ARGUMENT_ARRAY | ALLOCATE_BUFFER;
    let pointer = guest.pointers(&[0]);
    assert_eq!(guest.call("FormatMessageW", &[flags, text, 0, 0, pointer, 100, inserts]), 8);
    let block = guest.pointer(pointer);
    assert_eq!((guest.wide_text(block), guest.call("LocalSize", &[block])), ("one wide".to_owned(), 200));
    assert_eq!(guest.call("LocalFree", &[block]), 0);

    let system = |guest: &mut Guest, flags: u64, id: u64, language: u64, room: u64| {
        (guest.call("FormatMessageA", &[flags, 0, id, language, out, room, 0]), guest.last_error())
    };
    assert_eq!(system(guest, FROM_SYSTEM, 5, 0, 200).0, 19);
    assert_eq!(guest.text(out), "Access is denied.\r\n");
    assert_eq!(system(guest, FROM_SYSTEM, 5, 0, 19), (0, 122));
    assert_eq!(system(guest, FROM_SYSTEM, 5, 0x407, 200), (0, 1815));
    assert_eq!(system(guest, FROM_SYSTEM, 0x7f12_3456, 0, 200), (0, 317));
    assert_eq!(system(guest, FROM_HMODULE, 5, 0, 200), (0, 1812));
    assert_eq!(system(guest, FROM_HMODULE | FROM_SYSTEM, 5, 0, 200).0, 19);
    assert_eq!(system(guest, 0, 5, 0, 200), (0, 87));
}
