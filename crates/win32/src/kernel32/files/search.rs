//! Searches for files by patterns.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::VecDeque;

use guest::Stop;
use wire::{Entry, FileInfo};

use crate::abi::{Handle, Pointer};
use crate::files::{Tried, tried};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_FILE_NOT_FOUND, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NO_MORE_FILES,
    ERROR_NOT_ENOUGH_MEMORY, ERROR_PATH_NOT_FOUND, fail,
};
use crate::kernel32::files::names::data;
use crate::kernel32::handles::Object;
use crate::kernel32::path::full;
use crate::kernel32::record::Record;
use crate::process::Process;

/// MAX_PATH, and how much room WIN32_FIND_DATA has for a short name, which no file here has.
const MAX_PATH: usize = 260;
const SHORT_NAME: usize = 14;

/// Whether a name fits a pattern: `*` stands for any characters, `?` for one, and `*.*` for any name. Case makes no difference.
fn fits(pattern: &str, name: &str) -> bool {
    let fold = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    let (pattern, name) = (fold(if pattern == "*.*" { "*" } else { pattern }), fold(name));
    // Where the last `*` was, and how much of the name it stands for so far.
    let (mut at, mut in_name, mut star) = (0, 0, None);
    while in_name < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, in_name));
                at += 1;
            }
            Some(&c) if c == '?' || c == name[in_name] => (at, in_name) = (at + 1, in_name + 1),
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    (at, in_name) = (place + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&c| c == '*')
}

/// What a pattern finds, in order.
pub(crate) fn find(process: &mut Process, path: &str) -> Tried<VecDeque<Entry>> {
    let Some((folder, pattern)) = path.rsplit_once('\\') else { return Ok(Err(ERROR_PATH_NOT_FOUND)) };
    let folder = format!(r"{folder}\");
    let all = match process.list_folder(&folder)? {
        // No folder to look in.
        Err(ERROR_FILE_NOT_FOUND) => return Ok(Err(ERROR_PATH_NOT_FOUND)),
        all => tried!(Ok::<_, Stop>(all)),
    };
    // As in every folder but a drive's root.
    let is_root = folder.len() <= r"C:\".len();
    let dots = [".", ".."]
        .map(|name| Entry { name: name.to_owned(), info: FileInfo { folder: true, ..FileInfo::default() } });
    let dots = dots.into_iter().filter(|_| !is_root);
    Ok(Ok(dots.chain(all).filter(|entry| fits(pattern, &entry.name)).collect()))
}

/// Writes WIN32_FIND_DATA.
fn put<U: Unit>(process: &mut Process, entry: &Entry, out: Pointer) -> Result<(), Stop> {
    let mut name = U::encode(&entry.name);
    name.truncate(MAX_PATH - 1);
    name.resize(MAX_PATH + SHORT_NAME, U::ZERO);
    let record = data(Record::new(process.machine.mode()), &entry.info).u32(0).u32(0);
    Ok(process.machine.memory.write(out.0, &record.bytes(&U::to_bytes(&name)).finish())?)
}

pub fn FindFirstFile<U: Unit>(process: &mut Process, name: Pointer, out: Pointer) -> Result<Handle, Stop> {
    let name = text::<U>(&process.machine, name)?;
    if name.is_empty() {
        return Ok(fail(process, ERROR_PATH_NOT_FOUND, Handle::INVALID));
    }
    let path = full(process, &name);
    let mut found = match find(process, &path)? {
        Ok(found) => found,
        Err(code) => return Ok(fail(process, code, Handle::INVALID)),
    };
    let Some(first) = found.pop_front() else {
        return Ok(fail(process, ERROR_FILE_NOT_FOUND, Handle::INVALID));
    };
    put::<U>(process, &first, out)?;
    match process.kernel32.handles.insert(Object::Search(found)) {
        Some(handle) => Ok(handle),
        None => Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::INVALID)),
    }
}

/// FindFirstFileEx: a search by name, whatever the level of information, of which the short name is all that would be missing.
pub fn FindFirstFileEx<U: Unit>(
    process: &mut Process,
    name: Pointer,
    _level: u32,
    out: Pointer,
    operation: u32,
    _filter: Pointer,
    _flags: u32,
) -> Result<Handle, Stop> {
    const FIND_EX_SEARCH_LIMIT_TO_DIRECTORIES: u32 = 1;
    if operation > FIND_EX_SEARCH_LIMIT_TO_DIRECTORIES {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, Handle::INVALID));
    }
    FindFirstFile::<U>(process, name, out)
}

pub fn FindNextFile<U: Unit>(process: &mut Process, search: Handle, out: Pointer) -> Result<bool, Stop> {
    let Some(Object::Search(left)) = process.kernel32.handles.get(search) else {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    };
    match left.pop_front() {
        Some(next) => put::<U>(process, &next, out).map(|()| true),
        None => Ok(fail(process, ERROR_NO_MORE_FILES, false)),
    }
}

pub fn FindClose(process: &mut Process, search: Handle) -> bool {
    let is_search = matches!(process.kernel32.handles.get(search), Some(Object::Search(_)));
    (is_search && process.kernel32.handles.remove(search)) || fail(process, ERROR_INVALID_HANDLE, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_stand_for_names() {
        for (pattern, name) in [
            ("*", "a"),
            ("*.*", "Makefile"),
            ("*.sf?", "Piano.SF2"),
            ("a*b*c", "axxbyyc"),
            ("?.txt", "a.txt"),
            ("*a", "aaaa"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*.sf2", "a.sf"), ("?", ""), ("a", "ab"), ("", "a"), ("a*b", "ac")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
