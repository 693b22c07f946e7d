//! The file as all tracks read it, and what they have in common.

use std::io::{ErrorKind, Read, Seek, SeekFrom};

use super::damage::Flaws;
use crate::media::MediaError;

/// A file, and what is kept for all of its tracks.
pub(super) struct Source<R> {
    inner: R,
    /// Offset behind the last byte.
    pub len: u64,
    pub flaws: Flaws,
    /// How many bytes of incomplete system exclusive messages the tracks hold together.
    pub held: usize,
}

impl<R: Read + Seek> Source<R> {
    pub fn new(mut inner: R) -> Result<Self, MediaError> {
        let len =
            inner.seek(SeekFrom::End(0)).map_err(|err| MediaError::io("finding the file's length", err))?;
        Ok(Self { inner, len, flaws: Flaws::default(), held: 0 })
    }

    /// The file itself, for a reader that leaves it at any place.
    pub fn inner(&mut self) -> &mut R {
        &mut self.inner
    }

    /// Reads what there is from `at` on, up to `most` bytes and up to the offset `end`; nothing only where nothing is.
    pub fn read(&mut self, at: u64, end: u64, most: usize, into: &mut Vec<u8>) -> Result<(), MediaError> {
        let there = usize::try_from(end.min(self.len).saturating_sub(at)).unwrap_or(usize::MAX);
        into.resize(most.min(there), 0);
        let mut have = 0;
        let done = self.inner.seek(SeekFrom::Start(at)).and_then(|_| {
            while let Some(rest) = into.get_mut(have..)
                && !rest.is_empty()
            {
                match self.inner.read(rest) {
                    // The file has become shorter.
                    Ok(0) => break,
                    Ok(read) => have += read,
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        });
        into.truncate(have);
        done.map_err(|err| MediaError::io(format!("reading the MIDI file at byte {at}"), err))
    }
}
