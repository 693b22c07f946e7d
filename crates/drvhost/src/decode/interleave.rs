//! One AVI file that several threads write, each a stream of it: side by side by time, so that a player need not look far.
//!
//! A stream may be written while no other one is behind it; else its thread waits. The one that is furthest behind never waits, so there is
//! always one that goes on.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::media::{AviWriter, MediaError};

/// The file.
pub(crate) struct Interleaved(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// `None` once it is finished.
    writer: Option<AviWriter>,
    /// Up to which time, in nanoseconds, each stream is written; `None` for those that are done.
    reached: Vec<Option<u64>>,
}

impl Interleaved {
    /// The file as it begins, and its streams.
    pub fn new(writer: AviWriter, streams: usize) -> (Self, Vec<Track>) {
        let state = State { writer: Some(writer), reached: vec![Some(0); streams] };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let tracks = (0..streams).map(|index| Track { shared: Arc::clone(&shared), index }).collect();
        (Self(shared), tracks)
    }

    /// Completes the file.
    ///
    /// # Errors
    /// [`Error::Media`].
    pub fn finish(self) -> Result<(), Error> {
        let writer = self.0.lock().writer.take();
        Ok(writer.map_or(Ok(()), AviWriter::finish)?)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream of the file. Dropped, it holds up no other.
pub(crate) struct Track {
    shared: Arc<Shared>,
    index: usize,
}

impl Track {
    /// Writes a packet; `key_frame` says whether a player can begin with it. The stream then reaches up to `end` / `rate` seconds.
    ///
    /// # Errors
    /// [`Error::Media`].
    pub fn write(&self, packet: &[u8], key_frame: bool, end: u64, rate: u32) -> Result<(), Error> {
        let mut state = self.shared.lock();
        while state.is_ahead(self.index) {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let State { writer, reached } = &mut *state;
        let Some(writer) = writer else {
            return Err(Error::Bug("a stream was written when its file was finished".into()));
        };
        writer.write(self.index, packet, key_frame)?;
        let end = u128::from(end) * 1_000_000_000 / u128::from(rate.max(1));
        if let Some(reached) = reached.get_mut(self.index) {
            *reached = Some(u64::try_from(end).unwrap_or(u64::MAX));
        }
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }
}

impl State {
    /// Whether another stream is behind this one. Of several that are equally far, none is.
    fn is_ahead(&self, index: usize) -> bool {
        let own = self.reached.get(index).copied().flatten();
        own.is_some_and(|own| self.reached.iter().flatten().any(|other| *other < own))
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        if let Some(reached) = self.shared.lock().reached.get_mut(self.index) {
            *reached = None;
        }
        self.shared.changed.notify_all();
    }
}

/// Refuses a file of more streams than it can have.
///
/// # Errors
/// [`MediaError::TooLarge`].
pub(crate) fn check_streams(streams: usize) -> Result<(), MediaError> {
    if streams <= 100 {
        return Ok(());
    }
    let why = "an AVI file can have 100".to_owned();
    Err(MediaError::TooLarge { what: format!("the number of streams, {streams},"), why })
}
