//! Files and folders by their names.

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use wire::{Disposition, FileCall, FileInfo};

use crate::abi::Pointer;
use crate::files::{Access, Tried, tried};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{ERROR_INVALID_PARAMETER, fail};
use crate::kernel32::path::full;
use crate::kernel32::record::Record;
use crate::process::Process;

/// INVALID_FILE_ATTRIBUTES.
const INVALID_FILE_ATTRIBUTES: u32 = u32::MAX;

/// Attributes ("File Attribute Constants", MS Learn).
const FILE_ATTRIBUTE_READONLY: u32 = 1;
const FILE_ATTRIBUTE_DIRECTORY: u32 = 0x10;
const FILE_ATTRIBUTE_ARCHIVE: u32 = 0x20;

const MOVEFILE_REPLACE_EXISTING: u32 = 1;

/// What a file is, as attributes.
pub(crate) fn attributes(info: &FileInfo) -> u32 {
    let kind = if info.folder { FILE_ATTRIBUTE_DIRECTORY } else { FILE_ATTRIBUTE_ARCHIVE };
    kind | if info.read_only { FILE_ATTRIBUTE_READONLY } else { 0 }
}

/// The beginning of WIN32_FILE_ATTRIBUTE_DATA and of WIN32_FIND_DATA: attributes, three times, the length.
pub(super) fn data(record: Record, info: &FileInfo) -> Record {
    let halves = |long: u64| [long as u32, (long >> 32) as u32];
    let times = [info.created, info.accessed, info.modified].into_iter().flat_map(halves);
    let record = times.fold(record.u32(attributes(info)), Record::u32);
    record.u32((info.len >> 32) as u32).u32(info.len as u32)
}

/// The path that a name of the guest's stands for.
fn path<U: Unit>(process: &mut Process, name: Pointer) -> Result<String, Stop> {
    let name = text::<U>(&process.machine, name)?;
    Ok(full(process, &name))
}

/// Answers TRUE, or FALSE with a code.
fn answer(process: &mut Process, done: Result<(), u32>) -> bool {
    match done {
        Ok(()) => true,
        Err(code) => fail(process, code, false),
    }
}

pub fn GetFileAttributes<U: Unit>(process: &mut Process, name: Pointer) -> Result<u32, Stop> {
    let path = path::<U>(process, name)?;
    match process.look_at(path)? {
        Ok(info) => Ok(attributes(&info)),
        Err(code) => Ok(fail(process, code, INVALID_FILE_ATTRIBUTES)),
    }
}

/// GetFileAttributesEx, at its only level, GetFileExInfoStandard.
pub fn GetFileAttributesEx<U: Unit>(
    process: &mut Process,
    name: Pointer,
    level: u32,
    out: Pointer,
) -> Result<bool, Stop> {
    if level != 0 {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let path = path::<U>(process, name)?;
    match process.look_at(path)? {
        Ok(info) => {
            let record = data(Record::new(process.machine.mode()), &info);
            process.machine.memory.write(out.0, &record.finish())?;
            Ok(true)
        }
        Err(code) => Ok(fail(process, code, false)),
    }
}

/// SetFileAttributes: attributes of a file that is there are not kept.
pub fn SetFileAttributes<U: Unit>(process: &mut Process, name: Pointer, _new: u32) -> Result<bool, Stop> {
    let path = path::<U>(process, name)?;
    let done = process.look_at(path)?.map(|_| ());
    Ok(answer(process, done))
}

pub fn DeleteFile<U: Unit>(process: &mut Process, name: Pointer) -> Result<bool, Stop> {
    let path = path::<U>(process, name)?;
    let done = process.file_done(FileCall::Delete { path })?;
    Ok(answer(process, done))
}

pub fn CreateDirectory<U: Unit>(
    process: &mut Process,
    name: Pointer,
    _security: Pointer,
) -> Result<bool, Stop> {
    let path = path::<U>(process, name)?;
    let done = process.file_done(FileCall::MakeFolder { path })?;
    Ok(answer(process, done))
}

pub fn RemoveDirectory<U: Unit>(process: &mut Process, name: Pointer) -> Result<bool, Stop> {
    let path = path::<U>(process, name)?;
    let done = process.file_done(FileCall::RemoveFolder { path })?;
    Ok(answer(process, done))
}

pub fn MoveFile<U: Unit>(process: &mut Process, from: Pointer, to: Pointer) -> Result<bool, Stop> {
    MoveFileEx::<U>(process, from, to, 0)
}

/// MoveFileEx; nothing is put off until a restart.
pub fn MoveFileEx<U: Unit>(
    process: &mut Process,
    from: Pointer,
    to: Pointer,
    flags: u32,
) -> Result<bool, Stop> {
    if to.is_null() {
        return Ok(fail(process, ERROR_INVALID_PARAMETER, false));
    }
    let (from, to) = (path::<U>(process, from)?, path::<U>(process, to)?);
    let replace = flags & MOVEFILE_REPLACE_EXISTING != 0;
    let done = process.file_done(FileCall::Rename { from, to, replace })?;
    Ok(answer(process, done))
}

pub fn CopyFile<U: Unit>(
    process: &mut Process,
    from: Pointer,
    to: Pointer,
    keep_existing: i32,
) -> Result<bool, Stop> {
    let (from, to) = (path::<U>(process, from)?, path::<U>(process, to)?);
    let done = copy(process, from, to, keep_existing != 0)?;
    Ok(answer(process, done))
}

fn copy(process: &mut Process, from: String, to: String, keep_existing: bool) -> Tried<()> {
    /// Bytes that are on their way at a time.
    const PIECE: usize = 1 << 18;
    let [reading, writing] =
        [(true, false), (false, true)].map(|(read, write)| Access { read, write, append: false });
    let (mut source, _) = tried!(process.open_file(from, reading, Disposition::OpenExisting));
    let disposition = if keep_existing { Disposition::CreateNew } else { Disposition::CreateAlways };
    let copied = match process.open_file(to, writing, disposition)? {
        Err(code) => Err(code),
        Ok((mut target, _)) => {
            let copied = loop {
                match process.read_file(&mut source, PIECE)? {
                    Err(code) => break Err(code),
                    Ok(bytes) if bytes.is_empty() => break Ok(()),
                    Ok(bytes) => {
                        if let Err(code) = process.write_file(&mut target, &bytes)? {
                            break Err(code);
                        }
                    }
                }
            };
            let _ = process.close_file(&target)?;
            copied
        }
    };
    let _ = process.close_file(&source)?;
    Ok(copied)
}
