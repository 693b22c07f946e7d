//! Converting, measuring, copying and comparing text.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::cmp::Ordering;

use guest::Stop;

use crate::abi::Pointer;
use crate::kernel32::codepage::{self, ANSI, CodePage, Unit, units};
use crate::kernel32::error::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_FLAGS, ERROR_INVALID_PARAMETER, ERROR_NO_UNICODE_TRANSLATION,
    ERROR_NOT_ENOUGH_MEMORY, fail,
};
use crate::kernel32::record::Record;
use crate::process::Process;
use crate::text::{self, caught, length};

/// Flags of conversions. MB_PRECOMPOSED and MB_COMPOSITE exclude each other.
const MB_FORMS: u32 = 0x3;
const MB_USEGLYPHCHARS: u32 = 0x4;
const MB_ERR_INVALID_CHARS: u32 = 0x8;
const WC_ERR_INVALID_CHARS: u32 = 0x80;
/// WC_DISCARDNS, WC_SEPCHARS, WC_DEFAULTCHAR, WC_COMPOSITECHECK, WC_NO_BEST_FIT_CHARS: none of them makes a difference where no character is made of
/// several, or stands for another one.
const WC_OTHERS: u32 = 0x670;
const NORM_IGNORECASE: u32 = 1;

/// The most units that one conversion takes. The worker's own memory, of which there are 32 MiB, holds the text several times over.
const LONGEST: u64 = 1 << 18;

/// How many units a conversion is to take: `given`, or all up to and with the zero when that is negative.
pub(super) fn source_length<U: Unit>(
    process: &mut Process,
    source: Pointer,
    given: i32,
) -> Result<Option<u64>, Stop> {
    if source.is_null() || given == 0 {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, None));
    }
    let count = match u64::try_from(given) {
        Ok(count) => count,
        Err(_) => length::<U>(&process.machine, source, LONGEST)? + 1,
    };
    if count > LONGEST {
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, None));
    }
    Ok(Some(count))
}

/// Writes the result of a conversion, or only says its length when there is no room at all.
fn converted<U: Unit>(process: &mut Process, result: &[U], out: Pointer, room: i32) -> Result<i32, Stop> {
    let len = i32::try_from(result.len()).unwrap_or(i32::MAX);
    if room == 0 {
        return Ok(len);
    }
    let fits = result.len().min(usize::try_from(room).unwrap_or(0));
    process.machine.memory.write(out.0, &U::to_bytes(&result[..fits]))?;
    if fits < result.len() { Ok(fail(process, ERROR_INSUFFICIENT_BUFFER, 0)) } else { Ok(len) }
}

/// MultiByteToWideChar. There is only one form of each character, the precomposed one.
pub fn MultiByteToWideChar(
    process: &mut Process,
    code_page: u32,
    flags: u32,
    source: Pointer,
    len: i32,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    let code_page = CodePage::of(code_page);
    let Some(code_page) = code_page.filter(|_| room >= 0 && (room == 0 || !out.is_null() && out != source))
    else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    };
    let allowed = match code_page {
        CodePage::Utf8 => MB_ERR_INVALID_CHARS,
        CodePage::Symbol => 0,
        _ if flags & MB_FORMS == MB_FORMS => MB_ERR_INVALID_CHARS,
        _ => MB_FORMS | MB_USEGLYPHCHARS | MB_ERR_INVALID_CHARS,
    };
    if flags & !allowed != 0 {
        return Ok(fail(process, ERROR_INVALID_FLAGS, 0));
    }
    let Some(count) = source_length::<u8>(process, source, len)? else { return Ok(0) };
    let bytes = units::<u8>(&process.machine.memory, source, count)?;
    match code_page.to_wide(&bytes, flags & MB_ERR_INVALID_CHARS != 0) {
        Some(wide) => converted(process, &wide, out, room),
        None => Ok(fail(process, ERROR_NO_UNICODE_TRANSLATION, 0)),
    }
}

