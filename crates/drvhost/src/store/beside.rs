//! Files that are installed with a driver: its sound fonts, its settings, libraries of its own. They are no drivers, so they lie in a folder beside it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::change::{INCOMPLETE, make_folder};
use super::{FILES, StoreEntry};
use crate::error::Error;
use crate::machine::Machine;

/// Copies files, and folders with all that is in them, into a folder. What has such a name there already is replaced. Answers their names.
pub(super) fn copy(files: &[PathBuf], folder: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for file in files {
        let name = file.file_name().and_then(OsStr::to_str);
        let name = name.ok_or_else(|| wrong(file, "it has no name that is a text"))?;
        make_folder(folder)?;
        let (from, to) = (fs::canonicalize(file).map_err(io_error(file))?, fs::canonicalize(folder));
        if to.map_err(io_error(folder))?.starts_with(&from) {
            return Err(wrong(file, "it holds the place that it would be copied to"));
        }
        copy_into(&from, &folder.join(name))?;
        names.push(name.to_owned());
    }
    Ok(names)
}

fn copy_into(from: &Path, to: &Path) -> Result<(), Error> {
    if !from.is_dir() {
        return copy_file(from, to);
    }
    make_folder(to)?;
    for entry in fs::read_dir(from).map_err(io_error(from))? {
        let path = entry.map_err(io_error(from))?.path();
        // It may lead back to where it lies.
        if path.is_symlink() && path.is_dir() {
            return Err(wrong(&path, "it is a link to a folder; name that folder"));
        }
        copy_into(&path, &to.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

/// Copies a file, which has its name when it is whole.
fn copy_file(from: &Path, to: &Path) -> Result<(), Error> {
    let mut incomplete = to.to_owned().into_os_string();
    incomplete.push(INCOMPLETE);
    // What is no file could have no end, or wait for somebody.
    if !fs::metadata(from).map_err(io_error(from))?.is_file() {
        return Err(wrong(from, "it is no regular file"));
    }
    let mut source = File::open(from).map_err(io_error(from))?;
    let create = || File::options().create(true).truncate(true).write(true).mode(0o600).open(&incomplete);
    let copied = create().and_then(|mut file| {
        io::copy(&mut source, &mut file)?;
        file.sync_all()
    });
    copied.map_err(io_error(to))?;
    fs::rename(&incomplete, to).map_err(io_error(to))
}

/// Removes the files of drivers that no entry names. What cannot be removed stays, and harms nobody.
pub(super) fn sweep(folder: &Path, machine: Machine, entries: &[StoreEntry]) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(driver) = name.to_str().and_then(|name| name.strip_suffix(FILES)) else { continue };
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder && !entries.iter().any(|entry| entry.names(machine, driver)) {
            remove(&entry.path());
        }
    }
}

/// Removes a driver's files.
pub(super) fn remove(folder: &Path) {
    if let Err(error) = fs::remove_dir_all(folder) {
        tracing::debug!(%error, folder = %folder.display(), "files of a driver that no entry names stay");
    }
}

/// An error for what nobody can copy.
fn wrong(file: &Path, why: &str) -> Error {
    io_error(file)(io::Error::new(ErrorKind::InvalidData, why))
}

fn io_error(file: &Path) -> impl Fn(io::Error) -> Error {
    move |source| Error::File { file: file.to_owned(), source }
}
