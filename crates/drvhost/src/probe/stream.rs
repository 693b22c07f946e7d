//! What one stream has, and who would decode it.

use std::fmt;
use std::io::{Read, Seek};

use mmsystem::{WAVE_FORMAT_ADPCM, WAVE_FORMAT_DVI_ADPCM, WAVE_FORMAT_GSM610};
use serde::Serialize;

use super::{Reason, seconds};
use crate::decode::{Decode, compression_name, format_tag_name, serving};
use crate::error::{Blame, Error};
use crate::media::{AviReader, IndexState, Stream, StreamWalk, WavReader, WaveFormat};
use crate::session::Session;

/// What a stream is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Pictures.
    Video,
    /// Sound.
    Audio,
    /// Something that is not decoded.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Other => "other",
        })
    }
}

/// What index a stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct StreamIndex {
    /// `idx1` or `OpenDML`.
    pub kind: &'static str,
    /// How many packets it lists; 0 where it leads to none.
    pub packets: u64,
    /// How many packets were found where it says; `None` where they were not walked over.
    pub confirmed: Option<u64>,
}

/// One stream of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// Its number.
    pub stream: u16,
    /// What it is of.
    pub kind: Kind,
    /// Its codec: a four-character code, a compression's name, or a wave format tag with its name; for other streams their type.
    pub codec: String,
    /// Its name, where the file gives it one.
    pub name: Option<String>,
    /// Pixels a row, for video.
    pub width: Option<u32>,
    /// Rows, for video.
    pub height: Option<u32>,
    /// Bits a pixel or sample, as stated.
    pub bits: Option<u16>,
    /// Frames a second, for video.
    pub rate: Option<f64>,
    /// Samples a second and channel, for sound.
    pub sample_rate: Option<u32>,
    /// Channels, for sound.
    pub channels: Option<u16>,
    /// How many frames of video, or bytes of sound, the headers state; `None` where they do not.
    pub stated: Option<u64>,
    /// How many were found; `None` where nobody looked.
    pub found: Option<u64>,
    /// Bytes of all its packets; `None` where nobody looked.
    pub bytes: Option<u64>,
    /// Frames that are key frames by the index; `None` where there is none.
    pub key_frames: Option<u64>,
    /// Frames without bytes, which repeat the one before them; `None` where nobody looked.
    pub repeats: Option<u64>,
    /// Changes of the palette; `None` where nobody looked.
    pub palette_changes: Option<u64>,
    /// How long it plays.
    pub seconds: Option<f64>,
    /// Its index.
    pub index: Option<StreamIndex>,
    /// The file name of the driver that was opened for it; `None` where it needs none, or there is none.
    pub driver: Option<String>,
    /// Why none serves it.
    pub reason: Option<Reason>,
    /// Packets that are too large to be read.
    #[serde(skip)]
    too_large: u64,
}

impl Found {
    fn new(stream: u16, kind: Kind, codec: String) -> Self {
        Self {
            stream,
            kind,
            codec,
            name: None,
            width: None,
            height: None,
            bits: None,
            rate: None,
            sample_rate: None,
            channels: None,
            stated: None,
            found: None,
            bytes: None,
            key_frames: None,
            repeats: None,
            palette_changes: None,
            seconds: None,
            index: None,
            driver: None,
            reason: None,
            too_large: 0,
        }
    }

    /// The sound of a WAVE file.
    pub(super) fn of_wave<R: Read + Seek>(
        session: &Session,
        what: &Decode,
        wave: &WavReader<R>,
    ) -> Result<Self, Error> {
        let format = wave.format();
        let mut found = Self::new(0, Kind::Audio, format_tag_name(format.codec_tag()));
        found.sound(format);
        let there = wave.data_len();
        found.stated = wave.damage().map_or(Some(there), |damage| damage.stated);
        (found.found, found.bytes) = (Some(there), Some(there));
        found.seconds = duration(format, there);
        found.serve(serving::for_audio(session, what, format))?;
        Ok(found)
    }

