//! Files of the system's as I/O: what an I/O procedure for them would do.

use guest::Stop;
use wire::{Disposition, FileCall};

use super::info::Info;
use super::source::{MMIOM_CLOSE, MMIOM_READ, MMIOM_SEEK, MMIOM_WRITE};
use super::{
    MMIO_CREATE, MMIO_READWRITE, MMIO_WRITE, MMIOERR_ACCESSDENIED, MMIOERR_CANNOTOPEN, MMIOERR_CANNOTREAD,
    MMIOERR_FILENOTFOUND, MMIOERR_PATHNOTFOUND, MMIOERR_TOOMANYOPENFILES,
};
use crate::abi::{MmResult, Pointer};
use crate::files::{Access, Tried};
use crate::kernel32::error::{ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND};
use crate::kernel32::path::full;
use crate::process::Process;
use crate::winmm::low;

/// Codes of the system's that mmio has codes of its own for.
const ERROR_PATH_NOT_FOUND: u32 = 3;
const ERROR_TOO_MANY_OPEN_FILES: u32 = 4;

/// What went wrong, as mmio says it.
fn code(error: u32) -> MmResult {
    match error {
        ERROR_FILE_NOT_FOUND => MMIOERR_FILENOTFOUND,
        ERROR_PATH_NOT_FOUND => MMIOERR_PATHNOTFOUND,
        ERROR_TOO_MANY_OPEN_FILES => MMIOERR_TOOMANYOPENFILES,
        ERROR_ACCESS_DENIED => MMIOERR_ACCESSDENIED,
        _ => MMIOERR_CANNOTOPEN,
    }
}

/// Opens a file by its name.
pub(super) fn open(process: &mut Process, file: Pointer, name: &str, info: &Info) -> Tried<(), MmResult> {
    let write = info.flags & (MMIO_WRITE | MMIO_READWRITE) != 0;
    let read = info.flags & MMIO_WRITE == 0;
    let disposition =
        if info.flags & MMIO_CREATE != 0 { Disposition::CreateAlways } else { Disposition::OpenExisting };
    let access = Access { read, write: write || disposition == Disposition::CreateAlways, append: false };
    let path = full(process, name);
    Ok(match process.open_file(path, access, disposition)? {
        Ok((stream, _)) => {
            process.winmm.files.streams.insert(file.0, stream);
            Ok(())
        }
        Err(error) => Err(code(error)),
    })
}

/// Does what an I/O procedure is told to: the bytes read or written, where the file is, or -1.
pub(super) fn serve(
    process: &mut Process,
    file: Pointer,
    info: &mut Info,
    message: u32,
    param1: Pointer,
    param2: u64,
) -> Result<i64, Stop> {
    // Not there while it is worked on: a thread that comes meanwhile finds none.
    let Some(mut stream) = process.winmm.files.streams.remove(&file.0) else { return Ok(-1) };
    let done = match message {
        MMIOM_READ => match process.read_file(&mut stream, usize::try_from(param2).unwrap_or(0))? {
            Ok(bytes) => {
                process.machine.memory.write(param1.0, &bytes)?;
                Ok(bytes.len() as i64)
            }
            Err(error) => Err(error),
        },
        MMIOM_WRITE => {
            let mut bytes = vec![0; usize::try_from(param2).unwrap_or(0).min(LONGEST_WRITE)];
            process.machine.memory.read(param1.0, &mut bytes)?;
            process.write_file(&mut stream, &bytes)?.map(|()| bytes.len() as i64)
        }
        MMIOM_SEEK => {
            let base = match param2 {
                0 => Ok(0),
                1 => Ok(stream.at),
                _ => process.file_info(&stream)?.map(|info| info.len),
            };
            base.map(|base| {
                stream.at = base.wrapping_add(u64::from(low(param1.0)));
                i64::try_from(stream.at).unwrap_or(-1)
            })
        }
        MMIOM_CLOSE => {
            let closed = process.close_file(&stream)?;
            return Ok(if closed.is_ok() { 0 } else { MMIOERR_CANNOTREAD.0.into() });
        }
        _ => Err(0),
    };
    info.disk_offset = low(stream.at);
    process.winmm.files.streams.insert(file.0, stream);
    Ok(done.unwrap_or(-1))
}

/// The most bytes that are written at once; a client that writes more is told how many those were.
const LONGEST_WRITE: usize = 1 << 20;

/// Whether there is a file.
pub(super) fn exists(process: &mut Process, name: &str) -> Tried<(), MmResult> {
    let path = full(process, name);
    Ok(match process.look_at(path)? {
        Ok(info) if info.folder => Err(MMIOERR_FILENOTFOUND),
        Ok(_) => Ok(()),
        Err(error) => Err(code(error)),
    })
}

/// Deletes a file.
pub(super) fn delete(process: &mut Process, name: &str) -> Tried<(), MmResult> {
    let path = full(process, name);
    Ok(process.file_done(FileCall::Delete { path })?.map_err(code))
}

/// Gives a file another name.
pub(super) fn rename(process: &mut Process, from: &str, to: &str) -> Tried<(), MmResult> {
    let (from, to) = (full(process, from), full(process, to));
    Ok(process.file_done(FileCall::Rename { from, to, replace: false })?.map_err(code))
}
