//! What functions of devices answer that do not exist here: MIDI input, wave input, auxiliary devices, mixers, each as on a computer without the hardware. No number is
//! a device's and no handle is one's, which each function says as it is documented to.

#![allow(non_snake_case, reason = "Win32's own names")]

use crate::winmm::results::{
    MMSYSERR_BADDEVICEID, MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM, MMSYSERR_NODRIVER,
};
use guest::Stop;

use crate::abi::{Handle, MmResult, Pointer};
use crate::process::Process;

/// MIXER_OBJECTF_HANDLE: what names a mixer is a handle.
const MIXER_OBJECTF_HANDLE: u32 = 1 << 31;

/// The functions that count devices.
pub fn count(_: &mut Process) -> u32 {
    0
}

/// Functions of a handle alone.
pub fn of_handle(_: &mut Process, _handle: Handle) -> MmResult {
    MMSYSERR_INVALHANDLE
}

/// Functions of a handle and something.
pub fn of_handle_2(_: &mut Process, _handle: Handle, _: Pointer) -> MmResult {
    MMSYSERR_INVALHANDLE
}

/// Functions of a handle and two things, such as a buffer's header and its size.
pub fn of_handle_3(_: &mut Process, _handle: Handle, _: Pointer, _: Pointer) -> MmResult {
    MMSYSERR_INVALHANDLE
}

/// Functions of a handle and three things.
pub fn of_handle_4(_: &mut Process, _handle: Handle, _: Pointer, _: Pointer, _: Pointer) -> MmResult {
    MMSYSERR_INVALHANDLE
}

/// The functions that tell what a device can do.
pub fn caps(_: &mut Process, _device: Pointer, out: Pointer, _size: u32) -> MmResult {
    if out.is_null() { MMSYSERR_INVALPARAM } else { MMSYSERR_BADDEVICEID }
}

/// midiInOpen, which has no mapper, and mixerOpen.
pub fn open(
    _: &mut Process,
    out: Pointer,
    _id: u32,
    _target: Pointer,
    _user: Pointer,
    _flags: u32,
) -> MmResult {
    if out.is_null() { MMSYSERR_INVALPARAM } else { MMSYSERR_BADDEVICEID }
}

/// auxGetVolume and auxSetVolume.
pub fn of_aux(_: &mut Process, _id: u32, _: Pointer) -> MmResult {
    MMSYSERR_BADDEVICEID
}

/// auxOutMessage.
pub fn auxOutMessage(_: &mut Process, _id: u32, _message: u32, _: Pointer, _: Pointer) -> MmResult {
    MMSYSERR_BADDEVICEID
}

/// Functions of a mixer that its number may name as well as its handle.
pub fn of_mixer(_: &mut Process, _mixer: Handle, parameters: Pointer, flags: u32) -> MmResult {
    match flags & MIXER_OBJECTF_HANDLE {
        _ if parameters.is_null() => MMSYSERR_INVALPARAM,
        0 => MMSYSERR_BADDEVICEID,
        _ => MMSYSERR_INVALHANDLE,
    }
}

/// mixerGetID: no device has a mixer; the number is -1 then.
pub fn mixerGetID(
    process: &mut Process,
    _device: Handle,
    out: Pointer,
    _flags: u32,
) -> Result<MmResult, Stop> {
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    process.machine.memory.write(out.0, &u32::MAX.to_le_bytes())?;
    Ok(MMSYSERR_NODRIVER)
}
