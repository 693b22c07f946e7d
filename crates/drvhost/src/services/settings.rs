//! The registry as drivers see it: what they keep in it themselves, and under that the user's installed drivers, which they can only read.
//!
//! Keys lie in one file for all drivers of a user, `registry.reg` of the store, or in memory where there is no store. A change is seen by all at
//! once that share these settings; it goes into the file when a driver closes a key or flushes one, at the latest when the last session with
//! them ends, and takes its place there as a whole.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use wire::{KeyInfo, PIECE, RegistryCall, Served};

use super::codes::{
    ERROR_ACCESS_DENIED, ERROR_DISK_FULL, ERROR_FILE_NOT_FOUND, ERROR_INVALID_PARAMETER,
    ERROR_KEY_HAS_CHILDREN, ERROR_NO_MORE_ITEMS, ERROR_NOT_ENOUGH_QUOTA,
};
use super::layers::{Failure, REFUSED};
use crate::error::Error;
use crate::regfile::{Data, Hive};
use crate::store::{self, CURRENT_VERSION, Store};

/// How many bytes of names and data all drivers of a user keep together.
const MOST_BYTES: usize = 8 << 20;

/// How deep keys may lie ("Registry element size limits", MS Learn, allows 512; nobody goes near).
const DEEPEST: usize = 64;

/// The longest name of a key, and of a value, in bytes: those of Windows in its own units, and fit for a message.
const LONGEST_KEY: usize = 255;
const LONGEST_NAME: usize = 1024;

/// The lock of the file.
const LOCK: &str = "registry.lock";

/// What drivers keep.
#[derive(Debug)]
pub(crate) struct Settings {
    store: Option<Store>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    own: Written,
    /// The installed drivers, and what was imported with them.
    installed: Written,
    /// What is not in the file yet, in the order in which it was done.
    pending: Vec<Change>,
    /// How often each key has changed, by its path in lower case.
    changes: BTreeMap<String, u64>,
    /// How often the file was found to be another one.
    replaced: u64,
    /// Whether it has been said that the file cannot be used.
    said: bool,
}

/// A file's content.
#[derive(Debug, Default)]
struct Written {
    hive: Hive,
    stamp: Option<Stamp>,
}

/// By what a file is known to be the same as before.
type Stamp = (u64, u64, SystemTime);

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
}

impl Settings {
    /// The settings of a store's user; without a store they last as long as this.
    pub fn new(store: Option<Store>) -> Self {
        Self { store, state: Mutex::default() }
    }

    /// Does what is wanted of the registry.
    pub(super) fn serve(&self, call: &RegistryCall) -> Result<Served, Failure> {
        let mut state = self.lock();
        if state.pending.is_empty() {
            self.refresh(&mut state);
        }
        match call {
            RegistryCall::Look { key } => state.info(key).map(Served::Key),
            RegistryCall::Create { key } => self.create(&mut state, key),
            RegistryCall::Delete { key, tree } => self.delete(&mut state, key, *tree),
            RegistryCall::Below { key, index } => state.name_below(key, *index).map(Served::Text),
            RegistryCall::Get { key, name } => state.get(key, name),
            RegistryCall::Value { key, index } => state.value(key, *index),
            RegistryCall::Set { key, name, kind, data } => {
                self.set(&mut state, key, name, Data::new(*kind, data.clone()))
            }
            RegistryCall::Unset { key, name } => self.unset(&mut state, key, name),
            RegistryCall::Flush => {
                self.flush(&mut state).map_err(|_| Failure::from(ERROR_DISK_FULL))?;
                Ok(Served::Done)
            }
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
            state.pending.push(Change::Key(key.to_owned()));
            for (name, data) in settings.values(key) {
                if state.own.hive.get(key, name).is_none() {
                    state.pending.push(Change::Set(key.to_owned(), name.to_owned(), data.clone()));
                }
            }
        }
        self.flush(&mut state)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let names: Vec<&str> = key.split('\\').collect();
        if names.len() > DEEPEST || names.iter().any(|name| name.is_empty() || name.len() > LONGEST_KEY) {
            return Err(ERROR_INVALID_PARAMETER.into());
        }
        state.reserve(key.len())?;
        self.change(state, Change::Key(key.to_owned()));
        // To those above it is a change of theirs.
        let parent = key.rsplit_once('\\').map_or(key, |(parent, _)| parent);
        state.note(parent);
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
        if state.installed.hive.has(key) {
            return Err(REFUSED);
        }
        if !tree && !state.own.hive.below(key).is_empty() {
            // RegDeleteKey's answer for that is ERROR_ACCESS_DENIED, which its caller knows.
            return Err(ERROR_KEY_HAS_CHILDREN.into());
        }
        // Whoever was there only because this was stays.
        let parent = key.rsplit_once('\\').map_or(key, |(parent, _)| parent).to_owned();
        if parent.contains('\\') {
            self.change(state, Change::Key(parent.clone()));
        }
        self.change(state, Change::DeleteKey(key.to_owned()));
        state.note(&parent);
        Ok(Served::Done)
    }

