//! PlaySound: a whole sound in one call, which is one buffer of a wave output device.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::time::Duration;

use guest::{Stop, Violation};
use wire::Disposition;

use super::results::MMSYSERR_NOERROR;
use super::wave::output::{
    waveOutClose, waveOutOpen, waveOutPrepareHeader, waveOutReset, waveOutUnprepareHeader, waveOutWrite,
};
use crate::abi::{Handle, Pointer};
use crate::files::{Access, Tried, tried};
use crate::kernel32::codepage::{Unit, text};
use crate::kernel32::error::{ERROR_GEN_FAILURE, ERROR_NOT_ENOUGH_MEMORY};
use crate::kernel32::path::full;
use crate::kernel32::record::Record;
use crate::process::{Process, still_wanted};
use crate::resources::{self, Name};
use crate::winmm::device;

/// Flags of PlaySound.
const SND_ASYNC: u32 = 0x1;
const SND_MEMORY: u32 = 0x4;
const SND_LOOP: u32 = 0x8;
const SND_NOSTOP: u32 = 0x10;
const SND_PURGE: u32 = 0x40;
const SND_ALIAS: u32 = 0x1_0000;
const SND_RESOURCE: u32 = 0x4_0000;
const SND_ALIAS_ID: u32 = 0x11_0000;

/// Flags of WAVEHDR.
const WHDR_DONE: u32 = 0x1;
const WHDR_BEGINLOOP: u32 = 0x4;
const WHDR_ENDLOOP: u32 = 0x8;

/// The longest file that is played.
const LONGEST: u64 = 64 << 20;
/// How much of one is read at a time.
const PIECE: usize = 1 << 16;
/// How often PlaySound looks whether what it waits for has been played.
const LOOK: Duration = Duration::from_millis(10);

/// A sound that plays while its caller goes on.
#[derive(Debug)]
pub(crate) struct Playing {
    device: Handle,
    /// The buffer's header, in a block of the heap.
    header: Pointer,
    /// What was read from a file; NULL for what lies in memory of the caller's.
    file: Pointer,
}

/// Where the format of a sound lies, and its samples.
struct Sound {
    format: Pointer,
    samples: Pointer,
    len: u32,
}

/// Finds both in a WAVE file in memory; `None` if it is none.
fn parse(process: &Process, at: Pointer) -> Result<Option<Sound>, Stop> {
    let memory = &process.machine.memory;
    let number = |at: Pointer| -> Result<u32, Violation> { memory.array(at.0).map(u32::from_le_bytes) };
    let id = |at: Pointer| memory.array::<4>(at.0);
    if (id(at)?, id(at.at(8))?) != (*b"RIFF", *b"WAVE") {
        return Ok(None);
    }
    let end = at.at(8 + u64::from(number(at.at(4))?));
    let (mut chunk, mut format) = (at.at(12), None);
    while chunk.at(8) <= end {
        still_wanted(&process.machine)?;
        let (len, data) = (number(chunk.at(4))?, chunk.at(8));
        match &id(chunk)? {
            // PCMWAVEFORMAT is the shortest.
            b"fmt " if len >= 16 => format = Some(data),
            b"data" => {
                // A file that was cut off is played as far as it goes.
                let len = u32::try_from(u64::from(len).min(end.0 - data.0)).unwrap_or(len);
                return Ok(format.map(|format| Sound { format, samples: data, len }));
            }
            _ => {}
        }
        chunk = data.at(u64::from(len) + u64::from(len % 2));
    }
    Ok(None)
}

/// The whole file in a block of the heap.
fn read_file(process: &mut Process, name: &str) -> Tried<Pointer> {
    let path = full(process, name);
    let access = Access { read: true, write: false, append: false };
    let (mut stream, _) = tried!(process.open_file(path, access, Disposition::OpenExisting));
    let read = read_all(process, &mut stream);
    tried!(process.close_file(&stream));
    read
}

fn read_all(process: &mut Process, stream: &mut crate::files::Stream) -> Tried<Pointer> {
    let len = tried!(process.file_info(stream)).len;
    if len > LONGEST {
        return Ok(Err(ERROR_NOT_ENOUGH_MEMORY));
    }
    // What is there is looked at before it is known to be a sound: there is always as much as that needs.
    let block = process.allocate(len.max(64), true);
    if block.is_null() {
        return Ok(Err(ERROR_NOT_ENOUGH_MEMORY));
    }
    while stream.at < len {
        let (at, left) = (stream.at, usize::try_from(len - stream.at).unwrap_or(PIECE));
        let piece = process.read_file(stream, left.min(PIECE))?;
        match piece {
            Ok(bytes) if !bytes.is_empty() => process.machine.memory.write(block.at(at).0, &bytes)?,
            _ => {
                process.free_block(block);
                return Ok(Err(ERROR_GEN_FAILURE));
            }
        }
    }
    Ok(Ok(block))
}

