//! The functions of wave output devices (MS Learn: "Waveform Functions").

#![allow(non_snake_case, reason = "Win32's own names")]

use crate::winmm::results::{
    MMSYSERR_ALLOCATED, MMSYSERR_BADDEVICEID, MMSYSERR_INVALFLAG, MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM,
    MMSYSERR_NOERROR, MMSYSERR_NOMEM, MMSYSERR_NOTSUPPORTED, WAVERR_BADFORMAT, WAVERR_STILLPLAYING,
    WAVERR_UNPREPARED,
};
use guest::Stop;
use mmsystem::devices::{WOM_CLOSE, WOM_OPEN};

use super::caps::{is_device, named};
use super::format::Format;
use super::header::{Header, WHDR_DONE, WHDR_INQUEUE, WHDR_PREPARED};
use super::stream::{Pace, Stream};
use super::{advance, fetch, give_back, settle, sink};
use crate::abi::{Handle, MmResult, Pointer};
use crate::process::Process;
use crate::winmm::callback::Callback;
use crate::winmm::{MMTIME_SIZE, TIME_BYTES, TIME_MS, TIME_SAMPLES, device, low, put_time};

/// Flags of waveOutOpen.
const WAVE_FORMAT_QUERY: u32 = 1;
/// WAVE_ALLOWSYNC, WAVE_MAPPED, WAVE_FORMAT_DIRECT and WAVE_MAPPED_DEFAULT_COMMUNICATION_DEVICE, all of which one device that converts nothing meets.
const WAVE_NO_MATTER: u32 = 0x1E;
const CALLBACK_TYPEMASK: u32 = 7 << 16;

/// waveOutOpen. The mapper is the device: nothing is converted, so WAVE_FORMAT_DIRECT changes nothing either.
pub fn waveOutOpen(
    process: &mut Process,
    out: Pointer,
    id: u32,
    format: Pointer,
    target: Pointer,
    user: Pointer,
    flags: u32,
) -> Result<MmResult, Stop> {
    let query = flags & WAVE_FORMAT_QUERY != 0;
    if format.is_null() || (out.is_null() && !query) {
        return Ok(MMSYSERR_INVALPARAM);
    }
    if !is_device(process, id)? {
        return Ok(MMSYSERR_BADDEVICEID);
    }
    if flags & !(WAVE_FORMAT_QUERY | WAVE_NO_MATTER | CALLBACK_TYPEMASK) != 0 {
        return Ok(MMSYSERR_INVALFLAG);
    }
    let Some(format) = Format::read(&process.machine, format)? else { return Ok(WAVERR_BADFORMAT) };
    if query {
        return Ok(MMSYSERR_NOERROR);
    }
    let Some(callback) = Callback::of_open(process, target, user, flags) else {
        return Ok(MMSYSERR_INVALPARAM);
    };
    let sink = match sink::open(process, format)? {
        Ok(sink) => sink,
        Err(code) => return Ok(MmResult(code)),
    };
    let Some(handle) = process.winmm.waves.next_handle() else {
        sink::close(process, sink)?;
        return Ok(MMSYSERR_ALLOCATED);
    };
    // It must be known before the thread looks whether there is anything that it is needed for.
    process.winmm.waves.streams.push(Stream::new(handle, format, callback, sink));
    let told = process.machine.put_pointer(out.0, handle.0);
    if told.is_err() || !device::wake(process) {
        process.winmm.waves.streams.retain(|stream| stream.handle != handle);
        sink::close(process, sink)?;
        return told.map(|()| MMSYSERR_ALLOCATED).map_err(Stop::from);
    }
    callback.tell(process, handle, WOM_OPEN, Pointer::NULL)?;
    Ok(MMSYSERR_NOERROR)
}

/// waveOutClose: WAVERR_STILLPLAYING while buffers are not given back.
pub fn waveOutClose(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    settle(process, handle)?;
    let streams = &mut process.winmm.waves.streams;
    let Some(index) = streams.iter().position(|stream| stream.handle == handle) else {
        return Ok(MMSYSERR_INVALHANDLE);
    };
    if streams[index].has_buffers() {
        return Ok(WAVERR_STILLPLAYING);
    }
    sink::hand_over(process, handle)?;
    let Stream { sink, callback, .. } = process.winmm.waves.streams.remove(index);
    // The device thread may have nothing left to stay for.
    device::wake(process);
    sink::close(process, sink)?;
    callback.tell(process, handle, WOM_CLOSE, Pointer::NULL)?;
    Ok(MMSYSERR_NOERROR)
}

