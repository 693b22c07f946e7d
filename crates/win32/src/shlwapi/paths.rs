//! Functions for paths. Most look at text only; a buffer for a path has room for MAX_PATH units.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::Pointer;
use crate::kernel32::codepage::{Unit, put, text, units};
use crate::kernel32::path::{canonical, combine, full, is_root, is_unc, split_root};
use crate::process::Process;
use crate::text::length;

/// The room in a buffer for a path, with the zero at its end.
const MAX_PATH: u32 = 260;

const BACKSLASH: u16 = b'\\' as u16;
const SLASH: u16 = b'/' as u16;
const COLON: u16 = b':' as u16;
const DOT: u16 = b'.' as u16;
const SPACE: u16 = b' ' as u16;

/// The units of a text, however wide they are.
fn wide<U: Unit>(process: &Process, at: Pointer) -> Result<Vec<u16>, Stop> {
    let len = length::<U>(&process.machine, at, 1 << 16)?;
    Ok(units::<U>(&process.machine.memory, at, len)?.into_iter().map(Into::into).collect())
}

/// Where the file's name begins.
fn file_name(path: &[u16]) -> usize {
    let separates = |unit: &u16| matches!(*unit, BACKSLASH | SLASH | COLON);
    let name = |&at: &usize| path.get(at + 1).is_some_and(|next| !matches!(*next, BACKSLASH | SLASH));
    let before = (0..path.len()).rev().find(|at| separates(&path[*at]) && name(at));
    before.map_or(0, |before| before + 1)
}

/// Where the extension begins, with its dot; the end for none.
fn extension(path: &[u16]) -> usize {
    let dot = path.iter().rposition(|&unit| matches!(unit, DOT | BACKSLASH | SPACE));
    dot.filter(|&dot| path[dot] == DOT).unwrap_or(path.len())
}

/// Ends a text at a unit.
fn cut<U: Unit>(process: &Process, at: Pointer, len: usize) -> Result<Pointer, Stop> {
    let end = at.at(len as u64 * U::SIZE);
    U::ZERO.write(&process.machine.memory, end)?;
    Ok(end)
}

/// Writes a path over another one; false, and nothing is written, when it is too long.
fn replace<U: Unit>(process: &Process, at: Pointer, path: &str) -> Result<bool, Stop> {
    let fits = U::encode(path).len() < MAX_PATH as usize;
    if fits {
        put::<U>(&process.machine.memory, at, MAX_PATH, path)?;
    }
    Ok(fits)
}

pub fn PathFindFileName<U: Unit>(process: &mut Process, path: Pointer) -> Result<Pointer, Stop> {
    if path.is_null() {
        return Ok(path);
    }
    Ok(path.at(file_name(&wide::<U>(process, path)?) as u64 * U::SIZE))
}

/// PathFindExtension: the end of the path if it has none.
pub fn PathFindExtension<U: Unit>(process: &mut Process, path: Pointer) -> Result<Pointer, Stop> {
    if path.is_null() {
        return Ok(path);
    }
    Ok(path.at(extension(&wide::<U>(process, path)?) as u64 * U::SIZE))
}

pub fn PathRemoveExtension<U: Unit>(process: &mut Process, path: Pointer) -> Result<(), Stop> {
    if !path.is_null() {
        let end = extension(&wide::<U>(process, path)?);
        cut::<U>(process, path, end)?;
    }
    Ok(())
}

/// PathAddExtension: `.exe` for NULL. Nothing happens to a path that has one.
pub fn PathAddExtension<U: Unit>(process: &mut Process, path: Pointer, added: Pointer) -> Result<bool, Stop> {
    let before = wide::<U>(process, path)?;
    if extension(&before) < before.len() {
        return Ok(false);
    }
    let added = if added.is_null() { ".exe".to_owned() } else { text::<U>(&process.machine, added)? };
    let whole = text::<U>(&process.machine, path)? + &added;
    replace::<U>(process, path, &whole)
}

pub fn PathRenameExtension<U: Unit>(
    process: &mut Process,
    path: Pointer,
    other: Pointer,
) -> Result<bool, Stop> {
    let before = wide::<U>(process, path)?;
    let kept = units::<U>(&process.machine.memory, path, extension(&before) as u64)?;
    let whole = U::decode(&kept) + &text::<U>(&process.machine, other)?;
    replace::<U>(process, path, &whole)
}

