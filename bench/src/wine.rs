//! The peer: a Wine that is warm, and the programs that do under it what drvhost does.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use drvhost::Machine;
use tempfile::TempDir;

use crate::blake3;
use crate::failure::{Failure, run};
use crate::mingw;

/// The programs, by name; each is one file of C.
const PROGRAMS: &[(&str, &str)] = &[
    ("send", include_str!("../peers/send.c")),
    ("hold", include_str!("../peers/hold.c")),
    ("reopen", include_str!("../peers/reopen.c")),
    ("round_trip", include_str!("../peers/round_trip.c")),
    ("decode", include_str!("../peers/decode.c")),
    ("encode", include_str!("../peers/encode.c")),
    ("sound", include_str!("../peers/sound.c")),
    ("clips", include_str!("../peers/clips.c")),
    ("synth", include_str!("../peers/synth.c")),
    ("note_on", include_str!("../peers/note_on.c")),
    ("reach", include_str!("../peers/reach.c")),
];
/// Those that hash as drvhost does.
const HASHING: &[&str] = &["decode", "sound", "clips"];
const HEADERS: &[(&str, &str)] = &[
    ("peer.h", include_str!("../peers/peer.h")),
    ("bgr24.h", include_str!("../peers/bgr24.h")),
    ("ticks.h", include_str!("../peers/ticks.h")),
    ("content.h", include_str!("../peers/content.h")),
    ("words.h", include_str!("../peers/words.h")),
    ("avi.h", include_str!("../peers/avi.h")),
    ("clip.h", include_str!("../peers/clip.h")),
    ("synth.h", include_str!("../peers/synth.h")),
];

/// The machine of the programs, unless another one is asked for.
const MACHINE: Machine = Machine::X86_64;

/// Where programs lie, also those for x86-64: LAME's driver keeps pointers in 32 bits, those to what the program has, too.
const LOW: &str = "-Wl,--image-base=0x400000";

/// A library of Wine's for i386 that Debian has in a package of its own, from which it gets to where 64-bit Wine looks.
const COMPRESSION_I386: &str = "/usr/lib/x86_64-linux-gnu/wine/i386-windows/zlib1.dll";

/// Seconds that the server, and with it the prefix's services, stays without a program: longer than any pause in a run, and
/// it ends by itself if the bench cannot end it.
const PERSIST: &str = "-p300";

/// How long the processes of a prefix have to end when their server has.
const STOPPING: Duration = Duration::from_secs(10);

/// Where Debian has the programs themselves: those on the search path are shell scripts, whose time is not Wine's.
const DEBIAN: &str = "/usr/lib/wine";

/// A program that is needed and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Missing {
    /// What is missing.
    pub name: &'static str,
    /// The command that brings it.
    pub how: &'static str,
}

