//! Installing drivers and removing them: what an installer does with a store and a driver (spec section 3.2, C088 to C090).
//!
//! The entry is set first, the driver is opened by it and told DRV_INSTALL. Only then does the entry last: a driver that says
//! DRVCNF_CANCEL, fails, or is interrupted leaves the store as it was.

mod naming;

use std::path::{Path, PathBuf};

use mmsystem::{DRV_INSTALL, DRV_REMOVE};
use serde::Serialize;

use crate::configure::{Answer, config_info, query};
use crate::end::Policy;
use crate::error::{Blame, Error};
use crate::machine::Machine;
use crate::module::Image;
use crate::opened::Opened;
use crate::services::Grant;
use crate::session::{Builder, Session};
use crate::store::{Change, Store, StoreEntry, StoreError};

use naming::Naming;
pub(crate) use naming::{check_alias, file_name};

/// A driver that was installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Installed {
    /// The entry's name.
    pub alias: String,
    /// The entry's value: the file's name, and text for DRV_OPEN.
    pub value: String,
    /// The machine that the driver is for.
    pub machine: Machine,
    /// Where its file is now.
    pub file: String,
    /// What it answered to DRV_INSTALL; `None` if it was not told, because the file had an entry before (C090).
    pub answer: Option<Answer>,
    /// Whether it has a configuration dialog.
    pub configurable: bool,
    /// The folders that it was granted now, from the next time on that it is opened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<Grant>,
    /// The names of the files and folders that were brought with it, which it finds beside itself from the next time on that it is opened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
}

/// An entry that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// The entry's name.
    pub alias: String,
    /// What the entry's value was.
    pub value: String,
    /// The machine that the driver was for.
    pub machine: Machine,
    /// Whether it was told DRV_REMOVE. It is not while the file has a further entry (C090).
    pub told: bool,
    /// Whether it answered DRVCNF_RESTART. Other answers have no meaning: DefDriverProc's is 0.
    pub restart: bool,
    /// Why it should have been told and could not be, in one sentence. The entry is gone all the same.
    pub reason: Option<String>,
}

/// Installs the driver in `file`: copies it into the store, and sets the entry `alias`, with `param` as text for DRV_OPEN. Without an alias it gets
/// the one that goes with what it is. `builder` says with which sessions, and for which machine. `with` are files and folders that it finds beside itself, of which
/// it gets copies, and `grants` the folders that it may use besides its own; for a driver that is installed already these are all that changes.
///
/// # Errors
/// [`Error::Refused`] for DRVCNF_CANCEL, [`Error::Store`], [`Error::NotADriver`], and as [`Session::open`] and [`Session::send`]. Then nothing is
/// installed.
pub fn install(
    store: &Store,
    builder: &Builder,
    file: &Path,
    alias: Option<&str>,
    param: Option<&str>,
    with: &[PathBuf],
    grants: &[Grant],
) -> Result<Installed, Error> {
    builder.registry.resolve_path(file.to_owned())?;
    let image = Image::read(file)?;
    let name = file_name(file)?;
    if !(grants.is_empty() && with.is_empty())
        && let Some(installed) = add(store, &image, name, alias, with, grants)?
    {
        return Ok(installed);
    }
    // Before the store is locked: this runs the driver.
    let naming = match alias {
        Some(alias) => check_alias(alias).map(|()| Naming::Alias(alias.to_owned()))?,
        None => Naming::of_driver(builder, file)?,
    };
    let mut change = store.change()?;
    let alias = naming.choose(|alias| change.value(image.machine, alias).is_some());
    if let Some(value) = change.value(image.machine, &alias) {
        let (machine, value) = (image.machine, value.to_owned());
        return Err(StoreError::EntryExists { alias, machine, value }.into());
    }
    let first = change.naming(image.machine, name).is_empty();
    change.bring(image.machine, name, &image.bytes)?;
    let with = change.bring_beside(image.machine, name, with)?;
    let value = match param {
        Some(text) if !text.trim_start_matches(' ').is_empty() => format!("{name} {text}"),
        _ => name.to_owned(),
    };
    change.set(image.machine, &alias, &value);
    let session = session(store, builder, &change, image.machine)?;
    let told = tell_install(&session, &alias, first);
    // A driver that did not come back is told nothing further.
    let _report = session.end(Policy::Orderly);
    let Told { file, driver, answer, configurable } = told?;
    if answer == Some(Answer::Cancel) {
        let (message, result) = ("DRV_INSTALL".to_owned(), "DRVCNF_CANCEL".to_owned());
        return Err(Error::Refused { driver, message, result });
    }
    change.grant(image.machine, name, grants)?;
    change.finish()?;
    Ok(Installed {
        alias,
        value,
        machine: image.machine,
        file,
        answer,
        configurable,
        granted: grants.to_vec(),
        with,
    })
}

