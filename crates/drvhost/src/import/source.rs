//! What is found at each kind of source.

use std::path::{Path, PathBuf};

use super::{Entry, Source, ini};
use crate::error::Error;
use crate::machine::Machine;
use crate::regfile::Hive;
use crate::registry::{DRIVERS32, Registry};
use crate::store::{StoreError, entries, read_bounded, read_hive};

/// The sections of SYSTEM.INI whose entries are those of Drivers32. 16-bit drivers stand in others, and MCI drivers.
const SECTIONS: [&str; 2] = [DRIVERS32, "Installable Compressors"];
/// The folders of Windows' own that drivers lie in.
const FOLDERS: [&str; 3] = ["system32", "syswow64", "system"];
/// Where a Wine prefix keeps its registry.
const WINE_FILES: [&str; 2] = ["system.reg", "user.reg"];

/// What a source has.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub entries: Vec<Entry>,
    /// Where the drivers may lie.
    pub folders: Vec<PathBuf>,
    pub drive_c: Option<PathBuf>,
    /// Keys that may be drivers' own.
    pub settings: Hive,
}

/// Looks at a source.
///
/// # Errors
/// [`Error::File`], [`StoreError::Syntax`].
pub(super) fn find(registry: &Registry, source: Source<'_>) -> Result<Found, Error> {
    match source {
        Source::WinePrefix(prefix) => wine_prefix(prefix),
        Source::SystemIni(file) => system_ini(file),
        Source::Reg(file) => {
            let mut folders = vec![folder_of(file)];
            folders.extend(registry.driver_path().iter().chain(registry.prefix()).cloned());
            let settings = read_hive(file)?;
            Ok(Found { entries: entries_of(&settings), folders, drive_c: None, settings })
        }
    }
}

fn wine_prefix(prefix: &Path) -> Result<Found, Error> {
    let [system, user] = WINE_FILES.map(|name| prefix.join(name));
    let drive_c = prefix.join("drive_c");
    let windows = super::folder_in(&drive_c, "windows").unwrap_or_else(|| drive_c.join("windows"));
    let folders = folders_in(&windows);
    let entries = entries_of(&read_hive(&system)?);
    // A prefix that was never used has no file for its user.
    let settings = if user.is_file() { read_hive(&user)? } else { Hive::default() };
    Ok(Found { entries, folders, drive_c: Some(drive_c), settings })
}

fn system_ini(file: &Path) -> Result<Found, Error> {
    let syntax = |error: crate::regfile::SyntaxError| StoreError::Syntax {
        file: file.to_owned(),
        line: error.line,
        why: error.why,
    };
    let (sections, lines) = ini::parse(&read_bounded(file)?).map_err(syntax)?;
    let entry = |line: ini::Line| {
        let name = sections.get(line.section)?;
        let known = SECTIONS.iter().any(|known| known.eq_ignore_ascii_case(name));
        known.then_some(Entry { alias: line.name, value: line.value, machine: None })
    };
    let mut entries = Vec::new();
    entries.extend(lines.into_iter().filter_map(entry).filter(|entry| !entry.alias.is_empty()));
    Ok(Found { entries, folders: folders_in(&folder_of(file)), ..Found::default() })
}

/// The folder that a file lies in.
fn folder_of(file: &Path) -> PathBuf {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_owned()
}

/// The folders of a Windows that drivers lie in.
fn folders_in(windows: &Path) -> Vec<PathBuf> {
    let below = FOLDERS.iter().filter_map(|name| super::folder_in(windows, name));
    std::iter::once(windows.to_owned()).chain(below).collect()
}

/// The entries of drivers in a registry. Only what 32-bit programs see of a 64-bit one is certainly for one machine: the rest is, on
/// Windows of either width, for its own.
fn entries_of(hive: &Hive) -> Vec<Entry> {
    let mut found = Vec::new();
    for entry in entries(hive) {
        if !entry.section.eq_ignore_ascii_case(DRIVERS32) {
            continue;
        }
        let machine = Some(entry.machine).filter(|machine| *machine == Machine::I386);
        found.push(Entry { alias: entry.alias, value: entry.value, machine });
    }
    found
}
