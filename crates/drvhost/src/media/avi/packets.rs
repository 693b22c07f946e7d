//! Walking the packets of one stream in file order.
//!
//! The walk trusts a chunk header only where it has the shape of one and its size stays within the `movi` list.
//! Where it meets anything else it looks a little further for a header that is followed by another one, or by
//! the end of the list, and goes on there.

use std::io::{Read, Seek};

use super::index::{Entry, Index, leads_to_packet};
use super::{AVISF_VIDEO_PALCHANGES, AviReader, Stream};
use crate::media::damage::{Damage, DamageKind, Flaw, Unit};
use crate::media::dib::BitmapInfoHeader;
use crate::media::error::MediaError;
use crate::media::riff::{Chunk, HEADER_LEN, List};

/// The largest packet that is read, in bytes.
pub const MAX_PACKET: u64 = 256 << 20;
/// How far behind bytes that are no chunk the next chunk is looked for.
const SEARCH_LEN: u64 = 1 << 20;
/// How much of it is read at a time.
const SEARCH_BLOCK: usize = 32 << 10;
/// How many searches, and looks at what they find, are made in one file. Each costs reads at distant places, so a
/// file made to need many would take very long.
const MAX_ATTEMPTS: u32 = 4096;

/// One chunk of a stream. Its bytes are in the buffer given to [`Packets::next_packet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// What the packet holds.
    pub kind: PacketKind,
    /// Length in bytes. A video packet of length 0 is a dropped frame: the one before it is shown again.
    pub size: usize,
    /// Whether an index marks the packet as a key frame; `None` where the file has no index that fits.
    pub keyframe: Option<bool>,
    /// The number of the frame, or of the chunk of a stream that is not video, from 0. A palette change has that of the frame behind it.
    pub number: u64,
    /// Offset of the chunk's header in the file.
    pub offset: u64,
}

/// What a packet holds, by the last two characters of its identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// `dc`, a compressed frame. Also codes that are not in the reference: some codecs' writers use their own.
    Compressed,
    /// `db`, an uncompressed frame.
    Uncompressed,
    /// `pc`, a palette change (MS Learn: AVIPALCHANGE structure).
    PaletteChange,
    /// `wb`, audio.
    Audio,
}

impl PacketKind {
    fn of(code: [u8; 2]) -> Self {
        match &code {
            b"db" => Self::Uncompressed,
            b"pc" => Self::PaletteChange,
            b"wb" => Self::Audio,
            _ => Self::Compressed,
        }
    }
}

/// The packets of one stream, from [`AviReader::packets`].
pub struct Packets<'a, R> {
    reader: &'a mut AviReader<R>,
    stream: u16,
    index: Option<Index>,
    /// Which of the reader's `movi` lists is being read.
    part: usize,
    /// Where the next chunk is expected.
    at: u64,
    /// Where the last chunk's body ended: before `at` by the padding, if any. Some writers leave it out.
    unpadded: u64,
    /// What is left of [`MAX_ATTEMPTS`].
    attempts: u32,
    /// The number of the next frame or chunk: how many were returned, or passed over by seeking.
    next: u64,
    /// The first damage: what and where.
    damage: Option<(DamageKind, u64)>,
    /// The chunk of this stream in which the file ends.
    cut: Option<Chunk>,
}

/// What a chunk header in a `movi` list stands for.
enum Element {
    /// A chunk of a stream of this file.
    Packet(u16, PacketKind),
    /// A `rec ` list, which only groups packets, or a list of packets in another one: the walk goes on inside.
    Group,
    /// A chunk that holds no packets.
    Other,
}

/// The stream that a packet's identifier names by its first two digits.
pub(super) fn stream_of(id: &[u8; 4]) -> Option<u16> {
    match id {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', first, second]
            if first.is_ascii_alphanumeric() && second.is_ascii_alphanumeric() =>
        {
            Some(u16::from(tens - b'0') * 10 + u16::from(ones - b'0'))
        }
        _ => None,
    }
}

impl<'a, R: Read + Seek> Packets<'a, R> {
    pub(super) fn new(reader: &'a mut AviReader<R>, stream: u16) -> Result<Self, MediaError> {
        let index = reader.index_of(stream)?;
        Ok(Self { index, ..Self::without_index(reader, stream) })
    }

