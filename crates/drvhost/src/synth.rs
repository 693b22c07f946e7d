//! MIDI synths, and drivers of wave and auxiliary devices: what their entry points are asked, in which order (spec section 4.3, C129 to C135).
//!
//! ```no_run
//! use drvhost::Session;
//! use drvhost::synth::Synth;
//!
//! # fn main() -> Result<(), drvhost::Error> {
//! let session = Session::builder().start()?;
//! let driver = session.registry().resolve_argument("midi")?;
//! let synth = Synth::open(&session, &driver)?;
//! let mut output = synth.output(0)?;
//! output.short([0x90, 60, 100])?;
//! output.long(&[0xF0, 0x7F, 0x7F, 0x04, 0x01, 0x00, 0x40, 0xF7])?;
//! output.reset()?;
//! output.close()?;
//! synth.close()?;
//! # Ok(())
//! # }
//! ```

mod buffer;
mod capabilities;
mod in_use;
mod output;
mod stream;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mmsystem::devices::{
    AUXDM_GETNUMDEVS, DRVM_ENABLE, DRVM_EXIT, DRVM_INIT, MODM_GETNUMDEVS, WODM_GETNUMDEVS,
};
use mmsystem::{
    DRV_CLOSE, MMSYSERR_NOERROR, MMSYSERR_NOTENABLED, MMSYSERR_NOTSUPPORTED, Width, device_error_text,
    mmsyserr_name,
};

use crate::arena::Arena;
use crate::entry::{DeviceMessage, Entry};
use crate::error::Error;
use crate::registry::{DriverFile, Registry};
use crate::session::{Hdrvr, Session};

pub(crate) use in_use::{Devices, InUse};

pub use capabilities::{Capabilities, Device};
pub use output::{Client, Output};
pub use stream::{Events, Stream};

/// The most devices of a kind that a driver may say it has.
const MOST_DEVICES: u32 = 256;

/// What a driver did not find, and what can be done about it; the driver's name comes before.
pub(crate) fn found_none(missed: &[String]) -> String {
    let remedy = "what it has in C:\\windows\\system32 lies beside it, where `drvhost install DRIVER --with FILE` brings it";
    format!("found no {}; {remedy}", missed.join(", "))
}

/// How many refusals are kept, and files that were not found.
const MOST_REFUSALS: usize = 20;

/// The drivers of MIDI devices that are known by their names: those of `midi`, `midi1` to `midi9` that are there, in this order (C135).
#[must_use]
pub fn drivers(registry: &Registry) -> Vec<DriverFile> {
    device_aliases("midi").filter_map(|alias| registry.resolve(&alias, None).ok()).collect()
}

/// The names of the drivers of a kind of devices: `midi`, `midi1` to `midi9`.
pub(crate) fn device_aliases(kind: &str) -> impl Iterator<Item = String> {
    const LAST: u32 = 9;
    std::iter::once(kind.to_owned()).chain((1..=LAST).map(move |number| format!("{kind}{number}")))
}

/// An open driver of MIDI, wave or auxiliary devices. When it and all its outputs are closed or dropped, the driver gets DRVM_EXIT and DRV_CLOSE.
#[derive(Debug)]
pub struct Synth {
    held: Arc<Held>,
    devices: Vec<Device>,
    doubts: Vec<String>,
}

/// What a synth and its outputs share: the open instance.
#[derive(Debug)]
struct Held {
    session: Session,
    hdrvr: Hdrvr,
    /// The memory shared with the driver.
    arena: Arc<Arena>,
    /// The driver's file name.
    driver: String,
    closed: AtomicBool,
    /// What it was refused for want of a grant.
    refusals: Mutex<Vec<String>>,
    /// The files that it looked for in vain.
    missed: Mutex<Vec<String>>,
}

