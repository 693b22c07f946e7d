//! The client of JACK: a MIDI input, two audio outputs, and a callback that only copies.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jack::{
    AsyncClient, AudioIn, AudioOut, Client, ClientOptions, ClientStatus, Control, Frames, MidiIn, MidiOut,
    NotificationHandler, Port, PortFlags, PortSpec, ProcessHandler, ProcessScope,
};

use crate::Settings;
use crate::error::Error;
use crate::link::{Phase, Player, Shared};
use crate::system::{self, Place, System};

/// The longest name of a client, with what JACK appends where there is another of that name.
const LONGEST_NAME: usize = 60;
/// How long a program that writes a file waits for the driver.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the server may ask for nothing before somebody looks whether it is there.
const QUIET: Duration = Duration::from_secs(1);

/// JACK, which PipeWire serves as well.
#[derive(Debug, Clone, Copy)]
pub struct Jack;

impl System for Jack {
    fn name(&self) -> &'static str {
        "jack"
    }

    fn connect(&self, settings: &Settings) -> Result<Box<dyn system::Client>, Error> {
        let client = connect(&settings.name())?;
        let name = client.name().to_owned();
        let place = Place {
            midi: format!("{name}:midi"),
            sound: ["left", "right"].map(|side| format!("{name}:{side}")).to_vec(),
            name,
            rate: client.sample_rate().max(1),
            period: client.buffer_size(),
            held: None,
        };
        Ok(Box::new(Connected { client, place }))
    }
}

/// A client that does nothing yet.
struct Connected {
    client: Client,
    place: Place,
}

/// The client as long as it plays.
struct Active {
    client: AsyncClient<Notices, Process>,
    shared: Arc<Shared>,
    watch: Watch,
}

/// Connects to the server that runs.
fn connect(name: &str) -> Result<Client, Error> {
    let mut plain: String = name.chars().map(|c| if c == ':' || c.is_control() { '-' } else { c }).collect();
    while plain.len() > LONGEST_NAME {
        plain.pop();
    }
    match Client::new(&plain, ClientOptions::NO_START_SERVER) {
        Ok((client, _)) => Ok(client),
        Err(jack::Error::LibraryError(why)) => Err(Error::NoLibrary(why)),
        Err(jack::Error::ClientError(status)) if status.contains(ClientStatus::SERVER_FAILED) => {
            Err(Error::NoServer)
        }
        Err(error) => Err(Error::Jack(error.to_string())),
    }
}

impl system::Client for Connected {
    fn place(&self) -> &Place {
        &self.place
    }

    fn activate(self: Box<Self>, player: Player) -> Result<Box<dyn system::Active>, Error> {
        let failed = |error: jack::Error| Error::Jack(error.to_string());
        let client = self.client;
        let shared = Arc::clone(&player.shared);
        let process = Process {
            midi: client.register_port("midi", MidiIn::default()).map_err(failed)?,
            left: client.register_port("left", AudioOut::default()).map_err(failed)?,
            right: client.register_port("right", AudioOut::default()).map_err(failed)?,
            player,
        };
        let notices = Notices { shared: Arc::clone(&shared) };
        let client = client.activate_async(notices, process).map_err(failed)?;
        Ok(Box::new(Active { client, shared, watch: Watch::new() }))
    }
}

impl system::Active for Active {
    /// The outputs go to the first sound card.
    fn connect_devices(&self) {
        let client = self.client.as_client();
        let ports = |kind: &str, flags| client.ports(None, Some(kind), PortFlags::IS_PHYSICAL | flags);
        let own = |port: &str| format!("{}:{port}", client.name());
        let speakers = ports(AudioIn::default().jack_port_type(), PortFlags::IS_INPUT);
        let mut pairs: Vec<_> = [own("left"), own("right")].into_iter().zip(speakers).collect();
        let keyboards = ports(MidiOut::default().jack_port_type(), PortFlags::IS_OUTPUT);
        pairs.extend(keyboards.into_iter().map(|keyboard| (keyboard, own("midi"))));
        for (from, to) in pairs {
            if let Err(error) = client.connect_ports_by_name(&from, &to) {
                tracing::warn!(%error, from, to, "two ports of JACK's could not be connected");
            }
        }
    }

    fn gone(&mut self) -> Option<String> {
        self.watch.is_gone(&self.shared).then(|| "JACK's server has gone".to_owned())
    }

    fn leave(self: Box<Self>) {
        if self.watch.gone {
            // There is nobody to be told, and the library waits for answers.
            std::mem::forget(self.client);
        } else if let Err(error) = self.client.deactivate() {
            tracing::debug!(%error, "the client could not be deactivated");
        }
    }
}

/// What JACK calls for each period.
struct Process {
    midi: Port<MidiIn>,
    left: Port<AudioOut>,
    right: Port<AudioOut>,
    player: Player,
}

impl ProcessHandler for Process {
    fn process(&mut self, _: &Client, scope: &ProcessScope) -> Control {
        for event in self.midi.iter(scope) {
            self.player.hear(event.time, event.bytes);
        }
        if self.player.shared.waits.load(Ordering::Relaxed) {
            wait_for_frames(&self.player, scope.n_frames());
        }
        self.player.play(self.left.as_mut_slice(scope), self.right.as_mut_slice(scope));
        Control::Continue
    }

    fn buffer_size(&mut self, _: &Client, size: Frames) -> Control {
        self.player.set_period(size);
        Control::Continue
    }
}

/// Waits for the engine where time does not count.
fn wait_for_frames(player: &Player, count: Frames) {
    let begun = Instant::now();
    while player.shared.phase() == Phase::Playing
        && player.there() < count as usize
        && begun.elapsed() < PATIENCE
    {
        player.engine().unpark();
        std::thread::sleep(Duration::from_micros(50));
    }
}

/// Looks, from time to time, whether the server is still there. It says so itself when it goes, but in a signal handler's manner, which needs unsafe code.
#[derive(Debug)]
struct Watch {
    periods: u64,
    changed: Instant,
    /// A look that is under way: a server that hangs does not answer.
    look: Option<JoinHandle<bool>>,
    /// Whether one has found it gone.
    gone: bool,
}

impl Watch {
    fn new() -> Self {
        Self { periods: 0, changed: Instant::now(), look: None, gone: false }
    }

    /// Whether the server has gone. As long as it asks for sound, it has not.
    fn is_gone(&mut self, shared: &Shared) -> bool {
        let periods = shared.periods.load(Ordering::Relaxed);
        if periods != self.periods {
            (self.periods, self.changed) = (periods, Instant::now());
        } else if self.look.is_none() && self.changed.elapsed() >= QUIET {
            let look = || matches!(connect("drvhost-look"), Err(Error::NoServer));
            self.look = std::thread::Builder::new().name("look".into()).spawn(look).ok();
        }
        if let Some(look) = self.look.take_if(|look| look.is_finished()) {
            self.changed = Instant::now();
            self.gone |= look.join().unwrap_or(false);
        }
        self.gone
    }
}

/// What JACK tells besides.
struct Notices {
    shared: Arc<Shared>,
}

impl NotificationHandler for Notices {
    fn freewheel(&mut self, _: &Client, enabled: bool) {
        self.shared.waits.store(enabled, Ordering::SeqCst);
    }

    fn xrun(&mut self, _: &Client) -> Control {
        self.shared.xruns.fetch_add(1, Ordering::Relaxed);
        Control::Continue
    }
}
