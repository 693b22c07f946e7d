//! Pairs of a driver and a format: whole films and sounds, decoded and encoded, by the drivers for both machines.

use std::path::Path;

use crate::encode;
use crate::failure::Failure;
use crate::film;
use crate::report::{Goal, Row};
use crate::sound;
use crate::subject::SUBJECTS;
use crate::wine::Wine;

/// What i386 drivers are measured against.
pub const X86_64: &str = "x86-64";
/// How many times as fast as Wine, at least.
pub const GOAL_WINE: Goal = Goal::Ratio(1.2);
/// How many times as fast as the driver for x86-64, at least.
pub const GOAL_I386: Goal = Goal::Ratio(0.85);
/// How many times as fast as ffmpeg's own decoder, at least: one and a half times its time.
pub const GOAL_FFMPEG: Goal = Goal::Ratio(0.667);

/// Who else is there.
#[derive(Debug, Clone, Copy)]
pub struct Peers<'w> {
    /// Wine, prepared for i386 programs if there are drivers for that.
    pub wine: Option<&'w Wine>,
    /// Whether there are drivers for i386.
    pub i386: bool,
}

/// Measures all of them; `rounds` is how often for what is short.
pub fn measure(peers: Peers<'_>, folder: &Path, rounds: usize) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for film in film::FILMS {
        for subject in SUBJECTS {
            rows.extend(film::measure(subject, peers, folder, film, rounds)?);
        }
        rows.extend(encode::measure(peers, folder, film.size, rounds)?);
    }
    for sound in sound::SOUNDS {
        rows.extend(sound::measure(sound, peers, folder, rounds)?);
    }
    Ok(rows)
}
