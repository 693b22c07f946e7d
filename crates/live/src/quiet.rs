//! An instrument that has fallen silent, and whose driver has still to be told of the end.

use std::sync::mpsc::Receiver;

use drvhost::{End, Report, Session};

use crate::engine::Finished;
use crate::instrument::Left;
use crate::system::Active;
use crate::{Ended, Error, Status};

/// An instrument that does not play any more. Its session is to be ended, by itself or together with others, and then [`leave`](Self::leave) is to be called.
#[must_use = "its session is open still"]
pub struct Quiet {
    pub(crate) left: Option<Left>,
    /// The session of a driver that did not come back in time. What its thread leaves in the end is kept until then: dropping the driver closes it.
    pub(crate) stuck: Option<(Session, Receiver<Finished>)>,
    pub(crate) client: Box<dyn Active>,
    pub(crate) status: Status,
    /// What has gone if the sound system has.
    pub(crate) gone: Option<String>,
    pub(crate) error: Option<Error>,
}

impl Quiet {
    /// What is to be ended; `None` where the driver was given up, so that nothing is open.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        self.left.as_ref().map(|left| &left.session).or(self.stuck.as_ref().map(|(session, _)| session))
    }

    /// Ends its session by itself, and leaves the sound system.
    pub(crate) fn end(self, end: &End) -> Ended {
        let nothing = || Report { instances: Vec::new(), elapsed_us: 0 };
        let report = self.session().map_or_else(nothing, |session| session.end_as(end));
        self.client.leave();
        Ended { report, status: self.status, gone: self.gone, error: self.error }
    }

    /// Leaves the sound system after its session was ended, and answers how it went. Takes as long as that does.
    pub fn leave(self) -> Status {
        self.client.leave();
        self.status
    }
}
