//! The functions of `io.h`: files by their descriptors, and by their names.

use guest::{Mode, Stop};
use wire::{FileCall, FileInfo};

use crate::abi::{Pointer, Variadic};
use crate::crt::descriptor::{self, Descriptor, File, O_BINARY, O_TEXT, Tried, errno_of, with_stream};
use crate::crt::invalid::invalid;
use crate::crt::stdio::answer;
use crate::crt::{EACCES, EBADF, EINVAL};
use crate::kernel32::codepage::{self, Unit};
use crate::kernel32::path::full;
use crate::kernel32::record::Record;
use crate::process::{Process, still_wanted};

/// Kinds of files, and what their owner may do with them (sys/stat.h).
const S_IFCHR: u16 = 0x2000;
const S_IFDIR: u16 = 0x4000;
const S_IFREG: u16 = 0x8000;
const S_IREAD: u16 = 0o444;
const S_IWRITE: u16 = 0o222;
const S_IEXEC: u16 = 0o111;

/// A name of the guest's.
fn name<U: Unit>(process: &Process, at: Pointer) -> Result<String, Stop> {
    codepage::text::<U>(&process.machine, at)
}

/// The path that a name of the guest's stands for.
fn path<U: Unit>(process: &Process, at: Pointer) -> Result<String, Stop> {
    Ok(full(process, &name::<U>(process, at)?))
}

/// Answers 0, or -1 with `errno` for a Win32 code.
fn done(process: &mut Process, tried: Result<(), u32>) -> i32 {
    answer(process, tried.map(|()| 0).map_err(errno_of), -1)
}

/// _open and _wopen. What a file's owner may do with it later, the argument behind, makes no difference here.
pub fn _open<U: Unit>(process: &mut Process, at: Pointer, flags: u32, _rest: Variadic) -> Result<i32, Stop> {
    if at.is_null() {
        return invalid(process, EINVAL, -1);
    }
    let name = name::<U>(process, at)?;
    let opened = descriptor::open(process, &name, flags)?;
    Ok(answer(process, opened, -1))
}

/// _sopen and _wsopen.
pub fn _sopen<U: Unit>(
    process: &mut Process,
    at: Pointer,
    flags: u32,
    _share: i32,
    rest: Variadic,
) -> Result<i32, Stop> {
    _open::<U>(process, at, flags, rest)
}

/// _sopen_s and _wsopen_s: the answer is the `errno`.
pub fn _sopen_s<U: Unit>(
    process: &mut Process,
    out: Pointer,
    at: Pointer,
    flags: u32,
    _share: i32,
    _mode: i32,
) -> Result<i32, Stop> {
    if out.is_null() || at.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    let name = name::<U>(process, at)?;
    let opened = descriptor::open(process, &name, flags)?;
    process.machine.memory.write(out.0, &opened.unwrap_or(-1).to_le_bytes())?;
    Ok(answer(process, opened.map(|_| 0), opened.err().unwrap_or(0)))
}

/// _creat and _wcreat.
pub fn _creat<U: Unit>(process: &mut Process, at: Pointer, _mode: i32) -> Result<i32, Stop> {
    if at.is_null() {
        return invalid(process, EINVAL, -1);
    }
    let name = name::<U>(process, at)?;
    let flags = descriptor::O_CREAT | descriptor::O_TRUNC | descriptor::O_RDWR;
    let opened = descriptor::open(process, &name, flags)?;
    Ok(answer(process, opened, -1))
}

pub fn _close(process: &mut Process, number: i32) -> Result<i32, Stop> {
    let closed = descriptor::close(process, number)?.map(|()| 0);
    Ok(answer(process, closed, -1))
}

/// _read: in text, line ends are translated, and Ctrl+Z is the end.
pub fn _read(process: &mut Process, number: i32, to: Pointer, count: u32) -> Result<i32, Stop> {
    let Some(descriptor) = process.crt.descriptors.get(number) else {
        return invalid(process, EBADF, -1);
    };
    if descriptor.file == File::Input {
        return Ok(0);
    }
    let text = descriptor.text;
    let count = usize::try_from(count).ok().filter(|&count| i32::try_from(count).is_ok());
    let Some(count) = count else { return invalid(process, EINVAL, -1) };
    let read = read(process, number, to, count, text)?;
    Ok(answer(process, read.map(|count| i32::try_from(count).unwrap_or(i32::MAX)), -1))
}

