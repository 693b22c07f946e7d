//! What the same hostile driver can do in Wine, in `ud-emulator` and in drvhost. It does each act in a fresh host, and what came of it is looked at from outside: whether
//! a file was made, a port was reached, a process has ended, a host goes on.
//!
//! The acts are real, and under Wine most succeed. What they harm is made for them, and ends with them.

mod cell;
mod document;
mod host;
mod run;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use drvhost::Machine;
use serde::Serialize;

use crate::failure::Failure;
use crate::machine::today;
use crate::mingw;
use crate::ours::i386_libraries;
use crate::reach::{Act, Aim, Back, Block, Ends, Group, REACHES, Scene};
use crate::wine::{Missing, Wine};
use cell::Cell;
use host::Errand;
use run::{Run, run};

pub use document::write;
pub use host::host;

/// The driver's source.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/drivers/reach.c");
/// The peer's program under Wine.
const PEER: &str = "reach";
/// How long what a driver has started has to show itself.
const SHOW: Duration = Duration::from_secs(1);
/// How long a host has to get control back from an endless loop.
const PATIENCE: Duration = Duration::from_secs(10);
/// The same from what ends, but may take its time: much memory, or Wine's debugger. Where memory is taken, it is drvhost's deadline.
const LONG_PATIENCE: Duration = Duration::from_secs(60);

/// Who opens the driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// A program under Wine.
    Wine,
    /// A program with an emulator for each driver.
    #[serde(rename = "ud-emulator")]
    Emulator,
    /// A program with drvhost's library.
    #[serde(rename = "drvhost")]
    Drvhost,
}

impl Kind {
    /// All of them, in the order of the table's columns.
    pub const ALL: [Self; 3] = [Self::Wine, Self::Emulator, Self::Drvhost];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wine => "Wine",
            Self::Emulator => "ud-emulator",
            Self::Drvhost => "drvhost",
        }
    }

    /// Whether it runs drivers for a machine.
    fn runs(self, machine: Machine) -> bool {
        self != Self::Emulator || machine == Machine::I386
    }
}

/// An act in all hosts.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What the driver does.
    what: &'static str,
    #[serde(skip)]
    group: Group,
    /// What came of it.
    cells: Vec<Cell>,
}

/// All acts in all hosts.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The day, in UTC.
    date: String,
    /// The version of ud-emulator.
    emulator: &'static str,
    /// What came of the acts.
    acts: Vec<Row>,
}

/// Does every act in every host that is there; adds what is missing.
pub fn measure(
    wine: Option<&Wine>,
    folder: &Path,
    missing: &mut Vec<Missing>,
) -> Result<Option<Comparison>, Failure> {
    let compilers: Vec<_> = Machine::ALL.into_iter().filter_map(mingw::missing).collect();
    if !compilers.is_empty() {
        missing.extend(compilers);
        return Ok(None);
    }
    let libraries = i386_libraries();
    match (wine, &libraries) {
        (Some(wine), Some(libraries)) => wine.prepare_i386(libraries)?,
        (Some(_), None) => missing.push(crate::programs::I386_LIBRARIES),
        (None, _) => {}
    }
    // A folder of its own for each driver: what lies beside a driver, drvhost lets it read.
    let folder = &tempfile::tempdir_in(folder).map_err(Failure::file("a folder for drivers"))?;
    let drivers = Machine::ALL.map(|machine| (machine, compile(machine, folder.path())));
    let mut acts = Vec::new();
    for act in REACHES {
        let mut cells = Vec::new();
        for kind in Kind::ALL {
            for (machine, drivers) in &drivers {
                let has_wine = wine.filter(|_| *machine == Machine::X86_64 || libraries.is_some());
                if !kind.runs(*machine) || kind == Kind::Wine && has_wine.is_none() {
                    continue;
                }
                let drivers = drivers.as_ref().map_err(|text| Failure::Failed {
                    command: "the compiler".to_owned(),
                    text: text.to_string(),
                })?;
                cells.push(attempt(kind, *machine, wine, drivers, act, folder.path())?);
            }
        }
        acts.push(Row { what: act.what, group: act.group, cells });
    }
    Ok(Some(Comparison { date: today()?, emulator: crate::emulator::VERSION, acts }))
}

