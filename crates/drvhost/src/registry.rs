//! Finding drivers by name: the value store, SYSTEM.INI, and files (spec section 2.1, C033 to C051).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, iter};

use serde::{Serialize, Serializer};

use crate::aliases::DEFAULT_ALIASES;
use crate::directories::{Directories, find_in, machine_of};
use crate::error::Error;
use crate::machine::{self, Machine};
use crate::regfile::Hive;
use crate::store::{self, Store};

/// The section that a NULL section means.
pub(crate) const DRIVERS32: &str = "Drivers32";

/// How a driver's file was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Named by an entry that somebody set.
    Registry,
    /// Named by an entry of the user's store, where it was installed.
    Installed,
    /// In a directory that the caller named, or by its path.
    DriverPath,
    /// In the Wine prefix.
    Prefix,
    /// In one of Wine's directories.
    Wine,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Registry => "registry",
            Self::Installed => "installed",
            Self::DriverPath => "driver-path",
            Self::Prefix => "prefix",
            Self::Wine => "wine",
        })
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A driver that has been found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverFile {
    /// Its file.
    pub path: PathBuf,
    /// What DRV_OPEN gets as its text; `None` is NULL.
    pub text: Option<String>,
    /// The entry that named it, if one did.
    pub alias: Option<String>,
    /// How it was found.
    pub origin: Origin,
}

impl DriverFile {
    /// The file's name without directory.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Entries of one section by lower-case name; names are not case-sensitive (C035).
type Section = BTreeMap<String, Entry>;

#[derive(Debug, Clone)]
struct Entry {
    name: String,
    value: String,
    origin: Origin,
    /// Where its driver was installed, if it was.
    home: Option<Home>,
}

/// The place of installed drivers for a machine.
#[derive(Debug, Clone)]
struct Home {
    machine: Machine,
    folder: PathBuf,
}

impl Home {
    /// The file with a name.
    fn file(&self, name: &str) -> Option<PathBuf> {
        if is_path(name) { None } else { find_in(&self.folder, name, Some(self.machine)) }
    }
}

/// The names that drivers are found by.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// HKLM\Software\Microsoft\Windows NT\CurrentVersion, by lower-case section.
    values: BTreeMap<String, Section>,
    /// The user's store, for each machine: the registry too, asked where nobody has set a value.
    installed: Vec<(Machine, BTreeMap<String, Section>)>,
    /// SYSTEM.INI, by lower-case section; asked only where the registry has no value (C036, C037).
    ini: BTreeMap<String, Section>,
    /// What is known without configuration; asked last.
    defaults: BTreeMap<String, Section>,
    directories: Directories,
    machine: Option<Machine>,
}

impl Registry {
    /// A registry without entries and directories.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A registry with [`DEFAULT_ALIASES`] in Drivers32, and two kinds of directories to look for files in: those of the user's Wine prefix
    /// (`$WINEPREFIX`, or else `~/.wine`), where drivers lie that somebody has installed, and those of Wine's own libraries.
    #[must_use]
    pub fn with_defaults() -> Self {
        let mut registry = Self::new();
        for known in DEFAULT_ALIASES {
            insert(&mut registry.defaults, DRIVERS32, known.alias, known.file, Origin::Wine);
        }
        registry.directories = Directories::of_this_computer();
        registry
    }

    /// Sets a value, `file [parameters]`, in a section of the registry.
    pub fn set(&mut self, section: &str, name: &str, value: &str) {
        insert(&mut self.values, section, name, value, Origin::Registry);
    }

    /// Sets an entry in a section of SYSTEM.INI.
    pub fn set_ini(&mut self, section: &str, name: &str, value: &str) {
        insert(&mut self.ini, section, name, value, Origin::Registry);
    }

    /// Takes the entries of a store, and none of one that was taken before. Each leads to a driver for its own machine.
    ///
    /// # Errors
    /// [`StoreError::Syntax`](crate::StoreError::Syntax), and [`Error::File`].
    pub fn add_installed(&mut self, store: &Store) -> Result<(), Error> {
        self.set_installed(store, &store.read()?);
        Ok(())
    }

    /// Takes the entries of a store that holds `hive`.
    pub(crate) fn set_installed(&mut self, store: &Store, hive: &Hive) {
        let mut installed: Vec<_> = Machine::ALL.map(|machine| (machine, BTreeMap::new())).into();
        for entry in store::entries(hive) {
            let home = Home { machine: entry.machine, folder: store.folder(entry.machine) };
            let sections = installed.iter_mut().filter(|(machine, _)| *machine == entry.machine);
            for (_, sections) in sections {
                let section = insert(sections, &entry.section, &entry.alias, &entry.value, Origin::Installed);
                section.home = Some(home.clone());
            }
        }
        self.installed = installed;
    }

