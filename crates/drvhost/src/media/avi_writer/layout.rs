//! The headers and indexes of an AVI file, as bytes.

use super::track::{Track, first_video};
use super::{HEADER_LEN, MAX_PARTS};
use crate::media::avi::{
    AVI_INDEX_OF_CHUNKS, AVI_INDEX_OF_INDEXES, AVIF_HASINDEX, AVIF_ISINTERLEAVED, AVIIF_KEYFRAME, MainHeader,
    NOT_A_KEY_FRAME,
};
use crate::media::riff::FourCc;

/// Length of an entry of `idx1`: identifier, flags, offset, size.
pub(super) const OLD_ENTRY_LEN: u32 = 16;
/// Length of a standard index before its entries, with the chunk's header.
const STANDARD_LEN: u64 = HEADER_LEN + 24;
/// Length of an entry of a standard index: offset and size.
const STANDARD_ENTRY_LEN: u64 = 8;
/// Length of a super index, without the chunk's header.
const SUPER_LEN: usize = 24 + MAX_PARTS * 16;
/// Length of a `dmlh` chunk: the number of frames and what is reserved.
const DMLH_LEN: usize = 248;

/// A packet, as indexes have it.
pub(super) struct Entry {
    /// The chunk's identifier.
    pub id: FourCc,
    /// `AVIIF_` flags.
    pub flags: u32,
    /// Offset of the chunk's header from the form type `movi`.
    pub offset: u32,
    /// Length of the chunk's body.
    pub size: u32,
}

/// Where a standard index is, for the super index.
pub(super) struct SuperEntry {
    /// Offset of the chunk's header in the file.
    pub offset: u64,
    /// Length of the chunk with its header.
    pub size: u32,
    /// Units of the stream in it.
    pub duration: u64,
}

/// How long the indexes of a `RIFF` chunk of so many packets can become.
pub(super) fn indexes_len(tracks: usize, entries: usize, is_first: bool) -> u64 {
    let entries = entries as u64;
    let old = if is_first { HEADER_LEN + entries * u64::from(OLD_ENTRY_LEN) } else { 0 };
    old + tracks as u64 * STANDARD_LEN + entries * STANDARD_ENTRY_LEN
}

/// The chunk `ix##` for the entries of `id` (OpenDML 1.02; MS Learn: AVISTDINDEX structure). `None` where there are none.
pub(super) fn standard_index(id: FourCc, movi: u64, entries: &[Entry]) -> Option<Vec<u8>> {
    let own = || entries.iter().filter(|entry| entry.id == id);
    let count = own().count() as u32;
    if count == 0 {
        return None;
    }
    let [tens, ones, ..] = id;
    let mut bytes = index_header([b'i', b'x', tens, ones], 2, AVI_INDEX_OF_CHUNKS, count, id);
    bytes.extend(movi.to_le_bytes());
    bytes.extend([0; 4]);
    for entry in own() {
        // Here an offset is that of the body.
        let delta = if entry.flags & AVIIF_KEYFRAME == 0 { NOT_A_KEY_FRAME } else { 0 };
        bytes.extend((entry.offset + HEADER_LEN as u32).to_le_bytes());
        bytes.extend((entry.size | delta).to_le_bytes());
    }
    fill_in_size(&mut bytes);
    Some(bytes)
}

/// The list `hdrl`. Its length depends on nothing that changes while packets are written. `several` tells whether there is more
/// than one `RIFF` chunk.
pub(super) fn hdrl(tracks: &[Track], first_frames: u64, several: bool) -> Vec<u8> {
    let video = first_video(tracks);
    let largest = tracks.iter().map(|track| track.largest).max().unwrap_or(0);
    let (width, height) = video.map_or((0, 0), |track| track.size);
    let interleaved = if tracks.len() > 1 { AVIF_ISINTERLEAVED } else { 0 };
    let main = MainHeader {
        micros_per_frame: video.map_or(0, Track::micros_per_unit),
        max_bytes_per_sec: tracks.iter().fold(0, |sum, track| track.bytes_per_sec().saturating_add(sum)),
        flags: AVIF_HASINDEX | interleaved,
        total_frames: first_frames as u32,
        streams: tracks.len() as u32,
        suggested_buffer_size: largest,
        width,
        height,
    };
    let mut parts = vec![chunk(b"avih", &main.to_bytes())];
    parts.extend(tracks.iter().map(|track| strl(track, several)));
    let total = video.map_or(0, |track| track.units);
    parts.push(odml(total as u32, several));
    list(b"hdrl", &parts)
}

