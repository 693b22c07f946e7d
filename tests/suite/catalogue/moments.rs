//! What a driver does to itself and its process, in a message of its own and in each moment of its life.

use std::time::Duration;

use drvhost::{Blame, Error};
use drvhost_tests::XOR;

use super::Act::{Harms, Test};
use super::catalogue;
use super::outcome::Outcome;
use super::outcome::Outcome::{AnyFault, Answered, Faults, Fine, OneOf, Told};
use super::scene::Scene;

const DRIVER: &str = "hostile_self";

const ONCE: &[&[i64]] = &[&[]];

const OWN_LOSS: Outcome = Told("its own loss");

catalogue! {
    "Itself and its process";
    calls_itself "calls its own DriverProc, directly and by `SendDriverMessage`", Harms(DRIVER, &["calls", "sends"], ONCE) => both(Fine);
    calls_itself_for_ever "the same without end", Harms(DRIVER, &["calls_again", "sends_again"], ONCE) => both(OneOf(&[Faults("stack overflow"), Faults("without end")]));
    callbacks_for_ever "is called by functions that it calls, `qsort` and `SendMessage`, without end", Harms(DRIVER, &["sorts_again", "windows_again"], ONCE) => both(Faults("stack overflow"));
    raises_exception "raises an exception that nobody handles", Harms(DRIVER, &["raises_exception"], ONCE) => both(Faults("unhandled exception"));
    closes_itself "closes itself, while it is in a message", Harms(DRIVER, &["closes"], ONCE) => both(Answered);
    opens_itself "opens itself 300 times", Harms(DRIVER, &["opens"], ONCE) => both(Answered);
    frees_itself "frees the library that it is in, more often than it was loaded", Harms(DRIVER, &["frees"], ONCE) => both(OneOf(&[Answered, AnyFault]));
    ends_its_process "ends its process by `ExitProcess`, `TerminateProcess`, `exit`, `_exit`, `abort`, `raise`, `FatalAppExit`",
        Harms(DRIVER, &["exits_process", "terminates_process", "exits", "exits_at_once", "aborts", "raises_signal", "ends_fatally"], ONCE) => both(Faults("end"));
    ends_its_thread "ends the thread that it is called on, by `ExitThread`, `_endthreadex`, `FreeLibraryAndExitThread`, `TerminateThread`", Harms(DRIVER, &["exits_thread", "ends_thread", "frees_and_ends", "terminates_thread"], ONCE) => both(AnyFault);
    suspends_its_thread "suspends it", Harms(DRIVER, &["suspends_thread"], ONCE) => both(Outcome::Late);
    moments_of_itself "calls, closes, opens and frees itself in every moment of its life", Test(DRIVER, |scene| lives(scene, &["sends", "closes", "opens", "frees"])) => both(OWN_LOSS);
    moments_of_ends "ends its process or its thread in every moment of its life", Test(DRIVER, |scene| lives(scene, &["exits_process", "exits_thread", "frees_and_ends"])) => both(OWN_LOSS);
    moments_of_faults "faults, computes for ever or waits for ever in every moment of its life", Test(DRIVER, |scene| lives(scene, &["faults", "loops", "waits"])) => both(OWN_LOSS);
}

const MOMENTS: &[&str] = &["attach", "load", "enable", "open", "close", "disable", "free", "detach"];

const SHORT: Duration = Duration::from_millis(200);

fn lives(given: &Scene, acts: &[&str]) {
    let scene = Scene::with_deadline(given.machine(), DRIVER, SHORT);
    for act in acts {
        for moment in MOMENTS {
            let file = scene.rig.copy(DRIVER, &format!("{moment}-{act}.dll"));
            let opened = scene.rig.try_open_file(&file, "", 0);
            let rest = opened.as_ref().ok().map(|hdrvr| (scene.rig.session.send(*hdrvr, XOR, 5, 3), scene.rig.session.close(*hdrvr, 0, 0)));
            eprintln!("{moment}-{act}: {} {rest:?}", opened.as_ref().map_or_else(|e| e.to_string(), |h| h.to_string()));
            scene.others_answer();
        }
    }
    scene.ends();
}