/// What a function that is given a header does with it; the error of those that cannot.
fn header(process: &mut Process, handle: Handle, at: Pointer, size: u32) -> Result<Header, MmResult> {
    if process.winmm.waves.get(handle).is_none() {
        return Err(MMSYSERR_INVALHANDLE);
    }
    Header::new(process.machine.mode(), at, size).ok_or(MMSYSERR_INVALPARAM)
}

/// waveOutPrepareHeader: only marks it. There is no memory to be locked.
pub fn waveOutPrepareHeader(
    process: &mut Process,
    handle: Handle,
    at: Pointer,
    size: u32,
) -> Result<MmResult, Stop> {
    mark(process, handle, at, size, |flags| flags & !WHDR_DONE | WHDR_PREPARED)
}

/// waveOutUnprepareHeader: WAVERR_STILLPLAYING for one that is not given back, and nothing happens to one that is not prepared.
pub fn waveOutUnprepareHeader(
    process: &mut Process,
    handle: Handle,
    at: Pointer,
    size: u32,
) -> Result<MmResult, Stop> {
    mark(process, handle, at, size, |flags| flags & !WHDR_PREPARED)
}

fn mark(
    process: &mut Process,
    handle: Handle,
    at: Pointer,
    size: u32,
    change: impl FnOnce(u32) -> u32,
) -> Result<MmResult, Stop> {
    let header = match header(process, handle, at, size) {
        Ok(header) => header,
        Err(code) => return Ok(code),
    };
    let flags = header.flags(&process.machine)?;
    if flags & WHDR_INQUEUE != 0 {
        return Ok(WAVERR_STILLPLAYING);
    }
    header.set_flags(&process.machine, change(flags))?;
    Ok(MMSYSERR_NOERROR)
}

/// waveOutWrite: takes a buffer (C131, C132).
pub fn waveOutWrite(process: &mut Process, handle: Handle, at: Pointer, size: u32) -> Result<MmResult, Stop> {
    let header = match header(process, handle, at, size) {
        Ok(header) => header,
        Err(code) => return Ok(code),
    };
    let flags = header.flags(&process.machine)?;
    if flags & WHDR_PREPARED == 0 {
        return Ok(WAVERR_UNPREPARED);
    }
    if flags & WHDR_INQUEUE != 0 {
        return Ok(WAVERR_STILLPLAYING);
    }
    let buffer = header.buffer(&process.machine)?;
    if buffer.data.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    header.set_flags(&process.machine, flags & !WHDR_DONE | WHDR_INQUEUE)?;
    let (now, pace) = (process.now(), process.winmm.waves.pace());
    let taken = process.winmm.waves.get(handle).is_some_and(|stream| {
        let taken = stream.queue.push(buffer);
        stream.start(now, pace);
        taken
    });
    if !taken {
        header.set_flags(&process.machine, flags)?;
        return Ok(MMSYSERR_NOMEM);
    }
    device::wake(process);
    Ok(MMSYSERR_NOERROR)
}

/// Does something to a stream that has no samples on their way; MMSYSERR_INVALHANDLE for none.
fn with<T>(
    process: &mut Process,
    handle: Handle,
    work: impl FnOnce(&mut Stream, std::time::Duration, Pace) -> T,
) -> Result<Result<T, MmResult>, Stop> {
    settle(process, handle)?;
    let (now, waves) = (process.now(), &mut process.winmm.waves);
    let pace = waves.pace();
    Ok(waves.get(handle).map(|stream| work(stream, now, pace)).ok_or(MMSYSERR_INVALHANDLE))
}

fn code<T>(done: Result<T, MmResult>) -> MmResult {
    done.err().unwrap_or(MMSYSERR_NOERROR)
}

/// waveOutPause; nothing happens to one that is paused.
pub fn waveOutPause(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    if process.winmm.waves.pace() == Pace::Exact {
        // What has been played until now is where it was played.
        advance(process, handle)?;
    }
    with(process, handle, Stream::pause).map(code)
}

/// waveOutRestart; nothing happens to one that is not paused.
pub fn waveOutRestart(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    let done = with(process, handle, Stream::restart)?;
    device::wake(process);
    Ok(code(done))
}

