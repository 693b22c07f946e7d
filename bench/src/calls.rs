//! What a call costs in both widths: the i386 driver against the x86-64 one, which are compiled from one source.
//!
//! Import calls are far shorter than a message, so the driver makes many of them within one.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use drvhost::{Hdrvr, Machine, Session};
use mmsystem::DRV_USER;

use crate::failure::Failure;
use crate::mingw;
use crate::ours::file_as_driver;
use crate::report::{Better, Row};
use crate::statistics::Summary;

const SOURCE: &str = include_str!("../drivers/calls.c");

/// The other side's name.
pub const NAME_OF_X86_64: &str = "x86-64";

/// What the driver does many times: its name, for people, and the message that asks for it.
const MANY: &[(&str, u32)] = &[
    ("i386: SendDriverMessage to itself, unhandled", DRV_USER),
    ("i386: import call, GetLastError", DRV_USER + 1),
    ("i386: import call, rand", DRV_USER + 2),
];
/// A message that the driver leaves to DefDriverProc.
const UNHANDLED: u32 = DRV_USER + 3;
/// The driver answers how often it was sent this.
pub const COUNTED: u32 = DRV_USER + 4;
/// The driver answers how often it was opened.
pub const OPENED: u32 = DRV_USER + 5;
/// The driver answers how often it was closed.
pub const CLOSED: u32 = DRV_USER + 6;

/// Compiles the driver for a machine, into a file of its own name in `folder`.
pub fn compile(machine: Machine, folder: &Path) -> Result<PathBuf, Failure> {
    mingw::compile(machine, folder, SOURCE, &format!("calls-{machine}.dll"), &["-shared"])
}

/// Sends so many messages, and has each thing done as many times within one message, for each machine, in so many rounds in turn.
pub fn measure(folder: &Path, rounds: usize, count: usize) -> Result<Vec<Row>, Failure> {
    let row = |name: &'static str| Row::new(name, "ns", Better::Less).against(NAME_OF_X86_64);
    let mut rows = vec![row("i386: unhandled message, p50")];
    rows.extend(MANY.iter().map(|(name, _)| row(name)));
    let [wide, narrow] = Machine::ALL.map(|machine| Opened::new(folder, machine));
    let (wide, narrow) = (wide?, narrow?);
    for _ in 0..rounds {
        let messages = std::iter::once(UNHANDLED).chain(MANY.iter().map(|(_, message)| *message));
        for (row, message) in rows.iter_mut().zip(messages) {
            let measured = |opened: &Opened| match message {
                UNHANDLED => opened.one_by_one(count),
                _ => opened.within_one(message, count),
            };
            let ((ours, ours_time), (theirs, theirs_time)) = (measured(&narrow)?, measured(&wide)?);
            if ours != theirs {
                let (ours, theirs) = (ours.to_string(), theirs.to_string());
                return Err(Failure::Differs {
                    what: format!("message {message:#x}"),
                    ours,
                    peer: NAME_OF_X86_64,
                    theirs,
                });
            }
            row.ours.push(ours_time);
            row.theirs.push(theirs_time);
        }
    }
    rows.iter_mut().for_each(|row| row.verified(true));
    Ok(rows)
}

/// The driver for a machine, open.
struct Opened {
    session: Session,
    hdrvr: Hdrvr,
}

impl Opened {
    fn new(folder: &Path, machine: Machine) -> Result<Self, Failure> {
        let file = compile(machine, folder)?;
        let session = Session::builder().start()?;
        let hdrvr = session.open(&file_as_driver(file), |_| Ok(0))?;
        Ok(Self { session, hdrvr })
    }

    /// The answer of an unhandled message, and the median of the nanoseconds until it came.
    fn one_by_one(&self, count: usize) -> Result<(i64, f64), Failure> {
        let send = || self.session.send(self.hdrvr, UNHANDLED, 0, 0);
        let answer = send()?;
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let started = Instant::now();
            black_box(send()?);
            times.push(started.elapsed().as_nanos() as f64);
        }
        let none = Failure::Unreadable { program: "the clock", text: String::new(), expected: "a time" };
        Ok((answer, Summary::of(times).ok_or(none)?.median))
    }

    /// The answer of a message that does something `count` times, and the nanoseconds that each took.
    fn within_one(&self, message: u32, count: usize) -> Result<(i64, f64), Failure> {
        let started = Instant::now();
        let answer = self.session.send(self.hdrvr, message, count as i64, 0)?;
        Ok((answer, started.elapsed().as_nanos() as f64 / count as f64))
    }
}
