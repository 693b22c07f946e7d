//! The functions of MIDI streams, for devices whose driver plays them itself (MIDICAPS_STREAM).

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use mmsystem::devices::{MODM_GETPOS, MODM_PAUSE, MODM_PROPERTIES, MODM_RESTART, MODM_STOP, MODM_STRMDATA};
use mmsystem::{MHDR_ISSTRM, MIDI_IO_COOKED};

use super::output::{give, midiOutClose, open, send};
use crate::abi::{Handle, MmResult, Pointer};
use crate::process::Process;
use crate::winmm::results::{MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM};

/// midiStreamOpen: the device's number lies in memory. Streams are not played here for drivers that do not play them: what such a driver answers to MODM_OPEN is the
/// answer, MMSYSERR_INVALFLAG or MMSYSERR_NOTSUPPORTED mostly.
pub fn midiStreamOpen(
    process: &mut Process,
    out: Pointer,
    device: Pointer,
    count: u32,
    target: Pointer,
    user: Pointer,
    flags: u32,
) -> Result<MmResult, Stop> {
    if out.is_null() || device.is_null() || count != 1 {
        return Ok(MMSYSERR_INVALPARAM);
    }
    let id = process.machine.memory.array(device.0).map(u32::from_le_bytes)?;
    open(process, out, id, target, user, flags | MIDI_IO_COOKED)
}

/// Whether a handle is that of a stream.
fn is_stream(process: &Process, handle: Handle) -> bool {
    process.winmm.midi.get(handle).is_some_and(|open| open.stream)
}

fn to_stream(
    process: &mut Process,
    handle: Handle,
    message: u32,
    param1: u64,
    param2: u64,
) -> Result<MmResult, Stop> {
    if is_stream(process, handle) {
        send(process, handle, message, param1, param2)
    } else {
        Ok(MMSYSERR_INVALHANDLE)
    }
}

/// midiStreamClose.
pub fn midiStreamClose(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    if is_stream(process, handle) { midiOutClose(process, handle) } else { Ok(MMSYSERR_INVALHANDLE) }
}

/// midiStreamOut: queues a buffer of events.
pub fn midiStreamOut(
    process: &mut Process,
    handle: Handle,
    at: Pointer,
    size: u32,
) -> Result<MmResult, Stop> {
    if !is_stream(process, handle) {
        return Ok(MMSYSERR_INVALHANDLE);
    }
    give(process, handle, at, size, MODM_STRMDATA, MHDR_ISSTRM)
}

/// midiStreamPause.
pub fn midiStreamPause(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    to_stream(process, handle, MODM_PAUSE, 0, 0)
}

/// midiStreamRestart.
pub fn midiStreamRestart(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    to_stream(process, handle, MODM_RESTART, 0, 0)
}

/// midiStreamStop.
pub fn midiStreamStop(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    to_stream(process, handle, MODM_STOP, 0, 0)
}

/// midiStreamPosition.
pub fn midiStreamPosition(
    process: &mut Process,
    handle: Handle,
    out: Pointer,
    size: u32,
) -> Result<MmResult, Stop> {
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    to_stream(process, handle, MODM_GETPOS, out.0, size.into())
}

/// midiStreamProperty.
pub fn midiStreamProperty(
    process: &mut Process,
    handle: Handle,
    property: Pointer,
    what: u32,
) -> Result<MmResult, Stop> {
    if property.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    to_stream(process, handle, MODM_PROPERTIES, property.0, what.into())
}
