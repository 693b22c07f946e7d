//! `lying-worker HOST-PID NAME` is a worker that tells the host the lie that its driver's file is named after, and the truth else. Where the name is none of a lie it becomes
//! the real worker, which hears for itself what this one has heard: each reads from the ring's beginning. What the host is to make of each, `suite/lies.rs` says.

mod random;
mod wants;

use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use drvhost_tests::{XOR, program};
use mmsystem::{DRV_CLOSE, DRV_EXITSESSION, DRV_FREE};
use rustix::process::{Signal, kill_process};
use sandbox::{SharedMemory, futex};
use serde::Serialize;
use wire::ring::{FIRST_SLOT, FURTHER, LONGEST, Sleep, WORDS, Word, stamp};
use wire::{
    Advanced, Asked, Begin, Call, Channel, Entered, Fault, FaultKind, FileCall, Heard, Layer, Line,
    LoadRefusal, Loaded, Place, Plain, RegistryCall, Segments, ShimCalls, Side, Started, StreamState, ToHost,
    ToWorker, Want, WaveFormat,
};

/// What steers a terminal.
const CONTROLS: &str = "\u{1b}[31m\u{202e}\r\n\u{7}";
/// Where the ring to the host begins in the channel, in words, and in it the word that its reader sleeps on; its slots, and how many words each has
/// (`wire::ring`).
const TO_HOST: usize = 1024 + WORDS.next_multiple_of(1024);
const ASLEEP: usize = 16;
const SLOT: usize = <AtomicU32 as Word>::SLOT;
const SLOTS: usize = <AtomicU32 as Word>::SLOTS;

type Words = &'static [AtomicU32];

fn sleep() -> Sleep {
    Sleep { wait: futex::wait, wake: futex::wake, looks: false }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args_os().skip(1).collect();
    let memory = SharedMemory::from_descriptor("channel", std::io::stdin().as_fd())?;
    let words = Box::leak(Box::new(memory)).words();
    let mut channel = Channel::new(Side::Worker, Line::Main, sleep());
    let Some(ToWorker::Begin(Begin { name, .. })) = channel.receive(words, || None)? else {
        return Err("which driver?".into());
    };
    sandbox::show_name(&name);
    let Some(lie) = name.strip_suffix(".lie.dll") else {
        return Err(Command::new(program("drvhost-worker")).args(arguments).exec().into());
    };
    if arguments.last().is_none_or(|last| last != "deaf") {
        // Again, deaf to the signal by which the host interrupts: what a program ignores, the one that it becomes ignores as well.
        let own = std::env::current_exe()?;
        return Err(Command::new("env")
            .arg("--ignore-signal=USR1")
            .arg(own)
            .args(arguments)
            .arg("deaf")
            .exec()
            .into());
    }
    let mut worker = Liar { words, channel, lie: lie.to_owned(), last: 0, queued: Vec::new() };
    if let Some(seed) = lie.strip_prefix("random-") {
        return worker.play_at_random(seed.parse()?);
    }
    worker.start();
    worker.converse()
}

/// What is no message.
#[derive(Serialize)]
struct Garbage([u8; 20]);

impl Plain for Garbage {}

struct Liar {
    words: Words,
    channel: Channel,
    lie: String,
    /// The last request's number.
    last: u32,
    /// The calls that were queued.
    queued: Vec<Call>,
}

fn started() -> Started {
    let layer = Layer { name: "none".into(), active: false, detail: "this one lies".into() };
    Started { layers: vec![layer], arena: 0x7000_0000, brought: 0x2c00_0000, segments: Some(Segments::Ldt) }
}

fn loaded() -> Loaded {
    Loaded { module: 0x1000_0000, driver_proc: 0x1000_1000, unresolved: Vec::new() }
}

fn fault(kind: FaultKind) -> Fault {
    let text = CONTROLS.repeat(800);
    Fault { kind, place: Some(Place { module: CONTROLS.repeat(300), offset: u64::MAX }), text }
}

fn stop() {
    let _ = kill_process(rustix::process::getpid(), Signal::STOP);
}

fn wait_for_ever() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(1000));
    }
}

impl Liar {
    fn is(&self, lie: &str) -> bool {
        self.lie == lie
    }

