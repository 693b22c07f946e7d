//! MIDI files that are damaged, or made to hurt.
//!
//! A run takes a sample of the damaged ones, always the same; `DRVHOST_DAMAGE=all` before the test's command takes all of them, and `DRVHOST_DAMAGE=cut:120` or
//! `DRVHOST_DAMAGE=flip:37` one, as a failure names it.

use std::time::Instant;

use drvhost::Blame;
use drvhost::midi::Performance;

use super::*;

/// What says which cases are run.
const CHOICE: &str = "DRVHOST_DAMAGE";
/// Damaged files, and how many of them are in the sample.
const FLIPS: u64 = 1000;
const SAMPLED: usize = 25;
/// How much of a song is played: damage makes some very long.
const MOST: Duration = Duration::from_secs(3);
const TAIL: Duration = Duration::from_millis(100);
/// What a case may take on a machine that does other things, too.
const LONGEST: Duration = Duration::from_secs(30);
/// What the process may have had of memory, in KiB.
const MEMORY: u64 = 1 << 19;

/// A file with all that there is: tracks, tempos, running status, system exclusive messages in pieces, escapes, names.
fn whole() -> Vec<u8> {
    let first = SmfTrack::new()
        .name(0, "Damaged")
        .tempo(0, 400_000)
        .sysex(3, &[0xF0, 0x7F, 0x7F, 4, 1, 0, 0x70, 0xF7])
        .tempo(100, 350_000)
        .sysex(20, &[0xF0, 0x7D, 1, 2])
        .escape(5, &[3, 0xF7])
        .end(40);
    let mut scribble = Scribble::new(3);
    let mut notes = SmfTrack::new().event(0, &[0xC0, 5]);
    for _ in 0..40 {
        let key = 40 + scribble.below(60) as u8;
        notes = notes.on(scribble.below(8), 0, key, 90).event(scribble.below(20), &[key, 0]);
    }
    let second = SmfTrack::new().event(2, &[0xE1, 0, 0x50]).on(0, 1, 70, 127).off(120, 1, 70).end(3);
    Smf { format: 1, division: 96, tracks: vec![first, notes.end(10), second] }.bytes()
}

/// The cases that are wanted, each with its name.
fn cases(whole: &[u8]) -> Vec<(String, Vec<u8>)> {
    let cut = |len: usize| (format!("cut:{len}"), whole[..len].to_vec());
    let flip = |seed: u64| {
        let (mut bytes, mut scribble) = (whole.to_vec(), Scribble::new(seed + 1));
        // The first numbers of neighbouring seeds are alike.
        let _ = scribble.bytes(8);
        for _ in 0..=scribble.below(4) {
            let at = scribble.below(bytes.len() as u32) as usize;
            match scribble.below(8) {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, scribble.below(256) as u8),
                _ => bytes[at] ^= 1 + scribble.below(255) as u8,
            }
        }
        (format!("flip:{seed}"), bytes)
    };
    match std::env::var(CHOICE).as_deref() {
        Ok("all") => (0..whole.len()).map(cut).chain((0..FLIPS).map(flip)).collect(),
        Ok(one) => match one.split_once(':').map(|(kind, number)| (kind, number.parse::<u64>())) {
            Some(("cut", Ok(len))) => vec![cut(usize::try_from(len).unwrap())],
            Some(("flip", Ok(seed))) => vec![flip(seed)],
            _ => panic!("{CHOICE}={one} is no case"),
        },
        Err(_) => {
            let cuts = (0..whole.len()).step_by(whole.len() / SAMPLED).map(cut);
            cuts.chain((0..SAMPLED as u64).map(flip)).collect()
        }
    }
}

fn performance() -> Performance {
    Performance { tail: TAIL, ring: true, most: MOST }
}

