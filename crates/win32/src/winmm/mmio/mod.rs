//! Multimedia file I/O: files, memory and procedures of a client's, buffered or not, and RIFF chunks in them (MS Learn: "Multimedia File I/O").
//!
//! An operation works on a copy of the file's MMIOINFO and puts it back when it ends, so that a client that changes its memory meanwhile changes what it
//! reads, and nothing else.

#![allow(non_snake_case, reason = "Win32's own names")]

mod buffer;
pub(super) mod chunk;
mod codes;
mod files;
mod info;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::winmm::results::{MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM, MMSYSERR_NOERROR};
use guest::Stop;

use crate::abi::{LongPtr, MmResult, Pointer};
use crate::files::Stream;
use crate::kernel32::codepage::{Unit, text};
use crate::process::Process;
use crate::winmm::low;
use buffer::{Done, Origin};
use codes::*;
use info::{Info, set_error};
use source::{MMIOM_CLOSE, MMIOM_OPEN, MMIOM_RENAME};

/// The code of files of the system's, and that of memory.
const FOURCC_DOS: u32 = u32::from_le_bytes(*b"DOS ");
const FOURCC_MEM: u32 = u32::from_le_bytes(*b"MEM ");

/// MMIO_DEFAULTBUFFER.
const DEFAULT_BUFFER: u32 = 8192;
/// How many files can be open at once.
const MOST: usize = 256;

/// The files that are open, and the procedures that are installed.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Each is the address of its MMIOINFO.
    open: BTreeSet<u64>,
    procedures: source::Procedures,
    /// Where those of them that the system has are read and written.
    streams: BTreeMap<u64, Stream>,
}

impl Files {
    /// Forgets the procedures of an image that is gone.
    pub fn forget_image(&mut self, code: &Range<u64>) {
        self.procedures.forget_image(code);
    }
}

fn is_memory(info: &Info) -> bool {
    info.io_proc_code == FOURCC_MEM
}

/// Memory of eight bytes that goes with an open file, for what is read and written for its own sake.
fn scratch(process: &Process, file: Pointer) -> Pointer {
    file.at(info::size(process.machine.mode()))
}

/// Does something to an open file; `None` for a handle that is none.
fn with<T>(
    process: &mut Process,
    file: Pointer,
    work: impl FnOnce(&mut Process, &mut Info) -> Done<T>,
) -> Result<Option<Result<T, MmResult>>, Stop> {
    if !process.winmm.files.open.contains(&file.0) {
        return Ok(None);
    }
    let mut info = Info::read(&process.machine, file)?;
    let done = work(process, &mut info)?;
    // A procedure may have closed it.
    if process.winmm.files.open.contains(&file.0) {
        info.write(&process.machine, file, file)?;
    }
    Ok(Some(done))
}

/// The code for what came of an operation.
fn code<T>(done: Option<Result<T, MmResult>>) -> MmResult {
    match done {
        None => MMSYSERR_INVALHANDLE,
        Some(Err(code)) => code,
        Some(Ok(_)) => MMSYSERR_NOERROR,
    }
}

/// mmioOpen: NULL for a file that cannot be opened, with the reason in wErrorRet if there is an MMIOINFO. With MMIO_EXIST or MMIO_DELETE no file is opened, and
/// the answer is TRUE or FALSE.
pub fn mmioOpen<U: Unit>(
    process: &mut Process,
    name: Pointer,
    given: Pointer,
    flags: u32,
) -> Result<Pointer, Stop> {
    let mut info = Info::default();
    if !given.is_null() {
        info = Info::read(&process.machine, given)?;
    }
    let opened = open::<U>(process, name, &mut info, flags)?;
    if !given.is_null() {
        set_error(&process.machine, given, opened.err().unwrap_or(MMSYSERR_NOERROR).0)?;
    }
    Ok(opened.unwrap_or_default())
}

fn open<U: Unit>(process: &mut Process, name: Pointer, info: &mut Info, flags: u32) -> Done<Pointer> {
    info.flags = flags;
    let path = text::<U>(&process.machine, name)?;
    if flags & (MMIO_EXIST | MMIO_DELETE) != 0 {
        let done = if flags & MMIO_EXIST != 0 {
            files::exists(process, &path)?
        } else {
            files::delete(process, &path)?
        };
        return Ok(done.map(|()| Pointer(1)));
    }
    // Names that are to be completed or made up, which belong to a time of short names.
    if flags & (MMIO_PARSE | MMIO_GETTEMP) != 0 {
        return Ok(Err(MMIOERR_FILENOTFOUND));
    }
    choose(process, &path, info);
    if process.winmm.files.open.len() >= MOST {
        return Ok(Err(MMIOERR_OUTOFMEMORY));
    }
    let block = process.allocate(info::size(process.machine.mode()) + 8, true);
    if block.is_null() {
        return Ok(Err(MMIOERR_OUTOFMEMORY));
    }
    process.winmm.files.open.insert(block.0);
    let opened = begin(process, block, name, &path, info);
    if matches!(opened, Ok(Ok(()))) {
        info.write(&process.machine, block, block)?;
    } else {
        if !is_memory(info) && info.flags & MMIO_ALLOCBUF != 0 {
            process.free_block(info.buffer);
        }
        forget(process, block);
    }
    Ok(opened?.map(|()| block))
}

