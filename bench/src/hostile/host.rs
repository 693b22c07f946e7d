//! The process that is harmed: this program again, as the host of two drivers, in drvhost or in the emulator. Under Wine it is `peers/reach.c`, which says the same.

use std::fmt::Display;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use drvhost::Session;
use mmsystem::DRV_OPEN;
use ud_emulator::Sandbox;

use super::{Kind, LONG_PATIENCE};
use crate::acts::{REACH_KEEP, REACH_KEPT, REACH_PLACE};
use crate::emulator::Emulated;
use crate::failure::Failure;
use crate::ours::file_as_driver;
use crate::reach::{Act, Aim, Back, Block, Performed, REACHES, kept, perform};

/// What the process is told on its command line, in this order.
#[derive(Debug, Clone)]
pub struct Errand<'a> {
    /// The driver that does the act, and one that is open besides.
    pub drivers: [&'a Path; 2],
    /// Which act.
    pub act: &'a Act,
    /// Where the block is that the act is given, and is put afterwards.
    pub block: &'a Path,
}

impl Errand<'_> {
    /// The words for [`host`] and for the peer under Wine; `name` says how a file is called there.
    pub fn arguments(&self, name: impl Fn(&Path) -> String) -> [String; 5] {
        let place = match self.act.aim {
            Aim::HostsWord => "host",
            Aim::OtherDriver => "other",
            _ => "given",
        };
        let [first, second] = self.drivers.map(&name);
        [first, second, format!("{:#x}", self.act.message), place.to_owned(), name(self.block)]
    }
}

/// Does what the command line says, as this host.
pub fn host(kind: &str, words: &[String]) -> Result<(), Failure> {
    let unreadable = || Failure::Unreadable {
        program: "the bench",
        text: words.join(" "),
        expected: "two drivers, a message, a place and a file",
    };
    let [first, second, message, place, block] = words else { return Err(unreadable()) };
    let drivers = [first, second].map(PathBuf::from);
    let known = |act: &&Act| {
        let words =
            Errand { drivers: [Path::new(""); 2], act, block: Path::new("") }.arguments(|_| String::new());
        words[2] == *message && words[3] == *place
    };
    let act = REACHES.iter().find(known).ok_or_else(unreadable)?;
    let bytes = Block(fs::read(block).map_err(Failure::file(block.clone()))?);
    let performed = if kind == Kind::Emulator.name() {
        in_the_emulator(&drivers, act, bytes)?
    } else {
        in_drvhost(&drivers, act, bytes)?
    };
    fs::write(block, &performed.block.0).map_err(Failure::file(block.clone()))?;
    match &performed.back {
        Some(Back::Answered(answer)) => say("answered", answer),
        Some(Back::Faulted(text)) => say("faulted", text),
        Some(Back::Late) => say("late", ""),
        Some(Back::Died(how)) => say("died", how),
        None => {}
    }
    for (what, value) in [("word", performed.word), ("other", performed.other)] {
        if let Some(value) = value {
            say(what, value);
        }
    }
    if performed.again {
        say("again", "");
    }
    Ok(())
}

/// Says something at once: the next step may be the last.
fn say(what: &str, value: impl Display) {
    let line = format!("{what} {}", value.to_string().replace('\n', " "));
    // Nobody listens who has ended.
    let _ = writeln!(io::stdout(), "{}", line.trim_end());
    let _ = io::stdout().flush();
}

fn began() {
    say("ready", 0);
}

fn in_drvhost(drivers: &[PathBuf; 2], act: &Act, block: Block) -> Result<Performed, Failure> {
    let builder = Session::builder();
    let session = match act.aim {
        Aim::Amount(_) => builder.deadline(Some(LONG_PATIENCE)),
        _ => builder,
    };
    let session = session.start()?;
    let open = |file: &PathBuf| session.open(&file_as_driver(file.clone()), |_| Ok(0));
    let opened = [open(&drivers[0])?, open(&drivers[1])?];
    Ok(perform(&session, opened, act, block, began)?)
}

/// How many instructions a driver may execute in the emulator, all in all. By default it has no such budget.
const BUDGET: u64 = 10_000_000;

/// Each driver has an emulator of its own, as the crate's users have them.
fn in_the_emulator(drivers: &[PathBuf; 2], act: &Act, mut block: Block) -> Result<Performed, Failure> {
    let open = |file: &PathBuf| {
        let bytes = fs::read(file).map_err(Failure::file(file.display().to_string()))?;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let mut sandbox = Sandbox::new();
        sandbox.host.instruction_budget = Some(BUDGET);
        let mut emulated = Emulated::load(sandbox, &name, &bytes)?;
        emulated.send(0, DRV_OPEN, 0, 0)?;
        emulated.send(1, REACH_KEEP, Performed::KEPT as u32, 0)?;
        Ok::<_, Failure>(emulated)
    };
    let (mut first, mut second) = (open(&drivers[0])?, open(&drivers[1])?);
    match act.aim {
        Aim::HostsWord => block.set_address(kept().0),
        Aim::OtherDriver => block.set_address(second.send(1, REACH_PLACE, 0, 0)?.into()),
        _ => {}
    }
    let at = first.memory(block.0.len())?;
    first.write(at, &block.0)?;
    began();
    let back = match first.send(1, act.message, at, 0) {
        Ok(answer) => Back::Answered(answer.into()),
        Err(failure) => Back::Faulted(failure.to_string()),
    };
    block.0 = first.read(at, block.0.len())?;
    let still = |driver: &mut Emulated| driver.send(1, REACH_KEPT, 0, 0).ok().map(i64::from);
    Ok(Performed {
        block,
        back: Some(back),
        word: Some(kept().1),
        other: still(&mut second),
        again: still(&mut first).is_some(),
    })
}
