//! One act in one host, from its start until nothing of it is left.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::failure::{Failure, command_name};
use crate::machine::kibibytes;
use crate::memory::{all_processes, parent};
use crate::reach::{Back, Block, Performed, kill_processes_with, processes_with};

/// How long a host has until both drivers are open.
const START: Duration = Duration::from_secs(60);
/// How much address space each process of a host has: more than any of them needs, less than a computer has memory.
const ADDRESS_SPACE: u64 = 12 << 30;
/// How long a host has to end by itself when all is said.
const END: Duration = Duration::from_secs(10);
/// How long what a host has said may take to be read when it has ended.
const LATE: Duration = Duration::from_secs(1);
/// How often the processes are looked at meanwhile.
const LOOK: Duration = Duration::from_millis(20);

/// What a host did.
#[derive(Debug)]
pub struct Run {
    /// What it said.
    pub performed: Performed,
    /// How long until it had control back.
    pub seconds: Option<f64>,
    /// How it ended, if not as it should.
    pub ended: Option<String>,
    /// MiB that its processes used at most.
    pub peak: u64,
    /// How many threads they had at most.
    pub threads: usize,
}

/// A host's process, which does not outlive this.
struct Host {
    child: Child,
    /// The argument by which all of its processes are known: Wine has programs for i386 run by another process than the one that is started.
    mark: String,
    lines: Receiver<(Instant, String)>,
    /// The most KiB of each of its processes, and how many threads all had.
    peaks: BTreeMap<u32, u64>,
    threads: usize,
}

impl Host {
    fn start(command: &mut Command) -> Result<Self, Failure> {
        let mark = command.get_args().last().unwrap_or_default().to_string_lossy().into_owned();
        let program = command_name(command);
        let started = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = started.map_err(|source| Failure::Start { program, source })?;
        let limit = Rlimit { current: Some(ADDRESS_SPACE), maximum: Some(ADDRESS_SPACE) };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            // A process that has ended already needs no limit.
            let _ = prlimit(Some(pid), Resource::As, limit);
        }
        let (sender, lines) = channel();
        if let Some(stdout) = child.stdout.take() {
            // What the host has started may keep the pipe open, so nobody waits for this thread.
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send((Instant::now(), line)).is_err() {
                        return;
                    }
                }
            });
        }
        Ok(Self { child, mark, lines, peaks: BTreeMap::new(), threads: 0 })
    }

    /// The next line, looking at the processes meanwhile; `None` when the host has ended, or at the time.
    fn line(&mut self, until: Instant) -> Option<(Instant, String)> {
        loop {
            self.look();
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => return Some(line),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            let ended = self.child.try_wait().is_ok_and(|status| status.is_some());
            if ended || Instant::now() > until {
                // What it said last may not have been read yet. Where the pipe has no end, somebody whom it has started holds it.
                return self.lines.recv_timeout(LATE).ok();
            }
        }
    }

    fn look(&mut self) {
        let own = self.child.id();
        let mut threads = 0;
        let known: Vec<u32> =
            processes_with(&self.mark).map(|pid| pid.as_raw_nonzero().get().unsigned_abs()).collect();
        for pid in all_processes().filter(|pid| known.contains(pid) || parent(*pid) == Some(own)) {
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let most = self.peaks.entry(pid).or_default();
            *most = kibibytes(&status, "VmHWM").unwrap_or(0).max(*most);
            let count = status.lines().find_map(|line| line.strip_prefix("Threads:"));
            threads += count.and_then(|count| count.trim().parse().ok()).unwrap_or(0);
        }
        self.threads = self.threads.max(threads);
    }

    /// Its end: by itself, if it is about to, or else by force.
    fn end(&mut self) -> Option<ExitStatus> {
        let give_up = Instant::now() + END;
        while Instant::now() < give_up {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(LOOK);
        }
        None
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
        kill_processes_with(&self.mark);
    }
}

/// Runs a host, whose command knows its errand, and reads what it says. It has `patience` to get control back. `block` is read when it has ended.
pub fn run(
    command: &mut Command,
    patience: Duration,
    block: impl Fn() -> Result<Block, Failure>,
) -> Result<Run, Failure> {
    let program = command_name(command);
    let mut host = Host::start(command)?;
    let Some((began, ready)) = host.line(Instant::now() + START) else {
        let text = host.end().map_or_else(|| "it is not ready".to_owned(), |status| status.to_string());
        return Err(Failure::Failed { command: program, text });
    };
    if !ready.starts_with("ready") {
        return Err(Failure::Unreadable { program: "a host", text: ready, expected: "`ready`" });
    }
    let mut performed = Performed::default();
    let mut seconds = None;
    while let Some((at, line)) = host.line(began + patience) {
        let (what, value) = line.trim_end().split_once(' ').unwrap_or((line.trim_end(), ""));
        let back = match what {
            "answered" => value.parse().ok().map(Back::Answered),
            "faulted" => Some(Back::Faulted(value.to_owned())),
            "late" => Some(Back::Late),
            "died" => Some(Back::Died(value.to_owned())),
            _ => None,
        };
        match what {
            _ if back.is_some() => {
                performed.back = back;
                seconds = Some((at - began).as_secs_f64());
            }
            "word" => performed.word = value.parse().ok(),
            "other" => performed.other = value.parse().ok(),
            "again" => performed.again = true,
            // Wine's debugger says much when a program faults.
            _ => {}
        }
    }
    let waits = performed.back.is_some() || host.child.try_wait().is_ok_and(|status| status.is_some());
    let ended = match waits.then(|| host.end()).flatten() {
        Some(status) if status.success() && performed.goes_on() => None,
        Some(status) => Some(how(status)),
        None if performed.goes_on() => None,
        None => Some(format!("no control back after {} s", patience.as_secs())),
    };
    let (peak, threads) = (host.peaks.values().sum::<u64>() / 1024, host.threads);
    drop(host);
    performed.block = block()?;
    Ok(Run { performed, seconds, ended, peak, threads })
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("the host ended, exit code {code}"),
        (None, Some(signal)) => format!("the host ended, signal {signal}"),
        (None, None) => "the host ended".to_owned(),
    }
}
