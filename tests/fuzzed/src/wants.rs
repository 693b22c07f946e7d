//! What a worker wants of the host, one want after another.

use std::cell::OnceCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use drvhost::fuzzing::Host;
use drvhost::{Grant, Store};
use tempfile::TempDir;
use wire::{FileCall, ToHost, ToWorker, Want, ring};

/// What a file has that lies where no driver may read.
const SECRET: &[u8] = b"nobody may read this";
/// What a file has that a driver may read and not write.
const PLAIN: &[u8] = b"[a]\r\nb=1\r\n";
/// How many wants are served.
const WANTS: usize = 1000;

thread_local! {
    static FOLDERS: OnceCell<Folders> = const { OnceCell::new() };
}

/// A folder with a file that is a secret, and others for the driver.
struct Folders(TempDir);

impl Folders {
    /// With a file in each of those that a driver may not write.
    fn make() -> io::Result<Self> {
        let folders = Self(tempfile::tempdir()?);
        fs::write(folders.at("secret"), SECRET)?;
        for folder in ["own", "readable"] {
            fs::create_dir(folders.at(folder))?;
            fs::write(folders.at(folder).join("a.ini"), PLAIN)?;
        }
        folders.empty()?;
        Ok(folders)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Empties those that a driver may write.
    fn empty(&self) -> io::Result<()> {
        for folder in ["store", "granted"] {
            if self.at(folder).exists() {
                fs::remove_dir_all(self.at(folder))?;
            }
            fs::create_dir(self.at(folder))?;
        }
        Ok(())
    }

    fn host(&self) -> Result<Host, drvhost::Error> {
        let store = Store::at(&self.at("store/config"), &self.at("store/data"));
        let granted = |(folder, write)| Grant { folder: self.at(folder), write };
        Host::new(&self.at("own"), &store, [("granted", true), ("readable", false)].map(granted).into())
    }

    /// Everything that nobody may change is as it was.
    fn check(&self) {
        assert_eq!(names(self.0.path()), ["granted", "own", "readable", "secret", "store"]);
        assert!(fs::read(self.at("secret")).is_ok_and(|there| there == SECRET));
        for folder in ["own", "readable"] {
            assert_eq!(names(&self.at(folder)), ["a.ini"]);
            assert!(fs::read(self.at(folder).join("a.ini")).is_ok_and(|there| there == PLAIN));
        }
        assert!(names(&self.at("store")).iter().all(|name| ["config", "data"].contains(&name.as_str())));
    }

    /// The path that is meant where a driver's is on drive G or R: in the folder that it may write, and in the one that it may only read. Where they
    /// really are differs from run to run.
    fn place(&self, path: &mut String) {
        let folder = match path.split_at_checked(2) {
            Some(("G:", _)) => "granted",
            Some(("R:", _)) => "readable",
            _ => return,
        };
        path.replace_range(..2, &format!("Z:{}", self.at(folder).display()));
    }
}

/// The names of what is in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let there = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = there.map(|entry| entry.file_name().display().to_string()).collect();
    names.sort();
    names
}

/// The paths of a call.
fn paths(call: &mut FileCall) -> Vec<&mut String> {
    match call {
        FileCall::Open { path, .. }
        | FileCall::Look { path }
        | FileCall::Delete { path }
        | FileCall::MakeFolder { path }
        | FileCall::RemoveFolder { path }
        | FileCall::List { path, .. } => vec![path],
        FileCall::Rename { from, to, .. } => vec![from, to],
        FileCall::Read { .. }
        | FileCall::Write { .. }
        | FileCall::SetLength { .. }
        | FileCall::Info { .. }
        | FileCall::Flush { .. }
        | FileCall::Close { .. } => Vec::new(),
    }
}

/// A worker's messages, one behind the other, to a host that does what they want: for a driver with a store, one folder that it may write, and one that it may read.
///
/// # Panics
/// When an answer does not fit into a message, or tells what a driver may not read, or something has changed that a driver may not write.
pub fn wants(bytes: &[u8]) {
    FOLDERS.with(|made| {
        let folders = made.get_or_init(|| made_or(Folders::make()));
        let host = made_or(folders.host());
        let mut rest = bytes;
        for _ in 0..WANTS {
            let Ok((mut message, behind)) = postcard::take_from_bytes::<ToHost>(rest) else { break };
            rest = behind;
            if let ToHost::Wanted(want) = &mut message
                && let Want::File(call) = want.as_mut()
            {
                paths(call).into_iter().for_each(|path| folders.place(path));
            }
            let Some(served) = host.serve(&message) else { continue };
            let Ok(frame) = postcard::to_stdvec(&ToWorker::Served(served)) else { panic!("{message:?}") };
            assert!(frame.len() <= ring::LONGEST, "{message:?}");
            assert!(!frame.windows(SECRET.len()).any(|part| part == SECRET), "{message:?}");
        }
        // What it has changed in the registry is kept when it ends.
        drop(host);
        folders.check();
        made_or(folders.empty());
    });
}

/// What was made, which needs room in files.
fn made_or<T, E: std::fmt::Display>(made: Result<T, E>) -> T {
    made.unwrap_or_else(|error| panic!("no folders for the driver: {error}"))
}

#[cfg(test)]
mod tests {
    use wire::{Disposition, Served};

    use super::*;

    #[test]
    fn a_driver_writes_where_it_may() {
        let folders = Folders::make().unwrap();
        let host = folders.host().unwrap();
        let opened = |path: &str, write| {
            let mut path = path.to_owned();
            folders.place(&mut path);
            let disposition = if write { Disposition::CreateAlways } else { Disposition::OpenExisting };
            let open = FileCall::Open { path, read: true, write, disposition };
            matches!(host.serve(&ToHost::Wanted(Want::File(open).into())), Some(Served::Opened { .. }))
        };
        assert!(opened(r"C:\a", true) && opened(r"C:\windows\system32\a.ini", true) && opened(r"G:\a", true));
        assert!(opened(r"R:\a.ini", false) && !opened(r"R:\a.ini", true) && !opened(r"G:\..\secret", false));
        assert_eq!(names(&folders.at("granted")), ["a"]);
        assert_eq!(names(&folders.at("store")), ["data"]);
        folders.check();
    }
}
