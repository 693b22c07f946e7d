//! Whose turn it is to talk to a worker.
//!
//! A worker has one thread, so its calls form one stack. While its innermost call runs, only the host thread that made that call may talk to it.
//! While its innermost call waits for something that it asked of the host, any thread may put a further call on top; the answer to
//! what was asked goes back only when everything above is done.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Waiting,
}

/// The stack of calls into one worker.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    stack: Mutex<Vec<State>>,
    changed: Condvar,
}

/// One call's place on the stack, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    depth: usize,
}

impl Turns {
    /// Waits until a call may begin and puts it on the stack; `None` when that is not before `until`.
    pub fn begin(&self, until: Option<Instant>) -> Option<Turn<'_>> {
        let free = |stack: &Vec<State>| stack.last() != Some(&State::Running);
        let mut stack = self.wait(free, until)?;
        stack.push(State::Running);
        Some(Turn { turns: self, depth: stack.len() })
    }

    /// Whether any call is on the stack.
    pub fn busy(&self) -> bool {
        !self.lock().is_empty()
    }

    fn wait(
        &self,
        ready: impl Fn(&Vec<State>) -> bool,
        until: Option<Instant>,
    ) -> Option<MutexGuard<'_, Vec<State>>> {
        let mut stack = self.lock();
        while !ready(&stack) {
            stack = match until {
                None => self.changed.wait(stack).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    self.changed.wait_timeout(stack, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        Some(stack)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<State>> {
        self.stack.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Lets others call while this call waits for the host, for as long as `work` takes and until everything above it is done.
    pub fn step_aside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.set(State::Waiting);
        let done = work();
        let depth = self.depth;
        // Calls above end by their own deadlines.
        drop(self.turns.wait(|stack| stack.len() == depth, None));
        self.set(State::Running);
        done
    }

    fn set(&self, state: State) {
        if let Some(own) = self.turns.lock().get_mut(self.depth - 1) {
            *own = state;
        }
        self.turns.changed.notify_all();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.lock().truncate(self.depth - 1);
        self.turns.changed.notify_all();
    }
}
