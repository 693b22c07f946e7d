//! Real drivers with bytes of their files changed: each is looked at, opened, sent what its kind is sent, and closed, and whatever comes of it is said in words, in
//! time, and leaves nothing behind.
//!
//! A run takes a sample of these mutants, always the same one; `DRVHOST_MUTANTS=all` before the test's command takes all of them, and `DRVHOST_MUTANTS=37`
//! one of each driver, as a failure names it.

mod parts;

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use drvhost::decode::{self, Decode, Decoded, Output};
use drvhost::inspect::inspect;
use drvhost::media::MediaError;
use drvhost::{Blame, DriverFile, Error, Session};
use drvhost_tests::*;

use parts::Parts;

/// What says which mutants are run.
const CHOICE: &str = "DRVHOST_MUTANTS";
/// Mutants of a driver for a machine: 20,000 in all, and how many of them are in the sample.
const MUTANTS: u64 = 1250;
const SAMPLED: u64 = 32;
/// What has found something to mend, by driver and machine, so that every run has it.
const FOUND: &[(&str, Machine, u64)] = &[
    ("msvidc32", Machine::I386, 566),
    ("msvidc32", Machine::I386, 778),
    ("msvidc32", Machine::X86_64, 247),
    ("imaadp32", Machine::X86_64, 843),
];
/// What a driver has for each message. Many a mutant loops, and uses it up.
const DEADLINE: Duration = Duration::from_millis(200);
/// What a mutant may take, each of whose messages may pass its deadline, on a machine that does other things, too.
const LONGEST: Duration = Duration::from_secs(30);
/// What the process may have had of memory, in KiB.
const MEMORY: u64 = 1 << 20;

/// How errors say that drvhost itself is to blame, on the host's side and the worker's.
const BUGS: [&str; 2] = ["a bug in drvhost", "failed inside drvhost"];

/// How often anything in this process has panicked, on whichever thread.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// What came of a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// It did what the driver does.
    Worked,
    /// It was not opened, or did not do what it was asked for, and said so.
    Refused,
    Faulted,
    Late,
    /// Its worker ended.
    Died,
}

impl Outcome {
    /// What an error is; the text where it must not be.
    fn of(error: &Error) -> Result<Self, String> {
        match (error, error.blame()) {
            (Error::EitherPacking(error), _) => Self::of(error),
            (Error::Late { .. }, _) => Ok(Self::Late),
            (Error::Died { .. }, _) => Ok(Self::Died),
            (Error::Faulted { .. }, Blame::Driver) => Ok(Self::Faulted),
            // A driver of another machine is found by nobody, and formats that it does not have it does not decode.
            (Error::OtherMachine { .. } | Error::NoCodec { .. } | Error::NoSuchDriver { .. }, _) => {
                Ok(Self::Refused)
            }
            // It made nothing at all of a whole file, which is what files do that are damaged inside.
            (Error::Media(MediaError::Malformed { .. }), _) => Ok(Self::Refused),
            (_, Blame::Driver) => Ok(Self::Refused),
            (_, blame) => Err(format!("{blame:?} is blamed: {error}")),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Worked => "worked",
            Self::Refused => "refused",
            Self::Faulted => "faulted",
            Self::Late => "late",
            Self::Died => "died",
        })
    }
}

/// The seeds that are wanted of a driver's mutants.
fn seeds(name: &str, machine: Machine) -> Vec<u64> {
    match std::env::var(CHOICE).as_deref() {
        Ok("all") => (0..MUTANTS).collect(),
        Ok(one) => vec![one.parse().unwrap_or_else(|_| panic!("{CHOICE}={one} is no mutant"))],
        Err(_) => {
            let found = FOUND.iter().filter(|(driver, of, _)| (*driver, *of) == (name, machine));
            (0..SAMPLED).chain(found.map(|(.., seed)| *seed)).collect()
        }
    }
}

/// One driver's mutants, and what they are asked to decode.
struct Bench {
    driver: DriverFile,
    /// The driver's file name.
    name: &'static str,
    folder: Folder,
    input: String,
    output: &'static str,
    session: Option<Session>,
}

impl Bench {
    fn new(machine: Machine, tried: &Tried) -> Self {
        let folder = Folder::new(machine);
        let input = (tried.sample)(&folder);
        let output = if input.ends_with(".avi") { "out.avi" } else { "out.wav" };
        let driver = driver_file(folder.file(tried.driver), "");
        Self { driver, name: tried.driver, folder, input, output, session: None }
    }

    fn session(&self, deadline: Duration) -> Session {
        let builder = Session::builder().registry(registry(self.folder.machine())).deadline(Some(deadline));
        builder.worker(program("drvhost-worker")).start().expect("a session starts")
    }

    /// Has whatever is the driver now decode a picture, or all of the sound.
    fn decode(&self, session: &Session) -> Result<Decoded, Error> {
        let what = Decode {
            input: self.folder.file(&self.input),
            output: Some(Output::File(self.folder.file(self.output))),
            driver: Some(self.driver.clone()),
            frames: "1..1".parse().expect("a range of frames"),
            ..Decode::default()
        };
        decode::run(session, &what, |_| ControlFlow::Continue(()))
    }

