//! Running the real `drvhost` command.

use std::ffi::OsStr;
use std::process::{Command, Output};

use serde_json::Value;

use crate::folder::Folder;
use crate::machine::fetched_drivers;
use crate::notice::without_notice;
use crate::program;
use crate::running::Running;

/// A run of the command, in a temporary folder and with nothing of the caller's environment but the search path.
#[derive(Debug)]
pub struct Cli {
    command: Command,
    folder: Folder,
    /// Whether somebody reads its standard output.
    read: bool,
}

impl Cli {
    /// A run with these arguments, in a folder of its own, with the drivers that it finds by itself.
    ///
    /// # Panics
    /// When the command is not built.
    #[must_use]
    pub fn new<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Self {
        Self::in_folder(Folder::default(), arguments)
    }

    /// A run with these arguments in a folder that others use, too.
    pub(crate) fn in_folder<I: AsRef<OsStr>>(folder: Folder, arguments: impl IntoIterator<Item = I>) -> Self {
        let mut command = Command::new(program("drvhost"));
        command.args(arguments).current_dir(folder.path()).env_clear();
        if let Some(drivers) = fetched_drivers(folder.machine()) {
            command.args(["--machine", &folder.machine().to_string(), "--driver-path"]).arg(drivers);
        }
        command.env("HOME", folder.path()).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        Self { command, folder, read: true }
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it without something that computers may lack: see `src/bin/without.rs`.
    ///
    /// # Panics
    /// When that program is not built.
    #[must_use]
    pub fn without(mut self, what: &str) -> Self {
        let mut command = Command::new(program("without"));
        command.arg(what).arg(self.command.get_program());
        self.run_by(command);
        self
    }

    /// Runs a copy of the command that lies in its folder and has nothing beside it but its worker.
    ///
    /// # Panics
    /// When it cannot be copied.
    #[must_use]
    pub fn alone(mut self) -> Self {
        for name in ["drvhost", "drvhost-worker"] {
            std::fs::copy(program(name), self.folder.file(name)).expect("a copy of a program");
        }
        self.run_by(Command::new(self.folder.file("drvhost")));
        self
    }

    /// Runs it with these redirections of the shell's, such as `<&-`.
    #[must_use]
    pub fn redirected(mut self, redirections: &str) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec \"$0\" \"$@\" {redirections}")]).arg(self.command.get_program());
        self.run_by(command);
        self
    }

    /// Has another command run, with the same arguments, folder and environment.
    fn run_by(&mut self, mut command: Command) {
        command.args(self.command.get_args()).env_clear().current_dir(self.folder.path());
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.command = command;
    }

    /// Lets nobody read its standard output.
    ///
    /// # Panics
    /// When there is no pipe to be had.
    #[must_use]
    pub fn unread(mut self) -> Self {
        let (_, unread) = std::io::pipe().expect("a pipe");
        self.command.stdout(unread);
        self.read = false;
        self
    }

    /// Starts it and goes on.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start(self) -> Running {
        Running::start(self.command, self.folder, self.read)
    }

    /// Runs it, however it ends. What this computer lacks is not among the messages (see [`NOTICE`](crate::NOTICE)).
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn output(&mut self) -> Output {
        let mut output = self.command.output().unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        output.stderr = without_notice(&output.stderr);
        output
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

    /// Runs it with `--json` and answers what it says, which must be one line and come with this exit code.
    ///
    /// # Panics
    /// When it is not so; the message tells all there is.
    pub fn json(&mut self, code: i32) -> Value {
        self.command.arg("--json");
        let output = self.output();
        assert_eq!(output.status.code(), Some(code), "{}", self.describe(&output));
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(text.lines().count(), 1, "{}", self.describe(&output));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}{}", self.describe(&output)))
    }

    /// Runs it and answers its complaint: with this exit code, one line, and nothing on standard output.
    ///
    /// # Panics
    /// When it is not so; the message tells all there is.
    pub fn complaint(&mut self, code: i32) -> String {
        let output = self.output();
        assert_eq!(output.status.code(), Some(code), "{}", self.describe(&output));
        assert!(output.stdout.is_empty(), "{}", self.describe(&output));
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        let one_line = complaint.lines().count() == 1 && complaint.starts_with("drvhost: ");
        assert!(one_line, "{}", self.describe(&output));
        complaint
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
