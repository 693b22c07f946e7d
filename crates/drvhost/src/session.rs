//! A session: everything open in one host, from the first open to the one end.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use mmsystem::{DRV_CLOSE, DRV_DISABLE, DRV_ENABLE, DRV_FREE, DRV_LOAD, DRV_OPEN};
use sandbox::Spawner;

use crate::arena::{Arena, Block};
use crate::end::{self, Policy, Report};
use crate::error::Error;
use crate::gate::Gate;
use crate::module::{Image, Message, Module};
use crate::registry::{DriverFile, Registry};
use crate::table::{Claim, Left, Phase, Slot, Table};
use crate::trace::{Cause, Trace};
use crate::worker::{self, Reply, Worker};

/// The handle of an open instance: what `OpenDriver` answers. Never 0, and never used twice in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hdrvr(pub u64);

impl fmt::Display for Hdrvr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

/// An open instance, described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Its handle.
    pub hdrvr: Hdrvr,
    /// The driver identifier: what DRV_OPEN answered.
    pub id: u64,
    /// The driver's file.
    pub file: PathBuf,
    /// How many instances its module has (C022).
    pub users: usize,
}

/// What a session is started with.
#[derive(Debug)]
pub struct Builder {
    registry: Registry,
    deadline: Option<Duration>,
    trace: Trace,
    worker: PathBuf,
    hidden_instance: bool,
}

impl Builder {
    /// The names that drivers are found by.
    #[must_use]
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// How long a driver has for each message, and all drivers together for the broadcast of the session's end; `None`: for ever.
    /// Five seconds unless set.
    #[must_use]
    pub fn deadline(mut self, deadline: Option<Duration>) -> Self {
        self.deadline = deadline;
        self
    }

    /// Where every DriverProc call is written down.
    #[must_use]
    pub fn trace(mut self, trace: Trace) -> Self {
        self.trace = trace;
        self
    }

    /// The worker's program; beside the running program unless set.
    #[must_use]
    pub fn worker(mut self, program: PathBuf) -> Self {
        self.worker = program;
        self
    }

    /// Opens a hidden instance first when a module's first open has a lParam2, as Wine does and few codecs need (spec section 1.2, C028).
    #[must_use]
    pub fn hidden_instance(mut self, on: bool) -> Self {
        self.hidden_instance = on;
        self
    }

    /// Starts the session. Nothing is opened yet.
    ///
    /// # Errors
    /// [`Error::Worker`] when the system gives no thread for starting workers.
    pub fn start(self) -> Result<Session, Error> {
        let spawner = Spawner::new().map_err(|error| Error::Worker(error.to_string()))?;
        let Self { registry, deadline, trace, worker, hidden_instance } = self;
        Ok(Session {
            inner: Arc::new(Inner {
                registry,
                deadline,
                trace,
                program: worker,
                hidden_instance,
                spawner,
                table: Table::default(),
                gate: Gate::default(),
                ended: Mutex::new(None),
            }),
        })
    }
}

/// Everything open in one host. Clones are the same session; it may be used from several threads.
///
/// Dropping the last clone without [`end`](Self::end) ends every worker and tells no driver anything, as a process that
/// exits does (C079).
#[derive(Debug, Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    registry: Registry,
    pub deadline: Option<Duration>,
    pub trace: Trace,
    program: PathBuf,
    hidden_instance: bool,
    spawner: Spawner,
    pub table: Table,
    /// Lets opens in until the session ends.
    pub gate: Gate,
    ended: Mutex<Option<Report>>,
}

