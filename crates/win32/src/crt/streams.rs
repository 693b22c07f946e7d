//! The C library's streams: what a `FILE` stands for. Bytes wait here on their way between the guest and a descriptor; the guest's own
//! object has its flags and its descriptor, for code that looks into it.

use std::collections::BTreeMap;

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::descriptor::{self, Descriptor, File, Tried};
use crate::crt::invalid::invalid;
use crate::crt::{EBADF, EINVAL, EMFILE, data, stdio};
use crate::process::Process;

/// How much is read, or kept back, at a time.
const BUFFER: usize = 4096;

/// How many streams there may be, as in msvcrt.dll (`_getmaxstdio`).
pub(super) const MOST: usize = 512;

/// How many bytes can be put back into a stream.
const MOST_BACK: usize = 16;

/// Flags of a FILE in its own memory (stdio.h of msvcrt.dll).
const IOREAD: u32 = 1;
const IOWRT: u32 = 2;
const IOEOF: u32 = 0x10;
const IOERR: u32 = 0x20;
const IORW: u32 = 0x80;

/// One open stream.
#[derive(Debug, Default)]
pub(super) struct Stream {
    pub descriptor: i32,
    flags: u32,
    /// Raw bytes that were read and not taken yet.
    ahead: Vec<u8>,
    taken: usize,
    /// Bytes that were put back, the last one first to come.
    back: Vec<u8>,
    /// Raw bytes that are not written yet.
    behind: Vec<u8>,
    /// Whether nothing is kept back.
    unbuffered: bool,
}

/// The streams by the address of their FILE, and FILEs that serve no stream.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: BTreeMap<u64, Stream>,
    /// Objects besides those of `_iob`, which are used again.
    further: Vec<u64>,
    /// Whether the three standard streams have been opened: with the first use of any.
    standard: bool,
}

/// The stream of a FILE.
pub(super) fn get(process: &mut Process, file: Pointer) -> Option<&mut Stream> {
    if !process.crt.streams.standard {
        process.crt.streams.standard = true;
        for (descriptor, flags) in [(0, IOREAD), (1, IOWRT), (2, IOWRT)] {
            let object = stdio::file(process, descriptor);
            let stream =
                Stream { descriptor: descriptor as i32, flags, unbuffered: true, ..Stream::default() };
            process.crt.streams.open.insert(object.0, stream);
        }
    }
    process.crt.streams.open.get_mut(&file.0)
}

/// What is answered for a FILE that serves no stream: for NULL as for any invalid parameter.
pub(super) fn nothing<T>(process: &mut Process, file: Pointer) -> Tried<T> {
    if file.is_null() { invalid(process, EINVAL, Err(EINVAL)) } else { Ok(Err(EBADF)) }
}

/// The addresses of all open streams.
pub(super) fn all(process: &mut Process) -> Vec<Pointer> {
    get(process, Pointer::NULL);
    process.crt.streams.open.keys().map(|&at| Pointer(at)).collect()
}

/// Makes a stream for a descriptor; `mode` is that of `fopen`.
pub(super) fn make(process: &mut Process, descriptor: i32, mode: &Mode) -> Tried<Pointer> {
    get(process, Pointer::NULL);
    let flags = match (mode.read, mode.write) {
        (true, true) => IORW,
        (true, false) => IOREAD,
        _ => IOWRT,
    };
    let of_array = (3..stdio::FILES).map(|index| stdio::file(process, index).0).collect::<Vec<_>>();
    let streams = &process.crt.streams;
    let mut places = of_array.iter().chain(&streams.further).copied();
    let free = places.find(|place| !streams.open.contains_key(place));
    let object = match free {
        Some(object) => object,
        None if streams.open.len() < MOST => {
            let bytes = stdio::object(process.machine.mode(), 0, 0);
            let object = data::lend(&mut process.machine, &bytes)?;
            process.crt.streams.further.push(object.0);
            object.0
        }
        None => return Ok(Err(EMFILE)),
    };
    let stream = Stream { descriptor, flags, ..Stream::default() };
    process.crt.streams.open.insert(object, stream);
    show(process, Pointer(object))?;
    Ok(Ok(Pointer(object)))
}

