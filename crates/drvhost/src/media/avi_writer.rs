//! Writing AVI files (MS Learn: AVI RIFF File Reference), beyond 1 GiB as the OpenDML AVI File Format Extensions 1.02 have it.
//!
//! A file begins as AVI 1.0: one `RIFF` chunk whose packets an `idx1` lists. Where that chunk is full, its `movi` list ends with a
//! standard index for each stream, and a `RIFF` chunk of the form `AVIX` follows. What leads to these indexes, the streams' super
//! indexes, has its room in the headers from the start; it is a `JUNK` chunk for as long as one `RIFF` chunk is enough.

mod layout;
#[cfg(test)]
mod tests;
mod track;

use std::path::Path;

use super::avi::{AVIIF_KEYFRAME, AVIIF_NO_TIME, MAX_PACKET};
use super::error::MediaError;
use super::riff::{FourCc, HEADER_LEN};
use super::staged::StagedFile;
use layout::{Entry, SuperEntry};
use track::Track;
pub use track::{AviTrack, VideoShape};

/// How long a `RIFF` chunk becomes, indexes included, before the next one is begun. OpenDML asks for at most 1 GiB in the first one.
const MAX_PART: u64 = 1 << 30;
/// The most `RIFF` chunks of a file: the super indexes have room for as many.
const MAX_PARTS: usize = 256;
/// The most packets in a `RIFF` chunk, whose index is kept in memory until the chunk is done.
const MAX_ENTRIES: usize = 4 << 20;
/// Offset of the `hdrl` list: it stands behind the file's `RIFF` header and form type.
const HDRL: u64 = HEADER_LEN + 4;

/// Writes an AVI file of any streams. Packets are stored in the order in which they come, so the caller interleaves them.
pub struct AviWriter {
    out: StagedFile,
    tracks: Vec<Track>,
    /// Where the next chunk goes.
    at: u64,
    part: Part,
    /// How many `RIFF` chunks are done.
    done: usize,
    /// Frames of the first video stream in the first `RIFF` chunk.
    first_frames: u64,
    max_part: u64,
}

/// The `RIFF` chunk that is being written.
struct Part {
    /// Offset of its header.
    riff: u64,
    /// Offset of the form type `movi`, from which indexes count.
    movi: u64,
    /// Its packets, in their order.
    entries: Vec<Entry>,
}

impl AviWriter {
    /// Starts a file that takes the name `path` at [`AviWriter::finish`]; dropped before, it leaves nothing.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where there are no tracks or over 100, or a track is of another kind than `vids`, `auds` and
    /// `txts`, or its rate or scale is 0; [`MediaError::Malformed`] where the format block of video or sound is none;
    /// [`MediaError::TooLarge`] where a format or name is longer than [`AviReader`](super::AviReader) reads; [`MediaError::Io`].
    pub fn create(path: &Path, tracks: Vec<AviTrack>) -> Result<Self, MediaError> {
        let tracks = track::check_all(tracks)?;
        let mut out = StagedFile::create(path)?;
        let hdrl = layout::hdrl(&tracks, 0, false);
        let movi = HDRL + hdrl.len() as u64 + HEADER_LEN;
        out.write(b"RIFF\0\0\0\0AVI ")?;
        out.write(&hdrl)?;
        out.write(b"LIST\0\0\0\0movi")?;
        let part = Part { riff: 0, movi, entries: Vec::new() };
        Ok(Self { out, tracks, at: movi + 4, part, done: 0, first_frames: 0, max_part: MAX_PART })
    }

    /// Adds a packet to the track of number `track`: for video one frame, where no bytes stand for the last frame once more;
    /// for sound a run of whole blocks, or one packet of a stream whose `sample_size` is 0. `key_frame` matters for video only.
    ///
    /// # Errors
    /// [`MediaError::NoStream`]; [`MediaError::Malformed`] where a packet of sound has a part of a block;
    /// [`MediaError::TooLarge`] for a packet over [`MAX_PACKET`], and where the file would pass 256 `RIFF` chunks or a stream 2^32
    /// units, when what was written can still be finished; [`MediaError::Io`].
    pub fn write(&mut self, track: usize, packet: &[u8], key_frame: bool) -> Result<(), MediaError> {
        let found = self.track(track)?;
        let units = found.units_of(packet)?;
        let (id, is_key) = (found.id, key_frame || !found.is_video());
        self.put(track, id, packet, if is_key { AVIIF_KEYFRAME } else { 0 })?;
        if let Some(track) = self.tracks.get_mut(track) {
            track.count(packet, units);
        }
        Ok(())
    }

    /// Adds a chunk `xxpc` to a track of video: `change` is an AVIPALCHANGE structure, which counts for the frames behind it.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where the track is no video; else as [`AviWriter::write`].
    pub fn write_palette_change(&mut self, track: usize, change: &[u8]) -> Result<(), MediaError> {
        let found = self.track(track)?;
        if !found.is_video() {
            return Err(MediaError::Unsupported {
                what: format!("a change of the palette in track {track}"),
                why: "only video has a palette".to_owned(),
            });
        }
        let [tens, ones, ..] = found.id;
        self.put(track, [tens, ones, b'p', b'c'], change, AVIIF_NO_TIME)?;
        if let Some(track) = self.tracks.get_mut(track) {
            track.changes_palette(change);
        }
        Ok(())
    }

