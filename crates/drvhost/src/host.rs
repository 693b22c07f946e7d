//! What this computer gives a worker.

use serde::Serialize;

use crate::error::Error;
use crate::launch::Launched;
use crate::session::{Hdrvr, Inner, Session};

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
    pub(crate) fn probe(session: &Inner) -> Result<Self, Error> {
        // Only a worker for a 32-bit driver makes a segment. This one has nothing in it, and is never loaded.
        let empty = pe::builder::Builder::new(pe::Machine::I386).build();
        let launched = Launched::new(session, "no driver", empty)?;
        launched.child.kill();
        let wire::Started { layers, segments, .. } = launched.started;
        let segments = segments.ok_or_else(|| Error::Worker("it says nothing of segments".into()))?;
        Ok(Self { layers, segments })
    }
}

impl Session {
    /// What this computer gives a worker. One is started for it and ended; no driver runs.
    ///
    /// # Errors
    /// [`Error::Worker`].
    pub fn host(&self) -> Result<Host, Error> {
        Host::probe(self.inner())
    }

    /// The isolation layers of an instance's worker: name, whether it is in place, and what it covers or why it is missing.
    ///
    /// # Errors
    /// [`Error::BadHandle`].
    pub fn layers(&self, hdrvr: Hdrvr) -> Result<Vec<(String, bool, String)>, Error> {
        let slot = self.inner.table.get(hdrvr).ok_or(Error::BadHandle(hdrvr.0))?;
        let layers = &slot.module.worker.layers;
        Ok(layers.iter().map(|layer| (layer.name.clone(), layer.active, layer.detail.clone())).collect())
    }
}
