//! Converting, measuring, copying and comparing text.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::cmp::Ordering;

use guest::Stop;

use crate::abi::Pointer;
use crate::kernel32::codepage::{self, ANSI, UTF8, Unit, length, units};
use crate::kernel32::error::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_PARAMETER, ERROR_NO_UNICODE_TRANSLATION,
    ERROR_NOT_ENOUGH_MEMORY, fail,
};
use crate::kernel32::record::Record;
use crate::process::Process;

const MB_ERR_INVALID_CHARS: u32 = 8;
const WC_ERR_INVALID_CHARS: u32 = 0x80;
const NORM_IGNORECASE: u32 = 1;

/// The most units that one conversion takes: the worker has little memory of its own.
const LONGEST: u64 = 1 << 20;

/// How many units a conversion is to take: `given`, or all up to and with the zero when that is negative.
fn source_length<U: Unit>(process: &mut Process, source: Pointer, given: i32) -> Result<Option<u64>, Stop> {
    if source.is_null() || given == 0 {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, None));
    }
    let count = match u64::try_from(given) {
        Ok(count) => count,
        Err(_) => length::<U>(&process.machine.memory, source, LONGEST)? + 1,
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

pub fn MultiByteToWideChar(
    process: &mut Process,
    code_page: u32,
    flags: u32,
    source: Pointer,
    len: i32,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    if room < 0 || (room > 0 && out.is_null()) {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    let Some(count) = source_length::<u8>(process, source, len)? else { return Ok(0) };
    let bytes = units::<u8>(&process.machine.memory, source, count)?;
    match codepage::to_wide(code_page, &bytes, flags & MB_ERR_INVALID_CHARS != 0) {
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
    if room < 0 || (room > 0 && out.is_null()) || (code_page == UTF8 && chosen) {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    let Some(count) = source_length::<u16>(process, source, len)? else { return Ok(0) };
    let wide = units::<u16>(&process.machine.memory, source, count)?;
    let [default] = if default.is_null() { [b'?'] } else { process.machine.memory.array(default.0)? };
    let strict = code_page == UTF8 && flags & WC_ERR_INVALID_CHARS != 0;
    let Some((bytes, replaced)) = codepage::from_wide(code_page, &wide, strict, default) else {
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

pub fn GetCPInfo(process: &mut Process, code_page: u32, out: Pointer) -> Result<bool, Stop> {
    // CPINFO: the longest character, the default character, no ranges of lead bytes.
    let longest = if code_page == UTF8 { 4 } else { 1 };
    let info = Record::new().u32(longest).bytes(b"?\0").bytes(&[0; 12]).finish();
    process.machine.memory.write(out.0, &info)?;
    Ok(true)
}

/// How long a text is; 0 for one that cannot be read, as lstrlen documents it for NULL.
fn lstrlen<U: Unit>(process: &Process, text: Pointer) -> i32 {
    let length = length::<U>(&process.machine.memory, text, u64::MAX).unwrap_or(0);
    i32::try_from(length).unwrap_or(i32::MAX)
}

pub fn lstrlenA(process: &mut Process, text: Pointer) -> i32 {
    lstrlen::<u8>(process, text)
}

pub fn lstrlenW(process: &mut Process, text: Pointer) -> i32 {
    lstrlen::<u16>(process, text)
}

/// Copies at most `most` units and a zero; NULL when that cannot be done.
fn copy<U: Unit>(process: &Process, to: Pointer, from: Pointer, most: u64) -> Option<()> {
    let memory = &process.machine.memory;
    let length = length::<U>(memory, from, most).ok()?;
    let bytes = length.checked_mul(U::SIZE)?;
    memory.copy(to.0, from.0, usize::try_from(bytes).ok()?).ok()?;
    memory.write(to.at(bytes).0, &U::to_bytes(&[U::default()])).ok()
}

fn lstrcpyn<U: Unit>(process: &Process, to: Pointer, from: Pointer, room: i32) -> Pointer {
    let most = u64::try_from(room).ok().and_then(|room| room.checked_sub(1));
    most.and_then(|most| copy::<U>(process, to, from, most)).map_or(Pointer::NULL, |()| to)
}

fn lstrcat<U: Unit>(process: &Process, to: Pointer, from: Pointer) -> Pointer {
    let end = length::<U>(&process.machine.memory, to, u64::MAX)
        .ok()
        .map(|length| to.at(length.wrapping_mul(U::SIZE)));
    end.and_then(|end| copy::<U>(process, end, from, u64::MAX)).map_or(Pointer::NULL, |()| to)
}

pub fn lstrcpyA(process: &mut Process, to: Pointer, from: Pointer) -> Pointer {
    copy::<u8>(process, to, from, u64::MAX).map_or(Pointer::NULL, |()| to)
}

pub fn lstrcpyW(process: &mut Process, to: Pointer, from: Pointer) -> Pointer {
    copy::<u16>(process, to, from, u64::MAX).map_or(Pointer::NULL, |()| to)
}

pub fn lstrcpynA(process: &mut Process, to: Pointer, from: Pointer, room: i32) -> Pointer {
    lstrcpyn::<u8>(process, to, from, room)
}

pub fn lstrcpynW(process: &mut Process, to: Pointer, from: Pointer, room: i32) -> Pointer {
    lstrcpyn::<u16>(process, to, from, room)
}

pub fn lstrcatA(process: &mut Process, to: Pointer, from: Pointer) -> Pointer {
    lstrcat::<u8>(process, to, from)
}

pub fn lstrcatW(process: &mut Process, to: Pointer, from: Pointer) -> Pointer {
    lstrcat::<u16>(process, to, from)
}

/// Order of two texts: first without regard to case, then, unless that is to be ignored, lower case before upper case.
fn compare(a: &str, b: &str, ignore_case: bool) -> Ordering {
    let folded = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    let order = folded(a).cmp(&folded(b));
    if ignore_case { order } else { order.then_with(|| b.cmp(a)) }
}

fn lstrcmp<U: Unit>(process: &Process, a: Pointer, b: Pointer, ignore_case: bool) -> Result<i32, Stop> {
    if a.is_null() || b.is_null() {
        return Ok(b.is_null().cmp(&a.is_null()) as i32);
    }
    let memory = &process.machine.memory;
    Ok(compare(&codepage::text::<U>(memory, a)?, &codepage::text::<U>(memory, b)?, ignore_case) as i32)
}

pub fn lstrcmpA(process: &mut Process, a: Pointer, b: Pointer) -> Result<i32, Stop> {
    lstrcmp::<u8>(process, a, b, false)
}

pub fn lstrcmpW(process: &mut Process, a: Pointer, b: Pointer) -> Result<i32, Stop> {
    lstrcmp::<u16>(process, a, b, false)
}

pub fn lstrcmpiA(process: &mut Process, a: Pointer, b: Pointer) -> Result<i32, Stop> {
    lstrcmp::<u8>(process, a, b, true)
}

pub fn lstrcmpiW(process: &mut Process, a: Pointer, b: Pointer) -> Result<i32, Stop> {
    lstrcmp::<u16>(process, a, b, true)
}

/// CSTR_LESS_THAN, CSTR_EQUAL or CSTR_GREATER_THAN: 1, 2, 3.
fn compare_string<U: Unit>(
    process: &mut Process,
    flags: u32,
    (a, a_len): (Pointer, i32),
    (b, b_len): (Pointer, i32),
) -> Result<i32, Stop> {
    if a.is_null() || b.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    let memory = &process.machine.memory;
    let text = |at: Pointer, len: i32| match u64::try_from(len) {
        Ok(len) => units::<U>(memory, at, len.min(LONGEST)).map(|units| U::decode(&units)),
        Err(_) => codepage::text::<U>(memory, at),
    };
    Ok(compare(&text(a, a_len)?, &text(b, b_len)?, flags & NORM_IGNORECASE != 0) as i32 + 2)
}

pub fn CompareStringA(
    process: &mut Process,
    _locale: u32,
    flags: u32,
    a: Pointer,
    a_len: i32,
    b: Pointer,
    b_len: i32,
) -> Result<i32, Stop> {
    compare_string::<u8>(process, flags, (a, a_len), (b, b_len))
}

pub fn CompareStringW(
    process: &mut Process,
    _locale: u32,
    flags: u32,
    a: Pointer,
    a_len: i32,
    b: Pointer,
    b_len: i32,
) -> Result<i32, Stop> {
    compare_string::<u16>(process, flags, (a, a_len), (b, b_len))
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
