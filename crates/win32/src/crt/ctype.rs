//! Classes of characters, in the "C" locale.

use crate::process::Process;

/// The functions that answer whether a character (or EOF, which is in no class) belongs to a class.
macro_rules! classes {
    ($($name:ident $wide:ident = $class:expr;)*) => {$(
        pub fn $name(_: &mut Process, character: i32) -> i32 {
            let class: fn(&u8) -> bool = $class;
            u8::try_from(character).is_ok_and(|byte| class(&byte)).into()
        }

        pub fn $wide(process: &mut Process, character: u16) -> i32 {
            $name(process, character.into())
        }
    )*};
}
classes! {
    isalpha iswalpha = u8::is_ascii_alphabetic;
    isdigit iswdigit = u8::is_ascii_digit;
    isxdigit iswxdigit = u8::is_ascii_hexdigit;
    isalnum iswalnum = u8::is_ascii_alphanumeric;
    isupper iswupper = u8::is_ascii_uppercase;
    islower iswlower = u8::is_ascii_lowercase;
    isspace iswspace = is_space;
    isprint iswprint = |byte| matches!(byte, b' '..=b'~');
    isgraph iswgraph = u8::is_ascii_graphic;
    ispunct iswpunct = u8::is_ascii_punctuation;
    iscntrl iswcntrl = u8::is_ascii_control;
    isblank iswblank = |byte| matches!(byte, b' ' | b'\t');
    __isascii iswascii = u8::is_ascii;
    __iscsym __iswcsym = |byte| byte.is_ascii_alphanumeric() || *byte == b'_';
    __iscsymf __iswcsymf = |byte| byte.is_ascii_alphabetic() || *byte == b'_';
}

/// The classes that a character is in, as a mask (ctype.h: `_UPPER` and so on).
pub(super) fn classes(character: u8) -> u16 {
    type Class = fn(&u8) -> bool;
    const BITS: [(u16, Class); 9] = [
        (0x01, u8::is_ascii_uppercase),
        (0x02, u8::is_ascii_lowercase),
        (0x04, u8::is_ascii_digit),
        (0x08, is_space),
        (0x10, u8::is_ascii_punctuation),
        (0x20, u8::is_ascii_control),
        (0x40, |byte| matches!(byte, b' ' | b'\t')),
        (0x80, u8::is_ascii_hexdigit),
        (0x100, u8::is_ascii_alphabetic),
    ];
    BITS.iter().filter(|(_, class)| class(&character)).fold(0, |mask, (bit, _)| mask | bit)
}

fn is_space(byte: &u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

/// iswctype: whether a character is in any of the classes that the mask names.
pub fn iswctype(_: &mut Process, character: u16, mask: u16) -> i32 {
    u8::try_from(character).is_ok_and(|byte| classes(byte) & mask != 0).into()
}

pub fn toupper(process: &mut Process, character: i32) -> i32 {
    if islower(process, character) != 0 { character - 0x20 } else { character }
}

pub fn tolower(process: &mut Process, character: i32) -> i32 {
    if isupper(process, character) != 0 { character + 0x20 } else { character }
}

/// towupper. The answer is a wint_t.
pub fn towupper(process: &mut Process, character: u16) -> i32 {
    toupper(process, character.into())
}

/// towlower. The answer is a wint_t.
pub fn towlower(process: &mut Process, character: u16) -> i32 {
    tolower(process, character.into())
}

/// _isctype: as [`iswctype`], for bytes and EOF.
pub fn _isctype(_: &mut Process, character: i32, mask: u16) -> i32 {
    u8::try_from(character).map_or(0, |byte| i32::from(classes(byte) & mask))
}

/// __toascii: the low seven bits.
pub fn __toascii(_: &mut Process, character: i32) -> i32 {
    character & 0x7f
}

/// _tolower, for what is known to be an upper-case letter.
pub fn _tolower(_: &mut Process, character: i32) -> i32 {
    character.wrapping_add(0x20)
}

/// _toupper, for what is known to be a lower-case letter.
pub fn _toupper(_: &mut Process, character: i32) -> i32 {
    character.wrapping_sub(0x20)
}

/// isleadbyte, `_ismbblead` and `_ismbbtrail`: every character is one byte here.
pub fn isleadbyte(_: &mut Process, _character: i32) -> i32 {
    0
}
