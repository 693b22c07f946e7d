//! The entry points of drivers of wave, MIDI and auxiliary devices: functions of five values beside `DriverProc` (spec section 4.3).

use mmsystem::devices::{AUXDM, MODM, WODM, device_message_name};
use pe::ExportTarget;
use serde::Serialize;
use wire::Effect;

use crate::error::Error;
use crate::module::{Image, Module};
use crate::reply::{self, Reply};
use crate::session::{Hdrvr, Inner, Session};
use crate::trace::{Begun, DeviceRecord, micros};
use crate::waiting::Until;
use crate::worker::{Broker, Call};

/// An entry point for devices of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Entry {
    /// MIDI output.
    #[serde(rename = "modMessage")]
    ModMessage,
    /// Wave output.
    #[serde(rename = "wodMessage")]
    WodMessage,
    /// Auxiliary devices.
    #[serde(rename = "auxMessage")]
    AuxMessage,
}

impl Entry {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::ModMessage, Self::WodMessage, Self::AuxMessage];

    /// The name of the export.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ModMessage => "modMessage",
            Self::WodMessage => "wodMessage",
            Self::AuxMessage => "auxMessage",
        }
    }

    /// The name of a message to it; `None` if the number has none.
    #[must_use]
    pub fn message_name(self, number: u32) -> Option<&'static str> {
        let messages = match self {
            Self::ModMessage => MODM,
            Self::WodMessage => WODM,
            Self::AuxMessage => AUXDM,
        };
        device_message_name(messages, number)
    }

    pub(crate) fn describe(self, number: u32) -> String {
        let name = self.message_name(number).map(str::to_owned);
        name.unwrap_or_else(|| format!("message {number:#x} to {}", self.name()))
    }
}

/// Where in its image a driver has its entry points.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Entries([Option<u32>; Entry::ALL.len()]);

impl Entries {
    /// Those of an image. The file says where they lie, not the worker.
    pub fn of(image: &Image) -> Self {
        let exports = pe::Image::parse(&image.bytes).and_then(|image| image.exports()).unwrap_or_default();
        Self(Entry::ALL.map(|entry| {
            let export = exports.iter().find(|export| export.name.as_deref() == Some(entry.name()))?;
            match export.target {
                ExportTarget::Rva(rva) => Some(rva),
                ExportTarget::Forward { .. } => {
                    tracing::warn!(
                        driver = image.name,
                        "{} leads to another library, and is not called",
                        entry.name()
                    );
                    None
                }
            }
        }))
    }

    /// The address of one, in an image that was loaded at `base`.
    fn address(&self, entry: Entry, base: u64) -> Option<u64> {
        let (_, rva) = Entry::ALL.iter().zip(self.0).find(|(known, _)| **known == entry)?;
        base.checked_add(rva?.into())
    }
}

/// A message to an entry point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceMessage {
    /// Which one.
    pub entry: Entry,
    /// uDeviceID: the device's number among the driver's.
    pub device: u32,
    /// uMsg: the message.
    pub number: u32,
    /// dwUser: the driver's value of the client, or where it is to be stored.
    pub user: u64,
    /// dwParam1.
    pub param1: u64,
    /// dwParam2.
    pub param2: u64,
}

impl Module {
    /// Whether the driver has an entry point.
    pub fn has_entry(&self, entry: Entry) -> bool {
        self.entries.address(entry, self.handle).is_some()
    }

    /// Calls an entry point and notes it in the trace, unless `begin` says no when it is this call's turn; `None` then, or where there is no
    /// such entry point.
    pub fn send_to_entry(
        &self,
        hdrvr: Hdrvr,
        message: &DeviceMessage,
        begin: impl FnOnce() -> bool,
        session: &Inner,
        until: impl Into<Until>,
    ) -> Option<Reply> {
        let function = self.entries.address(message.entry, self.handle)?;
        let until = until.into();
        let Some(turn) = self.worker.begin(&until) else { return Some(Reply::Busy) };
        if !begin() {
            return None;
        }
        let DeviceMessage { entry, device, number, user, param1, param2 } = *message;
        let begun = session.trace.begin();
        let arguments = [device.into(), number.into(), user, param1, param2];
        let call = Call { function, arguments, effect: Effect::None };
        let broker: &dyn Broker = session;
        let reply = self.worker.call(&turn, call, broker, &until);
        session.trace.end_device(begun, |Begun { seq, t_us, at }| {
            let (outcome, result) = reply.outcome();
            DeviceRecord {
                kind: "device",
                seq,
                t_us,
                worker: self.worker.number,
                driver: &self.name,
                hdrvr: hdrvr.0.cast_signed(),
                entry,
                device,
                message: entry.message_name(number),
                number,
                user,
                param1,
                param2,
                result: result.map(answer),
                elapsed_us: micros(at),
                outcome,
            }
        });
        Some(reply)
    }
}

/// What an entry point answers: a DWORD, of which a 64-bit driver may leave the upper half undefined.
fn answer(result: i64) -> u32 {
    result as u32
}

impl Session {
    /// The entry points for devices that an instance's driver has.
    ///
    /// # Errors
    /// [`Error::BadHandle`].
    pub fn entries(&self, hdrvr: Hdrvr) -> Result<Vec<Entry>, Error> {
        let module = self.inner().module_of(hdrvr)?;
        Ok(Entry::ALL.into_iter().filter(|entry| module.has_entry(*entry)).collect())
    }

    /// Calls an entry point for devices of an instance's driver, and answers what the driver answered: a number of devices, or an `MMSYSERR_` value.
    ///
    /// # Errors
    /// [`Error::NoEntry`] when the driver has none of this kind, and as [`send`](Self::send).
    pub fn send_to_device(&self, hdrvr: Hdrvr, message: &DeviceMessage) -> Result<u32, Error> {
        let inner = self.inner();
        let module = inner.module_of(hdrvr)?;
        if !module.has_entry(message.entry) {
            return Err(Error::NoEntry { driver: module.name.clone(), entry: message.entry.name() });
        }
        let until = Until::within(inner.deadline);
        match module.send_to_entry(hdrvr, message, || inner.table.reaches(hdrvr), inner, until) {
            Some(Reply::Answered(result)) => Ok(answer(result)),
            Some(other) => Err(reply::failure(other, &module.name, &message.entry.describe(message.number))),
            None => Err(Error::BadHandle(hdrvr.0)),
        }
    }
}
