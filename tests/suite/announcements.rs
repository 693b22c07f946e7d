//! What a host tells every driver besides DRV_EXITSESSION, and sessions that end together.

use std::time::{Duration, Instant};

use drvhost::{CloseOutcome, End, Numbers, Outcome, PowerChange, Reason, Session, Trace};
use drvhost_tests::*;
use mmsystem::*;

spy_test!(every_instance_is_told_of_the_power_and_the_trace_tells_which, |machine| {
    let rig = Rig::new(machine);
    let spies = [rig.open("spy", ""), rig.open("spy", "")];
    let other = rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    rig.skip_so_far();
    for (change, cause) in [(PowerChange::Suspend, "suspend"), (PowerChange::Resume, "resume")] {
        let report = rig.session.power(change, None);
        assert!(report.all_answered());
        let told: Vec<_> = report.instances.iter().map(|instance| instance.hdrvr.cast_unsigned()).collect();
        assert_eq!(told, [spies[0], spies[1], other].map(|hdrvr| hdrvr.0));
        let calls = rig.calls_with(DRV_POWER);
        assert_eq!(calls.len(), 3);
        assert!(calls.iter().all(|call| call.cause.as_deref() == Some(cause)), "{calls:?}");
        assert!(calls.iter().all(|call| (call.lparam1, call.lparam2) == (0, 0)), "{calls:?}");
        rig.skip_so_far();
    }
    assert_eq!(rig.session.instances().len(), 3, "nothing is closed");
});

spy_test!(an_application_that_ends_has_its_drivers_told_how_and_closed, |machine| {
    for (reason, lparam1) in
        [(Reason::NormalExit, DRVEA_NORMALEXIT), (Reason::AbnormalExit, DRVEA_ABNORMALEXIT)]
    {
        let rig = Rig::new(machine);
        let spy = rig.open("spy", "");
        rig.skip_so_far();
        let report = rig.session.end_as(&End { reason, ..End::default() });
        assert_eq!(report.instances[0].close, Some(CloseOutcome::Closed));
        assert_eq!(rig.sequence_of(spy), "EXITAPPLICATION CLOSE DISABLE FREE");
        let told = rig.call_with(DRV_EXITAPPLICATION);
        assert_eq!((told.lparam1, told.lparam2), (lparam1.into(), 0));
        assert!(rig.calls().iter().all(|call| call.cause.as_deref() == Some("application_exit")));
    }
});

spy_test!(an_end_keeps_to_its_time_whoever_hangs_when_closed, |machine| {
    let rig = Rig::new(machine);
    for name in ["one.dll", "two.dll", "three.dll"] {
        rig.try_open_file(&rig.copy("spy", name), "close=hang", 0).unwrap();
    }
    let started = Instant::now();
    let within = Some(Duration::from_secs(1));
    let report = rig.session.end_as(&End { within, ..End::default() });
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(report.all_answered(), "they were told all the same");
    let closes: Vec<_> = report.instances.iter().map(|instance| instance.close).collect();
    assert_eq!(closes, [None, None, Some(CloseOutcome::Late)], "the last opened one took all the time");
    assert!(report.instances.iter().all(|instance| instance.error.is_some()), "{report:?}");
});

spy_test!(sessions_that_end_together_are_all_told_before_anything_is_closed, |machine| {
    let folder = Folder::with_spies(machine, &["one.dll", "two.dll", "three.dll"]);
    let path = folder.file("trace");
    let (trace, numbers) = (Trace::to_file(&path).unwrap(), Numbers::default());
    let start = |name: &str| {
        let session = Session::builder().trace(trace.clone()).numbers(numbers.clone()).start().unwrap();
        let hdrvr = session.open(&driver_file(folder.file(name), ""), |_| Ok(0)).unwrap();
        (session, hdrvr)
    };
    let (slow, hdrvr) = start("one.dll");
    let (sessions, mut handles): (Vec<_>, Vec<_>) =
        [start("two.dll"), start("three.dll")].into_iter().unzip();
    handles.push(hdrvr);
    handles.sort();
    handles.dedup();
    assert_eq!(handles.len(), 3, "no two have a handle in common");
    slow.send(hdrvr, SPY_AT_EXIT, SPY_SLEEP.into(), 300).unwrap();
    let sessions = [sessions, vec![slow]].concat();

    let reports = Session::end_together(&sessions, &End::default());

    assert_eq!(reports[2].instances[0].hdrvr, hdrvr.0.cast_signed(), "in the order of the sessions");
    assert!(reports.iter().all(|report| report.instances[0].outcome == Outcome::Answered), "{reports:?}");
    let calls = calls_in(&path);
    let last_told =
        calls.iter().filter(|call| call.number == DRV_EXITSESSION).map(Call::end_us).max().unwrap();
    let closes: Vec<_> = calls.iter().filter(|call| call.number == DRV_CLOSE).collect();
    assert_eq!(closes.len(), 3);
    assert!(closes.iter().all(|close| close.t_us >= last_told), "{closes:?}");
    let workers: std::collections::BTreeSet<_> = calls.iter().map(|call| call.worker).collect();
    assert_eq!(workers.len(), 3, "nor a worker");
    // Again, they send nothing.
    assert_eq!(Session::end_together(&sessions, &End::default()), reports);
    assert_eq!(calls_in(&path).len(), calls.len());
});
