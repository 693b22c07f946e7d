//! The end of a session, where `scripts/session_end.script` cannot say it: deadlines, faults, what the report says, and processes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use drvhost::{CloseOutcome, Error, Hdrvr, Outcome, Policy, Report};
use drvhost_tests::*;
use mmsystem::*;

/// A second and what a loaded machine may add to it.
const DEADLINE: Duration = Duration::from_secs(1);
const A_LITTLE: Duration = Duration::from_secs(1);

/// What the end changes, as `(answered, closed)` for each instance.
fn outcomes(report: &Report) -> Vec<(Outcome, Option<CloseOutcome>)> {
    report.instances.iter().map(|instance| (instance.outcome, instance.close)).collect()
}

/// No instance was told after anything had been taken away from any, and each was told once, with its own identifier and handle.
fn broadcast_was_first_and_complete(rig: &Rig, told: &BTreeMap<Hdrvr, u64>) {
    let (broadcast, rest): (Vec<_>, Vec<_>) =
        rig.calls().into_iter().partition(|call| call.number == DRV_EXITSESSION);
    let seen: Vec<_> = broadcast.iter().map(|call| (call.hdrvr, call.parameters())).collect();
    let mut expected: Vec<_> =
        told.iter().map(|(hdrvr, id)| (hdrvr.0.cast_signed(), (id.cast_signed(), 0, 0))).collect();
    let mut sorted = seen.clone();
    sorted.sort_unstable();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    for call in rest.iter().filter(|call| [DRV_CLOSE, DRV_DISABLE, DRV_FREE].contains(&call.number)) {
        assert!(broadcast.iter().all(|told| told.seq < call.seq && told.end_us() <= call.t_us), "{call:?}");
    }
}

fn identifiers(rig: &Rig) -> BTreeMap<Hdrvr, u64> {
    rig.session.instances().iter().map(|instance| (instance.hdrvr, instance.id)).collect()
}

wine_test!(every_instance_is_told_before_anything_ends_whatever_others_do, |machine| {
    let rig = Rig::with_deadline(machine, DEADLINE);
    let codecs = ["iccvid.dll", "msadp32.acm"].map(|name| rig.session.open_driver(name, None, 0).unwrap());
    let [before, hanging, after] = ["exit=5", "exit=hang", ""].map(|text| rig.open("spy", text));
    let faulting = rig.try_open_file(&rig.copy("spy", "faulting.dll"), "exit=fault", 0).unwrap();
    let refusing = rig.try_open_file(&rig.copy("spy", "refusing.dll"), "close=0", 0).unwrap();
    let told = identifiers(&rig);
    assert_eq!(told.len(), 7);
    rig.skip_so_far();

    let started = Instant::now();
    let report = rig.session.end(Policy::Orderly);
    let elapsed = started.elapsed();

    broadcast_was_first_and_complete(&rig, &told);
    assert!(elapsed < DEADLINE + A_LITTLE, "{elapsed:?}");
    let order: Vec<_> = report.instances.iter().map(|instance| instance.hdrvr.cast_unsigned()).collect();
    assert_eq!(
        order,
        [codecs[0], codecs[1], before, hanging, after, faulting, refusing].map(|hdrvr| hdrvr.0)
    );
    let closed = (Outcome::Answered, Some(CloseOutcome::Closed));
    let expected = [
        closed,
        closed,
        closed,
        (Outcome::Late, None),
        closed,
        (Outcome::Faulted, None),
        (Outcome::Answered, Some(CloseOutcome::Refused)),
    ];
    assert_eq!(outcomes(&report), expected);
    assert!(!report.all_answered());
    assert_eq!(report.instances[2].result, Some(5));

    // Those that did not answer get nothing further; the rest go in reverse order, each module with its last one.
    assert_eq!(rig.sequence_of(hanging), "EXITSESSION");
    assert_eq!(rig.sequence_of(faulting), "EXITSESSION");
    assert_eq!(rig.sequence_of(after), "EXITSESSION CLOSE");
    for last in [codecs[0], codecs[1], before, refusing] {
        assert_eq!(rig.sequence_of(last), "EXITSESSION CLOSE DISABLE FREE");
    }
    let closes: Vec<_> = rig.calls_with(DRV_CLOSE).iter().map(|call| call.hdrvr.cast_unsigned()).collect();
    assert_eq!(closes, [refusing, after, before, codecs[1], codecs[0]].map(|hdrvr| hdrvr.0));
    assert!(rig.calls().iter().all(|call| call.cause.as_deref() == Some("session_end")));

    let errors: Vec<_> = report.instances.iter().filter_map(|instance| instance.error.as_deref()).collect();
    assert_eq!(errors.len(), 2);
    assert!(errors[0].contains("spy.dll") && errors[0].contains("DRV_EXITSESSION"), "{}", errors[0]);
    assert!(errors[1].contains("faulting.dll+0x"), "{}", errors[1]);
    assert!(rig.session.instances().is_empty());
});

