//! One worker process, as the host sees it: a thing that answers requests, in time or not.

mod hearing;
mod loading;
mod queued;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use mmsystem::Width;
use rustix::thread::{CpuSet, sched_getaffinity};
use sandbox::{Child, SharedMemory};
use wire::{
    Advanced, Asked, Brought, Channel, Effect, Fault, FaultKind, Layer, LoadRefusal, Loaded, ToHost,
    ToWorker, channel,
};

use crate::arena::Arena;
use crate::clock::StreamState;
use crate::depth;
use crate::error::Error;
use crate::images::Images;
use crate::launch::Launched;
use crate::machine::Machine;
use crate::module::Image;
use crate::reply::Reply;
use crate::services::Services;
use crate::session::Inner;
use crate::trace::Trace;
use crate::turns::{Turn, Turns};
use crate::waiting::{Until, Waiting};

pub(crate) use queued::{Ended, Making, Terms};

/// How often the soft deadline's signal is repeated: it may arrive just before the driver's code goes on.
const REPEAT: Duration = Duration::from_millis(5);
/// How long after its deadline a call has for being interrupted before its worker is killed.
const GRACE: Duration = Duration::from_millis(250);
/// What becomes of a worker that answers a request with what is no answer to it.
const OTHER_QUESTION: &str = "answered another question and was killed";
/// What becomes of one that answers before it was asked, or what it was not asked.
const NOT_ASKED: &str = "answered a question that was not asked and was killed";
/// The last time that there can be by a virtual clock, in nanoseconds: a century and more.
const LATEST: u64 = 1 << 62;

/// Answers what a driver asks of the host from inside a call.
pub(crate) trait Broker {
    /// The answer to a driver in `worker`; nothing done for it may take longer than `until`.
    fn ask(&self, worker: &Arc<Worker>, asked: &Asked, until: Option<Instant>) -> i64;

    /// Takes a text that the driver with this file name wrote for people.
    fn said(&self, driver: &str, text: &str);

    /// The file name of the driver with an instance in `worker`; empty for any other.
    fn driver_of(&self, worker: &Worker, hdrvr: u64) -> String;

    /// Where calls are written down.
    fn trace(&self) -> &Trace;
}

/// A call of a guest function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub function: u64,
    pub arguments: [u64; 5],
    pub effect: Effect,
}

/// A jailed process with its channel and arena.
#[derive(Debug)]
pub(crate) struct Worker {
    /// Its number in this session, from 1.
    pub number: u32,
    child: Arc<Child>,
    memory: Arc<SharedMemory>,
    channel: Mutex<Channel>,
    /// What the host does for its drivers.
    pub services: Arc<Services>,
    /// Set when nobody talks to it any more.
    over: Arc<AtomicBool>,
    /// Whether somebody serves its second line.
    aside: AtomicBool,
    turns: Turns,
    next_seq: AtomicU32,
    name: String,
    /// Where the driver lies that it was started for.
    pub folder: PathBuf,
    /// The processor that every driver in it is for.
    pub machine: Machine,
    dead: Arc<OnceLock<String>>,
    images: Arc<Mutex<Images>>,
    /// Where the worker sees them.
    brought: u64,
    /// Further images that were to be unloaded while their code ran, by module handle.
    leaving: Mutex<Vec<(u64, Brought)>>,
    /// How many drivers are loaded in it.
    modules: AtomicUsize,
    /// The memory shared with the driver.
    pub arena: Arc<Arena>,
    /// What isolates it.
    pub layers: Vec<Layer>,
    /// Where whoever started it could run.
    processors: Option<CpuSet>,
}

impl Worker {
    /// Starts a worker and waits until it is jailed; no byte of the driver has run then. It has the image's bytes then, and nobody else needs them.
    ///
    /// # Errors
    /// [`Error::Worker`], or [`Error::SandboxIncomplete`] where the session may not run it.
    pub fn start(number: u32, session: &Inner, image: &mut Image, services: Services) -> Result<Self, Error> {
        let Launched { child, memory, channel, arena, images, started } =
            Launched::new(session, &image.name, std::mem::take(&mut image.bytes))?;
        // The process ends where it may not go on.
        session.confinement.check(&started.layers)?;
        for layer in started.layers.iter().filter(|layer| layer.active) {
            tracing::debug!(layer = layer.name, covers = layer.detail, "isolation");
        }
        Ok(Self {
            number,
            arena: Arena::new(arena, started.arena, image.machine.width()),
            images: Arc::new(Mutex::new(images)),
            brought: started.brought,
            leaving: Mutex::default(),
            modules: AtomicUsize::new(0),
            child: Arc::new(child),
            memory: Arc::new(memory),
            channel: Mutex::new(channel),
            services: Arc::new(services),
            over: Arc::default(),
            aside: AtomicBool::new(false),
            turns: Turns::default(),
            next_seq: AtomicU32::new(1),
            name: image.name.clone(),
            folder: image.file.parent().unwrap_or(Path::new("/")).to_owned(),
            machine: image.machine,
            dead: Arc::default(),
            layers: started.layers,
            processors: sched_getaffinity(None).ok(),
        })
    }

