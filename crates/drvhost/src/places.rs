//! Which of two processors threads and a driver's worker run on.
//!
//! Where there are just two, the system leaves threads together on one of them that could both be at work, for tens of milliseconds, and moves others to and fro between
//! two messages, with pictures and samples that then lie in the other processor's own memory. Whoever decodes knows better who has work for whom. With more processors
//! there is mostly one free, and what is kept where it is would be in the way of other programs.

use std::sync::Arc;
use std::thread;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use sandbox::processors;

use crate::worker::Worker;

/// The two processors of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Two {
    here: CpuSet,
    there: CpuSet,
}

impl Two {
    /// Those of the calling thread, which runs here; `None` where it may run on more or less than two, or has only a share of two.
    pub fn of_this_thread() -> Option<Self> {
        let two = Self::of(&sched_getaffinity(None).ok()?, processors::current()?);
        // Asked last, because it reads files.
        two.filter(|_| thread::available_parallelism().is_ok_and(|share| share.get() == 2))
    }

    /// The two of a set, for a thread that runs at one of them.
    fn of(all: &CpuSet, at: usize) -> Option<Self> {
        let mut each = (0..CpuSet::MAX_CPU).filter(|number| all.is_set(*number));
        let (Some(first), Some(second), None) = (each.next(), each.next(), each.next()) else { return None };
        let (here, there) = if at == second { (second, first) } else { (first, second) };
        Some(Self { here: only(here), there: only(there) })
    }

    /// Has the calling thread run there from now on.
    pub fn go_there(&self) {
        place(None, &self.there);
    }

    /// Has the calling thread and a worker run here, until what is answered is dropped: where they take turns, and others use what the driver makes. Neither looks for what the other
    /// says before it sleeps, because it cannot say anything meanwhile.
    pub fn together(&self, worker: Arc<Worker>) -> Placed {
        worker.set_crowded(true);
        self.placed(worker, &self.here)
    }

    /// Has the calling thread run here, and a worker there, until what is answered is dropped: where both are at work at the same time.
    pub fn apart(&self, worker: Arc<Worker>) -> Placed {
        self.placed(worker, &self.there)
    }

    fn placed(&self, worker: Arc<Worker>, at: &CpuSet) -> Placed {
        place(None, &self.here);
        place(Some(&worker), at);
        let mut both = self.here;
        (0..CpuSet::MAX_CPU).filter(|number| self.there.is_set(*number)).for_each(|number| both.set(number));
        Placed { worker, both }
    }
}

/// A thread and a worker that have their places. Dropping it, on that thread, lets both run anywhere again.
#[derive(Debug)]
pub(crate) struct Placed {
    worker: Arc<Worker>,
    both: CpuSet,
}

impl Drop for Placed {
    fn drop(&mut self) {
        self.worker.set_crowded(false);
        place(Some(&self.worker), &self.both);
        place(None, &self.both);
    }
}

/// Has the calling thread run on these.
pub(crate) fn go_to(processors: &CpuSet) {
    place(None, processors);
}

fn only(number: usize) -> CpuSet {
    let mut set = CpuSet::new();
    set.set(number);
    set
}

/// Only makes a difference to the speed, so a system that says no is no error.
fn place(worker: Option<&Worker>, set: &CpuSet) {
    let placed = match worker {
        Some(worker) => worker.run_on(set),
        None => sched_setaffinity(None, set).map_err(Into::into),
    };
    if let Err(error) = placed {
        tracing::debug!(%error, "a processor could not be chosen");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_two_only_where_there_are_just_two() {
        let set = |numbers: &[usize]| {
            let mut set = CpuSet::new();
            numbers.iter().for_each(|number| set.set(*number));
            set
        };
        let two = |here, there| Some(Two { here: only(here), there: only(there) });
        assert_eq!(Two::of(&set(&[3, 7]), 3), two(3, 7));
        assert_eq!(Two::of(&set(&[3, 7]), 7), two(7, 3));
        // It has been moved meanwhile.
        assert_eq!(Two::of(&set(&[3, 7]), 5), two(3, 7));
        assert_eq!([Two::of(&set(&[3]), 3), Two::of(&set(&[1, 2, 3]), 1)], [None, None]);
    }
}
