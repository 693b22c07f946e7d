//! The service under a service manager, or what stands in for one.

use std::time::{Duration, Instant};

use drvhost_tests::*;
use mmsystem::*;

bus_test!(the_service_manager_is_told_and_a_stop_ends_the_session_in_order, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll", "other.dll"]);
    let (bus, supervisor) = (Bus::start(&folder), Supervisor::new(&folder));
    let variables = [("NOTIFY_SOCKET", supervisor.address()), ("WATCHDOG_USEC", "600000".to_owned())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut service = bus.serve_with(&["--json"], &variables);
    supervisor.wait_for("READY=1");
    // It lives as long as it says so, more often than it has to.
    let started = Instant::now();
    (0..3).for_each(|_| supervisor.wait_for("WATCHDOG=1"));
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
    let clients = [bus.client(), bus.client()];
    let handles = [clients[0].open("spy.dll", "exit=5"), clients[1].open("other.dll", "")];
    supervisor.wait_for("STATUS=2 instances are open, 2 clients are known");

    service.signal("TERM");
    let stopping = loop {
        let said = supervisor.next();
        if said.contains(&"STOPPING=1".to_owned()) {
            break said;
        }
    };
    assert!(stopping.iter().any(|line| line == "EXTEND_TIMEOUT_USEC=15000000"), "{stopping:?}");
    let process = service.id();
    let ended = service.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let report: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&report["cause"], report["instances"].as_array().unwrap().len()), (&"stop".into(), 2));
    for handle in handles {
        let calls = bus.calls().into_iter().filter(|call| call.hdrvr == handle.cast_signed());
        let sequence = Sequence::of(calls.map(|call| call.number));
        assert_eq!(sequence, "LOAD ENABLE OPEN EXITSESSION CLOSE DISABLE FREE");
    }
    wait_for_no_worker(process, "spy.dll");
});

bus_test!(every_signal_that_ends_a_program_ends_the_session, || {
    for signal in ["TERM", "INT", "HUP"] {
        let folder = Folder::with_spies(Machine::X86_64, &["spy.dll"]);
        let bus = Bus::start(&folder);
        let mut service = bus.serve(&["--deadline", "1s"]);
        let client = bus.client();
        let _ = client.open("spy.dll", "exit=hang");
        service.signal(signal);
        let ended = service.end();
        assert_eq!(ended.code, Some(4), "a driver did not answer: {}", ended.stderr);
        assert!(ended.stdout.starts_with("stop: session ended in "), "{}", ended.stdout);
        assert!(ended.stdout.contains("0 of 1 answered"), "{}", ended.stdout);
        assert!(ended.elapsed < Duration::from_secs(3), "{:?}", ended.elapsed);
    }
});

bus_test!(a_bus_that_goes_ends_the_session, || {
    let folder = Folder::with_spies(Machine::X86_64, &["spy.dll"]);
    let bus = Bus::start(&folder);
    let service = bus.serve(&[]);
    let client = bus.client();
    let _ = client.open("spy.dll", "");
    let trace = folder.file("trace");
    drop(bus);
    assert_eq!(service.end().code, Some(0));
    let calls = calls_in(&trace);
    assert_eq!(calls.last().unwrap().number, DRV_FREE);
    assert!(calls.iter().any(|call| [DRV_EXITSESSION, DRV_EXITAPPLICATION].contains(&call.number)));
});

#[test]
fn units_are_installed_where_they_are_looked_for() {
    let folder = Folder::default();
    // As `pw-jack` sets it, so that instruments find PipeWire's library.
    let mut install = folder.drvhost(["serve", "--install-units"]).env("LD_LIBRARY_PATH", "/usr/lib/jack");
    let text = install.success();
    for file in
        [".config/systemd/user/drvhost.service", ".local/share/dbus-1/services/org.drvhost.Host1.service"]
    {
        assert!(text.contains(file), "{text}");
        let unit = String::from_utf8(folder.read(file)).unwrap();
        let program = program("drvhost").canonicalize().unwrap().display().to_string();
        assert!(unit.contains(&format!("={program} serve\n")), "{unit}");
    }
    assert!(text.contains("systemctl --user daemon-reload"), "{text}");
    let unit = String::from_utf8(folder.read(".config/systemd/user/drvhost.service")).unwrap();
    assert!(unit.contains("\nEnvironment=\"LD_LIBRARY_PATH=/usr/lib/jack\"\n"), "{unit}");
}

#[test]
fn where_no_session_has_ended_there_is_no_report() {
    let folder = Folder::default();
    assert!(folder.drvhost(["session", "last"]).failure(1).contains("no session"));
}
