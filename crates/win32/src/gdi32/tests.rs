//! Functions called the way the guest calls them.

use guest::Mode;

use crate::testing::{Guest, alone};

#[test]
fn objects_have_state_for_32_bit_code() {
    alone(|| objects_have_state(Mode::I386));
}

#[test]
fn objects_have_state_for_64_bit_code() {
    alone(|| objects_have_state(Mode::X86_64));
}

fn objects_have_state(mode: Mode) {
    let mut guest = Guest::new(mode);
    contexts(&mut guest);
    fonts(&mut guest);
    bitmaps(&mut guest);
    choices(&mut guest);
}

fn contexts(guest: &mut Guest) {
    let dc = guest.call("GetDC", &[0]);
    assert_ne!(dc, 0);
    assert_eq!((guest.call("SetTextColor", &[dc, 0xff]), guest.call("GetTextColor", &[dc])), (0, 0xff));
    assert_eq!((guest.call("SetBkColor", &[dc, 7]), guest.call("GetBkColor", &[dc])), (0xff_ffff, 7));
    assert_eq!((guest.call("SetBkMode", &[dc, 1]), guest.call("SetBkMode", &[dc, 9])), (2, 0));
    assert_eq!((guest.call("SetTextAlign", &[dc, 6]), guest.call("GetTextAlign", &[dc])), (0, 6));
    assert_eq!(guest.call("SetTextAlign", &[dc + 4000, 6]), 0xffff_ffff);
    assert_eq!(guest.last_error(), 6);
    let caps = [8, 10, 12, 88].map(|index| guest.int("GetDeviceCaps", &[dc, index]));
    assert_eq!(caps, [1024, 768, 32, 96]);

    let face = guest.put(b"Arial\0");
    let font = guest.call("CreateFontA", &[20, 0, 0, 0, 700, 1, 0, 0, 0, 0, 0, 0, 0, face]);
    let before = guest.call("SelectObject", &[dc, font]);
    let name = guest.put(&[0; 40]);
    assert_eq!((guest.call("GetTextFaceA", &[dc, 40, name]), guest.text(name)), (6, "Arial".to_owned()));
    assert_eq!(guest.call("SelectObject", &[dc, before]), font);
    let drawn = [
        guest.call("StretchBlt", &[dc, 0, 0, 1, 1, dc, 0, 0, 1, 1, 0x00cc_0020]),
        guest.call("RoundRect", &[dc, 0, 0, 9, 9, 2, 2]),
        guest.call("Polygon", &[dc, name, 3]),
        guest.call("Polygon", &[dc, name, 1]),
        guest.call("Polygon", &[0, name, 3]),
    ];
    assert_eq!(drawn, [1, 1, 1, 0, 0]);
    let pixels = [guest.call("SetPixel", &[dc, 1, 1, 7]), guest.call("GetPixel", &[dc, 1, 1])];
    assert_eq!(pixels, [0xffff_ffff; 2], "nothing is drawn");

    let saved = guest.call("SaveDC", &[dc]);
    guest.call("SetTextColor", &[dc, 1]);
    assert_eq!((saved, guest.call("RestoreDC", &[dc, guest.minus_one()])), (1, 1));
    assert_eq!(guest.call("GetTextColor", &[dc]), 0xff);
    assert_eq!(guest.call("RestoreDC", &[dc, 1]), 0, "it has been taken");

    let (brush, white) = (guest.call("CreateSolidBrush", &[0x1234]), guest.call("GetStockObject", &[0]));
    assert_eq!(guest.call("SelectObject", &[dc, brush]), white);
    assert_eq!(guest.call("DeleteObject", &[brush]), 0, "it is selected");
    assert_eq!(guest.call("SelectObject", &[dc, white]), brush);
    assert_eq!((guest.call("DeleteObject", &[brush]), guest.call("DeleteObject", &[brush])), (1, 0));
    assert_eq!((guest.call("DeleteObject", &[white]), guest.call("GetObjectType", &[white])), (1, 2));
    assert_eq!((guest.call("GetStockObject", &[9]), guest.call("GetStockObject", &[20])), (0, 0));
    assert_eq!((guest.call("ReleaseDC", &[0, dc]), guest.call("ReleaseDC", &[0, dc])), (1, 0));
}

