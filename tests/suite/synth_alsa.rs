//! `drvhost synth`: a driver that ALSA plays.

use std::time::{Duration, Instant};

use drvhost_tests::*;
use mmsystem::*;
use serde_json::Value;

/// The notes of a scale.
const SCALE: [u8; 8] = [60, 62, 64, 65, 67, 69, 71, 72];
/// How far the driver plays ahead, so that a busy computer is in time.
const LATENCY: &str = "150ms";

/// The next line of a kind.
fn next(running: &mut Running, event: &str) -> Value {
    loop {
        let line = running.line();
        assert!(!line.is_empty(), "it ended before `{event}`");
        let line: Value = serde_json::from_str(&line).unwrap();
        if line["event"] == event {
            return line;
        }
    }
}

/// The test synth, through ALSA.
fn start(folder: &Folder, alsa: &Alsa) -> Running {
    folder.copy_driver("midisynth", "synth.dll");
    let arguments = ["synth", "--system", "alsa", "--pcm", "tested", "--driver", "./synth.dll timed=1"];
    let command =
        folder.drvhost(arguments.iter().chain(&["--latency", LATENCY, "--json", "--trace", "trace"]));
    let mut running = alsa.serve(command).start();
    let ready = next(&mut running, "playing");
    assert_eq!((&ready["system"], &ready["midi"]), (&"alsa".into(), &"128:0".into()));
    assert_eq!((&ready["latency_ms"], &ready["rate"]), (&150.0.into(), &48_000.into()));
    running
}

/// Plays a note at a time, each for 0.2 seconds, with pauses of 0.1 seconds before.
fn play(alsa: &mut Alsa, notes: &[u8]) {
    let begin = Instant::now();
    for (number, note) in (0..).zip(notes) {
        for (at, message) in [(100, [0x90, *note, 100]), (300, [0x80, *note, 0])] {
            let due = begin + Duration::from_millis(300 * number + at);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            alsa.send(&message);
        }
    }
}

/// Waits until a command has heard so many messages, and what it plays of them has been played.
fn wait_for_messages(running: &mut Running, count: u64) {
    while next(running, "status")["messages"].as_u64().unwrap() < count {}
    std::thread::sleep(Duration::from_millis(600));
}

alsa_test!(a_scale_is_heard, |machine| {
    let folder = Folder::new(machine);
    let mut alsa = Alsa::start(&folder, 48_000);
    let mut running = start(&folder, &alsa);
    play(&mut alsa, &SCALE);
    // A long message: half the volume.
    alsa.send(&[0xF0, 0x7F, 0x7F, 4, 1, 0, 0x40, 0xF7]);
    play(&mut alsa, &[69]);
    wait_for_messages(&mut running, 19);
    running.signal("TERM");
    let ended = next(&mut running, "ended");
    assert_eq!(ended["status"]["overruns"], 0, "{ended}");
    assert_eq!(ended["status"]["messages"], 19, "{ended}");
    assert_eq!(ended["report"]["instances"][0]["outcome"], "answered", "{ended}");
    assert_eq!(running.end().code, Some(0));
    let told = calls_in(&folder.file("trace"));
    assert_eq!(told.iter().filter(|call| call.number == DRV_EXITSESSION).count(), 1);

    let heard = heard(&folder.read("heard"));
    let mut notes = SCALE.to_vec();
    notes.push(69);
    assert_eq!(melody(&heard, 48_000), notes, "{ended}");
    let calm = ["underruns", "xruns"].iter().all(|count| ended["status"][*count] == 0);
    if calm {
        let loudest = |at: usize| amount(&heard[at + 2400..at + 7200], 440.0, 48_000);
        let begins = onsets(&heard, 48_000);
        assert_eq!(begins.len(), 9, "{begins:?}");
        let (loud, soft) = (loudest(begins[5]), loudest(begins[8]));
        assert!((loud / soft - 2.0).abs() < 0.02, "{loud} and {soft}");
    }
});

