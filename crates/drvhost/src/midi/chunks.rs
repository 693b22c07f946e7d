//! Where a file's header and tracks are.
//!
//! A chunk is an identifier, a length of 32 bits, the high byte first, and that many bytes. Where a length leads to no chunk, the next
//! track is searched for, so that one wrong length does not cost the tracks behind it.

use std::io::{Read, Seek};

use super::damage::Flaw;
use super::source::Source;
use super::time::Division;
use crate::media::{MediaError, RiffReader, describe};

/// Length of a chunk's identifier and length.
const CHUNK_HEADER: u64 = 8;
/// Length of the header chunk's numbers.
const HEADER: u64 = 6;
/// As many tracks as a header can state.
const MAX_TRACKS: usize = 0xFFFF;
/// The most chunks that are looked at: all tracks, and as many of other kinds. So a huge file of empty chunks is not walked through for hours.
const MAX_CHUNKS: usize = 2 * MAX_TRACKS;
/// How far a track is searched for where a length is wrong: further than tracks are long. So a huge file of nothing is not read for hours.
const SEARCH: u64 = 16 << 20;
/// How much is read at a time while searching.
const WINDOW: usize = 64 << 10;
/// The most chunks of a RIFF file that are looked at.
const MAX_RIFF_CHUNKS: usize = 1 << 16;
/// What a file of another kind is told not to be.
const WANTED: &str = "a MIDI file";

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub format: u16,
    /// How many tracks there should be.
    pub tracks: u16,
    pub division: Division,
}

/// Where a track is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub start: u64,
    /// Offset behind the last byte that the file has.
    pub end: u64,
    /// How many bytes the file does not have.
    pub missing: u64,
    /// Whether the chunk's own length is what `end` follows from.
    pub as_stated: bool,
}

/// A chunk of the file.
struct Chunk {
    id: [u8; 4],
    body: u64,
    /// Offset behind it, by its length.
    end: u64,
}

impl Chunk {
    /// Whether this is a chunk at all, rather than some bytes in the middle of something. One of a kind that is not known must be whole, because
    /// there is text in tracks.
    fn is_one(&self, file_len: u64) -> bool {
        let is_text = self.id.iter().all(|byte| matches!(byte, b' '..=b'~'));
        matches!(&self.id, b"MTrk" | b"MThd") || is_text && self.end <= file_len
    }
}

/// Finds header and tracks.
///
/// # Errors
/// [`MediaError::WrongForm`], [`MediaError::Malformed`] where the header is not whole or states no time, or where there is no track;
/// [`MediaError::Io`].
pub(super) fn find<R: Read + Seek>(source: &mut Source<R>) -> Result<(Header, Vec<Extent>), MediaError> {
    let mut head = Vec::new();
    source.read(0, u64::MAX, 16, &mut head)?;
    let start = match head.get(..4) {
        Some(b"MThd") => 0,
        Some(b"RIFF") => within_riff(source)?,
        _ => return Err(MediaError::WrongForm { wanted: WANTED, found: describe(&head) }),
    };
    let wrong = |offset, why| MediaError::Malformed { what: "MIDI file", offset, why };
    let chunk = match chunk_at(source, start)? {
        Some(chunk) if &chunk.id == b"MThd" => chunk,
        _ => return Err(wrong(start, "its 'data' chunk does not begin with a header".into())),
    };
    source.read(chunk.body, u64::MAX, HEADER as usize, &mut head)?;
    let &[a, b, c, d, e, f] = head.as_slice() else {
        return Err(wrong(chunk.body, format!("its header has {} of {HEADER} bytes", head.len())));
    };
    let division = Division::of([e, f]).map_err(|why| wrong(chunk.body + 4, why))?;
    let header = Header { format: u16::from_be_bytes([a, b]), tracks: u16::from_be_bytes([c, d]), division };
    if header.format > 2 {
        source.flaws.note(Flaw::Format(header.format), chunk.body, None);
    }
    let tracks = tracks(source, header, &chunk)?;
    if tracks.is_empty() {
        return Err(wrong(source.len, "it ends without a track".into()));
    }
    if tracks.len() < header.tracks.into() {
        let flaw = Flaw::FewerTracks { stated: header.tracks, present: tracks.len() };
        source.flaws.note(flaw, source.len, None);
    }
    Ok((header, tracks))
}

