//! The life of modules and instances: LOAD, ENABLE, OPEN, messages, CLOSE, DISABLE, FREE.

use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use mmsystem::{DRV_CLOSE, DRV_DISABLE, DRV_ENABLE, DRV_FREE, DRV_LOAD, DRV_OPEN};

use crate::arena::{Arena, Block};
use crate::end::RESERVE;
use crate::error::Error;
use crate::module::{Image, Message, Module};
use crate::registry::DriverFile;
use crate::session::{Hdrvr, Inner};
use crate::table::{Claim, Left, Phase, Slot};
use crate::trace::Cause;
use crate::worker::{Reply, Worker};

impl Inner {
    /// When a message that begins now must be answered.
    pub fn until(&self) -> Option<Instant> {
        self.deadline.and_then(|deadline| Instant::now().checked_add(deadline))
    }

    /// When a message that begins now must be answered if a driver sends it from inside a call that must be answered at
    /// `until`: early enough for the sender to say something itself.
    pub fn nested(&self, until: Option<Instant>) -> Option<Instant> {
        let now = Instant::now();
        let outer = until.map(|until| now + until.saturating_duration_since(now).saturating_sub(RESERVE));
        [self.until(), outer].into_iter().flatten().min()
    }

    pub fn open(
        &self,
        driver: &DriverFile,
        lparam2: impl FnOnce(&Arc<Arena>) -> Result<i64, Error>,
    ) -> Result<Hdrvr, Error> {
        let _opening = self.gate.enter().ok_or(Error::SessionEnding)?;
        let file = std::fs::canonicalize(&driver.path)
            .map_err(|source| Error::File { file: driver.path.clone(), source })?;
        let hdrvr = self.table.new_handle();
        let (module, first) = match self.table.claim(&file, self.until()) {
            Claim::Join(module) => (module, false),
            Claim::Load => (self.claimed(&file, hdrvr)?, true),
            Claim::TimedOut => {
                return Err(Error::Busy { driver: driver.file_name(), message: "DRV_LOAD".into() });
            }
        };
        let mut user = User { session: self, module: &module, hdrvr, bad: false, stays: false };
        let opened = lparam2(&module.worker.arena).and_then(|lparam2| {
            if first && lparam2 != 0 && self.hidden_instance {
                self.open_instance(&module, hdrvr, driver, 0)?;
                self.table.hide(&module, hdrvr);
                let visible = self.table.new_handle();
                user.hdrvr = visible;
                return self.open_instance(&module, visible, driver, lparam2).map(|()| visible);
            }
            self.open_instance(&module, hdrvr, driver, lparam2).map(|()| hdrvr)
        });
        user.stays = opened.is_ok();
        user.bad = matches!(
            opened,
            Err(Error::Faulted { .. } | Error::Late { .. } | Error::Died { .. } | Error::SessionEnding)
        );
        opened
    }

