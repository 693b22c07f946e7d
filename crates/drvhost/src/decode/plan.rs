//! Which streams are decoded by which drivers, and where they go.

use super::audio::{AudioDone, AudioTrack, PCM_SIZE, Samples, Span};
use super::chosen::{Chosen, nothing_left};
use super::ffmpeg::{Ffmpeg, Wanted};
use super::handover::{Handed, handover};
use super::input::Input;
use super::interleave::{Interleaved, check_streams};
use super::output::Target;
use super::pictures::Pictures;
use super::range::FrameRange;
use super::result::Sinks;
use super::shared::Shared;
use super::sinks::{AudioSink, VideoSink};
use super::video::VideoTrack;
use super::{Decoded, DecodedAudio, Job};
use crate::error::Error;
use crate::media::{
    AudioStream, AviReader, AviTrack, AviWriter, FileReader, OutputKind, OutputStream, PcmFormat, PngSeries,
    VideoShape, VideoStream, WavReader, WavWriter, Y4mWriter,
};

/// Frames a second to write when the file states no rate.
const USUAL_RATE: u32 = 25;

/// What is to be done.
pub(crate) struct Plan<'s> {
    /// What is known of the result.
    pub(super) decoded: Decoded,
    /// The video, and where it goes.
    pub(super) video: Option<(VideoTrack<'s>, VideoSink)>,
    /// The audio.
    pub(super) audio: Vec<AudioPart<'s>>,
    /// The file that the streams share.
    pub(super) files: Files,
    /// Streams that cannot be decoded though they belong to the output.
    pub(super) lost: Vec<String>,
}

/// A stream of audio, where it comes from and where it goes.
pub(super) struct AudioPart<'s> {
    track: AudioTrack<'s>,
    from: AudioFrom,
    sink: AudioSink,
}

/// Where audio comes from.
enum AudioFrom {
    Wave(Box<WavReader<FileReader>>),
    /// The stream of [`AudioTrack::stream`].
    Avi(Box<AviReader<FileReader>>),
}

impl AudioPart<'_> {
    /// As [`AudioTrack::run`].
    ///
    /// # Errors
    /// As [`AudioTrack::run`].
    pub fn run(self, shared: &Shared<'_>) -> Result<AudioDone, Error> {
        let Self { track, from, sink } = self;
        match from {
            AudioFrom::Wave(mut wave) => track.run(&mut *wave, sink, shared),
            AudioFrom::Avi(mut avi) => {
                let mut samples = avi.samples(track.stream)?;
                track.run(&mut samples, sink, shared)
            }
        }
    }
}

/// The file that several streams share, if they do.
pub(super) enum Files {
    /// They do not.
    Own,
    /// An AVI file.
    Avi(Interleaved),
    /// A file that ffmpeg writes.
    Ffmpeg(Ffmpeg),
    /// None: other threads take the streams.
    Handed(Handed),
}

impl Files {
    /// Completes all outputs.
    ///
    /// # Errors
    /// [`Error::Media`].
    pub fn finish(self, Sinks { video, audio }: Sinks) -> Result<(), Error> {
        video.map_or(Ok(()), VideoSink::finish)?;
        audio.into_iter().try_for_each(AudioSink::finish)?;
        match self {
            Self::Own | Self::Handed(_) => Ok(()),
            Self::Avi(file) => file.finish(),
            Self::Ffmpeg(ffmpeg) => ffmpeg.finish(),
        }
    }

    /// Why a run failed: ffmpeg may know better.
    pub fn reason(&self, error: Error) -> Error {
        match self {
            Self::Own | Self::Avi(_) | Self::Handed(_) => error,
            Self::Ffmpeg(ffmpeg) => ffmpeg.reason(error),
        }
    }
}

