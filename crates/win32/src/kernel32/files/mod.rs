//! Files by their handles: opening, reading, writing.

#![allow(non_snake_case, reason = "Win32's own names")]

pub(crate) mod names;
pub(crate) mod profile;
pub(crate) mod search;
pub(crate) mod temporary;

use guest::{Mode, Stop};
use wire::Disposition;

use crate::abi::{Handle, Pointer};
use crate::files::{Access, Stream};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{
    ERROR_ALREADY_EXISTS, ERROR_BAD_NETPATH, ERROR_FILE_NOT_FOUND, ERROR_HANDLE_EOF, ERROR_INVALID_HANDLE,
    ERROR_INVALID_PARAMETER, ERROR_NEGATIVE_SEEK, ERROR_NOT_ENOUGH_MEMORY, ERROR_PATH_NOT_FOUND,
    ERROR_SUCCESS, fail,
};
use crate::kernel32::file::console_write;
use crate::kernel32::handles::Object;
use crate::kernel32::path::full;
use crate::kernel32::record::Record;
use crate::process::Process;

/// Rights that CreateFile is asked for ("Generic Access Rights" and "File Access Rights Constants", MS Learn).
const GENERIC_READ: u32 = 0x8000_0000;
const GENERIC_WRITE: u32 = 0x4000_0000;
const GENERIC_ALL: u32 = 0x1000_0000;
const FILE_READ_DATA: u32 = 1;
const FILE_WRITE_DATA: u32 = 2;
const FILE_APPEND_DATA: u32 = 4;

const FILE_FLAG_DELETE_ON_CLOSE: u32 = 0x0400_0000;

/// INVALID_SET_FILE_POINTER and INVALID_FILE_SIZE.
const INVALID: u32 = u32::MAX;

/// The most bytes that one call reads or writes at a time; longer ones go on in pieces.
const PIECE: usize = 1 << 20;

/// An open file, as its handle has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenFile {
    pub stream: Stream,
    /// Its path, if it is to be deleted when it is closed.
    doomed: Option<String>,
}

/// CreateFile: a file of those that the host's rules let the driver have. Sharing modes are not looked at: nobody else has its files open.
#[allow(clippy::too_many_arguments, reason = "Win32's own signature")]
pub fn CreateFile<U: Unit>(
    process: &mut Process,
    name: Pointer,
    access: u32,
    _share: u32,
    _security: Pointer,
    disposition: u32,
    flags: u32,
    _template: Handle,
) -> Result<Handle, Stop> {
    let name = text::<U>(&process.machine, name)?;
    if name.is_empty() {
        return Ok(fail(process, ERROR_PATH_NOT_FOUND, Handle::INVALID));
    }
    let disposition = match disposition {
        1 => Disposition::CreateNew,
        2 => Disposition::CreateAlways,
        3 => Disposition::OpenExisting,
        4 => Disposition::OpenAlways,
        5 => Disposition::TruncateExisting,
        _ => return Ok(fail(process, ERROR_INVALID_PARAMETER, Handle::INVALID)),
    };
    let any = |rights| access & rights != 0;
    let access = Access {
        // A handle for nothing but questions can be read here: it is the driver's own file.
        read: any(GENERIC_READ | GENERIC_ALL | FILE_READ_DATA) || access == 0,
        write: any(GENERIC_WRITE | GENERIC_ALL | FILE_WRITE_DATA | FILE_APPEND_DATA),
        append: any(FILE_APPEND_DATA) && !any(GENERIC_WRITE | GENERIC_ALL | FILE_WRITE_DATA),
    };
    let path = full(process, &name);
    let (stream, existed) = match process.open_file(path.clone(), access, disposition)? {
        Ok(opened) => opened,
        Err(code) => return Ok(fail(process, code, Handle::INVALID)),
    };
    let doomed = (flags & FILE_FLAG_DELETE_ON_CLOSE != 0).then_some(path);
    let Some(handle) =
        process.kernel32.handles.insert(Object::File(OpenFile { stream: stream.clone(), doomed }))
    else {
        let _ = process.close_file(&stream)?;
        return Ok(fail(process, ERROR_NOT_ENOUGH_MEMORY, Handle::INVALID));
    };
    let makes = matches!(disposition, Disposition::CreateAlways | Disposition::OpenAlways);
    // No failure, though it has a code.
    process.machine.set_last_error(if makes && existed { ERROR_ALREADY_EXISTS } else { ERROR_SUCCESS });
    Ok(handle)
}

