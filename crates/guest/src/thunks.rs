//! Import thunks: the few bytes of guest code that each imported function's address points to.

use std::io;

use crate::enter;
use crate::layout::THUNKS;
use crate::memory::{Memory, Protection};

/// Bytes of one thunk.
const SIZE: u64 = 16;

/// The thunks, one for every function that the guest may call out to, numbered from 0.
#[derive(Debug)]
pub struct Thunks {
    count: u32,
    sealed: bool,
}

impl Thunks {
    pub(crate) fn new(memory: &Memory) -> Result<Self, crate::memory::Violation> {
        // Slot 0 holds where every thunk jumps to; thunks follow.
        memory.write(THUNKS.start, &enter::import_entry().to_le_bytes())?;
        Ok(Self { count: 0, sealed: false })
    }

    /// Adds a thunk and answers its index; `None` when there is no room for more, or none may be added any more.
    pub(crate) fn add(&mut self, memory: &Memory) -> Option<u32> {
        let index = self.count;
        let address = Self::address(index);
        if self.sealed || address + SIZE > THUNKS.end {
            return None;
        }
        // mov eax, index; jmp [rip + distance to slot 0]
        let next = address + 5 + 6;
        let distance = i32::try_from(THUNKS.start.cast_signed() - next.cast_signed()).ok()?;
        let mut code = [0xcc; SIZE as usize];
        code[0] = 0xb8;
        code[1..5].copy_from_slice(&index.to_le_bytes());
        code[5..7].copy_from_slice(&[0xff, 0x25]);
        code[7..11].copy_from_slice(&distance.to_le_bytes());
        memory.write(address, &code).ok()?;
        self.count += 1;
        Some(index)
    }

    /// The guest address of a thunk.
    #[must_use]
    pub fn address(index: u32) -> u64 {
        THUNKS.start + SIZE * (u64::from(index) + 1)
    }

    /// Makes the thunks executable and unchangeable.
    pub(crate) fn seal(&mut self, memory: &mut Memory) -> io::Result<()> {
        self.sealed = true;
        memory.protect(THUNKS, Protection::READ_EXECUTE)
    }
}
