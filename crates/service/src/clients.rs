//! Who uses the service: each client with a session of its own, which nobody else reaches.
//!
//! Nothing here waits for a driver while a lock is held.

mod ending;
mod instruments;

pub(crate) use instruments::Asked;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use drvhost::{Builder, DriverFile, End, Hdrvr, Instance, Numbers, Reason, Session};

use crate::errors::Refusal;
use crate::instruments::Instruments;
use crate::quarantine::Quarantine;
use crate::report::SessionReport;
use crate::serve::Settings;

/// How many clients there may be, and how many of one user.
const MOST_CLIENTS: usize = 256;
const MOST_OF_A_USER: usize = 128;
/// How many clients of one user, whose drivers are still being told that they have left, there may be before none of its clients begins.
const MOST_LEAVING_OF_A_USER: usize = 64;
/// How many instances a client may have open.
const MOST_INSTANCES: usize = 1024;

/// Where the session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Drivers can be opened.
    Running,
    /// Drivers are being told of the end.
    Ending,
    /// They have been; nothing can be opened.
    Ended,
}

impl Phase {
    /// As the property `State` says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ending => "ending",
            Self::Ended => "ended",
        }
    }
}

/// One connection to the bus.
#[derive(Debug)]
pub(crate) struct Client {
    /// Its process; 0 if the bus does not know.
    pub pid: u32,
    pub uid: u32,
    /// From its first open on.
    session: Mutex<Option<Session>>,
    /// How many calls of its run.
    pub running: tokio::sync::Semaphore,
    /// How many calls of its run or wait.
    pub calls: AtomicUsize,
}

impl Client {
    fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn instances(&self) -> Vec<Instance> {
        self.session().as_ref().map(Session::instances).unwrap_or_default()
    }
}

/// What a client wants opened.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// An entry or a file.
    pub driver: String,
    /// Empty means NULL.
    pub section: String,
    /// For DRV_OPEN, instead of what the entry says; empty: what the entry says.
    pub text: String,
    pub lparam2: i64,
}

/// One line of ListInstances: handle, driver, identifier, process.
pub(crate) type Listed = (u64, String, u64, i64);

#[derive(Debug)]
struct State {
    phase: Phase,
    /// By unique name.
    present: BTreeMap<String, Arc<Client>>,
    /// Sessions of clients that have left, by number, while their drivers are told; each with its user.
    leaving: BTreeMap<u64, (u32, Session)>,
    dismissed: u64,
    last: Option<SessionReport>,
}

impl State {
    /// Takes a client's session, if it has one, to those that leave.
    fn let_leave(&mut self, client: &Client) -> Leaving {
        let session = client.session().take();
        self.dismissed += 1;
        if let Some(session) = &session {
            self.leaving.insert(self.dismissed, (client.uid, session.clone()));
        }
        Leaving { number: self.dismissed, pid: client.pid, session }
    }
}

/// A client that leaves.
#[derive(Debug)]
pub(crate) struct Leaving {
    number: u64,
    /// Its process.
    pub pid: u32,
    /// What it has open, if it has ever opened anything.
    session: Option<Session>,
}

/// All clients.
#[derive(Debug)]
pub(crate) struct Clients {
    settings: Settings,
    own_uid: u32,
    numbers: Numbers,
    quarantine: Quarantine,
    pub instruments: Instruments,
    state: Mutex<State>,
}