/// What CloseHandle does with a file.
pub(crate) fn close(process: &mut Process, file: &OpenFile) -> Result<(), Stop> {
    // The handle is gone, whatever the host says.
    let _ = process.close_file(&file.stream)?;
    if let Some(path) = &file.doomed {
        let _ = process.file_done(wire::FileCall::Delete { path: path.clone() })?;
    }
    Ok(())
}

/// The stream of a handle, and afterwards where it is by then.
fn stream(process: &mut Process, file: Handle) -> Option<Stream> {
    match process.kernel32.handles.get(file) {
        Some(Object::File(open)) => Some(open.stream.clone()),
        _ => None,
    }
}

/// Keeps where a stream is.
fn keep(process: &mut Process, file: Handle, at: u64) {
    if let Some(Object::File(open)) = process.kernel32.handles.get(file) {
        open.stream.at = at;
    }
}

/// The place that an OVERLAPPED names; `None` for NULL ("OVERLAPPED structure", MS Learn).
fn place(process: &Process, overlapped: Pointer) -> Result<Option<u64>, Stop> {
    if overlapped.is_null() {
        return Ok(None);
    }
    let behind = 2 * process.machine.mode().pointer_size();
    Ok(Some(process.machine.memory.array(overlapped.at(behind).0).map(u64::from_le_bytes)?))
}

/// Writes how much was done, also where an OVERLAPPED keeps it, and sets its event: here everything is done at once.
fn done(process: &mut Process, count: u32, out: Pointer, overlapped: Pointer) -> Result<(), Stop> {
    if !out.is_null() {
        process.machine.memory.write(out.0, &count.to_le_bytes())?;
    }
    if !overlapped.is_null() {
        let size = process.machine.mode().pointer_size();
        let status = Record::new(process.machine.mode()).pointer(0).pointer(count.into()).finish();
        process.machine.memory.write(overlapped.0, &status)?;
        let event = Handle::read(&process.machine, overlapped.at(2 * size + 8))?;
        if event != Handle::NULL {
            crate::kernel32::sync::SetEvent(process, event);
        }
    }
    Ok(())
}

/// ReadFile: the standard input is at its end.
pub fn ReadFile(
    process: &mut Process,
    file: Handle,
    to: Pointer,
    len: u32,
    read: Pointer,
    overlapped: Pointer,
) -> Result<bool, Stop> {
    if process.kernel32.handles.get(file) == Some(&mut Object::Input) {
        done(process, 0, read, overlapped)?;
        return Ok(true);
    }
    let Some(mut stream) = stream(process, file) else {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    };
    if let Some(at) = place(process, overlapped)? {
        stream.at = at;
    }
    let (mut count, len) = (0, len as usize);
    while count < len {
        let bytes = match process.read_file(&mut stream, (len - count).min(PIECE))? {
            Ok(bytes) => bytes,
            Err(code) => return Ok(fail(process, code, false)),
        };
        process.machine.memory.write(to.at(count as u64).0, &bytes)?;
        count += bytes.len();
        if bytes.len() < PIECE {
            break;
        }
    }
    keep(process, file, stream.at);
    // As many as were asked for, at most.
    done(process, count as u32, read, overlapped)?;
    if count == 0 && len > 0 && !overlapped.is_null() {
        return Ok(fail(process, ERROR_HANDLE_EOF, false));
    }
    Ok(true)
}