    /// How wide the numbers of its drivers are.
    pub fn width(&self) -> Width {
        self.machine.width()
    }

    fn lock_images(&self) -> MutexGuard<'_, Images> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more driver is loaded here.
    pub fn enter(&self) {
        self.modules.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether no more than one driver is loaded here.
    pub fn alone(&self) -> bool {
        self.modules.load(Ordering::SeqCst) <= 1
    }

    /// One driver less; whether it was the last.
    pub fn leave(&self) -> bool {
        self.modules.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// Whether others need the processors, so that neither side looks for what the other one says before it sleeps.
    pub fn set_crowded(&self, crowded: bool) {
        channel::set_crowded(self.memory.words(), crowded);
    }

    /// Has it run on these processors.
    ///
    /// # Errors
    /// The system's.
    pub fn run_on(&self, processors: &CpuSet) -> io::Result<()> {
        self.child.run_on(processors)
    }

    /// Waits for the turn to call into the worker; `None` when it does not come before `until`.
    pub fn begin(&self, until: &Until) -> Option<Turn<'_>> {
        self.turns.begin(|| until.time())
    }

    /// Calls a guest function.
    pub fn call(self: &Arc<Self>, turn: &Turn<'_>, call: Call, broker: &dyn Broker, until: &Until) -> Reply {
        let Call { function, arguments, effect } = call;
        let call = |seq| ToWorker::Call(wire::Call { seq, function, arguments, effect });
        self.request(turn, call, broker, until)
    }

    /// Has its clock go on to `time`, in nanoseconds: what time it is then, and how far its streams are.
    ///
    /// # Errors
    /// A [`Reply`] that is no answer.
    pub fn advance(
        self: &Arc<Self>,
        time: u64,
        broker: &dyn Broker,
        until: Option<Instant>,
    ) -> Result<(u64, Vec<StreamState>), Reply> {
        let until = until.into();
        let Some(turn) = self.begin(&until) else { return Err(Reply::Busy) };
        match self.exchange(&turn, |seq| ToWorker::Advance { seq, until: time }, broker, &until) {
            Exchange::Advanced(advanced) if !(time..=LATEST.max(time)).contains(&advanced.now) => {
                Err(Reply::Died(self.end("said a time that cannot be and was killed")))
            }
            Exchange::Advanced(advanced) => Ok((advanced.now, self.services.states(&advanced.streams))),
            Exchange::Reply(Reply::Answered(_))
            | Exchange::Loaded(_)
            | Exchange::Unloadable(_)
            | Exchange::Dropped => Err(Reply::Died(self.end(OTHER_QUESTION))),
            Exchange::Reply(reply) => Err(reply),
        }
    }

    /// The file name of the driver that it was started for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Ends the process; every later request answers [`Reply::Died`] for this reason, or an earlier one.
    pub fn end(&self, why: &str) -> String {
        self.over.store(true, Ordering::SeqCst);
        self.child.kill();
        self.services.finish();
        self.dead.get_or_init(|| why.to_owned()).clone()
    }

    /// Whether the process has ended.
    pub fn dead(&self) -> bool {
        self.dead.get().is_some() || self.child.ended().is_some()
    }

    /// Gives it real-time priority.
    pub fn prefer(&self) -> io::Result<()> {
        self.child.prefer()
    }

    /// Whether a call into it has not ended yet.
    pub fn in_call(&self) -> bool {
        self.turns.busy()
    }

    fn request(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        message: impl FnOnce(u32) -> ToWorker,
        broker: &dyn Broker,
        until: &Until,
    ) -> Reply {
        match self.exchange(turn, message, broker, until) {
            Exchange::Reply(reply) => reply,
            Exchange::Loaded(_) | Exchange::Unloadable(_) | Exchange::Advanced(_) | Exchange::Dropped => {
                Reply::Died(self.end(OTHER_QUESTION))
            }
        }
    }

    fn exchange(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        message: impl FnOnce(u32) -> ToWorker,
        broker: &dyn Broker,
        until: &Until,
    ) -> Exchange {
        if let Some(how) = self.dead.get() {
            return Reply::Died(how.clone()).into();
        }
        // 0 means "no request" to the worker.
        let seq = self.next_seq.fetch_add(1, Ordering::Relaxed).max(1);
        let mut waiting = Waiting::new(seq, until.clone(), self.width());
        let ended = match self.say_and_hear(&message(seq), &mut waiting, broker) {
            // Most answers are this one, and in most conversations nothing else is said.
            Ok(ToHost::Answered { seq: answered, result }) if answered == seq => {
                Reply::Answered(self.width().long(result)).into()
            }
            first => self.until_ended(turn, first, &mut waiting, broker),
        };
        if let Exchange::Reply(reply) = &ended {
            waiting.direct.end(reply.outcome().0, self.number, broker.trace());
        }
        ended
    }

    /// Answers what is asked after a request, of which the first thing has been heard, and waits for its end.
    fn until_ended(
        self: &Arc<Self>,
        turn: &Turn<'_>,
        first: Result<ToHost, Reply>,
        waiting: &mut Waiting,
        broker: &dyn Broker,
    ) -> Exchange {
        let mut heard = first;
        loop {
            let answer = match heard {
                Ok(ToHost::Asked(asked)) => {
                    let granted =
                        turn.step_aside(|| depth::deeper(|| broker.ask(self, &asked, waiting.until.time())));
                    granted.map_or(ToWorker::Endless, ToWorker::Granted)
                }
                Ok(ToHost::Wanted(want)) => {
                    let served = self.services.serve(&want, &self.images, self.brought, waiting.until.time());
                    ToWorker::Served(served)
                }
                Ok(message) => return self.conclude(message, waiting.seq),
                Err(reply) => return reply.into(),
            };
            heard = self.check_if_late(waiting).and_then(|()| self.say_and_hear(&answer, waiting, broker));
        }
    }

    /// [`check`](Self::check), once the deadline has passed: a worker that never stops talking must not put it off.
    fn check_if_late(&self, waiting: &mut Waiting) -> Result<(), Reply> {
        match waiting.until.time() {
            Some(until) if Instant::now() >= until => self.check(waiting),
            _ => Ok(()),
        }
    }

    /// Looks after a worker that has not answered yet: whether it lives, and whether its time is over.
    fn check(&self, waiting: &mut Waiting) -> Result<(), Reply> {
        if let Some(ended) = self.child.ended() {
            let shim = channel::noted_shim(self.memory.words());
            let place = shim.map_or_else(String::new, |shim| format!(" in {shim}"));
            return Err(Reply::Died(self.end(&format!("{ended}{place}"))));
        }
        let now = Instant::now();
        if waiting.until.time().is_none_or(|until| now < until) {
            return Ok(());
        }
        // From the first signal on, not from the deadline: the host itself may have been away that long.
        if now >= *waiting.kill_at.get_or_insert(now + GRACE) {
            self.end("was killed because it could not be interrupted at its deadline");
            return Err(Reply::Late { killed: true });
        }
        if waiting.next_signal.is_none_or(|next| now >= next) {
            if let Some(word) = channel::interrupt(self.memory.words()) {
                word.store(waiting.seq, Ordering::SeqCst);
            }
            self.child.interrupt();
            waiting.next_signal = Some(now + REPEAT);
        }
        Ok(())
    }

    fn conclude(&self, message: ToHost, seq: u32) -> Exchange {
        match message {
            ToHost::Answered { seq: answered, result } if answered == seq => {
                Reply::Answered(self.width().long(result)).into()
            }
            ToHost::Faulted { seq: answered, fault } if answered == seq => match fault.kind {
                FaultKind::Deadline => Reply::Late { killed: false }.into(),
                FaultKind::Driver | FaultKind::Bug => Reply::Faulted(sane(fault)).into(),
            },
            ToHost::Advanced(advanced) if advanced.seq == seq => Exchange::Advanced(advanced),
            ToHost::Dropped { seq: dropped } if dropped == seq => Exchange::Dropped,
            ToHost::Loaded(loaded) => Exchange::Loaded(loaded),
            ToHost::Unloadable(refusal) => Exchange::Unloadable(refusal),
            _ => Reply::Died(self.end(NOT_ASKED)).into(),
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end("is not used any more");
    }
}

/// What came of a message: most are replies, loading has answers of its own. Those that are rare are boxed, so that the others are small, because they are handed on
/// several times for each message.
enum Exchange {
    Reply(Reply),
    Loaded(Box<Loaded>),
    Unloadable(Box<LoadRefusal>),
    Advanced(Box<Advanced>),
    Dropped,
}

impl From<Reply> for Exchange {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

/// A fault as a worker tells it, made fit to be shown: what it says is hostile text.
fn sane(mut fault: Box<Fault>) -> Box<Fault> {
    fault.text = printable(&fault.text);
    if let Some(place) = &mut fault.place {
        place.module = printable(&place.module);
    }
    fault
}

/// Text from a driver without what could steer a terminal, and not too much of it.
pub(crate) fn printable(text: &str) -> String {
    // Controls, and what turns the direction of text around.
    let unfit = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.trim_end().chars().take(500).map(|c| if unfit(c) { '\u{fffd}' } else { c }).collect()
}
