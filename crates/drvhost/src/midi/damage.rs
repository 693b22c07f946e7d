//! Damage: what is wrong with a file that could still be read.

use std::fmt;

/// The first thing that was wrong with a file, and how much else there was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong.
    pub flaw: Flaw,
    /// Where in the file.
    pub offset: u64,
    /// In which track, counted from 1; `None` where it is no track's.
    pub track: Option<usize>,
    /// How many further flaws were met.
    pub further: u64,
}

/// What is wrong at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The header states a format that there is not; the tracks are played together.
    Format(u16),
    /// The header states more tracks than the file has.
    FewerTracks {
        /// How many are stated.
        stated: u16,
        /// How many there are.
        present: usize,
    },
    /// Where a chunk should end, none begins; reading went on with the next track.
    ChunkLength {
        /// Where that is.
        next: u64,
    },
    /// Bytes that are no chunk, with no track found behind them.
    NoChunk,
    /// There are more chunks than are looked at.
    TooManyChunks,
    /// The file ends within the track.
    EndsInTrack {
        /// How many bytes of the track are missing.
        missing: u64,
    },
    /// The track is whole, and its length reaches beyond the file's end.
    TrackLength {
        /// By how many bytes.
        beyond: u64,
    },
    /// The track ends in the middle of an event.
    EndsInEvent,
    /// The track ends without an End of Track.
    NoEndOfTrack,
    /// Behind the End of Track there is more in the track's chunk, which is not read.
    BehindEndOfTrack {
        /// How many bytes.
        bytes: u64,
    },
    /// Here an event should begin, and none does; the rest of the track is not read.
    NoEvent {
        /// The byte.
        byte: u8,
    },
    /// A number of variable length has more than four bytes; the rest of the track is not read.
    LongNumber,
    /// A status that means nothing (F4, F5) was left out.
    UnknownStatus {
        /// The status.
        status: u8,
    },
    /// A byte of data is greater than 7F; its lower seven bits were taken.
    DataByte {
        /// The byte.
        byte: u8,
    },
    /// A tempo of no length, or in less than three bytes, was left out.
    Tempo,
    /// A system exclusive message does not end in F7, which was added.
    OpenSysEx,
    /// Within a system exclusive message another one begins; it was left out, with what else is in its packet.
    BrokenSysEx,
    /// System exclusive messages that are not complete have more bytes than are kept; one was left out.
    LongSysEx,
    /// Bytes that belong to no message were left out.
    StrayBytes,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Format(format) => write!(f, "there is no format {format}; the tracks are played together"),
            Self::FewerTracks { stated, present } => {
                write!(f, "the header states {stated} tracks, and the file has {present}")
            }
            Self::ChunkLength { next } => {
                write!(f, "a chunk's length is wrong; reading went on at byte {next}")
            }
            Self::NoChunk => f.write_str("there is no chunk here, and no track soon after it"),
            Self::TooManyChunks => f.write_str("no more chunks are looked at than were up to here"),
            Self::EndsInTrack { missing } => {
                write!(f, "the file ends within the track ({missing} bytes are missing)")
            }
            Self::TrackLength { beyond } => {
                write!(f, "the track's length is wrong: it reaches {beyond} bytes beyond the file's end")
            }
            Self::EndsInEvent => f.write_str("the track ends in the middle of an event"),
            Self::NoEndOfTrack => f.write_str("the track ends without an End of Track"),
            Self::BehindEndOfTrack { bytes } => {
                write!(f, "{bytes} bytes behind the End of Track were not read")
            }
            Self::NoEvent { byte } => {
                write!(f, "no event begins with {byte:02X} here; the rest of the track was not read")
            }
            Self::LongNumber => {
                f.write_str("a number has more than four bytes; the rest of the track was not read")
            }
            Self::UnknownStatus { status } => write!(f, "the status {status:02X} means nothing"),
            Self::DataByte { byte } => {
                write!(f, "{byte:02X} stands where data should be; {:02X} was taken", byte & 0x7F)
            }
            Self::Tempo => f.write_str("a tempo has no length and was left out"),
            Self::OpenSysEx => f.write_str("a system exclusive message has no end; F7 was added"),
            Self::BrokenSysEx => {
                f.write_str("another message begins within a system exclusive message, which was left out")
            }
            Self::LongSysEx => f.write_str("a system exclusive message is too long and was left out"),
            Self::StrayBytes => f.write_str("bytes that belong to no message were left out"),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.track {
            Some(track) => write!(f, "track {track}, byte {}: {}", self.offset, self.flaw)?,
            None => write!(f, "byte {}: {}", self.offset, self.flaw)?,
        }
        match self.further {
            0 => Ok(()),
            1 => f.write_str(" (and one further flaw)"),
            more => write!(f, " (and {more} further flaws)"),
        }
    }
}

/// Keeps the first flaw and counts the others.
#[derive(Clone, Debug, Default)]
pub(super) struct Flaws(Option<Damage>);

impl Flaws {
    pub fn note(&mut self, flaw: Flaw, offset: u64, track: Option<usize>) {
        match &mut self.0 {
            Some(damage) => damage.further += 1,
            none => *none = Some(Damage { flaw, offset, track, further: 0 }),
        }
    }

    pub fn damage(&self) -> Option<&Damage> {
        self.0.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_say_where_and_how_much() {
        let mut flaws = Flaws::default();
        assert_eq!(flaws.damage(), None);
        flaws.note(Flaw::EndsInTrack { missing: 12 }, 345, Some(2));
        let text = |flaws: &Flaws| flaws.damage().unwrap().to_string();
        assert_eq!(text(&flaws), "track 2, byte 345: the file ends within the track (12 bytes are missing)");
        flaws.note(Flaw::NoChunk, 400, None);
        assert!(text(&flaws).ends_with("missing) (and one further flaw)"));
        flaws.note(Flaw::Tempo, 401, Some(1));
        assert!(text(&flaws).ends_with("missing) (and 2 further flaws)"));
        let damage = Damage { flaw: Flaw::DataByte { byte: 0xBC }, offset: 9, track: None, further: 0 };
        assert_eq!(damage.to_string(), "byte 9: BC stands where data should be; 3C was taken");
    }
}
