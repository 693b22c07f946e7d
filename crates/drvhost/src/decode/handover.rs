//! Pictures and samples on their way from one thread to another. Buffers go round, so that memory does not grow with the film.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use crate::error::Error;
use crate::media::{PcmFormat, VideoShape};

/// How many buffers the giving thread may be ahead.
const AHEAD: usize = 4;

/// The giving end. Dropped, it says that no more comes.
pub(crate) struct Handover {
    to: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
}

/// The taking end. Dropped, it says that no more is wanted.
pub(crate) struct Taker {
    from: Receiver<Vec<u8>>,
    spent: Sender<Vec<u8>>,
}

/// The streams of a file, for whoever takes them.
#[derive(Default)]
pub(crate) struct Handed {
    /// Pictures, each as BGR24.
    pub video: Option<(VideoShape, Taker)>,
    /// Samples.
    pub audio: Vec<(PcmFormat, Taker)>,
}

/// Both ends.
pub(crate) fn handover() -> (Handover, Taker) {
    let (to, from) = sync_channel(AHEAD);
    let (spent, empty) = channel();
    (Handover { to, empty }, Taker { from, spent })
}

impl Handover {
    /// Gives a copy of `bytes`; waits where the other end is behind.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where the other end is gone.
    pub fn give(&self, bytes: &[u8]) -> Result<(), Error> {
        let mut buffer = self.empty();
        buffer.extend_from_slice(bytes);
        self.give_buffer(buffer)
    }

    /// An empty buffer to be filled.
    pub fn empty(&self) -> Vec<u8> {
        let mut buffer = self.empty.try_recv().unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// As [`give`](Self::give), without a copy.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where the other end is gone.
    pub fn give_buffer(&self, buffer: Vec<u8>) -> Result<(), Error> {
        self.to.send(buffer).map_err(|_| Error::Interrupted)
    }
}

impl Taker {
    /// What comes next; `None` at the end.
    pub fn take(&self) -> Option<Vec<u8>> {
        self.from.recv().ok()
    }

    /// Gives a buffer back.
    pub fn give_back(&self, buffer: Vec<u8>) {
        // Whoever filled it may be done already.
        let _ = self.spent.send(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_go_round_and_both_ends_see_the_other_go() {
        let (to, from) = handover();
        to.give(b"ab").unwrap();
        let taken = from.take().unwrap();
        assert_eq!(taken, b"ab");
        let place = taken.as_ptr();
        from.give_back(taken);
        let again = to.empty();
        assert_eq!((again.len(), again.as_ptr()), (0, place));
        to.give_buffer(again).unwrap();
        drop(to);
        assert_eq!((from.take(), from.take()), (Some(Vec::new()), None));
        let (to, from) = handover();
        drop(from);
        assert!(matches!(to.give(b"c"), Err(Error::Interrupted)));
    }
}
