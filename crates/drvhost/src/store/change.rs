//! One change of the store: locked, and there as a whole or not at all.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::{Store, StoreEntry, StoreError, drivers32, entries};
use crate::directories::{files_in, find_in};
use crate::error::Error;
use crate::machine::Machine;
use crate::regfile::{Data, Hive, MAX_BYTES};

/// What a file is called until it is complete. There is one at a time, because there is one lock.
const INCOMPLETE: &str = ".incomplete";

/// A change on its way. It holds the store's lock. Unless it is [finished](Self::finish), it leaves the store as it was.
#[derive(Debug)]
pub(crate) struct Change<'s> {
    store: &'s Store,
    /// What the store will hold.
    pub hive: Hive,
    /// What it holds now.
    before: Hive,
    _lock: File,
}

impl<'s> Change<'s> {
    /// Waits for the lock, and reads the store. What a change left behind that was killed is cleared away.
    pub fn begin(store: &'s Store) -> Result<Self, Error> {
        make_folder(&store.config)?;
        for machine in Machine::ALL {
            make_folder(&store.folder(machine))?;
        }
        let lock = lock(&store.config.join("drivers.lock"))?;
        let before = store.read()?;
        sweep(store, &before);
        Ok(Self { store, hive: before.clone(), before, _lock: lock })
    }

    /// The entries for a machine that name a file.
    pub fn naming(&self, machine: Machine, file: &str) -> Vec<StoreEntry> {
        let mut found = entries(&self.hive);
        found.retain(|entry| entry.names(machine, file));
        found
    }

    /// The value of an entry in Drivers32.
    pub fn value(&self, machine: Machine, alias: &str) -> Option<&str> {
        self.hive.get(&drivers32(machine), alias)?.as_str()
    }

    /// Sets an entry in Drivers32.
    pub fn set(&mut self, machine: Machine, alias: &str, value: &str) {
        self.hive.set(&drivers32(machine), alias, Data::string(value));
    }

    /// Deletes an entry of Drivers32.
    pub fn delete(&mut self, machine: Machine, alias: &str) {
        self.hive.delete(&drivers32(machine), alias);
    }

    /// Puts a driver's file into the store, and answers where it is. One with the same bytes may be there already.
    ///
    /// # Errors
    /// [`StoreError::FileExists`] where an entry names a file with other bytes, and [`Error::File`].
    pub fn bring(&self, machine: Machine, name: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
        let folder = self.store.folder(machine);
        if let Some(there) = find_in(&folder, name, None) {
            let same =
                fs::read(&there).map_err(|source| Error::File { file: there.clone(), source })? == bytes;
            let aliases = self.naming(machine, name).into_iter().map(|entry| entry.alias).collect();
            return if same {
                Ok(there)
            } else {
                Err(StoreError::FileExists { name: name.to_owned(), aliases }.into())
            };
        }
        replace(&folder, name, bytes)?;
        Ok(folder.join(name))
    }

    /// Makes the change last: from here on everybody sees it, even if the power fails.
    ///
    /// # Errors
    /// [`Error::File`]; then the store is as it was.
    pub fn finish(mut self) -> Result<(), Error> {
        let file = self.store.file();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = self.hive.to_reg();
        if text.len() as u64 > MAX_BYTES {
            return Err(StoreError::TooLarge.into());
        }
        // Nobody is left with a store that cannot be read.
        if Hive::parse(&text).as_ref() != Ok(&self.hive) {
            return Err(Error::Bug("the store would not be read as it is written".to_owned()));
        }
        replace(&self.store.config, &name, &text)?;
        self.before = self.hive.clone();
        Ok(())
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        sweep(self.store, &self.before);
    }
}

/// Removes the files of drivers that no entry names. What cannot be removed stays, and harms nobody.
fn sweep(store: &Store, hive: &Hive) {
    let entries = entries(hive);
    for machine in Machine::ALL {
        for path in files_in(&store.folder(machine)) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let named = entries.iter().any(|entry| entry.names(machine, &name));
            if !named && let Err(error) = fs::remove_file(&path) {
                tracing::debug!(%error, file = %path.display(), "a file that no entry names stays");
            }
        }
    }
}

/// Waits until nobody else has the lock. It goes with the file's descriptor, so however its holder ends.
fn lock(path: &Path) -> Result<File, Error> {
    let io = |source| Error::File { file: path.to_owned(), source };
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            tracing::info!("waiting until another drvhost has changed the installed drivers");
        }
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    file.lock().map_err(io)?;
    Ok(file)
}

/// Gives a folder's file this content: before it has all of it on the disk it has none.
fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let (incomplete, target) = (folder.join(INCOMPLETE), folder.join(name));
    let written = File::create(&incomplete)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&incomplete, &target))
        .and_then(|()| File::open(folder)?.sync_all());
    written.map_err(|source| Error::File { file: target, source })
}

fn make_folder(folder: &Path) -> Result<(), Error> {
    // As the XDG Base Directory Specification has them made: for nobody else.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| Error::File { file: folder.to_owned(), source })
}