/// Begins to play; `None` where there is no device for it.
fn begin(process: &mut Process, sound: &Sound, file: Pointer, repeat: bool) -> Result<Option<Playing>, Stop> {
    const WAVE_MAPPER: u32 = u32::MAX;
    let flags = if repeat { WHDR_BEGINLOOP | WHDR_ENDLOOP } else { 0 };
    let loops = if repeat { u32::MAX } else { 0 };
    let record = Record::new(process.machine.mode()).pointer(sound.samples.0).u32(sound.len).u32(0);
    let record = record.pointer(0).u32(flags).u32(loops).pointer(0).pointer(0).finish();
    let header = process.allocate(record.len() as u64 + 16, true);
    if header.is_null() {
        return Ok(None);
    }
    process.machine.memory.write(header.0, &record)?;
    let handle = header.at((record.len() as u64).next_multiple_of(8));
    let null = Pointer::NULL;
    if waveOutOpen(process, handle, WAVE_MAPPER, sound.format, null, null, 0)? != MMSYSERR_NOERROR {
        process.free_block(header);
        return Ok(None);
    }
    let device = Handle::read(&process.machine, handle)?;
    let playing = Playing { device, header, file };
    let size = u32::try_from(record.len()).unwrap_or(0);
    let prepared = waveOutPrepareHeader(process, device, header, size)?;
    if prepared != MMSYSERR_NOERROR || waveOutWrite(process, device, header, size)? != MMSYSERR_NOERROR {
        end(process, Playing { file: null, ..playing })?;
        return Ok(None);
    }
    Ok(Some(playing))
}

/// Whether all has been played.
fn is_over(process: &Process, playing: &Playing) -> Result<bool, Violation> {
    let flags = playing.header.at(2 * process.machine.mode().pointer_size() + 8);
    Ok(u32::from_le_bytes(process.machine.memory.array(flags.0)?) & WHDR_DONE != 0)
}

/// Ends what plays, wherever it is.
fn end(process: &mut Process, playing: Playing) -> Result<(), Stop> {
    let Playing { device, header, file } = playing;
    waveOutReset(process, device)?;
    let size = if process.machine.mode().pointer_size() == 4 { 32 } else { 48 };
    waveOutUnprepareHeader(process, device, header, size)?;
    waveOutClose(process, device)?;
    process.free_block(header);
    process.free_block(file);
    Ok(())
}

/// Ends what was played before; false if it still plays and is not to be ended.
fn end_last(process: &mut Process, keep: bool) -> Result<bool, Stop> {
    let Some(last) = process.winmm.playing.take() else { return Ok(true) };
    if keep && !is_over(process, &last)? {
        process.winmm.playing = Some(last);
        return Ok(false);
    }
    end(process, last)?;
    Ok(true)
}

/// PlaySound: plays a WAVE file from memory, a resource or a file, whose samples are such as waveOutOpen takes. There are no sounds with names and no default sound,
/// so that what is not found is silent and FALSE.
pub fn PlaySound<U: Unit>(
    process: &mut Process,
    name: Pointer,
    module: Pointer,
    flags: u32,
) -> Result<bool, Stop> {
    if name.is_null() || flags & SND_PURGE != 0 {
        return end_last(process, false);
    }
    let resource = flags & SND_RESOURCE != 0;
    if !end_last(process, flags & SND_NOSTOP != 0)? || flags & (SND_ALIAS | SND_ALIAS_ID) != 0 {
        return Ok(false);
    }
    let (at, file) = if resource {
        let (kind, name) = (Name::Text("WAVE".to_owned()), Name::read::<U>(&process.machine, name)?);
        match resources::find(process, module, &kind, &name)? {
            Some(resource) => (resource.at, Pointer::NULL),
            None => return Ok(false),
        }
    } else if flags & SND_MEMORY != 0 {
        (name, Pointer::NULL)
    } else {
        let name = text::<U>(&process.machine, name)?;
        match read_file(process, &name)? {
            Ok(block) => (block, block),
            Err(_) => return Ok(false),
        }
    };
    let begun = match parse(process, at)? {
        Some(sound) => begin(process, &sound, file, flags & SND_LOOP != 0 && flags & SND_ASYNC != 0)?,
        None => None,
    };
    let Some(playing) = begun else {
        process.free_block(file);
        return Ok(false);
    };
    if flags & SND_ASYNC != 0 {
        process.winmm.playing = Some(playing);
        return Ok(true);
    }
    // Nothing sounds while the thread waits that plays it.
    let can_wait = !device::is_current(process);
    while can_wait && !is_over(process, &playing)? {
        if let Err(stop) = process.pause(LOOK) {
            // It is ended with the next one.
            process.winmm.playing = Some(playing);
            return Err(stop);
        }
    }
    end(process, playing)?;
    Ok(can_wait)
}

/// sndPlaySound: PlaySound of a file or of memory.
pub fn sndPlaySound<U: Unit>(process: &mut Process, name: Pointer, flags: u32) -> Result<bool, Stop> {
    const KNOWN: u32 = 0x1f;
    PlaySound::<U>(process, name, Pointer::NULL, flags & KNOWN)
}
