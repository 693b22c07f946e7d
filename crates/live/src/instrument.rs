//! A driver that is played: one opening of it, with its clock, and what it plays.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use drvhost::synth::{Output, Synth};
use drvhost::{Clock, End, Entry, Error, Pace, Session, Sink, Sound, SoundSink};

use crate::Settings;
use crate::engine::Control;
use crate::midi::{Message, Reader};
use crate::mixer::Mixer;

/// How far time goes on for a driver that is waited for in the middle of a message.
const STEP: Duration = Duration::from_millis(1);
/// How far it may get ahead of what is heard by that. It would be late for as long for ever.
const MOST_AHEAD: Duration = Duration::from_millis(50);
/// How long a driver that has failed may take to be closed.
const LAST_TIME: Duration = Duration::from_millis(500);

pub(crate) struct Instrument {
    session: Session,
    synth: Synth,
    output: Output,
    mixer: Arc<Mixer>,
    reader: Reader,
    rate: u32,
    /// The frame at which it begins, and when that is, by its clock.
    base: u64,
    begin: Duration,
    /// The frame up to which its clock has gone.
    reached: u64,
    /// How far its clock has gone while it was waited for, in nanoseconds.
    waited: Arc<AtomicU64>,
}

/// What is open of it once its device is closed, until its session ends: dropping the driver earlier would close it before it was told.
pub(crate) struct Left {
    pub session: Session,
    _synth: Synth,
}

/// What is known of it once it plays.
pub(crate) struct Heard {
    /// The device's name.
    pub device: String,
    /// The rate at which it plays, and how far ahead it renders. `None` while it plays nothing.
    pub plays: Option<(u32, Duration)>,
    /// What it was refused for want of a grant.
    pub denied: Vec<String>,
}

impl Instrument {
    /// Opens it: a session of its own, so that nothing is left of one that failed, which `control` knows from the beginning. Its first frame is the one with the
    /// number `base`.
    pub fn open(settings: &Settings, rate: u32, base: u64, control: &Control) -> Result<Self, Error> {
        let mixer = Arc::new(Mixer::new(rate));
        let sink = Sink::from(Arc::clone(&mixer) as Arc<dyn SoundSink>);
        let sound = Sound::Sink { sink, pace: Pace::Real };
        let session = settings.builder.clone().clock(Clock::Virtual).sound(sound).start()?;
        *control.session() = Some(session.clone());
        match Self::open_in(&session, settings) {
            Ok((synth, mut output, begin)) => {
                mixer.begin_at(begin);
                let waited = Arc::new(AtomicU64::new(0));
                output.set_pace(pace(&session, &waited));
                let reader = Reader::default();
                Ok(Self { session, synth, output, mixer, reader, rate, base, begin, reached: base, waited })
            }
            Err(error) => {
                end_soon(&session);
                Err(error)
            }
        }
    }

    fn open_in(session: &Session, settings: &Settings) -> Result<(Synth, Output, Duration), Error> {
        let synth = Synth::open(session, &settings.driver)?;
        for doubt in synth.doubts() {
            tracing::warn!(driver = synth.driver(), "{doubt}");
        }
        let output = synth.output(settings.device)?;
        let begin = session.advance(Duration::ZERO)?.now;
        Ok((synth, output, begin))
    }

    /// When a frame is, by the driver's clock.
    fn time_of(&self, frame: u64) -> Duration {
        let frames = u128::from(frame.saturating_sub(self.base));
        let nanos = frames * 1_000_000_000 / u128::from(self.rate.max(1));
        self.begin.saturating_add(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    /// Has its clock go on up to a frame.
    pub fn advance(&mut self, frame: u64) -> Result<(), Error> {
        if frame > self.reached {
            self.session.advance(self.time_of(frame))?;
            self.reached = frame;
        }
        Ok(())
    }

    /// Gives it a message. [`Error::Refused`] and [`Error::Kept`] are no reason not to go on.
    pub fn give(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let given = match self.reader.read(bytes) {
            Some(Message::Short(message)) => self.output.short(message),
            Some(Message::Long(piece)) => self.output.long(piece),
            None => Ok(()),
        };
        self.catch_up();
        given
    }

    /// Passes over what was played while a message was waited for, if that is much: there was no sound for as long, and what comes next is to be in time.
    fn catch_up(&mut self) {
        let waited = Duration::from_nanos(self.waited.load(Ordering::Relaxed));
        let ahead = waited.saturating_sub(self.time_of(self.reached));
        if ahead > MOST_AHEAD {
            let frames = ahead.as_nanos() * u128::from(self.rate) / 1_000_000_000;
            let frames = u64::try_from(frames).unwrap_or(0);
            self.begin = self.time_of(self.base + frames);
            self.mixer.skip(self.begin, frames);
        }
    }

    /// Makes frames from `first` on.
    pub fn render(&mut self, first: u64, out: &mut [[f32; 2]]) -> Result<(), Error> {
        self.advance(first + out.len() as u64)?;
        self.mixer.render(first.saturating_sub(self.base), out);
        Ok(())
    }

    /// Gives it, and the calling thread, real-time priority, if that is allowed.
    pub fn prefer(&self) -> bool {
        let preferred = self.session.prefer();
        if let Err(error) = &preferred {
            tracing::info!(%error, "no real-time priority");
        }
        preferred.is_ok()
    }

    /// What there is to say of it.
    pub fn heard(&self) -> Result<Heard, Error> {
        let number = self.output.device();
        let mut devices = self.synth.devices_of(Entry::ModMessage);
        let device = devices.find(|device| device.number == number);
        let streams = self.session.advance(Duration::ZERO)?.streams;
        let plays = streams.first().map(|stream| (stream.format.samples_per_sec, stream.ahead()));
        let device = device.map_or_else(String::new, |device| device.name.clone());
        Ok(Heard { device, plays, denied: self.synth.refusals() })
    }

    /// Ends its notes and closes its device.
    pub fn close_device(self) -> Left {
        let Self { session, synth, mut output, .. } = self;
        if let Err(error) = output.reset().and_then(|()| output.close()) {
            tracing::warn!(driver = synth.driver(), %error, "its device could not be closed");
        }
        Left { session, _synth: synth }
    }

    /// Ends it after it has failed.
    pub fn abandon(self) {
        end_soon(&self.session);
    }
}

/// What is done while the driver is waited for: time goes on.
fn pace(session: &Session, waited: &Arc<AtomicU64>) -> impl FnMut() -> Result<(), Error> + Send + use<> {
    let (session, waited) = (session.clone(), Arc::clone(waited));
    move || {
        let now = session.advance(Duration::ZERO)?.now;
        let now = session.advance(now + STEP)?.now;
        waited.store(u64::try_from(now.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(())
    }
}

fn end_soon(session: &Session) {
    let end = End { within: Some(LAST_TIME), ..End::default() };
    for instance in session.end_as(&end).instances {
        tracing::debug!(driver = instance.driver, outcome = ?instance.outcome, "a driver that failed was ended");
    }
}