impl Clients {
    pub fn new(settings: Settings) -> Self {
        let (present, leaving) = (BTreeMap::new(), BTreeMap::new());
        Self {
            settings,
            own_uid: rustix::process::getuid().as_raw(),
            numbers: Numbers::default(),
            quarantine: Quarantine::default(),
            instruments: Instruments::default(),
            state: Mutex::new(State { phase: Phase::Running, present, leaving, dismissed: 0, last: None }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether a user is the service's own, or root, who could do everything anyway.
    pub fn is_master(&self, uid: u32) -> bool {
        uid == self.own_uid || uid == 0
    }

    /// The client with this unique name, if it is known.
    pub fn known(&self, name: &str) -> Option<Arc<Client>> {
        self.lock().present.get(name).cloned()
    }

    /// Takes a connection in as a client.
    pub fn admit(&self, name: &str, pid: u32, uid: u32) -> Result<Arc<Client>, Refusal> {
        if !self.settings.system && !self.is_master(uid) {
            return Err(Refusal::Denied(
                "the service on a session bus is for the user of that bus only".into(),
            ));
        }
        let mut state = self.lock();
        let of_user = state.present.values().filter(|client| client.uid == uid).count();
        if let Some(client) = state.present.get(name) {
            return Ok(Arc::clone(client));
        }
        if state.present.len() >= MOST_CLIENTS || of_user >= MOST_OF_A_USER {
            return Err(Refusal::TooMany(format!(
                "there may be {MOST_CLIENTS} clients, and {MOST_OF_A_USER} of one user"
            )));
        }
        let running = tokio::sync::Semaphore::new(crate::serve::MOST_RUNNING_OF_A_CLIENT);
        let (session, calls) = (Mutex::new(None), AtomicUsize::new(0));
        let client = Arc::new(Client { pid, uid, session, running, calls });
        state.present.insert(name.to_owned(), Arc::clone(&client));
        Ok(client)
    }

    /// The session that a client opens drivers in; a client that is not present any more gets none.
    fn session_of(&self, client: &Arc<Client>) -> Result<Session, Refusal> {
        let state = self.lock();
        if state.phase != Phase::Running {
            return Err(drvhost::Error::SessionEnding.into());
        }
        if !state.present.values().any(|present| Arc::ptr_eq(present, client)) {
            return Err(Refusal::Denied("the client has left the bus".into()));
        }
        let mut session = client.session();
        if let Some(session) = session.as_ref() {
            return Ok(session.clone());
        }
        // Each of them may keep a thread for as long as drivers may take.
        if state.leaving.values().filter(|(uid, _)| *uid == client.uid).count() >= MOST_LEAVING_OF_A_USER {
            return Err(Refusal::TooMany(
                "the drivers of earlier clients of this user are still being closed".into(),
            ));
        }
        let started = self.builder(client.uid)?.start()?;
        Ok(session.insert(started).clone())
    }

    /// What the sessions of a user are started with.
    fn builder(&self, uid: u32) -> Result<Builder, Refusal> {
        let settings = &self.settings;
        let builder = Session::builder()
            .registry(settings.registry()?)
            .deadline(settings.deadline)
            .processor_time(settings.processor_time)
            .trace(settings.trace.clone())
            .numbers(self.numbers.clone())
            .sound(settings.sound.clone())
            .dialogs(settings.dialogs)
            .require_sandbox(settings.require)
            .memory(settings.memory)
            .fixed_addresses(settings.fixed_addresses)
            .hidden_instance(settings.hidden_instance)
            .threads(settings.threads);
        // What drivers keep is the user's whose service this is. Other users' drivers keep nothing.
        Ok(match &settings.store {
            Some(store) if uid == self.own_uid => builder.store(store.clone()),
            _ => builder,
        })
    }

    /// Opens an instance. May take as long as a driver may.
    pub fn open(&self, client: &Arc<Client>, wanted: &Wanted) -> Result<Hdrvr, Refusal> {
        let session = self.session_of(client)?;
        if session.instances().len() >= MOST_INSTANCES {
            return Err(Refusal::TooMany(format!("a client may have {MOST_INSTANCES} instances open")));
        }
        let driver = self.find(client, wanted)?;
        let file = real_path(&driver);
        self.quarantine.wait(client.uid, &file)?;
        session.open(&driver, |_| Ok(wanted.lparam2)).map_err(|error| {
            if is_death(&error) {
                self.quarantine.died(client.uid, &file);
            }
            error.into()
        })
    }

    /// Finds a driver as OpenDriver does. Files are named by absolute paths, as the service's directory is not the client's, and only
    /// the service's own user may name any.
    fn find(&self, client: &Client, wanted: &Wanted) -> Result<DriverFile, Refusal> {
        let Wanted { driver, section, text, .. } = wanted;
        if driver.contains(['/', '\\']) {
            if !self.is_master(client.uid) {
                return Err(Refusal::Denied(
                    "files are opened by path for the service's own user only; others name drivers that are known".into(),
                ));
            }
            if !Path::new(driver).is_absolute() {
                return Err(Refusal::NoSuchDriver(format!(
                    "`{driver}` is no absolute path, and the service knows no directory that it would be relative to"
                )));
            }
        }
        let section = (!section.is_empty()).then_some(section.as_str());
        let found = self.settings.registry()?.resolve(driver, section)?;
        let text = if text.is_empty() { found.text } else { Some(text.clone()) };
        Ok(DriverFile { text, ..found })
    }

    /// Does something with an instance of a client's. May take as long as a driver may.
    pub fn with<T>(
        &self,
        client: &Client,
        handle: u64,
        act: impl FnOnce(&Session, Hdrvr) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let hdrvr = Hdrvr(handle);
        let session = client.session().clone();
        let own = session.filter(|session| session.module_handle(hdrvr).is_ok());
        let Some(session) = own else { return Err(self.not_yours(client, handle)) };
        // Looked up first: afterwards it may be gone. A worker that has died before does not die again.
        let alive = !session.is_dead(hdrvr)?;
        let file = session.instances().into_iter().find(|open| open.hdrvr == hdrvr).map(|open| open.file);
        let done = act(&session, hdrvr);
        let dead = matches!(done, Err(Refusal::Died(_))) || session.is_dead(hdrvr).unwrap_or(false);
        if let Some(file) = file.filter(|_| alive && dead) {
            self.quarantine.died(client.uid, &file);
        }
        done
    }

    /// Why a client cannot use a handle. That it is another user's, nobody is told.
    fn not_yours(&self, client: &Client, handle: u64) -> Refusal {
        let state = self.lock();
        let others =
            state.present.values().filter(|other| self.is_master(client.uid) || other.uid == client.uid);
        let mut open = others.flat_map(|other| other.instances());
        if open.any(|instance| instance.hdrvr.0 == handle) {
            return Refusal::Denied(format!("the instance with the handle {handle:#x} is another client's"));
        }
        drvhost::Error::BadHandle(handle).into()
    }

    /// Forgets that a driver has died; whether it had.
    pub fn pardon(&self, client: &Client, driver: &str) -> Result<bool, Refusal> {
        let (driver, section, text) = (driver.to_owned(), String::new(), String::new());
        let found = self.find(client, &Wanted { driver, section, text, lparam2: 0 })?;
        Ok(self.quarantine.pardon(client.uid, &real_path(&found)))
    }

    /// What is open: everything for the service's own user, for others what clients of theirs have opened.
    pub fn list(&self, viewer: &Client) -> Vec<Listed> {
        let state = self.lock();
        let seen =
            state.present.values().filter(|client| self.is_master(viewer.uid) || client.uid == viewer.uid);
        let of_client = |client: &Arc<Client>| {
            let pid = i64::from(client.pid);
            client.instances().into_iter().map(move |open| {
                let name = open.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                (open.hdrvr.0, name, open.id, pid)
            })
        };
        let mut listed: Vec<_> = seen.flat_map(of_client).collect();
        listed.sort_by_key(|listed| listed.0);
        listed
    }

    /// How many instances are open, those of clients that are leaving included.
    pub fn open_instances(&self) -> usize {
        let state = self.lock();
        let present: usize = state.present.values().map(|client| client.instances().len()).sum();
        present + state.leaving.values().map(|(_, session)| session.instances().len()).sum::<usize>()
    }

    /// How many clients have used the service and are still there.
    pub fn count(&self) -> usize {
        self.lock().present.len()
    }

    pub fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// A client has left the bus: it can do nothing any more. Answers what is to be dismissed if it was known.
    #[must_use = "its drivers must be told"]
    pub fn leave(&self, name: &str) -> Option<Leaving> {
        let mut state = self.lock();
        let client = state.present.remove(name)?;
        Some(state.let_leave(&client))
    }

    /// A client ends as it should. It may open drivers anew, in another session.
    #[must_use = "its drivers must be told"]
    pub fn part_from(&self, client: &Client) -> Leaving {
        self.lock().let_leave(client)
    }

    /// Tells the drivers of a client that leaves that it has ended, and closes them. Takes as long as they do within [`Settings::end_time`].
    pub fn dismiss(&self, leaving: Leaving, reason: Reason) {
        let Leaving { number, pid, session: Some(session) } = leaving else { return };
        let within = self.settings.end_time();
        let report = session.end_as(&End { reason, within, ..End::default() });
        for error in report.instances.iter().filter_map(|instance| instance.error.as_ref()) {
            tracing::warn!(client = pid, error, "a driver of a client that left");
        }
        self.lock().leaving.remove(&number);
    }

    /// Whether clients that have left still have drivers that are being told.
    pub fn anybody_leaving(&self) -> bool {
        !self.lock().leaving.is_empty()
    }
}

/// Counts a call of a client's from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Counted(Arc<Client>);

impl Counted {
    /// `None` when there are as many as there may be.
    pub fn new(client: &Arc<Client>, most: usize) -> Option<Self> {
        let more = |calls: usize| (calls < most).then_some(calls + 1);
        let counted = client.calls.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        counted.is_ok().then(|| Self(Arc::clone(client)))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a driver's deaths are counted by.
fn real_path(driver: &DriverFile) -> PathBuf {
    std::fs::canonicalize(&driver.path).unwrap_or_else(|_| driver.path.clone())
}

/// Whether an open failed because the driver's worker ended.
fn is_death(error: &drvhost::Error) -> bool {
    matches!(error, drvhost::Error::Died { .. } | drvhost::Error::Late { killed: true, .. })
}
