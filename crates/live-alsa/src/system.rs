//! ALSA as a sound system: one thread that waits for the sequencer and for the PCM, whose position is the instrument's clock.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use alsa::poll::{self, pollfd};
use alsa::seq::Addr;
use live::{Error, Place, Player, Settings};

use crate::pcm::Pcm;
use crate::sequencer::{self, Decoder, Sequencer};

/// How long the thread waits at most, in milliseconds, until it looks whether it is to end.
const NAP: i32 = 100;

/// How long a PCM may play nothing. Not all say that what they play on has gone.
const STUCK: Duration = Duration::from_secs(3);

/// The kernel's sequencer, and a PCM.
#[derive(Debug)]
pub struct Alsa;

impl live::System for Alsa {
    fn name(&self) -> &'static str {
        "alsa"
    }

    fn connect(&self, settings: &Settings) -> Result<Box<dyn live::Client>, Error> {
        let connected = quietly(|| {
            let failed = |error| Error::NoSequencer(system_error(error));
            let sequencer = Sequencer::open(&settings.name()).map_err(failed)?;
            let failed = |source| Error::NoPcm { pcm: settings.pcm.clone(), source };
            let pcm = Pcm::open(&settings.pcm, settings.latency).map_err(failed)?;
            let Addr { client, port } = sequencer.address();
            let place = Place {
                name: settings.name(),
                midi: format!("{client}:{port}"),
                sound: vec![settings.pcm.clone()],
                rate: pcm.rate(),
                period: pcm.period(),
                held: Some(pcm.buffer()),
            };
            Ok(Connected { sequencer, pcm, place, name: settings.pcm.clone() })
        });
        connected.map(|connected| Box::new(connected) as Box<dyn live::Client>)
    }
}

/// A place that does nothing yet.
struct Connected {
    sequencer: Sequencer,
    pcm: Pcm,
    place: Place,
    /// The PCM's.
    name: String,
}

impl live::Client for Connected {
    fn place(&self) -> &Place {
        &self.place
    }

    fn activate(self: Box<Self>, player: Player) -> Result<Box<dyn live::Active>, Error> {
        let Self { sequencer, pcm, name, .. } = *self;
        let (address, stop) = (sequencer.address(), Arc::new(AtomicBool::new(false)));
        let mut service = Service { sequencer, pcm, name, player, stop: Arc::clone(&stop) };
        let run = move || {
            service.player.prefer_this_thread();
            quietly(|| service.run())
        };
        let thread = std::thread::Builder::new().name("alsa".into()).spawn(run).map_err(Error::Thread)?;
        Ok(Box::new(Active { thread: Some(thread), stop, address, gone: None }))
    }
}

/// What a thread serves.
struct Active {
    /// `None` when it has ended.
    thread: Option<JoinHandle<Result<(), String>>>,
    stop: Arc<AtomicBool>,
    address: Addr,
    gone: Option<String>,
}

impl live::Active for Active {
    /// The PCM is one that plays already.
    fn connect_devices(&self) {
        if let Err(error) = quietly(|| sequencer::connect_devices(self.address)) {
            tracing::warn!(%error, "ALSA's MIDI devices could not be connected");
        }
    }

    fn gone(&mut self) -> Option<String> {
        if let Some(thread) = self.thread.take_if(|thread| thread.is_finished()) {
            // It does not end by itself without a reason. A panic has been reported by then.
            let ended = thread.join().unwrap_or(Ok(()));
            self.gone = Some(ended.err().unwrap_or_else(|| "what plays through ALSA has ended".to_owned()));
        }
        self.gone.clone()
    }

    fn leave(mut self: Box<Self>) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // Nothing is to be said of it any more.
            let _ = thread.join();
        }
    }
}

/// What the thread does.
struct Service {
    sequencer: Sequencer,
    pcm: Pcm,
    /// The PCM's.
    name: String,
    player: Player,
    stop: Arc<AtomicBool>,
}

impl Service {
    /// Plays until it is told to stop, or what fails.
    fn run(&mut self) -> Result<(), String> {
        let decoder = Decoder::new().map_err(sequencer_fails)?;
        self.pcm.begin().map_err(|error| self.pcm_fails(error))?;
        let (mut more, mut played) = (false, Instant::now());
        while !self.stop.load(Ordering::SeqCst) {
            self.wait(if more { 0 } else { NAP })?;
            more = self.sequencer.read(&decoder, &self.pcm, &mut self.player).map_err(sequencer_fails)?;
            match self.pcm.play(&mut self.player) {
                Ok(0) if played.elapsed() >= STUCK => {
                    return Err(format!("ALSA's PCM `{}` plays nothing any more", self.name));
                }
                Ok(0) => {}
                Ok(_) => played = Instant::now(),
                Err(error) => {
                    self.pcm.recover(error).map_err(|error| self.pcm_fails(error))?;
                    self.player.add_xrun();
                }
            }
        }
        self.pcm.end();
        Ok(())
    }

    /// Waits for a message, or until the PCM has room for a period.
    fn wait(&self, most: i32) -> Result<(), String> {
        let mut all: Vec<pollfd> = self.sequencer.descriptors().map_err(sequencer_fails)?;
        let messages = all.len();
        all.extend(self.pcm.descriptors().map_err(|error| self.pcm_fails(error))?);
        match poll::poll(&mut all, most) {
            Ok(_) => self.pcm.hear_timers(all.get(messages..).unwrap_or_default()),
            Err(error) if kind(error) == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(self.pcm_fails(error)),
        }
        Ok(())
    }

    fn pcm_fails(&self, error: alsa::Error) -> String {
        format!("ALSA's PCM `{}` fails: {}", self.name, system_error(error))
    }
}

fn sequencer_fails(error: alsa::Error) -> String {
    format!("ALSA's sequencer fails: {}", system_error(error))
}

/// The system's error behind one of ALSA's.
pub fn system_error(error: alsa::Error) -> io::Error {
    io::Error::from_raw_os_error(error.errno())
}

/// What kind of error it is.
pub fn kind(error: alsa::Error) -> io::ErrorKind {
    system_error(error).kind()
}

/// Does something for which ALSA's library would write to standard error, which is for drvhost's own messages.
fn quietly<T>(what: impl FnOnce() -> T) -> T {
    let said = alsa::Output::local_error_handler();
    let done = what();
    if let Ok(said) = said {
        for line in said.borrow().to_string().lines() {
            tracing::debug!("ALSA: {line}");
        }
    }
    done
}
