//! Where the time of a cold start goes: the system calls that divide it into phases, as strace dates them.
//!
//! strace stops a process at each call that it shows, so it shows few, and the phases are compared with each other, not with the clock.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::cold_start::DRIVER;
use crate::failure::{Failure, run};
use crate::ours::drvhost;
use crate::statistics::Summary;
use crate::wine::find;

/// The end of a phase.
struct Milestone {
    /// What happened since the one before.
    phase: &'static str,
    /// Whose call ends it.
    process: Process,
    /// The call's name.
    call: &'static str,
    /// Whether it is its return that ends the phase; otherwise its beginning.
    returns: bool,
}

/// One of the two processes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Process {
    Host,
    Worker,
}

/// All phases, in order, of what the end waits for: while the worker starts, the host does so beside it, and reads its arguments and the driver's file. A call counts from the milestone before on.
const MILESTONES: &[Milestone] = &[
    milestone("exec, files in memory, exec of the worker", Process::Worker, "execve", true),
    milestone(
        "the worker's program starts: C library, Rust's runtime",
        Process::Worker,
        "sigaltstack",
        false,
    ),
    milestone("the worker's heap", Process::Worker, "unshare", false),
    milestone("unshare: new name spaces", Process::Worker, "unshare", true),
    milestone("empty root, privileges", Process::Worker, "landlock_create_ruleset", false),
    milestone("Landlock, filters compiled, guest memory, limits", Process::Worker, "seccomp", false),
    milestone("first filter; the image is mapped and bound", Process::Worker, "seccomp", false),
    milestone("second filter; entry point, DRV_LOAD to the answer", Process::Host, "write", false),
    milestone("DRV_CLOSE to DRV_FREE, the image is told", Process::Host, "kill", false),
    milestone("the worker is killed; the host ends", Process::Host, "exit_group", false),
];

const fn milestone(phase: &'static str, process: Process, call: &'static str, returns: bool) -> Milestone {
    Milestone { phase, process, call, returns }
}

/// A phase of a cold start.
#[derive(Debug, Serialize)]
pub struct Phase {
    /// What happens in it.
    pub name: &'static str,
    /// How long it takes, in milliseconds.
    pub time: Summary,
}

/// Starts the command so often under strace; `None` where there is no strace.
pub fn measure(folder: &Path, rounds: usize) -> Result<Option<Vec<Phase>>, Failure> {
    let Some(strace) = find("", &["strace"]) else { return Ok(None) };
    let log = folder.join("strace");
    let mut times: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for _ in 0..rounds {
        let ours = drvhost(&["send", DRIVER, "DRV_QUERYCONFIGURE"]);
        let mut calls: Vec<&str> =
            MILESTONES.iter().flat_map(|milestone| milestone.call.split('|')).collect();
        calls.sort_unstable();
        calls.dedup();
        let mut command = Command::new(&strace);
        command.args(["-f", "-ttt", "-T", "--seccomp-bpf", "-qq", "-e", "signal=none", "-e"]);
        command.arg(format!("trace={}", calls.join(","))).arg("-o").arg(&log);
        run(command.arg(ours.get_program()).args(ours.get_args()))?;
        let text = std::fs::read_to_string(&log).map_err(Failure::file("strace's output"))?;
        for (phase, time) in phases(&text).into_iter().enumerate() {
            times.entry(phase).or_default().push(time);
        }
    }
    let named = MILESTONES.iter().enumerate().filter_map(|(index, milestone)| {
        Some(Phase { name: milestone.phase, time: Summary::of(times.remove(&index)?)? })
    });
    Ok(Some(named.collect()))
}

/// The beginning or the return of a call, in strace's output.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Event<'a> {
    pid: u32,
    call: &'a str,
    returns: bool,
    /// In seconds.
    time: f64,
}

