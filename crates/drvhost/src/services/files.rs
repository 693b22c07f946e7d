//! Files for the driver of one worker: what it may open, as what, and how much of it.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use wire::{Disposition, Entry, FileCall, FileInfo, PIECE, Served};

use super::codes::{
    ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS, ERROR_DIRECTORY, ERROR_DISK_FULL, ERROR_FILE_EXISTS,
    ERROR_FILE_NOT_FOUND, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_TOO_MANY_OPEN_FILES,
};
use super::layers::{Failure, Here, Layer, REFUSED, Reach, find, is_standing, open, prepare};
use super::paths::Place;

/// How many files a worker may have open.
const MOST_OPEN: usize = 256;

/// How many bytes the files in a driver's data folder may have together.
const MOST_BYTES: u64 = 1 << 30;

/// How many files and folders there may be in it.
const MOST_FILES: u64 = 10_000;

/// How many entries of a folder one answer has: with the longest names they still fit into a message.
const PAGE: usize = 32;

/// An open file.
#[derive(Debug)]
struct Open {
    file: File,
    write: bool,
    /// Whether its bytes count as the driver's data.
    counted: bool,
}

/// What the driver's data amounts to.
#[derive(Debug, Default)]
struct Usage {
    bytes: u64,
    files: u64,
}

/// The files of one worker.
#[derive(Debug, Default)]
pub(super) struct Files {
    reach: Reach,
    open: BTreeMap<u32, Open>,
    /// The number that the next file gets. None is used twice, so a stale one leads nowhere.
    next: u32,
    /// Counted with the first file that is written.
    usage: Option<Usage>,
}

impl Files {
    pub fn new(reach: Reach) -> Self {
        Self { reach, ..Self::default() }
    }

    /// Does what is wanted of a file.
    pub fn serve(&mut self, call: &FileCall) -> Result<Served, Failure> {
        match call {
            FileCall::Open { path, read, write, disposition } => self.open(path, *read, *write, *disposition),
            FileCall::Read { file, at, len } => self.read(*file, *at, *len),
            FileCall::Write { file, at, bytes } => self.write(*file, *at, bytes),
            FileCall::SetLength { file, len } => self.set_length(*file, *len),
            FileCall::Info { file } => {
                let open = self.opened(*file)?;
                let info = info(&open.file.metadata()?, !open.write);
                Ok(Served::Info(info))
            }
            FileCall::Flush { file } => {
                self.opened(*file)?.file.sync_data()?;
                Ok(Served::Done)
            }
            FileCall::Close { file } => {
                self.open.remove(file).ok_or(ERROR_INVALID_HANDLE)?;
                Ok(Served::Done)
            }
            FileCall::Look { path } => self.look(path),
            FileCall::Delete { path } => self.remove(path, false),
            FileCall::RemoveFolder { path } => self.remove(path, true),
            FileCall::Rename { from, to, replace } => self.rename(from, to, *replace),
            FileCall::MakeFolder { path } => self.make_folder(path),
            FileCall::List { path, from } => self.list(path, *from),
        }
    }

    fn opened(&self, file: u32) -> Result<&Open, Failure> {
        self.open.get(&file).ok_or_else(|| ERROR_INVALID_HANDLE.into())
    }

    fn layers(&self, path: &str) -> Result<Vec<Layer>, Failure> {
        self.reach.layers(Place::of(path)?)
    }

    fn open(
        &mut self,
        path: &str,
        read: bool,
        write: bool,
        disposition: Disposition,
    ) -> Result<Served, Failure> {
        if self.open.len() >= MOST_OPEN {
            return Err(ERROR_TOO_MANY_OPEN_FILES.into());
        }
        let layers = self.layers(path)?;
        let here = match find(&layers) {
            Ok(here) => Some(here),
            Err(failure) if failure.code == ERROR_FILE_NOT_FOUND => None,
            Err(failure) => return Err(failure),
        };
        let existed = here.is_some();
        if existed && disposition == Disposition::CreateNew {
            return Err(ERROR_FILE_EXISTS.into());
        }
        let makes = !matches!(disposition, Disposition::OpenExisting | Disposition::TruncateExisting);
        let empties = matches!(disposition, Disposition::CreateAlways | Disposition::TruncateExisting);
        let (file, counted) = match here {
            Some(here) if !write && !empties => (here.folder.file(&here.path, false, false)?, false),
            Some(here) => self.open_to_write(&layers, &here, empties)?,
            None if makes => self.make(&layers)?,
            None => return Err(ERROR_FILE_NOT_FOUND.into()),
        };
        let (number, write) = (self.next, write || !read);
        self.next = self.next.checked_add(1).ok_or(ERROR_TOO_MANY_OPEN_FILES)?;
        self.open.insert(number, Open { file, write, counted });
        Ok(Served::Opened { file: number, existed })
    }

