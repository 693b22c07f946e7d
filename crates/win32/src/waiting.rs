//! Waiting: what a thread does while something is not as it wants it.
//!
//! A thread that waits says for what, so that whoever changes that can tell it. Kernel objects are handed over at once, to the thread that has waited for
//! the longest time, as on Windows: an event that is set and reset ends the waits that there were, and who gives a mutex back and wants it again has to
//! wait like anybody else. For all other things a thread looks again, as others may have been faster.

use std::time::Duration;

use guest::{FaultKind, POOL, Stop};

use crate::kernel32::handles::{Handles, Id, Object};
use crate::kernel32::wait;
use crate::process::Process;
use crate::turns::SLICE;

/// What a thread waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Awaited {
    /// Anything may be what it wants, these kernel objects among it.
    Anything(Vec<Id>),
    /// The first of these kernel objects, or anything else.
    FirstOrElse(Vec<Id>),
    /// The first of some kernel objects.
    First(Vec<Id>),
    /// All of some kernel objects.
    All(Vec<Id>),
    /// Changes of what lies at an address: a lock in guest memory.
    Address(u64),
}

impl Awaited {
    /// The kernel objects.
    fn objects(&self) -> &[Id] {
        match self {
            Self::Anything(ids) | Self::FirstOrElse(ids) | Self::First(ids) | Self::All(ids) => ids,
            Self::Address(_) => &[],
        }
    }

    /// Whether other things than objects may be what is wanted.
    fn is_open(&self) -> bool {
        matches!(self, Self::Anything(_) | Self::FirstOrElse(_))
    }
}

/// A thread's wait.
#[derive(Debug)]
struct Wait {
    what: Awaited,
    /// As the how manieth it began.
    turn: u64,
    /// What it has ended with, which the thread does not know yet.
    ended: Option<u32>,
}

/// The threads that wait, by number.
#[derive(Debug)]
pub(crate) struct Waiting {
    threads: [Option<Wait>; 1 + POOL],
    turns: u64,
}

impl Waiting {
    pub fn new() -> Self {
        Self { threads: std::array::from_fn(|_| None), turns: 0 }
    }

    /// The threads that wait for something that is `wanted`, in the order in which they came.
    fn which(&self, wanted: impl Fn(&Awaited) -> bool) -> Vec<usize> {
        let threads = self.threads.iter().enumerate();
        let waits = threads.filter_map(|(number, wait)| wait.as_ref().map(|wait| (wait, number)));
        let mut found: Vec<_> = waits.filter(|(wait, _)| wanted(&wait.what)).collect();
        found.sort_unstable_by_key(|(wait, _)| wait.turn);
        found.into_iter().map(|(_, number)| number).collect()
    }

    /// What a thread's wait for objects has ended with, if it has; nobody is told twice.
    pub fn take_end(&mut self, thread: usize) -> Option<u32> {
        self.threads[thread].as_mut()?.ended.take()
    }
}

impl Process {
    /// Does nothing for `time`, or until the host ends the guest's call.
    pub(crate) fn pause(&mut self, time: Duration) -> Result<(), Stop> {
        self.wait_on(Awaited::First(Vec::new()), time, |_| Ok(None::<()>)).map(|_| ())
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
        let address = if let Awaited::Address(address) = what { Some(address) } else { None };
        // A look that calls the guest may have it wait, too.
        let outer = self.waiting.threads[number].replace(Wait { what, turn, ended: None });
        let outcome = self.wait_here(number, time, look);
        self.waiting.threads[number] = outer;
        if let Some(address) = address.filter(|_| !matches!(outcome, Ok(Some(_)))) {
            // It may be the only one that was told, and goes without having looked.
            self.changed_at(address, 1);
        }
        outcome
    }

