//! One open, from the file to the instance: LOAD, ENABLE, OPEN.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use mmsystem::{DRV_ENABLE, DRV_LOAD, DRV_OPEN};
use wire::Effect;

use crate::arena::{Arena, Block};
use crate::entry::Entries;
use crate::error::Error;
use crate::module::{Image, Message, Module};
use crate::registry::DriverFile;
use crate::reply::Reply;
use crate::session::{Hdrvr, Inner, Session};
use crate::table::{Claim, Key, Phase, Slot};
use crate::worker::Worker;

impl Session {
    /// Opens an instance of a driver that has been found. `lparam2` makes the class's structure in the memory shared with
    /// the driver and answers its address, or 0.
    ///
    /// # Errors
    /// As [`open_driver`](Self::open_driver), and what `lparam2` fails with.
    pub fn open(
        &self,
        driver: &DriverFile,
        lparam2: impl FnOnce(&Arc<Arena>) -> Result<i64, Error>,
    ) -> Result<Hdrvr, Error> {
        self.inner.open(driver, false, lparam2)
    }

    /// As [`open`](Self::open), in a worker that no other open of the file shares: the driver has been loaded once more than others see, and is unloaded with
    /// this instance. Two instances apart can convert at the same time.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_apart(
        &self,
        driver: &DriverFile,
        lparam2: impl FnOnce(&Arc<Arena>) -> Result<i64, Error>,
    ) -> Result<Hdrvr, Error> {
        self.inner.open(driver, true, lparam2)
    }
}

/// An open on its way.
pub(crate) struct Opening<'a> {
    pub session: &'a Inner,
    pub driver: &'a DriverFile,
    /// Whether the driver is loaded for this open alone.
    pub apart: bool,
    /// The worker of the driver that opens this one.
    pub home: Option<&'a Arc<Worker>>,
    /// When everything must be done, besides each message's own deadline.
    pub limit: Option<Instant>,
}

