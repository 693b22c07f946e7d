//! The memory that the host shares with one worker: what a driver reads and writes in place.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use mmsystem::Width;
use sandbox::SharedMemory;

use crate::error::Error;

/// Bytes of an arena. They are only used up as far as they are touched.
pub(crate) const SIZE: usize = 256 << 20;

/// Alignment of blocks: a cache line, and more than any structure asks for.
const ALIGNMENT: usize = 64;

/// The memory shared with one worker.
#[derive(Debug)]
pub struct Arena {
    memory: SharedMemory,
    /// The guest's address of its first byte.
    base: u64,
    width: Width,
    /// Free ranges: offset to length.
    free: Mutex<BTreeMap<usize, usize>>,
}

impl Arena {
    pub(crate) fn new(memory: SharedMemory, base: u64, width: Width) -> Arc<Self> {
        let free = Mutex::new(BTreeMap::from([(0, memory.len())]));
        Arc::new(Self { memory, base, width, free })
    }

    /// How wide the drivers are that see it: structures in it are laid out so.
    #[must_use]
    pub fn width(&self) -> Width {
        self.width
    }

    /// A block of `len` bytes, zeroed where nothing was before; it is given back when dropped.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn block(self: &Arc<Self>, len: usize) -> Result<Block, Error> {
        let too_large = Error::TooLarge(len as u64);
        let Some(room) = len.max(1).checked_next_multiple_of(ALIGNMENT) else { return Err(too_large) };
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((&offset, &length)) = free.iter().find(|&(_, &length)| length >= room) else {
            return Err(too_large);
        };
        free.remove(&offset);
        if length > room {
            free.insert(offset + room, length - room);
        }
        Ok(Block { arena: Arc::clone(self), offset, len, room })
    }

    /// A block that holds `bytes`.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn block_with(self: &Arc<Self>, bytes: &[u8]) -> Result<Block, Error> {
        let block = self.block(bytes.len())?;
        block.write(0, bytes)?;
        Ok(block)
    }

    /// A block that holds `text` as Win32 has it: UTF-16 up to a NUL.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn text(self: &Arc<Self>, text: &str) -> Result<Block, Error> {
        self.block_with(&wide(text))
    }

    fn give_back(&self, mut offset: usize, mut room: usize) {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(next) = free.remove(&(offset + room)) {
            room += next;
        }
        if let Some((&before, &length)) = free.range(..offset).next_back()
            && before + length == offset
        {
            offset = before;
            room += length;
        }
        free.insert(offset, room);
    }
}

/// Text as Win32 has it: UTF-16, little-endian, up to a NUL.
pub(crate) fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// A piece of an [`Arena`]. The driver may change its bytes at any time.
#[derive(Debug)]
pub struct Block {
    arena: Arc<Arena>,
    offset: usize,
    len: usize,
    room: usize,
}

impl Block {
    /// Its address as the driver sees it.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.arena.base + self.offset as u64
    }

    /// The address as a message parameter.
    #[must_use]
    pub fn lparam(&self) -> i64 {
        self.address().cast_signed()
    }

    /// How wide the drivers are that see it.
    #[must_use]
    pub fn width(&self) -> Width {
        self.arena.width
    }

    /// Its size in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Copies `bytes` into it, from `at` on.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when they do not fit.
    pub fn write(&self, at: usize, bytes: &[u8]) -> Result<(), Error> {
        let fits = at.checked_add(bytes.len()).is_some_and(|end| end <= self.len);
        if fits && self.arena.memory.write(self.offset + at, bytes) {
            Ok(())
        } else {
            Err(Error::TooLarge(bytes.len() as u64))
        }
    }

    /// Copies its bytes from `at` on to `out`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] when it has not as many.
    pub fn read(&self, at: usize, out: &mut [u8]) -> Result<(), Error> {
        let fits = at.checked_add(out.len()).is_some_and(|end| end <= self.len);
        if fits && self.arena.memory.read(self.offset + at, out) {
            Ok(())
        } else {
            Err(Error::TooLarge(out.len() as u64))
        }
    }

    /// All its bytes, as they are now.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn to_vec(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; self.len];
        self.read(0, &mut bytes).map(|()| bytes)
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.arena.give_back(self.offset, self.room);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_do_not_overlap_and_come_back() {
        let arena = Arena::new(SharedMemory::create("test", 4096).unwrap(), 0x7000_0000, Width::Bits32);
        let (first, second) = (arena.block(100).unwrap(), arena.block_with(b"abc").unwrap());
        assert_eq!(second.address() - first.address(), 128);
        assert!(arena.block(4000).is_err());
        assert!(first.write(98, b"xyz").is_err());
        assert_eq!(second.to_vec().unwrap(), b"abc");
        drop(first);
        drop(second);
        assert_eq!(arena.block(4096).unwrap().address(), 0x7000_0000);
        assert!(arena.block(usize::MAX).is_err());
    }
}
