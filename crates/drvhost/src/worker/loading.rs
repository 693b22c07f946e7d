//! Loading drivers into a worker, and unloading them.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use wire::{Brought, Load, LoadRefusal, Loaded, ToWorker};

use super::{Broker, Exchange, OTHER_QUESTION, Worker, printable};
use crate::error::Error;
use crate::images::User;
use crate::module::Image;
use crate::reply::{self, Reply};
use crate::services::Beginning;

/// What stands for the message in errors about the entry point.
const ENTRY_POINT: &str = "its entry point";

impl Worker {
    /// Maps a driver and runs its entry point: the one that the worker was started for, or one that was [brought](Self::bring).
    ///
    /// # Errors
    /// [`Error::NotADriver`] when it cannot be loaded, or the reply that ended it, as an error about its entry point.
    pub fn load(
        self: &Arc<Self>,
        image: &Image,
        brought: Option<Brought>,
        broker: &dyn Broker,
        until: Option<Instant>,
    ) -> Result<Loaded, Error> {
        let not_a_driver = |why: String| Error::NotADriver { file: image.file.clone(), why };
        let failure = |reply| reply::failure(reply, &image.name, ENTRY_POINT);
        let traced = broker.trace().is_read();
        let Beginning { dialogs, clock, .. } = self.services.beginning();
        let load =
            |seq| ToWorker::Load(Load { seq, name: image.name.clone(), brought, traced, dialogs, clock });
        let until = until.into();
        let Some(turn) = self.begin(&until) else { return Err(failure(Reply::Busy)) };
        match self.exchange(&turn, load, broker, &until) {
            Exchange::Loaded(loaded) => Ok(*loaded),
            Exchange::Unloadable(refusal) => Err(match *refusal {
                LoadRefusal::Image(why) => not_a_driver(printable(&why)),
                LoadRefusal::EntryPoint => not_a_driver(
                    "its entry point refuses to be loaded (DLL_PROCESS_ATTACH answered FALSE)".into(),
                ),
                LoadRefusal::Host(why) => Error::Worker(printable(&why)),
            }),
            Exchange::Advanced(_) | Exchange::Dropped | Exchange::Reply(Reply::Answered(_)) => {
                Err(failure(Reply::Died(self.end(OTHER_QUESTION))))
            }
            Exchange::Reply(reply) => Err(failure(reply)),
        }
    }

    /// Puts a further image where the worker can load it.
    ///
    /// # Errors
    /// As [`Images::bring`].
    pub fn bring(&self, image: &Image) -> Result<Brought, Error> {
        self.lock_images().bring(image, self.brought, User::Driver)
    }

    /// A further image is unloaded.
    pub fn free(&self, brought: Brought) {
        self.lock_images().free(brought, User::Driver);
    }

    /// A further image is unloaded as soon as none of its code runs.
    pub fn free_later(&self, module: u64, brought: Brought) {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner).push((module, brought));
    }

    /// Takes back the places of images whose code has returned meanwhile.
    pub fn reclaim(self: &Arc<Self>, broker: &dyn Broker, until: Option<Instant>) {
        let leaving = std::mem::take(&mut *self.leaving.lock().unwrap_or_else(PoisonError::into_inner));
        for (module, brought) in leaving {
            match self.unload(module, false, broker, until) {
                Reply::Answered(1) => self.free(brought),
                _ => self.free_later(module, brought),
            }
        }
    }

    /// Tells an image that it is unloaded; the answer is 0 when that must wait until none of its code runs. `silently`: has the worker
    /// forget it, and the image is told nothing.
    pub fn unload(
        self: &Arc<Self>,
        module: u64,
        silently: bool,
        broker: &dyn Broker,
        until: Option<Instant>,
    ) -> Reply {
        let until = until.into();
        let Some(turn) = self.begin(&until) else { return Reply::Busy };
        self.request(&turn, |seq| ToWorker::Unload { seq, module, silently }, broker, &until)
    }
}
