//! Instruments: MIDI synths that are played through JACK until somebody stops them, whoever has started them.
//!
//! Nothing here waits for a driver or for JACK while the lock is held.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use drvhost::Report;
use live::{Ended, Happened, Live, Playing, Quiet, Status, Teller};
use serde::Serialize;

use crate::details::{self, Details};
use crate::errors::{Refusal, advised};

/// How many instruments there may be, those that have ended and are still listed included.
const MOST: usize = 16;

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

/// Something that was seen of an instrument.
#[derive(Debug)]
pub(crate) struct Seen {
    pub name: String,
    pub origin: Origin,
    pub what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    /// It can be played again.
    Playing,
    /// Its driver has failed; when it is opened again.
    Failed { error: String, again_in_ms: f64 },
    /// Its driver has refused a message, for the first time.
    Refused { error: String },
    /// It has ended by itself, and is to be [finished](Instruments::finish) by its number.
    Over(u64),
}

/// An instrument that has ended by itself.
#[derive(Debug)]
pub(crate) struct Gone {
    pub origin: Origin,
    /// Why.
    pub error: String,
    /// Whether that was its driver's doing.
    pub failed: bool,
}

/// An instrument that is listed.
struct Held {
    /// Another one may have its name later.
    number: u64,
    origin: Origin,
    playing: Playing,
    state: State,
    error: Option<String>,
    /// As long as it is not ended.
    live: Option<Live>,
    /// From then on, when that is done.
    ended: Option<(Status, Report)>,
}

impl Held {
    fn list(&self) -> Listed {
        let status = self.live.as_ref().map(Live::status);
        let status = status.as_ref().or(self.ended.as_ref().map(|(status, _)| status));
        let mut details = details::of(&self.playing);
        details.extend(status.map(details::of).unwrap_or_default());
        // What each line begins with.
        details.retain(|name, _| !["name", "driver", "device", "playing"].contains(&name.as_str()));
        details.insert("pid".into(), self.origin.pid.into());
        details.insert("uid".into(), self.origin.uid.into());
        if let Some(error) = &self.error {
            details.insert("error".into(), error.clone().into());
        }
        let Playing { name, driver, device, .. } = &self.playing;
        (name.clone(), driver.clone(), device.clone(), self.state.name().to_owned(), details)
    }
}

/// How far the session's end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Open,
    /// None is started any more.
    Closing,
    /// Those that there were have been taken.
    Taken,
}

#[derive(Default)]
struct All {
    stage: Stage,
    /// How many are being started, and how many ended.
    starting: usize,
    ending: usize,
    /// How many have ever been started.
    started: u64,
    /// By the name that JACK knows them by.
    held: BTreeMap<String, Held>,
}

/// All instruments.
#[derive(Default)]
pub(crate) struct Instruments {
    all: Mutex<All>,
    /// Something has been started or ended.
    settled: Condvar,
    /// There is something to look at.
    wake: tokio::sync::Notify,
}

impl fmt::Debug for Instruments {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.lock().held.keys()).finish()
    }
}

/// How an instrument ended, as StopInstrument answers it.
#[derive(Serialize)]
struct Stopped<'a> {
    name: &'a str,
    status: &'a Status,
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Counts something that is under way, which the session's end waits for.
struct UnderWay<'a>(&'a Instruments, fn(&mut All) -> &mut usize);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        *(self.1)(&mut self.0.lock()) -= 1;
        self.0.settled.notify_all();
    }
}

impl Instruments {
    fn lock(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn under_way(&self, all: &mut All, count: fn(&mut All) -> &mut usize) -> UnderWay<'_> {
        *count(all) += 1;
        UnderWay(self, count)
    }

    /// Starts one, and answers its name, which is another than was asked for where JACK knows somebody by that already. `within` is how long its end may take, if
    /// the session has ended meanwhile. Takes as long as its driver does.
    pub fn start(
        &self,
        origin: Origin,
        within: Option<Duration>,
        start: impl FnOnce() -> Result<Live, Refusal>,
    ) -> Result<String, Refusal> {
        let _counted = {
            let mut all = self.lock();
            if all.stage != Stage::Open {
                return Err(drvhost::Error::SessionEnding.into());
            }
            if all.held.len() + all.starting >= MOST {
                return Err(Refusal::TooMany(format!(
                    "there may be {MOST} instruments; StopInstrument makes room"
                )));
            }
            self.under_way(&mut all, |all| &mut all.starting)
        };
        let live = start()?;
        let mut all = self.lock();
        if all.stage == Stage::Taken {
            drop(all);
            let _ = live.end(within);
            return Err(drvhost::Error::SessionEnding.into());
        }
        all.started += 1;
        let (number, playing) = (all.started, live.playing().clone());
        let name = playing.name.clone();
        let state = State::Playing;
        let held = Held { number, origin, playing, state, error: None, live: Some(live), ended: None };
        let before = all.held.insert(name.clone(), held);
        drop(all);
        self.wake.notify_one();
        // JACK gives a name to one at a time, so the server of this one has gone.
        if let Some(live) = before.and_then(|before| before.live) {
            let _ = live.end(within);
        }
        Ok(name)
    }