    fn set(&self, state: &mut State, key: &str, name: &str, data: Data) -> Result<Served, Failure> {
        if !state.has(key) {
            return Err(super::codes::ERROR_KEY_DELETED.into());
        }
        check_writable(key)?;
        let size = data.bytes().len();
        if name.len() > LONGEST_NAME || size > PIECE {
            return Err(ERROR_INVALID_PARAMETER.into());
        }
        state.reserve(name.len() + size)?;
        self.change(state, Change::Set(key.to_owned(), name.to_owned(), data));
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
        self.change(state, Change::Unset(key.to_owned(), name.to_owned()));
        Ok(Served::Done)
    }

    fn change(&self, state: &mut State, change: Change) {
        change.apply(&mut state.own.hive);
        match &change {
            Change::Key(key) | Change::DeleteKey(key) | Change::Set(key, ..) | Change::Unset(key, _) => {
                state.note(&key.clone());
            }
        }
        if self.store.is_some() {
            state.pending.push(change);
        }
    }

    /// Makes what was changed last: into what the file holds by now.
    fn flush(&self, state: &mut State) -> Result<(), Error> {
        let Some(store) = self.store.as_ref().filter(|_| !state.pending.is_empty()) else { return Ok(()) };
        let file = store.settings_file();
        let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return Ok(()) };
        store::make_folder(folder)?;
        let _lock = store::lock(&folder.join(LOCK))?;
        state.own.stamp = None;
        state.own.refresh(&file)?;
        state.pending.iter().for_each(|change| change.apply(&mut state.own.hive));
        store::replace(folder, &name.to_string_lossy(), &state.own.hive.to_reg())?;
        state.own.stamp = stamp(&file);
        state.pending.clear();
        Ok(())
    }
}

impl Drop for Settings {
    fn drop(&mut self) {
        let mut state = std::mem::take(&mut *self.lock());
        if let Err(error) = self.flush(&mut state) {
            tracing::warn!(%error, "what drivers have changed in the registry is lost");
        }
    }
}

/// Entries of drivers are the user's: a driver installs no other.
fn check_writable(key: &str) -> Result<(), Failure> {
    let inside = |parent: &str| {
        let mut names = key.split('\\');
        parent.split('\\').all(|known| names.next().is_some_and(|name| name.eq_ignore_ascii_case(known)))
            && names.next().is_some_and(|section| {
                matches!(section.to_ascii_lowercase().as_str(), "drivers32" | "drivers" | "drivers.desc")
            })
    };
    if CURRENT_VERSION.iter().any(|(_, parent)| inside(parent)) { Err(REFUSED) } else { Ok(()) }
}

