//! The two fixed headers of an AVI file, read and written by the same tables.

use crate::media::error::MediaError;
use crate::media::riff::{Chunk, FourCc};

/// `AVIF_HASINDEX` in [`MainHeader::flags`]: the file has an `idx1` chunk.
pub(in crate::media) const AVIF_HASINDEX: u32 = 0x10;
/// `AVIF_ISINTERLEAVED` in [`MainHeader::flags`]: the packets of several streams alternate.
pub(in crate::media) const AVIF_ISINTERLEAVED: u32 = 0x100;
/// `AVISF_VIDEO_PALCHANGES` in [`StreamHeader::flags`]: the palette changes in the course of the stream.
pub(in crate::media) const AVISF_VIDEO_PALCHANGES: u32 = 0x1_0000;
/// `AVIIF_NO_TIME` in an `idx1` entry: the packet takes no time, as a palette change does not.
pub(in crate::media) const AVIIF_NO_TIME: u32 = 0x100;
/// The index type of an OpenDML index that leads to other indexes.
pub(in crate::media) const AVI_INDEX_OF_INDEXES: u8 = 0;
/// The index type of an OpenDML index that leads to packets.
pub(in crate::media) const AVI_INDEX_OF_CHUNKS: u8 = 1;
/// In the size of a packet in an OpenDML index: it is no key frame.
pub(in crate::media) const NOT_A_KEY_FRAME: u32 = 1 << 31;
/// `AVIIF_KEYFRAME` in an `idx1` entry: the packet needs no other to be decoded.
pub(in crate::media) const AVIIF_KEYFRAME: u32 = 0x10;

/// The `avih` chunk (MS Learn: AVIMAINHEADER structure, aviriff.h).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MainHeader {
    /// `dwMicroSecPerFrame`: how long a frame lasts, in microseconds.
    pub micros_per_frame: u32,
    /// `dwMaxBytesPerSec`: about how fast the file is read in playing.
    pub max_bytes_per_sec: u32,
    /// `dwFlags`: `AVIF_` flags.
    pub flags: u32,
    /// `dwTotalFrames`: frames in the first `RIFF` chunk.
    pub total_frames: u32,
    /// `dwStreams`: streams, as stated.
    pub streams: u32,
    /// `dwSuggestedBufferSize`: bytes that hold the largest packet, as stated.
    pub suggested_buffer_size: u32,
    /// `dwWidth`: pixels.
    pub width: u32,
    /// `dwHeight`: pixels.
    pub height: u32,
}

impl MainHeader {
    /// Length of the chunk's body, four reserved numbers included.
    const LEN: usize = 56;
    /// Length that is read: older writers leave the reserved numbers out.
    const READ_LEN: usize = 40;

    pub(super) fn parse(body: &[u8], chunk: &Chunk) -> Result<Self, MediaError> {
        let words = body.get(..Self::READ_LEN).map(|fixed| fixed.as_chunks::<4>().0);
        let Some(&[micros, max_bytes, _granularity, flags, frames, _initial, streams, buffer, width, height]) =
            words
        else {
            return Err(too_short("'avih' chunk", body.len(), Self::READ_LEN, chunk));
        };
        Ok(Self {
            micros_per_frame: u32::from_le_bytes(micros),
            max_bytes_per_sec: u32::from_le_bytes(max_bytes),
            flags: u32::from_le_bytes(flags),
            total_frames: u32::from_le_bytes(frames),
            streams: u32::from_le_bytes(streams),
            suggested_buffer_size: u32::from_le_bytes(buffer),
            width: u32::from_le_bytes(width),
            height: u32::from_le_bytes(height),
        })
    }

    pub(in crate::media) fn to_bytes(&self) -> [u8; Self::LEN] {
        words_to_bytes(&[
            self.micros_per_frame,
            self.max_bytes_per_sec,
            0,
            self.flags,
            self.total_frames,
            0,
            self.streams,
            self.suggested_buffer_size,
            self.width,
            self.height,
        ])
    }
}

/// The `strh` chunk (MS Learn: AVISTREAMHEADER structure, aviriff.h).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamHeader {
    /// `fccType`: `vids`, `auds`, `mids` or `txts`.
    pub kind: FourCc,
    /// `fccHandler`: the codec the file asks for; may be zero.
    pub handler: FourCc,
    /// `dwFlags`: `AVISF_` flags.
    pub flags: u32,
    /// `dwScale`: with `rate`, a unit of the stream lasts `scale / rate` seconds.
    pub scale: u32,
    /// `dwRate`: see `scale`.
    pub rate: u32,
    /// `dwStart`: when the stream starts, in units of the stream.
    pub start: u32,
    /// `dwLength`: units in the stream, as stated: frames, or blocks of audio.
    pub length: u32,
    /// `dwSuggestedBufferSize`: bytes that hold the largest packet, as stated.
    pub suggested_buffer_size: u32,
    /// `dwSampleSize`: bytes of a unit, or 0 where units differ in length.
    pub sample_size: u32,
    /// `rcFrame`: left, top, right and bottom of the picture; all 0 where the chunk is too short to have it.
    pub frame: [i16; 4],
}

