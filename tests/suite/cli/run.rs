//! `drvhost run`.

use std::time::Duration;

use drvhost_tests::*;
use mmsystem::*;
use serde_json::Value;

use super::has_fields;

/// Runs `drvhost run` with these arguments and a trace until it is ready, then ends it by a signal.
fn run_until(folder: &Folder, signal: &str, arguments: &[&str]) -> Ended {
    let mut running = folder.drvhost(["run", "--trace", "trace"].iter().chain(arguments)).start();
    assert_eq!(running.line(), "ready\n");
    running.signal(signal);
    running.end()
}

/// The report, which is one line.
fn report_of(ended: &Ended) -> Value {
    assert_eq!(ended.stdout.lines().count(), 1, "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

fn outcomes(report: &Value) -> Vec<&str> {
    let instances = report["instances"].as_array().unwrap();
    instances.iter().map(|instance| instance["outcome"].as_str().unwrap()).collect()
}

/// The calls with a message.
fn with(calls: &[Call], message: u32) -> Vec<&Call> {
    calls.iter().filter(|call| call.number == message).collect()
}

wine_test!(seven_instances_are_told_before_any_is_closed_whatever_they_do, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll", "spy-copy.dll", "spy-copy2.dll"]);
    let drivers = [
        "vidc.cvid",
        "msacm.msadpcm",
        "./spy.dll",
        "./spy.dll exit=hang",
        "./spy.dll",
        "./spy-copy.dll exit=fault",
        "./spy-copy2.dll close=0",
    ];
    let ended = run_until(&folder, "TERM", &[&["--json", "--deadline", "1s"], drivers.as_slice()].concat());
    assert_eq!(ended.code, Some(4), "{ended:?}");

    let report = report_of(&ended);
    has_fields(&report, &["instances", "elapsed_us"]);
    let names: Vec<_> = report["instances"].as_array().unwrap().iter().map(|one| &one["driver"]).collect();
    let files =
        ["iccvid.dll", "msadp32.acm", "spy.dll", "spy.dll", "spy.dll", "spy-copy.dll", "spy-copy2.dll"];
    assert_eq!(names, files);
    let expected = ["answered", "answered", "answered", "late", "answered", "faulted", "answered"];
    assert_eq!(outcomes(&report), expected);
    let elapsed = report["elapsed_us"].as_u64().unwrap();
    assert!((900_000..1_600_000).contains(&elapsed), "{elapsed}");

    let calls = calls_in(&folder.file("trace"));
    let told = with(&calls, DRV_EXITSESSION);
    let opened: Vec<_> =
        with(&calls, DRV_OPEN).iter().map(|open| (open.hdrvr, open.result.unwrap())).collect();
    assert_eq!(opened.len(), 7);
    let mut seen: Vec<_> = told.iter().map(|told| (told.hdrvr, told.id)).collect();
    seen.sort_unstable();
    assert_eq!(seen, opened, "each instance once, with its own handle and identifier");
    assert!(told.iter().all(|told| (told.lparam1, told.lparam2) == (0, 0)));
    assert!(told.iter().all(|told| told.cause.as_deref() == Some("session_end")));
    let last = told.iter().max_by_key(|told| told.seq).unwrap();
    let answered = told.iter().map(|told| told.end_us()).max().unwrap();
    for taken in calls.iter().filter(|call| [DRV_CLOSE, DRV_DISABLE, DRV_FREE].contains(&call.number)) {
        assert!(taken.seq > last.seq && taken.t_us >= answered, "{taken:?}");
    }
    let loads: Vec<_> = with(&calls, DRV_LOAD).iter().map(|load| load.driver.as_str()).collect();
    assert_eq!(loads, ["iccvid.dll", "msadp32.acm", "spy.dll", "spy-copy.dll", "spy-copy2.dll"]);
    for (told, report) in opened.iter().zip(report["instances"].as_array().unwrap()) {
        assert_eq!((told.0, told.1), (report["hdrvr"].as_i64().unwrap(), report["id"].as_i64().unwrap()));
    }
});

spy_test!(the_report_has_what_became_of_each_instance, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let ended = run_until(&folder, "TERM", &["--json", "./spy.dll open=17 exit=-5"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report = report_of(&ended);
    let instance = &report["instances"][0];
    for field in ["driver", "hdrvr", "id", "outcome", "result", "elapsed_us"] {
        assert!(instance.get(field).is_some(), "{field} in {instance}");
    }
    assert_eq!((&instance["id"], &instance["result"]), (&17.into(), &(-5).into()));
});

spy_test!(each_of_three_signals_ends_the_session, |machine| {
    for signal in ["TERM", "INT", "HUP"] {
        let folder = Folder::with_spies(machine, &["spy.dll"]);
        let ended = run_until(&folder, signal, &["./spy.dll", "./spy.dll"]);
        assert_eq!(ended.code, Some(0), "{signal}: {ended:?}");
        assert!(ended.elapsed < Duration::from_secs(2), "{signal}: {ended:?}");
        assert!(ended.stderr.is_empty(), "{signal}: {ended:?}");
        assert!(ended.stdout.contains("2 of 2 answered"), "{signal}: {ended:?}");
        let calls = calls_in(&folder.file("trace"));
        let sequence = Sequence::of(calls.iter().map(|call| call.number));
        assert_eq!(sequence, "LOAD ENABLE OPEN OPEN EXITSESSION EXITSESSION CLOSE CLOSE DISABLE FREE");
    }
});

spy_test!(the_report_for_people_says_who_did_what, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll", "bad.dll", "refusing.dll"]);
    let drivers = ["./spy.dll exit=5", "./bad.dll exit=fault", "./refusing.dll close=0"];
    let ended = run_until(&folder, "TERM", &drivers);
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let line = |driver: &str| {
        let line = ended.stdout.lines().find(|line| line.trim_start().starts_with(driver));
        line.unwrap_or_else(|| panic!("{ended:?}"))
    };
    assert!(ended.stdout.contains("2 of 3 answered"), "{ended:?}");
    assert!(line("spy.dll").contains("answered 5"), "{ended:?}");
    let fault = line("bad.dll");
    assert!(fault.contains("DRV_EXITSESSION") && fault.contains("bad.dll+0x"), "{ended:?}");
    assert!(line("refusing.dll").contains("refused"), "{ended:?}");
});

spy_test!(windows_31_sends_no_close, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let ended = run_until(&folder, "TERM", &["./spy.dll", "./spy.dll", "--policy", "windows31"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let calls = calls_in(&folder.file("trace"));
    let sequence = Sequence::of(calls.iter().map(|call| call.number));
    assert_eq!(sequence, "LOAD ENABLE OPEN OPEN EXITSESSION EXITSESSION DISABLE FREE");
});

wine_test!(good_drivers_answer_among_hostile_ones, |machine| {
    let files = ["good.dll", "one.dll", "two.dll", "three.dll"];
    let folder = Folder::with_spies(machine, &files);
    let drivers = [
        "./one.dll exit=hang",
        "./good.dll exit=1",
        "./two.dll exit=fault",
        "vidc.cvid",
        "./three.dll exit=hang",
        "./three.dll exit=3",
        "./two.dll exit=2",
    ];
    let ended = run_until(&folder, "TERM", &[&["--json", "--deadline", "1s"], drivers.as_slice()].concat());
    assert_eq!(ended.code, Some(4), "{ended:?}");
    let report = report_of(&ended);
    let expected = ["late", "answered", "faulted", "answered", "late", "answered", "answered"];
    assert_eq!(outcomes(&report), expected, "{report}");
    let results: Vec<_> =
        [1, 5, 6].iter().map(|&at: &usize| report["instances"][at]["result"].clone()).collect();
    assert_eq!(results, [1, 3, 2]);
});

spy_test!(a_driver_that_does_not_open_ends_those_that_did, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll", "refusing.dll"]);
    let arguments = ["run", "./spy.dll", "./refusing.dll open=0", "--trace", "trace"];
    let output = folder.drvhost(arguments).output();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let (stdout, stderr) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!stdout.lines().any(|line| line == "ready"), "{stdout}");
    assert!(stderr.contains("refusing.dll refused DRV_OPEN"), "{stderr}");
    let calls = calls_in(&folder.file("trace"));
    let own = calls.iter().filter(|call| call.driver == "spy.dll").map(|call| call.number);
    assert_eq!(Sequence::of(own), "LOAD ENABLE OPEN EXITSESSION CLOSE DISABLE FREE");
});

