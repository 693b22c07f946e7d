//! `drvhost synth`: a driver as a client of JACK.

use std::time::Duration;

use drvhost_tests::*;
use mmsystem::*;
use serde_json::Value;

/// The notes of a scale.
const SCALE: [u8; 8] = [60, 62, 64, 65, 67, 69, 71, 72];

/// An instrument that runs.
struct Instrument {
    running: Running,
    folder: Folder,
    jack: Jack,
}

impl Instrument {
    /// The test synth, with text for DRV_OPEN, on a server of its own. It plays so far ahead that a busy computer is in time.
    fn start(machine: Machine, rate: u32, text: &str) -> Self {
        Self::start_with(Folder::new(machine), rate, text, &[])
    }

    /// The same in a folder that is there already, with further variables in its environment.
    fn start_with(folder: Folder, rate: u32, text: &str, variables: &[(&str, &str)]) -> Self {
        let jack = Jack::start(rate, 512);
        folder.copy_driver("midisynth", "synth.dll");
        let driver = format!("./synth.dll {text}");
        let arguments = ["synth", "--driver", driver.trim(), "--name", "tested", "--latency", "150ms"];
        let (variable, server) = jack.variable();
        let mut command = folder.drvhost(arguments.iter().chain(&["--json", "--trace", "trace"]));
        for (name, value) in variables {
            command = command.env(name, value);
        }
        let running = command.env(variable, server).start();
        let mut instrument = Self { running, folder, jack };
        let ready = instrument.next("playing");
        assert_eq!((&ready["name"], &ready["driver_rate"]), (&"tested".into(), &44_100.into()));
        assert_eq!(ready["rate"], rate);
        instrument
    }

    /// The next line of a kind.
    fn next(&mut self, event: &str) -> Value {
        loop {
            let line = self.running.line();
            assert!(!line.is_empty(), "it ended before `{event}`");
            let line: Value = serde_json::from_str(&line).unwrap();
            if line["event"] == event {
                return line;
            }
        }
    }

    fn kill_worker(&self) {
        let [worker] = workers(self.running.id(), "synth.dll")[..] else { panic!("one worker") };
        let killed = std::process::Command::new("kill").args(["-9", &worker.to_string()]).status();
        assert!(killed.unwrap().success());
    }

    fn play(&self, frames: usize, notes: &[(u64, Vec<u8>)]) -> Vec<[f32; 2]> {
        self.jack.play(&self.folder, "tested", frames, notes)
    }

    /// Ends it by a signal; checks that the driver has been told, and answers how it went.
    fn end(mut self) -> Value {
        self.running.signal("TERM");
        let ended = self.next("ended");
        self.check_end(&ended, Some(0));
        ended["status"].clone()
    }

    fn check_end(self, ended: &Value, code: Option<i32>) {
        let instances = ended["report"]["instances"].as_array().unwrap();
        assert_eq!(instances.len(), 1, "{ended}");
        assert_eq!(
            (&instances[0]["outcome"], &instances[0]["close"]),
            (&"answered".into(), &"closed".into())
        );
        let trace = self.folder.file("trace");
        let ended = self.running.end();
        assert_eq!(ended.code, code, "{}", ended.stderr);
        let calls = calls_in(&trace);
        // One that has died is told in vain.
        let told = calls.iter().filter(|call| call.number == DRV_EXITSESSION && call.result.is_some());
        let told: Vec<_> = told.collect();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].cause.as_deref(), Some("session_end"));
        let closed = lines_in(&trace, "device").into_iter().find(|line| line["message"] == "MODM_CLOSE");
        assert!(closed.unwrap()["seq"].as_u64() < Some(told[0].seq), "its device was closed before");
    }
}

fn on(note: u8) -> Vec<u8> {
    vec![0x90, note, 100]
}

