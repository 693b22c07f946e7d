//! The streams of an AVI file that is being written.

use super::layout::SuperEntry;
use crate::media::avi::{
    AVISF_VIDEO_PALCHANGES, MAX_FORMAT, MAX_HEADER, MAX_PACKET, MAX_STREAMS, StreamHeader,
};
use crate::media::dib::{BI_BITFIELDS, BI_RGB, BitmapInfoHeader, dib24_size};
use crate::media::error::MediaError;
use crate::media::riff::FourCc;
use crate::media::wav::WaveFormat;
use crate::media::wav_writer::PcmFormat;

/// The size and rate of the video that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoShape {
    /// Pixels per row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// With `rate`: a frame lasts `scale / rate` seconds. Neither may be 0.
    pub scale: u32,
    /// See `scale`.
    pub rate: u32,
    /// The shape of a whole frame on the screen, as width to height, neither of them 0; `None` where it is not known.
    pub aspect: Option<(u16, u16)>,
}

impl VideoShape {
    /// Bytes of a picture as BGR24 without padding.
    #[must_use]
    pub fn bgr24_size(&self) -> usize {
        (self.width as usize).saturating_mul(self.height as usize).saturating_mul(3)
    }

    /// The shape of a pixel, as width to height in lowest terms; `None` where it is not known.
    #[must_use]
    pub fn pixel_aspect(&self) -> Option<(u64, u64)> {
        let (wide, high) = self.aspect.filter(|(wide, high)| *wide > 0 && *high > 0)?;
        let (mut wide, mut high) =
            (u64::from(wide) * u64::from(self.height), u64::from(high) * u64::from(self.width));
        let (mut common, mut rest) = (wide, high);
        while rest != 0 {
            (common, rest) = (rest, common % rest);
        }
        wide /= common.max(1);
        high /= common.max(1);
        Some((wide, high))
    }
}

/// A stream to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AviTrack {
    /// The `strh` chunk. The length and the suggested buffer size are filled in when the file is finished.
    pub header: StreamHeader,
    /// The `strf` chunk: a BITMAPINFO block for `vids`, a WAVEFORMATEX for `auds`.
    pub format: Vec<u8>,
    /// The stream's name, a chunk `strn`.
    pub name: Option<String>,
    /// The shape of a whole frame of video, as width to height, for a chunk `vprp`.
    pub aspect: Option<(u16, u16)>,
}

impl AviTrack {
    /// Video as 24-bit bitmaps, stored from the bottom row up: what [`to_dib24`](crate::media::to_dib24) makes.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where a number of `shape` is 0 or a side is over 32767 (which `rcFrame` cannot hold);
    /// [`MediaError::TooLarge`] where a frame is over [`MAX_PACKET`].
    pub fn bgr24(shape: VideoShape) -> Result<Self, MediaError> {
        let VideoShape { width, height, scale, rate, aspect } = shape;
        check_sides(width, height)?;
        let size_image = dib24_size(width, height);
        if size_image > MAX_PACKET {
            return Err(MediaError::TooLarge {
                what: format!("a frame of {width} x {height} pixels"),
                why: format!("it takes {size_image} bytes, and {MAX_PACKET} are the limit"),
            });
        }
        let format = BitmapInfoHeader {
            size: BitmapInfoHeader::LEN,
            width,
            height,
            top_down: false,
            bit_count: 24,
            compression: BI_RGB,
            size_image: size_image as u32,
            clr_used: 0,
        };
        Ok(Self { aspect, ..Self::video(format.to_bytes().to_vec(), *b"DIB ", scale, rate)? })
    }

    /// Video of any format, by its BITMAPINFO block, and the code of the driver that made it.
    ///
    /// # Errors
    /// As [`BitmapInfoHeader::parse`]; [`MediaError::Unsupported`] where a side is over 32767, or scale or rate is 0.
    pub fn video(format: Vec<u8>, handler: FourCc, scale: u32, rate: u32) -> Result<Self, MediaError> {
        let bitmap = BitmapInfoHeader::parse(&format)?;
        check_sides(bitmap.width, bitmap.height)?;
        let header = StreamHeader {
            kind: *b"vids",
            handler,
            scale,
            rate,
            frame: [0, 0, bitmap.width as i16, bitmap.height as i16],
            ..StreamHeader::default()
        };
        check_rate(&header)?;
        Ok(Self { header, format, name: None, aspect: None })
    }

    /// PCM samples.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where channels or rate are 0, or too large for the header.
    pub fn pcm(format: PcmFormat) -> Result<Self, MediaError> {
        Self::wave(&WaveFormat::of_pcm(format)?)
    }

    /// Sound of any format whose blocks all have one length. For other sound, such as MP3 of a variable bit rate, set the header's
    /// `sample_size` to 0, and `scale` and `rate` to what a packet lasts.
    ///
    /// # Errors
    /// [`MediaError::Unsupported`] where `nBlockAlign` or `nAvgBytesPerSec` is 0.
    pub fn wave(format: &WaveFormat) -> Result<Self, MediaError> {
        let header = StreamHeader {
            kind: *b"auds",
            scale: format.block_align.into(),
            rate: format.avg_bytes_per_sec,
            sample_size: format.block_align.into(),
            ..StreamHeader::default()
        };
        check_rate(&header)?;
        Ok(Self { header, format: format.bytes.clone(), name: None, aspect: None })
    }
}

/// A stream, and what was written of it.
pub(super) struct Track {
    pub given: AviTrack,
    /// The identifier of its packets.
    pub id: FourCc,
    /// Width and height of video.
    pub size: (u32, u32),
    /// Units so far: frames, blocks, or packets.
    pub units: u64,
    /// Units in the `RIFF` chunk at hand.
    pub part_units: u64,
    /// Bytes of its packets so far.
    bytes: u64,
    /// Bytes of the largest packet.
    pub largest: u32,
    pub super_index: Vec<SuperEntry>,
}

