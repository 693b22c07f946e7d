//! How often a driver may fail: as with the service's, it is opened again after a while, twice as long each time, and after five failures not at all.

use std::time::{Duration, Instant};

/// How long a failure is remembered.
pub(crate) const MEMORY: Duration = Duration::from_secs(600);
/// How many within that time are enough.
const ENOUGH: usize = 5;
/// How long is waited after the first one.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// When a driver has failed.
#[derive(Debug, Default)]
pub(crate) struct Failures(Vec<Instant>);

impl Failures {
    /// It has failed now: how long is waited before it is opened again, or how often it has failed when that is enough.
    pub fn add(&mut self, now: Instant) -> Result<Duration, usize> {
        self.0.retain(|&time| now.saturating_duration_since(time) < MEMORY);
        self.0.push(now);
        match self.0.len() {
            count @ ENOUGH.. => Err(count),
            count => Ok(FIRST_WAIT * (1 << (count - 1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_are_enough_and_old_ones_forgotten() {
        let (mut failures, begin) = (Failures::default(), Instant::now());
        let at = |failures: &mut Failures, seconds| failures.add(begin + Duration::from_secs(seconds));
        let wait = |milliseconds| Ok(Duration::from_millis(milliseconds));
        assert_eq!([0, 1, 2].map(|time| at(&mut failures, time)), [wait(100), wait(200), wait(400)]);
        assert_eq!(at(&mut failures, 601), wait(200));
        assert_eq!([602, 603].map(|time| at(&mut failures, time)), [wait(200), wait(400)]);
        assert_eq!([604, 605].map(|time| at(&mut failures, time)), [wait(800), Err(5)]);
    }
}