/// WriteFile: to the standard outputs it is text for people.
pub fn WriteFile(
    process: &mut Process,
    file: Handle,
    from: Pointer,
    len: u32,
    written: Pointer,
    overlapped: Pointer,
) -> Result<bool, Stop> {
    if process.kernel32.handles.get(file) == Some(&mut Object::Output) {
        return console_write::<u8>(process, file, from, len, written);
    }
    let Some(mut stream) = stream(process, file) else {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    };
    match place(process, overlapped)? {
        // "To write to the end of file, specify both the Offset and OffsetHigh members as 0xFFFFFFFF."
        Some(u64::MAX) => stream.access.append = true,
        Some(at) => stream.at = at,
        None => {}
    }
    let (mut count, len) = (0, len as usize);
    while count < len {
        let mut bytes = vec![0; (len - count).min(PIECE)];
        process.machine.memory.read(from.at(count as u64).0, &mut bytes)?;
        if let Err(code) = process.write_file(&mut stream, &bytes)? {
            return Ok(fail(process, code, false));
        }
        count += bytes.len();
    }
    keep(process, file, stream.at);
    done(process, count as u32, written, overlapped)?;
    Ok(true)
}

/// Moves a stream; `None` for a method that is none, `Some(Err)` for a place before the beginning.
fn seek(process: &mut Process, file: Handle, by: i64, method: u32) -> Result<Result<u64, u32>, Stop> {
    let Some(stream) = stream(process, file) else { return Ok(Err(ERROR_INVALID_HANDLE)) };
    let base = match method {
        0 => 0,
        1 => stream.at,
        2 => match process.file_info(&stream)? {
            Ok(info) => info.len,
            Err(code) => return Ok(Err(code)),
        },
        _ => return Ok(Err(ERROR_INVALID_PARAMETER)),
    };
    let Some(at) = base.checked_add_signed(by).filter(|at| i64::try_from(*at).is_ok()) else {
        return Ok(Err(ERROR_NEGATIVE_SEEK));
    };
    keep(process, file, at);
    Ok(Ok(at))
}

pub fn SetFilePointer(
    process: &mut Process,
    file: Handle,
    low: i32,
    high: Pointer,
    method: u32,
) -> Result<u32, Stop> {
    let by = if high.is_null() {
        low.into()
    } else {
        let upper = process.machine.memory.array(high.0).map(i32::from_le_bytes)?;
        i64::from(upper) << 32 | i64::from(low.cast_unsigned())
    };
    match seek(process, file, by, method)? {
        Ok(at) => {
            if !high.is_null() {
                process.machine.memory.write(high.0, &((at >> 32) as u32).to_le_bytes())?;
            }
            // By the last error the lower half of a place is told from a failure.
            Ok(fail(process, ERROR_SUCCESS, at as u32))
        }
        Err(code) => Ok(fail(process, code, INVALID)),
    }
}

pub fn SetFilePointerEx(
    process: &mut Process,
    file: Handle,
    by: u64,
    new: Pointer,
    method: u32,
) -> Result<bool, Stop> {
    match seek(process, file, by.cast_signed(), method)? {
        Ok(at) => {
            if !new.is_null() {
                process.machine.memory.write(new.0, &at.to_le_bytes())?;
            }
            Ok(true)
        }
        Err(code) => Ok(fail(process, code, false)),
    }
}

/// Does something with the stream of a handle that either is done or fails.
fn with_stream(
    process: &mut Process,
    file: Handle,
    work: impl FnOnce(&mut Process, &Stream) -> crate::files::Tried<()>,
) -> Result<bool, Stop> {
    let Some(stream) = stream(process, file) else {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    };
    match work(process, &stream)? {
        Ok(()) => Ok(true),
        Err(code) => Ok(fail(process, code, false)),
    }
}

pub fn SetEndOfFile(process: &mut Process, file: Handle) -> Result<bool, Stop> {
    with_stream(process, file, |process, stream| process.set_file_length(stream, stream.at))
}

