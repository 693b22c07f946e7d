//! Which processors a job's threads and drivers run on.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Where a job's threads and drivers run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// On a processor of the job's own.
    Own,
    /// On any.
    Any,
}

/// The processors that jobs are spread over.
///
/// Where there are as many jobs as processors, each job gets one for itself: what goes from its driver to its threads, and from thread to thread, then
/// stays in that processor's own memory. Two jobs on two processors take a fifth less time that way.
#[derive(Debug)]
pub(super) struct Processors {
    /// Those that this process may use.
    all: CpuSet,
    /// The same, one by one; empty where jobs go wherever the system puts them.
    each: Vec<usize>,
}

impl Processors {
    /// For so many jobs at a time. `usable` is how many processors' time this process gets: it may be allowed to run on more of them than that, with others
    /// beside it, and must not choose then.
    pub fn new(jobs: usize, usable: usize) -> Self {
        let all = sched_getaffinity(None).unwrap_or_default();
        let each: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|number| all.is_set(*number)).collect();
        let fits = each.len() == usable && jobs >= usable && usable > 1;
        Self { all, each: if fits { each } else { Vec::new() } }
    }

    /// Has the calling thread, and all that it starts from here on, run where job `number` belongs. `left` is how many inputs nobody has begun: at
    /// the end, when some processors have nothing to do any more, the last jobs get them all. Answers which of the two it is.
    pub fn enter(&self, number: usize, left: usize) -> Place {
        let Some(own) = self.own(number, left) else {
            self.leave();
            return Place::Any;
        };
        let mut set = CpuSet::new();
        set.set(own);
        tell(&set);
        Place::Own
    }

    /// Lets the calling thread run anywhere again.
    pub fn leave(&self) {
        if !self.each.is_empty() {
            tell(&self.all);
        }
    }

    /// The processor that a job has for itself.
    fn own(&self, number: usize, left: usize) -> Option<usize> {
        let own = self.each.get(number.checked_rem(self.each.len())?)?;
        (left + 1 >= self.each.len()).then_some(*own)
    }
}

/// Only makes a difference to the speed, so a system that says no is no error.
fn tell(set: &CpuSet) {
    if let Err(error) = sched_setaffinity(None, set) {
        tracing::debug!(%error, "a job could not be given a processor");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_has_one_until_there_is_less_to_do_than_processors() {
        let processors = Processors { all: CpuSet::new(), each: vec![3, 5, 6] };
        assert_eq!([0, 1, 2, 3].map(|job| processors.own(job, 9)), [Some(3), Some(5), Some(6), Some(3)]);
        assert_eq!([3, 2, 1, 0].map(|left| processors.own(1, left)), [Some(5), Some(5), None, None]);
        let anywhere = Processors { all: CpuSet::new(), each: Vec::new() };
        assert_eq!(anywhere.own(0, 9), None);
    }

    #[test]
    fn few_jobs_and_shares_of_processors_go_anywhere() {
        let allowed = Processors::new(usize::MAX, 0).all.count() as usize;
        assert!(Processors::new(allowed - 1, allowed).each.is_empty());
        assert!(Processors::new(allowed + 9, allowed + 1).each.is_empty());
        let whole = Processors::new(allowed, allowed);
        assert_eq!(whole.each.len(), if allowed > 1 { allowed } else { 0 });
    }

    #[test]
    fn a_thread_enters_and_leaves() {
        let allowed = Processors::new(0, 0).all;
        let processors = Processors::new(usize::MAX, allowed.count() as usize);
        std::thread::spawn(move || {
            processors.enter(1, 99);
            let own = sched_getaffinity(None).unwrap();
            assert!(processors.own(1, 99).is_none_or(|number| own.is_set(number) && own.count() == 1));
            processors.enter(1, 0);
            assert_eq!(sched_getaffinity(None).unwrap(), allowed);
        })
        .join()
        .unwrap();
    }
}
