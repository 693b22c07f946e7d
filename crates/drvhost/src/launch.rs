//! Starting a worker's process, up to where it is jailed and waits for its driver.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use sandbox::{Child, SharedMemory, futex, processors};
use wire::ring::Sleep;
use wire::{BROUGHT_SIZE, Begin, Channel, Layer, Line, Side, Started, ToHost, ToWorker, given};

use crate::ahead::Blank;
use crate::error::Error;
use crate::images::Images;
use crate::session::Inner;
use crate::waiting::LOOK;
use crate::worker::printable;

/// How the host waits for a worker that the calling thread starts.
pub(crate) fn waiting() -> Sleep {
    Sleep { wait: futex::wait, wake: futex::wake, looks: processors::has_company() }
}

/// What a worker that has just begun is told that it did.
const FIRST_WORD: &str = "it broke the protocol with its first word";

/// Where guest memory ends: drivers for 32 bits may take the upper half of what they can address for negative numbers.
const GUEST_END: u64 = 1 << 31;

/// More layers of isolation than there are.
const MOST_LAYERS: usize = 64;

/// How much of a driver's name a worker is told: more than the process list has room for.
const LONGEST_NAME: usize = 256;

/// How long a worker has for entering its jail.
const START: Duration = Duration::from_secs(10);

/// A jailed process that nothing has been loaded into.
pub(crate) struct Launched {
    pub child: Child,
    pub memory: SharedMemory,
    pub channel: Channel,
    pub arena: SharedMemory,
    pub images: Images,
    pub started: Started,
}

impl Launched {
    /// Starts a worker for the driver with this name and these bytes, or takes the one that was started ahead, and waits until it is jailed.
    ///
    /// # Errors
    /// [`Error::Worker`].
    pub fn new(session: &Inner, name: &str, driver: Vec<u8>) -> Result<Self, Error> {
        let Inner { spawner, program, confinement, ahead, .. } = session;
        let ahead = ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        let blank = ahead.map_or_else(|| Blank::start(spawner, program), Ok)?;
        let Blank { child, memory, arena, mut images } = blank;
        let terms = confinement.terms;
        images.begin(&driver, terms.fixed_addresses)?;
        let mut channel = Channel::new(Side::Host, Line::Main, waiting());
        let begin = Begin {
            name: name.chars().take(LONGEST_NAME).collect(),
            memory: terms.memory,
            seconds: terms.seconds(),
            fixed_addresses: terms.fixed_addresses,
            threads: terms.threads,
        };
        channel
            .send(memory.words(), &ToWorker::Begin(begin))
            .map_err(|error| Error::Worker(error.to_string()))?;
        // While the worker works on: giving so much memory back takes longer than a message does.
        drop(driver);
        let started = match first_word(&mut channel, &memory, &child)? {
            ToHost::Started(started) => believable(*started)
                .ok_or_else(|| Error::Worker(format!("{FIRST_WORD}: it cannot be as it says")))?,
            ToHost::NotStarted(why) => return Err(Error::Worker(printable(&why))),
            _ => return Err(Error::Worker(FIRST_WORD.into())),
        };
        Ok(Self { child, memory, channel, arena, images, started })
    }
}

/// What a worker says of itself, fit to be shown; `None` where it cannot be so.
fn believable(started: Started) -> Option<Started> {
    let fits =
        |start: u64, size: u64| start > 0 && start.checked_add(size).is_some_and(|end| end <= GUEST_END);
    let arena = u64::try_from(given::ARENA_SIZE).unwrap_or(u64::MAX);
    let there = fits(started.arena, arena) && fits(started.brought, BROUGHT_SIZE.into());
    if !there || started.layers.len() > MOST_LAYERS {
        return None;
    }
    let layers = started.layers.into_iter().map(|layer| Layer {
        name: printable(&layer.name),
        detail: printable(&layer.detail),
        ..layer
    });
    Some(Started { layers: layers.collect(), ..started })
}

/// The first message of a worker that has just been started.
fn first_word(channel: &mut Channel, memory: &SharedMemory, child: &Child) -> Result<ToHost, Error> {
    let give_up = Instant::now() + START;
    loop {
        // Looked at first: what a worker says before it ends is still there afterwards.
        let ended = child.ended();
        let look = Instant::now() + LOOK;
        if let Some(message) = channel
            .receive(memory.words(), || Some(look))
            .map_err(|error| Error::Worker(error.to_string()))?
        {
            return Ok(message);
        }
        if let Some(ended) = ended {
            return Err(Error::Worker(format!("it {ended} before it was ready")));
        }
        if Instant::now() > give_up {
            return Err(Error::Worker(format!("it was not ready after {} s", START.as_secs())));
        }
    }
}

/// Where the worker's program is: beside this program, or one folder up, where cargo puts what tests use.
pub(crate) fn default_program() -> PathBuf {
    let name = Path::new(OsStr::from_bytes(given::PROGRAM.to_bytes()));
    let own = std::env::current_exe().unwrap_or_default();
    let places = own.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    places
        .clone()
        .find(|place| place.is_file())
        .or_else(|| places.into_iter().next())
        .unwrap_or_else(|| name.into())
}
