//! The locale, which is always "C", and characters of several bytes, of which there are none in it: each is one byte.

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
use crate::crt::{EILSEQ, EINVAL, set_errno};
use crate::kernel32::codepage::{self, Unit};
use crate::process::Process;

/// LC_ALL is the first category, LC_TIME the last.
const CATEGORIES: std::ops::RangeInclusive<i32> = 0..=5;

/// _DISABLE_PER_THREAD_LOCALE.
pub(super) const ONE_FOR_ALL: i32 = 2;

/// setlocale and _wsetlocale.
pub fn setlocale<U: Unit>(process: &mut Process, category: i32, locale: Pointer) -> Result<Pointer, Stop> {
    if !CATEGORIES.contains(&category) {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let wanted = codepage::text::<U>(&process.machine, locale)?;
    let known = if U::SIZE == 1 { process.crt.locale } else { process.crt.locale.at(2) };
    Ok(if matches!(&*wanted, "" | "C") { known } else { Pointer::NULL })
}

/// _configthreadlocale: the setting before. It makes no difference, as there is one locale.
pub fn _configthreadlocale(process: &mut Process, setting: i32) -> Result<i32, Stop> {
    let before = process.crt.thread_locale;
    match setting {
        0 => {}
        1 | ONE_FOR_ALL => process.crt.thread_locale = setting,
        // All threads of the future, which only C++ of the common language runtime asks for.
        -1 => {}
        _ => return invalid(process, EINVAL, -1),
    }
    Ok(before)
}

/// The code page of the locale: 0, as the "C" locale has none.
pub fn ___lc_codepage_func(_: &mut Process) -> u32 {
    0
}

/// mblen: 1 for a character, 0 for none.
pub fn mblen(process: &mut Process, from: Pointer, count: Pointer) -> Result<i32, Stop> {
    mbtowc(process, Pointer::NULL, from, count)
}

/// mbtowc: how many bytes the character has, 0 for the zero.
pub fn mbtowc(process: &mut Process, to: Pointer, from: Pointer, count: Pointer) -> Result<i32, Stop> {
    if from.is_null() || count.0 == 0 {
        return Ok(0);
    }
    let [byte] = process.machine.memory.array(from.0)?;
    if !to.is_null() {
        process.machine.memory.write(to.0, &u16::from(byte).to_le_bytes())?;
    }
    Ok(i32::from(byte != 0))
}

/// wctomb: 1, or -1 for a character without a byte.
pub fn wctomb(process: &mut Process, to: Pointer, character: u16) -> Result<i32, Stop> {
    if to.is_null() {
        return Ok(0);
    }
    let Ok(byte) = u8::try_from(character) else {
        set_errno(process, EILSEQ);
        return Ok(-1);
    };
    process.machine.memory.write(to.0, &[byte])?;
    Ok(1)
}

/// mbrtowc; no state is ever left over.
pub fn mbrtowc(
    process: &mut Process,
    to: Pointer,
    from: Pointer,
    count: Pointer,
    _state: Pointer,
) -> Result<Pointer, Stop> {
    if !from.is_null() && count.0 == 0 {
        // The character is not complete.
        return Ok(Pointer((-2_i64).cast_unsigned()));
    }
    mbtowc(process, to, from, count).map(|bytes| Pointer(u64::from(bytes.cast_unsigned())))
}

pub fn mbrlen(process: &mut Process, from: Pointer, count: Pointer, state: Pointer) -> Result<Pointer, Stop> {
    mbrtowc(process, Pointer::NULL, from, count, state)
}

/// wcrtomb; for NULL the one byte that a zero has.
pub fn wcrtomb(process: &mut Process, to: Pointer, character: u16, _state: Pointer) -> Result<Pointer, Stop> {
    if to.is_null() {
        return Ok(Pointer(1));
    }
    wctomb(process, to, character).map(|bytes| Pointer(i64::from(bytes).cast_unsigned()))
}

/// btowc: the character of a byte, or WEOF.
pub fn btowc(_: &mut Process, byte: i32) -> u32 {
    u8::try_from(byte).map_or(0xffff, u32::from)
}

/// wctob: the byte of a character, or EOF.
pub fn wctob(_: &mut Process, character: u16) -> i32 {
    u8::try_from(character).map_or(-1, i32::from)
}

/// _mbclen: 1.
pub fn _mbclen(_: &mut Process, _at: Pointer) -> Pointer {
    Pointer(1)
}
