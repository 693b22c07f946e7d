//! Instruments that `drvhost serve` holds: synths as clients of JACK, which outlive whoever has started them.

use std::collections::HashMap;
use std::time::Duration;

use drvhost_tests::*;
use mmsystem::*;
use serde_json::Value;
use zbus::OwnedVariant;

/// What the folder's synth is called.
const SYNTH: &str = "synth.dll";
/// What its instruments play ahead, so that a busy computer is in time: in microseconds.
const LATENCY: u32 = 150_000;
const RATE: u32 = 48_000;
/// How many instruments there may be.
const MOST: usize = 16;

/// A line of ListInstruments.
type Listed = (String, String, String, String, HashMap<String, OwnedVariant>);

/// A service that finds a JACK server.
struct Stage {
    /// `None` once it has ended.
    service: Option<Running>,
    jack: Jack,
    bus: Bus,
    folder: Folder,
}

impl Stage {
    fn new(machine: Machine, arguments: &[&str]) -> Self {
        let folder = Folder::with_spies(machine, &["spy.dll"]);
        let bus = Bus::start(&folder);
        Self::on(folder, bus, RATE, arguments)
    }

    fn on(folder: Folder, bus: Bus, rate: u32, arguments: &[&str]) -> Self {
        folder.copy_driver("midisynth", SYNTH);
        let jack = Jack::start(rate, 512);
        let service = Some(bus.serve_with(arguments, &[jack.variable()]));
        Self { service, jack, bus, folder }
    }

    /// The synth's workers.
    fn workers(&self) -> Vec<u32> {
        workers(self.service.as_ref().unwrap().id(), SYNTH)
    }

