//! Dates, and letters of user32.

use crate::testing::Guest;

pub(super) fn dates(guest: &mut Guest) {
    // Thursday, 5 March 2009, 14:07:09.
    let fields: Vec<u8> = [2009_u16, 3, 0, 5, 14, 7, 9, 0].into_iter().flat_map(u16::to_le_bytes).collect();
    let (fields, out, words) = (guest.put(&fields), guest.put(&[0; 200]), guest.put(&[0; 32]));
    let time = guest.put(&[0; 8]);
    assert_eq!(guest.call("SystemTimeToFileTime", &[fields, time]), 1);
    assert_eq!(u64::from_le_bytes(guest.bytes(time)), (11_644_473_600 + 1_236_262_029) * 10_000_000);
    assert_eq!(guest.call("FileTimeToSystemTime", &[time, out]), 1);
    assert_eq!((guest.bytes::<4>(out), guest.bytes::<2>(out + 4)), (guest.bytes(fields), [4, 0]));
    assert_eq!(guest.call("FileTimeToDosDateTime", &[time, words, words + 2]), 1);
    assert_eq!(guest.u32(words), (14 << 11 | 7 << 5 | 4) << 16 | (29 << 9 | 3 << 5 | 5));
    let [date, of_day] = [words, words + 2].map(|at| u16::from_le_bytes(guest.bytes(at)).into());
    assert_eq!(guest.call("DosDateTimeToFileTime", &[date, of_day, out]), 1);
    assert_eq!(
        (guest.int("CompareFileTime", &[out, time]), guest.int("CompareFileTime", &[time, time])),
        (-1, 0)
    );
    let wrong = guest.put(&[0; 16]);
    assert_eq!((guest.call("SystemTimeToFileTime", &[wrong, out]), guest.last_error()), (0, 87));
    assert_eq!(guest.call("GetTimeZoneInformation", &[out]), 0);
    assert_eq!(guest.wide_text(out + 4), "UTC");

    assert_eq!(guest.call("GetDateFormatA", &[0x409, 0, fields, 0, out, 50]), 9);
    assert_eq!(guest.text(out), "3/5/2009");
    let picture = guest.wide("dddd, d. MMM");
    assert_eq!(guest.call("GetDateFormatW", &[0x400, 0, fields, picture, out, 50]), 17);
    assert_eq!(guest.wide_text(out), "Thursday, 5. Mar");
    assert_eq!(guest.call("GetTimeFormatA", &[0x400, 2, fields, 0, out, 50]), 8);
    assert_eq!(guest.text(out), "2:07 PM");
    assert_eq!(guest.call("GetDateFormatA", &[0x409, 0, fields, 0, 0, 0]), 9);
    for (arguments, error) in [
        ([0x409, 3, fields, 0, out, 50], 1004),
        ([0x409, 1, fields, picture, out, 50], 1004),
        ([0x407, 0, fields, 0, out, 50], 87),
        ([0x409, 0, wrong, 0, out, 50], 87),
        ([0x409, 0, fields, 0, out, 8], 122),
    ] {
        assert_eq!((guest.call("GetDateFormatA", &arguments), guest.last_error()), (0, error));
    }
}

pub(super) fn letters(guest: &mut Guest) {
    let text = guest.put(b"Gr\xf6\xdfe\0");
    assert_eq!((guest.call("CharUpperA", &[text]), guest.call("CharUpperA", &[0xe4])), (text, 0xc4));
    assert_eq!(guest.bytes(text), *b"GR\xd6\xdfE\0");
    assert_eq!(guest.call("CharLowerBuffA", &[text, 2]), 2);
    assert_eq!(guest.bytes(text), *b"gr\xd6\xdfE\0");
    assert_eq!(
        (guest.call("CharNextA", &[text]), guest.call("CharNextA", &[text + 5])),
        (text + 1, text + 5)
    );
    assert_eq!(
        (guest.call("CharPrevA", &[text, text + 3]), guest.call("CharPrevA", &[text, text])),
        (text + 2, text)
    );
    let wide = guest.wide("\u{e4}b");
    assert_eq!((guest.call("CharUpperW", &[wide]), guest.wide_text(wide)), (wide, "\u{c4}B".to_owned()));
    assert_eq!(
        (guest.call("CharNextW", &[wide]), guest.call("CharPrevW", &[wide, wide + 4])),
        (wide + 2, wide + 2)
    );
    let is = |guest: &mut Guest, unit: u64| {
        ["IsCharAlphaA", "IsCharAlphaNumericA", "IsCharUpperA", "IsCharLowerW"]
            .map(|name| guest.call(name, &[unit]))
    };
    assert_eq!((is(guest, b'A'.into()), is(guest, b'7'.into())), ([1, 1, 1, 0], [0, 1, 0, 0]));
    assert_eq!((is(guest, 0xe4), is(guest, b' '.into())), ([1, 1, 0, 1], [0; 4]));
    let out = guest.put(&[0; 32]);
    assert_eq!(
        (guest.call("OemToCharW", &[text, out]), guest.wide_text(out)),
        (1, "gr\u{d6}\u{df}E".to_owned())
    );
    assert_eq!((guest.call("CharToOemW", &[wide, out]), guest.bytes(out)), (1, *b"\xc4B\0"));
    assert_eq!((guest.call("CharToOemA", &[0, out]), guest.call("CharToOemBuffA", &[text, out, 2])), (0, 1));
}