/// Chooses whose bytes a file's are: the procedure or its code that the MMIOINFO has; else the procedure installed for the extension that comes before a
/// `+` in the name; else the system's.
fn choose(process: &Process, path: &str, info: &mut Info) {
    if !info.io_proc.is_null() {
        return;
    }
    if info.io_proc_code == 0 {
        let stem = path.split_once('+').map(|(stem, _)| stem);
        let extension = stem.and_then(|stem| stem.rsplit_once('.')).map(|(_, extension)| extension);
        info.io_proc_code = extension.map_or(FOURCC_DOS, |extension| fourcc(extension.chars(), true));
        if info.io_proc_code != FOURCC_DOS && process.winmm.files.procedures.find(info.io_proc_code).is_null()
        {
            info.io_proc_code = FOURCC_DOS;
        }
    }
    info.io_proc = process.winmm.files.procedures.find(info.io_proc_code);
}

/// Begins with a file: its buffer, and what its procedure says.
fn begin(process: &mut Process, file: Pointer, name: Pointer, path: &str, info: &mut Info) -> Done<()> {
    (info.error, info.buffer_offset, info.disk_offset) = (0, 0, 0);
    if is_memory(info) {
        info.next = info.buffer;
        let (len, writes) = (u64::from(info.buffer_len), info.flags & (MMIO_WRITE | MMIO_READWRITE) != 0);
        if info.buffer.is_null() {
            // It is to grow from nothing.
            info.flags |= MMIO_ALLOCBUF;
            info.buffer_len = 0;
            (info.end_read, info.end_write) = (info.buffer, info.buffer);
            return Ok(if len == 0 { Ok(()) } else { grow_to(process, info, len) });
        }
        (info.end_read, info.end_write) = (info.buffer.at(len), info.buffer.at(if writes { len } else { 0 }));
        // What is the client's own cannot become larger.
        info.own[0] = if info.flags & MMIO_ALLOCBUF == 0 { 0 } else { info.own[0] };
        return Ok(Ok(()));
    }
    info.buffer = Pointer::NULL;
    info.buffer_len = if info.flags & MMIO_ALLOCBUF == 0 { 0 } else { DEFAULT_BUFFER };
    if info.buffer_len > 0 {
        info.buffer = process.allocate(info.buffer_len.into(), true);
        if info.buffer.is_null() {
            return Ok(Err(MMIOERR_OUTOFMEMORY));
        }
    }
    (info.next, info.end_read) = (info.buffer, info.buffer);
    info.end_write = info.buffer.at(info.buffer_len.into());
    if info.io_proc.is_null() {
        return files::open(process, file, path, info);
    }
    match source::send(process, file, info, MMIOM_OPEN, name.0, 0)? {
        0 => Ok(Ok(())),
        code => Ok(Err(u32::try_from(code).map_or(MMIOERR_FILENOTFOUND, MmResult))),
    }
}

fn grow_to(process: &mut Process, info: &mut Info, len: u64) -> Result<(), MmResult> {
    let step = std::mem::replace(&mut info.own[0], 1);
    let grown = buffer::grow(process, info, len);
    info.own[0] = step;
    grown
}

/// Frees what a file has had.
fn forget(process: &mut Process, file: Pointer) {
    process.winmm.files.open.remove(&file.0);
    process.winmm.files.streams.remove(&file.0);
    process.free_block(file);
}

/// mmioClose.
pub fn mmioClose(process: &mut Process, file: Pointer, flags: u32) -> Result<MmResult, Stop> {
    let closed = with(process, file, |process, info| {
        if let Err(code) = buffer::flush(process, file, info)? {
            return Ok(Err(code));
        }
        let answer = if is_memory(info) {
            0
        } else {
            source::send(process, file, info, MMIOM_CLOSE, flags.into(), 0)?
        };
        if answer != 0 {
            return Ok(Err(u32::try_from(answer).map_or(MMIOERR_CANNOTCLOSE, MmResult)));
        }
        if info.flags & MMIO_ALLOCBUF != 0 && !info.buffer.is_null() {
            process.free_block(info.buffer);
        }
        Ok(Ok(()))
    })?;
    if matches!(closed, Some(Ok(()))) {
        forget(process, file);
    }
    Ok(code(closed))
}

