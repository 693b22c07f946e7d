//! How soon a note is heard: played live, with nothing else sounding, on a synth that takes an event into the next buffer that it fills.
//!
//! The device stands still at a frame while the note is sent, then plays to the end of the buffer that it is in the midst of. The driver is
//! woken then, and fills that buffer anew, with the note in it.
//!
//! The notes' file, for the peer, is in little-endian 32-bit words: how many there are, and for each the frame at which it is sent, that at which the
//! driver is woken, that at which the note's end has been heard, and the short messages that begin and end it.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use drvhost::media::PcmFormat;
use drvhost::synth::Synth;
use drvhost::{Clock, Machine, Pace, Piece, Session, Sink, Sound, SoundSink, StreamId, StreamState};

use super::formula::RATE;
use super::named;
use super::song::write;
use crate::failure::{Failure, run};
use crate::frames;
use crate::ours::file_as_driver;
use crate::report::{Better, Row, WINE};
use crate::wine::Wine;

/// The synth's own, unless it is told otherwise: frames of a buffer, and how many buffers.
const BUFFER: u32 = 512;
const BUFFERS: u32 = 4;
/// By how many frames more than whole buffers notes are apart: each is sent at another place of a buffer.
const SHIFT: u32 = 37;

/// A note on the first channel, so high and loud that its second sample is none of silence.
const ON: [u8; 3] = [0x90, 100, 127];
const OFF: [u8; 3] = [0x80, 100, 0];

/// When a note is played, in frames since the stream's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Note {
    /// It is sent.
    at: u32,
    /// The buffer has been played that was played then.
    due: u32,
    /// Its end has been heard.
    end: u32,
}

impl Note {
    fn notes(count: usize) -> Vec<Self> {
        let mut end = BUFFER * BUFFERS;
        let mut next = || {
            let at = end + SHIFT;
            let due = (at / BUFFER + 1) * BUFFER;
            end = at + BUFFER * (BUFFERS + 2);
            Self { at, due, end }
        };
        (0..count).map(|_| next()).collect()
    }

    /// The first of its frames that is not silent: a wave begins with a sample of 0.
    fn heard(self) -> u32 {
        self.due + BUFFER * (BUFFERS - 1) + 1
    }
}

/// A note that has been heard.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Heard {
    /// Microseconds from when it was sent until the driver had written the buffer with it.
    written: f64,
    /// Frames from when it was sent to the first that is not silent.
    frames: u32,
}

/// Plays so many notes on each side, in so many rounds in turn.
pub fn measure(
    machine: Machine,
    driver: &Path,
    wine: Option<&Wine>,
    folder: &Path,
    rounds: usize,
    count: usize,
) -> Result<[Row; 2], Failure> {
    let notes = Note::notes(count);
    let mut written = Row::new(named(machine, "note-on until it is written"), "us", Better::Less);
    let mut frames = Row::new(named(machine, "note-on to its first sample"), "frames", Better::Less);
    for _ in 0..rounds {
        for heard in ours(driver, &notes)? {
            written.ours.push(heard.written);
            frames.ours.push(heard.frames.into());
        }
        if let Some(wine) = wine {
            for heard in theirs(machine, driver, wine, folder, &notes)? {
                written.theirs.push(heard.written);
                frames.theirs.push(heard.frames.into());
            }
        }
    }
    let mut rows = [written, frames];
    rows.iter_mut().for_each(|row| row.verified(true));
    Ok(rows)
}

/// Whether a note was heard where it was to be.
fn check(number: usize, note: Note, peer: &'static str, frames: u32) -> Result<(), Failure> {
    let expected = note.heard() - note.at;
    if frames == expected {
        return Ok(());
    }
    Err(Failure::Wrong {
        what: format!("{peer}: the first sample of note {number}, in frames behind the message"),
        expected: expected.to_string(),
        found: frames.to_string(),
    })
}

/// Listens for the first frame that is not silent.
#[derive(Debug, Default)]
struct Ear(Mutex<Option<u64>>);