impl Track {
    fn check(given: AviTrack, index: usize) -> Result<Self, MediaError> {
        check_rate(&given.header)?;
        let too_large = |what: &str, len: usize, limit: u64| MediaError::TooLarge {
            what: format!("the {what} of track {index}"),
            why: format!("it has {len} bytes, and {limit} is the limit"),
        };
        if given.format.len() as u64 > MAX_FORMAT {
            return Err(too_large("format block", given.format.len(), MAX_FORMAT));
        }
        if let Some(name) = given.name.as_ref().filter(|name| name.len() as u64 >= MAX_HEADER) {
            return Err(too_large("name", name.len(), MAX_HEADER - 1));
        }
        let mut size = (0, 0);
        let code = match &given.header.kind {
            b"vids" => {
                let bitmap = BitmapInfoHeader::parse(&given.format)?;
                size = (bitmap.width, bitmap.height);
                if [BI_RGB, BI_BITFIELDS].contains(&bitmap.compression) { *b"db" } else { *b"dc" }
            }
            b"auds" => {
                WaveFormat::parse(given.format.clone())?;
                *b"wb"
            }
            b"txts" => *b"tx",
            kind => {
                return Err(MediaError::Unsupported {
                    what: format!("writing a stream of the kind {}", crate::media::riff::fourcc_text(*kind)),
                    why: "video, audio and text can be written".to_owned(),
                });
            }
        };
        let [first, second] = code;
        let id = [b'0' + (index / 10) as u8, b'0' + (index % 10) as u8, first, second];
        Ok(Self { given, id, size, units: 0, part_units: 0, bytes: 0, largest: 0, super_index: Vec::new() })
    }

    pub fn is_video(&self) -> bool {
        self.given.header.is_video()
    }

    /// How many units a packet has, if it may follow what is there.
    pub fn units_of(&self, packet: &[u8]) -> Result<u64, MediaError> {
        let (len, block) = (packet.len() as u64, u64::from(self.given.header.sample_size));
        let units = if self.is_video() { 1 } else { len.checked_div(block).unwrap_or(1) };
        if !self.is_video() && block != 0 && !len.is_multiple_of(block) {
            return Err(MediaError::Malformed {
                what: "packet to be written",
                offset: len,
                why: format!("it ends there, within a block of {block} bytes"),
            });
        }
        if self.units + units > u32::MAX.into() {
            return Err(MediaError::TooLarge {
                what: "a stream of the AVI file".to_owned(),
                why: format!("its length in units of {block} bytes must fit in 32 bits"),
            });
        }
        Ok(units)
    }

    /// Counts a packet that was written.
    pub fn count(&mut self, packet: &[u8], units: u64) {
        self.units += units;
        self.part_units += units;
        self.bytes += packet.len() as u64;
        self.largest = self.largest.max(packet.len() as u32);
    }

    /// Notes a change of the palette that was written.
    pub fn changes_palette(&mut self, change: &[u8]) {
        self.given.header.flags |= AVISF_VIDEO_PALCHANGES;
        self.largest = self.largest.max(change.len() as u32);
    }

    /// The header with what is known by now.
    pub fn final_header(&self) -> StreamHeader {
        let (length, suggested_buffer_size) = (self.units as u32, self.largest);
        StreamHeader { length, suggested_buffer_size, ..self.given.header.clone() }
    }

    /// How long a unit lasts, in microseconds.
    pub fn micros_per_unit(&self) -> u32 {
        let (scale, rate) = (u64::from(self.given.header.scale), u64::from(self.given.header.rate));
        let micros = (scale * 1_000_000 + rate / 2).checked_div(rate).unwrap_or(0);
        micros.try_into().unwrap_or(u32::MAX)
    }

    /// How many bytes a second of the stream takes.
    pub fn bytes_per_sec(&self) -> u32 {
        let (scale, rate) = (u128::from(self.given.header.scale), u128::from(self.given.header.rate));
        let per_second = (u128::from(self.bytes) * rate).checked_div(scale * u128::from(self.units));
        per_second.unwrap_or(0).try_into().unwrap_or(u32::MAX)
    }
}

/// Checks what is to be written, and gives each stream its packets' identifier.
pub(super) fn check_all(tracks: Vec<AviTrack>) -> Result<Vec<Track>, MediaError> {
    if tracks.is_empty() || tracks.len() > MAX_STREAMS {
        return Err(MediaError::Unsupported {
            what: format!("an AVI file of {} streams", tracks.len()),
            why: format!("it can have 1 to {MAX_STREAMS}"),
        });
    }
    tracks.into_iter().enumerate().map(|(index, given)| Track::check(given, index)).collect()
}

/// The video whose frames the main header counts.
pub(super) fn first_video(tracks: &[Track]) -> Option<&Track> {
    tracks.iter().find(|track| track.is_video())
}

fn check_sides(width: u32, height: u32) -> Result<(), MediaError> {
    let sides = 1..=i16::MAX.unsigned_abs().into();
    if sides.contains(&width) && sides.contains(&height) {
        return Ok(());
    }
    Err(MediaError::Unsupported {
        what: format!("an AVI file of {width} x {height} pixels"),
        why: format!("sides are 1 to {} pixels", sides.end()),
    })
}

fn check_rate(header: &StreamHeader) -> Result<(), MediaError> {
    if header.scale != 0 && header.rate != 0 {
        return Ok(());
    }
    Err(MediaError::Unsupported {
        what: format!("an AVI stream of {}/{} units a second", header.rate, header.scale),
        why: "neither number can be 0".to_owned(),
    })
}
