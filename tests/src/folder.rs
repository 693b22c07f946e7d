//! A temporary folder with what a run of the command needs.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use tempfile::TempDir;

use crate::{Cli, Machine, driver};

/// A temporary folder, for drivers of one machine. Clones are the same folder; it goes with the last.
#[derive(Debug, Clone)]
pub struct Folder {
    machine: Machine,
    place: Arc<TempDir>,
}

impl Default for Folder {
    /// One in which no driver's machine matters.
    fn default() -> Self {
        Self::new(Machine::X86_64)
    }
}

impl Folder {
    /// An empty one.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new(machine: Machine) -> Self {
        Self { machine, place: Arc::new(tempfile::tempdir().expect("a temporary folder")) }
    }

    /// One with copies of `spy` under these names.
    #[must_use]
    pub fn with_spies(machine: Machine, names: &[&str]) -> Self {
        let folder = Self::new(machine);
        names.iter().for_each(|name| folder.copy_driver("spy", name));
        folder
    }

    /// The same folder for drivers of another machine: what is in it is made once for both.
    #[must_use]
    pub fn of(&self, machine: Machine) -> Self {
        Self { machine, ..self.clone() }
    }

    /// The machine whose drivers it is for.
    #[must_use]
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.place.path()
    }

    /// Where a file of it is.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Writes a file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.file(name), bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// A file's content.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Copies a test driver into it.
    ///
    /// # Panics
    /// When it cannot be copied.
    pub fn copy_driver(&self, name: &str, file: &str) {
        fs::copy(driver(self.machine, name), self.file(file))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    /// The names in it, sorted.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).expect("the folder can be read").flatten();
        let mut names: Vec<_> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// A run of the command in it, with Wine's drivers for its machine.
    #[must_use]
    pub fn drvhost<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Cli {
        Cli::in_folder(self.clone(), arguments)
    }

    /// Runs ffmpeg in it with arguments that have no spaces in them; answers its standard output.
    ///
    /// # Panics
    /// When it fails.
    pub fn ffmpeg(&self, arguments: &str) -> Vec<u8> {
        let mut command = Command::new("ffmpeg");
        command.args(["-v", "error", "-nostdin", "-y"]).args(arguments.split_whitespace());
        let output = command.current_dir(self.path()).output().expect("ffmpeg starts");
        assert!(output.status.success(), "ffmpeg {arguments}\n{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}
