//! The end of a session: every driver is told before anything is taken away from any of them.
//!
//! 1. Every open instance gets DRV_EXITSESSION once, in open order within a worker, workers side by side.
//! 2. One that does not answer in time, or faults, costs nobody else theirs.
//! 3. Only then are good instances closed, in reverse open order, and modules disabled and freed. A bad instance gets nothing further.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mmsystem::{DRV_CLOSE, DRV_EXITSESSION};
use serde::Serialize;

use crate::module::{Message, Module};
use crate::reply::Reply;
use crate::session::{Hdrvr, Inner};
use crate::table::{Phase, Slot};
use crate::trace::{Cause, Outcome, micros};

/// The least that an instance which still waits for its turn is left with, where there is that much.
const RESERVE: Duration = Duration::from_millis(20);

/// How long after the broadcast's deadline a worker may take for all of its instances to be interrupted, one after another.
const PATIENCE: Duration = Duration::from_millis(500);

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
    let instances = session.table.open();
    let floor = until.map_or(Duration::ZERO, |until| {
        reserve(until.saturating_duration_since(started), instances.len().max(1))
    });
    let mut told = tell(session, instances, until, floor);
    // What was being opened meanwhile is told as it arrives, as far as there is time.
    loop {
        let settled = session.gate.settle(until);
        let mut arrived = session.table.open();
        arrived.retain(|(hdrvr, _)| told.iter().all(|told| told.hdrvr != *hdrvr));
        told.extend(tell(session, arrived, until, floor));
        if settled {
            break;
        }
    }
    told.sort_by_key(|told| told.order);
    match policy {
        Policy::Orderly => close_in_order(session, &mut told),
        Policy::Windows31 => retire_all(session, &told),
    }
    let unused = std::mem::take(&mut *session.unused.lock().unwrap_or_else(PoisonError::into_inner));
    for (module, hdrvr) in unused {
        session.retire(&module, hdrvr, None, Some(Cause::SessionEnd));
    }
    session.table.clear();
    Report { instances: told.into_iter().map(|told| told.report).collect(), elapsed_us: micros(started) }
}

/// Tells instances: those of one worker one after another, workers side by side. Each has at least `floor`.
fn tell(
    session: &Inner,
    instances: Vec<(Hdrvr, Slot)>,
    until: Option<Instant>,
    floor: Duration,
) -> Vec<Told> {
    let mut by_worker: BTreeMap<u32, Vec<(Hdrvr, Slot)>> = BTreeMap::new();
    for (hdrvr, slot) in instances {
        by_worker.entry(slot.module.worker.number).or_default().push((hdrvr, slot));
    }
    let told = Mutex::new(Vec::new());
    let broadcast = |instances| broadcast(session, instances, until, floor, &told);
    thread::scope(|scope| {
        for instances in by_worker.into_values() {
            let theirs = instances.clone();
            // Where the system gives no further thread, one after another is still better than not at all.
            if thread::Builder::new().spawn_scoped(scope, move || broadcast(theirs)).is_err() {
                broadcast(instances);
            }
        }
    });
    told.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// An instance that was told, or could not be.
#[derive(Debug)]
struct Told {
    hdrvr: Hdrvr,
    order: u64,
    module: Arc<Module>,
    report: InstanceReport,
}

impl Told {
    fn good(&self) -> bool {
        self.report.outcome == Outcome::Answered
    }
}

/// Tells the instances of one worker, in order.
fn broadcast(
    session: &Inner,
    instances: Vec<(Hdrvr, Slot)>,
    until: Option<Instant>,
    floor: Duration,
    told: &Mutex<Vec<Told>>,
) {
    let mut waiting = instances.len();
    let patience = until.map(|until| until.max(Instant::now()) + PATIENCE);
    for (hdrvr, slot) in instances {
        waiting -= 1;
        if patience.is_some_and(|patience| Instant::now() > patience) {
            slot.module.worker.end("was killed because its drivers kept the session's end waiting");
        }
        let own = until.map(|until| own_deadline(Instant::now(), until, waiting, floor));
        let message = Message::to_module(hdrvr, DRV_EXITSESSION, Some(Cause::SessionEnd));
        let message = Message { id: slot.id, ..message };
        let started = Instant::now();
        // A driver may close it during the broadcast, even while it waits for its turn (C077).
        let open = || session.table.get(hdrvr).is_some_and(|now| now.phase == Phase::Open);
        let Some(reply) = slot.module.send(&message, open, |_| (), session, &session.trace, own) else {
            continue;
        };
        let (outcome, result) = reply.outcome();
        let error =
            (outcome != Outcome::Answered).then(|| slot.module.failure(reply, DRV_EXITSESSION).to_string());
        let report = InstanceReport {
            driver: slot.module.name.clone(),
            hdrvr: hdrvr.0.cast_signed(),
            id: slot.id,
            outcome,
            result,
            elapsed_us: micros(started),
            close: None,
            error,
        };
        let instance = Told { hdrvr, order: slot.order, module: slot.module, report };
        told.lock().unwrap_or_else(PoisonError::into_inner).push(instance);
    }
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

/// Closes every good instance, the last opened first, and retires each module with its last good instance. A module none of
/// whose instances came back from its last message gets nothing further.
fn close_in_order(session: &Inner, told: &mut [Told]) {
    // For each module, the instance that DRV_DISABLE and DRV_FREE will name.
    let mut came_back: BTreeMap<u32, Hdrvr> = BTreeMap::new();
    for index in (0..told.len()).rev() {
        let (before, from_here) = told.split_at_mut(index);
        let Some(instance) = from_here.first_mut().filter(|instance| instance.good()) else { continue };
        let number = instance.module.number;
        // A handle that is none any more was closed by another driver meanwhile.
        if let Ok((module, reply)) =
            session.send_close(instance.hdrvr, 0, 0, session.until(), Some(Cause::SessionEnd))
        {
            let outcome = match reply {
                Reply::Answered(0) => CloseOutcome::Refused,
                Reply::Answered(_) => CloseOutcome::Closed,
                Reply::Late { .. } | Reply::Busy => CloseOutcome::Late,
                Reply::Faulted(_) => CloseOutcome::Faulted,
                Reply::Died(_) => CloseOutcome::Died,
            };
            instance.report.close = Some(outcome);
            if matches!(outcome, CloseOutcome::Closed | CloseOutcome::Refused) {
                came_back.insert(number, instance.hdrvr);
            } else {
                instance.report.error = Some(module.failure(reply, DRV_CLOSE).to_string());
            }
        }
        let others = before.iter().any(|other| other.good() && other.module.number == number);
        if let Some(&hdrvr) = came_back.get(&number).filter(|_| !others) {
            session.retire(&instance.module, hdrvr, None, Some(Cause::SessionEnd));
        }
    }
}

/// Retires every module that has a good instance, in the order of their first ones.
fn retire_all(session: &Inner, told: &[Told]) {
    let mut done = Vec::new();
    for told in told.iter().filter(|told| told.good()) {
        if !done.contains(&told.module.number) {
            done.push(told.module.number);
            session.retire(&told.module, told.hdrvr, None, Some(Cause::SessionEnd));
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
