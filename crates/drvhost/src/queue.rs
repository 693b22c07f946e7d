//! Messages to one instance of which further ones are sent before the first is answered, so that neither the driver nor the host waits for the
//! other between two of them.
//!
//! They are one turn: nobody else talks to the worker until all of them are answered. So no more are queued than are answered in a moment, and none
//! behind others once somebody waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use wire::{Copied, Effect, Stands};

use crate::arena::Block;
use crate::error::Error;
use crate::module::{Message, Module};
use crate::reply::Reply;
use crate::session::{Hdrvr, Inner, Session};
use crate::table::Slot;
use crate::trace::Begun;
use crate::turns::Place;
use crate::waiting::{Until, Waiting};
use crate::worker::{Ended, Making, Terms};

/// The most messages that are queued.
const MOST: usize = 8;
/// How long those that are queued may take together, by how long the last ones took.
const TOGETHER: Duration = Duration::from_millis(20);
/// How many are answered before the host is woken, so that it is not woken for each.
const AT_ONCE: usize = MOST / 2;

/// What the worker copies around a queued message, in the memory that is shared with it.
#[derive(Debug, Clone, Copy)]
pub struct Copies<'a> {
    /// Before the driver gets the message: all of the first block to the beginning of the second.
    pub before: Option<(&'a Block, &'a Block)>,
    /// When it has answered, likewise.
    pub then: Option<(&'a Block, &'a Block)>,
}

/// A number that must stand in the memory that is shared with the driver.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Where.
    pub block: &'a Block,
    /// How many bytes from the block's beginning.
    pub at: usize,
    /// The number.
    pub number: u32,
}

/// What came of a queued message.
#[derive(Debug)]
pub enum Answer {
    /// The driver's answer.
    Answered(i64),
    /// It was not delivered, because one before it was not answered, and nobody had asked what became of that; or because a number did not
    /// [stand](Queue::send_if) where it was to.
    Dropped,
}

/// Messages to one instance that are sent before the ones before them are answered. Dropping it waits until all are answered.
#[derive(Debug)]
pub struct Queue<'s> {
    session: &'s Inner,
    hdrvr: Hdrvr,
    module: Arc<Module>,
    id: i64,
    /// The turn, while something is queued.
    place: Option<Place>,
    /// What is queued and not answered.
    asked: VecDeque<Queued>,
    /// The first of them, which the driver is at.
    first: Option<First>,
    /// What became of those before.
    ended: VecDeque<Result<Answer, Error>>,
    /// Whether one of this turn was not answered, or dropped, so that those behind it are dropped.
    failed: bool,
    /// How long a message has taken of late.
    pace: Duration,
    /// How many answers the host is not woken for, one after the other.
    quiet: usize,
}

/// A message that is queued.
#[derive(Debug)]
struct Queued {
    seq: u32,
    message: Message,
    /// Whether it may be dropped after one that was answered.
    conditional: bool,
}

/// How a message is queued.
#[derive(Debug, Default)]
struct Manner {
    only_if: Option<Stands>,
    before: Option<Copied>,
    then: Option<Copied>,
    /// Whether the host has something to do with each answer, while the driver is at the next message.
    at_once: bool,
}

/// The message that the driver is at.
#[derive(Debug)]
struct First {
    waiting: Waiting,
    begun: Option<Begun>,
    since: Instant,
}

impl Session {
    /// A queue of messages to an instance.
    ///
    /// # Errors
    /// [`Error::BadHandle`].
    pub fn queue(&self, hdrvr: Hdrvr) -> Result<Queue<'_>, Error> {
        let session = self.inner();
        let Some(Slot { module, id, .. }) = session.table.get(hdrvr) else {
            return Err(Error::BadHandle(hdrvr.0));
        };
        Ok(Queue {
            session,
            hdrvr,
            module,
            id,
            place: None,
            asked: VecDeque::new(),
            first: None,
            ended: VecDeque::new(),
            failed: false,
            pace: Duration::ZERO,
            quiet: 0,
        })
    }
}

