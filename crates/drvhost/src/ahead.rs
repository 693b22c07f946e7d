//! Workers that are started before anybody knows for which driver: half of a worker's start is the same for all.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use early::Begun;
use rustix::process::Pid;
use sandbox::{Child, SharedMemory, Spawner};
use wire::{CHANNEL_SIZE, given};

use crate::error::Error;
use crate::images::Images;
use crate::launch;
use crate::session::Builder;

/// A worker that is on its way, for the first driver of a [session](Builder::ahead). It takes everything away from itself that no worker keeps, and waits.
///
/// A program whose first driver is not known yet, because it still reads what it is to do, can have this done meanwhile. Dropping it ends the worker.
#[derive(Debug)]
pub struct Ahead {
    spawner: Spawner,
    program: PathBuf,
    blank: Blank,
}

impl Ahead {
    /// The worker that has begun before this program itself, if this is one that has such a worker (`early`), and nobody has taken it. The worker ends with the thread that runs `main`.
    #[must_use]
    pub fn take() -> Option<Self> {
        let Begun { process, descriptors: [channel, arena, images] } = early::take()?;
        let (spawner, child) = Spawner::adopting(Pid::from_raw(process)?);
        // From here on, what goes wrong ends it.
        let map = |file: OwnedFd, name| SharedMemory::from_descriptor(name, file.as_fd()).ok();
        let (memory, arena) = (map(channel, "channel")?, map(arena, "arena")?);
        let blank = Blank { child, memory, arena, images: Images::of(images.into()) };
        tracing::debug!(process, "a worker began before this program");
        Some(Self { spawner, program: launch::default_program(), blank })
    }
}

impl Builder {
    /// Has the first driver of the first session get a worker that was started ahead.
    #[must_use]
    pub fn ahead(mut self, ahead: Option<Ahead>) -> Self {
        self.ahead = Shared(Arc::new(Mutex::new(ahead)));
        self
    }

    /// Has all sessions of this builder, and of clones that are made of it from here on, start their workers as one session does: after the first ones, a worker is
    /// a copy of one that has been prepared for that, which takes a fraction of the time. A copy is as much apart from the others as any worker. All of them run
    /// on the processors that the calling thread may use now.
    ///
    /// # Errors
    /// [`Error::Worker`] when the system gives no thread for starting workers.
    pub fn share_spawner(mut self) -> Result<Self, Error> {
        self.spawner = Some(spawner()?);
        Ok(self)
    }

    /// As [`share_spawner`](Self::share_spawner), but the first worker is a copy, too. For tests: whatever holds for workers is to hold for copies.
    ///
    /// # Errors
    /// As there.
    #[doc(hidden)]
    pub fn only_copies(mut self) -> Result<Self, Error> {
        self.spawner = Some(Spawner::copying().map_err(|error| Error::Worker(error.to_string()))?);
        Ok(self)
    }
}

/// What starts workers.
fn spawner() -> Result<Spawner, Error> {
    Spawner::new().map_err(|error| Error::Worker(error.to_string()))
}

/// What was started ahead, for whichever of a builder's clones starts a session first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Option<Ahead>>>);

impl Shared {
    /// What starts the workers of a session, unless it has something that does, and the worker that has been started with this program.
    ///
    /// # Errors
    /// [`Error::Worker`].
    pub fn take(&self, wanted: &Path, has: Option<Spawner>) -> Result<(Spawner, Option<Blank>), Error> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(Ahead { spawner, program, blank }) => {
                Ok((has.unwrap_or(spawner), (program == wanted).then_some(blank)))
            }
            None => Ok((has.map_or_else(spawner, Ok)?, None)),
        }
    }
}

/// A worker that knows no driver yet, and what the host shares with it.
#[derive(Debug)]
pub(crate) struct Blank {
    pub child: Child,
    pub memory: SharedMemory,
    pub arena: SharedMemory,
    pub images: Images,
}

impl Blank {
    /// Starts one.
    ///
    /// # Errors
    /// [`Error::Worker`].
    pub fn start(spawner: &Spawner, program: &Path) -> Result<Self, Error> {
        let shared = |error: sandbox::SharedError| Error::Worker(error.to_string());
        let images = Images::new()?;
        let memory = SharedMemory::create(given::CHANNEL, CHANNEL_SIZE).map_err(shared)?;
        let arena = SharedMemory::create(given::ARENA, given::ARENA_SIZE).map_err(shared)?;
        let descriptor = |memory: &SharedMemory| {
            let descriptor =
                memory.descriptor().ok_or_else(|| Error::Bug("shared memory without descriptor".into()))?;
            descriptor.try_clone_to_owned().map_err(|error| Error::Worker(error.to_string()))
        };
        let descriptors = [descriptor(&memory)?, descriptor(&arena)?, images.descriptor()?];
        let child = spawner.start(program, descriptors).map_err(|error| Error::Worker(error.to_string()))?;
        Ok(Self { child, memory, arena, images })
    }
}
