//! What there is to play on, and what it can do.

#![allow(non_snake_case, reason = "Win32's own names")]

use crate::winmm::results::{
    MMSYSERR_BADDEVICEID, MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM, MMSYSERR_NOERROR, MMSYSERR_NOTSUPPORTED,
};
use guest::Stop;

use super::sink;
use crate::abi::{Handle, MmResult, Pointer};
use crate::kernel32::codepage::Unit;
use crate::kernel32::record::Record;
use crate::process::Process;
use crate::winmm::put_cut;

/// WAVE_MAPPER, and MIDI_MAPPER and AUX_MAPPER alike.
pub(crate) const MAPPER: u32 = u32::MAX;
/// The same in the 16 bits that it once had, as which drivers still keep it (Wine's mciwave.dll).
pub(crate) const SHORT_MAPPER: u32 = 0xFFFF;

/// The device's name.
const NAME: &str = "drvhost sound output";
/// Units of a device's name in the structures that have one (MAXPNAMELEN).
const NAME_LEN: usize = 32;
/// All formats that have a bit in dwFormats: 11.025 to 96 kHz, mono and stereo, 8 and 16 bits.
const FORMATS: u32 = 0xF_FFFF;
/// WAVECAPS_VOLUME, WAVECAPS_LRVOLUME, WAVECAPS_SAMPLEACCURATE.
const SUPPORT: u32 = 0x2C;
/// Messages that waveOutMessage answers itself: whether the mapper may use the device, and which device it prefers.
const DRV_QUERYMAPPABLE: u32 = 0x805;
const DRVM_MAPPER_PREFERRED_GET: u32 = 0x2015;

/// Whether there is a device with this number, the mapper's or an open stream's handle.
pub(super) fn is_device(process: &mut Process, id: u32) -> Result<bool, Stop> {
    if process.winmm.waves.get(Handle(id.into())).is_some() {
        return Ok(true);
    }
    Ok(matches!(id, 0 | MAPPER | SHORT_MAPPER) && sink::device(process)?.there)
}

/// The same of a number where functions take a handle as well.
pub(super) fn named(process: &mut Process, device: Handle) -> Result<bool, Stop> {
    // The mapper's number has 32 bits, and comes with its sign or without.
    let id = if device == Handle::INVALID { MAPPER } else { u32::try_from(device.0).unwrap_or(1) };
    is_device(process, id)
}

/// waveOutGetNumDevs: one, unless the host is to have none.
pub fn waveOutGetNumDevs(process: &mut Process) -> Result<u32, Stop> {
    sink::device(process).map(|device| device.there.into())
}

/// waveOutGetDevCaps: as much of the structure as there is room for.
pub fn waveOutGetDevCaps<U: Unit>(
    process: &mut Process,
    device: Handle,
    out: Pointer,
    size: u32,
) -> Result<MmResult, Stop> {
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    if !named(process, device)? {
        return Ok(MMSYSERR_BADDEVICEID);
    }
    let mut name = U::encode(NAME);
    name.resize(NAME_LEN, U::ZERO);
    // wMid and wPid of nobody, version 1.0, the name; then formats, channels and what else it can do.
    let caps = Record::new(process.machine.mode()).u16(0xFFFF).u16(0xFFFF).u32(0x100);
    let caps = caps.bytes(&U::to_bytes(&name)).u32(FORMATS).u16(2).u16(0).u32(SUPPORT).finish();
    put_cut(process, out, size, &caps)?;
    Ok(MMSYSERR_NOERROR)
}

/// waveOutMessage: MMSYSERR_NOTSUPPORTED for messages that the device does not know, as a driver answers.
pub fn waveOutMessage(
    process: &mut Process,
    device: Handle,
    message: u32,
    param1: Pointer,
    param2: Pointer,
) -> Result<MmResult, Stop> {
    if !named(process, device)? && process.winmm.waves.get(device).is_none() {
        return Ok(MMSYSERR_INVALHANDLE);
    }
    match message {
        DRV_QUERYMAPPABLE => Ok(MMSYSERR_NOERROR),
        DRVM_MAPPER_PREFERRED_GET if param1.is_null() || param2.is_null() => Ok(MMSYSERR_INVALPARAM),
        DRVM_MAPPER_PREFERRED_GET => {
            // The device's number and flags, of which there are none.
            process.machine.memory.write(param1.0, &0_u32.to_le_bytes())?;
            process.machine.memory.write(param2.0, &0_u32.to_le_bytes())?;
            Ok(MMSYSERR_NOERROR)
        }
        _ => Ok(MMSYSERR_NOTSUPPORTED),
    }
}
