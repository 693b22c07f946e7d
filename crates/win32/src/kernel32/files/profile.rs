//! Initialization files: sections of `key=value` lines. A name without a folder lies in `C:\windows`, as documented.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use wire::Disposition;

use crate::abi::Pointer;
use crate::files::{Access, Tried, tried};
use crate::kernel32::codepage::{Unit, put, text};
use crate::kernel32::error::{ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND, fail};
use crate::kernel32::path::full;
use crate::process::Process;

/// The largest file that is read: documents give 32 KiB a section, and no driver has many.
const MOST: usize = 1 << 20;

/// The file of the functions that name none.
const WIN_INI: &str = r"C:\windows\win.ini";

/// A file's lines, each as it stands.
#[derive(Debug, Default)]
struct Lines(Vec<String>);

impl Lines {
    fn parse(bytes: &[u8]) -> Self {
        // A file in UTF-16 says so with its first two bytes; else it is in the ANSI code page.
        let text = match bytes {
            [0xff, 0xfe, units @ ..] => u16::decode(&<u16 as crate::text::Unit>::from_bytes(units)),
            bytes => u8::decode(bytes),
        };
        Self(text.lines().map(str::to_owned).collect())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let text: String = self.0.iter().map(|line| format!("{line}\r\n")).collect();
        let ansi = u8::encode(&text);
        if u8::decode(&ansi) == text {
            return ansi;
        }
        let units = <u16 as crate::text::Unit>::to_bytes(&u16::encode(&text));
        [&[0xff, 0xfe], units.as_slice()].concat()
    }

    /// The section that a line begins.
    fn header(line: &str) -> Option<&str> {
        line.trim().strip_prefix('[')?.split_once(']').map(|(name, _)| name.trim())
    }

    fn sections(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|line| Self::header(line))
    }

    /// The places of a section's lines, without that which begins it.
    fn section(&self, name: &str) -> Option<std::ops::Range<usize>> {
        let is_it =
            |line: &String| Self::header(line).is_some_and(|found| found.eq_ignore_ascii_case(name.trim()));
        let start = self.0.iter().position(is_it)? + 1;
        let end = self.0[start..].iter().position(|line| Self::header(line).is_some());
        Some(start..end.map_or(self.0.len(), |end| start + end))
    }

    /// The keys and values of a section; comments and empty lines are none.
    fn entries(&self, section: &str) -> Vec<(&str, &str)> {
        let lines = self.section(section).map(|lines| &self.0[lines]).unwrap_or_default();
        let entry = |line: &'_ String| -> Option<(usize, usize)> {
            let trimmed = line.trim_start();
            if trimmed.is_empty() || trimmed.starts_with(';') {
                return None;
            }
            let at = line.find('=')?;
            Some((at, at + 1))
        };
        lines
            .iter()
            .filter_map(|line| entry(line).map(|(end, start)| (line[..end].trim(), line[start..].trim())))
            .collect()
    }

    /// The value of a key, without the quotation marks around it.
    fn get(&self, section: &str, key: &str) -> Option<&str> {
        let entries = self.entries(section);
        let (_, value) = entries.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(key.trim()))?;
        let inner = ['"', '\''].iter().find_map(|&mark| value.strip_prefix(mark)?.strip_suffix(mark));
        Some(inner.unwrap_or(value))
    }

    /// Sets or deletes a key, or with no key a whole section.
    fn set(&mut self, section: &str, key: Option<&str>, value: Option<&str>) {
        let Some(lines) = self.section(section) else {
            if let (Some(key), Some(value)) = (key, value) {
                self.0.extend([format!("[{}]", section.trim()), format!("{}={value}", key.trim())]);
            }
            return;
        };
        let Some(key) = key else {
            self.0.drain(lines.start - 1..lines.end);
            return;
        };
        let names = |line: &String| {
            line.split_once('=').is_some_and(|(known, _)| known.trim().eq_ignore_ascii_case(key.trim()))
        };
        let place = self.0[lines.clone()].iter().position(names).map(|place| lines.start + place);
        match (place, value) {
            (Some(place), Some(value)) => self.0[place] = format!("{}={value}", key.trim()),
            (Some(place), None) => drop(self.0.remove(place)),
            (None, Some(value)) => {
                // Behind the last line of the section that is not empty.
                let full = self.0[lines.clone()].iter().rposition(|line| !line.trim().is_empty());
                let place = full.map_or(lines.start, |last| lines.start + last + 1);
                self.0.insert(place, format!("{}={value}", key.trim()));
            }
            (None, None) => {}
        }
    }
}

/// The path of an initialization file.
fn path_of(process: &mut Process, name: &str) -> String {
    if name.contains(['\\', '/', ':']) { full(process, name) } else { format!(r"C:\windows\{name}") }
}

