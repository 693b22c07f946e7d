//! The trace: JSON objects, one a line. `"kind":"call"` is a DriverProc call, written when it ends; `"kind":"shims"` says which functions drivers have
//! called since the last such line of the same worker, written before the call in which they were called; `"kind":"refused"` is what a driver wanted
//! and may not do; `"kind":"device"` is a call of an entry point for devices, such as `modMessage`.

pub mod summary;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use wire::ShimCalls;

use crate::entry::Entry;
use crate::error::Error;
use crate::worker::printable;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// With an answer.
    Answered,
    /// Not in time.
    Late,
    /// By a fault.
    Faulted,
    /// With the worker's end.
    Died,
}

/// Why the host sent a message on its own account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// The session ends.
    SessionEnd,
    /// The application that opened the instance has ended.
    ApplicationExit,
    /// The computer is about to sleep.
    Suspend,
    /// The computer has woken up.
    Resume,
}

/// One DriverProc call. The fields and their order are a contract.
#[derive(Debug, Serialize)]
pub(crate) struct CallRecord<'a> {
    pub kind: &'static str,
    pub seq: u64,
    pub t_us: u64,
    pub worker: u32,
    pub driver: &'a str,
    pub hdrvr: i64,
    pub id: i64,
    pub message: Option<&'static str>,
    pub number: u32,
    pub lparam1: i64,
    pub lparam2: i64,
    pub result: Option<i64>,
    pub elapsed_us: u64,
    pub outcome: Outcome,
    pub cause: Option<Cause>,
}

/// One call of an entry point for devices. The fields and their order are a contract.
#[derive(Debug, Serialize)]
pub(crate) struct DeviceRecord<'a> {
    pub kind: &'static str,
    pub seq: u64,
    pub t_us: u64,
    pub worker: u32,
    pub driver: &'a str,
    pub hdrvr: i64,
    pub entry: Entry,
    pub device: u32,
    pub message: Option<&'static str>,
    pub number: u32,
    pub user: u64,
    pub param1: u64,
    pub param2: u64,
    pub result: Option<u32>,
    pub elapsed_us: u64,
    pub outcome: Outcome,
}

/// Something that a driver wanted and may not do. The fields and their order are a contract.
#[derive(Debug, Serialize)]
struct RefusalRecord<'a> {
    kind: &'static str,
    t_us: u64,
    worker: u32,
    driver: &'a str,
    /// What it wanted, such as `write a file`.
    what: &'a str,
    /// The file, as the driver names it, or the key.
    path: &'a str,
}

/// How functions were called in a worker. The fields and their order are a contract.
#[derive(Debug, Serialize)]
struct ShimsRecord<'a> {
    kind: &'static str,
    t_us: u64,
    worker: u32,
    driver: &'a str,
    shims: Vec<ShimRecord>,
}

/// How one function was called.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ShimRecord {
    /// `library!function`.
    pub name: String,
    /// Whether there is such a function; if not, the call ended with a fault.
    pub supplied: bool,
    pub calls: u64,
    pub elapsed_ns: u64,
    /// How often it failed, by last error.
    pub failures: Vec<Failures>,
}

/// How often a function failed with a last error.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Failures {
    pub error: u32,
    pub calls: u64,
}

/// How many names of functions that are not supplied are kept.
const MISSING_MOST: usize = 1000;

/// A call that has begun.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    /// Its number, from 1.
    pub seq: u64,
    /// When it began, in microseconds since the trace did.
    pub t_us: u64,
    /// The same by the clock.
    pub at: Instant,
}

/// Where trace lines go, and the clock and counter that they carry. Clones are the same trace: of sessions that are given clones, one file
/// tells of all.
#[derive(Debug, Clone)]
pub struct Trace {
    lines: Arc<Lines>,
}

#[derive(Debug)]
struct Lines {
    file: Option<Mutex<File>>,
    started: Instant,
    calls: AtomicU64,
    /// Whether it has been said that lines are lost.
    failed: AtomicBool,
    /// The functions that were called and are not supplied, whoever reads it.
    missing: Mutex<BTreeSet<String>>,
}

