//! A command that runs while the test goes on.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Folder;
use crate::notice::without_notice;

/// A running command. It does not outlive the test.
#[derive(Debug)]
pub struct Running {
    process: Child,
    /// `None` if nobody reads it.
    stdout: Option<BufReader<ChildStdout>>,
    folder: Folder,
    signalled: Option<Instant>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What of standard output was not read before.
    pub stdout: String,
    /// Its messages, but for what this computer lacks (see [`NOTICE`](crate::NOTICE)).
    pub stderr: String,
    /// From the first signal to the end.
    pub elapsed: Duration,
}

impl Running {
    /// A command whose output the test does not read must have been given another one.
    pub(crate) fn start(mut command: Command, folder: Folder, read: bool) -> Self {
        if read {
            command.stdout(Stdio::piped());
        }
        let mut process =
            command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("drvhost starts");
        let stdout = process.stdout.take().map(BufReader::new);
        Self { process, stdout, folder, signalled: None }
    }

    /// Its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The next line of its standard output; empty at the end.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().expect("an output that is read").read_line(&mut line).expect("text");
        line
    }

    /// Waits until `reached` answers true.
    ///
    /// # Panics
    /// When the command ends before, or this takes half a minute.
    pub fn wait_until(&mut self, reached: impl Fn(&Folder) -> bool) {
        let give_up = Instant::now() + Duration::from_secs(30);
        while !reached(&self.folder) {
            let ended = self.process.try_wait().expect("a command can be waited for");
            assert!(ended.is_none(), "the command ended: {ended:?}");
            assert!(Instant::now() < give_up, "the command does not get there");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Sends a signal: `TERM`, `INT`, ...
    ///
    /// # Panics
    /// When it cannot be sent.
    pub fn signal(&mut self, name: &str) {
        let kill = format!("kill -s {name} {}", self.process.id());
        self.signalled.get_or_insert_with(Instant::now);
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("sh starts").success());
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When that takes half a minute, or its output is no text.
    #[must_use]
    pub fn end(mut self) -> Ended {
        let give_up = Instant::now() + Duration::from_secs(30);
        let status = loop {
            if let Some(status) = self.process.try_wait().expect("a command can be waited for") {
                break status;
            }
            assert!(Instant::now() < give_up, "the command does not end");
            std::thread::sleep(Duration::from_millis(2));
        };
        let elapsed = self.signalled.map_or(Duration::ZERO, |signalled| signalled.elapsed());
        let (mut stdout, mut stderr) = (String::new(), String::new());
        if let Some(rest) = &mut self.stdout {
            rest.read_to_string(&mut stdout).expect("text");
        }
        if let Some(mut messages) = self.process.stderr.take() {
            let mut all = Vec::new();
            messages.read_to_end(&mut all).expect("messages");
            stderr = String::from_utf8(without_notice(&all)).expect("text");
        }
        Ended { code: status.code(), stdout, stderr, elapsed }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail where it has ended already, which is as well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
