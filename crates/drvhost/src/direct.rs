//! Messages between drivers of one worker: they do not go through the host, which only writes them down.

use mmsystem::{Width, message_name};
use wire::Entered;

use crate::trace::{Begun, CallRecord, Outcome, Trace, micros};

/// More open calls than a worker's stack can hold.
const MOST: usize = 4096;

/// How many calls of one request are written down: a worker that only says that its drivers call each other must not fill the disk.
const MOST_WRITTEN: usize = 20_000;

/// The calls that have begun during one request and not ended.
#[derive(Debug)]
pub(crate) struct DirectCalls {
    /// How wide the drivers are that call each other.
    width: Width,
    open: Vec<DirectCall>,
    /// How many have begun, as far as it matters.
    begun: usize,
}

#[derive(Debug)]
struct DirectCall {
    entered: Entered,
    driver: String,
    begun: Option<Begun>,
}

impl DirectCalls {
    /// None yet.
    pub fn new(width: Width) -> Self {
        Self { width, open: Vec::new(), begun: 0 }
    }

    /// A call begins; `driver` is whose. False when there cannot be so many.
    pub fn enter(&mut self, entered: Entered, driver: String, trace: &Trace) -> bool {
        self.begun = self.begun.saturating_add(1);
        if self.begun == MOST_WRITTEN + 1 && trace.is_read() {
            tracing::warn!(
                driver,
                "drivers call each other more often in one message than the trace tells of"
            );
        }
        let begun = (self.begun <= MOST_WRITTEN).then(|| trace.begin()).flatten();
        self.open.push(DirectCall { entered, driver, begun });
        self.open.len() <= MOST
    }

    /// The innermost call has ended; false when there is none.
    pub fn leave(&mut self, result: u64, worker: u32, trace: &Trace) -> bool {
        let Some(call) = self.open.pop() else { return false };
        call.write(self.width, Outcome::Answered, Some(result), worker, trace);
        true
    }

    /// The request has ended, and what it had begun with it.
    #[inline]
    pub fn end(&mut self, outcome: Outcome, worker: u32, trace: &Trace) {
        while let Some(call) = self.open.pop() {
            call.write(self.width, outcome, None, worker, trace);
        }
    }
}

impl DirectCall {
    fn write(&self, width: Width, outcome: Outcome, result: Option<u64>, worker: u32, trace: &Trace) {
        let Entered { hdrvr, id, message, lparam1, lparam2 } = self.entered;
        trace.end(self.begun, |Begun { seq, t_us, at }| CallRecord {
            kind: "call",
            seq,
            t_us,
            worker,
            driver: &self.driver,
            hdrvr: hdrvr.cast_signed(),
            id: width.long(id),
            message: message_name(message),
            number: message,
            lparam1: width.long(lparam1.cast_unsigned()),
            lparam2: width.long(lparam2.cast_unsigned()),
            result: result.map(|result| width.long(result)),
            elapsed_us: micros(at),
            outcome,
            cause: None,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_sign_that_the_drivers_give_them() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let trace = Trace::to_file(file.path()).unwrap();
        for width in [Width::Bits32, Width::Bits64] {
            let mut calls = DirectCalls::new(width);
            let (id, lparam1) = (0xFFFF_FFFE, 0xFFFF_FFFB);
            let entered = Entered { hdrvr: 0x10, id, message: 0x7000, lparam1, lparam2: 3 };
            assert!(calls.enter(entered, "a.dll".into(), &trace));
            assert!(calls.leave(0xFFFF_FFFF, 1, &trace));
            assert!(!calls.leave(0, 1, &trace), "no call is left");
        }
        let lines = std::fs::read_to_string(file.path()).unwrap();
        let numbers = |line: &str| {
            let call: serde_json::Value = serde_json::from_str(line).unwrap();
            ["hdrvr", "id", "lparam1", "lparam2", "result"].map(|name| call[name].as_i64().unwrap())
        };
        let numbers: Vec<_> = lines.lines().map(numbers).collect();
        let wide = [0x10, 0xFFFF_FFFE, 0xFFFF_FFFB, 3, 0xFFFF_FFFF];
        assert_eq!(numbers, [[0x10, -2, -5, 3, -1], wide]);
    }

    #[test]
    fn only_so_many_are_written_down() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let trace = Trace::to_file(file.path()).unwrap();
        let mut calls = DirectCalls::new(Width::Bits64);
        let entered = Entered { hdrvr: 0x10, id: 1, message: 0x7000, lparam1: 0, lparam2: 0 };
        for _ in 0..MOST_WRITTEN + 5 {
            assert!(calls.enter(entered, "a.dll".into(), &trace) && calls.leave(0, 1, &trace));
        }
        assert_eq!(std::fs::read_to_string(file.path()).unwrap().lines().count(), MOST_WRITTEN);
        // The next request begins anew; one that does not end its calls is stopped.
        let mut calls = DirectCalls::new(Width::Bits64);
        let entered = (0..=MOST).take_while(|_| calls.enter(entered, "a.dll".into(), &Trace::none())).count();
        assert_eq!(entered, MOST);
    }
}
