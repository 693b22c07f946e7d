//! Decoding a media file with whichever driver reads it.
//!
//! The video of an AVI file becomes pictures, its audio and that of a WAVE file PCM samples, all at once: each stream is read, decoded and
//! written by threads of its own. What needs no codec is passed through without a driver. ffmpeg, where it is installed, takes the streams out of other
//! containers, and puts them into others.

pub(crate) mod audio;
mod choice;
mod chosen;
mod driving;
pub(crate) mod ffmpeg;
pub(crate) mod handover;
pub(crate) mod input;
pub(crate) mod interleave;
pub(crate) mod output;
mod painting;
mod pictures;
pub(crate) mod plan;
mod range;
mod result;
pub(crate) mod serving;
pub(crate) mod shared;
mod sinks;
mod stills;
mod trouble;
mod video;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use mmsystem::Packing;
use serde::{Deserialize, Serialize};

use crate::error::{Blame, Error};
use crate::media::{Damage, MediaError, Unit};
use crate::registry::DriverFile;
use crate::session::Session;

pub(crate) use choice::{AUDIO_PREFIX, VIDEO_PREFIX, code_of, handler_of, strip_prefix};
pub use choice::{compression_name, format_tag_name};
pub use ffmpeg::is_there as ffmpeg_is_there;
pub(crate) use input::Input;
pub use output::Output;
use output::Target;
use plan::Plan;
pub use range::FrameRange;
use result::Ended;
use shared::{Shared, finished, start};
pub(crate) use stills::Stills;
pub use trouble::OnError;

/// What to decode, and how.
#[derive(Debug, Clone, Default)]
pub struct Decode {
    /// The file to decode. What it is is told from its content.
    pub input: PathBuf,
    /// Where to write the result. `None`: only the hash is wanted.
    pub output: Option<Output>,
    /// The driver to decode with, the video where there is any; `None`: the one that the registry has for the format.
    pub driver: Option<DriverFile>,
    /// The packing of the driver's ACM structures; `None`: what
    /// [`acm::Stream::open`](crate::acm::Stream::open) finds out.
    pub packing: Option<Packing>,
    /// The number of the one stream that is wanted; `None`: the first video, and all audio that the output takes.
    pub stream: Option<u16>,
    /// Which frames are wanted, and the sound that goes with them.
    pub frames: FrameRange,
    /// The pixel format to write, by ffmpeg's name for it; it is ffmpeg that writes then. `None`: that of the output's kind.
    pub pix_fmt: Option<String>,
    /// What becomes of frames that cannot be decoded.
    pub on_error: OnError,
}

/// How far decoding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// How much has been done.
    pub done: u64,
    /// How much there is, where the file says so. It may say wrong.
    pub total: Option<u64>,
    /// What both count: frames, or bytes of the input's sample data.
    pub unit: Unit,
}

/// What was decoded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decoded {
    /// The input file.
    pub input: String,
    /// The output file, or the pattern of its name; `-` for standard output.
    pub output: Option<String>,
    /// The driver's file name; `None` where none was needed. Of the video, where there is any.
    pub driver: Option<String>,
    /// How many frames, for video.
    pub frames: Option<u64>,
    /// How many samples a channel, where audio is all there is.
    pub samples: Option<u64>,
    /// Pixels a row, for video.
    pub width: Option<u32>,
    /// Rows, for video.
    pub height: Option<u32>,
    /// BLAKE3 in lower-case hexadecimal of the decoded content: all frames as top-down BGR24, or all PCM bytes.
    pub hash: String,
    /// How long decoding took, in seconds of wall time, opening the driver not included.
    pub seconds: f64,
    /// What the user should know though decoding went on.
    pub warnings: Vec<String>,
    /// The audio beside the video.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audio: Vec<DecodedAudio>,
    /// What part of the input is missing or unreadable, and how much was decoded; then also the last of the warnings.
    #[serde(skip)]
    pub damage: Option<String>,
    /// Whose doing it is that not everything was decoded: [`Blame::Media`] or [`Blame::Driver`]. `None` where everything was.
    #[serde(skip)]
    pub blame: Option<Blame>,
}

/// A stream of audio that was decoded beside video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodedAudio {
    /// Its number in the file.
    pub stream: u16,
    /// The driver's file name; `None` where none was needed.
    pub driver: Option<String>,
    /// How many samples a channel.
    pub samples: u64,
    /// How many channels.
    pub channels: u16,
    /// Samples a second and channel.
    pub samples_per_sec: u32,
    /// BLAKE3 of all PCM bytes.
    pub hash: String,
}

