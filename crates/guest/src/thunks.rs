//! Import thunks: the few bytes of guest code that each imported function's address points to.

use std::io;

use crate::layout::THUNKS;
use crate::memory::{Memory, Protection, Violation};
use crate::mode::Mode;
use crate::switch::{compat, long};

/// Bytes of one thunk.
const SIZE: u64 = 16;

/// How many thunks are left over, for the imports of images that come after [`Thunks::seal`].
const SPARE: u32 = 1024;

/// How many places before the first thunk hold what thunks need.
const GATES: u64 = 6;

/// Of a 64-bit guest: where the address of `drvhost_import64` lies.
const IMPORT64: u64 = THUNKS.start;

/// Of a 32-bit guest: 64-bit code that jumps to `drvhost_import32`, the same for `drvhost_leave32`, and the 32-bit code that functions return to.
const IMPORT32: u64 = THUNKS.start;
const LEAVE32: u64 = THUNKS.start + SIZE;
pub(crate) const RETURN32: u64 = THUNKS.start + 2 * SIZE;

/// Of a 32-bit guest: what its dispatcher of exceptions calls when a handler wants to go on, and when there is none; both with the addresses of
/// the record and of the context. They are thunks with these indexes.
pub(crate) const CONTINUE: u64 = THUNKS.start + 3 * SIZE;
pub(crate) const UNHANDLED: u64 = THUNKS.start + 4 * SIZE;
pub(crate) const CONTINUE_INDEX: u32 = u32::MAX;
pub(crate) const UNHANDLED_INDEX: u32 = u32::MAX - 1;

/// The thunks, one for every function that the guest may call out to, numbered from 0.
#[derive(Debug)]
pub struct Thunks {
    mode: Mode,
    count: u32,
    /// How many have been made once no more can be; before that `None`.
    sealed: Option<u32>,
}

impl Thunks {
    pub(crate) fn new(memory: &Memory, mode: Mode) -> Result<Self, Violation> {
        match mode {
            Mode::X86_64 => memory.write(IMPORT64, &long::import_entry().to_le_bytes())?,
            Mode::I386 => {
                for (at, to) in [IMPORT32, LEAVE32].into_iter().zip(compat::entries()) {
                    // jmp [rip + 2]; then the address, which must be aligned: the guest may have asked for faults where data is not.
                    memory.write(at, b"\xff\x25\x02\0\0\0")?;
                    memory.write(at + 8, &to.to_le_bytes())?;
                }
                memory.write(RETURN32, &far_jump(LEAVE32))?;
                memory.write(CONTINUE, &thunk32(CONTINUE_INDEX))?;
                memory.write(UNHANDLED, &thunk32(UNHANDLED_INDEX))?;
            }
        }
        Ok(Self { mode, count: 0, sealed: None })
    }

    /// Adds a thunk and answers its index; `None` when there is no room for more.
    pub(crate) fn add(&mut self, memory: &Memory) -> Option<u32> {
        let index = self.count;
        match self.sealed {
            Some(made) if index >= made => return None,
            Some(_) => {}
            None => self.write(memory, index)?,
        }
        self.count += 1;
        Some(index)
    }

    /// The guest address of a thunk.
    #[must_use]
    pub fn address(index: u32) -> u64 {
        THUNKS.start + SIZE * (u64::from(index) + GATES)
    }

    /// Makes the thunks executable and unchangeable, some spare ones among them.
    pub(crate) fn seal(&mut self, memory: &mut Memory) -> io::Result<()> {
        let spare = (self.count..self.count.saturating_add(SPARE))
            .take_while(|&index| self.write(memory, index).is_some());
        self.sealed = Some(self.count + u32::try_from(spare.count()).unwrap_or(0));
        memory.protect(THUNKS, Protection::READ_EXECUTE)
    }

    /// Writes a thunk's code; `None` when there is no room for it.
    fn write(&self, memory: &Memory, index: u32) -> Option<()> {
        let address = Self::address(index);
        if address + SIZE > THUNKS.end {
            return None;
        }
        let code = match self.mode {
            Mode::X86_64 => thunk64(address, index)?,
            Mode::I386 => thunk32(index),
        };
        memory.write(address, &code).ok()
    }
}

/// The code of a thunk; `mov eax, index` is what both begin with.
fn begun(index: u32) -> [u8; SIZE as usize] {
    let mut code = [0xcc; SIZE as usize];
    code[0] = 0xb8;
    code[1..5].copy_from_slice(&index.to_le_bytes());
    code
}

fn thunk64(address: u64, index: u32) -> Option<[u8; SIZE as usize]> {
    let mut code = begun(index);
    // jmp [rip + distance]
    let next = address + 5 + 6;
    let distance = i32::try_from(IMPORT64.cast_signed() - next.cast_signed()).ok()?;
    code[5..7].copy_from_slice(&[0xff, 0x25]);
    code[7..11].copy_from_slice(&distance.to_le_bytes());
    Some(code)
}

fn thunk32(index: u32) -> [u8; SIZE as usize] {
    let mut code = begun(index);
    code[5..12].copy_from_slice(&far_jump(IMPORT32));
    code
}

/// `ljmp`, in 32-bit code, to 64-bit code at a low address.
fn far_jump(to: u64) -> [u8; 7] {
    let [a, b, c, d, ..] = to.to_le_bytes();
    let [low, high] = compat::HOST_CODE.to_le_bytes();
    [0xea, a, b, c, d, low, high]
}
