//! The user's own registry of installed drivers, and the files of these drivers (docs/store.md).
//!
//! Readers need no lock: every change takes its place at once, by the renaming of one file. Who changes something holds the lock from
//! reading to writing, so that nothing is lost.

mod beside;
mod change;
mod error;
mod places;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::directories::find_in;
use crate::error::Error;
use crate::machine::Machine;
use crate::module::Image;
use crate::regfile::{Hive, MAX_BYTES};
use crate::registry::DRIVERS32;
use crate::services::Grant;

pub(crate) use change::{Change, lock, make_folder, replace};
pub use error::StoreError;

/// Where entries lie for each machine: the registry as 64-bit Windows has it, where 32-bit programs see a key of their own ("Registry Redirector",
/// MS Learn). The sections, such as Drivers32, are keys below.
pub(crate) const CURRENT_VERSION: [(Machine, &str); 2] = [
    (Machine::X86_64, "HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"),
    (Machine::I386, "HKEY_LOCAL_MACHINE\\SOFTWARE\\Wow6432Node\\Microsoft\\Windows NT\\CurrentVersion"),
];

/// How the name of a folder ends that has the files of the driver whose name comes before that.
pub(crate) const FILES: &str = ".files";

/// An entry of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoreEntry {
    /// The machine that its driver is for.
    pub machine: Machine,
    /// The section that it is in.
    pub section: String,
    /// Its name.
    pub alias: String,
    /// `file [parameters]`.
    pub value: String,
}

impl StoreEntry {
    /// The name of the driver's file.
    pub fn file(&self) -> &str {
        self.value.split(' ').next().unwrap_or_default()
    }

    /// Whether it names a file that is for a machine; without an extension it may be one with `.dll` (C024).
    pub fn names(&self, machine: Machine, file: &str) -> bool {
        let own = self.file();
        let without = Path::new(own).extension().is_none().then(|| file.get(..own.len())).flatten();
        let short = without.is_some_and(|stem| {
            stem.eq_ignore_ascii_case(own) && file[own.len()..].eq_ignore_ascii_case(".dll")
        });
        self.machine == machine && (own.eq_ignore_ascii_case(file) || short)
    }
}

/// The drivers that a user has installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    config: PathBuf,
    data: PathBuf,
}

impl Store {
    /// The store of the user who runs this: `drvhost` in the folders that the XDG Base Directory Specification names, `$XDG_CONFIG_HOME` or
    /// else `~/.config`, and `$XDG_DATA_HOME` or else `~/.local/share`.
    ///
    /// # Errors
    /// [`StoreError::NoPlace`].
    pub fn of_user() -> Result<Self, Error> {
        let (config, data) = places::of_user().ok_or(StoreError::NoPlace)?;
        Ok(Self::at(&config, &data))
    }

    /// A store with its entries in `config` and its drivers in `data`. Nothing is made before something is installed.
    #[must_use]
    pub fn at(config: &Path, data: &Path) -> Self {
        Self { config: config.to_owned(), data: data.to_owned() }
    }