spy_test!(the_trace_is_written_while_drivers_are_held, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let mut running = folder.drvhost(["run", "./spy.dll", "--trace", "trace"]).start();
    assert_eq!(running.line(), "ready\n");
    let calls = calls_in(&folder.file("trace"));
    assert_eq!(Sequence::of(calls.iter().map(|call| call.number)), "LOAD ENABLE OPEN");
    running.signal("TERM");
    assert_eq!(running.end().code, Some(0));
});

spy_test!(a_second_signal_does_not_wait_for_a_driver_that_hangs, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let mut running = folder.drvhost(["run", "--deadline", "0", "./spy.dll exit=hang"]).start();
    assert_eq!(running.line(), "ready\n");
    running.signal("INT");
    std::thread::sleep(Duration::from_millis(200));
    running.signal("INT");
    let ended = running.end();
    assert!(ended.elapsed < Duration::from_secs(5), "{ended:?}");
    assert_ne!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("second signal"), "{ended:?}");
});

spy_test!(the_exit_code_counts_even_if_nobody_reads_the_report, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    for (text, code) in [("exit=0", 0), ("exit=fault", 4)] {
        folder.write("trace", "");
        let driver = format!("./spy.dll {text}");
        let mut running = folder.drvhost(["run", &driver, "--trace", "trace"]).unread().start();
        running
            .wait_until(|folder| calls_in(&folder.file("trace")).iter().any(|call| call.number == DRV_OPEN));
        running.signal("TERM");
        let ended = running.end();
        assert_eq!(ended.code, Some(code), "{text}: {ended:?}");
        assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    }
});
