//! What the threads of one run share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::{self, Scope, ScopedJoinHandle};

use super::Progress;
use crate::error::Error;

/// How the threads of a run hear of its stop, and tell how far they are.
#[derive(Debug, Clone)]
pub(crate) struct Shared<'a> {
    stop: &'a AtomicBool,
    progress: Sender<Progress>,
}

impl<'a> Shared<'a> {
    /// `stop` is set by whoever wants the run to end.
    pub fn new(stop: &'a AtomicBool, progress: Sender<Progress>) -> Self {
        Self { stop, progress }
    }

    /// Tells how far a thread is.
    ///
    /// # Errors
    /// [`Error::Interrupted`] once the run is to stop.
    pub fn report(&self, progress: Progress) -> Result<(), Error> {
        // Nobody listens any more where the run has failed; the flag is set then.
        let _ = self.progress.send(progress);
        self.go_on()
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