    /// Sends the synth's worker a signal.
    fn signal_worker(&self, name: &str) {
        let [worker] = self.workers()[..] else { panic!("one worker") };
        let sent = std::process::Command::new("kill").args(["-s", name, &worker.to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends the service: its report.
    fn end(&mut self) -> Value {
        let mut service = self.service.take().unwrap();
        service.signal("TERM");
        let ended = service.end();
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        serde_json::from_str(&ended.stdout).unwrap()
    }

    /// The drivers that were told DRV_EXITSESSION and have answered.
    fn told(&self) -> usize {
        told(&self.bus.calls())
    }
}

/// A server is not to go while it has clients.
impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(mut service) = self.service.take().filter(|_| !std::thread::panicking()) {
            service.signal("TERM");
            let _ = service.end();
        }
    }
}

fn told(calls: &[Call]) -> usize {
    calls.iter().filter(|call| call.number == DRV_EXITSESSION && call.result.is_some()).count()
}

fn start(client: &Client, driver: &str, name: &str) -> Result<String, Refused> {
    client.call("StartInstrument", &(driver, 0_u32, name, LATENCY, false))
}

fn stop(client: &Client, name: &str) -> Result<Value, Refused> {
    let report: String = client.call("StopInstrument", &name)?;
    Ok(serde_json::from_str(&report).unwrap())
}

fn list(client: &Client) -> Vec<Listed> {
    client.call("ListInstruments", &()).unwrap()
}

/// Each instrument's name and state.
fn states(client: &Client) -> Vec<(String, String)> {
    list(client).into_iter().map(|(name, _, _, state, _)| (name, state)).collect()
}

fn is(name: &str, state: &str) -> (String, String) {
    (name.to_owned(), state.to_owned())
}

fn detail<T: TryFrom<OwnedVariant>>(listed: &Listed, name: &str) -> T {
    let value = listed.4.get(name).unwrap_or_else(|| panic!("no {name} in {listed:?}"));
    T::try_from(value.try_clone().unwrap()).unwrap_or_else(|_| panic!("{name}: {value:?}"))
}

fn check_told(report: &Value) {
    let instances = report["instances"].as_array().unwrap();
    assert_eq!(instances.len(), 1, "{report}");
    assert_eq!((&instances[0]["outcome"], &instances[0]["close"]), (&"answered".into(), &"closed".into()));
}

/// How loud the note is that is played, at its loudest.
fn loudness(stage: &Stage, instrument: &str) -> f64 {
    let heard = stage.jack.play(&stage.folder, instrument, 96_000, &[(4800, vec![0x90, 69, 100])]);
    heard.chunks_exact(2400).map(|part| amount(part, 440.0, RATE)).fold(0.0, f64::max)
}

instrument_test!(an_instrument_outlives_its_client_and_is_played_listed_and_stopped, |machine| {
    let stage = Stage::new(machine, &[]);
    let client = stage.bus.client();
    let mut changes = client.listen("InstrumentChanged");
    // Whoever starts it leaves at once, as busctl does.
    assert_eq!(start(&stage.bus.client(), "synth.dll timed=1", "Lead"), Ok("Lead".to_owned()));
    assert_eq!(changes.next::<(String, String)>(), is("Lead", "playing"));
    let loudness = loudness(&stage, "Lead");
    assert!(loudness > 0.1, "{loudness}");

    let listed = list(&client);
    let [lead] = &listed[..] else { panic!("{listed:?}") };
    let (name, driver, device, state, _) = lead;
    assert_eq!([name, driver, device, state], ["Lead", SYNTH, "Test Synth \u{266b}", "playing"]);
    assert!(detail::<u64>(lead, "messages") >= 1);
    let numbers = ["rate", "driver_rate"].map(|name| detail::<u64>(lead, name));
    assert_eq!(numbers, [u64::from(RATE), 44_100]);
    assert!((detail::<f64>(lead, "latency_ms") - 150.0).abs() < 1.0);
    assert_eq!(detail::<u32>(lead, "pid"), std::process::id());
    assert!(client.instances().is_empty(), "it is no client's");

    // A second one of the name gets another, and each a worker of its own.
    let second = start(&client, SYNTH, "Lead").unwrap();
    assert_ne!(second, "Lead");
    assert_eq!(stage.workers().len(), 2);
    let report = stop(&client, "Lead").unwrap();
    check_told(&report["report"]);
    assert_eq!((&report["name"], report.get("error")), (&"Lead".into(), None));
    assert!(report["status"]["messages"].as_u64() >= Some(1), "{report}");
    assert_eq!(stage.told(), 1);
    assert!(stage.bus.calls_with(DRV_EXITAPPLICATION).is_empty());
    assert_eq!(states(&client), [is(&second, "playing")]);
    assert_eq!(stop(&client, "Lead").unwrap_err().name, "NoSuchInstrument");
    let said: Vec<(String, String)> = (0..2).map(|_| changes.next()).collect();
    assert_eq!(said, [is(&second, "playing"), is("Lead", "stopped")]);
});

instrument_test!(a_driver_that_dies_is_opened_again_until_it_is_enough, || {
    let stage = Stage::new(Machine::X86_64, &[]);
    let client = stage.bus.client();
    let (mut changes, mut failures) = (client.listen("InstrumentChanged"), client.listen("InstrumentFailed"));
    let _ = start(&client, SYNTH, "Lead").unwrap();
    assert_eq!(changes.next::<(String, String)>(), is("Lead", "playing"));
    for wait in [100.0, 200.0, 400.0, 800.0] {
        stage.signal_worker("KILL");
        let (name, error, again_in_ms): (String, String, f64) = failures.next();
        assert_eq!((name.as_str(), again_in_ms), ("Lead", wait));
        assert!(error.contains("killed"), "{error}");
        if wait > 500.0 {
            let listed = list(&client);
            assert_eq!((listed[0].3.as_str(), detail::<String>(&listed[0], "error")), ("failed", error));
        }
        let said: Vec<(String, String)> = (0..2).map(|_| changes.next()).collect();
        assert_eq!(said, [is("Lead", "failed"), is("Lead", "playing")]);
    }
    let loudness = loudness(&stage, "Lead");
    assert!(loudness > 0.1, "{loudness}");

    stage.signal_worker("KILL");
    assert_eq!(changes.next::<(String, String)>(), is("Lead", "ended"));
    let (_, error, again_in_ms): (String, String, f64) = failures.next();
    assert!(error.contains("has failed 5 times") && again_in_ms == 0.0, "{error}");
    // It stays listed, with why, until it is stopped or started again.
    let listed = list(&client);
    assert_eq!((listed[0].3.as_str(), detail::<String>(&listed[0], "error")), ("ended", error.clone()));
    assert_eq!(start(&client, SYNTH, "Lead").unwrap_err().name, "Quarantined");
    assert_eq!(client.call("Pardon", &SYNTH), Ok(true));
    assert_eq!(start(&client, SYNTH, "Lead"), Ok("Lead".to_owned()));
    assert_eq!(states(&client), [is("Lead", "playing")]);
});

instrument_test!(a_server_that_goes_ends_an_instrument_in_order, |machine| {
    let mut stage = Stage::new(machine, &[]);
    let client = stage.bus.client();
    let mut changes = client.listen("InstrumentChanged");
    let _ = start(&client, SYNTH, "Lead").unwrap();
    assert_eq!(changes.next::<(String, String)>(), is("Lead", "playing"));
    stage.jack.end();
    assert_eq!(changes.next::<(String, String)>(), is("Lead", "ended"));
    assert_eq!(stage.told(), 1);
    let report = stop(&client, "Lead").unwrap();
    check_told(&report["report"]);
    assert!(report["error"].as_str().unwrap().contains("JACK's server has gone"), "{report}");
    assert!(list(&client).is_empty());
    assert_eq!(start(&client, SYNTH, "Lead").unwrap_err().name, "NoServer");
    // The service finds the next one.
    stage.jack.restart();
    assert_eq!(start(&client, SYNTH, "Lead"), Ok("Lead".to_owned()));
    let loudness = loudness(&stage, "Lead");
    assert!(loudness > 0.1, "{loudness}");
});

instrument_test!(a_stop_of_the_service_tells_instruments_along_with_clients, |machine| {
    let mut stage = Stage::new(machine, &["--json"]);
    let client = stage.bus.client();
    let _ = client.open("spy.dll", "exit=5");
    let _ = start(&client, SYNTH, "Lead").unwrap();
    let report = stage.end();
    let of = |name: &str| {
        let instances = report["instances"].as_array().unwrap();
        instances.iter().find(|instance| instance["driver"] == name).unwrap().clone()
    };
    assert_eq!(report["instances"].as_array().unwrap().len(), 2);
    for (driver, instrument) in [("spy.dll", Value::Null), (SYNTH, "Lead".into())] {
        let instance = of(driver);
        assert_eq!((&instance["outcome"], &instance["close"]), (&"answered".into(), &"closed".into()));
        assert_eq!((&instance["instrument"], &instance["told"]), (&instrument, &"DRV_EXITSESSION".into()));
        assert_eq!(instance["pid"], std::process::id());
    }
    let calls = calls_in(&stage.folder.file("trace"));
    assert_eq!(told(&calls), 2);
    let last = calls.iter().filter(|call| call.number == DRV_EXITSESSION).map(Call::end_us).max();
    let mut closed = calls.iter().filter(|call| [DRV_CLOSE, DRV_DISABLE, DRV_FREE].contains(&call.number));
    assert!(closed.all(|call| Some(call.t_us) >= last), "nothing is taken away before all were told");
});

instrument_test!(the_end_of_a_session_ends_instruments, || {
    let stage = Stage::new(Machine::X86_64, &[]);
    let client = stage.bus.client();
    let _ = start(&client, SYNTH, "Lead").unwrap();
    let report: String = client.call("EndSession", &()).unwrap();
    assert!(report.contains(r#""instrument":"Lead""#), "{report}");
    assert_eq!(stage.told(), 1);
    assert!(list(&client).is_empty());
    assert_eq!(start(&client, SYNTH, "Lead").unwrap_err().name, "SessionEnding");
    client.call::<_, ()>("BeginSession", &()).unwrap();
    assert!(list(&client).is_empty(), "nothing comes back by itself");
    wait_until("its name is free", || start(&client, SYNTH, "Lead").is_ok());
    check_told(&stop(&client, &list(&client)[0].0).unwrap()["report"]);
});

instrument_test!(errors_of_instruments_have_their_documented_names, || {
    let stage = Stage::new(Machine::X86_64, &[]);
    let client = stage.bus.client();
    let refused = |driver: &str, device: u32| {
        let started: Result<String, Refused> =
            client.call("StartInstrument", &(driver, device, "", LATENCY, false));
        started.unwrap_err().name
    };
    assert_eq!(refused("nothere.dll", 0), "NoSuchDriver");
    assert_eq!(refused("./synth.dll", 0), "NoSuchDriver");
    assert_eq!(refused("spy.dll", 0), "Refused");
    assert_eq!(refused(SYNTH, 99), "InvalidArgument");
    assert_eq!(stop(&client, "nobody").unwrap_err().name, "NoSuchInstrument");
    assert!(list(&client).is_empty());
    // The driver's name, where there is no other.
    let file = stage.folder.file(SYNTH).display().to_string();
    assert_eq!(start(&client, &file, ""), Ok("synth".to_owned()));
});

instrument_test!(without_a_server_there_are_no_instruments, || {
    let folder = Folder::new(Machine::X86_64);
    folder.copy_driver("midisynth", SYNTH);
    let bus = Bus::start(&folder);
    let _service = bus.serve_with(&[], &[("JACK_DEFAULT_SERVER", "nobody")]);
    let refused = start(&bus.client(), SYNTH, "Lead").unwrap_err();
    assert_eq!(refused.name, "NoServer");
    assert!(refused.message.contains("by the name `nobody`") && refused.message.contains("pw-jack"));
    assert!(bus.calls().is_empty(), "no driver was opened");
});

instrument_test!(without_the_program_for_it_there_are_drivers_and_no_instruments, || {
    let folder = Folder::new(Machine::X86_64);
    folder.copy_driver("midisynth", SYNTH);
    let bus = Bus::start(&folder);
    let _service = bus.serve_alone();
    let client = bus.client();
    let refused = start(&client, SYNTH, "Lead").unwrap_err();
    assert_eq!(refused.name, "NoServer");
    assert!(refused.message.contains("drvhost-jack") && refused.message.contains("cargo build --release"));
    assert!(bus.calls().is_empty(), "no driver was opened");
    assert_ne!(client.open(SYNTH, ""), 0);
});

instrument_test!(instruments_are_bounded_and_end_together, || {
    let folder = Folder::new(Machine::X86_64);
    let bus = Bus::start(&folder);
    // So slow a server that so many cost little.
    let mut stage = Stage::on(folder, bus, 8000, &["--json"]);
    let client = stage.bus.client();
    for number in 0..MOST {
        let _ = start(&client, SYNTH, &format!("{number}")).unwrap();
    }
    assert_eq!(start(&client, SYNTH, "more").unwrap_err().name, "TooMany");
    check_told(&stop(&client, "0").unwrap()["report"]);
    assert!(start(&client, SYNTH, "more").is_ok());
    let report = stage.end();
    assert_eq!(report["instances"].as_array().unwrap().len(), MOST);
});

driver_test! {
    cfg_attr(
        any(no_mingw, no_jackd, no_dbus, no_dbusmock),
        ignore = "needs jackd2, dbus, python3-dbusmock, and mingw-w64 for x86-64 and i686"
    );
    logind_waits_for_instruments, || {
        let folder = Folder::new(Machine::X86_64);
        let bus = Bus::start(&folder);
        let logind = Logind::start(&bus, Duration::from_secs(5));
        let stage = Stage::on(folder, bus, RATE, &[]);
        let client = stage.bus.client();
        assert_eq!(logind.inhibitors(), 0);
        let _ = start(&client, SYNTH, "Lead").unwrap();
        assert_eq!(logind.inhibitors(), 1, "when the start is answered, the lock is held");
        assert!(stop(&client, "Lead").is_ok());
        logind.wait_for_release();
        let _ = start(&client, SYNTH, "Lead").unwrap();
        logind.sleep_and_wake(&stage.bus);
        logind.emit("PrepareForShutdown", true);
        logind.wait_for_release();
        assert_eq!(stage.told(), 2, "and the one that was stopped before");
        assert!(list(&client).is_empty());
    }
}

driver_test! {
    cfg_attr(
        any(no_mingw, no_jackd, no_dbus, no_dbusmock),
        ignore = "needs jackd2, dbus, python3-dbusmock, and mingw-w64 for x86-64 and i686"
    );
    a_driver_that_hangs_costs_nobody_else_theirs, || {
        let folder = Folder::with_spies(Machine::X86_64, &["spy.dll"]);
        let bus = Bus::start(&folder);
        let logind = Logind::start(&bus, Duration::from_secs(3));
        // Its own deadline is much longer than logind waits.
        let stage = Stage::on(folder, bus, RATE, &["--deadline", "60s"]);
        let client = stage.bus.client();
        let _ = client.open("spy.dll", "exit=5");
        let _ = start(&client, SYNTH, "Lead").unwrap();
        stage.signal_worker("STOP");
        logind.emit("PrepareForShutdown", true);
        logind.wait_for_release();
        let last = stage.folder.drvhost(["session", "last"]).env("XDG_STATE_HOME", stage.folder.file("state"));
        let report = { last }.json(0);
        let of = |driver: &str| {
            let instances = report["instances"].as_array().unwrap();
            instances.iter().find(|instance| instance["driver"] == driver).unwrap_or(&Value::Null)
        };
        let (spy, synth) = (of("spy.dll"), of(SYNTH));
        assert_eq!((&spy["result"], &spy["close"]), (&5.into(), &"closed".into()), "{report}");
        assert_eq!(synth["instrument"], "Lead", "{report}");
        assert_ne!(synth["outcome"], "answered", "{report}");
    }
}

driver_test! {
    cfg_attr(
        any(no_mingw, no_dbus, no_jackd, no_busctl),
        ignore = "needs dbus, jackd2, systemd for busctl, and mingw-w64 for x86-64 and i686"
    );
    busctl_starts_and_stops_instruments, || {
        let stage = Stage::new(Machine::X86_64, &[]);
        let call = |arguments: &[&str]| {
            let object = ["call", service::NAME, service::PATH, service::INTERFACE];
            stage.bus.busctl(&[&object[..], arguments].concat())
        };
        let start = ["StartInstrument", "susub", SYNTH, "0", "Lead", "0", "true"];
        assert_eq!(call(&start).unwrap(), "s \"Lead\"");
        wait_until("it is connected", || stage.jack.connections("Lead:right") == ["system:playback_2"]);
        let listing = call(&["ListInstruments"]).unwrap();
        assert!(listing.starts_with("a(ssssa{sv}) 1 \"Lead\" \"synth.dll\" \"Test Synth"), "{listing}");
        assert!(listing.contains("\"latency_ms\" d 20"), "{listing}");
        let stopped = call(&["StopInstrument", "s", "Lead"]).unwrap();
        assert!(stopped.starts_with("s \"{") && stopped.contains("answered"), "{stopped}");
    }
}

driver_test! {
    cfg_attr(
        any(no_mingw, no_dbus, no_jackd, no_busctl, not_root),
        ignore = "needs root, which alone can be two users, dbus, jackd2, systemd for busctl, and mingw-w64 for x86-64 and i686"
    );
    instruments_are_for_the_user_of_the_session_bus, || {
        let stage = Stage::new(Machine::X86_64, &[]);
        let _ = start(&stage.bus.client(), SYNTH, "Lead").unwrap();
        for call in [&["ListInstruments"][..], &["StopInstrument", "s", "Lead"]] {
            let said = crate::service::call_as_nobody(&stage.bus, call);
            assert!(said.contains("for the user of that bus only"), "{said}");
        }
        assert_eq!(states(&stage.bus.client()), [is("Lead", "playing")]);
    }
}

driver_test! {
    cfg_attr(any(no_mingw, no_dbus), ignore = "needs dbus, and mingw-w64 for x86-64 and i686");
    on_the_system_bus_there_are_none, || {
        let folder = Folder::new(Machine::X86_64);
        folder.copy_driver("midisynth", SYNTH);
        let bus = Bus::start(&folder);
        let _service = bus.serve(&["--system"]);
        let client = bus.client();
        let refused = start(&client, SYNTH, "Lead").unwrap_err();
        assert_eq!(refused.name, "Denied");
        assert!(refused.message.contains("session bus"), "{}", refused.message);
        assert!(list(&client).is_empty());
    }
}