/// Plays a damaged file, and says what is not as it should be.
fn check(scene: &Scene, bytes: &[u8]) -> Result<(), String> {
    let begun = Instant::now();
    let mut what = scene.what("timed=1", bytes);
    what.performance = performance();
    match scene.try_play(&what) {
        Err(error) if error.blame() == Blame::Media && Song::open(std::io::Cursor::new(bytes)).is_err() => {}
        Err(error) => return Err(format!("{:?} is blamed: {error}", error.blame())),
        Ok(performed) => {
            let expected = formula_of(bytes, true, TAIL, MOST);
            if samples(&scene.folder.path().join("out.wav")) != expected {
                return Err(format!(
                    "other samples, {} s of them: {:?}",
                    performed.length, performed.warnings
                ));
            }
            if performed.damage.is_some() && performed.warnings.is_empty() {
                return Err("it is not told".to_owned());
            }
            let silent = expected.iter().all(|sample| *sample == 0);
            if performed.blame == Some(Blame::Driver) && !silent {
                return Err(format!("the driver is blamed: {:?}", performed.warnings));
            }
        }
    }
    let took = begun.elapsed();
    if took < LONGEST { Ok(()) } else { Err(format!("it took {took:?}")) }
}

fn memory() -> u64 {
    let memory = status(std::process::id(), "VmHWM").expect("a number");
    memory.trim_end_matches(" kB").parse().expect("a number")
}

spy_test!(damaged_files_are_played_as_far_as_they_can_be_read, |machine| {
    let (scene, whole, begun) = (Scene::new(machine), whole(), Instant::now());
    let cases = cases(&whole);
    let wrong: Vec<_> = cases
        .iter()
        .filter_map(|(name, bytes)| {
            check(&scene, bytes).err().map(|what| format!("{CHOICE}={name} for {machine}: {what}"))
        })
        .collect();
    println!("{machine}: {} cases in {:?}, {} KiB", cases.len(), begun.elapsed(), memory());
    assert!(
        wrong.is_empty(),
        "{} of {} cases:\n{}",
        wrong.len(),
        cases.len(),
        wrong[..wrong.len().min(20)].join("\n")
    );
    assert!(memory() < MEMORY);
});

spy_test!(a_system_exclusive_message_of_a_mebibyte_arrives, |machine| {
    let scene = Scene::new(machine);
    for text in ["timed=1", "async=1"] {
        let message = [&[0xF0, 0x7D][..], &vec![5; 1 << 20], &[0xF7]].concat();
        let track = SmfTrack::new().on(0, 0, 60, 100).sysex(100, &message).off(400, 0, 60).end(0);
        let performed = scene.try_play(&scene.what(text, &Smf::single(500, track).bytes())).unwrap();
        assert_eq!((performed.events, performed.blame), (3, None));
        let heard = samples(&scene.folder.path().join("out.wav"));
        assert!(heard[..2 * 20_000].iter().any(|sample| *sample != 0));
        assert!(memory() < MEMORY);
    }
});

spy_test!(a_hundred_thousand_events_in_one_tick_are_all_played, |machine| {
    let scene = Scene::new(machine);
    let mut track = SmfTrack::new();
    // Each takes what a message takes, which for a test is long.
    let count = pick(machine, 20_000_u32, 100_000);
    for number in 0..count {
        track = track.event(0, &[0xE0, (number % 128) as u8, (number / 1000) as u8]);
    }
    let track = track.event(0, &[0xE0, 0, 64]).on(2000, 0, 60, 100).off(500, 0, 60).end(0);
    let (song, begun) = (Smf::single(500, track).bytes(), Instant::now());
    let (performed, heard) = scene.play(&scene.what("timed=1", &song));
    println!("{machine}: {:?}", begun.elapsed());
    assert_eq!(performed.events, u64::from(count) + 3);
    same(&heard, &formula(&song, true, Duration::from_secs(2)));
});

spy_test!(a_song_without_an_end_ends, |machine| {
    let scene = Scene::new(machine);
    let track =
        SmfTrack::new().on(0, 0, 60, 100).off(500, 0, 60).tempo(0x0FFF_FFFF, 0xFF_FFFF).end(0x0FFF_FFFF);
    let song = Smf::single(1, track).bytes();
    let mut what = scene.what("timed=1", &song);
    what.performance = performance();
    let performed = scene.try_play(&what).unwrap();
    assert_eq!(performed.blame, Some(Blame::Media));
    let expected =
        "the song goes on after 3 seconds, which is as much as is played of one; the file may be damaged";
    assert_eq!(performed.warnings, [expected]);
    assert_eq!(performed.frames, u64::from(RATE) * 31 / 10);
    for endless in ["/dev/zero", "/dev/urandom"] {
        let error = scene.try_play(&Play { input: endless.into(), ..what.clone() }).unwrap_err();
        assert!(matches!(error.blame(), Blame::Media | Blame::Host), "{error}");
    }
});
