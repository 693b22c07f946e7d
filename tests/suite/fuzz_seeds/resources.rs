//! Resources, as drivers have them. The first byte of a seed for `resources` says what it is.

use fuzzed::resource_directory;

use super::Seed;

/// RT_MENU, RT_DIALOG and RT_VERSION.
const RT_MENU: u16 = 4;
const RT_DIALOG: u16 = 5;
const RT_VERSION: u16 = 16;
/// Where the directory stands in the guest of `fuzzed::resources`.
const PLACE: u32 = 0x2000;

pub fn seeds() -> Vec<Seed> {
    let (plain_menu, every_control, whole_version) = (menu(false), dialog(&CONTROLS), version());
    let all: [(u16, u16, &[u8]); 3] =
        [(RT_MENU, 1, &plain_menu), (RT_DIALOG, 1, &every_control), (RT_VERSION, 1, &whole_version)];
    let of = |what: u8, content: Vec<u8>| [vec![what], content].concat();
    vec![
        ("resources", "dialog", of(0, every_control.clone())),
        ("resources", "dialog-extended", of(0, extended_dialog())),
        ("resources", "menu", of(1, menu(false))),
        ("resources", "menu-extended", of(1, menu(true))),
        ("resources", "version", of(2, version())),
        ("resources", "directory", of(3, resource_directory(PLACE, &all))),
    ]
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().copied().flat_map(u16::to_le_bytes).collect()
}

fn dwords(dwords: &[u32]) -> Vec<u8> {
    dwords.iter().copied().flat_map(u32::to_le_bytes).collect()
}

fn aligned(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// Each control's style, class and text. Classes by number: a button, an edit, a static text, a list box, a scroll bar and a combo box.
const CONTROLS: [(u32, Result<u16, &str>, &str); 8] = [
    (0x5001_0001, Ok(0x80), "OK"),
    (0x5081_0080, Ok(0x81), "44100"),
    (0x5002_0000, Ok(0x82), "Quality"),
    (0x5021_0101, Ok(0x83), ""),
    (0x5001_0000, Ok(0x84), ""),
    (0x5021_0003, Ok(0x85), ""),
    (0x5001_0000, Err("msctls_trackbar32"), ""),
    (0x5000_0000, Err("SysTabControl32"), ""),
];

/// DLGTEMPLATE: a window with a title, a font and these controls.
fn dialog(controls: &[(u32, Result<u16, &str>, &str)]) -> Vec<u8> {
    let mut bytes = dwords(&[0x80C8_00C0, 0]);
    bytes.extend(words(&[controls.len() as u16, 0, 0, 100, 80, 0, 0]));
    bytes.extend(wide("Settings"));
    bytes.extend(words(&[8]));
    bytes.extend(wide("MS Sans Serif"));
    for ((style, class, text), id) in controls.iter().zip(1..) {
        aligned(&mut bytes);
        bytes.extend(dwords(&[*style, 0]));
        bytes.extend(words(&[4, 8 * id, 40, 16, id]));
        bytes.extend(match class {
            Ok(number) => words(&[0xFFFF, *number]),
            Err(name) => wide(name),
        });
        bytes.extend(wide(text));
        // Data of its own, of which the length is part; 0 for none.
        bytes.extend(if id == 1 { words(&[4, 7]) } else { words(&[0]) });
    }
    bytes
}

/// DLGTEMPLATEEX with a menu and a class by number, and a button.
fn extended_dialog() -> Vec<u8> {
    let mut bytes = words(&[1, 0xFFFF]);
    // Help, extended style, style.
    bytes.extend(dwords(&[0, 0, 0x80C8_0048]));
    bytes.extend(words(&[1, 0, 0, 100, 80, 0xFFFF, 1, 0]));
    bytes.extend(wide("More"));
    // Size, weight, and slant with character set.
    bytes.extend(words(&[8, 400, 0x0100]));
    bytes.extend(wide("MS Shell Dlg"));
    aligned(&mut bytes);
    bytes.extend(dwords(&[0, 0, 0x5001_0000]));
    bytes.extend(words(&[4, 8, 40, 16]));
    bytes.extend(dwords(&[2]));
    bytes.extend(words(&[0xFFFF, 0x80]));
    bytes.extend(wide("&Cancel"));
    bytes.extend(words(&[2, 9]));
    bytes
}

/// A menu with an entry that opens another one, in the old or the extended form.
fn menu(extended: bool) -> Vec<u8> {
    /// MF_POPUP, MF_SEPARATOR, MF_END.
    const POPUP: u16 = 0x10;
    const END: u16 = 0x80;
    if !extended {
        let item = |flags: u16, id: Option<u16>, text: &str| {
            [words(&[flags]), id.map_or(Vec::new(), |id| words(&[id])), wide(text)].concat()
        };
        let items = [
            item(POPUP, None, "&File"),
            item(0, Some(10), "&Open"),
            item(END, Some(11), "E&xit"),
            item(END, Some(12), "&About"),
        ];
        return [words(&[0, 0]), items.concat()].concat();
    }
    let mut bytes = [words(&[1, 4]), dwords(&[0])].concat();
    // Each with its type, state, identifier and flags: 1 opens another one, 0x80 is the last.
    for (id, flags, text) in [(9, 1_u16, "&File"), (10, 0x80, "&Open"), (12, 0x80, "&About")] {
        aligned(&mut bytes);
        bytes.extend(dwords(&[0, 0, id]));
        bytes.extend(words(&[flags]));
        bytes.extend(wide(text));
        if flags == 1 {
            aligned(&mut bytes);
            bytes.extend(dwords(&[0]));
        }
    }
    bytes
}

/// A block of a version resource; of text, the value's length is told in units.
fn block(key: &str, value: &[u8], is_text: bool, children: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = [vec![0; 6], wide(key)].concat();
    aligned(&mut bytes);
    bytes.extend(value);
    for child in children {
        aligned(&mut bytes);
        bytes.extend(child);
    }
    let value_len = value.len() / if is_text { 2 } else { 1 };
    let head = words(&[bytes.len() as u16, value_len as u16, is_text.into()]);
    bytes.splice(..6, head);
    bytes
}

/// VS_VERSIONINFO with two texts in one language.
pub fn version() -> Vec<u8> {
    let mut fixed = dwords(&[0xFEEF_04BD, 0x1_0000, 0x8_0000, 0x2A, 0x1_0002, 0x3_0004]);
    fixed.resize(52, 0);
    let text = |key: &str, value: &str| block(key, &wide(value), true, &[]);
    let texts = [text("FileDescription", "A codec"), text("FileVersion", "8.0")];
    let strings = block("StringFileInfo", &[], true, &[block("040904b0", &[], true, &texts)]);
    let translation = block("Translation", &words(&[0x0409, 0x04B0]), false, &[]);
    let variables = block("VarFileInfo", &[], true, &[translation]);
    block("VS_VERSION_INFO", &fixed, false, &[strings, variables])
}