    fn say(&mut self, message: &ToHost) {
        self.channel.send(self.words, message).expect("there is room");
    }

    /// Says several things with one word: whoever hears the first can hear all.
    fn say_at_once(&mut self, messages: &[ToHost]) {
        let bytes = |message| postcard::to_extend(message, Vec::new()).expect("a message");
        let frames: Vec<_> = messages.iter().map(|message| (0, bytes(message))).collect();
        self.forge(&frames);
    }

    /// Asks for something and hears what comes of it, for ever.
    fn ask_for_ever(&mut self, message: &ToHost) -> ! {
        loop {
            self.say(message);
            self.hear();
        }
    }

    /// Says something as often as there is room for it, for ever.
    fn flood(&mut self, message: &ToHost) -> ! {
        loop {
            let _ = self.channel.send(self.words, message);
        }
    }

    fn hear(&mut self) -> ToWorker {
        self.channel.receive(self.words, || None).expect("the host keeps to the protocol").expect("a message")
    }

    fn answer(&mut self, result: u64) {
        self.say(&ToHost::Answered { seq: self.last, result });
    }

    /// Puts slots into the ring to the host behind its writer's back: what its stamps are to be more than they should, and what each has, which is short.
    fn forge(&self, slots: &[(u32, Vec<u8>)]) {
        let place = self.place();
        for (index, (more, bytes)) in slots.iter().enumerate().rev() {
            let place = place.wrapping_add(u32::try_from(index).expect("few slots"));
            let (first, own) = self.slot(place).split_first().expect("a stamp");
            for (word, chunk) in own.iter().zip(bytes.chunks(size_of::<u32>())) {
                let mut bytes = [0; size_of::<u32>()];
                bytes[..chunk.len()].copy_from_slice(chunk);
                word.store(u32::from_le_bytes(bytes), Ordering::SeqCst);
            }
            let length = u16::try_from(bytes.len()).expect("a short frame");
            first.store(stamp::<AtomicU32>(place, length).wrapping_add(*more), Ordering::SeqCst);
        }
        futex::wake(&self.words[TO_HOST + ASLEEP]);
    }

    fn slot(&self, place: u32) -> Words {
        let start = TO_HOST + FIRST_SLOT + place as usize % SLOTS * SLOT;
        &self.words[start..start + SLOT]
    }

    /// How many slots its writer has written.
    fn place(&self) -> u32 {
        let lap = |index| self.slot(index)[0].load(Ordering::SeqCst) >> 16;
        let count = u32::try_from(SLOTS).expect("few slots");
        let written = (0..count).take_while(|index| lap(*index) == lap(0)).count();
        match lap(0) {
            0 => 0,
            last => (last - 1) * count + u32::try_from(written).expect("few slots"),
        }
    }

    fn start(&mut self) {
        let mut started = started();
        match self.lie.as_str() {
            "never-starts" => wait_for_ever(),
            "stops-first" => stop(),
            "exits-first" => std::process::exit(3),
            "answers-first" => return self.say(&ToHost::Answered { seq: 1, result: 1 }),
            "garbage-first" => return self.forge(&[(0, vec![0xFF; 8])]),
            "cut-first" => return self.forge(&[(100, Vec::new())]),
            "not-started" => return self.say(&ToHost::NotStarted(CONTROLS.repeat(500))),
            "arena-at-null" => started.arena = 0,
            "arena-at-the-end" => started.arena = u64::MAX - 100,
            "arena-beyond-guests" => started.arena = 0x8000_0000,
            "images-at-the-end" => started.brought = u64::MAX - 100,
            "thousands-of-layers" => {
                let layer = Layer { name: String::new(), active: true, detail: String::new() };
                started.layers = vec![layer; 5000];
            }
            "layers-that-steer-terminals" => {
                started.layers[0].name = CONTROLS.into();
                started.layers[0].detail = CONTROLS.repeat(300);
            }
            _ => {}
        }
        if self.is("loaded-before-asked") {
            return self.say_at_once(&[ToHost::Started(started.into()), ToHost::Loaded(loaded().into())]);
        }
        self.say(&ToHost::Started(started.into()));
    }

