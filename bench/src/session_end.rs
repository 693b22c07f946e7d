//! The end of a session as a service has it: many clients, each with drivers of its own, all of whose instances are told DRV_EXITSESSION. Here one in a
//! hundred never answers, and one in a hundred faults; where all are well-behaved is in `well_behaved.rs`.

mod well_behaved;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use drvhost::{DriverFile, End, Machine, Numbers, Outcome, Report, Session, Trace};

use crate::failure::Failure;
use crate::memory::{all_processes, parent, total, until_workers_have_ended};
use crate::mingw;
use crate::ours::file_as_driver;
use crate::report::{Better, Curves, Goal, Row};
use crate::statistics::Summary;

const SOURCE: &str = include_str!("../drivers/session.c");

/// The drivers of each client: two for each machine.
const DRIVERS: usize = 4;
/// How long all drivers have together.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long after the deadline all must be over.
const AFTER: Duration = Duration::from_secs(2);

/// How many instances are told, and how many workers they are spread over.
const SIZES: [(usize, usize); 3] = [(100, 100), (1_000, MOST_WORKERS), (10_000, MOST_WORKERS)];
const MOST_WORKERS: usize = 200;

/// What an instance does when it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Good,
    Hanging,
    Crashing,
}

impl Kind {
    /// Of an instance, by its number: in each hundred there is one of each bad kind, of other workers each time.
    fn of(number: usize) -> Self {
        match (number + number / MOST_WORKERS * 7) % 100 {
            25 => Self::Hanging,
            75 => Self::Crashing,
            _ => Self::Good,
        }
    }

    fn expected(self) -> Outcome {
        match self {
            Self::Good => Outcome::Answered,
            Self::Hanging => Outcome::Late,
            Self::Crashing => Outcome::Faulted,
        }
    }
}

/// Ends sessions of each size so often, and checks that each instance was told once and what became of it. Answers curves, too: milliseconds by the number of instances.
pub fn measure(folder: &Path, rounds: usize, good_rounds: usize) -> Result<(Vec<Row>, Curves), Failure> {
    let drivers = drivers(folder)?;
    let (mut rows, mut curves) = well_behaved::measure(&drivers, good_rounds)?;
    let mut points = Vec::new();
    for (instances, workers) in SIZES {
        let name = format!("session's end, {instances} instances in {workers} workers, two in a hundred bad");
        let limit = Goal::Below((DEADLINE + AFTER).as_secs_f64() * 1e3);
        let mut time = Row::new(name, "ms", Better::Less).goal(limit);
        let mut of_worker = Row::new(format!("  memory of a worker, of {workers}"), "MB", Better::Less);
        let mut of_instance =
            Row::new(format!("  memory of a further instance, of {instances}"), "KB", Better::Less);
        for _ in 0..rounds {
            let measured = once(folder, &drivers, instances, workers)?;
            time.ours.push(measured.time.as_secs_f64() * 1e3);
            of_worker.ours.push(measured.of_worker);
            of_instance.ours.extend(measured.of_instance);
        }
        points.extend(Summary::of(time.ours.iter().copied()).map(|time| (instances as f64, time.median)));
        time.verified(true);
        rows.extend([time, of_worker, of_instance]);
    }
    curves.push(("two in a hundred bad; deadline 5 s".to_owned(), points));
    Ok((rows, curves))
}

struct Measured {
    time: Duration,
    /// MB, of the worker itself and of what the host has for it.
    of_worker: f64,
    /// KB, of all processes together; `None` where each worker has one instance only.
    of_instance: Option<f64>,
}

/// The driver's files. Each client has a worker for each.
fn drivers(folder: &Path) -> Result<Vec<DriverFile>, Failure> {
    let mut drivers = Vec::new();
    for number in 0..DRIVERS {
        let machine = Machine::ALL[number % Machine::ALL.len()];
        let name = format!("session{number}.dll");
        let file: PathBuf = mingw::compile(machine, folder, SOURCE, &name, &["-shared"])?;
        drivers.push(file_as_driver(file));
    }
    Ok(drivers)
}