/// A file's lines; none where there is no file.
fn read(process: &mut Process, path: String) -> Tried<Lines> {
    Ok(match process.whole_file(path, MOST)? {
        Ok(bytes) => Ok(Lines::parse(&bytes)),
        Err(ERROR_FILE_NOT_FOUND | ERROR_PATH_NOT_FOUND) => Ok(Lines::default()),
        Err(code) => Err(code),
    })
}

/// A file's lines for a function that has a default for whatever goes wrong.
fn read_if_possible(process: &mut Process, name: &str) -> Result<Lines, Stop> {
    let path = path_of(process, name);
    Ok(read(process, path)?.unwrap_or_default())
}

fn write(process: &mut Process, path: String, lines: &Lines) -> Tried<()> {
    let access = Access { read: false, write: true, append: false };
    let (mut stream, _) = tried!(process.open_file(path, access, Disposition::CreateAlways));
    let written = process.write_file(&mut stream, &lines.to_bytes())?;
    let _ = process.close_file(&stream)?;
    Ok(written)
}

/// Puts a list of texts, each with a zero and another one behind all; cut, if there is no room, as documented: the answer is two less than the room.
fn put_list<U: Unit>(process: &Process, items: &[String], out: Pointer, room: u32) -> Result<u32, Stop> {
    let all: String = items.iter().flat_map(|item| [item, "\0"]).collect();
    let written = put::<U>(&process.machine.memory, out, room, &all)?;
    if written < room.saturating_sub(1) || items.is_empty() {
        return Ok(written);
    }
    let cut = U::encode(&all).len() > written as usize;
    if cut && room >= 2 {
        U::ZERO.write(&process.machine.memory, out.at(u64::from(room - 2) * U::SIZE))?;
        return Ok(room - 2);
    }
    Ok(written)
}

/// GetPrivateProfileString: all keys, or all sections, for a NULL.
pub fn GetPrivateProfileString<U: Unit>(
    process: &mut Process,
    section: Pointer,
    key: Pointer,
    default: Pointer,
    out: Pointer,
    room: u32,
    file: Pointer,
) -> Result<u32, Stop> {
    let file = text::<U>(&process.machine, file)?;
    let lines = read_if_possible(process, &file)?;
    string::<U>(process, &lines, section, key, default, out, room)
}

fn string<U: Unit>(
    process: &mut Process,
    lines: &Lines,
    section: Pointer,
    key: Pointer,
    default: Pointer,
    out: Pointer,
    room: u32,
) -> Result<u32, Stop> {
    if section.is_null() {
        let names: Vec<String> = lines.sections().map(str::to_owned).collect();
        return put_list::<U>(process, &names, out, room);
    }
    let section = text::<U>(&process.machine, section)?;
    if key.is_null() {
        let keys: Vec<String> = lines.entries(&section).into_iter().map(|(key, _)| key.to_owned()).collect();
        return put_list::<U>(process, &keys, out, room);
    }
    let key = text::<U>(&process.machine, key)?;
    let memory = &process.machine.memory;
    match lines.get(&section, &key) {
        Some(value) => Ok(put::<U>(memory, out, room, value)?),
        None if default.is_null() => Ok(put::<U>(memory, out, room, "")?),
        None => {
            let default = text::<U>(&process.machine, default)?;
            Ok(put::<U>(memory, out, room, default.trim_end_matches(' '))?)
        }
    }
}

/// GetProfileString, of WIN.INI.
pub fn GetProfileString<U: Unit>(
    process: &mut Process,
    section: Pointer,
    key: Pointer,
    default: Pointer,
    out: Pointer,
    room: u32,
) -> Result<u32, Stop> {
    let lines = read_if_possible(process, WIN_INI)?;
    string::<U>(process, &lines, section, key, default, out, room)
}

