//! As much of everything as there is.

use std::time::Duration;

use drvhost_tests::Machine;

use super::Act::Amounts;
use super::catalogue;
use super::outcome::Outcome;
use super::outcome::Outcome::{Fine, Told};
use super::scene::Scene;

/// What comes of having all of something.
const NO_MORE: Outcome = Told("refused when there are no more; the driver goes on with what it has");

catalogue! {
    "As much as there is of everything";
    memory "allocates memory until there is none, and writes to every page of it", Amounts(&["virtual_memory"], 10_000) => both(NO_MORE);
    addresses "reserves addresses until there are none", Amounts(&["addresses"], 1_000_000) => both(NO_MORE);
    blocks "allocates from the process's heap, by `HeapAlloc`, `GlobalAlloc`, `LocalAlloc` and `malloc`, until there is no more", Amounts(&["heap_blocks", "c_blocks", "global_blocks", "local_blocks"], 100_000_000) => both(NO_MORE);
    threads "starts threads that wait for ever", Amounts(&["threads"], 1_000) => both(NO_MORE);
    objects "makes events, mutexes, semaphores and timers, with names and without", Amounts(&["events", "named_events", "mutexes", "semaphores", "timers"], 1_000_000) => both(NO_MORE);
    thread_slots "takes slots of thread-local storage", Amounts(&["thread_slots"], 1_000_000) => both(NO_MORE);
    files "opens a file", Amounts(&["files"], 100_000) => both(NO_MORE);
    keys "opens keys of the registry, and writes settings", Amounts(&["keys", "settings"], 100_000) => both(NO_MORE);
    atoms "makes atoms, variables of the environment, classes of windows", Amounts(&["atoms", "environment", "window_classes"], 1_000_000) => both(NO_MORE);
    windows "makes windows, timers of windows, and messages", Amounts(&["windows", "window_timers", "posted"], 1_000_000) => both(NO_MORE);
    sound "makes multimedia timers and streams of sound", Amounts(&["multimedia_timers", "waves"], 100_000) => both(NO_MORE);
    drivers "opens drivers", Amounts(&["drivers"], 10_000) => both(NO_MORE);
    handlers "adds handlers of exceptions", Amounts(&["handlers"], 1_000_000) => both(NO_MORE);
}

/// What each message of these has.
const LONG: Duration = Duration::from_secs(60);

/// Has a driver make less than `most` of something, and go on.
pub(super) fn run(machine: Machine, harm: &str, most: i64) {
    let scene = Scene::new(machine, "hostile_amounts", LONG);
    let result = scene.harm(harm, &[most]);
    assert!(matches!(result, Ok(made) if (1..most).contains(&made)), "{harm}: {result:?}");
    let little = scene.harm("little", &[]);
    assert!(Fine.is(&little), "after {harm}: {little:?}");
    scene.is_left_as_by(&little);
    scene.ends();
}
