//! Drivers that were written for the world's clock, by a virtual one.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use drvhost::media::WavReader;
use drvhost::{Clock, Pace, Sound};
use drvhost_tests::*;
use tempfile::TempDir;

fn session(machine: Machine, sound: Sound) -> Rig {
    let deadline = Some(Duration::from_secs(60));
    Rig::with(machine, |builder| builder.clock(Clock::Virtual).sound(sound).deadline(deadline))
}

fn recording(machine: Machine) -> (Rig, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out.wav");
    (session(machine, Sound::File { path, pace: Pace::Fast }), folder)
}

/// The bytes of a file's samples.
fn samples(folder: &Path, name: &str) -> Vec<u8> {
    let mut reader = WavReader::open(File::open(folder.join(name)).expect("a file")).expect("a WAVE file");
    let mut data = vec![0; usize::try_from(reader.data_len()).expect("a short file")];
    assert_eq!(reader.read_data(&mut data).expect("samples"), data.len());
    data
}

fn wide(bytes: &[u8]) -> Vec<i16> {
    bytes.as_chunks().0.iter().map(|&sample| i16::from_le_bytes(sample)).collect()
}

spy_test!(locks_and_waits_are_what_they_are, |machine| {
    let rig = session(machine, Sound::default());
    let locks = rig.open("locks", "");
    assert_eq!(rig.send(locks, LOCKS_ALL, 0, 0), 0, "the check in that line of locks.c fails");
    let waits = rig.open("waits", "");
    assert_eq!(rig.send(waits, WAITS_ALL, 0, 0), 0, "the check in that line of waits.c fails");
});

spy_test!(many_threads_lose_nothing, |machine| {
    let rig = session(machine, Sound::default());
    let threads = rig.open("threads", "");
    assert!(rig.send(threads, THREADS_WORK, 20, 4) > 0);
    assert_eq!(rig.send(threads, THREADS_COUNT, 10_000, 0), 20_000);
    assert_eq!(rig.send(threads, THREADS_MOST, 0, 0), 20);
    assert_eq!(rig.send(threads, THREADS_FAULT, 0, 0), 1);
});

spy_test!(a_device_does_what_it_does, |machine| {
    let rig = session(machine, Sound::default());
    let sound = rig.open("sound", "");
    // Wrong arguments, pauses, loops, real time, resets, volume, many streams, timers, faults, buffers that come back together.
    for number in [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 12] {
        assert_eq!(rig.send(sound, SOUND_CHECK, number, 0), 1, "check {number}: minus the line of sound.c");
    }
});

spy_test!(a_synth_renders_ten_seconds_in_each_way, |machine| {
    let (rig, folder) = recording(machine);
    let synth = rig.open("synth", "");
    let frames = 10 * TONE_RATE;
    for (kind, name) in
        [(0, "out.wav"), (1, "out-2.wav"), (2, "out-3.wav"), (3, "out-4.wav"), (4, "out-5.wav")]
    {
        let begun = Instant::now();
        assert_eq!(rig.send(synth, SYNTH_PLAY, frames.into(), kind), 1, "kind {kind}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        let _ = rig.session.advance(Duration::ZERO).unwrap();
        assert!(samples(folder.path(), name) == tone(frames), "kind {kind}");
    }
});

spy_test!(a_loop_is_heard_as_it_is_written_while_it_plays, |machine| {
    let (rig, folder) = recording(machine);
    let clock = rig.open("clock", "");
    assert_eq!(rig.send(clock, CLOCK_CHECK, 5, 0), 1, "minus the line of clock.c");
    // Every 50 ms a number 50 ms ahead, in a loop of twice that; then a pause as long as it, and once more.
    let mut expected = vec![0_i16; 52_920];
    (1..20).for_each(|number| expected[2205 * number] = i16::try_from(number).unwrap());
    (expected[48_510], expected[50_715]) = (20, 19);
    assert!(wide(&samples(folder.path(), "out.wav")) == expected);
});