impl Written {
    /// Reads the file if it is another one than before; answers whether it was.
    fn refresh(&mut self, file: &Path) -> Result<bool, Error> {
        let now = stamp(file);
        if now == self.stamp && now.is_some() {
            return Ok(false);
        }
        self.hive = match now {
            None if self.stamp.is_none() => return Ok(false),
            None => Hive::default(),
            Some(_) => store::read_hive(file)?,
        };
        self.stamp = now;
        Ok(true)
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let stamp = |metadata: Metadata| Some((metadata.ino(), metadata.len(), metadata.modified().ok()?));
    std::fs::metadata(file).ok().and_then(stamp)
}

impl State {
    fn has(&self, key: &str) -> bool {
        // The roots are always there.
        !key.contains('\\') || self.own.hive.has(key) || self.installed.hive.has(key)
    }

    /// The names of the keys directly below one.
    fn below(&self, key: &str) -> Vec<&str> {
        let mut names = self.own.hive.below(key);
        let known: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
        let installed = self.installed.hive.below(key).into_iter();
        names.extend(installed.filter(|name| !known.contains(&name.to_lowercase())));
        names
    }

    /// The values of a key.
    fn values(&self, key: &str) -> Vec<(&str, &Data)> {
        let mut values: Vec<_> = self.own.hive.values(key).collect();
        let installed = self.installed.hive.values(key);
        values.extend(installed.filter(|(name, _)| self.own.hive.get(key, name).is_none()));
        values
    }

    fn info(&self, key: &str) -> Result<KeyInfo, Failure> {
        if !self.has(key) {
            return Err(ERROR_FILE_NOT_FOUND.into());
        }
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let units = |name: &str| count(name.encode_utf16().count());
        let (below, values) = (self.below(key), self.values(key));
        Ok(KeyInfo {
            keys: count(below.len()),
            longest_key: below.iter().map(|name| units(name)).max().unwrap_or(0),
            values: count(values.len()),
            longest_name: values.iter().map(|(name, _)| units(name)).max().unwrap_or(0),
            longest_data: values.iter().map(|(_, data)| count(data.bytes().len())).max().unwrap_or(0),
        })
    }

    fn name_below(&self, key: &str, index: u32) -> Result<String, Failure> {
        self.must_have(key)?;
        let names = self.below(key);
        names.get(index as usize).map(|&name| name.to_owned()).ok_or_else(|| ERROR_NO_MORE_ITEMS.into())
    }

    fn get(&self, key: &str, name: &str) -> Result<Served, Failure> {
        self.must_have(key)?;
        let found =
            self.values(key).into_iter().find(|(known, _)| known.to_lowercase() == name.to_lowercase());
        found.map(served).ok_or_else(|| ERROR_FILE_NOT_FOUND.into())
    }

    fn value(&self, key: &str, index: u32) -> Result<Served, Failure> {
        self.must_have(key)?;
        let values = self.values(key);
        values.get(index as usize).copied().map(served).ok_or_else(|| ERROR_NO_MORE_ITEMS.into())
    }

    fn must_have(&self, key: &str) -> Result<(), Failure> {
        // A key can be deleted while somebody has it open.
        if self.has(key) { Ok(()) } else { Err(super::codes::ERROR_KEY_DELETED.into()) }
    }

    fn reserve(&self, bytes: usize) -> Result<(), Failure> {
        if self.own.hive.size().saturating_add(bytes) > MOST_BYTES {
            return Err(Failure { code: ERROR_NOT_ENOUGH_QUOTA, refused: true });
        }
        Ok(())
    }

    fn note(&mut self, key: &str) {
        *self.changes.entry(key.to_lowercase()).or_default() += 1;
    }

    fn changes(&self, key: &str, tree: bool) -> u64 {
        let key = key.to_lowercase();
        let own = self.changes.get(&key).copied().unwrap_or(0);
        let below = self.changes.range(format!("{key}\\")..format!("{key}]")).map(|(_, changes)| changes);
        self.replaced + own + if tree { below.sum() } else { 0 }
    }
}

/// A value as it is answered. What is in the user's file may be larger than a message.
fn served((name, data): (&str, &Data)) -> Served {
    let mut bytes = data.bytes();
    bytes.truncate(PIECE);
    Served::Value { name: name.chars().take(LONGEST_NAME / 4).collect(), kind: data.kind(), data: bytes }
}

#[cfg(test)]
mod tests;
