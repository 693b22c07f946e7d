//! A driver as an instrument, with a MIDI input and stereo sound, in a sound system: a client of JACK, which PipeWire serves as well, or whatever else is a [`System`].
//!
//! The driver's clock is a virtual one (`drvhost::Clock::Virtual`), and the sound system's is all that moves it. One thread has the driver play
//! ahead into a ring; the system's takes the samples out and hands on the messages that come, each with its frame. So the two can never drift apart, and
//! a note is always as much later to be heard as the ring is filled, plus what the driver itself plays ahead.
#![forbid(unsafe_code)]

mod client;
mod converter;
mod engine;
mod error;
mod failures;
mod instrument;
mod link;
mod midi;
mod mixer;
mod program;
mod quiet;
mod samples;
mod system;
pub mod unit;

use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use drvhost::{Builder, DriverFile, End, Policy, PowerChange, Report};
use serde::Serialize;

use crate::engine::{Control, Engine, Finished};
use crate::failures::Failures;
use crate::link::{MOST_FILLED, Phase, Shared};

pub use client::Jack;
pub use error::Error;
pub use link::{LONGEST_PERIOD, Player};
pub use program::Program;
pub use quiet::Quiet;
pub use system::{Active, Client, Place, System};

/// What an instrument is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What its sessions are started with. Clock and sound are set here.
    pub builder: Builder,
    /// The driver.
    pub driver: DriverFile,
    /// Which of its MIDI devices is played.
    pub device: u32,
    /// The name by which others are to find it; that of the driver unless set.
    pub name: Option<String>,
    /// How far the driver plays ahead of the sound system: at least one of that one's periods.
    pub latency: Duration,
    /// ALSA's name of what plays, where that is ALSA.
    pub pcm: String,
    /// Whether the instrument is connected with the sound card and the MIDI devices.
    pub connect: bool,
    /// What follows DRV_EXITSESSION.
    pub policy: Policy,
}

/// An instrument that can be played.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Playing {
    /// The sound system.
    pub system: &'static str,
    /// The name by which others find it there.
    pub name: String,
    /// Where it takes messages.
    pub midi: String,
    /// Where it is heard: one place for both channels, or one for each.
    pub sound: Vec<String>,
    /// The driver's file name.
    pub driver: String,
    /// The device's name.
    pub device: String,
    /// The sound system's rate.
    pub rate: u32,
    /// How far the driver plays ahead of the sound system.
    pub latency_ms: f64,
    /// How much the system itself holds before it is heard; `None` where it does not tell.
    pub system_latency_ms: Option<f64>,
    /// The rate that the driver plays at; `None` while it plays nothing.
    pub driver_rate: Option<u32>,
    /// How far it plays ahead by itself.
    pub driver_latency_ms: Option<f64>,
    /// Whether it has real-time priority.
    pub real_time: bool,
    /// Which files it was refused for want of a grant, such as a sound font, and what would grant them.
    pub denied: Vec<String>,
}

/// Something has happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Happened {
    /// The instrument can be played.
    Playing(Playing),
    /// The driver has failed. There is silence until it is open again.
    Failed {
        /// Its file name.
        driver: String,
        /// What happened.
        error: String,
        /// When it is opened again.
        again_in_ms: f64,
    },
    /// The driver has refused a message, for the first time.
    Refused {
        /// Which, and its answer.
        error: String,
    },
}

/// How it goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// Whether it can be played now.
    pub playing: bool,
    /// How many messages have come.
    pub messages: u64,
    /// How many periods had less sound than they should, because the driver was not in time.
    pub underruns: u64,
    /// How long that lasted in all.
    pub missing_ms: f64,
    /// How many messages were lost because too many came.
    pub overruns: u64,
    /// How many came while it was not open.
    pub unheard: u64,
    /// How many the driver refused.
    pub refused: u64,
    /// How often the sound system said that it, or one of its clients, was late.
    pub xruns: u64,
    /// The least that was ready when sound was wanted, since this was asked the last time; `None` if it wanted none.
    pub reserve_ms: Option<f64>,
}

