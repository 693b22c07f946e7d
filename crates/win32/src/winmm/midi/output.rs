//! The functions of MIDI output devices (MS Learn: "MIDI Functions").

#![allow(non_snake_case, reason = "Win32's own names")]

use guest::Stop;
use mmsystem::devices::{
    MODM_CACHEDRUMPATCHES, MODM_CACHEPATCHES, MODM_CLOSE, MODM_DATA, MODM_GETVOLUME, MODM_LONGDATA,
    MODM_OPEN, MODM_PREPARE, MODM_RESET, MODM_SETVOLUME, MODM_UNPREPARE,
};
use mmsystem::{
    MHDR_DONE, MHDR_INQUEUE, MHDR_PREPARED, MIDI_IO_COOKED, MIDIHDR, MIDIOPENDESC, MMSYSERR_NOTSUPPORTED,
    Structure, Width,
};

use super::{Device, Open, call, caps, look};
use crate::abi::{Handle, MmResult, Pointer};
use crate::kernel32::codepage::Unit;
use crate::process::Process;
use crate::winmm::callback::{Callback, DCB_FUNCTION};
use crate::winmm::results::{
    MIDIERR_NODEVICE, MIDIERR_STILLPLAYING, MIDIERR_UNPREPARED, MMSYSERR_ALLOCATED, MMSYSERR_BADDEVICEID,
    MMSYSERR_INVALFLAG, MMSYSERR_INVALHANDLE, MMSYSERR_INVALPARAM, MMSYSERR_NOERROR, MMSYSERR_NOMEM,
};
use crate::winmm::wave::{MAPPER, SHORT_MAPPER};
use crate::winmm::{low, put_cut};

/// The bits of an open's flags that say how the client is told.
const CALLBACK_TYPEMASK: u32 = 7 << 16;
/// MIDI_IO_STATUS: a stream's device may say more than it must, which drivers do as they like.
const MIDI_IO_STATUS: u32 = 0x20;

/// How wide the guest's structures are.
pub(super) fn width(process: &Process) -> Width {
    match process.machine.mode().pointer_size() {
        4 => Width::Bits32,
        _ => Width::Bits64,
    }
}

/// The device with a number. The mapper is the first one.
///
/// # Errors
/// The inner one is the code for a number that is none's.
fn device(process: &mut Process, id: u32) -> Result<Result<(u32, Device), MmResult>, Stop> {
    look(process)?;
    let is_mapper = matches!(id, MAPPER | SHORT_MAPPER);
    let id = if is_mapper { 0 } else { id };
    let none = if is_mapper { MIDIERR_NODEVICE } else { MMSYSERR_BADDEVICEID };
    Ok(process.winmm.midi.device(id).map(|device| (id, device)).ok_or(none))
}

/// The same where functions take a handle as well; with the driver's value of the client, which is 0 for a number.
fn named(process: &mut Process, name: Handle) -> Result<Result<(Device, u64), MmResult>, Stop> {
    if let Some(open) = process.winmm.midi.get(name) {
        return Ok(Ok((open.device, open.user)));
    }
    // The mapper's number has 32 bits, and comes with its sign or without.
    let id = if name == Handle::INVALID { MAPPER } else { low(name.0) };
    Ok(device(process, id)?.map(|(_, device)| (device, 0)))
}

/// midiOutGetNumDevs: how many devices the drivers of `midi` to `midi9` have.
pub fn midiOutGetNumDevs(process: &mut Process) -> Result<u32, Stop> {
    look(process)?;
    Ok(process.winmm.midi.count())
}

/// midiOutGetDevCaps: as much of the structure as there is room for. A driver that knows one of its forms only is asked for that, and its answer converted.
pub fn midiOutGetDevCaps<U: Unit>(
    process: &mut Process,
    name: Handle,
    out: Pointer,
    size: u32,
) -> Result<MmResult, Stop> {
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    let device = match named(process, name)? {
        Ok((device, _)) => device,
        Err(_) => return Ok(MMSYSERR_BADDEVICEID),
    };
    match caps::ask(process, device)? {
        Ok(caps) => {
            put_cut(process, out, size, &caps::bytes::<U>(&caps))?;
            Ok(MMSYSERR_NOERROR)
        }
        Err(code) => Ok(code),
    }
}

