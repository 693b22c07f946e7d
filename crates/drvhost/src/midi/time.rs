//! From ticks to nanoseconds.

/// What a tick is (the header's third number).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Division {
    /// A part of a quarter note, whose length the tempo says.
    Beat {
        /// Ticks in a quarter note, never 0.
        ticks: u16,
    },
    /// A part of a frame of SMPTE time code; tempos mean nothing then.
    Frame {
        /// 24, 25, 29 or 30 as the file states it; 29 stands for 30 drop frame, which is 30000/1001 frames a second.
        rate: u8,
        /// Ticks in a frame, never 0.
        ticks: u8,
    },
}

/// Half a second a quarter note: 120 quarter notes a minute, for as long as a song states no tempo.
const USUAL_TEMPO: u32 = 500_000;

impl Division {
    /// Reads the number in the header; the error is what is wrong with it.
    pub(super) fn of(bytes: [u8; 2]) -> Result<Self, String> {
        let [high, low] = bytes;
        if high < 0x80 {
            let ticks = u16::from_be_bytes(bytes);
            return if ticks == 0 {
                Err("its division is 0 ticks in a quarter note".into())
            } else {
                Ok(Self::Beat { ticks })
            };
        }
        match (high.wrapping_neg(), low) {
            (_, 0) => Err("its division is 0 ticks in a frame".into()),
            (rate @ (24 | 25 | 29 | 30), ticks) => Ok(Self::Frame { rate, ticks }),
            (rate, _) => {
                Err(format!("its division is of {rate} frames a second, and there are 24, 25, 29 and 30"))
            }
        }
    }

    /// Nanoseconds in what [`Clock`] counts, as a fraction.
    fn scale(self) -> (u128, u128) {
        match self {
            // Microseconds times ticks are counted.
            Self::Beat { ticks } => (1000, ticks.into()),
            Self::Frame { rate: 29, ticks } => (1_001_000_000_000, 30_000 * u128::from(ticks)),
            Self::Frame { rate, ticks } => (1_000_000_000, u128::from(rate) * u128::from(ticks)),
        }
    }
}

/// Where a song is. Counts in whole numbers and divides once at the end, so that no error adds up over tempos.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    division: Division,
    /// In microseconds a quarter note.
    tempo: u32,
    /// Ticks since the sequence's beginning.
    tick: u64,
    /// Since the song's beginning: the sum of ticks, each times the tempo at its time where there are tempos.
    sum: u128,
}

impl Clock {
    pub fn new(division: Division) -> Self {
        Self { division, tempo: USUAL_TEMPO, tick: 0, sum: 0 }
    }

    /// Goes on to a tick of this sequence, if it is not behind it.
    pub fn go_to(&mut self, tick: u64) {
        let weight = match self.division {
            Division::Beat { .. } => self.tempo.into(),
            Division::Frame { .. } => 1,
        };
        let ticks = u128::from(tick.saturating_sub(self.tick));
        self.sum = self.sum.saturating_add(ticks * weight);
        self.tick = self.tick.max(tick);
    }

    /// From here on a quarter note has so many microseconds.
    pub fn set_tempo(&mut self, tempo: u32) {
        self.tempo = tempo;
    }

    /// A further sequence begins here, at tick 0.
    pub fn restart(&mut self) {
        (self.tick, self.tempo) = (0, USUAL_TEMPO);
    }

    /// Nanoseconds since the song's beginning; the largest number for all that are larger.
    pub fn now(&self) -> u64 {
        let (times, by) = self.division.scale();
        // Divided in two steps, so that only a time beyond all numbers is too large.
        let whole = (self.sum / by).saturating_mul(times);
        let rest = (self.sum % by) * times / by;
        u64::try_from(whole.saturating_add(rest)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn divisions_are_checked() {
        assert_eq!(Division::of([0x01, 0xE0]), Ok(Division::Beat { ticks: 480 }));
        assert_eq!(Division::of([0xE7, 40]), Ok(Division::Frame { rate: 25, ticks: 40 }));
        assert_eq!(
            Division::of([0x80, 1]).unwrap_err().split(" frames").next(),
            Some("its division is of 128")
        );
        for bad in [[0, 0], [0xE8, 0], [0xE6, 4], [0xFF, 0xFF]] {
            assert!(Division::of(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn frames_have_their_length() {
        let after = |rate, ticks, tick| {
            let mut clock = Clock::new(Division::of([u8::wrapping_neg(rate), ticks]).unwrap());
            clock.set_tempo(1);
            clock.go_to(tick);
            clock.now()
        };
        assert_eq!(after(24, 10, 24 * 10 * 60), 60_000_000_000);
        assert_eq!(after(25, 40, 1), 1_000_000);
        assert_eq!(after(30, 80, 80), 33_333_333);
        // An hour of drop frame time code has 107,892 frames, and is 3.6 ms short of an hour.
        assert_eq!(after(29, 4, 107_892 * 4), 3_599_996_400_000);
        assert_eq!(after(29, 100, 3_000), 1_001_000_000);
    }

    #[test]
    fn a_time_beyond_all_numbers_is_the_last_one() {
        let mut clock = Clock::new(Division::Beat { ticks: 1 });
        clock.set_tempo(0xFF_FFFF);
        clock.go_to(u64::MAX);
        clock.restart();
        clock.go_to(u64::MAX);
        assert_eq!(clock.now(), u64::MAX);
    }

    proptest! {
        /// The same sum as of exact fractions, however a song is cut into tempos and sequences, up to 584 years.
        #[test]
        fn nothing_drifts(
            ticks in 1_u16..0x8000,
            parts in proptest::collection::vec((0_u32..0x1000_0000, 1_u32..0x100_0000, any::<bool>()), 0..200),
        ) {
            let mut clock = Clock::new(Division::Beat { ticks });
            let (mut tick, mut exact) = (0, 0_u128);
            let mut tempo = USUAL_TEMPO;
            for (delta, next, restart) in parts {
                tick += u64::from(delta);
                clock.go_to(tick);
                exact += u128::from(delta) * u128::from(tempo);
                let nanoseconds = exact * 1000 / u128::from(ticks);
                prop_assert_eq!(clock.now(), u64::try_from(nanoseconds).unwrap_or(u64::MAX));
                if restart {
                    clock.restart();
                    tick = 0;
                }
                clock.set_tempo(next);
                tempo = next;
            }
        }
    }
}
