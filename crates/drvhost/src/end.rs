//! The end of a session: every driver is told before anything is taken away from any of them.
//!
//! 1. Every open instance gets DRV_EXITSESSION once ([`Broadcast`]).
//! 2. Only then are good instances closed, in reverse open order, and modules disabled and freed. A bad instance gets nothing further.
//!
//! A session that ends with the application that it belonged to, while others go on, differs in what its drivers are told:
//! DRV_EXITAPPLICATION (C082).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use mmsystem::DRV_CLOSE;
use serde::{Deserialize, Serialize};

use crate::broadcast::{Announcement, Broadcast, Told};
use crate::module::Module;
use crate::reply::Reply;
use crate::session::{Hdrvr, Inner};
use crate::trace::{Cause, Outcome, micros};

/// What follows the broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// DRV_CLOSE to each good instance, then DRV_DISABLE and DRV_FREE.
    #[default]
    Orderly,
    /// DRV_DISABLE and DRV_FREE without DRV_CLOSE, as Windows 3.1 did (C075, C076).
    Windows31,
}

/// Why a session ends, which is what its drivers are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reason {
    /// The session as a whole ends: DRV_EXITSESSION.
    #[default]
    SessionEnd,
    /// The application has ended as it should: DRV_EXITAPPLICATION with `DRVEA_NORMALEXIT`.
    NormalExit,
    /// The application has ended otherwise: DRV_EXITAPPLICATION with `DRVEA_ABNORMALEXIT`.
    AbnormalExit,
}

/// How a session is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    /// What drivers are told.
    pub reason: Reason,
    /// What follows.
    pub policy: Policy,
    /// How long all of it may take; `None`: as long as the session's deadline for each message allows. The broadcast has three quarters of it, and
    /// no more than that deadline. Whatever is not closed when it is over gets nothing further; interrupting a driver that
    /// does not come back may take another half second.
    pub within: Option<Duration>,
}

/// What became of an instance's DRV_CLOSE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CloseOutcome {
    /// The driver answered non-zero.
    Closed,
    /// It answered 0; the end went on.
    Refused,
    /// It did not answer in time.
    Late,
    /// It faulted.
    Faulted,
    /// Its worker died.
    Died,
}

/// How the end went. As JSON: an object with these fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Every instance that was open, in open order.
    pub instances: Vec<InstanceReport>,
    /// How long the whole end took, in microseconds.
    pub elapsed_us: u64,
}

impl Report {
    /// Of instances in open order, for what began at `started`.
    pub(crate) fn new(told: Vec<Told>, started: Instant) -> Self {
        Self { instances: told.into_iter().map(|told| told.report).collect(), elapsed_us: micros(started) }
    }

    /// Whether every instance answered DRV_EXITSESSION.
    #[must_use]
    pub fn all_answered(&self) -> bool {
        self.instances.iter().all(|instance| instance.outcome == Outcome::Answered)
    }
}

/// How one instance took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceReport {
    /// The driver's file name.
    pub driver: String,
    /// Its handle.
    pub hdrvr: i64,
    /// Its identifier.
    pub id: i64,
    /// How DRV_EXITSESSION ended.
    pub outcome: Outcome,
    /// What it answered; nothing depends on it (C074).
    pub result: Option<i64>,
    /// How long it took, in microseconds.
    pub elapsed_us: u64,
    /// What became of DRV_CLOSE; absent where none was sent.
    pub close: Option<CloseOutcome>,
    /// What went wrong, in words.
    pub error: Option<String>,
}