    /// Opens a file that is there so that it can be written: a copy of it, where the file itself cannot.
    fn open_to_write(
        &mut self,
        layers: &[Layer],
        here: &Here,
        empties: bool,
    ) -> Result<(File, bool), Failure> {
        if here.folder.is_folder(&here.path) {
            return Err(ERROR_ACCESS_DENIED.into());
        }
        if here.write {
            let counted = layers.get(here.layer).is_some_and(|layer| layer.data);
            let file = here.folder.file(&here.path, true, false)?;
            if empties {
                let len = file.metadata()?.len();
                file.set_len(0)?;
                self.uncount(counted, len);
            }
            return Ok((file, counted));
        }
        let mut original = here.folder.file(&here.path, false, false)?;
        let (copy, counted) = self.make(layers)?;
        if !empties {
            self.grow(counted, original.metadata()?.len())?;
            io::copy(&mut original.by_ref().take(MOST_BYTES), &mut &copy)?;
        }
        Ok((copy, counted))
    }

    /// Makes an empty file.
    fn make(&mut self, layers: &[Layer]) -> Result<(File, bool), Failure> {
        let counted = layers.first().is_some_and(|layer| layer.data);
        self.one_more(counted)?;
        let (folder, path) = prepare(layers)?;
        Ok((folder.file(&path, true, true)?, counted))
    }

    fn read(&self, file: u32, at: u64, len: u32) -> Result<Served, Failure> {
        let mut bytes = vec![0; PIECE.min(len as usize)];
        let read = self.opened(file)?.file.read_at(&mut bytes, at)?;
        bytes.truncate(read);
        Ok(Served::Bytes(bytes))
    }

    fn write(&mut self, file: u32, at: Option<u64>, bytes: &[u8]) -> Result<Served, Failure> {
        let open = self.opened(file)?;
        if !open.write {
            return Err(ERROR_ACCESS_DENIED.into());
        }
        let (len, counted) = (open.file.metadata()?.len(), open.counted);
        let at = at.unwrap_or(len);
        let end = at.checked_add(bytes.len() as u64).ok_or(ERROR_INVALID_PARAMETER)?;
        self.grow(counted, end.saturating_sub(len))?;
        self.opened(file)?.file.write_all_at(bytes, at)?;
        Ok(Served::Number(end))
    }

    fn set_length(&mut self, file: u32, new: u64) -> Result<Served, Failure> {
        let open = self.opened(file)?;
        if !open.write {
            return Err(ERROR_ACCESS_DENIED.into());
        }
        let (len, counted) = (open.file.metadata()?.len(), open.counted);
        self.grow(counted, new.saturating_sub(len))?;
        self.opened(file)?.file.set_len(new)?;
        self.uncount(counted, len.saturating_sub(new));
        Ok(Served::Done)
    }

