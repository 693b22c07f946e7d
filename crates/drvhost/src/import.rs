//! Bringing over drivers that were installed elsewhere: in a Wine prefix, under Windows by its SYSTEM.INI, or by a `.reg` file.
//!
//! Nothing is sent to these drivers: they have been told DRV_INSTALL there. Entries that the store has stay as they are.

mod ini;
mod source;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::directories::{find_in, wine_mark_of};
use crate::error::{Blame, Error};
use crate::install::{check_alias, file_name};
use crate::machine::Machine;
use crate::module::Image;
use crate::registry::Registry;
use crate::services::Settings;
use crate::store::{Change, Store, drivers32};

pub(crate) use ini::parse as parse_ini;
use source::Found;

/// Where drivers are brought over from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source<'a> {
    /// The folder of a Wine prefix: its registry, and the drivers in it that are not Wine's own.
    WinePrefix(&'a Path),
    /// The SYSTEM.INI of a Windows, which lies in its folder: drivers are looked for there, in `system32`, `syswow64` and `system`.
    SystemIni(&'a Path),
    /// A registry's text. Drivers are looked for beside it, in the caller's directories, and in the Wine prefix. Everything else in
    /// it, such as drivers' own keys, is brought over too.
    Reg(&'a Path),
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// Its name in Drivers32.
    pub alias: String,
    /// Its value in the store, or the one that it has where it was found.
    pub value: String,
    /// The machine that its driver is for; `None` if that is not known.
    pub machine: Option<Machine>,
    /// Whether it is in the store now and was not before.
    pub imported: bool,
    /// Why it was left out, in one sentence.
    pub reason: Option<String>,
}

/// Brings drivers over: copies their files into the store, and sets their entries. All of it lasts at once, or nothing.
///
/// # Errors
/// [`Error::Store`] for a file that cannot be understood, and [`Error::File`]. A driver that cannot be brought over is none.
pub fn import(store: &Store, registry: &Registry, source: Source<'_>) -> Result<Vec<Imported>, Error> {
    let Found { mut entries, folders, drive_c, settings } = source::find(registry, source)?;
    entries.retain(|entry| registry.wants(entry.machine.or(registry.machine()).map(Into::into)));
    let mut change = store.change()?;
    let mut importing = Importing { change: &mut change, folders, drive_c, wanted: registry.machine() };
    let done = entries.into_iter().map(|entry| importing.bring(entry)).collect::<Result<Vec<_>, _>>()?;
    let aliases = done.iter().filter(|entry| entry.imported).map(|entry| entry.alias.as_str());
    let aliases: Vec<&str> = aliases.collect();
    let wanted = |key: &str| match source {
        Source::Reg(_) => true,
        // Of a whole system's settings only what is these drivers': the ACM keeps it under their names.
        _ => key
            .split('\\')
            .next_back()
            .is_some_and(|name| aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name))),
    };
    // Settings without their driver harm nobody, if this is where it ends.
    Settings::new(Some(store.clone())).add(&settings, |key| !is_entry(key) && wanted(key))?;
    change.finish()?;
    Ok(done)
}

/// An entry where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    alias: String,
    value: String,
    /// The machine that its place is for; `None` where that does not say it.
    machine: Option<Machine>,
}

/// Entries on their way into the store.
struct Importing<'c, 's> {
    change: &'c mut Change<'s>,
    /// Where drivers are looked for.
    folders: Vec<PathBuf>,
    /// What Windows calls `C:`, if that is there.
    drive_c: Option<PathBuf>,
    wanted: Option<Machine>,
}

impl Importing<'_, '_> {
    /// Brings one entry over.
    ///
    /// # Errors
    /// What is neither the driver's doing nor the entry's.
    fn bring(&mut self, entry: Entry) -> Result<Imported, Error> {
        let done = self.try_bring(&entry);
        let Entry { alias, value, machine } = entry;
        match done {
            Ok(Ok((machine, value))) => {
                Ok(Imported { alias, value, machine: Some(machine), imported: true, reason: None })
            }
            Ok(Err(reason)) => Ok(Imported { alias, value, machine, imported: false, reason: Some(reason) }),
            Err(error) => Err(error),
        }
    }

    /// The machine and the value with which an entry was set, or why it was left out.
    fn try_bring(&mut self, entry: &Entry) -> Result<Result<(Machine, String), String>, Error> {
        let (file, text) = entry
            .value
            .split_once(' ')
            .map_or((entry.value.as_str(), None), |(file, text)| (file, Some(text)));
        let Some(path) = self.find(file, entry.machine.or(self.wanted)) else {
            return Ok(Err(format!("there is no file `{file}` where drivers were looked for")));
        };
        if wine_mark_of(&path).is_some() {
            return Ok(Err("its driver is Wine's own, which is found without being brought over".to_owned()));
        }
        let brought = check_alias(&entry.alias).and_then(|()| Image::read(&path)).and_then(|image| {
            let name = file_name(&path)?;
            if let Some(there) = self.change.value(image.machine, &entry.alias) {
                return Ok(Err(format!("the store has an entry of this name, `{there}`")));
            }
            self.change.bring(image.machine, name, &image.bytes)?;
            let value = text.map_or_else(|| name.to_owned(), |text| format!("{name} {text}"));
            self.change.set(image.machine, &entry.alias, &value);
            Ok(Ok((image.machine, value)))
        });
        match brought {
            Err(error) if matches!(error.blame(), Blame::Driver | Blame::Usage) => Ok(Err(error.to_string())),
            brought => brought,
        }
    }

    /// The file that an entry names: at its path on drive C:, or of this name in one of the folders.
    fn find(&self, file: &str, machine: Option<Machine>) -> Option<PathBuf> {
        let parts: Vec<&str> = file.split(['\\', '/']).filter(|part| !part.is_empty()).collect();
        let (name, folders) = parts.split_last()?;
        let at_its_path = || {
            let (drive, folders) = folders.split_first()?;
            let mut place = self.drive_c.clone().filter(|_| drive.eq_ignore_ascii_case("c:"))?;
            for folder in folders {
                place = folder_in(&place, folder)?;
            }
            find_in(&place, name, machine)
        };
        at_its_path().or_else(|| self.folders.iter().find_map(|folder| find_in(folder, name, machine)))
    }
}

/// The folder of this name, in any case, that lies in another one.
fn folder_in(place: &Path, name: &str) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(place).ok()?.flatten();
    let found = entries
        .find(|entry| entry.file_name().to_str().is_some_and(|known| known.eq_ignore_ascii_case(name)));
    found.map(|entry| entry.path()).filter(|path| path.is_dir())
}

/// Whether a key is one that entries are in.
fn is_entry(key: &str) -> bool {
    Machine::ALL.into_iter().any(|machine| key.eq_ignore_ascii_case(&drivers32(machine)))
}

#[cfg(test)]
mod tests;
