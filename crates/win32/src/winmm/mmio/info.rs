//! MMIOINFO, which is all that there is of an open file but for where its bytes come from. It lies in guest memory, because I/O procedures are given
//! it, and its address is the file's handle (MS Learn: MMIOINFO).

use guest::{Machine, Mode, Violation};

use crate::abi::Pointer;
use crate::kernel32::fields::Fields;
use crate::kernel32::record::Record;
use crate::winmm::low;

/// MMIOINFO, as far as anybody uses it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Info {
    pub flags: u32,
    pub io_proc_code: u32,
    pub io_proc: Pointer,
    pub error: u32,
    pub buffer_len: u32,
    pub buffer: Pointer,
    /// The next byte to be read or written.
    pub next: Pointer,
    /// Behind the last one that can be read.
    pub end_read: Pointer,
    /// Behind the last one that can be written.
    pub end_write: Pointer,
    /// Where in the file the buffer begins.
    pub buffer_offset: u32,
    /// Where in the file its own position is.
    pub disk_offset: u32,
    pub own: [u32; 3],
}

/// Where fields lie that are changed alone, and how long all is.
struct Layout {
    error: u64,
    disk_offset: u64,
    len: usize,
}

fn layout(mode: Mode) -> Layout {
    match mode {
        Mode::I386 => Layout { error: 12, disk_offset: 44, len: 72 },
        Mode::X86_64 => Layout { error: 16, disk_offset: 76, len: 112 },
    }
}

/// How long an MMIOINFO is.
pub(super) fn size(mode: Mode) -> usize {
    layout(mode).len
}

impl Info {
    /// The one at an address.
    pub fn read(machine: &Machine, at: Pointer) -> Result<Self, Violation> {
        let mut fields = Fields::new(machine, at);
        let info = Self {
            flags: fields.u32()?,
            io_proc_code: fields.u32()?,
            io_proc: fields.pointer()?,
            error: fields.u32()?,
            ..Self::default()
        };
        // htask.
        fields.pointer()?;
        Ok(Self {
            buffer_len: fields.u32()?,
            buffer: fields.pointer()?,
            next: fields.pointer()?,
            end_read: fields.pointer()?,
            end_write: fields.pointer()?,
            buffer_offset: fields.u32()?,
            disk_offset: fields.u32()?,
            own: [fields.u32()?, fields.u32()?, fields.u32()?],
            ..info
        })
    }

    /// Writes it to an address, for the file with this handle.
    pub fn write(&self, machine: &Machine, at: Pointer, handle: Pointer) -> Result<(), Violation> {
        let record = Record::new(machine.mode()).u32(self.flags).u32(self.io_proc_code);
        let record = record.pointer(self.io_proc.0).u32(self.error).pointer(0).u32(self.buffer_len);
        let pointers = [self.buffer, self.next, self.end_read, self.end_write];
        let record = pointers.iter().fold(record, |record, pointer| record.pointer(pointer.0));
        let record = record.u32(self.buffer_offset).u32(self.disk_offset);
        let record = self.own.iter().fold(record, |record, &own| record.u32(own));
        machine.memory.write(at.0, &record.u32(0).u32(0).pointer(handle.0).finish())
    }

    /// Where in the file the next byte is.
    pub fn position(&self) -> u32 {
        self.buffer_offset.wrapping_add(low(self.next.0.wrapping_sub(self.buffer.0)))
    }
}

/// Sets wErrorRet of one.
pub(super) fn set_error(machine: &Machine, at: Pointer, error: u32) -> Result<(), Violation> {
    machine.memory.write(at.at(layout(machine.mode()).error).0, &error.to_le_bytes())
}

/// lDiskOffset of one, which I/O procedures keep.
pub(super) fn disk_offset(machine: &Machine, at: Pointer) -> Result<u32, Violation> {
    machine.memory.array(at.at(layout(machine.mode()).disk_offset).0).map(u32::from_le_bytes)
}
