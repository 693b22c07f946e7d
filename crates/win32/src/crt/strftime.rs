//! Dates and times as text, in the "C" locale (MS Learn, "strftime"; ISO C 7.29.3.5).

use guest::{Memory, Stop, Violation};

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
use crate::crt::{EINVAL, ERANGE, set_errno};
use crate::process::Process;
use crate::text::{Unit, unit_at};

const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
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
];

/// A `struct tm`, of which each field is in its range.
#[derive(Debug, Clone, Copy)]
struct Tm {
    second: i32,
    minute: i32,
    hour: i32,
    day: i32,
    /// From 0.
    month: i32,
    /// With the century, and never negative.
    year: i32,
    /// From 0 for Sunday.
    weekday: i32,
    /// From 0.
    yearday: i32,
}

impl Tm {
    fn read(memory: &Memory, at: Pointer) -> Result<Option<Self>, Violation> {
        let mut fields = [0; 8];
        for (field, offset) in fields.iter_mut().zip((0..).step_by(4)) {
            *field = memory.array(at.at(offset).0).map(i32::from_le_bytes)?;
        }
        Ok(Self::new(fields))
    }

    fn new([second, minute, hour, day, month, year, weekday, yearday]: [i32; 8]) -> Option<Self> {
        let ranges = [
            (second, 0..=60),
            (minute, 0..=59),
            (hour, 0..=23),
            (day, 1..=31),
            (month, 0..=11),
            (year, -1900..=8099),
            (weekday, 0..=6),
            (yearday, 0..=365),
        ];
        let sound = ranges.iter().all(|(field, range)| range.contains(field));
        let year = year.saturating_add(1900);
        sound.then_some(Self { second, minute, hour, day, month, year, weekday, yearday })
    }

    /// Days since Monday.
    fn after_monday(&self) -> i32 {
        (self.weekday + 6) % 7
    }

    /// Year and week as ISO 8601 counts them: a week belongs to the year that its Thursday is in.
    fn iso_week(&self) -> (i32, i32) {
        /// The day of the week, from 0 for Sunday, of a year's last day.
        fn last_day(year: i32) -> i32 {
            (year + year / 4 - year / 100 + year / 400) % 7
        }
        let weeks = |year| 52 + i32::from(last_day(year) == 4 || last_day(year - 1) == 3);
        match (self.yearday - self.after_monday() + 10) / 7 {
            0 => (self.year - 1, weeks(self.year - 1)),
            week if week > weeks(self.year) => (self.year + 1, 1),
            week => (self.year, week),
        }
    }

    /// What a conversion stands for; `None` for one that is none. `bare` leaves out zeros at the front of numbers.
    fn expand(&self, letter: u8, bare: bool) -> Option<String> {
        let number = |value: i32, width: usize| {
            let width = if bare { 0 } else { width };
            format!("{value:0width$}")
        };
        let name = |names: &[&str], index: i32| {
            usize::try_from(index).ok().and_then(|index| names.get(index)).map_or("", |name| *name).to_owned()
        };
        let short = |mut name: String| {
            name.truncate(3);
            name
        };
        let all = |letters: &str| {
            letters.bytes().try_fold(String::new(), |mut text, letter| {
                match letter {
                    b'a'..=b'z' | b'A'..=b'Z' => text.push_str(&self.expand(letter, bare)?),
                    other => text.push(other.into()),
                }
                Some(text)
            })
        };
        let twelve = (self.hour + 11) % 12 + 1;
        let (iso_year, iso_week) = self.iso_week();
        Some(match letter {
            b'a' => short(name(&DAYS, self.weekday)),
            b'A' => name(&DAYS, self.weekday),
            b'b' | b'h' => short(name(&MONTHS, self.month)),
            b'B' => name(&MONTHS, self.month),
            b'c' => all("a b e T Y")?,
            b'C' => number(self.year / 100, 2),
            b'd' => number(self.day, 2),
            b'D' | b'x' => all("m/d/y")?,
            b'e' if bare => number(self.day, 0),
            b'e' => format!("{:2}", self.day),
            b'F' => all("Y-m-d")?,
            b'g' => number(iso_year.rem_euclid(100), 2),
            b'G' => number(iso_year, 4),
            b'H' => number(self.hour, 2),
            b'I' => number(twelve, 2),
            b'j' => number(self.yearday + 1, 3),
            b'm' => number(self.month + 1, 2),
            b'M' => number(self.minute, 2),
            b'n' => "\n".to_owned(),
            b'p' => if self.hour < 12 { "AM" } else { "PM" }.to_owned(),
            b'r' => all("I:M:S p")?,
            b'R' => all("H:M")?,
            b'S' => number(self.second, 2),
            b't' => "\t".to_owned(),
            b'T' | b'X' => all("H:M:S")?,
            b'u' => number(self.after_monday() + 1, 1),
            b'U' => number((self.yearday + 7 - self.weekday) / 7, 2),
            b'V' => number(iso_week, 2),
            b'w' => number(self.weekday, 1),
            b'W' => number((self.yearday + 7 - self.after_monday()) / 7, 2),
            b'y' => number(self.year % 100, 2),
            b'Y' => number(self.year, 4),
            // The guest's time zone is UTC.
            b'z' => "+0000".to_owned(),
            b'Z' => "UTC".to_owned(),
            b'%' => "%".to_owned(),
            _ => return None,
        })
    }
}

