//! The service and logind, which python-dbusmock plays.

use std::time::{Duration, Instant};

use drvhost_tests::*;
use mmsystem::*;

/// What logind says that it waits for at most.
const DELAY: Duration = Duration::from_secs(5);

fn told_before_anything_was_closed(bus: &Bus, instances: usize) {
    let told = bus.calls_with(DRV_EXITSESSION);
    assert_eq!(told.len(), instances);
    assert!(told.iter().all(|call| call.cause.as_deref() == Some("session_end")));
    let last = told.iter().map(Call::end_us).max().unwrap();
    let calls = bus.calls();
    let mut after = calls.iter().filter(|call| [DRV_CLOSE, DRV_DISABLE, DRV_FREE].contains(&call.number));
    assert!(after.all(|call| call.t_us >= last), "nothing is taken away from anybody before all were told");
}

logind_test!(the_lock_is_held_while_a_driver_is_open, || {
    let folder = Folder::with_spies(Machine::X86_64, &["spy.dll"]);
    let bus = Bus::start(&folder);
    let logind = Logind::start(&bus, DELAY);
    let _service = bus.serve(&[]);
    assert_eq!(logind.inhibitors(), 0);
    let (one, other) = (bus.client(), bus.client());
    let first = one.open("spy.dll", "");
    assert_eq!(logind.inhibitors(), 1, "when the first open is answered, the lock is held");
    let second = other.open("spy.dll", "");
    assert_eq!(one.close(first), Ok(1));
    assert_eq!(logind.inhibitors(), 1);
    assert_eq!(other.close(second), Ok(1));
    logind.wait_for_release();
    let _ = one.open("spy.dll", "");
    assert_eq!(logind.inhibitors(), 1);
    drop(one);
    logind.wait_for_release();
});

logind_test!(a_shutdown_tells_every_instance_and_then_gives_the_lock_back, || {
    let folder = Folder::new(Machine::X86_64);
    let drivers = [
        (Machine::X86_64, "one64.dll"),
        (Machine::X86_64, "two64.dll"),
        (Machine::I386, "one32.dll"),
        (Machine::I386, "two32.dll"),
    ];
    for (machine, name) in drivers {
        std::fs::copy(driver(machine, "spy"), folder.file(name)).unwrap();
    }
    let bus = Bus::start(&folder);
    let logind = Logind::start(&bus, DELAY);
    let _service = bus.serve(&[]);
    let clients = [bus.client(), bus.client()];
    for number in 0..20 {
        let _ = clients[number % 2].open(drivers[number / 2 % 4].1, "exit=5");
    }
    assert_eq!(logind.inhibitors(), 1);
    logind.emit("PrepareForShutdown", true);
    logind.wait_for_release();
    told_before_anything_was_closed(&bus, 20);
    assert_eq!(bus.calls_with(DRV_CLOSE).len(), 20);
    assert_eq!(bus.calls_with(DRV_FREE).len(), 8, "each driver of each client");
    let refused = clients[0].call::<_, u64>("Open", &("one64.dll", "", 0_i64)).unwrap_err();
    assert_eq!(refused.name, "SessionEnding");

    // What came of it is kept.
    let last = |arguments: &[&str]| folder.drvhost(arguments).env("XDG_STATE_HOME", folder.file("state"));
    let report = last(&["session", "last"]).json(0);
    assert_eq!(report["cause"], "shutdown");
    let instances = report["instances"].as_array().unwrap();
    assert_eq!(instances.len(), 20);
    for instance in instances {
        assert_eq!(instance["told"], "DRV_EXITSESSION", "{instance}");
        assert_eq!((instance["result"].as_i64(), instance["close"].as_str()), (Some(5), Some("closed")));
        assert_eq!(instance["pid"], std::process::id());
    }
    let text = last(&["session", "last"]).success();
    assert!(text.starts_with("shutdown: session ended in ") && text.contains("20 of 20 answered"), "{text}");

    // A shutdown that is cancelled lets drivers be opened again.
    logind.emit("PrepareForShutdown", false);
    wait_until("drivers can be opened again", || {
        clients[0].call::<_, u64>("Open", &("one64.dll", "", 0_i64)).is_ok()
    });
    assert_eq!(logind.inhibitors(), 1);
});

