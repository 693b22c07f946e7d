//! A session under test.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use drvhost::{Block, Builder, DriverFile, Error, Hdrvr, Origin, Outcome, Session, Trace};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use crate::log::Log;
use crate::sequence::Sequence;
use crate::{Machine, SPY_CLOSE, SPY_SEND, SPY_WATCH, driver, lparams, registry};

/// A session with its trace in a temporary folder, for drivers of one machine. No driver of it has less than half a minute, unless the test says so.
#[derive(Debug)]
pub struct Rig {
    /// The session.
    pub session: Session,
    machine: Machine,
    folder: TempDir,
    /// How many calls [`skip_so_far`](Self::skip_so_far) has put aside.
    skipped: Cell<usize>,
}

/// One line of the trace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    #[expect(dead_code, reason = "it is what calls are known by")]
    kind: String,
    /// Counts calls as they begin.
    pub seq: u64,
    /// When it began, in microseconds.
    pub t_us: u64,
    /// The worker's number.
    pub worker: u32,
    /// The driver's file name.
    pub driver: String,
    /// hdrvr.
    pub hdrvr: i64,
    /// dwDriverId.
    pub id: i64,
    /// The message's name.
    pub message: Option<String>,
    /// The message.
    pub number: u32,
    /// lParam1.
    pub lparam1: i64,
    /// lParam2.
    pub lparam2: i64,
    /// The answer, if there was one.
    pub result: Option<i64>,
    /// How long it took.
    pub elapsed_us: u64,
    /// `answered`, `late`, `faulted` or `died`.
    pub outcome: String,
    /// `session_end`, or nothing.
    pub cause: Option<String>,
}

impl Call {
    /// When it ended, in microseconds.
    #[must_use]
    pub fn end_us(&self) -> u64 {
        self.t_us + self.elapsed_us
    }

    /// The three values that standard messages leave 0.
    #[must_use]
    pub fn parameters(&self) -> (i64, i64, i64) {
        (self.id, self.lparam1, self.lparam2)
    }

    /// Whether the trace calls its end by this name.
    #[must_use]
    pub fn ended(&self, outcome: Outcome) -> bool {
        serde_json::to_value(outcome).is_ok_and(|name| name == self.outcome.as_str())
    }
}

/// Every call that a trace tells of, in the order in which they began. What else it tells is looked at elsewhere.
///
/// # Panics
/// When the trace is not as it should be.
#[must_use]
pub fn calls_in(trace: &Path) -> Vec<Call> {
    let read = |line: Value| {
        let said = line.to_string();
        serde_json::from_value::<Call>(line).unwrap_or_else(|error| panic!("{error} in {said}"))
    };
    let mut calls: Vec<Call> = lines_in(trace, "call").into_iter().map(read).collect();
    calls.sort_by_key(|call| call.seq);
    calls
}

/// Every line of a kind in a trace.
///
/// # Panics
/// When the trace is not as it should be.
#[must_use]
pub fn lines_in(trace: &Path, kind: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(trace).expect("the trace can be read");
    let read = |line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error} in {line}"));
    text.lines().map(read).filter(|line| line["kind"] == kind).collect()
}

/// A file as a driver, with the text of its DRV_OPEN; empty text is NULL.
#[must_use]
pub fn driver_file(path: PathBuf, text: &str) -> DriverFile {
    let text = (!text.is_empty()).then(|| text.to_owned());
    DriverFile { path, text, alias: None, origin: Origin::DriverPath }
}

impl Rig {
    /// A session as it usually is.
    #[must_use]
    pub fn new(machine: Machine) -> Self {
        Self::with(machine, |builder| builder)
    }

    /// A session whose drivers have this long.
    #[must_use]
    pub fn with_deadline(machine: Machine, deadline: Duration) -> Self {
        Self::with(machine, |builder| builder.deadline(Some(deadline)))
    }

