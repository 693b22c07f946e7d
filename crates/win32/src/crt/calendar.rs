//! Times as dates, and the reverse. The time zone is UTC, so local time is the same.

use guest::{Mode, Stop};

use crate::abi::Pointer;
use crate::crt::EINVAL;
use crate::crt::invalid::invalid;
use crate::process::Process;

/// Where a thread keeps the `struct tm` and the text that these functions answer, in its own storage.
const TM: u64 = 16;
const TEXT: u64 = 64;

/// The last second of the year 3000, beyond which there are no dates, and that of 32 bits.
const LAST: i64 = 32_535_215_999;
const LAST32: i64 = i32::MAX as i64;
const DAY: i64 = 24 * 60 * 60;

/// The fields of a `struct tm`: second, minute, hour, day, month from 0, years since 1900, day of the week, day of the year, daylight saving.
type Fields = [i32; 9];

/// Days from 1970 to the first day of a year.
fn days_before(year: i64) -> i64 {
    let before = year - 1;
    365 * (year - 1970) + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) - 477
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn month_lengths(year: i64) -> [i64; 12] {
    [31, if is_leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
}

/// The date of a time.
fn fields(time: i64) -> Fields {
    let (days, second) = (time.div_euclid(DAY), time.rem_euclid(DAY));
    let mut year = 1970 + days.div_euclid(366);
    while days >= days_before(year + 1) {
        year += 1;
    }
    let yearday = days - days_before(year);
    let (mut month, mut day) = (0, yearday);
    for length in month_lengths(year) {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    // 1970 began on a Thursday.
    let weekday = (days + 4).rem_euclid(7);
    let fields =
        [second % 60, second / 60 % 60, second / 3600, day + 1, month, year - 1900, weekday, yearday, 0];
    fields.map(|field| i32::try_from(field).unwrap_or(0))
}

/// The time of a date, whose fields may be outside of their ranges.
fn time_of(fields: &Fields) -> i64 {
    let [second, minute, hour, day, month, year, ..] = fields.map(i64::from);
    let year = year + 1900 + month.div_euclid(12);
    let month = usize::try_from(month.rem_euclid(12)).unwrap_or(0);
    let days = days_before(year) + month_lengths(year)[..month].iter().sum::<i64>() + day - 1;
    days * DAY + hour * 3600 + minute * 60 + second
}

fn read(process: &Process, at: Pointer) -> Result<Fields, Stop> {
    let mut fields = [0; 9];
    for (field, place) in fields.iter_mut().zip((0..).step_by(4)) {
        *field = process.machine.memory.array(at.at(place).0).map(i32::from_le_bytes)?;
    }
    Ok(fields)
}

fn write(process: &Process, at: Pointer, fields: &Fields) -> Result<(), Stop> {
    let bytes: Vec<u8> = fields.iter().flat_map(|field| field.to_le_bytes()).collect();
    Ok(process.machine.memory.write(at.0, &bytes)?)
}

/// How wide a `time_t` is, and the last one.
#[derive(Debug, Clone, Copy)]
enum Width {
    Narrow,
    Wide,
}

impl Width {
    /// That of msvcrt.dll's plain names, which is that of a pointer.
    fn plain(process: &Process) -> Self {
        match process.machine.mode() {
            Mode::I386 => Self::Narrow,
            Mode::X86_64 => Self::Wide,
        }
    }

    /// The time at an address; `None`, with `errno`, for one that has no date.
    fn read(self, process: &mut Process, at: Pointer) -> Result<Option<i64>, Stop> {
        if at.is_null() {
            return invalid(process, EINVAL, None);
        }
        let memory = &process.machine.memory;
        let time = match self {
            Self::Narrow => memory.array(at.0).map(i32::from_le_bytes)?.into(),
            Self::Wide => memory.array(at.0).map(i64::from_le_bytes)?,
        };
        if !(0..=LAST).contains(&time) {
            return invalid(process, EINVAL, None);
        }
        Ok(Some(time))
    }

    fn last(self) -> i64 {
        match self {
            Self::Narrow => LAST32,
            Self::Wide => LAST,
        }
    }
}

/// gmtime and localtime: the date, where the thread has it.
fn date(process: &mut Process, width: Width, time: Pointer) -> Result<Pointer, Stop> {
    let Some(time) = width.read(process, time)? else { return Ok(Pointer::NULL) };
    let at = Pointer(process.machine.thread_storage()).at(TM);
    write(process, at, &fields(time)).map(|()| at)
}

/// The same, where the caller wants it.
fn date_at(process: &mut Process, width: Width, out: Pointer, time: Pointer) -> Result<i32, Stop> {
    if out.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    match width.read(process, time)? {
        Some(time) => write(process, out, &fields(time)).map(|()| 0),
        None => write(process, out, &[-1; 9]).map(|()| EINVAL),
    }
}

/// mktime: the time, -1 for none; the fields come into their ranges.
fn make(process: &mut Process, width: Width, at: Pointer) -> Result<i64, Stop> {
    let time = if at.is_null() { -1 } else { time_of(&read(process, at)?) };
    if !(0..=width.last()).contains(&time) {
        return invalid(process, EINVAL, -1);
    }
    write(process, at, &fields(time)).map(|()| time)
}

/// A date as text of 24 characters, a line's end and a zero.
fn text(fields: &Fields) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let &[second, minute, hour, day, month, year, weekday, ..] = fields;
    let name = |names: &[&'static str], index: i32| {
        usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or("???")
    };
    let (weekday, month) = (name(&DAYS, weekday), name(&MONTHS, month));
    format!("{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} {:4}\n\0", year.wrapping_add(1900))
}

fn put_text(process: &mut Process, fields: &Fields) -> Result<Pointer, Stop> {
    /// As long as the text is for years of four digits.
    const LEN: usize = 26;
    let text = text(fields);
    if text.len() != LEN {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let at = Pointer(process.machine.thread_storage()).at(TEXT);
    process.machine.memory.write(at.0, text.as_bytes())?;
    Ok(at)
}

pub fn asctime(process: &mut Process, at: Pointer) -> Result<Pointer, Stop> {
    if at.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let fields = read(process, at)?;
    put_text(process, &fields)
}

/// The functions of each width, and by the plain names.
macro_rules! functions {
    ($($width:expr => $date:ident $date_at:ident $make:ident $text:ident;)*) => {$(
        pub fn $date(process: &mut Process, time: Pointer) -> Result<Pointer, Stop> {
            let width: fn(&Process) -> Width = $width;
            let width = width(process);
            date(process, width, time)
        }

        pub fn $date_at(process: &mut Process, out: Pointer, time: Pointer) -> Result<i32, Stop> {
            let width: fn(&Process) -> Width = $width;
            let width = width(process);
            date_at(process, width, out, time)
        }

        pub fn $make(process: &mut Process, at: Pointer) -> Result<u64, Stop> {
            let width: fn(&Process) -> Width = $width;
            let width = width(process);
            make(process, width, at).map(i64::cast_unsigned)
        }

        pub fn $text(process: &mut Process, time: Pointer) -> Result<Pointer, Stop> {
            let width: fn(&Process) -> Width = $width;
            let width = width(process);
            match width.read(process, time)? {
                Some(time) => put_text(process, &fields(time)),
                None => Ok(Pointer::NULL),
            }
        }
    )*};
}
functions! {
    |_| Width::Narrow => _gmtime32 _gmtime32_s _mktime32 _ctime32;
    |_| Width::Wide => _gmtime64 _gmtime64_s _mktime64 _ctime64;
    Width::plain => gmtime gmtime_s mktime ctime;
}

pub fn _difftime32(_: &mut Process, later: i32, earlier: i32) -> f64 {
    f64::from(later) - f64::from(earlier)
}

pub fn _difftime64(_: &mut Process, later: u64, earlier: u64) -> f64 {
    later.cast_signed().wrapping_sub(earlier.cast_signed()) as f64
}

/// difftime of msvcrt.dll, whose `time_t` is as wide as a pointer.
pub fn difftime(process: &mut Process, later: crate::abi::LongPtr, earlier: crate::abi::LongPtr) -> f64 {
    _difftime64(process, later.0.cast_unsigned(), earlier.0.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_each_other_s() {
        assert_eq!(fields(0), [0, 0, 0, 1, 0, 70, 4, 0, 0]);
        assert_eq!(fields(951_826_830), [30, 20, 12, 29, 1, 100, 2, 59, 0]);
        assert_eq!(fields(LAST), [59, 59, 23, 31, 11, 1100, 3, 364, 0]);
        for time in (0..LAST).step_by(12_345_677) {
            assert_eq!(time_of(&fields(time)), time);
        }
        // The 32nd of January, and the month before that year.
        assert_eq!(time_of(&[0, 0, 0, 32, 0, 70, 0, 0, 0]), 31 * DAY);
        assert_eq!(time_of(&[0, 0, 0, 1, -1, 71, 0, 0, 0]), 334 * DAY);
        assert_eq!(text(&fields(951_826_830)), "Tue Feb 29 12:20:30 2000\n\0");
    }
}
