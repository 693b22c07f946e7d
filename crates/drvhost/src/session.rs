//! A session: everything open in one host, from the first open to the one end.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use sandbox::Spawner;
use wire::DialogAnswer;

use crate::ahead::{Blank, Shared};
use crate::arena::Arena;
use crate::broadcast::{Announcement, Broadcast, PowerChange};
use crate::clock::{Clock, SessionClock};
use crate::confinement::Confinement;
use crate::end::{self, End, Policy, Report};
use crate::error::Error;
use crate::gate::Gate;
use crate::launch;
use crate::listener::Listener;
use crate::meeting::Meeting;
use crate::module::{Image, Module};
use crate::numbers::Numbers;
use crate::registry::Registry;
use crate::services::{Beginning, Grant, Reach, Services, Settings};
use crate::sound::{Recorder, Sound};
use crate::store::Store;
use crate::synth::Devices;
use crate::table::{Slot, Table};
use crate::trace::Trace;
use crate::waiting::Until;

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
    /// The driver identifier: what DRV_OPEN answered, sign-extended if the driver has 32 bits.
    pub id: u64,
    /// The driver's file.
    pub file: PathBuf,
    /// How many instances its module has (C022).
    pub users: usize,
}

/// What a session is started with. Clones start sessions that write one trace.
#[derive(Debug, Clone)]
pub struct Builder {
    pub(crate) registry: Registry,
    deadline: Option<Duration>,
    trace: Trace,
    numbers: Numbers,
    worker: PathBuf,
    hidden_instance: bool,
    pub(crate) ahead: Shared,
    /// What starts workers, where several sessions share it.
    pub(crate) spawner: Option<Spawner>,
    listener: Listener,
    store: Option<Store>,
    settings: Arc<Settings>,
    sound: Sound,
    dialogs: DialogAnswer,
    clock: Clock,
    grants: Vec<Grant>,
    pub(crate) confinement: Confinement,
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

    /// Where the numbers of instances and workers come from: clones of one for sessions that must have none in common. Its own unless set.
    #[must_use]
    pub fn numbers(mut self, numbers: Numbers) -> Self {
        self.numbers = numbers;
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

    /// Where drivers keep what they write: their settings in the registry, and files, by the driver. Without a store they find no settings but those
    /// that drivers of sessions from this builder have made, and cannot write files (docs/files.md).
    ///
    /// The registry of names does not follow: see [`Registry::add_installed`].
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.settings = Arc::new(Settings::new(Some(store.clone())));
        self.store = Some(store);
        self
    }

    /// What drivers play on. A device that nobody hears unless set.
    #[must_use]
    pub fn sound(mut self, sound: Sound) -> Self {
        self.sound = sound;
        self
    }

    /// How dialogs and message boxes of drivers are answered, as nobody sees them. With OK unless set.
    #[must_use]
    pub fn dialogs(mut self, dialogs: DialogAnswer) -> Self {
        self.dialogs = dialogs;
        self
    }

    /// The clock that drivers see. The world's unless set.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What all drivers of the session may use, besides their own folders and what each was granted when it was installed.
    ///
    /// # Errors
    /// [`Error::File`] for a folder that is not there.
    pub fn grant(mut self, grants: &[Grant]) -> Result<Self, Error> {
        for Grant { folder, write } in grants {
            // By their real paths, as links are not followed.
            let real = std::fs::canonicalize(folder);
            let folder = real.map_err(|source| Error::File { file: folder.clone(), source })?;
            self.grants.push(Grant { folder, write: *write });
        }
        Ok(self)
    }

    /// Who gets the texts that drivers write for people (OutputDebugString, standard error), each with the driver's file name. A text is
    /// at most 500 characters, without controls; of what a driver writes during one message, at most a thousand texts are handed on.
    ///
    /// `hear` is called while the driver waits, on the thread that sent it the message, and must not use the session.
    #[must_use]
    pub fn on_text(mut self, hear: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        self.listener = Listener::new(hear);
        self
    }

