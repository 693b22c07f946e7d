//! The memory that the host shares with one worker: what a driver reads and writes in place.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use mmsystem::Width;
use sandbox::SharedMemory;

use crate::error::Error;

/// Alignment of blocks: a cache line, and more than any structure asks for.
const ALIGNMENT: usize = 64;

/// The memory shared with one worker.
#[derive(Debug)]
pub struct Arena {
    memory: SharedMemory,
    /// The guest's address of its first byte.
    base: u64,
    width: Width,
    free: Mutex<Free>,
}

/// What no block has.
#[derive(Debug)]
struct Free {
    /// Ranges: offset to length.
    ranges: BTreeMap<usize, usize>,
    /// Where that begins of which no block ever had anything.
    fresh: usize,
}

impl Arena {
    pub(crate) fn new(memory: SharedMemory, base: u64, width: Width) -> Arc<Self> {
        let free = Mutex::new(Free { ranges: BTreeMap::from([(0, memory.len())]), fresh: 0 });
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
        Ok(self.piece(len)?.0)
    }

    /// A block of `len` zeros. What no block ever had is not written, because that would have the system find memory for it before the driver uses any of it.
    ///
    /// # Errors
    /// [`Error::TooLarge`].
    pub fn zeros(self: &Arc<Self>, len: usize) -> Result<Block, Error> {
        let (block, used) = self.piece(len)?;
        block.write(0, &vec![0; used.min(len)])?;
        Ok(block)
    }

    /// A block, and how many of its first bytes a block had before.
    fn piece(self: &Arc<Self>, len: usize) -> Result<(Block, usize), Error> {
        let too_large = Error::TooLarge(len as u64);
        let Some(room) = len.max(1).checked_next_multiple_of(ALIGNMENT) else { return Err(too_large) };
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let Free { ranges, fresh } = &mut *free;
        let Some((&offset, &length)) = ranges.iter().find(|&(_, &length)| length >= room) else {
            return Err(too_large);
        };
        ranges.remove(&offset);
        if length > room {
            ranges.insert(offset + room, length - room);
        }
        let used = fresh.saturating_sub(offset);
        *fresh = (offset + room).max(*fresh);
        Ok((Block { arena: Arc::clone(self), offset, len, room }, used))
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
        let free = &mut self.free.lock().unwrap_or_else(PoisonError::into_inner).ranges;
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
        let arena = Arena::new(SharedMemory::create(c"test", 4096).unwrap(), 0x7000_0000, Width::Bits32);
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
    #[test]
    fn zeros_are_zeros_whatever_was_there() {
        let arena = Arena::new(SharedMemory::create(c"test", 4096).unwrap(), 0x7000_0000, Width::Bits32);
        drop(arena.block_with(&[7; 100]).unwrap());
        let used_in_part = arena.zeros(200).unwrap();
        assert_eq!((used_in_part.address(), used_in_part.to_vec().unwrap()), (0x7000_0000, vec![0; 200]));
        used_in_part.write(0, &[9; 200]).unwrap();
        let beside = arena.zeros(100).unwrap();
        drop(used_in_part);
        assert_eq!(
            [arena.zeros(150).unwrap(), beside].map(|zeros| zeros
                .to_vec()
                .unwrap()
                .iter()
                .any(|byte| *byte != 0)),
            [false; 2]
        );
        assert!(arena.zeros(4097).is_err());
    }
}