/// The list `strl` of a stream.
fn strl(track: &Track, several: bool) -> Vec<u8> {
    let mut parts =
        vec![chunk(b"strh", &track.final_header().to_bytes()), chunk(b"strf", &track.given.format)];
    if let Some(name) = &track.given.name {
        parts.push(chunk(b"strn", &[name.as_bytes(), b"\0"].concat()));
    }
    parts.push(super_index(track, several));
    parts.extend(track.given.aspect.and_then(|aspect| vprp(track, aspect)));
    list(b"strl", &parts)
}

/// The chunk `indx` (OpenDML 1.02; MS Learn: AVISUPERINDEX structure), or as much room for it.
fn super_index(track: &Track, several: bool) -> Vec<u8> {
    if !several {
        return chunk(b"JUNK", &[0; SUPER_LEN]);
    }
    let count = track.super_index.len() as u32;
    let mut bytes = index_header(*b"indx", 4, AVI_INDEX_OF_INDEXES, count, track.id);
    bytes.extend([0; 12]);
    for entry in &track.super_index {
        bytes.extend(entry.offset.to_le_bytes());
        bytes.extend([entry.size, entry.duration as u32].map(u32::to_le_bytes).as_flattened());
    }
    bytes.resize(HEADER_LEN as usize + SUPER_LEN, 0);
    fill_in_size(&mut bytes);
    bytes
}

/// What both kinds of index begin with; the chunk's size is filled in later.
fn index_header(id: FourCc, longs: u8, kind: u8, count: u32, of: FourCc) -> Vec<u8> {
    let mut bytes = [id, [0; 4], [longs, 0, 0, kind]].concat();
    bytes.extend(count.to_le_bytes());
    bytes.extend(of);
    bytes
}

/// States the length of all that is there.
fn fill_in_size(bytes: &mut [u8]) {
    let size = bytes.len() as u32 - HEADER_LEN as u32;
    if let Some(target) = bytes.get_mut(4..).and_then(|rest| rest.first_chunk_mut()) {
        *target = size.to_le_bytes();
    }
}

/// The list `odml` with the number of frames of the whole file, or as much room.
fn odml(frames: u32, several: bool) -> Vec<u8> {
    let mut dmlh = [0; DMLH_LEN];
    if !several {
        return chunk(b"JUNK", &[0; 4 + HEADER_LEN as usize + DMLH_LEN]);
    }
    if let Some(target) = dmlh.first_chunk_mut() {
        *target = frames.to_le_bytes();
    }
    list(b"odml", &[chunk(b"dmlh", &dmlh)])
}

/// The chunk `vprp` (OpenDML 1.02, Video Properties Header): the shape of a frame, progressive, of no broadcast standard. `None`
/// for a stream without pictures.
fn vprp(track: &Track, (across, down): (u16, u16)) -> Option<Vec<u8>> {
    let (width, height) = track.size;
    let header = &track.given.header;
    let per_second = header.rate.checked_div(header.scale).filter(|_| track.is_video())?;
    let field = [height, width, height, width, 0, 0, 0, 0];
    let aspect = u32::from(across) << 16 | u32::from(down);
    let frame = [0, 0, per_second.max(1), width, height, aspect, width, height, 1];
    let numbers: Vec<u8> = frame.into_iter().chain(field).flat_map(u32::to_le_bytes).collect();
    Some(chunk(b"vprp", &numbers))
}

/// A chunk, padded to an even length.
fn chunk(id: &FourCc, body: &[u8]) -> Vec<u8> {
    let mut bytes = [id.as_slice(), &(body.len() as u32).to_le_bytes(), body].concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    bytes
}

fn list(form: &FourCc, chunks: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[form.as_slice(), &chunks.concat()].concat())
}