impl Synth {
    /// Opens a driver, tells its entry points DRVM_INIT unless it is open as this already, and asks which devices there are.
    ///
    /// # Errors
    /// [`Error::NoEntry`] for a driver without devices, [`Error::Refused`] for one that is not enabled, [`Error::Nonsense`], and as [`Session::open`] and
    /// [`Session::send`].
    pub fn open(session: &Session, driver: &DriverFile) -> Result<Self, Error> {
        let hdrvr = session.open(driver, |_| Ok(0))?;
        let held = Held {
            session: session.clone(),
            hdrvr,
            arena: session.arena(hdrvr)?,
            driver: driver.file_name(),
            closed: AtomicBool::new(false),
            refusals: Mutex::default(),
            missed: Mutex::default(),
        };
        let entries = session.entries(hdrvr)?;
        if entries.is_empty() {
            return Err(Error::NoEntry { driver: held.driver.clone(), entry: Entry::ModMessage.name() });
        }
        let initialised = held.initialise(&entries);
        held.tell_of_refusals();
        initialised?;
        let (mut devices, mut doubts) = (Vec::new(), Vec::new());
        for entry in entries {
            match held.devices(entry) {
                Ok(found) => devices.extend(found),
                // Whoever wants to play must know; other devices are extras.
                Err(error @ Error::Nonsense { .. }) if entry != Entry::ModMessage => {
                    doubts.push(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Self { held: Arc::new(held), devices, doubts })
    }

    /// The instance's handle.
    #[must_use]
    pub fn hdrvr(&self) -> Hdrvr {
        self.held.hdrvr
    }

    /// The driver's file name.
    #[must_use]
    pub fn driver(&self) -> &str {
        &self.held.driver
    }

    /// All devices, of whatever kind.
    #[must_use]
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// The devices of one kind, by number.
    pub fn devices_of(&self, entry: Entry) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(move |device| device.entry == entry)
    }

    /// What is doubtful about what it says of its devices; see also [`Device::doubts`].
    #[must_use]
    pub fn doubts(&self) -> &[String] {
        &self.doubts
    }

    /// Which files the driver was not let have for want of a grant when it or its devices were opened, and what lets it: in sentences that lack the driver's name. Each
    /// has been a warning, too.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        self.held.refusals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The files that the driver looked for when it or its devices were opened and that were not there, as it names them: ten at most each time.
    #[must_use]
    pub fn missed(&self) -> Vec<String> {
        self.held.missed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens a MIDI output device for a client that is told of nothing.
    ///
    /// # Errors
    /// As [`output_for`](Self::output_for).
    pub fn output(&self, device: u32) -> Result<Output, Error> {
        self.output_for(device, Client::default())
    }

    /// Opens a MIDI output device. A device can be opened several times, as often as the driver allows.
    ///
    /// # Errors
    /// [`Error::NoSuchDevice`], [`Error::Refused`] with what the driver answered to MODM_OPEN, and as [`Session::send`].
    pub fn output_for(&self, device: u32, client: Client) -> Result<Output, Error> {
        self.known(device)?;
        let opened = Output::open(Arc::clone(&self.held), device, client);
        self.held.tell_of_refusals();
        self.held.tell_of_missed(opened.is_err());
        opened
    }

    /// Opens a MIDI output device as a stream, whose times are in ticks of a MIDI file's time `division`.
    ///
    /// # Errors
    /// [`Error::NoStreams`] where the device does not say that it plays streams, and as [`output_for`](Self::output_for).
    pub fn stream(&self, device: u32, division: u16) -> Result<Stream, Error> {
        if !self.known(device)?.plays_streams() {
            return Err(Error::NoStreams { driver: self.held.driver.clone(), device });
        }
        let opened = Stream::open(Arc::clone(&self.held), device, division);
        self.held.tell_of_refusals();
        self.held.tell_of_missed(opened.is_err());
        opened
    }

    /// The MIDI output device with a number.
    fn known(&self, device: u32) -> Result<&Device, Error> {
        self.devices_of(Entry::ModMessage).find(|known| known.number == device).ok_or_else(|| {
            let count = self.devices_of(Entry::ModMessage).count();
            Error::NoSuchDevice { driver: self.held.driver.clone(), device, count }
        })
    }

    /// Closes the driver, or leaves that to the last of its outputs.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::close`].
    pub fn close(self) -> Result<(), Error> {
        Arc::into_inner(self.held).map_or(Ok(()), Held::close)
    }
}

impl Held {
    /// Calls an entry point and answers what it answered.
    fn call(&self, message: &DeviceMessage) -> Result<u32, Error> {
        self.session.send_to_device(self.hdrvr, message)
    }

    /// Sends a message that no device is meant by.
    fn tell(&self, entry: Entry, number: u32) -> Result<u32, Error> {
        self.call(&DeviceMessage { entry, device: 0, number, user: 0, param1: 0, param2: 0 })
    }

    /// Sends a message that only MMSYSERR_NOERROR lets go on.
    fn ask(&self, message: &DeviceMessage) -> Result<(), Error> {
        match self.call(message)? {
            MMSYSERR_NOERROR => Ok(()),
            answer => Err(self.refused(message, answer)),
        }
    }

    /// The error for an answer that ends the matter.
    fn refused(&self, message: &DeviceMessage, answer: u32) -> Error {
        Error::Refused {
            driver: self.driver.clone(),
            message: message.entry.describe(message.number),
            result: answer_text(answer),
        }
    }

    fn nonsense(&self, entry: Entry, number: u32, what: String) -> Error {
        Error::Nonsense { driver: self.driver.clone(), message: entry.describe(number), what }
    }

    /// Says which files the driver may not have, and keeps that: a synth without its sounds is silent, and nobody would know why.
    fn tell_of_refusals(&self) {
        if let Ok(module) = self.session.inner().module_of(self.hdrvr) {
            for refusal in module.worker.services.take_refusals() {
                tracing::warn!("{} {refusal}", self.driver);
                let (mut refusals, said) =
                    (self.refusals.lock().unwrap_or_else(PoisonError::into_inner), refusal.to_string());
                if refusals.len() < MOST_REFUSALS && !refusals.contains(&said) {
                    refusals.push(said);
                }
            }
        }
    }

    /// Keeps which files the driver looked for in vain, and says it where that may be why something has failed: most drivers do well without some.
    fn tell_of_missed(&self, failed: bool) {
        let Ok(module) = self.session.inner().module_of(self.hdrvr) else { return };
        let now = module.worker.services.take_missed();
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        if failed && !now.is_empty() {
            tracing::warn!("{} {}", self.driver, found_none(&now));
        }
        let room = MOST_REFUSALS.saturating_sub(missed.len());
        missed.extend(now.into_iter().take(room));
    }

    fn width(&self) -> Width {
        self.arena.width()
    }

    /// Tells the entry points of a driver that it has been loaded, if nobody uses its devices yet.
    fn initialise(&self, entries: &[Entry]) -> Result<(), Error> {
        let module = self.session.inner().module_of(self.hdrvr)?;
        let mut in_use = module.devices.lock().unwrap_or_else(PoisonError::into_inner);
        if in_use.users == 0 {
            in_use.initialised.clear();
            for &entry in entries {
                match self.tell(entry, DRVM_INIT)? {
                    MMSYSERR_NOERROR => in_use.initialised.push(entry),
                    MMSYSERR_NOTSUPPORTED => {}
                    MMSYSERR_NOTENABLED => {
                        let message = DeviceMessage {
                            entry,
                            device: 0,
                            number: DRVM_ENABLE,
                            user: 0,
                            param1: 0,
                            param2: 0,
                        };
                        self.ask(&message)?;
                        in_use.initialised.push(entry);
                    }
                    answer => tracing::warn!(
                        driver = self.driver,
                        entry = entry.name(),
                        answer = answer_text(answer),
                        "the answer to DRVM_INIT is none that is known; going on"
                    ),
                }
            }
        }
        in_use.users += 1;
        self.session.inner().devices.begin(self.hdrvr);
        Ok(())
    }

    /// Tells the entry points that the driver is about to be unloaded, if nobody else uses its devices.
    fn finish(&self) -> Result<(), Error> {
        // The session's end has done it where this comes later.
        if self.session.inner().devices.end(self.hdrvr).is_none() {
            return Ok(());
        }
        let module = self.session.inner().module_of(self.hdrvr)?;
        let mut in_use = module.devices.lock().unwrap_or_else(PoisonError::into_inner);
        let left = in_use.leave();
        left.into_iter().try_for_each(|entry| self.tell(entry, DRVM_EXIT).map(drop))
    }

    /// The devices of a kind.
    fn devices(&self, entry: Entry) -> Result<Vec<Device>, Error> {
        let number = match entry {
            Entry::ModMessage => MODM_GETNUMDEVS,
            Entry::WodMessage => WODM_GETNUMDEVS,
            Entry::AuxMessage => AUXDM_GETNUMDEVS,
        };
        let count = self.tell(entry, number)?;
        if count > MOST_DEVICES {
            let what = format!("that it has {count} devices, and {MOST_DEVICES} are more than any has");
            return Err(self.nonsense(entry, number, what));
        }
        (0..count).map(|device| self.device(entry, device)).collect()
    }

    fn close(self) -> Result<(), Error> {
        self.send_close()
    }

    fn send_close(&self) -> Result<(), Error> {
        if self.closed.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let finished = self.finish();
        match self.session.close(self.hdrvr, 0, 0)? {
            0 => Err(Error::Refused {
                driver: self.driver.clone(),
                message: crate::module::name_of(DRV_CLOSE),
                result: "0".into(),
            }),
            _ => finished,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Err(error) = self.send_close() {
            tell_of_close(&error, "a driver could not be closed");
        }
    }
}

/// Says that something could not be closed, unless that is because all has been closed already.
fn tell_of_close(error: &Error, what: &str) {
    match error {
        Error::BadHandle(_) | Error::SessionEnding => tracing::debug!(%error, "{what}"),
        _ => tracing::warn!(%error, "{what}"),
    }
}

/// An answer by name and number, and in words.
fn answer_text(answer: u32) -> String {
    let Some(name) = mmsyserr_name(answer) else { return answer.to_string() };
    match device_error_text(answer) {
        Some(text) if answer != MMSYSERR_NOERROR => format!("{name} ({answer}): {}", in_line(text)),
        _ => format!("{name} ({answer})"),
    }
}

/// A sentence as the end of another one.
fn in_line(sentence: &str) -> String {
    let mut letters = sentence.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_in_words() {
        assert_eq!(answer_text(4), "MMSYSERR_ALLOCATED (4): the device is in use");
        assert_eq!(answer_text(65), "MIDIERR_STILLPLAYING (65): the device is still playing or recording");
        assert_eq!(answer_text(0), "MMSYSERR_NOERROR (0)");
        assert_eq!(answer_text(70_000), "70000");
    }
}
