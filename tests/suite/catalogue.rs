//! The catalogue of hostile drivers: what a driver may try, and what comes of it. Each entry is a test for each width that it is about, and a line of `docs/hostile.md`.

mod amounts;
mod calls;
mod document;
mod elsewhere;
mod moments;
mod outcome;
mod processor;
mod reach;
mod scene;
mod waiting;

use std::time::Duration;

use drvhost_tests::Machine;
use outcome::Outcome;
use scene::{DEADLINE, Scene};

/// What some entries have in common, and those entries.
struct Subject {
    title: &'static str,
    entries: &'static [Entry],
}

/// All subjects, in the order of the document: those that follow each other with one title are one.
const SUBJECTS: &[Subject] = &[
    calls::SUBJECT,
    elsewhere::CALLS,
    processor::SUBJECT,
    elsewhere::PROCESSOR,
    elsewhere::MEMORY,
    reach::SUBJECT,
    elsewhere::WORKER,
    amounts::SUBJECT,
    elsewhere::AMOUNTS,
    moments::SUBJECT,
    elsewhere::LIFE,
    waiting::SUBJECT,
    elsewhere::DEADLINES,
    elsewhere::FILES,
    elsewhere::RACES,
];

/// What is tried, and what is expected to come of it.
struct Entry {
    /// The test's name in the suite.
    test: &'static str,
    /// What the driver tries, for people.
    tries: &'static str,
    /// How the entry's test does it.
    act: Act,
    /// What comes of it in 64 bits and in 32; `None` where there is no such thing.
    expected: [Option<Outcome>; 2],
}

/// How a harm is done.
enum Act {
    /// Each of these harms of a driver, in `drivers/`, with each of these rows of numbers; all of them have the same outcome.
    Harms(&'static str, &'static [&'static str], &'static [&'static [i64]]),
    /// Each of these harms of `hostile_amounts`, in a worker of its own: it makes less than so many of something, and that is all.
    Amounts(&'static [&'static str], i64),
    /// By a function that checks all that is particular about it, in a scene with this driver and this deadline.
    Test(&'static str, Duration, fn(&Scene)),
    /// By a test that stands elsewhere in the suite.
    Elsewhere,
}

/// The outcome is the same in both widths.
const fn both(outcome: Outcome) -> [Option<Outcome>; 2] {
    [Some(outcome), Some(outcome)]
}

/// One outcome in 64 bits, one in 32.
const fn each(bits64: Outcome, bits32: Outcome) -> [Option<Outcome>; 2] {
    [Some(bits64), Some(bits32)]
}

/// There is such a thing in 64 bits only.
const fn x86_64(outcome: Outcome) -> [Option<Outcome>; 2] {
    [Some(outcome), None]
}

/// There is such a thing in 32 bits only.
const fn i386(outcome: Outcome) -> [Option<Outcome>; 2] {
    [None, Some(outcome)]
}

/// A subject's entries, as a constant `SUBJECT`, and their tests: `NAME "what the driver tries", ACT => WIDTHS(OUTCOME);`.
macro_rules! catalogue {
    ($title:literal; $($name:ident $tries:literal, $act:expr => $widths:ident($($outcome:expr),+ $(,)?);)*) => {
        pub(super) const SUBJECT: $crate::catalogue::Subject = $crate::catalogue::Subject {
            title: $title,
            entries: &[$($crate::catalogue::Entry {
                test: concat!(module_path!(), "::", stringify!($name)),
                tries: $tries,
                act: $act,
                expected: $crate::catalogue::$widths($($outcome),+),
            }),*],
        };
        $($crate::catalogue::entry_test!($name, $widths);)*
    };
}
use catalogue;

/// The test of an entry.
macro_rules! entry_test {
    ($name:ident, x86_64) => {
        drvhost_tests::spy_test!($name, |machine: X86_64| $crate::catalogue::run(
            &SUBJECT,
            stringify!($name),
            machine
        ));
    };
    ($name:ident, i386) => {
        drvhost_tests::spy_test!($name, |machine: I386| $crate::catalogue::run(
            &SUBJECT,
            stringify!($name),
            machine
        ));
    };
    ($name:ident, $both:ident) => {
        drvhost_tests::spy_test!($name, |machine| $crate::catalogue::run(
            &SUBJECT,
            stringify!($name),
            machine
        ));
    };
}
use entry_test;

/// Does what an entry says, and checks what comes of it.
fn run(subject: &Subject, name: &str, machine: Machine) {
    let is_it = |entry: &&Entry| entry.test.rsplit("::").next() == Some(name);
    let entry = subject.entries.iter().find(is_it).expect("the test is an entry's");
    let [bits64, bits32] = entry.expected;
    let expected = drvhost_tests::pick(machine, bits32, bits64).expect("the test is for this width");
    match entry.act {
        Act::Harms(driver, harms, rows) => {
            let scene = Scene::new(machine, driver, DEADLINE);
            for harm in harms {
                for row in rows {
                    let result = scene.harm(harm, row);
                    assert!(
                        expected.is(&result),
                        "{harm} {row:x?}: {result:?}, and expected was: {expected}"
                    );
                    scene.is_left_as_by(&result);
                }
            }
            scene.ends();
        }
        Act::Amounts(harms, most) => harms.iter().for_each(|harm| amounts::run(machine, harm, most)),
        Act::Test(driver, deadline, test) => {
            let scene = Scene::new(machine, driver, deadline);
            test(&scene);
            scene.ends();
        }
        Act::Elsewhere => unreachable!("the test stands elsewhere"),
    }
}
