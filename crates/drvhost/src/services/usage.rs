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

    /// Counts so many bytes and files more, if there is room for them.
    fn take(&mut self, bytes: u64, files: u64) -> Result<(), Failure> {
        let amount = self.amount();
        let sum = (amount.0.saturating_add(bytes), amount.1.saturating_add(files));
        if bytes > 0 && sum.0 > MOST_BYTES || files > 0 && sum.1 > MOST_FILES {
            return Err(Failure { code: ERROR_DISK_FULL, refused: true });
        }
        *amount = sum;
        Ok(())
    }

    fn give_back(&mut self, bytes: u64, files: u64) {
        if let Some(amount) = &mut self.amount {
            *amount = (amount.0.saturating_sub(bytes), amount.1.saturating_sub(files));
        }
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

    /// Bytes, and files and folders.
    #[cfg(test)]
    pub fn amount(&self) -> (u64, u64) {
        *self.lock().amount()
    }

    /// Somebody has opened a file.
    pub fn opened(&self, file: &File) -> io::Result<()> {
        let mut count = self.lock();
        let metadata = file.metadata()?;
        // Another worker took its name, and with that its room, before anybody knew that it is open.
        if metadata.nlink() == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        *count.open.entry(number(&metadata)).or_default() += 1;
        Ok(())
    }

    /// Somebody closes a file.
    pub fn closed(&self, file: &File) {
        let mut count = self.lock();
        let Ok(metadata) = file.metadata() else { return };
        let Some(users) = count.open.get_mut(&number(&metadata)) else { return };
        *users -= 1;
        if *users > 0 {
            return;
        }
        count.open.remove(&number(&metadata));
        if metadata.nlink() == 0 {
            count.give_back(metadata.len(), 0);
        }
    }
}

/// Does what takes something its name: what `look` finds, if it does.
pub(super) fn removing(
    usage: Option<&Usage>,
    look: impl FnOnce() -> Option<Metadata>,
    remove: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    let Some(usage) = usage else { return remove() };
    let mut count = usage.lock();
    // Counted before: what is gone and still open could not be counted afterwards.
    count.amount();
    let gone = look();
    remove()?;
    if let Some(gone) = gone {
        let bytes = if gone.is_file() && !count.open.contains_key(&number(&gone)) { gone.len() } else { 0 };
        count.give_back(bytes, 1);
    }
    Ok(())
}

/// Makes a file or folder that counts, if there is room for it.
pub(super) fn adding<T>(usage: Option<&Usage>, make: impl FnOnce() -> io::Result<T>) -> Result<T, Failure> {
    let Some(usage) = usage else { return Ok(make()?) };
    let mut count = usage.lock();
    count.take(0, 1)?;
    Ok(make().inspect_err(|_| count.give_back(0, 1))?)
}

/// Does what makes a file as long as `to` says, which is told how long it is, if there is room for that. Whatever comes of it, what there is afterwards
/// counts.
pub(super) fn resizing(
    usage: Option<&Usage>,
    file: &File,
    to: impl FnOnce(u64) -> u64,
    resize: impl FnOnce() -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(usage) = usage else { return Ok(resize()?) };
    // Nobody else changes it meanwhile.
    let mut count = usage.lock();
    let before = file.metadata()?.len();
    let most = to(before).max(before);
    count.take(most - before, 0)?;
    let resized = resize();
    let now = file.metadata().map_or(most, |metadata| metadata.len());
    count.give_back(most.saturating_sub(now), 0);
    Ok(resized?)
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
        one.lock().take(MOST_BYTES - 10, MOST_FILES - 3).unwrap();
        assert!(other.lock().take(7, 0).unwrap_err().refused);
        other.lock().take(6, 1).unwrap();
        assert!(one.lock().take(0, 1).is_err() && one.lock().take(1, 0).is_err());
        other.lock().give_back(1, 1);
        one.lock().take(1, 1).unwrap();
        drop((one, other));
        // Nobody has it any more, so it is counted anew.
        assert_eq!(Usage::of(place.path()).amount(), (4, 2));
    }

    #[test]
    fn workers_at_once_do_not_deceive_the_count() {
        let place = tempfile::tempdir().unwrap();
        let usage = Usage::of(place.path());
        usage.amount();
        let work = |_| {
            let path = place.path().join("x");
            for _ in 0..100 {
                let make = || File::options().write(true).create_new(true).open(&path);
                let file =
                    adding(Some(&usage), make).or_else(|_| Ok(File::options().write(true).open(&path)?));
                let Ok::<_, Failure>(file) = file else { continue };
                if usage.opened(&file).is_ok() {
                    resizing(Some(&usage), &file, |_| 1000, || file.set_len(1000)).unwrap();
                    let _ = removing(Some(&usage), || fs::metadata(&path).ok(), || fs::remove_file(&path));
                    resizing(Some(&usage), &file, |_| 10, || file.set_len(10)).unwrap();
                    usage.closed(&file);
                }
            }
        };
        std::thread::scope(|scope| (0..4).for_each(|thread| drop(scope.spawn(move || work(thread)))));
        assert_eq!(usage.amount(), count(place.path()));
    }

    #[test]
    fn what_lies_deep_counts_and_what_lies_too_deep_is_full() {
        let place = tempfile::tempdir().unwrap();
        let mut path = place.path().to_owned();
        for _ in 0..100 {
            path.push("d");
            fs::create_dir(&path).unwrap();
        }
        assert_eq!(count(place.path()), (0, 100));
        // What has a longer path than the system takes cannot be counted.
        fs::create_dir(place.path().join("e")).unwrap();
        fs::rename(place.path().join("d"), place.path().join("e/d")).unwrap();
        let mut longer = place.path().join("f");
        for _ in 0..20 {
            longer.push("n".repeat(200));
        }
        fs::create_dir_all(&longer).unwrap();
        fs::rename(place.path().join("e"), longer.join("e")).unwrap();
        assert_eq!(count(place.path()), (MOST_BYTES, MOST_FILES));
        assert_eq!(count(&place.path().join("nothing")), (0, 0));
    }
}
