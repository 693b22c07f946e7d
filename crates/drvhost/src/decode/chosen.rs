//! Which streams of an input are decoded.

use super::Job;
use super::input::Input;
use super::output::{Takes, Target};
use crate::error::Error;
use crate::media::{AudioStream, MediaError, StreamHeader, VideoStream};

/// The streams of an input that are to be decoded.
pub(super) struct Chosen {
    /// The video.
    pub video: Option<VideoStream>,
    /// The audio, by the streams' numbers.
    pub audio: Vec<(u16, AudioStream)>,
    /// What is left out.
    pub warnings: Vec<String>,
    /// What cannot be decoded though it belongs there.
    pub lost: Vec<String>,
}

/// The error where no stream is left.
pub(super) fn nothing_left(lost: Vec<String>) -> Error {
    MediaError::NoStream {
        wanted: format!("stream that can be decoded ({})", lost.join("; ")),
        present: lost.len(),
    }
    .into()
}

impl Chosen {
    /// Chooses what the output takes.
    ///
    /// # Errors
    /// [`Error::Media`] where there is nothing for it.
    pub fn of(job: &Job<'_>, input: &Input, target: Option<&Target<'_>>) -> Result<Self, Error> {
        let takes = target.map_or(Takes::All, Target::takes);
        let unfit = |why: &str| target.map_or_else(|| Error::Bug(why.into()), |target| target.unfit(why));
        let avi = match input {
            Input::Avi { avi, .. } => avi,
            Input::Wave { wave, .. } => {
                match job.what.stream {
                    Some(0) | None => {}
                    Some(other) => {
                        return Err(MediaError::NoStream {
                            wanted: format!("stream of number {other}"),
                            present: 1,
                        }
                        .into());
                    }
                }
                let ffmpegs = matches!(target, Some(Target::Ffmpeg { .. } | Target::Handed(_)));
                if !matches!(takes, Takes::Audio | Takes::One) && target.is_some() && !ffmpegs {
                    return Err(unfit("the input is audio; write .wav"));
                }
                let audio = vec![(0, AudioStream::alone(wave.format().clone()))];
                return Ok(Self { video: None, audio, warnings: Vec::new(), lost: Vec::new() });
            }
        };
        let mut chosen = Self { video: None, audio: Vec::new(), warnings: Vec::new(), lost: Vec::new() };
        let wanted = |index: u16| job.what.stream.is_none_or(|stream| stream == index);
        if let Some(stream) = job.what.stream
            && usize::from(stream) >= avi.streams().len()
        {
            return Err(MediaError::NoStream {
                wanted: format!("stream of number {stream}"),
                present: avi.streams().len(),
            }
            .into());
        }
        for stream in avi.streams() {
            let index = stream.index;
            let named = match &stream.header.kind {
                b"vids" => "video stream",
                b"auds" => "audio stream",
                _ => "stream",
            };
            let kind = mmsystem::FourCc(stream.header.kind);
            if !wanted(index) {
                continue;
            }
            let one_is_chosen = chosen.video.is_some() || !chosen.audio.is_empty();
            if stream.header.is_video() && takes.video() && chosen.video.is_none() {
                chosen.video = Some(avi.video_stream(index)?);
                if takes == Takes::One {
                    chosen.audio.clear();
                }
            } else if stream.header.is_audio()
                && (takes == Takes::All || (takes != Takes::Video && !one_is_chosen))
            {
                match avi.audio_stream(index) {
                    Ok(audio) => chosen.audio.push((index, audio)),
                    Err(error) => chosen.lost.push(format!("stream {index} was not decoded: {error}")),
                }
            } else if stream.header.is_video() || stream.header.is_audio() {
                chosen.warnings.push(format!(
                    "the {named} of number {index} was left out; `--stream {index}` decodes it alone"
                ));
            } else {
                chosen
                    .warnings
                    .push(format!("stream {index} (`{kind}`) was left out: it is neither video nor audio"));
            }
        }
        if chosen.video.is_none() && chosen.audio.is_empty() {
            if !chosen.lost.is_empty() {
                return Err(nothing_left(chosen.lost));
            }
            let has = |is: fn(&StreamHeader) -> bool| {
                avi.streams().iter().any(|stream| wanted(stream.index) && is(&stream.header))
            };
            if takes == Takes::Audio && has(StreamHeader::is_video) {
                return Err(unfit(
                    "the input is video without sound; write .avi, .mkv, .y4m, or .png pictures as in frame%05d.png",
                ));
            }
            if takes == Takes::Video && has(StreamHeader::is_audio) {
                return Err(unfit("the input is audio; write .wav"));
            }
            let present = avi.streams().len();
            return Err(MediaError::NoStream { wanted: "video or audio stream".into(), present }.into());
        }
        Ok(chosen)
    }
}
