//! The registry as drivers see it: what they keep in it themselves, and under that the user's installed drivers, which they can only read.
//!
//! Keys lie in one file for all drivers of a user, `registry.reg` of the store, or in memory where there is no store. A change is seen by all at
//! once that share these settings; it goes into the file when a driver flushes a key or soon after it has closed one, at the latest when its worker
//! ends, and takes its place there as a whole.

mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use wire::{PIECE, RegistryCall, Served};

use super::codes::{
    ERROR_ACCESS_DENIED, ERROR_DISK_FULL, ERROR_FILE_NOT_FOUND, ERROR_INVALID_PARAMETER,
    ERROR_KEY_HAS_CHILDREN,
};
use super::layers::{Failure, Grant, REFUSED};
use crate::error::Error;
use crate::machine::Machine;
use crate::regfile::{Data, Hive, MAX_BYTES};
use crate::store::{self, CURRENT_VERSION, Store, StoreError};
use state::{State, stamp};

/// How much memory what all drivers of a user keep may take, about.
const MOST_BYTES: usize = 8 << 20;

/// How much of what is not in the file yet is remembered; more goes into the file at once.
const MOST_PENDING: usize = 1 << 20;

/// How long what a driver changes and closes is collected after it was written last: a driver that sets a thousand values one by one has the file written
/// a few times, not a thousand times.
const PAUSE: Duration = Duration::from_millis(200);

/// From when on others may wait for these settings, who then get as long: but for no longer than the second.
const LONG: Duration = Duration::from_millis(5);
const LONGEST_REST: Duration = Duration::from_millis(100);

/// How deep keys may lie ("Registry element size limits", MS Learn, allows 512; nobody goes near).
const DEEPEST: usize = 64;

/// The longest name of a key, and of a value, in bytes: those of Windows in its own units, and fit for a message.
const LONGEST_KEY: usize = 255;
const LONGEST_NAME: usize = 1024;

/// The roots in which drivers keep something; what else Windows calls a root lies in one of these.
const ROOTS: [&str; 4] = ["HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER", "HKEY_USERS", "HKEY_CURRENT_CONFIG"];

/// The sections of entries of drivers, in lower case.
const SECTIONS: [&str; 3] = ["drivers32", "drivers", "drivers.desc"];

/// The lock of the file.
const LOCK: &str = "registry.lock";

/// What drivers keep.
#[derive(Debug)]
pub(crate) struct Settings {
    store: Option<Store>,
    state: Arc<Mutex<State>>,
}

/// One change.
#[derive(Debug, Clone)]
enum Change {
    Key(String),
    DeleteKey(String),
    Set(String, String, Data),
    Unset(String, String),
}

impl Change {
    fn apply(&self, hive: &mut Hive) {
        match self {
            Self::Key(key) => hive.add_key(key),
            Self::DeleteKey(key) => hive.delete_key(key),
            Self::Set(key, name, data) => hive.set(key, name, data.clone()),
            Self::Unset(key, name) => hive.delete(key, name),
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::Key(key) | Self::DeleteKey(key) | Self::Set(key, ..) | Self::Unset(key, _) => key,
        }
    }

    /// About how much memory it takes.
    fn size(&self) -> usize {
        let data = match self {
            Self::Set(_, name, data) => name.len() + data.bytes().len(),
            Self::Unset(_, name) => name.len(),
            Self::Key(_) | Self::DeleteKey(_) => 0,
        };
        size_of::<Self>() + self.key().len() + data
    }
}

impl Settings {
    /// The settings of a store's user; without a store they last as long as this.
    pub fn new(store: Option<Store>) -> Self {
        Self { store, state: Arc::default() }
    }

    /// Does what is wanted of the registry.
    pub(super) fn serve(&self, call: &RegistryCall) -> Result<Served, Failure> {
        let mut state = self.lock();
        let begun = Instant::now();
        let served = self.serve_in(&mut state, call);
        drop(state);
        let took = begun.elapsed();
        if took > LONG {
            thread::sleep(took.min(LONGEST_REST));
        }
        served
    }

