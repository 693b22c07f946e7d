//! The numbers that instances and workers get.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use crate::session::Hdrvr;

/// Where a session takes the numbers of its instances and workers from. Clones are the same place, so sessions that are given clones
/// never have a handle or a worker's number in common, and one trace may tell of all of them.
#[derive(Debug, Clone, Default)]
pub struct Numbers {
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    last_handle: AtomicI32,
    workers: AtomicU32,
}

impl Numbers {
    /// A handle that no instance ever had; stale handles never become valid again (C061 allows more). It is the same number in either
    /// width, with or without a sign; `None` when there are no more of these.
    pub(crate) fn new_handle(&self) -> Option<Hdrvr> {
        let next = |last: i32| last.checked_add(0x10);
        let last = self.counters.last_handle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).ok()?;
        Some(Hdrvr(next(last)?.unsigned_abs().into()))
    }

    /// Numbers of which so many handles are left, or all.
    #[cfg(test)]
    pub(crate) fn with_handles_left(left: Option<i32>) -> Self {
        let numbers = Self::default();
        if let Some(left) = left {
            numbers.counters.last_handle.store(0x7FFF_FFF0 - 0x10 * left, Ordering::Relaxed);
        }
        numbers
    }

    /// The number of the next worker, from 1.
    pub(crate) fn new_worker(&self) -> u32 {
        self.counters.workers.fetch_add(1, Ordering::Relaxed) + 1
    }
}

#[cfg(test)]
mod tests {
    use mmsystem::Width;

    use super::*;

    #[test]
    fn handles_are_the_same_number_in_both_widths() {
        let numbers = Numbers::default();
        assert_eq!(numbers.new_handle(), Some(Hdrvr(0x10)));
        assert_eq!(numbers.new_handle(), Some(Hdrvr(0x20)));
        let numbers = Numbers::with_handles_left(Some(1));
        let last = numbers.new_handle().unwrap().0;
        assert_eq!((last, Width::Bits32.long(last)), (0x7FFF_FFF0, 0x7FFF_FFF0));
        assert_eq!(numbers.new_handle(), None);
        assert_eq!(numbers.new_handle(), None, "it stays so");
    }

    #[test]
    fn clones_never_give_out_the_same() {
        let (one, other) = (Numbers::default(), Numbers::default());
        let clone = one.clone();
        assert_eq!([one.new_worker(), clone.new_worker(), one.new_worker()], [1, 2, 3]);
        assert_eq!((one.new_handle(), clone.new_handle()), (Some(Hdrvr(0x10)), Some(Hdrvr(0x20))));
        assert_eq!((other.new_worker(), other.new_handle()), (1, Some(Hdrvr(0x10))));
    }
}