/// Plays a scale, and then a note at half of the volume.
fn check_scale(machine: Machine, rate: u32) {
    let instrument = Instrument::start(machine, rate, "timed=1");
    let ms = |time: u64| time * u64::from(rate) / 1000;
    let mut notes = Vec::new();
    for (number, note) in (0..).zip(SCALE) {
        notes.push((ms(300 * number + 1) + 7 * number, on(note)));
        notes.push((ms(300 * number + 201), vec![0x80, note, 0]));
    }
    notes.push((ms(2400), vec![0xF0, 0x7F, 0x7F, 4, 1, 0, 0x40, 0xF7]));
    notes.push((ms(2500), on(60)));
    let heard = instrument.play(ms(3400).try_into().unwrap(), &notes);
    let status = instrument.end();
    // Where JACK is late, as on a computer that does much else, periods are left out, and messages may come twice.
    let calm = ["underruns", "xruns"].iter().all(|count| status[*count] == 0);
    assert!(
        status["messages"].as_u64().unwrap() >= notes.len() as u64 && status["overruns"] == 0,
        "{status}"
    );
    assert!(!calm || status["messages"] == notes.len(), "{status}");

    let onsets = onsets(&heard, rate);
    let played: Vec<u64> = notes.iter().filter(|(_, bytes)| bytes[0] == 0x90).map(|(at, _)| *at).collect();
    let first = onsets[0] as u64 - played[0];
    let span = |note: usize| {
        let at = |time| usize::try_from(played[note] + first + ms(time)).unwrap();
        &heard[at(30)..at(170)]
    };
    for (number, note) in SCALE.into_iter().enumerate() {
        let there = amount(span(number), frequency(note), rate);
        assert!((if calm { 0.1..0.2 } else { 0.05..0.2 }).contains(&there), "{there} of {note}: {status}");
        for other in (55..78).filter(|other| *other != note) {
            let other = amount(span(number), frequency(other), rate);
            assert!(other < there / 2.0, "{other} instead of {there} of {note}: {status}");
        }
    }
    // What the driver plays ahead, what the instrument does, and a period on the way.
    assert!((ms(150 + 46)..ms(150 + 46 + 15)).contains(&first) || !calm, "{first}");
    if calm {
        let [loud, soft] = [0, 8].map(|note| amount(span(note), frequency(60), rate));
        assert!((loud / soft - 2.0).abs() < 0.02, "{loud} and {soft}");
        // From the message to its sound, for each: the same, whenever it came.
        let late: Vec<_> = onsets.iter().zip(&played).map(|(onset, at)| *onset as u64 - at).collect();
        assert_eq!(late.len(), 9, "{onsets:?}");
        let (least, most) = (late.iter().min().unwrap(), late.iter().max().unwrap());
        // A conversion of rates is heard a little before.
        assert!(most - least <= if rate == RATE { 2 } else { 12 }, "{late:?}");
    }
    eprintln!("{machine} at {rate} Hz, calm: {calm}, {first} frames from the message to its sound; {status}");
}

jack_test!(a_scale_is_heard_at_the_drivers_rate, |machine| check_scale(machine, 44_100));
jack_test!(a_scale_is_heard_at_another_rate, |machine| check_scale(machine, 48_000));

jack_test!(a_driver_that_dies_is_opened_again, |machine| {
    let mut instrument = Instrument::start(machine, 48_000, "");
    let frames = 48_000 * 5;
    let notes: Vec<_> = (0..50).map(|number| (number * 4800, on(69))).collect();
    let file = instrument.folder.file("heard");
    let mut keys = instrument.jack.keys("tested", frames, &file, &notes);
    std::thread::sleep(Duration::from_millis(1500));
    instrument.kill_worker();
    let failed = instrument.next("failed");
    assert_eq!((&failed["driver"], &failed["again_in_ms"]), (&"synth.dll".into(), &100.0.into()));
    assert!(failed["error"].as_str().unwrap().contains("killed"), "{failed}");
    assert_eq!(instrument.next("playing")["device"], "Test Synth \u{266b}");
    assert!(keys.wait().unwrap().success());
    let heard = heard(&instrument.folder.read("heard"));

    let onsets = onsets(&heard, 48_000);
    let silent = |at: usize| heard[..at].iter().rev().take_while(|frame| frame[0].abs() < 1e-4).count();
    // Where JACK is late there are short pauses, too.
    let again = onsets.iter().skip(1).map(|at| silent(*at)).max();
    assert!(again.is_some_and(|silent| (4800..48_000 * 3).contains(&silent)), "{onsets:?}");
    let loudest = |span: &[[f32; 2]]| {
        span.chunks_exact(2400).map(|part| amount(part, 440.0, 48_000)).fold(0.0, f64::max)
    };
    assert!(loudest(&heard[..onsets[0] + 24_000]) > 0.1);
    assert!(loudest(&heard[frames - 24_000..]) > 0.1);
    let status = instrument.end();
    assert!(status["unheard"].as_u64().unwrap() > 0, "{status}");
});

jack_test!(a_driver_that_dies_again_and_again_is_given_up, || {
    let mut instrument = Instrument::start(Machine::X86_64, 48_000, "");
    for wait in [100.0, 200.0, 400.0, 800.0] {
        instrument.kill_worker();
        assert_eq!(instrument.next("failed")["again_in_ms"], wait);
        let _ = instrument.next("playing");
    }
    instrument.kill_worker();
    assert_eq!(instrument.next("ended")["status"]["playing"], false);
    let ended = instrument.running.end();
    assert_eq!(ended.code, Some(4), "{}", ended.stderr);
    assert!(ended.stderr.contains("synth.dll has failed 5 times within 10 minutes"), "{}", ended.stderr);
});

jack_test!(a_server_that_goes_ends_the_session, |machine| {
    let mut instrument = Instrument::start(machine, 48_000, "");
    instrument.jack.end();
    let ended = instrument.next("ended");
    instrument.check_end(&ended, Some(5));
});

