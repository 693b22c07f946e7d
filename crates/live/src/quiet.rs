//! An instrument that has fallen silent, and whose driver has still to be told of the end.

use drvhost::{Report, Session};

use crate::client::Active;
use crate::instrument::Left;
use crate::{Ended, Error, Status};

/// An instrument that does not play any more. Its session is to be ended, by itself or together with others, and then [`leave`](Self::leave) is to be called.
#[must_use = "its session is open still"]
pub struct Quiet {
    pub(crate) left: Option<Left>,
    /// The session of a driver that did not come back in time.
    pub(crate) stuck: Option<Session>,
    pub(crate) client: Active,
    pub(crate) status: Status,
    pub(crate) server_gone: bool,
    pub(crate) error: Option<Error>,
}

impl Quiet {
    /// What is to be ended; `None` where the driver was given up, so that nothing is open.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        self.left.as_ref().map(|left| &left.session).or(self.stuck.as_ref())
    }

    /// Leaves JACK's server, which may take as long as that does. The report is that of the session's end.
    #[must_use = "it says how the instrument went"]
    pub fn leave(self, report: Report) -> Ended {
        self.client.leave(self.server_gone);
        Ended { report, status: self.status, server_gone: self.server_gone, error: self.error }
    }
}

/// The report of an end at which nothing was open.
#[must_use]
pub(crate) fn nothing() -> Report {
    Report { instances: Vec::new(), elapsed_us: 0 }
}