#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn WideCharToMultiByte(
    process: &mut Process,
    code_page: u32,
    flags: u32,
    source: Pointer,
    len: i32,
    out: Pointer,
    room: i32,
    default: Pointer,
    used_default: Pointer,
) -> Result<i32, Stop> {
    let chosen = !default.is_null() || !used_default.is_null();
    let code_page = CodePage::of(code_page).filter(|&code_page| {
        let unicode = code_page == CodePage::Utf8;
        room >= 0 && (room == 0 || !out.is_null() && out != source) && !(unicode && chosen)
    });
    let Some(code_page) = code_page else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    };
    let allowed = match code_page {
        CodePage::Utf8 => WC_ERR_INVALID_CHARS,
        CodePage::Symbol => 0,
        _ => WC_OTHERS,
    };
    if flags & !allowed != 0 {
        return Ok(fail(process, ERROR_INVALID_FLAGS, 0));
    }
    let Some(count) = source_length::<u16>(process, source, len)? else { return Ok(0) };
    let wide = units::<u16>(&process.machine.memory, source, count)?;
    let [default] = if default.is_null() { [b'?'] } else { process.machine.memory.array(default.0)? };
    let strict = flags & WC_ERR_INVALID_CHARS != 0;
    let Some((bytes, replaced)) = code_page.to_bytes(&wide, strict, default) else {
        return Ok(fail(process, ERROR_NO_UNICODE_TRANSLATION, 0));
    };
    if !used_default.is_null() {
        process.machine.memory.write(used_default.0, &u32::from(replaced).to_le_bytes())?;
    }
    converted(process, &bytes, out, room)
}

/// No code page here has characters of two bytes.
pub fn IsDBCSLeadByte(_: &mut Process, _byte: u8) -> bool {
    false
}

/// As [`IsDBCSLeadByte`].
pub fn IsDBCSLeadByteEx(_: &mut Process, _code_page: u32, _byte: u8) -> bool {
    false
}

/// GetACP and GetOEMCP: there is one code page for both.
pub fn GetACP(_: &mut Process) -> u32 {
    ANSI
}

/// GetCPInfo: CPINFO is the longest character, the default character, no ranges of lead bytes.
pub fn GetCPInfo(process: &mut Process, code_page: u32, out: Pointer) -> Result<bool, Stop> {
    let longest = match CodePage::of(code_page).filter(|_| !out.is_null()) {
        Some(CodePage::Utf8) => 4,
        Some(_) => 1,
        None => return Ok(fail(process, ERROR_INVALID_PARAMETER, false)),
    };
    let info = Record::new(process.machine.mode()).u32(longest).bytes(b"?\0").bytes(&[0; 12]).finish();
    process.machine.memory.write(out.0, &info)?;
    Ok(true)
}

/// How long a text is; 0 for one that cannot be read, as lstrlen documents it for NULL.
pub fn lstrlen<U: Unit>(process: &mut Process, text: Pointer) -> Result<i32, Stop> {
    let length = caught(length::<U>(&process.machine, text, u64::MAX))?.unwrap_or(0);
    Ok(i32::try_from(length).unwrap_or(i32::MAX))
}

/// The buffer that was written to; NULL, with a last error, when that could not be done.
fn written(process: &mut Process, to: Pointer, outcome: Result<(), Stop>) -> Result<Pointer, Stop> {
    match caught(outcome)? {
        Some(()) => Ok(to),
        None => Ok(fail(process, ERROR_INVALID_PARAMETER, Pointer::NULL)),
    }
}

pub fn lstrcpyn<U: Unit>(
    process: &mut Process,
    to: Pointer,
    from: Pointer,
    room: i32,
) -> Result<Pointer, Stop> {
    match u64::try_from(room).ok().and_then(|room| room.checked_sub(1)) {
        Some(most) => {
            let copied = text::copy::<U>(&process.machine, to, from, most);
            written(process, to, copied)
        }
        None => Ok(Pointer::NULL),
    }
}

pub fn lstrcpy<U: Unit>(process: &mut Process, to: Pointer, from: Pointer) -> Result<Pointer, Stop> {
    let copied = text::copy::<U>(&process.machine, to, from, u64::MAX);
    written(process, to, copied)
}