impl StreamHeader {
    /// Length of the chunk's body.
    const LEN: usize = 56;
    /// Length without `rcFrame`, which older writers leave out.
    const READ_LEN: usize = 48;

    /// Whether this is a video stream.
    pub fn is_video(&self) -> bool {
        &self.kind == b"vids"
    }

    /// Whether this is an audio stream.
    pub fn is_audio(&self) -> bool {
        &self.kind == b"auds"
    }

    pub(super) fn parse(body: &[u8], chunk: &Chunk) -> Result<Self, MediaError> {
        let words = body.get(..Self::READ_LEN).map(|fixed| fixed.as_chunks::<4>().0);
        let Some(
            &[
                kind,
                handler,
                flags,
                _priority_and_language,
                _initial,
                scale,
                rate,
                start,
                length,
                buffer,
                _quality,
                sample_size,
            ],
        ) = words
        else {
            return Err(too_short("'strh' chunk", body.len(), Self::READ_LEN, chunk));
        };
        let frame = match body.get(Self::READ_LEN..).unwrap_or_default().as_chunks::<2>().0 {
            [left, top, right, bottom, ..] => [*left, *top, *right, *bottom].map(i16::from_le_bytes),
            _ => [0; 4],
        };
        Ok(Self {
            kind,
            handler,
            flags: u32::from_le_bytes(flags),
            scale: u32::from_le_bytes(scale),
            rate: u32::from_le_bytes(rate),
            start: u32::from_le_bytes(start),
            length: u32::from_le_bytes(length),
            suggested_buffer_size: u32::from_le_bytes(buffer),
            sample_size: u32::from_le_bytes(sample_size),
            frame,
        })
    }

    /// The chunk's body; the quality is written as -1, "the driver's default".
    pub(in crate::media) fn to_bytes(&self) -> [u8; Self::LEN] {
        let pair =
            |low: i16, high: i16| u32::from(low.cast_unsigned()) | u32::from(high.cast_unsigned()) << 16;
        let [left, top, right, bottom] = self.frame;
        words_to_bytes(&[
            u32::from_le_bytes(self.kind),
            u32::from_le_bytes(self.handler),
            self.flags,
            0,
            0,
            self.scale,
            self.rate,
            self.start,
            self.length,
            self.suggested_buffer_size,
            u32::MAX,
            self.sample_size,
            pair(left, top),
            pair(right, bottom),
        ])
    }
}

/// Writes `words` one after the other; what is left of the array stays 0.
fn words_to_bytes<const N: usize>(words: &[u32]) -> [u8; N] {
    let mut bytes = [0; N];
    for (target, word) in bytes.as_chunks_mut().0.iter_mut().zip(words) {
        *target = word.to_le_bytes();
    }
    bytes
}

fn too_short(what: &'static str, len: usize, needed: usize, chunk: &Chunk) -> MediaError {
    MediaError::Malformed { what, offset: chunk.offset, why: format!("it has {len} bytes, not {needed}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: Chunk = Chunk { id: *b"test", offset: 77, size: 56, present: 56 };

    #[test]
    fn headers_read_back_what_they_wrote() {
        let main = MainHeader {
            micros_per_frame: 40_000,
            max_bytes_per_sec: 1,
            flags: AVIF_HASINDEX,
            total_frames: 2,
            streams: 3,
            suggested_buffer_size: 4,
            width: 5,
            height: 6,
        };
        assert_eq!(MainHeader::parse(&main.to_bytes(), &CHUNK).unwrap(), main);
        let stream = StreamHeader {
            kind: *b"vids",
            handler: *b"cvid",
            flags: 1,
            scale: 2,
            rate: 3,
            start: 4,
            length: 5,
            suggested_buffer_size: 6,
            sample_size: 7,
            frame: [-1, 2, 300, -400],
        };
        assert_eq!(StreamHeader::parse(&stream.to_bytes(), &CHUNK).unwrap(), stream);
    }

    #[test]
    fn short_headers_are_refused_with_their_place() {
        let err = MainHeader::parse(&[0; 39], &CHUNK).unwrap_err();
        assert_eq!(err.to_string(), "the 'avih' chunk is malformed at byte 77: it has 39 bytes, not 40");
        assert!(StreamHeader::parse(&[0; 47], &CHUNK).is_err());
        assert_eq!(StreamHeader::parse(&[0; 55], &CHUNK).unwrap().frame, [0; 4]);
    }
}