impl Queue<'_> {
    /// How many messages are queued whose end nobody has asked for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.asked.len() + self.ended.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a message should be queued now, and not after the next answer.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let queued = self.asked.len();
        let together = self.pace.saturating_mul(u32::try_from(queued + 1).unwrap_or(u32::MAX));
        queued == 0 || queued < MOST && together <= TOGETHER && !self.failed && !self.module.worker.wanted()
    }

    /// Queues a message. It has the deadline of any other from the moment on at which it is its turn and the host looks for its answer.
    ///
    /// # Errors
    /// As [`Session::send`], where it could not be sent.
    pub fn send(&mut self, number: u32, lparam1: i64, lparam2: i64, copies: Copies<'_>) -> Result<(), Error> {
        let copied = |blocks: Option<(&Block, &Block)>| blocks.map(|(from, to)| copied(from, to)).transpose();
        let (before, then) = (copied(copies.before)?, copied(copies.then)?);
        self.put(number, lparam1, lparam2, Manner { before, then, ..Manner::default() })
    }

    /// Queues a message that the driver only gets if a number stands where it is to after the message before it; else it is [dropped](Answer::Dropped), and
    /// so is what is behind it. The host is woken for each answer to messages of this kind; without a number they are delivered in any case.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_if(
        &mut self,
        number: u32,
        lparam1: i64,
        lparam2: i64,
        standing: Option<Standing<'_>>,
    ) -> Result<(), Error> {
        let stands = |Standing { block, at, number }: Standing<'_>| {
            let end = at.saturating_add(size_of::<u32>());
            let inside = end <= block.len();
            let stands = Stands { address: block.address().saturating_add(at as u64), number };
            inside.then_some(stands).ok_or(Error::TooLarge(end as u64))
        };
        let only_if = standing.map(stands).transpose()?;
        self.put(number, lparam1, lparam2, Manner { only_if, at_once: true, ..Manner::default() })
    }

    fn put(&mut self, number: u32, lparam1: i64, lparam2: i64, manner: Manner) -> Result<(), Error> {
        let Manner { only_if, before, then, at_once } = manner;
        // What is there already must be an answer to what has been asked already.
        self.take_in();
        let worker = Arc::clone(&self.module.worker);
        if self.place.is_none() {
            if self.failed && !self.ended.is_empty() {
                // Whoever sends it does not know yet.
                self.ended.push_back(Ok(Answer::Dropped));
                return Ok(());
            }
            let begun = worker.begin_queue(self.session, self.session.until());
            self.place = Some(begun.map_err(|reply| self.module.failure(reply, number))?);
            self.failed = false;
        }
        let message = Message {
            hdrvr: self.hdrvr,
            id: self.id,
            number,
            lparam1,
            lparam2,
            cause: None,
            effect: Effect::None,
        };
        // Nobody but this turn's owner changes that.
        if !self.session.table.reaches(self.hdrvr) {
            self.leave_if_done();
            return Err(Error::BadHandle(self.hdrvr.0));
        }
        let after = self.asked.back().map_or(0, |queued| queued.seq);
        let wakes =
            at_once || self.pace.saturating_mul(AT_ONCE as u32) > TOGETHER / 10 || self.quiet + 1 >= AT_ONCE;
        self.quiet = if wakes { 0 } else { self.quiet + 1 };
        let terms = Terms { after, only_if, before, then, quiet: !wakes };
        match worker.queue(self.module.call(&message), terms) {
            Ok(seq) => {
                self.asked.push_back(Queued { seq, message, conditional: only_if.is_some() });
                self.begin_first();
                Ok(())
            }
            Err(reply) => {
                self.leave_if_done();
                Err(self.module.failure(reply, number))
            }
        }
    }

    /// Takes note of all that is answered already. Once everything is, others have their turn.
    pub(crate) fn take_in(&mut self) {
        while self.hear(false) {}
    }

    /// What became of the first message in the queue, where that is known already; `None` where it is not.
    ///
    /// # Errors
    /// As [`Session::send`].
    pub fn next_if_there(&mut self) -> Option<Result<Answer, Error>> {
        if self.ended.is_empty() {
            self.hear(false);
        }
        self.ended.pop_front()
    }

    /// The driver is at what is first now.
    fn begin_first(&mut self) {
        if self.first.is_none()
            && let Some(&Queued { seq, .. }) = self.asked.front()
        {
            // Its time begins when the host first waits for it: how long the host has something else to do is not the driver's affair.
            let waiting = self.module.worker.expect(seq, Until::within(self.session.deadline));
            let begun = self.session.trace.begin();
            self.first = Some(First { waiting, begun, since: Instant::now() });
        }
    }

    /// Hears how the first message ends, if `waits` or that is known. Whether one has.
    fn hear(&mut self, waits: bool) -> bool {
        let (Some(first), Some(queued)) = (&mut self.first, self.asked.front()) else { return false };
        let making = match queued.conditional {
            _ if self.failed => Making::Never,
            true => Making::Open,
            false => Making::Sure,
        };
        let Some(place) = self.place.take() else { return false };
        let worker = Arc::clone(&self.module.worker);
        let turn = worker.taken_up(place);
        let ended = worker.end_of_queued(&turn, &mut first.waiting, making, waits, self.session);
        self.place = Some(turn.leave_open());
        let Some(ended) = ended else { return false };
        if let (Some(first), Some(queued)) = (self.first.take(), self.asked.pop_front()) {
            self.end(ended, &queued.message, &first);
        }
        self.begin_first();
        self.leave_if_done();
        true
    }

    fn end(&mut self, ended: Ended, message: &Message, first: &First) {
        self.pace = (self.pace * 3 + first.since.elapsed()) / 4;
        let reply = match ended {
            Ended::Dropped => {
                self.failed = true;
                return self.ended.push_back(Ok(Answer::Dropped));
            }
            Ended::Reply(reply) => reply,
        };
        self.module.note(message, first.begun, &reply, &self.session.trace);
        self.failed |= !matches!(reply, Reply::Answered(_));
        if matches!(reply, Reply::Died(_) | Reply::Late { killed: true }) {
            // Nothing more is heard of it.
            self.ended.push_back(Err(self.module.failure(reply, message.number)));
            self.ended.extend(self.asked.drain(..).map(|_| Ok(Answer::Dropped)));
            return;
        }
        self.ended.push_back(match reply {
            Reply::Answered(result) => Ok(Answer::Answered(result)),
            other => Err(self.module.failure(other, message.number)),
        });
    }

    /// Lets others have their turn once nothing is queued.
    fn leave_if_done(&mut self) {
        if self.asked.is_empty()
            && let Some(place) = self.place.take()
        {
            drop(self.module.worker.taken_up(place));
        }
    }
}

/// What became of the first message in the queue, when that is known; `None` where there is none. Errors are those of [`Session::send`].
impl Iterator for Queue<'_> {
    type Item = Result<Answer, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended.is_empty() {
            self.hear(true);
        }
        self.ended.pop_front()
    }
}

impl Drop for Queue<'_> {
    fn drop(&mut self) {
        while self.hear(true) {}
    }
}

fn copied(from: &Block, to: &Block) -> Result<Copied, Error> {
    let too_large = Error::TooLarge(from.len() as u64);
    match u32::try_from(from.len()) {
        Ok(len) if from.len() <= to.len() => Ok(Copied { from: from.address(), to: to.address(), len }),
        _ => Err(too_large),
    }
}
