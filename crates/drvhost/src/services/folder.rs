//! A folder beyond which no path of a driver's leads.
//!
//! Names are looked up one by one and without regard to case, as on Windows, but what is opened in the end is opened by the kernel from the folder down
//! (`openat2(2)`, RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS): whatever changes between the look and the opening, nothing outside is
//! reached, and no link is followed.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{self, AtFlags, Dir, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

/// How many names of one folder are looked at; a driver's own has far fewer.
const MOST_NAMES: usize = 10_000;

/// What there is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Something, whose path in the folder this is; empty for the folder itself.
    Here(PathBuf),
    /// Nothing, in a folder that is there: the path that it would have.
    Missing(PathBuf),
    /// Not even the folder that it would be in.
    NoFolder,
}

/// An open folder.
#[derive(Debug)]
pub(super) struct Folder(OwnedFd);

impl Folder {
    /// Opens a folder.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self(fs::open(path, flags, Mode::empty())?))
    }

    /// Opens what lies at a path in it.
    fn open_beneath(&self, path: &Path, flags: OFlags, mode: Mode) -> rustix::io::Result<OwnedFd> {
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        fs::openat2(&self.0, path, flags | OFlags::CLOEXEC, mode, resolve)
    }

    /// What the names lead to, one in the other, in any case; a name that is there exactly so comes first.
    ///
    /// # Errors
    /// The system's, but for what is not there.
    pub fn find(&self, names: &[String]) -> io::Result<Found> {
        let mut path = PathBuf::new();
        for (index, name) in names.iter().enumerate() {
            match self.name_in(&path, name)? {
                Some(known) => path.push(known),
                None if index + 1 == names.len() => {
                    return Ok(if self.is_folder(&path) {
                        path.push(name);
                        Found::Missing(path)
                    } else {
                        Found::NoFolder
                    });
                }
                None => return Ok(Found::NoFolder),
            }
        }
        Ok(Found::Here(path))
    }

    /// The name in a folder that a name stands for, whatever its case.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn name_in(&self, folder: &Path, name: &str) -> io::Result<Option<OsString>> {
        match self.open_beneath(&folder.join(name), OFlags::PATH, Mode::empty()) {
            Ok(_) => return Ok(Some(name.into())),
            Err(Errno::NOENT | Errno::NOTDIR) => {}
            Err(error) => return Err(error.into()),
        }
        let folded = name.to_lowercase();
        let names = self.names(folder)?;
        Ok(names.into_iter().find(|known| known.to_lowercase() == folded).map(Into::into))
    }

    /// Whether there is a folder at a path.
    pub fn is_folder(&self, path: &Path) -> bool {
        self.open_beneath(path, OFlags::PATH | OFlags::DIRECTORY, Mode::empty()).is_ok()
    }

    /// The names in a folder, sorted; those that are no text are left out, and nothing is said of a folder that is not there.
    ///
    /// # Errors
    /// The system's.
    pub fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let opened = self.open_beneath(folder, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty());
        let opened = match opened {
            Ok(opened) => opened,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let entries = Dir::new(opened)?.filter_map(Result::ok);
        let names = entries.filter_map(|entry| entry.file_name().to_str().ok().map(str::to_owned));
        let mut names: Vec<String> =
            names.filter(|name| !matches!(name.as_str(), "." | "..")).take(MOST_NAMES).collect();
        names.sort_unstable();
        Ok(names)
    }

    /// Opens a file that is there, or with `make` one that is not. Only a regular file is one, and nothing waits for what else there may be.
    ///
    /// What there is is looked at before it is opened, because opening alone does something to some devices. What lies in /proc is the memory and the
    /// switches of processes, whatever it looks like.
    ///
    /// # Errors
    /// The system's; IsADirectory for what is no file.
    pub fn file(&self, path: &Path, write: bool, make: bool) -> io::Result<File> {
        let no_file = || io::Error::new(io::ErrorKind::IsADirectory, "it is not a file");
        if !make {
            let there =
                File::from(self.open_beneath(path, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?);
            if !there.metadata()?.is_file() || fs::fstatfs(&there)?.f_type == fs::PROC_SUPER_MAGIC {
                return Err(no_file());
            }
        }
        let access = if write { OFlags::RDWR } else { OFlags::RDONLY };
        let made = if make { OFlags::CREATE | OFlags::EXCL } else { OFlags::empty() };
        let mode = if make { Mode::RUSR | Mode::WUSR } else { Mode::empty() };
        let flags = access | made | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::NOFOLLOW;
        let file = File::from(self.open_beneath(path, flags, mode)?);
        if file.metadata()?.is_file() { Ok(file) } else { Err(no_file()) }
    }

    /// What there is at a path, opened for nothing but to be looked at.
    ///
    /// # Errors
    /// The system's.
    pub fn metadata(&self, path: &Path) -> io::Result<std::fs::Metadata> {
        File::from(self.open_beneath(path, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?).metadata()
    }

    /// The folder that holds a path's last name, and that name.
    fn parent<'p>(&self, path: &'p Path) -> io::Result<(OwnedFd, &'p std::ffi::OsStr)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok((self.open_beneath(folder, OFlags::PATH | OFlags::DIRECTORY, Mode::empty())?, name))
    }

    /// Makes a folder.
    ///
    /// # Errors
    /// The system's.
    pub fn make_folder(&self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        Ok(fs::mkdirat(folder.as_fd(), name, Mode::RWXU)?)
    }

    /// Removes a file, or an empty folder.
    ///
    /// # Errors
    /// The system's.
    pub fn remove(&self, path: &Path, is_folder: bool) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        let flags = if is_folder { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        Ok(fs::unlinkat(folder.as_fd(), name, flags)?)
    }

    /// Gives something another name in this folder, or in another one.
    ///
    /// # Errors
    /// The system's; AlreadyExists where something has the name and may not be replaced.
    pub fn rename(&self, from: &Path, other: &Self, to: &Path, replace: bool) -> io::Result<()> {
        let ((folder, name), (other, new)) = (self.parent(from)?, other.parent(to)?);
        let flags = if replace { fs::RenameFlags::empty() } else { fs::RenameFlags::NOREPLACE };
        Ok(fs::renameat_with(folder.as_fd(), name, other.as_fd(), new, flags)?)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn names(path: &str) -> Vec<String> {
        path.split('/').map(str::to_owned).collect()
    }

    #[test]
    fn names_are_found_in_any_case_and_exact_ones_first() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("Data")).unwrap();
        for name in ["Data/File.TXT", "Data/a", "Data/A"] {
            std::fs::write(place.path().join(name), name).unwrap();
        }
        let folder = Folder::open(place.path()).unwrap();
        assert_eq!(folder.find(&names("data/file.txt")).unwrap(), Found::Here("Data/File.TXT".into()));
        assert_eq!(folder.find(&names("DATA/a")).unwrap(), Found::Here("Data/a".into()));
        assert_eq!(folder.find(&names("data/b")).unwrap(), Found::Missing("Data/b".into()));
        assert_eq!(folder.find(&names("no/b")).unwrap(), Found::NoFolder);
        assert_eq!(folder.find(&names("data/a/b")).unwrap(), Found::NoFolder);
        assert_eq!(folder.find(&[]).unwrap(), Found::Here(PathBuf::new()));
    }

    #[test]
    fn nothing_leads_out() {
        let place = tempfile::tempdir().unwrap();
        let (inside, outside) = (place.path().join("in"), place.path().join("out"));
        std::fs::create_dir(&inside).unwrap();
        std::fs::create_dir(&outside).unwrap();
        std::fs::write(outside.join("secret"), "s").unwrap();
        symlink(&outside, inside.join("link")).unwrap();
        symlink(outside.join("secret"), inside.join("file")).unwrap();
        let folder = Folder::open(&inside).unwrap();
        for path in ["link/secret", "file", "../out/secret", "/etc/passwd"] {
            assert!(folder.file(Path::new(path), false, false).is_err(), "{path}");
            assert!(folder.metadata(Path::new(path)).is_err() || path == "file", "{path}");
        }
        assert!(folder.make_folder(Path::new("link/made")).is_err());
        assert!(folder.remove(Path::new("link/secret"), false).is_err());
        assert!(folder.file(Path::new("link/made"), true, true).is_err());
        assert!(outside.join("secret").exists() && std::fs::read_dir(&outside).unwrap().count() == 1);
    }

    #[test]
    fn only_files_are_opened() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir(place.path().join("folder")).unwrap();
        let pipe = place.path().join("pipe");
        fs::mknodat(fs::CWD, &pipe, fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        let folder = Folder::open(place.path()).unwrap();
        assert!(folder.file(Path::new("folder"), false, false).is_err());
        assert!(folder.file(Path::new("pipe"), false, false).is_err());
        folder.file(Path::new("made"), true, true).unwrap();
        assert!(folder.file(Path::new("made"), true, true).is_err(), "it is there");
        folder.rename(Path::new("made"), &folder, Path::new("folder"), false).unwrap_err();
        folder.rename(Path::new("made"), &folder, Path::new("moved"), false).unwrap();
        folder.remove(Path::new("moved"), false).unwrap();
        folder.remove(Path::new("folder"), true).unwrap();
        // Even where the whole computer is granted, processes are no files.
        let computer = Folder::open(Path::new("/")).unwrap();
        let own = format!("proc/{}/mem", std::process::id());
        assert!(computer.file(Path::new(&own), false, false).is_err());
        assert!(computer.file(Path::new("dev/null"), true, false).is_err());
    }
}
