//! What was decoded, put together from what became of the streams.

use super::audio::AudioDone;
use super::sinks::{AudioSink, VideoSink};
use super::video::VideoDone;
use super::{Decoded, Job};
use crate::error::{Blame, Error};

/// What became of the streams.
pub(super) struct Ended {
    /// The video, if there is any.
    pub video: Option<Result<VideoDone, Error>>,
    /// The audio, in the order of [`Decoded::audio`].
    pub audio: Vec<Result<AudioDone, Error>>,
}

/// Where they went, to be finished.
#[derive(Default)]
pub(super) struct Sinks {
    /// The video.
    pub video: Option<VideoSink>,
    /// The audio.
    pub audio: Vec<AudioSink>,
}

impl Decoded {
    /// What is known before anything is decoded.
    pub(super) fn of(job: &Job<'_>) -> Self {
        Self {
            input: job.what.input.display().to_string(),
            output: job.what.output.as_ref().map(ToString::to_string),
            driver: None,
            frames: None,
            samples: None,
            width: None,
            height: None,
            hash: String::new(),
            seconds: 0.0,
            warnings: Vec::new(),
            audio: Vec::new(),
            damage: None,
            blame: None,
        }
    }

    /// Puts in what became of the streams. Answers where they went.
    ///
    /// # Errors
    /// The first that counts.
    pub(super) fn complete(
        &mut self,
        Ended { video, audio }: Ended,
        lost: Vec<String>,
    ) -> Result<Sinks, Error> {
        let mut damage = Vec::new();
        let mut blames = Vec::from_iter((!lost.is_empty()).then_some(Blame::Media));
        let beside = video.is_some();
        let video = video.transpose()?;
        let mut sinks = Sinks::default();
        if let Some(done) = video {
            self.frames = Some(done.frames);
            self.hash = done.hash.map(|hash| hash.to_string()).unwrap_or_default();
            self.warnings.extend(done.warnings);
            damage.extend(done.damage);
            blames.extend(done.blame);
            sinks.video = Some(done.sink);
        }
        let mut heard = Vec::new();
        for (mut told, done) in std::mem::take(&mut self.audio).into_iter().zip(audio) {
            let number = told.stream;
            match done {
                Ok(done) => {
                    (told.samples, told.hash) = (done.samples, done.hash.to_string());
                    let of = |text: String| if beside { format!("stream {number}: {text}") } else { text };
                    self.warnings.extend(done.warnings.into_iter().map(of));
                    damage.extend(done.damage.map(of));
                    blames.extend(done.blame);
                    sinks.audio.push(done.sink);
                    heard.push(told);
                }
                Err(error) if beside && error.blame() != Blame::Host => {
                    blames.push(if error.blame() == Blame::Driver { Blame::Driver } else { Blame::Media });
                    damage.push(format!("stream {number} was not decoded: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        match heard.as_slice() {
            [only] if !beside => {
                self.samples = Some(only.samples);
                self.hash.clone_from(&only.hash);
            }
            [first, ..] if !beside => {
                self.samples = Some(first.samples);
                self.hash.clone_from(&first.hash);
                self.audio = heard;
            }
            _ => self.audio = heard,
        }
        damage.extend(lost);
        self.blame =
            if blames.contains(&Blame::Driver) { Some(Blame::Driver) } else { blames.first().copied() };
        self.damage = (!damage.is_empty()).then(|| damage.join("; "));
        self.warnings.extend(self.damage.clone());
        Ok(sinks)
    }
}
