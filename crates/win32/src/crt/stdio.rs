//! Files. A driver has none: only standard output and standard error go somewhere, to the host, line by line.

use guest::{Mode, Stop};

use crate::abi::Pointer;
use crate::crt::{EACCES, EBADF, EILSEQ, data, set_errno};
use crate::kernel32::record::Record;
use crate::process::{Process, still_wanted};
use crate::text;

/// The longest line that is passed on in one piece.
pub(super) const LINE: usize = 4096;
/// Number of FILE objects that name something: standard input, output and error.
const OPEN_FILES: u64 = 3;
/// Number of FILE objects in all (`_IOB_ENTRIES`).
const FILES: u64 = 20;
/// The mode of a file whose line ends are translated.
pub(super) const O_TEXT: u32 = 0x4000;
const EOF: i32 = -1;
const WEOF: u32 = 0xffff;

/// A FILE as msvcrt.dll's header declares it (`_iobuf`), for code that looks into it: its descriptor, and what it is open for.
fn object(mode: Mode, flag: u32, descriptor: u32) -> Vec<u8> {
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

/// The descriptor of a FILE object, if it is one.
fn descriptor(process: &mut Process, object: Pointer) -> Option<u64> {
    (0..OPEN_FILES).find(|&descriptor| file(process, descriptor) == object)
}

/// Whether a FILE object is standard output or standard error.
pub(super) fn is_console(process: &mut Process, file: Pointer) -> bool {
    matches!(descriptor(process, file), Some(1 | 2))
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

/// Writes `count` bytes of the guest's to the console.
fn put_from(process: &mut Process, from: Pointer, count: u64) -> Result<(), Stop> {
    let mut chunk = [0; 256];
    let mut at = 0;
    while at < count {
        still_wanted(&process.machine)?;
        let len = usize::try_from(count - at).unwrap_or(chunk.len()).min(chunk.len());
        process.machine.memory.read(from.at(at).0, &mut chunk[..len])?;
        put(process, &chunk[..len]);
        at += len as u64;
    }
    Ok(())
}

/// Answers -1 with an `errno`.
fn failed(process: &mut Process, error: i32) -> i32 {
    set_errno(process, error);
    -1
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
    let total = size.0.checked_mul(count.0).filter(|_| is_console(process, file));
    let Some(total) = total else {
        set_errno(process, EBADF);
        return Ok(Pointer(0));
    };
    put_from(process, from, total)?;
    Ok(if size.0 == 0 { Pointer(0) } else { count })
}

pub fn fputs(process: &mut Process, text: Pointer, file: Pointer) -> Result<i32, Stop> {
    if !is_console(process, file) {
        return Ok(failed(process, EBADF));
    }
    let len = text::length::<u8>(&process.machine, text, u64::MAX)?;
    put_from(process, text, len)?;
    Ok(0)
}

pub fn puts(process: &mut Process, text: Pointer) -> Result<i32, Stop> {
    let output = file(process, 1);
    let result = fputs(process, text, output)?;
    put(process, b"\n");
    Ok(result)
}

/// fputc and its synonyms, and `_flsbuf`, which the putc macro of old headers calls.
pub fn fputc(process: &mut Process, character: u8, file: Pointer) -> i32 {
    if !is_console(process, file) {
        return failed(process, EBADF);
    }
    put(process, &[character]);
    character.into()
}

pub fn putchar(process: &mut Process, character: u8) -> i32 {
    put(process, &[character]);
    character.into()
}

/// fread; there is nothing to read anywhere.
pub fn fread(_: &mut Process, _to: Pointer, _size: Pointer, _count: Pointer, _file: Pointer) -> Pointer {
    Pointer(0)
}

/// fgetc and its synonyms.
pub fn fgetc(_: &mut Process, _file: Pointer) -> i32 {
    EOF
}

pub fn fgets(_: &mut Process, _to: Pointer, _size: i32, _file: Pointer) -> Pointer {
    Pointer::NULL
}

/// feof; standard input is at its end from the start.
pub fn feof(process: &mut Process, file: Pointer) -> i32 {
    (descriptor(process, file) == Some(0)).into()
}

pub fn ferror(_: &mut Process, _file: Pointer) -> i32 {
    0
}

pub fn fflush(process: &mut Process, _file: Pointer) -> i32 {
    flush(process);
    0
}

pub fn fclose(process: &mut Process, file: Pointer) -> i32 {
    if descriptor(process, file).is_none() {
        return failed(process, EBADF);
    }
    flush(process);
    0
}

pub fn setvbuf(_: &mut Process, _file: Pointer, _buffer: Pointer, _mode: i32, _size: Pointer) -> i32 {
    0
}

pub fn _fileno(process: &mut Process, file: Pointer) -> i32 {
    let known = descriptor(process, file).and_then(|descriptor| i32::try_from(descriptor).ok());
    known.unwrap_or_else(|| failed(process, EBADF))
}

/// fgetwc and its synonym.
pub fn fgetwc(_: &mut Process, _file: Pointer) -> u32 {
    WEOF
}

/// fputwc and its synonym.
pub fn fputwc(process: &mut Process, character: u16, file: Pointer) -> u32 {
    match u8::try_from(character) {
        Ok(byte) if fputc(process, byte, file) != EOF => character.into(),
        Ok(_) => WEOF,
        Err(_) => {
            set_errno(process, EILSEQ);
            WEOF
        }
    }
}

/// ungetc; there is no file that could be read again.
pub fn ungetc(_: &mut Process, _character: i32, _file: Pointer) -> i32 {
    EOF
}

/// ungetwc; as [`ungetc`].
pub fn ungetwc(_: &mut Process, _character: u16, _file: Pointer) -> u32 {
    WEOF
}

/// fgetpos and fsetpos; no file has a position.
pub fn fgetpos(process: &mut Process, _file: Pointer, _position: Pointer) -> i32 {
    failed(process, EBADF)
}

/// fopen; no file may be opened.
pub fn fopen(process: &mut Process, _name: Pointer, _mode: Pointer) -> Pointer {
    set_errno(process, EACCES);
    Pointer::NULL
}

/// _wfopen; no file may be opened.
pub fn _wfopen(process: &mut Process, name: Pointer, mode: Pointer) -> Pointer {
    fopen(process, name, mode)
}

pub fn _fdopen(process: &mut Process, _descriptor: i32, _mode: Pointer) -> Pointer {
    set_errno(process, EBADF);
    Pointer::NULL
}

/// _open; no file may be opened.
pub fn _open(process: &mut Process, _name: Pointer, _flags: i32) -> i32 {
    failed(process, EACCES)
}

/// _wopen; no file may be opened.
pub fn _wopen(process: &mut Process, name: Pointer, flags: i32) -> i32 {
    _open(process, name, flags)
}

pub fn _read(process: &mut Process, descriptor: i32, _to: Pointer, _count: u32) -> i32 {
    if descriptor == 0 { 0 } else { failed(process, EBADF) }
}

pub fn _write(process: &mut Process, descriptor: i32, from: Pointer, count: u32) -> Result<i32, Stop> {
    let (1 | 2, Ok(written)) = (descriptor, i32::try_from(count)) else {
        return Ok(failed(process, EBADF));
    };
    put_from(process, from, count.into())?;
    Ok(written)
}

pub fn _lseek(process: &mut Process, _descriptor: i32, _offset: i32, _origin: i32) -> i32 {
    failed(process, EBADF)
}

pub fn _lseeki64(process: &mut Process, _descriptor: i32, _offset: u64, _origin: i32) -> u64 {
    set_errno(process, EBADF);
    u64::MAX
}

pub fn _filelengthi64(process: &mut Process, _descriptor: i32) -> u64 {
    set_errno(process, EBADF);
    u64::MAX
}

/// _fstat64: the three descriptors that there are belong to a device.
pub fn _fstat64(process: &mut Process, descriptor: i32, to: Pointer) -> Result<i32, Stop> {
    const S_IFCHR: u16 = 0x2000;
    let Some(device) = u32::try_from(descriptor).ok().filter(|&device| u64::from(device) < OPEN_FILES) else {
        return Ok(failed(process, EBADF));
    };
    // struct _stat64: device, inode, mode, links, two owners, device again, size, three times.
    let stat = Record::new(process.machine.mode())
        .u32(device)
        .u16(0)
        .u16(S_IFCHR)
        .u16(1)
        .u16(0)
        .u16(0)
        .u32(device)
        .u64(0)
        .u64(0)
        .u64(0)
        .u64(0);
    process.machine.memory.write(to.0, &stat.finish())?;
    Ok(0)
}

pub fn _close(process: &mut Process, _descriptor: i32) -> i32 {
    failed(process, EBADF)
}

pub fn _isatty(_: &mut Process, _descriptor: i32) -> i32 {
    0
}

/// _setmode: the mode before, which is always text.
pub fn _setmode(process: &mut Process, descriptor: i32, _mode: i32) -> i32 {
    if matches!(descriptor, 0..=2) { O_TEXT.cast_signed() } else { failed(process, EBADF) }
}
