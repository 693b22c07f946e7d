//! The Media Control Interface: what its drivers call, and its commands, for which no device is installed here.
//!
//! A driver's device is opened by whoever opens the driver, with an MCI_OPEN_DRIVER_PARMS whose wDeviceID is a number of theirs (spec section 4.4). So a device
//! is known here from when its driver keeps something for it.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::BTreeMap;
use std::ops::Range;

use guest::Stop;

use crate::abi::{Handle, LongPtr, MmResult, Pointer};
use crate::kernel32::codepage::{Unit, put, text};
use crate::process::Process;
use crate::winmm::callback::{DCB_WINDOW, DriverCallback};
use crate::winmm::low;

/// What a device's driver is told with when it has done what it was told.
const MM_MCINOTIFY: u32 = 0x3B9;
/// MCI_NO_COMMAND_TABLE.
const NO_COMMAND_TABLE: u32 = u32::MAX;
/// MCI_OPEN.
const MCI_OPEN: u32 = 0x803;

const MCIERR_INVALID_DEVICE_ID: MmResult = MmResult(257);
const MCIERR_UNRECOGNIZED_COMMAND: MmResult = MmResult(261);
const MCIERR_INVALID_DEVICE_NAME: MmResult = MmResult(263);
const MCIERR_MISSING_COMMAND_STRING: MmResult = MmResult(267);
const MCIERR_MISSING_DEVICE_NAME: MmResult = MmResult(292);
const MCIERR_NULL_PARAMETER_BLOCK: MmResult = MmResult(297);
const MCIERR_DEVICE_NOT_INSTALLED: MmResult = MmResult(306);

/// The commands that begin a command string ("Classifications of MCI Commands", MS Learn).
const COMMANDS: [&str; 40] = [
    "break",
    "capability",
    "capture",
    "close",
    "configure",
    "copy",
    "cue",
    "cut",
    "delete",
    "escape",
    "freeze",
    "info",
    "list",
    "load",
    "mark",
    "monitor",
    "open",
    "paste",
    "pause",
    "play",
    "put",
    "quality",
    "realize",
    "record",
    "reserve",
    "restore",
    "resume",
    "save",
    "seek",
    "set",
    "setaudio",
    "settimecode",
    "settuner",
    "setvideo",
    "signal",
    "spin",
    "status",
    "step",
    "stop",
    "sysinfo",
];

/// How many devices may be known at once; identifiers are numbers that whoever opens drivers gives out.
const MOST: usize = 256;

/// A device, as far as its driver has said something of it.
#[derive(Debug, Clone, Copy, Default)]
struct Device {
    /// What its driver keeps for it.
    data: Pointer,
    /// The thread that opened it.
    creator: u32,
    /// What is called while the device waits, and the value for that.
    yield_proc: Pointer,
    yield_data: u32,
}

/// The devices, by identifier.
#[derive(Debug, Default)]
pub(crate) struct Devices(BTreeMap<u32, Device>);

impl Devices {
    /// A device's data, which `thread` may be the first to ask for; `None` when there are too many, and for identifier 0, which is none.
    fn entry(&mut self, id: u32, thread: u32) -> Option<&mut Device> {
        if id == 0 || (self.0.len() >= MOST && !self.0.contains_key(&id)) {
            return None;
        }
        Some(self.0.entry(id).or_insert(Device { creator: thread, ..Device::default() }))
    }

    /// Forgets the functions of an image that is gone.
    pub fn forget_image(&mut self, code: &Range<u64>) {
        for device in self.0.values_mut().filter(|device| code.contains(&device.yield_proc.0)) {
            device.yield_proc = Pointer::NULL;
        }
    }
}

/// mciGetDriverData: 0 for a device that nothing is kept for.
pub fn mciGetDriverData(process: &mut Process, id: u32) -> Pointer {
    process.winmm.mci.0.get(&id).map_or(Pointer::NULL, |device| device.data)
}

/// mciSetDriverData. A device for which neither data nor anything else is kept is forgotten: its driver has closed it.
pub fn mciSetDriverData(process: &mut Process, id: u32, data: Pointer) -> bool {
    let (_, thread) = process.machine.ids();
    let devices = &mut process.winmm.mci;
    let Some(device) = devices.entry(id, thread) else { return false };
    device.data = data;
    if data.is_null() && device.yield_proc.is_null() {
        devices.0.remove(&id);
    }
    true
}

/// mciDriverNotify: posts MM_MCINOTIFY to a window.
pub fn mciDriverNotify(process: &mut Process, window: Pointer, id: u32, status: u32) -> Result<bool, Stop> {
    let (status, id) = (Handle(status.into()), Pointer(id.into()));
    DriverCallback(process, window, DCB_WINDOW, status, MM_MCINOTIFY, Pointer::NULL, id, Pointer::NULL)
}

/// mciDriverYield: what the device's yield function answers; 0 for a device without.
pub fn mciDriverYield(process: &mut Process, id: u32) -> Result<u32, Stop> {
    match process.winmm.mci.0.get(&id) {
        Some(device) if !device.yield_proc.is_null() => {
            let arguments = [id.into(), device.yield_data.into()];
            Ok(low(process.call(device.yield_proc.0, &arguments)?))
        }
        _ => Ok(0),
    }
}

