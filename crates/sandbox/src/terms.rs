//! What a worker is told of how to confine itself.

use std::time::Duration;

/// The terms on which a worker runs drivers, as far as they are not the same for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How many bytes of private memory that it can write it can have; see [`crate::memory::memory`].
    pub memory: u64,
    /// How much processor time it can use in its whole life, all its threads together: whole seconds, rounded up. `None`: as much as it likes.
    pub processor_time: Option<Duration>,
    /// Whether all that drivers see lies at the same addresses each time.
    pub fixed_addresses: bool,
    /// Whether there are threads for the driver even where nothing shows that it can use any.
    pub threads: bool,
}

impl Terms {
    /// The processor time in whole seconds, one at least.
    #[must_use]
    pub fn seconds(self) -> Option<u64> {
        let time = self.processor_time?;
        Some(time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_rounded_up() {
        let seconds = |milliseconds| {
            let processor_time = Some(Duration::from_millis(milliseconds));
            Terms { memory: 0, processor_time, fixed_addresses: false, threads: false }.seconds()
        };
        assert_eq!([1, 1000, 1001].map(seconds), [Some(1), Some(1), Some(2)]);
    }
}