    /// Packets of which nobody asks whether they are key frames.
    pub(super) fn without_index(reader: &'a mut AviReader<R>, stream: u16) -> Self {
        let at = reader.movi.first().map_or(0, |movi| movi.start);
        Self {
            reader,
            stream,
            index: None,
            part: 0,
            at,
            unpadded: at,
            attempts: MAX_ATTEMPTS,
            next: 0,
            damage: None,
            cut: None,
        }
    }

    /// Reads the next packet's bytes into `buf`, replacing what it holds. `None` at the end of the stream, or
    /// where the file is damaged too badly to go on: see [`Packets::damage`].
    ///
    /// # Errors
    /// [`MediaError::TooLarge`] for a packet over [`MAX_PACKET`], which the next call passes over, and
    /// [`MediaError::Io`].
    pub fn next_packet(&mut self, buf: &mut Vec<u8>) -> Result<Option<Packet>, MediaError> {
        match self.next_chunk()? {
            Some((chunk, kind)) => self.read_packet(&chunk, kind, buf).map(Some),
            None => Ok(None),
        }
    }

    /// Goes to the last key frame at or before `frame`, so that it is the next packet, and answers its number.
    ///
    /// That is 0, and the start, where the file has no index to rely on: there is none, or it has another number of packets than the
    /// stream, or its packets out of order, or does not lead to a packet. So it is where the palette changes or might do so, because each
    /// change counts for all that is behind it. OpenDML's indexes do not list changes, so video of up to eight bits a pixel with such an index
    /// is read from its start.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn seek(&mut self, frame: u64) -> Result<u64, MediaError> {
        let start = self.reader.movi.first().map_or(0, |movi| movi.start);
        (self.part, self.at, self.unpadded, self.next, self.cut) = (0, start, start, 0, None);
        let Some((number, entry)) = self.key_frame(frame) else { return Ok(0) };
        let holds = |movi: &List| (movi.start..movi.end).contains(&entry.offset);
        let Some(part) = self.reader.movi.iter().position(holds) else { return Ok(0) };
        if !leads_to_packet(&mut self.reader.riff, &entry, self.stream)? {
            return Ok(0);
        }
        (self.part, self.at, self.unpadded, self.next) = (part, entry.offset, entry.offset, number);
        Ok(number)
    }

    /// The last key frame at or before `frame`, by an index that can be relied on.
    fn key_frame(&self, frame: u64) -> Option<(u64, Entry)> {
        let index = self.index.as_ref()?;
        let stream = self.reader.stream(self.stream)?;
        let entries = index.in_order()?;
        let is_whole = entries.len() as u64 == u64::from(stream.header.length);
        if !is_whole || index.palette_changes().unwrap_or_else(|| may_change_palette(stream)) {
            return None;
        }
        if stream.header.flags & AVISF_VIDEO_PALCHANGES != 0 {
            return None;
        }
        let up_to = usize::try_from(frame).map_or(usize::MAX, |frame| frame.saturating_add(1));
        let before = entries.get(..up_to.min(entries.len()))?;
        // A frame without data repeats the one before it, whatever its flag says.
        let number = before.iter().rposition(|entry| entry.keyframe && entry.size > 0)?;
        before.get(number).map(|entry| (number as u64, *entry))
    }

    /// Goes to `frame` as [`seek`](Self::seek) does, unless that leads back to before the next packet, or to no place that is nearer. Answers the
    /// number of the next packet.
    ///
    /// # Errors
    /// [`MediaError::Io`].
    pub fn advance(&mut self, frame: u64) -> Result<u64, MediaError> {
        let here = (self.part, self.at, self.unpadded, self.next, self.cut);
        let next = self.next;
        let number = self.seek(frame)?;
        if (number..=frame).contains(&next) {
            (self.part, self.at, self.unpadded, self.next, self.cut) = here;
        }
        Ok(self.next)
    }

    /// Finds the next packet without reading it.
    pub(super) fn next_chunk(&mut self) -> Result<Option<(Chunk, PacketKind)>, MediaError> {
        while let Some((chunk, stream, kind)) = self.next_of_any()? {
            if stream == self.stream {
                return Ok(Some((chunk, kind)));
            }
        }
        Ok(None)
    }

    /// Finds the next packet of whichever stream without reading it.
    pub(super) fn next_of_any(&mut self) -> Result<Option<(Chunk, u16, PacketKind)>, MediaError> {
        while let Some(movi) = self.reader.movi.get(self.part).copied() {
            let Some((chunk, element)) = self.next_element(&movi)? else { continue };
            self.unpadded = chunk.end();
            self.at = chunk.next();
            match element {
                Element::Packet(stream, kind) => return Ok(Some((chunk, stream, kind))),
                Element::Other => {}
                Element::Group => {
                    self.at = chunk.body() + 4;
                    self.unpadded = self.at;
                }
            }
        }
        Ok(None)
    }

    /// What is wrong at the place that was met last, once.
    pub(super) fn take_flaw(&mut self) -> Option<Flaw> {
        self.damage.take().map(|(kind, offset)| Flaw { kind, offset })
    }

    /// The chunk of this stream in which the file ends, once.
    pub(super) fn take_cut(&mut self) -> Option<Chunk> {
        self.cut.take()
    }

    /// Fills `buf` from `offset` in the file.
    pub(super) fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<(), MediaError> {
        self.reader.riff.read_at(offset, buf)
    }

    /// The first damage met so far, and how much could be read so far, where what was passed over by seeking counts as read. After the
    /// last packet this tells whether the file is whole.
    pub fn damage(&self) -> Option<Damage> {
        let header = self.reader.stream(self.stream).map(|stream| &stream.header)?;
        let fewer = || {
            let at_end = self.part >= self.reader.movi.len();
            let lacks = at_end && header.is_video() && self.next < u64::from(header.length);
            lacks.then(|| (DamageKind::Fewer, self.reader.riff.len()))
        };
        let (kind, offset) = self.damage.or_else(fewer)?;
        let (stated, unit) = if header.is_video() {
            ((header.length != 0).then_some(u64::from(header.length)), Unit::Frames)
        } else {
            (None, Unit::Chunks)
        };
        Some(Damage { kind, offset, read: self.next, stated, unit })
    }

    /// The chunk at the current place, or behind bytes that are none. `None` where this list has no more; the
    /// next list then is the current one.
    fn next_element(&mut self, movi: &List) -> Result<Option<(Chunk, Element)>, MediaError> {
        let Some(chunk) = self.reader.riff.chunk_at(self.at, movi.end)? else {
            self.end_part(movi);
            return Ok(None);
        };
        let Some(element) = self.classify(&chunk)? else { return self.search(movi) };
        let fits = chunk.end() <= movi.end;
        let damage = match element {
            // A group that passes the end can still start with whole packets.
            Element::Group => return Ok(Some((chunk, element))),
            Element::Packet(..) if fits => return Ok(Some((chunk, element))),
            Element::Other if fits && self.is_followed(&chunk, movi)? => return Ok(Some((chunk, element))),
            Element::Packet(stream, _) => DamageKind::EndsInStream { stream, missing: chunk.missing() },
            Element::Other => DamageKind::EndsInChunk { id: chunk.id, missing: chunk.missing() },
        };
        if chunk.missing() == 0 || !movi.is_cut() {
            return self.search(movi);
        }
        self.damage.get_or_insert((damage, self.reader.riff.len()));
        if matches!(element, Element::Packet(stream, _) if stream == self.stream) {
            self.cut = Some(chunk);
        }
        self.end_part(movi);
        Ok(None)
    }

    /// What a header stands for, or `None` where it does not look like one.
    fn classify(&mut self, chunk: &Chunk) -> Result<Option<Element>, MediaError> {
        if let Some(stream) = stream_of(&chunk.id) {
            let known = usize::from(stream) < self.reader.streams.len();
            let [_, _, code @ ..] = chunk.id;
            return Ok(Some(if known {
                Element::Packet(stream, PacketKind::of(code))
            } else {
                Element::Other
            }));
        }
        if [b"LIST", b"RIFF"].contains(&&chunk.id) {
            let list = self.reader.riff.list(chunk, chunk.body() + chunk.present)?;
            // A recording that was never finished goes on with its later RIFF chunks in the first one's list.
            let group = list.is_some_and(|list| [b"rec ", b"AVIX", b"movi"].contains(&&list.form));
            return Ok(Some(if group { Element::Group } else { Element::Other }));
        }
        let named = chunk.id.iter().all(|byte| byte.is_ascii_alphanumeric() || b" _".contains(byte));
        Ok(named.then_some(Element::Other))
    }

    /// Whether `chunk` ends at the end of the list, or where another header stands, with or without padding.
    fn is_followed(&mut self, chunk: &Chunk, movi: &List) -> Result<bool, MediaError> {
        for at in [chunk.next(), chunk.end()] {
            let followed = match self.reader.riff.chunk_at(at, movi.end)? {
                Some(next) => self.classify(&next)?.is_some(),
                None => at >= movi.end || movi.is_cut(),
            };
            if followed {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks for the next packet: first without the last chunk's padding, then further on. Where there is none,
    /// this list is given up.
    fn search(&mut self, movi: &List) -> Result<Option<(Chunk, Element)>, MediaError> {
        if self.unpadded < self.at
            && let Some(chunk) = self.reader.riff.chunk_at(self.unpadded, movi.end)?
            && let Some(element @ (Element::Packet(..) | Element::Group)) = self.classify(&chunk)?
            && chunk.end() <= movi.end
        {
            return Ok(Some((chunk, element)));
        }
        if !self.attempt() {
            return Ok(self.give_up(movi));
        }
        let end = movi.end.min(self.at + SEARCH_LEN);
        let mut block = vec![0; SEARCH_BLOCK];
        let mut at = self.at;
        while end.saturating_sub(at) >= HEADER_LEN {
            let wanted = (end - at).min(SEARCH_BLOCK as u64) as usize;
            block.truncate(wanted);
            self.reader.riff.read_at(at, &mut block)?;
            for (offset, id) in (at..).zip(block.array_windows::<4>()) {
                if !matches!(id, [_, _, b'd', b'b' | b'c'] | [_, _, b'p', b'c'] | [_, _, b'w', b'b']) {
                    continue;
                }
                let Some(chunk) = self.reader.riff.chunk_at(offset, movi.end)? else { break };
                if let Some(element @ Element::Packet(..)) = self.classify(&chunk)?
                    && chunk.end() <= movi.end
                {
                    if !self.attempt() {
                        return Ok(self.give_up(movi));
                    }
                    if !self.is_followed(&chunk, movi)? {
                        continue;
                    }
                    self.damage.get_or_insert((DamageKind::Skipped { bytes: offset - self.at }, self.at));
                    return Ok(Some((chunk, element)));
                }
            }
            // The next block overlaps this one by three bytes, so that no identifier is split.
            at += wanted as u64 - 3;
        }
        Ok(self.give_up(movi))
    }

    /// Takes one of the attempts that are left, or says that there is none.
    fn attempt(&mut self) -> bool {
        let left = self.attempts.checked_sub(1);
        self.attempts = left.unwrap_or(0);
        left.is_some()
    }

    /// Notes that no chunk was found here, and leaves this list.
    fn give_up<T>(&mut self, movi: &List) -> Option<T> {
        self.damage.get_or_insert((DamageKind::Lost, self.at));
        self.end_part(movi);
        None
    }

    /// Goes to the next `movi` list. Behind the last one, notes a file that ends before its headers say.
    fn end_part(&mut self, movi: &List) {
        self.part += 1;
        match self.reader.movi.get(self.part) {
            Some(next) => (self.at, self.unpadded) = (next.start, next.start),
            None => {
                let missing = self.reader.missing.max(movi.missing);
                if missing > 0 {
                    self.damage.get_or_insert((DamageKind::EndsEarly { missing }, self.reader.riff.len()));
                }
            }
        }
    }

    /// Reads a packet that lies within the file.
    fn read_packet(
        &mut self,
        chunk: &Chunk,
        kind: PacketKind,
        buf: &mut Vec<u8>,
    ) -> Result<Packet, MediaError> {
        if chunk.size > MAX_PACKET {
            return Err(MediaError::TooLarge {
                what: format!("the packet at byte {}", chunk.offset),
                why: format!("it has {} bytes, and {MAX_PACKET} is the limit", chunk.size),
            });
        }
        let size = chunk.size as usize;
        buf.resize(size, 0);
        self.reader.riff.read_at(chunk.body(), buf)?;
        let number = self.next;
        self.next += u64::from(kind != PacketKind::PaletteChange);
        let keyframe = self.index.as_ref().and_then(|index| index.keyframe(chunk));
        Ok(Packet { kind, size, keyframe, number, offset: chunk.offset })
    }
}

/// Whether a stream has numbers into a palette for pixels, or a format that does not tell.
fn may_change_palette(stream: &Stream) -> bool {
    stream.header.is_video()
        && BitmapInfoHeader::parse(&stream.format).map_or(true, |header| (1..=8).contains(&header.bit_count))
}