/// Where the MIDI file within a RIFF file of the form RMID begins: its chunk `data`. The file ends with the chunk, if that has a length.
fn within_riff<R: Read + Seek>(source: &mut Source<R>) -> Result<u64, MediaError> {
    let mut riff = RiffReader::new(source.inner())?;
    let list = riff.form(*b"RMID", WANTED)?;
    let (mut at, file_end) = (list.start, riff.len());
    // The RIFF chunk's own length is not needed, so it does no harm where it is wrong.
    for _ in 0..MAX_RIFF_CHUNKS {
        let Some(chunk) = riff.chunk_at(at, file_end)? else { break };
        if &chunk.id == b"data" {
            if chunk.size != 0 {
                source.len = chunk.body() + chunk.present;
            }
            return Ok(chunk.body());
        }
        at = chunk.next();
    }
    let why = "it ends without a 'data' chunk".into();
    Err(MediaError::Malformed { what: "RIFF MIDI file", offset: at.min(file_end), why })
}

/// The tracks behind the header.
fn tracks<R: Read + Seek>(
    source: &mut Source<R>,
    header: Header,
    first: &Chunk,
) -> Result<Vec<Extent>, MediaError> {
    let mut tracks = Vec::new();
    // The header's numbers are there, whatever its length is.
    let least = first.body + HEADER;
    if first.end < least {
        source.flaws.note(Flaw::ChunkLength { next: least }, first.body - CHUNK_HEADER, None);
    }
    let mut at = follow(source, least, first.end.max(least), true)?;
    for _ in 0..MAX_CHUNKS {
        let Some(place) = at else { return Ok(tracks) };
        let Some(chunk) = chunk_at(source, place)? else { return Ok(tracks) };
        match &chunk.id {
            b"MTrk" if tracks.len() == MAX_TRACKS => break,
            b"MTrk" => {
                let wanted = tracks.len() + 1 < header.tracks.into();
                let next = follow(source, chunk.body, chunk.end, wanted)?;
                let end = next.unwrap_or(source.len);
                // Where a track was found elsewhere, the length is wrong, and says nothing of what is missing.
                let missing = if next.is_none() { chunk.end.saturating_sub(source.len) } else { 0 };
                tracks.push(Extent { start: chunk.body, end, missing, as_stated: end == chunk.end });
                at = next;
            }
            // Another file behind this one.
            b"MThd" => return Ok(tracks),
            _ => at = follow(source, chunk.body, chunk.end, true)?,
        }
    }
    source.flaws.note(Flaw::TooManyChunks, at.unwrap_or(source.len), None);
    Ok(tracks)
}

/// The chunk whose header is at `place`, or `None` where the file ends before.
fn chunk_at<R: Read + Seek>(source: &mut Source<R>, place: u64) -> Result<Option<Chunk>, MediaError> {
    let mut bytes = Vec::new();
    source.read(place, u64::MAX, CHUNK_HEADER as usize, &mut bytes)?;
    let &[a, b, c, d, e, f, g, h] = bytes.as_slice() else { return Ok(None) };
    let body = place + CHUNK_HEADER;
    Ok(Some(Chunk { id: [a, b, c, d], body, end: body + u64::from(u32::from_be_bytes([e, f, g, h])) }))
}

/// Where the chunk is that follows one with this body, which should end at `end`; `None` where there is none. Where the file has less,
/// further tracks are searched for if `wanted`.
fn follow<R: Read + Seek>(
    source: &mut Source<R>,
    body: u64,
    end: u64,
    wanted: bool,
) -> Result<Option<u64>, MediaError> {
    if end <= source.len {
        match chunk_at(source, end)? {
            Some(chunk) if chunk.is_one(source.len) => return Ok(Some(end)),
            Some(_) => {}
            // Less than a chunk's header is no loss.
            None => return Ok(None),
        }
    } else if !wanted {
        return Ok(None);
    }
    let found = search(source, body)?;
    match found {
        Some(next) => source.flaws.note(Flaw::ChunkLength { next }, body - CHUNK_HEADER, None),
        // A file that is cut off is told by what its last track lacks.
        None if end <= source.len => source.flaws.note(Flaw::NoChunk, end, None),
        None => {}
    }
    Ok(found)
}

/// The first track's header from `from` on.
fn search<R: Read + Seek>(source: &mut Source<R>, from: u64) -> Result<Option<u64>, MediaError> {
    const ID: &[u8] = b"MTrk";
    let mut window = Vec::new();
    let mut at = from;
    while at - from < SEARCH {
        source.read(at, u64::MAX, WINDOW, &mut window)?;
        if let Some(place) = window.windows(ID.len()).position(|bytes| bytes == ID) {
            return Ok(Some(at + place as u64));
        }
        if window.len() < WINDOW {
            break;
        }
        at += (WINDOW - ID.len() + 1) as u64;
    }
    Ok(None)
}