    /// Stops one, and answers how it went, as JSON. Takes as long as its driver does.
    pub fn stop(&self, name: &str, within: Option<Duration>) -> Result<String, Refusal> {
        let mut all = self.lock();
        // One that has ended by itself may be on its way.
        while all.held.get(name).is_some_and(|held| held.live.is_none() && held.ended.is_none()) {
            all = self.settled.wait(all).unwrap_or_else(PoisonError::into_inner);
        }
        let Some(held) = all.held.remove(name) else {
            return Err(Refusal::NoSuchInstrument(format!(
                "no instrument is called `{name}`; ListInstruments says which there are"
            )));
        };
        let _counted = self.under_way(&mut all, |all| &mut all.ending);
        drop(all);
        let ended = match held.live {
            Some(live) => {
                let ended = live.end(within);
                Some((ended.status, ended.report))
            }
            None => held.ended,
        };
        let Some((status, report)) = ended else {
            return Err(Refusal::Failed("a bug in drvhost: nobody knows how the instrument ended".into()));
        };
        let stopped = Stopped { name, status: &status, report: &report, error: held.error.as_deref() };
        serde_json::to_string(&stopped).map_err(|error| Refusal::Failed(error.to_string()))
    }

    /// All of them.
    pub fn list(&self) -> Vec<Listed> {
        self.lock().held.values().map(Held::list).collect()
    }

    /// How many drivers are held for them, or are about to be.
    pub fn open(&self) -> usize {
        let all = self.lock();
        all.starting + all.held.values().filter(|held| held.live.is_some()).count()
    }

    /// Whether some are being started or ended.
    pub fn are_under_way(&self) -> bool {
        let all = self.lock();
        all.starting + all.ending > 0
    }

    /// Waits until there is something to look at.
    pub async fn wait_for_some(&self) {
        while self.lock().held.values().all(|held| held.live.is_none()) {
            self.wake.notified().await;
        }
    }

    /// What has happened since the last look.
    pub fn look(&self) -> Vec<Seen> {
        let mut seen = Vec::new();
        for (name, held) in &mut self.lock().held {
            let Some(live) = held.live.as_ref().filter(|_| held.state != State::Ended) else { continue };
            // Asked first: what has happened until then is there to be told.
            let over = live.is_over();
            let mut happened = Vec::new();
            while let Some(what) = live.wait(Duration::ZERO) {
                happened.push(match what {
                    Happened::Playing(playing) => {
                        (held.state, held.error, held.playing) = (State::Playing, None, playing);
                        What::Playing
                    }
                    Happened::Failed { error, again_in_ms, .. } => {
                        (held.state, held.error) = (State::Failed, Some(error.clone()));
                        What::Failed { error, again_in_ms }
                    }
                    Happened::Refused { error } => What::Refused { error },
                });
            }
            if over {
                held.state = State::Ended;
                happened.push(What::Over(held.number));
            }
            let of_it = |what| Seen { name: name.clone(), origin: held.origin.clone(), what };
            seen.extend(happened.into_iter().map(of_it));
        }
        seen
    }

    /// Ends one that has ended by itself, which stays listed, and answers why it has; `None` if somebody else has ended it. Takes as long as its driver does.
    pub fn finish(&self, name: &str, number: u64, within: Option<Duration>) -> Option<Gone> {
        let (live, origin, _counted) = {
            let mut all = self.lock();
            let held = all.held.get_mut(name).filter(|held| held.number == number)?;
            (held.live.take()?, held.origin.clone(), self.under_way(&mut all, |all| &mut all.ending))
        };
        let Ended { report, status, server_gone, error } = live.end(within);
        let failed = error.is_some();
        let error = match error {
            Some(error) => advised(&error),
            None if server_gone => "JACK's server has gone".to_owned(),
            None => "a bug in drvhost: its thread has ended".to_owned(),
        };
        if let Some(held) = self.lock().held.get_mut(name).filter(|held| held.number == number) {
            held.ended = Some((status, report));
            held.error = Some(error.clone());
        }
        Some(Gone { origin, error, failed })
    }

    /// What tells their drivers of changes.
    pub fn tellers(&self) -> Vec<Teller> {
        self.lock().held.values().filter_map(|held| Some(held.live.as_ref()?.teller())).collect()
    }

    /// From now on none is started.
    pub fn close(&self) {
        self.lock().stage = Stage::Closing;
    }

    /// From now on some can be started again.
    pub fn reopen(&self) {
        self.lock().stage = Stage::Open;
    }

    /// Has all fall silent for the session's end, within a time, and lists none any more. Those that are being started are waited for as long.
    pub fn silence(&self, within: Option<Duration>) -> Vec<(String, Origin, Quiet)> {
        let until = within.and_then(|within| Instant::now().checked_add(within));
        let left = || until.map(|until| until.saturating_duration_since(Instant::now()));
        let mut all = self.lock();
        while all.starting > 0 && left() != Some(Duration::ZERO) {
            all = match left() {
                Some(left) => self.settled.wait_timeout(all, left).unwrap_or_else(PoisonError::into_inner).0,
                None => self.settled.wait(all).unwrap_or_else(PoisonError::into_inner),
            };
        }
        all.stage = Stage::Taken;
        let held = std::mem::take(&mut all.held);
        drop(all);
        let playing: Vec<_> =
            held.into_iter().filter_map(|(name, held)| Some((name, held.origin, held.live?))).collect();
        playing.iter().for_each(|(_, _, live)| live.hush());
        playing.into_iter().map(|(name, origin, live)| (name, origin, live.quiet(left()))).collect()
    }
}
