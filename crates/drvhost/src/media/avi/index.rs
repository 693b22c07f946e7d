//! The `idx1` chunk (MS Learn: AVIOLDINDEX structure, aviriff.h), as far as key frames need it.

use std::io::{Read, Seek};

use super::AVIIF_KEYFRAME;
use super::packets::stream_of;
use crate::media::error::MediaError;
use crate::media::riff::{Chunk, RiffReader};

/// Length of an entry: identifier, flags, offset, size.
const ENTRY_LEN: usize = 16;
/// Entries of one stream that are kept; packets behind them have no known key frame flag.
const MAX_ENTRIES: usize = 4 << 20;
/// Bytes of the chunk that are read at a time, a whole number of entries.
const BLOCK: u64 = 4096 * ENTRY_LEN as u64;

struct Entry {
    offset: u32,
    size: u32,
    keyframe: bool,
}

/// The key frame flags of one stream's packets, by their place in the file.
pub(super) struct KeyFrames {
    /// What the entries' offsets count from.
    base: u64,
    /// In ascending order of offsets.
    entries: Vec<Entry>,
}

impl KeyFrames {
    /// Reads the entries of `stream`. `movi` is the offset of the form type of the `movi` list. Gives `None` where
    /// the first entry matches no packet, whether its offset counts from `movi` or from the file's start.
    pub fn load<R: Read + Seek>(
        riff: &mut RiffReader<R>,
        idx1: &Chunk,
        movi: u64,
        stream: u16,
    ) -> Result<Option<Self>, MediaError> {
        let end = idx1.body() + idx1.present;
        let mut entries = Vec::new();
        let mut base = None;
        let mut block = Vec::new();
        let mut at = idx1.body();
        while at < end && entries.len() < MAX_ENTRIES {
            block.resize(BLOCK.min(end - at) as usize, 0);
            riff.read_at(at, &mut block)?;
            at += block.len() as u64;
            for &[id, flags, offset, size] in block.as_chunks::<4>().0.as_chunks::<4>().0 {
                if stream_of(&id) != Some(stream) {
                    continue;
                }
                let [flags, offset, size] = [flags, offset, size].map(u32::from_le_bytes);
                if base.is_none() {
                    for candidate in [movi, 0] {
                        let target = riff.chunk_at(candidate + u64::from(offset), u64::MAX)?;
                        if target.is_some_and(|chunk| chunk.id == id && chunk.size == u64::from(size)) {
                            base = Some(candidate);
                            break;
                        }
                    }
                    if base.is_none() {
                        return Ok(None);
                    }
                }
                entries.push(Entry { offset, size, keyframe: flags & AVIIF_KEYFRAME != 0 });
            }
        }
        entries.sort_by_key(|entry| entry.offset);
        Ok(base.map(|base| Self { base, entries }))
    }

    /// Whether the packet in `chunk` is a key frame; `None` where no entry has its place and size.
    pub fn keyframe(&self, chunk: &Chunk) -> Option<bool> {
        let offset = u32::try_from(chunk.offset.checked_sub(self.base)?).ok()?;
        let found = self.entries.binary_search_by_key(&offset, |entry| entry.offset).ok()?;
        let entry = self.entries.get(found)?;
        (u64::from(entry.size) == chunk.size).then_some(entry.keyframe)
    }
}
