//! Instruments: MIDI synths that are played through JACK until somebody stops them, whoever has started them.
//!
//! Nothing here waits for a driver or for JACK while the lock is held.

mod held;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use live::{Live, Quiet, Teller};

use crate::errors::Refusal;

use held::{Held, Outcome};
pub(crate) use held::{Listed, Origin, State, What};

/// How many instruments there may be, those that have ended and are still listed included.
const MOST: usize = 16;

/// Something that was seen of an instrument.
#[derive(Debug)]
pub(crate) struct Seen {
    pub name: String,
    pub origin: Origin,
    pub what: What,
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
        let Held { live, ended, .. } = held;
        let outcome = live.map(|live| Outcome::from(live.end(within))).or(ended);
        let Some(outcome) = outcome else {
            return Err(Refusal::Failed("a bug in drvhost: nobody knows how the instrument ended".into()));
        };
        outcome.json(name)
    }

    /// All of them.
    pub fn list(&self) -> Vec<Listed> {
        self.lock().held.values().map(Held::list).collect()
    }

    /// How many drivers are held for them, with those that are being opened or closed.
    pub fn open(&self) -> usize {
        let all = self.lock();
        all.starting + all.ending + all.held.values().filter(|held| held.live.is_some()).count()
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
            let happened = held.look();
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
        let ended = live.end(within);
        let failed = ended.error.is_some();
        let mut outcome = Outcome::from(ended);
        let unknown = || "a bug in drvhost: its thread has ended".to_owned();
        let error = outcome.error.get_or_insert_with(unknown).clone();
        if let Some(held) = self.lock().held.get_mut(name).filter(|held| held.number == number) {
            held.error = Some(error.clone());
            held.ended = Some(outcome);
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