    /// Starts the session. Nothing is opened yet.
    ///
    /// # Errors
    /// [`Error::Worker`] when the system gives no thread for starting workers; [`Error::File`] where a file for sound can never be written.
    pub fn start(self) -> Result<Session, Error> {
        let Self { registry, deadline, trace, numbers, worker, confinement, ahead, spawner, .. } = self;
        let (spawner, blank) = ahead.take(&worker, spawner)?;
        let Self { hidden_instance, listener, store, settings, sound, dialogs, clock, grants, .. } = self;
        Ok(Session {
            inner: Arc::new(Inner {
                registry,
                deadline,
                trace,
                numbers,
                program: worker,
                confinement,
                hidden_instance,
                listener,
                store,
                settings,
                recorder: Arc::new(Recorder::new(sound)?),
                dialogs,
                clock: SessionClock::new(clock),
                grants,
                spawner,
                ahead: Mutex::new(blank),
                table: Table::default(),
                gate: Gate::default(),
                unused: Mutex::default(),
                devices: Devices::default(),
                lacking: Mutex::default(),
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
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub registry: Registry,
    pub deadline: Option<Duration>,
    pub trace: Trace,
    pub numbers: Numbers,
    pub program: PathBuf,
    pub confinement: Confinement,
    pub hidden_instance: bool,
    pub listener: Listener,
    pub store: Option<Store>,
    pub settings: Arc<Settings>,
    pub recorder: Arc<Recorder>,
    pub dialogs: DialogAnswer,
    pub clock: SessionClock,
    pub grants: Vec<Grant>,
    pub spawner: Spawner,
    /// A worker for the first driver that wants one.
    pub ahead: Mutex<Option<Blank>>,
    pub table: Table,
    /// Lets opens in until the session ends.
    pub gate: Gate,
    /// Modules that lost their last instance during the broadcast of the end, with that instance: they are retired after it.
    pub unused: Mutex<Vec<(Arc<Module>, Hdrvr)>>,
    /// Whose devices are in use.
    pub devices: Devices,
    /// The imports that are not supplied, of each file that was loaded and has some.
    pub lacking: Mutex<BTreeMap<PathBuf, Vec<String>>>,
    ended: Mutex<Option<Report>>,
}

impl Inner {
    /// What the host does for a worker that is started for a driver.
    ///
    /// # Errors
    /// As the store is read.
    pub fn services(&self, worker: u32, image: &Image) -> Result<Services, Error> {
        let own = image.file.parent().unwrap_or(Path::new("/")).to_owned();
        let data = self.store.as_ref().map(|store| store.data_of(image.machine, &image.name));
        let mut grants = self.settings.grants(image.machine, &image.name)?;
        if let Some(store) = self.store.as_ref().filter(|_| !grants.is_empty())
            && !store.may_be_installed(image)
        {
            tracing::warn!(
                driver = image.name,
                "another driver of this name is installed, whose granted folders this one may not use"
            );
            grants.clear();
        }
        grants.extend(self.grants.iter().cloned());
        let installed = self.store.as_ref().filter(|store| store.folder(image.machine) == own);
        let files = installed.map(|store| store.files_of(image.machine, &image.name));
        let reach = Reach { own, files, data, grants };
        let (settings, recorder) = (Arc::clone(&self.settings), Arc::clone(&self.recorder));
        let beginning = Beginning { dialogs: self.dialogs, clock: self.clock.for_worker() };
        Ok(Services::new(worker, image, reach, settings, recorder, self.trace.clone(), beginning))
    }
}

impl Session {
    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// What a session is started with; see [`Builder`] for what holds unless it is set.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            registry: Registry::with_defaults(),
            deadline: Some(Duration::from_secs(5)),
            trace: Trace::none(),
            numbers: Numbers::default(),
            worker: launch::default_program(),
            hidden_instance: false,
            ahead: Shared::default(),
            spawner: None,
            listener: Listener::default(),
            store: None,
            settings: Arc::new(Settings::new(None)),
            sound: Sound::default(),
            dialogs: DialogAnswer::default(),
            clock: Clock::default(),
            grants: Vec::new(),
            confinement: Confinement::default(),
        }
    }

    /// The names that drivers are found by.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.inner.registry
    }

    /// `OpenDriver`: finds the driver by entry or file name (C033 to C051; [`Registry::set_machine`] says for which machine), loads it if it is not loaded, and opens an instance.
    ///
    /// # Errors
    /// What Win32 answers NULL for, by reason: [`Error::NoSuchDriver`], [`Error::NotADriver`], [`Error::Refused`], ...
    pub fn open_driver(&self, name: &str, section: Option<&str>, lparam2: i64) -> Result<Hdrvr, Error> {
        let driver = self.inner.registry.resolve(name, section)?;
        self.open(&driver, |_| Ok(lparam2))
    }

    /// `SendDriverMessage`: delivers any message to an instance and answers what the driver answered (C052 to C054).
    ///
    /// # Errors
    /// [`Error::BadHandle`], and [`Error::Late`], [`Error::Faulted`] or [`Error::Died`] when there was no answer.
    pub fn send(&self, hdrvr: Hdrvr, message: u32, lparam1: i64, lparam2: i64) -> Result<i64, Error> {
        self.inner.send(hdrvr, message, lparam1, lparam2, Until::within(self.inner.deadline))
    }

    /// `CloseDriver`: sends DRV_CLOSE and, for the last instance, DRV_DISABLE and DRV_FREE, after which the driver is unloaded.
    /// Answers what the driver answered; 0 means that it refused, and the instance stays open (C020).
    ///
    /// # Errors
    /// As [`send`](Self::send). An instance that did not answer DRV_CLOSE is gone, and gets nothing further.
    pub fn close(&self, hdrvr: Hdrvr, lparam1: i64, lparam2: i64) -> Result<i64, Error> {
        // Once the end has begun, nothing is closed from outside: drivers are told first.
        let Some(_closing) = self.inner.gate.enter() else {
            return Err(if self.inner.table.reaches(hdrvr) {
                Error::SessionEnding
            } else {
                Error::BadHandle(hdrvr.0)
            });
        };
        self.inner.close(hdrvr, lparam1, lparam2, self.inner.until())
    }

    /// Closes an instance that is of no use, and answers whether its worker has ended with it, so that its file's next open
    /// begins with nothing left over. One that did not come back from a message gets nothing further, unless others share
    /// its worker.
    pub(crate) fn dismiss(&self, hdrvr: Hdrvr, came_back: bool) -> bool {
        let Some(_closing) = self.inner.gate.enter() else { return false };
        self.inner.dismiss(hdrvr, came_back, self.inner.until())
    }

    /// `GetDriverModuleHandle`: the base address of the instance's module in its worker.
    ///
    /// # Errors
    /// [`Error::BadHandle`].
    pub fn module_handle(&self, hdrvr: Hdrvr) -> Result<u64, Error> {
        self.inner.module_handle(hdrvr).ok_or(Error::BadHandle(hdrvr.0))
    }

    /// Whether an instance's worker has ended, so that no message will ever be answered again.
    ///
    /// # Errors
    /// [`Error::BadHandle`].
    pub fn is_dead(&self, hdrvr: Hdrvr) -> Result<bool, Error> {
        let slot = self.inner.table.get(hdrvr).ok_or(Error::BadHandle(hdrvr.0))?;
        Ok(slot.module.worker.dead())
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

    /// Those of a file that was loaded in this session, whether or not it opened then.
    #[must_use]
    pub fn unresolved_in(&self, file: &Path) -> Vec<String> {
        // As it is known by once it is loaded.
        let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
        let lacking = self.inner.lacking.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.get(&file).cloned().unwrap_or_default()
    }

    /// Which of the imports that are not supplied here drivers have called, in this session and in others with the same trace.
    #[must_use]
    pub fn unresolved_called(&self) -> BTreeSet<String> {
        self.inner.trace.missing()
    }

    /// All open instances, in open order.
    #[must_use]
    pub fn instances(&self) -> Vec<Instance> {
        let describe = |(hdrvr, slot): (Hdrvr, Slot)| {
            let users = self.inner.table.users(&slot.module);
            Instance { hdrvr, id: slot.id.cast_unsigned(), file: slot.module.key.file.clone(), users }
        };
        self.inner.table.open().into_iter().map(describe).collect()
    }

    /// Tells every open instance DRV_POWER, whose parameters are unused: those of one worker in open order, workers side by side. They have
    /// the deadline of one message together, and no more than `within`.
    ///
    /// Nothing is closed. Once the session's end has begun, nobody is told.
    #[must_use = "the report says which drivers did not answer"]
    pub fn power(&self, change: PowerChange, within: Option<Duration>) -> Report {
        let started = Instant::now();
        let limit = within.and_then(|within| started.checked_add(within));
        let instances = if self.inner.gate.closing() { Vec::new() } else { self.inner.table.open() };
        let until = self.inner.soonest(limit);
        let broadcast = Broadcast::new(&self.inner, Announcement::power(change), instances.len(), until);
        let told = broadcast.tell(instances);
        Report::new(told, started)
    }

    /// Ends the session: tells every open instance DRV_EXITSESSION, then, by `policy`, closes and unloads everything.
    /// Nothing is closed, disabled or freed before every instance has answered or used up its time.
    ///
    /// A second call sends nothing and answers the same report (C078); nothing can be opened any more.
    #[must_use = "the report says which drivers did not answer"]
    pub fn end(&self, policy: Policy) -> Report {
        self.end_as(&End { policy, ..End::default() })
    }

    /// Ends the session as [`end`](Self::end) does, for another reason or in limited time.
    #[must_use = "the report says which drivers did not answer"]
    pub fn end_as(&self, end: &End) -> Report {
        self.end_after(end, |_| ())
    }

    /// Ends several sessions as one: nothing is closed in any of them before every instance of all has answered or used up its time. The
    /// reports are in the order of the sessions.
    #[must_use = "the reports say which drivers did not answer"]
    pub fn end_together(sessions: &[Self], end: &End) -> Vec<Report> {
        let meeting = Meeting::new(sessions.len());
        thread::scope(|scope| {
            let begin = |session: &'_ Self| {
                let (session, arriving) = (session.clone(), meeting.arriving());
                let end_one = move || session.end_after(end, |until| arriving.wait_for_all(until));
                thread::Builder::new().spawn_scoped(scope, end_one).ok()
            };
            let ending: Vec<_> = sessions.iter().map(begin).collect();
            let report = |(ending, session): (Option<ScopedJoinHandle<'_, Report>>, &Self)| {
                let report = ending.and_then(|ending| ending.join().ok());
                // Where the system gives no further thread, one after another is still better than not at all.
                report.unwrap_or_else(|| session.end_as(end))
            };
            ending.into_iter().zip(sessions).map(report).collect()
        })
    }

    fn end_after(&self, end: &End, all_told: impl FnOnce(Option<Instant>)) -> Report {
        let mut ended = self.inner.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.get_or_insert_with(|| end::run(&self.inner, end, all_told)).clone()
    }
}
