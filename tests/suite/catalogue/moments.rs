//! What a driver does to itself and its process, in a message of its own and in each moment of its life.

use std::time::Duration;

use drvhost::{Error, Hdrvr, Outcome as Ended, Policy};
use drvhost_tests::{Rig, XOR};

use super::Act::{Harms, Test};
use super::catalogue;
use super::outcome::Outcome;
use super::outcome::Outcome::{Answered, AnyFault, Faults, Fine, Late, OneOf, Told};
use super::scene::{DEADLINE, Scene};

const DRIVER: &str = "hostile_self";

const ONCE: &[&[i64]] = &[&[]];

catalogue! {
    "Itself and its process";
    calls_itself "calls its own DriverProc, directly and by `SendDriverMessage`", Harms(DRIVER, &["calls", "sends"], ONCE) => both(Fine);
    calls_itself_for_ever "the same without end", Harms(DRIVER, &["calls_again", "sends_again"], ONCE) => both(Faults("stack overflow"));
    callbacks_for_ever "is called by functions that it calls, `qsort` and `SendMessage`, without end", Harms(DRIVER, &["sorts_again", "windows_again"], ONCE) => both(Faults("stack overflow"));
    raises_exception "raises an exception that nobody handles", Harms(DRIVER, &["raises_exception"], ONCE) => both(Faults("unhandled exception"));
    closes_itself "closes itself, while it is in a message", Test(DRIVER, DEADLINE, close_itself) => both(Told("is answered, and closed"));
    opens_itself "opens itself 300 times", Harms(DRIVER, &["opens"], ONCE) => both(Answered);
    frees_itself "frees the library that it is in, more often than it was loaded", Harms(DRIVER, &["frees"], ONCE) => both(OneOf(&[Answered, AnyFault]));
    ends_its_process "ends its process by `ExitProcess`, `TerminateProcess`, `exit`, `_exit`, `abort`, `raise`, `FatalAppExit`",
        Harms(DRIVER, &["exits_process", "terminates_process", "exits", "exits_at_once", "aborts", "raises_signal", "ends_fatally"], ONCE) => both(Faults("end"));
    ends_its_thread "ends the thread that it is called on, by `ExitThread`, `_endthreadex`, `FreeLibraryAndExitThread`, `TerminateThread`", Harms(DRIVER, &["exits_thread", "ends_thread", "frees_and_ends", "terminates_thread"], ONCE) => both(OneOf(&[Answered, AnyFault]));
    suspends_its_thread "suspends it", Harms(DRIVER, &["suspends_thread"], ONCE) => both(Late);
    moments_of_itself "calls, closes, opens and frees itself in each moment of its life, from its entry point's first call to its last", Test(DRIVER, DEADLINE, harmless) => both(Told("its life goes on"));
    moments_of_ends "ends its process or its thread, or faults, in each moment of its life",
        Test(DRIVER, DEADLINE, |scene| lives(scene, &["exits_process", "exits_thread", "frees_and_ends", "faults"], AnyFault)) => both(Told("fault of that moment only"));
    moments_of_waits "computes or waits for ever in each moment of its life", Test(DRIVER, DEADLINE, |scene| lives(scene, &["loops", "waits"], Late)) => both(Told("that moment is interrupted at the deadline"));
    ends_of_sessions "does all of this in DRV_EXITSESSION", Test(DRIVER, DEADLINE, ends) => both(Told("the report says who faulted and who was late; all others are told and closed"));
}

/// The moments of a life, and in which of them a driver that does not come back has never been open.
const MOMENTS: [(&str, bool); 8] = [
    ("attach", true),
    ("load", true),
    ("enable", true),
    ("open", true),
    ("close", false),
    ("disable", false),
    ("free", false),
    ("detach", false),
];

/// What a driver does to itself is nobody's loss: its life goes on.
fn harmless(scene: &Scene) {
    for act in ["calls", "sends", "closes", "opens", "frees"] {
        for (moment, _) in MOMENTS {
            let opened = begin(&scene.rig, moment, act);
            let hdrvr = opened.unwrap_or_else(|error| panic!("{moment}-{act}: {error}"));
            assert_eq!(scene.rig.send(hdrvr, XOR, 5, 3), 6, "{moment}-{act}");
            assert_eq!(scene.rig.close(hdrvr), 1, "{moment}-{act}");
            scene.others_answer();
        }
    }
}

/// A moment that a driver does not come back from is one that fails, and the only one.
fn lives(scene: &Scene, acts: &[&str], outcome: Outcome) {
    for act in acts {
        for (moment, never_open) in MOMENTS {
            let opened = begin(&scene.rig, moment, act).map(|hdrvr| hdrvr.0.cast_signed());
            match opened {
                Err(_) => assert!(never_open && outcome.is(&opened), "{moment}-{act}: {opened:?}"),
                Ok(hdrvr) => {
                    assert!(!never_open, "{moment}-{act}: it opens");
                    let hdrvr = Hdrvr(hdrvr.cast_unsigned());
                    assert_eq!(scene.rig.send(hdrvr, XOR, 5, 3), 6, "{moment}-{act}");
                    let closed = scene.rig.session.close(hdrvr, 0, 0);
                    let expected = if moment == "close" { outcome } else { Fine };
                    assert!(expected.is(&closed), "{moment}-{act}: {closed:?}");
                }
            }
            scene.others_answer();
        }
    }
}

/// Opens the driver that does an act in a moment.
fn begin(rig: &Rig, moment: &str, act: &str) -> Result<Hdrvr, Error> {
    rig.try_open_file(&rig.copy(DRIVER, &format!("{moment}-{act}.dll")), "", 0)
}

/// All of that at once when the session ends.
fn ends(scene: &Scene) {
    const ACTS: [&str; 10] = [
        "calls",
        "sends",
        "closes",
        "opens",
        "frees",
        "exits_process",
        "exits_thread",
        "faults",
        "loops",
        "waits",
    ];
    let rig = Rig::with_deadline(scene.machine(), DEADLINE);
    let innocent = rig.open("spy", "");
    let opened = ACTS.map(|act| begin(&rig, "end", act).unwrap_or_else(|error| panic!("{act}: {error}")));
    let report = rig.session.end(Policy::Orderly);
    for (act, hdrvr) in ACTS.iter().zip(opened).chain([(&"nothing", innocent)]) {
        let told = report.instances.iter().find(|told| told.hdrvr == hdrvr.0.cast_signed());
        let outcome = told.unwrap_or_else(|| panic!("{act} is in the report: {report:?}")).outcome;
        let expected = match *act {
            "exits_process" | "exits_thread" | "faults" => Ended::Faulted,
            "loops" | "waits" => Ended::Late,
            _ => Ended::Answered,
        };
        assert_eq!(outcome, expected, "{act}: {report:?}");
    }
    assert!(Duration::from_micros(report.elapsed_us) < 4 * DEADLINE, "{report:?}");
}

fn close_itself(scene: &Scene) {
    let result = scene.harm("closes", &[]);
    assert!(Answered.is(&result), "{result:?}");
    let gone = scene.rig.session.send(scene.hostile(), XOR, 5, 3);
    assert!(matches!(gone, Err(Error::BadHandle(_))), "{gone:?}");
    scene.others_answer();
    scene.open_again();
}