fn read(process: &mut Process, number: i32, to: Pointer, count: usize, text: bool) -> Tried<usize> {
    /// How much is read at a time.
    const PIECE: usize = 1 << 16;
    let mut done = 0;
    while done < count {
        still_wanted(&process.machine)?;
        let wanted = (count - done).min(PIECE);
        let mut bytes = match descriptor::read(process, number, wanted)? {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Err(error)),
        };
        let last = bytes.len() < wanted;
        if text {
            // Whether a return at the end belongs to a line end, what comes behind it says.
            if bytes.last() == Some(&b'\r')
                && let Ok(next) = descriptor::read(process, number, 1)?
            {
                bytes.extend(next);
            }
            let ended = bytes.iter().position(|&byte| byte == 0x1a);
            bytes.truncate(ended.unwrap_or(bytes.len()));
            let pairs = bytes.iter().zip(bytes.iter().skip(1).map(Some).chain([None]));
            let kept = pairs.filter(|(byte, next)| (**byte, *next) != (b'\r', Some(&b'\n')));
            let mut translated: Vec<u8> = kept.map(|(byte, _)| *byte).collect();
            if translated.len() > wanted {
                // The byte that was looked at is the next call's.
                translated.truncate(wanted);
                let _ = descriptor::seek(process, number, -1, 1)?;
            }
            process.machine.memory.write(to.at(done as u64).0, &translated)?;
            done += translated.len();
            if ended.is_some() {
                break;
            }
        } else {
            process.machine.memory.write(to.at(done as u64).0, &bytes)?;
            done += bytes.len();
        }
        if last || text {
            break;
        }
    }
    Ok(Ok(done))
}

/// _write: in text, each line end becomes two bytes, which do not count.
pub fn _write(process: &mut Process, number: i32, from: Pointer, count: u32) -> Result<i32, Stop> {
    const PIECE: usize = 1 << 16;
    let Some(descriptor) = process.crt.descriptors.get(number) else {
        return invalid(process, EBADF, -1);
    };
    let translated = descriptor.text && matches!(descriptor.file, File::Disk { .. });
    let Ok(answered) = i32::try_from(count) else { return invalid(process, EINVAL, -1) };
    let (mut written, count) = (0, count as usize);
    while written < count {
        still_wanted(&process.machine)?;
        let mut bytes = vec![0; (count - written).min(PIECE)];
        process.machine.memory.read(from.at(written as u64).0, &mut bytes)?;
        written += bytes.len();
        if translated {
            bytes = bytes
                .iter()
                .flat_map(|&byte| [b'\r', byte].into_iter().skip(usize::from(byte != b'\n')))
                .collect();
        }
        if let Err(error) = descriptor::write(process, number, &bytes)? {
            return Ok(answer(process, Err(error), -1));
        }
    }
    Ok(answered)
}

pub fn _lseek(process: &mut Process, number: i32, by: i32, origin: i32) -> Result<i32, Stop> {
    let moved = descriptor::seek(process, number, by.into(), origin)?;
    Ok(answer(process, moved.and_then(|at| i32::try_from(at).map_err(|_| EINVAL)), -1))
}

pub fn _lseeki64(process: &mut Process, number: i32, by: u64, origin: i32) -> Result<u64, Stop> {
    let moved = descriptor::seek(process, number, by.cast_signed(), origin)?;
    Ok(answer(process, moved, u64::MAX))
}

pub fn _tell(process: &mut Process, number: i32) -> Result<i32, Stop> {
    _lseek(process, number, 0, 1)
}

pub fn _telli64(process: &mut Process, number: i32) -> Result<u64, Stop> {
    _lseeki64(process, number, 0, 1)
}

/// The length of a descriptor's file.
fn length(process: &mut Process, number: i32) -> Tried<u64> {
    with_stream(process, number, |process, stream| Ok(process.file_info(stream)?.map(|info| info.len)))
}

pub fn _filelength(process: &mut Process, number: i32) -> Result<i32, Stop> {
    let len = length(process, number)?;
    Ok(answer(process, len.and_then(|len| i32::try_from(len).map_err(|_| EINVAL)), -1))
}

pub fn _filelengthi64(process: &mut Process, number: i32) -> Result<u64, Stop> {
    let len = length(process, number)?;
    Ok(answer(process, len, u64::MAX))
}

/// _eof: whether a descriptor is at its file's end.
pub fn _eof(process: &mut Process, number: i32) -> Result<i32, Stop> {
    let at_end = with_stream(process, number, |process, stream| {
        let at = stream.at;
        Ok(process.file_info(stream)?.map(|info| i32::from(at >= info.len)))
    })?;
    Ok(answer(process, at_end, -1))
}

pub fn _chsize(process: &mut Process, number: i32, len: i32) -> Result<i32, Stop> {
    let Ok(len) = u64::try_from(len) else { return invalid(process, EINVAL, -1) };
    let done = with_stream(process, number, |process, stream| process.set_file_length(stream, len))?;
    Ok(answer(process, done.map(|()| 0), -1))
}