fn once(
    folder: &Path,
    drivers: &[DriverFile],
    instances: usize,
    workers: usize,
) -> Result<Measured, Failure> {
    let log = folder.join("session.jsonl");
    let (trace, numbers) = (Trace::to_file(&log)?, Numbers::default());
    let builder =
        || Session::builder().deadline(Some(DEADLINE)).trace(trace.clone()).numbers(numbers.clone());
    until_workers_have_ended()?;
    let before = memory()?;
    let sessions = (0..workers / DRIVERS).map(|_| builder().start()).collect::<Result<Vec<_>, _>>()?;
    let mut kinds = BTreeMap::new();
    let mut with_workers = before;
    for number in 0..instances {
        let worker = number % workers;
        let (session, driver) = (&sessions[worker / DRIVERS], &drivers[worker % DRIVERS]);
        let kind = Kind::of(number);
        let hdrvr = session.open(driver, |_| Ok(kind as i64))?;
        kinds.insert(hdrvr.0.cast_signed(), kind);
        if number + 1 == workers {
            with_workers = memory()?;
        }
    }
    let further = instances - workers;
    let of_instance = (memory()? - with_workers) * 1e3;
    let started = Instant::now();
    let reports = Session::end_together(&sessions, &End::default());
    let time = started.elapsed();
    drop(sessions);
    check(&kinds, &reports, &log)?;
    Ok(Measured {
        time,
        of_worker: (with_workers - before) / workers as f64,
        of_instance: (further > 0).then(|| of_instance / further as f64),
    })
}

/// MB that this process and its workers use.
fn memory() -> Result<f64, Failure> {
    let own = std::process::id();
    total(all_processes().filter(|&pid| pid == own || parent(pid) == Some(own)))
}

/// Whether every instance was told exactly once, by the trace and by the reports, with the outcome that its kind has.
fn check(kinds: &BTreeMap<i64, Kind>, reports: &[Report], log: &Path) -> Result<(), Failure> {
    let mut told: BTreeMap<i64, usize> = BTreeMap::new();
    let text = fs::read_to_string(log).map_err(Failure::file(log.display().to_string()))?;
    for line in text.lines() {
        let call: serde_json::Value = serde_json::from_str(line)
            .map_err(|error| differs("a line of the trace", "JSON", &error.to_string()))?;
        if call["message"] == "DRV_EXITSESSION" {
            *told.entry(call["hdrvr"].as_i64().unwrap_or(0)).or_default() += 1;
        }
    }
    let mut reported: BTreeMap<i64, Outcome> = BTreeMap::new();
    for instance in reports.iter().flat_map(|report| &report.instances) {
        if reported.insert(instance.hdrvr, instance.outcome).is_some() {
            return Err(differs(&format!("reports of {:#x}", instance.hdrvr), "1", "2"));
        }
    }
    for (hdrvr, kind) in kinds {
        let what = format!("a {kind:?} instance, {hdrvr:#x}").to_lowercase();
        let expected = format!("told 1 time, {:?}", kind.expected());
        let times = told.get(hdrvr).copied().unwrap_or(0);
        let outcome =
            reported.get(hdrvr).map_or_else(|| "not reported".into(), |outcome| format!("{outcome:?}"));
        let found = format!("told {times} time{}, {outcome}", if times == 1 { "" } else { "s" });
        if found != expected {
            return Err(differs(&what, &expected, &found));
        }
    }
    if told.len() > kinds.len() || reported.len() > kinds.len() {
        return Err(differs(
            "instances",
            &kinds.len().to_string(),
            &told.len().max(reported.len()).to_string(),
        ));
    }
    Ok(())
}

fn differs(what: &str, expected: &str, found: &str) -> Failure {
    Failure::Wrong { what: what.to_owned(), expected: expected.to_owned(), found: found.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_hangs_and_one_faults() {
        for (instances, _) in SIZES {
            let count = |kind| (0..instances).filter(|&number| Kind::of(number) == kind).count();
            assert_eq!([count(Kind::Hanging), count(Kind::Crashing)], [instances / 100; 2]);
        }
        for worker in 0..MOST_WORKERS {
            let bad = (worker..10_000).step_by(MOST_WORKERS).filter(|&number| Kind::of(number) != Kind::Good);
            assert!(bad.count() <= 2, "worker {worker}");
        }
    }
}