/// mmioRead: how many bytes there were; -1 when the file cannot be read.
pub fn mmioRead(process: &mut Process, file: Pointer, to: Pointer, len: i32) -> Result<i32, Stop> {
    let Ok(len) = u64::try_from(len) else { return Ok(-1) };
    let done = with(process, file, |process, info| buffer::read(process, file, info, to, len))?;
    Ok(length(done))
}

/// mmioWrite: how many bytes were written; -1 when they could not be.
pub fn mmioWrite(process: &mut Process, file: Pointer, from: Pointer, len: i32) -> Result<i32, Stop> {
    let Ok(len) = u64::try_from(len) else { return Ok(-1) };
    let done = with(process, file, |process, info| buffer::write(process, file, info, from, len))?;
    Ok(length(done))
}

fn length(done: Option<Result<u64, MmResult>>) -> i32 {
    done.and_then(Result::ok).and_then(|done| i32::try_from(done).ok()).unwrap_or(-1)
}

/// mmioSeek: where the file is then; -1 when it cannot be there.
pub fn mmioSeek(process: &mut Process, file: Pointer, by: i32, origin: i32) -> Result<i32, Stop> {
    let origin = match origin {
        0 => Origin::Start,
        1 => Origin::Current,
        2 => Origin::End,
        _ => return Ok(-1),
    };
    let done = with(process, file, |process, info| buffer::seek(process, file, info, by, origin))?;
    Ok(length(done.map(|done| done.map(u64::from))))
}

/// mmioFlush.
pub fn mmioFlush(process: &mut Process, file: Pointer, _flags: u32) -> Result<MmResult, Stop> {
    with(process, file, |process, info| buffer::flush(process, file, info)).map(code)
}

/// mmioGetInfo: for a client that reads and writes in the buffer itself.
pub fn mmioGetInfo(
    process: &mut Process,
    file: Pointer,
    out: Pointer,
    _flags: u32,
) -> Result<MmResult, Stop> {
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    with(process, file, |process, info| Ok(Ok(info.write(&process.machine, out, file)?))).map(code)
}

/// mmioSetInfo: takes over how far the client is in the buffer, and whether it wrote there. The buffer itself stays what it is.
pub fn mmioSetInfo(
    process: &mut Process,
    file: Pointer,
    given: Pointer,
    _flags: u32,
) -> Result<MmResult, Stop> {
    if given.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    with(process, file, |process, info| take_over(process, info, given)).map(code)
}

fn take_over(process: &mut Process, info: &mut Info, given: Pointer) -> Done<()> {
    let given = Info::read(&process.machine, given)?;
    let buffer = info.buffer..=info.buffer.at(info.buffer_len.into());
    if !buffer.contains(&given.next) || !buffer.contains(&given.end_read) {
        return Ok(Err(MMSYSERR_INVALPARAM));
    }
    info.next = given.next;
    info.end_read = given.end_read.max(given.next);
    info.flags |= given.flags & MMIO_DIRTY;
    Ok(Ok(()))
}

/// mmioAdvance: for such a client that has come to the end of the buffer: fills it, or empties it (MMIO_WRITE).
pub fn mmioAdvance(
    process: &mut Process,
    file: Pointer,
    given: Pointer,
    flags: u32,
) -> Result<MmResult, Stop> {
    let done = with(process, file, |process, info| {
        if !given.is_null()
            && let Err(code) = take_over(process, info, given)?
        {
            return Ok(Err(code));
        }
        let done = if is_memory(info) {
            match flags & MMIO_WRITE {
                0 => Ok(()),
                _ => buffer::grow(process, info, 1),
            }
        } else if info.buffer_len == 0 {
            Err(MMIOERR_UNBUFFERED)
        } else {
            buffer::fill(process, file, info)?
        };
        if done.is_ok() && !given.is_null() {
            info.write(&process.machine, given, file)?;
        }
        Ok(done)
    })?;
    Ok(code(done))
}

/// mmioSetBuffer: another buffer, the client's or one that is allocated, or none.
pub fn mmioSetBuffer(
    process: &mut Process,
    file: Pointer,
    memory: Pointer,
    len: i32,
    _flags: u32,
) -> Result<MmResult, Stop> {
    let Ok(len) = u32::try_from(len) else { return Ok(MMSYSERR_INVALPARAM) };
    let done = with(process, file, |process, info| {
        if is_memory(info) {
            return Ok(Err(MMIOERR_CANNOTEXPAND));
        }
        if let Err(code) = buffer::flush(process, file, info)? {
            return Ok(Err(code));
        }
        let own = memory.is_null() && len > 0;
        let buffer = if own { process.allocate(len.into(), true) } else { memory };
        if own && buffer.is_null() {
            return Ok(Err(MMIOERR_OUTOFMEMORY));
        }
        if info.flags & MMIO_ALLOCBUF != 0 && !info.buffer.is_null() {
            process.free_block(info.buffer);
        }
        info.flags = if own { info.flags | MMIO_ALLOCBUF } else { info.flags & !MMIO_ALLOCBUF };
        info.buffer_offset = info.position();
        info.buffer = buffer;
        info.buffer_len = if buffer.is_null() { 0 } else { len };
        (info.next, info.end_read) = (buffer, buffer);
        info.end_write = buffer.at(info.buffer_len.into());
        Ok(Ok(()))
    })?;
    Ok(code(done))
}

