//! Streams that need no naming, and the forms of `stdio.h` that take no lock, which are the same here.

use guest::Stop;

use crate::abi::Pointer;
use crate::crt::invalid::invalid;
use crate::crt::{EINVAL, ERANGE, stdio, streams};
use crate::kernel32::codepage::Unit;
use crate::process::Process;

/// getwchar and `_fgetwchar`.
pub fn getwchar(process: &mut Process) -> Result<u32, Stop> {
    let input = stdio::file(process, 0);
    stdio::fgetwc(process, input)
}

/// putwchar and `_fputwchar`.
pub fn putwchar(process: &mut Process, character: u16) -> Result<u32, Stop> {
    let output = stdio::file(process, 1);
    stdio::fputwc(process, character, output)
}

/// _putws: a line.
pub fn _putws(process: &mut Process, text: Pointer) -> Result<i32, Stop> {
    let output = stdio::file(process, 1);
    let result = stdio::fputs::<u16>(process, text, output)?;
    stdio::put(process, b"\n");
    Ok(result)
}

/// fread_s: what does not fit into the buffer's `room` bytes is not read.
pub fn fread_s(
    process: &mut Process,
    to: Pointer,
    room: Pointer,
    size: Pointer,
    count: Pointer,
    file: Pointer,
) -> Result<Pointer, Stop> {
    let fits = size.0.checked_mul(count.0).is_some_and(|total| total <= room.0);
    if !fits && !to.is_null() {
        return invalid(process, ERANGE, Pointer(0));
    }
    stdio::fread(process, to, size, count, file)
}

/// freopen_s and _wfreopen_s: the answer is the `errno`.
pub fn freopen_s<U: Unit>(
    process: &mut Process,
    out: Pointer,
    name: Pointer,
    mode: Pointer,
    file: Pointer,
) -> Result<i32, Stop> {
    if out.is_null() || name.is_null() || mode.is_null() || file.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    let _ = streams::close(process, file)?;
    stdio::fopen_s::<U>(process, out, name, mode)
}

/// _lock_file and `_unlock_file`: a stream is used by one thread at a time in any case.
pub fn _lock_file(_: &mut Process, _file: Pointer) {}

/// _rmtmp: no temporary file was made.
pub fn _rmtmp(_: &mut Process) -> i32 {
    0
}

pub fn _getmaxstdio(_: &mut Process) -> u32 {
    u32::try_from(streams::MOST).unwrap_or(u32::MAX)
}

/// _setmaxstdio: the number, which stays as it is.
pub fn _setmaxstdio(process: &mut Process, number: i32) -> Result<i32, Stop> {
    if (20..=8192).contains(&number) { Ok(number) } else { invalid(process, EINVAL, -1) }
}

/// clearerr_s.
pub fn clearerr_s(process: &mut Process, file: Pointer) -> Result<i32, Stop> {
    if file.is_null() {
        return invalid(process, EINVAL, EINVAL);
    }
    streams::clear(process, file).map(|()| 0)
}

/// localeconv's kin `__lconv_init`: there is nothing to be set up.
pub fn __lconv_init(_: &mut Process) -> i32 {
    0
}

/// _strdate and `_strtime`: the day as `mm/dd/yy`, and the time as `hh:mm:ss`.
pub fn _strdate(process: &mut Process, out: Pointer) -> Result<Pointer, Stop> {
    written(process, out, b"%m/%d/%y\0")
}

pub fn _strtime(process: &mut Process, out: Pointer) -> Result<Pointer, Stop> {
    written(process, out, b"%H:%M:%S\0")
}

fn written(process: &mut Process, out: Pointer, format: &[u8]) -> Result<Pointer, Stop> {
    /// Eight characters and a zero.
    const ROOM: Pointer = Pointer(9);
    if out.is_null() {
        return invalid(process, EINVAL, Pointer::NULL);
    }
    // Time and format lie in the buffer that `strerror` answers, which its next call overwrites in any case.
    let own = process.crt.message;
    super::time::_time64(process, own)?;
    let date = super::calendar::_gmtime64(process, own)?;
    process.machine.memory.write(own.0, format)?;
    super::strftime::strftime::<u8>(process, out, ROOM, own, date)?;
    Ok(out)
}