pub fn _commit(process: &mut Process, number: i32) -> Result<i32, Stop> {
    let done = with_stream(process, number, |process, stream| process.flush_file(stream))?;
    Ok(answer(process, done.map(|()| 0), -1))
}

pub fn _isatty(process: &mut Process, number: i32) -> Result<i32, Stop> {
    // The standard streams go to the host, which is no terminal.
    if process.crt.descriptors.get(number).is_none() {
        return invalid(process, EBADF, 0);
    }
    Ok(0)
}

/// _setmode: the mode before.
pub fn _setmode(process: &mut Process, number: i32, mode: u32) -> Result<i32, Stop> {
    let Some(descriptor) = process.crt.descriptors.get(number) else {
        return invalid(process, EBADF, -1);
    };
    let before = if descriptor.text { O_TEXT } else { O_BINARY };
    match mode {
        O_TEXT => descriptor.text = true,
        O_BINARY => descriptor.text = false,
        // Those of wide text, which nothing is translated to here.
        0x1_0000 | 0x2_0000 | 0x4_0000 => descriptor.text = true,
        _ => return invalid(process, EINVAL, -1),
    }
    Ok(before.cast_signed())
}

/// How wide sizes and times are in one of the `stat` structures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    pub size: bool,
    pub time: bool,
}

const WIDTHS_32: Widths = Widths { size: false, time: false };
const WIDTHS_64: Widths = Widths { size: true, time: true };
/// `_stati64` of 32-bit code: a long size, short times.
const WIDTHS_32I64: Widths = Widths { size: true, time: false };
const WIDTHS_64I32: Widths = Widths { size: false, time: true };

/// A time of a file as a `time_t`.
pub(super) fn seconds(time: u64) -> u64 {
    /// Tenths of microseconds from 1601 to 1970.
    const EPOCH: u64 = 116_444_736_000_000_000;
    time.saturating_sub(EPOCH) / 10_000_000
}

/// A `stat` structure: device, inode, mode, links, two owners, device again, size, three times.
fn stat(mode: Mode, widths: Widths, device: u32, kind: u16, info: &FileInfo) -> Vec<u8> {
    let record = Record::new(mode).u32(device).u16(0).u16(kind).u16(1).u16(0).u16(0).u32(device);
    let record = if widths.size { record.u64(info.len) } else { record.u32(info.len as u32) };
    let times = [info.accessed, info.modified, info.created].map(seconds);
    let record = times
        .into_iter()
        .fold(record, |record, time| if widths.time { record.u64(time) } else { record.u32(time as u32) });
    record.finish()
}

fn mode_of(info: &FileInfo) -> u16 {
    let kind = if info.folder { S_IFDIR | S_IEXEC } else { S_IFREG };
    kind | S_IREAD | if info.read_only { 0 } else { S_IWRITE }
}

/// Fills in the structure for a descriptor; the standard ones belong to a device.
fn fstat(process: &mut Process, number: i32, to: Pointer, widths: Widths) -> Result<i32, Stop> {
    if to.is_null() {
        return invalid(process, EINVAL, -1);
    }
    let mode = process.machine.mode();
    let bytes = match process.crt.descriptors.get(number) {
        None => return invalid(process, EBADF, -1),
        Some(Descriptor { file: File::Input | File::Output, .. }) => {
            stat(mode, widths, number.cast_unsigned(), S_IFCHR, &FileInfo::default())
        }
        Some(_) => match with_stream(process, number, |process, stream| process.file_info(stream))? {
            Ok(info) => stat(mode, widths, 2, mode_of(&info), &info),
            Err(error) => return Ok(answer(process, Err(error), -1)),
        },
    };
    process.machine.memory.write(to.0, &bytes)?;
    Ok(0)
}

/// Fills in the structure for a name.
fn stat_name<U: Unit>(process: &mut Process, at: Pointer, to: Pointer, widths: Widths) -> Result<i32, Stop> {
    if at.is_null() || to.is_null() {
        return invalid(process, EINVAL, -1);
    }
    let path = path::<U>(process, at)?;
    match process.look_at(path)? {
        Ok(info) => {
            let bytes = stat(process.machine.mode(), widths, 2, mode_of(&info), &info);
            process.machine.memory.write(to.0, &bytes)?;
            Ok(0)
        }
        Err(code) => Ok(done(process, Err(code))),
    }
}

