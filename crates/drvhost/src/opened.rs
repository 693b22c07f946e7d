//! An open instance that closes itself, and the structures its messages point at.

use std::sync::Arc;

use mmsystem::{DRV_CLOSE, Structure, Width};

use crate::arena::{Arena, Block};
use crate::error::Error;
use crate::module::name_of;
use crate::queue::Queue;
use crate::registry::DriverFile;
use crate::session::{Hdrvr, Session};
use crate::worker::Worker;

/// An open instance. Dropping it sends DRV_CLOSE.
#[derive(Debug)]
pub(crate) struct Opened<'s> {
    session: &'s Session,
    hdrvr: Hdrvr,
    /// The memory shared with its driver.
    pub arena: Arc<Arena>,
    /// The driver's file name.
    pub driver: String,
    closed: bool,
}

impl<'s> Opened<'s> {
    /// Opens an instance with the class's structure that `describe` makes. The structure stays in place until DRV_OPEN
    /// is answered.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn open(
        session: &'s Session,
        driver: &DriverFile,
        describe: impl FnOnce(&Arc<Arena>) -> Result<Block, Error>,
    ) -> Result<Self, Error> {
        let mut description = None;
        let hdrvr = session.open(driver, |arena| Ok(description.insert(describe(arena)?).lparam()))?;
        Self::of(session, hdrvr, driver)
    }

    /// As [`open`](Self::open), in a worker of its own.
    ///
    /// # Errors
    /// As [`Session::open_apart`].
    pub fn open_apart(
        session: &'s Session,
        driver: &DriverFile,
        describe: impl FnOnce(&Arc<Arena>) -> Result<Block, Error>,
    ) -> Result<Self, Error> {
        let mut description = None;
        let hdrvr = session.open_apart(driver, |arena| Ok(description.insert(describe(arena)?).lparam()))?;
        Self::of(session, hdrvr, driver)
    }

    /// Opens an instance without a structure, as for configuration (C104).
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn plain(session: &'s Session, driver: &DriverFile) -> Result<Self, Error> {
        let hdrvr = session.open(driver, |_| Ok(0))?;
        Self::of(session, hdrvr, driver)
    }

    fn of(session: &'s Session, hdrvr: Hdrvr, driver: &DriverFile) -> Result<Self, Error> {
        Ok(Self { session, hdrvr, arena: session.arena(hdrvr)?, driver: driver.file_name(), closed: false })
    }

    /// How wide its driver is.
    pub fn width(&self) -> Width {
        self.arena.width()
    }

    /// Its handle.
    pub fn hdrvr(&self) -> Hdrvr {
        self.hdrvr
    }

    /// The worker of its driver; `None` where the instance is gone.
    pub fn worker(&self) -> Option<Arc<Worker>> {
        self.session.inner().table.get(self.hdrvr).map(|slot| Arc::clone(&slot.module.worker))
    }

    /// Whether drivers in its worker have opened others, or themselves.
    pub fn has_opened(&self) -> bool {
        self.worker().is_some_and(|worker| self.session.inner().table.opened_by(worker.number) > 0)
    }

    /// Sends a message.
    ///
    /// # Errors
    /// As [`Session::send`].
    pub fn send(&self, message: u32, lparam1: i64, lparam2: i64) -> Result<i64, Error> {
        self.session.send(self.hdrvr, message, lparam1, lparam2)
    }

    /// A queue of messages to it.
    ///
    /// # Errors
    /// As [`Session::queue`].
    pub fn queue(&self) -> Result<Queue<'s>, Error> {
        self.session.queue(self.hdrvr)
    }

    /// The error for an answer that ends the matter.
    pub fn refused(&self, message: u32, result: impl Into<String>) -> Error {
        Error::Refused { driver: self.driver.clone(), message: name_of(message), result: result.into() }
    }

    /// Sends DRV_CLOSE.
    ///
    /// # Errors
    /// [`Error::Refused`] when the driver stays open, and as [`Session::close`].
    pub fn close(mut self) -> Result<(), Error> {
        self.send_close()
    }

    /// Sends DRV_CLOSE. What the driver was asked counts whatever becomes of that.
    pub fn close_anyway(self) {
        drop(self);
    }

    /// Closes it where it failed; answers whether its worker has ended with it. See [`Session::dismiss`].
    pub fn dismiss(mut self, came_back: bool) -> bool {
        self.closed = true;
        self.session.dismiss(self.hdrvr, came_back)
    }

    fn send_close(&mut self) -> Result<(), Error> {
        self.closed = true;
        match self.session.close(self.hdrvr, 0, 0)? {
            0 => Err(self.refused(DRV_CLOSE, "0")),
            _ => Ok(()),
        }
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        if !self.closed
            && let Err(error) = self.send_close()
        {
            tracing::warn!(%error, "an instance could not be closed");
        }
    }
}

/// A structure's bytes.
///
/// # Errors
/// [`Error::Bug`]: every structure made here fits its fields.
pub(crate) fn encoded<S: Structure>(structure: &S, form: impl Into<S::Form>) -> Result<Vec<u8>, Error> {
    let form = form.into();
    let mut bytes = vec![0; S::size(form)];
    structure.encode(form, &mut bytes).map_err(|error| Error::Bug(error.to_string()))?;
    Ok(bytes)
}

/// The structure at the start of a block, as it is now.
///
/// # Errors
/// [`Error::TooLarge`] when the block is shorter.
pub(crate) fn decoded<S: Structure>(block: &Block, form: impl Into<S::Form>) -> Result<S, Error> {
    let form = form.into();
    let mut bytes = vec![0; S::size(form)];
    block.read(0, &mut bytes)?;
    S::decode(form, &bytes).ok_or(Error::TooLarge(bytes.len() as u64))
}