impl<'s> Plan<'s> {
    /// Opens the drivers and begins the outputs.
    ///
    /// # Errors
    /// As [`super::run`].
    pub fn new(job: &Job<'s>, input: &Input, target: Option<&Target<'_>>) -> Result<Self, Error> {
        let what = job.what;
        let chosen = Chosen::of(job, input, target)?;
        let Chosen { video, audio, mut warnings, mut lost } = chosen;
        let given = what.driver.as_ref();
        let pictures = video.as_ref().map(|video| Pictures::open(job, given, video)).transpose()?;
        let given = if video.is_some() { None } else { given };
        let mut heard = Vec::new();
        let alone = video.is_none() && audio.len() == 1;
        for (number, stream) in audio {
            match Samples::open(job, given, &stream.format) {
                Ok((samples, driver)) => heard.push((number, stream, samples, driver)),
                Err(error) if alone => return Err(error),
                Err(error) => lost.push(format!("stream {number} was not decoded: {error}")),
            }
        }
        let shape = video.as_ref().zip(pictures.as_ref()).map(|(video, pictures)| {
            let format = pictures.format();
            shape_of(video, format.width(), format.height(), &mut warnings)
        });
        if shape.is_none() && heard.is_empty() {
            return Err(nothing_left(lost));
        }
        let formats: Vec<_> = heard.iter().map(|(_, _, samples, _)| samples.format()).collect();
        let outputs = Outputs::begin(job, target, shape, &formats)?;
        let mut decoded = Decoded::of(job);
        (decoded.width, decoded.height) = (shape.map(|shape| shape.width), shape.map(|shape| shape.height));
        decoded.driver = match &pictures {
            Some(pictures) => pictures.driver(),
            None => heard.first().and_then(|(_, _, _, driver)| driver.clone()),
        };
        decoded.warnings = warnings;
        let beside = video.is_some();
        let mut parts = Vec::new();
        for ((number, stream, samples, driver), sink) in heard.into_iter().zip(outputs.audio) {
            let format = samples.format();
            let PcmFormat { channels, samples_per_sec, .. } = format;
            let (samples_count, hash) = (0, String::new());
            decoded.audio.push(DecodedAudio {
                stream: number,
                driver,
                samples: samples_count,
                channels,
                samples_per_sec,
                hash,
            });
            let (span, silence) = match shape {
                Some(shape) => {
                    (span_of(what.frames, shape, format), silence_of(&stream, what.frames, format))
                }
                None => (Span { skip: 0, len: None }, 0),
            };
            let from = match input {
                Input::Wave { file, .. } => AudioFrom::Wave(Box::new(WavReader::open(file.clone())?)),
                Input::Avi { file, .. } => AudioFrom::Avi(Box::new(AviReader::open(file.clone())?)),
            };
            let track = AudioTrack { stream: number, samples, span, silence, silent: beside, alone };
            parts.push(AudioPart { track, from, sink });
        }
        let video = match (video, pictures, input) {
            (Some(video), Some(pictures), Input::Avi { file, .. }) => {
                let avi = AviReader::open(file.clone())?;
                let (range, on_error) = (what.frames, what.on_error);
                let (stream, length) = (video.index, video.length);
                Some((VideoTrack { avi, stream, length, range, pictures, on_error }, outputs.video))
            }
            _ => None,
        };
        Ok(Self { decoded, video, audio: parts, files: outputs.files, lost })
    }
}

impl Plan<'_> {
    /// How many frames of video the file states, if it does.
    pub fn frames(&self) -> Option<u64> {
        self.video.as_ref().map(|(track, _)| track.length.into()).filter(|frames| *frames > 0)
    }

    /// The streams, where they were [wanted](Target::Handed) so.
    pub fn take_handed(&mut self) -> Handed {
        match std::mem::replace(&mut self.files, Files::Own) {
            Files::Handed(handed) => handed,
            others => {
                self.files = others;
                Handed::default()
            }
        }
    }
}

/// Where all streams go.
struct Outputs {
    video: VideoSink,
    audio: Vec<AudioSink>,
    files: Files,
}

