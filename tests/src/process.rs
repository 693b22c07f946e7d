//! Looking at processes from outside.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// The worker's program.
const WORKER: &str = "drvhost-worker";

/// The process ids of the workers that the process `host` has for the driver with this file name.
#[must_use]
pub fn workers(host: u32, driver: &str) -> Vec<u32> {
    let host = host.to_string();
    let is_one = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
        match arguments.as_slice() {
            [program, first, second, ..] => {
                program.ends_with(WORKER.as_bytes())
                    && *first == host.as_bytes()
                    && *second == driver.as_bytes()
            }
            _ => false,
        }
    };
    let entries = fs::read_dir(Path::new("/proc")).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(is_one).collect()
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
