//! Messages a second of many workers at a time: as many drivers in one session, each called by a thread of its own.

use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use drvhost::{DriverFile, Hdrvr, Machine, Session};

use crate::calls::{COUNTED, compile};
use crate::failure::Failure;
use crate::ours::file_as_driver;
use crate::report::{Better, Row};

/// How many workers.
const WORKERS: usize = 8;
/// The other side's name.
const PEER: &str = "one worker";
/// How long they are called.
const TIME: Duration = Duration::from_secs(1);

/// Sends for a time to many drivers and to one, in turn, and has each driver count.
pub fn measure(folder: &Path, rounds: usize) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for machine in Machine::ALL {
        let prefix = if machine == Machine::I386 { "i386: " } else { "" };
        let name = format!("{prefix}messages of {WORKERS} workers in all");
        let mut row = Row::new(name, "messages/s", Better::More).against(PEER);
        let drivers = copies(machine, folder)?;
        for _ in 0..rounds {
            row.ours.push(rate(&drivers)?);
            row.theirs.push(rate(&drivers[..1])?);
        }
        row.verified(true);
        rows.push(row);
    }
    Ok(rows)
}

/// The same driver in as many files, so that each has a worker.
fn copies(machine: Machine, folder: &Path) -> Result<Vec<DriverFile>, Failure> {
    let first = compile(machine, folder)?;
    let copy = |number: usize| {
        let file = folder.join(format!("calls-{machine}-{number}.dll"));
        fs::copy(&first, &file).map_err(Failure::file("a copy of a driver"))?;
        Ok(file_as_driver(file))
    };
    (0..WORKERS).map(copy).collect()
}

/// Messages a second of all together.
fn rate(drivers: &[DriverFile]) -> Result<f64, Failure> {
    let session = Session::builder().start()?;
    let open = |driver| session.open(driver, |_| Ok(0));
    let opened: Vec<Hdrvr> = drivers.iter().map(open).collect::<Result<_, _>>()?;
    let begin = Barrier::new(opened.len());
    let (session, begin) = (&session, &begin);
    let sent: Vec<Result<(u64, Duration), Failure>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            opened.iter().map(|&hdrvr| scope.spawn(move || send(session, hdrvr, begin))).collect();
        let ended = threads.into_iter().map(ScopedJoinHandle::join);
        ended.map(|sent| sent.unwrap_or_else(|_| Err(wrong("a thread", 0, 0)))).collect()
    });
    let mut rate = 0.0;
    for sent in sent {
        let (count, time) = sent?;
        rate += count as f64 / time.as_secs_f64();
    }
    Ok(rate)
}

/// Sends to one driver for the time; how many messages that were, which the driver has counted, and how long it was.
fn send(session: &Session, hdrvr: Hdrvr, begin: &Barrier) -> Result<(u64, Duration), Failure> {
    begin.wait();
    let (started, mut count) = (Instant::now(), 0);
    loop {
        let counted = session.send(hdrvr, COUNTED, 0, 0)?;
        count += 1;
        if counted != count {
            return Err(wrong("messages", count, counted));
        }
        let elapsed = started.elapsed();
        if elapsed > TIME {
            return Ok((count.unsigned_abs(), elapsed));
        }
    }
}

fn wrong(what: &str, sent: i64, counted: i64) -> Failure {
    let what = format!("{what} that a driver has counted");
    Failure::Wrong { what, expected: sent.to_string(), found: counted.to_string() }
}
