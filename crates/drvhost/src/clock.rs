//! The clock that a session's drivers see, and having it go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::media::PcmFormat;
use crate::session::{Inner, Session};
use crate::sound::StreamId;
use crate::worker::Worker;

/// The clock that drivers see: that of GetTickCount, timeGetTime, QueryPerformanceCounter, of timers and time-outs, and of what they play on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Clock {
    /// The world's.
    #[default]
    Real,
    /// One that stands still while drivers do something, and goes on only when they wait: for as long as a message needs that was sent to them, and as far as
    /// [`Session::advance`] says. What drivers do by it is the same each time, and takes as long as they compute.
    ///
    /// Devices play by this clock, whatever [`Pace`](crate::Pace) says. The date begins with the year 2000.
    Virtual,
}

/// What time it is when a session begins: not 0, which drivers may take for "never".
const BEGIN: Duration = Duration::from_secs(1);

/// How far time goes on at most before an answer is due: each step has the deadline of one message.
const STEP: Duration = Duration::from_millis(100);

/// A session's clock.
#[derive(Debug)]
pub(crate) struct SessionClock {
    clock: Clock,
    /// What time it is at least, in nanoseconds.
    now: AtomicU64,
}

impl SessionClock {
    pub fn new(clock: Clock) -> Self {
        Self { clock, now: AtomicU64::new(nanos(BEGIN)) }
    }

    /// What a worker is told that starts now.
    pub fn for_worker(&self) -> Option<u64> {
        (self.clock == Clock::Virtual).then(|| self.now.load(Ordering::SeqCst))
    }
}

/// Time has gone on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advanced {
    /// What time it is now. Where a driver has waited in a message that was sent to it, this can be later than was asked for.
    pub now: Duration,
    /// The streams that are open for playing, in the order in which they were opened.
    pub streams: Vec<StreamState>,
}

/// How far a stream is that a driver plays. Everything that has been played until now is with whom it was played for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamState {
    /// The stream.
    pub stream: StreamId,
    /// What its samples are.
    pub format: PcmFormat,
    /// How many frames (samples of all channels) the driver has written.
    pub written: u64,
    /// How many of these have been played.
    pub played: u64,
}

impl StreamState {
    /// How long what has been written ahead of the clock will play.
    #[must_use]
    pub fn ahead(&self) -> Duration {
        let frames = u128::from(self.written.saturating_sub(self.played));
        let nanos = frames * 1_000_000_000 / u128::from(self.format.samples_per_sec.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Session {
    /// Has a virtual clock go on to `until`, with all that happens meanwhile: timers fire, waits end, devices play. Every thread of the drivers waits when this
    /// returns. What is due at `until` has happened. Where that time is over already, as `Duration::ZERO` always is, only what is left to do is done.
    ///
    /// A driver has the deadline of one message for each tenth of a second, of its own time, that the clock goes on.
    ///
    /// # Errors
    /// [`Error::NoVirtualClock`]; [`Error::NotAtRest`] where a driver has threads that do not come to wait; [`Error::Faulted`] and [`Error::Died`].
    pub fn advance(&self, until: Duration) -> Result<Advanced, Error> {
        self.inner.advance(until)
    }
}

impl Inner {
    fn advance(&self, until: Duration) -> Result<Advanced, Error> {
        let clock = &self.clock;
        if clock.clock != Clock::Virtual {
            return Err(Error::NoVirtualClock);
        }
        let workers = self.workers();
        let goal = nanos(until);
        loop {
            let before = clock.now.load(Ordering::SeqCst);
            let step = if workers.is_empty() { goal } else { before.saturating_add(nanos(STEP)) };
            let next = goal.min(step);
            let (mut now, mut streams) = (before.max(next), Vec::new());
            for worker in &workers {
                let (reached, theirs) = self.advance_worker(worker, next)?;
                now = now.max(reached);
                streams.extend(theirs);
            }
            clock.now.store(now, Ordering::SeqCst);
            if now >= goal {
                return Ok(Advanced { now: Duration::from_nanos(now), streams });
            }
        }
    }

    fn advance_worker(&self, worker: &Arc<Worker>, until: u64) -> Result<(u64, Vec<StreamState>), Error> {
        let begun = Instant::now();
        worker
            .advance(until, self, self.until())
            .map_err(|reply| reply.not_at_rest(worker.name(), begun.elapsed()))
    }

    /// The workers with open instances, in the order in which these were opened.
    pub(crate) fn workers(&self) -> Vec<Arc<Worker>> {
        let mut workers: Vec<Arc<Worker>> = Vec::new();
        for (_, slot) in self.table.open() {
            if workers.iter().all(|known| known.number != slot.module.worker.number) {
                workers.push(Arc::clone(&slot.module.worker));
            }
        }
        workers
    }
}
