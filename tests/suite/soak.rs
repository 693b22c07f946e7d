//! A long-lived host: drivers are opened, do well or harm, are killed and closed, by several threads, and the host holds no more afterwards than before.
//!
//! A run takes a minute; `DRVHOST_SOAK=1800` before the test's command has it take so many seconds.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use drvhost::{Blame, DriverFile, Error, Hdrvr, Instance, Policy, Session, Store};
use drvhost_tests::*;
use mmsystem::DRV_QUERYCONFIGURE;
use rustix::process::Signal;

/// What says for how many seconds.
const CHOICE: &str = "DRVHOST_SOAK";
const SECONDS: u64 = 60;
/// What a driver has for each message.
const DEADLINE: Duration = Duration::from_millis(200);
/// Threads that use the session at the same time.
const THREADS: u64 = 3;
/// What each of them does before all is closed and looked at.
const STEPS: u32 = 40;
/// Rounds until whatever is made once and kept has been made: the heaps of threads, tables' room, the names of missing imports of each file.
const WARM_UP: usize = 5;
/// By how much the resident memory, in KiB, may be more at the end than after the warm-up. What is freed stays with the allocator, which has an arena for each of the threads
/// that come and go, so what is resident varies by some MiB without growing. A minute opens two thousand drivers: with a leak of 4 KiB for each it would be as much; half an
/// hour finds one of 130 bytes.
const MEMORY: u64 = 8 << 10;

/// What a driver is sent: a message and its parameters.
type Act = (u32, i64, i64);

/// The drivers, each of which is there for both machines, and what is asked of them: what real drivers do, and every way to fail, hang or end.
const DRIVERS: &[(&str, &[Act])] = &[
    ("spy", &[(XOR, 5, 3), (SPY_SLEEP, 5, 0), (SPY_OWN_MODULE, 0, 0), (SPY_HANG, 0, 0)]),
    (
        "hostile",
        &[
            (XOR, 5, 3),
            (HOSTILE_NULL, 0, 0),
            (HOSTILE_JUMP, 0xdead_beef, 0),
            (HOSTILE_RECURSE, 0, 0),
            (HOSTILE_LOOP, 0, 0),
            (HOSTILE_LOOP_TICKS, 0, 0),
            (HOSTILE_EXIT_PROCESS, 3, 0),
            (HOSTILE_EXIT, 4, 0),
            (HOSTILE_ABORT, 0, 0),
            (HOSTILE_INT80, 0, 0),
            (HOSTILE_UNSUPPLIED, 0, 0),
            (HOSTILE_STACK, 8, 0),
            (HOSTILE_CONTEXT, 0, 0),
            (HOSTILE_DEAF, 0, 0),
            (HOSTILE_CREATE_FILE, 0, 0),
            (HOSTILE_TALK_AND_ANSWER, 100, 0),
            (HOSTILE_X87, 0, 0),
        ],
    ),
    (
        "threads",
        &[(THREADS_WORK, 20, 2), (THREADS_EXIT, 7, 0), (THREADS_FAULT, 0, 0), (THREADS_FOREVER, 0, 0)],
    ),
    ("locks", &[(LOCKS_IDLE, 0, 0), (LOCKS_END_IDLE, 0, 0)]),
    ("nest", &[(XOR, 5, 3), (NEST_FAULT, 0, 0)]),
    ("seh", &[(SEH_RAISE, 0x1234, 0), (SEH_SEARCH, 0, 0), (SEH_DEEP, 0, 0)]),
    ("files", &[(FILES_COUNT, 0, 0), (FILES_STREAMS, 0, 0)]),
    ("registry", &[(REGISTRY_COUNT, 0, 0), (REGISTRY_CHECK, 1, 0)]),
    ("synth", &[(SYNTH_PLAY, 300, 0), (SYNTH_LEAVE, 300, 0), (SYNTH_DIE, 0, 0)]),
    ("attachfault", &[]),
    ("loadfault", &[]),
    ("tls", &[(TLS_ADD, 1, 0)]),
    ("iccvid", &[(DRV_QUERYCONFIGURE, 0, 0)]),
    ("msadp32", &[(DRV_QUERYCONFIGURE, 0, 0)]),
];

