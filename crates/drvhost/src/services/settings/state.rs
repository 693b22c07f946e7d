//! What the registry holds as it is read: what drivers keep, over what is installed, over the keys that are always there.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Instant, SystemTime};

use wire::{KeyInfo, PIECE, Served};

use super::{Change, LONGEST_NAME, MOST_BYTES};
use crate::error::Error;
use crate::regfile::{Data, Hive};
use crate::services::codes::{
    ERROR_FILE_NOT_FOUND, ERROR_KEY_DELETED, ERROR_NO_MORE_ITEMS, ERROR_NOT_ENOUGH_MEMORY,
    ERROR_NOT_ENOUGH_QUOTA,
};
use crate::services::layers::Failure;
use crate::store;

/// The keys that drivers find on any Windows and make others in, with those that they lie in.
const STANDARD: [&str; 9] = [
    r"HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Classes",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Drivers32",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Wow6432Node\Classes",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Wow6432Node\Microsoft\Windows\CurrentVersion",
    r"HKEY_LOCAL_MACHINE\SOFTWARE\Wow6432Node\Microsoft\Windows NT\CurrentVersion\Drivers32",
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\MediaResources",
    r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services",
];

/// How many keys' changes are counted apart.
const MOST_COUNTED: usize = 10_000;

#[derive(Debug)]
pub(super) struct State {
    pub own: Written,
    /// The installed drivers, and what was imported with them.
    pub installed: Written,
    standard: Hive,
    /// What is not in the file yet, in the order in which it was done.
    pub pending: Vec<Change>,
    /// About how much memory that takes.
    pub pending_size: usize,
    /// When it was last tried to write the file.
    pub tried: Option<Instant>,
    /// Whether somebody is about to write it.
    pub settling: bool,
    /// How often each key has changed, by its path in lower case.
    changes: BTreeMap<String, u64>,
    /// How often all of them have changed for somebody who cannot tell which: the file was found to be another one.
    pub replaced: u64,
    /// Whether it has been said that the file cannot be used.
    pub said: bool,
    /// Whether it has been said that what was changed cannot be kept.
    pub unkept: bool,
}

impl Default for State {
    fn default() -> Self {
        let mut standard = Hive::default();
        STANDARD.iter().for_each(|key| standard.add_key(key));
        Self {
            own: Written::default(),
            installed: Written::default(),
            standard,
            pending: Vec::new(),
            pending_size: 0,
            tried: None,
            settling: false,
            changes: BTreeMap::new(),
            replaced: 0,
            said: false,
            unkept: false,
        }
    }
}

/// A file's content.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub hive: Hive,
    pub stamp: Option<Stamp>,
}

/// By what a file is known to be the same as before.
type Stamp = (u64, u64, SystemTime, (i64, i64));

impl Written {
    /// Reads the file if it is another one than before; answers whether it was.
    pub fn refresh(&mut self, file: &Path) -> Result<bool, Error> {
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

pub(super) fn stamp(file: &Path) -> Option<Stamp> {
    let stamp = |metadata: Metadata| {
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        Some((metadata.ino(), metadata.len(), metadata.modified().ok()?, changed))
    };
    std::fs::metadata(file).ok().and_then(stamp)
}

impl State {
    /// From that on which everything counts, to that which counts where nothing else says something.
    fn hives(&self) -> [&Hive; 3] {
        [&self.own.hive, &self.installed.hive, &self.standard]
    }

    pub fn has(&self, key: &str) -> bool {
        // The roots are always there.
        !key.contains('\\') || self.hives().iter().any(|hive| hive.has(key))
    }

    /// Whether a key is there whatever drivers do.
    pub fn is_kept(&self, key: &str) -> bool {
        self.installed.hive.has(key) || self.standard.has(key)
    }

    /// The names of the keys directly below one, by name.
    fn below(&self, key: &str) -> Vec<&str> {
        let mut names = BTreeMap::new();
        for name in self.hives().into_iter().flat_map(|hive| hive.below(key)) {
            names.entry(name.to_lowercase()).or_insert(name);
        }
        names.into_values().collect()
    }

    /// The values of a key.
    fn values(&self, key: &str) -> Vec<(&str, &Data)> {
        let mut values: Vec<_> = self.own.hive.values(key).collect();
        let installed = self.installed.hive.values(key);
        values.extend(installed.filter(|(name, _)| self.own.hive.get(key, name).is_none()));
        values
    }

    pub fn info(&self, key: &str) -> Result<KeyInfo, Failure> {
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

    pub fn name_below(&self, key: &str, index: u32) -> Result<String, Failure> {
        self.must_have(key)?;
        let names = self.below(key);
        names.get(index as usize).map(|&name| name.to_owned()).ok_or_else(|| ERROR_NO_MORE_ITEMS.into())
    }

    pub fn get(&self, key: &str, name: &str) -> Result<Served, Failure> {
        self.must_have(key)?;
        let found = self.hives().into_iter().find_map(|hive| hive.value(key, name));
        served(found.ok_or(ERROR_FILE_NOT_FOUND)?)
    }

    pub fn value(&self, key: &str, index: u32) -> Result<Served, Failure> {
        self.must_have(key)?;
        let values = self.values(key);
        served(*values.get(index as usize).ok_or(ERROR_NO_MORE_ITEMS)?)
    }

    fn must_have(&self, key: &str) -> Result<(), Failure> {
        // A key can be deleted while somebody has it open.
        if self.has(key) { Ok(()) } else { Err(ERROR_KEY_DELETED.into()) }
    }

    pub fn reserve(&self, bytes: usize) -> Result<(), Failure> {
        if self.own.hive.size().saturating_add(bytes) > MOST_BYTES {
            return Err(Failure { code: ERROR_NOT_ENOUGH_QUOTA, refused: true });
        }
        Ok(())
    }

    /// Makes a change that is to go into the file.
    pub fn remember(&mut self, change: Change) {
        change.apply(&mut self.own.hive);
        self.pending_size += change.size();
        self.pending.push(change);
    }

    pub fn note(&mut self, key: &str) {
        if self.changes.len() >= MOST_COUNTED {
            // From here on everybody counts more than before, as the one may who has changed.
            self.replaced += 1 + self.changes.values().sum::<u64>();
            self.changes.clear();
        }
        *self.changes.entry(key.to_lowercase()).or_default() += 1;
    }

    /// Notes a change of all keys below one.
    pub fn note_below(&mut self, key: &str) {
        let below: Vec<String> = self.own.hive.all_below(key).map(str::to_owned).collect();
        below.iter().for_each(|key| self.note(key));
    }

    pub fn changes(&self, key: &str, tree: bool) -> u64 {
        let key = key.to_lowercase();
        let own = self.changes.get(&key).copied().unwrap_or(0);
        let below = self.changes.range(format!("{key}\\")..format!("{key}]")).map(|(_, changes)| changes);
        self.replaced + own + if tree { below.sum() } else { 0 }
    }
}

/// A value as it is answered. What is in the user's file may be larger than a message, and then it cannot be.
fn served((name, data): (&str, &Data)) -> Result<Served, Failure> {
    let bytes = data.bytes();
    if bytes.len() > PIECE {
        return Err(ERROR_NOT_ENOUGH_MEMORY.into());
    }
    let name = name.get(..name.floor_char_boundary(LONGEST_NAME)).unwrap_or(name);
    Ok(Served::Value { name: name.to_owned(), kind: data.kind(), data: bytes })
}