spy_test!(drivers_that_hang_share_one_deadline, |machine| {
    let rig = Rig::with_deadline(machine, 2 * DEADLINE);
    for name in ["one.dll", "two.dll", "three.dll", "four.dll"] {
        rig.try_open_file(&rig.copy("spy", name), "exit=hang", 0).unwrap();
    }
    // And in one module: each has its turn within the same time.
    let _ = ["exit=hang", "exit=hang", "exit=5"].map(|text| rig.open("spy", text));
    let told = identifiers(&rig);
    rig.skip_so_far();
    let started = Instant::now();
    let report = rig.session.end(Policy::Orderly);
    assert!(started.elapsed() < 2 * DEADLINE + A_LITTLE, "{:?}", started.elapsed());
    broadcast_was_first_and_complete(&rig, &told);
    assert!(report.instances[..6].iter().all(|instance| instance.outcome == Outcome::Late), "{report:?}");
    assert_eq!(report.instances[6].result, Some(5));
});

spy_test!(windows_31_reports_no_closes, |machine| {
    let rig = Rig::new(machine);
    let (_first, _other) =
        (rig.open("spy", "exit=5"), rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0));
    let report = rig.session.end(Policy::Windows31);
    assert_eq!(outcomes(&report), [(Outcome::Answered, None); 2]);
    assert_eq!(report.instances[0].result, Some(5));
    assert!(rig.calls_with(DRV_CLOSE).is_empty());
});

spy_test!(c073_a_driver_sends_to_another_during_the_broadcast, |machine| {
    let rig = Rig::new(machine);
    let first = rig.open("spy", "");
    let other = rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    let other_log = rig.watch(other);
    let values = rig.block(first, &[other.0.cast_signed(), XOR.into(), 5, 3]);
    rig.send(first, SPY_AT_EXIT, SPY_SEND.into(), values.lparam());
    let report = rig.session.end(Policy::Orderly);
    assert_eq!(report.instances[0].result, Some(6), "{report:?}");
    assert_eq!(other_log.last(XOR).lparam1, 5);
});

spy_test!(c073_two_drivers_send_to_each_other_during_the_broadcast, |machine| {
    let rig = Rig::new(machine);
    let first = rig.open("spy", "");
    let second = rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    let to_second = rig.block(first, &[second.0.cast_signed(), XOR.into(), 5, 3]);
    let to_first = rig.block(second, &[first.0.cast_signed(), XOR.into(), 6, 1]);
    rig.send(first, SPY_AT_EXIT, SPY_SEND.into(), to_second.lparam());
    rig.send(second, SPY_AT_EXIT, SPY_SEND.into(), to_first.lparam());
    let report = rig.session.end(Policy::Orderly);
    assert_eq!(report.instances[0].result, Some(6), "{report:?}");
    assert_eq!(report.instances[1].result, Some(7), "{report:?}");
});

spy_test!(c073_sending_to_a_driver_that_hangs_costs_the_sender_its_answer_only, |machine| {
    let rig = Rig::with_deadline(machine, DEADLINE);
    let first = rig.open("spy", "");
    let hanging = rig.try_open_file(&rig.copy("spy", "hanging.dll"), "exit=hang", 0).unwrap();
    let values = rig.block(first, &[hanging.0.cast_signed(), XOR.into(), 5, 3]);
    rig.send(first, SPY_AT_EXIT, SPY_SEND.into(), values.lparam());
    let started = Instant::now();
    let report = rig.session.end(Policy::Orderly);
    assert!(started.elapsed() < DEADLINE + A_LITTLE, "{:?}", started.elapsed());
    assert_eq!(report.instances[1].outcome, Outcome::Late);
});

spy_test!(c077_a_driver_that_waits_for_its_turn_is_not_told_after_its_close, |machine| {
    for _ in 0..5 {
        let rig = Rig::new(machine);
        let first = rig.open("spy", "");
        let busy = rig.try_open_file(&rig.copy("spy", "busy.dll"), "", 0).unwrap();
        let log = rig.watch(busy);
        let values = rig.block(first, &[busy.0.cast_signed(), 0, 0, 0]);
        rig.send(first, SPY_AT_EXIT, SPY_CLOSE.into(), values.lparam());
        std::thread::scope(|scope| {
            scope.spawn(|| rig.session.send(busy, SPY_SLEEP, 100, 0).unwrap());
            // The broadcast reaches both while one is busy: whichever of CLOSE and EXITSESSION gets there first, CLOSE is the last.
            while log.entries().iter().all(|entry| entry.message != SPY_SLEEP) {
                std::thread::yield_now();
            }
            let _ = rig.session.end(Policy::Orderly);
        });
        let sequence = log.sequence().to_string();
        assert!(sequence.ends_with("CLOSE DISABLE FREE"), "{sequence}");
        assert_eq!(sequence.matches("CLOSE").count(), 1, "{sequence}");
    }
});

