//! Looking at processes from outside, and at what one's own holds.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// The programs of workers: the real one, and the one that lies.
const WORKERS: [&str; 2] = ["drvhost-worker", "lying-worker"];

/// The process ids of the workers that the process `host` has for the driver with this file name.
#[must_use]
pub fn workers(host: u32, driver: &str) -> Vec<u32> {
    workers_that(host, |name| name == driver.as_bytes())
}

/// Those that it has for any driver.
#[must_use]
pub fn all_workers(host: u32) -> Vec<u32> {
    workers_that(host, |name| name != sandbox::TEMPLATE.as_bytes())
}

/// The processes that it has workers copied from.
#[must_use]
pub fn templates(host: u32) -> Vec<u32> {
    workers_that(host, |name| name == sandbox::TEMPLATE.as_bytes())
}

fn workers_that(host: u32, are_for: impl Fn(&[u8]) -> bool) -> Vec<u32> {
    let host = host.to_string();
    let is_one = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
        match arguments.as_slice() {
            [program, first, second, ..] => {
                WORKERS.iter().any(|worker| program.ends_with(worker.as_bytes()))
                    && *first == host.as_bytes()
                    && are_for(second)
            }
            _ => false,
        }
    };
    processes().filter(is_one).collect()
}

/// Sends a worker of a host's a signal; answers whether it was still there. No process that has got its number since is hit.
pub fn signal_worker(host: u32, worker: u32, signal: Signal) -> bool {
    let pid = i32::try_from(worker).ok().and_then(Pid::from_raw);
    let Some(Ok(process)) = pid.map(|pid| pidfd_open(pid, PidfdFlags::empty())) else { return false };
    // Only now is it certain whose number it is.
    all_workers(host).contains(&worker) && pidfd_send_signal(&process, signal).is_ok()
}

/// Every process that there is.
fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir(Path::new("/proc")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Who has started a process, or has taken it over (proc_pid_stat(5): behind the name in parentheses come a letter and this).
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// Waits until a host has no worker for a driver any more: it takes the kernel a moment to clear away what was killed.
///
/// # Panics
/// When one stays.
pub fn wait_for_no_worker(host: u32, driver: &str) {
    let give_up = Instant::now() + Duration::from_secs(10);
    while !workers(host, driver).is_empty() {
        assert!(Instant::now() < give_up, "a worker for {driver} stays");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A field of a process's `/proc/PID/status`.
#[must_use]
pub fn status(pid: u32, field: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = |line: &str| Some(line.strip_prefix(field)?.strip_prefix(':')?.trim().to_owned());
    status.lines().find_map(value)
}

/// What the running process holds that must not grow. Tests that count it need a process of their own, which nextest gives each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Open descriptors.
    pub descriptors: usize,
    /// Threads.
    pub threads: usize,
    /// Processes that it has started and not waited for.
    pub children: usize,
}

impl Held {
    /// What it holds now.
    ///
    /// # Panics
    /// When `/proc` cannot be read.
    #[must_use]
    pub fn now() -> Self {
        let count = |folder: &str| fs::read_dir(folder).expect("/proc").count();
        let children = processes().filter(|pid| parent(*pid) == Some(std::process::id())).count();
        Self { descriptors: count("/proc/self/fd"), threads: count("/proc/self/task"), children }
    }

    /// The same with a session that has no instances: the thread that starts workers, and what it may have them copied from, with the way to that.
    #[must_use]
    pub fn with_session(self) -> Self {
        let Self { descriptors, threads, children } = self;
        Self { descriptors: descriptors + 1, threads: threads + 1, children: children + 1 }
    }

    /// Waits until no more is held than this: threads and killed processes take the kernel a moment to clear away.
    ///
    /// # Errors
    /// What is held after ten seconds.
    pub fn come_back(self) -> Result<(), String> {
        let give_up = Instant::now() + Duration::from_secs(10);
        loop {
            let now = Self::now();
            let within = now.descriptors <= self.descriptors
                && now.threads <= self.threads
                && now.children <= self.children;
            if within {
                return Ok(());
            }
            if Instant::now() > give_up {
                return Err(format!("{now:?} is held, where it was {self:?}"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
