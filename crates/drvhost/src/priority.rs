//! Real-time priority, for sessions whose sound is heard as it is made.

use std::io;

use crate::session::Session;

/// Gives the calling thread the real-time priority that [`Session::prefer`] gives workers: that of what is in their way to be heard.
///
/// # Errors
/// The system's, as there.
pub fn prefer_this_thread() -> io::Result<()> {
    sandbox::prefer_this_thread()
}

impl Session {
    /// Gives the workers of all open drivers real-time priority, and the calling thread, which is to be the one that plays. A driver that computes for ten seconds
    /// without a pause is ended from then on, because other programs may be kept waiting meanwhile.
    ///
    /// # Errors
    /// The system's: that is for those only whom RLIMIT_RTPRIO (`ulimit -r`) allows it. Nothing else changes then.
    pub fn prefer(&self) -> io::Result<()> {
        sandbox::prefer_this_thread()?;
        self.inner().workers().iter().try_for_each(|worker| worker.prefer())
    }
}
