//! What errors are in words.

#![allow(non_snake_case, reason = "Win32's own names")]

use crate::winmm::results::{MMSYSERR_BADERRNUM, MMSYSERR_INVALPARAM, MMSYSERR_NOERROR};
use guest::Stop;
use mmsystem::DEVICE_ERRORS;

use crate::abi::{MmResult, Pointer};
use crate::kernel32::codepage::{Unit, put};
use crate::process::Process;

/// The errors of the Media Control Interface (mmsystem.h).
const MCI_ERRORS: &[(u32, &str)] = &[
    (257, "There is no open device with this identifier."),
    (259, "The command has a word that its device does not know."),
    (261, "There is no such command."),
    (262, "The device has failed."),
    (263, "There is no open device with this name."),
    (264, "There is not enough memory."),
    (265, "The device's name is in use."),
    (266, "The device's driver cannot be loaded."),
    (267, "There is no command."),
    (268, "The answer is longer than there is room for."),
    (269, "The command lacks a text."),
    (270, "A number is wrong."),
    (271, "The command could not be read."),
    (272, "The driver has failed."),
    (273, "The command lacks a word."),
    (274, "The device does not support this command."),
    (275, "There is no such file."),
    (276, "The device is not ready."),
    (277, "Something went wrong in the system."),
    (278, "Something went wrong in the driver."),
    (279, "The command cannot be for all devices."),
    (280, "It went wrong for more than one device."),
    (281, "No device goes with the file's extension."),
    (282, "A parameter is too large or too small."),
    (284, "These words do not go together."),
    (286, "The file could not be saved."),
    (287, "The kind of device is missing."),
    (288, "The device is locked."),
    (289, "The alias is in use."),
    (290, "A constant is wrong."),
    (291, "The device must be opened as shareable."),
    (292, "The device's name is missing."),
    (293, "The time's format is wrong."),
    (294, "A quotation mark is missing."),
    (295, "A word is there twice."),
    (296, "The file cannot be played by this device."),
    (297, "The parameter block is NULL."),
    (298, "What has no name cannot be saved."),
    (299, "What is new must have an alias."),
    (300, "What is opened by itself cannot notify."),
    (301, "This device takes no file."),
    (302, "The device cannot do this now."),
    (303, "What is opened by itself cannot do this."),
    (304, "The file's name is missing."),
    (305, "There is something behind the end of the command."),
    (306, "No such device is installed."),
    (307, "The folder cannot be read."),
    (308, "The folder cannot be changed to."),
    (309, "The drive cannot be changed to."),
    (310, "The device's name is too long."),
    (311, "The device's name and number are too long."),
    (312, "A number is missing."),
    (320, "Every device that could play this is in use."),
    (321, "The device to play with is in use."),
    (322, "Every device that could record this is in use."),
    (323, "The device to record with is in use."),
    (324, "Any device may play."),
    (325, "Any device may record."),
    (326, "No device can play this format."),
    (327, "The device to play with does not know this format."),
    (328, "No device can record this format."),
    (329, "The device to record with does not know this format."),
    (336, "The time's format does not go with the file's."),
    (337, "The MIDI port is in use."),
    (338, "There is no such MIDI port."),
    (339, "The MIDI map names a port that is not there."),
    (340, "Something went wrong at the MIDI port."),
    (341, "There is no timer left."),
    (342, "No MIDI port is named."),
    (343, "There is no MIDI port."),
    (346, "There is no window."),
    (347, "The window could not be made."),
    (348, "The file cannot be read."),
    (349, "The file cannot be written."),
    (350, "The device's identity is missing."),
];

fn text(number: u32, tables: &[&[(u32, &'static str)]]) -> Option<&'static str> {
    tables.iter().copied().flatten().find(|(known, _)| *known == number).map(|(_, text)| *text)
}

/// waveOutGetErrorText, waveInGetErrorText, midiOutGetErrorText and midiInGetErrorText: as much of the text as there is room for.
pub fn GetErrorText<U: Unit>(
    process: &mut Process,
    number: u32,
    out: Pointer,
    room: u32,
) -> Result<MmResult, Stop> {
    if out.is_null() {
        return Ok(MMSYSERR_INVALPARAM);
    }
    let Some(text) = text(number, &[DEVICE_ERRORS]) else { return Ok(MMSYSERR_BADERRNUM) };
    put::<U>(&process.machine.memory, out, room, text)?;
    Ok(MMSYSERR_NOERROR)
}

/// mciGetErrorString: FALSE for a number that is no error's. What drivers answer in the high word, their identifier, does not count.
pub fn mciGetErrorString<U: Unit>(
    process: &mut Process,
    number: u32,
    out: Pointer,
    room: u32,
) -> Result<bool, Stop> {
    let Some(text) = text(number & 0xFFFF, &[DEVICE_ERRORS, MCI_ERRORS]) else { return Ok(false) };
    if out.is_null() || room == 0 {
        return Ok(false);
    }
    put::<U>(&process.machine.memory, out, room, text)?;
    Ok(true)
}