    fn converse(&mut self) -> ! {
        loop {
            match self.hear() {
                ToWorker::Load(load) => {
                    self.last = load.seq;
                    self.load();
                }
                ToWorker::Call(call) => {
                    self.last = call.seq;
                    self.call(&call);
                }
                ToWorker::Queued(queued) => {
                    self.last = queued.call.seq;
                    self.queued.push(queued.call);
                    self.lie_in_queue();
                }
                ToWorker::Unload { seq, .. } => {
                    self.last = seq;
                    let result = if self.is("unloads-to-nonsense") { u64::MAX } else { 1 };
                    self.answer(result);
                }
                ToWorker::Advance { seq, until } => {
                    self.last = seq;
                    self.advance(until);
                }
                ToWorker::Begin(_) | ToWorker::Granted(_) | ToWorker::Endless | ToWorker::Served(_) => {}
            }
        }
    }

    fn load(&mut self) {
        let answer = match self.lie.as_str() {
            "started-twice" => ToHost::Started(started().into()),
            "answered-instead-of-loaded" => ToHost::Answered { seq: self.last, result: 1 },
            "advanced-instead-of-loaded" => {
                ToHost::Advanced(Advanced { seq: self.last, now: 0, streams: Vec::new() }.into())
            }
            "loaded-nowhere" => {
                let unresolved = vec![CONTROLS.to_owned(); 1000];
                ToHost::Loaded(Loaded { module: u64::MAX, driver_proc: 0, unresolved }.into())
            }
            "faults-absurdly-at-load" => {
                ToHost::Faulted { seq: self.last, fault: fault(FaultKind::Driver).into() }
            }
            "unloadable-absurdly" => ToHost::Unloadable(LoadRefusal::Image(CONTROLS.repeat(1000)).into()),
            "stops-at-load" => return stop(),
            "exits-at-load" => std::process::exit(7),
            _ => ToHost::Loaded(loaded().into()),
        };
        self.say(&answer);
    }

    fn call(&mut self, call: &Call) {
        let [_, _, message, lparam1, lparam2] = call.arguments;
        match u32::try_from(message) {
            Ok(XOR) => self.lie_in_call(lparam1 ^ lparam2),
            Ok(DRV_CLOSE) => match self.lie.as_str() {
                "refuses-to-close" => self.answer(0),
                "closes-another-call" => self.say(&ToHost::Answered { seq: self.last + 1, result: 1 }),
                "stops-at-close" => stop(),
                _ => self.answer(1),
            },
            Ok(DRV_FREE) if self.is("exits-at-free") => std::process::exit(5),
            Ok(DRV_EXITSESSION) if self.is("ends-another-session") => {
                self.say(&ToHost::Answered { seq: self.last.wrapping_sub(1), result: 1 });
            }
            _ => self.answer(1),
        }
    }

    /// Lies once all three calls of a queue have come, whose numbers follow each other.
    fn lie_in_queue(&mut self) {
        let &[first, second, third] = self.queued.as_slice() else { return };
        let answer = |call: Call| {
            let [_, _, _, lparam1, lparam2] = call.arguments;
            ToHost::Answered { seq: call.seq, result: lparam1 ^ lparam2 }
        };
        let faulted = |call: Call| ToHost::Faulted { seq: call.seq, fault: fault(FaultKind::Driver).into() };
        let dropped = |call: Call| ToHost::Dropped { seq: call.seq };
        let says = match self.lie.as_str() {
            "answers-out-of-order" => vec![answer(second), answer(first), answer(third)],
            "answers-behind-the-queue" => {
                let behind = ToHost::Answered { seq: third.seq + 1, result: 1 };
                vec![answer(first), answer(second), answer(third), behind]
            }
            "drops-for-nothing" => vec![dropped(first), dropped(second), dropped(third)],
            "drops-another-call" => vec![faulted(first), dropped(third), dropped(second)],
            "goes-on-after-a-fault" => vec![faulted(first), answer(second), answer(third)],
            "faults-again-after-a-fault" => vec![faulted(first), faulted(second), faulted(third)],
            "never-drops" => vec![faulted(first)],
            "never-answers-the-queue" => vec![answer(first)],
            "exits-in-the-queue" => std::process::exit(11),
            _ => vec![answer(first), answer(second), answer(third)],
        };
        if self.is("answers-behind-the-queue") {
            return self.say_at_once(&says);
        }
        for message in &says {
            self.say(message);
        }
    }

