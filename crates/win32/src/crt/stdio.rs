//! The functions of `stdio.h` on streams. What goes to standard output and standard error goes to the host, line by line.

use guest::{Mode, Stop};

use crate::abi::Pointer;
use crate::crt::descriptor::{self, Tried};
use crate::crt::invalid::invalid;
use crate::crt::{EBADF, EILSEQ, EINVAL, data, set_errno, streams};
use crate::kernel32::codepage::{self, Unit};
use crate::kernel32::record::Record;
use crate::process::{Process, still_wanted};
use crate::text;

/// The longest line that is passed on in one piece.
pub(super) const LINE: usize = 4096;
/// Number of FILE objects that name something: standard input, output and error.
const OPEN_FILES: u64 = 3;
/// Number of FILE objects in all (`_IOB_ENTRIES`).
pub(super) const FILES: u64 = 20;
const EOF: i32 = -1;
const WEOF: u32 = 0xffff;

/// A FILE as msvcrt.dll's header declares it (`_iobuf`), for code that looks into it: its descriptor, and what it is open for.
pub(super) fn object(mode: Mode, flag: u32, descriptor: u32) -> Vec<u8> {
    Record::new(mode).pointer(0).u32(0).pointer(0).u32(flag).u32(descriptor).u32(0).u32(0).pointer(0).finish()
}

/// The FILE objects at first. The flags are `_IOREAD` and `_IOWRT`; 0 is for none.
pub(super) fn files(mode: Mode) -> Vec<u8> {
    let open = [(1, 0), (2, 1), (2, 2)].into_iter();
    let all = open.chain(std::iter::repeat((0, 0))).zip(0..FILES);
    all.flat_map(|((flag, descriptor), _)| object(mode, flag, descriptor)).collect()
}

/// The FILE object of a descriptor.
pub(super) fn file(process: &mut Process, descriptor: u64) -> Pointer {
    let size = object(process.machine.mode(), 0, 0).len() as u64;
    data::_iob(process).at(descriptor * size)
}

/// Collects what the guest writes for people; each line is passed on at its end.
pub(super) fn put(process: &mut Process, bytes: &[u8]) {
    for &byte in bytes {
        if byte != b'\n' {
            process.crt.line.push(byte);
        }
        if byte == b'\n' || process.crt.line.len() == LINE {
            say_line(process);
        }
    }
}

/// Passes on the line so far.
fn say_line(process: &mut Process) {
    // Taken out and put back, so that its memory stays.
    let mut line = std::mem::take(&mut process.crt.line);
    process.say(line.strip_suffix(b"\r").unwrap_or(&line));
    line.clear();
    process.crt.line = line;
}

/// Passes on what has no line end yet, if there is any.
pub(crate) fn flush(process: &mut Process) {
    if !process.crt.line.is_empty() {
        say_line(process);
    }
}

/// How much of the guest's memory is copied at a time.
const CHUNK: usize = 4096;

/// Answers what was tried, or a failure's own answer with `errno` set.
pub(super) fn answer<T>(process: &mut Process, tried: Result<T, i32>, failure: T) -> T {
    tried.unwrap_or_else(|error| {
        set_errno(process, error);
        failure
    })
}

/// Writes `count` bytes of the guest's to a stream.
fn put_from(process: &mut Process, file: Pointer, from: Pointer, count: u64) -> Tried<u64> {
    let mut chunk = [0; CHUNK];
    let mut at = 0;
    while at < count {
        still_wanted(&process.machine)?;
        let len = usize::try_from(count - at).unwrap_or(chunk.len()).min(chunk.len());
        process.machine.memory.read(from.at(at).0, &mut chunk[..len])?;
        if let Err(error) = streams::write(process, file, &chunk[..len])? {
            set_errno(process, error);
            return Ok(Ok(at));
        }
        at += len as u64;
    }
    Ok(Ok(at))
}

pub fn __acrt_iob_func(process: &mut Process, index: u32) -> Pointer {
    if u64::from(index) < OPEN_FILES { file(process, index.into()) } else { Pointer::NULL }
}

pub fn fwrite(
    process: &mut Process,
    from: Pointer,
    size: Pointer,
    count: Pointer,
    file: Pointer,
) -> Result<Pointer, Stop> {
    let Some(total) = size.0.checked_mul(count.0) else { return invalid(process, EINVAL, Pointer(0)) };
    if from.is_null() && total > 0 {
        return invalid(process, EINVAL, Pointer(0));
    }
    if streams::get(process, file).is_none() {
        let nothing = streams::nothing(process, file)?;
        return Ok(answer(process, nothing, Pointer(0)));
    }
    let written = put_from(process, file, from, total)?.unwrap_or(0);
    Ok(Pointer(written.checked_div(size.0).unwrap_or(0)))
}

