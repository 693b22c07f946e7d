//! MMIOINFO, packed to bytes in either width, which is all that there is of an open file but for where its bytes come from. It lies in guest memory, because I/O procedures are given
//! it, and its address is the file's handle (MS Learn: MMIOINFO).

use guest::{Machine, Mode, Violation};

use crate::abi::Pointer;
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

/// How long an MMIOINFO is.
pub(super) fn size(mode: Mode) -> u64 {
    // Seven pointers and eleven DWORDs.
    7 * pointer(mode) + 11 * DWORD
}

impl Info {
    /// The one at an address.
    pub fn read(machine: &Machine, at: Pointer) -> Result<Self, Violation> {
        let mut fields = Fields { machine, at: at.0 };
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
        let mut bytes = Vec::new();
        let pointer = usize::try_from(pointer(machine.mode())).unwrap_or(0);
        let mut put = |value: u64, size: usize| bytes.extend_from_slice(&value.to_le_bytes()[..size]);
        put(self.flags.into(), 4);
        put(self.io_proc_code.into(), 4);
        put(self.io_proc.0, pointer);
        put(self.error.into(), 4);
        // htask.
        put(0, pointer);
        put(self.buffer_len.into(), 4);
        for place in [self.buffer, self.next, self.end_read, self.end_write] {
            put(place.0, pointer);
        }
        put(self.buffer_offset.into(), 4);
        put(self.disk_offset.into(), 4);
        for own in self.own {
            put(own.into(), 4);
        }
        // dwReserved1 and dwReserved2.
        put(0, 8);
        put(handle.0, pointer);
        machine.memory.write(at.0, &bytes)
    }

    /// Where in the file the next byte is.
    pub fn position(&self) -> u32 {
        self.buffer_offset.wrapping_add(low(self.next.0.wrapping_sub(self.buffer.0)))
    }
}

/// Sets wErrorRet of one.
pub(super) fn set_error(machine: &Machine, at: Pointer, error: u32) -> Result<(), Violation> {
    machine.memory.write(at.at(2 * DWORD + pointer(machine.mode())).0, &error.to_le_bytes())
}

/// lDiskOffset of one, which I/O procedures keep.
pub(super) fn disk_offset(machine: &Machine, at: Pointer) -> Result<u32, Violation> {
    machine.memory.array(at.at(5 * DWORD + 6 * pointer(machine.mode())).0).map(u32::from_le_bytes)
}

const DWORD: u64 = 4;

fn pointer(mode: Mode) -> u64 {
    mode.pointer_size()
}

/// Reads fields one after the other.
struct Fields<'m> {
    machine: &'m Machine,
    at: u64,
}

impl Fields<'_> {
    fn u32(&mut self) -> Result<u32, Violation> {
        let value = self.machine.memory.array(self.at).map(u32::from_le_bytes)?;
        self.at += DWORD;
        Ok(value)
    }

    fn pointer(&mut self) -> Result<Pointer, Violation> {
        let value = self.machine.pointer_at(self.at).map(Pointer)?;
        self.at += pointer(self.machine.mode());
        Ok(value)
    }
}