    /// Adds a directory to look for files in, after those added before and ahead of the Wine prefix's and Wine's.
    pub fn add_driver_path(&mut self, directory: &Path) {
        self.directories.driver_path.push(directory.to_owned());
    }

    /// Looks for files in `drive_c/windows/system32` and `drive_c/windows/syswow64` of this Wine prefix, and of no other one.
    pub fn set_prefix(&mut self, prefix: &Path) {
        self.directories.set_prefix(prefix);
    }

    /// Which machine's drivers are found. `None`, which holds unless it is set: one for x86_64 in whichever directory, and one for i386 where
    /// there is none.
    pub fn set_machine(&mut self, machine: Option<Machine>) {
        self.machine = machine;
    }

    /// The machine whose drivers are found, if it was [set](Self::set_machine).
    #[must_use]
    pub fn machine(&self) -> Option<Machine> {
        self.machine
    }

    /// Finds a driver as `OpenDriver` does: the entry `name` of `section` (Drivers32 unless given); if there is none, `name` as
    /// a whole is a file. Of several files of one name the [machine](Self::set_machine) decides, and then the order of the directories.
    ///
    /// # Errors
    /// [`Error::NoSuchDriver`], and [`Error::OtherMachine`] for the path of a file that is not for the machine that is wanted.
    pub fn resolve(&self, name: &str, section: Option<&str>) -> Result<DriverFile, Error> {
        self.resolve_for(self.machine, None, name, section)
    }

    /// Every driver that an entry of Drivers32 may mean: the one that [`resolve`](Self::resolve) finds, and one for each other machine, which is looked for
    /// when it is asked for.
    pub fn resolve_each(&self, alias: &str) -> impl Iterator<Item = DriverFile> {
        let others = Machine::ALL.into_iter().filter(|_| self.machine.is_none()).map(Some);
        let mut found: Vec<DriverFile> = Vec::new();
        iter::once(self.machine).chain(others).filter_map(move |machine| {
            let driver =
                self.resolve_for(machine, None, alias, None).ok().filter(|other| !found.contains(other))?;
            found.push(driver.clone());
            Some(driver)
        })
    }

    /// Finds a driver for `machine`. With a directory `first`, `name` is that of a file, looked for there before all other directories.
    fn resolve_for(
        &self,
        machine: Option<Machine>,
        first: Option<&Path>,
        name: &str,
        section: Option<&str>,
    ) -> Result<DriverFile, Error> {
        if name.is_empty() || name.starts_with(' ') {
            let looked = "nothing, because a name is not empty and begins with no space".to_owned();
            return Err(Error::NoSuchDriver { name: name.to_owned(), looked });
        }
        let section = section.unwrap_or(DRIVERS32);
        let entry = if first.is_none() { self.entry(machine, section, name) } else { None };
        let (file, text) = entry.map_or((name, None), |entry| split(&entry.value));
        // An installed driver lies with the others, and is for the machine that its entry is for.
        let home = entry.and_then(|entry| entry.home.as_ref());
        let machine = machine.or(home.map(|home| home.machine));
        let first = first.or(home.map(|home| home.folder.as_path()));
        // Nothing that happens to have the same name elsewhere is what was installed.
        let found = match home {
            Some(home) => home.file(file).map(|path| (path, Origin::Installed)),
            None => self.find_file(first, file, machine),
        };
        let (path, place) = found.ok_or_else(|| self.missing(machine, first, name, section, entry))?;
        let registered = entry.map(|entry| entry.origin).filter(|origin| *origin != Origin::Wine);
        let origin = registered.unwrap_or(place);
        Ok(DriverFile { path, text, alias: entry.map(|entry| entry.name.clone()), origin })
    }