impl Outputs {
    fn begin(
        job: &Job<'_>,
        target: Option<&Target<'_>>,
        shape: Option<VideoShape>,
        audio: &[PcmFormat],
    ) -> Result<Self, Error> {
        let own = |video, audio| Self { video, audio, files: Files::Own };
        let nowhere = || audio.iter().map(|_| AudioSink::None).collect();
        let Some(target) = target else { return Ok(own(VideoSink::None, nowhere())) };
        Ok(match (target, shape) {
            (Target::File { path, kind: OutputKind::Y4m }, Some(shape)) => {
                own(VideoSink::Y4m(Box::new(Y4mWriter::create(path, shape)?)), nowhere())
            }
            (Target::File { kind: OutputKind::Png(pattern), .. }, Some(shape)) => {
                let first = job.what.frames.first + 1;
                let series =
                    PngSeries::create(pattern.clone(), shape.width, shape.height)?.numbered_from(first);
                own(VideoSink::Png(series), nowhere())
            }
            (Target::StandardOutput, Some(shape)) => {
                let stream = OutputStream::standard_output()?;
                own(VideoSink::Y4m(Box::new(Y4mWriter::stream(stream, shape)?)), nowhere())
            }
            (Target::Ffmpeg { path, .. }, shape) => {
                let pix_fmt = job.what.pix_fmt.as_deref();
                let (ffmpeg, pipes) = Ffmpeg::start(&Wanted { target: path, video: shape, audio, pix_fmt })?;
                let mut pipes = pipes.into_iter();
                let video = shape.and_then(|_| pipes.next()).map_or(VideoSink::None, VideoSink::Pipe);
                let audio = pipes.map(AudioSink::Pipe).collect();
                Self { video, audio, files: Files::Ffmpeg(ffmpeg) }
            }
            (Target::Handed(_), shape) => {
                let (mut handed, mut video) = (Handed::default(), VideoSink::None);
                if let Some(shape) = shape {
                    let (to, from) = handover(shape.bgr24_size());
                    (video, handed.video) = (VideoSink::Handed(to), Some((shape, from)));
                }
                let mut sinks = Vec::new();
                for format in audio {
                    let (to, from) = handover(PCM_SIZE);
                    sinks.push(AudioSink::Handed(to));
                    handed.audio.push((*format, from));
                }
                Self { video, audio: sinks, files: Files::Handed(handed) }
            }
            (Target::File { path, kind: OutputKind::Avi }, shape) => {
                check_streams(audio.len() + usize::from(shape.is_some()))?;
                let mut tracks = Vec::new();
                tracks.extend(shape.map(AviTrack::bgr24).transpose()?);
                for format in audio {
                    tracks.push(AviTrack::pcm(*format)?);
                }
                let streams = tracks.len();
                let (file, written) = Interleaved::new(AviWriter::create(path, tracks)?, streams);
                let mut written = written.into_iter();
                let video = match shape.and_then(|shape| written.next().map(|track| (shape, track))) {
                    Some((shape, track)) => VideoSink::Avi { track, shape, dib: Vec::new(), frames: 0 },
                    None => VideoSink::None,
                };
                let audio = written.zip(audio);
                let audio = audio
                    .map(|(track, format)| AudioSink::Avi { track, format: *format, written: 0 })
                    .collect();
                Self { video, audio, files: Files::Avi(file) }
            }
            (target, _) => {
                let writer = |format: &PcmFormat| match target {
                    Target::File { path, .. } => WavWriter::create(path, *format),
                    Target::StandardOutput | Target::Ffmpeg { .. } | Target::Handed(_) => {
                        WavWriter::stream(OutputStream::standard_output()?, *format)
                    }
                };
                let sinks = audio.iter().map(|format| writer(format).map(AudioSink::Wav));
                own(VideoSink::None, sinks.collect::<Result<_, _>>()?)
            }
        })
    }
}

/// The samples that go with some frames.
fn span_of(range: FrameRange, shape: VideoShape, format: PcmFormat) -> Span {
    let at = |frames: u64| {
        let samples = u128::from(frames) * u128::from(shape.scale) * u128::from(format.samples_per_sec);
        u64::try_from(samples / u128::from(shape.rate.max(1))).unwrap_or(u64::MAX)
    };
    let skip = at(range.first);
    Span { skip, len: range.last.map(|last| at(last.saturating_add(1)).saturating_sub(skip)) }
}

/// The silence before a stream that begins later than the film, in samples; at most a day.
fn silence_of(stream: &AudioStream, range: FrameRange, format: PcmFormat) -> u64 {
    if range.first > 0 || stream.rate == 0 {
        return 0;
    }
    let second = u64::from(format.samples_per_sec);
    let samples =
        u128::from(stream.start) * u128::from(stream.scale) * u128::from(second) / u128::from(stream.rate);
    u64::try_from(samples).unwrap_or(u64::MAX).min(24 * 60 * 60 * second)
}

/// The size and rate to write.
fn shape_of(video: &VideoStream, width: u32, height: u32, warnings: &mut Vec<String>) -> VideoShape {
    let VideoStream { scale, rate, aspect, .. } = *video;
    if scale == 0 || rate == 0 {
        warnings.push(format!("the file states no frame rate; {USUAL_RATE} frames a second are assumed"));
        return VideoShape { width, height, scale: 1, rate: USUAL_RATE, aspect };
    }
    VideoShape { width, height, scale, rate, aspect }
}
