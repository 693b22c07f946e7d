//! Files of the system's as I/O: none can be opened yet, because a driver has no files.

use guest::Stop;

use super::info::Info;
use super::{MMIOERR_FILENOTFOUND, MMIOERR_PATHNOTFOUND};
use crate::abi::Pointer;
use crate::process::Process;

/// Opens a file by its name.
///
/// # Errors
/// The inner one is a code of mmio's.
pub(super) fn open(_: &mut Process, name: &str, _info: &mut Info) -> Result<Result<(), u32>, Stop> {
    Ok(Err(if name.is_empty() { MMIOERR_PATHNOTFOUND } else { MMIOERR_FILENOTFOUND }))
}

/// Does what an I/O procedure is told to: the bytes read or written, where the file is, or -1.
pub(super) fn serve(
    _: &mut Process,
    _info: &mut Info,
    _message: u32,
    _at: Pointer,
    _len: u64,
) -> Result<i64, Stop> {
    Ok(-1)
}
