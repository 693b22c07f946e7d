//! How deep drivers in different workers call each other.
//!
//! Such calls are calls of one host thread inside each other, however many drivers take part. Where they go deeper than any driver has a
//! reason for, they would go on without end, and all of them end: each driver's call with a fault.

use std::cell::Cell;

/// How deep they may go. The host's own stack has room for many more.
const MOST: u32 = 32;

thread_local! {
    /// How deep the calls of this thread go now, and whether all of them are to end.
    static CALLS: Cell<(u32, bool)> = const { Cell::new((0, false)) };
}

/// Does what a driver asks, one level deeper; `None` when the calls of this thread are to end.
pub(crate) fn deeper<T>(work: impl FnOnce() -> T) -> Option<T> {
    let (depth, ending) = CALLS.get();
    if depth >= MOST {
        CALLS.set((depth, true));
        return None;
    }
    let _level = Level(depth);
    CALLS.set((depth + 1, ending));
    let done = work();
    (!CALLS.get().1).then_some(done)
}

/// One level, until its end however that comes.
struct Level(u32);

impl Drop for Level {
    fn drop(&mut self) {
        // Whatever began at the top has ended; what begins there next knows nothing of it.
        let ending = self.0 > 0 && CALLS.get().1;
        CALLS.set((self.0, ending));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn down(left: u32) -> Option<u32> {
        if left == 0 { Some(0) } else { deeper(|| down(left - 1))?.map(|below| below + 1) }
    }

    #[test]
    fn all_calls_end_when_they_go_too_deep_and_the_next_begin_anew() {
        assert_eq!(down(MOST), Some(MOST));
        assert_eq!(down(MOST + 1), None);
        assert_eq!(deeper(|| 7), Some(7));
        // Nor does anything go on between: a level that tries again is told the same.
        let tries = deeper(|| {
            assert_eq!(down(MOST), None);
            down(1)
        });
        assert_eq!(tries, None);
        assert_eq!(down(MOST), Some(MOST));
    }
}
