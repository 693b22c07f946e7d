//! Lets opens and closes in until a session ends, and tells the end which are still on their way.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Open,
    /// Nothing new is let in; what is on its way may arrive.
    Closing,
    /// Nothing arrives any more.
    Closed,
}

/// The gate of a session.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<(State, usize)>,
    changed: Condvar,
}

/// An open or a close on its way, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Pass<'a>(&'a Gate);

impl Gate {
    /// Lets an open or a close begin; `None` once the session ends.
    pub fn enter(&self) -> Option<Pass<'_>> {
        let mut state = self.lock();
        if state.0 != State::Open {
            return None;
        }
        state.1 += 1;
        Some(Pass(self))
    }

    /// Does `arrive` unless nothing may arrive any more; whether it did.
    pub fn while_open(&self, arrive: impl FnOnce()) -> bool {
        let state = self.lock();
        if state.0 == State::Closed {
            return false;
        }
        arrive();
        true
    }

    /// Lets nothing new in.
    pub fn begin_to_close(&self) {
        self.lock().0 = State::Closing;
    }

    /// Whether the session's end has begun.
    pub fn closing(&self) -> bool {
        self.lock().0 != State::Open
    }

    /// Whether nothing arrives any more.
    pub fn closed(&self) -> bool {
        self.lock().0 == State::Closed
    }

    /// Waits until something that is on its way has arrived, or given up. True when nothing is on its way any more, or none of it
    /// arrived before `until`: then nothing arrives any more.
    pub fn settle(&self, until: Option<Instant>) -> bool {
        let mut state = self.lock();
        let before = state.1;
        while state.1 > 0 && state.1 == before {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => break,
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        let settled = state.1 == 0 || state.1 == before;
        if settled {
            state.0 = State::Closed;
        }
        settled
    }

    fn lock(&self) -> MutexGuard<'_, (State, usize)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.0.lock().1 -= 1;
        self.0.changed.notify_all();
    }
}