pub fn lstrcat<U: Unit>(process: &mut Process, to: Pointer, from: Pointer) -> Result<Pointer, Stop> {
    let appended = text::append::<U>(&process.machine, to, from, u64::MAX);
    written(process, to, appended)
}

/// Order of two texts: first without regard to case, then, unless that is to be ignored, lower case before upper case.
fn compare<'a>(a: &'a str, b: &'a str, ignore_case: bool) -> Ordering {
    let folded = |text: &'a str| text.chars().flat_map(char::to_lowercase);
    let order = folded(a).cmp(folded(b));
    if ignore_case { order } else { order.then_with(|| b.cmp(a)) }
}

fn ordered<U: Unit>(process: &Process, a: Pointer, b: Pointer, ignore_case: bool) -> Result<i32, Stop> {
    if a.is_null() || b.is_null() {
        return Ok(b.is_null().cmp(&a.is_null()) as i32);
    }
    let machine = &process.machine;
    Ok(compare(&codepage::text::<U>(machine, a)?, &codepage::text::<U>(machine, b)?, ignore_case) as i32)
}

pub fn lstrcmp<U: Unit>(process: &mut Process, a: Pointer, b: Pointer) -> Result<i32, Stop> {
    ordered::<U>(process, a, b, false)
}

pub fn lstrcmpi<U: Unit>(process: &mut Process, a: Pointer, b: Pointer) -> Result<i32, Stop> {
    ordered::<U>(process, a, b, true)
}

/// CompareString: CSTR_LESS_THAN, CSTR_EQUAL or CSTR_GREATER_THAN, which are 1, 2 and 3.
pub fn CompareString<U: Unit>(
    process: &mut Process,
    _locale: u32,
    flags: u32,
    a: Pointer,
    a_len: i32,
    b: Pointer,
    b_len: i32,
) -> Result<i32, Stop> {
    if a.is_null() || b.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    let machine = &process.machine;
    let text = |at: Pointer, len: i32| match u64::try_from(len) {
        Ok(len) => Ok(U::decode(&units(&machine.memory, at, len.min(LONGEST))?)),
        Err(_) => codepage::text::<U>(machine, at),
    };
    Ok(compare(&text(a, a_len)?, &text(b, b_len)?, flags & NORM_IGNORECASE != 0) as i32 + 2)
}

/// MulDiv: rounded to the nearest, halves away from zero; -1 when the result has no room or the divisor is 0.
pub fn MulDiv(_: &mut Process, number: i32, numerator: i32, denominator: i32) -> i32 {
    mul_div(number, numerator, denominator)
}

fn mul_div(number: i32, numerator: i32, denominator: i32) -> i32 {
    let product = i64::from(number) * i64::from(numerator);
    let divisor = i64::from(denominator).abs();
    if divisor == 0 {
        return -1;
    }
    let magnitude = (product.abs() + divisor / 2) / divisor;
    let negative = (product < 0) != (denominator < 0);
    i32::try_from(if negative { -magnitude } else { magnitude }).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mul_div_rounds_to_the_nearest() {
        assert_eq!(mul_div(7, 1, 2), 4);
        assert_eq!(mul_div(-7, 1, 2), -4);
        assert_eq!(mul_div(7, -1, -2), 4);
        assert_eq!(mul_div(1_000_000, 1_000_000, 2_000_000), 500_000);
        assert_eq!(mul_div(1, 1, 0), -1);
        assert_eq!(mul_div(i32::MAX, 2, 1), -1);
        assert_eq!(mul_div(i32::MIN, i32::MIN, i32::MIN), i32::MIN);
    }

    #[test]
    fn case_decides_last() {
        assert_eq!(compare("abc", "ABC", true), Ordering::Equal);
        assert_eq!(compare("abc", "ABC", false), Ordering::Less);
        assert_eq!(compare("B", "a", false), Ordering::Greater);
        assert_eq!(compare("Ä", "ä", true), Ordering::Equal);
    }
}