pub fn fread(
    process: &mut Process,
    to: Pointer,
    size: Pointer,
    count: Pointer,
    file: Pointer,
) -> Result<Pointer, Stop> {
    /// How much is read at a time.
    const PIECE: usize = 1 << 16;
    let total = size.0.checked_mul(count.0).filter(|&total| total == 0 || !to.is_null());
    let Some(total) = total else { return invalid(process, EINVAL, Pointer(0)) };
    let mut read = 0;
    while read < total {
        still_wanted(&process.machine)?;
        let wanted = usize::try_from(total - read).unwrap_or(PIECE).min(PIECE);
        let tried = streams::read(process, file, wanted)?;
        let bytes = answer(process, tried, Vec::new());
        process.machine.memory.write(to.at(read).0, &bytes)?;
        read += bytes.len() as u64;
        if bytes.len() < wanted {
            break;
        }
    }
    Ok(Pointer(read.checked_div(size.0).unwrap_or(0)))
}

/// fputs and fputws.
pub fn fputs<U: Unit>(process: &mut Process, text: Pointer, file: Pointer) -> Result<i32, Stop> {
    if text.is_null() || file.is_null() {
        return invalid(process, EINVAL, EOF);
    }
    let bytes = if U::SIZE == 1 {
        let len = text::length::<u8>(&process.machine, text, u64::MAX)?;
        let written = put_from(process, file, text, len)?.unwrap_or(0);
        return Ok(if written == len && streams::get(process, file).is_some() { 0 } else { EOF });
    } else {
        <u8 as Unit>::encode(&codepage::text::<U>(&process.machine, text)?)
    };
    let written = streams::write(process, file, &bytes)?.map(|()| 0);
    Ok(answer(process, written, EOF))
}

pub fn puts(process: &mut Process, text: Pointer) -> Result<i32, Stop> {
    let output = file(process, 1);
    let result = fputs::<u8>(process, text, output)?;
    put(process, b"\n");
    Ok(result)
}

/// fputc and its synonyms, and `_flsbuf`, which the putc macro of old headers calls.
pub fn fputc(process: &mut Process, character: u8, file: Pointer) -> Result<i32, Stop> {
    let written = streams::write(process, file, &[character])?.map(|()| character.into());
    Ok(answer(process, written, EOF))
}

pub fn putchar(process: &mut Process, character: u8) -> Result<i32, Stop> {
    let output = file(process, 1);
    fputc(process, character, output)
}

/// One byte of a stream; `None` at its end.
fn next(process: &mut Process, file: Pointer) -> Result<Option<u8>, Stop> {
    let read = streams::read(process, file, 1)?;
    Ok(answer(process, read, Vec::new()).first().copied())
}

/// fgetc and its synonyms, and `_filbuf`, which the getc macro of old headers calls.
pub fn fgetc(process: &mut Process, file: Pointer) -> Result<i32, Stop> {
    Ok(next(process, file)?.map_or(EOF, i32::from))
}

pub fn getchar(process: &mut Process) -> Result<i32, Stop> {
    let input = file(process, 0);
    fgetc(process, input)
}

/// fgets and fgetws: NULL when the stream's end comes first.
pub fn fgets<U: Unit>(process: &mut Process, to: Pointer, room: i32, file: Pointer) -> Result<Pointer, Stop> {
    let Some(room) = u64::try_from(room).ok().filter(|&room| room > 0 && !to.is_null()) else {
        return invalid(process, EINVAL, Pointer::NULL);
    };
    let mut units = 0;
    while units + 1 < room {
        still_wanted(&process.machine)?;
        let Some(byte) = next(process, file)? else { break };
        let wide = U::from_wide(if U::SIZE == 1 { byte.into() } else { ansi_unit(byte) });
        wide.unwrap_or(U::ZERO).write(&process.machine.memory, to.at(units * U::SIZE))?;
        units += 1;
        if byte == b'\n' {
            break;
        }
    }
    if units == 0 && room > 1 {
        return Ok(Pointer::NULL);
    }
    U::ZERO.write(&process.machine.memory, to.at(units * U::SIZE))?;
    Ok(to)
}

/// The UTF-16 unit of an ANSI byte: each has one.
pub(super) fn ansi_unit(byte: u8) -> u16 {
    u16::try_from(u32::from(codepage::ansi_char(byte))).unwrap_or(0)
}