/// midiOutOpen. The mapper is the first device; MIDIERR_NODEVICE where there is none.
pub fn midiOutOpen(
    process: &mut Process,
    out: Pointer,
    id: u32,
    target: Pointer,
    user: Pointer,
    flags: u32,
) -> Result<MmResult, Stop> {
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    if flags & !(CALLBACK_TYPEMASK | MIDI_IO_STATUS) != 0 {
        return Ok(MMSYSERR_INVALFLAG);
    }
    open(process, out, id, target, user, flags)
}

/// Opens a device or a stream.
pub(super) fn open(
    process: &mut Process,
    out: Pointer,
    id: u32,
    target: Pointer,
    user: Pointer,
    flags: u32,
) -> Result<MmResult, Stop> {
    let (id, device) = match device(process, id)? {
        Ok(device) => device,
        Err(code) => return Ok(code),
    };
    if Callback::of_open(process, target, user, flags).is_none() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    let Some(handle) = process.winmm.midi.next_handle() else { return Ok(MMSYSERR_ALLOCATED) };
    let width = width(process);
    let stream = flags & MIDI_IO_COOKED != 0;
    let description = MIDIOPENDESC {
        hMidi: handle.0,
        dwCallback: target.0,
        dwInstance: user.0,
        cIds: stream.into(),
        rgIds: [0, device.number],
        ..MIDIOPENDESC::default()
    };
    // The driver's value comes first, then what it is opened with.
    let mut bytes = vec![0; 8 + MIDIOPENDESC::size(width)];
    if description.encode(width, &mut bytes[8..]).is_err() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    let block = process.allocate(bytes.len() as u64, true);
    if block.is_null() {
        return Ok(MMSYSERR_NOMEM);
    }
    process.machine.memory.write(block.0, &bytes)?;
    let answer = call(process, device, MODM_OPEN, block.0, block.at(8).0, flags.into());
    if !matches!(answer, Ok(0)) {
        process.heap.release(&process.machine.memory, block.0);
        return answer.map(MmResult);
    }
    let function = (flags >> 16 & 7 == DCB_FUNCTION).then_some(target.0);
    let user = process.machine.pointer_at(block.0)?;
    process.winmm.midi.open.push(Open { handle, id, device, user, function, stream, block });
    process.machine.put_pointer(out.0, handle.0)?;
    Ok(MMSYSERR_NOERROR)
}

/// Sends a message to an open device.
pub(super) fn send(
    process: &mut Process,
    handle: Handle,
    message: u32,
    param1: u64,
    param2: u64,
) -> Result<MmResult, Stop> {
    match process.winmm.midi.get(handle) {
        Some(open) => call(process, open.device, message, open.user, param1, param2).map(MmResult),
        None => Ok(MMSYSERR_INVALHANDLE),
    }
}

/// midiOutClose, and midiStreamClose: MIDIERR_STILLPLAYING while the driver says so.
pub fn midiOutClose(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    let answer = send(process, handle, MODM_CLOSE, 0, 0)?;
    let open = &mut process.winmm.midi.open;
    if answer == MMSYSERR_NOERROR
        && let Some(index) = open.iter().position(|open| open.handle == handle)
    {
        let block = open.remove(index).block;
        process.heap.release(&process.machine.memory, block.0);
    }
    Ok(answer)
}

/// midiOutShortMsg.
pub fn midiOutShortMsg(process: &mut Process, handle: Handle, message: u32) -> Result<MmResult, Stop> {
    send(process, handle, MODM_DATA, message.into(), 0)
}

/// midiOutReset.
pub fn midiOutReset(process: &mut Process, handle: Handle) -> Result<MmResult, Stop> {
    send(process, handle, MODM_RESET, 0, 0)
}

/// A MIDIHDR in the guest's memory: where its flags lie.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header(Pointer);

impl Header {
    /// The one at an address; the code of the function that it was given to, if that can do nothing with it.
    pub fn of(process: &Process, handle: Handle, at: Pointer, size: u32) -> Result<Self, MmResult> {
        if process.winmm.midi.get(handle).is_none() {
            return Err(MMSYSERR_INVALHANDLE);
        }
        let width = width(process);
        // Clients of Windows 3.1's form have nothing behind `reserved`.
        let place =
            |name| MIDIHDR::fields(width).find(|field| field.name == name).map_or(0, |field| field.offset);
        if at.is_null() || (size as usize) < place("dwOffset") {
            return Err(MMSYSERR_INVALPARAM);
        }
        Ok(Self(at.at(place("dwFlags") as u64)))
    }

