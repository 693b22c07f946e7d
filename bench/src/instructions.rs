//! Instructions of a message and of a frame, which do not depend on what else the machine does. The processor's own counter is asked by perf, for the host and
//! its worker together. Where there is none, as in many virtual machines, valgrind counts those of the host: the worker, which makes its own rules for memory and system
//! calls, does not run in it, and runs beside it as ever.
//!
//! Each is counted for some and for more of them, and what counts is the difference, so that starting is no part of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use drvhost::Session;
use mmsystem::DRV_QUERYCONFIGURE;

use crate::clip::{Clip, Film};
use crate::cold_start::DRIVER;
use crate::failure::{Failure, command_name, run};
use crate::frames;
use crate::ours::{driver, drvhost};
use crate::report::{Better, Row};
use crate::subject::CINEPAK;
use crate::wine::find;

/// The argument with which this program sends messages.
pub const ARGUMENT: &str = "as-sender";

/// How many messages are sent.
const MESSAGES: [usize; 2] = [1000, 3000];
/// How many frames are decoded: the same ones, once and more often.
const FRAMES: [usize; 2] = [DIFFERENT, 5 * DIFFERENT];
const DIFFERENT: usize = 25;

/// What counts instructions.
#[derive(Debug)]
enum Counter {
    Perf(PathBuf),
    Callgrind(PathBuf),
}

/// Counts so often.
pub fn measure(folder: &Path, rounds: usize) -> Result<Vec<Row>, Failure> {
    let row = |what: &str| Row::new(what.to_owned(), "instructions", Better::Less);
    let counter = match Counter::find(folder) {
        Ok(counter) => counter,
        Err(reason) => return Ok(["a message", "a frame"].map(|what| row(what).note(&reason)).into()),
    };
    let own = std::env::current_exe().map_err(Failure::file("this program"))?;
    let mut message = row(&format!("a message, {}", counter.whose()));
    let mut frame =
        row(&format!("a frame, Cinepak {}, {}", Film::new(frames::SIZE, DIFFERENT).size(), counter.whose()));
    let clips = match find("", &["ffmpeg"]) {
        None => None,
        Some(_) => Some(clips(folder)?),
    };
    for _ in 0..rounds {
        let send = |count: usize| {
            let mut command = Command::new(&own);
            command.arg(format!("--{ARGUMENT}")).arg(count.to_string());
            counter.count(&command, folder)
        };
        message.ours.push(of_each(MESSAGES, [send(MESSAGES[0])?, send(MESSAGES[1])?]));
        if let Some(clips) = &clips {
            let decode = |clip: &Clip| counter.count(drvhost(&["decode"]).arg(&clip.file), folder);
            frame.ours.push(of_each(FRAMES, [decode(&clips[0])?, decode(&clips[1])?]));
        }
    }
    let note = counter.note();
    Ok(vec![message.note(note), frame.note(note)])
}

/// Instructions of each of that by which there were more.
fn of_each(amounts: [usize; 2], counts: [u64; 2]) -> f64 {
    (counts[1] as f64 - counts[0] as f64) / (amounts[1] as f64 - amounts[0] as f64)
}

fn clips(folder: &Path) -> Result<[Clip; 2], Failure> {
    let make = |frames: usize| {
        let folder = folder.join(frames.to_string());
        std::fs::create_dir_all(&folder).map_err(Failure::file("a folder for a clip"))?;
        CINEPAK.clip(&folder, &Film { times: frames / DIFFERENT, ..Film::new(frames::SIZE, DIFFERENT) })
    };
    Ok([make(FRAMES[0])?, make(FRAMES[1])?])
}

impl Counter {
    /// What there is; else why there is none.
    fn find(folder: &Path) -> Result<Self, String> {
        let perf = find("", &["perf"]).map(Self::Perf);
        let valgrind = find("", &["valgrind"]).map(Self::Callgrind);
        let mut reasons = Vec::new();
        for (counter, name) in [(perf, "perf"), (valgrind, "valgrind")] {
            match counter {
                None => reasons.push(format!("{name} is not installed")),
                Some(counter) => match counter.count(&Command::new("/bin/true"), folder) {
                    Ok(_) => return Ok(counter),
                    Err(failure) => reasons.push(failure.to_string()),
                },
            }
        }
        Err(format!("no instructions are counted here: {}", reasons.join("; ")))
    }

    /// Whose instructions it counts.
    fn whose(&self) -> &'static str {
        match self {
            Self::Perf(_) => "host and worker",
            Self::Callgrind(_) => "host only",
        }
    }

    fn note(&self) -> &'static str {
        match self {
            Self::Perf(_) => "counted by the processor (`perf stat -e instructions:u`), in user mode",
            Self::Callgrind(_) => {
                "counted by valgrind, because there are no counters of the processor's here: the host's alone, with \
                 what it looks for answers; beside so slow a host the worker is quick, so it looks less than usual"
            }
        }
    }

    /// Runs a command and counts.
    fn count(&self, command: &Command, folder: &Path) -> Result<u64, Failure> {
        let out = folder.join("counted");
        let mut counted = match self {
            Self::Perf(perf) => {
                let mut counted = Command::new(perf);
                counted.args(["stat", "-x", ",", "-e", "instructions:u", "-o"]).arg(&out).arg("--");
                counted
            }
            Self::Callgrind(valgrind) => {
                let mut counted = Command::new(valgrind);
                counted.args(["-q", "--tool=callgrind", "--trace-children=no"]);
                counted.arg(format!("--callgrind-out-file={}", out.display()));
                counted
            }
        };
        counted.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
        run(&mut counted)?;
        let text = std::fs::read_to_string(&out).map_err(Failure::file("what was counted"))?;
        let number = match self {
            Self::Perf(_) => of_perf(&text),
            Self::Callgrind(_) => of_callgrind(&text),
        };
        number.ok_or_else(|| Failure::Failed {
            command: command_name(&counted),
            text: "it does not count instructions here".to_owned(),
        })
    }
}

/// The number in what `perf stat -x ,` writes: `NUMBER,UNIT,EVENT,...`, or `<not supported>` instead of the number.
fn of_perf(text: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.contains("instructions"))?;
    line.split(',').next()?.parse().ok()
}

/// The number in what callgrind writes.
fn of_callgrind(text: &str) -> Option<u64> {
    let totals = |line: &str| Some(line.strip_prefix("totals:")?.trim().to_owned());
    text.lines().find_map(totals)?.parse().ok()
}

/// Opens the driver and sends it so many messages.
pub fn send(count: usize) -> Result<(), Failure> {
    let session = Session::builder().start()?;
    let hdrvr = session.open(&driver(DRIVER)?.0, |_| Ok(0))?;
    for _ in 0..count {
        session.send(hdrvr, DRV_QUERYCONFIGURE, 0, 0)?;
    }
    session.close(hdrvr, 0, 0)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_and_their_absence_is_seen() {
        let perf = "# started on Fri\n\n123456,,instructions:u,1000000,100.00,,\n";
        assert_eq!(of_perf(perf), Some(123_456));
        assert_eq!(of_perf("<not supported>,,instructions:u,0,100.00,,\n"), None);
        let callgrind = "# callgrind format\nevents: Ir\nfn=(1) main\n12 34\n\ntotals: 148035\n";
        assert_eq!(of_callgrind(callgrind), Some(148_035));
        assert_eq!(of_callgrind("events: Ir\n"), None);
    }

    #[test]
    fn what_was_there_before_is_no_part_of_it() {
        assert_eq!(of_each([1000, 3000], [5_000_000, 9_000_000]), 2000.0);
    }
}