alsa_test!(it_goes_on_after_the_pcm_has_run_empty, || {
    let folder = Folder::new(Machine::X86_64);
    let mut alsa = Alsa::start(&folder, 48_000);
    let mut running = start(&folder, &alsa);
    alsa.stall();
    while next(&mut running, "status")["xruns"] == 0 {}
    play(&mut alsa, &SCALE[..3]);
    wait_for_messages(&mut running, 6);
    running.signal("TERM");
    assert_eq!(next(&mut running, "ended")["report"]["instances"][0]["close"], "closed");
    assert_eq!(running.end().code, Some(0));
    assert_eq!(melody(&heard(&folder.read("heard")), 48_000), SCALE[..3]);
});

alsa_test!(a_driver_that_dies_is_opened_again, |machine| {
    let folder = Folder::new(machine);
    let mut alsa = Alsa::start(&folder, 48_000);
    let mut running = start(&folder, &alsa);
    let [worker] = workers(running.id(), "synth.dll")[..] else { panic!("one worker") };
    assert!(std::process::Command::new("kill").args(["-9", &worker.to_string()]).status().unwrap().success());
    assert_eq!(next(&mut running, "failed")["again_in_ms"], 100.0);
    let _ = next(&mut running, "playing");
    play(&mut alsa, &SCALE[..2]);
    wait_for_messages(&mut running, 4);
    running.signal("INT");
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert_eq!(melody(&heard(&folder.read("heard")), 48_000), SCALE[..2]);
});

alsa_test!(a_pcm_that_goes_ends_the_session, || {
    let folder = Folder::new(Machine::X86_64);
    let mut alsa = Alsa::start(&folder, 48_000);
    let mut running = start(&folder, &alsa);
    alsa.end();
    let ended = next(&mut running, "ended");
    assert_eq!(ended["report"]["instances"][0]["close"], "closed", "{ended}");
    let ended = running.end();
    assert_eq!(ended.code, Some(5), "{}", ended.stderr);
    assert!(ended.stderr.contains("host: ALSA's PCM `tested` "), "{}", ended.stderr);
});

/// A configuration in which the sequencer is of a kind that nobody has, as where the kernel has none.
const NO_SEQUENCER: &str = "seq.default { type nowhere }\npcm.!default { type null }\n";

alsa_test!(without_a_sequencer_nothing_is_opened, || {
    let folder = Folder::default();
    folder.copy_driver("midisynth", "synth.dll");
    folder.write("asound.conf", NO_SEQUENCER);
    let arguments = ["synth", "--system", "alsa", "--driver", "./synth.dll", "--trace", "trace"];
    let mut command = folder.drvhost(arguments).env("ALSA_CONFIG_PATH", folder.file("asound.conf"));
    let said = command.complaint(5);
    assert!(said.contains("host: ALSA's sequencer, /dev/snd/seq, cannot be used"), "{said}");
    assert!(said.contains("modprobe snd-seq"), "{said}");
    assert!(calls_in(&folder.file("trace")).is_empty());
});

alsa_test!(a_pcm_that_is_not_there_is_named, || {
    let folder = Folder::default();
    let alsa = Alsa::start(&folder, 48_000);
    folder.copy_driver("midisynth", "synth.dll");
    let arguments = ["synth", "--system", "alsa", "--pcm", "nowhere", "--driver", "./synth.dll"];
    let said = alsa.serve(folder.drvhost(arguments)).complaint(5);
    assert!(said.contains("host: ALSA cannot play on the PCM `nowhere`"), "{said}");
    assert!(said.contains("aplay -L"), "{said}");
});

alsa_test!(alsa_plays_where_there_is_no_jack, || {
    let folder = Folder::default();
    folder.copy_driver("midisynth", "synth.dll");
    folder.write("asound.conf", NO_SEQUENCER);
    let command = folder.drvhost(["synth", "--driver", "./synth.dll"]);
    let command = command.env("ALSA_CONFIG_PATH", folder.file("asound.conf"));
    let said = command.env("JACK_DEFAULT_SERVER", "nobody").failure(5);
    assert!(said.contains("no JACK server answers by the name `nobody`"), "{said}");
    assert!(said.contains("ALSA's sequencer, /dev/snd/seq, cannot be used"), "{said}");
});