    fn lie_in_call(&mut self, result: u64) {
        let seq = self.last;
        let answer = |seq| ToHost::Answered { seq, result };
        let entered = Entered { hdrvr: u64::MAX, id: 0, message: 0, lparam1: 0, lparam2: 0 };
        match self.lie.as_str() {
            "answers-another-call" => self.say(&ToHost::Answered { seq: seq + 1, result }),
            "answers-no-call" => self.say(&ToHost::Answered { seq: 0, result }),
            "answers-twice" => self.say_at_once(&[answer(seq), answer(seq)]),
            "answers-ahead" => self.say_at_once(&[answer(seq), answer(seq + 1)]),
            "faults-ahead" => {
                let fault = Fault { text: "ahead".into(), place: None, ..fault(FaultKind::Driver) };
                self.say_at_once(&[answer(seq), ToHost::Faulted { seq: seq + 1, fault: fault.into() }]);
            }
            "wants-unasked" => {
                let want = ToHost::Wanted(Want::Registry(RegistryCall::Flush).into());
                self.say_at_once(&[answer(seq), want]);
            }
            "asks-unasked" => {
                let asked = ToHost::Asked(Asked::ModuleHandle { hdrvr: 0x10 }.into());
                self.say_at_once(&[answer(seq), asked]);
            }
            "wants-two-at-once" => {
                let want = || ToHost::Wanted(Want::Registry(RegistryCall::Flush).into());
                self.say_at_once(&[want(), want()]);
            }
            "drops-a-call" => self.say(&ToHost::Dropped { seq }),
            "loads-again" => self.say(&ToHost::Loaded(loaded().into())),
            "starts-again" => self.say(&ToHost::Started(started().into())),
            "was-never-started" => self.say(&ToHost::NotStarted("?".into())),
            "cannot-be-loaded-any-more" => self.say(&ToHost::Unloadable(LoadRefusal::EntryPoint.into())),
            "advances-unasked" => {
                self.say(&ToHost::Advanced(Advanced { seq, now: u64::MAX, streams: Vec::new() }.into()));
            }
            "leaves-no-call" => self.say(&ToHost::Left { result }),
            "enters-without-end" => self.flood(&ToHost::Entered(entered.into())),
            "floods-threads" => self.flood(&ToHost::Threads),
            "floods-texts" => self.flood(&ToHost::Said(CONTROLS.repeat(1000))),
            "floods-counts" => self.flood(&ToHost::Shims(vec![ShimCalls {
                name: CONTROLS.into(),
                supplied: false,
                calls: u64::MAX,
                ns: u64::MAX,
                failures: vec![(1, 1); 8000],
            }])),
            "floods-sound" => self.flood(&ToHost::Heard(Heard::Closed { stream: 7 }.into())),
            "wants-for-ever" => {
                let path = r"Z:\etc\passwd".into();
                self.ask_for_ever(&ToHost::Wanted(Want::File(FileCall::Look { path }).into()));
            }
            "asks-for-ever" => {
                self.ask_for_ever(&ToHost::Asked(Asked::ModuleHandle { hdrvr: u64::MAX }.into()))
            }
            "opens-for-ever" => {
                let name = CONTROLS.repeat(100);
                self.ask_for_ever(&ToHost::Asked(Asked::Open { name, section: None, lparam2: -1 }.into()));
            }
            "is-late-too-early" => {
                self.say(&ToHost::Faulted { seq, fault: fault(FaultKind::Deadline).into() });
            }
            "faults-absurdly" => self.say(&ToHost::Faulted { seq, fault: fault(FaultKind::Bug).into() }),
            "never-answers" => {}
            "answers-too-late" => {
                // Beyond what the test gives it, and the time to be interrupted.
                std::thread::sleep(Duration::from_secs(3));
                self.answer(result);
            }
            "stops-in-call" => stop(),
            "exits-in-call" => std::process::exit(9),
            "aborts-in-call" => {
                wire::channel::note_shim(self.words, &wire::channel::name(CONTROLS));
                std::process::abort()
            }
            "spoils-the-interrupt" => {
                let interrupt = wire::channel::interrupt(self.words).expect("a word");
                let end = Instant::now() + Duration::from_millis(20);
                while Instant::now() < end {
                    interrupt.store(interrupt.load(Ordering::SeqCst).wrapping_mul(77) + 1, Ordering::SeqCst);
                }
                self.answer(result);
            }
            "wants-the-impossible" => {
                let wrong = self.wants_that_were_served();
                self.answer(wrong);
            }
            "lap-jumps" => self.forge(&[(1 << 16, vec![4, 4])]),
            "lap-goes-back" => self.forge(&[(0_u32.wrapping_sub(2 << 16), vec![4, 4])]),
            "frame-of-nothing" => self.forge(&[(0, Vec::new())]),
            "frame-too-long" => self.forge(&[(u32::try_from(LONGEST + 1).expect("short"), Vec::new())]),
            "frame-without-end" => self.forge(&[(FURTHER.into(), Vec::new())]),
            "frame-beyond-what-is-there" => self.forge(&[(400, Vec::new()), (FURTHER.into(), Vec::new())]),
            "message-cut" => self.forge(&[(0, vec![4])]),
            "text-that-is-none" => self.forge(&[(0, vec![0x0E, 0x04, 0xFF, 0xFF, 0xFF, 0xFF])]),
            "frame-rewritten" => self.rewrite(),
            "second-line-garbage" => {
                self.say(&ToHost::Threads);
                let mut aside = Channel::new(Side::Worker, Line::Aside, sleep());
                aside.send(self.words, &Garbage([0xFF; 20])).expect("there is room");
            }
            "second-line-flood" => {
                self.say(&ToHost::Threads);
                let words = self.words;
                std::thread::spawn(move || {
                    let mut aside = Channel::new(Side::Worker, Line::Aside, sleep());
                    loop {
                        let _ = aside.send(words, &Want::Registry(RegistryCall::Flush));
                    }
                });
                self.answer(result);
            }
            _ => self.answer(result),
        }
    }

