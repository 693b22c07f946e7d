//! Dates and times of day: converting them, and as text.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::{Stop, Violation};

use crate::abi::Pointer;
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{ERROR_INVALID_FLAGS, ERROR_INVALID_PARAMETER, fail};
use crate::kernel32::locale::{answer, is_known, value};
use crate::kernel32::record::Record;
use crate::kernel32::time::{calendar, filetime, now};
use crate::process::Process;

/// Flags of GetDateFormat and GetTimeFormat.
const DATE_LONGDATE: u32 = 2;
const DATE_YEARMONTH: u32 = 8;
const DATE_FORMS: u32 = 0xb;
const TIME_NOMINUTESORSECONDS: u32 = 1;
const TIME_NOSECONDS: u32 = 2;
const TIME_NOTIMEMARKER: u32 = 4;
const TIME_FORCE24HOURFORMAT: u32 = 8;
const TIME_FLAGS: u32 = 0xf;
const LOCALE_NOUSEROVERRIDE: u32 = 0x8000_0000;

/// SYSTEMTIME: year, month, day of the week, day, hour, minute, second, millisecond.
type Fields = [u16; 8];

fn read(process: &Process, at: Pointer) -> Result<Fields, Violation> {
    let bytes: [u8; 16] = process.machine.memory.array(at.0)?;
    let mut fields = [0; 8];
    for (field, bytes) in fields.iter_mut().zip(bytes.as_chunks().0) {
        *field = u16::from_le_bytes(*bytes);
    }
    Ok(fields)
}

/// The FILETIME of a date and time; `None` for one that there is not. What it says of the day of the week does not count.
fn time_of(fields: Fields) -> Option<u64> {
    let [year, month, _, day, hour, minute, second, milliseconds] = fields;
    let valid = hour < 24 && minute < 60 && second < 60 && milliseconds < 1000;
    let time = filetime(year, month, day, [hour, minute, second, milliseconds]).filter(|_| valid)?;
    // A day that the month does not have is one of the next month.
    (calendar(time)[..2] == [year, month]).then_some(time)
}

pub fn SystemTimeToFileTime(process: &mut Process, from: Pointer, to: Pointer) -> Result<bool, Stop> {
    match time_of(read(process, from)?) {
        Some(time) => {
            process.machine.memory.write(to.0, &time.to_le_bytes())?;
            Ok(true)
        }
        None => Ok(fail(process, ERROR_INVALID_PARAMETER, false)),
    }
}

fn file_time(process: &Process, at: Pointer) -> Result<u64, Violation> {
    process.machine.memory.array(at.0).map(u64::from_le_bytes)
}

/// FileTimeToSystemTime: of times before 0x8000000000000000.
pub fn FileTimeToSystemTime(process: &mut Process, from: Pointer, to: Pointer) -> Result<bool, Stop> {
    let time = file_time(process, from)?;
    if i64::try_from(time).is_err() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let empty = Record::new(process.machine.mode());
    let record = calendar(time).into_iter().fold(empty, Record::u16);
    process.machine.memory.write(to.0, &record.finish())?;
    Ok(true)
}

/// FileTimeToLocalFileTime and LocalFileTimeToFileTime: the guest's time zone is UTC.
pub fn FileTimeToLocalFileTime(process: &mut Process, from: Pointer, to: Pointer) -> Result<bool, Stop> {
    let time = file_time(process, from)?;
    process.machine.memory.write(to.0, &time.to_le_bytes())?;
    Ok(true)
}

pub fn CompareFileTime(process: &mut Process, one: Pointer, other: Pointer) -> Result<i32, Stop> {
    Ok(file_time(process, one)?.cmp(&file_time(process, other)?) as i32)
}

/// FileTimeToDosDateTime: dates from 1980 to 2107, in steps of two seconds.
pub fn FileTimeToDosDateTime(
    process: &mut Process,
    from: Pointer,
    date: Pointer,
    time: Pointer,
) -> Result<bool, Stop> {
    let [year, month, _, day, hour, minute, second, _] = calendar(file_time(process, from)?);
    let Some(years) = year.checked_sub(1980).filter(|&years| years < 128) else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    };
    let (packed_date, packed_time) = (years << 9 | month << 5 | day, hour << 11 | minute << 5 | (second / 2));
    process.machine.memory.write(date.0, &packed_date.to_le_bytes())?;
    process.machine.memory.write(time.0, &packed_time.to_le_bytes())?;
    Ok(true)
}

pub fn DosDateTimeToFileTime(process: &mut Process, date: u16, time: u16, to: Pointer) -> Result<bool, Stop> {
    let (year, month, day) = (1980 + (date >> 9), date >> 5 & 0xf, date & 0x1f);
    let (hour, minute, second) = (time >> 11, time >> 5 & 0x3f, (time & 0x1f) * 2);
    match time_of([year, month, 0, day, hour, minute, second, 0]) {
        Some(time) => {
            process.machine.memory.write(to.0, &time.to_le_bytes())?;
            Ok(true)
        }
        None => Ok(fail(process, ERROR_INVALID_PARAMETER, false)),
    }
}

