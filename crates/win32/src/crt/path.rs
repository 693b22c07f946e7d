//! Paths as text: their parts, and the whole that a name stands for.

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
use crate::crt::{EINVAL, ENOENT, ENOMEM, ERANGE, memory, set_errno};
use crate::kernel32::codepage::{self, Unit};
use crate::kernel32::files::temporary::SetCurrentDirectory;
use crate::kernel32::path::full;
use crate::process::Process;

/// Room for a drive, a folder, a name and an ending (`_MAX_DRIVE` and so on), and for a whole path.
const ROOMS: [u64; 4] = [3, 256, 256, 256];
const MAX_PATH: u64 = 260;

/// Drive, folder, name and ending of a path: together they are the path.
fn parts(path: &str) -> [&str; 4] {
    let drive = path.get(..2).filter(|drive| drive.ends_with(':')).map_or(0, str::len);
    let (drive, rest) = path.split_at(drive);
    let folder = rest.rfind(['\\', '/']).map_or(0, |at| at + 1);
    let (folder, name) = rest.split_at(folder);
    let (name, ending) = name.split_at(name.rfind('.').unwrap_or(name.len()));
    [drive, folder, name, ending]
}

/// Writes the parts to where they are wanted; false when there is no room for one, and all are empty then.
fn split<U: Unit>(
    process: &Process,
    path: Pointer,
    wanted: [(Pointer, u64); 4],
    cuts: bool,
) -> Result<bool, Stop> {
    let path = codepage::text::<U>(&process.machine, path)?;
    let memory = &process.machine.memory;
    let parts = parts(&path);
    let fits = |(part, (out, room)): (&&str, &(Pointer, u64))| {
        out.is_null() || (U::encode(part).len() as u64) < *room
    };
    let all = cuts || parts.iter().zip(&wanted).all(fits);
    for (part, (out, room)) in parts.into_iter().zip(wanted).filter(|(_, (out, _))| !out.is_null()) {
        let part = if all { part } else { "" };
        codepage::put::<U>(memory, out, u32::try_from(room).unwrap_or(u32::MAX), part)?;
    }
    Ok(all)
}

/// _splitpath and _wsplitpath. What is longer than its buffer is to be is cut.
pub fn _splitpath<U: Unit>(
    process: &mut Process,
    path: Pointer,
    drive: Pointer,
    folder: Pointer,
    name: Pointer,
    ending: Pointer,
) -> Result<(), Stop> {
    if path.is_null() {
        return invalid(process, EINVAL, ());
    }
    let [a, b, c, d] = ROOMS;
    split::<U>(process, path, [(drive, a), (folder, b), (name, c), (ending, d)], true).map(|_| ())
}

/// _splitpath_s and _wsplitpath_s.
#[expect(clippy::too_many_arguments, reason = "the function's own")]
pub fn _splitpath_s<U: Unit>(
    process: &mut Process,
    path: Pointer,
    drive: Pointer,
    drive_room: Pointer,
    folder: Pointer,
    folder_room: Pointer,
    name: Pointer,
    name_room: Pointer,
    ending: Pointer,
    ending_room: Pointer,
) -> Result<i32, Stop> {
    let wanted =
        [(drive, drive_room.0), (folder, folder_room.0), (name, name_room.0), (ending, ending_room.0)];
    if path.is_null() || wanted.iter().any(|(out, room)| out.is_null() != (*room == 0)) {
        return invalid(process, EINVAL, EINVAL);
    }
    if split::<U>(process, path, wanted, false)? { Ok(0) } else { invalid(process, ERANGE, ERANGE) }
}

/// A path of parts: what belongs between two of them is put there if it is missing.
fn joined([drive, folder, name, ending]: [String; 4]) -> String {
    let mut path: String = drive.chars().take(1).flat_map(|letter| [letter, ':']).collect();
    path.push_str(&folder);
    if !folder.is_empty() && !folder.ends_with(['\\', '/']) {
        path.push('\\');
    }
    path.push_str(&name);
    if !ending.is_empty() && !ending.starts_with('.') {
        path.push('.');
    }
    path + &ending
}

fn make<U: Unit>(process: &Process, parts: [Pointer; 4]) -> Result<String, Stop> {
    let mut texts = [const { String::new() }; 4];
    for (text, part) in texts.iter_mut().zip(parts) {
        *text = codepage::text::<U>(&process.machine, part)?;
    }
    Ok(joined(texts))
}

