//! The clock that everything in a process goes by: the world's, or one of its own that stands still while code runs.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Where the date begins by a clock of the process's own: 2000-01-01, in seconds since 1970. A fixed date, so that what is made of it is the same each time.
const BEGIN: Duration = Duration::from_secs(946_684_800);

/// The clock.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    /// What time it is, if the clock is the process's own.
    own: Option<Duration>,
}

impl Clock {
    /// The world's, which has just begun.
    pub fn real() -> Self {
        Self { started: Instant::now(), own: None }
    }

    /// One of the process's own that stands at `now`, unless it has one already.
    pub fn stand_at(&mut self, now: Duration) {
        self.own.get_or_insert(now);
    }

    /// Whether it is the process's own.
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// The time since the process began.
    pub fn now(&self) -> Duration {
        self.own.unwrap_or_else(|| self.started.elapsed())
    }

    /// The time since the start of 1970.
    pub fn date(&self) -> Duration {
        match self.own {
            Some(own) => BEGIN.saturating_add(own),
            None => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    /// Moves a clock of the process's own on; it never goes back.
    pub fn move_to(&mut self, time: Duration) {
        self.own = self.own.map(|own| own.max(time));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_the_process_s_own_moves_when_it_is_moved() {
        let mut clock = Clock::real();
        clock.move_to(Duration::from_secs(1_000_000));
        assert!(!clock.is_own() && clock.now() < Duration::from_secs(1_000_000));
        let ms = Duration::from_millis;
        clock.stand_at(ms(1000));
        clock.stand_at(ms(5));
        assert_eq!((clock.now(), clock.date()), (ms(1000), BEGIN + ms(1000)));
        clock.move_to(ms(1500));
        clock.move_to(ms(1400));
        assert_eq!(clock.now(), ms(1500));
    }
}