/// Looks for a program: in `folder`, then on the search path.
pub fn find(folder: &str, names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        [PathBuf::from(folder)].into_iter().chain(std::env::split_paths(&path)).collect();
    let places = names.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

/// Where Wine itself is, if it is installed.
fn loader() -> Option<PathBuf> {
    find(DEBIAN, &["wine64", "wine"])
}

/// What Wine says it is, if it is installed; nothing is made or started for that.
pub fn version() -> Option<String> {
    let text = run(Command::new(loader()?).arg("--version").env("WINEDEBUG", "-all")).ok()?;
    Some(text.trim().to_owned())
}

/// A Wine prefix in a temporary folder, with its server and services running.
#[derive(Debug)]
pub struct Wine {
    loader: PathBuf,
    server: PathBuf,
    folder: TempDir,
}

impl Wine {
    /// Sets up a prefix, starts its server, and compiles the programs.
    ///
    /// # Errors
    /// `Ok(Err)`, with all that is missing, where Wine or the compiler is not installed; [`Failure`] where they do not work.
    pub fn start() -> Result<Result<Self, Vec<Missing>>, Failure> {
        let (loader, server) = (loader(), find(DEBIAN, &["wineserver64", "wineserver"]));
        let mut missing = Vec::new();
        missing.extend(mingw::missing(MACHINE));
        let (Some(loader), Some(server)) = (loader, server) else {
            missing.push(Missing { name: "Wine", how: "apt-get install wine wine64" });
            return Ok(Err(missing));
        };
        if !missing.is_empty() {
            return Ok(Err(missing));
        }
        let folder = tempfile::tempdir().map_err(Failure::file("a temporary folder"))?;
        let wine = Self { loader, server, folder };
        fs::create_dir(wine.prefix()).map_err(Failure::file("the Wine prefix"))?;
        wine.compile(MACHINE)?;
        wine.warm_up()?;
        Ok(Ok(wine))
    }

    /// Starts the server and the prefix's services; the first time, makes the prefix.
    ///
    /// # Errors
    /// [`Failure`] where they do not start.
    pub fn warm_up(&self) -> Result<(), Failure> {
        quiet(self.with_environment(&self.server).arg(PERSIST))?;
        quiet(self.with_environment(&self.loader).args(["wineboot", "--init"]))
    }

    /// Ends the server and with it everything of the prefix, and waits until that has gone.
    ///
    /// # Errors
    /// [`Failure`] where it goes on.
    pub fn stop(&self) -> Result<(), Failure> {
        // Both fail where no server runs any more, which is as good.
        let _ = quiet(self.with_environment(&self.server).arg("-k"));
        let _ = quiet(self.with_environment(&self.server).arg("-w"));
        let patience = Instant::now() + STOPPING;
        while !self.processes().is_empty() {
            if Instant::now() > patience {
                return Err(Failure::Wrong {
                    what: "Wine's processes".to_owned(),
                    expected: "gone with their server".to_owned(),
                    found: format!("{:?}", self.processes()),
                });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn prefix(&self) -> PathBuf {
        self.folder.path().join("prefix")
    }

    /// Compiles the programs for i386, and has the prefix run them: in 64-bit processes, which Wine 8.0 calls experimental, with
    /// Windows' own libraries for i386 from a folder.
    pub fn prepare_i386(&self, libraries: &Path) -> Result<(), Failure> {
        if self.libraries().exists() {
            return Ok(());
        }
        self.compile(Machine::I386)?;
        let links = [
            (libraries, self.prefix().join("drive_c/windows/syswow64")),
            (libraries, self.libraries().join("i386-windows")),
            (Path::new(COMPRESSION_I386), self.programs(Machine::I386).join("zlib1.dll")),
        ];
        fs::create_dir(self.libraries()).map_err(Failure::file("a folder for Wine's libraries"))?;
        // wineboot makes an empty one where Wine has any library for i386 at all.
        let _ = fs::remove_dir(&links[0].1);
        for (to, link) in links {
            // A Wine that has such libraries of its own has made the first of them.
            if link.exists() {
                continue;
            }
            symlink(to, &link).map_err(Failure::file(link.display().to_string()))?;
        }
        Ok(())
    }

    /// Where Wine looks for libraries of its own besides: in a folder for each machine.
    fn libraries(&self) -> PathBuf {
        self.folder.path().join("libraries")
    }

    /// Where the programs for a machine are.
    fn programs(&self, machine: Machine) -> PathBuf {
        self.folder.path().join("programs").join(machine.to_string())
    }

    fn compile(&self, machine: Machine) -> Result<(), Failure> {
        let folder = &self.programs(machine);
        fs::create_dir_all(folder).map_err(Failure::file("a folder for programs"))?;
        for (name, source) in HEADERS {
            fs::write(folder.join(name), source).map_err(Failure::file(format!("the source file {name}")))?;
        }
        let acts = mingw::acts();
        let options = ["-municode", "-DUNICODE", "-D_UNICODE", LOW];
        let options: Vec<&str> = options.into_iter().chain(acts.iter().map(String::as_str)).collect();
        let blake3 = blake3::options(machine, folder)?;
        for (name, source) in PROGRAMS {
            let mut options = options.clone();
            if HASHING.contains(name) {
                options.extend(blake3.iter().map(String::as_str));
            }
            mingw::compile(machine, folder, source, &format!("{name}.exe"), &options)?;
        }
        Ok(())
    }

    fn with_environment(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.folder.path()).env("WINEPREFIX", self.prefix());
        command.env("WINESERVER", &self.server);
        command.env("WINEDEBUG", "-all").env("WINEDLLOVERRIDES", "mscoree,mshtml=");
        command.stdin(Stdio::null());
        command
    }

    /// One of the programs under `peers/`, ready to be run.
    pub fn program(&self, name: &str) -> Command {
        self.program_for(MACHINE, name)
    }

    /// The same for a machine.
    pub fn program_for(&self, machine: Machine, name: &str) -> Command {
        let mut command = self.with_environment(&self.loader);
        if machine == Machine::I386 {
            command.env("WINEDLLPATH", self.libraries());
        }
        command.arg(self.programs(machine).join(name).with_extension("exe"));
        command
    }

    /// A name of `file` that a program under Wine can open.
    pub fn name_of(file: &Path) -> String {
        format!("Z:{}", file.display().to_string().replace('/', "\\"))
    }

    /// Every process of the prefix: the server, its services, and what runs.
    pub fn processes(&self) -> Vec<u32> {
        let mark = format!("WINEPREFIX={}", self.prefix().display());
        let of_prefix = |pid: &u32| {
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
        };
        crate::memory::all_processes().filter(of_prefix).collect()
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        // Nothing can be done where it does not end; it ends by itself later.
        let _ = self.stop();
    }
}

/// Runs a command whose children stay: their copies of a pipe would keep it open.
fn quiet(command: &mut Command) -> Result<(), Failure> {
    let program = crate::failure::command_name(command);
    match command.stdout(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failure::Failed { command: program, text: status.to_string() }),
        Err(source) => Err(Failure::Start { program, source }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_windows_own() {
        assert_eq!(Wine::name_of(Path::new("/usr/lib/a.dll")), "Z:\\usr\\lib\\a.dll");
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find("", &["no such program", "sh"]).is_some_and(|place| place.ends_with("sh")));
        assert_eq!(find("/", &["no such program"]), None);
    }
}
