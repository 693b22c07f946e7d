//! Playing a song on an instrument, whatever that is.

use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use super::event::{Event, What};
use crate::error::Error;
use crate::media::MediaError;

/// No more time than this passes between two reports of progress, and so between a wish to stop and its fulfilment; it is short for people,
/// and long for an instrument that computes faster than it sounds.
const STEP: u64 = 100_000_000;
/// How many messages may come between two reports, where they come at one time.
const MESSAGES: u64 = 4096;
/// The channels that a message can be for.
const CHANNELS: u8 = 16;
/// Control change: the damper pedal is up.
const DAMPER: u8 = 64;
/// Channel mode messages (MIDI 1.0 Detailed Specification, table 3): All Sound Off, All Notes Off.
const ALL_SOUND_OFF: u8 = 120;
const ALL_NOTES_OFF: u8 = 123;

/// What a song is played on. All times are nanoseconds since the song's beginning, and never go back.
pub trait Instrument {
    /// Takes a short message, as MODM_DATA has it: the status in the low byte.
    ///
    /// # Errors
    /// Its own; the song ends with it.
    fn short(&mut self, message: u32) -> Result<(), Error>;

    /// Takes a system exclusive message, from F0 to F7, of any length.
    ///
    /// # Errors
    /// As [`Instrument::short`].
    fn long(&mut self, message: &[u8]) -> Result<(), Error>;

    /// Sounds up to a time.
    ///
    /// # Errors
    /// As [`Instrument::short`].
    fn advance(&mut self, until: u64) -> Result<(), Error>;

    /// Ends all notes and gives back what it holds, as MODM_RESET has it.
    ///
    /// # Errors
    /// As [`Instrument::short`].
    fn reset(&mut self) -> Result<(), Error>;
}

/// How a song is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Performance {
    /// How long the instrument sounds on behind the song's end.
    pub tail: Duration,
    /// Whether notes die away in the tail, for which All Sound Off and the reset wait until it is over. Otherwise they come before it.
    pub ring: bool,
    /// How much of a song is played. A file of a few bytes can state a song of a thousand years, and a wrong bit can make one of any.
    pub most: Duration,
}

impl Default for Performance {
    fn default() -> Self {
        // Longer than any piece for which there is one file, and as a WAVE file of CD quality 2.5 GB.
        Self { tail: Duration::from_secs(2), ring: false, most: Duration::from_secs(4 * 60 * 60) }
    }
}

/// How far a song is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Playing {
    /// Nanoseconds since its beginning.
    pub at: u64,
    /// How many messages the instrument has taken from it.
    pub messages: u64,
}

/// What was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// How far: the tail is not part of it.
    pub song: Playing,
    /// How it came to the end.
    pub ended: Ended,
}

/// How a song came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All of it was played.
    Whole,
    /// The caller asked to stop.
    Stopped,
    /// It goes on beyond what is played of a song.
    TooLong {
        /// How much was played.
        most: Duration,
    },
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("the song was played to its end"),
            Self::Stopped => f.write_str("the song was stopped on request, before its end"),
            Self::TooLong { most } => write!(
                f,
                "the song goes on after {} seconds, which is as much as is played of one; the file may be damaged",
                most.as_secs_f64()
            ),
        }
    }
}

/// Plays a song: has the instrument sound up to the time of each event, then take it. At the end, whatever it comes from, all notes are ended, the
/// instrument is reset and sounds for as long as the tail is. `progress` is told how far the song is, and may ask to stop; asked once more in the tail, that ends
/// as well.
///
/// # Errors
/// The instrument's, at once. The song's, [`Error::Media`], after the notes have ended.
pub fn perform<I: Instrument + ?Sized>(
    song: impl IntoIterator<Item = Result<Event, MediaError>>,
    instrument: &mut I,
    how: &Performance,
    progress: impl FnMut(Playing) -> ControlFlow<()>,
) -> Result<Played, Error> {
    let mut player = Player { instrument, progress, playing: Playing { at: 0, messages: 0 }, now: 0 };
    let end = player.play(song.into_iter(), how);
    let song = player.playing;
    let ended = match end {
        Ok(ended) => Ok(ended),
        Err(Failure::Song(error)) => Err(error),
        Err(Failure::Instrument(error)) => return Err(error),
    };
    player.finish(how)?;
    Ok(Played { song, ended: ended? })
}

/// Why playing cannot go on.
enum Failure {
    Song(Error),
    Instrument(Error),
}

struct Player<'a, I: ?Sized, P> {
    instrument: &'a mut I,
    progress: P,
    /// How far the song is.
    playing: Playing,
    /// How far the instrument is.
    now: u64,
}

impl<I: Instrument + ?Sized, P: FnMut(Playing) -> ControlFlow<()>> Player<'_, I, P> {
    fn play(
        &mut self,
        song: impl Iterator<Item = Result<Event, MediaError>>,
        how: &Performance,
    ) -> Result<Ended, Failure> {
        let most = nanoseconds(how.most);
        for event in song {
            let Event { at, what } = event.map_err(|error| Failure::Song(error.into()))?;
            if self.sound(at.min(most), true).map_err(Failure::Instrument)?.is_break() {
                return Ok(Ended::Stopped);
            }
            if at > most {
                return Ok(Ended::TooLong { most: how.most });
            }
            match what {
                What::Short(short) => self.instrument.short(short.packed()),
                What::SysEx(message) => self.instrument.long(&message),
                What::End => break,
            }
            .map_err(Failure::Instrument)?;
            self.playing.messages += 1;
            if self.playing.messages.is_multiple_of(MESSAGES) && (self.progress)(self.playing).is_break() {
                return Ok(Ended::Stopped);
            }
        }
        Ok(Ended::Whole)
    }

    /// Has the instrument sound up to a time, in steps.
    fn sound(&mut self, until: u64, within_song: bool) -> Result<ControlFlow<()>, Error> {
        while self.now < until {
            self.now = until.min(self.now.saturating_add(STEP));
            self.instrument.advance(self.now)?;
            if within_song {
                self.playing.at = self.now;
            }
            if (self.progress)(self.playing).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self, how: &Performance) -> Result<(), Error> {
        self.control(&[DAMPER, ALL_NOTES_OFF])?;
        let until = self.now.saturating_add(nanoseconds(how.tail));
        if how.ring {
            let _ = self.sound(until, false)?;
        }
        self.control(&[ALL_SOUND_OFF])?;
        self.instrument.reset()?;
        let _ = if how.ring { ControlFlow::Continue(()) } else { self.sound(until, false)? };
        Ok(())
    }

    /// Sets controllers to 0 on all channels.
    fn control(&mut self, controllers: &[u8]) -> Result<(), Error> {
        for channel in 0..CHANNELS {
            for controller in controllers {
                self.instrument.short(u32::from_le_bytes([0xB0 | channel, *controller, 0, 0]))?;
            }
        }
        Ok(())
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
