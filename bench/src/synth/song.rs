//! Songs in which so many voices sound from start to end.
//!
//! A song's file, for the peer, is in little-endian 32-bit words: how many frames it has, how many events, and for each event how many frames
//! have been played before it, and the short message as MODM_DATA has it.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use drvhost::media::ContentHasher;
use drvhost::midi::{self, What};

use super::formula::{MidiSynth, RATE};
use super::smf::{Smf, SmfTrack};
use crate::failure::Failure;
use crate::frames;

/// Ticks of a quarter note, of which there are two in a second unless a song says otherwise.
const DIVISION: u16 = 480;
const TICKS_PER_SECOND: u32 = 2 * DIVISION as u32;
/// Seconds after which a note is struck again.
const AGAIN: u32 = 4;
/// So many ticks after the note before it. 64 of these are shorter than [`AGAIN`].
const APART: u32 = 37;
/// So soft that all voices together reach no limit.
const VELOCITY: u8 = 8;
/// The lowest note.
const LOWEST: u8 = 36;

/// A song, and what it is to sound like.
#[derive(Debug)]
pub struct Song {
    /// How many voices sound.
    pub voices: u8,
    /// The MIDI file.
    pub midi: PathBuf,
    /// The song's file.
    pub words: PathBuf,
    /// The BLAKE3 of all samples, as the command prints it.
    pub content: String,
    /// The hash of all samples as the peer prints it.
    pub hash: u64,
}

/// An event, and before which frame it is.
type Event = (u32, u32);

impl Song {
    /// Writes a song of so many voices (64 at most) and seconds.
    pub fn make(folder: &Path, voices: u8, seconds: u32) -> Result<Self, Failure> {
        let file = compose(voices, seconds).bytes();
        let (events, frames) = (events(&file)?, seconds * RATE);
        let samples = sound(&events, frames);
        let mut hasher = ContentHasher::new();
        hasher.update(&samples);
        let song = Self {
            voices,
            midi: folder.join(format!("{voices}-voices.mid")),
            words: folder.join(format!("{voices}-voices.words")),
            content: hasher.finish().to_string(),
            hash: frames::hash(&samples),
        };
        let words = [frames, events.len() as u32].into_iter();
        let words = words.chain(events.iter().flat_map(|(at, message)| [*at, *message]));
        write(&song.midi, &file)?;
        write(&song.words, &words.flat_map(u32::to_le_bytes).collect::<Vec<_>>())?;
        Ok(song)
    }

    /// How many voices, for people.
    pub fn kind(&self) -> String {
        format!("{} {}", self.voices, if self.voices == 1 { "voice" } else { "voices" })
    }
}

/// Writes a file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(Failure::file(path.display().to_string()))
}

/// All notes sound from the beginning on, and each is struck again after every few seconds, at a time of its own.
fn compose(voices: u8, seconds: u32) -> Smf {
    let end = seconds * TICKS_PER_SECOND;
    let first = (0..voices).map(|voice| (0, voice));
    let again = (0..end)
        .step_by((AGAIN * TICKS_PER_SECOND) as usize)
        .flat_map(|begin| (0..voices).map(move |voice| (begin + (u32::from(voice) + 1) * APART, voice)));
    let (mut track, mut now) = (SmfTrack::new(), 0);
    for (at, voice) in first.chain(again).filter(|(at, _)| *at < end) {
        track = track.on(at - now, voice % 16, LOWEST + voice, VELOCITY);
        now = at;
    }
    Smf::single(DIVISION, track.end(end - now))
}

/// The events of a file, as the command reads it.
fn events(file: &[u8]) -> Result<Vec<Event>, Failure> {
    let mut events = Vec::new();
    for event in midi::Song::open(Cursor::new(file)).map_err(drvhost::Error::from)? {
        let event = event.map_err(drvhost::Error::from)?;
        if let What::Short(message) = event.what {
            let frame = u128::from(event.at) * u128::from(RATE) / 1_000_000_000;
            events.push((frame as u32, message.packed()));
        }
    }
    Ok(events)
}

/// What the synth's formula makes of events.
fn sound(events: &[Event], frames: u32) -> Vec<u8> {
    let (mut synth, mut samples) = (MidiSynth::default(), Vec::new());
    let mut render = |synth: &mut MidiSynth, until: u32| {
        let missing = (until as usize).saturating_sub(samples.len() / 2);
        samples.extend(synth.render(missing));
    };
    for (at, message) in events {
        render(&mut synth, *at);
        let [status, first, second, _] = message.to_le_bytes();
        synth.short([status, first, second]);
    }
    render(&mut synth, frames);
    samples.into_iter().flat_map(i16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_songs_events_are_in_order_and_within_it() {
        let events = events(&compose(64, 10).bytes()).unwrap();
        // At the beginning, and twice again; the third time ends before its last notes.
        assert_eq!(events.len(), 64 + 64 + 64 + 64 * 960 / 960 - (64 - 1920 / 37));
        assert!(events.is_sorted_by_key(|(at, _)| *at));
        assert!(events.iter().all(|(at, _)| *at < 10 * RATE));
        assert_eq!(events[0], (0, 0x0008_2490));
        assert_eq!(events[64], (37 * RATE / 960, 0x0008_2490));
    }

    #[test]
    fn voices_sound_all_the_time_and_none_is_cut_off() {
        let samples = |voices| {
            let bytes = sound(&events(&compose(voices, 2).bytes()).unwrap(), 2 * RATE);
            bytes.as_chunks().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect::<Vec<_>>()
        };
        assert!(samples(0).iter().all(|sample| *sample == 0));
        let all = samples(64);
        assert_eq!(all.len(), 4 * RATE as usize);
        assert!(all.iter().all(|sample| sample.unsigned_abs() < 30_000));
        assert!(all.chunks(4096).all(|part| part.iter().any(|sample| sample.unsigned_abs() > 500)));
    }
}
