//! Drivers that are clients of MIDI devices themselves: `drivers/midiclient.c`, and Wine's MIDI mapper.

use drvhost::{Hdrvr, Policy};

use super::*;

/// A session whose entry `midi` names the synth, or another one if that is given.
fn with_midi(machine: Machine, entries: &[(&str, &str)]) -> Rig {
    let mut registry = registry(machine);
    for (alias, text) in entries {
        registry.set("Drivers32", alias, &format!("{} {text}", driver(machine, "midisynth").display()));
    }
    Rig::with(machine, |builder| builder.registry(registry))
}

fn check(rig: &Rig, number: i64) -> Hdrvr {
    let client = rig.open("midiclient", "");
    assert_eq!(rig.send(client, MIDICLIENT_CHECK, number, 0), 1, "minus the line of drivers/midiclient.c");
    client
}

/// The instance of the synth that has been opened for its devices.
fn synth_of(rig: &Rig) -> Hdrvr {
    let of_synth = |instance: &drvhost::Instance| instance.file.ends_with("midisynth.dll");
    rig.session.instances().into_iter().find(of_synth).expect("the synth is open").hdrvr
}

/// Closes the client, after which nothing is left open.
fn close_all(rig: &Rig, client: Hdrvr) {
    assert_eq!(rig.close(client), 1);
    assert_eq!(rig.session.instances(), []);
}

spy_test!(without_entries_there_are_no_devices, |machine| {
    let rig = with_midi(machine, &[]);
    let client = check(&rig, 0);
    close_all(&rig, client);
});

spy_test!(c130_a_driver_plays_on_another_ones_devices, |machine| {
    for number in [1, 2, 3] {
        let rig = with_midi(machine, &[("midi", "")]);
        let client = check(&rig, number);
        // It is beside its client, opened once, and told of its beginning and its end.
        assert_eq!(rig.session.instances().len(), 2);
        let synth = synth_of(&rig);
        assert_eq!(rig.seen(synth, OF_MOD + mmsystem::devices::DRVM_INIT).len(), 1);
        close_all(&rig, client);
        let sequence = "LOAD ENABLE OPEN CLOSE DISABLE FREE";
        assert_eq!(rig.sequence_of(synth), sequence, "of the synth's instance");
    }
});

spy_test!(a_driver_plays_streams_on_another_ones_devices, |machine| {
    let rig = with_midi(machine, &[("midi", "streams=1")]);
    let client = check(&rig, 4);
    close_all(&rig, client);
});

spy_test!(c135_devices_of_all_entries_are_counted, |machine| {
    let mut registry = registry(machine);
    let rig = Rig::new(machine);
    for (number, alias) in (0..).zip(["midi", "midi1", "midi5", "midi9", "midi10"]) {
        let copy = rig.copy("midisynth", &format!("synth{number}.dll"));
        registry.set("Drivers32", alias, &copy.display().to_string());
    }
    // A second name of one driver is no second driver, and what has no devices has none.
    registry.set("Drivers32", "midi2", &rig.copy("midisynth", "synth0.dll").display().to_string());
    registry.set("Drivers32", "midi3", &driver(machine, "spy").display().to_string());
    registry.set("Drivers32", "midi4", "absent.dll");
    let session = Rig::with(machine, |builder| builder.registry(registry));
    let client = session.open("midiclient", "");
    assert_eq!(session.send(client, MIDICLIENT_CHECK, 6, 0), 8);
    close_all(&session, client);
});

spy_test!(a_client_may_leave_devices_open, |machine| {
    let rig = with_midi(machine, &[("midi", "")]);
    let client = check(&rig, 5);
    close_all(&rig, client);
    // And the session may end.
    let rig = with_midi(machine, &[("midi", "")]);
    check(&rig, 5);
    let report = rig.session.end(Policy::Orderly);
    assert!(report.all_answered() && report.instances.len() == 2, "{report:?}");
});

spy_test!(a_synth_that_the_host_has_open_elsewhere_is_out_of_reach, |machine| {
    let rig = with_midi(machine, &[("midi", "")]);
    let _synth = open(&rig, "");
    let client = rig.open("midiclient", "");
    assert_eq!(rig.send(client, MIDICLIENT_CHECK, 6, 0), 0);
    // The other way around the host finds it beside the client.
    let rig = with_midi(machine, &[("midi", "")]);
    let client = rig.open("midiclient", "");
    assert_eq!(rig.send(client, MIDICLIENT_CHECK, 6, 0), 2);
    let synth = open(&rig, "");
    let mut output = synth.output(0).unwrap();
    output.short([0x90, 60, 100]).unwrap();
    assert_eq!(rig.close(client), 1);
    output.short([0x90, 64, 100]).unwrap();
    output.close().unwrap();
    synth.close().unwrap();
    assert_eq!(rig.session.instances(), []);
});

wine_test!(wines_mapper_passes_notes_through, |machine| {
    let rig = with_midi(machine, &[("midi", "")]);
    let mapper = rig.session.registry().resolve("midimap.dll", None).unwrap();
    let mapper = Synth::open(&rig.session, &mapper).unwrap();
    let mut output = mapper.output(0).unwrap();
    let synth = synth_of(&rig);
    for message in [[0x90, 60, 100], [0x91, 64, 100], [0x99, 35, 100]] {
        output.short(message).unwrap();
    }
    output.long(&[0xF0, 0x7D, 1, 2, 0xF7]).unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while rig.send(synth, MIDISYNTH_SOUNDING, 0, 0) < 3 && std::time::Instant::now() < until {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    assert_eq!(rig.send(synth, MIDISYNTH_SOUNDING, 0, 0), 3);
    let block = rig.bytes(synth, &[0; 8]);
    // The mapper sends a long message once for each channel.
    assert_eq!(rig.send(synth, MIDISYNTH_SYSEX, block.lparam(), 0), 16 * 5);
    output.reset().unwrap();
    output.close().unwrap();
    mapper.close().unwrap();
    assert_eq!(rig.session.instances(), []);
});
