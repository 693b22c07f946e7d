//! Processor time of commands, with all that they have started.
//!
//! The kernel adds a process's time to its parent's account of its children when the parent takes note of its end. A worker may outlive its
//! host by a moment, and Wine starts programs for i386 by another one, as nobody's child. So this process takes over what its children leave
//! behind (prctl(2), PR_SET_CHILD_SUBREAPER), and takes note of the end of those.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};

use crate::failure::{Failure, run};
use crate::memory::all_processes;
use crate::wine::Wine;

/// Ticks of a second in what the kernel tells of processes: USER_HZ, which is 100 on every x86.
const TICKS_PER_SECOND: u64 = 100;

/// The name of drvhost's other process.
pub const WORKER: &str = "drvhost-worker";

/// Runs a command of drvhost's; what it printed, and the processor time that it and its workers took.
pub fn of_drvhost(command: &mut Command) -> Result<(String, Duration), Failure> {
    with_orphans(command, WORKER)
}

/// Runs a program under Wine, by its name; what it printed, and the processor time that it, Wine's server and its services took.
pub fn of_wine(wine: &Wine, program: &str, command: &mut Command) -> Result<(String, Duration), Failure> {
    let others = || -> BTreeMap<u32, Duration> {
        let own = |pid: u32| Some((pid, Times::of(pid)?.own));
        wine.processes().into_iter().filter_map(own).collect()
    };
    let before = others();
    let (printed, own) = with_orphans(command, &format!("{program}.exe"))?;
    let of_other =
        |(pid, after): (u32, Duration)| after.saturating_sub(before.get(&pid).copied().unwrap_or_default());
    Ok((printed, own + others().into_iter().map(of_other).sum::<Duration>()))
}

/// Runs a command, waits for the end of the processes of this name that it leaves behind, and adds up what all took.
fn with_orphans(command: &mut Command, name: &str) -> Result<(String, Duration), Failure> {
    // Which process it is set to does not matter.
    set_child_subreaper(Some(getpid()))
        .map_err(|error| Failure::file("taking over what children leave behind")(error.into()))?;
    let own = std::process::id();
    let orphans = || -> BTreeSet<u32> {
        let is_one =
            |pid: &u32| Times::of(*pid).is_some_and(|times| times.parent == own && times.name == name);
        all_processes().filter(is_one).collect()
    };
    let (known, before) = (orphans(), children()?);
    let printed = run(command)?;
    for orphan in orphans().difference(&known) {
        let Some(pid) = i32::try_from(*orphan).ok().and_then(Pid::from_raw) else { continue };
        waitpid(Some(pid), WaitOptions::empty())
            .map_err(|error| Failure::file("a process's end")(error.into()))?;
    }
    Ok((printed, children()?.saturating_sub(before)))
}

/// The time of this process's children that have ended.
fn children() -> Result<Duration, Failure> {
    let own = Times::of(std::process::id());
    let unreadable = || Failure::Unreadable {
        program: "the kernel",
        text: String::new(),
        expected: "the times of this process's children",
    };
    own.map(|times| times.children).ok_or_else(unreadable)
}

/// What the kernel says of a process.
#[derive(Debug, PartialEq, Eq)]
struct Times {
    name: String,
    parent: u32,
    /// Processor time, in user mode and in the kernel.
    own: Duration,
    /// The same of its children that have ended and that it has taken note of.
    children: Duration,
}

impl Times {
    /// `None` where there is no such process any more.
    fn of(pid: u32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        Self::read(&String::from_utf8_lossy(&stat))
    }

    /// Reads `/proc/PID/stat` (proc(5)); the name may have blanks and brackets in it.
    fn read(stat: &str) -> Option<Self> {
        let (before, behind) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = behind.split_whitespace().collect();
        // Field 3 is the first behind the name.
        let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        let time = |user: usize| {
            let ticks = number(user)?.checked_add(number(user + 1)?)?;
            Some(Duration::from_millis(ticks.checked_mul(1000 / TICKS_PER_SECOND)?))
        };
        Some(Self {
            name: before.split_once('(')?.1.to_owned(),
            parent: u32::try_from(number(4)?).ok()?,
            own: time(14)?,
            children: time(16)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_from_behind_the_name() {
        let stat = "17 (a) b (c) S 5 17 17 0 -1 4194304 1 2 3 4 150 25 30 20 20 0 1 0 7";
        let expected = Times {
            name: "a) b (c".to_owned(),
            parent: 5,
            own: Duration::from_millis(1750),
            children: Duration::from_millis(500),
        };
        assert_eq!(Times::read(stat), Some(expected));
        assert_eq!(Times::read("17 (a) S 5"), None);
        assert_eq!(Times::read(""), None);
    }

    #[test]
    fn what_a_command_leaves_behind_is_waited_for_and_counted() {
        let mut command = Command::new("sh");
        let busy = "i=0; while [ $i -lt 300000 ]; do i=$((i + 1)); done";
        command.args(["-c", &format!("({busy}) > /dev/null 2>&1 & echo left")]);
        let (printed, time) = with_orphans(&mut command, "sh").unwrap();
        assert_eq!(printed.trim(), "left");
        // The shell itself takes a tick at most.
        assert!(time > Duration::from_millis(20), "{time:?}");
    }
}