    /// Finds a driver for a driver that lies in `folder`, as [`resolve`](Self::resolve) does; but both run in one process, so only drivers for
    /// the opener's `machine` are there, and a driver reaches no file by its path. A name is an entry, or a file in `folder` or in the
    /// directories. The one directory that it can name is that in which every driver is told to lie.
    ///
    /// # Errors
    /// [`Error::NoSuchDriver`], and [`Error::OtherMachine`] where an entry names the path of a file for another machine.
    pub(crate) fn resolve_beside(
        &self,
        folder: &Path,
        machine: Machine,
        name: &str,
        section: Option<&str>,
    ) -> Result<DriverFile, Error> {
        if self.entry(Some(machine), section.unwrap_or(DRIVERS32), name).is_some() {
            return self.resolve_for(Some(machine), None, name, section);
        }
        let native = name.replace('\\', "/");
        let file = match native.split_at_checked(GUEST_DIRECTORY.len()) {
            Some((directory, file)) if directory.eq_ignore_ascii_case(GUEST_DIRECTORY) => file,
            _ => &native,
        };
        if is_path(file) || file.is_empty() || file.starts_with(' ') {
            let looked = "a file beside the driver that asks, or in the directories for drivers".to_owned();
            return Err(Error::NoSuchDriver { name: name.to_owned(), looked });
        }
        self.resolve_for(Some(machine), Some(folder), file, section)
    }

    /// Finds a driver as the command line names one: an existing file as a whole; otherwise what stands before the first space is an
    /// alias or a file, and the rest goes to DRV_OPEN.
    ///
    /// # Errors
    /// As [`resolve`](Self::resolve), and [`Error::File`] for a path where no file is.
    pub fn resolve_argument(&self, argument: &str) -> Result<DriverFile, Error> {
        let as_file = |text: &str| is_path(text).then(|| PathBuf::from(text)).filter(|path| path.is_file());
        if let Some(path) = as_file(argument) {
            return self.resolve_path(path);
        }
        // A name cannot begin with a space, and then there is nothing to split off.
        let (name, text) = if argument.starts_with(' ') { (argument, None) } else { split(argument) };
        let found = match as_file(name) {
            Some(path) => self.resolve_path(path)?,
            None => self.resolve(name, None).map_err(|error| match error {
                Error::NoSuchDriver { .. } if is_path(name) => not_there(name),
                error => error,
            })?,
        };
        Ok(DriverFile { text: text.or(found.text), ..found })
    }

    /// The driver in the file at a path, whatever that is.
    ///
    /// # Errors
    /// [`Error::OtherMachine`] when it is not for the machine that is wanted.
    pub fn resolve_path(&self, path: PathBuf) -> Result<DriverFile, Error> {
        if let Some(wanted) = self.machine {
            of_machine(&path, wanted)?;
        }
        Ok(DriverFile { path, text: None, alias: None, origin: Origin::DriverPath })
    }

    /// The entry of a section with this name, for `machine` or any: the registry's before SYSTEM.INI's, and what is known anyway last.
    fn entry(&self, machine: Option<Machine>, section: &str, name: &str) -> Option<&Entry> {
        let (section, name) = (section.to_lowercase(), name.to_lowercase());
        let installed =
            self.installed.iter().filter(|(known, _)| machine.is_none_or(|machine| machine == *known));
        iter::once(&self.values)
            .chain(installed.map(|(_, sections)| sections))
            .chain([&self.ini, &self.defaults])
            .find_map(|store| store.get(&section)?.get(&name))
    }

    /// Every entry of Drivers32, by name.
    #[must_use]
    pub fn aliases(&self) -> Vec<String> {
        let mut names: BTreeMap<&String, &Entry> = BTreeMap::new();
        let installed = self.installed.iter().map(|(_, sections)| sections);
        for store in [&self.defaults, &self.ini].into_iter().chain(installed).chain([&self.values]) {
            names.extend(store.get(&DRIVERS32.to_lowercase()).into_iter().flatten());
        }
        names.into_values().map(|entry| entry.name.clone()).collect()
    }

    /// The installed entries of Drivers32 for the machine that is wanted whose driver is not there any more: each with where it should be.
    pub(crate) fn lost(&self) -> Vec<(String, PathBuf)> {
        let entries = self.installed.iter().flat_map(|(_, sections)| sections.get(&DRIVERS32.to_lowercase()));
        let mut lost = Vec::new();
        for entry in entries.flatten().map(|(_, entry)| entry) {
            let Some(home) = &entry.home else { continue };
            let wanted = self.machine.is_none_or(|wanted| wanted == home.machine);
            if wanted && self.resolve_for(Some(home.machine), None, &entry.name, None).is_err() {
                lost.push((entry.name.clone(), home.folder.join(split(&entry.value).0)));
            }
        }
        lost
    }

