//! Reading AVI files (MS Learn: AVI RIFF File Reference).
//!
//! Opening reads the headers and notes where the packets are; [`Packets`] then walks them in file order. The
//! index `idx1` is optional and often wrong, so it only tells which packets are key frames.

mod headers;
mod index;
mod packets;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

use super::dib::BitmapInfoHeader;
use super::error::MediaError;
use super::riff::{Chunk, FourCc, List, RiffReader};
pub(super) use headers::{AVIF_HASINDEX, AVIIF_KEYFRAME};
pub use headers::{MainHeader, StreamHeader};
pub use packets::{MAX_PACKET, Packet, PacketKind, Packets};

/// Streams a file can have: their numbers are two decimal digits in the packets' identifiers.
const MAX_STREAMS: usize = 100;
/// The longest `avih`, `strh` or `strn` chunk that is read.
const MAX_HEADER: u64 = 64 << 10;
/// The longest `strf` chunk that is read.
const MAX_FORMAT: u64 = 1 << 20;
/// The most `RIFF` chunks and chunks beside the packets that are looked at, so that a file of empty chunks
/// ends soon.
const MAX_CHUNKS: usize = 1 << 16;

/// One stream of a file, as its `strl` list describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The stream's number, from 0.
    pub index: u16,
    /// The `strh` chunk.
    pub header: StreamHeader,
    /// The `strf` chunk as it is: a BITMAPINFO block for `vids`, a WAVEFORMATEX for `auds`. Empty where the list
    /// has none.
    pub format: Vec<u8>,
    /// The `strn` chunk, the stream's name.
    pub name: Option<String>,
    /// Where the format block lies in the file, for error messages.
    format_offset: u64,
}

/// A video stream with its format checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoStream {
    /// The stream's number.
    pub index: u16,
    /// `fccHandler`: the codec the file asks for; may be zero or differ from `compression`.
    pub handler: FourCc,
    /// The whole BITMAPINFO block with palette or codec data: at least 40 bytes and at least `biSize`.
    pub format: Vec<u8>,
    /// Pixels per row, at least 1.
    pub width: u32,
    /// Rows, at least 1.
    pub height: u32,
    /// Whether `biHeight` is negative.
    pub top_down: bool,
    /// `biCompression`.
    pub compression: FourCc,
    /// `biBitCount`, as stated.
    pub bit_count: u16,
    /// With `rate`: a frame lasts `scale / rate` seconds. Taken from the main header where the stream's own
    /// header has a zero; both are 0 where neither says.
    pub scale: u32,
    /// See `scale`.
    pub rate: u32,
    /// Frames, as the stream header states them.
    pub length: u32,
}

/// An AVI file: its headers, and where its packets are.
pub struct AviReader<R> {
    riff: RiffReader<R>,
    main: MainHeader,
    streams: Vec<Stream>,
    /// The `movi` lists in file order, at least one.
    movi: Vec<List>,
    /// The `idx1` chunk of the first `RIFF` chunk.
    idx1: Option<Chunk>,
    /// How many bytes the first `RIFF` chunk, or a later one, states beyond the file's end.
    missing: u64,
}

impl<R: Read + Seek> AviReader<R> {
    /// Reads the headers of an AVI file. The reader is buffered here.
    ///
    /// # Errors
    /// [`MediaError::WrongForm`] for another kind of file, [`MediaError::Malformed`] where a header or the `movi`
    /// list is missing or cut off, [`MediaError::TooLarge`] where a header passes its limit, [`MediaError::Io`].
    pub fn open(inner: R) -> Result<Self, MediaError> {
        let mut riff = RiffReader::new(inner)?;
        let first = riff.form(*b"AVI ", "an AVI file")?;
        let mut headers = None;
        let mut movi = Vec::new();
        let mut idx1 = None;
        let mut missing = first.missing;
        let mut budget = MAX_CHUNKS;

        let (mut at, mut part) = (first.start, first);
        while budget > 0 {
            budget -= 1;
            let Some(chunk) = riff.chunk_at(at, part.end)? else {
                // This RIFF chunk is done. Files over 1 GiB go on with RIFF chunks of the form AVIX.
                let Some(chunk) = riff.chunk_at(part.end + (part.end & 1), u64::MAX)? else { break };
                match riff.list(&chunk, u64::MAX)? {
                    Some(next) if &chunk.id == b"RIFF" && &next.form == b"AVIX" => {
                        missing = next.missing;
                        (at, part) = (next.start, next);
                        continue;
                    }
                    _ => break,
                }
            };
            at = chunk.next();
            match &chunk.id {
                b"LIST" => match riff.list(&chunk, part.end)? {
                    Some(list) if &list.form == b"hdrl" && headers.is_none() => {
                        headers = Some(read_headers(&mut riff, &list)?);
                    }
                    Some(list) if &list.form == b"movi" => {
                        at = at.max(list.end);
                        movi.push(list);
                    }
                    _ => {}
                },
                b"idx1" if idx1.is_none() => idx1 = Some(chunk),
                _ => {}
            }
        }

        let absent = |what| MediaError::Malformed {
            what: "AVI file",
            offset: at.min(riff.len()),
            why: format!("it ends without a {what} list"),
        };
        let (main, streams) = headers.ok_or_else(|| absent("'hdrl'"))?;
        if movi.is_empty() {
            return Err(absent("'movi'"));
        }
        Ok(Self { riff, main, streams, movi, idx1, missing })
    }

