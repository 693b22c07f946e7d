//! What is written is what the synth's formula says, sample by sample.

use super::*;

/// A piece with all that the synth knows: several channels, velocities, volume, pan, bends, master volume; ticks are milliseconds.
fn piece(seconds: u32) -> Vec<u8> {
    let mut scribble = Scribble::new(8);
    let mut track = SmfTrack::new().name(0, "A piece").sysex(0, &[0xF0, 0x7F, 0x7F, 4, 1, 0, 0x60, 0xF7]);
    let mut now = 0;
    while now < seconds * 1000 {
        let delta = scribble.below(60);
        now += delta;
        let channel = scribble.below(4) as u8;
        let key = 30 + scribble.below(70) as u8;
        track = match scribble.below(12) {
            0 => track.event(delta, &[0xB0 | channel, 7, 40 + scribble.below(88) as u8]),
            1 => track.event(delta, &[0xB0 | channel, 10, scribble.below(128) as u8]),
            2 => track.event(delta, &[0xE0 | channel, scribble.below(128) as u8, scribble.below(128) as u8]),
            3 => track.event(delta, &[0xB0 | channel, 123, 0]),
            4..8 => track.off(delta, channel, key),
            _ => track.on(delta, channel, key, 1 + scribble.below(127) as u8),
        };
    }
    Smf::single(500, track.end(250)).bytes()
}

spy_test!(a_song_is_what_the_formula_gives, |machine| {
    for (text, timed) in [("timed=1", true), ("", false)] {
        let scene = Scene::new(machine);
        let song = piece(20);
        let what = scene.what(text, &song);
        let (performed, heard) = scene.play(&what);
        eprintln!("{machine} {text}: {} s in {} s", performed.length, performed.seconds);
        same(&heard, &formula(&song, timed, Duration::from_secs(2)));
        assert!(heard.iter().filter(|sample| **sample != 0).count() > heard.len() / 2);
        assert_eq!((performed.rate, performed.channels, performed.bits), (RATE, 2, 16));
        assert_eq!(
            (performed.driver.as_str(), performed.device_name.as_str()),
            ("midisynth.dll", "Test Synth \u{266b}")
        );
        assert_eq!(performed.title.as_deref(), Some("A piece"));
        // The same again, in the same session and in another one.
        let hash = performed.hash;
        assert_eq!(scene.play(&what).0.hash, hash);
        let other = Scene::new(machine);
        assert_eq!(other.play(&other.what(text, &song)).0.hash, hash);
    }
});

spy_test!(buffers_of_any_size_make_the_same_song, |machine| {
    let scene = Scene::new(machine);
    let song = piece(3);
    let expected = formula(&song, true, Duration::from_secs(2));
    for text in
        ["timed=1 buffers=2 frames=4096", "timed=1 buffers=16 frames=64", "timed=1 buffers=3 frames=441"]
    {
        same(&scene.play(&scene.what(text, &song)).1, &expected);
    }
});

spy_test!(the_tail_is_as_long_as_is_wanted, |machine| {
    let scene = Scene::new(machine);
    let song = piece(1);
    for tail in [Duration::ZERO, Duration::from_millis(1500)] {
        let mut what = scene.what("timed=1", &song);
        what.performance.tail = tail;
        same(&scene.play(&what).1, &formula(&song, true, tail));
    }
});
