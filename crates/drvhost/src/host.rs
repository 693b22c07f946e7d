//! What this computer gives a worker.

use std::path::Path;

use sandbox::Spawner;
use serde::Serialize;

use crate::error::Error;
use crate::images::Images;
use crate::launch::Launched;

/// One layer of a worker's isolation.
pub type Layer = wire::Layer;

/// How 32-bit code gets the segment that FS names.
pub type Segments = wire::Segments;

/// What this computer gives every worker, as a worker without a driver has found it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Host {
    /// The layers of isolation, and what became of each.
    pub layers: Vec<Layer>,
    /// How 32-bit drivers get their segment for FS.
    pub segments: Segments,
}

impl Host {
    /// Starts a worker, hears what it has to say, and ends it.
    ///
    /// # Errors
    /// [`Error::Worker`].
    pub(crate) fn probe(spawner: &Spawner, program: &Path) -> Result<Self, Error> {
        // Only a worker for a 32-bit driver makes a segment. This one has nothing in it, and is never loaded.
        let empty = pe::builder::Builder::new(pe::Machine::I386).build();
        let launched = Launched::new(spawner, program, "no driver", &Images::new(&empty)?)?;
        launched.child.kill();
        let wire::Started { layers, segments, .. } = launched.started;
        let segments = segments.ok_or_else(|| Error::Worker("it says nothing of segments".into()))?;
        Ok(Self { layers, segments })
    }
}
