//! Encoding a media file to AVI with drivers.
//!
//! A source gives pictures and samples: the drivers and threads that [decode](crate::decode) uses, or ffmpeg. Each stream is taken by a thread
//! that has a driver compress it, and that writes what comes out into the one file.

mod audio;
mod choice;
mod ffmpeg;
mod report;
mod samples;
mod source;
mod video;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use mmsystem::Packing;

use crate::decode::interleave::{Interleaved, Track, check_streams};
use crate::decode::shared::{Shared, finished, start};
use crate::decode::{Decode, Progress};
use crate::error::Error;
use crate::media::{AviWriter, MediaError};
use crate::session::Session;

use audio::{AudioMade, Sound};
pub use choice::{AudioCoding, VideoCoding};
pub use report::{Encoded, EncodedAudio, EncodedVideo};
use source::{Source, Streams};
use video::{Film, VideoMade};

/// What to encode, and how.
#[derive(Debug, Clone, Default)]
pub struct Encode {
    /// The file to read: what drivers here decode, or what ffmpeg reads; `name%05d.png` for pictures with numbers.
    pub input: PathBuf,
    /// The AVI file to write. It appears when it is complete.
    pub output: PathBuf,
    /// What compresses the video; `None`: it is written as BGR24.
    pub video: Option<VideoCoding>,
    /// What compresses the sound; `None`: it is written as PCM.
    pub audio: Option<AudioCoding>,
    /// 0 to [`BEST_QUALITY`](crate::vfw::BEST_QUALITY); `None`: the codec's usual one.
    pub quality: Option<u32>,
    /// A key frame at least every so many frames; 0: where the codec wants them, and at the beginning.
    pub key_frame_every: u32,
    /// Bytes a second that frames should not pass.
    pub data_rate: Option<u32>,
    /// Settings for the video codec, as it has handed them out ([`Codec::state`](crate::vfw::Codec::state)).
    pub state: Option<Vec<u8>>,
    /// The packing of the audio driver's structures; `None`: what [`acm::Stream::open`](crate::acm::Stream::open) finds out.
    pub packing: Option<Packing>,
}

/// Encodes a file. `progress` is told how far it is, at most fifty times a second, and may ask to stop.
///
/// # Errors
/// [`Error::File`] or [`Error::Media`] where the input or the output's name is not usable; [`Error::MissingProgram`] where ffmpeg is needed
/// and is not there; [`Error::NoSuchFormat`] where the audio driver does not have the format, or the sound's rate and channels;
/// [`Error::Refused`] where a driver takes no format of pictures or samples, or fails on one; [`Error::Interrupted`] when `progress` asked to stop;
/// and as [`Session::send`]. No unfinished file stays behind.
pub fn run(
    session: &Session,
    what: &Encode,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Encoded, Error> {
    check_output(what)?;
    let decode = Decode { input: what.input.clone(), packing: what.packing, ..Decode::default() };
    let (source, streams) = Source::open(session, &decode)?;
    source::check(what, &streams)?;
    let started = Instant::now();
    let stop = AtomicBool::new(false);
    let mut asked = false;
    let (fed, made) = thread::scope(|scope| {
        let (to, from) = channel();
        let shared = Shared::new(&stop, to);
        let stop = &stop;
        let feeding = {
            // Where there is video, how much of it is encoded tells more.
            let shared = shared.clone();
            let silent = streams.video.is_some();
            start(scope, "source", move || source.run(&shared, silent))
        };
        let coding = start(scope, "encoding", move || {
            conduct(session, what, streams, &shared).inspect_err(|_| stop.store(true, Ordering::Relaxed))
        });
        for told in from {
            if progress(told).is_break() {
                asked = true;
                stop.store(true, Ordering::Relaxed);
            }
        }
        (feeding.and_then(finished), coding.and_then(finished))
    });
    if asked {
        return Err(Error::Interrupted);
    }
    // Where the encoder fails, the source only sees that nobody takes what it gives.
    let made = made?;
    let fed = fed?;
    let Some(Made { file, video, audio }) = made else {
        return Err(MediaError::NoStream { wanted: "picture that can be read".into(), present: 0 }.into());
    };
    file.finish()?;
    Ok(Encoded::of(what, fed, video, audio, started.elapsed()))
}

/// What was made of all streams.
struct Made {
    /// The file, to be finished.
    file: Interleaved,
    video: Option<VideoMade>,
    audio: Vec<AudioMade>,
}

/// Opens the drivers, begins the file, and encodes. `None` where no picture came.
fn conduct(
    session: &Session,
    what: &Encode,
    streams: Streams,
    shared: &Shared<'_>,
) -> Result<Option<Made>, Error> {
    let film = match streams.video {
        None => None,
        Some(video) => match video.taker.take() {
            None => return Ok(None),
            Some(first) => Some(Film::open(session, what, video, first)?),
        },
    };
    let sounds = streams.audio.into_iter().map(|(format, taker)| Sound::open(session, what, format, taker));
    let sounds = sounds.collect::<Result<Vec<_>, _>>()?;
    let count = sounds.len() + usize::from(film.is_some());
    check_streams(count)?;
    let mut headers = Vec::new();
    headers.extend(film.as_ref().map(Film::track).transpose()?);
    for sound in &sounds {
        headers.push(sound.track()?);
    }
    let (file, tracks) = Interleaved::new(AviWriter::create(&what.output, headers)?, count);
    let mut tracks = tracks.into_iter();
    let mut next = || tracks.next().ok_or_else(|| Error::Bug("a stream has no place in its file".into()));
    let film = film.map(|film| Ok::<_, Error>((film, next()?))).transpose()?;
    let sounds = sounds
        .into_iter()
        .map(|sound| Ok::<_, Error>((sound, next()?)))
        .collect::<Result<Vec<(_, Track)>, _>>()?;
    let (video, audio) = thread::scope(|scope| {
        let failed = |_: &Error| shared.stop();
        let film = film
            .map(|(film, track)| start(scope, "video", move || film.run(track, shared).inspect_err(failed)));
        let sounds: Vec<_> = sounds
            .into_iter()
            .map(|(sound, track)| start(scope, "audio", move || sound.run(track, shared).inspect_err(failed)))
            .collect();
        let video = film.map(|thread| finished(thread?)).transpose();
        let audio: Result<Vec<_>, _> = sounds.into_iter().map(|thread| finished(thread?)).collect();
        // What failed first counts; the others were only stopped.
        match (video, audio) {
            (Err(Error::Interrupted), Err(error)) | (Err(error), _) | (_, Err(error)) => Err(error),
            (Ok(video), Ok(audio)) => Ok((video, audio)),
        }
    })?;
    Ok(Some(Made { file, video, audio }))
}

/// Sees that what is written is an AVI file, and not the input.
fn check_output(what: &Encode) -> Result<(), Error> {
    let wrong = |why: &str| {
        let name = what.output.display().to_string();
        Err(MediaError::OutputName { name, why: why.to_owned() }.into())
    };
    if !what.output.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("avi")) {
        return wrong("encoded streams are written to AVI files, whose names end in .avi");
    }
    let same = what.output.canonicalize().ok().zip(what.input.canonicalize().ok());
    if same.is_some_and(|(output, input)| output == input) {
        return wrong("it is the input, which would be lost");
    }
    Ok(())
}
