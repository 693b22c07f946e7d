//! Waiting: what a thread does while something is not as it wants it.
//!
//! A thread that waits says for what, so that whoever changes that can tell it. It looks again then, as others may have been faster.

use std::time::{Duration, Instant};

use guest::{FaultKind, POOL, Stop};

use crate::kernel32::handles::{Id, Object};
use crate::process::Process;

/// What a thread waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// Anything may be what it wants, these kernel objects among it.
    Anything(Vec<Id>),
    /// Changes of some kernel objects.
    Objects(Vec<Id>),
    /// Changes of what lies at an address: a lock in guest memory.
    Address(u64),
}

/// The threads that wait, by number: for what, and as the how manieth.
#[derive(Debug)]
pub(crate) struct Waiting {
    threads: [Option<(Awaited, u64)>; 1 + POOL],
    turns: u64,
}

impl Waiting {
    pub fn new() -> Self {
        Self { threads: std::array::from_fn(|_| None), turns: 0 }
    }

    /// The threads that wait for something that is `wanted`, in the order in which they came.
    fn which(&self, wanted: impl Fn(&Awaited) -> bool) -> Vec<usize> {
        let threads = self.threads.iter().enumerate();
        let waits =
            threads.filter_map(|(number, wait)| wait.as_ref().map(|(what, turn)| (turn, number, what)));
        let mut found: Vec<_> = waits.filter(|(_, _, what)| wanted(what)).collect();
        found.sort_unstable_by_key(|&(turn, ..)| turn);
        found.into_iter().map(|(_, number, _)| number).collect()
    }

    /// The threads that wait for an object, in the order in which they came.
    pub fn for_object(&self, id: Id) -> Vec<usize> {
        self.which(|what| matches!(what, Awaited::Anything(ids) | Awaited::Objects(ids) if ids.contains(&id)))
    }
}

impl Process {
    /// Does nothing for `time`, or until the host ends the guest's call.
    pub(crate) fn pause(&mut self, time: Duration) -> Result<(), Stop> {
        self.wait_on(Awaited::Objects(Vec::new()), time, |_| Ok(None::<()>)).map(|_| ())
    }

    /// Waits until `look` finds something, while other threads run; `None` when `time` is over before that. It looks whenever anything changes that
    /// shims keep.
    pub(crate) fn wait_for<T>(
        &mut self,
        time: Duration,
        look: impl FnMut(&mut Self) -> Result<Option<T>, Stop>,
    ) -> Result<Option<T>, Stop> {
        self.wait_on(Awaited::Anything(Vec::new()), time, look)
    }

    /// As [`wait_for`](Self::wait_for), but looks only when that changes which is awaited.
    pub(crate) fn wait_on<T>(
        &mut self,
        what: Awaited,
        time: Duration,
        look: impl FnMut(&mut Self) -> Result<Option<T>, Stop>,
    ) -> Result<Option<T>, Stop> {
        let number = self.machine.current();
        self.waiting.turns += 1;
        let turn = self.waiting.turns;
        // A look that calls the guest may have it wait, too.
        let outer = self.waiting.threads[number].replace((what, turn));
        let outcome = self.wait_here(number, time, look);
        self.waiting.threads[number] = outer;
        outcome
    }

    fn wait_here<T>(
        &mut self,
        number: usize,
        time: Duration,
        mut look: impl FnMut(&mut Self) -> Result<Option<T>, Stop>,
    ) -> Result<Option<T>, Stop> {
        // On the thread that serves requests: the one to interrupt may come just before a wait begins, so none is long.
        const SLICE: Duration = Duration::from_millis(10);
        let end = Instant::now().checked_add(time);
        loop {
            // What changes from here on ends the wait below.
            let seen = self.machine.changes();
            if let Some(found) = look(self)? {
                return Ok(Some(found));
            }
            if self.machine.interrupted() {
                return Err(Stop::Kind(FaultKind::Deadline));
            }
            if let Some(code) = self.kernel32.threads.ending(number) {
                return Err(Stop::Kind(FaultKind::ThreadExit { code }));
            }
            let until = [end, self.due(number)].into_iter().flatten().min();
            let now = Instant::now();
            if end.is_some_and(|end| end <= now) {
                return Ok(None);
            }
            let left = until.map(|until| until.saturating_duration_since(now));
            let slice = if number == 0 { Some(left.map_or(SLICE, |left| left.min(SLICE))) } else { left };
            guest::wait_for_change(self, seen, slice);
        }
    }

    /// When a timer that the thread waits for is signalled by itself.
    fn due(&mut self, number: usize) -> Option<Instant> {
        let Some((Awaited::Anything(ids) | Awaited::Objects(ids), _)) = &self.waiting.threads[number] else {
            return None;
        };
        let table = &mut self.kernel32.handles;
        let due = |&id: &Id| match table.object(id) {
            Some(Object::Timer(timer)) => timer.due,
            _ => None,
        };
        ids.iter().filter_map(due).min()
    }

    /// Tells the threads that wait for an object that it has changed.
    pub(crate) fn changed(&self, id: Id) {
        let concerned = self.waiting.which(|what| match what {
            Awaited::Anything(_) => true,
            Awaited::Objects(ids) => ids.contains(&id),
            Awaited::Address(_) => false,
        });
        concerned.into_iter().for_each(|number| self.machine.change_for(number));
    }

    /// Tells `most` of the threads that wait for a lock, those that came first, that it has changed.
    pub(crate) fn changed_at(&self, address: u64, most: usize) {
        let concerned = self.waiting.which(|what| *what == Awaited::Address(address));
        concerned.into_iter().take(most).for_each(|number| self.machine.change_for(number));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_told_in_the_order_in_which_they_came() {
        let mut waiting = Waiting::new();
        for (number, turn, what) in [
            (3, 1, Awaited::Address(8)),
            (1, 2, Awaited::Address(8)),
            (2, 3, Awaited::Address(16)),
            (0, 4, Awaited::Anything(Vec::new())),
            (5, 0, Awaited::Address(8)),
        ] {
            waiting.threads[number] = Some((what, turn));
        }
        assert_eq!(waiting.which(|what| *what == Awaited::Address(8)), [5, 3, 1]);
        assert_eq!(waiting.which(|what| matches!(what, Awaited::Anything(_))), [0]);
    }
}
