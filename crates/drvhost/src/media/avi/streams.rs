//! The streams of a file, as the `hdrl` list describes them.

use std::io::{Read, Seek};

use super::headers::{MainHeader, StreamHeader};
use super::{MAX_CHUNKS, MAX_FORMAT, MAX_HEADER, MAX_STREAMS};
use crate::media::error::MediaError;
use crate::media::riff::{Chunk, FourCc, List, RiffReader};
use crate::media::wav::WaveFormat;

/// Where a chunk `vprp` has `dwFrameAspectRatio`.
const ASPECT_AT: u64 = 20;

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
    pub(super) format_offset: u64,
    /// The shape of a frame, from the chunk `vprp`.
    pub(super) aspect: Option<(u16, u16)>,
    /// The chunk `indx`, which leads to the stream's packets.
    pub(super) indx: Option<Chunk>,
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
    /// The shape of a whole frame, as width to height: the chunk `vprp` of OpenDML. `None` where the file does not say.
    pub aspect: Option<(u16, u16)>,
}

/// An audio stream with its format checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioStream {
    /// The stream's number.
    pub index: u16,
    /// The `strf` chunk.
    pub format: WaveFormat,
    /// With `rate`: a unit of the stream lasts `scale / rate` seconds. As stated; either may be 0.
    pub scale: u32,
    /// See `scale`.
    pub rate: u32,
    /// When the stream starts, in units.
    pub start: u32,
    /// Units in the stream, as stated.
    pub length: u32,
}

impl AudioStream {
    /// The one stream of a file that has no other.
    #[must_use]
    pub fn alone(format: WaveFormat) -> Self {
        Self { index: 0, format, scale: 0, rate: 0, start: 0, length: 0 }
    }
}

/// What the `hdrl` list says.
pub(super) struct Headers {
    pub main: MainHeader,
    pub streams: Vec<Stream>,
    /// `dwTotalFrames` of the chunk `dmlh`.
    pub all_frames: Option<u32>,
}

/// Reads the `hdrl` list: the main header and the streams.
pub(super) fn read_headers<R: Read + Seek>(
    riff: &mut RiffReader<R>,
    hdrl: &List,
) -> Result<Headers, MediaError> {
    let mut main = None;
    let mut all_frames = None;
    let mut streams = Vec::new();
    let mut at = hdrl.start;
    for _ in 0..MAX_CHUNKS {
        let Some(chunk) = riff.chunk_at(at, hdrl.end)? else { break };
        match &chunk.id {
            b"avih" => {
                main = Some(MainHeader::parse(&riff.body(&chunk, MAX_HEADER, "'avih' chunk")?, &chunk)?);
            }
            b"LIST" => match riff.list(&chunk, hdrl.end)? {
                Some(list) if &list.form == b"strl" => {
                    if streams.len() == MAX_STREAMS {
                        return Err(MediaError::TooLarge {
                            what: format!("the number of streams at byte {}", chunk.offset),
                            why: format!("an AVI file can have {MAX_STREAMS}"),
                        });
                    }
                    streams.push(read_stream(riff, &list, streams.len() as u16)?);
                }
                Some(list) if &list.form == b"odml" => all_frames = read_frames(riff, &list)?,
                _ => {}
            },
            _ => {}
        }
        at = chunk.next();
    }
    let why = || "it has no 'avih' chunk".to_owned();
    let main =
        main.ok_or_else(|| MediaError::Malformed { what: "'hdrl' list", offset: hdrl.start, why: why() })?;
    Ok(Headers { main, streams, all_frames })
}

/// Reads the number of frames in an `odml` list, whose first chunk is `dmlh`.
fn read_frames<R: Read + Seek>(riff: &mut RiffReader<R>, odml: &List) -> Result<Option<u32>, MediaError> {
    let chunk = riff.chunk_at(odml.start, odml.end)?;
    let Some(chunk) = chunk.filter(|chunk| &chunk.id == b"dmlh" && chunk.present >= 4) else {
        return Ok(None);
    };
    let mut frames = [0; 4];
    riff.read_at(chunk.body(), &mut frames)?;
    Ok(Some(u32::from_le_bytes(frames)))
}

/// Reads the shape of a frame in a chunk `vprp` (OpenDML 1.02, Video Properties Header): `dwFrameAspectRatio`, width in the upper half.
fn read_aspect<R: Read + Seek>(
    riff: &mut RiffReader<R>,
    vprp: &Chunk,
) -> Result<Option<(u16, u16)>, MediaError> {
    if vprp.present < ASPECT_AT + 4 {
        return Ok(None);
    }
    let mut aspect = [0; 4];
    riff.read_at(vprp.body() + ASPECT_AT, &mut aspect)?;
    let [low @ .., high0, high1] = aspect;
    let shape = (u16::from_le_bytes([high0, high1]), u16::from_le_bytes(low));
    Ok((shape.0 != 0 && shape.1 != 0).then_some(shape))
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
    let (mut aspect, mut indx) = (None, None);
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
            b"vprp" => aspect = read_aspect(riff, &chunk)?,
            b"indx" if indx.is_none() => indx = Some(chunk),
            _ => {}
        }
        at = chunk.next();
    }
    let header = header.ok_or_else(|| MediaError::Malformed {
        what: "'strl' list",
        offset: strl.start,
        why: format!("stream {index} has no 'strh' chunk"),
    })?;
    Ok(Stream { index, header, format, name, format_offset, aspect, indx })
}
