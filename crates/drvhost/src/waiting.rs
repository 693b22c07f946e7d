//! What the host keeps of a request while it waits for the answer.

use std::cell::OnceCell;
use std::time::{Duration, Instant};

use mmsystem::Width;

use crate::direct::DirectCalls;

/// How long the host sleeps before it looks whether the worker still lives.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// When something must have been answered: at a time, or never.
///
/// A time that is so long from now is looked up when somebody first asks for it, which is when it comes to waiting: looking at the clock takes a part of a
/// short message's time that can be told, and its answer is there sooner.
#[derive(Debug, Clone)]
pub(crate) struct Until {
    within: Option<Duration>,
    time: OnceCell<Option<Instant>>,
}

impl Until {
    /// So long from now, or never.
    pub fn within(within: Option<Duration>) -> Self {
        Self { within, time: OnceCell::new() }
    }

    /// The time.
    pub fn time(&self) -> Option<Instant> {
        *self.time.get_or_init(|| Instant::now().checked_add(self.within?))
    }
}

impl From<Option<Instant>> for Until {
    fn from(time: Option<Instant>) -> Self {
        Self { within: None, time: OnceCell::from(time) }
    }
}

/// A request that is not answered yet.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub seq: u32,
    pub until: Until,
    pub next_signal: Option<Instant>,
    pub kill_at: Option<Instant>,
    /// How many texts the driver has written meanwhile.
    pub said: u32,
    /// How many functions it has told of that it called.
    pub counted: usize,
    /// What drivers in the worker have sent each other and not answered.
    pub direct: DirectCalls,
}

impl Waiting {
    pub fn new(seq: u32, until: Until, width: Width) -> Self {
        Self {
            seq,
            until,
            next_signal: None,
            kill_at: None,
            said: 0,
            counted: 0,
            direct: DirectCalls::new(width),
        }
    }

    /// When to look after the worker next.
    pub fn next_look(&self) -> Instant {
        let look = Instant::now() + LOOK;
        let due = match (self.next_signal, self.until.time()) {
            (Some(next), _) => Some(next),
            (None, until) => until,
        };
        due.map_or(look, |due| due.min(look))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_begins_when_it_is_asked_for_and_stays() {
        let deadline = Duration::from_secs(5);
        let until = Until::within(Some(deadline));
        let before = Instant::now();
        let time = until.time().unwrap();
        assert!((before + deadline..=Instant::now() + deadline).contains(&time));
        assert_eq!(until.time(), Some(time));
        assert_eq!(Until::within(None).time(), None);
        assert_eq!(Until::within(Some(Duration::MAX)).time(), None);
        assert_eq!(Until::from(Some(time)).time(), Some(time));
        assert_eq!(Until::from(None).time(), None);
    }
}