    pub fn flags(self, process: &Process) -> Result<u32, Stop> {
        Ok(process.machine.memory.array(self.0.0).map(u32::from_le_bytes)?)
    }

    pub fn set_flags(self, process: &Process, flags: u32) -> Result<(), Stop> {
        Ok(process.machine.memory.write(self.0.0, &flags.to_le_bytes())?)
    }
}

/// midiOutPrepareHeader. Where the driver does not prepare buffers, it is marked here.
pub fn midiOutPrepareHeader(
    process: &mut Process,
    handle: Handle,
    at: Pointer,
    size: u32,
) -> Result<MmResult, Stop> {
    mark(process, handle, at, size, MODM_PREPARE)
}

/// midiOutUnprepareHeader: MIDIERR_STILLPLAYING for one that is not given back, and nothing happens to one that is not prepared.
pub fn midiOutUnprepareHeader(
    process: &mut Process,
    handle: Handle,
    at: Pointer,
    size: u32,
) -> Result<MmResult, Stop> {
    mark(process, handle, at, size, MODM_UNPREPARE)
}

fn mark(
    process: &mut Process,
    handle: Handle,
    at: Pointer,
    size: u32,
    message: u32,
) -> Result<MmResult, Stop> {
    let header = match Header::of(process, handle, at, size) {
        Ok(header) => header,
        Err(code) => return Ok(code),
    };
    let flags = header.flags(process)?;
    if flags & MHDR_INQUEUE != 0 {
        return Ok(MIDIERR_STILLPLAYING);
    }
    let prepare = message == MODM_PREPARE;
    if (flags & MHDR_PREPARED != 0) == prepare {
        return Ok(MMSYSERR_NOERROR);
    }
    let answer = send(process, handle, message, at.0, size.into())?;
    if answer != MMSYSERR_NOERROR && answer != MmResult(MMSYSERR_NOTSUPPORTED) {
        return Ok(answer);
    }
    let flags = header.flags(process)?;
    let marked = if prepare { flags & !MHDR_DONE | MHDR_PREPARED } else { flags & !MHDR_PREPARED };
    header.set_flags(process, marked)?;
    Ok(MMSYSERR_NOERROR)
}

/// midiOutLongMsg (C131, C132: the driver marks the buffer).
pub fn midiOutLongMsg(
    process: &mut Process,
    handle: Handle,
    at: Pointer,
    size: u32,
) -> Result<MmResult, Stop> {
    give(process, handle, at, size, MODM_LONGDATA, 0)
}

/// Gives a buffer to a driver, with these flags besides.
pub(super) fn give(
    process: &mut Process,
    handle: Handle,
    at: Pointer,
    size: u32,
    message: u32,
    more: u32,
) -> Result<MmResult, Stop> {
    let header = match Header::of(process, handle, at, size) {
        Ok(header) => header,
        Err(code) => return Ok(code),
    };
    let flags = header.flags(process)?;
    if flags & MHDR_PREPARED == 0 {
        return Ok(MIDIERR_UNPREPARED);
    }
    if flags & MHDR_INQUEUE != 0 {
        return Ok(MIDIERR_STILLPLAYING);
    }
    if more != 0 {
        header.set_flags(process, flags | more)?;
    }
    send(process, handle, message, at.0, size.into())
}

/// midiOutGetVolume, of an open device or of one by its number.
pub fn midiOutGetVolume(process: &mut Process, name: Handle, out: Pointer) -> Result<MmResult, Stop> {
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    to_named(process, name, MODM_GETVOLUME, out.0, 0)
}

/// midiOutSetVolume, likewise.
pub fn midiOutSetVolume(process: &mut Process, name: Handle, volume: u32) -> Result<MmResult, Stop> {
    to_named(process, name, MODM_SETVOLUME, volume.into(), 0)
}

