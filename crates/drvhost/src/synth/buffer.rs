//! A buffer of MIDI data with its header, in the memory shared with a driver.

use std::sync::Arc;

use mmsystem::{MHDR_DONE, MHDR_INQUEUE, MHDR_ISSTRM, MHDR_PREPARED, MIDIHDR, Structure};

use crate::arena::{Arena, Block};
use crate::error::Error;
use crate::opened::{decoded, encoded};

/// A MIDIHDR and its data. The driver may change the header at any time until it has given the buffer back.
#[derive(Debug)]
pub(super) struct Buffer {
    header: Block,
    _data: Block,
    /// The size that messages name.
    pub size: usize,
}

impl Buffer {
    /// A buffer that holds `data`.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn new(arena: &Arc<Arena>, data: &[u8]) -> Result<Self, Error> {
        Self::with(arena, data, 0)
    }

    /// A buffer that holds events of a stream.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn of_stream(arena: &Arc<Arena>, events: &[u8]) -> Result<Self, Error> {
        Self::with(arena, events, MHDR_ISSTRM)
    }

    fn with(arena: &Arc<Arena>, data: &[u8], flags: u32) -> Result<Self, Error> {
        let width = arena.width();
        let block = arena.block_with(data)?;
        let length = u32::try_from(data.len()).map_err(|_| Error::TooLarge(data.len() as u64))?;
        let header = MIDIHDR {
            lpData: block.address(),
            dwBufferLength: length,
            dwBytesRecorded: length,
            dwFlags: flags,
            ..MIDIHDR::default()
        };
        let header = arena.block_with(&encoded(&header, width)?)?;
        Ok(Self { header, _data: block, size: MIDIHDR::size(width) })
    }

    /// The header's address.
    pub fn address(&self) -> u64 {
        self.header.address()
    }

    fn read(&self) -> Result<MIDIHDR, Error> {
        decoded(&self.header, self.header.width())
    }

    fn change(&self, change: impl FnOnce(u32) -> u32) -> Result<(), Error> {
        let mut header = self.read()?;
        header.dwFlags = change(header.dwFlags);
        self.header.write(0, &encoded(&header, self.header.width())?)
    }

    /// Marks it as prepared, as the system does for drivers that leave it to it.
    ///
    /// # Errors
    /// None in practice.
    pub fn mark_prepared(&self) -> Result<(), Error> {
        self.change(|flags| flags | MHDR_PREPARED)
    }

    /// Marks it as prepared no more.
    ///
    /// # Errors
    /// None in practice.
    pub fn mark_unprepared(&self) -> Result<(), Error> {
        self.change(|flags| flags & !MHDR_PREPARED)
    }

    /// Whether the driver has marked it as prepared.
    pub fn is_prepared(&self) -> Result<bool, Error> {
        self.read().map(|header| header.dwFlags & MHDR_PREPARED != 0)
    }

    /// Whether the driver has given it back: done, and queued no more.
    pub fn is_back(&self) -> Result<bool, Error> {
        self.read().map(|header| header.dwFlags & (MHDR_DONE | MHDR_INQUEUE) == MHDR_DONE)
    }
}

#[cfg(test)]
mod tests {
    use mmsystem::Width;
    use sandbox::SharedMemory;

    use super::*;

    #[test]
    fn a_buffer_is_back_when_it_is_done_and_not_queued() {
        for width in [Width::Bits32, Width::Bits64] {
            let arena = Arena::new(SharedMemory::create(c"test", 4096).unwrap(), 0x1000, width);
            let buffer = Buffer::new(&arena, &[0xF0, 1, 0xF7]).unwrap();
            let header = buffer.read().unwrap();
            assert_eq!((header.dwBufferLength, header.dwFlags, header.lpData != 0), (3, 0, true));
            buffer.mark_prepared().unwrap();
            assert!(buffer.is_prepared().unwrap() && !buffer.is_back().unwrap());
            buffer.change(|flags| flags | MHDR_DONE | MHDR_INQUEUE).unwrap();
            assert!(!buffer.is_back().unwrap());
            buffer.change(|flags| flags & !MHDR_INQUEUE).unwrap();
            assert!(buffer.is_back().unwrap());
            buffer.mark_unprepared().unwrap();
            assert!(!buffer.is_prepared().unwrap());
        }
    }
}
