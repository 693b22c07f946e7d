//! Where pictures and samples come from.

use std::ops::ControlFlow;
use std::path::Path;

use super::Encode;
use super::ffmpeg::{Ffmpeg, is_series};
use crate::decode::handover::Taker;
use crate::decode::input::Input;
use crate::decode::output::{Takes, Target};
use crate::decode::plan::Plan;
use crate::decode::shared::Shared;
use crate::decode::{self, Decode, Job};
use crate::error::{Blame, Error};
use crate::media::{AviReader, FileReader, MediaError, PcmFormat, VideoShape, WavReader};
use crate::session::Session;

/// What gives pictures and samples.
pub(super) enum Source<'s> {
    /// Drivers, and what is uncompressed already.
    Drivers(Box<Plan<'s>>),
    /// ffmpeg, and what the user should know of that.
    Ffmpeg(Ffmpeg, Option<String>),
}

/// The streams that a source gives.
pub(super) struct Streams {
    pub video: Option<VideoSource>,
    /// Samples, and how they are.
    pub audio: Vec<(PcmFormat, Taker)>,
}

/// A stream of pictures.
pub(super) struct VideoSource {
    pub shape: VideoShape,
    /// How many there are, where the file says so.
    pub total: Option<u64>,
    /// Where they come from, each as BGR24.
    pub taker: Taker,
}

/// What the source has to say.
#[derive(Default)]
pub(super) struct Fed {
    pub warnings: Vec<String>,
    /// What of the file is missing or unreadable; then also the last of the warnings.
    pub damage: Option<String>,
    pub blame: Option<Blame>,
}

impl<'s> Source<'s> {
    /// Opens the input. What is in an AVI or WAVE file is decoded by drivers, where there are any for it, and all else by ffmpeg.
    ///
    /// # Errors
    /// As [`super::run`].
    pub fn open(session: &'s Session, what: &'s Decode) -> Result<(Self, Streams), Error> {
        let Some(input) = own_input(&what.input)? else {
            let (ffmpeg, streams) = Ffmpeg::open(&what.input)?;
            return Ok((Self::Ffmpeg(ffmpeg, None), streams));
        };
        let job = Job { session, what };
        let mut plan = match Plan::new(&job, &input, Some(&Target::Handed(Takes::All))) {
            Ok(plan) => plan,
            Err(error @ Error::NoCodec { .. }) => {
                let Ok((ffmpeg, streams)) = Ffmpeg::open(&what.input) else { return Err(error) };
                return Ok((
                    Self::Ffmpeg(ffmpeg, Some(format!("ffmpeg decodes the input, because {error}"))),
                    streams,
                ));
            }
            Err(error) => return Err(error),
        };
        let (handed, total) = (plan.take_handed(), plan.frames());
        let video = handed.video.map(|(shape, taker)| VideoSource { shape, total, taker });
        Ok((Self::Drivers(Box::new(plan)), Streams { video, audio: handed.audio }))
    }

    /// Gives everything, until it ends or nobody takes it any more. `silent`: others tell how far the run is.
    ///
    /// # Errors
    /// As [`decode::run`]; [`Error::Interrupted`] where nobody takes it.
    pub fn run(self, shared: &Shared<'_>, silent: bool) -> Result<Fed, Error> {
        match self {
            Self::Drivers(plan) => {
                let told = |progress| {
                    let goes_on = if silent { shared.go_on() } else { shared.report(progress) };
                    if goes_on.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
                };
                let decoded = decode::perform(*plan, told)?;
                Ok(Fed { warnings: decoded.warnings, damage: decoded.damage, blame: decoded.blame })
            }
            Self::Ffmpeg(ffmpeg, warning) => {
                let mut fed = ffmpeg.run(shared, silent)?;
                fed.warnings.splice(0..0, warning);
                Ok(fed)
            }
        }
    }
}

/// Sees that there is something for each driver.
///
/// # Errors
/// [`Error::Media`].
pub(super) fn check(what: &Encode, streams: &Streams) -> Result<(), Error> {
    let present = streams.audio.len() + usize::from(streams.video.is_some());
    let missing = |wanted: &str| Err(MediaError::NoStream { wanted: wanted.to_owned(), present }.into());
    if what.video.is_some() && streams.video.is_none() {
        return missing("video for the video driver");
    }
    if what.audio.is_some() && streams.audio.is_empty() {
        return missing("sound for the audio driver");
    }
    if present == 0 { missing("video or sound") } else { Ok(()) }
}

/// The input, if it is an AVI or a WAVE file.
fn own_input(path: &Path) -> Result<Option<Input>, Error> {
    let file = match FileReader::open(path) {
        Ok(file) => file,
        Err(_) if is_series(path) => return Ok(None),
        Err(source) => return Err(Error::File { file: path.to_owned(), source }),
    };
    match AviReader::open(file.clone()) {
        Ok(avi) => return Ok(Some(Input::Avi { avi, file, _made: None })),
        Err(MediaError::WrongForm { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    match WavReader::open(file.clone()) {
        Ok(wave) => Ok(Some(Input::Wave { wave, file })),
        Err(MediaError::WrongForm { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
