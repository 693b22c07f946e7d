//! One instrument: what is known of it, and what has become of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use drvhost::Report;
use live::{Ended, Happened, Live, Playing, Status};
use serde::Serialize;

use crate::details::{self, Details};
use crate::errors::{Refusal, advised};

/// Who has started an instrument, and of what driver.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The process; 0 if the bus does not know.
    pub pid: u32,
    pub uid: u32,
    /// What the driver's deaths are counted by.
    pub file: PathBuf,
}

/// What an instrument does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It can be played.
    Playing,
    /// Its driver has failed, and is being opened again.
    Failed,
    /// It plays no more: the driver has failed too often, or JACK's server has gone.
    Ended,
}

impl State {
    /// As the list and the signals say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Playing => "playing",
            Self::Failed => "failed",
            Self::Ended => "ended",
        }
    }
}

/// One line of ListInstruments: name, driver, device, state, and all else by its name.
pub(crate) type Listed = (String, String, String, String, Details);

/// What has happened to an instrument.
#[derive(Debug)]
pub(crate) enum What {
    /// It can be played again.
    Playing,
    /// Its driver has failed; when it is opened again.
    Failed { error: String, again_in_ms: f64 },
    /// Its driver has refused a message, for the first time.
    Refused { error: String },
    /// It has ended by itself, and is to be [finished](super::Instruments::finish) by its number.
    Over(u64),
}

/// An instrument that is listed.
pub(super) struct Held {
    /// Another one may have its name later.
    pub number: u64,
    pub origin: Origin,
    pub playing: Playing,
    pub state: State,
    pub error: Option<String>,
    /// As long as it is not ended.
    pub live: Option<Live>,
    /// From then on, when that is done.
    pub ended: Option<Outcome>,
}

impl Held {
    /// As it is listed.
    pub fn list(&self) -> Listed {
        let status = self.live.as_ref().map(Live::status);
        let status = status.as_ref().or(self.ended.as_ref().map(|ended| &ended.status));
        let mut details = details::of(&self.playing);
        details.extend(status.map(details::of).unwrap_or_default());
        // What each line begins with.
        details.retain(|name, _| !["name", "driver", "device", "playing"].contains(&name.as_str()));
        details.insert("pid".into(), self.origin.pid.into());
        details.insert("uid".into(), self.origin.uid.into());
        if let Some(error) = &self.error {
            details.extend(details::of(&BTreeMap::from([("error", error)])));
        }
        let Playing { name, driver, device, .. } = &self.playing;
        (name.clone(), driver.clone(), device.clone(), self.state.name().to_owned(), details)
    }

    /// What has happened to it since the last look.
    pub fn look(&mut self) -> Vec<What> {
        let Some(live) = self.live.as_ref().filter(|_| self.state != State::Ended) else { return Vec::new() };
        // Asked first: what has happened until then is there to be told.
        let over = live.is_over();
        let mut happened = Vec::new();
        while let Some(what) = live.wait(Duration::ZERO) {
            happened.push(match what {
                Happened::Playing(playing) => {
                    (self.state, self.error, self.playing) = (State::Playing, None, playing);
                    What::Playing
                }
                Happened::Failed { error, again_in_ms, .. } => {
                    (self.state, self.error) = (State::Failed, Some(error.clone()));
                    What::Failed { error, again_in_ms }
                }
                Happened::Refused { error } => What::Refused { error },
            });
        }
        if over {
            self.state = State::Ended;
            happened.push(What::Over(self.number));
        }
        happened
    }
}

/// How an instrument ended.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    status: Status,
    report: Report,
    /// Why it did so by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl From<Ended> for Outcome {
    fn from(ended: Ended) -> Self {
        let Ended { report, status, gone, error } = ended;
        Self { status, report, error: error.as_ref().map(advised).or(gone) }
    }
}

impl Outcome {
    /// As StopInstrument answers it.
    pub fn json(&self, name: &str) -> Result<String, Refusal> {
        #[derive(Serialize)]
        struct Named<'a> {
            name: &'a str,
            #[serde(flatten)]
            outcome: &'a Outcome,
        }
        let json = serde_json::to_string(&Named { name, outcome: self });
        json.map_err(|error| Refusal::Failed(error.to_string()))
    }
}
