//! Chunks of RIFF files: going into them, out of them, and making them (MS Learn: "Resource Interchange File Format Services").

#![allow(non_snake_case, reason = "Win32's own names")]

use crate::winmm::results::{MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM, MMSYSERR_NOERROR};
use guest::{Machine, Stop, Violation};

use super::buffer::{self, Done, Origin};
use super::info::Info;
use super::{MMIOERR_CANNOTSEEK, MMIOERR_CANNOTWRITE, MMIOERR_CHUNKNOTFOUND, with};
use crate::abi::{MmResult, Pointer};
use crate::process::{Process, still_wanted};

const RIFF: u32 = u32::from_le_bytes(*b"RIFF");
const LIST: u32 = u32::from_le_bytes(*b"LIST");

/// Flags of mmioDescend.
const MMIO_FINDCHUNK: u32 = 0x10;
const MMIO_FINDRIFF: u32 = 0x20;
const MMIO_FINDLIST: u32 = 0x40;
/// Flags of mmioCreateChunk.
const MMIO_CREATERIFF: u32 = 0x20;
const MMIO_CREATELIST: u32 = 0x40;
/// In a chunk that is being made: its size is still to be written.
const MMIO_DIRTY: u32 = 0x1000_0000;

/// Bytes of a chunk's header: its name and its size.
const HEADER: u32 = 8;

/// MMCKINFO, which is the same in either width.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Chunk {
    id: u32,
    size: u32,
    /// The form's or list's kind.
    kind: u32,
    /// Where its content begins.
    offset: u32,
    flags: u32,
}

impl Chunk {
    fn read(machine: &Machine, at: Pointer) -> Result<Self, Violation> {
        let field = |index: u64| machine.memory.array(at.at(4 * index).0).map(u32::from_le_bytes);
        Ok(Self { id: field(0)?, size: field(1)?, kind: field(2)?, offset: field(3)?, flags: field(4)? })
    }

    fn write(self, machine: &Machine, at: Pointer) -> Result<(), Violation> {
        let fields = [self.id, self.size, self.kind, self.offset, self.flags];
        machine.memory.write(at.0, &fields.map(u32::to_le_bytes).concat())
    }

    /// Whether it is one that contains others.
    fn is_group(self) -> bool {
        matches!(self.id, RIFF | LIST)
    }

    /// Where the next one begins: chunks are as long as an even number of bytes.
    fn end(self) -> u32 {
        self.offset.saturating_add(self.size).saturating_add(self.size & 1)
    }
}

/// Ends an operation with its code where a step of it fails.
macro_rules! step {
    ($done:expr) => {
        match $done {
            Ok(value) => value,
            Err(code) => return Ok(Err(code)),
        }
    };
}

/// mmioDescend: into the next chunk, or into the next one that is looked for.
pub fn mmioDescend(
    process: &mut Process,
    file: Pointer,
    out: Pointer,
    parent: Pointer,
    flags: u32,
) -> Result<MmResult, Stop> {
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    let wanted = Chunk::read(&process.machine, out)?;
    let parent = if parent.is_null() { None } else { Some(Chunk::read(&process.machine, parent)?) };
    let found = with(process, file, |process, info| descend(process, file, info, wanted, parent, flags))?;
    match found {
        None => Ok(MMSYSERR_INVALHANDLE),
        Some(Err(code)) => Ok(code),
        Some(Ok(chunk)) => {
            chunk.write(&process.machine, out)?;
            Ok(MMSYSERR_NOERROR)
        }
    }
}

fn descend(
    process: &mut Process,
    file: Pointer,
    info: &mut Info,
    wanted: Chunk,
    parent: Option<Chunk>,
    flags: u32,
) -> Done<Chunk> {
    let wanted_id = match flags {
        MMIO_FINDRIFF => Some(RIFF),
        MMIO_FINDLIST => Some(LIST),
        MMIO_FINDCHUNK => Some(wanted.id),
        _ => None,
    };
    let by_kind = matches!(flags, MMIO_FINDRIFF | MMIO_FINDLIST);
    loop {
        still_wanted(&process.machine)?;
        let at = info.position();
        if parent.is_some_and(|parent| at >= parent.end()) {
            return Ok(Err(MMIOERR_CHUNKNOTFOUND));
        }
        let Some([id, size]) = step!(numbers(process, file, info)?) else {
            return Ok(Err(MMIOERR_CHUNKNOTFOUND));
        };
        let mut chunk = Chunk { id, size, kind: 0, offset: at.saturating_add(HEADER), flags: 0 };
        if chunk.is_group() {
            let Some([kind]) = step!(numbers(process, file, info)?) else {
                return Ok(Err(MMIOERR_CHUNKNOTFOUND));
            };
            chunk.kind = kind;
        }
        if wanted_id.is_none_or(|id| chunk.id == id && (!by_kind || chunk.kind == wanted.kind)) {
            return Ok(Ok(chunk));
        }
        // A chunk that says to end where its file cannot be is the last one.
        if go_to(process, file, info, chunk.end())?.is_err() {
            return Ok(Err(MMIOERR_CHUNKNOTFOUND));
        }
    }
}

