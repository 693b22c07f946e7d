//! What the service manager is told (sd_notify(3)), and the watchdog that it keeps.

use std::time::Duration;

use sd_notify::NotifyState;

/// Tells the service manager; nothing happens where there is none.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told");
    }
}

/// The service can be used.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready, NotifyState::Status("no driver is open")]);
}

/// The service ends, which may take this long.
pub(crate) fn stopping(within: Option<Duration>) {
    let extend = within.map(|within| u32::try_from(within.as_micros()).unwrap_or(u32::MAX));
    let extend = extend.map(NotifyState::ExtendTimeoutUsec);
    let states = [NotifyState::Stopping, NotifyState::Status("the session ends: drivers are being told")];
    notify(&states.into_iter().chain(extend).collect::<Vec<_>>());
}

/// What the service does, in words.
pub(crate) fn status(text: &str) {
    notify(&[NotifyState::Status(text)]);
}

/// Tells the watchdog, as long as this is polled, that whoever polls it still does; returns at once where there is no watchdog.
pub(crate) async fn keep_watchdog() {
    let Some(limit) = sd_notify::watchdog_enabled() else { return };
    let mut ticks = tokio::time::interval(limit / 3);
    loop {
        ticks.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}