    /// The directories that files are looked for in, in order.
    #[must_use]
    pub fn directories(&self) -> Vec<&Path> {
        self.directories.all().collect()
    }

    /// The directories that the caller named.
    #[must_use]
    pub fn driver_path(&self) -> &[PathBuf] {
        &self.directories.driver_path
    }

    /// The directories of the Wine prefix.
    pub(crate) fn prefix(&self) -> &[PathBuf] {
        &self.directories.prefix
    }

    /// Whether drivers for a machine are wanted.
    pub(crate) fn wants(&self, machine: Option<pe::Machine>) -> bool {
        self.machine.is_none_or(|wanted| machine == Some(wanted.into()))
    }

    /// The file with this name: at its path if it has one, else in `first` or in the directories; in any case, and with `.dll` added where
    /// there is no extension (C024).
    fn find_file(
        &self,
        first: Option<&Path>,
        name: &str,
        machine: Option<Machine>,
    ) -> Option<(PathBuf, Origin)> {
        // Empty, or with a leading space: no file (C048).
        if name.is_empty() || name.starts_with(' ') {
            return None;
        }
        let native = name.replace('\\', "/");
        if is_path(&native) {
            let path = Path::new(&native);
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty())?;
            let file = find_in(directory, path.file_name()?.to_str()?, machine)?;
            return Some((file, Origin::DriverPath));
        }
        self.directories.find(first, &native, machine)
    }

    /// Why a name leads to no driver for `machine`.
    fn missing(
        &self,
        machine: Option<Machine>,
        first: Option<&Path>,
        name: &str,
        section: &str,
        entry: Option<&Entry>,
    ) -> Error {
        let file = entry.map_or(name, |entry| split(&entry.value).0);
        let other = machine.and_then(|machine| Some((machine, self.find_file(first, file, None)?.0)));
        if let Some((machine, path)) = other.as_ref().filter(|_| is_path(&file.replace('\\', "/")))
            && let Err(error) = of_machine(path, *machine)
        {
            return error;
        }
        let asked = match entry {
            Some(entry) => format!("`{}`, as the entry in [{section}] says", entry.value),
            None => format!("an entry in [{section}]"),
        };
        let directories: Vec<_> =
            first.into_iter().chain(self.directories()).map(|path| path.display().to_string()).collect();
        let places = if directories.is_empty() { "no directory".to_owned() } else { directories.join(", ") };
        let machine = machine.map_or_else(String::new, |machine| format!(" for {machine}"));
        let other = other.and_then(|(_, path)| {
            Some(format!("; {} is {}", path.display(), machine::kind_of(machine_of(&path)?)))
        });
        Error::NoSuchDriver {
            name: name.to_owned(),
            looked: format!(
                "{asked}, and a file of that name{machine} in {places}{}",
                other.unwrap_or_default()
            ),
        }
    }
}

/// Refuses a file that is for another machine. What is no executable is not refused here: opening it says what it is.
fn of_machine(path: &Path, wanted: Machine) -> Result<(), Error> {
    match machine_of(path) {
        Some(found) if found != wanted.into() => {
            Err(Error::OtherMachine { file: path.to_owned(), found: machine::kind_of(found), wanted })
        }
        _ => Ok(()),
    }
}

/// Where a driver is told to lie, by GetModuleFileName.
const GUEST_DIRECTORY: &str = "C:/windows/system32/";

/// The error for a file that was named by its path.
fn not_there(path: &str) -> Error {
    let source = std::io::Error::new(std::io::ErrorKind::NotFound, "there is no such file");
    Error::File { file: path.into(), source }
}

/// Whether a name says in which directory the file is.
fn is_path(name: &str) -> bool {
    name.contains('/')
}

fn insert<'s>(
    store: &'s mut BTreeMap<String, Section>,
    section: &str,
    name: &str,
    value: &str,
    origin: Origin,
) -> &'s mut Entry {
    let entry = Entry { name: name.to_owned(), value: value.to_owned(), origin, home: None };
    let section = store.entry(section.to_lowercase()).or_default();
    section.entry(name.to_lowercase()).insert_entry(entry).into_mut()
}

/// Splits a value into file name and text: at the first space, all spaces skipped, inner and trailing ones kept (C042, C043).
fn split(value: &str) -> (&str, Option<String>) {
    match value.split_once(' ') {
        None => (value, None),
        Some((file, rest)) => {
            let text = rest.trim_start_matches(' ');
            (file, (!text.is_empty()).then(|| text.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests;