/// The number at the beginning of a text, as these functions read it; 0 for none.
fn number(text: &str) -> u32 {
    let text = text.trim_start();
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let digits = digits.bytes().take_while(u8::is_ascii_digit);
    let number =
        digits.fold(0_u32, |number, digit| number.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')));
    if negative { number.wrapping_neg() } else { number }
}

pub fn GetPrivateProfileInt<U: Unit>(
    process: &mut Process,
    section: Pointer,
    key: Pointer,
    default: u32,
    file: Pointer,
) -> Result<u32, Stop> {
    let file = text::<U>(&process.machine, file)?;
    let (section, key) = (text::<U>(&process.machine, section)?, text::<U>(&process.machine, key)?);
    let lines = read_if_possible(process, &file)?;
    Ok(lines.get(&section, &key).map_or(default, number))
}

/// GetProfileInt, of WIN.INI.
pub fn GetProfileInt<U: Unit>(
    process: &mut Process,
    section: Pointer,
    key: Pointer,
    default: u32,
) -> Result<u32, Stop> {
    let (section, key) = (text::<U>(&process.machine, section)?, text::<U>(&process.machine, key)?);
    let lines = read_if_possible(process, WIN_INI)?;
    Ok(lines.get(&section, &key).map_or(default, number))
}

/// GetPrivateProfileSection: its lines as `key=value`.
pub fn GetPrivateProfileSection<U: Unit>(
    process: &mut Process,
    section: Pointer,
    out: Pointer,
    room: u32,
    file: Pointer,
) -> Result<u32, Stop> {
    let (section, file) = (text::<U>(&process.machine, section)?, text::<U>(&process.machine, file)?);
    let lines = read_if_possible(process, &file)?;
    let entries = lines.entries(&section).into_iter();
    let entries: Vec<String> = entries.map(|(key, value)| format!("{key}={value}")).collect();
    put_list::<U>(process, &entries, out, room)
}

/// GetPrivateProfileSectionNames.
pub fn GetPrivateProfileSectionNames<U: Unit>(
    process: &mut Process,
    out: Pointer,
    room: u32,
    file: Pointer,
) -> Result<u32, Stop> {
    let null = Pointer::NULL;
    GetPrivateProfileString::<U>(process, null, null, null, out, room, file)
}

/// WritePrivateProfileString: a NULL value deletes the key, and a NULL key the section. All NULL is a request to write what is kept, and nothing is.
pub fn WritePrivateProfileString<U: Unit>(
    process: &mut Process,
    section: Pointer,
    key: Pointer,
    value: Pointer,
    file: Pointer,
) -> Result<bool, Stop> {
    let file = text::<U>(&process.machine, file)?;
    let path = path_of(process, &file);
    change::<U>(process, section, key, value, path)
}

/// WriteProfileString, of WIN.INI.
pub fn WriteProfileString<U: Unit>(
    process: &mut Process,
    section: Pointer,
    key: Pointer,
    value: Pointer,
) -> Result<bool, Stop> {
    change::<U>(process, section, key, value, WIN_INI.to_owned())
}

fn change<U: Unit>(
    process: &mut Process,
    section: Pointer,
    key: Pointer,
    value: Pointer,
    path: String,
) -> Result<bool, Stop> {
    if section.is_null() {
        return Ok(fail(process, ERROR_FILE_NOT_FOUND, false));
    }
    let section = text::<U>(&process.machine, section)?;
    let optional = |process: &Process, at: Pointer| {
        if at.is_null() { Ok(None) } else { text::<U>(&process.machine, at).map(Some) }
    };
    let (key, value) = (optional(process, key)?, optional(process, value)?);
    let changed = match read(process, path.clone())? {
        Ok(mut lines) => {
            lines.set(&section, key.as_deref(), value.as_deref());
            write(process, path, &lines)?
        }
        Err(code) => Err(code),
    };
    match changed {
        Ok(()) => Ok(true),
        Err(code) => Ok(fail(process, code, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"; a comment\r\n[One]\r\nkey = value \r\nquoted=\"a b\"\r\n\r\n[Two]\nn=-12x\r\n";

    #[test]
    fn keys_are_found_in_their_sections() {
        let lines = Lines::parse(TEXT);
        assert_eq!(lines.sections().collect::<Vec<_>>(), ["One", "Two"]);
        assert_eq!(lines.get("one", "KEY"), Some("value"));
        assert_eq!(lines.get("One", "quoted"), Some("a b"));
        assert_eq!((lines.get("One", "n"), lines.get("Two", "n")), (None, Some("-12x")));
        assert_eq!(lines.entries("One"), [("key", "value"), ("quoted", "\"a b\"")]);
        assert_eq!([number("-12x"), number(" 7"), number("x")], [12_u32.wrapping_neg(), 7, 0]);
    }

    #[test]
    fn changes_leave_everything_else_as_it_is() {
        let mut lines = Lines::parse(TEXT);
        lines.set("ONE", Some("Key"), Some("other"));
        lines.set("One", Some("more"), Some("1"));
        lines.set("Three", Some("x"), Some("€"));
        lines.set("Two", None, None);
        lines.set("One", Some("quoted"), None);
        let expected = b"; a comment\r\n[One]\r\nKey=other\r\nmore=1\r\n\r\n[Three]\r\nx=\x80\r\n";
        assert_eq!(lines.to_bytes(), expected);
        lines.set("Three", Some("x"), Some("Ż"));
        let wide = lines.to_bytes();
        assert_eq!(wide[..2], [0xff, 0xfe]);
        assert_eq!(Lines::parse(&wide).get("Three", "x"), Some("Ż"));
        lines.set("Four", None, None);
        lines.set("Four", Some("x"), None);
        assert_eq!(lines.to_bytes(), wide);
    }
}