/// Writes what a FILE's own memory has: its flags and its descriptor.
fn show(process: &mut Process, file: Pointer) -> Result<(), Stop> {
    let (flags, descriptor) =
        process.crt.streams.open.get(&file.0).map_or((0, 0), |stream| (stream.flags, stream.descriptor));
    let bytes = stdio::object(process.machine.mode(), flags, descriptor.cast_unsigned());
    Ok(process.machine.memory.write(file.0, &bytes)?)
}

fn flag(process: &mut Process, file: Pointer, flag: u32, on: bool) -> Result<(), Stop> {
    let Some(stream) = get(process, file) else { return Ok(()) };
    let flags = if on { stream.flags | flag } else { stream.flags & !flag };
    if flags != stream.flags {
        stream.flags = flags;
        show(process, file)?;
    }
    Ok(())
}

/// Whether a stream is at its end, and whether something has gone wrong with it.
pub(super) fn state(process: &mut Process, file: Pointer) -> Result<(bool, bool), Stop> {
    match get(process, file) {
        Some(stream) => Ok((stream.flags & IOEOF != 0, stream.flags & IOERR != 0)),
        None => nothing::<()>(process, file).map(|_| (false, false)),
    }
}

/// `clearerr`.
pub(super) fn clear(process: &mut Process, file: Pointer) -> Result<(), Stop> {
    if get(process, file).is_none() {
        return nothing::<()>(process, file).map(|_| ());
    }
    flag(process, file, IOEOF | IOERR, false)
}

/// Notes an error, whose `errno` this answers.
fn broken<T>(process: &mut Process, file: Pointer, error: i32) -> Tried<T> {
    flag(process, file, IOERR, true)?;
    Ok(Err(error))
}

fn is_text(process: &mut Process, descriptor: i32) -> bool {
    process.crt.descriptors.get(descriptor).is_some_and(|descriptor| descriptor.text)
}

/// Writes what is kept back.
pub(super) fn flush(process: &mut Process, file: Pointer) -> Tried<()> {
    let Some(stream) = get(process, file) else { return nothing(process, file) };
    let descriptor = stream.descriptor;
    let bytes = std::mem::take(&mut stream.behind);
    if !bytes.is_empty()
        && let Err(error) = descriptor::write(process, descriptor, &bytes)?
    {
        return broken(process, file, error);
    }
    Ok(Ok(()))
}

/// Has the descriptor be where the stream is: what was read ahead is forgotten.
fn settle(process: &mut Process, file: Pointer) -> Tried<()> {
    if let Err(error) = flush(process, file)? {
        return Ok(Err(error));
    }
    let Some(stream) = get(process, file) else { return nothing(process, file) };
    let left = stream.ahead.len() - stream.taken;
    let (descriptor, back) = (stream.descriptor, stream.back.len());
    stream.ahead.clear();
    stream.back.clear();
    stream.taken = 0;
    let by = -i64::try_from(left + back).unwrap_or(0);
    if by != 0 {
        let _ = descriptor::seek(process, descriptor, by, 1)?;
    }
    Ok(Ok(()))
}

/// Reads at most `count` bytes, line ends translated in text.
pub(super) fn read(process: &mut Process, file: Pointer, count: usize) -> Tried<Vec<u8>> {
    let Some(stream) = get(process, file) else { return nothing(process, file) };
    let descriptor = stream.descriptor;
    if stream.flags & (IOREAD | IORW) == 0 {
        return broken(process, file, EBADF);
    }
    if !stream.behind.is_empty()
        && let Err(error) = flush(process, file)?
    {
        return Ok(Err(error));
    }
    let text = is_text(process, descriptor);
    let mut bytes = Vec::new();
    while bytes.len() < count {
        let Some(stream) = get(process, file) else { return nothing(process, file) };
        if let Some(byte) = stream.back.pop() {
            bytes.push(byte);
            continue;
        }
        let ready = &stream.ahead[stream.taken..];
        // A return at the buffer's end is looked at together with what comes behind it.
        if ready.is_empty() || (text && ready == b"\r") {
            let kept = ready.to_vec();
            match fill(process, file, kept, count - bytes.len())? {
                Ok(true) => continue,
                Ok(false) if get(process, file).is_some_and(|stream| stream.taken < stream.ahead.len()) => {}
                Ok(false) => {
                    flag(process, file, IOEOF, true)?;
                    break;
                }
                Err(error) => return broken(process, file, error),
            }
        }
        let Some(stream) = get(process, file) else { return nothing(process, file) };
        let ready = &stream.ahead[stream.taken..];
        if !text {
            let len = ready.len().min(count - bytes.len());
            bytes.extend_from_slice(&ready[..len]);
            stream.taken += len;
            continue;
        }
        match ready {
            [b'\r', b'\n', ..] => stream.taken += 1,
            // Ctrl+Z is the end of a text.
            [0x1a, ..] => {
                flag(process, file, IOEOF, true)?;
                break;
            }
            [byte, ..] => {
                bytes.push(*byte);
                stream.taken += 1;
            }
            [] => break,
        }
    }
    Ok(Ok(bytes))
}