/// How it ended.
#[derive(Debug)]
pub struct Ended {
    /// What drivers were told, and answered.
    pub report: Report,
    /// How it went.
    pub status: Status,
    /// What had gone, if the sound system had.
    pub gone: Option<String>,
    /// Why the driver was not opened again, if it was not.
    pub error: Option<Error>,
}

/// A running instrument. Dropping it leaves the driver untold; [`end`](Self::end) ends it in order.
pub struct Live {
    shared: Arc<Shared>,
    rate: u32,
    playing: Playing,
    happened: Receiver<Happened>,
    engine: JoinHandle<()>,
    finished: Receiver<Finished>,
    policy: Policy,
    client: Mutex<Box<dyn Active>>,
    gone: Mutex<Option<String>>,
    control: Arc<Control>,
}

impl Live {
    /// Takes a place in a sound system, opens the driver, and plays.
    ///
    /// # Errors
    /// [`Error`].
    pub fn start(settings: Settings, system: &dyn System) -> Result<Self, Error> {
        let client = system.connect(&settings)?;
        let (place, name, connect) = (client.place().clone(), system.name(), settings.connect);
        let (rate, period) = (place.rate.max(1), place.period);
        let asked = settings.latency.as_nanos() * u128::from(rate) / 1_000_000_000;
        let asked = u32::try_from(asked).unwrap_or(MOST_FILLED).min(MOST_FILLED);
        let (tell, happened) = mpsc::channel();
        let (begun, begins) = mpsc::sync_channel(1);
        let (finish, finished) = mpsc::sync_channel(1);
        let mut spawned = None;
        let control = Arc::new(Control::default());
        let policy = settings.policy;
        let engines = Arc::clone(&control);
        let player = link::link(asked, period, |feeder| {
            let mut engine = Engine {
                settings,
                feeder,
                happened: tell,
                system: name,
                place,
                made: 0,
                failures: Failures::default(),
                control: engines,
            };
            let run = move || match engine.begin() {
                Ok((instrument, playing)) => {
                    // The other end waits for this.
                    let _ = begun.send(Ok(playing));
                    // Nobody waits any more where this has taken too long.
                    let _ = finish.send(engine.run(instrument));
                }
                Err(error) => {
                    let _ = begun.send(Err(error));
                }
            };
            let thread = std::thread::Builder::new().name("instrument".into()).spawn(run);
            let handle =
                thread.as_ref().map_or_else(|_| std::thread::current(), |thread| thread.thread().clone());
            spawned = Some(thread);
            handle
        });
        let engine = match spawned {
            Some(thread) => thread.map_err(Error::Thread)?,
            None => return Err(Error::Thread(std::io::ErrorKind::Other.into())),
        };
        let playing = match begins.recv() {
            Ok(playing) => playing?,
            Err(_) => return Err(Error::Thread(std::io::ErrorKind::Other.into())),
        };
        let shared = Arc::clone(&player.shared);
        let client = match client.activate(player) {
            Ok(client) => client,
            Err(error) => {
                shared.stop.store(true, Ordering::SeqCst);
                engine.thread().unpark();
                // Its driver is told as always.
                if let Ok(Finished { left: Some(left), .. }) = finished.recv() {
                    let _ = left.session.end(policy);
                }
                return Err(error);
            }
        };
        if connect {
            client.connect_devices();
        }
        let (client, gone) = (Mutex::new(client), Mutex::default());
        Ok(Self { shared, rate, playing, happened, engine, finished, policy, client, gone, control })
    }

    /// What it was when it began.
    #[must_use]
    pub fn playing(&self) -> &Playing {
        &self.playing
    }

    /// The next thing that happens within a time.
    #[must_use]
    pub fn wait(&self, within: Duration) -> Option<Happened> {
        if let Ok(happened) = self.happened.try_recv() {
            return Some(happened);
        }
        if self.is_over() {
            return None;
        }
        self.happened.recv_timeout(within).ok()
    }

