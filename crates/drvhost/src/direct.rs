//! Messages between drivers of one worker: they do not go through the host, which only writes them down.

use mmsystem::message_name;
use wire::Entered;

use crate::trace::{Begun, CallRecord, Outcome, Trace, micros};

/// More open calls than a worker's stack can hold.
const MOST: usize = 4096;

/// The calls that have begun during one request and not ended.
#[derive(Debug, Default)]
pub(crate) struct DirectCalls(Vec<DirectCall>);

#[derive(Debug)]
struct DirectCall {
    entered: Entered,
    driver: String,
    begun: Option<Begun>,
}

impl DirectCalls {
    /// A call begins; `driver` is whose. False when there cannot be so many.
    pub fn enter(&mut self, entered: Entered, driver: String, trace: &Trace) -> bool {
        self.0.push(DirectCall { entered, driver, begun: trace.begin() });
        self.0.len() <= MOST
    }

    /// The innermost call has ended; false when there is none.
    pub fn leave(&mut self, result: u64, worker: u32, trace: &Trace) -> bool {
        let Some(call) = self.0.pop() else { return false };
        call.write(Outcome::Answered, Some(result.cast_signed()), worker, trace);
        true
    }

    /// The request has ended, and what it had begun with it.
    pub fn end(&mut self, outcome: Outcome, worker: u32, trace: &Trace) {
        while let Some(call) = self.0.pop() {
            call.write(outcome, None, worker, trace);
        }
    }
}

impl DirectCall {
    fn write(&self, outcome: Outcome, result: Option<i64>, worker: u32, trace: &Trace) {
        let Entered { hdrvr, id, message, lparam1, lparam2 } = self.entered;
        trace.end(self.begun, |Begun { seq, t_us, at }| CallRecord {
            kind: "call",
            seq,
            t_us,
            worker,
            driver: &self.driver,
            hdrvr: hdrvr.cast_signed(),
            id: id.cast_signed(),
            message: message_name(message),
            number: message,
            lparam1,
            lparam2,
            result,
            elapsed_us: micros(at),
            outcome,
            cause: None,
        });
    }
}
