//! The host, or its worker, is killed, stopped for a while, or gets no more memory, at any moment of a run: no process stays, a file has its name only when it is
//! whole, and the next run finds all as it was.
//!
//! A run takes a sample of these moments; `DRVHOST_ENDS=500` before the test's command takes so many, and `DRVHOST_ENDS=case:37` one, as a failure names it, though no
//! moment is met twice exactly.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use drvhost::media::{AviReader, FileReader};
use drvhost_tests::*;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

/// What says how many there are.
const CHOICE: &str = "DRVHOST_ENDS";
const SAMPLED: u64 = 30;
/// What a run may take on a machine that does other things, too. One that takes longer hangs.
const LONGEST: Duration = Duration::from_secs(60);
/// What the driver has for each message.
const DEADLINE: Duration = Duration::from_secs(1);
/// For how long a process is stopped: until a worker that is has been killed for it, or hardly at all.
const STOPS: [Duration; 2] = [Duration::from_millis(1500), Duration::from_millis(30)];
/// What is left, in bytes, to one who gets no more memory.
const LEFT: [u64; 3] = [0, 64 << 10, 1 << 20];
const INPUT: &str = "film.avi";
const OUTPUT: &str = "out.avi";
/// What temporary files are called, one of which a killed host leaves.
const TEMPORARY: &str = ".drvhost-";

/// Whom it happens to, and what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    HostKilled,
    HostStopped,
    HostWithoutMemory,
    WorkerKilled,
    WorkerStopped,
    WorkerWithoutMemory,
}

const ENDS: [End; 6] = [
    End::HostKilled,
    End::WorkerKilled,
    End::HostStopped,
    End::WorkerStopped,
    End::HostWithoutMemory,
    End::WorkerWithoutMemory,
];

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Whole,
    /// A part could not be decoded, and it says so.
    Damaged,
    /// It says why it has failed.
    Failed,
    Killed,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Whole => "whole",
            Self::Damaged => "damaged",
            Self::Failed => "failed",
            Self::Killed => "killed",
        })
    }
}

fn start(folder: &Folder) -> Child {
    let mut command = Command::new(program("drvhost"));
    command.current_dir(folder.path()).env_clear().env("HOME", folder.path());
    command.args(["decode", INPUT, "-o", OUTPUT, "--deadline", &format!("{}ms", DEADLINE.as_millis())]);
    let messages = File::create(folder.file("messages")).expect("a file");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(messages).spawn().expect("drvhost starts")
}

fn pid(number: u32) -> Pid {
    i32::try_from(number).ok().and_then(Pid::from_raw).expect("a process's number")
}

/// Waits for the end of a run.
fn ended(host: &mut Child) -> Result<ExitStatus, String> {
    let give_up = Instant::now() + LONGEST;
    loop {
        if let Some(status) = host.try_wait().expect("a command can be waited for") {
            return Ok(status);
        }
        if Instant::now() > give_up {
            let _ = host.kill();
            let _ = host.wait();
            return Err("it did not end".to_owned());
        }
        sleep(Duration::from_millis(1));
    }
}

/// A number of a process's status that has KiB, in bytes.
fn size(process: u32, field: &str) -> Option<u64> {
    let kib: u64 = status(process, field)?.trim_end_matches(" kB").parse().ok()?;
    Some(kib << 10)
}

/// Lets a process have only so many bytes of a kind. Whoever has ended needs none.
fn limit(process: u32, of: Resource, most: u64) {
    let _ = prlimit(Some(pid(process)), of, Rlimit { current: Some(most), maximum: Some(most) });
}

/// Lets it have only so many more bytes of its own: heap and stacks, which need no further addresses to grow.
fn starve(process: u32, left: u64) {
    limit(process, Resource::Data, size(process, "VmData").unwrap_or(0) + left);
}