/// Brings files to a driver that is installed, if it is: under this alias, or any; and grants it folders.
fn add(
    store: &Store,
    image: &Image,
    name: &str,
    alias: Option<&str>,
    with: &[PathBuf],
    grants: &[Grant],
) -> Result<Option<Installed>, Error> {
    let mut change = store.change()?;
    let entries = change.naming(image.machine, name);
    let is_it = |entry: &&StoreEntry| alias.is_none_or(|alias| entry.alias.eq_ignore_ascii_case(alias));
    let Some(entry) = entries.iter().find(is_it) else { return Ok(None) };
    // An error where the installed file is another one of its name.
    let file = change.bring(image.machine, name, &image.bytes)?;
    change.grant(image.machine, name, grants)?;
    let with = change.bring_beside(image.machine, name, with)?;
    change.finish()?;
    Ok(Some(Installed {
        alias: entry.alias.clone(),
        value: entry.value.clone(),
        machine: image.machine,
        file: file.display().to_string(),
        answer: None,
        configurable: false,
        granted: grants.to_vec(),
        with,
    }))
}

/// A session that knows what a change is about to bring, for one machine.
fn session(
    store: &Store,
    builder: &Builder,
    change: &Change<'_>,
    machine: Machine,
) -> Result<Session, Error> {
    let mut registry = builder.registry.clone();
    registry.set_installed(store, &change.hive);
    registry.set_machine(Some(machine));
    builder.clone().registry(registry).start()
}

/// What a driver that is being installed says.
struct Told {
    file: String,
    driver: String,
    answer: Option<Answer>,
    configurable: bool,
}

fn tell_install(session: &Session, alias: &str, first: bool) -> Result<Told, Error> {
    let driver = session.registry().resolve(alias, None)?;
    let opened = Opened::plain(session, &driver)?;
    let answer = if first {
        let info = config_info(&opened.arena, Some(alias))?;
        Some(Answer::of(opened.send(DRV_INSTALL, 0, info.lparam())?))
    } else {
        None
    };
    let configurable = answer != Some(Answer::Cancel) && query(&opened)?;
    opened.close_anyway();
    Ok(Told { file: driver.path.display().to_string(), driver: driver.file_name(), answer, configurable })
}

/// Removes an entry of the store, and its driver's file with the last entry that names it. That driver is told DRV_REMOVE before. One that cannot be
/// told is removed all the same: nobody could ever get rid of it otherwise.
///
/// # Errors
/// [`Error::Store`], and what is not the driver's doing.
pub fn remove(store: &Store, builder: &Builder, alias: &str) -> Result<Removed, Error> {
    let mut change = store.change()?;
    let wanted = builder.registry.machine();
    let machines = Machine::ALL.into_iter().filter(|machine| wanted.is_none_or(|wanted| wanted == *machine));
    let entries: Vec<_> = machines
        .filter_map(|machine| change.value(machine, alias).map(|value| (machine, value.to_owned())))
        .collect();
    let (machine, value) = match entries.as_slice() {
        [] => return Err(StoreError::NotInstalled { alias: alias.to_owned() }.into()),
        [entry] => entry.clone(),
        _ => return Err(StoreError::TwoMachines { alias: alias.to_owned() }.into()),
    };
    let file = value.split(' ').next().unwrap_or_default();
    let told = if change.naming(machine, file).len() == 1 {
        let session = session(store, builder, &change, machine)?;
        let told = tell_remove(&session, alias);
        let _report = session.end(Policy::Orderly);
        told.map(Some)
    } else {
        Ok(None)
    };
    let (answer, reason) = match told {
        Ok(answer) => (answer, None),
        // It is this computer that has to change something first.
        Err(error) if error.blame() == Blame::Host => return Err(error),
        Err(error) => (None, Some(error.to_string())),
    };
    change.delete(machine, alias);
    if change.naming(machine, file).is_empty() {
        change.ungrant(machine, file);
    }
    change.finish()?;
    let restart = answer == Some(Answer::Restart);
    Ok(Removed { alias: alias.to_owned(), value, machine, told: answer.is_some(), restart, reason })
}

fn tell_remove(session: &Session, alias: &str) -> Result<Answer, Error> {
    let driver = session.registry().resolve(alias, None)?;
    let opened = Opened::plain(session, &driver)?;
    let answer = opened.send(DRV_REMOVE, 0, 0)?;
    opened.close_anyway();
    Ok(Answer::of(answer))
}