/// Reads on behind what is kept; answers whether there was more.
fn fill(process: &mut Process, file: Pointer, kept: Vec<u8>, wanted: usize) -> Tried<bool> {
    /// The most that is read at a time for a long read.
    const LONGEST: usize = 1 << 16;
    let Some(stream) = get(process, file) else { return nothing(process, file) };
    let number = stream.descriptor;
    if !matches!(process.crt.descriptors.get(number), Some(Descriptor { file: File::Disk { .. }, .. })) {
        return Ok(Ok(false));
    }
    let more = match descriptor::read(process, number, wanted.clamp(BUFFER, LONGEST))? {
        Ok(more) => more,
        Err(error) => return Ok(Err(error)),
    };
    let any = !more.is_empty();
    if let Some(stream) = get(process, file) {
        stream.ahead = kept;
        stream.ahead.extend(more);
        stream.taken = 0;
    }
    Ok(Ok(any))
}

/// Writes bytes, line ends translated in text.
pub(super) fn write(process: &mut Process, file: Pointer, bytes: &[u8]) -> Tried<()> {
    let Some(stream) = get(process, file) else { return nothing(process, file) };
    let number = stream.descriptor;
    if stream.flags & (IOWRT | IORW) == 0 {
        return broken(process, file, EBADF);
    }
    if !stream.ahead.is_empty() || !stream.back.is_empty() {
        let settled = settle(process, file)?;
        if settled.is_err() {
            return Ok(settled);
        }
    }
    match process.crt.descriptors.get(number) {
        // People get lines, which are translated by nobody.
        Some(Descriptor { file: File::Output, .. }) => return descriptor::write(process, number, bytes),
        Some(_) => {}
        None => return broken(process, file, EBADF),
    }
    let text = is_text(process, number);
    let Some(stream) = get(process, file) else { return nothing(process, file) };
    for &byte in bytes {
        if text && byte == b'\n' {
            stream.behind.push(b'\r');
        }
        stream.behind.push(byte);
    }
    if stream.unbuffered || stream.behind.len() >= BUFFER { flush(process, file) } else { Ok(Ok(())) }
}

/// Puts a byte back; false when there is no room, or nothing can be read.
pub(super) fn put_back(process: &mut Process, file: Pointer, byte: u8) -> Result<bool, Stop> {
    let Some(stream) = get(process, file) else { return nothing::<()>(process, file).map(|_| false) };
    if stream.back.len() >= MOST_BACK || stream.flags & (IOREAD | IORW) == 0 {
        return Ok(false);
    }
    stream.back.push(byte);
    flag(process, file, IOEOF, false)?;
    Ok(true)
}

/// Puts bytes back that were read just now, in their order.
pub(super) fn put_all_back(process: &mut Process, file: Pointer, bytes: &[u8]) -> Result<(), Stop> {
    let Some(stream) = get(process, file).filter(|_| !bytes.is_empty()) else { return Ok(()) };
    stream.back.extend(bytes.iter().rev());
    flag(process, file, IOEOF, false)
}