    fn serve_in(&self, state: &mut State, call: &RegistryCall) -> Result<Served, Failure> {
        if state.pending.is_empty() {
            self.refresh(state);
        }
        let no_disk = |_| Failure::from(ERROR_DISK_FULL);
        match call {
            RegistryCall::Look { key } => state.info(key).map(Served::Key),
            RegistryCall::Create { key } => self.create(state, key),
            RegistryCall::Delete { key, tree } => self.delete(state, key, *tree),
            RegistryCall::Below { key, index } => state.name_below(key, *index).map(Served::Text),
            RegistryCall::Get { key, name } => state.get(key, name),
            RegistryCall::Value { key, index } => state.value(key, *index),
            RegistryCall::Set { key, name, kind, data } => {
                self.set(state, key, name, Data::new(*kind, data.clone()))
            }
            RegistryCall::Unset { key, name } => self.unset(state, key, name),
            RegistryCall::Flush => self.flush(state).map_err(no_disk).map(|()| Served::Done),
            RegistryCall::Settle => self.settle(state).map_err(no_disk).map(|()| Served::Done),
            RegistryCall::Changes { key, tree } => Ok(Served::Number(state.changes(key, *tree))),
        }
    }

    /// Adds the values of other keys that are not there yet, of those that are `wanted`.
    ///
    /// # Errors
    /// [`Error::File`], and [`Error::Store`] where the file cannot be understood.
    pub fn add(&self, settings: &Hive, wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
        let mut state = self.lock();
        self.refresh(&mut state);
        for key in settings.keys().filter(|key| wanted(key)) {
            state.remember(Change::Key(key.to_owned()));
            for (name, data) in settings.values(key) {
                if state.own.hive.get(key, name).is_none() {
                    state.remember(Change::Set(key.to_owned(), name.to_owned(), data.clone()));
                }
            }
        }
        self.flush(&mut state)
    }

    /// What the user has granted a driver besides its own folder and its data.
    ///
    /// # Errors
    /// As the store is read.
    pub fn grants(&self, machine: Machine, driver: &str) -> Result<Vec<Grant>, Error> {
        let Some(store) = &self.store else { return Ok(Vec::new()) };
        let mut state = self.lock();
        let replaced = state.installed.refresh(&store.file())?;
        state.replaced += u64::from(replaced);
        Ok(store::grants(&state.installed.hive, machine, driver))
    }