impl Opening<'_> {
    /// Loads the driver if it is not loaded, and opens an instance. `lparam2` is given the memory shared with the driver.
    pub fn open(&self, lparam2: impl FnOnce(&Arc<Arena>) -> Result<i64, Error>) -> Result<Hdrvr, Error> {
        let session = self.session;
        let _opening = session.gate.enter().ok_or(Error::SessionEnding)?;
        let path = &self.driver.path;
        let file =
            std::fs::canonicalize(path).map_err(|source| Error::File { file: path.clone(), source })?;
        let hdrvr = session.numbers.new_handle().ok_or(Error::NoHandles)?;
        let home = self.home.map(|home| home.number);
        let key = Key { file, apart: self.apart.then_some(hdrvr) };
        let (module, first) = match session.table.claim(&key, home, self.until()) {
            Claim::Join(module) => (module, false),
            Claim::Load => (self.claimed(&key, hdrvr)?, true),
            Claim::TimedOut => {
                return Err(Error::Busy { driver: self.driver.file_name(), message: "DRV_LOAD".into() });
            }
        };
        let mut user = User { opening: self, module: &module, hdrvr, bad: false, stays: false };
        let opened = lparam2(&module.worker.arena).and_then(|lparam2| {
            if first && lparam2 != 0 && session.hidden_instance {
                self.open_instance(&module, hdrvr, 0)?;
                session.table.hide(&module, hdrvr);
                let visible = session.numbers.new_handle().ok_or(Error::NoHandles)?;
                user.hdrvr = visible;
                return self.open_instance(&module, visible, lparam2).map(|()| visible);
            }
            self.open_instance(&module, hdrvr, lparam2).map(|()| hdrvr)
        });
        user.stays = opened.is_ok();
        user.bad = matches!(
            opened,
            Err(Error::Faulted { .. } | Error::Late { .. } | Error::Died { .. } | Error::SessionEnding)
        );
        opened
    }

    fn slot(&self, module: &Arc<Module>, id: i64, phase: Phase, order: u64) -> Slot {
        Slot { module: Arc::clone(module), id, phase, order, opener: self.home.map(|home| home.number) }
    }

    /// When a message that begins now must be answered.
    fn until(&self) -> Option<Instant> {
        self.session.soonest(self.limit)
    }

    /// Loads a module that this thread has claimed, and gives the claim up if that fails.
    fn claimed(&self, key: &Key, hdrvr: Hdrvr) -> Result<Arc<Module>, Error> {
        struct Claimed<'a>(&'a Inner, &'a Key, Hdrvr, bool);
        impl Drop for Claimed<'_> {
            fn drop(&mut self) {
                if !self.3 {
                    self.0.table.remove(self.2);
                    self.0.table.forget(self.1);
                }
            }
        }
        let mut claimed = Claimed(self.session, key, hdrvr, false);
        let module = self.load(key, hdrvr)?;
        claimed.3 = true;
        Ok(module)
    }

    /// Loads the driver, beside its opener or in a worker of its own, and sends DRV_LOAD and DRV_ENABLE.
    fn load(&self, key: &Key, hdrvr: Hdrvr) -> Result<Arc<Module>, Error> {
        let session = self.session;
        let image = Image::read(&key.file)?;
        let module = Arc::new(self.map(image, key)?);
        session.table.set(hdrvr, self.slot(&module, 0, Phase::Opening, 0));
        match self.tell(&module, hdrvr, DRV_LOAD) {
            // Unloaded at once, without DRV_FREE (C009).
            Ok(0) => {
                module.unload(false, session, self.until());
                return Err(module.failure(Reply::Answered(0), DRV_LOAD));
            }
            // Whatever DRV_ENABLE answers is ignored (C011).
            Ok(_) => self.tell(&module, hdrvr, DRV_ENABLE),
            Err(error) => Err(error),
        }
        .inspect_err(|_| module.unload(true, session, self.until()))?;
        session.table.loaded(&module);
        Ok(module)
    }

    /// Puts the image into a worker and runs its entry point.
    fn map(&self, mut image: Image, key: &Key) -> Result<Module, Error> {
        let session = self.session;
        let entries = Entries::of(&image);
        let (worker, brought) = match self.home {
            Some(home) => (Arc::clone(home), {
                // It was found as one for the same machine, but files change.
                if image.machine != home.machine {
                    let why = format!("it is for {}, but its opener for {}", image.machine, home.machine);
                    return Err(Error::NotADriver { file: image.file, why });
                }
                home.reclaim(session, self.until());
                Some(home.bring(&image)?)
            }),
            None => {
                let number = session.numbers.new_worker();
                session.table.loading(key, number);
                let services = session.services(number, &image)?;
                let worker = Worker::start(number, session, &mut image, services)?;
                (Arc::new(worker), None)
            }
        };
        let loaded = worker.load(&image, brought, session, self.until());
        if let (Some(brought), Err(Error::NotADriver { .. })) = (brought, &loaded) {
            worker.free(brought);
        }
        let loaded = loaded?;
        let number = session.table.new_module();
        let module = Module::new(image, key.apart, entries, number, worker, brought, &loaded);
        if !module.unresolved.is_empty() {
            let mut lacking = session.lacking.lock().unwrap_or_else(PoisonError::into_inner);
            lacking.insert(module.key.file.clone(), module.unresolved.clone());
        }
        Ok(module)
    }

    /// Sends a message of a module's beginning, unless the session has ended meanwhile.
    fn tell(&self, module: &Module, hdrvr: Hdrvr, number: u32) -> Result<i64, Error> {
        if self.session.gate.closed() {
            return Err(Error::SessionEnding);
        }
        match self.session.deliver(module, &Message::to_module(hdrvr, number, None), self.until()) {
            Reply::Answered(result) => Ok(result),
            other => Err(module.failure(other, number)),
        }
    }

    /// Sends DRV_OPEN and makes the instance one that messages reach.
    fn open_instance(&self, module: &Arc<Module>, hdrvr: Hdrvr, lparam2: i64) -> Result<(), Error> {
        let session = self.session;
        if session.gate.closed() {
            return Err(Error::SessionEnding);
        }
        let text = self.driver.text.as_deref().map(|text| module.worker.arena.text(text)).transpose()?;
        session.table.set(hdrvr, self.slot(module, 0, Phase::Opening, 0));
        let lparam1 = text.as_ref().map_or(0, Block::lparam);
        let (number, effect) = (DRV_OPEN, Effect::Opens);
        let message = Message { hdrvr, id: 0, number, lparam1, lparam2, cause: None, effect };
        let mut order = 0;
        let begin = || {
            order = session.table.new_order();
            true
        };
        let reply = module.send(&message, begin, |_| (), session, &session.trace, self.until());
        let id = match reply.unwrap_or(Reply::Busy) {
            Reply::Answered(id) if id != 0 => id,
            other => {
                session.table.remove(hdrvr);
                return Err(module.failure(other, DRV_OPEN));
            }
        };
        // Where the session has ended without waiting any longer for this, the worker ends with it.
        if session.gate.while_open(|| session.table.set(hdrvr, self.slot(module, id, Phase::Open, order))) {
            return Ok(());
        }
        session.table.remove(hdrvr);
        module.worker.end("was ended with its session");
        Err(Error::SessionEnding)
    }
}

/// A user of a module, from the claim on: whatever ends the open early, a panic of the caller's included, gives the claim back.
struct User<'a> {
    opening: &'a Opening<'a>,
    module: &'a Arc<Module>,
    hdrvr: Hdrvr,
    /// Whether the driver did not come back from a message.
    bad: bool,
    /// Whether the instance is open.
    stays: bool,
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        if !self.stays {
            let session = self.opening.session;
            session.table.remove(self.hdrvr);
            session.let_go(self.module, self.hdrvr, self.bad, self.opening.until());
        }
    }
}