    /// A stream of an AVI file; what a walk found in it, if there was one.
    pub(super) fn of_avi<R: Read + Seek>(
        session: &Session,
        what: &Decode,
        avi: &mut AviReader<R>,
        stream: &Stream,
        walked: Option<&StreamWalk>,
    ) -> Result<Self, Error> {
        let header = &stream.header;
        let mut found = if header.is_video() {
            Self::of_video(session, what, avi, stream)?
        } else if header.is_audio() {
            Self::of_audio(session, what, avi, stream)?
        } else {
            Self::new(stream.index, Kind::Other, mmsystem::FourCc(header.kind).to_string())
        };
        found.name.clone_from(&stream.name);
        let counted = if found.kind == Kind::Audio {
            walked.map(|walk| walk.bytes)
        } else {
            walked.map(|walk| walk.packets)
        };
        found.found = counted;
        found.bytes = walked.map(|walk| walk.bytes);
        let (kind, packets, keys) = match avi.index_state(stream.index)? {
            IndexState::Absent => (None, 0, None),
            IndexState::Useless => (Some("idx1"), 0, None),
            IndexState::Usable { open_dml, packets, key_frames } => {
                let kind = if open_dml { "OpenDML" } else { "idx1" };
                (Some(kind), packets, Some(walked.map_or(key_frames, |walk| walk.key_frames)))
            }
        };
        found.index =
            kind.map(|kind| StreamIndex { kind, packets, confirmed: walked.map(|walk| walk.listed) });
        if found.kind == Kind::Video {
            found.key_frames = keys;
            found.repeats = walked.map(|walk| walk.empty);
            found.palette_changes = walked.map(|walk| walk.palette_changes);
        }
        found.too_large = walked.map_or(0, |walk| walk.too_large);
        let stated = seconds(header.length.into(), header.scale.into(), header.rate.into());
        found.seconds = match found.kind {
            Kind::Video => {
                let video = avi.video_stream(stream.index).ok();
                let frames = found.found.or(found.stated);
                video.and_then(|video| seconds(frames?, video.scale.into(), video.rate.into()))
            }
            Kind::Audio => {
                let audio = avi.audio_stream(stream.index).ok();
                let of = |bytes| audio.as_ref().and_then(|audio| duration(&audio.format, bytes));
                // Packets of a codec that are of any length say nothing of time.
                let bytes = found.found.or(found.stated).filter(|_| header.sample_size != 0);
                bytes.map_or(stated, of)
            }
            Kind::Other => stated,
        };
        Ok(found)
    }

    fn of_video<R: Read + Seek>(
        session: &Session,
        what: &Decode,
        avi: &AviReader<R>,
        stream: &Stream,
    ) -> Result<Self, Error> {
        let kind = |codec| Self::new(stream.index, Kind::Video, codec);
        let video = match avi.video_stream(stream.index) {
            Ok(video) => video,
            Err(error) => {
                let mut found = kind(mmsystem::FourCc(stream.header.handler).to_string());
                found.serve(Err(error.into()))?;
                return Ok(found);
            }
        };
        let mut found = kind(compression_name(u32::from_le_bytes(video.compression)));
        (found.width, found.height, found.bits) =
            (Some(video.width), Some(video.height), Some(video.bit_count));
        found.rate = (video.scale > 0).then(|| f64::from(video.rate) / f64::from(video.scale));
        found.stated = (video.length > 0).then_some(video.length.into());
        found.serve(serving::for_video(session, what, &video))?;
        Ok(found)
    }

    fn of_audio<R: Read + Seek>(
        session: &Session,
        what: &Decode,
        avi: &AviReader<R>,
        stream: &Stream,
    ) -> Result<Self, Error> {
        let audio = match avi.audio_stream(stream.index) {
            Ok(audio) => audio,
            Err(error) => {
                let mut found = Self::new(stream.index, Kind::Audio, "unreadable".to_owned());
                found.serve(Err(error.into()))?;
                return Ok(found);
            }
        };
        let mut found = Self::new(stream.index, Kind::Audio, format_tag_name(audio.format.codec_tag()));
        found.sound(&audio.format);
        let stated = u64::from(audio.length) * u64::from(stream.header.sample_size);
        found.stated = (stated > 0).then_some(stated);
        // What is for video is no driver for sound.
        let alone = Decode { driver: None, ..what.clone() };
        let is_beside = avi.streams().iter().any(|stream| stream.header.is_video());
        found.serve(serving::for_audio(session, if is_beside { &alone } else { what }, &audio.format))?;
        Ok(found)
    }