impl Ear {
    fn take(&self) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl SoundSink for Ear {
    fn open(&self, _: StreamId, _: PcmFormat, _: &str) {}

    fn play(&self, piece: &Piece<'_>) {
        let frame = usize::from(piece.format.channels) * usize::from(piece.format.sample.bytes());
        let at = piece.bytes.iter().position(|byte| *byte != 0);
        if let Some(at) = at {
            let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert(piece.frame + (at / frame.max(1)) as u64);
        }
    }

    fn close(&self, _: StreamId) {}
}

/// Through a worker, as `drvhost synth` has it: a virtual clock goes on as far as is wanted.
fn ours(driver: &Path, notes: &[Note]) -> Result<Vec<Heard>, Failure> {
    let ear = Arc::new(Ear::default());
    let sink = Sink::from(Arc::clone(&ear) as Arc<dyn SoundSink>);
    let session =
        Session::builder().clock(Clock::Virtual).sound(Sound::Sink { sink, pace: Pace::Real }).start()?;
    let synth = Synth::open(&session, &file_as_driver(driver.to_owned()))?;
    let mut output = synth.output(0)?;
    let begin = session.advance(Duration::ZERO)?.now;
    let time_of = |frame: u32| {
        begin + Duration::from_nanos((u64::from(frame) * 1_000_000_000).div_ceil(u64::from(RATE)))
    };
    let advance = |frame: u32| -> Result<StreamState, Failure> {
        let streams = session.advance(time_of(frame))?.streams;
        let none = || wrong("streams", "one that is open", "none");
        let stream = streams.first().copied().ok_or_else(none)?;
        if stream.played != u64::from(frame) {
            return Err(wrong("frames that were played", frame, stream.played));
        }
        Ok(stream)
    };
    let mut heard = Vec::with_capacity(notes.len());
    for (number, note) in notes.iter().enumerate() {
        let before = advance(note.at)?.written;
        let started = Instant::now();
        output.short(ON)?;
        let after = advance(note.due)?.written;
        let written = started.elapsed().as_secs_f64() * 1e6;
        output.short(OFF)?;
        advance(note.end)?;
        let first = ear.take().ok_or_else(|| wrong("a note", "sound", "silence"))?;
        if !(before..after).contains(&first) {
            let written = format!("within {before}..{after}, which was written at once");
            return Err(wrong("the first sample of a note", written, first));
        }
        let frames = u32::try_from(first).unwrap_or(u32::MAX).saturating_sub(note.at);
        check(number, *note, "drvhost", frames)?;
        heard.push(Heard { written, frames });
    }
    output.close()?;
    synth.close()?;
    Ok(heard)
}

fn wrong(what: &str, expected: impl ToString, found: impl ToString) -> Failure {
    Failure::Wrong { what: what.to_owned(), expected: expected.to_string(), found: found.to_string() }
}

/// Under Wine.
fn theirs(
    machine: Machine,
    driver: &Path,
    wine: &Wine,
    folder: &Path,
    notes: &[Note],
) -> Result<Vec<Heard>, Failure> {
    let file = folder.join("notes.words");
    let message = |[status, first, second]: [u8; 3]| u32::from_le_bytes([status, first, second, 0]);
    let words = notes.iter().flat_map(|note| [note.at, note.due, note.end, message(ON), message(OFF)]);
    let words = std::iter::once(notes.len() as u32).chain(words);
    write(&file, &words.flat_map(u32::to_le_bytes).collect::<Vec<_>>())?;
    let mut command = wine.program_for(machine, "note_on");
    command.arg(Wine::name_of(driver)).arg("").arg(Wine::name_of(&file));
    let heard = parse(&run(&mut command)?)?;
    if heard.len() != notes.len() {
        return Err(frames::differ("notes", notes.len(), WINE, heard.len()));
    }
    for (number, (note, heard)) in notes.iter().zip(&heard).enumerate() {
        check(number, *note, WINE, heard.frames)?;
    }
    Ok(heard)
}

/// The peer's output: a line of nanoseconds and frames for each note.
fn parse(text: &str) -> Result<Vec<Heard>, Failure> {
    let line = |line: &str| {
        let (nanoseconds, frames) = line.trim().split_once(' ')?;
        Some(Heard { written: nanoseconds.parse::<f64>().ok()? / 1e3, frames: frames.parse().ok()? })
    };
    text.lines().map(line).collect::<Option<_>>().ok_or_else(|| Failure::Unreadable {
        program: "the peer",
        text: text.chars().take(80).collect(),
        expected: "nanoseconds and frames of each note",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_do_not_meet_and_come_at_all_places_of_a_buffer() {
        let notes = Note::notes(100);
        assert_eq!(notes[0], Note { at: 2085, due: 2560, end: 5157 });
        for pair in notes.windows(2) {
            assert!(pair[0].at < pair[0].due && pair[0].heard() < pair[0].end && pair[0].end < pair[1].at);
            // What ends a note is rendered one buffer after what begins it.
            assert!(pair[0].heard() + BUFFER <= pair[0].end);
        }
        let places: std::collections::BTreeSet<u32> = notes.iter().map(|note| note.at % BUFFER).collect();
        assert!(places.len() == 100 && places.iter().all(|place| *place > 0));
    }

    #[test]
    fn the_peers_output_is_read() {
        let heard = parse("1500 2012\r\n31000 1600\r\n").unwrap();
        assert_eq!(heard, [Heard { written: 1.5, frames: 2012 }, Heard { written: 31.0, frames: 1600 }]);
        assert!(parse("1500\n").is_err() && parse("x 5\n").is_err());
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn a_note_at_another_place_is_an_error() {
        let note = Note::notes(1)[0];
        assert_eq!(note.heard() - note.at, 2012);
        assert!(check(0, note, WINE, 2012).is_ok());
        assert!(check(0, note, WINE, 2011).is_err());
    }
}
