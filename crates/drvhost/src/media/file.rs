//! A file that several readers read at once.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

/// Reads a file at a place of its own: clones share the file and nothing else, so that each stream of a film can be read by a thread of
/// its own, and all see one file even where another takes its name.
#[derive(Clone, Debug)]
pub struct FileReader {
    file: Arc<File>,
    at: u64,
    len: u64,
}

impl FileReader {
    /// Opens a file.
    ///
    /// # Errors
    /// The system's; and [`io::ErrorKind::IsADirectory`].
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::new(File::open(path)?)
    }

    /// Reads a file that is open already, from its start.
    ///
    /// # Errors
    /// As [`FileReader::open`].
    pub fn new(file: File) -> io::Result<Self> {
        let data = file.metadata()?;
        if data.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Self { file: Arc::new(file), at: 0, len: data.len() })
    }

    /// The file's length when it was opened, in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it was empty then.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Read for FileReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buf, self.at)?;
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

impl Seek for FileReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len.checked_add_signed(by),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn clones_read_at_places_of_their_own() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut first = FileReader::new(file).unwrap();
        let mut second = first.clone();
        let mut four = [0; 4];
        first.read_exact(&mut four).unwrap();
        assert_eq!((&four, first.len(), first.is_empty()), (b"0123", 10, false));
        second.seek(SeekFrom::End(-4)).unwrap();
        second.read_exact(&mut four).unwrap();
        assert_eq!(&four, b"6789");
        first.seek(SeekFrom::Current(-2)).unwrap();
        first.read_exact(&mut four).unwrap();
        assert_eq!(&four, b"2345");
        assert_eq!(first.seek(SeekFrom::Current(-7)).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(first.read(&mut [0]).unwrap(), 1);
    }

    #[test]
    fn a_folder_is_none() {
        assert_eq!(FileReader::open(Path::new("/")).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