    fn sound(&mut self, format: &WaveFormat) {
        (self.sample_rate, self.channels) = (Some(format.samples_per_sec), Some(format.channels));
        self.bits = (format.bits_per_sample > 0).then_some(format.bits_per_sample);
    }

    /// Notes who serves it. What this computer or a bug is to blame for is no finding.
    fn serve(&mut self, served: Result<Option<String>, Error>) -> Result<(), Error> {
        match served {
            Ok(driver) => self.driver = driver,
            Err(error) if matches!(error.blame(), Blame::Host | Blame::Bug) => return Err(error),
            Err(error) => self.reason = Some(Reason::from(&error)),
        }
        Ok(())
    }

    /// Its channels, in words.
    #[must_use]
    pub fn channels_text(&self) -> Option<String> {
        self.channels.map(|count| match count {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            count => format!("{count} channels"),
        })
    }

    /// What its packets are counted in.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self.kind {
            Kind::Video => "frames",
            Kind::Audio => "bytes",
            Kind::Other => "packets",
        }
    }

    /// What is damaged in it, besides what the walk met.
    pub(super) fn damage(&self) -> Vec<String> {
        let Self { stream, too_large, .. } = self;
        let mut texts = Vec::new();
        match too_large {
            0 => {}
            1 => texts.push(format!("a packet of stream {stream} is too large to be read")),
            many => texts.push(format!("{many} packets of stream {stream} are too large to be read")),
        }
        if self.kind != Kind::Other && self.bytes == Some(0) {
            texts.push(format!("stream {stream} has no data"));
        }
        texts
    }

    /// What is unusual in it.
    pub(super) fn notes(&self) -> Vec<String> {
        let Self { stream, stated, found, .. } = self;
        let mut texts = Vec::new();
        if let (Some(stated), Some(found)) = (stated, found)
            && stated != found
            && self.kind != Kind::Other
        {
            texts.push(format!("stream {stream} states {stated} {} and has {found}", self.unit()));
        }
        let video = (self.kind == Kind::Video).then_some(());
        match (video, &self.index, found) {
            (Some(()), Some(StreamIndex { packets: 0, .. }), _) => {
                texts.push(format!("the index leads to no packet of stream {stream}"));
            }
            (Some(()), Some(index), Some(found)) if index.confirmed != Some(*found) => {
                let confirmed = index.confirmed.unwrap_or(0);
                texts.push(format!(
                    "the index is right about {confirmed} of {found} frames of stream {stream}"
                ));
            }
            (Some(()), None, _) => {
                texts.push(format!("stream {stream} has no index: which frames are key frames is not known"));
            }
            _ => {}
        }
        texts
    }
}

/// How long so many bytes of a format play. Where the format says how many samples a block has, that counts; many writers state only roughly how many
/// bytes a second takes (MS Learn: ADPCMWAVEFORMAT, IMAADPCMWAVEFORMAT and GSM610WAVEFORMAT structures, whose first extra number it is).
fn duration(format: &WaveFormat, bytes: u64) -> Option<f64> {
    let is_in_blocks =
        [WAVE_FORMAT_ADPCM, WAVE_FORMAT_DVI_ADPCM, WAVE_FORMAT_GSM610].contains(&format.codec_tag());
    let samples = format.extra.first_chunk().map(|samples| u64::from(u16::from_le_bytes(*samples)));
    match samples {
        Some(samples) if is_in_blocks && samples > 0 && format.block_align > 0 => {
            seconds(bytes / u64::from(format.block_align), samples, format.samples_per_sec.into())
        }
        _ => seconds(bytes, 1, format.avg_bytes_per_sec.into()),
    }
}
