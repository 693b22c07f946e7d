//! Import thunks: the few bytes of guest code that each imported function's address points to.

use std::io;
use std::ops::Range;

use crate::layout::Region;
use crate::memory::{Memory, Protection, Violation};
use crate::mode::Mode;
use crate::switch::{compat, long};
use crate::thread::Machine;

/// Bytes of one thunk.
const SIZE: u64 = 16;

/// How many thunks are left over, for what images import that come after [`Thunks::seal`] and nobody supplies.
const SPARE: u32 = 1024;

/// How many places before the first thunk hold what thunks need.
const GATES: u64 = 6;

/// Of a 64-bit guest: which place has the address of `drvhost_import64`.
const IMPORT64: u64 = 0;

/// Of a 32-bit guest, which place has what: 64-bit code that jumps to `drvhost_import32`, the same for `drvhost_leave32`, and the 32-bit code that functions return to.
const IMPORT32: u64 = 0;
const LEAVE32: u64 = 1;
const RETURN32: u64 = 2;

/// Of a 32-bit guest, which place has what its dispatcher of exceptions calls when a handler wants to go on, and when there is none; both with the addresses of
/// the record and of the context. They are thunks with the indexes below.
const CONTINUE: u64 = 3;
const UNHANDLED: u64 = 4;
pub(crate) const CONTINUE_INDEX: u32 = u32::MAX;
pub(crate) const UNHANDLED_INDEX: u32 = u32::MAX - 1;

/// The thunks, one for every function that the guest may call out to, numbered from 0.
#[derive(Debug)]
pub(crate) struct Thunks {
    mode: Mode,
    /// Where they lie.
    range: Range<u64>,
    count: u32,
    /// How many have been made once no more can be; before that `None`.
    sealed: Option<u32>,
}

impl Thunks {
    pub(crate) fn new(memory: &Memory, mode: Mode) -> Result<Self, Violation> {
        let own = Self { mode, range: memory.layout()[Region::Thunks].clone(), count: 0, sealed: None };
        match mode {
            Mode::X86_64 => memory.write(own.place(IMPORT64), &long::import_entry().to_le_bytes())?,
            Mode::I386 => {
                for (place, to) in [IMPORT32, LEAVE32].into_iter().zip(compat::entries()) {
                    let at = own.place(place);
                    // jmp [rip + 2]; then the address, which must be aligned: the guest may have asked for faults where data is not.
                    memory.write(at, b"\xff\x25\x02\0\0\0")?;
                    memory.write(at + 8, &to.to_le_bytes())?;
                }
                memory.write(own.return32(), &far_jump(own.place(LEAVE32)))?;
                memory.write(own.go_on(), &own.thunk32(CONTINUE_INDEX))?;
                memory.write(own.unhandled(), &own.thunk32(UNHANDLED_INDEX))?;
            }
        }
        Ok(own)
    }

    /// The mode of the code that calls them.
    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    /// Where 32-bit functions return to.
    pub(crate) fn return32(&self) -> u64 {
        self.place(RETURN32)
    }

    /// What a 32-bit guest's dispatcher of exceptions calls when a handler wants to go on.
    pub(crate) fn go_on(&self) -> u64 {
        self.place(CONTINUE)
    }

    /// What it calls when there is no handler.
    pub(crate) fn unhandled(&self) -> u64 {
        self.place(UNHANDLED)
    }

    fn place(&self, number: u64) -> u64 {
        self.range.start + SIZE * number
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
    pub(crate) fn address(&self, index: u32) -> u64 {
        self.place(u64::from(index) + GATES)
    }

    /// Makes the thunks executable and unchangeable, and with them as many as are to be had `later` and some spare ones.
    pub(crate) fn seal(&mut self, memory: &mut Memory, later: u32) -> io::Result<()> {
        if self.sealed.is_some() {
            return Ok(());
        }
        let end = self.count.saturating_add(later).saturating_add(SPARE);
        let (mut made, mut full) = (self.count, false);
        // Several at once: checking where each goes takes longer than making it, which is a part of a worker's start that can be seen.
        let mut some = [[0; SIZE as usize]; 64];
        while made < end && !full {
            let mut count = 0;
            for (place, index) in some.iter_mut().zip(made..end) {
                let Some(code) = self.code(index) else { break };
                *place = code;
                count += 1;
            }
            full = count == 0;
            let written = memory.write(self.address(made), some[..count].as_flattened());
            written.map_err(|_| io::ErrorKind::OutOfMemory)?;
            made += u32::try_from(count).unwrap_or(0);
        }
        self.sealed = Some(made);
        memory.protect(self.range.clone(), Protection::READ_EXECUTE)
    }

    /// Writes a thunk's code; `None` when there is no room for it.
    fn write(&self, memory: &Memory, index: u32) -> Option<()> {
        memory.write(self.address(index), &self.code(index)?).ok()
    }

    /// A thunk's code; `None` when there is no room for it.
    fn code(&self, index: u32) -> Option<[u8; SIZE as usize]> {
        if self.address(index) + SIZE > self.range.end {
            return None;
        }
        match self.mode {
            Mode::X86_64 => self.thunk64(index),
            Mode::I386 => Some(self.thunk32(index)),
        }
    }

    fn thunk64(&self, index: u32) -> Option<[u8; SIZE as usize]> {
        let mut code = begun(index);
        // jmp [rip + distance]
        let next = self.address(index) + 5 + 6;
        let distance = i32::try_from(self.place(IMPORT64).cast_signed() - next.cast_signed()).ok()?;
        code[5..7].copy_from_slice(&[0xff, 0x25]);
        code[7..11].copy_from_slice(&distance.to_le_bytes());
        Some(code)
    }

    fn thunk32(&self, index: u32) -> [u8; SIZE as usize] {
        let mut code = begun(index);
        code[5..12].copy_from_slice(&far_jump(self.place(IMPORT32)));
        code
    }
}

impl Machine {
    /// The guest address of a thunk.
    #[must_use]
    pub fn thunk(&self, index: u32) -> u64 {
        self.thunks.address(index)
    }

    /// Adds a thunk for one more import and answers its index; `None` when there is no room, of which [`seal`](Self::seal) leaves little.
    pub fn add_thunk(&mut self) -> Option<u32> {
        self.thunks.add(&self.memory)
    }
}

/// The code of a thunk; `mov eax, index` is what both begin with.
fn begun(index: u32) -> [u8; SIZE as usize] {
    let mut code = [0xcc; SIZE as usize];
    code[0] = 0xb8;
    code[1..5].copy_from_slice(&index.to_le_bytes());
    code
}

/// `ljmp`, in 32-bit code, to 64-bit code at a low address.
fn far_jump(to: u64) -> [u8; 7] {
    let [a, b, c, d, ..] = to.to_le_bytes();
    let [low, high] = compat::HOST_CODE.to_le_bytes();
    [0xea, a, b, c, d, low, high]
}
