//! Wave input devices, of which there are none: nothing can be recorded here. So no handle is one either.

#![allow(non_snake_case, reason = "Win32's own names")]

use crate::winmm::results::{MMSYSERR_BADDEVICEID, MMSYSERR_INVALPARAM};

use crate::abi::{MmResult, Pointer};
use crate::process::Process;

/// WAVE_FORMAT_QUERY, with which no handle is asked for.
const WAVE_FORMAT_QUERY: u32 = 1;

/// waveInOpen: there is no device with this number, the mapper's included.
pub fn waveInOpen(
    _: &mut Process,
    out: Pointer,
    _id: u32,
    format: Pointer,
    _target: Pointer,
    _user: Pointer,
    flags: u32,
) -> MmResult {
    if format.is_null() || (out.is_null() && flags & WAVE_FORMAT_QUERY == 0) {
        MMSYSERR_INVALPARAM
    } else {
        MMSYSERR_BADDEVICEID
    }
}