    /// Writes the last indexes and the final headers and gives the file its name.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn finish(mut self) -> Result<(), MediaError> {
        let several = self.done > 0;
        self.close_part(several)?;
        let hdrl = layout::hdrl(&self.tracks, self.first_frames, several);
        self.out.overwrite(HDRL, &hdrl)?;
        self.out.finish()
    }

    fn track(&self, track: usize) -> Result<&Track, MediaError> {
        let (wanted, present) = (format!("track of number {track}"), self.tracks.len());
        self.tracks.get(track).ok_or(MediaError::NoStream { wanted, present })
    }

    /// Writes a chunk of a track, in the next `RIFF` chunk where this one is full.
    fn put(&mut self, track: usize, id: FourCc, bytes: &[u8], flags: u32) -> Result<(), MediaError> {
        let size = bytes.len() as u64;
        if size > MAX_PACKET {
            return Err(MediaError::TooLarge {
                what: format!("a packet of {size} bytes for track {track}"),
                why: format!("{MAX_PACKET} bytes are the limit"),
            });
        }
        let len = HEADER_LEN + size.next_multiple_of(2);
        if !self.part.entries.is_empty() && !self.has_room(len) {
            self.next_part()?;
        }
        // A part ends not far beyond its limit, so that 32 bits hold the offset.
        let offset = (self.at - self.part.movi) as u32;
        self.out.write(&id)?;
        self.out.write(&(size as u32).to_le_bytes())?;
        self.out.write(bytes)?;
        if !size.is_multiple_of(2) {
            self.out.write(&[0])?;
        }
        self.at += len;
        self.part.entries.push(Entry { id, flags, offset, size: size as u32 });
        Ok(())
    }

    /// Whether `len` bytes more, and the indexes, leave the `RIFF` chunk within its limit.
    fn has_room(&self, len: u64) -> bool {
        let entries = self.part.entries.len() + 1;
        let indexes = layout::indexes_len(self.tracks.len(), entries, self.done == 0);
        let part = self.at - self.part.riff + len + indexes;
        entries <= MAX_ENTRIES && part <= self.max_part
    }

    /// Begins another `RIFF` chunk.
    fn next_part(&mut self) -> Result<(), MediaError> {
        if self.done + 1 >= MAX_PARTS {
            return Err(MediaError::TooLarge {
                what: "the AVI file".to_owned(),
                why: format!(
                    "it would have over {MAX_PARTS} RIFF chunks; write it in several files, or PNG pictures instead"
                ),
            });
        }
        self.close_part(true)?;
        let riff = self.at;
        self.out.overwrite(riff, b"RIFF\0\0\0\0AVIXLIST\0\0\0\0movi")?;
        let movi = riff + HEADER_LEN + 4 + HEADER_LEN;
        self.at = movi + 4;
        (self.part.riff, self.part.movi) = (riff, movi);
        Ok(())
    }

    /// Writes what stands behind the packets of a `RIFF` chunk, and the sizes before them. Where it is not the only such chunk
    /// (`several`), each stream gets a standard index.
    fn close_part(&mut self, several: bool) -> Result<(), MediaError> {
        if self.done == 0 {
            self.first_frames = track::first_video(&self.tracks).map_or(0, |track| track.part_units);
        }
        for track in &mut self.tracks {
            let duration = std::mem::take(&mut track.part_units);
            if !several {
                continue;
            }
            let index = layout::standard_index(track.id, self.part.movi, &self.part.entries);
            let Some(index) = index else { continue };
            self.out.write(&index)?;
            let size = index.len() as u32;
            track.super_index.push(SuperEntry { offset: self.at, size, duration });
            self.at += index.len() as u64;
        }
        let movi_end = self.at;
        if self.done == 0 {
            let entries = &self.part.entries;
            self.out.write(b"idx1")?;
            self.out.write(&(entries.len() as u32 * layout::OLD_ENTRY_LEN).to_le_bytes())?;
            for entry in entries {
                self.out.write(&entry.id)?;
                let numbers = [entry.flags, entry.offset, entry.size];
                self.out.write(numbers.map(u32::to_le_bytes).as_flattened())?;
            }
            self.at += HEADER_LEN + entries.len() as u64 * u64::from(layout::OLD_ENTRY_LEN);
        }
        let Part { riff, movi, .. } = self.part;
        for (offset, end) in [(riff + 4, self.at), (movi - 4, movi_end)] {
            // A chunk's size stands right before what it counts.
            self.out.overwrite(offset, &((end - offset - 4) as u32).to_le_bytes())?;
        }
        self.part.entries.clear();
        self.done += 1;
        Ok(())
    }
}
