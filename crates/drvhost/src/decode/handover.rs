//! Pictures and samples on their way from one thread to another. Buffers go round, so that memory does not grow with the film.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

use crate::error::Error;
use crate::media::{PcmFormat, VideoShape};

/// How many buffers the giving thread may be ahead at most.
const MOST_AHEAD: usize = 4;
/// How many bytes threads should be ahead: little enough for the processor's own memory to hold what goes round.
const BYTES_AHEAD: usize = 8 << 20;

/// How many buffers of so many bytes a thread may be ahead of the next, of `most`: at least two, so that neither waits for the other's next step.
pub(crate) fn ahead(most: usize, bytes: usize) -> usize {
    (BYTES_AHEAD / bytes.max(1)).clamp(2, most)
}

/// The giving end. Dropped, it says that no more comes.
pub(crate) struct Handover {
    to: SyncSender<Arc<Vec<u8>>>,
    empty: Receiver<Vec<u8>>,
}

/// The taking end. Dropped, it says that no more is wanted.
pub(crate) struct Taker {
    from: Receiver<Arc<Vec<u8>>>,
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

/// Both ends, for buffers of so many bytes.
pub(crate) fn handover(bytes: usize) -> (Handover, Taker) {
    let (to, from) = sync_channel(ahead(MOST_AHEAD, bytes));
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
        let mut buffer = self.spent().unwrap_or_default();
        buffer.clear();
        buffer
    }

    /// A buffer that the other end has given back, as it is.
    pub fn spent(&self) -> Option<Vec<u8>> {
        self.empty.try_recv().ok()
    }

    /// As [`give`](Self::give), without a copy.
    ///
    /// # Errors
    /// [`Error::Interrupted`] where the other end is gone.
    pub fn give_buffer(&self, buffer: impl Into<Arc<Vec<u8>>>) -> Result<(), Error> {
        self.to.send(buffer.into()).map_err(|_| Error::Interrupted)
    }
}

impl Taker {
    /// What comes next; `None` at the end.
    pub fn take(&self) -> Option<Arc<Vec<u8>>> {
        self.from.recv().ok()
    }

    /// Gives a buffer back. One that the giving end still looks at stays there.
    pub fn give_back(&self, buffer: Arc<Vec<u8>>) {
        if let Some(buffer) = Arc::into_inner(buffer) {
            // Whoever filled it may be done already.
            let _ = self.spent.send(buffer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_less_ahead_with_large_buffers() {
        assert_eq!([0, 1 << 20, 3 << 20, 1 << 30].map(|bytes| ahead(8, bytes)), [8, 8, 2, 2]);
    }

    #[test]
    fn buffers_go_round_and_both_ends_see_the_other_go() {
        let (to, from) = handover(2);
        to.give(b"ab").unwrap();
        let taken = from.take().unwrap();
        assert_eq!(taken.as_slice(), b"ab");
        let place = taken.as_ptr();
        from.give_back(taken);
        let again = to.empty();
        assert_eq!((again.len(), again.as_ptr()), (0, place));
        let shared = Arc::new(again);
        to.give_buffer(Arc::clone(&shared)).unwrap();
        from.give_back(from.take().unwrap());
        assert_eq!((to.spent(), shared.len()), (None, 0));
        drop(to);
        assert_eq!(from.take(), None);
        let (to, from) = handover(2);
        drop(from);
        assert!(matches!(to.give(b"c"), Err(Error::Interrupted)));
    }
}
