//! Calls that are asked for before the ones before them are answered.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use wire::{Copied, Queued, Stands, ToWorker};

use super::{Broker, Call, Exchange, NOT_ASKED, OTHER_QUESTION, Worker};
use crate::reply::Reply;
use crate::turns::{Place, Turn};
use crate::waiting::{Until, Waiting};

/// How a queued call goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// The number of the queued call that it comes after; 0 for none.
    pub after: u32,
    /// What it is only made for.
    pub only_if: Option<Stands>,
    /// What is copied in the arena before the call.
    pub before: Option<Copied>,
    /// What is copied when the function has returned.
    pub then: Option<Copied>,
    /// Whether the host can sleep on when it is answered.
    pub quiet: bool,
}

/// How a queued call ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// As any other.
    Reply(Reply),
    /// It was not made, because one before it was not answered, or it was not wanted after that one.
    Dropped,
}

/// Whether a queued call is made, as far as the host knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Making {
    /// It is.
    Sure,
    /// Only after what it is [only made for](Terms::only_if).
    Open,
    /// It is not, because one before it was not answered.
    Never,
}

impl Worker {
    /// Waits for the turn to queue calls, when none is queued. It is left open until the last of them has ended.
    ///
    /// # Errors
    /// [`Reply::Busy`] where it does not come before `until`, and [`Reply::Died`].
    pub fn begin_queue(&self, broker: &dyn Broker, until: Option<Instant>) -> Result<Place, Reply> {
        let turn = self.begin(&until.into()).ok_or(Reply::Busy)?;
        // What is there before anything is asked is no answer. What comes later, until the queue is empty again, must be about its first call.
        let mut nothing = Waiting::new(0, until.into(), self.width());
        if self.take(&mut nothing, broker)?.is_some() {
            return Err(Reply::Died(self.end(NOT_ASKED)));
        }
        Ok(turn.leave_open())
    }

    /// Puts a call behind those that are queued, whose turn the caller has. Answers its number.
    ///
    /// # Errors
    /// [`Reply::Died`].
    pub fn queue(&self, call: Call, terms: Terms) -> Result<u32, Reply> {
        if let Some(how) = self.dead.get() {
            return Err(Reply::Died(how.clone()));
        }
        let seq = self.next_seq.fetch_add(1, Ordering::Relaxed).max(1);
        let Call { function, arguments, effect } = call;
        let Terms { after, only_if, before, then, quiet } = terms;
        let call = wire::Call { seq, function, arguments, effect };
        self.say(&ToWorker::Queued(Box::new(Queued { call, after, only_if, before, then, quiet })))?;
        Ok(seq)
    }

    /// What a request that waits for its answer is to the host.
    pub fn expect(&self, seq: u32, until: Until) -> Waiting {
        Waiting::new(seq, until, self.width())
    }

    /// How the first of the queued calls ends: waits for that, or looks whether it has.
    pub fn end_of_queued(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        waiting: &mut Waiting,
        making: Making,
        waits: bool,
        broker: &dyn Broker,
    ) -> Option<Ended> {
        if let Some(how) = self.dead.get() {
            return Some(Ended::Reply(Reply::Died(how.clone())));
        }
        let first =
            if waits { self.hear(waiting, broker) } else { self.take(waiting, broker).transpose()? };
        let reply = match self.until_ended(turn, first, waiting, broker) {
            Exchange::Dropped if making != Making::Sure => return Some(Ended::Dropped),
            // Behind one that was not answered, no other is called.
            Exchange::Reply(Reply::Answered(_) | Reply::Faulted(_)) if making == Making::Never => {
                Reply::Died(self.end(OTHER_QUESTION))
            }
            Exchange::Reply(reply) => reply,
            Exchange::Loaded(_) | Exchange::Unloadable(_) | Exchange::Advanced(_) | Exchange::Dropped => {
                Reply::Died(self.end(OTHER_QUESTION))
            }
        };
        waiting.direct.end(reply.outcome().0, self.number, broker.trace());
        Some(Ended::Reply(reply))
    }

    /// Whether somebody else waits to talk to it.
    pub fn wanted(&self) -> bool {
        self.turns.wanted()
    }

    /// The turn that was left open.
    pub fn taken_up(&self, place: Place) -> Turn<'_> {
        self.turns.taken_up(place)
    }
}
