//! Sound, timers, and what tells a device's client: `drivers/synth.c` and `drivers/sound.c`.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use drvhost::media::WavReader;
use drvhost::{Hdrvr, Pace, Policy, Sound};
use drvhost_tests::*;
use tempfile::TempDir;

/// A session whose drivers play on a file, and the folder with that.
fn recording(machine: Machine, pace: Pace) -> (Rig, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out.wav");
    (playing_on(machine, Sound::File { path, pace }), folder)
}

fn playing_on(machine: Machine, sound: Sound) -> Rig {
    Rig::with(machine, |builder| builder.deadline(Some(Duration::from_secs(120))).sound(sound))
}

/// The samples of a file that is whole.
fn samples(folder: &TempDir, name: &str) -> Vec<u8> {
    samples_of(&folder.path().join(name))
}

fn samples_of(path: &Path) -> Vec<u8> {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = WavReader::open(file).expect("a WAVE file");
    let mut data = vec![0; usize::try_from(reader.data_len()).expect("a short file") + 1];
    let len = reader.read_data(&mut data).expect("samples");
    assert_eq!((len as u64, reader.damage()), (reader.data_len(), None));
    data.truncate(len);
    data
}

/// 16-bit samples.
fn wide(bytes: &[u8]) -> Vec<i16> {
    bytes.as_chunks().0.iter().map(|&sample| i16::from_le_bytes(sample)).collect()
}

fn check(rig: &Rig, number: i64) {
    let sound = rig.open("sound", "");
    assert_eq!(rig.send(sound, SOUND_CHECK, number, 0), 1, "minus the line of drivers/sound.c");
    assert_ne!(rig.close(sound), 0);
}

spy_test!(a_synth_renders_ten_seconds_that_are_exact_to_the_sample, |machine| {
    let (rig, folder) = recording(machine, Pace::Fast);
    let synth = rig.open("synth", "");
    let frames = 10 * TONE_RATE;
    assert_eq!(rig.send(synth, SYNTH_PLAY, frames.into(), 0), 1);
    // It is there as soon as the device is closed.
    let (played, expected) = (samples(&folder, "out.wav"), tone(frames));
    assert_eq!(played.len(), expected.len());
    assert!(
        played == expected,
        "the first difference is at byte {:?}",
        played.iter().zip(&expected).position(|(a, b)| a != b)
    );
});

spy_test!(every_kind_of_callback_wakes_a_synth, |machine| {
    let (rig, folder) = recording(machine, Pace::Fast);
    let synth = rig.open("synth", "");
    let frames = TONE_RATE + 5;
    for (kind, name) in
        [(0, "out.wav"), (1, "out-2.wav"), (2, "out-3.wav"), (3, "out-4.wav"), (4, "out-5.wav")]
    {
        assert_eq!(rig.send(synth, SYNTH_PLAY, frames.into(), kind), 1, "kind {kind}");
        assert!(samples(&folder, name) == tone(frames), "kind {kind}");
    }
});

spy_test!(a_synth_plays_in_real_time, |machine| {
    let (rig, folder) = recording(machine, Pace::Real);
    let synth = rig.open("synth", "");
    let frames = TONE_RATE / 4;
    let begun = std::time::Instant::now();
    assert_eq!(rig.send(synth, SYNTH_PLAY, frames.into(), 0), 1);
    assert!(begun.elapsed() >= Duration::from_millis(249));
    assert!(samples(&folder, "out.wav") == tone(frames));
});

/// Plays and leaves the device open.
fn leave(rig: &Rig) -> Hdrvr {
    let synth = rig.open("synth", "");
    assert_eq!(rig.send(synth, SYNTH_LEAVE, 1000, 0), 1);
    synth
}

spy_test!(a_file_is_whole_when_the_session_ends, |machine| {
    let (rig, folder) = recording(machine, Pace::Fast);
    leave(&rig);
    assert!(rig.session.end(Policy::Orderly).all_answered());
    assert!(samples(&folder, "out.wav") == tone(1000));
});

spy_test!(a_file_is_whole_when_the_driver_is_closed, |machine| {
    let (rig, folder) = recording(machine, Pace::Fast);
    let synth = leave(&rig);
    assert_ne!(rig.close(synth), 0);
    assert!(samples(&folder, "out.wav") == tone(1000));
});

spy_test!(a_file_is_whole_when_the_worker_dies, |machine| {
    let (rig, folder) = recording(machine, Pace::Fast);
    let synth = leave(&rig);
    rig.session.send(synth, SYNTH_DIE, 0, 0).unwrap_err();
    assert!(samples(&folder, "out.wav") == tone(1000));
});

