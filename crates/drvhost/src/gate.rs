//! Lets opens in until a session ends, and tells the end which are still on their way.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

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

/// An open on its way, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Opening<'a>(&'a Gate);

impl Gate {
    /// Lets an open begin; `None` once the session ends.
    pub fn enter(&self) -> Option<Opening<'_>> {
        let mut state = self.lock();
        if state.0 != State::Open {
            return None;
        }
        state.1 += 1;
        Some(Opening(self))
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

    /// Waits until nothing is on its way, at most until `until`, then lets nothing arrive any more.
    pub fn close(&self, until: Option<Instant>) {
        let mut state = self.lock();
        while state.1 > 0 {
            state = match until {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.0 = State::Closed;
    }

    fn lock(&self) -> MutexGuard<'_, (State, usize)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.lock().1 -= 1;
        self.0.changed.notify_all();
    }
}
