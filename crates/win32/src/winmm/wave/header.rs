//! A client's WAVEHDR, where its fields lie and what its flags say (MS Learn: WAVEHDR).

use guest::{Machine, Mode, Violation};

use super::queue::Buffer;
use crate::abi::Pointer;

/// Given back to the client.
pub(super) const WHDR_DONE: u32 = 1;
/// Prepared.
pub(super) const WHDR_PREPARED: u32 = 2;
const WHDR_BEGINLOOP: u32 = 4;
const WHDR_ENDLOOP: u32 = 8;
/// Waiting to be played.
pub(super) const WHDR_INQUEUE: u32 = 0x10;

/// A WAVEHDR in the guest's memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    at: Pointer,
    pointer: u64,
}

impl Header {
    /// The one at an address; `None` for NULL, and for a size that it does not have.
    pub fn new(mode: Mode, at: Pointer, size: u32) -> Option<Self> {
        let header = Self { at, pointer: mode.pointer_size() };
        (!at.is_null() && u64::from(size) >= header.size()).then_some(header)
    }

    /// The one at the address of one that was checked before.
    pub fn known(mode: Mode, at: Pointer) -> Self {
        Self { at, pointer: mode.pointer_size() }
    }

    /// Four pointers and four DWORDs.
    fn size(self) -> u64 {
        4 * self.pointer + 16
    }

    /// Behind lpData, dwBufferLength, dwBytesRecorded and dwUser.
    fn flags_at(self) -> u64 {
        self.at.at(2 * self.pointer + 8).0
    }

    pub fn flags(self, machine: &Machine) -> Result<u32, Violation> {
        machine.memory.array(self.flags_at()).map(u32::from_le_bytes)
    }

    pub fn set_flags(self, machine: &Machine, flags: u32) -> Result<(), Violation> {
        machine.memory.write(self.flags_at(), &flags.to_le_bytes())
    }

    /// What it says of its buffer.
    pub fn buffer(self, machine: &Machine) -> Result<Buffer, Violation> {
        let number = |at| machine.memory.array(at).map(u32::from_le_bytes);
        let flags = self.flags(machine)?;
        let loops = number(self.flags_at().wrapping_add(4))?;
        Ok(Buffer {
            header: self.at,
            data: Pointer(machine.pointer_at(self.at.0)?),
            len: number(self.at.at(self.pointer).0)?.into(),
            begins: (flags & WHDR_BEGINLOOP != 0).then_some(loops),
            ends: flags & WHDR_ENDLOOP != 0,
        })
    }
}
