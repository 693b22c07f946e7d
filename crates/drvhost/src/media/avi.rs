//! Reading AVI files (MS Learn: AVI RIFF File Reference; OpenDML AVI File Format Extensions 1.02).
//!
//! Opening reads the headers and notes where the packets are; [`Packets`] then walks them in file order. Indexes are optional
//! and often wrong, so they only tell which packets are key frames, and lead to a frame where they agree with all else.

mod headers;
mod index;
mod packets;
mod samples;
mod streams;
#[cfg(test)]
mod tests;
mod walk;

use std::io::{Read, Seek};

use super::dib::BitmapInfoHeader;
use super::error::MediaError;
use super::riff::{Chunk, List, RiffReader};
use super::wav::WaveFormat;
pub(super) use headers::{
    AVI_INDEX_OF_CHUNKS, AVI_INDEX_OF_INDEXES, AVIF_HASINDEX, AVIF_ISINTERLEAVED, AVIIF_KEYFRAME,
    AVIIF_NO_TIME, AVISF_VIDEO_PALCHANGES, NOT_A_KEY_FRAME,
};
pub use headers::{MainHeader, StreamHeader};
pub use packets::{MAX_PACKET, Packet, PacketKind, Packets};
pub use samples::AviSamples;
pub use streams::{AudioStream, Stream, VideoStream};
pub use walk::{IndexState, StreamWalk, Walk};

/// Streams a file can have: their numbers are two decimal digits in the packets' identifiers.
pub(super) const MAX_STREAMS: usize = 100;
/// The longest `avih`, `strh` or `strn` chunk that is read.
pub(super) const MAX_HEADER: u64 = 64 << 10;
/// The longest `strf` chunk that is read.
pub(super) const MAX_FORMAT: u64 = 1 << 20;
/// The most `RIFF` chunks and chunks beside the packets that are looked at, so that a file of empty chunks
/// ends soon.
const MAX_CHUNKS: usize = 1 << 16;

/// An AVI file: its headers, and where its packets are.
pub struct AviReader<R> {
    riff: RiffReader<R>,
    main: MainHeader,
    streams: Vec<Stream>,
    /// What the `dmlh` chunk says.
    all_frames: Option<u32>,
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
                b"LIST" | b"RIFF" => match riff.list(&chunk, part.end)? {
                    Some(list) if &list.form == b"hdrl" && headers.is_none() => {
                        headers = Some(streams::read_headers(&mut riff, &list)?);
                    }
                    Some(list) if &list.form == b"movi" => {
                        at = at.max(list.end);
                        movi.push(list);
                    }
                    // Within a RIFF chunk whose length was never filled in.
                    Some(list) if &chunk.id == b"RIFF" && &list.form == b"AVIX" => {
                        missing = list.missing;
                        (at, part) = (list.start, list);
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
        let streams::Headers { main, streams, all_frames } = headers.ok_or_else(|| absent("'hdrl'"))?;
        if movi.is_empty() {
            return Err(absent("'movi'"));
        }
        Ok(Self { riff, main, streams, all_frames, movi, idx1, missing })
    }

    /// The main header.
    pub fn main_header(&self) -> &MainHeader {
        &self.main
    }

    /// How many frames the file has, as stated: the number in the `dmlh` chunk, which counts all `RIFF` chunks, or where there is none
    /// that of the main header.
    pub fn total_frames(&self) -> u32 {
        self.all_frames.unwrap_or(self.main.total_frames)
    }

    /// How many `RIFF` chunks hold its packets, as far as they could be told apart.
    pub fn parts(&self) -> usize {
        self.movi.len()
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
            aspect: stream.aspect,
        })
    }

    /// The numbers of all audio streams.
    pub fn audio_streams(&self) -> Vec<u16> {
        let audio = self.streams.iter().filter(|stream| stream.header.is_audio());
        audio.map(|stream| stream.index).collect()
    }

    /// The audio stream of number `index`.
    ///
    /// # Errors
    /// [`MediaError::NoStream`] where the number is taken by no audio stream; [`MediaError::Malformed`] with the offset in the file
    /// where its format block breaks the rules of [`WaveFormat::parse`].
    pub fn audio_stream(&self, index: u16) -> Result<AudioStream, MediaError> {
        let stream = self.stream(index).filter(|stream| stream.header.is_audio());
        let stream = stream.ok_or_else(|| self.no_stream(format!("audio stream of number {index}")))?;
        let format =
            WaveFormat::parse(stream.format.clone()).map_err(|err| err.within(stream.format_offset))?;
        let StreamHeader { scale, rate, start, length, .. } = stream.header;
        Ok(AudioStream { index, format, scale, rate, start, length })
    }

    /// Starts reading the sound of audio stream `index` from the beginning, as the bytes of all its packets.
    ///
    /// # Errors
    /// As [`AviReader::audio_stream`].
    pub fn samples(&mut self, index: u16) -> Result<AviSamples<'_, R>, MediaError> {
        AviSamples::new(self, index)
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