logind_test!(a_driver_that_hangs_does_not_keep_the_lock, || {
    let folder = Folder::with_spies(Machine::X86_64, &["spy.dll", "hanging.dll", "stubborn.dll"]);
    let bus = Bus::start(&folder);
    let delay = Duration::from_secs(3);
    let logind = Logind::start(&bus, delay);
    // Its own deadline is longer than logind waits.
    let _service = bus.serve(&["--deadline", "30s"]);
    let client = bus.client();
    let [good, ..] = [("spy.dll", "exit=5"), ("hanging.dll", "exit=hang"), ("stubborn.dll", "close=hang")]
        .map(|(name, text)| client.open(name, text));
    let started = Instant::now();
    logind.emit("PrepareForShutdown", true);
    logind.wait_for_release();
    assert!(started.elapsed() < delay, "{:?}", started.elapsed());
    told_before_anything_was_closed(&bus, 3);
    let told = bus.calls_with(DRV_EXITSESSION);
    let outcomes: Vec<_> =
        told.iter().map(|call| (call.hdrvr == good.cast_signed(), call.outcome.as_str())).collect();
    assert_eq!(outcomes.iter().filter(|(_, outcome)| *outcome == "late").count(), 1, "{outcomes:?}");
    assert!(outcomes.contains(&(true, "answered")), "{outcomes:?}");
});

logind_test!(sleep_and_resume_are_told_and_the_lock_is_given_back_between, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll", "other.dll"]);
    let bus = Bus::start(&folder);
    let logind = Logind::start(&bus, DELAY);
    let _service = bus.serve(&[]);
    let clients = [bus.client(), bus.client()];
    let handles = [clients[0].open("spy.dll", ""), clients[1].open("other.dll", "")];
    let told = |cause: &str, count: usize| {
        let calls = bus.calls_with(DRV_POWER);
        calls.iter().filter(|call| call.cause.as_deref() == Some(cause)).count() == count
    };
    logind.emit("PrepareForSleep", true);
    logind.wait_for_release();
    assert!(told("suspend", 2) && told("resume", 0));
    logind.emit("PrepareForSleep", false);
    wait_until("everybody is told of the resume", || told("resume", 2));
    wait_until("the lock is held again", || logind.inhibitors() == 1);
    let parameters: Vec<_> =
        bus.calls_with(DRV_POWER).iter().map(|call| (call.lparam1, call.lparam2)).collect();
    assert_eq!(parameters, [(0, 0); 4]);
    assert_eq!(clients[0].send(handles[0], XOR, 5, 3), Ok(6), "nothing was closed");
});

logind_test!(only_logind_is_believed, || {
    let folder = Folder::with_spies(Machine::X86_64, &["spy.dll"]);
    let bus = Bus::start(&folder);
    let logind = Logind::start(&bus, DELAY);
    let _service = bus.serve(&[]);
    let (client, forger) = (bus.client(), bus.client());
    let handle = client.open("spy.dll", "");
    let target: String = {
        let dbus = "org.freedesktop.DBus";
        client.call_of(dbus, "/org/freedesktop/DBus", dbus, "GetNameOwner", &service::NAME).unwrap()
    };
    // Unique names are numbered: the service's two connections are among the first ones.
    let receivers = (0..8).map(|number| format!(":1.{number}")).chain([target]).map(Some).chain([None]);
    for receiver in receivers {
        forger.forge(receiver.as_deref(), "PrepareForShutdown", true);
        forger.forge(receiver.as_deref(), "PrepareForSleep", true);
    }
    // What comes from logind afterwards is heard, so what was forged before it has been.
    logind.emit("PrepareForSleep", true);
    logind.wait_for_release();
    assert_eq!(bus.calls_with(DRV_POWER).len(), 1);
    assert!(bus.calls_with(DRV_EXITSESSION).is_empty());
    assert_eq!(client.send(handle, XOR, 5, 3), Ok(6));
});

logind_test!(a_logind_that_comes_late_goes_or_restarts_is_survived, || {
    let folder = Folder::with_spies(Machine::X86_64, &["spy.dll"]);
    let bus = Bus::start(&folder);
    let _service = bus.serve(&[]);
    let client = bus.client();
    let handle = client.open("spy.dll", "");
    for _ in 0..2 {
        let logind = Logind::start(&bus, DELAY);
        wait_until("the lock is taken from whoever is logind", || logind.inhibitors() == 1);
        assert_eq!(client.send(handle, XOR, 5, 3), Ok(6));
    }
    let inhibited = |client: &Client| {
        let body = (service::INTERFACE, "Inhibited");
        let value: Result<zbus::OwnedVariant, _> =
            client.call_of(service::NAME, service::PATH, "org.freedesktop.DBus.Properties", "Get", &body);
        bool::try_from(value.unwrap()).unwrap()
    };
    wait_until("without logind there is no lock", || !inhibited(&client));
    assert_eq!(client.send(handle, XOR, 5, 3), Ok(6));
});