    /// Publishes a frame whose length changes while the host looks at it.
    fn rewrite(&self) {
        let place = self.place();
        let slot = self.slot(place);
        std::thread::spawn(move || {
            loop {
                for length in [8, 100, 0, u16::MAX, 4] {
                    slot[0].store(stamp::<AtomicU32>(place, length), Ordering::SeqCst);
                }
            }
        });
        self.forge(&[(0, vec![4; 8])]);
    }

    fn advance(&mut self, until: u64) {
        let format = WaveFormat { floating: false, channels: 1, samples_per_sec: 8000, bits_per_sample: 8 };
        let mut advanced = Advanced { seq: self.last, now: until, streams: Vec::new() };
        match self.lie.as_str() {
            "time-goes-back" => advanced.now = until.saturating_sub(1),
            "time-ends" => advanced.now = u64::MAX,
            "advances-another-time" => advanced.seq += 1,
            "answers-instead-of-advancing" => return self.answer(1),
            "streams-that-are-not" => {
                advanced.streams = vec![StreamState { stream: u32::MAX, written: 0, played: u64::MAX }; 700];
            }
            "stream-without-end" => {
                self.say(&ToHost::Heard(Heard::Opened { stream: 1, format }.into()));
                advanced.streams = vec![StreamState { stream: 1, written: 0, played: u64::MAX }; 500];
            }
            "sound-from-nowhere" => {
                self.say(&ToHost::Heard(Heard::Opened { stream: 9, format }.into()));
                self.say(&ToHost::Heard(Heard::Opened { stream: 1, format }.into()));
                for (stream, begin, at) in
                    [(9, 0, 0), (1, 0, 0), (1, u64::MAX, 4), (1, 0, 0), (1, 1, u64::MAX), (1, 0, 1 << 40)]
                {
                    let bytes = b"heard".to_vec();
                    self.say(&ToHost::Heard(Heard::Played { stream, begin, at, bytes }.into()));
                }
                for stream in [1, 1, u32::MAX] {
                    self.say(&ToHost::Heard(Heard::Closed { stream }.into()));
                }
            }
            _ => {}
        }
        self.say(&ToHost::Advanced(advanced.into()));
    }
}