fn to_named(
    process: &mut Process,
    name: Handle,
    message: u32,
    param1: u64,
    param2: u64,
) -> Result<MmResult, Stop> {
    match named(process, name)? {
        Ok((device, user)) => call(process, device, message, user, param1, param2).map(MmResult),
        // What is no device's number may have been meant as a handle.
        Err(_) => Ok(MMSYSERR_INVALHANDLE),
    }
}

/// midiOutMessage: any message, as it is.
pub fn midiOutMessage(
    process: &mut Process,
    name: Handle,
    message: u32,
    param1: Pointer,
    param2: Pointer,
) -> Result<MmResult, Stop> {
    to_named(process, name, message, param1.0, param2.0)
}

/// midiOutCachePatches.
pub fn midiOutCachePatches(
    process: &mut Process,
    handle: Handle,
    bank: u32,
    patches: Pointer,
    flags: u32,
) -> Result<MmResult, Stop> {
    cache(process, handle, MODM_CACHEPATCHES, bank, patches, flags)
}

/// midiOutCacheDrumPatches.
pub fn midiOutCacheDrumPatches(
    process: &mut Process,
    handle: Handle,
    patch: u32,
    keys: Pointer,
    flags: u32,
) -> Result<MmResult, Stop> {
    cache(process, handle, MODM_CACHEDRUMPATCHES, patch, keys, flags)
}

/// The flags in the low word of the second parameter, the bank or patch in the high one.
fn cache(
    process: &mut Process,
    handle: Handle,
    message: u32,
    which: u32,
    array: Pointer,
    flags: u32,
) -> Result<MmResult, Stop> {
    let both = flags & 0xFFFF | which << 16;
    send(process, handle, message, array.0, both.into())
}

/// midiOutGetID: the device's number among all.
pub fn midiOutGetID(process: &mut Process, handle: Handle, out: Pointer) -> Result<MmResult, Stop> {
    let Some(open) = process.winmm.midi.get(handle) else { return Ok(MMSYSERR_INVALHANDLE) };
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    process.machine.memory.write(out.0, &open.id.to_le_bytes())?;
    Ok(MMSYSERR_NOERROR)
}

#[cfg(test)]
mod tests {
    use guest::Mode;

    use crate::testing::{Guest, alone};

    /// Without drivers there are no devices; each function says so in its own way.
    fn nothing(mode: Mode) {
        let mut guest = Guest::new(mode);
        let (out, every) = (guest.put(&[0xEE; 128]), guest.minus_one());
        for (function, arguments, answer) in [
            ("midiOutGetNumDevs", &[][..], 0),
            ("midiOutGetDevCapsW", &[0, out, 84], 2),
            ("midiOutGetDevCapsA", &[every, out, 52], 2),
            ("midiOutGetDevCapsA", &[0, 0, 52], 11),
            ("midiOutOpen", &[out, 0, 0, 0, 0], 2),
            ("midiOutOpen", &[out, 0xFFFF_FFFF, 0, 0, 0], 68),
            ("midiOutOpen", &[0, 0, 0, 0, 0], 11),
            ("midiOutOpen", &[out, 0, 0, 0, 2], 10),
            ("midiOutClose", &[0], 5),
            ("midiOutShortMsg", &[0x6_7A04, 0x90], 5),
            ("midiOutPrepareHeader", &[0x6_7A04, out, 112], 5),
            ("midiOutGetVolume", &[0, 0], 11),
            ("midiOutGetVolume", &[0, out], 5),
            ("midiOutMessage", &[every, 1, 0, 0], 5),
            ("midiOutGetID", &[0x6_7A04, out], 5),
            ("midiStreamOpen", &[out, 0, 1, 0, 0, 0], 11),
            ("midiStreamOpen", &[out, out, 1, 0, 0, 0], 2),
            ("midiStreamRestart", &[0x6_7A04], 5),
            ("midiStreamClose", &[0], 5),
        ] {
            assert_eq!(guest.int(function, arguments), answer, "{function}");
        }
        assert_eq!(guest.bytes::<128>(out), [0xEE; 128]);
    }

    #[test]
    fn there_is_nothing_without_drivers_for_64_bits() {
        alone(|| nothing(Mode::X86_64));
    }

    #[test]
    fn there_is_nothing_without_drivers_for_32_bits() {
        alone(|| nothing(Mode::I386));
    }
}
