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
    isspace iswspace = |byte| matches!(byte, b'\t'..=b'\r' | b' ');
    isprint iswprint = |byte| matches!(byte, b' '..=b'~');
    isgraph iswgraph = u8::is_ascii_graphic;
    ispunct iswpunct = u8::is_ascii_punctuation;
    iscntrl iswcntrl = u8::is_ascii_control;
}

/// iswctype: whether a character is in any of the classes that the mask names (ctype.h: `_UPPER` and so on).
pub fn iswctype(process: &mut Process, character: u16, classes: u16) -> i32 {
    type Class = fn(&mut Process, i32) -> i32;
    const BITS: [(u16, Class); 8] = [
        (0x01, isupper),
        (0x02, islower),
        (0x04, isdigit),
        (0x08, isspace),
        (0x10, ispunct),
        (0x20, iscntrl),
        (0x80, isxdigit),
        (0x100, isalpha),
    ];
    let blank = classes & 0x40 != 0 && [u16::from(b' '), u16::from(b'\t')].contains(&character);
    let any = BITS.iter().any(|&(bit, class)| classes & bit != 0 && class(process, character.into()) != 0);
    (any || blank).into()
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
