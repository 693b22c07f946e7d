//! Files for the driver of one worker: what it may open, as what, and how much of it.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;

use wire::{Disposition, FileCall, FileInfo, PIECE, Served};

use super::codes::{
    ERROR_ACCESS_DENIED, ERROR_ALREADY_EXISTS, ERROR_DIRECTORY, ERROR_FILE_EXISTS, ERROR_FILE_NOT_FOUND,
    ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_TOO_MANY_OPEN_FILES,
};
use super::descriptors::Descriptor;
use super::folder::Folder;
use super::layers::{Failure, Here, Layer, REFUSED, Reach, find, is_standing, prepare};
use super::listing::{Listing, info};
use super::paths::Place;
use super::usage::{MOST_BYTES, Usage, adding, removing, resizing};

/// How many files a worker may have open.
const MOST_OPEN: usize = 256;

/// An open file.
#[derive(Debug)]
struct Open {
    file: File,
    write: bool,
    /// What its bytes count for, if it is the driver's data.
    usage: Option<Usage>,
    _descriptor: Descriptor,
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(usage) = &self.usage {
            usage.closed(&self.file);
        }
    }
}

/// A file that was found or made, and where.
struct Made {
    folder: Folder,
    path: PathBuf,
    file: File,
}

/// The files of one worker.
#[derive(Debug, Default)]
pub(super) struct Files {
    reach: Reach,
    open: BTreeMap<u32, Open>,
    /// The number that the next file gets. None is used twice, so a stale one leads nowhere.
    next: u32,
    /// What the driver's data amounts to.
    usage: Option<Usage>,
    /// The folder that is being listed.
    listing: Option<Listing>,
}

impl Files {
    pub fn new(reach: Reach) -> Self {
        let usage = reach.data.as_deref().map(Usage::of);
        Self { reach, usage, ..Self::default() }
    }

    /// The worker has ended: nobody uses its files any more.
    pub fn close_all(&mut self) {
        self.open.clear();
        self.listing = None;
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
        let descriptor = Descriptor::take().ok_or(ERROR_TOO_MANY_OPEN_FILES)?;
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
        let (file, layer) = match here {
            Some(here) if !write && !empties => (here.folder.file(&here.path, false, false)?, here.layer),
            Some(here) => self.open_to_write(&layers, &here, empties)?,
            None if makes => (self.make(&layers)?.file, 0),
            None => return Err(ERROR_FILE_NOT_FOUND.into()),
        };
        let usage = self.usage(layers.get(layer)).cloned();
        if let Some(usage) = &usage {
            usage.opened(&file)?;
        }
        let open = Open { file, write: write || !read, usage, _descriptor: descriptor };
        if empties {
            // Not before it is known to be open: another worker may delete it meanwhile.
            resizing(open.usage.as_ref(), &open.file, |_| 0, || open.file.set_len(0))?;
        }
        let number = self.next;
        self.next = self.next.checked_add(1).ok_or(ERROR_TOO_MANY_OPEN_FILES)?;
        self.open.insert(number, open);
        Ok(Served::Opened { file: number, existed })
    }

    /// What counts the content of a layer, if something does.
    fn usage(&self, layer: Option<&Layer>) -> Option<&Usage> {
        self.usage.as_ref().filter(|_| layer.is_some_and(|layer| layer.data))
    }

    /// Opens a file that is there so that it can be written: a copy of it, where the file itself cannot, or an empty one if that is wanted. Answers which of
    /// the layers it is in.
    fn open_to_write(&self, layers: &[Layer], here: &Here, empties: bool) -> Result<(File, usize), Failure> {
        if here.folder.is_folder(&here.path) {
            return Err(ERROR_ACCESS_DENIED.into());
        }
        if here.write {
            return Ok((here.folder.file(&here.path, true, false)?, here.layer));
        }
        let original = here.folder.file(&here.path, false, false)?;
        let len = if empties { 0 } else { original.metadata()?.len() };
        Ok((self.copy(layers, &original, len)?, 0))
    }

