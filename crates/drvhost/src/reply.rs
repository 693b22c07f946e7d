//! How a request to a worker ends.

use std::time::Duration;

use wire::Fault;

use crate::error::Error;
use crate::trace::Outcome;

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// With this LRESULT.
    Answered(i64),
    Faulted(Box<Fault>),
    /// Interrupted at its deadline; `killed` when interrupting was not enough.
    Late {
        killed: bool,
    },
    /// Its turn did not come before its deadline: nothing was sent.
    Busy,
    /// The worker is no more, for this reason.
    Died(String),
}

impl Reply {
    /// What it counts as, and the answer if there was one.
    pub fn outcome(&self) -> (Outcome, Option<i64>) {
        match self {
            Self::Answered(result) => (Outcome::Answered, Some(*result)),
            Self::Late { .. } | Self::Busy => (Outcome::Late, None),
            Self::Faulted(_) => (Outcome::Faulted, None),
            Self::Died(_) => (Outcome::Died, None),
        }
    }
}

/// What stands for the message in errors about having time go on.
const TIME: &str = "having its clock go on";

impl Reply {
    /// A reply that is no answer to having the clock go on, as an error about the driver, which has had this long.
    pub fn not_at_rest(self, driver: &str, within: Duration) -> Error {
        match self {
            Self::Late { killed } => Error::NotAtRest { driver: driver.to_owned(), within, killed },
            other => failure(other, driver, TIME),
        }
    }
}

/// A reply that is no answer, as an error about a driver's `message`.
pub(crate) fn failure(reply: Reply, driver: &str, message: &str) -> Error {
    let (driver, message) = (driver.to_owned(), message.to_owned());
    match reply {
        Reply::Late { killed } => Error::Late { driver, message, killed },
        Reply::Busy => Error::Busy { driver, message },
        Reply::Faulted(fault) => Error::Faulted { driver, message, fault: *fault },
        Reply::Died(how) => Error::Died { driver, message, how },
        Reply::Answered(result) => Error::Refused { driver, message, result: result.to_string() },
    }
}