driver_test! {
    cfg_attr(
        any(no_mingw, no_jackd, no_dbus, no_dbusmock),
        ignore = "needs jackd2, dbus, python3-dbusmock, and mingw-w64 for x86-64 and i686"
    );
    logind_waits_until_the_driver_is_told, |machine| {
        let folder = Folder::new(machine);
        let bus = Bus::start(&folder);
        let logind = Logind::start(&bus, Duration::from_secs(5));
        let mut instrument = Instrument::start_with(folder, 48_000, "", &bus.variables());
        wait_until("logind waits", || logind.inhibitors() == 1);
        logind.sleep_and_wake(&bus);
        logind.emit("PrepareForShutdown", true);
        let ended = instrument.next("ended");
        logind.wait_for_release();
        instrument.check_end(&ended, Some(0));
    }
}

jack_test!(without_a_server_nothing_is_opened, || {
    let folder = Folder::default();
    folder.copy_driver("midisynth", "synth.dll");
    let arguments = ["synth", "--system", "jack", "--driver", "./synth.dll", "--trace", "trace"];
    let command = folder.drvhost(arguments);
    let said = command.env("JACK_DEFAULT_SERVER", "nobody").failure(5);
    assert!(said.contains("no JACK server answers by the name `nobody`"), "{said}");
    assert!(said.contains("pw-jack"), "{said}");
    assert!(calls_in(&folder.file("trace")).is_empty());
});

jack_test!(it_connects_itself_where_it_is_told_to, || {
    let (jack, folder) = (Jack::start(48_000, 1024), Folder::new(Machine::X86_64));
    folder.copy_driver("midisynth", "synth.dll");
    let arguments = ["synth", "--driver", "./synth.dll", "--connect"];
    let mut running = folder.drvhost(arguments).env(jack.variable().0, jack.variable().1).start();
    assert!(
        running.line().starts_with("ready: synth:midi is `Test Synth"),
        "the driver's name is the usual one"
    );
    wait_until("it is connected", || jack.connections("synth:right") == ["system:playback_2"]);
    assert_eq!(jack.connections("synth:left"), ["system:playback_1"]);
    running.signal("INT");
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("0 messages") && ended.stdout.contains("1 of 1 answered"),
        "{}",
        ended.stdout
    );
});

jack_test!(a_driver_without_midi_devices_is_refused, || {
    let (jack, folder) = (Jack::start(48_000, 1024), Folder::with_spies(Machine::X86_64, &["spy.dll"]));
    let (variable, server) = jack.variable();
    let mut command = folder.drvhost(["synth", "--driver", "./spy.dll"]).env(variable, server);
    let said = command.failure(4);
    assert!(said.contains("modMessage"), "{said}");
});

#[test]
fn a_unit_keeps_an_instrument_present() {
    let folder = Folder::with_spies(Machine::X86_64, &["synth.dll"]);
    let arguments = ["synth", "--driver", "./synth.dll buffers=2", "--name", "Lead 1", "--install-unit"];
    let text = folder.drvhost(arguments).env("LD_LIBRARY_PATH", "/usr/lib/jack").success();
    assert!(text.contains("systemctl --user enable --now drvhost-synth-Lead_1.service"), "{text}");
    let unit = folder.read(".config/systemd/user/drvhost-synth-Lead_1.service");
    let unit = String::from_utf8(unit).unwrap();
    let file = folder.file("synth.dll").canonicalize().unwrap();
    assert!(unit.contains(&format!("\"--driver\" \"{} buffers=2\"", file.display())), "{unit}");
    assert!(unit.contains("\"--name\" \"Lead 1\" \"--latency\" \"20ms\" \"--system\" \"jack\""), "{unit}");
    let arguments =
        ["synth", "--driver", "./synth.dll", "--system", "alsa", "--pcm", "hw:1", "--install-unit"];
    folder.drvhost(arguments).success();
    let other = folder.read(".config/systemd/user/drvhost-synth-synth.service");
    let other = String::from_utf8(other).unwrap();
    assert!(other.contains("\"--system\" \"alsa\" \"--pcm\" \"hw:1\""), "{other}");
    assert!(unit.contains("\nEnvironment=\"LD_LIBRARY_PATH=/usr/lib/jack\"\n"), "{unit}");
}

#[test]
fn without_the_program_for_it_nothing_plays_an_instrument() {
    let folder = Folder::with_spies(Machine::X86_64, &["synth.dll"]);
    for (system, wanted) in [("jack", "drvhost-jack"), ("auto", "drvhost-jack"), ("alsa", "drvhost-alsa")] {
        let arguments = ["synth", "--driver", "./synth.dll", "--system", system];
        let said = folder.drvhost(arguments).alone().complaint(5);
        assert!(said.contains(&format!("`{wanted}`, the program that plays through")), "{said}");
        assert!(said.contains("there is no /") && said.contains("cargo build --release"), "{said}");
    }
}