    /// The file that entries and settings are in: the text of a registry, as Windows' own programs read and write it.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.config.join("drivers.reg")
    }

    /// The file of what drivers themselves keep in the registry.
    #[must_use]
    pub fn settings_file(&self) -> PathBuf {
        self.config.join("registry.reg")
    }

    /// The folder in which the files are that a driver has written: its drive C, and beside that what hides files of its own folder.
    #[must_use]
    pub fn data_of(&self, machine: Machine, driver: &str) -> PathBuf {
        self.data.join("data").join(machine.to_string()).join(driver.to_lowercase())
    }

    /// The folder of installed drivers for a machine.
    #[must_use]
    pub fn folder(&self, machine: Machine) -> PathBuf {
        self.data.join("drivers").join(machine.to_string())
    }

    /// The folder of the files that were installed with a driver, which it finds beside itself.
    #[must_use]
    pub fn files_of(&self, machine: Machine, driver: &str) -> PathBuf {
        self.folder(machine).join(format!("{}{FILES}", driver.to_lowercase()))
    }

    /// Whether a driver is the installed one of its name; where none is, any can be meant by the name.
    pub(crate) fn may_be_installed(&self, image: &Image) -> bool {
        let installed = find_in(&self.folder(image.machine), &image.name, None);
        installed.is_none_or(|file| std::fs::read(file).is_ok_and(|bytes| bytes == image.bytes))
    }

    /// Everything in it; nothing where nothing was ever installed.
    ///
    /// # Errors
    /// [`StoreError::Syntax`], and [`Error::File`].
    pub(crate) fn read(&self) -> Result<Hive, Error> {
        self.read_if_there().map(Option::unwrap_or_default)
    }

    /// Everything in it; `None` where nothing was ever installed.
    fn read_if_there(&self) -> Result<Option<Hive>, Error> {
        match read_hive(&self.file()) {
            Err(Error::File { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    /// Grants a driver folders of this computer, besides what it was granted before.
    ///
    /// # Errors
    /// [`Error::File`] for a folder that is not there, and as a change of the store.
    pub fn grant(&self, machine: Machine, driver: &str, grants: &[Grant]) -> Result<(), Error> {
        let mut change = self.change()?;
        change.grant(machine, driver, grants)?;
        change.finish()
    }

    /// Begins a change, once nobody else is changing it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub(crate) fn change(&self) -> Result<Change<'_>, Error> {
        Change::begin(self)
    }
}

/// The bytes of a file with entries.
///
/// # Errors
/// [`Error::File`], also for a file that is too large to be one.
pub(crate) fn read_bounded(file: &Path) -> Result<Vec<u8>, Error> {
    let io = |source| Error::File { file: file.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(file).map_err(io)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > MAX_BYTES {
        let why = format!("it is larger than {} MiB, and so no list of drivers", MAX_BYTES >> 20);
        return Err(io(std::io::Error::new(ErrorKind::FileTooLarge, why)));
    }
    Ok(bytes)
}

/// The registry in a file.
///
/// # Errors
/// As [`read_bounded`], and [`StoreError::Syntax`].
pub(crate) fn read_hive(file: &Path) -> Result<Hive, Error> {
    let syntax = |error: crate::regfile::SyntaxError| {
        StoreError::Syntax { file: file.to_owned(), line: error.line, why: error.why }.into()
    };
    Hive::parse(&read_bounded(file)?).map_err(syntax)
}

/// What a driver was granted besides its own folder and its data.
pub(crate) fn grants(hive: &Hive, machine: Machine, driver: &str) -> Vec<Grant> {
    let key = grants_key(machine, driver);
    let grants = hive.values(&key).filter_map(|(folder, data)| {
        let write = match data.as_str()? {
            "read" => false,
            "write" => true,
            _ => return None,
        };
        Some(Grant { folder: PathBuf::from(folder), write })
    });
    grants.filter(|grant| grant.folder.is_absolute()).collect()
}

/// The key of what a driver was granted: each value's name is a folder, its data `read` or `write`.
pub(crate) fn grants_key(machine: Machine, driver: &str) -> String {
    format!("HKEY_LOCAL_MACHINE\\SOFTWARE\\drvhost\\Grants\\{machine}\\{}", driver.to_lowercase())
}

/// The key of Drivers32 for a machine.
pub(crate) fn drivers32(machine: Machine) -> String {
    section_key(machine, DRIVERS32)
}

/// The key of a section for a machine.
pub(crate) fn section_key(machine: Machine, section: &str) -> String {
    let known = CURRENT_VERSION.iter().find(|(known, _)| *known == machine);
    let (_, key) = known.unwrap_or(&CURRENT_VERSION[0]);
    format!("{key}\\{section}")
}

/// The entries of a registry: every text in a key that lies directly in one of [`CURRENT_VERSION`].
pub(crate) fn entries(hive: &Hive) -> Vec<StoreEntry> {
    let mut entries = Vec::new();
    for (machine, parent) in CURRENT_VERSION {
        for key in hive.keys() {
            let Some((head, section)) = key.split_at_checked(parent.len()) else { continue };
            let Some(section) = section.strip_prefix('\\') else { continue };
            if !head.eq_ignore_ascii_case(parent) || section.contains('\\') {
                continue;
            }
            let named = hive.values(key).filter(|(name, _)| !name.is_empty());
            entries.extend(named.filter_map(|(alias, data)| {
                let (section, alias) = (section.to_owned(), alias.to_owned());
                Some(StoreEntry { machine, section, alias, value: data.as_str()?.to_owned() })
            }));
        }
    }
    entries
}

#[cfg(test)]
mod tests;