fn fonts(guest: &mut Guest) {
    let mut font = vec![0; 60];
    font[..4].copy_from_slice(&20_i32.to_le_bytes());
    font[4..8].copy_from_slice(&8_i32.to_le_bytes());
    font[16..20].copy_from_slice(&700_i32.to_le_bytes());
    font[20] = 1;
    font[28..33].copy_from_slice(b"Arial");
    let at = guest.put(&font);
    let handle = guest.call("CreateFontIndirectA", &[at]);
    let out = guest.put(&[0xee; 96]);
    assert_eq!(guest.call("GetObjectA", &[handle, 60, out]), 60);
    assert_eq!(guest.bytes::<60>(out), *font);
    assert_eq!(guest.call("GetObjectW", &[handle, 92, out]), 92);
    assert_eq!((guest.wide_text(out + 28), guest.bytes(out + 92)), ("Arial".to_owned(), [0xee; 4]));
    assert_eq!(guest.call("GetObjectA", &[handle, 0, 0]), 60);

    let dc = guest.call("CreateCompatibleDC", &[0]);
    let system = guest.call("GetStockObject", &[13]);
    assert_eq!(guest.call("SelectObject", &[dc, handle]), system);
    let text = guest.wide("Codec");
    assert_eq!(guest.call("GetTextExtentPoint32W", &[dc, text, 5, out]), 1);
    assert_eq!((guest.u32(out), guest.u32(out + 4)), (40, 20));
    assert_eq!(guest.call("GetTextMetricsA", &[dc, out]), 1);
    // Height, ascent and descent belong together; the weight and the slant are the font's.
    assert_eq!((guest.u32(out), guest.u32(out + 4) + guest.u32(out + 8)), (20, 20));
    assert_eq!((guest.u32(out + 28), guest.bytes(out + 48)), (700, [1]));
    assert_eq!(guest.call("DeleteDC", &[dc]), 1);
    assert_eq!(guest.call("DeleteObject", &[handle]), 1);
}

fn bitmaps(guest: &mut Guest) {
    let dc = guest.call("CreateCompatibleDC", &[0]);
    let header: Vec<u8> =
        [40_u32, 6, 4, 24 << 16 | 1, 0, 0, 0, 0, 0, 0].into_iter().flat_map(u32::to_le_bytes).collect();
    let (info, out) = (guest.put(&header), guest.put(&[0; 40]));
    let section = guest.call("CreateDIBSection", &[dc, info, 0, out, 0, 0]);
    let bits = guest.pointer(out);
    assert!(section != 0 && bits != 0);
    guest.process.machine.memory.write(bits + 4 * 20 - 1, &[7]).unwrap();
    let one_pixel = guest.call("SelectObject", &[dc, section]);
    assert_eq!((guest.call("GetObjectType", &[one_pixel]), guest.call("DeleteObject", &[section])), (7, 0));
    let size = guest.pick(24, 32);
    assert_eq!(guest.call("GetObjectA", &[section, size, out]), size);
    assert_eq!([0, 4, 8, 12].map(|field| guest.u32(out + field)), [0, 6, 4, 20]);
    assert_eq!((guest.bytes(out + 18), guest.pointer(out + size - guest.pointer_size())), ([24, 0], bits));
    assert_eq!(guest.call("GetObjectA", &[section, size - 1, out]), 0);
    let lines = guest.call("SetDIBitsToDevice", &[dc, 0, 0, 6, 4, 0, 0, 0, 4, bits, info, 0]);
    assert_eq!(lines, 4);
    let stretched = guest.call("StretchDIBits", &[dc, 0, 0, 6, 4, 0, 0, 6, 4, bits, info, 0, 0xcc_0020]);
    assert_eq!(stretched, 4);
    assert_eq!(guest.call("SetDIBitsToDevice", &[dc, 0, 0, 6, 4, 0, 0, 0, 4, 0, info, 0]), 0);
    let display = guest.call("GetDC", &[0]);
    assert_eq!(guest.call("SelectObject", &[display, section]), 0, "only memory takes a bitmap");
    guest.call("SelectObject", &[dc, one_pixel]);
    assert_eq!(guest.call("DeleteObject", &[section]), 1);
}

/// What a user would choose.
fn choices(guest: &mut Guest) {
    let name = guest.put(&[0; 152]);
    for function in ["GetOpenFileNameA", "GetOpenFileNameW", "GetSaveFileNameA", "GetSaveFileNameW"] {
        assert_eq!(guest.call(function, &[name]), 0, "{function}");
    }
    assert_eq!(guest.call("CommDlgExtendedError", &[]), 0);
    let page = guest.put(b"http://example.org\0");
    assert_eq!(guest.call("ShellExecuteA", &[0, 0, page, 0, 0, 1]), 5);
    assert_eq!(guest.said.borrow().last().unwrap(), "the driver wanted to open `http://example.org`");
    let (host, out) = (guest.put(b"www.example.org\0"), guest.pointers(&[1]));
    assert_eq!((guest.call("TranslateURLA", &[page, 3, out]), guest.pointer(out)), (1, 0));
    assert_eq!(guest.call("TranslateURLA", &[host, 1, out]), 0);
    assert_eq!(guest.text(guest.pointer(out)), "http://www.example.org");
    assert_eq!(guest.call("TranslateURLA", &[0, 1, out]), 0x8007_0057);
    let classes = guest.put(&[8, 0, 0, 0, 4, 0, 0, 0]);
    assert_eq!(
        (guest.call("InitCommonControlsEx", &[classes]), guest.call("InitCommonControlsEx", &[0])),
        (1, 0)
    );
}