/// strftime and wcsftime: the number of units before the zero; 0 when there is no room for all, or for what is none of a date's.
pub fn strftime<U: Unit>(
    process: &mut Process,
    to: Pointer,
    room: Pointer,
    format: Pointer,
    time: Pointer,
) -> Result<Pointer, Stop> {
    match written::<U>(process, to, room.0, format, time)? {
        Ok(length) => Ok(Pointer(length)),
        Err(EINVAL) => invalid(process, EINVAL, Pointer(0)),
        Err(error) => {
            set_errno(process, error);
            Ok(Pointer(0))
        }
    }
}

/// The length, or the error for `errno`.
fn written<U: Unit>(
    process: &Process,
    to: Pointer,
    room: u64,
    format: Pointer,
    time: Pointer,
) -> Result<Result<u64, i32>, Stop> {
    let machine = &process.machine;
    if to.is_null() || room == 0 || format.is_null() || time.is_null() {
        return Ok(Err(EINVAL));
    }
    let Some(tm) = Tm::read(&machine.memory, time)? else { return Ok(Err(EINVAL)) };
    let letter =
        |at| unit_at::<U>(machine, format, at).map(|unit| u8::try_from(unit.into()).unwrap_or(u8::MAX));
    let (mut at, mut length) = (0, 0);
    loop {
        let unit = unit_at::<U>(machine, format, at)?;
        at += 1;
        let mut put = |unit: U| {
            let fits = length < room;
            if fits {
                unit.write(&machine.memory, to.at(length * U::SIZE))?;
                length += 1;
            }
            Ok::<bool, Violation>(fits)
        };
        if unit.into() != u16::from(b'%') {
            if !put(unit)? {
                return Ok(Err(ERANGE));
            }
            if unit == U::ZERO {
                return Ok(Ok(length - 1));
            }
            continue;
        }
        let bare = letter(at)? == b'#';
        at += u64::from(bare);
        // E and O choose between a locale's notations, of which there is one.
        at += u64::from(matches!(letter(at)?, b'E' | b'O'));
        let Some(text) = tm.expand(letter(at)?, bare) else { return Ok(Err(EINVAL)) };
        at += 1;
        for unit in text.bytes().filter_map(|byte| U::from_wide(byte.into())) {
            if !put(unit)? {
                return Ok(Err(ERANGE));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(tm: Tm, letters: &str) -> String {
        let parts = letters.bytes().map(|letter| tm.expand(letter, false).unwrap());
        parts.collect::<Vec<_>>().join("|")
    }

    #[test]
    fn every_conversion_shows_its_field() {
        let tm = Tm::new([7, 5, 15, 9, 6, 124, 2, 190]).unwrap();
        assert_eq!(shown(tm, "aAbB"), "Tue|Tuesday|Jul|July");
        assert_eq!(shown(tm, "cxX"), "Tue Jul  9 15:05:07 2024|07/09/24|15:05:07");
        assert_eq!(shown(tm, "CdDeFH"), "20|09|07/09/24| 9|2024-07-09|15");
        assert_eq!(shown(tm, "IjmMprRST"), "03|191|07|05|PM|03:05:07 PM|15:05|07|15:05:07");
        assert_eq!(shown(tm, "uUwWyYzZ%"), "2|27|2|28|24|2024|+0000|UTC|%");
        assert_eq!(tm.expand(b'd', true).unwrap(), "9");
        assert_eq!(tm.expand(b'x', true).unwrap(), "7/9/24");
        assert_eq!(tm.expand(b'Q', false), None);
    }

    #[test]
    fn weeks_belong_to_the_year_of_their_thursday() {
        // Friday 2021-01-01, Monday 2024-12-30, Sunday 2026-01-04, Thursday 2020-12-31.
        for (fields, expected) in [
            ([0, 0, 0, 1, 0, 121, 5, 0], "2020|20|53"),
            ([0, 0, 0, 30, 11, 124, 1, 364], "2025|25|01"),
            ([0, 0, 0, 4, 0, 126, 0, 3], "2026|26|01"),
            ([0, 0, 0, 31, 11, 120, 4, 365], "2020|20|53"),
        ] {
            assert_eq!(shown(Tm::new(fields).unwrap(), "GgV"), expected);
        }
        assert!(Tm::new([0, 0, 0, 0, 0, 0, 0, 0]).is_none());
        assert!(Tm::new([0, 0, 0, 1, 0, i32::MAX, 0, 0]).is_none());
        assert_eq!(shown(Tm::new([0, 0, 0, 1, 0, -1900, 6, 0]).unwrap(), "YGV"), "0000|-001|52");
    }
}
