//! What all drivers are told at once: that the session ends, or that the computer's power changes.

use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use drvhost::{End, PowerChange, Session};
use live::Quiet;

use super::{Client, Clients, Phase};
use crate::report::{EndCause, Opener, SessionReport};

/// How long instruments may take to leave JACK's server after all drivers were told and closed. Some servers do not survive clients that go in the middle of that.
const LEAVING: Duration = Duration::from_secs(5);

impl Clients {
    fn sessions(&self) -> Vec<(Opener, Session)> {
        let state = self.lock();
        let session = |client: &Arc<Client>| {
            let opener = Opener { pid: client.pid, uid: client.uid, instrument: None };
            Some((opener, client.session().clone()?))
        };
        state.present.values().filter_map(session).collect()
    }

    /// Tells every driver of a change of power, within a time. Takes as long as they do.
    pub fn power(&self, change: PowerChange, within: Option<Duration>) {
        std::thread::scope(|scope| {
            for teller in self.instruments.tellers() {
                let tell = move || teller.power(change, within);
                if let Err(error) = std::thread::Builder::new().spawn_scoped(scope, tell) {
                    tracing::warn!(%error, "an instrument's driver could not be told of a change of power");
                }
            }
            for (Opener { pid, .. }, session) in self.sessions() {
                let tell = move || {
                    let report = session.power(change, within);
                    for error in report.instances.iter().filter_map(|instance| instance.error.as_ref()) {
                        tracing::warn!(client = pid, error, "a driver was told of a change of power");
                    }
                };
                if let Err(error) = std::thread::Builder::new().spawn_scoped(scope, tell) {
                    tracing::warn!(%error, "a client's drivers could not be told of a change of power");
                }
            }
        });
    }

    /// From now on nothing is opened; false when that is so already.
    pub fn begin_end(&self) -> bool {
        let mut state = self.lock();
        let running = state.phase == Phase::Running;
        if running {
            state.phase = Phase::Ending;
            self.instruments.close();
        }
        running
    }

    /// Ends all sessions as one, those of instruments included, within a time. Takes as long as the drivers do.
    pub fn end(&self, cause: EndCause, within: Option<Duration>) -> SessionReport {
        let started = Instant::now();
        // Their devices are closed while their drivers can still be called. One that hangs takes no more than a part of the time from all others.
        let quiet = self.instruments.silence(within.map(|within| within / 4));
        let left = || within.map(|within| within.saturating_sub(started.elapsed()));
        let mut all = self.sessions();
        all.extend(quiet.iter().filter_map(|(name, origin, quiet)| {
            let opener = Opener { pid: origin.pid, uid: origin.uid, instrument: Some(name.clone()) };
            Some((opener, quiet.session()?.clone()))
        }));
        let sessions: Vec<_> = all.iter().map(|(_, session)| session.clone()).collect();
        let end = End { within: left(), policy: self.settings.policy, ..End::default() };
        let reports = Session::end_together(&sessions, &end);
        let of_all = all.into_iter().zip(reports).map(|((opener, _), report)| (opener, report));
        let elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let report = SessionReport::new(cause, elapsed_us, of_all.collect());
        let within = left().map_or(LEAVING, |left| left.min(LEAVING));
        leave(quiet.into_iter().map(|(name, _, quiet)| (name, quiet)).collect(), within);
        // Where nothing was open, nobody was told, and what is known of the last time stays.
        if !report.instances.is_empty()
            && let Err(error) = report.keep(&self.settings.state)
        {
            tracing::warn!(%error, "the report could not be kept");
        }
        let mut state = self.lock();
        for client in state.present.values() {
            client.session().take();
        }
        state.phase = Phase::Ended;
        state.last = Some(report.clone());
        report
    }

    /// How the last session ended.
    pub fn last(&self) -> Option<SessionReport> {
        self.lock().last.clone()
    }

    /// Lets drivers be opened again after an end.
    pub fn begin_again(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Ended {
            state.phase = Phase::Running;
            self.instruments.reopen();
        }
    }
}

/// Has instruments leave JACK's server, one after another: that may hang, and whoever ends the session does not wait for it for ever.
fn leave(quiet: Vec<(String, Quiet)>, within: Duration) {
    let (done, all_done) = mpsc::channel::<()>();
    let leave = move || {
        for (name, quiet) in quiet {
            let live::Status { messages, underruns, overruns, xruns, .. } = quiet.leave();
            tracing::info!(
                instrument = name,
                messages,
                underruns,
                overruns,
                xruns,
                "an instrument has ended"
            );
        }
        drop(done);
    };
    if let Err(error) = std::thread::Builder::new().name("leave".into()).spawn(leave) {
        tracing::warn!(%error, "instruments could not leave JACK's server");
    }
    // Nothing is ever sent: it ends with the thread.
    if all_done.recv_timeout(within) == Err(mpsc::RecvTimeoutError::Timeout) {
        tracing::warn!("JACK's server does not let instruments go");
    }
}
