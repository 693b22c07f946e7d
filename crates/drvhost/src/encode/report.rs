//! What was encoded.

use std::time::Duration;

use serde::Serialize;

use super::Encode;
use super::audio::AudioMade;
use super::source::Fed;
use super::video::VideoMade;
use crate::error::Blame;

/// What was encoded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Encoded {
    /// The input file.
    pub input: String,
    /// The output file.
    pub output: String,
    /// The video, where there is any.
    pub video: Option<EncodedVideo>,
    /// The sound, a stream each.
    pub audio: Vec<EncodedAudio>,
    /// How long it took, in seconds of wall time.
    pub seconds: f64,
    /// What the user should know though encoding went on.
    pub warnings: Vec<String>,
    /// What part of the input is missing or unreadable; then also among the warnings.
    #[serde(skip)]
    pub damage: Option<String>,
    /// Whose doing it is that not everything was encoded; `None` where everything was.
    #[serde(skip)]
    pub blame: Option<Blame>,
}

/// A stream of video that was encoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncodedVideo {
    /// The driver's file name; `None` for uncompressed video.
    pub driver: Option<String>,
    /// The kind of compression: a code, or the name of a number.
    pub fourcc: String,
    /// How many frames.
    pub frames: u64,
    /// How many of them need no other.
    pub key_frames: u64,
    /// Bytes of all frames.
    pub bytes: u64,
    /// Pixels a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// A stream of sound that was encoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EncodedAudio {
    /// The driver's file name; `None` for PCM.
    pub driver: Option<String>,
    /// The format's tag.
    pub format_tag: u16,
    /// How many samples a channel were given to the driver.
    pub samples: u64,
    /// Bytes of the stream.
    pub bytes: u64,
    /// How many channels.
    pub channels: u16,
    /// Samples a second and channel.
    pub samples_per_sec: u32,
}

impl Encoded {
    /// Puts together what the source and the encoders say.
    pub(super) fn of(
        what: &Encode,
        fed: Fed,
        video: Option<VideoMade>,
        audio: Vec<AudioMade>,
        elapsed: Duration,
    ) -> Self {
        let Fed { mut warnings, damage, blame } = fed;
        let (video, said) = video.map_or((None, Vec::new()), |made| (Some(made.encoded), made.warnings));
        warnings.splice(0..0, said);
        let mut heard = Vec::new();
        for made in audio {
            warnings.splice(0..0, made.warnings);
            heard.push(made.encoded);
        }
        Self {
            input: what.input.display().to_string(),
            output: what.output.display().to_string(),
            video,
            audio: heard,
            seconds: elapsed.as_secs_f64(),
            warnings,
            damage,
            blame,
        }
    }
}