/// PathRemoveFileSpec: what is left is the folder; false if there was nothing to remove.
pub fn PathRemoveFileSpec<U: Unit>(process: &mut Process, path: Pointer) -> Result<bool, Stop> {
    if path.is_null() {
        return Ok(false);
    }
    let whole = text::<U>(&process.machine, path)?;
    let (root, rest) = split_root(&whole);
    let folder = match rest.rsplit_once('\\') {
        Some((folder, _)) => format!("{root}{folder}"),
        None => root.to_owned(),
    };
    if folder == whole {
        return Ok(false);
    }
    replace::<U>(process, path, &folder)
}

/// PathStripPath: the file's name alone.
pub fn PathStripPath<U: Unit>(process: &mut Process, path: Pointer) -> Result<(), Stop> {
    if path.is_null() {
        return Ok(());
    }
    let name = path.at(file_name(&wide::<U>(process, path)?) as u64 * U::SIZE);
    crate::text::copy::<U>(&process.machine, path, name, u64::MAX)
}

/// PathStripToRoot: false for a path without one.
pub fn PathStripToRoot<U: Unit>(process: &mut Process, path: Pointer) -> Result<bool, Stop> {
    if path.is_null() {
        return Ok(false);
    }
    let whole = text::<U>(&process.machine, path)?;
    let root = split_root(&whole).0;
    Ok(replace::<U>(process, path, root)? && !root.is_empty())
}

/// PathAddBackslash: the end of the path, or NULL when there is no room.
pub fn PathAddBackslash<U: Unit>(process: &mut Process, path: Pointer) -> Result<Pointer, Stop> {
    if path.is_null() {
        return Ok(path);
    }
    let mut whole = text::<U>(&process.machine, path)?;
    if !whole.is_empty() && !whole.ends_with('\\') {
        whole.push('\\');
    }
    let len = U::encode(&whole).len() as u64;
    Ok(if replace::<U>(process, path, &whole)? { path.at(len * U::SIZE) } else { Pointer::NULL })
}

/// PathRemoveBackslash: where the backslash was, or where the last character is. That of a root stays.
pub fn PathRemoveBackslash<U: Unit>(process: &mut Process, path: Pointer) -> Result<Pointer, Stop> {
    if path.is_null() {
        return Ok(path);
    }
    let units = wide::<U>(process, path)?;
    let last = units.len().saturating_sub(1);
    let whole = text::<U>(&process.machine, path)?;
    if units.last() == Some(&BACKSLASH) && !is_root(&whole) {
        cut::<U>(process, path, last)?;
    }
    Ok(path.at(last as u64 * U::SIZE))
}

/// PathAppend: a path below another one, where that is; whatever separators the second begins with.
pub fn PathAppend<U: Unit>(process: &mut Process, path: Pointer, more: Pointer) -> Result<bool, Stop> {
    if path.is_null() || more.is_null() {
        return Ok(false);
    }
    let (path_text, more) = (text::<U>(&process.machine, path)?, text::<U>(&process.machine, more)?);
    let more = if is_unc(&more) { &more } else { more.trim_start_matches('\\') };
    let whole = combine(&path_text, more);
    replace::<U>(process, path, &whole)
}

/// PathCanonicalize: without `.` and `..`.
pub fn PathCanonicalize<U: Unit>(process: &mut Process, out: Pointer, path: Pointer) -> Result<bool, Stop> {
    if out.is_null() || path.is_null() {
        return Ok(false);
    }
    let path = canonical(&text::<U>(&process.machine, path)?);
    replace::<U>(process, out, &path)
}

pub fn PathIsRoot<U: Unit>(process: &mut Process, path: Pointer) -> Result<bool, Stop> {
    Ok(is_root(&text::<U>(&process.machine, path)?))
}

/// PathIsFileSpec: whether a path has neither colons nor separators.
pub fn PathIsFileSpec<U: Unit>(process: &mut Process, path: Pointer) -> Result<bool, Stop> {
    Ok(!path.is_null() && !text::<U>(&process.machine, path)?.contains([':', '\\']))
}