/// mmioSendMessage: what the file's procedure answers.
pub fn mmioSendMessage(
    process: &mut Process,
    file: Pointer,
    message: u32,
    param1: LongPtr,
    param2: LongPtr,
) -> Result<LongPtr, Stop> {
    let done = with(process, file, |process, info| {
        let (param1, param2) = (param1.0.cast_unsigned(), param2.0.cast_unsigned());
        source::send(process, file, info, message, param1, param2).map(Ok)
    })?;
    Ok(LongPtr(done.and_then(Result::ok).unwrap_or(MMSYSERR_INVALHANDLE.0.into())))
}

/// mmioRename: by the procedure for the file, if there is one.
pub fn mmioRename<U: Unit>(
    process: &mut Process,
    from: Pointer,
    to: Pointer,
    given: Pointer,
    _flags: u32,
) -> Result<MmResult, Stop> {
    if from.is_null() || to.is_null() {
        return Ok(MMIOERR_FILENOTFOUND);
    }
    let mut info = Info::default();
    if !given.is_null() {
        info = Info::read(&process.machine, given)?;
    }
    let path = text::<U>(&process.machine, from)?;
    choose(process, &path, &mut info);
    if info.io_proc.is_null() {
        let to = text::<U>(&process.machine, to)?;
        return Ok(files::rename(process, &path, &to)?.err().unwrap_or(MMSYSERR_NOERROR));
    }
    let arguments = [given.0, MMIOM_RENAME.into(), from.0, to.0];
    process.call(info.io_proc.0, &arguments).map(|word| MmResult(low(word))).map_err(Stop::from)
}

/// mmioInstallIOProc: installs, removes or finds a procedure; NULL when that cannot be.
pub fn mmioInstallIOProc(process: &mut Process, code: u32, procedure: Pointer, flags: u32) -> Pointer {
    let procedures = &mut process.winmm.files.procedures;
    match flags & !MMIO_GLOBALPROC {
        MMIO_REMOVEPROC => procedures.remove(code),
        MMIO_FINDPROC => procedures.find(code),
        _ if procedure.is_null() => Pointer::NULL,
        _ => procedures.install(code, procedure),
    }
}

/// mmioStringToFOURCC: the first four characters, filled up with blanks; 0 for NULL.
pub fn mmioStringToFOURCC<U: Unit>(process: &mut Process, string: Pointer, flags: u32) -> Result<u32, Stop> {
    if string.is_null() {
        return Ok(0);
    }
    let string = text::<U>(&process.machine, string)?;
    Ok(fourcc(string.chars(), flags & MMIO_TOUPPER != 0))
}

fn fourcc(chars: impl Iterator<Item = char>, upper: bool) -> u32 {
    let mut code = *b"    ";
    for (byte, c) in code.iter_mut().zip(chars) {
        let own = u8::try_from(c).unwrap_or(b'?');
        *byte = if upper { own.to_ascii_uppercase() } else { own };
    }
    u32::from_le_bytes(code)
}

#[cfg(test)]
mod tests {
    use guest::Mode;

    use crate::testing::{Guest, alone};

    fn a_file_that_is_not_there_costs_nothing(mode: Mode) {
        const MMIO_ALLOCBUF: u64 = 0x1_0000;
        let mut guest = Guest::new(mode);
        let open = guest.process.find("winmm", &pe::Symbol::Name("mmioOpenA".to_owned())).unwrap();
        let name = guest.put(b"nowhere\0");
        let heap = guest.process.machine.process_heap();
        let next = |guest: &mut Guest| {
            let block = guest.call("HeapAlloc", &[heap, 0, 8192]);
            assert_eq!(guest.call("HeapFree", &[heap, 0, block]), 1);
            block
        };
        let before = next(&mut guest);
        for _ in 0..3 {
            assert_eq!(guest.process.call(open, &[name, 0, MMIO_ALLOCBUF]).unwrap(), 0);
        }
        assert_eq!(next(&mut guest), before);
    }

    #[test]
    fn a_file_that_is_not_there_costs_32_bit_code_nothing() {
        alone(|| a_file_that_is_not_there_costs_nothing(Mode::I386));
    }

    #[test]
    fn a_file_that_is_not_there_costs_64_bit_code_nothing() {
        alone(|| a_file_that_is_not_there_costs_nothing(Mode::X86_64));
    }
}
