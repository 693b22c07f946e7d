//! Drivers that keep dying: opened again only after a while, and after repeated deaths not at all for some time.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::errors::Refusal;

/// How long a death is remembered.
const MEMORY: Duration = Duration::from_secs(600);
/// How many deaths within that time are enough.
const ENOUGH: usize = 5;
/// How long an open waits after the first death; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// What stands in the way of an open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It may begin after this time.
    After(Duration),
    /// The driver has died this often, and may be opened again in this time.
    Quarantined { deaths: usize, left: Duration },
}

/// Who had which driver die when. What one user's clients do to a driver is nothing to another's.
#[derive(Debug, Default)]
pub(crate) struct Quarantine {
    deaths: Mutex<HashMap<(u32, PathBuf), Vec<Instant>>>,
}

impl Quarantine {
    /// A driver's worker has died in the hands of this user.
    pub fn died(&self, uid: u32, file: &Path) {
        self.died_at(uid, file, Instant::now());
    }

    /// What an open of a driver by this user has to expect.
    fn verdict(&self, uid: u32, file: &Path) -> Verdict {
        self.verdict_at(uid, file, Instant::now())
    }

    /// Waits until this user may open a driver, or refuses that.
    pub fn wait(&self, uid: u32, file: &Path) -> Result<(), Refusal> {
        match self.verdict(uid, file) {
            Verdict::After(wait) => std::thread::sleep(wait),
            Verdict::Quarantined { deaths, left } => {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                return Err(Refusal::Quarantined(format!(
                    "{name} has died {deaths} times within ten minutes and is opened again in {} s; Pardon allows it at once",
                    left.as_secs() + 1
                )));
            }
        }
        Ok(())
    }

    /// Forgets a driver's deaths; whether there were any.
    pub fn pardon(&self, uid: u32, file: &Path) -> bool {
        self.lock().remove(&(uid, file.to_owned())).is_some()
    }

    fn died_at(&self, uid: u32, file: &Path, now: Instant) {
        let mut deaths = self.lock();
        // Nothing is kept of what no longer counts.
        deaths.retain(|_, times| {
            times.retain(|&time| now.saturating_duration_since(time) < MEMORY);
            !times.is_empty()
        });
        let times = deaths.entry((uid, file.to_owned())).or_default();
        // Several calls may have been on their way to the worker that died; nobody has opened the driver again meanwhile.
        if times.last().is_none_or(|&last| now.saturating_duration_since(last) >= FIRST_WAIT) {
            times.push(now);
        }
    }

    fn verdict_at(&self, uid: u32, file: &Path, now: Instant) -> Verdict {
        let deaths = self.lock();
        let times = deaths.get(&(uid, file.to_owned())).map_or(&[][..], Vec::as_slice);
        let recent: Vec<_> =
            times.iter().copied().filter(|&time| now.saturating_duration_since(time) < MEMORY).collect();
        let Some(&last) = recent.last() else { return Verdict::After(Duration::ZERO) };
        if let Some(&counts_from) = recent.len().checked_sub(ENOUGH).and_then(|first| recent.get(first)) {
            let left = (counts_from + MEMORY).saturating_duration_since(now);
            return Verdict::Quarantined { deaths: recent.len(), left };
        }
        let doublings = u32::try_from(recent.len() - 1).unwrap_or(u32::MAX);
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(doublings));
        Verdict::After((last + wait).saturating_duration_since(now))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(u32, PathBuf), Vec<Instant>>> {
        self.deaths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_death_makes_the_next_open_wait_longer_until_there_is_none() {
        let (quarantine, file, now) = (Quarantine::default(), Path::new("/d/a.dll"), Instant::now());
        let at = |number: usize| now + FIRST_WAIT * u32::try_from(number).unwrap();
        let waits: Vec<_> = (0..ENOUGH)
            .map(|number| {
                let verdict = quarantine.verdict_at(1000, file, at(number.saturating_sub(1)));
                // Several callers notice it.
                (0..3).for_each(|_| quarantine.died_at(1000, file, at(number)));
                verdict
            })
            .collect();
        let after = |milliseconds| Verdict::After(Duration::from_millis(milliseconds));
        assert_eq!(waits, [after(0), after(100), after(200), after(400), after(800)]);
        let quarantined = Verdict::Quarantined { deaths: ENOUGH, left: MEMORY };
        assert_eq!(quarantine.verdict_at(1000, file, now), quarantined);
        // Not for others, and not for ever.
        assert_eq!(quarantine.verdict_at(1001, file, now), after(0));
        assert_eq!(quarantine.verdict_at(1000, Path::new("/d/b.dll"), now), after(0));
        assert_eq!(quarantine.verdict_at(1000, file, at(ENOUGH) + MEMORY), after(0));
        assert!(quarantine.pardon(1000, file));
        assert_eq!(quarantine.verdict_at(1000, file, now), after(0));
        assert!(!quarantine.pardon(1000, file));
    }

    #[test]
    fn a_wait_that_is_over_is_none_and_what_no_longer_counts_is_forgotten() {
        let (quarantine, file, now) = (Quarantine::default(), Path::new("/d/a.dll"), Instant::now());
        quarantine.died_at(0, file, now);
        assert_eq!(quarantine.verdict_at(0, file, now + FIRST_WAIT), Verdict::After(Duration::ZERO));
        quarantine.died_at(0, Path::new("/d/b.dll"), now + MEMORY);
        assert_eq!(quarantine.lock().len(), 1);
    }
}
