//! Where a worker runs that has just been started: not on the processor of the thread that has started it.
//!
//! The kernel may have both go on on one. Whoever has started a worker mostly has much to do before it waits for that, and a process that does nothing but start stays where it is for
//! milliseconds, beside a processor that is idle. One start of a worker in three took a quarter to a third longer for this.

use std::fs;

use rustix::process::Pid;
use rustix::thread::{sched_getaffinity, sched_setaffinity};

/// Which number after the name in parentheses, from 0, is the processor that a process last ran on (proc_pid_stat(5), field 39).
const PROCESSOR: usize = 36;

/// Has the calling thread go on on another processor where it shares one with `process` and may use others. What it may use stays the same.
pub(crate) fn part_from(process: Pid) {
    let own = None;
    let Some(here) = here().filter(|&here| processor_of(process) == Some(here)) else { return };
    let Ok(allowed) = sched_getaffinity(own) else { return };
    let mut others = allowed;
    others.unset(here);
    // Refused where there are no others. The second call moves nothing.
    if others.count() > 0 && sched_setaffinity(own, &others).is_ok() {
        let _ = sched_setaffinity(own, &allowed);
    }
}

/// The processor that the calling thread is on; `None` where the system does not say.
fn here() -> Option<usize> {
    // Not rustix's, which looks for the kernel's own library and does not survive where valgrind has taken that away.
    // SAFETY: takes nothing and answers a number.
    usize::try_from(unsafe { libc::sched_getcpu() }).ok()
}

/// The processor that a process last ran on.
fn processor_of(process: Pid) -> Option<usize> {
    let text = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).ok()?;
    // The name is the process's own, and may have anything in it.
    let (_, numbers) = text.rsplit_once(") ")?;
    numbers.split(' ').nth(PROCESSOR)?.trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use rustix::thread::gettid;

    use super::*;

    #[test]
    fn a_thread_leaves_its_own_processor_and_may_come_back() {
        let allowed = sched_getaffinity(None).unwrap();
        // The scheduler can bring it back before anybody looks, but not always.
        let left = (0..100).any(|_| {
            let before = here();
            part_from(gettid());
            assert_eq!(sched_getaffinity(None).unwrap(), allowed);
            here() != before
        });
        assert_eq!(left, allowed.count() > 1);
    }

    #[test]
    fn nobody_parts_from_a_process_that_is_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        child.wait().unwrap();
        assert_eq!(processor_of(pid), None);
    }
}