    /// Loads a file that this thread has claimed, and gives the claim up if that fails.
    fn claimed(&self, file: &Path, hdrvr: Hdrvr) -> Result<Arc<Module>, Error> {
        struct Claimed<'a>(&'a Inner, &'a Path, Hdrvr, bool);
        impl Drop for Claimed<'_> {
            fn drop(&mut self) {
                if !self.3 {
                    self.0.table.remove(self.2);
                    self.0.table.forget(self.1);
                }
            }
        }
        let mut claimed = Claimed(self, file, hdrvr, false);
        let module = self.load(file, hdrvr)?;
        claimed.3 = true;
        Ok(module)
    }

    /// Starts a worker for a file, loads the driver, and sends DRV_LOAD and DRV_ENABLE.
    fn load(&self, file: &Path, hdrvr: Hdrvr) -> Result<Arc<Module>, Error> {
        let image = Image::read(file)?;
        let worker = Worker::start(&self.spawner, &self.program, &image)?;
        let loaded = worker.load(file, self, self.until())?;
        let module = Arc::new(Module::new(file, image.name, self.table.new_worker(), worker, &loaded)?);
        self.table.set(hdrvr, Slot { module: Arc::clone(&module), id: 0, phase: Phase::Opening, order: 0 });
        let answer = self.tell(&module, hdrvr, DRV_LOAD)?;
        if answer == 0 {
            // Unloaded at once, without DRV_FREE (C009).
            module.worker.unload(self, self.until());
            return Err(module.failure(Reply::Answered(0), DRV_LOAD));
        }
        // Whatever DRV_ENABLE answers is ignored (C011).
        self.tell(&module, hdrvr, DRV_ENABLE)?;
        self.table.loaded(&module);
        Ok(module)
    }

    /// Sends a message of a module's beginning, unless the session has ended meanwhile.
    fn tell(&self, module: &Module, hdrvr: Hdrvr, number: u32) -> Result<u64, Error> {
        if self.gate.closed() {
            return Err(Error::SessionEnding);
        }
        let message = Message { hdrvr, id: 0, number, lparam1: 0, lparam2: 0, cause: None };
        match self.deliver(module, &message, self.until()) {
            Reply::Answered(result) => Ok(result),
            other => Err(module.failure(other, number)),
        }
    }

    /// Sends DRV_OPEN and makes the instance one that messages reach.
    fn open_instance(
        &self,
        module: &Arc<Module>,
        hdrvr: Hdrvr,
        driver: &DriverFile,
        lparam2: i64,
    ) -> Result<(), Error> {
        if self.gate.closed() {
            return Err(Error::SessionEnding);
        }
        let text = driver.text.as_deref().map(|text| module.worker.arena.text(text)).transpose()?;
        let slot = |id, phase, order| Slot { module: Arc::clone(module), id, phase, order };
        self.table.set(hdrvr, slot(0, Phase::Opening, 0));
        let lparam1 = text.as_ref().map_or(0, Block::lparam);
        let message = Message { hdrvr, id: 0, number: DRV_OPEN, lparam1, lparam2, cause: None };
        let mut order = 0;
        let begin = || {
            order = self.table.new_order();
            true
        };
        let reply = module.send(&message, begin, |_| (), self, &self.trace, self.until());
        let id = match reply.unwrap_or(Reply::Busy) {
            Reply::Answered(id) if id != 0 => id,
            other => {
                self.table.remove(hdrvr);
                return Err(module.failure(other, DRV_OPEN));
            }
        };
        // Where the session has ended without waiting any longer for this, the worker ends with it.
        if self.gate.while_open(|| self.table.set(hdrvr, slot(id, Phase::Open, order))) {
            return Ok(());
        }
        self.table.remove(hdrvr);
        module.worker.end("was ended with its session");
        Err(Error::SessionEnding)
    }

    pub fn send(
        &self,
        hdrvr: Hdrvr,
        number: u32,
        lparam1: i64,
        lparam2: i64,
        until: Option<Instant>,
    ) -> Result<i64, Error> {
        let bad_handle = Error::BadHandle(hdrvr.0);
        let Some(Slot { module, id, .. }) = self.table.get(hdrvr) else { return Err(bad_handle) };
        let message = Message { hdrvr, id, number, lparam1, lparam2, cause: None };
        match module.send(&message, || self.table.reaches(hdrvr), |_| (), self, &self.trace, until) {
            Some(Reply::Answered(result)) => Ok(result.cast_signed()),
            Some(other) => Err(module.failure(other, number)),
            None => Err(bad_handle),
        }
    }

    pub fn close(
        &self,
        hdrvr: Hdrvr,
        lparam1: i64,
        lparam2: i64,
        until: Option<Instant>,
    ) -> Result<i64, Error> {
        let (module, reply) = self.send_close(hdrvr, lparam1, lparam2, until, None)?;
        match reply {
            // Refused: it stays open (C020).
            Reply::Answered(0) => Ok(0),
            Reply::Answered(result) => {
                self.let_go(&module, hdrvr, false, until);
                Ok(result.cast_signed())
            }
            Reply::Busy => Err(module.failure(reply, DRV_CLOSE)),
            bad => {
                self.let_go(&module, hdrvr, true, until);
                Err(module.failure(bad, DRV_CLOSE))
            }
        }
    }

    /// Closes an instance, or where it did not come back from a message and has its worker to itself, gives it up without
    /// a word. Answers whether the worker has ended.
    pub fn dismiss(&self, hdrvr: Hdrvr, came_back: bool, until: Option<Instant>) -> bool {
        let Some(Slot { module, .. }) = self.table.get(hdrvr) else { return false };
        if came_back || self.table.users(&module) > 1 {
            if let Err(error) = self.close(hdrvr, 0, 0, until) {
                tracing::debug!(%error, "an instance of no use could not be closed in order");
            }
        } else if self.table.advance(hdrvr, Phase::Open, Phase::Closing) {
            self.table.remove(hdrvr);
            self.let_go(&module, hdrvr, true, until);
        }
        module.worker.dead()
    }

    /// Sends DRV_CLOSE. Unless it is refused, or could not even be sent, the handle is gone then.
    pub fn send_close(
        &self,
        hdrvr: Hdrvr,
        lparam1: i64,
        lparam2: i64,
        until: Option<Instant>,
        cause: Option<Cause>,
    ) -> Result<(Arc<Module>, Reply), Error> {
        let bad_handle = Error::BadHandle(hdrvr.0);
        let Some(Slot { module, id, .. }) = self.table.get(hdrvr) else { return Err(bad_handle) };
        let message = Message { hdrvr, id, number: DRV_CLOSE, lparam1, lparam2, cause };
        let begin = || self.table.advance(hdrvr, Phase::Open, Phase::Closing);
        let end = |reply: &Reply| {
            if *reply == Reply::Answered(0) {
                self.table.advance(hdrvr, Phase::Closing, Phase::Open);
            } else {
                self.table.remove(hdrvr);
            }
        };
        let reply = module.send(&message, begin, end, self, &self.trace, until).ok_or(bad_handle)?;
        Ok((module, reply))
    }

    /// One user of a module less. The last one disables, frees and unloads it, unless `bad`: then its worker just ends.
    fn let_go(&self, module: &Arc<Module>, hdrvr: Hdrvr, bad: bool, until: Option<Instant>) {
        match self.table.release(module) {
            Left::InUse => {}
            Left::OnlyHidden(hidden) => {
                if let Err(error) = self.close(hidden, 0, 0, until) {
                    tracing::warn!(%error, "the hidden instance could not be closed");
                }
            }
            Left::Unused(module) if bad => {
                module.worker.end("was ended after a call that did not return");
                self.table.forget(&module.file);
            }
            // While drivers are being told of the session's end, nothing is disabled or freed.
            Left::Unused(module) if self.gate.closing() => {
                self.unused.lock().unwrap_or_else(PoisonError::into_inner).push((module, hdrvr));
            }
            Left::Unused(module) => {
                self.retire(&module, hdrvr, until, None);
                self.table.forget(&module.file);
            }
        }
    }

    /// DRV_DISABLE, DRV_FREE, and the end of the module, once. A driver that does not answer gets nothing further.
    pub fn retire(&self, module: &Module, hdrvr: Hdrvr, until: Option<Instant>, cause: Option<Cause>) {
        if !module.claim_retirement() {
            return;
        }
        let soonest = || [self.until(), until].into_iter().flatten().min();
        let told = [DRV_DISABLE, DRV_FREE].into_iter().try_for_each(|number| {
            let message = Message { hdrvr, id: 0, number, lparam1: 0, lparam2: 0, cause };
            match self.deliver(module, &message, soonest()) {
                Reply::Answered(_) => Ok(()),
                other => Err(module.failure(other, number)),
            }
        });
        match told {
            // A driver that closes itself from inside a message goes on until that message is answered.
            Ok(()) if module.worker.in_call() => {}
            Ok(()) => {
                module.worker.unload(self, soonest());
                module.worker.end("has been unloaded");
            }
            Err(error) => {
                tracing::warn!(%error, "a driver could not be unloaded in order");
                module.worker.end("was ended after a call that did not return");
            }
        }
    }

    /// Sends a message that is wanted whatever happens meanwhile.
    fn deliver(&self, module: &Module, message: &Message, until: Option<Instant>) -> Reply {
        let reply = module.send(message, || true, |_| (), self, &self.trace, until);
        reply.unwrap_or(Reply::Busy)
    }

    pub fn module_handle(&self, hdrvr: Hdrvr) -> Option<u64> {
        self.table.get(hdrvr).map(|slot| slot.module.handle)
    }
}

/// A user of a module, from the claim on: whatever ends the open early, a panic of the caller's included, gives the claim back.
struct User<'a> {
    session: &'a Inner,
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
            self.session.table.remove(self.hdrvr);
            self.session.let_go(self.module, self.hdrvr, self.bad, self.session.until());
        }
    }
}
