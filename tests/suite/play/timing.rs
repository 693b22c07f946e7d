//! Notes are heard when the file has them.

use super::*;

/// Where sound begins after silence, in frames.
fn onsets(samples: &[i16]) -> Vec<u64> {
    /// So many silent frames end a note: its own zeros are fewer.
    const QUIET: u64 = 100;
    let (mut onsets, mut quiet) = (Vec::new(), QUIET);
    for (frame, pair) in (0..).zip(samples.chunks_exact(2)) {
        if pair == [0, 0] {
            quiet += 1;
        } else {
            if quiet >= QUIET {
                onsets.push(frame);
            }
            quiet = 0;
        }
    }
    onsets
}

/// Plays a song of a thousand notes, whose onsets are at these times in seconds, and compares.
fn check(machine: Machine, song: &Smf, times: &[f64]) {
    let scene = Scene::new(machine);
    for (text, early, late) in [("timed=1", 1, 8), ("", BUFFER, 8)] {
        let (performed, heard) = scene.play(&scene.what(text, &song.bytes()));
        eprintln!("{machine} {text}: {} s in {} s", performed.length, performed.seconds);
        let heard = onsets(&heard);
        assert_eq!(heard.len(), times.len());
        for (heard, time) in heard.iter().zip(times) {
            let exact = time * f64::from(RATE);
            let difference = *heard as f64 - exact;
            // A wave begins with samples that are too small to be heard.
            assert!(
                difference > -(early as f64) && difference < f64::from(late),
                "{text}: {heard} for {exact}"
            );
        }
    }
}

/// Adds notes at random times, with silence between: ticks from one onset to the next, given how many there are in 10 ms.
fn notes(track: SmfTrack, count: usize, per_10_ms: u32, seed: u64) -> (SmfTrack, Vec<u32>) {
    let mut scribble = Scribble::new(seed);
    let mut ticks = Vec::new();
    let mut track = track;
    for _ in 0..count {
        let wait = per_10_ms * 2 + scribble.below(per_10_ms * 5);
        let key = 72 + scribble.below(30) as u8;
        track = track.on(wait, 0, key, 127).off(per_10_ms * 2, 0, key);
        ticks.push(wait + if ticks.is_empty() { 0 } else { per_10_ms * 2 });
    }
    (track, ticks)
}

spy_test!(a_thousand_notes_are_heard_in_time_through_tempo_changes, |machine| {
    let mut scribble = Scribble::new(41);
    let (mut track, mut times, mut now) = (SmfTrack::new(), Vec::new(), 0.0);
    for group in 0..20 {
        let tempo = 300_000 + scribble.below(700_000);
        // 960 ticks a quarter note.
        let seconds = f64::from(tempo) / 1e6 / 960.0;
        let ticks = (0.01 / seconds) as u32;
        track = track.tempo(0, tempo);
        let before;
        (track, before) = notes(track, 50, ticks, 100 + group);
        for (number, ticks) in before.iter().enumerate() {
            // The first note of a group comes after the last one's end, at which the tempo changed.
            now += f64::from(*ticks) * seconds;
            times.push(now);
            if number + 1 == before.len() {
                now += f64::from((0.01 / seconds) as u32 * 2) * seconds;
            }
        }
    }
    check(machine, &Smf::single(960, track.end(10)), &times);
});

spy_test!(a_thousand_notes_are_heard_in_time_by_frames, |machine| {
    let (first, ticks) = notes(SmfTrack::new(), 1000, 30, 5);
    let mut now = 0.0;
    // 30 drop frame with 100 ticks in a frame: 2997 and a bit a second.
    let times: Vec<_> = ticks
        .iter()
        .map(|ticks| {
            now += f64::from(*ticks) * 1.001 / 3000.0;
            now
        })
        .collect();
    // Tempos mean nothing here.
    let tempos = SmfTrack::new().tempo(10, 123_456).tempo(5000, 2_000_000).end(0);
    let song = Smf { format: 1, division: Smf::frames(29, 100), tracks: vec![tempos, first.end(0)] };
    check(machine, &song, &times);
});
