//! Whose turn it is, and what time it is, where the clock is the process's own.
//!
//! One of the guest's threads runs at a time: the one whose turn it is, until it waits. Then the next one has its turn that has been told of something.
//! When there is none, all of them wait, and only then time goes on: to what is due first, which happens, and the threads have their turns again. So
//! what happens depends on what threads do and not on how long that takes: it is the same each time.
//!
//! While the host has asked for nothing, the thread that serves its requests keeps its turn, and time stands still.

use std::time::{Duration, Instant};

use guest::{Fault, FaultKind, POOL, Stop};

use crate::process::{Process, fault_of};
use crate::winmm;

/// How often the thread that serves requests looks whether it has been interrupted: the signal may come just before it goes to sleep.
pub(crate) const SLICE: Duration = Duration::from_millis(10);

/// How often a thread may look at the clock before time goes on with each look.
const FREE_LOOKS: u32 = 100;
/// How long it must be, when a thread waits, since it had as many for nothing for it to have them again.
const RENEWAL: Duration = Duration::from_millis(1);
/// How far it goes on with the next as many, and with all that come then.
const CREEP: [Duration; 2] = [Duration::from_micros(10), Duration::from_micros(100)];

/// How many calls of the system a thread makes in one turn before others have theirs. A prime, so that where it stops in a loop of several calls is not always the
/// same, such as behind a lock.
const CALLS: u64 = 49_999;
/// How long a thread runs without a call before others that could go on do so beside it: it may wait for what they write.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is none, or it has not begun.
    Absent,
    /// It has its turn.
    Running,
    /// It could go on.
    Ready,
    /// It waits.
    Resting {
        /// Of how many changes it had been told when it last looked.
        seen: u32,
        /// When it goes on by itself.
        until: Option<Duration>,
        /// As the how manieth it began to wait.
        since: u64,
    },
    /// The thread that serves requests has time go on for the host, so far.
    Advancing(Duration),
}

/// What every thread does.
#[derive(Debug)]
pub(crate) struct Turns {
    threads: [State; 1 + POOL],
    /// Who had the last turn.
    last: usize,
    /// How often a thread has begun to wait.
    waits: u64,
    /// Whether the time that the host wants is there, and nothing is left to be done.
    reached: bool,
    /// How often each thread has looked at the clock, and since when that is counted.
    looks: [u32; 1 + POOL],
    counted_since: [Duration; 1 + POOL],
    /// How many calls of the system there were, and how many of them when the turn began.
    calls: u64,
    calls_before: u64,
    /// How many threads that have their turn wait for the host.
    outside: u32,
}

impl Turns {
    /// The thread that serves requests runs, and there is no other.
    pub fn new() -> Self {
        let mut threads = [State::Absent; 1 + POOL];
        threads[0] = State::Running;
        let (looks, counted_since) = ([0; 1 + POOL], [Duration::ZERO; 1 + POOL]);
        Self {
            threads,
            last: 0,
            waits: 0,
            reached: false,
            looks,
            counted_since,
            calls: 0,
            calls_before: 0,
            outside: 0,
        }
    }

    fn anyone_runs(&self) -> bool {
        self.threads.contains(&State::Running)
    }
}

impl Process {
    /// Has a reserved thread begin.
    pub(crate) fn start_thread(&mut self, number: usize) {
        self.turns.threads[number] = State::Ready;
        guest::start(self, number);
    }

    /// Waits until the running thread, which has just begun, has its first turn.
    pub(crate) fn begin_turns(&mut self, number: usize) {
        if self.clock.is_own() {
            self.wait_for_turn(number);
        }
    }

    /// The running thread has ended: others have their turn.
    pub(crate) fn end_turns(&mut self, number: usize) {
        self.turns.threads[number] = State::Absent;
        self.turns.looks[number] = 0;
        if self.clock.is_own() {
            self.pass_on();
        }
    }

    /// Gives others their turn until the running thread has been told of more changes than `seen`, or `until` is there.
    pub(crate) fn rest(&mut self, number: usize, seen: u32, until: Option<Duration>) {
        self.rest_as(number, seen, until);
        let now = self.now();
        if now >= self.turns.counted_since[number] + RENEWAL {
            (self.turns.looks[number], self.turns.counted_since[number]) = (0, now);
        }
    }

    fn rest_as(&mut self, number: usize, seen: u32, until: Option<Duration>) {
        // The end of time never comes.
        let until = until.filter(|&until| until < Duration::MAX);
        self.turns.waits += 1;
        let since = self.turns.waits;
        self.give_turn_away(number, State::Resting { seen, until, since });
    }

    /// Lets others have their turn that could go on.
    pub(crate) fn yield_turn(&mut self) -> Result<(), Stop> {
        let number = self.machine.current();
        self.give_turn_away(number, State::Ready);
        self.look_at_clock()
    }

    /// Notes that the running thread calls the system; after very many calls without a wait, others have their turn.
    pub(crate) fn note_call(&mut self) -> Result<(), Stop> {
        if !self.clock.is_own() {
            return Ok(());
        }
        self.turns.calls = self.turns.calls.wrapping_add(1);
        if self.turns.calls.wrapping_sub(self.turns.calls_before) < CALLS {
            return Ok(());
        }
        self.give_turn_away(self.machine.current(), State::Ready);
        if self.machine.interrupted() { Err(Stop::Kind(FaultKind::Deadline)) } else { Ok(()) }
    }