/// Does it. The host has not been waited for, so its number is its own.
fn strike(host: &Child, end: End, scribble: &mut Scribble) {
    let own = host.id();
    let mut pick = |end: usize| scribble.below(end as u32) as usize;
    let stop = STOPS[pick(STOPS.len())];
    let left = LEFT[pick(LEFT.len())];
    match end {
        End::HostKilled => drop(kill_process(pid(own), Signal::KILL)),
        End::HostStopped => {
            let _ = kill_process(pid(own), Signal::STOP);
            sleep(stop);
            let _ = kill_process(pid(own), Signal::CONT);
        }
        End::HostWithoutMemory => starve(own, left),
        End::WorkerKilled | End::WorkerStopped | End::WorkerWithoutMemory => {
            for worker in all_workers(own) {
                match end {
                    End::WorkerKilled => drop(signal_worker(own, worker, Signal::KILL)),
                    End::WorkerStopped => {
                        signal_worker(own, worker, Signal::STOP);
                        sleep(stop);
                        signal_worker(own, worker, Signal::CONT);
                    }
                    _ => starve(worker, left),
                }
            }
        }
    }
}

/// How many pictures a film has that can be read to its end.
fn pictures(film: &Path) -> Result<usize, String> {
    let told = |error: &dyn fmt::Display| format!("{}: {error}", film.display());
    let file = FileReader::open(film).map_err(|error| told(&error))?;
    let mut film = AviReader::open(file).map_err(|error| told(&error))?;
    let (mut packets, mut picture, mut count) =
        (film.packets(0).map_err(|error| told(&error))?, Vec::new(), 0);
    while packets.next_packet(&mut picture).map_err(|error| told(&error))?.is_some() {
        count += 1;
    }
    packets.damage().map_or(Ok(count), |damage| Err(told(&damage)))
}

/// A folder with a film, and what is made of it.
struct Place {
    folder: Folder,
    whole: Vec<u8>,
    pictures: usize,
    /// How long that takes.
    takes: Duration,
    /// The most addresses that the host has had meanwhile, in bytes.
    addresses: u64,
}

impl Place {
    fn new() -> Self {
        let folder = Folder::default();
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/clip.avi");
        fs::copy(&sample, folder.file(INPUT)).expect("the sample");
        let (began, mut host, mut addresses) = (Instant::now(), start(&folder), 0);
        let status = loop {
            addresses = addresses.max(size(host.id(), "VmPeak").unwrap_or(0));
            if let Some(status) = host.try_wait().expect("a command can be waited for") {
                break status;
            }
            sleep(Duration::from_millis(1));
        };
        let takes = began.elapsed();
        assert!(status.success(), "{}", String::from_utf8_lossy(&folder.read("messages")));
        let place = Self {
            whole: folder.read(OUTPUT),
            pictures: pictures(&folder.file(OUTPUT)).expect("a film"),
            folder,
            takes,
            addresses,
        };
        fs::remove_file(place.folder.file(OUTPUT)).expect("the output");
        place
    }

    /// A run to which something happens.
    fn run(&self, end: End, case: u64, hosts: &mut Vec<u32>) -> Result<Outcome, String> {
        let mut scribble = Scribble::new(case + 1);
        // The first numbers of neighbouring seeds are alike.
        let _ = scribble.bytes(8);
        let mut host = start(&self.folder);
        hosts.push(host.id());
        if end == End::HostWithoutMemory && scribble.below(3) == 0 {
            // Some have too few addresses from their beginning, and so has the worker then.
            let most = self.addresses / 1000 * u64::from(200 + scribble.below(800));
            limit(host.id(), Resource::As, most);
        }
        // A little beyond the end, so that what comes last is hit as well.
        sleep(self.takes.mul_f64(f64::from(scribble.below(1100)) / 1000.0));
        strike(&host, end, &mut scribble);
        let status = ended(&mut host)?;
        let give_up = Instant::now() + Duration::from_secs(10);
        while !all_workers(host.id()).is_empty() {
            hold(Instant::now() < give_up, || "a worker has outlived its host".to_owned())?;
            sleep(Duration::from_millis(1));
        }
        let messages = String::from_utf8_lossy(&self.folder.read("messages")).into_owned();
        let outcome = match status.code() {
            Some(0) => Outcome::Whole,
            Some(3 | 4) if self.folder.file(OUTPUT).is_file() => Outcome::Damaged,
            Some(1..=5) => Outcome::Failed,
            None => Outcome::Killed,
            Some(code) => return Err(format!("exit code {code}: {messages}")),
        };
        hold(!messages.contains("panicked"), || messages.clone())?;
        let without_memory = end == End::HostWithoutMemory;
        hold(outcome != Outcome::Killed || end == End::HostKilled || without_memory, || {
            format!("{status}: {messages}")
        })?;
        hold(end != End::HostStopped || outcome == Outcome::Whole, || format!("{outcome}: {messages}"))?;
        let told = messages.lines().any(|line| line.starts_with("drvhost: "));
        hold(!matches!(outcome, Outcome::Damaged | Outcome::Failed) || told, || {
            format!("it says: {messages:?}")
        })?;
        self.is_whole(outcome)?;
        self.leaves(outcome)?;
        Ok(outcome)
    }

