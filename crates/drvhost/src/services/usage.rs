//! What drivers' data amounts to. All workers of this process that write in one folder have one count of it: it is made when it is first needed, and
//! goes with what they do from then on.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::codes::ERROR_DISK_FULL;
use super::layers::Failure;

/// How many bytes the files in a driver's data folder may have together.
pub(super) const MOST_BYTES: u64 = 1 << 30;

/// How many files and folders there may be in it.
const MOST_FILES: u64 = 10_000;

/// The counts that somebody has, by folder.
static KNOWN: Mutex<BTreeMap<PathBuf, Weak<Mutex<Count>>>> = Mutex::new(BTreeMap::new());

/// What a folder holds.
#[derive(Debug, Clone)]
pub(super) struct Usage(Arc<Mutex<Count>>);

#[derive(Debug)]
struct Count {
    folder: PathBuf,
    /// Once it was counted: bytes, and files and folders.
    amount: Option<(u64, u64)>,
    /// How often each file is open, by device and number: one that has lost its name takes its room until it is closed.
    open: BTreeMap<(u64, u64), u32>,
}

impl Count {
    fn amount(&mut self) -> &mut (u64, u64) {
        self.amount.get_or_insert_with(|| count(&self.folder))
    }
}

impl Usage {
    /// That of a folder, which need not be there yet.
    pub fn of(folder: &Path) -> Self {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, count| count.strong_count() > 0);
        if let Some(count) = known.get(folder).and_then(Weak::upgrade) {
            return Self(count);
        }
        let count = Count { folder: folder.to_owned(), amount: None, open: BTreeMap::new() };
        let count = Arc::new(Mutex::new(count));
        known.insert(folder.to_owned(), Arc::downgrade(&count));
        Self(count)
    }

    fn lock(&self) -> MutexGuard<'_, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes room for so many bytes and files more.
    pub fn take(&self, bytes: u64, files: u64) -> Result<(), Failure> {
        if (bytes, files) == (0, 0) {
            return Ok(());
        }
        let mut count = self.lock();
        let amount = count.amount();
        let sum = (amount.0.saturating_add(bytes), amount.1.saturating_add(files));
        if bytes > 0 && sum.0 > MOST_BYTES || files > 0 && sum.1 > MOST_FILES {
            return Err(Failure { code: ERROR_DISK_FULL, refused: true });
        }
        *amount = sum;
        Ok(())
    }

    /// So much is not there any more, or was not made.
    pub fn give_back(&self, bytes: u64, files: u64) {
        if let Some(amount) = &mut self.lock().amount {
            *amount = (amount.0.saturating_sub(bytes), amount.1.saturating_sub(files));
        }
    }

    /// Bytes, and files and folders.
    #[cfg(test)]
    pub fn amount(&self) -> (u64, u64) {
        *self.lock().amount()
    }

    /// Somebody has opened a file.
    pub fn opened(&self, file: &File) -> io::Result<()> {
        *self.lock().open.entry(number(&file.metadata()?)).or_default() += 1;
        Ok(())
    }

    /// Somebody closes a file.
    pub fn closed(&self, file: &File) {
        let Ok(metadata) = file.metadata() else { return };
        let mut count = self.lock();
        let Some(users) = count.open.get_mut(&number(&metadata)) else { return };
        *users -= 1;
        if *users > 0 {
            return;
        }
        count.open.remove(&number(&metadata));
        drop(count);
        if metadata.nlink() == 0 {
            self.give_back(metadata.len(), 0);
        }
    }

    /// Does what takes a file or folder its name.
    pub fn removing(&self, what: &Metadata, remove: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let mut count = self.lock();
        // Counted before: what is gone and still open could not be counted afterwards.
        count.amount();
        remove()?;
        let still = !what.is_file() || count.open.contains_key(&number(what));
        drop(count);
        self.give_back(if still { 0 } else { what.len() }, 1);
        Ok(())
    }
}

/// Makes a file or folder that counts, if there is room for it.
pub(super) fn adding<T>(usage: Option<&Usage>, make: impl FnOnce() -> io::Result<T>) -> Result<T, Failure> {
    let Some(usage) = usage else { return Ok(make()?) };
    usage.take(0, 1)?;
    Ok(make().inspect_err(|_| usage.give_back(0, 1))?)
}

fn number(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// Counts what is in a folder: bytes, and files and folders. One that cannot be counted is full, so nothing more comes to it.
pub(super) fn count(folder: &Path) -> (u64, u64) {
    let (mut bytes, mut files) = (0_u64, 0_u64);
    // One after another, so that however deep they lie, one is open at a time.
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(_) => return (MOST_BYTES, MOST_FILES),
        };
        for entry in entries {
            let Ok((path, metadata)) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?))) else {
                return (MOST_BYTES, MOST_FILES);
            };
            files += 1;
            if files > MOST_FILES {
                return (MOST_BYTES, files);
            }
            if metadata.is_file() {
                bytes = bytes.saturating_add(metadata.len());
            } else if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    (bytes, files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_share_the_count_of_a_folder() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("a")).unwrap();
        fs::write(place.path().join("a/b"), "1234").unwrap();
        let (one, other) = (Usage::of(place.path()), Usage::of(place.path()));
        one.take(MOST_BYTES - 10, MOST_FILES - 3).unwrap();
        assert!(other.take(7, 0).unwrap_err().refused);
        other.take(6, 1).unwrap();
        assert!(one.take(0, 1).is_err() && one.take(1, 0).is_err());
        other.give_back(1, 1);
        one.take(1, 1).unwrap();
        drop((one, other));
        // Nobody has it any more, so it is counted anew.
        Usage::of(place.path()).take(MOST_BYTES - 4, MOST_FILES - 2).unwrap();
    }

    #[test]
    fn however_deep_it_lies_few_descriptors_count_it() {
        let place = tempfile::tempdir().unwrap();
        let mut path = place.path().to_owned();
        for _ in 0..1500 {
            path.push("d");
            fs::create_dir(&path).unwrap();
        }
        assert_eq!(count(place.path()), (0, 1500));
        // What has a longer path than the system takes cannot be counted.
        fs::create_dir(place.path().join("e")).unwrap();
        fs::rename(place.path().join("d"), place.path().join("e/d")).unwrap();
        let mut longer = place.path().join("f");
        for _ in 0..6 {
            longer.push("n".repeat(200));
        }
        fs::create_dir_all(&longer).unwrap();
        fs::rename(place.path().join("e"), longer.join("e")).unwrap();
        assert_eq!(count(place.path()), (MOST_BYTES, MOST_FILES));
        assert_eq!(count(&place.path().join("nothing")), (0, 0));
    }
}
