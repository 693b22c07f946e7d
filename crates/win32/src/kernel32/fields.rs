//! Reading the structures that the guest fills in, field by field: the reverse of [`Record`](super::record::Record).

use guest::{Machine, Violation};

use crate::abi::{Handle, Pointer, signed};

/// A structure in guest memory, from its first field on. Each field is aligned to its size.
#[derive(Debug)]
pub(crate) struct Fields<'m> {
    machine: &'m Machine,
    start: Pointer,
    offset: u64,
}

impl<'m> Fields<'m> {
    pub fn new(machine: &'m Machine, start: Pointer) -> Self {
        Self { machine, start, offset: 0 }
    }

    /// Where the next field of this size lies.
    fn next(&mut self, size: u64) -> Pointer {
        let offset = self.offset.next_multiple_of(size);
        self.offset = offset + size;
        self.start.at(offset)
    }

    pub fn u16(&mut self) -> Result<u16, Violation> {
        let at = self.next(2);
        self.machine.memory.array(at.0).map(u16::from_le_bytes)
    }

    pub fn u32(&mut self) -> Result<u32, Violation> {
        let at = self.next(4);
        self.machine.memory.array(at.0).map(u32::from_le_bytes)
    }

    pub fn i32(&mut self) -> Result<i32, Violation> {
        self.u32().map(u32::cast_signed)
    }

    pub fn pointer(&mut self) -> Result<Pointer, Violation> {
        let at = self.next(self.machine.mode().pointer_size());
        self.machine.pointer_at(at.0).map(Pointer)
    }

    pub fn handle(&mut self) -> Result<Handle, Violation> {
        self.long().map(|number| Handle(number.cast_unsigned()))
    }

    /// A LONG_PTR.
    pub fn long(&mut self) -> Result<i64, Violation> {
        self.pointer().map(|word| signed(self.machine.mode(), word.0))
    }
}