    /// Whether it has ended by itself: the sound system has gone, or the driver was given up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let gone = self.client.lock().unwrap_or_else(PoisonError::into_inner).gone();
        if gone.is_some() {
            *self.gone.lock().unwrap_or_else(PoisonError::into_inner) = gone;
            self.shared.gone.store(true, Ordering::SeqCst);
            self.engine.thread().unpark();
        }
        self.engine.is_finished() || self.shared.gone.load(Ordering::SeqCst)
    }

    /// How it goes.
    #[must_use]
    pub fn status(&self) -> Status {
        let shared = &self.shared;
        let milliseconds = |frames: u64| frames as f64 * 1000.0 / f64::from(self.rate);
        let least = shared.least.swap(u32::MAX, Ordering::Relaxed);
        Status {
            playing: shared.phase() == Phase::Playing,
            messages: shared.messages.load(Ordering::Relaxed),
            underruns: shared.underruns.load(Ordering::Relaxed),
            missing_ms: milliseconds(shared.missing.load(Ordering::Relaxed)),
            overruns: shared.overruns.load(Ordering::Relaxed),
            unheard: shared.unheard.load(Ordering::Relaxed),
            refused: shared.refused.load(Ordering::Relaxed),
            xruns: shared.xruns.load(Ordering::Relaxed),
            reserve_ms: (least != u32::MAX).then(|| milliseconds(least.into())),
        }
    }

    /// What tells the driver of changes while it plays.
    #[must_use]
    pub fn teller(&self) -> Teller {
        Teller(Arc::clone(&self.control))
    }

    /// Turns all notes off, closes the device, and ends the session: the driver is told DRV_EXITSESSION, and closed. `within` says how long that may take.
    #[must_use = "the report says whether the driver has answered"]
    pub fn end(self, within: Option<Duration>) -> Ended {
        let started = Instant::now();
        let policy = self.policy;
        let quiet = self.quiet(within.map(|within| within / 4));
        let left = within.map(|within| within.saturating_sub(started.elapsed()));
        let end = End { policy, within: left, ..End::default() };
        quiet.end(&end)
    }

    /// Has it begin to fall silent, as [`quiet`](Self::quiet) does, and does not wait for that: for several that end together.
    pub fn hush(&self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.engine.thread().unpark();
    }

    /// Turns all notes off and closes the device, or leaves off where that takes longer than `within`. The driver stays open, and has been told of nothing.
    #[must_use = "the driver must be told"]
    pub fn quiet(self, within: Option<Duration>) -> Quiet {
        let status = self.status();
        self.hush();
        let finished = match within {
            Some(within) => self.finished.recv_timeout(within).ok(),
            None => self.finished.recv().ok(),
        };
        // A driver that does not come back, and one whose thread has ended by a bug, have a session as well.
        let stuck = if finished.is_none() { self.control.session().clone() } else { None };
        let stuck = stuck.map(|session| (session, self.finished));
        let Finished { left, gave_up } = finished.unwrap_or_default();
        let client = self.client.into_inner().unwrap_or_else(PoisonError::into_inner);
        let gone = self.gone.into_inner().unwrap_or_else(PoisonError::into_inner);
        Quiet { left, stuck, client, status, gone, error: gave_up }
    }
}

/// Tells an instrument's driver of changes.
#[derive(Debug, Clone)]
pub struct Teller(Arc<Control>);

impl Teller {
    /// Tells it DRV_POWER, if it is open.
    pub fn power(&self, change: PowerChange, within: Option<Duration>) {
        let session = self.0.session().clone();
        if let Some(session) = session
            && !session.power(change, within).all_answered()
        {
            tracing::warn!("the driver did not answer DRV_POWER");
        }
    }
}

impl Settings {
    /// The name by which others are to find it.
    #[must_use]
    pub fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| name_of(&self.driver))
    }
}

/// The name of an instrument that is given none: its driver's.
#[must_use]
pub fn name_of(driver: &DriverFile) -> String {
    driver.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A time in milliseconds, to hundredths.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}
