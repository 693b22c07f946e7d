//! The life of instances and modules once they are open: messages, CLOSE, DISABLE, FREE.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use mmsystem::{DRV_CLOSE, DRV_DISABLE, DRV_FREE};
use wire::Effect;

use crate::arena::Arena;
use crate::error::Error;
use crate::module::{Message, Module};
use crate::opening::Opening;
use crate::registry::DriverFile;
use crate::reply::Reply;
use crate::session::{Hdrvr, Inner};
use crate::table::{Left, Phase, Slot};
use crate::trace::Cause;
use crate::waiting::Until;
use crate::worker::Worker;

/// How many instances the drivers of one worker may have open: each costs the host memory, and time at the session's end.
const MOST_OPENED: usize = 256;

/// What a driver that sends a message from inside a call has left for itself when that was not answered in time: this, or an eighth of
/// what it had.
const OWN_TIME: Duration = Duration::from_millis(100);

impl Inner {
    /// When a message that begins now must be answered.
    pub fn until(&self) -> Option<Instant> {
        self.deadline.and_then(|deadline| Instant::now().checked_add(deadline))
    }

    /// When a message that begins now must be answered if a driver sends it from inside a call that must be answered at
    /// `until`: early enough for the sender to say something itself.
    pub fn nested(&self, until: Option<Instant>) -> Option<Instant> {
        let now = Instant::now();
        let outer = until.map(|until| {
            let left = until.saturating_duration_since(now);
            now + left.saturating_sub(OWN_TIME.min(left / 8))
        });
        self.soonest(outer)
    }

    /// Opens an instance for somebody outside of all drivers, `apart` from the others of its file or beside them.
    pub fn open(
        &self,
        driver: &DriverFile,
        apart: bool,
        lparam2: impl FnOnce(&Arc<Arena>) -> Result<i64, Error>,
    ) -> Result<Hdrvr, Error> {
        let opening = Opening { session: self, driver, apart, home: None, limit: None };
        opening.open(lparam2)
    }

    /// Opens an instance for a driver: beside it, unless the driver that is opened lives elsewhere already.
    pub fn open_beside(
        &self,
        home: &Arc<Worker>,
        name: &str,
        section: Option<&str>,
        lparam2: i64,
        limit: Option<Instant>,
    ) -> Result<Hdrvr, Error> {
        let resolved = self.registry.resolve_beside(&home.folder, home.machine, name, section);
        let opened = resolved.and_then(|driver| {
            if self.table.opened_by(home.number) >= MOST_OPENED {
                return Err(Error::TooManyOpen { driver: driver.file_name(), most: MOST_OPENED });
            }
            let opening = Opening { session: self, driver: &driver, apart: false, home: Some(home), limit };
            opening.open(|_| Ok(lparam2))
        });
        if let Err(error) = &opened {
            tracing::info!(%error, "a driver could not open another one");
        }
        opened
    }

    /// When a message that begins now must be answered as part of something that must be done at `limit`.
    pub fn soonest(&self, limit: Option<Instant>) -> Option<Instant> {
        [self.until(), limit].into_iter().flatten().min()
    }

    pub fn send(
        &self,
        hdrvr: Hdrvr,
        number: u32,
        lparam1: i64,
        lparam2: i64,
        until: impl Into<Until>,
    ) -> Result<i64, Error> {
        let bad_handle = || Error::BadHandle(hdrvr.0);
        let changes = self.table.changes();
        let Slot { module, id, phase, .. } = self.table.get(hdrvr).ok_or_else(bad_handle)?;
        let message = Message { hdrvr, id, number, lparam1, lparam2, cause: None, effect: Effect::None };
        // Mostly nothing has changed since it was found, which takes less time to see.
        let as_found = || phase != Phase::Opening && self.table.changes() == changes;
        let reaches = || as_found() || self.table.reaches(hdrvr);
        match module.send(&message, reaches, |_| (), self, &self.trace, until) {
            Some(Reply::Answered(result)) => Ok(result),
            Some(other) => Err(module.failure(other, number)),
            None => Err(bad_handle()),
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
                Ok(result)
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
        let effect = Effect::Closes;
        let message = Message { hdrvr, id, number: DRV_CLOSE, lparam1, lparam2, cause, effect };
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
    pub fn let_go(&self, module: &Arc<Module>, hdrvr: Hdrvr, bad: bool, until: Option<Instant>) {
        match self.table.release(module) {
            Left::InUse => {}
            Left::OnlyHidden(hidden) => {
                if let Err(error) = self.close(hidden, 0, 0, until) {
                    tracing::warn!(%error, "the hidden instance could not be closed");
                }
            }
            Left::Unused(module) if bad => {
                module.unload(true, self, until);
                self.table.forget(&module.key);
            }
            // While drivers are being told of the session's end, nothing is disabled or freed.
            Left::Unused(module) if self.gate.closing() => {
                self.unused.lock().unwrap_or_else(PoisonError::into_inner).push((module, hdrvr));
            }
            Left::Unused(module) => {
                self.retire(&module, hdrvr, until, None);
                self.table.forget(&module.key);
            }
        }
    }

    /// DRV_DISABLE, DRV_FREE, and the end of the module, once. A driver that does not answer gets nothing further.
    pub fn retire(&self, module: &Module, hdrvr: Hdrvr, until: Option<Instant>, cause: Option<Cause>) {
        if !module.claim_retirement() {
            return;
        }
        let told = [DRV_DISABLE, DRV_FREE].into_iter().try_for_each(|number| {
            let message = Message::to_module(hdrvr, number, cause);
            match self.deliver(module, &message, self.soonest(until)) {
                Reply::Answered(_) => Ok(()),
                other => Err(module.failure(other, number)),
            }
        });
        if let Err(error) = &told {
            tracing::warn!(%error, "a driver could not be unloaded in order");
        }
        module.unload(told.is_err(), self, self.soonest(until));
    }

    /// Sends a message that is wanted whatever happens meanwhile.
    pub fn deliver(&self, module: &Module, message: &Message, until: Option<Instant>) -> Reply {
        let reply = module.send(message, || true, |_| (), self, &self.trace, until);
        reply.unwrap_or(Reply::Busy)
    }

    /// The module of an instance.
    ///
    /// # Errors
    /// [`Error::BadHandle`].
    pub fn module_of(&self, hdrvr: Hdrvr) -> Result<Arc<Module>, Error> {
        self.table.get(hdrvr).map(|slot| slot.module).ok_or(Error::BadHandle(hdrvr.0))
    }

    pub fn module_handle(&self, hdrvr: Hdrvr) -> Option<u64> {
        self.table.get(hdrvr).map(|slot| slot.module.handle)
    }
}
