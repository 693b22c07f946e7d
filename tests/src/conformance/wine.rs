//! Scripts under Wine: a process is `wine/player.c`, which calls Wine's winmm as it is told.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::event::Event;
use super::platform::{Answer, Call, Entry, Platform, Process, Setting};
use crate::{Machine, driver, player};

/// Where the programs and the libraries of Wine are, as `build.rs` looked for them.
const PROGRAMS: &str = env!("WINE_PROGRAMS");
const LIBRARIES: &str = env!("WINE_LIBRARIES");
/// Where those for i386 are, as `scripts/fetch` puts them.
const LIBRARIES_I386: &str = env!("WINE_LIBRARIES_I386");
/// A library of those for i386 that Debian has in a package of its own, from which it gets to where 64-bit Wine looks.
const COMPRESSION_I386: &str = concat!(env!("WINE_LIBRARIES"), "/../i386-windows/zlib1.dll");

/// A user's registry that has Wine make windows although there is no screen to show them on.
const NO_SCREEN: &str = concat!(
    "WINE REGISTRY Version 2\n",
    ";; All keys relative to \\\\User\\\\S-1-5-21-0-0-0-1000\n\n",
    "[Software\\\\Wine\\\\Drivers]\n\"Graphics\"=\"null\"\n",
);

/// How long a call may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(120);

/// Wine, with a prefix of its own.
#[derive(Debug)]
pub struct Wine {
    folder: TempDir,
    settings: Vec<String>,
}

impl Default for Wine {
    fn default() -> Self {
        Self::new()
    }
}

impl Wine {
    /// With an empty folder and a prefix that has nothing but Wine's own libraries: without what wineboot installs, it is there at once, and
    /// takes no room.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let wine = Self { folder, settings: Vec::new() };
        let windows = wine.prefix().join("drive_c/windows");
        let made = fs::create_dir_all(&windows)
            .and_then(|()| fs::create_dir(wine.drivers()))
            .and_then(|()| symlink(LIBRARIES, windows.join("system32")))
            // Keeps Wine from filling the prefix.
            .and_then(|()| fs::write(wine.prefix().join(".update-timestamp"), "disable\n"))
            .and_then(|()| fs::write(wine.prefix().join("user.reg"), NO_SCREEN));
        made.expect("a prefix for Wine");
        wine
    }

    /// The same for programs of a machine. Those for i386 run in Wine's 64-bit processes, which Wine 8.0 calls experimental, but which needs
    /// nothing for i386 except for Windows' own libraries.
    ///
    /// # Panics
    /// When it cannot be made.
    #[must_use]
    pub fn with_programs_for(machine: Machine) -> Self {
        let wine = Self::new();
        if machine == Machine::I386 {
            let made = symlink(LIBRARIES_I386, wine.prefix().join("drive_c/windows/syswow64"))
                .and_then(|()| fs::create_dir(wine.libraries()))
                .and_then(|()| symlink(LIBRARIES_I386, wine.libraries().join("i386-windows")))
                .and_then(|()| symlink(COMPRESSION_I386, wine.drivers().join("zlib1.dll")));
            made.expect("a prefix for Wine");
        }
        wine
    }

    /// The version of Wine that runs here.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn version() -> String {
        Self::new().player().version.clone()
    }

    fn drivers(&self) -> PathBuf {
        self.folder.path().join("drivers")
    }

    /// Where Wine looks for libraries of its own besides: in a folder for each machine.
    fn libraries(&self) -> PathBuf {
        self.folder.path().join("libraries")
    }

    fn prefix(&self) -> PathBuf {
        self.folder.path().join("prefix")
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(Path::new(PROGRAMS).join(program));
        command
            .env_remove("DISPLAY")
            .env("WINEPREFIX", self.prefix())
            .env("WINEDLLPATH", self.libraries())
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            .current_dir(self.drivers())
            .stderr(Stdio::null());
        command
    }

    fn player(&self) -> Player {
        let mut command = self.command("wine64");
        command.arg(player()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Wine starts");
        let stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let stdin = child.stdin.take();
        let version = lines.recv_timeout(PATIENCE).expect("the player says Wine's version");
        Player { child, stdin, lines, version, heard: Vec::new() }
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        // Its server ends by itself seconds after its last process, but must not outlive the prefix. Where there is none any more, this fails.
        let _ = self.command("wineserver64").arg("-k").status();
    }
}

impl Platform for Wine {
    fn machine(&self) -> Machine {
        // Settings and drivers of conversations are laid out for this one.
        Machine::X86_64
    }

    fn here(&self) -> String {
        format!("Z:{}\\", self.drivers().display()).replace('/', "\\")
    }

    fn start(&mut self) -> Box<dyn Process> {
        let mut player = self.player();
        for setting in std::mem::take(&mut self.settings) {
            assert_eq!(player.say(&setting), Answer::Result(1), "{setting}");
        }
        Box::new(player)
    }

    fn set(&mut self, setting: &Setting) {
        let line =
            |word: &str, Entry { section, name, value }: &Entry| [word, section, name, value].join("\t");
        match setting {
            Setting::File { name, driver: source } => {
                fs::copy(driver(self.machine(), source), self.drivers().join(name))
                    .expect("a driver can be copied");
            }
            Setting::Entry(entry) => self.settings.push(line("entry", entry)),
            Setting::Ini(entry) => self.settings.push(line("ini", entry)),
            // It always does.
            Setting::HiddenInstance => {}
        }
    }
}

/// A player that runs, or ran.
struct Player {
    child: Child,
    /// `None` once it has ended.
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    version: String,
    heard: Vec<Event>,
}

impl Player {
    /// Tells it a line, and waits for the answer.
    fn say(&mut self, line: &str) -> Answer {
        let Some(stdin) = &mut self.stdin else { return Answer::Gone };
        let said = writeln!(stdin, "{line}");
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    if let Some(event) = line.strip_prefix("! ") {
                        let event =
                            event.split_once(' ').and_then(|(driver, text)| Event::read(driver, text));
                        self.heard.extend(event);
                    } else if let Some(number) = line.strip_prefix("= ") {
                        let number = u64::from_str_radix(number, 16).expect("the player answers numbers");
                        return Answer::Result(number.cast_signed());
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.stop();
                    return if said.is_ok() { Answer::Crashed } else { Answer::Gone };
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.stop();
                    return Answer::Hung;
                }
            }
        }
    }

    fn stop(&mut self) {
        self.stdin = None;
        // Both fail where it has ended already, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Process for Player {
    fn call(&mut self, call: &Call) -> Answer {
        let line = match call {
            Call::Open { name, section, lparam2 } => {
                format!("open\t{name}\t{}\t{lparam2:x}", section.as_deref().unwrap_or_default())
            }
            Call::Send { hdrvr, message, lparam1, lparam2 } => {
                format!("send\t{hdrvr:x}\t{message:x}\t{lparam1:x}\t{lparam2:x}")
            }
            Call::Close { hdrvr, lparam1, lparam2 } => format!("close\t{hdrvr:x}\t{lparam1:x}\t{lparam2:x}"),
            Call::Module { hdrvr } => format!("module\t{hdrvr:x}"),
            Call::Block { values, .. } => {
                values.iter().fold("block".to_owned(), |line, value| format!("{line}\t{value:x}"))
            }
            // The process exits, because that is the only end that a session has there.
            Call::End(_) | Call::Exit => "exit".to_owned(),
        };
        match (self.say(&line), call) {
            (Answer::Crashed | Answer::Gone, Call::End(_) | Call::Exit) => Answer::Result(0),
            (answer, _) => answer,
        }
    }

    fn heard(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.heard)
    }
}
