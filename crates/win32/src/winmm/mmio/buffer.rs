//! Reading, writing and seeking: through a buffer if there is one, and else straight to the file's procedure.

use guest::Stop;

use super::info::Info;
use super::source::{self, MMIOM_READ, MMIOM_SEEK, MMIOM_WRITE};
use super::{
    MMIO_DIRTY, MMIOERR_CANNOTEXPAND, MMIOERR_CANNOTREAD, MMIOERR_CANNOTSEEK, MMIOERR_CANNOTWRITE,
    MMIOERR_OUTOFMEMORY, is_memory,
};
use crate::abi::{MmResult, Pointer};
use crate::process::{Process, still_wanted};
use crate::winmm::low;

/// An origin of mmioSeek.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Start,
    Current,
    End,
}

/// The longest that a file may become; positions are LONGs.
const LONGEST: u64 = i32::MAX as u64;

/// How an operation ends that the file cannot do: with a code of mmio's.
pub(super) type Done<T> = Result<Result<T, MmResult>, Stop>;

/// Writes what the buffer has that the file does not.
pub(super) fn flush(process: &mut Process, file: Pointer, info: &mut Info) -> Done<()> {
    if info.flags & MMIO_DIRTY == 0 || is_memory(info) {
        return Ok(Ok(()));
    }
    if let Err(code) = go_to(process, file, info, info.buffer_offset)? {
        return Ok(Err(code));
    }
    let len = info.next.0.max(info.end_read.0).saturating_sub(info.buffer.0);
    let written = source::send(process, file, info, MMIOM_WRITE, info.buffer.0, len)?;
    if written < 0 || written.cast_unsigned() < len {
        return Ok(Err(MMIOERR_CANNOTWRITE));
    }
    info.flags &= !MMIO_DIRTY;
    Ok(Ok(()))
}

/// Moves the file's own position, which is somewhere else than the buffer's.
fn go_to(process: &mut Process, file: Pointer, info: &mut Info, to: u32) -> Done<()> {
    if info.disk_offset == to {
        return Ok(Ok(()));
    }
    let reached = source::send(process, file, info, MMIOM_SEEK, to.into(), 0)?;
    Ok(if reached == i64::from(to) { Ok(()) } else { Err(MMIOERR_CANNOTSEEK) })
}

/// Empties the buffer, which then begins where the file is to be read or written next.
fn empty(process: &mut Process, file: Pointer, info: &mut Info) -> Done<()> {
    if let Err(code) = flush(process, file, info)? {
        return Ok(Err(code));
    }
    info.buffer_offset = info.position();
    info.next = info.buffer;
    info.end_read = info.buffer;
    Ok(Ok(()))
}

/// Fills the buffer from the file; it is empty afterwards at the file's end.
pub(super) fn fill(process: &mut Process, file: Pointer, info: &mut Info) -> Done<()> {
    if let Err(code) = empty(process, file, info)? {
        return Ok(Err(code));
    }
    if let Err(code) = go_to(process, file, info, info.buffer_offset)? {
        return Ok(Err(code));
    }
    let len = info.buffer_len.into();
    match u64::try_from(source::send(process, file, info, MMIOM_READ, info.buffer.0, len)?) {
        Ok(read) => info.end_read = info.buffer.at(read.min(len)),
        Err(_) => return Ok(Err(MMIOERR_CANNOTREAD)),
    }
    Ok(Ok(()))
}

/// Reads as much as there is; answers how much that was.
pub(super) fn read(
    process: &mut Process,
    file: Pointer,
    info: &mut Info,
    to: Pointer,
    len: u64,
) -> Done<u64> {
    let mut done = 0;
    while done < len {
        still_wanted(&process.machine)?;
        let there = info.end_read.0.saturating_sub(info.next.0).min(len - done);
        if there > 0 {
            let bytes = usize::try_from(there).unwrap_or(0);
            process.machine.memory.copy(to.at(done).0, info.next.0, bytes)?;
            info.next = info.next.at(there);
            done += there;
        } else if is_memory(info) {
            break;
        } else if info.buffer_len == 0 {
            return Ok(straight(process, file, info, MMIOM_READ, to, len)?.ok_or(MMIOERR_CANNOTREAD));
        } else {
            if let Err(code) = fill(process, file, info)? {
                return Ok(Err(code));
            }
            if info.end_read == info.buffer {
                break;
            }
        }
    }
    Ok(Ok(done))
}