/// Decodes a file. `progress` is told how far it is, at most fifty times a second, and may ask to stop.
///
/// A damaged file is decoded as far as it can be read, and the output is complete for that: see [`Decoded::damage`].
///
/// # Errors
/// [`Error::Media`] where the input or the output's name is not usable, or nothing of the input can be read;
/// [`Error::NoCodec`] where no driver has the format; [`Error::Refused`] where the driver refuses it, or every frame;
/// [`Error::EitherPacking`] where an audio codec fails with both packings; [`Error::MissingProgram`] where ffmpeg is needed and is not there;
/// [`Error::Interrupted`] when `progress` asked to stop; and as [`Session::send`]. No unfinished file stays behind, but
/// pictures of a series that were written do, and what went to standard output. Where nobody reads that any more, the error is
/// [`MediaError::Io`] of the kind `BrokenPipe`.
pub fn run(
    session: &Session,
    what: &Decode,
    progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Decoded, Error> {
    let target = what.output.as_ref().map(|output| Target::choose(output, what)).transpose()?;
    let input = Input::open(what)?;
    let job = Job { session, what };
    perform(Plan::new(&job, &input, target.as_ref())?, progress)
}

/// Does what was planned.
///
/// # Errors
/// As [`run`].
pub(crate) fn perform(
    plan: Plan<'_>,
    mut progress: impl FnMut(Progress) -> ControlFlow<()>,
) -> Result<Decoded, Error> {
    let started = Instant::now();
    let stop = AtomicBool::new(false);
    let mut asked = false;
    let Plan { mut decoded, video, audio, files, lost } = plan;
    let ended = thread::scope(|scope| {
        let (to, from) = channel();
        let shared = Shared::new(&stop, to);
        let video = video.map(|(track, sink)| {
            let (shared, stop) = (shared.clone(), &stop);
            start(scope, "video", move || {
                track.run(sink, &shared).inspect_err(|_| stop.store(true, Ordering::Relaxed))
            })
        });
        let alone = video.is_none();
        let mut heard = Vec::new();
        for part in audio {
            let (shared, stop) = (shared.clone(), &stop);
            heard.push(start(scope, "audio", move || {
                part.run(&shared).inspect_err(|_| {
                    if alone {
                        stop.store(true, Ordering::Relaxed);
                    }
                })
            }));
        }
        drop(shared);
        for told in from {
            if progress(told).is_break() {
                asked = true;
                stop.store(true, Ordering::Relaxed);
            }
        }
        let video = video.map(|thread| finished(thread?));
        let audio: Vec<_> = heard.into_iter().map(|thread| finished(thread?)).collect();
        Ended { video, audio }
    });
    if asked {
        return Err(Error::Interrupted);
    }
    match decoded.complete(ended, lost) {
        Ok(sinks) => {
            files.finish(sinks)?;
            decoded.seconds = started.elapsed().as_secs_f64();
            Ok(decoded)
        }
        Err(error) => Err(files.reason(error)),
    }
}

/// One run, as its parts share it.
pub(crate) struct Job<'a> {
    /// Where drivers are opened.
    pub session: &'a Session,
    /// What is to be decoded.
    pub what: &'a Decode,
}

/// The error for a file of which nothing could be decoded.
fn nothing_readable(what: &'static str, damage: Option<&Damage>, otherwise: &str) -> Error {
    let offset = damage.map_or(0, |damage| damage.offset);
    let why = damage.map_or_else(|| otherwise.to_owned(), ToString::to_string);
    MediaError::Malformed { what, offset, why }.into()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn file(folder: &Path, name: &str) -> Output {
        Output::File(folder.join(name))
    }

    fn run_in(folder: &Path, input: &[u8], output: Option<&str>) -> Result<Decoded, Error> {
        let path = folder.join("in");
        std::fs::write(&path, input).unwrap();
        let what = Decode { input: path, output: output.map(|name| file(folder, name)), ..Decode::default() };
        run(&Session::builder().start().unwrap(), &what, |_| ControlFlow::Continue(()))
    }

    /// A WAVE file of 16-bit PCM, one channel.
    fn pcm(data: &[u8]) -> Vec<u8> {
        let mut wave =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0data".to_vec();
        wave.extend((data.len() as u32).to_le_bytes());
        wave.extend(data);
        wave
    }

    #[test]
    fn other_files_and_names_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let text = |result: Result<Decoded, Error>| result.unwrap_err().to_string();
        let error = text(run_in(folder.path(), b"OggS", None));
        assert_eq!(error, "this is not an AVI or a WAVE file: it looks like an Ogg file");
        assert!(text(run_in(folder.path(), &pcm(b"abcd"), Some("out"))).contains("must end in .avi"));
        assert!(text(run_in(folder.path(), &pcm(b"abcd"), Some("out.avi"))).contains("write .wav"));
        assert!(text(run_in(folder.path(), &pcm(b""), None)).contains("no samples"));
    }

    #[test]
    fn the_input_is_never_the_output() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in.wav");
        std::fs::write(&input, pcm(b"abcd")).unwrap();
        let what = Decode { output: Some(file(folder.path(), "./in.wav")), input, ..Decode::default() };
        let session = Session::builder().start().unwrap();
        let error = run(&session, &what, |_| ControlFlow::Continue(())).unwrap_err();
        assert_eq!(error.blame(), Blame::Usage);
    }

    #[test]
    fn pcm_passes_through_up_to_its_last_whole_sample() {
        let folder = tempfile::tempdir().unwrap();
        let decoded = run_in(folder.path(), &pcm(b"abcde"), Some("out.wav")).unwrap();
        assert_eq!((decoded.samples, decoded.driver, decoded.warnings.len()), (Some(2), None, 1));
        // BLAKE3 of "abcd".
        assert_eq!(decoded.hash, "8c9c9881805d1a847102d7a42e58b990d088dd88a84f7314d71c838107571f2b");
        assert!(std::fs::read(folder.path().join("out.wav")).unwrap().ends_with(b"abcd"));
    }

    #[test]
    fn stopping_leaves_no_output() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in");
        std::fs::write(&input, pcm(&[0; 1000])).unwrap();
        let what = Decode { input, output: Some(file(folder.path(), "out.wav")), ..Decode::default() };
        let session = Session::builder().start().unwrap();
        let error = run(&session, &what, |_| ControlFlow::Break(())).unwrap_err();
        assert!(matches!(error, Error::Interrupted));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn fields_serialize_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let decoded = run_in(folder.path(), &pcm(b"abcd"), None).unwrap();
        let json = serde_json::to_string(&decoded).unwrap();
        let names = [
            "input", "output", "driver", "frames", "samples", "width", "height", "hash", "seconds",
            "warnings",
        ];
        let places: Vec<_> = names.iter().map(|name| json.find(&format!("\"{name}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{json}");
        assert!(json.ends_with(r#""warnings":[]}"#), "{json}");
    }
}