impl Trace {
    /// A trace that nobody reads.
    #[must_use]
    pub fn none() -> Self {
        Self::of(None)
    }

    fn of(file: Option<Mutex<File>>) -> Self {
        let (calls, failed) = (AtomicU64::new(0), AtomicBool::new(false));
        let missing = Mutex::default();
        Self { lines: Arc::new(Lines { file, started: Instant::now(), calls, failed, missing }) }
    }

    /// A trace written to `path`, which is emptied first.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn to_file(path: &Path) -> Result<Self, Error> {
        let file = File::create(path).map_err(|source| Error::File { file: path.to_owned(), source })?;
        Ok(Self::of(Some(Mutex::new(file))))
    }

    /// Whether anybody reads it.
    pub(crate) fn is_read(&self) -> bool {
        self.lines.file.is_some()
    }

    /// A call begins; `None` when nobody reads of it.
    pub(crate) fn begin(&self) -> Option<Begun> {
        self.is_read().then(|| Begun {
            seq: self.lines.calls.fetch_add(1, Ordering::Relaxed) + 1,
            t_us: micros(self.lines.started),
            at: Instant::now(),
        })
    }

    /// Writes that a driver was refused something.
    pub(crate) fn refused(&self, worker: u32, driver: &str, what: &str, path: &str) {
        let t_us = micros(self.lines.started);
        self.write(&RefusalRecord { kind: "refused", t_us, worker, driver, what, path });
    }

    /// Writes what `record` makes of a call that has ended, if anybody reads of it.
    #[inline]
    pub(crate) fn end<'a>(&self, begun: Option<Begun>, record: impl FnOnce(Begun) -> CallRecord<'a>) {
        if let Some(begun) = begun {
            self.write(&record(begun));
        }
    }

    /// Writes what `record` makes of a call to a device that has ended, if anybody reads of it.
    pub(crate) fn end_device<'a>(
        &self,
        begun: Option<Begun>,
        record: impl FnOnce(Begun) -> DeviceRecord<'a>,
    ) {
        if let Some(begun) = begun {
            self.write(&record(begun));
        }
    }

    /// Writes how functions were called in a worker that has told so.
    pub(crate) fn shims(&self, worker: u32, driver: &str, calls: Vec<ShimCalls>) {
        let shims: Vec<_> = calls.into_iter().map(ShimRecord::from).collect();
        let mut missing = self.lines.missing.lock().unwrap_or_else(PoisonError::into_inner);
        for shim in shims.iter().filter(|shim| !shim.supplied) {
            if missing.len() < MISSING_MOST {
                missing.insert(shim.name.clone());
            }
        }
        drop(missing);
        self.write(&ShimsRecord { kind: "shims", t_us: micros(self.lines.started), worker, driver, shims });
    }

    /// The functions that were called and are not supplied, as `library!function`.
    pub(crate) fn missing(&self) -> BTreeSet<String> {
        self.lines.missing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes one line, if anybody reads it.
    fn write(&self, record: &impl Serialize) {
        let Some(file) = &self.lines.file else { return };
        let Ok(mut line) = serde_json::to_vec(record) else { return };
        line.push(b'\n');
        // One write for a whole line, so that a reader who follows the file never sees half of one.
        let written = file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
        if let Err(error) = written
            && !self.lines.failed.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(%error, "the trace could not be written; it is incomplete");
        }
    }
}

impl From<ShimCalls> for ShimRecord {
    /// What a worker says is hostile text.
    fn from(calls: ShimCalls) -> Self {
        let failures = calls.failures.into_iter().map(|(error, calls)| Failures { error, calls }).collect();
        let name = printable(&calls.name);
        Self { name, supplied: calls.supplied, calls: calls.calls, elapsed_ns: calls.ns, failures }
    }
}

/// Microseconds since `start`.
pub(crate) fn micros(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX)
}
