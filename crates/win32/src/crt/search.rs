//! Searches for files by patterns, by the C library's names.

use guest::{Mode, Stop};
use wire::Entry;

use crate::abi::{Handle, Pointer};
use crate::crt::descriptor::errno_of;
use crate::crt::invalid::invalid;
use crate::crt::lowio::{Widths, natural, seconds};
use crate::crt::{EINVAL, ENOENT, set_errno};
use crate::kernel32::codepage::{self, Unit};
use crate::kernel32::files::search::{FindClose, find};
use crate::kernel32::handles::Object;
use crate::kernel32::path::full;
use crate::kernel32::record::Record;
use crate::process::Process;

/// Attributes (io.h).
const A_RDONLY: u32 = 1;
const A_SUBDIR: u32 = 0x10;
const A_ARCH: u32 = 0x20;

/// Units of a name in a `_finddata_t`.
const NAME: usize = 260;

/// A `_finddata_t`: attributes, three times, size, name.
fn data<U: Unit>(mode: Mode, widths: Widths, entry: &Entry) -> Vec<u8> {
    let info = &entry.info;
    let kind = if info.folder { A_SUBDIR } else { A_ARCH };
    let attributes = kind | if info.read_only { A_RDONLY } else { 0 };
    let record = [info.created, info.accessed, info.modified].into_iter().map(seconds).fold(
        Record::new(mode).u32(attributes),
        |record, time| {
            if widths.time { record.u64(time) } else { record.u32(time as u32) }
        },
    );
    let record = if widths.size { record.u64(info.len) } else { record.u32(info.len as u32) };
    let mut name = U::encode(&entry.name);
    name.truncate(NAME - 1);
    name.resize(NAME, U::ZERO);
    record.bytes(&U::to_bytes(&name)).finish()
}

/// Answers -1 with `errno`.
fn failed(process: &mut Process, error: i32) -> Handle {
    set_errno(process, error);
    Handle::INVALID
}

fn first<U: Unit>(
    process: &mut Process,
    pattern: Pointer,
    out: Pointer,
    widths: Widths,
) -> Result<Handle, Stop> {
    if pattern.is_null() || out.is_null() {
        return invalid(process, EINVAL, Handle::INVALID);
    }
    let pattern = codepage::text::<U>(&process.machine, pattern)?;
    let path = full(process, &pattern);
    let mut found = match find(process, &path)? {
        Ok(found) => found,
        Err(code) => return Ok(failed(process, errno_of(code))),
    };
    let Some(entry) = found.pop_front() else { return Ok(failed(process, ENOENT)) };
    let bytes = data::<U>(process.machine.mode(), widths, &entry);
    process.machine.memory.write(out.0, &bytes)?;
    let handle = process.kernel32.handles.insert(Object::Search(found));
    Ok(handle.unwrap_or_else(|| failed(process, super::ENOMEM)))
}

fn next<U: Unit>(process: &mut Process, search: Handle, out: Pointer, widths: Widths) -> Result<i32, Stop> {
    let Some(Object::Search(left)) = process.kernel32.handles.get(search) else {
        return invalid(process, EINVAL, -1);
    };
    let Some(entry) = left.pop_front() else {
        set_errno(process, ENOENT);
        return Ok(-1);
    };
    let bytes = data::<U>(process.machine.mode(), widths, &entry);
    process.machine.memory.write(out.0, &bytes)?;
    Ok(0)
}

/// _findclose.
pub fn _findclose(process: &mut Process, search: Handle) -> Result<i32, Stop> {
    if FindClose(process, search) { Ok(0) } else { invalid(process, EINVAL, -1) }
}

/// The functions by how wide sizes and times are.
macro_rules! searches {
    ($($first:ident $next:ident: $widths:expr;)*) => {$(
        pub fn $first<U: Unit>(process: &mut Process, pattern: Pointer, out: Pointer) -> Result<Handle, Stop> {
            let widths: fn(&Process) -> Widths = $widths;
            let widths = widths(process);
            first::<U>(process, pattern, out, widths)
        }

        pub fn $next<U: Unit>(process: &mut Process, search: Handle, out: Pointer) -> Result<i32, Stop> {
            let widths: fn(&Process) -> Widths = $widths;
            let widths = widths(process);
            next::<U>(process, search, out, widths)
        }
    )*};
}
searches! {
    // As wide as msvcrt.dll's time_t was when it was made: short for 32-bit code, long for 64-bit code.
    _findfirst _findnext: |process| natural(process, false);
    _findfirsti64 _findnexti64: |process| natural(process, true);
    _findfirst32 _findnext32: |_| Widths { size: false, time: false };
    _findfirst32i64 _findnext32i64: |_| Widths { size: true, time: false };
    _findfirst64 _findnext64: |_| Widths { size: true, time: true };
    _findfirst64i32 _findnext64i32: |_| Widths { size: false, time: true };
}
