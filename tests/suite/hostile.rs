//! A driver that means harm hurts itself only: the error says what it did and where, in time, and everybody else goes on.

use std::time::{Duration, Instant};

use drvhost::{Blame, Error, Hdrvr};
use drvhost_tests::*;

const DEADLINE: Duration = Duration::from_millis(500);
/// What a call may take beyond its deadline: the time to interrupt or kill, and what a loaded machine adds.
const BEYOND: Duration = Duration::from_secs(1);

/// What is left of the driver that did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    /// It answers its next message.
    Alive,
    /// Its worker is no more, and says so.
    Dead,
}
use After::{Alive, Dead};

/// A session with a hostile driver and an innocent one.
struct Scene {
    rig: Rig,
    hostile: Hdrvr,
    innocent: Hdrvr,
}

impl Scene {
    fn new(machine: Machine) -> Self {
        let rig = Rig::with_deadline(machine, DEADLINE);
        let (innocent, hostile) = (rig.open("spy", ""), rig.open("hostile", ""));
        Self { rig, hostile, innocent }
    }

    /// Sends a message within the deadline and a second.
    fn act(&self, message: u32, lparam1: i64, lparam2: i64) -> Result<i64, Error> {
        let started = Instant::now();
        let result = self.rig.session.send(self.hostile, message, lparam1, lparam2);
        assert!(started.elapsed() < DEADLINE + BEYOND, "{:?}", started.elapsed());
        result
    }

    /// Everybody else answers, and the hostile driver as expected.
    fn is_left(&self, after: After) {
        assert_eq!(self.rig.send(self.innocent, XOR, 5, 3), 6);
        let answer = self.rig.session.send(self.hostile, XOR, 6, 1);
        match after {
            Alive => assert_eq!(answer.expect("the hostile driver's worker goes on"), 7),
            Dead => assert!(matches!(answer, Err(Error::Died { .. })), "{answer:?}"),
        }
        assert_eq!(self.rig.send(self.innocent, XOR, 5, 3), 6);
    }
}

/// The act is a fault of the driver's whose text contains `what`; `in_driver`: at an offset in its file.
fn faults(machine: Machine, message: u32, lparam1: i64, lparam2: i64, what: &str, in_driver: bool) {
    let scene = Scene::new(machine);
    let error = scene.act(message, lparam1, lparam2).unwrap_err();
    is_fault(&error, &format!("message {message:#x}"), what, in_driver.then_some("hostile.dll"));
    scene.is_left(Alive);
}

fn is_fault(error: &Error, of_message: &str, what: &str, module: Option<&str>) {
    let Error::Faulted { message, fault, .. } = error else { panic!("{error}") };
    assert_eq!(message, of_message);
    assert!(fault.text.contains(what), "{error}");
    assert_eq!(fault.place.as_ref().map(|place| place.module.as_str()), module, "{error}");
    assert!(
        fault.place.as_ref().is_none_or(|place| place.offset > 0x1000 && place.offset < 0x10_0000),
        "{error}"
    );
    assert_eq!(error.blame(), Blame::Driver);
}

fn is_late(error: &Error, of_message: &str, was_killed: bool) {
    let Error::Late { message, killed, .. } = error else { panic!("{error}") };
    assert_eq!((message.as_str(), *killed), (of_message, was_killed));
}

spy_test!(null_dereference, |machine| faults(machine, HOSTILE_NULL, 0, 0, "cannot write at 0x0", true));

spy_test!(wild_jumps, |machine| {
    faults(machine, HOSTILE_JUMP, 0xdead_beef, 0, "cannot execute at 0xdeadbeef", false);
    let high = pick(machine, "cannot execute at 0xffffe000", "cannot execute at 0x7fffffffe000");
    faults(machine, HOSTILE_JUMP, 0x7fff_ffff_e000, 0, high, false);
    faults(machine, HOSTILE_JUMP, 0, 0, "cannot execute at 0x0", false);
});

spy_test!(jump_to_an_address_that_cannot_exist, |machine: X86_64| {
    // The processor faults at the jump or behind it. All that 32 bits hold can exist.
    let scene = Scene::new(machine);
    let error = scene.act(HOSTILE_JUMP, 0x1234_5678_9abc_def0, 0).unwrap_err();
    assert!(matches!(&error, Error::Faulted { fault, .. } if fault.text.contains("cannot exist")), "{error}");
    scene.is_left(Alive);
});

spy_test!(stack_overflow, |machine| faults(machine, HOSTILE_RECURSE, 0, 0, "stack overflow", true));
spy_test!(illegal_instruction, |machine| faults(machine, HOSTILE_UD2, 0, 0, "illegal instruction", true));
spy_test!(breakpoint, |machine| faults(machine, HOSTILE_INT3, 0, 0, "breakpoint", true));