spy_test!(c131_c133_wrong_arguments_get_documented_answers, |machine| check(
    &playing_on(machine, Sound::default()),
    0
));

spy_test!(nothing_plays_in_a_pause_and_a_reset_gives_all_back, |machine| {
    for pace in [Pace::Real, Pace::Fast] {
        check(&playing_on(machine, Sound::Silent(pace)), 1);
    }
});

spy_test!(loops_are_played_as_often_as_they_say, |machine| {
    let (rig, folder) = recording(machine, Pace::Fast);
    check(&rig, 2);
    let buffer = |number: i16| (0..10).map(move |n| 1000 * number + n);
    let expected: Vec<i16> = [0, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 3].into_iter().flat_map(buffer).collect();
    assert_eq!(wide(&samples(&folder, "out.wav")), expected);
    for pace in [Pace::Real, Pace::Fast] {
        check(&playing_on(machine, Sound::Silent(pace)), 3);
    }
});

spy_test!(c132_a_device_with_real_time_plays_by_the_clock, |machine| check(
    &playing_on(machine, Sound::default()),
    4
));

spy_test!(what_was_played_before_a_reset_is_kept, |machine| {
    let (rig, folder) = recording(machine, Pace::Real);
    check(&rig, 5);
    let played = wide(&samples(&folder, "out.wav"));
    assert!((500..4000).contains(&played.len()), "{}", played.len());
    assert!((0..).zip(&played).all(|(n, &sample)| sample == n));
});

spy_test!(volume_makes_samples_softer, |machine| {
    let (rig, folder) = recording(machine, Pace::Fast);
    check(&rig, 6);
    assert_eq!(wide(&samples(&folder, "out.wav")), [4999; 100]);
});

spy_test!(there_are_only_so_many_streams, |machine| {
    check(&playing_on(machine, Sound::Silent(Pace::Fast)), 7);
    let (rig, folder) = recording(machine, Pace::Fast);
    check(&rig, 7);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was played");
});

spy_test!(there_may_be_no_device, |machine| check(&playing_on(machine, Sound::None), 8));

spy_test!(timers_fire_when_they_should, |machine| check(&playing_on(machine, Sound::None), 9));

spy_test!(a_fault_in_a_timer_ends_that_call_only, |machine| check(&playing_on(machine, Sound::None), 10));

spy_test!(whole_sounds_are_played_in_one_call, |machine| {
    let (rig, folder) = recording(machine, Pace::Fast);
    let driver = rig.copy("sound", "whole.dll");
    let samples_played: Vec<u8> = (0..2000_u32).map(|i| (i * 7).to_le_bytes()[0]).collect();
    let mut file =
        b"RIFF\xf4\x07\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xd0\x07\0\0"
            .to_vec();
    file.extend(&samples_played);
    std::fs::write(driver.with_file_name("tone.wav"), file).unwrap();
    let sound = rig.try_open_file(&driver, "", 0).unwrap();
    assert_eq!(rig.send(sound, SOUND_CHECK, 11, 0), 1, "minus the line of drivers/sound.c");
    assert_ne!(rig.close(sound), 0);
    for name in ["out.wav", "out-2.wav"] {
        assert!(samples(&folder, name) == samples_played, "{name}");
    }
});

spy_test!(the_command_says_what_drivers_play_on, |machine| {
    let folder = Folder::with_spies(machine, &[]);
    folder.copy_driver("synth", "synth.dll");
    let send =
        |sound: &[&str]| folder.drvhost(["send", "./synth.dll", "0x7B00", "5000", "0"].iter().chain(sound));
    assert_eq!(send(&["--sound", "fast:out.wav"]).success(), "1\n");
    assert!(samples_of(&folder.file("out.wav")) == tone(5000));
    assert_eq!(send(&["--sound", "fast"]).success(), "1\n");
    assert_eq!(send(&[]).success(), "1\n", "a device with real time is there anyway");
    assert_eq!(send(&["--sound", "none"]).success(), "-1\n");
    for wrong in ["loud", "out.mp3", "no-such-folder/out.wav"] {
        send(&["--sound", wrong]).failure(2);
    }
});

spy_test!(a_device_stays_open_until_all_buffers_are_back, |machine| {
    for pace in [Pace::Fast, Pace::Real] {
        check(&playing_on(machine, Sound::Silent(pace)), 12);
    }
});