impl Session {
    /// What a session is started with; see [`Builder`] for what holds unless it is set.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            registry: Registry::with_defaults(),
            deadline: Some(Duration::from_secs(5)),
            trace: Trace::none(),
            worker: worker::default_program(),
            hidden_instance: false,
        }
    }

    /// The names that drivers are found by.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// `OpenDriver`: finds the driver by entry or file name (C033 to C051), loads it if it is not loaded, and opens an instance.
    ///
    /// # Errors
    /// What Win32 answers NULL for, by reason: [`Error::NoSuchDriver`], [`Error::NotADriver`], [`Error::Refused`], ...
    pub fn open_driver(&self, name: &str, section: Option<&str>, lparam2: i64) -> Result<Hdrvr, Error> {
        let driver = self.inner.registry.resolve(name, section)?;
        self.open(&driver, |_| Ok(lparam2))
    }

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
        self.inner.open(driver, lparam2)
    }

    /// `SendDriverMessage`: delivers any message to an instance and answers what the driver answered (C052 to C054).
    ///
    /// # Errors
    /// [`Error::BadHandle`], and [`Error::Late`], [`Error::Faulted`] or [`Error::Died`] when there was no answer.
    pub fn send(&self, hdrvr: Hdrvr, message: u32, lparam1: i64, lparam2: i64) -> Result<i64, Error> {
        self.inner.send(hdrvr, message, lparam1, lparam2, self.inner.until())
    }

    /// `CloseDriver`: sends DRV_CLOSE and, for the last instance, DRV_DISABLE and DRV_FREE, after which the driver is unloaded.
    /// Answers what the driver answered; 0 means that it refused, and the instance stays open (C020).
    ///
    /// # Errors
    /// As [`send`](Self::send). An instance that did not answer DRV_CLOSE is gone, and gets nothing further.
    pub fn close(&self, hdrvr: Hdrvr, lparam1: i64, lparam2: i64) -> Result<i64, Error> {
        self.inner.close(hdrvr, lparam1, lparam2, self.inner.until())
    }

    /// `GetDriverModuleHandle`: the base address of the instance's module in its worker.
    ///
    /// # Errors
    /// [`Error::BadHandle`].
    pub fn module_handle(&self, hdrvr: Hdrvr) -> Result<u64, Error> {
        self.inner.module_handle(hdrvr).ok_or(Error::BadHandle(hdrvr.0))
    }

    /// The memory shared with an instance's driver.
    ///
    /// # Errors
    /// [`Error::BadHandle`].
    pub fn arena(&self, hdrvr: Hdrvr) -> Result<Arc<Arena>, Error> {
        let slot = self.inner.table.get(hdrvr).ok_or(Error::BadHandle(hdrvr.0))?;
        Ok(Arc::clone(&slot.module.worker.arena))
    }

    /// The imports of an instance's driver that are not supplied here, as `library!function`. Calling one ends the call
    /// with a fault.
    ///
    /// # Errors
    /// [`Error::BadHandle`].
    pub fn unresolved(&self, hdrvr: Hdrvr) -> Result<Vec<String>, Error> {
        let slot = self.inner.table.get(hdrvr).ok_or(Error::BadHandle(hdrvr.0))?;
        Ok(slot.module.unresolved.clone())
    }

    /// All open instances, in open order.
    #[must_use]
    pub fn instances(&self) -> Vec<Instance> {
        let describe = |(hdrvr, slot): (Hdrvr, Slot)| {
            let users = self.inner.table.users(&slot.module.file);
            Instance { hdrvr, id: slot.id, file: slot.module.file.clone(), users }
        };
        self.inner.table.open().into_iter().map(describe).collect()
    }

    /// The isolation layers of an instance's worker: name, whether it is in place, and what it covers or why it is missing.
    ///
    /// # Errors
    /// [`Error::BadHandle`].
    pub fn layers(&self, hdrvr: Hdrvr) -> Result<Vec<(String, bool, String)>, Error> {
        let slot = self.inner.table.get(hdrvr).ok_or(Error::BadHandle(hdrvr.0))?;
        let layers = &slot.module.worker.layers;
        Ok(layers.iter().map(|layer| (layer.name.clone(), layer.active, layer.detail.clone())).collect())
    }

    /// Ends the session: tells every open instance DRV_EXITSESSION, then, by `policy`, closes and unloads everything.
    /// Nothing is closed, disabled or freed before every instance has answered or used up its time.
    ///
    /// A second call sends nothing and answers the same report (C078); nothing can be opened any more.
    #[must_use = "the report says which drivers did not answer"]
    pub fn end(&self, policy: Policy) -> Report {
        let mut ended = self.inner.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.get_or_insert_with(|| end::run(&self.inner, policy)).clone()
    }
}

