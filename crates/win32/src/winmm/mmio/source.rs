//! Where a file's bytes come from: a procedure of the client's, or a file of the system's.

use std::collections::BTreeMap;
use std::ops::Range;

use guest::Stop;

use super::files;
use super::info::{Info, disk_offset};
use crate::abi::{Pointer, signed};
use crate::process::Process;

/// Messages to I/O procedures.
pub(super) const MMIOM_READ: u32 = 0;
pub(super) const MMIOM_WRITE: u32 = 1;
pub(super) const MMIOM_SEEK: u32 = 2;
pub(super) const MMIOM_OPEN: u32 = 3;
pub(super) const MMIOM_CLOSE: u32 = 4;
pub(super) const MMIOM_RENAME: u32 = 6;

/// How many I/O procedures can be installed; each is for one format of files.
const MOST: usize = 64;

/// The I/O procedures that are installed, by their four-character codes.
#[derive(Debug, Default)]
pub(crate) struct Procedures(BTreeMap<u32, Pointer>);

impl Procedures {
    pub fn find(&self, code: u32) -> Pointer {
        self.0.get(&code).copied().unwrap_or_default()
    }

    /// Installs one; NULL when there are too many.
    pub fn install(&mut self, code: u32, procedure: Pointer) -> Pointer {
        if self.0.len() >= MOST && !self.0.contains_key(&code) {
            return Pointer::NULL;
        }
        self.0.insert(code, procedure);
        procedure
    }

    /// Removes those of an image that is gone.
    pub fn forget_image(&mut self, code: &Range<u64>) {
        self.0.retain(|_, procedure| !code.contains(&procedure.0));
    }

    pub fn remove(&mut self, code: u32) -> Pointer {
        self.0.remove(&code).unwrap_or_default()
    }
}

/// Sends a file's procedure a message, and answers what that answers. It gets the file's MMIOINFO as it is here, and what it changes of it counts.
pub(super) fn send(
    process: &mut Process,
    file: Pointer,
    info: &mut Info,
    message: u32,
    param1: u64,
    param2: u64,
) -> Result<i64, Stop> {
    if info.io_proc.is_null() {
        let answer = files::serve(process, file, info, message, Pointer(param1), param2)?;
        info.write(&process.machine, file, file)?;
        return Ok(answer);
    }
    info.write(&process.machine, file, file)?;
    let answer = process.call(info.io_proc.0, &[file.0, message.into(), param1, param2])?;
    // Its own values, and how far the file is.
    let changed = Info::read(&process.machine, file)?;
    info.own = changed.own;
    info.disk_offset = disk_offset(&process.machine, file)?;
    Ok(signed(process.machine.mode(), answer))
}
