//! What becomes of instruments while nobody asks, said on the bus and in the journal.

use std::sync::Arc;
use std::time::Duration;

use crate::instruments::{Seen, State, What};
use crate::manager::ManagerSignals;
use crate::serve::{Service, said};

/// How often is looked.
const LOOK: Duration = Duration::from_millis(100);
/// As a signal says of an instrument that it is listed no more.
pub(crate) const STOPPED: &str = "stopped";

/// Watches instruments for as long as the service runs.
pub(crate) async fn watch(service: Arc<Service>) {
    loop {
        service.clients.instruments.wait_for_some().await;
        tokio::time::sleep(LOOK).await;
        for seen in service.clients.look_at_instruments() {
            tell(&service, seen).await;
        }
    }
}

async fn tell(service: &Arc<Service>, seen: Seen) {
    let Seen { name, what, .. } = seen;
    match what {
        What::Playing => {
            tracing::info!(instrument = name, "the driver is open again");
            service.instrument_is(&name, State::Playing.name()).await;
        }
        What::Failed { error, again_in_ms } => {
            tracing::warn!(
                instrument = name,
                error,
                again_in_ms,
                "the driver has failed, and is opened again"
            );
            service.instrument_is(&name, State::Failed.name()).await;
            service.instrument_failed(&name, &error, again_in_ms).await;
        }
        What::Refused { error } => {
            tracing::warn!(instrument = name, error, "a message was refused; further ones are only counted");
        }
        What::Over(number) => {
            // Others are looked at meanwhile.
            tokio::spawn(finish(Arc::clone(service), name, number));
        }
    }
}

/// Ends an instrument that has ended by itself.
async fn finish(service: Arc<Service>, name: String, number: u64) {
    let theirs = name.clone();
    match service.apart(move |clients| clients.finish_instrument(&theirs, number)).await {
        Ok(Some(gone)) => {
            tracing::warn!(instrument = name, error = gone.error, "an instrument plays no more");
            service.instrument_is(&name, State::Ended.name()).await;
            service.instrument_failed(&name, &gone.error, 0.0).await;
            service.changed().await;
        }
        // Somebody has stopped it, or the session has ended.
        Ok(None) => {}
        Err(error) => tracing::warn!(instrument = name, %error, "an instrument could not be ended"),
    }
}

impl Service {
    /// Says what an instrument does from now on.
    pub async fn instrument_is(&self, name: &str, state: &str) {
        if let Ok(interface) = self.interface().await {
            said(interface.instrument_changed(name, state)).await;
        }
    }

    async fn instrument_failed(&self, name: &str, error: &str, again_in_ms: f64) {
        if let Ok(interface) = self.interface().await {
            said(interface.instrument_failed(name, error, again_in_ms)).await;
        }
    }
}