/// FlushFileBuffers: the console has none.
pub fn FlushFileBuffers(process: &mut Process, file: Handle) -> Result<bool, Stop> {
    with_stream(process, file, Process::flush_file)
}

/// A file's length.
fn length(process: &mut Process, file: Handle) -> Result<Result<u64, u32>, Stop> {
    let Some(stream) = stream(process, file) else { return Ok(Err(ERROR_INVALID_HANDLE)) };
    Ok(process.file_info(&stream)?.map(|info| info.len))
}

pub fn GetFileSize(process: &mut Process, file: Handle, high: Pointer) -> Result<u32, Stop> {
    match length(process, file)? {
        Ok(len) => {
            if !high.is_null() {
                process.machine.memory.write(high.0, &((len >> 32) as u32).to_le_bytes())?;
            }
            Ok(fail(process, ERROR_SUCCESS, len as u32))
        }
        Err(code) => Ok(fail(process, code, INVALID)),
    }
}

pub fn GetFileSizeEx(process: &mut Process, file: Handle, out: Pointer) -> Result<bool, Stop> {
    match length(process, file)? {
        Ok(len) => {
            process.machine.memory.write(out.0, &len.to_le_bytes())?;
            Ok(true)
        }
        Err(code) => Ok(fail(process, code, false)),
    }
}

/// GetFileTime; each of the times may be NULL.
pub fn GetFileTime(
    process: &mut Process,
    file: Handle,
    created: Pointer,
    accessed: Pointer,
    modified: Pointer,
) -> Result<bool, Stop> {
    let Some(stream) = stream(process, file) else {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    };
    match process.file_info(&stream)? {
        Ok(info) => {
            let times = [(created, info.created), (accessed, info.accessed), (modified, info.modified)];
            for (out, time) in times.into_iter().filter(|(out, _)| !out.is_null()) {
                process.machine.memory.write(out.0, &time.to_le_bytes())?;
            }
            Ok(true)
        }
        Err(code) => Ok(fail(process, code, false)),
    }
}

/// GetFileInformationByHandle: BY_HANDLE_FILE_INFORMATION.
pub fn GetFileInformationByHandle(process: &mut Process, file: Handle, out: Pointer) -> Result<bool, Stop> {
    let Some(stream) = stream(process, file) else {
        return Ok(fail(process, ERROR_INVALID_HANDLE, false));
    };
    let info = match process.file_info(&stream)? {
        Ok(info) => info,
        Err(code) => return Ok(fail(process, code, false)),
    };
    let (low, high) = (|long: u64| long as u32, |long: u64| (long >> 32) as u32);
    let times = [info.created, info.accessed, info.modified];
    let record = Record::new(Mode::I386).u32(names::attributes(&info));
    let record = times.into_iter().fold(record, |record, time| record.u32(low(time)).u32(high(time)));
    let record = record.u32(0).u32(high(info.len)).u32(low(info.len)).u32(1);
    process.machine.memory.write(out.0, &record.u32(high(info.number)).u32(low(info.number)).finish())?;
    Ok(true)
}

/// LockFile and UnlockFile: nobody else has the driver's files open.
pub fn LockFile(
    process: &mut Process,
    file: Handle,
    _low: u32,
    _high: u32,
    _count_low: u32,
    _count_high: u32,
) -> bool {
    stream(process, file).is_some() || fail(process, ERROR_INVALID_HANDLE, false)
}

/// WaitNamedPipeA and WaitNamedPipeW: there are no pipes, neither here nor on other computers.
pub fn WaitNamedPipe<U: Unit>(process: &mut Process, name: Pointer, _time: u32) -> Result<bool, Stop> {
    let name = text::<U>(&process.machine, name)?;
    let error = match &*name {
        name if name.starts_with(r"\\.\") => ERROR_FILE_NOT_FOUND,
        name if name.starts_with(r"\\") => ERROR_BAD_NETPATH,
        _ => ERROR_PATH_NOT_FOUND,
    };
    Ok(fail(process, error, false))
}