/// Writes all of it.
pub(super) fn write(
    process: &mut Process,
    file: Pointer,
    info: &mut Info,
    from: Pointer,
    len: u64,
) -> Done<u64> {
    let mut done = 0;
    while done < len {
        still_wanted(&process.machine)?;
        let room = info.end_write.0.saturating_sub(info.next.0).min(len - done);
        if room > 0 {
            let bytes = usize::try_from(room).unwrap_or(0);
            process.machine.memory.copy(info.next.0, from.at(done).0, bytes)?;
            info.next = info.next.at(room);
            info.end_read = info.end_read.max(info.next);
            info.flags |= MMIO_DIRTY;
            done += room;
        } else if is_memory(info) {
            if let Err(code) = grow(process, info, len - done) {
                return Ok(Err(code));
            }
        } else if info.buffer_len == 0 {
            return Ok(straight(process, file, info, MMIOM_WRITE, from, len)?.ok_or(MMIOERR_CANNOTWRITE));
        } else if let Err(code) = empty(process, file, info)? {
            return Ok(Err(code));
        }
    }
    Ok(Ok(done))
}

/// Reads or writes without a buffer; `None` when the procedure fails.
fn straight(
    process: &mut Process,
    file: Pointer,
    info: &mut Info,
    message: u32,
    at: Pointer,
    len: u64,
) -> Result<Option<u64>, Stop> {
    let done = source::send(process, file, info, message, at.0, len)?;
    info.buffer_offset = info.disk_offset;
    Ok(u64::try_from(done).ok().map(|done| done.min(len)))
}

/// Gives a file in memory more room: as much as it is to grow by, at least. One whose memory is the client's own, or that is not to grow, is full.
pub(super) fn grow(process: &mut Process, info: &mut Info, by: u64) -> Result<(), MmResult> {
    let step = u64::from(info.own[0]);
    if step == 0 {
        return Err(MMIOERR_CANNOTEXPAND);
    }
    let len = u64::from(info.buffer_len) + by.next_multiple_of(step);
    if len > LONGEST {
        return Err(MMIOERR_CANNOTEXPAND);
    }
    let moved = if info.buffer.is_null() {
        process.allocate(len, false)
    } else {
        process.resize(info.buffer, len, false)
    };
    if moved.is_null() {
        return Err(MMIOERR_OUTOFMEMORY);
    }
    let shift = |pointer: Pointer| moved.at(pointer.0.wrapping_sub(info.buffer.0));
    (info.next, info.end_read) = (shift(info.next), shift(info.end_read));
    (info.buffer, info.buffer_len, info.end_write) = (moved, low(len), moved.at(len));
    Ok(())
}

/// Moves the position; answers where it is then.
pub(super) fn seek(
    process: &mut Process,
    file: Pointer,
    info: &mut Info,
    by: i32,
    origin: Origin,
) -> Done<u32> {
    let base = match origin {
        Origin::Start => 0,
        Origin::Current => info.position(),
        Origin::End if is_memory(info) => low(info.end_read.0.wrapping_sub(info.buffer.0)),
        Origin::End => {
            if let Err(code) = flush(process, file, info)? {
                return Ok(Err(code));
            }
            match u32::try_from(source::send(process, file, info, MMIOM_SEEK, 0, 2)?) {
                Ok(end) => end,
                Err(_) => return Ok(Err(MMIOERR_CANNOTSEEK)),
            }
        }
    };
    let to = i64::from(base) + i64::from(by);
    let Some(to) = u32::try_from(to).ok().filter(|&to| u64::from(to) <= LONGEST) else {
        return Ok(Err(MMIOERR_CANNOTSEEK));
    };
    let within = to.checked_sub(info.buffer_offset).map(|within| info.buffer.at(within.into()));
    if is_memory(info) {
        // Not beyond what it has room for.
        return Ok(match within.filter(|&within| within <= info.end_write) {
            Some(within) => {
                info.next = within;
                Ok(to)
            }
            None => Err(MMIOERR_CANNOTSEEK),
        });
    }
    match within.filter(|&within| info.buffer_len > 0 && within <= info.end_read) {
        Some(within) => info.next = within,
        None => {
            if let Err(code) = flush(process, file, info)? {
                return Ok(Err(code));
            }
            if let Err(code) = go_to(process, file, info, to)? {
                return Ok(Err(code));
            }
            (info.next, info.end_read, info.buffer_offset) = (info.buffer, info.buffer, to);
        }
    }
    Ok(Ok(to))
}
