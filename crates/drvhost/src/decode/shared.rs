//! What the threads of one run share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::Instant;

use super::Progress;
use crate::error::Error;

/// How many milliseconds lie between two reports at least: whoever shows them cannot show more, and each wakes a thread.
const BETWEEN: u64 = 20;

/// How the threads of a run hear of its stop, and tell how far they are.
#[derive(Debug, Clone)]
pub(crate) struct Shared<'a> {
    stop: &'a AtomicBool,
    progress: Sender<Progress>,
    begun: Instant,
    /// From when on the next report is told, in milliseconds since then.
    next: Arc<AtomicU64>,
}

impl<'a> Shared<'a> {
    /// `stop` is set by whoever wants the run to end.
    pub fn new(stop: &'a AtomicBool, progress: Sender<Progress>) -> Self {
        Self { stop, progress, begun: Instant::now(), next: Arc::default() }
    }

    /// Tells how far a thread is, unless that was told a moment ago.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once the run is to stop.
    pub fn report(&self, progress: Progress) -> Result<(), Error> {
        if self.is_due(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)) {
            // Nobody listens any more where the run has failed; the flag is set then.
            let _ = self.progress.send(progress);
        }
        self.go_on()
    }

    /// Whether something is to be told so many milliseconds after the run's beginning; it then counts as told.
    fn is_due(&self, now: u64) -> bool {
        let due = now >= self.next.load(Ordering::Relaxed);
        if due {
            self.next.store(now.saturating_add(BETWEEN), Ordering::Relaxed);
        }
        due
    }

    /// Has the run end.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Whether the run goes on.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once it is to stop.
    pub fn go_on(&self) -> Result<(), Error> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// Starts a thread for a part of the work.
///
/// # Errors
/// [`Error::Worker`] where the system gives none.
pub(crate) fn start<'scope, 'env, T: Send + 'scope>(
    scope: &'scope Scope<'scope, 'env>,
    name: &str,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, Error> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder
        .spawn_scoped(scope, work)
        .map_err(|error| Error::Worker(format!("a thread for {name} could not be had: {error}")))
}

/// The result of a thread.
///
/// # Errors
/// That of its work; [`Error::Bug`] where it panicked.
pub(crate) fn finished<T>(thread: ScopedJoinHandle<'_, Result<T, Error>>) -> Result<T, Error> {
    thread.join().unwrap_or_else(|_| Err(Error::Bug("a thread of the work ended in a panic".into())))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::media::Unit;

    #[test]
    fn reports_are_told_from_time_to_time_and_a_stop_at_once() {
        let (stop, (to, from)) = (AtomicBool::new(false), channel());
        let shared = Shared::new(&stop, to);
        let other = shared.clone();
        let due = [0, 1, BETWEEN - 1, BETWEEN, 3 * BETWEEN, 4 * BETWEEN - 1].map(|now| other.is_due(now));
        assert_eq!(due, [true, false, false, true, true, false]);
        let report = || shared.report(Progress { done: 1, total: None, unit: Unit::Frames });
        report().unwrap();
        other.stop();
        assert!(matches!(report(), Err(Error::Interrupted)));
        drop(from);
    }
}