spy_test!(division, |machine| {
    faults(machine, HOSTILE_DIVIDE, 1, 0, "division", true);
    faults(machine, HOSTILE_DIVIDE, i32::MIN.into(), -1, "division", true);
    assert_eq!(Scene::new(machine).act(HOSTILE_DIVIDE, 6, -2).unwrap(), -3);
});

spy_test!(own_code_cannot_be_written, |machine| faults(
    machine,
    HOSTILE_OWN_CODE,
    0,
    0,
    "cannot write at 0x",
    true
));

spy_test!(own_data_cannot_be_run, |machine| {
    let scene = Scene::new(machine);
    let data = scene.act(HOSTILE_OWN_DATA, 0, 0).unwrap();
    let error = scene.act(HOSTILE_RUN_DATA, 0, 0).unwrap_err();
    is_fault(
        &error,
        &format!("message {HOSTILE_RUN_DATA:#x}"),
        &format!("cannot execute at {data:#x}"),
        Some("hostile.dll"),
    );
    scene.is_left(Alive);
});

spy_test!(endless_loop, |machine| {
    for message in [HOSTILE_LOOP, HOSTILE_LOOP_TICKS] {
        let scene = Scene::new(machine);
        let error = scene.act(message, 0, 0).unwrap_err();
        is_late(&error, &format!("message {message:#x}"), false);
        scene.is_left(Alive);
    }
});

spy_test!(sleep_beyond_the_deadline, |machine| {
    let scene = Scene::new(machine);
    let started = Instant::now();
    let error = scene.rig.session.send(scene.innocent, SPY_SLEEP, 3_600_000, 0).unwrap_err();
    assert!(started.elapsed() < DEADLINE + BEYOND);
    is_late(&error, &format!("message {SPY_SLEEP:#x}"), false);
    scene.is_left(Alive);
});

spy_test!(one_driver_that_hangs_does_not_hold_up_another, |machine| {
    let scene = Scene::new(machine);
    std::thread::scope(|scope| {
        let hanging = scope.spawn(|| scene.rig.session.send(scene.hostile, HOSTILE_LOOP, 0, 0));
        let mut answers = 0;
        while !hanging.is_finished() {
            assert_eq!(scene.rig.session.send(scene.innocent, XOR, 5, 3).unwrap(), 6);
            answers += 1;
        }
        assert!(answers > 1);
        is_late(&hanging.join().unwrap().unwrap_err(), &format!("message {HOSTILE_LOOP:#x}"), false);
    });
});

spy_test!(ending_the_process, |machine| {
    faults(machine, HOSTILE_EXIT_PROCESS, 3, 0, "end the process with code 3", true);
    faults(machine, HOSTILE_EXIT, 4, 0, "end the process with code 4", true);
    faults(machine, HOSTILE_ABORT, 0, 0, "end the process", true);
});

spy_test!(function_that_is_not_supplied, |machine| {
    let scene = Scene::new(machine);
    let error = scene.act(HOSTILE_UNSUPPLIED, 0, 0).unwrap_err();
    let text = error.to_string().to_lowercase();
    assert!(
        matches!(error, Error::Faulted { .. }) && text.contains("user32.dll!createacceleratortablea"),
        "{error}"
    );
    scene.is_left(Alive);
});

spy_test!(stack_overwritten_both_ways, |machine| {
    faults(machine, HOSTILE_STACK, 8, 0, "cannot write at 0x", true);
    faults(machine, HOSTILE_STACK, -8, 0, "stack overflow", true);
});

spy_test!(heap_corrupted, |machine| {
    // What its own heap says to that is between the two of them; nobody else may notice.
    let scene = Scene::new(machine);
    let result = scene.act(HOSTILE_HEAP, 0, 0);
    assert!(matches!(result, Ok(_) | Err(Error::Faulted { .. } | Error::Died { .. })), "{result:?}");
    assert_eq!(scene.rig.send(scene.innocent, XOR, 5, 3), 6);
});

/// The act may cost the driver its worker, but nobody else anything, and the driver can be opened anew afterwards.
fn contained(machine: Machine, message: u32) {
    let scene = Scene::new(machine);
    let result = scene.act(message, 0, 0);
    assert!(
        matches!(result, Ok(_) | Err(Error::Faulted { .. } | Error::Late { .. } | Error::Died { .. })),
        "{result:?}"
    );
    assert_eq!(scene.rig.send(scene.innocent, XOR, 5, 3), 6);
    let after = scene.act(XOR, 6, 1);
    assert!(matches!(after, Ok(7) | Err(Error::Faulted { .. } | Error::Died { .. })), "{after:?}");
    // However closing goes.
    let _ = scene.rig.session.close(scene.hostile, 0, 0);
    let again = scene.rig.open("hostile", "");
    assert_eq!(scene.rig.send(again, XOR, 6, 1), 7);
}

