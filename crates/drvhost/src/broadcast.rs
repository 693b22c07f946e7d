//! A message to every open instance: those of one worker one after another, workers side by side, all within one deadline.
//!
//! One that does not answer in time, or faults, costs nobody else their turn.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mmsystem::{DRV_EXITAPPLICATION, DRV_EXITSESSION, DRV_POWER, DRVEA_ABNORMALEXIT, DRVEA_NORMALEXIT};

use crate::end::{InstanceReport, Reason};
use crate::module::{Message, Module};
use crate::session::{Hdrvr, Inner};
use crate::table::{Phase, Slot};
use crate::trace::{Cause, Outcome, micros};

/// The least that an instance which still waits for its turn is left with, where there is that much.
const RESERVE: Duration = Duration::from_millis(20);

/// How long after the broadcast's deadline a worker may take for all of its instances to be interrupted, one after another.
const PATIENCE: Duration = Duration::from_millis(500);

/// What becomes of the computer's power. DRV_POWER does not tell the driver which; the trace does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerChange {
    /// The computer is about to sleep.
    Suspend,
    /// It has woken up.
    Resume,
}

/// What every instance is told, and why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Announcement {
    number: u32,
    lparam1: i64,
    /// What the trace says of it, and of what the host does because of it.
    pub cause: Cause,
}

impl Announcement {
    /// What an end for this reason begins with.
    pub fn end(reason: Reason) -> Self {
        let (number, lparam1, cause) = match reason {
            Reason::SessionEnd => (DRV_EXITSESSION, 0, Cause::SessionEnd),
            Reason::NormalExit => (DRV_EXITAPPLICATION, DRVEA_NORMALEXIT, Cause::ApplicationExit),
            Reason::AbnormalExit => (DRV_EXITAPPLICATION, DRVEA_ABNORMALEXIT, Cause::ApplicationExit),
        };
        Self { number, lparam1: lparam1.into(), cause }
    }

    /// That the power changes.
    pub fn power(change: PowerChange) -> Self {
        let cause = match change {
            PowerChange::Suspend => Cause::Suspend,
            PowerChange::Resume => Cause::Resume,
        };
        Self { number: DRV_POWER, lparam1: 0, cause }
    }
}

/// An announcement on its way to everybody.
#[derive(Debug)]
pub(crate) struct Broadcast<'a> {
    session: &'a Inner,
    announcement: Announcement,
    /// When everybody must have answered.
    until: Option<Instant>,
    /// What each has at the least.
    floor: Duration,
}

impl<'a> Broadcast<'a> {
    /// One to about this many `instances`.
    pub fn new(
        session: &'a Inner,
        announcement: Announcement,
        instances: usize,
        until: Option<Instant>,
    ) -> Self {
        let floor = until.map_or(Duration::ZERO, |until| {
            reserve(until.saturating_duration_since(Instant::now()), instances.max(1))
        });
        Self { session, announcement, until, floor }
    }

    /// Tells instances, and answers how each took it, in the order in which they were opened.
    pub fn tell(&self, instances: Vec<(Hdrvr, Slot)>) -> Vec<Told> {
        let mut by_worker: BTreeMap<u32, Vec<(Hdrvr, Slot)>> = BTreeMap::new();
        for (hdrvr, slot) in instances {
            by_worker.entry(slot.module.worker.number).or_default().push((hdrvr, slot));
        }
        let told = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for instances in by_worker.into_values() {
                let (theirs, told) = (instances.clone(), &told);
                // Where the system gives no further thread, one after another is still better than not at all.
                if thread::Builder::new().spawn_scoped(scope, move || self.tell_worker(theirs, told)).is_err()
                {
                    self.tell_worker(instances, told);
                }
            }
        });
        let mut told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
        told.sort_by_key(|told| told.order);
        told
    }

    /// Tells the instances of one worker, in order.
    fn tell_worker(&self, instances: Vec<(Hdrvr, Slot)>, told: &Mutex<Vec<Told>>) {
        let Self { session, announcement: Announcement { number, lparam1, cause }, until, floor } = *self;
        let mut waiting = instances.len();
        let patience = until.map(|until| until.max(Instant::now()) + PATIENCE);
        for (hdrvr, slot) in instances {
            waiting -= 1;
            if patience.is_some_and(|patience| Instant::now() > patience) {
                slot.module.worker.end("was killed because its drivers kept everybody waiting");
            }
            let own = until.map(|until| own_deadline(Instant::now(), until, waiting, floor));
            let message = Message::to_module(hdrvr, number, Some(cause));
            let message = Message { id: slot.id, lparam1, ..message };
            let started = Instant::now();
            // It may be closed meanwhile, even while the message waits for its turn (C077).
            let open = || session.table.get(hdrvr).is_some_and(|now| now.phase == Phase::Open);
            let Some(reply) = slot.module.send(&message, open, |_| (), session, &session.trace, own) else {
                continue;
            };
            let (outcome, result) = reply.outcome();
            let error =
                (outcome != Outcome::Answered).then(|| slot.module.failure(reply, number).to_string());
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
}

/// An instance that was told, or could not be.
#[derive(Debug)]
pub(crate) struct Told {
    pub hdrvr: Hdrvr,
    pub order: u64,
    pub module: Arc<Module>,
    pub report: InstanceReport,
}

impl Told {
    /// Whether it came back from what it was told.
    pub fn good(&self) -> bool {
        self.report.outcome == Outcome::Answered
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
