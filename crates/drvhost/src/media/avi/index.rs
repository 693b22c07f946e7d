//! The indexes of a file, as far as they concern one stream: OpenDML's (OpenDML AVI File Format Extensions 1.02; MS Learn: AVISUPERINDEX
//! and AVISTDINDEX structures, aviriff.h), and where there is none that fits, the chunk `idx1` (MS Learn: AVIOLDINDEX structure).

use std::io::{Read, Seek};

use super::packets::stream_of;
use super::{AVI_INDEX_OF_CHUNKS, AVI_INDEX_OF_INDEXES, AVIIF_KEYFRAME, NOT_A_KEY_FRAME};
use crate::media::error::MediaError;
use crate::media::riff::{Chunk, HEADER_LEN, RiffReader, fourcc, le16, le32, le64};

/// Length of an entry of `idx1`: identifier, flags, offset, size.
const ENTRY_LEN: u64 = 16;
/// Length of an OpenDML index before its entries.
const INDEX_HEADER_LEN: u64 = 24;
/// Length of an entry of a super index: offset, size, duration.
const SUPER_ENTRY_LEN: u64 = 16;
/// Entries of one stream that are kept; packets behind them have no known key frame flag.
const MAX_ENTRIES: usize = 4 << 20;
/// Standard indexes of one stream that are read. Each is read at a distant place.
const MAX_INDEXES: u64 = 4096;
/// Entries that are read at a time.
const BLOCK: u64 = 4096;

/// Where a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Offset of the chunk's header in the file.
    pub offset: u64,
    /// Length of the chunk's body.
    pub size: u32,
    /// Whether the packet needs no other to be decoded.
    pub keyframe: bool,
}

/// The packets of one stream, by their place in the file.
pub(super) struct Index {
    /// In ascending order of offsets, without palette changes.
    entries: Vec<Entry>,
    /// Whether the file lists them in this order, and none twice.
    in_order: bool,
    /// Whether the palette changes in the course of the stream, as far as an index can tell; `None` where it cannot.
    palette_changes: Option<bool>,
    /// Whether it is one of OpenDML's.
    open_dml: bool,
}

impl Index {
    /// Reads the index of `stream`. `indx` is the chunk in the stream's list, and `idx1` that of the file with the offset of the form
    /// type of the first `movi` list. Gives `None` where neither has an entry that leads to a packet.
    pub fn load<R: Read + Seek>(
        riff: &mut RiffReader<R>,
        indx: Option<&Chunk>,
        idx1: Option<(&Chunk, u64)>,
        stream: u16,
    ) -> Result<Option<Self>, MediaError> {
        let mut index = Self { entries: Vec::new(), in_order: false, palette_changes: None, open_dml: true };
        if let Some(indx) = indx {
            index.load_indx(riff, indx, stream)?;
        }
        if let Some((idx1, movi)) = idx1
            && index.entries.is_empty()
        {
            index.open_dml = false;
            index.load_idx1(riff, idx1, movi, stream)?;
        }
        index.in_order = index.entries.is_sorted_by(|one, other| one.offset < other.offset);
        index.entries.sort_by_key(|entry| entry.offset);
        Ok((!index.entries.is_empty()).then_some(index))
    }

    /// All packets in ascending order of offsets, if the file lists them so and none twice.
    pub fn in_order(&self) -> Option<&[Entry]> {
        self.in_order.then_some(&self.entries)
    }

    /// Whether the palette changes in the course of the stream; `None` where the index cannot tell.
    pub fn palette_changes(&self) -> Option<bool> {
        self.palette_changes
    }

    /// Whether it is one of OpenDML's.
    pub fn is_open_dml(&self) -> bool {
        self.open_dml
    }

    /// How many packets it lists.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many of them are key frames.
    pub fn key_frames(&self) -> u64 {
        self.entries.iter().filter(|entry| entry.keyframe && entry.size > 0).count() as u64
    }

    /// Whether the packet in `chunk` is a key frame; `None` where no entry has its place and size.
    pub fn keyframe(&self, chunk: &Chunk) -> Option<bool> {
        let found = self.entries.binary_search_by_key(&chunk.offset, |entry| entry.offset).ok()?;
        let entry = self.entries.get(found)?;
        (u64::from(entry.size) == chunk.size).then_some(entry.keyframe)
    }

    /// Reads what a chunk `indx` is or leads to.
    fn load_indx<R: Read + Seek>(
        &mut self,
        riff: &mut RiffReader<R>,
        indx: &Chunk,
        stream: u16,
    ) -> Result<(), MediaError> {
        let Some(header) = IndexHeader::read(riff, indx)? else { return Ok(()) };
        if header.kind == AVI_INDEX_OF_CHUNKS {
            return self.load_standard(riff, indx, stream);
        }
        if header.kind != AVI_INDEX_OF_INDEXES || u64::from(header.longs) * 4 != SUPER_ENTRY_LEN {
            return Ok(());
        }
        let room = (indx.present - INDEX_HEADER_LEN) / SUPER_ENTRY_LEN;
        for number in 0..room.min(header.count.into()).min(MAX_INDEXES) {
            let mut offset = [0; 8];
            riff.read_at(indx.body() + INDEX_HEADER_LEN + number * SUPER_ENTRY_LEN, &mut offset)?;
            let chunk = riff.chunk_at(u64::from_le_bytes(offset), u64::MAX)?;
            // Nearly all writers call these chunks `ix##`, some `##ix`.
            let is_index = |chunk: &Chunk| chunk.id.starts_with(b"ix") || chunk.id.ends_with(b"ix");
            if let Some(chunk) = chunk.filter(is_index) {
                self.load_standard(riff, &chunk, stream)?;
            }
        }
        Ok(())
    }

