//! Walking all packets of a film once, by their headers alone: what it has, and what is wrong with it.

use std::io::{Read, Seek};

use super::index::Index;
use super::packets::{MAX_PACKET, PacketKind, Packets};
use super::{AviReader, MAX_STREAMS};
use crate::media::damage::Flaw;
use crate::media::error::MediaError;

/// The most flaws that are kept; the others are counted.
const MAX_FLAWS: usize = 100;
/// The most packets of all streams whose entries in an index are kept for a walk, so that a file of many streams takes no more memory than others.
const MAX_ENTRIES: usize = 8 << 20;
/// After so many packets it is asked whether to go on.
const LOOK: u64 = 4096;

/// What a film has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// By the streams' numbers.
    pub streams: Vec<StreamWalk>,
    /// What is wrong, in the order of the file; at most a hundred.
    pub flaws: Vec<Flaw>,
    /// How many flaws there are besides.
    pub further: u64,
}

/// What one stream has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamWalk {
    /// Packets, without changes of the palette: frames of video.
    pub packets: u64,
    /// Those of them that have no bytes: frames that repeat the one before them.
    pub empty: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Packets that are too large to be read.
    pub too_large: u64,
    /// Changes of the palette.
    pub palette_changes: u64,
    /// Packets that an index has, with their place and size.
    pub listed: u64,
    /// Those of them that have bytes and are key frames by the index.
    pub key_frames: u64,
}

/// What index a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexState {
    /// None.
    Absent,
    /// One that leads to no packet of the stream.
    Useless,
    /// One that leads to packets.
    Usable {
        /// Whether it is one of OpenDML's, and not `idx1`.
        open_dml: bool,
        /// How many packets it lists.
        packets: u64,
        /// How many of them are key frames.
        key_frames: u64,
    },
}

impl<R: Read + Seek> AviReader<R> {
    /// What index a stream has.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn index_state(&mut self, stream: u16) -> Result<IndexState, MediaError> {
        let indx = self.stream(stream).and_then(|stream| stream.indx);
        Ok(match self.index_of(stream)? {
            Some(index) => IndexState::Usable {
                open_dml: index.is_open_dml(),
                packets: index.len() as u64,
                key_frames: index.key_frames(),
            },
            None if indx.is_some() || self.idx1.is_some() => IndexState::Useless,
            None => IndexState::Absent,
        })
    }

    /// Walks over all packets. `go_on` is told from time to time at which offset of the file the walk is; where it answers no, there is no result.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn walk(&mut self, mut go_on: impl FnMut(u64) -> bool) -> Result<Option<Walk>, MediaError> {
        let count = self.streams.len().min(MAX_STREAMS);
        let mut indexes = Vec::new();
        let mut room = MAX_ENTRIES;
        for stream in 0..count {
            let index = self.index_of(stream as u16)?.filter(|index| index.len() <= room);
            room -= index.as_ref().map_or(0, Index::len);
            indexes.push(index);
        }
        let mut walk = Walk { streams: vec![StreamWalk::default(); count], ..Walk::default() };
        let mut packets = Packets::without_index(self, 0);
        let mut passed: u64 = 0;
        loop {
            let found = packets.next_of_any()?;
            if let Some(flaw) = packets.take_flaw() {
                if walk.flaws.len() < MAX_FLAWS { walk.flaws.push(flaw) } else { walk.further += 1 }
            }
            let Some((chunk, stream, kind)) = found else { return Ok(Some(walk)) };
            if passed.is_multiple_of(LOOK) && !go_on(chunk.offset) {
                return Ok(None);
            }
            passed += 1;
            let number = usize::from(stream);
            let Some(told) = walk.streams.get_mut(number) else { continue };
            if kind == PacketKind::PaletteChange {
                told.palette_changes += 1;
                continue;
            }
            told.packets += 1;
            told.bytes += chunk.size;
            told.empty += u64::from(chunk.size == 0);
            told.too_large += u64::from(chunk.size > MAX_PACKET);
            let index = indexes.get(number).and_then(Option::as_ref);
            if let Some(is_key) = index.and_then(|index| index.keyframe(&chunk)) {
                told.listed += 1;
                told.key_frames += u64::from(is_key && chunk.size > 0);
            }
        }
    }

    /// The index of a stream, if it has one that leads to a packet.
    pub(super) fn index_of(&mut self, stream: u16) -> Result<Option<Index>, MediaError> {
        let idx1 = self.idx1.zip(self.movi.first().copied());
        let idx1 = idx1.as_ref().map(|(idx1, movi)| (idx1, movi.start - 4));
        let indx = self.streams.get(usize::from(stream)).and_then(|stream| stream.indx);
        Index::load(&mut self.riff, indx.as_ref(), idx1, stream)
    }
}
