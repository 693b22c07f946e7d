//! Where sessions that end together wait for each other.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long after the time that all have, those who are there wait for the rest: drivers that do not come back are interrupted meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);

/// A place where a number of threads meet.
#[derive(Debug)]
pub(crate) struct Meeting {
    missing: Mutex<usize>,
    changed: Condvar,
}

/// A thread on its way there. One that turns back is not waited for either.
#[derive(Debug)]
pub(crate) struct Arriving<'a>(&'a Meeting);

impl Meeting {
    /// One of this many.
    pub fn new(expected: usize) -> Self {
        Self { missing: Mutex::new(expected), changed: Condvar::new() }
    }

    /// One of them sets off.
    pub fn arriving(&self) -> Arriving<'_> {
        Arriving(self)
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arriving<'_> {
    /// Arrives, and waits for all others, but not much beyond `until`.
    pub fn wait_for_all(self, until: Option<Instant>) {
        let meeting = self.0;
        drop(self);
        let until = until.map(|until| until + PATIENCE);
        let mut missing = meeting.lock();
        while *missing > 0 {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            missing = match left {
                Some(Duration::ZERO) => return,
                None => meeting.changed.wait(missing).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    meeting.changed.wait_timeout(missing, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Drop for Arriving<'_> {
    fn drop(&mut self) {
        let mut missing = self.0.lock();
        *missing = missing.saturating_sub(1);
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn nobody_goes_on_before_all_have_arrived_or_turned_back() {
        let (meeting, arrived) = (Meeting::new(4), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for number in 0..4 {
                let arriving = meeting.arriving();
                let arrived = &arrived;
                scope.spawn(move || {
                    std::thread::sleep(Duration::from_millis(5 * number));
                    arrived.fetch_add(1, Ordering::SeqCst);
                    // One of them turns back.
                    if number != 2 {
                        arriving.wait_for_all(None);
                        assert_eq!(arrived.load(Ordering::SeqCst), 4);
                    }
                });
            }
        });
    }

    #[test]
    fn who_does_not_come_is_not_waited_for_without_end() {
        let meeting = Meeting::new(2);
        let until = Instant::now();
        meeting.arriving().wait_for_all(Some(until));
        assert!(until.elapsed() >= PATIENCE);
    }
}
