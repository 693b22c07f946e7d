//! Damage: what a file lacks that could still be read in part.

use std::fmt;

use super::riff::{FourCc, fourcc_text};

/// The first damage that a reader met, and how far it got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// What is wrong.
    pub kind: DamageKind,
    /// Where in the file.
    pub offset: u64,
    /// How much was read so far, in [`Damage::unit`].
    pub read: u64,
    /// How much the file's headers promise, where they do.
    pub stated: Option<u64>,
    /// What `read` and `stated` count.
    pub unit: Unit,
}

/// What is wrong with a file at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// What is wrong.
    pub kind: DamageKind,
    /// Where in the file.
    pub offset: u64,
}

/// The kind of a [`Damage`] or a [`Flaw`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The file ends inside a chunk of a stream.
    EndsInStream {
        /// The stream whose chunk is cut.
        stream: u16,
        /// How many bytes of the chunk are missing.
        missing: u64,
    },
    /// The file ends inside some other chunk.
    EndsInChunk {
        /// The chunk's identifier.
        id: FourCc,
        /// How many bytes of the chunk are missing.
        missing: u64,
    },
    /// The file ends between two chunks, or inside a chunk's header, before the end that its headers state.
    EndsEarly {
        /// How many bytes of the enclosing list are missing.
        missing: u64,
    },
    /// Bytes that are no chunk were skipped; reading went on behind them.
    Skipped {
        /// How many bytes were skipped.
        bytes: u64,
    },
    /// Bytes that are no chunk, with no chunk found behind them; reading stopped there.
    Lost,
    /// Every chunk is whole up to the file's end, and yet there are fewer than its headers promise: whole `RIFF` chunks are
    /// missing, or an identifier has become another one.
    Fewer,
}

/// What a [`Damage`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Pictures of a video stream.
    Frames,
    /// Chunks of a stream that is not video.
    Chunks,
    /// Bytes of sample data.
    Bytes,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frames => "frames",
            Self::Chunks => "chunks",
            Self::Bytes => "bytes",
        })
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        match self.kind {
            DamageKind::EndsInStream { stream, missing } => write!(
                f,
                "the file ends at byte {offset} in the middle of a chunk of stream {stream} ({missing} bytes are missing)"
            ),
            DamageKind::EndsInChunk { id, missing } => write!(
                f,
                "the file ends at byte {offset} in the middle of a {} chunk ({missing} bytes are missing)",
                fourcc_text(id)
            ),
            DamageKind::EndsEarly { missing } => {
                write!(f, "the file ends at byte {offset}, {missing} bytes before the end its header states")
            }
            DamageKind::Skipped { bytes } => {
                write!(f, "{bytes} bytes at byte {offset} are not a chunk and were skipped")
            }
            DamageKind::Fewer => {
                write!(f, "the file, which ends at byte {offset}, holds less than its headers state")
            }
            DamageKind::Lost => write!(f, "there is no chunk at byte {offset} and none soon after it"),
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Flaw { kind: self.kind, offset: self.offset }.fmt(f)?;
        match self.stated {
            Some(stated) => write!(f, "; {} of {stated} {} could be read", self.read, self.unit),
            None => write!(f, "; {} {} could be read", self.read, self.unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_say_where_and_how_much() {
        let mut damage = Damage {
            kind: DamageKind::EndsInStream { stream: 0, missing: 12 },
            offset: 123_456,
            read: 57,
            stated: Some(120),
            unit: Unit::Frames,
        };
        assert_eq!(
            damage.to_string(),
            "the file ends at byte 123456 in the middle of a chunk of stream 0 (12 bytes are missing); \
             57 of 120 frames could be read"
        );
        damage.kind = DamageKind::EndsInChunk { id: *b"data", missing: 1 };
        (damage.stated, damage.unit) = (None, Unit::Bytes);
        assert_eq!(
            damage.to_string(),
            "the file ends at byte 123456 in the middle of a 'data' chunk (1 bytes are missing); \
             57 bytes could be read"
        );
    }
}
