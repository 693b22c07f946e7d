//! The end of a session: every driver is told before anything is taken away from any of them.
//!
//! 1. Every open instance gets DRV_EXITSESSION once, in open order within a worker, workers side by side.
//! 2. One that does not answer in time, or faults, costs nobody else theirs.
//! 3. Only then are good instances closed, in reverse open order, and modules disabled and freed. A bad instance gets nothing further.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mmsystem::DRV_EXITSESSION;
use serde::Serialize;

use crate::module::{Message, Module};
use crate::session::{Hdrvr, Inner};
use crate::table::{Phase, Slot};
use crate::trace::{Cause, Outcome, micros};
use crate::worker::Reply;

/// The least that an instance which still waits for its turn is left with, where there is that much.
const RESERVE: Duration = Duration::from_millis(20);

/// What follows the broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// DRV_CLOSE to each good instance, then DRV_DISABLE and DRV_FREE.
    #[default]
    Orderly,
    /// DRV_DISABLE and DRV_FREE without DRV_CLOSE, as Windows 3.1 did (C075, C076).
    Windows31,
}

/// What became of an instance's DRV_CLOSE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Every instance that was open, in open order.
    pub instances: Vec<InstanceReport>,
    /// How long the whole end took, in microseconds.
    pub elapsed_us: u64,
}

impl Report {
    /// Whether every instance answered DRV_EXITSESSION.
    #[must_use]
    pub fn all_answered(&self) -> bool {
        self.instances.iter().all(|instance| instance.outcome == Outcome::Answered)
    }
}

/// How one instance took it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

pub(crate) fn run(session: &Inner, policy: Policy) -> Report {
    let started = Instant::now();
    let until = session.until();
    session.gate.begin_to_close();
    let mut told = tell(session, session.table.open(), until);
    // What was being opened meanwhile is told as well, if it has arrived by then.
    session.gate.close(until);
    let late =
        session.table.open().into_iter().filter(|(hdrvr, _)| told.iter().all(|told| told.hdrvr != *hdrvr));
    let late = tell(session, late.collect(), until);
    told.extend(late);
    told.sort_by_key(|told| told.hdrvr);
    match policy {
        Policy::Orderly => close_in_order(session, &mut told),
        Policy::Windows31 => retire_all(session, &told),
    }
    session.table.clear();
    Report { instances: told.into_iter().map(|told| told.report).collect(), elapsed_us: micros(started) }
}

/// Tells instances: those of one worker one after another, workers side by side.
fn tell(session: &Inner, instances: Vec<(Hdrvr, Slot)>, until: Option<Instant>) -> Vec<Told> {
    let mut by_worker: BTreeMap<u32, Vec<(Hdrvr, Slot)>> = BTreeMap::new();
    for (hdrvr, slot) in instances {
        by_worker.entry(slot.module.number).or_default().push((hdrvr, slot));
    }
    thread::scope(|scope| {
        let broadcast = |instances| scope.spawn(move || broadcast(session, instances, until));
        let threads: Vec<_> = by_worker.into_values().map(broadcast).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    })
}

/// An instance that was told, or could not be.
#[derive(Debug)]
struct Told {
    hdrvr: Hdrvr,
    module: Arc<Module>,
    report: InstanceReport,
}

impl Told {
    fn good(&self) -> bool {
        self.report.outcome == Outcome::Answered
    }
}