    /// Does `work` while the running thread waits for the host, and keeps its turn.
    pub(crate) fn outside<T>(&mut self, work: impl FnOnce() -> T) -> T {
        self.turns.outside += 1;
        let done = guest::meanwhile(self, work);
        self.turns.outside -= 1;
        done
    }

    /// A request has come: the thread that serves it has looked at nothing yet.
    pub fn begin_request(&mut self) {
        self.turns.looks[0] = 0;
    }

    /// Notes that the running thread looks at the clock, or whether something has come, and may do that until it has: where it has looked very often without
    /// waiting, time goes on a little before it sees it.
    pub(crate) fn look_at_clock(&mut self) -> Result<(), Stop> {
        if !self.clock.is_own() {
            return Ok(());
        }
        let number = self.machine.current();
        self.turns.looks[number] = self.turns.looks[number].saturating_add(1);
        if self.turns.looks[number] > FREE_LOOKS {
            let creep = CREEP[usize::from(self.turns.looks[number] > 2 * FREE_LOOKS)];
            let (seen, until) = (self.machine.changes(), self.now().checked_add(creep));
            self.rest_as(number, seen, until);
        }
        if self.machine.interrupted() { Err(Stop::Kind(FaultKind::Deadline)) } else { Ok(()) }
    }

    /// Has time go on to `until`, with all that happens meanwhile, until every thread waits again. The running thread is the one that serves requests; it does
    /// what comes into its queue.
    pub(crate) fn advance(&mut self, until: Duration) -> Result<(), Fault> {
        while self.clock.is_own() {
            self.do_what_waits()?;
            self.turns.reached = false;
            self.give_turn_away(0, State::Advancing(until));
            if self.machine.interrupted() {
                return Err(fault_of(Stop::Kind(FaultKind::Deadline)));
            }
            if self.turns.reached {
                break;
            }
        }
        Ok(())
    }

    fn give_turn_away(&mut self, number: usize, state: State) {
        self.turns.threads[number] = state;
        self.pass_on();
        self.wait_for_turn(number);
        self.turns.calls_before = self.turns.calls;
    }

    /// Waits until the running thread has its turn. The one that serves requests does not wait for it any more once it has been interrupted.
    fn wait_for_turn(&mut self, number: usize) {
        if self.turns.threads[number] == State::Running {
            return;
        }
        let mut quiet = (self.turns.calls, Instant::now());
        loop {
            guest::wait_for_turn(self, Some(if number == 0 { SLICE } else { PATIENCE }));
            if self.turns.threads[number] == State::Running {
                return;
            }
            let spins = self.turns.calls == quiet.0 && self.turns.anyone_runs() && self.turns.outside == 0;
            if !spins {
                quiet = (self.turns.calls, Instant::now());
            }
            let goes_on = quiet.1.elapsed() >= PATIENCE && self.could_go_on(number);
            if goes_on || number == 0 && self.machine.interrupted() {
                self.turns.threads[number] = State::Running;
                return;
            }
        }
    }

    /// Gives the turn to who is next, unless somebody has it, and lets time go on where nobody could do anything else.
    fn pass_on(&mut self) {
        while !self.turns.anyone_runs() && !self.machine.is_unwanted() {
            let (count, last) = (self.turns.threads.len(), self.turns.last);
            let mut others = (1..=count).map(|step| (last + step) % count);
            if let Some(next) = others.find(|&number| self.could_go_on(number)) {
                return self.give_turn(next);
            }
            let thread = self.next_due();
            let device = winmm::next_due_here(self);
            match (device, thread) {
                (Some(due), thread) if thread.is_none_or(|(other, ..)| due <= other) => {
                    self.clock.move_to(due);
                    winmm::work_here(self);
                }
                (_, Some((due, last, _, number))) => {
                    self.clock.move_to(due);
                    self.turns.reached = last;
                    return self.give_turn(number);
                }
                (_, None) => return,
            }
        }
    }

    fn give_turn(&mut self, number: usize) {
        self.turns.threads[number] = State::Running;
        self.turns.last = number;
        if number != self.machine.current() {
            self.machine.give_turn(number);
        }
    }

    /// Whether a thread has something to do at the time that it is.
    fn could_go_on(&self, number: usize) -> bool {
        match self.turns.threads[number] {
            State::Ready => true,
            State::Resting { seen, .. } => self.machine.changes_of(number) != seen,
            State::Advancing(_) => self.may_do_what_waits() && crate::user32::has_work(self, number),
            State::Absent | State::Running => false,
        }
    }

    /// The thread that goes on first by itself: when, whether that ends what the host has asked for, since when it has waited, and its number. The host comes
    /// last of what is due at one time.
    fn next_due(&self) -> Option<(Duration, bool, u64, usize)> {
        let now = self.now();
        let due = |(number, state): (usize, &State)| match *state {
            State::Resting { until, since, .. } => Some((until?.max(now), false, since, number)),
            State::Advancing(until) => {
                let timer = crate::user32::next_timer(self, number, now).filter(|_| self.may_do_what_waits());
                let timer = timer.filter(|&timer| now < timer && timer <= until);
                Some(timer.map_or((until.max(now), true, 0, number), |timer| (timer, false, 0, number)))
            }
            State::Absent | State::Running | State::Ready => None,
        };
        self.turns.threads.iter().enumerate().filter_map(due).min()
    }
}