pub fn feof(process: &mut Process, file: Pointer) -> Result<i32, Stop> {
    streams::state(process, file).map(|(end, _)| i32::from(end))
}

pub fn ferror(process: &mut Process, file: Pointer) -> Result<i32, Stop> {
    streams::state(process, file).map(|(_, error)| i32::from(error))
}

pub fn clearerr(process: &mut Process, file: Pointer) -> Result<(), Stop> {
    streams::clear(process, file)
}

/// fflush; of all streams for NULL.
pub fn fflush(process: &mut Process, file: Pointer) -> Result<i32, Stop> {
    flush(process);
    let files = if file.is_null() { streams::all(process) } else { vec![file] };
    let mut result = 0;
    for file in files {
        let flushed = streams::flush(process, file)?.map(|()| 0);
        result = result.min(answer(process, flushed, EOF));
    }
    Ok(result)
}

/// _flushall: how many streams are open.
pub fn _flushall(process: &mut Process) -> Result<i32, Stop> {
    fflush(process, Pointer::NULL)?;
    Ok(i32::try_from(streams::all(process).len()).unwrap_or(i32::MAX))
}

pub fn fclose(process: &mut Process, file: Pointer) -> Result<i32, Stop> {
    flush(process);
    let closed = streams::close(process, file)?.map(|()| 0);
    Ok(answer(process, closed, EOF))
}

/// _fcloseall: closes all but the standard streams; answers how many.
pub fn _fcloseall(process: &mut Process) -> Result<i32, Stop> {
    let standard = [0, 1, 2].map(|descriptor| file(process, descriptor));
    let mut closed = 0;
    for file in streams::all(process) {
        if !standard.contains(&file) && streams::close(process, file)?.is_ok() {
            closed += 1;
        }
    }
    Ok(closed)
}

/// setvbuf: only whether there is a buffer makes a difference, not where it is.
pub fn setvbuf(
    process: &mut Process,
    file: Pointer,
    _buffer: Pointer,
    mode: i32,
    _size: Pointer,
) -> Result<i32, Stop> {
    const IONBF: i32 = 4;
    if !matches!(mode, 0 | IONBF | 0x40) {
        return invalid(process, EINVAL, -1);
    }
    let set = streams::set_unbuffered(process, file, mode == IONBF)?.map(|()| 0);
    Ok(answer(process, set, -1))
}

pub fn setbuf(process: &mut Process, file: Pointer, buffer: Pointer) -> Result<(), Stop> {
    let set = streams::set_unbuffered(process, file, buffer.is_null())?;
    answer(process, set, ());
    Ok(())
}

pub fn _fileno(process: &mut Process, file: Pointer) -> Result<i32, Stop> {
    let known = match streams::get(process, file) {
        Some(stream) => Ok(stream.descriptor),
        None => streams::nothing(process, file)?,
    };
    Ok(answer(process, known, -1))
}

/// fgetwc and its synonym. In the "C" locale a wide character of a text is one byte.
pub fn fgetwc(process: &mut Process, file: Pointer) -> Result<u32, Stop> {
    Ok(next(process, file)?.map_or(WEOF, |byte| ansi_unit(byte).into()))
}

/// fputwc and its synonym.
pub fn fputwc(process: &mut Process, character: u16, file: Pointer) -> Result<u32, Stop> {
    match u8::try_from(character) {
        Ok(byte) if fputc(process, byte, file)? != EOF => Ok(character.into()),
        Ok(_) => Ok(WEOF),
        Err(_) => {
            set_errno(process, EILSEQ);
            Ok(WEOF)
        }
    }
}

pub fn ungetc(process: &mut Process, character: i32, file: Pointer) -> Result<i32, Stop> {
    // The argument is taken as an unsigned char.
    let byte = character.to_le_bytes()[0];
    let done = character != EOF && streams::put_back(process, file, byte)?;
    Ok(if done { byte.into() } else { EOF })
}

pub fn ungetwc(process: &mut Process, character: u16, file: Pointer) -> Result<u32, Stop> {
    match u8::try_from(character) {
        Ok(byte) if streams::put_back(process, file, byte)? => Ok(character.into()),
        _ => Ok(WEOF),
    }
}

pub fn fseek(process: &mut Process, file: Pointer, by: i32, origin: i32) -> Result<i32, Stop> {
    let moved = streams::seek(process, file, by.into(), origin)?.map(|()| 0);
    Ok(answer(process, moved, -1))
}