    fn wait_here<T>(
        &mut self,
        number: usize,
        time: Duration,
        mut look: impl FnMut(&mut Self) -> Result<Option<T>, Stop>,
    ) -> Result<Option<T>, Stop> {
        let end = self.now().checked_add(time);
        // Who only looks lets others have their turn, too, and looks once more.
        let mut looks_only = time.is_zero() && self.clock.is_own();
        loop {
            // Before it looks, as what it would take then nobody could give back.
            if let Some(code) = self.kernel32.threads.ending(number) {
                return Err(Stop::Kind(FaultKind::ThreadExit { code }));
            }
            // What changes from here on ends the wait below.
            let (seen, looked) = (self.machine.changes(), self.now());
            if let Some(found) = look(self)? {
                return Ok(Some(found));
            }
            if self.machine.interrupted() {
                return Err(Stop::Kind(FaultKind::Deadline));
            }
            let until = [end, self.due(number, looked)].into_iter().flatten().min();
            let now = self.now();
            if std::mem::take(&mut looks_only) {
                self.yield_turn()?;
                continue;
            }
            if end.is_some_and(|end| end <= now) {
                return Ok(None);
            }
            if self.clock.is_own() {
                self.rest(number, seen, until);
                continue;
            }
            let left = until.map(|until| until.saturating_sub(now));
            // On the thread that serves requests: the one to interrupt may come just before a wait begins, so none is long.
            let slice = if number == 0 { Some(left.map_or(SLICE, |left| left.min(SLICE))) } else { left };
            guest::wait_for_change(self, seen, slice);
        }
    }

    /// When something that the thread waits for is there without anybody's doing: a timer is signalled, or where messages count, the time of WM_TIMER
    /// comes that had not come when the thread `looked`.
    fn due(&mut self, number: usize, looked: Duration) -> Option<Duration> {
        let now = self.now();
        let what = &self.waiting.threads[number].as_ref()?.what;
        let table = &mut self.kernel32.handles;
        let due = |&id: &Id| match table.object(id) {
            Some(Object::Timer(timer)) => timer.next(now),
            _ => None,
        };
        let signalled = what.objects().iter().filter_map(due).min();
        let message = if what.is_open() { crate::user32::next_timer(self, number, looked) } else { None };
        signalled.into_iter().chain(message).min()
    }

    /// Tells the threads that something has changed that is no kernel object and no lock: those whose waits it may end.
    pub(crate) fn changed_otherwise(&self) {
        self.waiting.which(Awaited::is_open).into_iter().for_each(|number| self.machine.change_for(number));
    }

    /// Hands an object that has changed to the threads that wait for it, as far as it goes, and tells those whose waits end so, or who may want something
    /// else of it.
    pub(crate) fn changed(&mut self, id: Id) {
        for number in self.waiting.which(|what| what.is_open() || what.objects().contains(&id)) {
            let Some(wait) = &mut self.waiting.threads[number] else { continue };
            // A thread that is suspended takes nothing, nor does one that is to end.
            let (threads, now) = (&self.kernel32.threads, self.clock.now());
            let takes =
                wait.ended.is_none() && !threads.is_suspended(number) && threads.ending(number).is_none();
            let all = match &wait.what {
                Awaited::All(ids) => Some((ids, true)),
                Awaited::First(ids) | Awaited::FirstOrElse(ids) => Some((ids, false)),
                Awaited::Anything(_) | Awaited::Address(_) => None,
            };
            if let Some((ids, all)) = all.filter(|_| takes) {
                wait.ended = wait::end(&mut self.kernel32.handles, number, ids, all, now);
            }
            if wait.ended.is_some() || wait.what.is_open() || is_timer(&mut self.kernel32.handles, id) {
                self.machine.change_for(number);
            }
        }
    }

    /// Tells `most` of the threads that wait for a lock, those that came first, that it has changed.
    pub(crate) fn changed_at(&self, address: u64, most: usize) {
        let concerned = self.waiting.which(|what| *what == Awaited::Address(address));
        concerned.into_iter().take(most).for_each(|number| self.machine.change_for(number));
    }
}

/// Whether an object is a timer, for which each thread that waits knows by itself when it is signalled.
fn is_timer(table: &mut Handles, id: Id) -> bool {
    matches!(table.object(id), Some(Object::Timer(_)))
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
            waiting.threads[number] = Some(Wait { what, turn, ended: None });
        }
        assert_eq!(waiting.which(|what| *what == Awaited::Address(8)), [5, 3, 1]);
        assert_eq!(waiting.which(|what| matches!(what, Awaited::Anything(_))), [0]);
    }
}
