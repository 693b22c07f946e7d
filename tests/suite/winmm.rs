//! What winmm does besides sound: `drivers/mmsystem.c`, and Wine's own MCI and MIDI drivers.

use drvhost::media::{PcmFormat, SampleType, WavWriter};
use drvhost::{Pace, Sound};
use drvhost_tests::*;
use mmsystem::{DRV_CLOSE, DRV_DISABLE, DRV_ENABLE, DRV_FREE, DRV_LOAD, DRV_OPEN, DRV_QUERYCONFIGURE};

fn check(machine: Machine, number: i64) {
    let rig = Rig::new(machine);
    let driver = rig.open("mmsystem", "");
    assert_eq!(rig.send(driver, MMSYSTEM_CHECK, number, 0), 1, "minus the line of drivers/mmsystem.c");
}

spy_test!(c094_function_is_called_on_the_same_thread, |machine| check(machine, 0));
spy_test!(c095_window_gets_a_message, |machine| check(machine, 1));
spy_test!(c096_thread_gets_a_message, |machine| check(machine, 2));
spy_test!(c097_event_is_set, |machine| check(machine, 3));
spy_test!(c098_what_is_no_target_is_not_called, |machine| check(machine, 4));
spy_test!(c099_noswitch_changes_nothing, |machine| check(machine, 5));
spy_test!(c100_flags_are_the_high_word, |machine| check(machine, 6));
spy_test!(mci_keeps_what_drivers_give_it, |machine| check(machine, 7));
spy_test!(devices_that_are_not_there_are_documented, |machine| check(machine, 8));
spy_test!(files_can_be_in_memory, |machine| check(machine, 9));
spy_test!(files_can_be_a_procedures, |machine| check(machine, 10));

/// Messages to MCI drivers, and answers (mmsystem.h).
const MCI_OPEN_DRIVER: u32 = 0x801;
const MCI_CLOSE_DRIVER: u32 = 0x802;
const MCI_GETDEVCAPS: u32 = 0x80B;
const MCI_GETDEVCAPS_ITEM: i64 = 0x100;
const MCI_GETDEVCAPS_DEVICE_TYPE: u32 = 4;
const MCI_DEVTYPE_SEQUENCER: i64 = 523;
const MCI_DEVTYPE_WAVEFORM_AUDIO: i64 = 522;

/// Opens an MCI driver as winmm does: with an MCI_OPEN_DRIVER_PARMS, whose identifier it answers (C138), asks it
/// what it is, and closes it. It gets what it is sent in that order, with what loading and unloading it needs around it, and nothing else.
fn mci_driver(machine: Machine, file: &str, kind: i64) {
    const DEVICE: u32 = 0x21;
    let rig = Rig::new(machine);
    let driver = rig.session.registry().resolve(file, None).unwrap_or_else(|error| panic!("{file}: {error}"));
    // wDeviceID, lpstrParams, wCustomCommandTable, wType, packed to bytes.
    let mut parms = DEVICE.to_le_bytes().to_vec();
    parms.resize(pick(machine, 16, 20), 0);
    let mut block = None;
    let hdrvr = rig.session.open(&driver, |arena| {
        let given = arena.block_with(&parms)?;
        let at = given.lparam();
        block = Some(given);
        Ok(at)
    });
    let hdrvr = hdrvr.unwrap_or_else(|error| panic!("{file}: {error}"));
    let open = rig.calls().into_iter().find(|call| call.message.as_deref() == Some("DRV_OPEN"));
    assert_eq!(open.and_then(|call| call.result), Some(DEVICE.into()), "{file}");
    rig.send(hdrvr, DRV_QUERYCONFIGURE, 0, 0);
    // dwCallback, dwReturn, dwItem.
    let pointer = machine.width().pointer_size();
    let mut caps = vec![0; 2 * pointer + 4];
    caps[pointer + 4..pointer + 8].copy_from_slice(&MCI_GETDEVCAPS_DEVICE_TYPE.to_le_bytes());
    let open_parms = rig.bytes(hdrvr, &[0; 64]);
    assert_eq!(rig.send(hdrvr, MCI_OPEN_DRIVER, 0, open_parms.lparam()), 0, "{file}");
    let caps = rig.bytes(hdrvr, &caps);
    rig.send(hdrvr, MCI_GETDEVCAPS, MCI_GETDEVCAPS_ITEM, caps.lparam());
    let mut answer = vec![0; 4];
    caps.read(pointer, &mut answer).expect("the answer is in the arena");
    // The high word is the number of the answer's name.
    assert_eq!(i64::from(u16::from_le_bytes([answer[0], answer[1]])), kind, "{file}");
    assert_eq!(rig.send(hdrvr, MCI_CLOSE_DRIVER, 0, 0), 0, "{file}");
    assert_ne!(rig.close(hdrvr), 0, "{file}");
    let messages: Vec<_> = rig.calls().into_iter().map(|call| call.number).collect();
    let before = [DRV_LOAD, DRV_ENABLE, DRV_OPEN, DRV_QUERYCONFIGURE];
    let commands = [MCI_OPEN_DRIVER, MCI_GETDEVCAPS, MCI_CLOSE_DRIVER];
    assert_eq!(messages, [&before[..], &commands, &[DRV_CLOSE, DRV_DISABLE, DRV_FREE]].concat(), "{file}");
    let commands = rig.calls().into_iter().filter(|call| call.number > 0x800);
    assert_eq!(commands.map(|call| call.id).collect::<Vec<_>>(), [i64::from(DEVICE); 3], "{file}");
    assert!(rig.calls().iter().all(|call| call.outcome == "answered"), "{file}");
}

