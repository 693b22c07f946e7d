//! MIDI output devices: those of the drivers that the entries `midi`, `midi1` to `midi9` name, which are opened when somebody first asks for them, beside whoever
//! asks (spec section 4.3, C135).
//!
//! What a client hears of, a driver tells it itself, by DriverCallback.

mod caps;
pub(super) mod output;
pub(super) mod stream;

use std::ops::Range;

use guest::{FaultKind, Stop};
use mmsystem::devices::{DRVM_EXIT, DRVM_INIT, MODM_CLOSE, MODM_GETNUMDEVS, MODM_RESET};
use wire::Asked;

use crate::abi::{Handle, Pointer};
use crate::process::Process;
use crate::winmm::low;

/// The most devices that a driver may say it has.
const MOST_DEVICES: u32 = 256;
/// How many devices can be open at once.
const MOST_OPEN: usize = 64;
/// What the first handle is; later ones count up from there, so that a stale one names nothing.
const FIRST_HANDLE: u64 = 0x6_7A00;
/// The last number behind `midi`.
const LAST: u32 = 9;

/// A driver of MIDI devices.
#[derive(Debug, Clone, Copy)]
struct Driver {
    /// The instance that was opened for its devices; `None` of one that was here before, which others keep.
    hdrvr: Option<u64>,
    module: u64,
    /// Its `modMessage`.
    entry: u64,
    /// How many devices it has.
    devices: u32,
}

/// A device: a driver by its place, and the number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Device {
    entry: u64,
    number: u32,
}

/// An open device.
#[derive(Debug, Clone, Copy)]
struct Open {
    handle: Handle,
    /// Its number among all devices, as it was opened.
    id: u32,
    device: Device,
    /// The driver's value of this client.
    user: u64,
    /// The function that its driver calls, if that is how the client is told.
    function: Option<u64>,
    /// Whether it is a stream.
    stream: bool,
    /// Where the driver has stored its value.
    block: Pointer,
}

/// The drivers and open devices of a process.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    /// Whether the entries have been looked at.
    looked: bool,
    drivers: Vec<Driver>,
    open: Vec<Open>,
    /// How many have been opened.
    opened: u64,
}

impl Devices {
    /// The open device with a handle.
    fn get(&self, handle: Handle) -> Option<Open> {
        self.open.iter().find(|open| open.handle == handle).copied()
    }

    /// How many devices there are.
    fn count(&self) -> u32 {
        self.drivers.iter().map(|driver| driver.devices).sum()
    }

    /// The device with a number among all.
    fn device(&self, mut id: u32) -> Option<Device> {
        for driver in &self.drivers {
            if id < driver.devices {
                return Some(Device { entry: driver.entry, number: id });
            }
            id -= driver.devices;
        }
        None
    }

    fn next_handle(&mut self) -> Option<Handle> {
        if self.open.len() >= MOST_OPEN {
            return None;
        }
        self.opened += 1;
        Some(Handle(FIRST_HANDLE + 4 * self.opened))
    }

    /// Forgets the drivers in an image that is gone, and what was open of theirs.
    pub fn forget_image(&mut self, code: &Range<u64>) {
        self.drivers.retain(|driver| !code.contains(&driver.module));
        self.open.retain(|open| !code.contains(&open.device.entry));
    }
}

/// Calls a driver's `modMessage`, and answers its DWORD.
fn call(
    process: &mut Process,
    device: Device,
    message: u32,
    user: u64,
    param1: u64,
    param2: u64,
) -> Result<u32, Stop> {
    let arguments = [device.number.into(), message.into(), user, param1, param2];
    Ok(low(process.call_driver(device.entry, &arguments)?))
}

/// Opens the drivers that the entries name, the first time that somebody asks for a device. Only the thread that a driver is called on can; others find what has
/// been opened until then.
fn look(process: &mut Process) -> Result<(), Stop> {
    if process.winmm.midi.looked || process.machine.current() != 0 {
        return Ok(());
    }
    // Drivers that ask as well while they are opened find those before them.
    process.winmm.midi.looked = true;
    let names = std::iter::once("midi".to_owned()).chain((1..=LAST).map(|number| format!("midi{number}")));
    for name in names {
        open_driver(process, &name)?;
    }
    Ok(())
}

