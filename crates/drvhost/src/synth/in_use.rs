//! Whose devices are in use in a session, so that they can be closed in order at its end.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use mmsystem::devices::{DRVM_EXIT, MODM_CLOSE, MODM_RESET};

use crate::entry::{DeviceMessage, Entry};
use crate::error::Error;
use crate::module::Module;
use crate::reply::{self, Reply};
use crate::session::{Hdrvr, Inner};

/// Which of a driver's entry points have been told DRVM_INIT, for as long as anybody uses its devices.
#[derive(Debug, Default)]
pub(crate) struct InUse {
    pub(super) users: usize,
    /// Those that have answered it, and so are told DRVM_EXIT.
    pub(super) initialised: Vec<Entry>,
}

impl InUse {
    /// One user less. Answers the entry points that are to be told of it, because it was the last one.
    pub(super) fn leave(&mut self) -> Vec<Entry> {
        self.users = self.users.saturating_sub(1);
        if self.users == 0 { std::mem::take(&mut self.initialised) } else { Vec::new() }
    }
}

/// A MIDI output device that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenDevice {
    pub device: u32,
    /// The driver's value of the client.
    pub user: u64,
}

/// The instances whose devices are in use, each with those that are open.
#[derive(Debug, Default)]
pub(crate) struct Devices(Mutex<BTreeMap<Hdrvr, Vec<OpenDevice>>>);

impl Devices {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Hdrvr, Vec<OpenDevice>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An instance's devices are in use from now on.
    pub(super) fn begin(&self, hdrvr: Hdrvr) {
        self.lock().insert(hdrvr, Vec::new());
    }

    /// They are no more; answers what of them was open, or `None` where they were not in use.
    pub(super) fn end(&self, hdrvr: Hdrvr) -> Option<Vec<OpenDevice>> {
        self.lock().remove(&hdrvr)
    }

    pub(super) fn opened(&self, hdrvr: Hdrvr, device: OpenDevice) {
        if let Some(open) = self.lock().get_mut(&hdrvr) {
            open.push(device);
        }
    }

    pub(super) fn closed(&self, hdrvr: Hdrvr, device: OpenDevice) {
        if let Some(open) = self.lock().get_mut(&hdrvr)
            && let Some(at) = open.iter().position(|open| *open == device)
        {
            open.swap_remove(at);
        }
    }
}

impl Inner {
    /// Closes what an instance's clients have left open when the session ends, and tells its driver that its devices are not used any more.
    ///
    /// # Errors
    /// When the driver did not come back from that. What it answers is not looked at.
    pub(crate) fn close_devices(
        &self,
        hdrvr: Hdrvr,
        module: &Module,
        until: Option<Instant>,
    ) -> Result<(), Error> {
        let Some(open) = self.devices.end(hdrvr) else { return Ok(()) };
        let tell = |entry: Entry, device: u32, number: u32, user: u64| {
            let message = DeviceMessage { entry, device, number, user, param1: 0, param2: 0 };
            match module.send_to_entry(hdrvr, &message, || true, self, until) {
                Some(Reply::Answered(_)) | None => Ok(()),
                Some(other) => Err(reply::failure(other, &module.name, &entry.describe(number))),
            }
        };
        for OpenDevice { device, user } in open.into_iter().rev() {
            tell(Entry::ModMessage, device, MODM_RESET, user)?;
            tell(Entry::ModMessage, device, MODM_CLOSE, user)?;
        }
        // Somebody whose driver does not come back from its first message may hold the lock.
        let Ok(mut in_use) = module.devices.try_lock() else { return Ok(()) };
        let left = in_use.leave();
        drop(in_use);
        left.into_iter().try_for_each(|entry| tell(entry, 0, DRVM_EXIT, 0))
    }
}
