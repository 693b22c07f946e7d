//! How long work hears that it is to stop.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use drvhost::Error;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// A flag that a signal sets; a second signal ends the command at once.
pub fn flag() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(|error| Error::Worker(format!("signals cannot be watched: {error}")))?;
    }
    Ok(stop)
}