    /// What has the output's name must be all of it.
    fn is_whole(&self, outcome: Outcome) -> Result<(), String> {
        let output = self.folder.file(OUTPUT);
        if !output.is_file() {
            return hold(matches!(outcome, Outcome::Failed | Outcome::Killed), || "no output".to_owned());
        }
        if outcome == Outcome::Whole {
            hold(self.folder.read(OUTPUT) == self.whole, || "another output".to_owned())?;
        }
        let count = pictures(&output)?;
        hold(count == self.pictures, || format!("{count} pictures"))
    }

    /// Nothing else may be there but what a host leaves that was killed; all of it is cleared away for the next run.
    fn leaves(&self, outcome: Outcome) -> Result<(), String> {
        let mut left = self.folder.names();
        left.retain(|name| name != INPUT && name != OUTPUT && name != "messages");
        let temporary = left.iter().filter(|name| name.starts_with(TEMPORARY)).count();
        for name in left.iter().map(String::as_str).chain([OUTPUT]) {
            // The output need not be there.
            let _ = fs::remove_file(self.folder.file(name));
        }
        let most = usize::from(outcome == Outcome::Killed);
        hold(temporary == left.len() && temporary <= most, || format!("left behind: {left:?}"))
    }
}

/// Says what is wrong where something does not hold.
fn hold(is: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is { Ok(()) } else { Err(what()) }
}

/// The cases that are wanted.
fn cases() -> Vec<u64> {
    let Ok(text) = std::env::var(CHOICE) else { return (0..SAMPLED).collect() };
    let wrong = |_| panic!("{CHOICE}={text} is neither a number nor a case");
    match text.strip_prefix("case:") {
        Some(case) => vec![case.parse().unwrap_or_else(wrong)],
        None => (0..text.parse().unwrap_or_else(wrong)).collect(),
    }
}

wine_test!(sudden_ends_leave_no_process_and_no_half_a_file, || {
    let cases = cases();
    let place = Place::new();
    let (began, mut outcomes, mut wrong) = (Instant::now(), BTreeMap::new(), Vec::new());
    let mut hosts = Vec::new();
    for &case in &cases {
        let end = ENDS[case as usize % ENDS.len()];
        match place.run(end, case, &mut hosts) {
            Ok(outcome) => *outcomes.entry((end, outcome)).or_insert(0_u64) += 1,
            Err(what) => wrong.push(format!("{CHOICE}=case:{case}, {end:?}: {what}")),
        }
    }
    // Nor one that had not even begun when its host ended.
    hosts.iter().for_each(|&host| wait_for_no_worker(host, "iccvid.dll"));
    // And the next run does what the first did.
    let status = ended(&mut start(&place.folder)).expect("it ends");
    assert!(status.success() && place.folder.read(OUTPUT) == place.whole);
    let outcomes: Vec<_> =
        outcomes.iter().map(|((end, outcome), count)| format!("{end:?} {outcome} {count}")).collect();
    println!(
        "{} ends of runs of {:?} and {} MiB ({}), {:?}",
        cases.len(),
        place.takes,
        place.addresses >> 20,
        outcomes.join(", "),
        began.elapsed()
    );
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
});
