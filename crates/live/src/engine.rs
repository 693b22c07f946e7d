//! The thread that has the driver play: as far ahead as the ring is to be filled, and no further.

use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use drvhost::{Error, Session};

use crate::failures::Failures;
use crate::instrument::{Heard, Instrument, Left};
use crate::link::{Feeder, Phase};
use crate::system::Place;
use crate::{Happened, Playing, Settings, milliseconds};

/// How many frames are made at a time, so that the first are there soon.
const CHUNK: usize = 256;
/// How long the thread sleeps at most when the sound system wants nothing.
const NAP: Duration = Duration::from_millis(100);
/// How long the sound system's thread has for emptying the ring.
const EMPTIED: Duration = Duration::from_secs(1);

pub(crate) struct Engine {
    pub settings: Settings,
    pub feeder: Feeder,
    pub happened: Sender<Happened>,
    /// The sound system, and where in it the instrument is.
    pub system: &'static str,
    pub place: Place,
    /// How many frames have been made.
    pub made: u64,
    pub failures: Failures,
    pub control: Arc<Control>,
}

/// What others need of the engine.
#[derive(Debug, Default)]
pub(crate) struct Control {
    /// The session, while the driver is open or being opened.
    session: Mutex<Option<Session>>,
}

impl Control {
    pub fn session(&self) -> MutexGuard<'_, Option<Session>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the thread ended: what is still open, and why the instrument was given up if it was.
#[derive(Default)]
pub(crate) struct Finished {
    pub left: Option<Left>,
    pub gave_up: Option<crate::Error>,
}

impl Engine {
    /// Opens the driver and fills the ring.
    pub fn begin(&mut self) -> Result<(Instrument, Playing), Error> {
        let begun = self.open();
        if begun.is_err() {
            *self.control.session() = None;
        }
        begun
    }

    fn open(&mut self) -> Result<(Instrument, Playing), Error> {
        let mut instrument = Instrument::open(&self.settings, self.place.rate, self.made, &self.control)?;
        let real_time = instrument.prefer();
        self.feeder.shared.enter(Phase::Filling);
        let begun = self.fill(&mut instrument).and_then(|()| instrument.heard());
        match begun {
            Ok(heard) => {
                self.feeder.shared.enter(Phase::Playing);
                Ok((instrument, self.playing(heard, real_time)))
            }
            Err(error) => {
                instrument.abandon();
                Err(error)
            }
        }
    }

    fn playing(&self, heard: Heard, real_time: bool) -> Playing {
        let frames = |frames: u32| f64::from(frames) * 1000.0 / f64::from(self.place.rate);
        let Place { name, midi, sound, rate, held, .. } = self.place.clone();
        let driver_rate = heard.plays.map(|(rate, _)| rate);
        if driver_rate.is_none() {
            tracing::warn!(
                driver = self.settings.driver.file_name(),
                "the driver has opened no sound device so far, and is silent until it does"
            );
        }
        Playing {
            system: self.system,
            name,
            midi,
            sound,
            driver: self.settings.driver.file_name(),
            device: heard.device,
            rate,
            latency_ms: frames(self.feeder.shared.fill()),
            system_latency_ms: held.map(frames),
            driver_rate,
            real_time,
            denied: heard.denied,
            driver_latency_ms: heard.plays.map(|(_, ahead)| milliseconds(ahead)),
        }
    }

    /// Plays until it is to stop, or the driver fails too often. What is left open then is silent.
    pub fn run(mut self, instrument: Instrument) -> Finished {
        let mut instrument = instrument;
        while !self.stops() {
            match self.fill(&mut instrument) {
                Ok(()) => std::thread::park_timeout(NAP),
                Err(error) => {
                    *self.control.session() = None;
                    instrument.abandon();
                    instrument = match self.again(error) {
                        Ok(Some(instrument)) => instrument,
                        Ok(None) => return Finished::default(),
                        Err(error) => return Finished { left: None, gave_up: Some(error) },
                    };
                }
            }
        }
        self.feeder.shared.enter(Phase::Silent);
        Finished { left: Some(instrument.close_device()), gave_up: None }
    }

    fn stops(&self) -> bool {
        let shared = &self.feeder.shared;
        shared.stop.load(Ordering::SeqCst) || shared.gone.load(Ordering::SeqCst)
    }

    /// Fills the ring; returns early when it is to stop.
    fn fill(&mut self, instrument: &mut Instrument) -> Result<(), Error> {
        let mut bytes = Vec::new();
        let mut frames = [[0.0; 2]; CHUNK];
        while !self.stops() {
            let count = self.feeder.lacks().min(CHUNK);
            let Some(frames) = frames.get_mut(..count).filter(|frames| !frames.is_empty()) else { break };
            let end = self.made + count as u64;
            while let Some(due) = self.feeder.next(end, &mut bytes) {
                instrument.advance(due)?;
                match instrument.give(&bytes) {
                    Err(error @ (Error::Refused { .. } | Error::Kept { .. })) => self.refused(&error),
                    given => given?,
                }
            }
            instrument.render(self.made, frames)?;
            self.feeder.push(frames);
            self.made = end;
        }
        Ok(())
    }

    /// A driver may refuse a message. The first time is worth saying.
    fn refused(&self, error: &Error) {
        if self.feeder.shared.refused.fetch_add(1, Ordering::Relaxed) == 0 {
            self.tell(Happened::Refused { error: error.to_string() });
        }
    }

    fn tell(&self, happened: Happened) {
        // Nobody listens any more when all ends.
        let _ = self.happened.send(happened);
    }

    /// Opens the driver again after it has failed; `None` when it is to stop.
    fn again(&mut self, error: Error) -> Result<Option<Instrument>, crate::Error> {
        let mut error = error;
        loop {
            self.feeder.shared.enter(Phase::Silent);
            let driver = self.settings.driver.file_name();
            let wait = match self.failures.add(Instant::now()) {
                Ok(wait) => wait,
                Err(failures) => {
                    return Err(crate::Error::GaveUp { driver, failures, last: Box::new(error) });
                }
            };
            self.tell(Happened::Failed { driver, error: error.to_string(), again_in_ms: milliseconds(wait) });
            self.pause(wait, |_| false);
            // What is left of its sound has been passed over by then.
            self.pause(EMPTIED, |engine| engine.feeder.is_empty());
            let dropped = self.feeder.forget();
            self.feeder.shared.unheard.fetch_add(dropped, Ordering::Relaxed);
            if self.stops() {
                return Ok(None);
            }
            match self.begin() {
                Ok((instrument, playing)) => {
                    self.tell(Happened::Playing(playing));
                    return Ok(Some(instrument));
                }
                Err(again) => error = again,
            }
        }
    }

    /// Waits, but not when something has come about, or all is to stop.
    fn pause(&self, wait: Duration, enough: impl Fn(&Self) -> bool) {
        let until = Instant::now() + wait;
        while !self.stops() && !enough(self) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            std::thread::park_timeout(left);
        }
    }
}
