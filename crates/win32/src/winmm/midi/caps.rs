//! What MIDI devices say they can do.

use guest::Stop;
use mmsystem::devices::MODM_GETDEVCAPS;
use mmsystem::{MIDIOUTCAPSA, MIDIOUTCAPSW, Structure};

use super::{Device, call};
use crate::abi::MmResult;
use crate::kernel32::codepage::Unit;
use crate::process::Process;
use crate::winmm::results::MMSYSERR_NOMEM;

/// What fills the memory that a driver is to write to.
const FILLING: u8 = 0xA5;
/// Room behind it for drivers that write more than they are asked for.
const BEHIND: usize = 128;

/// Asks a driver what a device can do: in the wide form, and where it refuses that or fills in the narrow one all the same, in the narrow one.
///
/// # Errors
/// The inner one is the driver's answer.
pub(super) fn ask(process: &mut Process, device: Device) -> Result<Result<MIDIOUTCAPSW, MmResult>, Stop> {
    let (wide, narrow) = (MIDIOUTCAPSW::size(()), MIDIOUTCAPSA::size(()));
    let (mut answer, mut bytes) = filled(process, device, wide)?;
    if answer != 0 {
        (answer, bytes) = filled(process, device, narrow)?;
        bytes.iter_mut().skip(narrow).for_each(|byte| *byte = FILLING);
    }
    if answer != 0 {
        return Ok(Err(MmResult(answer)));
    }
    let is_narrow = bytes.get(narrow..).unwrap_or_default().iter().all(|byte| *byte == FILLING);
    let caps = if is_narrow {
        MIDIOUTCAPSA::decode((), &bytes).map(|caps| widened(&caps))
    } else {
        MIDIOUTCAPSW::decode((), &bytes)
    };
    Ok(caps.ok_or(MMSYSERR_NOMEM))
}

/// What a driver answers, and what it has written.
fn filled(process: &mut Process, device: Device, size: usize) -> Result<(u32, Vec<u8>), Stop> {
    let mut bytes = vec![FILLING; MIDIOUTCAPSW::size(()) + BEHIND];
    let block = process.allocate(bytes.len() as u64, true);
    if block.is_null() {
        return Ok((mmsystem::MMSYSERR_NOMEM, bytes));
    }
    process.machine.memory.write(block.0, &bytes)?;
    let answer = call(process, device, MODM_GETDEVCAPS, 0, block.0, size as u64);
    let read = process.machine.memory.read(block.0, &mut bytes);
    process.heap.release(&process.machine.memory, block.0);
    let answer = answer?;
    read?;
    Ok((answer, bytes))
}

fn widened(caps: &MIDIOUTCAPSA) -> MIDIOUTCAPSW {
    let end = caps.szPname.iter().position(|byte| *byte == 0).unwrap_or(caps.szPname.len());
    let mut name = [0; 32];
    let text = <u8 as Unit>::decode(&caps.szPname[..end]);
    name.iter_mut().take(31).zip(text.encode_utf16()).for_each(|(to, unit)| *to = unit);
    MIDIOUTCAPSW {
        wMid: caps.wMid,
        wPid: caps.wPid,
        vDriverVersion: caps.vDriverVersion,
        szPname: name,
        wTechnology: caps.wTechnology,
        wVoices: caps.wVoices,
        wNotes: caps.wNotes,
        wChannelMask: caps.wChannelMask,
        dwSupport: caps.dwSupport,
    }
}

/// The structure as its reader wants it.
pub(super) fn bytes<U: Unit>(caps: &MIDIOUTCAPSW) -> Vec<u8> {
    let end = caps.szPname.iter().position(|unit| *unit == 0).unwrap_or(caps.szPname.len());
    let mut name = U::encode(&String::from_utf16_lossy(&caps.szPname[..end]));
    name.truncate(31);
    name.resize(32, U::ZERO);
    let mut bytes = [caps.wMid.to_le_bytes(), caps.wPid.to_le_bytes()].concat();
    bytes.extend(caps.vDriverVersion.to_le_bytes());
    bytes.extend(U::to_bytes(&name));
    for word in [caps.wTechnology, caps.wVoices, caps.wNotes, caps.wChannelMask] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(caps.dwSupport.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_form_is_made_of_either() {
        let mut narrow = MIDIOUTCAPSA {
            wMid: 1,
            wPid: 2,
            vDriverVersion: 3,
            wVoices: 5,
            dwSupport: 9,
            ..MIDIOUTCAPSA::default()
        };
        narrow.szPname = [b'x'; 32];
        narrow.szPname[..2].copy_from_slice(&[b'a', 0xE9]);
        let wide = widened(&narrow);
        assert_eq!(
            (wide.szPname[0], wide.szPname[1], wide.szPname[30], wide.szPname[31]),
            (97, 0xE9, 120, 0)
        );
        // A name ends with a NUL, whatever the driver says.
        narrow.szPname[31] = 0;
        let read = MIDIOUTCAPSA::decode((), &bytes::<u8>(&wide)).unwrap();
        assert_eq!(read, narrow);
        assert_eq!(MIDIOUTCAPSW::decode((), &bytes::<u16>(&wide)), Some(wide));
    }
}