/// GetTimeZoneInformation: UTC, which has no daylight saving time (TIME_ZONE_ID_UNKNOWN).
pub fn GetTimeZoneInformation(process: &mut Process, out: Pointer) -> Result<u32, Stop> {
    const SIZE: usize = 172;
    const NAMES: [usize; 2] = [4, 88];
    let mut zone = vec![0; SIZE];
    for at in NAMES {
        for (byte, name) in zone[at..].iter_mut().step_by(2).zip(b"UTC") {
            *byte = *name;
        }
    }
    process.machine.memory.write(out.0, &zone)?;
    Ok(0)
}

/// A part of a picture: a letter and how often it comes, or text that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Field(char, usize),
    Text(String),
}

/// Takes a picture apart; letters without a meaning are text, and so is what is quoted.
fn parts(picture: &str, letters: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut quoted = false;
    let mut rest = picture.chars().peekable();
    let text = |parts: &mut Vec<Part>, c: char| match parts.last_mut() {
        Some(Part::Text(text)) => text.push(c),
        _ => parts.push(Part::Text(c.into())),
    };
    while let Some(c) = rest.next() {
        match c {
            // Two of them are one, inside of what is quoted.
            '\'' if quoted && rest.peek() == Some(&'\'') => {
                rest.next();
                text(&mut parts, c);
            }
            '\'' => quoted = !quoted,
            c if !quoted && letters.contains(c) => match parts.last_mut() {
                Some(Part::Field(same, count)) if *same == c => *count += 1,
                _ => parts.push(Part::Field(c, 1)),
            },
            c => text(&mut parts, c),
        }
    }
    parts
}

/// The text that the locale has for a number from a first kind on.
fn named(first: u32, number: u16) -> String {
    value(first + u32::from(number)).unwrap_or_default().to_owned()
}

/// A date as a picture has it.
fn date_text(fields: Fields, picture: &str) -> String {
    const LOCALE_SDAYNAME1: u32 = 0x2a;
    const LOCALE_SABBREVDAYNAME1: u32 = 0x31;
    const LOCALE_SMONTHNAME1: u32 = 0x38;
    const LOCALE_SABBREVMONTHNAME1: u32 = 0x44;
    let [year, month, weekday, day, ..] = fields;
    // Names of days begin with Monday's.
    let (weekday, month_index) = ((weekday + 6) % 7, month.saturating_sub(1));
    let part = |part| match part {
        Part::Text(text) => text,
        Part::Field('d', 1) => day.to_string(),
        Part::Field('d', 2) => format!("{day:02}"),
        Part::Field('d', 3) => named(LOCALE_SABBREVDAYNAME1, weekday),
        Part::Field('d', _) => named(LOCALE_SDAYNAME1, weekday),
        Part::Field('M', 1) => month.to_string(),
        Part::Field('M', 2) => format!("{month:02}"),
        Part::Field('M', 3) => named(LOCALE_SABBREVMONTHNAME1, month_index),
        Part::Field('M', _) => named(LOCALE_SMONTHNAME1, month_index),
        Part::Field('y', 1) => (year % 100).to_string(),
        Part::Field('y', 2) => format!("{:02}", year % 100),
        Part::Field('y', _) => year.to_string(),
        Part::Field(..) => "A.D.".to_owned(),
    };
    parts(picture, "dMyg").into_iter().map(part).collect()
}

/// A time of day as a picture and flags have it.
fn time_text(fields: Fields, picture: &str, flags: u32) -> String {
    let [.., hour, minute, second, _] = fields;
    let short = (hour + 11) % 12 + 1;
    let mut text: Vec<String> = Vec::new();
    let mut dropped = false;
    for part in parts(picture, "hHmst") {
        let drops = match part {
            Part::Field('s', _) => TIME_NOSECONDS | TIME_NOMINUTESORSECONDS,
            Part::Field('m', _) => TIME_NOMINUTESORSECONDS,
            Part::Field('t', _) => TIME_NOTIMEMARKER,
            _ => 0,
        };
        if drops & flags != 0 {
            // With what separates it from what comes before, or, as the first one, from what comes after.
            if matches!(text.last(), Some(text) if !text.contains(|c: char| c.is_alphanumeric())) {
                text.pop();
            }
            dropped = text.is_empty();
            continue;
        }
        let is_text = matches!(part, Part::Text(_));
        if std::mem::take(&mut dropped) && is_text {
            continue;
        }
        let (twice, whole_day) = (matches!(part, Part::Field(_, 2..)), flags & TIME_FORCE24HOURFORMAT != 0);
        let number = |number: u16| if twice { format!("{number:02}") } else { number.to_string() };
        text.push(match part {
            Part::Text(text) => text,
            Part::Field('h', _) if !whole_day => number(short),
            Part::Field('h' | 'H', _) => number(hour),
            Part::Field('m', _) => number(minute),
            Part::Field('s', _) => number(second),
            Part::Field(_, count) => ["AM", "PM"][usize::from(hour >= 12)][..count.min(2)].to_owned(),
        });
    }
    text.concat()
}