/// The driver, and a second one, which is a copy of it.
fn compile(machine: Machine, folder: &Path) -> Result<[PathBuf; 2], Failure> {
    let acts = mingw::acts();
    let options: Vec<&str> = ["-shared"].into_iter().chain(acts.iter().map(String::as_str)).collect();
    let place = |name: &str| {
        let own = folder.join(format!("{name}-{machine}"));
        fs::create_dir(&own).map(|()| own.join(name).with_extension("dll"))
    };
    let [first, second] =
        ["reach", "second"].map(|name| place(name).map_err(Failure::file("a folder for a driver")));
    let first = mingw::compile_file(machine, Path::new(SOURCE), &first?, &options)?;
    let second = second?;
    fs::copy(&first, &second).map_err(Failure::file("the second driver"))?;
    Ok([first, second])
}

/// One act in one host.
fn attempt(
    kind: Kind,
    machine: Machine,
    wine: Option<&Wine>,
    drivers: &[PathBuf; 2],
    act: &'static Act,
    folder: &Path,
) -> Result<Cell, Failure> {
    let mut scene = Scene::new(act).map_err(Failure::file("what a driver reaches for"))?;
    let file = folder.join("block");
    let block = scene.block().map_err(Failure::file("what a driver is told"))?;
    fs::write(&file, block.0).map_err(Failure::file("what a driver is told"))?;
    let errand = Errand { drivers: [&drivers[0], &drivers[1]], act, block: &file };
    let mut command = match (kind, wine) {
        (Kind::Wine, Some(wine)) => {
            let mut command = wine.program_for(machine, PEER);
            command.args(errand.arguments(Wine::name_of));
            command
        }
        _ => {
            let mut command = Command::new(std::env::current_exe().map_err(Failure::file("this program"))?);
            command
                .args(["--as-host", kind.name()])
                .args(errand.arguments(|file| file.display().to_string()));
            command
        }
    };
    let after = || fs::read(&file).map(Block).map_err(Failure::file("what a driver brought back"));
    let patience = if act.ends == Ends::Late { PATIENCE } else { LONG_PATIENCE };
    let run = run(&mut command, patience, after).map_err(|failure| Failure::Failed {
        command: format!("{} with a driver for {machine} that {}", kind.name(), act.what),
        text: failure.to_string(),
    })?;
    let got = scene.got(&run.performed, SHOW).map_err(Failure::file("what a driver has reached"))?;
    if kind == Kind::Drvhost {
        is_as_declared(act, machine, &run, got)?;
    }
    Ok(Cell::new(kind, machine, act, &run, got))
}

/// What the suite asserts of drvhost must be so here as well, or the table would say what the tests do not.
fn is_as_declared(act: &Act, machine: Machine, run: &Run, got: bool) -> Result<(), Failure> {
    let ends = match &run.performed.back {
        Some(Back::Answered(_)) => Some(Ends::Answered),
        Some(Back::Faulted(_)) => Some(Ends::Faulted),
        Some(Back::Late) => Some(Ends::Late),
        Some(Back::Died(_)) | None => None,
    };
    let found = (got, ends, run.performed.goes_on());
    let expected = (act.gets, Some(act.ends), true);
    if (found.0, found.2) == (expected.0, expected.2) && ends.is_some_and(|ends| act.ends.allows(ends)) {
        return Ok(());
    }
    let text =
        |(gets, ends, goes_on)| format!("gets it: {gets}, ends: {ends:?}, the host goes on: {goes_on}");
    Err(Failure::Wrong {
        what: format!("a driver for {machine} that {}", act.what),
        expected: text(expected),
        found: format!("{} ({:?})", text(found), run.performed.back),
    })
}

impl Act {
    /// What is to be said where a driver gets what it wanted.
    fn done(&self) -> &'static str {
        match self.aim {
            Aim::Read => "read",
            Aim::Listed => "listed",
            Aim::Written => "written",
            Aim::Deleted => "deleted",
            Aim::Connected => "sent",
            Aim::Started => "started",
            Aim::Stayed => "stayed",
            Aim::Killed => "killed",
            Aim::StartersWord | Aim::HostsWord | Aim::OtherDriver => "overwritten",
            Aim::Ended | Aim::Amount(_) => "",
            Aim::Ran => "done",
        }
    }
}