    /// A session that is set up further by `set_up`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn with(machine: Machine, set_up: impl FnOnce(Builder) -> Builder) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let trace = Trace::to_file(&folder.path().join("trace")).expect("a trace");
        let builder = Session::builder().registry(registry(machine)).trace(trace);
        let mut builder = builder.deadline(Some(Duration::from_secs(30)));
        // A worker is started in one of two ways, which must not make a difference; most tests are for both machines.
        if machine == Machine::I386 {
            builder = builder.only_copies().expect("a spawner");
        }
        let session = set_up(builder).start().expect("a session starts");
        Self { session, machine, folder, skipped: Cell::new(0) }
    }

    /// The machine that its drivers are for.
    #[must_use]
    pub fn machine(&self) -> Machine {
        self.machine
    }

    /// Opens a test driver.
    ///
    /// # Errors
    /// As the session.
    pub fn try_open(&self, name: &str, text: &str) -> Result<Hdrvr, Error> {
        self.try_open_file(&driver(self.machine, name), text, 0)
    }

    /// Opens a driver by its file.
    ///
    /// # Errors
    /// As the session.
    pub fn try_open_file(&self, file: &Path, text: &str, lparam2: i64) -> Result<Hdrvr, Error> {
        self.session.open(&driver_file(file.to_owned(), text), |_| Ok(lparam2))
    }

    /// Opens a test driver.
    ///
    /// # Panics
    /// When it does not open.
    #[must_use]
    pub fn open(&self, name: &str, text: &str) -> Hdrvr {
        self.try_open(name, text).unwrap_or_else(|error| panic!("{name} `{text}`: {error}"))
    }

    /// A copy of a test driver under another name, which makes it another module.
    ///
    /// # Panics
    /// When it cannot be copied.
    #[must_use]
    pub fn copy(&self, name: &str, file: &str) -> PathBuf {
        let copy = self.folder.path().join(file);
        std::fs::copy(driver(self.machine, name), &copy).expect("a driver can be copied");
        copy
    }

    /// Sends a message that must be answered.
    ///
    /// # Panics
    /// When it is not.
    pub fn send(&self, hdrvr: Hdrvr, message: u32, lparam1: i64, lparam2: i64) -> i64 {
        let answer = self.session.send(hdrvr, message, lparam1, lparam2);
        answer.unwrap_or_else(|error| panic!("message {message:#x} to {hdrvr}: {error}"))
    }

    /// Closes an instance, with both parameters 0.
    ///
    /// # Panics
    /// When the driver does not answer.
    pub fn close(&self, hdrvr: Hdrvr) -> i64 {
        self.session.close(hdrvr, 0, 0).unwrap_or_else(|error| panic!("closing {hdrvr}: {error}"))
    }

    /// Memory shared with an instance's driver that holds `values`, each an LPARAM.
    ///
    /// # Panics
    /// When there is none left.
    #[must_use]
    pub fn block(&self, hdrvr: Hdrvr, values: &[i64]) -> Block {
        self.bytes(hdrvr, &lparams(self.machine, values))
    }

    /// Memory shared with an instance's driver that holds `bytes`.
    ///
    /// # Panics
    /// When there is none left.
    #[must_use]
    pub fn bytes(&self, hdrvr: Hdrvr, bytes: &[u8]) -> Block {
        self.session.arena(hdrvr).and_then(|arena| arena.block_with(bytes)).expect("a block")
    }

    /// Has a spy keep its log where the test reads it, what it logged before included.
    ///
    /// # Panics
    /// When it cannot.
    #[must_use]
    pub fn watch(&self, hdrvr: Hdrvr) -> Log {
        let block = self.session.arena(hdrvr).and_then(|arena| arena.block(Log::SIZE)).expect("a block");
        assert_eq!(self.send(hdrvr, SPY_WATCH, block.lparam(), 0), 1);
        Log::new(block)
    }

    /// Has a spy call SendDriverMessage; answers what that answered.
    pub fn have_send(&self, spy: Hdrvr, hdrvr: u64, message: u32, lparam1: i64, lparam2: i64) -> i64 {
        let values = self.block(spy, &[hdrvr.cast_signed(), message.into(), lparam1, lparam2]);
        self.send(spy, SPY_SEND, values.lparam(), 0)
    }

    /// Has a spy call CloseDriver; answers what that answered.
    pub fn have_close(&self, spy: Hdrvr, hdrvr: u64, lparam1: i64, lparam2: i64) -> i64 {
        let values = self.block(spy, &[hdrvr.cast_signed(), 0, lparam1, lparam2]);
        self.send(spy, SPY_CLOSE, values.lparam(), 0)
    }

    /// Every call since the last [`skip_so_far`](Self::skip_so_far), in the order in which they began.
    ///
    /// # Panics
    /// When the trace is not as it should be.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        calls_in(&self.folder.path().join("trace")).split_off(self.skipped.get())
    }

    /// What drivers were refused.
    #[must_use]
    pub fn refusals(&self) -> Vec<Value> {
        lines_in(&self.folder.path().join("trace"), "refused")
    }

    /// Every line of another kind in the trace.
    #[must_use]
    pub fn lines(&self, kind: &str) -> Vec<Value> {
        lines_in(&self.folder.path().join("trace"), kind)
    }

    /// The calls that carry a handle.
    #[must_use]
    pub fn calls_of(&self, hdrvr: Hdrvr) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.hdrvr == hdrvr.0.cast_signed()).collect()
    }

    /// The calls with a message.
    #[must_use]
    pub fn calls_with(&self, message: u32) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.number == message).collect()
    }

    /// The only call with a message.
    ///
    /// # Panics
    /// When there is none, or more than one.
    #[must_use]
    pub fn call_with(&self, message: u32) -> Call {
        let mut calls = self.calls_with(message);
        assert_eq!(calls.len(), 1, "message {message:#x} in {}", self.sequence());
        calls.remove(0)
    }

    /// The messages of [`calls`](Self::calls), without acts.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        Sequence::of(self.calls().iter().map(|call| call.number))
    }

    /// The messages of [`calls_of`](Self::calls_of), without acts.
    #[must_use]
    pub fn sequence_of(&self, hdrvr: Hdrvr) -> Sequence {
        Sequence::of(self.calls_of(hdrvr).iter().map(|call| call.number))
    }

    /// Puts the calls so far aside.
    pub fn skip_so_far(&self) {
        self.skipped.set(self.skipped.get() + self.calls().len());
    }
}