    /// Reads a standard index, or one of fields, whose first entry leads to a packet.
    fn load_standard<R: Read + Seek>(
        &mut self,
        riff: &mut RiffReader<R>,
        chunk: &Chunk,
        stream: u16,
    ) -> Result<(), MediaError> {
        let Some(header) = IndexHeader::read(riff, chunk)? else { return Ok(()) };
        if header.kind != AVI_INDEX_OF_CHUNKS || stream_of(&header.id) != Some(stream) {
            return Ok(());
        }
        // An entry has offset and size; where each packet is two fields, also the offset of the second one.
        let entry_len = match (header.longs, header.sub_type) {
            (2, 0) => 8,
            (3, 0 | 1) => 12,
            _ => return Ok(()),
        };
        let start = chunk.body() + INDEX_HEADER_LEN;
        let room = (chunk.present - INDEX_HEADER_LEN) / entry_len;
        let end = start + room.min(header.count.into()) * entry_len;
        let mut is_checked = false;
        let mut block = Vec::new();
        let mut at = start;
        while at < end && self.entries.len() < MAX_ENTRIES {
            block.resize((BLOCK * entry_len).min(end - at) as usize, 0_u8);
            riff.read_at(at, &mut block)?;
            at += block.len() as u64;
            for entry in block.chunks_exact(entry_len as usize) {
                let (Some(offset), Some(size)) = (le32(entry, 0), le32(entry, 4)) else { continue };
                // The offset is that of the body.
                let offset = header.base.checked_add(offset.into()).and_then(|at| at.checked_sub(HEADER_LEN));
                // Reading on behind nonsense would read as often as the super index says.
                let Some(offset) = offset else { return Ok(()) };
                let keyframe = size & NOT_A_KEY_FRAME == 0;
                let entry = Entry { offset, size: size & !NOT_A_KEY_FRAME, keyframe };
                if !is_checked && !leads_to_packet(riff, &entry, stream)? {
                    return Ok(());
                }
                is_checked = true;
                self.entries.push(entry);
            }
        }
        Ok(())
    }

    /// Reads the entries of `idx1`, whose offsets count from `movi` or from the file's start; none where the first one leads to no
    /// packet either way.
    fn load_idx1<R: Read + Seek>(
        &mut self,
        riff: &mut RiffReader<R>,
        idx1: &Chunk,
        movi: u64,
        stream: u16,
    ) -> Result<(), MediaError> {
        let end = idx1.body() + idx1.present;
        let mut base = None;
        let mut palette_changes = false;
        let mut block = Vec::new();
        let mut at = idx1.body();
        while at < end && self.entries.len() < MAX_ENTRIES {
            block.resize((BLOCK * ENTRY_LEN).min(end - at) as usize, 0_u8);
            riff.read_at(at, &mut block)?;
            at += block.len() as u64;
            for &[id, flags, offset, size] in block.as_chunks::<4>().0.as_chunks::<4>().0 {
                if stream_of(&id) != Some(stream) {
                    continue;
                }
                if id.ends_with(b"pc") {
                    palette_changes = true;
                    continue;
                }
                let [flags, offset, size] = [flags, offset, size].map(u32::from_le_bytes);
                let keyframe = flags & AVIIF_KEYFRAME != 0;
                let entry = |base: u64| Entry { offset: base + u64::from(offset), size, keyframe };
                let base = match base {
                    Some(base) => base,
                    None if leads_to_packet(riff, &entry(movi), stream)? => *base.insert(movi),
                    None if leads_to_packet(riff, &entry(0), stream)? => *base.insert(0),
                    None => return Ok(()),
                };
                self.entries.push(entry(base));
            }
        }
        self.palette_changes = Some(palette_changes);
        Ok(())
    }
}

/// Whether an entry has the place and the size of a packet of `stream`.
pub(super) fn leads_to_packet<R: Read + Seek>(
    riff: &mut RiffReader<R>,
    entry: &Entry,
    stream: u16,
) -> Result<bool, MediaError> {
    let chunk = riff.chunk_at(entry.offset, u64::MAX)?;
    Ok(chunk.is_some_and(|chunk| {
        let is_packet = stream_of(&chunk.id) == Some(stream) && !chunk.id.ends_with(b"pc");
        is_packet && chunk.size == u64::from(entry.size)
    }))
}

/// What all OpenDML indexes begin with.
struct IndexHeader {
    /// `wLongsPerEntry`: length of an entry in units of four bytes.
    longs: u16,
    /// `bIndexSubType`.
    sub_type: u8,
    /// `bIndexType`.
    kind: u8,
    /// `nEntriesInUse`.
    count: u32,
    /// `dwChunkId`: the identifier of the packets.
    id: [u8; 4],
    /// `qwBaseOffset`, in indexes of packets.
    base: u64,
}

impl IndexHeader {
    /// `None` where the file ends before its end.
    fn read<R: Read + Seek>(riff: &mut RiffReader<R>, chunk: &Chunk) -> Result<Option<Self>, MediaError> {
        if chunk.present < INDEX_HEADER_LEN {
            return Ok(None);
        }
        let mut bytes = [0; INDEX_HEADER_LEN as usize];
        riff.read_at(chunk.body(), &mut bytes)?;
        let [_, _, sub_type, kind, ..] = bytes;
        let fields = (le16(&bytes, 0), le32(&bytes, 4), fourcc(&bytes, 8), le64(&bytes, 12));
        let (Some(longs), Some(count), Some(id), Some(base)) = fields else { return Ok(None) };
        Ok(Some(Self { longs, sub_type, kind, count, id, base }))
    }
}
