//! Drivers that answer what they should not: `drivers/nastysynth.c`.

use std::time::{Duration, Instant};

use drvhost::synth::Synth;

use super::*;

fn nasty(rig: &Rig, text: &str) -> Result<Synth, Error> {
    Synth::open(&rig.session, &driver_file(driver(rig.machine(), "nastysynth"), text))
}

spy_test!(a_driver_without_devices_is_none_of_this_kind, |machine| {
    let rig = Rig::new(machine);
    let error = Synth::open(&rig.session, &driver_file(driver(machine, "spy"), "")).unwrap_err();
    assert_eq!(error.to_string(), "spy.dll exports no modMessage, so it has no devices of that kind");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN CLOSE DISABLE FREE");
});

spy_test!(a_driver_that_is_not_enabled_says_so, |machine| {
    let rig = Rig::new(machine);
    let (message, result) = refusal(nasty(&rig, "init=3 enable=3").unwrap_err());
    assert_eq!(message, "DRVM_ENABLE");
    assert_eq!(result, "MMSYSERR_NOTENABLED (3): the driver is not enabled");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN CLOSE DISABLE FREE");
    // Where enabling helps, all is well, and so where nobody knows of it.
    nasty(&rig, "init=3").unwrap().close().unwrap();
    nasty(&rig, "init=8").unwrap().close().unwrap();
    nasty(&rig, "init=77").unwrap().close().unwrap();
    let (_, result) = refusal(nasty(&rig, "open=3").unwrap().output(0).unwrap_err());
    assert_eq!(result, "MMSYSERR_NOTENABLED (3): the driver is not enabled");
});

spy_test!(a_number_of_devices_that_cannot_be_is_nonsense, |machine| {
    let rig = Rig::new(machine);
    for count in ["70000", "-1", "257"] {
        let error = nasty(&rig, &format!("devices={count}")).unwrap_err();
        assert!(matches!(&error, Error::Nonsense { message, .. } if message == "MODM_GETNUMDEVS"), "{error}");
    }
    let none = nasty(&rig, "devices=0").unwrap();
    assert!(none.devices().is_empty());
    assert!(matches!(none.output(0), Err(Error::NoSuchDevice { count: 0, .. })));
});

spy_test!(what_a_driver_says_of_its_devices_is_doubted, |machine| {
    let rig = Rig::new(machine);
    for (text, doubts) in [
        ("caps=1", &["is answered with success, and nothing is filled in"][..]),
        ("caps=3", &["is answered MMSYSERR_NODRIVER (6): there is no driver for the device"]),
        (
            "caps=2",
            &[
                "is answered with more than the 84 bytes that were asked for",
                "gives it a name that is no text",
                "says technology 55512, and there are 1 to 7",
                "says that it supports 0xd8d8d8d8, of which 0xf have a meaning",
            ],
        ),
    ] {
        let synth = nasty(&rig, text).unwrap();
        let [device] = synth.devices() else { panic!("{:?}", synth.devices()) };
        let expected: Vec<_> =
            doubts.iter().map(|doubt| format!("MODM_GETDEVCAPS of device 0 {doubt}")).collect();
        assert_eq!(device.doubts, expected);
        // It may play all the same.
        synth.output(0).unwrap().short([0x90, 60, 1]).unwrap();
    }
});

spy_test!(a_buffer_that_is_never_given_back_is_waited_for_no_longer_than_the_deadline, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_millis(200));
    let synth = nasty(&rig, "keeps=1").unwrap();
    let mut output = synth.output(0).unwrap();
    let begun = Instant::now();
    for _ in 0..12 {
        let error = output.long(&[0xF0, 0xF7]).unwrap_err();
        let said =
            "nastysynth.dll took a buffer with MODM_LONGDATA and did not give it back within its deadline";
        assert_eq!(error.to_string(), said);
    }
    // Eight buffers are enough.
    let count = messages(&rig, "modMessage").iter().filter(|message| *message == "MODM_LONGDATA").count();
    assert_eq!(count, 8);
    assert!(begun.elapsed() < Duration::from_secs(10));
    output.short([0x90, 60, 1]).unwrap();
    output.close().unwrap();
    synth.close().unwrap();
});

spy_test!(a_device_that_always_still_plays_is_reset_and_then_given_up, |machine| {
    let rig = Rig::new(machine);
    let synth = nasty(&rig, "close=65").unwrap();
    let (message, result) = refusal(synth.output(0).unwrap().close().unwrap_err());
    assert_eq!(message, "MODM_CLOSE");
    assert_eq!(result, "MIDIERR_STILLPLAYING (65): the device is still playing or recording");
    let expected = ["MODM_OPEN", "MODM_CLOSE", "MODM_RESET", "MODM_CLOSE", "MODM_RESET", "MODM_CLOSE"];
    assert_eq!(messages(&rig, "modMessage")[4..], expected);
    synth.close().unwrap();
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN CLOSE DISABLE FREE");
});

spy_test!(refusals_are_told_with_their_message, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_millis(500));
    for (text, refused) in [
        ("prepare=7", "MODM_PREPARE MMSYSERR_NOMEM (7): there is not enough memory"),
        ("long=11", "MODM_LONGDATA MMSYSERR_INVALPARAM (11): a parameter is wrong"),
        ("long=67", "MODM_LONGDATA MIDIERR_NOTREADY (67): the device is busy"),
        (
            "unprepare=65",
            "MODM_UNPREPARE MIDIERR_STILLPLAYING (65): the device is still playing or recording",
        ),
    ] {
        let synth = nasty(&rig, text).unwrap();
        let (message, result) = refusal(synth.output(0).unwrap().long(&[0xF0, 0xF7]).unwrap_err());
        assert_eq!(format!("{message} {result}"), refused);
    }
    let synth = nasty(&rig, "data=67").unwrap();
    let (message, _) = refusal(synth.output(0).unwrap().short([0x90, 60, 1]).unwrap_err());
    assert_eq!(message, "MODM_DATA");
});

spy_test!(a_driver_that_does_not_reset_has_its_notes_turned_off, |machine| {
    let rig = Rig::new(machine);
    let synth = nasty(&rig, "reset=8").unwrap();
    synth.output(0).unwrap().reset().unwrap();
    let sent = rig.lines("device");
    let sent: Vec<_> = sent
        .iter()
        .filter(|line| line["message"] == "MODM_DATA")
        .map(|line| line["param1"].as_u64().unwrap())
        .collect();
    assert_eq!(sent.len(), 64, "32 and, because it was not closed, 32 again");
    assert_eq!(sent[..4], [0x40B0, 0x7BB0, 0x40B1, 0x7BB1]);
});
