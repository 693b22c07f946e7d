//! What a driver learns of files and folders; what a folder holds is read once and told page by page.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

use wire::{Entry, FileInfo};

use super::codes::ERROR_FILE_NOT_FOUND;
use super::layers::{Failure, Here, Layer, find, is_standing};

/// How many entries of a folder one answer has: with the longest names they still fit into a message.
const PAGE: usize = 32;

/// A folder's content: that of all layers, each name from the first one that has it.
#[derive(Debug)]
pub(super) struct Listing {
    pub path: String,
    there: Vec<Here>,
    /// The names, each with its place in `there`.
    names: Vec<(usize, String)>,
    read_only: bool,
}

impl Listing {
    /// Reads the folder at a path, which has these layers.
    pub fn of(path: &str, layers: &[Layer]) -> Result<Self, Failure> {
        let standing = layers.iter().any(|layer| is_standing(layer, &layer.names));
        let there: Vec<Here> =
            layers.iter().filter_map(|layer| find(std::slice::from_ref(layer)).ok()).collect();
        if !standing && !there.iter().any(|here| here.folder.is_folder(&here.path)) {
            return Err(ERROR_FILE_NOT_FOUND.into());
        }
        let mut names: BTreeMap<String, (usize, String)> = BTreeMap::new();
        for (index, here) in there.iter().enumerate() {
            for name in here.folder.names(&here.path)? {
                names.entry(name.to_lowercase()).or_insert((index, name));
            }
        }
        let read_only = !layers.first().is_some_and(|layer| layer.write);
        Ok(Self { path: path.to_owned(), there, names: names.into_values().collect(), read_only })
    }

    /// Some of it, behind those that have been told of; none when there are no more.
    pub fn page(&self, from: u32) -> Vec<Entry> {
        let entry = |(index, name): &(usize, String)| {
            let here = self.there.get(*index);
            let metadata = here.and_then(|here| here.folder.metadata(&here.path.join(name)).ok());
            // What cannot be looked at is there all the same.
            let info = metadata.map_or_else(FileInfo::default, |metadata| info(&metadata, self.read_only));
            Entry { name: name.clone(), info }
        };
        self.names.iter().skip(from as usize).take(PAGE).map(entry).collect()
    }
}

/// What a driver learns of a file or folder.
pub(super) fn info(metadata: &Metadata, read_only: bool) -> FileInfo {
    let time = |time: io::Result<SystemTime>| time.map_or(0, filetime);
    FileInfo {
        folder: metadata.is_dir(),
        read_only,
        len: if metadata.is_file() { metadata.len() } else { 0 },
        created: time(metadata.created().or_else(|_| metadata.modified())),
        accessed: time(metadata.accessed()),
        modified: time(metadata.modified()),
        number: metadata.ino(),
    }
}

/// A FILETIME ("FILETIME structure", MS Learn): tenths of microseconds since 1601.
fn filetime(time: SystemTime) -> u64 {
    /// Seconds from 1601 to 1970.
    const EPOCH: u64 = 11_644_473_600;
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    // Some file systems have times that no FILETIME has.
    let seconds = since.as_secs().saturating_add(EPOCH).saturating_mul(10_000_000);
    seconds.saturating_add(u64::from(since.subsec_nanos() / 100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_no_filetime_has_is_the_last_one() {
        let late = UNIX_EPOCH + std::time::Duration::from_secs(1 << 62);
        assert_eq!(filetime(late), u64::MAX);
        assert_eq!(filetime(UNIX_EPOCH - std::time::Duration::from_secs(1)), filetime(UNIX_EPOCH));
    }
}
