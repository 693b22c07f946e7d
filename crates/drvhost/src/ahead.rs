//! Workers that are started before anybody knows for which driver: half of a worker's start is the same for all.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use sandbox::{Child, SharedMemory, SpawnError, Spawner};
use wire::CHANNEL_SIZE;

use crate::arena;
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
    /// Starts a worker with the program that sessions use unless another one is set. The calling thread must be one that ends last, as the one does that runs
    /// `main`: the worker ends with it. `None` where the system does not let it; a session says why, when it wants to do the same.
    #[must_use]
    pub fn start() -> Option<Self> {
        let program = launch::default_program();
        let spawner = Spawner::new().ok()?;
        // On another thread it would take a fifth of a millisecond until that runs.
        let blank = Blank::new(|descriptors| spawner.start_here(&program, descriptors)).ok()?;
        Some(Self { spawner, program, blank })
    }
}

impl Builder {
    /// Has the first driver of the first session get a worker that was started ahead.
    #[must_use]
    pub fn ahead(mut self, ahead: Option<Ahead>) -> Self {
        self.ahead = Shared(Arc::new(Mutex::new(ahead)));
        self
    }
}

/// What was started ahead, for whichever of a builder's clones starts a session first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Option<Ahead>>>);

impl Shared {
    /// What starts the workers of a session, and the worker that has been started with this program.
    ///
    /// # Errors
    /// [`Error::Worker`].
    pub fn take(&self, wanted: &Path) -> Result<(Spawner, Option<Blank>), Error> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(Ahead { spawner, program, blank }) => Ok((spawner, (program == wanted).then_some(blank))),
            None => Ok((Spawner::new().map_err(|error| Error::Worker(error.to_string()))?, None)),
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
        Self::new(|descriptors| spawner.start(program, descriptors))
    }

    /// One whose process is made from the three descriptors that it gets.
    fn new(process: impl FnOnce([OwnedFd; 3]) -> Result<Child, SpawnError>) -> Result<Self, Error> {
        let shared = |error: sandbox::SharedError| Error::Worker(error.to_string());
        let images = Images::new()?;
        let memory = SharedMemory::create("drvhost channel", CHANNEL_SIZE).map_err(shared)?;
        let arena = SharedMemory::create("drvhost arena", arena::SIZE).map_err(shared)?;
        let descriptor = |memory: &SharedMemory| {
            let descriptor =
                memory.descriptor().ok_or_else(|| Error::Bug("shared memory without descriptor".into()))?;
            descriptor.try_clone_to_owned().map_err(|error| Error::Worker(error.to_string()))
        };
        let descriptors = [descriptor(&memory)?, descriptor(&arena)?, images.descriptor()?];
        let child = process(descriptors).map_err(|error| Error::Worker(error.to_string()))?;
        Ok(Self { child, memory, arena, images })
    }
}