/// Reads one line of `strace -f -ttt -T -o`: `PID TIME call(...) = result <SECONDS>`, which may be cut in two where another process's calls
/// come between: `call(... <unfinished ...>` and `<... call resumed>...) = result <SECONDS>`.
fn events(line: &str) -> Option<Vec<Event<'_>>> {
    let (pid, rest) = line.trim_start().split_once(' ')?;
    let (time, rest) = rest.trim_start().split_once(' ')?;
    let (pid, time): (u32, f64) = (pid.parse().ok()?, time.parse().ok()?);
    let event = |call, returns, time| Event { pid, call, returns, time };
    if let Some(resumed) = rest.strip_prefix("<... ") {
        return Some(vec![event(resumed.split_once(' ')?.0, true, time)]);
    }
    let (call, rest) = rest.split_once('(')?;
    let begun = event(call, false, time);
    let lasted = rest.rsplit_once('<').and_then(|(_, end)| end.strip_suffix('>')?.parse::<f64>().ok());
    Some(match lasted {
        Some(lasted) => vec![begun, event(call, true, time + lasted)],
        None => vec![begun],
    })
}

/// Milliseconds of each phase, as far as the calls that end them are there.
fn phases(text: &str) -> Vec<f64> {
    let mut events: Vec<Event<'_>> = text.lines().filter_map(events).flatten().collect();
    events.sort_by(|one, other| one.time.total_cmp(&other.time));
    let mut executed = events.iter().filter(|event| event.call == "execve" && !event.returns);
    let Some(begin) = executed.next() else { return Vec::new() };
    let worker = executed.next().map(|event| event.pid);
    let ends = |milestone: &Milestone, event: &Event<'_>| {
        (milestone.process == Process::Worker) == (Some(event.pid) == worker)
            && milestone.returns == event.returns
            && milestone.call.split('|').any(|call| call == event.call)
    };
    let (mut last, mut rest) = (begin.time, events.iter());
    let mut times = Vec::new();
    for milestone in MILESTONES {
        let Some(event) = rest.find(|event| ends(milestone, event)) else { break };
        times.push((event.time - last) * 1e3);
        last = event.time;
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
10 100.000000 execve(\"drvhost\", [\"drvhost\"], 0x7ffe /* 3 vars */) = 0 <0.000500>
10 100.001000 vfork( <unfinished ...>
11 100.001500 execve(\"worker\", [\"worker\"], 0x7ffe <unfinished ...>
10 100.002000 <... vfork resumed>)      = 11 <0.001000>
11 100.002250 <... execve resumed>)     = 0 <0.000750>
10 100.002500 sigaltstack(NULL, {ss_sp=NULL}) = 0 <0.000010>
11 100.003000 sigaltstack(NULL, {ss_sp=NULL}) = 0 <0.000010>
11 100.004000 unshare(CLONE_NEWNS)      = 0 <0.001000>
";

    #[test]
    fn phases_end_at_their_calls() {
        let expected = [2.25, 0.75, 1.0, 1.0];
        let times = phases(LOG);
        assert_eq!(times.len(), expected.len());
        for (time, expected) in times.iter().zip(expected) {
            assert!((time - expected).abs() < 1e-3, "{times:?}");
        }
    }

    #[test]
    fn lines_become_events() {
        let event = |returns, time| Event { pid: 7, call: "wait4", returns, time };
        assert_eq!(
            events("7 1.5 wait4(9, NULL, 0, NULL) = 9 <0.5>"),
            Some(vec![event(false, 1.5), event(true, 2.0)])
        );
        assert_eq!(events("7 1.5 wait4(9,  <unfinished ...>"), Some(vec![event(false, 1.5)]));
        assert_eq!(events("7 1.5 <... wait4 resumed>NULL) = 9 <0.5>"), Some(vec![event(true, 1.5)]));
        assert_eq!(events("7 1.5 +++ exited with 0 +++"), None);
        assert_eq!(events(""), None);
    }
}