    /// The main header.
    pub fn main_header(&self) -> &MainHeader {
        &self.main
    }

    /// All streams, in the order of their numbers.
    pub fn streams(&self) -> &[Stream] {
        &self.streams
    }

    /// The first video stream.
    ///
    /// # Errors
    /// [`MediaError::NoStream`] where there is none, else as [`AviReader::video_stream`].
    pub fn first_video(&self) -> Result<VideoStream, MediaError> {
        let first = self.streams.iter().find(|stream| stream.header.is_video());
        self.video_stream(first.ok_or_else(|| self.no_stream("video stream".to_owned()))?.index)
    }

    /// The video stream of number `index`.
    ///
    /// # Errors
    /// [`MediaError::NoStream`] where the number is taken by no video stream; [`MediaError::Malformed`] with the
    /// offset in the file where its format block breaks the rules of [`BitmapInfoHeader::parse`].
    pub fn video_stream(&self, index: u16) -> Result<VideoStream, MediaError> {
        let stream = self.stream(index).filter(|stream| stream.header.is_video());
        let stream = stream.ok_or_else(|| self.no_stream(format!("video stream of number {index}")))?;
        let bitmap =
            BitmapInfoHeader::parse(&stream.format).map_err(|err| err.within(stream.format_offset))?;
        let (scale, rate) = match (stream.header.scale, stream.header.rate) {
            (0, _) | (_, 0) if self.main.micros_per_frame != 0 => (self.main.micros_per_frame, 1_000_000),
            (0, _) | (_, 0) => (0, 0),
            stated => stated,
        };
        Ok(VideoStream {
            index,
            handler: stream.header.handler,
            format: stream.format.clone(),
            width: bitmap.width,
            height: bitmap.height,
            top_down: bitmap.top_down,
            compression: bitmap.compression,
            bit_count: bitmap.bit_count,
            scale,
            rate,
            length: stream.header.length,
        })
    }

    /// Starts reading the packets of stream `index` from the beginning.
    ///
    /// # Errors
    /// [`MediaError::NoStream`], or [`MediaError::Io`] from reading the index. A damaged index is left unused.
    pub fn packets(&mut self, index: u16) -> Result<Packets<'_, R>, MediaError> {
        if self.stream(index).is_none() {
            return Err(self.no_stream(format!("stream of number {index}")));
        }
        Packets::new(self, index)
    }

    fn stream(&self, index: u16) -> Option<&Stream> {
        self.streams.get(usize::from(index))
    }

    fn no_stream(&self, wanted: String) -> MediaError {
        MediaError::NoStream { wanted, present: self.streams.len() }
    }
}

/// Reads the `hdrl` list: the main header and the streams.
fn read_headers<R: Read + Seek>(
    riff: &mut RiffReader<R>,
    hdrl: &List,
) -> Result<(MainHeader, Vec<Stream>), MediaError> {
    let mut main = None;
    let mut streams = Vec::new();
    let mut at = hdrl.start;
    for _ in 0..MAX_CHUNKS {
        let Some(chunk) = riff.chunk_at(at, hdrl.end)? else { break };
        match &chunk.id {
            b"avih" => {
                main = Some(MainHeader::parse(&riff.body(&chunk, MAX_HEADER, "'avih' chunk")?, &chunk)?);
            }
            b"LIST" => {
                if let Some(list) = riff.list(&chunk, hdrl.end)?
                    && &list.form == b"strl"
                {
                    if streams.len() == MAX_STREAMS {
                        return Err(MediaError::TooLarge {
                            what: format!("the number of streams at byte {}", chunk.offset),
                            why: format!("an AVI file can have {MAX_STREAMS}"),
                        });
                    }
                    streams.push(read_stream(riff, &list, streams.len() as u16)?);
                }
            }
            _ => {}
        }
        at = chunk.next();
    }
    let why = || "it has no 'avih' chunk".to_owned();
    let main =
        main.ok_or_else(|| MediaError::Malformed { what: "'hdrl' list", offset: hdrl.start, why: why() })?;
    Ok((main, streams))
}

/// Reads one `strl` list.
fn read_stream<R: Read + Seek>(
    riff: &mut RiffReader<R>,
    strl: &List,
    index: u16,
) -> Result<Stream, MediaError> {
    let mut header = None;
    let (mut format, mut format_offset) = (Vec::new(), strl.end);
    let mut name = None;
    let mut at = strl.start;
    for _ in 0..MAX_CHUNKS {
        let Some(chunk) = riff.chunk_at(at, strl.end)? else { break };
        match &chunk.id {
            b"strh" => {
                header = Some(StreamHeader::parse(&riff.body(&chunk, MAX_HEADER, "'strh' chunk")?, &chunk)?);
            }
            b"strf" => {
                format = riff.body(&chunk, MAX_FORMAT, "'strf' chunk")?;
                format_offset = chunk.body();
            }
            b"strn" => {
                let bytes = riff.body(&chunk, MAX_HEADER, "'strn' chunk")?;
                let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
                name = Some(String::from_utf8_lossy(text).into_owned());
            }
            _ => {}
        }
        at = chunk.next();
    }
    let header = header.ok_or_else(|| MediaError::Malformed {
        what: "'strl' list",
        offset: strl.start,
        why: format!("stream {index} has no 'strh' chunk"),
    })?;
    Ok(Stream { index, header, format, name, format_offset })
}
