//! Locales: there is one, that of the United States, which is the user's, the system's and every thread's.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::Pointer;
use crate::kernel32::codepage::{CodePage, Unit, text};
use crate::kernel32::error::{ERROR_INSUFFICIENT_BUFFER, ERROR_INVALID_FLAGS, ERROR_INVALID_PARAMETER, fail};
use crate::process::Process;

/// The locale's identifier and name.
const LOCALE: u32 = 0x409;
const NAME: &str = "en-US";

/// Identifiers that stand for it: the user's, the system's, the neutral one.
const DEFAULTS: [u32; 3] = [0x400, 0x800, 0];
/// The one that depends on nobody, which has the same values here.
const LOCALE_INVARIANT: u32 = 0x7f;

/// What the locale has, by LCTYPE; the names of days begin with Monday's.
const VALUES: &[(u32, &[&str])] = &[
    (0x01, &["0409"]),
    (0x02, &["English (United States)"]),
    (0x03, &["ENU"]),
    (0x04, &["English"]),
    (0x05, &["1"]),
    (0x06, &["United States"]),
    (0x07, &["USA"]),
    (0x08, &["United States"]),
    (0x09, &["0409"]),
    (0x0a, &["1"]),
    (0x0b, &["1252"]),
    (0x0c, &[","]),
    (0x0d, &["1"]),
    (0x0e, &[".", ",", "3;0"]),
    (0x11, &["2", "1", "0123456789"]),
    (0x14, &["$", "USD", ".", ",", "3;0", "2", "2", "0", "0", "/", ":"]),
    (0x1f, &["M/d/yyyy", "dddd, MMMM d, yyyy", "0", "0", "0", "1", "0", "0", "0"]),
    (0x28, &["AM", "PM"]),
    (0x2a, &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]),
    (0x31, &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
    (
        0x38,
        &[
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    ),
    (0x44, &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]),
    (0x50, &["", "-", "3", "0", "1", "0", "1", "0"]),
    (0x59, &["en", "US"]),
    (0x5c, &[NAME]),
    (0x1001, &["English", "United States", "h:mm:ss tt", "1252"]),
    (0x1009, &["1"]),
    (0x100c, &["6", "0"]),
];

/// Flags of an LCTYPE: without the user's changes, in the ANSI code page, as a number.
const FLAGS: u32 = 0xf000_0000;
const LOCALE_RETURN_NUMBER: u32 = 0x2000_0000;

pub(super) fn value(kind: u32) -> Option<&'static str> {
    VALUES.iter().find_map(|&(first, values)| values.get(kind.checked_sub(first)? as usize).copied())
}

pub(super) fn is_known(locale: u32) -> bool {
    locale == LOCALE || locale == LOCALE_INVARIANT || DEFAULTS.contains(&locale)
}

/// Whether a name is the locale's, or NULL for the user's, or empty for the one that depends on nobody.
pub(super) fn is_named(process: &Process, name: Pointer) -> Result<bool, Stop> {
    let name = text::<u16>(&process.machine, name)?;
    Ok(matches!(&*name, "" | "!x-sys-default-locale") || name.eq_ignore_ascii_case(NAME))
}

/// Writes text with its zero, or only says how many units it has.
pub(super) fn answer<U: Unit>(
    process: &mut Process,
    text: &str,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    let mut units = U::encode(text);
    units.push(U::ZERO);
    let len = i32::try_from(units.len()).unwrap_or(i32::MAX);
    if room == 0 {
        return Ok(len);
    }
    if room < len {
        return Ok(fail(process, ERROR_INSUFFICIENT_BUFFER, 0));
    }
    process.machine.memory.write(out.0, &U::to_bytes(&units))?;
    Ok(len)
}

fn information<U: Unit>(process: &mut Process, kind: u32, out: Pointer, room: i32) -> Result<i32, Stop> {
    if room < 0 || room > 0 && out.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    let Some(value) = value(kind & !FLAGS) else { return Ok(fail(process, ERROR_INVALID_FLAGS, 0)) };
    if kind & LOCALE_RETURN_NUMBER == 0 {
        return answer::<U>(process, value, out, room);
    }
    // Identifiers are hexadecimal.
    let radix = if matches!(kind & !FLAGS, 0x01 | 0x09) { 16 } else { 10 };
    let Ok(number) = u32::from_str_radix(value, radix) else {
        return Ok(fail(process, ERROR_INVALID_FLAGS, 0));
    };
    let units = i32::try_from(4 / U::SIZE).unwrap_or(4);
    if room > 0 {
        if room < units {
            return Ok(fail(process, ERROR_INSUFFICIENT_BUFFER, 0));
        }
        process.machine.memory.write(out.0, &number.to_le_bytes())?;
    }
    Ok(units)
}

