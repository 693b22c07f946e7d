//! Playing MIDI files on synths: into a WAVE file, faster than it sounds, or to be heard.
//!
//! The clock that the driver sees is a virtual one, which goes on as far as the song's next event, so that each reaches the driver at its place in what it
//! plays, and a song sounds the same each time.
//!
//! ```no_run
//! use std::ops::ControlFlow;
//!
//! use drvhost::Session;
//! use drvhost::play::{Play, Stage, Target};
//!
//! # fn main() -> Result<(), drvhost::Error> {
//! let stage = Stage::new(Session::builder())?;
//! let driver = stage.session().registry().resolve_argument("midi")?;
//! let play = Play { target: Some(Target::File("song.wav".into())), ..Play::new("song.mid".into(), driver) };
//! let performed = stage.play(&play, |_| ControlFlow::Continue(()))?;
//! println!("{} seconds of sound", performed.length);
//! # Ok(())
//! # }
//! ```

mod mixer;
mod recording;
mod resample;
mod result;
mod samples;
mod speakers;
mod stand;
mod window;

use std::fmt;
use std::fs::File;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::clock::{Clock, StreamState};
use crate::error::Error;
use crate::midi::{self, Performance, Playing, Song};
use crate::registry::DriverFile;
use crate::session::{Builder, Session};
use crate::sound::{Pace, Sink, Sound, SoundSink};
use crate::synth::Synth;

use mixer::Mixer;
use result::{is_note, nothing};
use stand::{Stand, go_on};

pub use result::Performed;

/// What is played behind a song's tail, so that the last of its samples is not missing.
const SLACK: Duration = Duration::from_millis(100);

/// What to play, on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// The MIDI file.
    pub input: PathBuf,
    /// The synth.
    pub driver: DriverFile,
    /// Which of its MIDI output devices.
    pub device: u32,
    /// Where the sound goes; `None` for nowhere: only its hash is wanted.
    pub target: Option<Target>,
    /// Samples a second and channel; `None` for as many as the driver plays, so that every sample stays as it is.
    pub rate: Option<u32>,
    /// How the song is played.
    pub performance: Performance,
}

impl Play {
    /// A file on a synth's first device, with its notes dying away at the end.
    #[must_use]
    pub fn new(input: PathBuf, driver: DriverFile) -> Self {
        let performance = Performance { ring: true, ..Performance::default() };
        Self { input, driver, device: 0, target: None, rate: None, performance }
    }
}

/// Where sound goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Into a WAVE file, which is there when it is complete.
    File(PathBuf),
    /// To standard output, as a WAVE file of unknown length.
    StandardOutput,
    /// To the system's sound, through pw-play, paplay or aplay: as fast as it is heard.
    Speakers,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::StandardOutput => f.write_str("-"),
            Self::Speakers => f.write_str("the system's sound"),
        }
    }
}

/// How far a song is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Since its beginning.
    pub at: Duration,
    /// How long it is, where that is known.
    pub total: Option<Duration>,
}

/// A session in which songs are played, one at a time.
pub struct Stage {
    session: Session,
    mixer: Arc<Mixer>,
    /// Held by the song that is played.
    turn: Mutex<()>,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Stage {
    /// Starts a session. Its clock and its sound are the stage's.
    ///
    /// # Errors
    /// As [`Builder::start`].
    pub fn new(builder: Builder) -> Result<Self, Error> {
        let mixer = Arc::new(Mixer::default());
        let sink = Sink::from(Arc::clone(&mixer) as Arc<dyn SoundSink>);
        let sound = Sound::Sink { sink, pace: Pace::Fast };
        let session = builder.clock(Clock::Virtual).sound(sound).start()?;
        Ok(Self { session, mixer, turn: Mutex::new(()) })
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Plays a file. `progress` is told how far it is, and may ask to stop: then all notes end, and the sound is complete up to there; asked once more, it does not die away.
    ///
    /// A file that is damaged is played as far as it can be read ([`Performed::damage`]), and a message that the driver refuses is left out.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Media`] where the file is none that can be played, or the sound cannot be written; as [`Synth::open`] and [`Synth::output`] for the driver;
    /// [`Error::NoSound`] where it plays nothing; [`Error::Refused`] where it refuses all messages, or is not ready for any more; [`Error::Kept`], [`Error::NoPlayer`], and as
    /// [`Session::advance`]. No unfinished file stays behind.
    pub fn play(
        &self,
        what: &Play,
        progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Performed, Error> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let total = midi::measure(file(&what.input)?)?;
        let total = total.complete.then(|| Duration::from_nanos(total.nanoseconds));
        let mut song = Song::open(file(&what.input)?)?;
        let synth = Synth::open(&self.session, &what.driver)?;
        self.mixer.begin(what.target.clone(), what.rate);
        let performed = self.perform(what, &synth, &mut song, total, progress);
        self.mixer.forget();
        let mut performed = performed?;
        performed.refused = synth.refusals();
        if let Err(error) = synth.close() {
            performed.warnings.push(error.to_string());
        }
        Ok(performed)
    }

    fn perform(
        &self,
        what: &Play,
        synth: &Synth,
        song: &mut Song<File>,
        total: Option<Duration>,
        mut progress: impl FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Performed, Error> {
        let output = synth.output(what.device)?;
        let now = go_on(&self.session, &self.mixer, Duration::ZERO)?;
        let origin = now.now;
        // What a driver has written ahead by now is heard before anything that it does from here on.
        let ahead = now.streams.iter().map(StreamState::ahead).max().unwrap_or_default();
        self.mixer.start_at(origin.saturating_add(ahead));
        let mut stand = Stand::new(&self.session, &self.mixer, output, origin);
        let started = Instant::now();
        let tail = what.performance.tail;
        let how = Performance { tail: tail.saturating_add(ahead).saturating_add(SLACK), ..what.performance };
        let total = total.map(|total| total.min(what.performance.most));
        let mut notes = false;
        let played = midi::perform(
            song.by_ref().inspect(|event| notes |= event.as_ref().is_ok_and(is_note)),
            &mut stand,
            &how,
            |Playing { at, .. }| progress(Progress { at: Duration::from_nanos(at), total }),
        )?;
        let length = Duration::from_nanos(played.song.at).saturating_add(tail);
        if let Some(refusal) = stand.refusal.take_if(|_| stand.taken == 0) {
            return Err(refusal);
        }
        let recorded = self.mixer.finish(length)?.ok_or_else(|| nothing(what, synth, &played))?;
        let mut performed = Performed::new(what, synth, &played, &recorded);
        performed.seconds = started.elapsed().as_secs_f64();
        performed.title = song.name().map(str::to_owned);
        let silent = (notes && !recorded.sounding).then(|| synth.missed());
        performed.judge(song.damage(), &stand, &recorded, silent, played.ended);
        if let Err(error) = stand.close() {
            performed.warnings.push(error.to_string());
        }
        Ok(performed)
    }
}

/// Opens a MIDI file.
fn file(path: &Path) -> Result<File, Error> {
    let failed = |source| Error::File { file: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err(failed(ErrorKind::IsADirectory.into()));
    }
    Ok(file)
}
