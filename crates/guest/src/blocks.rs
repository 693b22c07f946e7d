//! The thread and the process block, which guest code reads directly (public symbols of ntdll: `_TEB`, `_PEB`).

use crate::layout::{self, Layout, Region};
use crate::mode::Mode;

/// The process's and the first thread's id. Any number will do, if only it is not 0: a guest compares them.
pub(crate) const PROCESS_ID: u32 = 0x20;
const THREAD_ID: u32 = 0x24;

/// Bytes of a thread block. Windows defines less; [`crate::context::TEB_CONTEXT`] lies at the end.
pub(crate) const TEB_SIZE: u64 = 0x3000;
/// Where a thread block has what its thread keeps besides: some for shims, the rest for native functions.
pub(crate) const STORAGE: u64 = 0x2f00;
/// Where a thread block holds the state of `rand`: what is kept there is not the state but its difference from 1, so that a zeroed block is a
/// generator that nobody has seeded.
pub(crate) const RANDOM: u64 = STORAGE + 0xe0;
/// Bytes of a process block.
pub(crate) const PEB_SIZE: u64 = 0x1000;

/// A field that is as wide as a pointer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    i386: u64,
    x86_64: u64,
}

impl Field {
    const fn at(i386: u64, x86_64: u64) -> Self {
        Self { i386, x86_64 }
    }

    /// Its offset.
    pub const fn offset(self, mode: Mode) -> u64 {
        mode.pick(self.i386, self.x86_64)
    }
}

/// Fields of the thread block.
pub(crate) mod teb {
    use super::Field;

    pub const STACK_BASE: Field = Field::at(0x04, 0x08);
    pub const STACK_LIMIT: Field = Field::at(0x08, 0x10);
    pub const SELF: Field = Field::at(0x18, 0x30);
    pub const PROCESS_ID: Field = Field::at(0x20, 0x40);
    pub const THREAD_ID: Field = Field::at(0x24, 0x48);
    pub const TLS_POINTER: Field = Field::at(0x2c, 0x58);
    pub const PEB: Field = Field::at(0x30, 0x60);
    /// 32 bits in both.
    pub const LAST_ERROR: Field = Field::at(0x34, 0x68);
}

/// Fields of the process block.
mod peb {
    use super::Field;

    pub const IMAGE_BASE: Field = Field::at(0x08, 0x10);
    pub const PROCESS_HEAP: Field = Field::at(0x18, 0x30);
    pub const NUMBER_OF_PROCESSORS: Field = Field::at(0x64, 0xb8);
}

/// The id of a thread: as on Windows a multiple of four.
pub(crate) fn thread_id(number: usize) -> u32 {
    THREAD_ID + 4 * u32::try_from(number).unwrap_or(0)
}

/// The values of the thread block of a thread.
pub(crate) fn thread_block(
    layout: &Layout,
    number: usize,
    teb: u64,
    peb: u64,
    tls: u64,
) -> [(Field, u64); 7] {
    let stack = layout.stack(number);
    [
        (teb::STACK_BASE, stack.end),
        (teb::STACK_LIMIT, stack.start),
        (teb::SELF, teb),
        (teb::PROCESS_ID, PROCESS_ID.into()),
        (teb::THREAD_ID, thread_id(number).into()),
        (teb::TLS_POINTER, tls),
        (teb::PEB, peb),
    ]
}

/// The values of the process block.
pub(crate) fn process_block(layout: &Layout) -> [(Field, u64); 3] {
    [
        (peb::IMAGE_BASE, layout::IMAGES.start),
        (peb::PROCESS_HEAP, layout[Region::Heap].start),
        (peb::NUMBER_OF_PROCESSORS, 1),
    ]
}
