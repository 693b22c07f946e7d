//! Where samples go: to the host, as far as it wants them.

use guest::Stop;
use wire::{Served, SoundDevice, Want, WaveCall};

use super::format::Format;
use super::stream::Pace;
use crate::abi::{Handle, Pointer};
use crate::process::Process;
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
    process.winmm.waves.device = Some(device);
    Ok(device)
}

/// Opens a stream: what the host calls it, if it keeps its samples.
///
/// # Errors
/// The inner one is the code of waveOutOpen's.
pub(super) fn open(process: &mut Process, format: Format) -> Result<Result<Option<u32>, u32>, Stop> {
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

/// Closes a stream at the host.
pub(super) fn close(process: &mut Process, sink: Option<u32>) -> Result<(), Stop> {
    match sink {
        Some(stream) => ask(process, WaveCall::Close { stream }).map(|_| ()),
        None => Ok(()),
    }
}

fn ask(process: &mut Process, call: WaveCall) -> Result<Served, Stop> {
    process.want(Want::Wave(call))
}