spy_test!(a_driver_that_closes_itself_during_the_broadcast_ends_once, |machine| {
    let rig = Rig::new(machine);
    let spy = rig.open("spy", "");
    let log = rig.watch(spy);
    let values = rig.block(spy, &[spy.0.cast_signed(), 0, 0, 0]);
    rig.send(spy, SPY_AT_EXIT, SPY_CLOSE.into(), values.lparam());
    let report = rig.session.end(Policy::Orderly);
    assert_eq!(report.instances[0].result, Some(1), "{report:?}");
    assert_eq!(log.sequence(), "LOAD ENABLE OPEN EXITSESSION CLOSE DISABLE FREE");
});

spy_test!(c078_a_second_end_sends_nothing, |machine| {
    let rig = Rig::new(machine);
    let spy = rig.open("spy", "");
    let report = rig.session.end(Policy::Orderly);
    rig.skip_so_far();
    assert_eq!(rig.session.end(Policy::Windows31), report);
    assert!(matches!(rig.session.send(spy, XOR, 5, 3), Err(Error::BadHandle(_))));
    assert!(matches!(rig.try_open("spy", ""), Err(Error::SessionEnding)));
    assert!(rig.calls().is_empty());
});

spy_test!(c078_two_ends_at_once_are_one, |machine| {
    let rig = Rig::new(machine);
    let spy = rig.open("spy", "");
    rig.send(spy, SPY_AT_EXIT, SPY_SLEEP.into(), 100);
    let end = || rig.session.end(Policy::Orderly);
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(end);
        (end(), other.join().unwrap())
    });
    assert_eq!(one, other);
    assert_eq!(rig.calls_with(DRV_EXITSESSION).len(), 1);
});

spy_test!(end_of_an_empty_session_is_quick_and_silent, |machine| {
    let rig = Rig::new(machine);
    let report = rig.session.end(Policy::Orderly);
    assert!(report.all_answered() && report.instances.is_empty());
    assert!(rig.calls().is_empty());
});

spy_test!(what_opens_during_the_end_is_told_or_closed, |machine| {
    for milliseconds in 0..10 {
        let rig = Rig::new(machine);
        let _ = rig.open("spy", "");
        let session = &rig.session;
        // Opens, and closes what it opened before, as long as it can.
        let open_till_refused = || {
            let mut before = None;
            loop {
                match session.open(&driver_file(driver(machine, "spy"), ""), |_| Ok(0)) {
                    Ok(hdrvr) => before.replace(hdrvr).map(|before| session.close(before, 0, 0)),
                    Err(error) => return error,
                };
            }
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..2).map(|_| scope.spawn(open_till_refused)).collect();
            std::thread::sleep(Duration::from_millis(milliseconds));
            let _ = session.end(Policy::Orderly);
            for thread in threads {
                let error = thread.join().unwrap();
                assert!(matches!(error, Error::SessionEnding), "{error}");
            }
        });
        let (closes, calls) = (rig.calls_with(DRV_CLOSE), rig.calls());
        for open in rig.calls_with(DRV_OPEN).iter().filter(|open| open.ended(Outcome::Answered)) {
            assert_eq!(closes.iter().filter(|close| close.hdrvr == open.hdrvr).count(), 1, "{open:?}");
        }
        for free in calls.iter().filter(|call| call.number == DRV_FREE) {
            let later = calls.iter().find(|call| call.worker == free.worker && call.seq > free.seq);
            assert!(later.is_none(), "{later:?} after DRV_FREE");
        }
    }
});

/// A host process with a spy open, its trace, and the folder with both.
struct Host {
    process: Child,
    folder: tempfile::TempDir,
}

impl Host {
    /// The driver's file name, which shows in the worker's command line.
    const DRIVER: &str = "held.dll";

    fn start(machine: Machine) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(Self::DRIVER);
        std::fs::copy(driver(machine, "spy"), &file).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hold-session"));
        command.arg(file).arg(folder.path().join("trace")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "open\n");
        Self { process, folder }
    }

    /// After the process has ended: no driver was told, and no worker is left.
    fn left_nothing(self) {
        let calls = calls_in(&self.folder.path().join("trace"));
        assert_eq!(calls.len(), 3, "{calls:#?}");
        wait_for_no_worker(self.process.id(), Self::DRIVER);
    }
}

spy_test!(c079_a_host_that_exits_sends_nothing, |machine| {
    let mut host = Host::start(machine);
    assert_eq!(workers(host.process.id(), Host::DRIVER).len(), 1);
    drop(host.process.stdin.take());
    assert!(host.process.wait().unwrap().success());
    host.left_nothing();
});

spy_test!(c080_a_host_that_is_killed_sends_nothing, |machine| {
    let mut host = Host::start(machine);
    host.process.kill().unwrap();
    host.process.wait().unwrap();
    host.left_nothing();
});