spy_test!(thread_block_overwritten, |machine| contained(machine, HOSTILE_TEB));
spy_test!(host_context_overwritten, |machine| contained(machine, HOSTILE_CONTEXT));
spy_test!(processor_flags_set, |machine| faults(machine, HOSTILE_FLAGS, 0, 0, "breakpoint", true));

spy_test!(processor_state_left_behind, |machine| {
    faults(machine, HOSTILE_FS, 0, 0, "illegal instruction", true);
    faults(machine, HOSTILE_X87, 0, 0, "floating-point exception", false);
    faults(machine, HOSTILE_FAST_FAIL, 0, 0, "fast fail", true);
    let scene = Scene::new(machine);
    assert_eq!(scene.act(HOSTILE_ANSWER_WITH_AC, 0, 0).unwrap(), 1);
    // Shims compute with exceptions masked, whatever the driver has unmasked.
    assert_eq!(scene.act(HOSTILE_UNMASKED, 10, 0).unwrap(), 1024);
    scene.is_left(Alive);
});

spy_test!(a_driver_that_talks_cannot_put_off_its_deadline, |machine| {
    let scene = Scene::new(machine);
    let error = scene.act(HOSTILE_TALK, 0, 0).unwrap_err();
    is_late(&error, &format!("message {HOSTILE_TALK:#x}"), false);
    scene.is_left(Alive);
    // What cannot be shown is lost, but never the answer.
    assert_eq!(scene.act(HOSTILE_TALK_AND_ANSWER, 3_000, 0).unwrap(), 77);
    scene.is_left(Alive);
});

spy_test!(a_driver_that_cannot_be_interrupted_is_killed, |machine| {
    let scene = Scene::new(machine);
    let error = scene.act(HOSTILE_DEAF, 0, 0).unwrap_err();
    is_late(&error, &format!("message {HOSTILE_DEAF:#x}"), true);
    scene.is_left(Dead);
    // The module is loaded anew for who opens it.
    let again = scene.rig.open("hostile", "");
    assert_eq!(scene.rig.send(again, XOR, 6, 1), 7);
});

spy_test!(faults_in_every_message_of_the_life_cycle, |machine| {
    let rig = Rig::with_deadline(machine, DEADLINE);
    let innocent = rig.try_open_file(&rig.copy("spy", "innocent.dll"), "", 0).unwrap();
    let write = "cannot write at 0x0";
    is_fault(
        &rig.try_open("attachfault", "").unwrap_err(),
        "its entry point",
        write,
        Some("attachfault.dll"),
    );
    is_fault(&rig.try_open("loadfault", "").unwrap_err(), "DRV_LOAD", write, Some("loadfault.dll"));
    is_fault(&rig.try_open("spy", "open=fault").unwrap_err(), "DRV_OPEN", write, Some("spy.dll"));
    is_late(&rig.try_open("attachhang", "").unwrap_err(), "its entry point", false);
    is_late(&rig.try_open("spy", "open=hang").unwrap_err(), "DRV_OPEN", false);
    assert_eq!(rig.session.instances().len(), 1);
    for (text, hangs) in [("close=fault", false), ("close=hang", true)] {
        let spy = rig.open("spy", text);
        let error = rig.session.close(spy, 0, 0).unwrap_err();
        if hangs {
            is_late(&error, "DRV_CLOSE", false);
        } else {
            is_fault(&error, "DRV_CLOSE", write, Some("spy.dll"));
        }
        // It is gone, and got nothing further.
        assert_eq!(rig.sequence_of(spy), "LOAD ENABLE OPEN CLOSE");
        assert!(matches!(rig.session.send(spy, XOR, 5, 3), Err(Error::BadHandle(_))));
    }
    let again = rig.open("spy", "");
    assert_eq!(rig.send(again, XOR, 5, 3), 6);
    assert_eq!(rig.send(innocent, XOR, 5, 3), 6);
});

spy_test!(a_close_that_faults_costs_the_siblings_nothing, |machine| {
    let rig = Rig::with_deadline(machine, DEADLINE);
    let (faulting, sibling) = (rig.open("spy", "close=fault"), rig.open("spy", ""));
    rig.session.close(faulting, 0, 0).unwrap_err();
    assert_eq!(rig.send(sibling, XOR, 5, 3), 6);
    rig.skip_so_far();
    assert_eq!(rig.close(sibling), 1);
    assert_eq!(rig.sequence(), "CLOSE DISABLE FREE");
});
