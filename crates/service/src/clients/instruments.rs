//! What clients do with instruments. These belong to nobody: they go on when the client leaves that has started them.

use std::path::Path;
use std::time::Duration;

use live::{Live, Program};

use super::{Client, Clients, Wanted, is_death, real_path};
use crate::errors::Refusal;
use crate::instruments::{Gone, Origin, Seen, What};

/// How far an instrument plays ahead where nobody says.
const USUAL_LATENCY: Duration = Duration::from_millis(20);

/// What a client wants played.
#[derive(Debug)]
pub(crate) struct Asked {
    /// An entry or a file, with text for DRV_OPEN after a space.
    pub driver: String,
    pub device: u32,
    /// Empty: the driver's.
    pub name: String,
    /// How far it plays ahead; zero: as usual.
    pub latency: Duration,
    /// Whether it is connected with the sound card and the MIDI devices.
    pub connect: bool,
}

impl Clients {
    /// Starts an instrument and answers its name. Takes as long as its driver does.
    pub fn start_instrument(&self, client: &Client, asked: Asked) -> Result<String, Refusal> {
        // Whoever talks to a JACK server maps memory of its user's, and believes it.
        if self.settings.system {
            return Err(Refusal::Denied(
                "a JACK server is a user's, and so are instruments: the service on that user's session bus has them".into(),
            ));
        }
        let Some(system) = self.settings.instruments else { return Err(Program::JACK.missing().into()) };
        let Asked { driver, device, name, latency, connect } = asked;
        let (driver, text) = match driver.split_once(' ') {
            Some((file, text)) if !Path::new(&driver).is_file() => {
                (file.to_owned(), text.trim_start_matches(' ').to_owned())
            }
            _ => (driver, String::new()),
        };
        let driver = self.find(client, &Wanted { driver, section: String::new(), text, lparam2: 0 })?;
        let file = real_path(&driver);
        self.quarantine.wait(client.uid, &file)?;
        let settings = live::Settings {
            builder: self.builder(client.uid)?,
            driver,
            device,
            name: (!name.is_empty()).then_some(name),
            latency: if latency.is_zero() { USUAL_LATENCY } else { latency },
            connect,
            // JACK has none.
            pcm: String::new(),
            policy: self.settings.policy,
        };
        let start = || {
            Live::start(settings, system).map_err(|error| {
                if matches!(&error, live::Error::Driver(error) if is_death(error)) {
                    self.quarantine.died(client.uid, &file);
                }
                error.into()
            })
        };
        let origin = Origin { pid: client.pid, uid: client.uid, file: file.clone() };
        self.instruments.start(origin, self.settings.end_time(), start)
    }

    /// Stops one, and answers how it went as JSON. Takes as long as its driver does.
    pub fn stop_instrument(&self, name: &str) -> Result<String, Refusal> {
        self.instruments.stop(name, self.settings.end_time())
    }

    /// What has happened to instruments since the last look. Where a driver has failed, its worker was lost, which counts as with any other.
    pub fn look_at_instruments(&self) -> Vec<Seen> {
        let seen = self.instruments.look();
        for Seen { origin, .. } in seen.iter().filter(|seen| matches!(seen.what, What::Failed { .. })) {
            self.quarantine.died(origin.uid, &origin.file);
        }
        seen
    }

    /// Ends one that has ended by itself, and answers why it has; `None` if somebody else has ended it. Takes as long as its driver does.
    pub fn finish_instrument(&self, name: &str, number: u64) -> Option<Gone> {
        let gone = self.instruments.finish(name, number, self.settings.end_time())?;
        if gone.failed {
            self.quarantine.died(gone.origin.uid, &gone.origin.file);
        }
        Some(gone)
    }
}
