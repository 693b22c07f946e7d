//! What a MIDI driver is sent.

use std::fs::File;
use std::time::{Duration, Instant};

use drvhost::media::WavReader;
use drvhost::synth::{Capabilities, Client, Events};
use drvhost::{Entry, Policy};
use mmsystem::*;

use super::*;

spy_test!(c134_a_driver_is_opened_told_and_asked_in_order, |machine| {
    let rig = Rig::new(machine);
    let synth = open(&rig, "");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN");
    let mut output = synth.output(0).unwrap();
    output.short([0x90, 60, 100]).unwrap();
    output.reset().unwrap();
    output.close().unwrap();
    synth.close().unwrap();
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN CLOSE DISABLE FREE");
    let expected = [
        "DRVM_INIT",
        "MODM_GETNUMDEVS",
        "MODM_GETDEVCAPS",
        "MODM_GETDEVCAPS",
        "MODM_OPEN",
        "MODM_DATA",
        "MODM_RESET",
        "MODM_CLOSE",
        "DRVM_EXIT",
    ];
    assert_eq!(messages(&rig, "modMessage"), expected);
    assert_eq!(messages(&rig, "wodMessage"), ["DRVM_INIT", "WODM_GETNUMDEVS", "WODM_GETDEVCAPS"]);
    // The wide form is refused.
    let aux = ["DRVM_INIT", "AUXDM_GETNUMDEVS", "AUXDM_GETDEVCAPS", "AUXDM_GETDEVCAPS"];
    assert_eq!(messages(&rig, "auxMessage"), aux);
});

spy_test!(c134_further_instances_are_of_the_same_driver, |machine| {
    let rig = Rig::new(machine);
    let (first, second) = (open(&rig, ""), open(&rig, ""));
    let outputs = [first.output(0).unwrap(), second.output(0).unwrap()];
    first.close().unwrap();
    for output in outputs {
        output.close().unwrap();
    }
    second.close().unwrap();
    let count = |name: &str| messages(&rig, "modMessage").iter().filter(|message| *message == name).count();
    assert_eq!((count("DRVM_INIT"), count("DRVM_EXIT"), count("MODM_OPEN")), (1, 1, 2));
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN OPEN CLOSE CLOSE DISABLE FREE");
});

spy_test!(c129_open_stores_the_value_that_all_other_messages_get, |machine| {
    let rig = Rig::new(machine);
    let synth = open(&rig, "");
    let output = synth.output(0).unwrap();
    output.send(devices::MODM_DATA, 0x0064_3C90, 0).unwrap();
    assert_eq!(output.send(0x777, 0, 0).unwrap(), MMSYSERR_NOTSUPPORTED);
    output.close().unwrap();
    let lines = rig.lines("device");
    let user = |message: &str| {
        let line = lines.iter().find(|line| line["message"] == message).expect("it was sent");
        (line["user"].as_u64().unwrap(), line["result"].as_u64().unwrap())
    };
    let (stored, _) = user("MODM_DATA");
    // The client's place in the driver, not where the host has it stored.
    assert!(stored != 0 && stored != user("MODM_OPEN").0);
    assert_eq!([user("MODM_DATA"), user("MODM_CLOSE")], [(stored, 0); 2]);
    let seen = rig.seen(synth.hdrvr(), OF_MOD + devices::MODM_OPEN).pop().unwrap();
    let description: MIDIOPENDESC = seen.first(machine.width());
    assert_ne!(description.hMidi, 0);
    assert_eq!((description.dwCallback, description.dwInstance, description.cIds), (0, 0, 0));
});

