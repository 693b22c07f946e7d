//! Drivers that do what they should not, or do it otherwise than most.

use std::time::Instant;

use drvhost::Blame;

use super::*;

fn song() -> Vec<u8> {
    let track = SmfTrack::new().sysex(0, &[0xF0, 0x7D, 1, 0xF7]).on(0, 0, 60, 100).off(500, 0, 60).end(0);
    Smf::single(500, track).bytes()
}

/// What comes of a song on a driver that is opened with this text, with a deadline of half a second.
fn play(machine: Machine, name: &str, text: &str, song: &[u8]) -> (Scene, Result<Performed, Error>) {
    let mut scene = Scene::new(machine);
    let builder = Session::builder().registry(registry(machine)).worker(program("drvhost-worker"));
    scene.stage = Stage::new(builder.deadline(Some(Duration::from_millis(500)))).expect("a session starts");
    let what = Play { driver: driver_file(driver(machine, name), text), ..scene.what("", song) };
    let performed = scene.try_play(&what);
    (scene, performed)
}

spy_test!(a_driver_that_plays_nothing_is_told_of, |machine| {
    for text in ["", "caps=2", "caps=3", "prepare=8 unprepare=8"] {
        let (scene, performed) = play(machine, "nastysynth", text, &song());
        let error = performed.unwrap_err();
        assert!(matches!(error, Error::NoSound { .. }), "{text}: {error}");
        assert_eq!(error.blame(), Blame::Driver);
        assert!(!scene.folder.path().join("out.wav").exists());
    }
});

spy_test!(a_driver_that_takes_nothing_is_given_up, |machine| {
    for (text, part) in [
        ("data=67", "refused MODM_DATA: it answered MIDIERR_NOTREADY"),
        ("keeps=1", "took a buffer with MODM_LONGDATA and did not give it back"),
        ("data=11 long=11", "refused MODM_LONGDATA: it answered MMSYSERR_INVALPARAM"),
        ("devices=70000", "answers nonsense to MODM_GETNUMDEVS"),
        ("devices=0", "has no MIDI output device 0"),
        ("open=4", "refused MODM_OPEN: it answered MMSYSERR_ALLOCATED"),
        ("init=3 enable=3", "refused DRVM_ENABLE"),
    ] {
        let begun = Instant::now();
        let error = play(machine, "nastysynth", text, &song()).1.unwrap_err();
        assert!(error.to_string().contains(part), "{text}: {error}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{text}: {:?}", begun.elapsed());
    }
});

spy_test!(messages_that_are_refused_are_left_out, |machine| {
    let (_, performed) = play(machine, "streams", "", &song());
    let performed = performed.unwrap();
    assert_eq!((performed.blame, performed.events), (Some(Blame::Driver), 3));
    let expected = "streams.dll refused MODM_LONGDATA: it answered MMSYSERR_NOTSUPPORTED (8): the function is not supported";
    assert_eq!(performed.warnings, [expected]);
});

spy_test!(a_driver_that_is_silent_though_there_are_notes_is_doubted, |machine| {
    let track = SmfTrack::new().event(0, &[0xB0, 7, 0]).on(0, 0, 60, 100).off(500, 0, 60).end(0);
    let (_, performed) = play(machine, "midisynth", "", &Smf::single(500, track).bytes());
    let performed = performed.unwrap();
    assert_eq!(performed.blame, Some(Blame::Driver));
    let expected = "midisynth.dll has played nothing but silence; it may lack a sound font, or other files";
    assert_eq!(performed.warnings, [expected]);
    // Where there are no notes, that is as it should be.
    let (_, performed) = play(machine, "midisynth", "", &Smf::single(500, SmfTrack::new().end(500)).bytes());
    assert_eq!(performed.unwrap().blame, None);
});

spy_test!(a_driver_that_opens_its_streams_late_and_several_is_heard_in_time, |machine| {
    // `streams.c` has a stream for each note while that sounds, by channel: 16 bits at 44.1 kHz in two channels, 8 bits at 22.05 kHz in one, floating-point at 48 kHz.
    let track = SmfTrack::new()
        .on(500, 0, 60, 64)
        .off(500, 0, 60)
        .on(500, 1, 60, 64)
        .on(500, 2, 60, 64)
        .off(500, 1, 60)
        .off(500, 2, 60)
        .end(500);
    let (scene, performed) = play(machine, "streams", "", &Smf::single(500, track).bytes());
    let performed = performed.unwrap();
    assert_eq!((performed.rate, performed.channels, performed.bits, performed.blame), (44_100, 2, 16, None));
    let heard = samples(&scene.folder.path().join("out.wav"));
    let level = |milliseconds: usize| {
        let at = milliseconds * 441 / 10;
        [heard[2 * at], heard[2 * at + 1]]
    };
    // Half of the loudest: 16384, with the middle of a buffer away from where a converted sound begins and ends.
    let near = |levels: [i16; 2], expected: i16| levels.iter().all(|level| (level - expected).abs() < 100);
    for (time, expected) in [
        (250, 0),
        (750, 16_384),
        (1250, 0),
        (1750, 16_384),
        (2250, 32_767),
        (2750, 16_384),
        (3250, 0),
        (4000, 0),
    ] {
        assert!(near(level(time), expected), "{time} ms: {:?} and not {expected}", level(time));
    }
    // Exact where nothing is converted.
    assert_eq!((level(505), level(995)), ([16_384; 2], [16_384; 2]));
});
