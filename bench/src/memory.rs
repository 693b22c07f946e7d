//! Memory of a session with drivers open: the host, the workers; under Wine the programs, the server, the services. Each page is divided by how many
//! processes share it (PSS).

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::cold_start::DRIVER;
use crate::cpu::WORKER;
use crate::failure::{Failure, command_name};
use crate::machine::kibibytes;
use crate::ours::{driver, drvhost};
use crate::report::{Better, Goal, Row, WINE};
use crate::wine::Wine;

/// How many workers, or programs under Wine, there are besides the first.
const WORKERS: usize = 15;
/// How many instances there are besides the first.
const INSTANCES: usize = 1000;

/// How long workers may take to end.
const ENDING: Duration = Duration::from_secs(20);

/// What may be used at most: in MB by a session with one driver and by a further worker, in KB by a further instance.
const SESSION_MB: f64 = 8.0;
const WORKER_MB: f64 = 1.5;
const INSTANCE_KB: f64 = 2.0;

/// Holds one driver, one in many workers, and many instances of it, so often on each side, in turn. What is further is the difference to one, divided.
pub fn measure(wine: Option<&Wine>, folder: &Path, rounds: usize) -> Result<Vec<Row>, Failure> {
    let megabytes = |name| Row::new(name, "MB", Better::Less);
    let mut session = megabytes("a session with one driver, in all").goal(Goal::AtMost(SESSION_MB));
    let mut worker = megabytes("a further worker (Wine: a further program)").goal(Goal::AtMost(WORKER_MB));
    let mut instance = Row::new("a further instance", "KB", Better::Less).goal(Goal::AtMost(INSTANCE_KB));
    let copies = copies(folder)?;
    for _ in 0..rounds {
        let ours = Memory {
            one: ours(&[DRIVER])?,
            workers: ours(&copies.iter().map(String::as_str).collect::<Vec<_>>())?,
            instances: ours(&[DRIVER; INSTANCES + 1])?,
        };
        session.ours.push(ours.one);
        worker.ours.push(ours.of_worker());
        instance.ours.push(ours.of_instance());
        if let Some(wine) = wine {
            let theirs = Memory {
                one: theirs(wine, 1, 1)?,
                workers: theirs(wine, WORKERS + 1, 1)?,
                instances: theirs(wine, 1, INSTANCES + 1)?,
            };
            session.theirs.push(theirs.one);
            worker.theirs.push(theirs.of_worker());
            instance.theirs.push(theirs.of_instance());
        }
    }
    Ok(vec![session, worker, instance])
}

/// MB that are used.
struct Memory {
    /// With one driver.
    one: f64,
    /// With it in so many workers or programs.
    workers: f64,
    /// With so many instances.
    instances: f64,
}

impl Memory {
    /// MB of a further worker.
    fn of_worker(&self) -> f64 {
        (self.workers - self.one) / WORKERS as f64
    }

    /// KB of a further instance.
    fn of_instance(&self) -> f64 {
        (self.instances - self.one) * 1e3 / INSTANCES as f64
    }
}

/// The driver in as many files, so that each has a worker.
fn copies(folder: &Path) -> Result<Vec<String>, Failure> {
    let (_, file) = driver(DRIVER)?;
    let copy = |number: usize| {
        let copy = folder.join(format!("{number}-{DRIVER}"));
        fs::copy(&file, &copy).map_err(Failure::file("a copy of a driver"))?;
        Ok(copy.display().to_string())
    };
    (0..=WORKERS).map(copy).collect()
}

