//! Running the real `drvhost` command.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::program;

/// A run of the command, in a temporary folder of its own and with nothing of the caller's environment but the search path.
#[derive(Debug)]
pub struct Cli {
    command: Command,
    folder: TempDir,
}

impl Cli {
    /// A run with these arguments.
    ///
    /// # Panics
    /// When the command is not built.
    #[must_use]
    pub fn new<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(program("drvhost"));
        command.args(arguments).current_dir(folder.path()).env_clear();
        command.env("HOME", folder.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Self { command, folder }
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Its working directory, which is its home as well.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs it, however it ends.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn output(&mut self) -> Output {
        self.command.output().unwrap_or_else(|error| panic!("{:?}: {error}", self.command))
    }

    /// Runs it and answers its output, which must come with exit code 0.
    ///
    /// # Panics
    /// When it fails; the message tells all there is.
    pub fn success(&mut self) -> String {
        let output = self.output();
        assert!(output.status.success(), "{}", self.describe(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs it and answers its messages, which must come with this exit code.
    ///
    /// # Panics
    /// When it ends otherwise; the message tells all there is.
    pub fn failure(&mut self, code: i32) -> String {
        let output = self.output();
        assert_eq!(output.status.code(), Some(code), "{}", self.describe(&output));
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn describe(&self, output: &Output) -> String {
        format!(
            "\n== command\n{:?}\n== in\n{}\n== ended\n{}\n== standard output\n{}\n== standard error\n{}",
            self.command,
            self.folder.path().display(),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        )
    }
}
