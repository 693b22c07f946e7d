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
}

impl Terms {
    /// As arguments of the worker's program; [`parse`](Self::parse) reads them.
    pub(crate) fn arguments(self) -> [String; 3] {
        let seconds = self.seconds().unwrap_or(0);
        [self.memory, seconds, self.fixed_addresses.into()].map(|number: u64| number.to_string())
    }

    /// The processor time in whole seconds, one at least.
    pub(crate) fn seconds(self) -> Option<u64> {
        let time = self.processor_time?;
        Some(time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)).max(1))
    }

    /// The terms that the host has put down; `None` for anything else.
    #[must_use]
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Option<Self> {
        let mut arguments = arguments.into_iter();
        let mut number = || arguments.next()?.parse::<u64>().ok();
        let (memory, seconds, fixed) = (number()?, number()?, number()?);
        let fixed_addresses = match fixed {
            0 => false,
            1 => true,
            _ => return None,
        };
        let processor_time = (seconds > 0).then(|| Duration::from_secs(seconds));
        Some(Self { memory, processor_time, fixed_addresses })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_down_is_read_again() {
        for (processor_time, fixed_addresses) in [(None, false), (Some(Duration::from_secs(7)), true)] {
            let terms = Terms { memory: 1 << 30, processor_time, fixed_addresses };
            assert_eq!(Terms::parse(terms.arguments()), Some(terms));
        }
        for wrong in [&[][..], &["1"], &["1", "0"], &["1", "0", "2"], &["x", "0", "1"]] {
            assert_eq!(Terms::parse(wrong.iter().map(|&word| word.to_owned())), None);
        }
    }

    #[test]
    fn time_is_rounded_up() {
        let seconds = |milliseconds| {
            let processor_time = Some(Duration::from_millis(milliseconds));
            Terms { memory: 0, processor_time, fixed_addresses: false }.seconds()
        };
        assert_eq!([1, 1000, 1001].map(seconds), [Some(1), Some(1), Some(2)]);
    }
}
