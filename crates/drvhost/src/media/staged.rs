//! Output files that appear only when they are complete.

use std::fs::Permissions;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::error::MediaError;

/// A file that is written under a temporary name beside its target and takes the target's name at
/// [`StagedFile::finish`]. Dropped before that, it leaves nothing behind.
///
/// The rename protects against a program that stops in the middle, not against a loss of power.
pub(super) struct StagedFile {
    file: BufWriter<NamedTempFile>,
    target: PathBuf,
}

impl StagedFile {
    /// Makes the temporary file in the directory of `target`.
    pub fn create(target: &Path) -> Result<Self, MediaError> {
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let unusable =
            |why: &str| MediaError::OutputName { name: target.display().to_string(), why: why.to_owned() };
        if target.is_dir() {
            return Err(unusable("it is a directory"));
        }
        if !directory.is_dir() {
            return Err(unusable("its directory does not exist"));
        }
        let file = Builder::new()
            .prefix(".drvhost-")
            // As any new file: what the user's umask leaves.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)
            // The system's reason alone: the error's own text names the temporary file.
            .map_err(|err| MediaError::io(format!("making {}", target.display()), err.kind().into()))?;
        Ok(Self { file: BufWriter::with_capacity(256 << 10, file), target: target.to_owned() })
    }

    /// Writes all of `bytes` at the current place.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), MediaError> {
        let result = self.file.write_all(bytes);
        result.map_err(|err| self.failed(err))
    }

    /// Replaces bytes at `offset`; the current place is then behind them.
    pub fn overwrite(&mut self, offset: u64, bytes: &[u8]) -> Result<(), MediaError> {
        let result = self.file.seek(SeekFrom::Start(offset)).and_then(|_| self.file.write_all(bytes));
        result.map_err(|err| self.failed(err))
    }

    /// Gives the file its name, replacing what had it.
    pub fn finish(self) -> Result<(), MediaError> {
        let Self { file, target } = self;
        let named = file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| file.persist(&target).map_err(|err| err.error));
        named.map(drop).map_err(|err| MediaError::io(format!("writing {}", target.display()), err))
    }

    fn failed(&self, err: io::Error) -> MediaError {
        MediaError::io(format!("writing {}", self.target.display()), err)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn appears_only_when_finished() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("out.bin");
        let mut dropped = StagedFile::create(&target).unwrap();
        dropped.write(b"lost").unwrap();
        drop(dropped);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);

        let mut kept = StagedFile::create(&target).unwrap();
        kept.write(b"kept").unwrap();
        kept.overwrite(1, b"i").unwrap();
        assert!(!target.exists());
        kept.finish().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"kipt");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_directory_is_named() {
        let err = StagedFile::create(Path::new("/nonexistent/out.avi")).err().unwrap();
        let text = err.to_string();
        assert!(
            text.contains("/nonexistent/out.avi") && text.ends_with("its directory does not exist"),
            "{text}"
        );
    }
}
