//! One change of the store: locked, and there as a whole or not at all.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::{Store, StoreEntry, StoreError, beside, drivers32, entries, grants_key};
use crate::directories::{files_in, find_in};
use crate::error::Error;
use crate::machine::Machine;
use crate::regfile::{Data, Hive, MAX_BYTES};
use crate::services::Grant;

/// How the name of a file ends until it is complete. There is one at a time, because its place has a lock.
pub(super) const INCOMPLETE: &str = ".incomplete";

/// The file in each of the store's folders that is locked.
const LOCK: &str = "drivers.lock";

/// A change on its way. It holds the store's lock. Unless it is [finished](Self::finish), it leaves the store as it was.
#[derive(Debug)]
pub(crate) struct Change<'s> {
    store: &'s Store,
    /// What the store will hold.
    pub hive: Hive,
    /// What it holds now; `None` where there is no registry yet.
    before: Option<Hive>,
    /// The files that this has brought.
    brought: Vec<PathBuf>,
    /// The folders of files that this has brought with drivers.
    brought_beside: Vec<PathBuf>,
    _locks: Vec<File>,
}

impl<'s> Change<'s> {
    /// Waits for the lock, and reads the store. What a change left behind that was killed is cleared away.
    pub fn begin(store: &'s Store) -> Result<Self, Error> {
        make_folder(&store.config)?;
        for machine in Machine::ALL {
            make_folder(&store.folder(machine))?;
        }
        let mut locks = vec![lock(&store.config.join(LOCK))?];
        // Two registries may share a folder of drivers. Where both are in one folder, waiting for its lock twice would be for ever.
        let same = fs::canonicalize(&store.config).ok() == fs::canonicalize(&store.data).ok();
        if !same {
            locks.push(lock(&store.data.join(LOCK))?);
        }
        let before = store.read_if_there()?;
        let change = Self {
            store,
            hive: before.clone().unwrap_or_default(),
            before,
            brought: Vec::new(),
            brought_beside: Vec::new(),
            _locks: locks,
        };
        change.sweep();
        Ok(change)
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

    /// Grants a driver folders, by their real paths.
    ///
    /// # Errors
    /// [`Error::File`] for what is no folder.
    pub fn grant(&mut self, machine: Machine, driver: &str, grants: &[Grant]) -> Result<(), Error> {
        let key = grants_key(machine, driver);
        for Grant { folder, write } in grants {
            let io = |source| Error::File { file: folder.clone(), source };
            let real = fs::canonicalize(folder).map_err(io)?;
            if !real.is_dir() {
                return Err(io(ErrorKind::NotADirectory.into()));
            }
            let name = real.to_str().ok_or_else(|| io(ErrorKind::InvalidFilename.into()))?;
            self.hive.set(&key, name, Data::string(if *write { "write" } else { "read" }));
        }
        Ok(())
    }

    /// Takes away all that a driver was granted.
    pub fn ungrant(&mut self, machine: Machine, driver: &str) {
        self.hive.delete_key(&grants_key(machine, driver));
    }

    /// Puts a driver's file into the store, and answers where it is. One with the same bytes may be there already.
    ///
    /// # Errors
    /// [`StoreError::FileExists`] where an entry names a file with other bytes, and [`Error::File`].
    pub fn bring(&mut self, machine: Machine, name: &str, bytes: &[u8]) -> Result<PathBuf, Error> {
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
        let file = folder.join(name);
        self.brought.push(file.clone());
        replace(&folder, name, bytes)?;
        Ok(file)
    }

    /// Copies files and folders to where a driver finds them beside itself, and answers their names.
    ///
    /// # Errors
    /// [`Error::File`]. Those that were copied before stay if the driver is installed already.
    pub fn bring_beside(
        &mut self,
        machine: Machine,
        driver: &str,
        files: &[PathBuf],
    ) -> Result<Vec<String>, Error> {
        let folder = self.store.files_of(machine, driver);
        if !files.is_empty() && self.naming(machine, driver).is_empty() {
            self.brought_beside.push(folder.clone());
        }
        beside::copy(files, &folder)
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
        self.before = Some(self.hive.clone());
        Ok(())
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.sweep();
    }
}

impl Change<'_> {
    /// Removes the files of drivers that no entry names. What cannot be removed stays, and harms nobody.
    ///
    /// Where there is no registry nobody can say what drivers there are: it may be elsewhere this time. Then only what this has brought goes.
    fn sweep(&self) {
        let Some(hive) = &self.before else {
            self.brought.iter().for_each(|file| remove(file));
            self.brought_beside.iter().for_each(|folder| beside::remove(folder));
            return;
        };
        let entries = entries(hive);
        for machine in Machine::ALL {
            for path in files_in(&self.store.folder(machine)) {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if !entries.iter().any(|entry| entry.names(machine, &name)) {
                    remove(&path);
                }
            }
            beside::sweep(&self.store.folder(machine), machine, &entries);
        }
    }
}

fn remove(file: &Path) {
    if let Err(error) = fs::remove_file(file) {
        tracing::debug!(%error, file = %file.display(), "a file that no entry names stays");
    }
}

/// Waits until nobody else has the lock. It goes with the file's descriptor, so however its holder ends.
pub(crate) fn lock(path: &Path) -> Result<File, Error> {
    let io = |source| Error::File { file: path.to_owned(), source };
    // Its user's alone, as whoever can open it can lock it.
    let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path).map_err(io)?;
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

/// Gives a folder's file this content: before it has all of it on the disk it has none. An error means that nothing has changed.
pub(crate) fn replace(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let (incomplete, target) = (folder.join(format!("{name}{INCOMPLETE}")), folder.join(name));
    let create = || File::options().create(true).truncate(true).write(true).mode(0o600).open(&incomplete);
    let written = create()
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&incomplete, &target));
    written.map_err(|source| Error::File { file: target, source })?;
    // It is there, whether it outlasts a loss of power or not.
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        tracing::warn!(%error, folder = %folder.display(), "a change may not outlast a loss of power");
    }
    Ok(())
}

pub(crate) fn make_folder(folder: &Path) -> Result<(), Error> {
    // As the XDG Base Directory Specification has them made: for nobody else.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| Error::File { file: folder.to_owned(), source })
}