/// Moves a stream.
pub(super) fn seek(process: &mut Process, file: Pointer, by: i64, origin: i32) -> Tried<()> {
    if !(0..=2).contains(&origin) {
        return invalid(process, EINVAL, Err(EINVAL));
    }
    let settled = settle(process, file)?;
    let Some(stream) = get(process, file) else { return nothing(process, file) };
    let descriptor = stream.descriptor;
    if settled.is_err() {
        return Ok(settled);
    }
    let moved = descriptor::seek(process, descriptor, by, origin)?;
    if moved.is_ok() {
        flag(process, file, IOEOF, false)?;
    }
    Ok(moved.map(|_| ()))
}

/// Where a stream is, in bytes of the file.
pub(super) fn tell(process: &mut Process, file: Pointer) -> Tried<u64> {
    let Some(stream) = get(process, file) else { return nothing(process, file) };
    let descriptor = stream.descriptor;
    let (unread, unwritten) = (stream.ahead.len() - stream.taken + stream.back.len(), stream.behind.len());
    let at = descriptor::seek(process, descriptor, 0, 1)?;
    Ok(at.map(|at| (at + unwritten as u64).saturating_sub(unread as u64)))
}

/// Whether what is written waits for more: `setvbuf`'s modes, but for the size, which makes no difference that could be seen.
pub(super) fn set_unbuffered(process: &mut Process, file: Pointer, unbuffered: bool) -> Tried<()> {
    let flushed = flush(process, file)?;
    if let Some(stream) = get(process, file) {
        stream.unbuffered = unbuffered;
    }
    Ok(flushed)
}

/// Closes a stream, and its descriptor.
pub(super) fn close(process: &mut Process, file: Pointer) -> Tried<()> {
    if get(process, file).is_none() {
        return nothing(process, file);
    }
    let flushed = flush(process, file)?;
    let Some(stream) = process.crt.streams.open.remove(&file.0) else { return nothing(process, file) };
    show(process, file)?;
    let closed = descriptor::close(process, stream.descriptor)?;
    Ok(flushed.and(closed))
}

/// A mode of `fopen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mode {
    pub read: bool,
    pub write: bool,
    /// The flags of `_open` that say the same.
    pub flags: u32,
}

impl Mode {
    /// Reads a mode: `r`, `w` or `a`, then `+`, `b`, `t` and what makes no difference here; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        use descriptor::{O_APPEND, O_BINARY, O_CREAT, O_RDWR, O_TEMPORARY, O_TEXT, O_TRUNC, O_WRONLY};
        let mut letters = text.chars().filter(|&c| c != ' ');
        let base = letters.next()?;
        let mut mode = match base {
            'r' => Self { read: true, write: false, flags: 0 },
            'w' => Self { read: false, write: true, flags: O_CREAT | O_TRUNC },
            'a' => Self { read: false, write: true, flags: O_CREAT | O_APPEND },
            _ => return None,
        };
        for letter in letters {
            match letter {
                '+' => (mode.read, mode.write) = (true, true),
                'b' => mode.flags |= O_BINARY,
                't' => mode.flags |= O_TEXT,
                'D' => mode.flags |= O_TEMPORARY,
                'c' | 'n' | 'N' | 'S' | 'R' | 'T' => {}
                // What follows names an encoding, which is not looked at.
                ',' => break,
                _ => return None,
            }
        }
        mode.flags |= match (mode.read, mode.write) {
            (true, true) => O_RDWR,
            (false, true) => O_WRONLY,
            _ => 0,
        };
        Some(mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_flags() {
        use descriptor::{O_APPEND, O_BINARY, O_CREAT, O_RDWR, O_TEXT, O_TRUNC, O_WRONLY};
        let flags = |text| Mode::parse(text).map(|mode| mode.flags);
        assert_eq!(flags("r"), Some(0));
        assert_eq!(flags("wb"), Some(O_CREAT | O_TRUNC | O_BINARY | O_WRONLY));
        assert_eq!(flags("r+t"), Some(O_TEXT | O_RDWR));
        assert_eq!(flags("a+"), Some(O_CREAT | O_APPEND | O_RDWR));
        assert_eq!(flags("rt, ccs=UTF-8"), Some(O_TEXT));
        for wrong in ["", "x", "r?", "+"] {
            assert_eq!(flags(wrong), None, "{wrong}");
        }
    }
}