/// Tells the instances of one worker, in order.
fn broadcast(session: &Inner, instances: Vec<(Hdrvr, Slot)>, until: Option<Instant>) -> Vec<Told> {
    let mut told = Vec::new();
    let mut waiting = instances.len();
    let floor = until
        .map_or(Duration::ZERO, |until| reserve(until.saturating_duration_since(Instant::now()), waiting));
    for (hdrvr, slot) in instances {
        waiting -= 1;
        let own = until.map(|until| own_deadline(Instant::now(), until, waiting, floor));
        let message = Message {
            hdrvr,
            id: slot.id,
            number: DRV_EXITSESSION,
            lparam1: 0,
            lparam2: 0,
            cause: Some(Cause::SessionEnd),
        };
        let started = Instant::now();
        // A driver may close it during the broadcast, even while it waits for its turn (C077).
        let open = || session.table.get(hdrvr).is_some_and(|now| now.phase == Phase::Open);
        let Some(reply) = slot.module.send(&message, open, session, &session.trace, own) else { continue };
        let (outcome, result) = match reply {
            Reply::Answered(result) => (Outcome::Answered, Some(result.cast_signed())),
            Reply::Late { .. } | Reply::Busy => (Outcome::Late, None),
            Reply::Faulted(_) => (Outcome::Faulted, None),
            Reply::Died(_) => (Outcome::Died, None),
        };
        let error = match reply {
            Reply::Answered(_) => None,
            bad => Some(slot.module.failure(bad, DRV_EXITSESSION).to_string()),
        };
        let report = InstanceReport {
            driver: slot.module.name.clone(),
            hdrvr: hdrvr.0.cast_signed(),
            id: slot.id.cast_signed(),
            outcome,
            result,
            elapsed_us: micros(started),
            close: None,
            error,
        };
        told.push(Told { hdrvr, module: slot.module, report });
    }
    told
}

/// When an instance must have answered that begins now, while `waiting` others of its worker have not had their turn.
fn own_deadline(now: Instant, until: Instant, waiting: usize, floor: Duration) -> Instant {
    let left = until.saturating_duration_since(now);
    let reserved = reserve(left, waiting) * u32::try_from(waiting).unwrap_or(u32::MAX);
    // What was reserved for an instance is its own, even if interrupting those before it has taken some of it.
    (now + left.saturating_sub(reserved)).max(now + floor)
}

/// What of the time that is `left` is kept for each of those who wait.
fn reserve(left: Duration, waiting: usize) -> Duration {
    match u32::try_from(waiting) {
        Ok(0) | Err(_) => Duration::ZERO,
        Ok(waiting) => RESERVE.min(left / waiting.saturating_mul(2)),
    }
}

/// Closes every good instance, the last opened first, and retires each module with its last good instance.
fn close_in_order(session: &Inner, told: &mut [Told]) {
    for index in (0..told.len()).rev() {
        let Told { hdrvr, module, .. } = &told[index];
        let (hdrvr, module) = (*hdrvr, Arc::clone(module));
        if told[index].good() {
            let closed = session.send_close(hdrvr, 0, 0, session.until(), Some(Cause::SessionEnd));
            // A handle that is none any more was closed by another driver meanwhile.
            told[index].report.close = closed.ok().map(|(_, reply)| match reply {
                Reply::Answered(0) => CloseOutcome::Refused,
                Reply::Answered(_) => CloseOutcome::Closed,
                Reply::Late { .. } | Reply::Busy => CloseOutcome::Late,
                Reply::Faulted(_) => CloseOutcome::Faulted,
                Reply::Died(_) => CloseOutcome::Died,
            });
            let others =
                told[..index].iter().any(|other| other.good() && other.module.number == module.number);
            if !others && !module.worker.dead() {
                session.retire(&module, hdrvr, Some(Cause::SessionEnd));
            }
        }
    }
}

/// Retires every module that has a good instance, in the order of their first ones.
fn retire_all(session: &Inner, told: &[Told]) {
    let mut done = Vec::new();
    for told in told.iter().filter(|told| told.good()) {
        if !done.contains(&told.module.number) {
            done.push(told.module.number);
            session.retire(&told.module, told.hdrvr, Some(Cause::SessionEnd));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deadline_is_shared_with_those_who_wait() {
        let now = Instant::now();
        let until = now + Duration::from_secs(5);
        let own = |left: Duration, waiting| own_deadline(now, now + left, waiting, Duration::ZERO) - now;
        assert_eq!(own(Duration::from_secs(5), 0), Duration::from_secs(5));
        assert_eq!(own(Duration::from_secs(5), 3), Duration::from_millis(5000 - 60));
        // With little left, half of it is kept for all who wait together.
        assert_eq!(own(Duration::from_millis(40), 10), Duration::from_millis(20));
        assert_eq!(own(Duration::ZERO, 3), Duration::ZERO);
        // What was reserved for an instance is left to it even at the end.
        let floor = reserve(Duration::from_secs(5), 3);
        assert_eq!(own_deadline(until, until, 0, floor), until + Duration::from_millis(20));
    }
}