    /// Makes everything last that was changed so far, and says where that is not possible.
    pub fn keep(&self) {
        keep(self.store.as_ref(), &mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Reads the files again if they are others than before.
    fn refresh(&self, state: &mut State) {
        let Some(store) = &self.store else { return };
        let read = [state.own.refresh(&store.settings_file()), state.installed.refresh(&store.file())];
        for read in read {
            match read {
                Ok(replaced) => state.replaced += u64::from(replaced),
                Err(error) if !std::mem::replace(&mut state.said, true) => {
                    tracing::warn!(%error, "drivers do not find their settings");
                }
                Err(_) => {}
            }
        }
    }

    fn create(&self, state: &mut State, key: &str) -> Result<Served, Failure> {
        if state.has(key) {
            return Ok(Served::Number(0));
        }
        check_writable(key)?;
        check_key(key)?;
        state.reserve(key.len())?;
        // To each that is there only because of it, and to the one in which that lies, it is a change.
        let mut above = key;
        while let Some((parent, _)) = above.rsplit_once('\\') {
            above = parent;
            state.note(parent);
            if state.has(parent) {
                break;
            }
        }
        self.change(state, Change::Key(key.to_owned()))?;
        Ok(Served::Number(1))
    }

    fn delete(&self, state: &mut State, key: &str, tree: bool) -> Result<Served, Failure> {
        // The roots stay.
        if !key.contains('\\') {
            return Err(ERROR_ACCESS_DENIED.into());
        }
        if !state.has(key) {
            return Err(ERROR_FILE_NOT_FOUND.into());
        }
        check_writable(key)?;
        if state.is_kept(key) {
            return Err(REFUSED);
        }
        if !tree && !state.own.hive.below(key).is_empty() {
            // RegDeleteKey's answer for that is ERROR_ACCESS_DENIED, which its caller knows.
            return Err(ERROR_KEY_HAS_CHILDREN.into());
        }
        // Whoever was there only because this was stays.
        let parent = key.rsplit_once('\\').map_or(key, |(parent, _)| parent).to_owned();
        if parent.contains('\\') {
            self.change(state, Change::Key(parent.clone()))?;
        }
        state.note_below(key);
        state.note(&parent);
        self.change(state, Change::DeleteKey(key.to_owned()))?;
        Ok(Served::Done)
    }

    fn set(&self, state: &mut State, key: &str, name: &str, data: Data) -> Result<Served, Failure> {
        if !state.has(key) {
            return Err(super::codes::ERROR_KEY_DELETED.into());
        }
        check_writable(key)?;
        check_key(key)?;
        let size = data.bytes().len();
        // The file is text, and what ends its lines is in no name.
        if name.len() > LONGEST_NAME || name.contains(char::is_control) || size > PIECE {
            return Err(ERROR_INVALID_PARAMETER.into());
        }
        state.reserve(name.len() + 2 * size)?;
        self.change(state, Change::Set(key.to_owned(), name.to_owned(), data))?;
        Ok(Served::Done)
    }

    fn unset(&self, state: &mut State, key: &str, name: &str) -> Result<Served, Failure> {
        if !state.has(key) {
            return Err(super::codes::ERROR_KEY_DELETED.into());
        }
        if state.own.hive.get(key, name).is_none() {
            // What is installed is not for drivers to change.
            let installed = state.installed.hive.get(key, name).is_some();
            return Err(if installed { REFUSED } else { ERROR_FILE_NOT_FOUND.into() });
        }
        self.change(state, Change::Unset(key.to_owned(), name.to_owned()))?;
        Ok(Served::Done)
    }

    fn change(&self, state: &mut State, change: Change) -> Result<(), Failure> {
        if self.store.is_some() && state.pending_size > MOST_PENDING {
            self.flush(state).map_err(|_| Failure::from(ERROR_DISK_FULL))?;
        }
        state.note(change.key());
        match self.store {
            Some(_) => state.remember(change),
            None => change.apply(&mut state.own.hive),
        }
        Ok(())
    }

    fn flush(&self, state: &mut State) -> Result<(), Error> {
        flush(self.store.as_ref(), state)
    }

    /// Makes what was changed last soon.
    fn settle(&self, state: &mut State) -> Result<(), Error> {
        if state.settling || state.pending.is_empty() {
            return Ok(());
        }
        if state.tried.is_none_or(|tried| tried.elapsed() >= PAUSE) {
            return self.flush(state);
        }
        let (store, later) = (self.store.clone(), Arc::clone(&self.state));
        let wait = move || {
            thread::sleep(PAUSE);
            let mut state = lock(&later);
            state.settling = false;
            keep(store.as_ref(), &mut state);
        };
        match thread::Builder::new().name("settings".into()).spawn(wait) {
            Ok(_) => state.settling = true,
            Err(_) => return self.flush(state),
        }
        Ok(())
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        self.keep();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn keep(store: Option<&Store>, state: &mut State) {
    // Said once, however often a driver closes its keys.
    if let Err(error) = flush(store, state)
        && !std::mem::replace(&mut state.unkept, true)
    {
        tracing::warn!(%error, "what drivers have changed in the registry is not kept");
    }
}

/// Makes what was changed last: into what the file holds by now.
fn flush(store: Option<&Store>, state: &mut State) -> Result<(), Error> {
    let Some(store) = store.filter(|_| !state.pending.is_empty()) else { return Ok(()) };
    let file = store.settings_file();
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return Ok(()) };
    state.tried = Some(Instant::now());
    store::make_folder(folder)?;
    let _lock = store::lock(&folder.join(LOCK))?;
    if state.own.refresh(&file)? {
        // What others have changed meanwhile is news to those that wait for changes.
        state.replaced += 1;
        state.pending.iter().for_each(|change| change.apply(&mut state.own.hive));
    }
    let text = state.own.hive.to_reg();
    // Nobody is left with a file that cannot be read.
    if text.len() as u64 > MAX_BYTES {
        return Err(StoreError::TooLarge.into());
    }
    store::replace(folder, &name.to_string_lossy(), &text)?;
    state.own.stamp = stamp(&file);
    state.pending.clear();
    (state.pending_size, state.unkept) = (0, false);
    Ok(())
}

/// Entries of drivers are the user's: a driver installs no other. Names are compared as the registry's are, which have no case in any script.
fn check_writable(key: &str) -> Result<(), Failure> {
    let key = key.to_lowercase();
    let inside = |parent: &str| {
        let section = key.strip_prefix(&parent.to_lowercase()).and_then(|rest| rest.strip_prefix('\\'));
        let section = section.and_then(|section| section.split('\\').next());
        section.is_some_and(|section| SECTIONS.contains(&section))
    };
    if CURRENT_VERSION.iter().any(|(_, parent)| inside(parent)) { Err(REFUSED) } else { Ok(()) }
}

/// Whether a key can be in the file: in one of the roots, and with names that its text can have.
fn check_key(key: &str) -> Result<(), Failure> {
    let mut names = key.split('\\');
    let root = names.next().unwrap_or_default();
    let good = |name: &str| !name.is_empty() && name.len() <= LONGEST_KEY && !name.contains(char::is_control);
    let fine = ROOTS.iter().any(|known| root.eq_ignore_ascii_case(known));
    if fine && names.clone().count() < DEEPEST && names.all(good) {
        Ok(())
    } else {
        Err(ERROR_INVALID_PARAMETER.into())
    }
}

#[cfg(test)]
mod tests;
