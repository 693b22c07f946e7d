//! A file's events in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{Read, Seek};

use super::chunks::{self, Extent, Header};
use super::damage::Damage;
use super::event::{Event, What};
use super::source::Source;
use super::time::{Clock, Division};
use super::track::{Step, Track};
use crate::media::MediaError;

/// How much of a track is read at a time, where there are few.
const ROOM: usize = 16 << 10;
/// How much of all tracks is buffered at most: with as many tracks as there can be, each still has [`LEAST_ROOM`].
const ALL_ROOM: usize = 4 << 20;
const LEAST_ROOM: usize = 64;
/// How many events are looked at for the song's name, which should be among the first (Spec. 1.1, "Sequence/Track Name").
const NAME_WITHIN: usize = 64;
/// How many messages are counted for a song's length: a fraction of a second's work.
const COUNTED: u64 = 4_000_000;

/// A MIDI file: its events are what it is iterated for. The last one is [`What::End`], or an error of the system's, after which there is nothing.
pub struct Song<R> {
    source: Source<R>,
    header: Header,
    name: Option<String>,
    tracks: Vec<Track>,
    /// The tick and number of each track's next event. The track that comes first in the file comes first in a tick.
    due: BinaryHeap<Reverse<(u64, usize)>>,
    /// Which track is the next to be played alone, in files whose tracks follow each other.
    next: usize,
    clock: Clock,
    over: bool,
}

impl<R: Read + Seek> Song<R> {
    /// Finds header and tracks, and reads each track's beginning. The reader is buffered here.
    ///
    /// # Errors
    /// [`MediaError::WrongForm`] for another kind of file; [`MediaError::Malformed`] where the header is not whole or does not say what a tick
    /// is, or where there is no track; [`MediaError::Io`].
    pub fn open(inner: R) -> Result<Self, MediaError> {
        let mut source = Source::new(inner)?;
        let (header, extents) = chunks::find(&mut source)?;
        let room = (ALL_ROOM / extents.len().max(1)).clamp(LEAST_ROOM, ROOM);
        let name = match extents.first() {
            Some(first) => name(&mut source, *first)?,
            None => None,
        };
        let track = |(index, extent): (usize, &Extent)| Track::new(index + 1, *extent, room);
        let tracks = extents.iter().enumerate().map(track).collect();
        let clock = Clock::new(header.division);
        let mut song =
            Self { source, header, name, tracks, due: BinaryHeap::new(), next: 0, clock, over: false };
        while song.next < song.tracks.len() && (song.due.is_empty() || header.format != 2) {
            song.begin()?;
        }
        Ok(song)
    }

    /// The format as the header states it: 0, one track; 1, tracks that are played together; 2, tracks that follow each other.
    #[must_use]
    pub fn format(&self) -> u16 {
        self.header.format
    }

    /// How many tracks there are.
    #[must_use]
    pub fn tracks(&self) -> usize {
        self.tracks.len()
    }

    /// What a tick is.
    #[must_use]
    pub fn division(&self) -> Division {
        self.header.division
    }

    /// The name that the first track begins with, for display.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The first damage that was met so far. What tracks lack is known when they were played that far.
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        self.source.flaws.damage()
    }

    /// Makes the next track one of those that are played.
    fn begin(&mut self) -> Result<(), MediaError> {
        if let Some(track) = self.tracks.get_mut(self.next) {
            track.go_on(&mut self.source)?;
            self.due.push(Reverse((track.tick, self.next)));
            self.next += 1;
        }
        Ok(())
    }

    fn event(&mut self) -> Result<Event, MediaError> {
        loop {
            let Some(Reverse((tick, index))) = self.due.pop() else {
                if self.next == self.tracks.len() {
                    self.over = true;
                    return Ok(Event { at: self.clock.now(), what: What::End });
                }
                self.clock.restart();
                self.begin()?;
                continue;
            };
            self.clock.go_to(tick);
            let Some(track) = self.tracks.get_mut(index) else { continue };
            let step = track.step(&mut self.source)?;
            if step != Step::End {
                self.due.push(Reverse((track.tick, index)));
            }
            match step {
                Step::Message(what) => return Ok(Event { at: self.clock.now(), what }),
                Step::Tempo(tempo) => self.clock.set_tempo(tempo),
                Step::Name(_) | Step::Quiet | Step::End => {}
            }
        }
    }
}

impl<R: Read + Seek> Iterator for Song<R> {
    type Item = Result<Event, MediaError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let event = self.event();
        self.over |= event.is_err();
        Some(event)
    }
}

/// The name in the first events of a track. It is read once more when the track is played, and what is wrong is told then.
fn name<R: Read + Seek>(source: &mut Source<R>, extent: Extent) -> Result<Option<String>, MediaError> {
    let flaws = source.flaws.clone();
    let mut track = Track::new(1, extent, ROOM);
    let mut name = None;
    track.go_on(source)?;
    for _ in 0..NAME_WITHIN {
        match track.step(source)? {
            Step::Name(bytes) => {
                name = Some(shown(&bytes)).filter(|name| !name.is_empty());
                break;
            }
            Step::End => break,
            _ => {}
        }
    }
    source.held = 0;
    source.flaws = flaws;
    Ok(name)
}

/// A file's text, whose encoding it does not say: UTF-8 where it is that, or else Latin-1; without what does not print.
fn shown(bytes: &[u8]) -> String {
    let text = match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text.trim().to_owned()
}

/// How long a song is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// Nanoseconds up to its end, or as far as it was read.
    pub nanoseconds: u64,
    /// How many messages it has up to there.
    pub messages: u64,
    /// Whether that is its end.
    pub complete: bool,
}

/// Reads a song for its length, up to four million messages, which takes less than a second. A clone of the song's reader serves.
///
/// # Errors
/// As [`Song::open`].
pub fn measure<R: Read + Seek>(inner: R) -> Result<Length, MediaError> {
    let mut length = Length { nanoseconds: 0, messages: 0, complete: false };
    for event in Song::open(inner)? {
        let event = event?;
        length.nanoseconds = event.at;
        if event.what == What::End {
            length.complete = true;
        } else if length.messages == COUNTED {
            break;
        } else {
            length.messages += 1;
        }
    }
    Ok(length)
}