macro_rules! stats {
    ($($fstat:ident, $stat:ident: $widths:ident;)*) => {$(
        pub fn $fstat(process: &mut Process, number: i32, to: Pointer) -> Result<i32, Stop> {
            fstat(process, number, to, $widths)
        }

        pub fn $stat<U: Unit>(process: &mut Process, name: Pointer, to: Pointer) -> Result<i32, Stop> {
            stat_name::<U>(process, name, to, $widths)
        }
    )*};
}
stats! {
    _fstat32, _stat32: WIDTHS_32;
    _fstat64, _stat64: WIDTHS_64;
    _fstat32i64, _stat32i64: WIDTHS_32I64;
    _fstat64i32, _stat64i32: WIDTHS_64I32;
}

/// _fstati64: msvcrt.dll's times are as wide as its time_t was when it was made: short for 32-bit code, long for 64-bit code.
pub fn _fstati64(process: &mut Process, number: i32, to: Pointer) -> Result<i32, Stop> {
    let widths = natural(process, true);
    fstat(process, number, to, widths)
}

/// _stati64 and _wstati64; as [`_fstati64`].
pub fn _stati64<U: Unit>(process: &mut Process, name: Pointer, to: Pointer) -> Result<i32, Stop> {
    let widths = natural(process, true);
    stat_name::<U>(process, name, to, widths)
}

/// _fstat, with a short size.
pub fn _fstat(process: &mut Process, number: i32, to: Pointer) -> Result<i32, Stop> {
    let widths = natural(process, false);
    fstat(process, number, to, widths)
}

/// _stat and _wstat, with a short size.
pub fn _stat<U: Unit>(process: &mut Process, name: Pointer, to: Pointer) -> Result<i32, Stop> {
    let widths = natural(process, false);
    stat_name::<U>(process, name, to, widths)
}

pub(super) fn natural(process: &Process, size: bool) -> Widths {
    Widths { size, time: process.machine.mode() == Mode::X86_64 }
}

/// _access and _waccess.
pub fn _access<U: Unit>(process: &mut Process, at: Pointer, mode: i32) -> Result<i32, Stop> {
    const WRITE: i32 = 2;
    if at.is_null() || mode & !6 != 0 {
        return invalid(process, EINVAL, -1);
    }
    let path = path::<U>(process, at)?;
    let known = process.look_at(path)?;
    if known.is_ok_and(|info| mode & WRITE != 0 && info.read_only && !info.folder) {
        return Ok(answer(process, Err(EACCES), -1));
    }
    Ok(done(process, known.map(|_| ())))
}

/// remove, _unlink and their wide forms.
pub fn _unlink<U: Unit>(process: &mut Process, at: Pointer) -> Result<i32, Stop> {
    let path = path::<U>(process, at)?;
    let deleted = process.file_done(FileCall::Delete { path })?;
    Ok(done(process, deleted))
}

/// rename and _wrename: a file that has the name stays.
pub fn rename<U: Unit>(process: &mut Process, from: Pointer, to: Pointer) -> Result<i32, Stop> {
    let (from, to) = (path::<U>(process, from)?, path::<U>(process, to)?);
    let renamed = process.file_done(FileCall::Rename { from, to, replace: false })?;
    Ok(done(process, renamed))
}

/// _mkdir and _wmkdir.
pub fn _mkdir<U: Unit>(process: &mut Process, at: Pointer) -> Result<i32, Stop> {
    let path = path::<U>(process, at)?;
    let made = process.file_done(FileCall::MakeFolder { path })?;
    Ok(done(process, made))
}

/// _rmdir and _wrmdir.
pub fn _rmdir<U: Unit>(process: &mut Process, at: Pointer) -> Result<i32, Stop> {
    let path = path::<U>(process, at)?;
    let removed = process.file_done(FileCall::RemoveFolder { path })?;
    Ok(done(process, removed))
}

/// _umask: what new files may be used for makes no difference here.
pub fn _umask(_: &mut Process, _mode: i32) -> i32 {
    0
}

/// _access_s and _waccess_s: the answer is the `errno`.
pub fn _access_s<U: Unit>(process: &mut Process, at: Pointer, mode: i32) -> Result<i32, Stop> {
    if _access::<U>(process, at, mode)? == 0 {
        return Ok(0);
    }
    let errno = super::data::_errno(process);
    Ok(process.machine.memory.array(errno.0).map(i32::from_le_bytes)?)
}

/// _chsize_s: the answer is the `errno`.
pub fn _chsize_s(process: &mut Process, number: i32, len: u64) -> Result<i32, Stop> {
    if len.cast_signed() < 0 {
        return invalid(process, EINVAL, EINVAL);
    }
    let done = with_stream(process, number, |process, stream| process.set_file_length(stream, len))?;
    Ok(answer(process, done.map(|()| 0), done.err().unwrap_or(0)))
}
