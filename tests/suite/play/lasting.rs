//! `drivers/lastingsynth.cpp`: a synth whose device never rests, and whose events are exact by the position of that.

use drvhost::synth::Synth;
use drvhost::{CloseOutcome, Policy};

use super::*;

/// What it plays at.
const OWN_RATE: usize = 49_716;
/// Its notes, a quarter of a second each, which is a whole number of its samples; more than one at a time at the end.
const KEYS: [u8; 9] = [60, 64, 67, 72, 48, 36, 84, 61, 66];
const QUARTER: usize = OWN_RATE / 4;

/// Milliseconds are ticks.
fn song() -> Vec<u8> {
    let one = |track: SmfTrack, key| track.on(0, 0, key, 100).off(250, 0, key);
    let track = KEYS.into_iter().fold(SmfTrack::new(), one);
    let chord = track.sysex(0, &[0xF0, 0x7E, 0x7F, 9, 1, 0xF7]).on(0, 0, 60, 1).on(0, 5, 64, 127);
    Smf::single(500, chord.off(250, 0, 60).off(250, 5, 64).end(0)).bytes()
}

/// What a note plays, on the left.
fn note(key: u8) -> impl Iterator<Item = i16> {
    (0..).map(move |n: u32| if (n * u32::from(key) / 4000).is_multiple_of(2) { 1000 } else { -1000 })
}

/// What it makes of the song, with two seconds of silence.
fn expected() -> Vec<i16> {
    let single = KEYS.into_iter().flat_map(|key| note(key).take(QUARTER));
    let both = note(60).zip(note(64)).take(QUARTER).map(|(one, other)| one + other);
    let last = note(64).skip(QUARTER).take(QUARTER);
    let left = single.chain(both).chain(last).chain(std::iter::repeat_n(0, 2 * OWN_RATE));
    left.flat_map(|sample| [sample, -sample]).collect()
}

spy_test!(a_synth_whose_device_never_rests_plays_each_note_at_its_sample, |machine| {
    let scene = Scene::new(machine);
    for text in ["", "ring"] {
        let driver = driver_file(driver(machine, "lastingsynth"), text);
        let what = Play { driver, ..scene.what("", &song()) };
        // The second time it is loaded anew.
        for _ in 0..2 {
            let (performed, heard) = scene.play(&what);
            assert_eq!(performed.rate as usize, OWN_RATE);
            same(&heard, &expected());
        }
    }
});

spy_test!(a_synth_that_goes_on_playing_is_opened_again_and_unloaded, |machine| {
    for text in ["", "ring"] {
        let rig = Rig::new(machine);
        let file = driver_file(driver(machine, "lastingsynth"), text);
        let synth = Synth::open(&rig.session, &file).unwrap();
        for _ in 0..3 {
            let mut output = synth.output(0).unwrap();
            output.short([0x90, 60, 100]).unwrap();
            output.long(&[0xF0, 0x7E, 0x7F, 9, 1, 0xF7]).unwrap();
            output.reset().unwrap();
            output.close().unwrap();
        }
        let other = Synth::open(&rig.session, &file).unwrap();
        other.output(0).unwrap().close().unwrap();
        other.close().unwrap();
        synth.close().unwrap();
        assert_eq!(rig.sequence(), "LOAD ENABLE OPEN OPEN CLOSE CLOSE DISABLE FREE");
        assert_eq!(rig.session.instances(), []);
        // Its thread is in the middle of a wait when the session ends.
        let synth = Synth::open(&rig.session, &file).unwrap();
        let _output = synth.output(0).unwrap();
        let report = rig.session.end(Policy::Orderly);
        assert!(
            report.instances.iter().all(|instance| instance.close == Some(CloseOutcome::Closed)),
            "{report:?}"
        );
    }
});