fn look(process: &mut Process, path: String) -> Result<Option<wire::FileInfo>, Stop> {
    if path.is_empty() {
        return Ok(None);
    }
    let path = full(process, &path);
    Ok(process.look_at(path)?.ok())
}

/// PathFileExists: of a file or a folder.
pub fn PathFileExists<U: Unit>(process: &mut Process, path: Pointer) -> Result<bool, Stop> {
    let path = text::<U>(&process.machine, path)?;
    Ok(look(process, path)?.is_some())
}

/// PathIsDirectory: FILE_ATTRIBUTE_DIRECTORY for one.
pub fn PathIsDirectory<U: Unit>(process: &mut Process, path: Pointer) -> Result<u32, Stop> {
    const FILE_ATTRIBUTE_DIRECTORY: u32 = 0x10;
    let path = text::<U>(&process.machine, path)?;
    let folder = look(process, path)?.is_some_and(|info| info.folder);
    Ok(if folder { FILE_ATTRIBUTE_DIRECTORY } else { 0 })
}

/// PathQuoteSpaces: puts a path with spaces between quotation marks.
pub fn PathQuoteSpaces<U: Unit>(process: &mut Process, path: Pointer) -> Result<bool, Stop> {
    let whole = text::<U>(&process.machine, path)?;
    Ok(whole.contains(' ') && replace::<U>(process, path, &format!("\"{whole}\""))?)
}

/// PathUnquoteSpaces: takes those away again.
pub fn PathUnquoteSpaces<U: Unit>(process: &mut Process, path: Pointer) -> Result<bool, Stop> {
    let whole = text::<U>(&process.machine, path)?;
    match whole.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => replace::<U>(process, path, inner),
        None => Ok(false),
    }
}

pub fn PathRemoveBlanks<U: Unit>(process: &mut Process, path: Pointer) -> Result<(), Stop> {
    if path.is_null() {
        return Ok(());
    }
    let whole = text::<U>(&process.machine, path)?;
    replace::<U>(process, path, whole.trim_matches(' ')).map(|_| ())
}

/// PathGetDriveNumber: 0 for A to 25 for Z, -1 for none.
pub fn PathGetDriveNumber<U: Unit>(process: &mut Process, path: Pointer) -> Result<i32, Stop> {
    let path = text::<U>(&process.machine, path)?;
    Ok(match path.as_bytes() {
        [letter, b':', ..] if letter.is_ascii_alphabetic() => i32::from(letter.to_ascii_uppercase() - b'A'),
        _ => -1,
    })
}

/// Whether a name is as a pattern with `*` and `?` has it.
pub(super) fn matches(name: &[char], pattern: &[char]) -> bool {
    let (mut at, mut place) = (0, 0);
    // Where to go on when what comes behind the last star does not fit: one more of the name is the star's.
    let mut star = None;
    while at < name.len() {
        match pattern.get(place) {
            Some('*') => {
                star = Some((place, at));
                place += 1;
            }
            Some(&c) if c == '?' || c == name[at] => (at, place) = (at + 1, place + 1),
            _ => match &mut star {
                Some((from, taken)) => {
                    *taken += 1;
                    (at, place) = (*taken, *from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[place..].iter().all(|&c| c == '*')
}

/// PathMatchSpec: whatever the case; of several patterns, separated by semicolons, one is enough.
pub fn PathMatchSpec<U: Unit>(process: &mut Process, name: Pointer, pattern: Pointer) -> Result<bool, Stop> {
    let lower = |text: String| text.to_lowercase();
    let name: Vec<char> = lower(text::<U>(&process.machine, name)?).chars().collect();
    let patterns = lower(text::<U>(&process.machine, pattern)?);
    for pattern in patterns.split(';') {
        crate::process::still_wanted(&process.machine)?;
        let pattern: Vec<char> = pattern.trim_start().chars().collect();
        // The work is as much as both are long, times each other.
        if name.len().saturating_mul(pattern.len()) < 1 << 24 && matches(&name, &pattern) {
            return Ok(true);
        }
    }
    Ok(false)
}