/// mciSetYieldProc.
pub fn mciSetYieldProc(process: &mut Process, id: u32, function: Pointer, data: u32) -> bool {
    let (_, thread) = process.machine.ids();
    let Some(device) = process.winmm.mci.entry(id, thread) else { return false };
    (device.yield_proc, device.yield_data) = (function, data);
    true
}

/// mciGetYieldProc: the function, and where `data` is not NULL the value that it is given.
pub fn mciGetYieldProc(process: &mut Process, id: u32, data: Pointer) -> Result<Pointer, Stop> {
    let device = process.winmm.mci.0.get(&id).copied().unwrap_or_default();
    if !data.is_null() && !device.yield_proc.is_null() {
        process.machine.memory.write(data.0, &device.yield_data.to_le_bytes())?;
    }
    Ok(device.yield_proc)
}

/// mciGetCreatorTask: the identifier of the thread that opened the device; NULL for a device that is none.
pub fn mciGetCreatorTask(process: &mut Process, id: u32) -> Pointer {
    process.winmm.mci.0.get(&id).map_or(Pointer::NULL, |device| Pointer(device.creator.into()))
}

/// mciLoadCommandResource: a table of a driver's own commands is for command strings, which no device here takes; so none is loaded, and a driver goes on as
/// with a resource that is not there.
pub fn mciLoadCommandResource(_: &mut Process, _module: Pointer, _name: Pointer, _kind: u32) -> u32 {
    NO_COMMAND_TABLE
}

/// mciFreeCommandResource: no table is ever loaded.
pub fn mciFreeCommandResource(_: &mut Process, _table: u32) -> bool {
    false
}

/// mciGetDeviceID: no device is open by name.
pub fn mciGetDeviceID(_: &mut Process, _name: Pointer) -> u32 {
    0
}

/// mciGetDeviceIDFromElementID: nor by a number of its own.
pub fn mciGetDeviceIDFromElementID(_: &mut Process, _element: u32, _kind: Pointer) -> u32 {
    0
}

/// mciSendCommand: no device is installed that could be opened.
pub fn mciSendCommand(
    _: &mut Process,
    _id: u32,
    message: u32,
    _flags: Pointer,
    parameters: Pointer,
) -> MmResult {
    match message {
        MCI_OPEN if parameters.is_null() => MCIERR_NULL_PARAMETER_BLOCK,
        MCI_OPEN => MCIERR_DEVICE_NOT_INSTALLED,
        _ => MCIERR_INVALID_DEVICE_ID,
    }
}

/// mciSendString: likewise, once the command has been understood. The answer is empty.
pub fn mciSendString<U: Unit>(
    process: &mut Process,
    command: Pointer,
    answer: Pointer,
    room: u32,
    _window: LongPtr,
) -> Result<MmResult, Stop> {
    if !answer.is_null() {
        put::<U>(&process.machine.memory, answer, room, "")?;
    }
    let command = text::<U>(&process.machine, command)?;
    Ok(refusal(&command))
}

/// mciExecute, which would show a message box as well.
pub fn mciExecute(process: &mut Process, command: Pointer) -> Result<bool, Stop> {
    mciSendString::<u8>(process, command, Pointer::NULL, 0, LongPtr(0)).map(|error| error == MmResult(0))
}

/// Why a command cannot be done.
fn refusal(command: &str) -> MmResult {
    let mut words = command.split_whitespace();
    let Some(verb) = words.next().map(str::to_ascii_lowercase) else { return MCIERR_MISSING_COMMAND_STRING };
    match (verb.as_str(), words.next()) {
        (verb, _) if !COMMANDS.contains(&verb) => MCIERR_UNRECOGNIZED_COMMAND,
        (_, None) => MCIERR_MISSING_DEVICE_NAME,
        ("open", Some(_)) => MCIERR_DEVICE_NOT_INSTALLED,
        _ => MCIERR_INVALID_DEVICE_NAME,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_refused_for_the_right_reason() {
        for (command, code) in [
            ("", MCIERR_MISSING_COMMAND_STRING),
            ("  ", MCIERR_MISSING_COMMAND_STRING),
            ("dance tango", MCIERR_UNRECOGNIZED_COMMAND),
            ("Play", MCIERR_MISSING_DEVICE_NAME),
            ("OPEN new type waveaudio alias a", MCIERR_DEVICE_NOT_INSTALLED),
            ("close all", MCIERR_INVALID_DEVICE_NAME),
        ] {
            assert_eq!(refusal(command), code, "{command}");
        }
        assert!(COMMANDS.is_sorted());
    }

    #[test]
    fn there_are_only_so_many_devices() {
        let mut devices = Devices::default();
        assert!(devices.entry(0, 1).is_none());
        assert_eq!((1..1000).filter(|&id| devices.entry(id, 1).is_some()).count(), MOST);
        assert!(devices.entry(1, 1).is_some());
    }
}