/// waveOutReset: gives all buffers back, what is not played of them is lost, and the position is 0 again.
pub fn waveOutReset(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    if process.winmm.waves.pace() != Pace::Fast {
        // What has been played until now goes where it should.
        settle(process, handle)?;
        advance(process, handle)?;
    }
    let given = with(process, handle, |stream, _, _| {
        stream.rewind();
        stream.queue.clear()
    })?;
    match given {
        Ok(headers) => give_back(process, handle, headers).map(|()| MMSYSERR_NOERROR),
        Err(code) => Ok(code),
    }
}

/// waveOutBreakLoop: the loop that plays ends with this time; nothing happens where none does.
pub fn waveOutBreakLoop(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    match with(process, handle, |stream, _, _| stream.queue.break_loop())? {
        Ok(headers) => give_back(process, handle, headers).map(|()| MMSYSERR_NOERROR),
        Err(code) => Ok(code),
    }
}

/// waveOutGetPosition: in bytes, samples or milliseconds; in bytes where another unit is asked for. What lies before it has left the client's buffer.
pub fn waveOutGetPosition(
    process: &mut Process,
    handle: Handle,
    out: Pointer,
    size: u32,
) -> Result<MmResult, Stop> {
    process.look_at_clock()?;
    if process.winmm.waves.pace() != Pace::Fast {
        fetch(process, handle)?;
    }
    let (now, waves) = (process.now(), &mut process.winmm.waves);
    let pace = waves.pace();
    let Some(stream) = waves.get(handle) else { return Ok(MMSYSERR_INVALHANDLE) };
    let (bytes, format) = (stream.position(now, pace), stream.format);
    if out.is_null() || u64::from(size) < MMTIME_SIZE {
        return Ok(MMSYSERR_INVALPARAM);
    }
    let samples = bytes / format.block();
    let asked = process.machine.memory.array(out.0).map(u32::from_le_bytes)?;
    let (unit, value) = match asked {
        TIME_SAMPLES => (TIME_SAMPLES, samples),
        TIME_MS => (TIME_MS, samples.saturating_mul(1000) / u64::from(format.0.samples_per_sec)),
        _ => (TIME_BYTES, bytes),
    };
    // It wraps, as its fields have 32 bits.
    put_time(process, out, unit, low(value))?;
    Ok(MMSYSERR_NOERROR)
}

/// waveOutGetVolume, of an open stream, or of the device, whose volume is full.
pub fn waveOutGetVolume(process: &mut Process, device: Handle, out: Pointer) -> Result<MmResult, Stop> {
    let own = process.winmm.waves.get(device).map(|stream| stream.volume);
    if own.is_none() && !named(process, device)? {
        return Ok(MMSYSERR_INVALHANDLE);
    }
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    process.machine.memory.write(out.0, &own.unwrap_or(u32::MAX).to_le_bytes())?;
    Ok(MMSYSERR_NOERROR)
}

/// waveOutSetVolume. Samples that are played from now on are as loud as it says; full volume leaves them exactly as they were written. Of the device,
/// all streams' volume is set.
pub fn waveOutSetVolume(process: &mut Process, device: Handle, volume: u32) -> Result<MmResult, Stop> {
    if let Some(stream) = process.winmm.waves.get(device) {
        stream.volume = volume;
        return Ok(MMSYSERR_NOERROR);
    }
    if !named(process, device)? {
        return Ok(MMSYSERR_INVALHANDLE);
    }
    process.winmm.waves.streams.iter_mut().for_each(|stream| stream.volume = volume);
    Ok(MMSYSERR_NOERROR)
}

/// waveOutGetPitch, waveOutSetPitch, waveOutGetPlaybackRate, waveOutSetPlaybackRate: the device plays at one speed.
pub fn waveOutGetPitch(process: &mut Process, handle: Handle, _: Pointer) -> MmResult {
    if process.winmm.waves.get(handle).is_some() { MMSYSERR_NOTSUPPORTED } else { MMSYSERR_INVALHANDLE }
}

/// waveOutGetID: there is one device, and its number is 0.
pub fn waveOutGetID(process: &mut Process, handle: Handle, out: Pointer) -> Result<MmResult, Stop> {
    if process.winmm.waves.get(handle).is_none() {
        return Ok(MMSYSERR_INVALHANDLE);
    }
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    process.machine.memory.write(out.0, &0_u32.to_le_bytes())?;
    Ok(MMSYSERR_NOERROR)
}