/// Reads some numbers; `None` at the file's end.
fn numbers<const N: usize>(process: &mut Process, file: Pointer, info: &mut Info) -> Done<Option<[u32; N]>> {
    // What has no memory of its own is read where an MMIOINFO has some behind it.
    let scratch = super::scratch(process, file);
    let mut numbers = [0; N];
    for number in &mut numbers {
        if step!(buffer::read(process, file, info, scratch, 4)?) < 4 {
            return Ok(Ok(None));
        }
        *number = process.machine.memory.array(scratch.0).map(u32::from_le_bytes)?;
    }
    Ok(Ok(Some(numbers)))
}

fn put_numbers(process: &mut Process, file: Pointer, info: &mut Info, numbers: &[u32]) -> Done<()> {
    let scratch = super::scratch(process, file);
    for number in numbers {
        process.machine.memory.write(scratch.0, &number.to_le_bytes())?;
        if step!(buffer::write(process, file, info, scratch, 4)?) < 4 {
            return Ok(Err(MMIOERR_CANNOTWRITE));
        }
    }
    Ok(Ok(()))
}

fn go_to(process: &mut Process, file: Pointer, info: &mut Info, to: u32) -> Done<()> {
    let Ok(to) = i32::try_from(to) else { return Ok(Err(MMIOERR_CANNOTSEEK)) };
    let reached = step!(buffer::seek(process, file, info, to, Origin::Start)?);
    Ok(if i64::from(reached) == i64::from(to) { Ok(()) } else { Err(MMIOERR_CANNOTSEEK) })
}

/// mmioAscend: out of a chunk, to the one behind it. What is behind the header of one that was made becomes its size.
pub fn mmioAscend(process: &mut Process, file: Pointer, at: Pointer, _flags: u32) -> Result<MmResult, Stop> {
    if at.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    let mut chunk = Chunk::read(&process.machine, at)?;
    let done = with(process, file, |process, info| ascend(process, file, info, &mut chunk))?;
    if matches!(done, Some(Ok(()))) {
        chunk.write(&process.machine, at)?;
    }
    Ok(super::code(done))
}

fn ascend(process: &mut Process, file: Pointer, info: &mut Info, chunk: &mut Chunk) -> Done<()> {
    if chunk.flags & MMIO_DIRTY != 0 {
        let size = info.position().saturating_sub(chunk.offset);
        chunk.flags &= !MMIO_DIRTY;
        if size % 2 == 1 {
            let scratch = super::scratch(process, file);
            process.machine.memory.write(scratch.0, &[0])?;
            step!(buffer::write(process, file, info, scratch, 1)?);
        }
        if size != chunk.size {
            chunk.size = size;
            step!(go_to(process, file, info, chunk.offset.saturating_sub(4))?);
            step!(put_numbers(process, file, info, &[size])?);
        }
    }
    match go_to(process, file, info, chunk.end())? {
        // One that ends where its file does need not be padded.
        Err(_) if chunk.size % 2 == 1 => go_to(process, file, info, chunk.end() - 1),
        done => Ok(done.map_err(|_| MMIOERR_CANNOTSEEK)),
    }
}

/// mmioCreateChunk: writes a header; mmioAscend writes the size if it is not the one that is given here.
pub fn mmioCreateChunk(
    process: &mut Process,
    file: Pointer,
    at: Pointer,
    flags: u32,
) -> Result<MmResult, Stop> {
    if at.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    let mut chunk = Chunk::read(&process.machine, at)?;
    match flags {
        MMIO_CREATERIFF => chunk.id = RIFF,
        MMIO_CREATELIST => chunk.id = LIST,
        _ => {}
    }
    let group = flags & (MMIO_CREATERIFF | MMIO_CREATELIST) != 0;
    let done = with(process, file, |process, info| {
        chunk.offset = info.position().saturating_add(HEADER);
        chunk.flags = MMIO_DIRTY;
        let numbers = [chunk.id, chunk.size, chunk.kind];
        put_numbers(process, file, info, if group { &numbers } else { &numbers[..2] })
    })?;
    if matches!(done, Some(Ok(()))) {
        chunk.write(&process.machine, at)?;
    }
    Ok(super::code(done))
}
