//! Pairs of a driver and a format: whole films and sounds, decoded and encoded, by the drivers for both machines.

use std::path::Path;

use crate::encode;
use crate::failure::Failure;
use crate::film;
use crate::floor;
use crate::report::{Goal, Row};
use crate::sound;
use crate::subject::SUBJECTS;
use crate::wine::Wine;

/// What i386 drivers are measured against.
pub const X86_64: &str = "x86-64";
/// How many times as fast as Wine, at least, where something is decoded.
pub const GOAL_WINE: Goal = Goal::Ratio(1.2);
/// How many times as fast as the driver for x86-64, at least, where something is decoded.
pub const GOAL_I386: Goal = Goal::Ratio(0.85);
/// How many times ffmpeg's own decoder's time, at most.
pub const GOAL_FFMPEG: Goal = Goal::Within(1.5);

/// Who else is there.
#[derive(Debug, Clone, Copy)]
pub struct Peers<'w> {
    /// Wine, prepared for i386 programs if there are drivers for that.
    pub wine: Option<&'w Wine>,
    /// Whether there are drivers for i386.
    pub i386: bool,
}

/// Says that everything is made and compared, and that a measurement begins: all of them take minutes.
pub fn tell(name: &str) {
    eprintln!("bench: {name}");
}

/// Measures those that are `wanted`, by what is said of them: format, size, direction.
pub fn measure(
    peers: Peers<'_>,
    folder: &Path,
    rounds: usize,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for film in film::FILMS {
        for subject in SUBJECTS {
            let name = format!("{} {}, decoding", subject.name, film.size());
            if wanted(&name) {
                rows.extend(film::measure(name, subject, peers, folder, film, rounds)?);
            }
        }
        let name = format!("MS RLE {}, encoding", film.size());
        if wanted(&name) {
            rows.extend(encode::measure(name, peers, folder, film.size, rounds)?);
        }
    }
    if sound::SOUNDS.iter().any(|sound| wanted(&sound.names()[0])) {
        tell("look-ups");
        rows.push(floor::look_ups(3 * rounds, floor::PIECES));
    }
    for sound in sound::SOUNDS {
        let names = sound.names();
        if names.iter().any(|name| wanted(name)) {
            rows.extend(sound::measure(names, sound, peers, folder, rounds, &wanted)?);
        }
    }
    Ok(rows)
}