wine_test!(c138_wines_wave_driver_opens_answers_and_closes, |machine| {
    mci_driver(machine, "mciwave.dll", MCI_DEVTYPE_WAVEFORM_AUDIO);
});

wine_test!(c138_wines_sequencer_driver_opens_answers_and_closes, |machine| {
    mci_driver(machine, "mciseq.dll", MCI_DEVTYPE_SEQUENCER);
});

wine_test!(wines_midi_mapper_opens_answers_and_closes, |machine| {
    let rig = Rig::new(machine);
    let hdrvr = rig.session.open_driver("midimap.dll", None, 0).unwrap_or_else(|error| panic!("{error}"));
    rig.send(hdrvr, DRV_QUERYCONFIGURE, 0, 0);
    assert_ne!(rig.close(hdrvr), 0);
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN QUERYCONFIGURE CLOSE DISABLE FREE");
});

// The whole way: Wine's driver reads a file of its folder through multimedia files, and plays it on a thread of its own.
wine_test!(wines_wave_driver_plays_a_file, |machine| {
    const MCI_PLAY: u32 = 0x806;
    const MCI_OPEN_ELEMENT: i64 = 0x200;
    const MCI_WAIT: i64 = 2;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name);
    let format = PcmFormat { channels: 2, samples_per_sec: TONE_RATE, sample: SampleType::S16 };
    let mut writer = WavWriter::create(&path("tone.wav"), format).expect("a file");
    writer.write(&tone(20_000)).and_then(|()| writer.finish()).expect("a file");
    let found = Rig::new(machine).session.registry().resolve("mciwave.dll", None).expect("Wine's driver");
    std::fs::copy(found.path, path("mciwave.dll")).expect("a driver can be copied");

    let rig =
        Rig::with(machine, |builder| builder.sound(Sound::File { path: path("out.wav"), pace: Pace::Fast }));
    let mut parms = vec![0; pick(machine, 16, 20)];
    parms[0] = 1;
    let mut block = None;
    let hdrvr = rig.session.open(&driver_file(path("mciwave.dll"), ""), |arena| {
        Ok(block.insert(arena.block_with(&parms)?).lparam())
    });
    let hdrvr = hdrvr.expect("it opens");
    let name: Vec<u8> =
        "C:\\windows\\system32\\tone.wav\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let name = rig.bytes(hdrvr, &name);
    // dwCallback, wDeviceID, lpstrDeviceType, lpstrElementName, lpstrAlias, packed to bytes.
    let pointer = machine.width().pointer_size();
    let mut open = vec![0; 4 * pointer + 4];
    open[2 * pointer + 4..3 * pointer + 4].copy_from_slice(&lparams(machine, &[name.lparam()]));
    let open = rig.bytes(hdrvr, &open);
    assert_eq!(rig.send(hdrvr, MCI_OPEN_DRIVER, MCI_OPEN_ELEMENT, open.lparam()), 0);
    let play = rig.bytes(hdrvr, &[0; 32]);
    assert_eq!(rig.send(hdrvr, MCI_PLAY, MCI_WAIT, play.lparam()), 0);
    assert_eq!(rig.send(hdrvr, MCI_CLOSE_DRIVER, 0, 0), 0);
    assert_ne!(rig.close(hdrvr), 0);
    let played = std::fs::read(path("out.wav")).expect("it has played");
    assert!(played == std::fs::read(path("tone.wav")).expect("a file"));
});
