//! Where samples go: to the host, as far as it wants them.

use guest::Stop;
use wire::{Heard, Served, SoundDevice, ToHost, Want, WaveCall};

use super::format::Format;
use super::stream::Pace;
use crate::abi::{Handle, Pointer};
use crate::process::Process;
use crate::serve::lost;
use crate::text::caught;

/// The most bytes that are sent at once, which a message has room for.
pub(super) const LONGEST: u64 = 8 << 10;

/// The host's device, as it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Device {
    /// Whether there is one.
    pub there: bool,
    /// How fast it plays.
    pub pace: Pace,
    /// Whether it wants to have the samples.
    keeps: bool,
}

impl From<SoundDevice> for Device {
    fn from(device: SoundDevice) -> Self {
        let (there, keeps) = (device.there, device.keeps);
        Self { there, pace: if device.fast { Pace::Fast } else { Pace::Real }, keeps }
    }
}

/// The device, which stays as it is for as long as the process lives.
pub(super) fn device(process: &mut Process) -> Result<Device, Stop> {
    if let Some(device) = process.winmm.waves.device {
        return Ok(device);
    }
    let device = match ask(process, WaveCall::Device)? {
        Served::Sound(device) => device.into(),
        _ => Device { there: false, pace: Pace::Real, keeps: false },
    };
    // By that clock nothing waits anyway.
    let device = Device { pace: if process.clock.is_own() { Pace::Exact } else { device.pace }, ..device };
    process.winmm.waves.device = Some(device);
    Ok(device)
}

/// Opens a stream: what the host calls it, if it keeps its samples.
///
/// # Errors
/// The inner one is the code of waveOutOpen's.
pub(super) fn open(process: &mut Process, format: Format) -> Result<Result<Option<u32>, u32>, Stop> {
    if device(process)?.pace == Pace::Exact {
        process.winmm.waves.told += 1;
        let stream = process.winmm.waves.told;
        tell(process, Heard::Opened { stream, format: format.0 })?;
        return Ok(Ok(Some(stream)));
    }
    if !device(process)?.keeps {
        return Ok(Ok(None));
    }
    Ok(match ask(process, WaveCall::Open { format: format.0 })? {
        Served::Number(stream) => Ok(u32::try_from(stream).ok()),
        Served::Failed(code) => Err(code),
        _ => Ok(None),
    })
}

/// Sends samples on their way: those in guest memory from an address on.
pub(super) fn deliver(process: &mut Process, handle: Handle, at: Pointer, len: u64) -> Result<(), Stop> {
    let Some(stream) = process.winmm.waves.get(handle) else { return Ok(()) };
    let (format, volume, played) = (stream.format, stream.volume, stream.played());
    let Some(sink) = stream.sink.filter(|_| len > 0) else { return Ok(()) };
    let mut bytes = format.silence(usize::try_from(len).unwrap_or(0));
    // A client that has given its memory back is not heard.
    caught(process.machine.memory.read(at.0, &mut bytes).map_err(Stop::from))?;
    format.scale(&mut bytes, played, volume);
    if process.clock.is_own() {
        return keep(process, handle, &bytes);
    }
    if ask(process, WaveCall::Write { stream: sink, bytes })? == Served::Done {
        return Ok(());
    }
    // The disk is full, or it has been too much. The client cannot tell, as it could not if a loudspeaker broke.
    if let Some(stream) = process.winmm.waves.get(handle) {
        stream.sink = None;
    }
    process.say(b"what the driver plays from here on is not kept");
    Ok(())
}

/// Keeps samples that are played now, where the clock is the process's own, until there are as many as are sent at once.
fn keep(process: &mut Process, handle: Handle, bytes: &[u8]) -> Result<(), Stop> {
    let Some(stream) = process.winmm.waves.get(handle) else { return Ok(()) };
    let (_, at) = stream.line.end();
    let room = (LONGEST as usize).saturating_sub(stream.kept.len());
    if bytes.len() > room || stream.kept_at.saturating_add(stream.kept.len() as u64) != at {
        hand_over(process, handle)?;
    }
    let Some(stream) = process.winmm.waves.get(handle) else { return Ok(()) };
    if stream.kept.is_empty() {
        stream.kept_at = at;
    }
    stream.kept.extend_from_slice(bytes);
    Ok(())
}

/// Sends the samples that are kept on their way.
pub(super) fn hand_over(process: &mut Process, handle: Handle) -> Result<(), Stop> {
    let Some(stream) = process.winmm.waves.get(handle).filter(|stream| !stream.kept.is_empty()) else {
        return Ok(());
    };
    let (begin, _) = stream.line.end();
    let begin = u64::try_from(begin.as_nanos()).unwrap_or(u64::MAX);
    let (bytes, at) = (std::mem::take(&mut stream.kept), stream.kept_at);
    let Some(stream) = stream.sink else { return Ok(()) };
    tell(process, Heard::Played { stream, begin, at, bytes })
}

/// Closes a stream at the host.
pub(super) fn close(process: &mut Process, sink: Option<u32>) -> Result<(), Stop> {
    match sink {
        Some(stream) if process.clock.is_own() => tell(process, Heard::Closed { stream }),
        Some(stream) => ask(process, WaveCall::Close { stream }).map(|_| ()),
        None => Ok(()),
    }
}

/// Tells the host of sound without waiting for an answer. Time goes on only while the host listens, whichever thread this is.
fn tell(process: &mut Process, heard: Heard) -> Result<(), Stop> {
    process.link.say(&ToHost::Heard(heard.into())).map_err(lost)
}

fn ask(process: &mut Process, call: WaveCall) -> Result<Served, Stop> {
    process.want(Want::Wave(call))
}