/// A driver's file, and what it is asked.
struct Subject {
    file: DriverFile,
    name: String,
    acts: &'static [Act],
}

/// How often what was done.
#[derive(Default)]
struct Done {
    opened: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
    killed: AtomicU64,
}

fn count(of: &AtomicU64) {
    of.fetch_add(1, Ordering::Relaxed);
}

/// All drivers for both machines, each a file of its own.
fn subjects(folder: &Folder) -> Vec<Subject> {
    let mut subjects = Vec::new();
    for machine in Machine::ALL {
        for (driver_name, acts) in DRIVERS {
            let real = TRIED.iter().find(|tried| tried.driver.starts_with(driver_name));
            let source = real.map_or_else(|| driver(machine, driver_name), |tried| tried.file(machine));
            let name = format!("{driver_name}-{machine}.dll");
            fs::copy(&source, folder.file(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
            subjects.push(Subject { file: driver_file(folder.file(&name), ""), name, acts });
        }
    }
    subjects
}

/// A session as the host has it for a long time.
fn session(folder: &Folder) -> Session {
    let store = Store::at(&folder.file("config"), &folder.file("data"));
    let builder = Session::builder().registry(drvhost::Registry::with_defaults()).store(store);
    builder.deadline(Some(DEADLINE)).worker(program("drvhost-worker")).start().expect("a session starts")
}

/// What may come of anything here: an answer, or that the driver is to blame.
fn may_be<T>(result: Result<T, Error>, done: &Done, what: &str) -> Option<T> {
    match result {
        Ok(value) => {
            count(&done.answered);
            Some(value)
        }
        Err(error) => {
            count(&done.failed);
            // Workers are killed while they start, too, and for that no driver is to blame.
            let is_killed = matches!(&error, Error::Worker(why) if why.contains("(SIGKILL)"));
            assert!(is_killed || error.blame() == Blame::Driver, "{what}: {error}");
            None
        }
    }
}

/// One thread's part of a round.
fn steps(session: &Session, subjects: &[Subject], seed: u64, done: &Done) {
    let own = std::process::id();
    let mut scribble = Scribble::new(seed + 1);
    // The first numbers of neighbouring seeds are alike.
    let _ = scribble.bytes(8);
    let mut pick = |end: usize| scribble.below(end as u32) as usize;
    let mut open: Vec<(Hdrvr, &Subject)> = Vec::new();
    for step in 0..STEPS {
        let what = |subject: &Subject| format!("{CHOICE}: seed {seed}, step {step}, {}", subject.name);
        let kind = pick(20);
        if open.is_empty() || kind < 7 {
            let subject = &subjects[pick(subjects.len())];
            let opened = may_be(session.open(&subject.file, |_| Ok(0)), done, &what(subject));
            open.extend(opened.map(|hdrvr| (hdrvr, subject)));
            count(&done.opened);
            continue;
        }
        let (hdrvr, subject) = open[pick(open.len())];
        match kind {
            7..16 => {
                let Some(&(message, lparam1, lparam2)) = subject.acts.get(pick(subject.acts.len().max(1)))
                else {
                    continue;
                };
                may_be(session.send(hdrvr, message, lparam1, lparam2), done, &what(subject));
            }
            16 => {
                for worker in workers(own, &subject.name) {
                    done.killed.fetch_add(signal_worker(own, worker, Signal::KILL).into(), Ordering::Relaxed);
                }
            }
            _ => {
                may_be(session.close(hdrvr, 0, 0), done, &what(subject));
                open.retain(|(other, _)| *other != hdrvr);
            }
        }
    }
    for (hdrvr, subject) in open {
        may_be(
            session.close(hdrvr, 0, 0),
            done,
            &format!("{CHOICE}: seed {seed}, at its end, {}", subject.name),
        );
    }
}

/// Closes what is open still: what was occupied by another thread until its deadline, and what does not want to be closed and has to be killed for that.
fn close_all(session: &Session, done: &Done) {
    for Instance { hdrvr, file, .. } in session.instances() {
        let what = format!("closing {}", file.display());
        if may_be(session.close(hdrvr, 0, 0), done, &what) == Some(0) {
            let (own, name) = (std::process::id(), file.file_name().unwrap_or_default().to_string_lossy());
            for worker in workers(own, &name) {
                done.killed.fetch_add(signal_worker(own, worker, Signal::KILL).into(), Ordering::Relaxed);
            }
            may_be(session.close(hdrvr, 0, 0), done, &what);
        }
    }
}

/// The resident memory, in KiB.
fn resident() -> u64 {
    let memory = status(std::process::id(), "VmRSS").expect("a number");
    memory.trim_end_matches(" kB").parse().expect("a number")
}

/// The names of all files below a folder.
fn names_below(folder: PathBuf) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.flat_map(|entry| match entry.file_type() {
        Ok(kind) if kind.is_dir() => names_below(entry.path()),
        _ => vec![entry.file_name().to_string_lossy().into_owned()],
    });
    names.collect()
}

wine_test!(a_host_that_lives_long_holds_no_more_in_the_end, || {
    let seconds = match std::env::var(CHOICE) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{CHOICE}={text} is no number of seconds")),
        Err(_) => SECONDS,
    };
    let folder = Folder::default();
    let (subjects, done) = (subjects(&folder), Done::default());
    let alone = Held::now();
    let current = session(&folder);
    let (began, mut rounds, mut memory) = (Instant::now(), 0_usize, Vec::new());
    while began.elapsed() < Duration::from_secs(seconds) || memory.len() < 3 * WARM_UP {
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (session, subjects, done) = (&current, &subjects, &done);
                let seed = rounds as u64 * THREADS + thread;
                scope.spawn(move || steps(session, subjects, seed, done));
            }
        });
        rounds += 1;
        close_all(&current, &done);
        assert_eq!(current.instances(), [], "after round {rounds}");
        alone.with_session().come_back().unwrap_or_else(|held| panic!("after round {rounds}: {held}"));
        memory.push(resident());
        if rounds.is_multiple_of(10) {
            // One that is ended with whatever is open must give everything back, too.
            let other = session(&folder);
            let opened = subjects.iter().filter_map(|subject| other.open(&subject.file, |_| Ok(0)).ok());
            assert!(opened.count() > 0);
            let report = other.end(Policy::Orderly);
            assert!(report.all_answered(), "{report:?}");
        }
    }
    drop(current);
    alone.come_back().unwrap_or_else(|held| panic!("at the end: {held}"));
    let (first, last) =
        (memory[WARM_UP..2 * WARM_UP].iter().max(), memory[memory.len() - WARM_UP..].iter().min());
    let [opened, answered, failed, killed] =
        [&done.opened, &done.answered, &done.failed, &done.killed].map(|of| of.load(Ordering::Relaxed));
    let between = memory.iter().step_by(memory.len().div_ceil(20)).collect::<Vec<_>>();
    println!(
        "{rounds} rounds, {:?}: {opened} opens, {answered} answers, {failed} failures, {killed} workers killed, {alone:?}, KiB {between:?}",
        began.elapsed()
    );
    assert!(answered > 0 && failed > 0 && killed > 0);
    assert!(last.expect("a number") <= &(first.expect("a number") + MEMORY), "memory grows: {memory:?}");
    let names = names_below(folder.path().to_owned());
    // As all temporary files of drvhost are called.
    assert!(!names.iter().any(|name| name.starts_with('.')), "left behind: {names:?}");
});