    /// Looks at a mutant and has it decode.
    fn try_out(&mut self, mutant: &[u8]) -> Result<Outcome, String> {
        fs::write(&self.driver.path, mutant).expect("a file");
        // One session for all, as a program has that opens whatever it finds: what one mutant does must not touch the next.
        let session = self.session.take().unwrap_or_else(|| self.session(DEADLINE));
        let looked = inspect(&session, &self.driver.path).map_err(|error| format!("looked at: {error}"))?;
        if let Some(reason) = looked.reason.filter(|reason| BUGS.iter().any(|bug| reason.contains(bug))) {
            return Err(format!("looked at: {reason}"));
        }
        let decoded = self.decode(&session);
        let written = decoded.is_ok();
        let outcome = match &decoded {
            Ok(Decoded { blame: None, .. }) => Outcome::Worked,
            Ok(Decoded { blame: Some(Blame::Media | Blame::Driver), .. }) => Outcome::Refused,
            Ok(Decoded { blame: Some(other), warnings, .. }) => {
                return Err(format!("{other:?} is blamed: {warnings:?}"));
            }
            Err(error) => Outcome::of(error)?,
        };
        // Who does not want to be closed stays open, and would be what the next mutant is taken for.
        let stays = !session.instances().is_empty();
        self.session = (!stays).then_some(session);
        let there = self.folder.names();
        let expected =
            |name: &String| *name == self.input || *name == self.name || written && name == self.output;
        hold(there.iter().all(expected), || format!("left behind: {there:?}"))?;
        hold(!written || fs::remove_file(self.folder.file(self.output)).is_ok(), || "no output".to_owned())?;
        Ok(outcome)
    }

    /// Whether everything was given back.
    fn nothing_is_held(&self, alone: Held) -> Result<(), String> {
        let held = if self.session.is_some() { alone.with_session() } else { alone };
        held.come_back()
    }
}

/// Says what is wrong where something does not hold.
fn hold(is: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is { Ok(()) } else { Err(what()) }
}

/// Tries out a driver's mutants.
fn mutate(machine: Machine, name: &str) {
    let tried = TRIED.iter().rfind(|tried| tried.driver.starts_with(name)).expect("a driver that is tried");
    let whole = fs::read(tried.file(machine)).expect("the driver");
    let parts = Parts::of(&whole);
    let mut bench = Bench::new(machine, tried);
    fs::write(&bench.driver.path, &whole).expect("a file");
    let alone = Held::now();
    let decoded = bench.decode(&bench.session(Duration::from_secs(30))).expect("the whole driver decodes");
    assert_eq!(decoded.blame, None, "{decoded:?}");
    fs::remove_file(bench.folder.file(bench.output)).expect("its output");
    alone.come_back().expect("nothing is left of that");

    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::SeqCst);
        usual(info);
    }));
    let (seeds, mut outcomes, mut wrong) = (seeds(name, machine), BTreeMap::new(), Vec::new());
    let began = Instant::now();
    for &seed in &seeds {
        let (mutant, started) = (parts.mutated(&whole, seed), Instant::now());
        let panics = PANICS.load(Ordering::SeqCst);
        let outcome = catch_unwind(AssertUnwindSafe(|| bench.try_out(&mutant)));
        let took = started.elapsed();
        let outcome = outcome.unwrap_or_else(|_| Err("the host panicked".to_owned())).and_then(|outcome| {
            hold(PANICS.load(Ordering::SeqCst) == panics, || "a thread panicked".to_owned())?;
            hold(took < LONGEST, || format!("it took {took:?}"))?;
            bench.nothing_is_held(alone).map(|()| outcome)
        });
        match outcome {
            Ok(outcome) => *outcomes.entry(outcome).or_insert(0) += 1,
            Err(what) => wrong.push(format!("{CHOICE}={seed} for mutants::{name}::{machine}: {what}")),
        }
    }
    bench.session = None;
    let left = bench.nothing_is_held(alone);
    let memory = status(std::process::id(), "VmHWM").expect("a number");
    let outcomes: Vec<_> = outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    println!(
        "{name}::{machine}: {} mutants ({}), {:?}, {memory}",
        seeds.len(),
        outcomes.join(", "),
        began.elapsed()
    );
    let of = wrong.len();
    wrong.truncate(20);
    assert!(wrong.is_empty(), "{of} of {} mutants:\n{}", seeds.len(), wrong.join("\n"));
    left.expect("nothing is left");
    let kib: u64 = memory.trim_end_matches(" kB").parse().expect("a number");
    assert!(kib < MEMORY, "{memory}");
}

/// A test for each driver and machine.
macro_rules! mutants_of {
    ($($name:ident)*) => {
        $(media_test!($name, |machine| mutate(machine, stringify!($name)));)*
    };
}

mutants_of! { iccvid msvidc32 msrle32 msadp32 imaadp32 msg711 msgsm32 l3codeca }
