//! A synth as the instrument that a song is played on, by a virtual clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use super::mixer::Mixer;
use crate::clock::Advanced;
use crate::error::Error;
use crate::midi::Instrument;
use crate::session::Session;
use crate::synth::Output;

/// How far the clock goes on each time that a driver is waited for.
const MOMENT: Duration = Duration::from_millis(1);
/// How many such times take as long as the driver computes. After these, its clock goes like the world's, in which its deadline is.
const SWIFT: u32 = 250;

/// Has the clock go on, and all be written that is played meanwhile.
///
/// # Errors
/// As [`Session::advance`], and why nothing can be written.
pub(super) fn go_on(session: &Session, mixer: &Mixer, until: Duration) -> Result<Advanced, Error> {
    mixer.expect(until);
    advance(session, mixer, until)
}

fn advance(session: &Session, mixer: &Mixer, until: Duration) -> Result<Advanced, Error> {
    let advanced = session.advance(until)?;
    mixer.settle(advanced.now)?;
    Ok(advanced)
}

/// A synth's device, with what its driver makes of messages.
pub(super) struct Stand {
    session: Session,
    mixer: Arc<Mixer>,
    output: Output,
    /// When the song begins.
    origin: Duration,
    /// How often the driver was waited for since it was sent the last message.
    waited: Arc<AtomicU32>,
    /// How many messages it has taken.
    pub taken: u64,
    /// How many it has refused, and why it has refused the first one.
    pub refused: u64,
    pub refusal: Option<Error>,
    /// How much later than it was to be the clock was at most, because the driver had to be waited for.
    pub late: Duration,
}

impl Stand {
    /// A song begins on this device now.
    pub fn new(session: &Session, mixer: &Arc<Mixer>, mut output: Output, origin: Duration) -> Self {
        let waited = Arc::new(AtomicU32::new(0));
        let (session, mixer) = (session.clone(), Arc::clone(mixer));
        let pace = (session.clone(), Arc::clone(&mixer), Arc::clone(&waited));
        output.set_pace(move || {
            let (session, mixer, waited) = &pace;
            if waited.fetch_add(1, Ordering::Relaxed) >= SWIFT {
                thread::sleep(MOMENT);
            }
            // From where the song is, not from where the driver's clock may have gone while it waited in a message.
            mixer.expect_more(MOMENT);
            advance(session, mixer, mixer.now().saturating_add(MOMENT)).map(drop)
        });
        Self {
            session,
            mixer,
            output,
            origin,
            waited,
            taken: 0,
            refused: 0,
            refusal: None,
            late: Duration::ZERO,
        }
    }

    /// Counts what became of a message. One that is refused is one sound less; whoever is not ready for any length of time takes no more at all.
    fn count(&mut self, result: Result<(), Error>) -> Result<(), Error> {
        match result {
            Ok(()) => self.taken += 1,
            Err(Error::Refused { result, driver, message }) if !result.starts_with("MIDIERR_NOTREADY") => {
                self.refused += 1;
                self.refusal.get_or_insert(Error::Refused { driver, message, result });
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Closes the device.
    ///
    /// # Errors
    /// As [`Output::close`].
    pub fn close(self) -> Result<(), Error> {
        self.output.close()
    }
}

impl Instrument for Stand {
    fn short(&mut self, message: u32) -> Result<(), Error> {
        let [status, first, second, _] = message.to_le_bytes();
        self.waited.store(0, Ordering::Relaxed);
        let sent = self.output.short([status, first, second]);
        self.count(sent)
    }

    fn long(&mut self, message: &[u8]) -> Result<(), Error> {
        self.waited.store(0, Ordering::Relaxed);
        let sent = self.output.long(message);
        self.count(sent)
    }

    fn advance(&mut self, until: u64) -> Result<(), Error> {
        let until = self.origin.saturating_add(Duration::from_nanos(until));
        let now = go_on(&self.session, &self.mixer, until)?.now;
        self.late = self.late.max(now.saturating_sub(until));
        Ok(())
    }

    fn reset(&mut self) -> Result<(), Error> {
        self.waited.store(0, Ordering::Relaxed);
        let (reset, taken) = (self.output.reset(), self.taken);
        self.count(reset)?;
        self.taken = taken;
        Ok(())
    }
}