/// Ends a session. `all_told` is called between the broadcast and the first close, with the time when the broadcast had to be over.
pub(crate) fn run(session: &Inner, end: &End, all_told: impl FnOnce(Option<Instant>)) -> Report {
    let started = Instant::now();
    let share = |share: Duration| started.checked_add(share);
    let limit = end.within.and_then(share);
    let until = session.soonest(end.within.map(|within| within / 4 * 3).and_then(share));
    let announcement = Announcement::end(end.reason);
    session.gate.begin_to_close();
    let instances = session.table.open();
    let broadcast = Broadcast::new(session, announcement, instances.len(), until);
    let mut told = broadcast.tell(instances);
    // What was being opened meanwhile is told as it arrives, as far as there is time.
    let mut known: BTreeSet<Hdrvr> = told.iter().map(|told| told.hdrvr).collect();
    loop {
        let settled = session.gate.settle(until);
        let mut arrived = session.table.open();
        arrived.retain(|(hdrvr, _)| known.insert(*hdrvr));
        told.extend(broadcast.tell(arrived));
        if settled {
            break;
        }
    }
    told.sort_by_key(|told| told.order);
    all_told(until);
    let closing = Closing { session, cause: announcement.cause, limit };
    match end.policy {
        Policy::Orderly => closing.in_order(&mut told),
        Policy::Windows31 => closing.retire_all(&told),
    }
    let unused = std::mem::take(&mut *session.unused.lock().unwrap_or_else(PoisonError::into_inner));
    for (module, hdrvr) in unused {
        closing.retire(&module, hdrvr);
    }
    session.table.clear();
    Report::new(told, started)
}

/// What follows the broadcast.
#[derive(Debug)]
struct Closing<'a> {
    session: &'a Inner,
    cause: Cause,
    /// When it must be over.
    limit: Option<Instant>,
}

impl Closing<'_> {
    /// Closes every good instance, the last opened first, and retires each module with its last good instance. A module none of
    /// whose instances came back from its last message gets nothing further.
    fn in_order(&self, told: &mut [Told]) {
        // For each module, the instance that DRV_DISABLE and DRV_FREE will name.
        let mut came_back: BTreeMap<u32, Hdrvr> = BTreeMap::new();
        for index in (0..told.len()).rev() {
            let (before, from_here) = told.split_at_mut(index);
            let Some(instance) = from_here.first_mut().filter(|instance| instance.good()) else { continue };
            let number = instance.module.number;
            if self.over() {
                instance.report.error = Some("there was no time left to close it".to_owned());
                continue;
            }
            if self.close(instance) {
                came_back.insert(number, instance.hdrvr);
            }
            let others = before.iter().any(|other| other.good() && other.module.number == number);
            if let Some(&hdrvr) = came_back.get(&number).filter(|_| !others) {
                self.retire(&instance.module, hdrvr);
            }
        }
    }

    /// Closes an instance; whether its driver came back from that.
    fn close(&self, instance: &mut Told) -> bool {
        let until = self.session.soonest(self.limit);
        if let Err(error) = self.session.close_devices(instance.hdrvr, &instance.module, until) {
            instance.report.error = Some(error.to_string());
            return false;
        }
        let until = self.session.soonest(self.limit);
        // A handle that is none any more was closed by another driver meanwhile.
        let Ok((module, reply)) = self.session.send_close(instance.hdrvr, 0, 0, until, Some(self.cause))
        else {
            return false;
        };
        let outcome = match reply {
            Reply::Answered(0) => CloseOutcome::Refused,
            Reply::Answered(_) => CloseOutcome::Closed,
            Reply::Late { .. } | Reply::Busy => CloseOutcome::Late,
            Reply::Faulted(_) => CloseOutcome::Faulted,
            Reply::Died(_) => CloseOutcome::Died,
        };
        instance.report.close = Some(outcome);
        let came_back = matches!(outcome, CloseOutcome::Closed | CloseOutcome::Refused);
        if !came_back {
            instance.report.error = Some(module.failure(reply, DRV_CLOSE).to_string());
        }
        came_back
    }

    /// Retires every module that has a good instance, in the order of their first ones.
    fn retire_all(&self, told: &[Told]) {
        let mut done = Vec::new();
        for told in told.iter().filter(|told| told.good()) {
            if !done.contains(&told.module.number) {
                done.push(told.module.number);
                self.retire(&told.module, told.hdrvr);
            }
        }
    }

    fn retire(&self, module: &Module, hdrvr: Hdrvr) {
        if !self.over() {
            self.session.retire(module, hdrvr, self.limit, Some(self.cause));
        }
    }

    fn over(&self) -> bool {
        self.limit.is_some_and(|limit| limit <= Instant::now())
    }
}
