//! Whose turn it is to talk to a worker.
//!
//! A worker has one thread, so its calls form one stack. While its innermost call runs, only the host thread that made that call may talk to it.
//! While its innermost call waits for something that it asked of the host, any thread may put a further call on top; the answer to
//! what was asked goes back only when everything above is done.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Waiting,
}

/// The stack of calls into one worker.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    stack: Mutex<Stack>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Stack {
    calls: Vec<State>,
    /// How many threads sleep on `changed`: waking nobody would cost a system call for every message.
    sleepers: usize,
}

/// One call's place on the stack, from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    depth: usize,
}

/// The place of a call that nobody talks about at present, and that has not ended.
#[derive(Debug)]
pub(crate) struct Place(usize);

impl Turns {
    /// Waits until a call may begin and puts it on the stack; `None` when that is not before the time that `until` names, which is asked only when it
    /// comes to waiting.
    pub fn begin(&self, until: impl Fn() -> Option<Instant>) -> Option<Turn<'_>> {
        let free = |calls: &[State]| calls.last() != Some(&State::Running);
        let mut stack = self.wait(free, until)?;
        stack.calls.push(State::Running);
        Some(Turn { turns: self, depth: stack.calls.len() })
    }

    /// Whether somebody waits for a call to begin or to end.
    pub fn wanted(&self) -> bool {
        self.lock().sleepers > 0
    }

    /// The turn that was [left open](Turn::leave_open).
    pub fn taken_up(&self, place: Place) -> Turn<'_> {
        Turn { turns: self, depth: place.0 }
    }

    /// Whether any call is on the stack.
    pub fn busy(&self) -> bool {
        !self.lock().calls.is_empty()
    }

    fn wait(
        &self,
        ready: impl Fn(&[State]) -> bool,
        until: impl Fn() -> Option<Instant>,
    ) -> Option<MutexGuard<'_, Stack>> {
        let mut stack = self.lock();
        while !ready(&stack.calls) {
            let left = until().map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return None;
            }
            stack.sleepers += 1;
            stack = match left {
                None => self.changed.wait(stack).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    self.changed.wait_timeout(stack, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
            stack.sleepers -= 1;
        }
        Some(stack)
    }

    /// Changes the stack and wakes whoever waits for that.
    fn change(&self, change: impl FnOnce(&mut Vec<State>)) {
        let mut stack = self.lock();
        change(&mut stack.calls);
        if stack.sleepers > 0 {
            self.changed.notify_all();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stack> {
        self.stack.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Keeps the turn beyond this value, until it is [taken up](Turns::taken_up) again.
    pub fn leave_open(self) -> Place {
        let place = Place(self.depth);
        std::mem::forget(self);
        place
    }

    /// Lets others call while this call waits for the host, for as long as `work` takes and until everything above it is done.
    pub fn step_aside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.set(State::Waiting);
        let done = work();
        // From here on nobody may come on top; calls that are there end by their own deadlines.
        self.set(State::Running);
        let depth = self.depth;
        drop(self.turns.wait(|calls| calls.len() == depth, || None));
        done
    }

    fn set(&self, state: State) {
        self.turns.change(|calls| {
            if let Some(own) = calls.get_mut(self.depth - 1) {
                *own = state;
            }
        });
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.change(|calls| calls.truncate(self.depth - 1));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn only_one_thread_talks_at_a_time() {
        let (turns, talking) = (Turns::default(), AtomicUsize::new(0));
        let talk = || {
            assert_eq!(talking.fetch_add(1, Ordering::SeqCst), 0, "two threads talk to one worker");
            std::thread::yield_now();
            talking.fetch_sub(1, Ordering::SeqCst);
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..2_000 {
                        let turn = turns.begin(|| None).unwrap();
                        talk();
                        turn.step_aside(std::thread::yield_now);
                        talk();
                    }
                });
            }
        });
        assert!(!turns.busy());
    }

    #[test]
    fn a_turn_that_is_left_open_goes_on() {
        let turns = Turns::default();
        let place = turns.begin(|| None).unwrap().leave_open();
        assert!(turns.busy() && !turns.wanted());
        std::thread::scope(|scope| {
            let other = scope.spawn(|| drop(turns.begin(|| None).unwrap()));
            while !turns.wanted() {
                std::thread::yield_now();
            }
            assert!(!other.is_finished());
            drop(turns.taken_up(place));
        });
        assert!(!turns.busy());
    }

    #[test]
    fn a_turn_that_does_not_come_is_given_up() {
        let turns = Turns::default();
        let _first = turns.begin(|| None).unwrap();
        let until = Instant::now() + Duration::from_millis(5);
        assert!(turns.begin(|| Some(until)).is_none());
    }
}
