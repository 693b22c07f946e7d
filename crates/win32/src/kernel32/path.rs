//! The path functions that kernelbase has from shlwapi. They look at text only.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;

use crate::abi::Pointer;
use crate::kernel32::codepage::{self, Unit};
use crate::process::Process;

/// The room in PathCombine's buffer, with the zero at the end.
const MAX_PATH: u32 = 260;

fn is_separator(c: char) -> bool {
    c == '\\'
}

/// Whether a path begins with a drive letter and a colon.
fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

fn is_relative(path: &str) -> bool {
    !path.starts_with(is_separator) && !has_drive(path)
}

pub(crate) fn is_unc(path: &str) -> bool {
    path.starts_with(r"\\") && (!path.starts_with(r"\\?\") || path.starts_with(r"\\?\UNC\"))
}

/// Whether a path is nothing but a root.
pub(crate) fn is_root(path: &str) -> bool {
    let (root, rest) = split_root(path);
    !root.is_empty() && rest.is_empty() && (path.ends_with(is_separator) || is_unc(path))
}

/// Splits a path behind its root: `C:\`, `\\server\share\`, `\`, or nothing.
pub(crate) fn split_root(path: &str) -> (&str, &str) {
    let end = if has_drive(path) {
        2 + usize::from(path[2..].starts_with(is_separator))
    } else if is_unc(path) {
        // Server and share are two names behind the two separators.
        path.match_indices(is_separator).nth(3).map_or(path.len(), |(at, _)| at + 1)
    } else {
        usize::from(path.starts_with(is_separator))
    };
    path.split_at(end)
}

/// The path without `.` and `..`; `..` at the root is dropped.
pub(crate) fn canonical(path: &str) -> String {
    let (root, rest) = split_root(path);
    let mut names: Vec<&str> = Vec::new();
    for name in rest.split(is_separator) {
        match name {
            "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(name),
        }
    }
    let path = format!("{root}{}", names.join(r"\"));
    match path.as_str() {
        "" => r"\".to_owned(),
        _ if has_drive(&path) && path.len() == 2 => format!(r"{path}\"),
        _ => path,
    }
}

/// A file's path, seen from a directory.
pub(crate) fn combine(directory: &str, file: &str) -> String {
    let whole = if file.is_empty() {
        directory.to_owned()
    } else if directory.is_empty() || is_unc(file) || has_drive(file) {
        file.to_owned()
    } else if let Some(from_root) = file.strip_prefix(is_separator) {
        let root = split_root(directory).0.trim_end_matches(is_separator);
        format!(r"{root}\{from_root}")
    } else {
        format!(r"{}\{file}", directory.strip_suffix(is_separator).unwrap_or(directory))
    };
    canonical(&whole)
}

/// The absolute path that a name stands for to this process.
pub(crate) fn full(process: &Process, name: &str) -> String {
    let name = name.replace('/', r"\");
    let directory = &process.kernel32.directory;
    match name.as_bytes() {
        // Relative to the current directory of a drive, which is its root for all but the one that counts.
        [letter, b':', rest @ ..] if rest.first() != Some(&b'\\') => {
            let same = directory.as_bytes().first().is_some_and(|own| own.eq_ignore_ascii_case(letter));
            let base = if same { directory.clone() } else { format!(r"{}:\", char::from(*letter)) };
            combine(&base, &name[2..])
        }
        _ => combine(directory, &name),
    }
}

/// PathCombine: the buffer, or NULL with an empty string in it when there is nothing to combine or the result is too long.
pub fn PathCombine<U: Unit>(
    process: &mut Process,
    out: Pointer,
    directory: Pointer,
    file: Pointer,
) -> Result<Pointer, Stop> {
    if out.is_null() {
        return Ok(Pointer::NULL);
    }
    let machine = &process.machine;
    let mut path = String::new();
    if !(directory.is_null() && file.is_null()) {
        path = combine(&codepage::text::<U>(machine, directory)?, &codepage::text::<U>(machine, file)?);
    }
    if U::encode(&path).len() >= MAX_PATH as usize {
        path.clear();
    }
    codepage::put::<U>(&machine.memory, out, MAX_PATH, &path)?;
    Ok(if path.is_empty() { Pointer::NULL } else { out })
}

pub fn PathIsRelative<U: Unit>(process: &mut Process, path: Pointer) -> Result<bool, Stop> {
    Ok(is_relative(&codepage::text::<U>(&process.machine, path)?))
}

pub fn PathIsUNC<U: Unit>(process: &mut Process, path: Pointer) -> Result<bool, Stop> {
    Ok(is_unc(&codepage::text::<U>(&process.machine, path)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_told_apart() {
        assert!(is_relative("a.txt") && is_relative("") && is_relative(r"a\b"));
        assert!(!is_relative(r"C:\a") && !is_relative(r"\a") && !is_relative("C:a"));
        assert!(is_unc(r"\\server\share") && is_unc(r"\\?\UNC\server\share"));
        assert!(!is_unc(r"\\?\C:\a") && !is_unc(r"\a") && !is_unc(r"C:\a"));
    }

    #[test]
    fn combining_takes_the_root_that_counts() {
        assert_eq!(combine(r"C:\dir", "a.txt"), r"C:\dir\a.txt");
        assert_eq!(combine(r"C:\dir\", "a.txt"), r"C:\dir\a.txt");
        assert_eq!(combine(r"C:\dir", r"D:\a"), r"D:\a");
        assert_eq!(combine(r"C:\dir", r"\a"), r"C:\a");
        assert_eq!(combine(r"\\server\share\dir", r"\a"), r"\\server\share\a");
        assert_eq!(combine("", "a"), "a");
        assert_eq!(combine(r"C:\dir", ""), r"C:\dir");
    }

    #[test]
    fn dots_are_taken_out() {
        assert_eq!(combine(r"C:\a\b", r"..\c\.\d"), r"C:\a\c\d");
        assert_eq!(combine(r"C:\a", r"..\..\..\b"), r"C:\b");
        assert_eq!(combine(r"\\server\share", r"..\b"), r"\\server\share\b");
        assert_eq!(canonical(r"C:"), r"C:\");
        assert_eq!(canonical(r"a\.."), r"\");
    }
}