/// The date and time that are meant: those at an address, or now. `None` for one that there is not.
fn meant(process: &Process, at: Pointer) -> Result<Option<Fields>, Violation> {
    Ok(match at.is_null() {
        true => Some(calendar(now(process))),
        // The day of the week is what the date says.
        false => time_of(read(process, at)?).map(calendar),
    })
}

/// GetDateFormat: as the picture has it, or the locale for the flags.
pub fn GetDateFormat<U: Unit>(
    process: &mut Process,
    locale: u32,
    flags: u32,
    date: Pointer,
    format: Pointer,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    const LOCALE_SSHORTDATE: u32 = 0x1f;
    const LOCALE_SLONGDATE: u32 = 0x20;
    let (forms, others) = (flags & DATE_FORMS, flags & !(DATE_FORMS | LOCALE_NOUSEROVERRIDE | 4));
    if forms.count_ones() > 1 || others != 0 || !format.is_null() && flags & !4 != 0 {
        return Ok(fail(process, ERROR_INVALID_FLAGS, 0));
    }
    let fields = meant(process, date)?;
    let Some(fields) = fields.filter(|_| is_known(locale) && room >= 0) else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    };
    let picture = match (format, forms) {
        (Pointer::NULL, DATE_LONGDATE) => value(LOCALE_SLONGDATE).unwrap_or_default().to_owned(),
        (Pointer::NULL, DATE_YEARMONTH) => "MMMM yyyy".to_owned(),
        (Pointer::NULL, _) => value(LOCALE_SSHORTDATE).unwrap_or_default().to_owned(),
        (format, _) => text::<U>(&process.machine, format)?,
    };
    answer::<U>(process, &date_text(fields, &picture), out, room)
}

/// GetTimeFormat: as the picture has it, or the locale.
pub fn GetTimeFormat<U: Unit>(
    process: &mut Process,
    locale: u32,
    flags: u32,
    time: Pointer,
    format: Pointer,
    out: Pointer,
    room: i32,
) -> Result<i32, Stop> {
    const LOCALE_STIMEFORMAT: u32 = 0x1003;
    if flags & !(TIME_FLAGS | LOCALE_NOUSEROVERRIDE) != 0
        || !format.is_null() && flags & LOCALE_NOUSEROVERRIDE != 0
    {
        return Ok(fail(process, ERROR_INVALID_FLAGS, 0));
    }
    let fields = match time.is_null() {
        true => Some(calendar(now(process))),
        // Only the time of day counts.
        false => Some(read(process, time)?).filter(|&[.., hour, minute, second, milliseconds]| {
            hour < 24 && minute < 60 && second < 60 && milliseconds < 1000
        }),
    };
    let Some(fields) = fields.filter(|_| is_known(locale) && room >= 0) else {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, 0));
    };
    let picture = match format {
        Pointer::NULL => value(LOCALE_STIMEFORMAT).unwrap_or_default().to_owned(),
        format => text::<U>(&process.machine, format)?,
    };
    answer::<U>(process, &time_text(fields, &picture, flags), out, room)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Thursday, 5 March 2009, 14:07:09.
    const TIME: Fields = [2009, 3, 4, 5, 14, 7, 9, 0];

    #[test]
    fn dates_are_written_as_pictures_have_them() {
        for (picture, written) in [
            ("M/d/yyyy", "3/5/2009"),
            ("dddd, MMMM d, yyyy", "Thursday, March 5, 2009"),
            ("ddd dd MMM yy", "Thu 05 Mar 09"),
            ("'day' d '''d'''", "day 5 'd'"),
            ("MM.y gg", "03.9 A.D."),
        ] {
            assert_eq!(date_text(TIME, picture), written, "{picture}");
        }
    }

    #[test]
    fn times_are_written_as_pictures_and_flags_have_them() {
        for (picture, flags, written) in [
            ("h:mm:ss tt", 0, "2:07:09 PM"),
            ("h:mm:ss tt", TIME_NOSECONDS, "2:07 PM"),
            ("h:mm:ss tt", TIME_NOMINUTESORSECONDS, "2 PM"),
            ("h:mm:ss tt", TIME_NOTIMEMARKER | TIME_FORCE24HOURFORMAT, "14:07:09"),
            ("HH'h'm t", 0, "14h7 P"),
            ("tt h", TIME_NOTIMEMARKER, "2"),
        ] {
            assert_eq!(time_text(TIME, picture, flags), written, "{picture} {flags}");
        }
    }

    #[test]
    fn times_are_counted_and_counted_back() {
        let time = time_of(TIME).unwrap();
        assert_eq!(calendar(time), TIME);
        assert_eq!(time_of([1601, 1, 0, 1, 0, 0, 0, 0]), Some(0));
        for wrong in
            [[2009, 2, 0, 29, 0, 0, 0, 0], [2009, 13, 0, 1, 0, 0, 0, 0], [2009, 1, 0, 1, 24, 0, 0, 0]]
        {
            assert_eq!(time_of(wrong), None, "{wrong:?}");
        }
        assert!([0, 1, 1600, 30_828].iter().all(|&year| time_of([year, 1, 0, 0, 0, 0, 0, 0]).is_none()));
    }
}
