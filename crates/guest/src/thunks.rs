//! Import thunks: the few bytes of guest code that each imported function's address points to.

use std::io;

use crate::enter;
use crate::layout::THUNKS;
use crate::memory::{Memory, Protection};

/// Bytes of one thunk.
const SIZE: u64 = 16;

/// How many thunks are left over, for the imports of images that come after [`Thunks::seal`].
const SPARE: u32 = 1024;

/// The thunks, one for every function that the guest may call out to, numbered from 0.
#[derive(Debug)]
pub struct Thunks {
    count: u32,
    /// How many have been made once no more can be; before that `None`.
    sealed: Option<u32>,
}

impl Thunks {
    pub(crate) fn new(memory: &Memory) -> Result<Self, crate::memory::Violation> {
        // Slot 0 holds where every thunk jumps to; thunks follow.
        memory.write(THUNKS.start, &enter::import_entry().to_le_bytes())?;
        Ok(Self { count: 0, sealed: None })
    }

    /// Adds a thunk and answers its index; `None` when there is no room for more.
    pub(crate) fn add(&mut self, memory: &Memory) -> Option<u32> {
        let index = self.count;
        match self.sealed {
            Some(made) if index >= made => return None,
            Some(_) => {}
            None => write(memory, index)?,
        }
        self.count += 1;
        Some(index)
    }

    /// The guest address of a thunk.
    #[must_use]
    pub fn address(index: u32) -> u64 {
        THUNKS.start + SIZE * (u64::from(index) + 1)
    }

    /// Makes the thunks executable and unchangeable, some spare ones among them.
    pub(crate) fn seal(&mut self, memory: &mut Memory) -> io::Result<()> {
        let spare = (self.count..self.count.saturating_add(SPARE))
            .take_while(|&index| write(memory, index).is_some());
        self.sealed = Some(self.count + u32::try_from(spare.count()).unwrap_or(0));
        memory.protect(THUNKS, Protection::READ_EXECUTE)
    }
}

/// Writes a thunk's code; `None` when there is no room for it.
fn write(memory: &Memory, index: u32) -> Option<()> {
    let address = Thunks::address(index);
    if address + SIZE > THUNKS.end {
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
    memory.write(address, &code).ok()
}
