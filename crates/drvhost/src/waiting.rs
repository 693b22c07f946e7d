//! What the host keeps of a request while it waits for the answer.

use std::time::{Duration, Instant};

use mmsystem::Width;

use crate::direct::DirectCalls;

/// How long the host sleeps before it looks whether the worker still lives.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// A request that is not answered yet.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub seq: u32,
    pub until: Option<Instant>,
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
    pub fn new(seq: u32, until: Option<Instant>, width: Width) -> Self {
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
        let due = match (self.next_signal, self.until) {
            (Some(next), _) => Some(next),
            (None, until) => until,
        };
        due.map_or(look, |due| due.min(look))
    }
}