/// MB that the command and its workers use while they hold these drivers.
fn ours(drivers: &[&str]) -> Result<f64, Failure> {
    let held = Held::start(&mut drvhost(&[&["run"], drivers].concat()), "drvhost run")?;
    let host = held.0.id();
    let processes: Vec<u32> =
        all_processes().filter(|&pid| pid == host || parent(pid) == Some(host)).collect();
    let mut files: Vec<&str> = drivers.to_vec();
    files.dedup();
    // The host, the workers, and where there are many the template that they are copies of.
    let expected = 1 + files.len() + usize::from(files.len() > 2);
    // One that was not there, or that nobody has ended, would make the number another one.
    if processes.len() != expected {
        return Err(Failure::Wrong {
            what: "processes of a session".to_owned(),
            expected: expected.to_string(),
            found: processes.len().to_string(),
        });
    }
    total(processes)
}

/// MB that everything of Wine's uses while so many programs hold so many instances each.
fn theirs(wine: &Wine, programs: usize, instances: usize) -> Result<f64, Failure> {
    let hold = || Held::start(wine.program("hold").args([DRIVER, &instances.to_string()]), WINE);
    let _held: Vec<Held> = (0..programs).map(|_| hold()).collect::<Result<_, _>>()?;
    total(wine.processes())
}

/// A program that has said that it is ready, until it is dropped.
struct Held(Child);

impl Held {
    /// Starts it; `who` is for the case that it does not say so.
    fn start(command: &mut Command, who: &'static str) -> Result<Self, Failure> {
        let program = command_name(command);
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut held = Self(started.map_err(|source| Failure::Start { program, source })?);
        let mut line = String::new();
        if let Some(stdout) = held.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(Failure::file("what a program printed"))?;
        }
        if line.trim() != "ready" {
            return Err(Failure::Unreadable { program: who, text: line, expected: "`ready`" });
        }
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// All processes there are.
pub fn all_processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
}

pub fn parent(pid: u32) -> Option<u32> {
    parent_in(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn parent_in(status: &str) -> Option<u32> {
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// Waits until no worker of this process's is left: one ends after its session, whose end does not wait for it.
pub fn until_workers_have_ended() -> Result<(), Failure> {
    let own = std::process::id();
    let name = |pid| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let is_worker = |pid: &u32| parent(*pid) == Some(own) && name(*pid).trim() == WORKER;
    let patience = Instant::now() + ENDING;
    loop {
        let left = all_processes().filter(is_worker).count();
        if left == 0 {
            return Ok(());
        }
        if Instant::now() > patience {
            return Err(Failure::Wrong {
                what: "workers after their session's end".to_owned(),
                expected: "none".to_owned(),
                found: left.to_string(),
            });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// MB that these processes use.
pub fn total(processes: impl IntoIterator<Item = u32>) -> Result<f64, Failure> {
    let sizes: Vec<u64> = processes.into_iter().map(used).collect::<Result<_, _>>()?;
    Ok(sizes.into_iter().sum::<u64>() as f64 * 1024.0 / 1e6)
}

/// KiB that a process uses.
fn used(pid: u32) -> Result<u64, Failure> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let rollup = fs::read_to_string(&path);
    // A worker cannot be looked into, except by root. For other users all that it maps counts, shared or not.
    let status = || fs::read_to_string(format!("/proc/{pid}/status"));
    let sizes = match rollup.or_else(|_| status()) {
        Ok(sizes) => sizes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(Failure::file(path)(error)),
    };
    // A process that has just ended has none.
    Ok(kibibytes(&sizes, "Pss").or_else(|| kibibytes(&sizes, "VmRSS")).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_further_is_the_difference_divided() {
        let memory = Memory { one: 5.0, workers: 5.0 + 15.0 * 1.25, instances: 7.0 };
        assert_eq!((memory.of_worker(), memory.of_instance()), (1.25, 2.0));
    }

    #[test]
    fn this_process_uses_memory_and_has_a_parent() {
        let own = std::process::id();
        assert!(all_processes().any(|pid| pid == own));
        assert!(used(own).unwrap() > 100);
        assert!(parent(own).is_some());
        assert_eq!(parent_in("Name:\tx\nPPid:\t42\n"), Some(42));
        assert_eq!(parent_in("Name:\tx\n"), None);
    }
}