pub fn _fseeki64(process: &mut Process, file: Pointer, by: u64, origin: i32) -> Result<i32, Stop> {
    let moved = streams::seek(process, file, by.cast_signed(), origin)?.map(|()| 0);
    Ok(answer(process, moved, -1))
}

pub fn ftell(process: &mut Process, file: Pointer) -> Result<i32, Stop> {
    let at = streams::tell(process, file)?.and_then(|at| i32::try_from(at).map_err(|_| EINVAL));
    Ok(answer(process, at, -1))
}

pub fn _ftelli64(process: &mut Process, file: Pointer) -> Result<u64, Stop> {
    let at = streams::tell(process, file)?;
    Ok(answer(process, at, u64::MAX))
}

pub fn rewind(process: &mut Process, file: Pointer) -> Result<(), Stop> {
    let _ = streams::seek(process, file, 0, 0)?;
    streams::clear(process, file)
}

pub fn fgetpos(process: &mut Process, file: Pointer, position: Pointer) -> Result<i32, Stop> {
    if position.is_null() {
        return invalid(process, EINVAL, -1);
    }
    match streams::tell(process, file)? {
        Ok(at) => {
            process.machine.memory.write(position.0, &at.to_le_bytes())?;
            Ok(0)
        }
        Err(error) => Ok(answer(process, Err(error), -1)),
    }
}

pub fn fsetpos(process: &mut Process, file: Pointer, position: Pointer) -> Result<i32, Stop> {
    if position.is_null() {
        return invalid(process, EINVAL, -1);
    }
    let at = process.machine.memory.array(position.0).map(i64::from_le_bytes)?;
    let moved = streams::seek(process, file, at, 0)?.map(|()| 0);
    Ok(answer(process, moved, -1))
}

/// A stream for a file; the error is an `errno`.
fn open_stream(process: &mut Process, name: &str, mode: &str) -> Tried<Pointer> {
    let Some(mode) = streams::Mode::parse(mode) else { return Ok(Err(EINVAL)) };
    let number = match descriptor::open(process, name, mode.flags)? {
        Ok(number) => number,
        Err(error) => return Ok(Err(error)),
    };
    let made = streams::make(process, number, &mode)?;
    if made.is_err() {
        let _ = descriptor::close(process, number)?;
    }
    Ok(made)
}

/// fopen and _wfopen.
pub fn fopen<U: Unit>(process: &mut Process, name: Pointer, mode: Pointer) -> Result<Pointer, Stop> {
    if name.is_null() || mode.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let (name, mode) =
        (codepage::text::<U>(&process.machine, name)?, codepage::text::<U>(&process.machine, mode)?);
    let opened = open_stream(process, &name, &mode)?;
    Ok(answer(process, opened, Pointer::NULL))
}

/// _fsopen and _wfsopen: nobody else has the driver's files open, whatever they may share.
pub fn _fsopen<U: Unit>(
    process: &mut Process,
    name: Pointer,
    mode: Pointer,
    _share: i32,
) -> Result<Pointer, Stop> {
    fopen::<U>(process, name, mode)
}

/// fopen_s and _wfopen_s: the answer is the `errno`.
pub fn fopen_s<U: Unit>(
    process: &mut Process,
    out: Pointer,
    name: Pointer,
    mode: Pointer,
) -> Result<i32, Stop> {
    if out.is_null() || name.is_null() || mode.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    let (name, mode) =
        (codepage::text::<U>(&process.machine, name)?, codepage::text::<U>(&process.machine, mode)?);
    let opened = open_stream(process, &name, &mode)?;
    process.machine.put_pointer(out.0, opened.unwrap_or(Pointer::NULL).0)?;
    Ok(answer(process, opened.map(|_| 0), opened.err().unwrap_or(0)))
}

/// freopen: the stream's FILE stays the same. Standard streams stay what they are.
pub fn freopen<U: Unit>(
    process: &mut Process,
    name: Pointer,
    mode: Pointer,
    file: Pointer,
) -> Result<Pointer, Stop> {
    let _ = streams::close(process, file)?;
    fopen::<U>(process, name, mode)
}

/// _fdopen and _wfdopen.
pub fn _fdopen<U: Unit>(process: &mut Process, number: i32, mode: Pointer) -> Result<Pointer, Stop> {
    if mode.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    let mode = streams::Mode::parse(&codepage::text::<U>(&process.machine, mode)?);
    let made = match (process.crt.descriptors.get(number), mode) {
        (None, _) => Err(EBADF),
        (_, None) => Err(EINVAL),
        (Some(_), Some(mode)) => streams::make(process, number, &mode)?,
    };
    Ok(answer(process, made, Pointer::NULL))
}