/// Opens the driver of an entry, if there is one, and asks how many devices it has.
fn open_driver(process: &mut Process, name: &str) -> Result<(), Stop> {
    let before: Vec<u64> = process.images.iter().map(|image| image.module.base).collect();
    let hdrvr =
        process.ask(Asked::Open { name: name.to_owned(), section: None, lparam2: 0 })?.cast_unsigned();
    if hdrvr == 0 {
        return Ok(());
    }
    let module = process.ask(Asked::ModuleHandle { hdrvr })?.cast_unsigned();
    let here = process.images.iter().any(|image| image.module.base == module);
    let known = process.winmm.midi.drivers.iter().any(|driver| driver.module == module);
    let entry = if here && !known { process.export(module, "modMessage") } else { None };
    let Some(entry) = entry else {
        if !here {
            let why =
                format!("the driver of `{name}` is open elsewhere, and its devices cannot be used from here");
            process.say(why.as_bytes());
        }
        return close_driver(process, hdrvr);
    };
    // One that was here already is kept by whoever opened it, and has been told of its beginning.
    let own = !before.contains(&module);
    // Known before it is asked anything, so that it is closed even if it fails.
    process.winmm.midi.drivers.push(Driver { hdrvr: own.then_some(hdrvr), module, entry, devices: 0 });
    let nobody = Device { entry, number: 0 };
    if own {
        call(process, nobody, DRVM_INIT, 0, 0, 0)?;
    } else {
        close_driver(process, hdrvr)?;
    }
    let devices = call(process, nobody, MODM_GETNUMDEVS, 0, 0, 0)?;
    if devices > MOST_DEVICES {
        let why = format!("the driver of `{name}` says that it has {devices} MIDI devices, which cannot be");
        process.say(why.as_bytes());
    } else if let Some(driver) = process.winmm.midi.drivers.iter_mut().find(|driver| driver.module == module)
    {
        driver.devices = devices;
    }
    Ok(())
}

fn close_driver(process: &mut Process, hdrvr: u64) -> Result<(), Stop> {
    process.ask(Asked::Close { hdrvr, lparam1: 0, lparam2: 0 }).map(drop)
}

/// Closes the drivers and what is open of theirs when nobody is left in this process who could use them. What goes wrong with that is theirs.
pub(crate) fn let_go(process: &mut Process) {
    let unused = |process: &Process| {
        let drivers = &process.winmm.midi.drivers;
        let mut others = process.images.iter().filter(|image| image.companion.is_none());
        others.all(|image| {
            drivers.iter().any(|driver| driver.hdrvr.is_some() && driver.module == image.module.base)
        })
    };
    if process.winmm.midi.drivers.is_empty() || process.machine.current() != 0 || !unused(process) {
        return;
    }
    let Devices { drivers, open, .. } = std::mem::take(&mut process.winmm.midi);
    for Open { device, user, function, .. } in open {
        let gone =
            |function: u64| !process.images.iter().any(|image| image.module.range().contains(&function));
        if !function.is_some_and(gone) {
            for message in [MODM_RESET, MODM_CLOSE] {
                tell(process, |process| call(process, device, message, user, 0, 0).map(drop));
            }
        }
    }
    for Driver { hdrvr, module, entry, .. } in drivers {
        let Some(hdrvr) = hdrvr else { continue };
        let code = process.images.iter().find(|image| image.module.base == module);
        let code = code.map(|image| image.module.range()).unwrap_or_default();
        let shared = process
            .instances
            .iter()
            .any(|(other, instance)| *other != hdrvr && code.contains(&instance.driver_proc));
        if !shared {
            tell(process, |process| call(process, Device { entry, number: 0 }, DRVM_EXIT, 0, 0, 0).map(drop));
        }
        tell(process, |process| close_driver(process, hdrvr));
    }
}

/// Does something of which nobody waits for the outcome.
fn tell(process: &mut Process, work: impl FnOnce(&mut Process) -> Result<(), Stop>) {
    let why = match work(process) {
        Ok(()) => return,
        Err(Stop::Kind(kind)) => kind.to_string(),
        Err(Stop::Fault(fault)) => fault.kind.to_string(),
        Err(Stop::Continue(_)) => FaultKind::Deadline.to_string(),
    };
    process.say(format!("a MIDI driver was not closed in order: {why}").as_bytes());
}