    /// Makes a file with the first bytes of another one. Where that fails, there is none: half a copy would hide the whole original.
    fn copy(&self, layers: &[Layer], original: &File, len: u64) -> Result<File, Failure> {
        let usage = self.usage(layers.first());
        let Made { folder, path, file } = self.make(layers)?;
        let copy = || io::copy(&mut original.take(len.min(MOST_BYTES)), &mut &file).map(drop);
        if let Err(failure) = resizing(usage, &file, |_| len, copy) {
            removing(usage, || folder.metadata(&path).ok(), || folder.remove(&path, false))?;
            return Err(failure);
        }
        Ok(file)
    }

    /// Makes an empty file.
    fn make(&self, layers: &[Layer]) -> Result<Made, Failure> {
        let usage = self.usage(layers.first());
        let (folder, path) = prepare(layers, usage)?;
        let file = adding(usage, || folder.file(&path, true, true))?;
        Ok(Made { folder, path, file })
    }

    fn read(&self, file: u32, at: u64, len: u32) -> Result<Served, Failure> {
        let mut bytes = vec![0; PIECE.min(len as usize)];
        let read = self.opened(file)?.file.read_at(&mut bytes, at)?;
        bytes.truncate(read);
        Ok(Served::Bytes(bytes))
    }

    fn writable(&self, file: u32) -> Result<&Open, Failure> {
        let open = self.opened(file)?;
        if open.write { Ok(open) } else { Err(ERROR_ACCESS_DENIED.into()) }
    }

    fn write(&self, file: u32, at: Option<u64>, bytes: &[u8]) -> Result<Served, Failure> {
        let open = self.writable(file)?;
        let at = at.map_or_else(|| Ok(open.file.metadata()?.len()), Ok::<_, io::Error>)?;
        let end = at.checked_add(bytes.len() as u64).ok_or(ERROR_INVALID_PARAMETER)?;
        let write = || open.file.write_all_at(bytes, at);
        resizing(open.usage.as_ref(), &open.file, |len| len.max(end), write)?;
        Ok(Served::Number(end))
    }

    fn set_length(&self, file: u32, len: u64) -> Result<Served, Failure> {
        let open = self.writable(file)?;
        resizing(open.usage.as_ref(), &open.file, |_| len, || open.file.set_len(len))?;
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
    fn remove(&self, path: &str, folder: bool) -> Result<Served, Failure> {
        let layers = self.layers(path)?;
        let here = find(&layers)?;
        if here.folder.is_folder(&here.path) != folder {
            return Err(if folder { ERROR_DIRECTORY } else { ERROR_ACCESS_DENIED }.into());
        }
        if !here.write || here.path.as_os_str().is_empty() {
            return Err(REFUSED);
        }
        let remove = || here.folder.remove(&here.path, folder);
        removing(self.usage(layers.get(here.layer)), || here.folder.metadata(&here.path).ok(), remove)?;
        Ok(Served::Done)
    }

    fn rename(&self, from: &str, to: &str, replace: bool) -> Result<Served, Failure> {
        if self.reach.holds_grant(from) {
            return Err(REFUSED);
        }
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
        let usage = self.usage(to.first());
        let (folder, path) = prepare(&to, usage)?;
        let rename = || here.folder.rename(&here.path, &folder, &path, replace);
        // Whatever it replaces counts no more.
        let replaced = || {
            let moved = here.folder.metadata(&here.path).ok()?;
            folder.metadata(&path).ok().filter(|there| !is_same(there, &moved))
        };
        removing(usage, replaced, rename)?;
        Ok(Served::Done)
    }

    fn make_folder(&self, path: &str) -> Result<Served, Failure> {
        let layers = self.layers(path)?;
        let standing = layers.iter().any(|layer| is_standing(layer, &layer.names));
        if standing || find(&layers).is_ok() {
            return Err(ERROR_ALREADY_EXISTS.into());
        }
        let usage = self.usage(layers.first());
        let (folder, path) = prepare(&layers, usage)?;
        adding(usage, || folder.make_folder(&path))?;
        Ok(Served::Done)
    }

    /// Some of a folder's content, which is read with the first page.
    fn list(&mut self, path: &str, from: u32) -> Result<Served, Failure> {
        let listing = match self.listing.take().filter(|listing| from > 0 && listing.path == path) {
            Some(listing) => listing,
            None => Listing::of(path, &self.layers(path)?)?,
        };
        let page = listing.page(from);
        self.listing = Some(listing).filter(|_| !page.is_empty());
        Ok(Served::Entries(page))
    }
}

/// Whether both are one file.
fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(test)]
mod tests;