spy_test!(c130_clients_of_every_kind_are_told, |machine| {
    for kind in [DCB_WINDOW, DCB_TASK, DCB_FUNCTION, DCB_EVENT] {
        let rig = Rig::new(machine);
        let synth = open(&rig, "");
        let callback = rig.send(synth.hdrvr(), MIDISYNTH_CLIENT, kind.into(), 0);
        assert_ne!(callback, 0);
        let client = Client { callback: callback.cast_unsigned(), instance: 0x5157, flags: kind << 16 };
        let told = || {
            let block = rig.bytes(synth.hdrvr(), &[0; 48]);
            assert_eq!(rig.send(synth.hdrvr(), MIDISYNTH_TOLD, kind.into(), block.lparam()), 1);
            let bytes = block.to_vec().unwrap();
            bytes.as_chunks().0.iter().map(|value| i64::from_le_bytes(*value)).collect::<Vec<_>>()
        };
        let mut output = synth.output_for(0, client).unwrap();
        let opened = told();
        assert_eq!(opened[..3], [1, 0, 0], "kind {kind}");
        output.long(&[0xF0, 0x7D, 1, 2, 0xF7]).unwrap();
        let done = told();
        output.close().unwrap();
        let closed = told();
        if kind == DCB_EVENT {
            // An event says only that something has happened.
            assert_eq!((done[0], closed[0]), (2, 3));
            continue;
        }
        assert_eq!(done[..3], [1, 0, 1], "kind {kind}");
        // C132: done and queued no more before the client is told.
        assert_eq!(done[5] & i64::from(MHDR_DONE | MHDR_INQUEUE), i64::from(MHDR_DONE), "kind {kind}");
        assert_eq!(closed[..3], [1, 1, 1], "kind {kind}");
        let description: MIDIOPENDESC =
            rig.seen(synth.hdrvr(), OF_MOD + devices::MODM_OPEN).pop().unwrap().first(machine.width());
        assert_eq!(closed[3], description.hMidi.cast_signed(), "kind {kind}");
        assert_eq!(description.dwInstance, 0x5157);
        assert_eq!(closed[4], if kind == DCB_FUNCTION { 0x5157 } else { 0 }, "kind {kind}");
    }
});

spy_test!(c131_c132_buffers_are_prepared_and_come_back, |machine| {
    for (text, mine) in [("", true), ("prepare=1", false), ("async=1", true)] {
        let rig = Rig::new(machine);
        let synth = open(&rig, text);
        let mut output = synth.output(0).unwrap();
        output.long(&[0xF0, 0x7D, 1, 0xF7]).unwrap();
        let [prepared, played, unprepared] =
            [devices::MODM_PREPARE, devices::MODM_LONGDATA, devices::MODM_UNPREPARE].map(|message| {
                let seen = rig.seen(synth.hdrvr(), OF_MOD + message);
                assert_eq!(seen.len(), 1, "{text}");
                seen[0].first::<MIDIHDR>(machine.width())
            });
        assert_eq!((prepared.dwFlags, prepared.dwBufferLength), (0, 4), "{text}");
        assert_eq!(played.dwFlags, MHDR_PREPARED, "{text}");
        assert_eq!(unprepared.dwFlags, MHDR_PREPARED | MHDR_DONE, "{text}");
        let answers: Vec<_> = rig
            .lines("device")
            .iter()
            .filter(|line| line["message"] == "MODM_PREPARE")
            .map(|line| line["result"].clone())
            .collect();
        assert_eq!(answers == [MMSYSERR_NOTSUPPORTED], mine, "{text}");
    }
});

spy_test!(c131_a_buffer_that_is_not_prepared_is_refused, |machine| {
    let rig = Rig::new(machine);
    let synth = open(&rig, "");
    let output = synth.output(0).unwrap();
    let header = rig.bytes(synth.hdrvr(), &encoded(&MIDIHDR::default(), machine.width()));
    let answer = output.send(devices::MODM_LONGDATA, header.address(), header.len() as u64).unwrap();
    assert_eq!(answer, MIDIERR_UNPREPARED);
});

spy_test!(c133_unknown_messages_are_not_supported, |machine| {
    let rig = Rig::new(machine);
    let synth = open(&rig, "");
    for entry in Entry::ALL {
        let message =
            drvhost::DeviceMessage { entry, device: 0, number: 0x777, user: 0, param1: 0, param2: 0 };
        assert_eq!(rig.session.send_to_device(synth.hdrvr(), &message).unwrap(), MMSYSERR_NOTSUPPORTED);
    }
});

spy_test!(devices_are_described_in_either_form, |machine| {
    for (text, name) in [("", "Test Synth \u{266b}"), ("caps=1", "Test Synth é"), ("caps=2", "Test Synth é")]
    {
        let rig = Rig::new(machine);
        let synth = open(&rig, text);
        let outputs: Vec<_> = synth.devices_of(Entry::ModMessage).collect();
        assert_eq!(
            outputs.iter().map(|device| device.name.as_str()).collect::<Vec<_>>(),
            [name, "Test Synth, alone"]
        );
        let midi = Capabilities::Midi {
            technology: "software synth".into(),
            voices: 64,
            notes: 64,
            channels: 0xFFFF,
            support: MIDICAPS_VOLUME | MIDICAPS_LRVOLUME,
        };
        assert_eq!((&outputs[0].capabilities, outputs[0].version.as_str()), (&Some(midi), "2.3"));
        assert!(synth.doubts().is_empty() && synth.devices().iter().all(|device| device.doubts.is_empty()));
        let others: Vec<_> =
            synth.devices()[2..].iter().map(|device| (device.entry, device.name.as_str())).collect();
        assert_eq!(others, [(Entry::WodMessage, "Test Wave"), (Entry::AuxMessage, "Test Aux")]);
    }
});