/// _makepath and _wmakepath. What is longer than a path can be is cut.
pub fn _makepath<U: Unit>(
    process: &mut Process,
    out: Pointer,
    drive: Pointer,
    folder: Pointer,
    name: Pointer,
    ending: Pointer,
) -> Result<(), Stop> {
    if out.is_null() {
        return invalid(process, EINVAL, ());
    }
    let path = make::<U>(process, [drive, folder, name, ending])?;
    codepage::put::<U>(&process.machine.memory, out, MAX_PATH as u32, &path)?;
    Ok(())
}

/// _makepath_s and _wmakepath_s.
pub fn _makepath_s<U: Unit>(
    process: &mut Process,
    out: Pointer,
    room: Pointer,
    drive: Pointer,
    folder: Pointer,
    name: Pointer,
    ending: Pointer,
) -> Result<i32, Stop> {
    if out.is_null() || room.0 == 0 {
        return invalid(process, EINVAL, EINVAL);
    }
    let path = make::<U>(process, [drive, folder, name, ending])?;
    let fits = (U::encode(&path).len() as u64) < room.0;
    let room = u32::try_from(room.0).unwrap_or(u32::MAX);
    codepage::put::<U>(&process.machine.memory, out, room, if fits { &path } else { "" })?;
    if fits { Ok(0) } else { invalid(process, ERANGE, ERANGE) }
}

/// A text in the caller's buffer of `room` units or, for NULL, in a block of its own with at least as many.
fn answered<U: Unit>(process: &mut Process, out: Pointer, room: u64, text: &str) -> Result<Pointer, Stop> {
    let units = U::encode(text).len() as u64 + 1;
    let (out, room) = match out {
        Pointer::NULL => {
            let room = room.max(units);
            (memory::malloc(process, Pointer(room.saturating_mul(U::SIZE))), room)
        }
        out => (out, room),
    };
    if out.is_null() {
        return Ok(out);
    }
    if units > room {
        set_errno(process, ERANGE);
        return Ok(Pointer::NULL);
    }
    codepage::put::<U>(&process.machine.memory, out, u32::MAX, text)?;
    Ok(out)
}

/// _fullpath and _wfullpath: without a name the current folder.
pub fn _fullpath<U: Unit>(
    process: &mut Process,
    out: Pointer,
    name: Pointer,
    room: Pointer,
) -> Result<Pointer, Stop> {
    let name = codepage::text::<U>(&process.machine, name)?;
    let path = full(process, &name);
    let room = if out.is_null() { MAX_PATH } else { room.0 };
    answered::<U>(process, out, room, &path)
}

/// _getcwd and _wgetcwd.
pub fn _getcwd<U: Unit>(process: &mut Process, out: Pointer, room: i32) -> Result<Pointer, Stop> {
    let room = u64::try_from(room).ok().filter(|&room| room > 0 || out.is_null());
    let Some(room) = room else { return invalid(process, EINVAL, Pointer::NULL) };
    let path = process.kernel32.directory.clone();
    // More than the heap has would be asked for by mistake only.
    if out.is_null() && room > 1 << 20 {
        set_errno(process, ENOMEM);
        return Ok(Pointer::NULL);
    }
    answered::<U>(process, out, room, &path)
}

/// _chdir and _wchdir.
pub fn _chdir<U: Unit>(process: &mut Process, name: Pointer) -> Result<i32, Stop> {
    if name.is_null() {
        return invalid(process, EINVAL, -1);
    }
    if SetCurrentDirectory::<U>(process, name)? {
        return Ok(0);
    }
    set_errno(process, ENOENT);
    Ok(-1)
}

/// _getdrive: 1 for A.
pub fn _getdrive(process: &mut Process) -> i32 {
    let letter = process.kernel32.directory.bytes().next().unwrap_or(b'C');
    i32::from(letter.to_ascii_uppercase()) - i32::from(b'A') + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_have_four_parts() {
        for (path, expected) in [
            (r"C:\codecs\a.b\xyz.dll", ["C:", r"\codecs\a.b\", "xyz", ".dll"]),
            ("../a/name", ["", "../a/", "name", ""]),
            ("c:x.y.z", ["c:", "", "x.y", ".z"]),
            (r"\\server\share\", ["", r"\\server\share\", "", ""]),
            ("", ["", "", "", ""]),
        ] {
            assert_eq!(parts(path), expected, "{path}");
            assert_eq!(joined(expected.map(str::to_owned)), path);
        }
        assert_eq!(joined(["C", "a", "b", "c"].map(str::to_owned)), r"C:a\b.c");
    }
}
