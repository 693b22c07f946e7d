//! Memory of a session with one driver open: the host, the worker; under Wine the program, the server, the services.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::cold_start::DRIVER;
use crate::failure::{Failure, command_name};
use crate::machine::kibibytes;
use crate::ours::drvhost;
use crate::report::{Better, Goal, Row};
use crate::wine::Wine;

/// Holds the driver so often on each side, in turn, and adds up what all processes use: each page divided by how many share it (PSS).
pub fn measure(wine: Option<&Wine>, rounds: usize) -> Result<Row, Failure> {
    let mut row = Row::new("memory", "MiB", Better::Less);
    for _ in 0..rounds {
        let held = Held::start(&mut drvhost(&["run", DRIVER]))?;
        let host = held.0.id();
        row.ours.push(total(all_processes().filter(|&pid| pid == host || parent(pid) == Some(host)))?);
        drop(held);
        if let Some(wine) = wine {
            let _held = Held::start(wine.program("hold").arg(DRIVER))?;
            row.theirs.push(total(wine.processes())?);
        }
    }
    Ok(row.goal(Goal::Ratio(10.0)))
}

/// A program that has said that it is ready, until it is dropped.
struct Held(Child);

impl Held {
    fn start(command: &mut Command) -> Result<Self, Failure> {
        let program = command_name(command);
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut held = Self(started.map_err(|source| Failure::Start { program, source })?);
        let mut line = String::new();
        if let Some(stdout) = held.0.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(Failure::file("what a program printed"))?;
        }
        if line.trim() != "ready" {
            return Err(Failure::Unreadable { program: "the held program", text: line, expected: "`ready`" });
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

/// MiB that these processes use.
pub fn total(processes: impl IntoIterator<Item = u32>) -> Result<f64, Failure> {
    let sizes: Vec<u64> = processes.into_iter().map(used).collect::<Result<_, _>>()?;
    Ok(sizes.into_iter().sum::<u64>() as f64 / 1024.0)
}

/// KiB that a process uses.
fn used(pid: u32) -> Result<u64, Failure> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let rollup = fs::read_to_string(&path);
    // A worker cannot be looked into, except by root. For other users all that it maps counts, shared or not.
    let status = || fs::read_to_string(format!("/proc/{pid}/status"));
    let sizes = rollup.or_else(|_| status()).map_err(Failure::file(path))?;
    // A process that has just ended has none.
    Ok(kibibytes(&sizes, "Pss").or_else(|| kibibytes(&sizes, "VmRSS")).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

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