spy_test!(a_device_has_as_many_clients_as_its_driver_lets_it, |machine| {
    let rig = Rig::new(machine);
    let synth = open(&rig, "");
    let alone = synth.output(1).unwrap();
    let (message, result) = refusal(synth.output(1).unwrap_err());
    assert_eq!(
        (message.as_str(), result.as_str()),
        ("MODM_OPEN", "MMSYSERR_ALLOCATED (4): the device is in use")
    );
    let others: Vec<_> = (0..3).map(|_| synth.output(0).unwrap()).collect();
    refusal(synth.output(0).unwrap_err());
    alone.close().unwrap();
    drop(others);
    synth.output(1).unwrap().close().unwrap();
    let error = synth.output(2).unwrap_err();
    assert_eq!(error.to_string(), "midisynth.dll has no MIDI output device 2; it has 2, counted from 0");
});

spy_test!(long_messages_go_in_pieces, |machine| {
    for text in ["", "async=1 frames=64"] {
        let rig = Rig::new(machine);
        let synth = open(&rig, text);
        let mut output = synth.output(0).unwrap();
        let body: Vec<u8> = (0..1_u32 << 20).map(|n| (n % 127 * 31 % 127).to_le_bytes()[0]).collect();
        let message = [&[0xF0, 0x7D][..], &body, &[0xF7]].concat();
        output.long(&message).unwrap();
        let sum = message.iter().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
        let block = rig.bytes(synth.hdrvr(), &[0; 8]);
        assert_eq!(rig.send(synth.hdrvr(), MIDISYNTH_SYSEX, block.lparam(), 0), (1 << 20) + 3);
        assert_eq!(block.to_vec().unwrap(), u64::from(sum).to_le_bytes());
        output.close().unwrap();
    }
});

spy_test!(volume_is_set_and_asked_for, |machine| {
    let rig = Rig::new(machine);
    let synth = open(&rig, "");
    let output = synth.output(0).unwrap();
    assert_eq!(output.volume().unwrap(), u32::MAX);
    output.set_volume(0x4000_8000).unwrap();
    assert_eq!(output.volume().unwrap(), 0x4000_8000);
});

/// Everything that the synth honours, and what comes of it.
fn play(play: &mut dyn FnMut(&[u8])) {
    play(&[0xF0, 0x7F, 0x7F, 4, 1, 0, 0x60, 0xF7]);
    for message in [
        [0xB0, 10, 20],
        [0xB1, 7, 80],
        [0xE1, 0, 0x50],
        [0x90, 60, 100],
        [0x91, 64, 80],
        [0x99, 127, 40],
        [0x90, 0, 127],
    ] {
        play(&message);
    }
}

spy_test!(what_is_played_is_exact_to_the_sample, |machine| {
    let (rig, folder) = recording(machine);
    let synth = open(&rig, "buffers=3 frames=256");
    let mut output = synth.output(0).unwrap();
    let mut model = MidiSynth::default();
    rig.send(synth.hdrvr(), MIDISYNTH_HOLD, 1, 0);
    play(&mut |message| match *message {
        [status, first, second] => output.short([status, first, second]).unwrap(),
        _ => output.long(message).unwrap(),
    });
    play(&mut |message| match *message {
        [status, first, second] => model.short([status, first, second]),
        _ => model.long(message),
    });
    // All begin in one buffer.
    rig.send(synth.hdrvr(), MIDISYNTH_HOLD, 0, 0);
    let until = Instant::now() + Duration::from_secs(20);
    while rig.send(synth.hdrvr(), MIDISYNTH_SOUNDING, 0, 0) < 4 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(100));
    output.close().unwrap();
    synth.close().unwrap();
    let mut reader = WavReader::open(File::open(out(&folder)).unwrap()).unwrap();
    let mut bytes = vec![0; usize::try_from(reader.data_len()).unwrap()];
    reader.read_data(&mut bytes).unwrap();
    let samples: Vec<i16> = bytes.as_chunks().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect();
    // The first three buffers were full when the device was open.
    let frames = samples.len() / 2;
    assert!(frames > 768, "{frames}");
    assert!(samples[..2 * 768].iter().all(|sample| *sample == 0));
    let begin = samples.iter().position(|sample| *sample != 0).expect("sound") / 2 / 256 * 256;
    assert!(frames - begin >= 512, "from {begin} of {frames} on");
    let expected = model.render(frames - begin);
    assert!(samples[2 * begin..] == expected[..], "from {begin} of {frames} on");
});