impl Inner {
    /// When a message that begins now must be answered.
    pub fn until(&self) -> Option<Instant> {
        self.deadline.map(|deadline| Instant::now() + deadline)
    }

    /// When a message that begins now, on behalf of one that must be answered at `until`, must be answered.
    pub fn soonest(&self, until: Option<Instant>) -> Option<Instant> {
        [self.until(), until].into_iter().flatten().min()
    }

    fn open(
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
            Claim::Load => match self.load(&file, hdrvr) {
                Ok(module) => (module, true),
                Err(error) => {
                    self.table.remove(hdrvr);
                    self.table.forget(&file);
                    return Err(error);
                }
            },
            Claim::TimedOut => {
                let driver = driver.path.display().to_string();
                return Err(Error::Late { driver, message: "DRV_LOAD".into(), killed: false });
            }
        };
        let opened = lparam2(&module.worker.arena).and_then(|lparam2| {
            if first && lparam2 != 0 && self.hidden_instance {
                let hidden = self.table.new_handle();
                self.open_instance(&module, hidden, driver, 0)?;
                self.table.hide(&module, hidden);
            }
            self.open_instance(&module, hdrvr, driver, lparam2)
        });
        if let Err(error) = opened {
            self.table.remove(hdrvr);
            let bad = matches!(error, Error::Faulted { .. } | Error::Late { .. } | Error::Died { .. });
            self.let_go(&module, hdrvr, bad, self.until());
            return Err(error);
        }
        Ok(hdrvr)
    }

    /// Starts a worker for a file, loads the driver, and sends DRV_LOAD and DRV_ENABLE.
    fn load(&self, file: &std::path::Path, hdrvr: Hdrvr) -> Result<Arc<Module>, Error> {
        let image = Image::read(file)?;
        let worker = Worker::start(&self.spawner, &self.program, &image)?;
        let loaded = worker.load(file, self, self.until())?;
        let module = Arc::new(Module::new(file, image.name, self.table.new_worker(), worker, &loaded)?);
        self.table.set(hdrvr, Slot { module: Arc::clone(&module), id: 0, phase: Phase::Opening });
        let answer = self.tell(&module, hdrvr, 0, DRV_LOAD, self.until())?;
        if answer == 0 {
            // Unloaded at once, without DRV_FREE (C009).
            module.worker.unload(self, self.until());
            return Err(module.failure(Reply::Answered(0), DRV_LOAD));
        }
        // Whatever DRV_ENABLE answers is ignored (C011).
        self.tell(&module, hdrvr, 0, DRV_ENABLE, self.until())?;
        self.table.loaded(&module);
        Ok(module)
    }

    /// Sends DRV_OPEN and makes the instance one that messages reach.
    fn open_instance(
        &self,
        module: &Arc<Module>,
        hdrvr: Hdrvr,
        driver: &DriverFile,
        lparam2: i64,
    ) -> Result<(), Error> {
        self.table.set(hdrvr, Slot { module: Arc::clone(module), id: 0, phase: Phase::Opening });
        let text = driver.text.as_deref().map(|text| module.worker.arena.text(text)).transpose()?;
        let message = Message {
            hdrvr,
            id: 0,
            number: DRV_OPEN,
            lparam1: text.as_ref().map_or(0, Block::lparam),
            lparam2,
            cause: None,
        };
        let id = match self.deliver(module, &message, self.until()) {
            Reply::Answered(id) if id != 0 => id,
            other => {
                self.table.remove(hdrvr);
                return Err(module.failure(other, DRV_OPEN));
            }
        };
        // Where the session has ended without waiting any longer for this, the worker ends with it.
        let slot = Slot { module: Arc::clone(module), id, phase: Phase::Open };
        if self.gate.while_open(|| self.table.set(hdrvr, slot)) {
            return Ok(());
        }
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
        let reachable = || self.table.get(hdrvr).filter(|slot| slot.phase != Phase::Opening);
        let bad_handle = Error::BadHandle(hdrvr.0);
        let Some(Slot { module, id, .. }) = reachable() else { return Err(bad_handle) };
        let message = Message { hdrvr, id, number, lparam1, lparam2, cause: None };
        match module.send(&message, || reachable().is_some(), self, &self.trace, until) {
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
            Reply::Busy => Err(module.failure(reply, DRV_CLOSE)),
            Reply::Answered(result) => {
                self.let_go(&module, hdrvr, false, until);
                Ok(result.cast_signed())
            }
            bad => {
                self.let_go(&module, hdrvr, true, until);
                Err(module.failure(bad, DRV_CLOSE))
            }
        }
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
        let slot = self.table.advance(hdrvr, Phase::Open, Phase::Closing);
        let Slot { module, id, .. } = slot.ok_or(Error::BadHandle(hdrvr.0))?;
        let message = Message { hdrvr, id, number: DRV_CLOSE, lparam1, lparam2, cause };
        let reply = self.deliver(&module, &message, until);
        if matches!(reply, Reply::Answered(0) | Reply::Busy) {
            self.table.advance(hdrvr, Phase::Closing, Phase::Open);
        } else {
            self.table.remove(hdrvr);
        }
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
            Left::Unused(module) => {
                if bad {
                    module.worker.end("was ended after a call that did not return");
                } else {
                    self.retire(&module, hdrvr, None);
                }
                self.table.forget(&module.file);
            }
        }
    }

    /// DRV_DISABLE, DRV_FREE, and the end of the module, once. A driver that does not answer gets nothing further.
    pub fn retire(&self, module: &Module, hdrvr: Hdrvr, cause: Option<Cause>) {
        if !module.claim_retirement() {
            return;
        }
        let told = [DRV_DISABLE, DRV_FREE].into_iter().try_for_each(|number| {
            let message = Message { hdrvr, id: 0, number, lparam1: 0, lparam2: 0, cause };
            match self.deliver(module, &message, self.until()) {
                Reply::Answered(_) => Ok(()),
                other => Err(module.failure(other, number)),
            }
        });
        match told {
            // A driver that closes itself from inside a message goes on until that message is answered.
            Ok(()) if module.worker.in_call() => {}
            Ok(()) => {
                module.worker.unload(self, self.until());
                module.worker.end("has been unloaded");
            }
            Err(error) => {
                tracing::warn!(%error, "a driver could not be unloaded in order");
                module.worker.end("was ended after a call that did not return");
            }
        }
    }

    /// Sends a message without parameters, and answers what the driver answered.
    fn tell(
        &self,
        module: &Module,
        hdrvr: Hdrvr,
        id: u64,
        number: u32,
        until: Option<Instant>,
    ) -> Result<u64, Error> {
        let message = Message { hdrvr, id, number, lparam1: 0, lparam2: 0, cause: None };
        match self.deliver(module, &message, until) {
            Reply::Answered(result) => Ok(result),
            other => Err(module.failure(other, number)),
        }
    }

    /// Sends a message that is wanted whatever happens meanwhile.
    fn deliver(&self, module: &Module, message: &Message, until: Option<Instant>) -> Reply {
        let reply = module.send(message, || true, self, &self.trace, until);
        reply.unwrap_or(Reply::Busy)
    }

    pub fn module_handle(&self, hdrvr: Hdrvr) -> Option<u64> {
        self.table.get(hdrvr).map(|slot| slot.module.handle)
    }
}