    fn look(&self, path: &str) -> Result<Served, Failure> {
        let layers = self.layers(path)?;
        match find(&layers) {
            Ok(here) => {
                let read_only = !layers.first().is_some_and(|layer| layer.write);
                Ok(Served::Info(info(&here.folder.metadata(&here.path)?, read_only)))
            }
            Err(_) if layers.iter().any(|layer| is_standing(layer, &layer.names)) => {
                Ok(Served::Info(FileInfo { folder: true, ..FileInfo::default() }))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Removes a file or an empty folder. What lies in a layer that is not written stays.
    fn remove(&mut self, path: &str, folder: bool) -> Result<Served, Failure> {
        let layers = self.layers(path)?;
        let here = find(&layers)?;
        if here.folder.is_folder(&here.path) != folder {
            return Err(if folder { ERROR_DIRECTORY } else { ERROR_ACCESS_DENIED }.into());
        }
        if !here.write || here.path.as_os_str().is_empty() {
            return Err(REFUSED);
        }
        let len = here.folder.metadata(&here.path)?.len();
        here.folder.remove(&here.path, folder)?;
        if layers.get(here.layer).is_some_and(|layer| layer.data) {
            self.uncount(!folder, len);
            if let Some(usage) = &mut self.usage {
                usage.files = usage.files.saturating_sub(1);
            }
        }
        Ok(Served::Done)
    }

    fn rename(&mut self, from: &str, to: &str, replace: bool) -> Result<Served, Failure> {
        let (from, to) = (self.layers(from)?, self.layers(to)?);
        let here = find(&from)?;
        let data = |layers: &[Layer]| layers.first().is_some_and(|layer| layer.data);
        // What counts as the driver's data goes on doing so, and nothing else begins to.
        if !here.write || here.path.as_os_str().is_empty() || data(&from) != data(&to) {
            return Err(REFUSED);
        }
        if let Ok(there) = find(&to)
            && (!replace || !there.write || there.folder.is_folder(&there.path))
        {
            return Err(if replace { ERROR_ACCESS_DENIED } else { ERROR_ALREADY_EXISTS }.into());
        }
        let (folder, path) = prepare(&to)?;
        here.folder.rename(&here.path, &folder, &path, replace)?;
        // Whatever it replaced counts no more.
        self.usage = None;
        Ok(Served::Done)
    }

    fn make_folder(&mut self, path: &str) -> Result<Served, Failure> {
        let layers = self.layers(path)?;
        let standing = layers.iter().any(|layer| is_standing(layer, &layer.names));
        if standing || find(&layers).is_ok() {
            return Err(ERROR_ALREADY_EXISTS.into());
        }
        self.one_more(layers.first().is_some_and(|layer| layer.data))?;
        let (folder, path) = prepare(&layers)?;
        folder.make_folder(&path)?;
        Ok(Served::Done)
    }

    /// Some of a folder's content: that of all layers, each name from the first one that has it.
    fn list(&self, path: &str, from: u32) -> Result<Served, Failure> {
        let layers = self.layers(path)?;
        let mut names: BTreeMap<String, (usize, String)> = BTreeMap::new();
        let mut there = layers.iter().any(|layer| is_standing(layer, &layer.names));
        for (index, layer) in layers.iter().enumerate() {
            let Ok(Here { folder, path, .. }) = find(std::slice::from_ref(layer)) else { continue };
            there |= folder.is_folder(&path);
            for name in folder.names(&path)? {
                names.entry(name.to_lowercase()).or_insert((index, name));
            }
        }
        if !there {
            return Err(ERROR_FILE_NOT_FOUND.into());
        }
        let some = names.into_values().skip(from as usize).take(PAGE);
        let entry = |(index, name): (usize, String)| {
            let layer = layers.get(index)?;
            let folder = open(&layer.root).ok().flatten()?;
            let Here { path, .. } = find(std::slice::from_ref(layer)).ok()?;
            let metadata = folder.metadata(&path.join(&name)).ok()?;
            Some(Entry { name, info: info(&metadata, !layers[0].write) })
        };
        // What cannot be looked at is there all the same, and counts for where the next page begins.
        let entries = some.map(|(index, name)| {
            let unknown = Entry { name: name.clone(), info: FileInfo::default() };
            entry((index, name)).unwrap_or(unknown)
        });
        Ok(Served::Entries(entries.collect()))
    }

    /// What the driver's data amounts to, counted when it is first asked for.
    fn usage(&mut self) -> Result<&mut Usage, Failure> {
        if self.usage.is_none() {
            let mut usage = Usage::default();
            if let Some(data) = &self.reach.data {
                count(data, &mut usage)?;
            }
            self.usage = Some(usage);
        }
        self.usage.as_mut().ok_or_else(|| REFUSED.code.into())
    }

    fn one_more(&mut self, counted: bool) -> Result<(), Failure> {
        if counted {
            let usage = self.usage()?;
            if usage.files >= MOST_FILES {
                return Err(ERROR_DISK_FULL.into());
            }
            usage.files += 1;
        }
        Ok(())
    }

    fn grow(&mut self, counted: bool, by: u64) -> Result<(), Failure> {
        if counted && by > 0 {
            let usage = self.usage()?;
            usage.bytes = usage
                .bytes
                .checked_add(by)
                .filter(|&sum| sum <= MOST_BYTES)
                .ok_or(Failure { code: ERROR_DISK_FULL, refused: true })?;
        }
        Ok(())
    }

    fn uncount(&mut self, counted: bool, bytes: u64) {
        if let Some(usage) = self.usage.as_mut().filter(|_| counted) {
            usage.bytes = usage.bytes.saturating_sub(bytes);
        }
    }
}

/// Counts what is in a folder, as far as the bounds.
fn count(folder: &Path, usage: &mut Usage) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let metadata = entry.metadata()?;
        usage.files += 1;
        if metadata.is_file() {
            usage.bytes = usage.bytes.saturating_add(metadata.len());
        } else if metadata.is_dir() && usage.files < MOST_FILES {
            count(&entry.path(), usage)?;
        }
    }
    Ok(())
}

/// What a driver learns of a file or folder.
fn info(metadata: &Metadata, read_only: bool) -> FileInfo {
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
    (since.as_secs() + EPOCH) * 10_000_000 + u64::from(since.subsec_nanos() / 100)
}

#[cfg(test)]
mod tests;