spy_test!(streams_are_played_by_the_driver, |machine| {
    let rig = Rig::new(machine);
    let synth = open(&rig, "streams=1 buffers=2 frames=64");
    assert!(synth.devices()[0].plays_streams());
    let mut stream = synth.stream(0, 480).unwrap();
    let seen = rig.seen(synth.hdrvr(), OF_MOD + devices::MODM_OPEN).pop().unwrap();
    assert_eq!(seen.first::<MIDIOPENDESC>(machine.width()).cIds, 1);
    stream.set_tempo(100_000).unwrap();
    assert_eq!(stream.tempo().unwrap(), 100_000);
    let mut events = Events::default();
    events.short(0, [0x90, 60, 100]);
    events.long(10, &[0xF0, 0x7D, 1, 0xF7]).unwrap();
    events.tempo(230, 50_000);
    events.short(240, [0x90, 64, 100]);
    stream.queue(&events).unwrap();
    stream.queue(&events).unwrap();
    // It begins paused.
    assert_eq!((stream.position().unwrap(), stream.queued().unwrap()), ((TIME_TICKS, 0), 2));
    stream.restart().unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while stream.queued().unwrap() > 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    let (unit, ticks) = stream.position().unwrap();
    assert!(unit == TIME_TICKS && ticks >= 960, "{ticks}");
    let block = rig.bytes(synth.hdrvr(), &[0; 8]);
    assert_eq!(rig.send(synth.hdrvr(), MIDISYNTH_SYSEX, block.lparam(), 0), 8);
    stream.pause().unwrap();
    stream.queue(&events).unwrap();
    stream.close().unwrap();
    let error = open(&rig, "").stream(0, 96).unwrap_err();
    assert_eq!(error.to_string(), "MIDI output device 0 of midisynth.dll does not say that it plays streams");
});

spy_test!(what_is_open_when_the_session_ends_is_closed_in_order, |machine| {
    let rig = Rig::new(machine);
    let synth = open(&rig, "");
    let outputs = [0, 0, 1].map(|device| synth.output(device).unwrap());
    outputs[1].send(devices::MODM_DATA, 0x0064_3C90, 0).unwrap();
    let report = rig.session.end(Policy::Orderly);
    assert!(report.all_answered(), "{report:?}");
    drop((outputs, synth));
    // Everybody is told before anything is closed, and the devices are before the driver is.
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN EXITSESSION CLOSE DISABLE FREE");
    let expected =
        ["MODM_RESET", "MODM_CLOSE", "MODM_RESET", "MODM_CLOSE", "MODM_RESET", "MODM_CLOSE", "DRVM_EXIT"];
    let sent = messages(&rig, "modMessage");
    assert_eq!(sent[sent.len() - 7..], expected);
    let place = |kind: &str, name: &str| {
        let line = rig.lines(kind).into_iter().find(|line| line["message"] == name).expect("it was sent");
        line["seq"].as_u64().unwrap()
    };
    assert!(place("call", "DRV_EXITSESSION") < place("device", "MODM_RESET"));
    assert!(place("device", "DRVM_EXIT") < place("call", "DRV_CLOSE"));
});

spy_test!(very_many_messages_come_in_order, |machine| {
    let rig = Rig::new(machine);
    let synth = open(&rig, "");
    let mut output = synth.output(0).unwrap();
    rig.send(synth.hdrvr(), MIDISYNTH_HOLD, 1, 0);
    for n in 0..1_000_u32 {
        let note = 20 + u8::try_from(n % 64).unwrap();
        output.short([0x90, note, 100]).unwrap();
        output.short([0x80, note, 0]).unwrap();
    }
    // The last one counts.
    output.short([0x90, 60, 100]).unwrap();
    rig.send(synth.hdrvr(), MIDISYNTH_HOLD, 0, 0);
    let until = Instant::now() + Duration::from_secs(20);
    while rig.send(synth.hdrvr(), MIDISYNTH_SOUNDING, 0, 0) != 1 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(rig.send(synth.hdrvr(), MIDISYNTH_SOUNDING, 0, 0), 1);
});