pub fn GetLocaleInfo<U: Unit>(
    process: &mut Process,
    locale: u32,
    kind: u32,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    if is_known(locale) {
        information::<U>(process, kind, out, room)
    } else {
        Ok(fail(process, ERROR_INVALID_PARAMETER, 0))
    }
}

pub fn GetLocaleInfoEx(
    process: &mut Process,
    name: Pointer,
    kind: u32,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    if is_named(process, name)? {
        information::<u16>(process, kind, out, room)
    } else {
        Ok(fail(process, ERROR_INVALID_PARAMETER, 0))
    }
}

/// GetUserDefaultLCID and what else asks for the one locale.
pub fn GetUserDefaultLCID(_: &mut Process) -> u32 {
    LOCALE
}

pub fn SetThreadLocale(process: &mut Process, locale: u32) -> bool {
    is_known(locale) || fail(process, ERROR_INVALID_PARAMETER, false)
}

pub fn IsValidLocale(_: &mut Process, locale: u32, _flags: u32) -> bool {
    locale == LOCALE || locale == LOCALE_INVARIANT
}

pub fn IsValidLocaleName(process: &mut Process, name: Pointer) -> Result<bool, Stop> {
    Ok(!name.is_null() && is_named(process, name)?)
}

/// IsValidCodePage: those that have a number of their own.
pub fn IsValidCodePage(_: &mut Process, code_page: u32) -> bool {
    const CP_THREAD_ACP: u32 = 3;
    code_page > CP_THREAD_ACP && CodePage::of(code_page).is_some()
}

pub fn GetUserDefaultLocaleName(process: &mut Process, out: Pointer, room: i32) -> Result<i32, Stop> {
    if room <= 0 || out.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    answer::<u16>(process, NAME, out, room)
}

pub fn LCIDToLocaleName(
    process: &mut Process,
    locale: u32,
    out: Pointer,
    room: i32,
    _flags: u32,
) -> Result<i32, Stop> {
    if !is_known(locale) || room < 0 {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    }
    answer::<u16>(process, if locale == LOCALE_INVARIANT { "" } else { NAME }, out, room)
}

pub fn LocaleNameToLCID(process: &mut Process, name: Pointer, _flags: u32) -> Result<u32, Stop> {
    let empty = !name.is_null() && text::<u16>(&process.machine, name)?.is_empty();
    Ok(match is_named(process, name)? {
        true if empty => LOCALE_INVARIANT,
        true => LOCALE,
        false => fail(process, ERROR_INVALID_PARAMETER, 0),
    })
}

/// EnumSystemLocales: calls the function with the identifier as text, once.
pub fn EnumSystemLocales<U: Unit>(
    process: &mut Process,
    function: Pointer,
    _flags: u32,
) -> Result<bool, Stop> {
    if function.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let units = [U::encode(&format!("{LOCALE:08x}")), vec![U::ZERO]].concat();
    with_text(process, &U::to_bytes(&units), |process, text| process.call(function.0, &[text]).map(|_| ()))?;
    Ok(true)
}

/// EnumSystemLocalesEx: calls the function with the name, once.
pub fn EnumSystemLocalesEx(
    process: &mut Process,
    function: Pointer,
    flags: u32,
    parameter: Pointer,
    _reserved: Pointer,
) -> Result<bool, Stop> {
    if function.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let units = [<u16 as Unit>::encode(NAME), vec![0]].concat();
    let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
    let arguments = [u64::from(flags), parameter.0];
    with_text(process, &bytes, |process, text| {
        process.call(function.0, &[text, arguments[0], arguments[1]]).map(|_| ())
    })?;
    Ok(true)
}

/// Does something with bytes that lie in guest memory meanwhile.
fn with_text(
    process: &mut Process,
    bytes: &[u8],
    work: impl FnOnce(&mut Process, u64) -> Result<(), guest::Fault>,
) -> Result<(), Stop> {
    let block = process.allocate(bytes.len() as u64, false);
    if block.is_null() {
        return Ok(());
    }
    process.machine.memory.write(block.0, bytes)?;
    let worked = work(process, block.0);
    process.heap.release(&process.machine.memory, block.0);
    Ok(worked?)
}
