//! Where guest memory lies.
//!
//! Everything is below 2 GiB: 32-bit code reaches all of it, and an address is positive in either width. The regions are
//! reserved before the system-call filter is installed; none of them ever moves or grows.

use std::ops::Range;

/// Size of a page.
pub const PAGE: u64 = 0x1000;

/// Alignment of images and of reservations, as on Windows (`dwAllocationGranularity`).
pub const GRANULARITY: u64 = 0x1_0000;

/// The driver that the process was started for. Begins where linkers put programs, as old drivers without relocations may want to lie.
pub const IMAGES: Range<u64> = 0x40_0000..0x2000_0000;

/// Import thunks: readable and executable.
pub const THUNKS: Range<u64> = 0x2000_0000..0x2004_0000;

/// Functions that 32-bit guest code calls without leaving its mode: readable and executable.
pub const NATIVES: Range<u64> = 0x2004_0000..0x2005_0000;

/// Thread and process blocks, and data that shims lend to the guest.
pub const SYSTEM: Range<u64> = 0x2010_0000..0x2100_0000;

/// The stack, growing down; the first megabyte below it stays unmapped, so that a frame of any usual size that runs over
/// its end faults there.
pub const STACK: Range<u64> = 0x2200_0000..0x2220_0000;

/// The unmapped space under [`STACK`] in which a fault counts as a stack overflow.
pub const STACK_GUARD: Range<u64> = 0x2100_0000..0x2200_0000;

/// The stack of a thread; number 0 is the one that serves requests.
#[must_use]
pub fn stack(number: usize) -> Range<u64> {
    match number as u64 {
        0 => STACK,
        number => THREADS.start + number * THREAD - THREAD_STACK..THREADS.start + number * THREAD,
    }
}

/// The unmapped space under a thread's stack.
#[must_use]
pub fn stack_guard(number: usize) -> Range<u64> {
    match number as u64 {
        0 => STACK_GUARD,
        number => THREADS.start + (number - 1) * THREAD..THREADS.start + number * THREAD - THREAD_STACK,
    }
}

/// What the host hands over for images that come while guest code runs already, as it is: [`BROUGHT`]'s contents, then the files.
pub const PRISTINE: Range<u64> = 0x2400_0000..0x2c00_0000;

/// Those images. All of it may be run and nothing written at first; pages that are to be written lose the right to be run for good,
/// so that no page ever has code which the host has not put there.
pub const BROUGHT: Range<u64> = 0x2c00_0000..0x3000_0000;

/// What HeapAlloc and its kin hand out. Pages cost nothing until they are touched.
pub const HEAP: Range<u64> = 0x3000_0000..0x6c00_0000;

/// The stacks of further threads, and the unmapped space under each.
pub const THREADS: Range<u64> = 0x6c00_0000..0x7000_0000;

/// Of [`THREADS`], what each thread has, and how much of it is its stack.
const THREAD: u64 = 0x20_0000;
const THREAD_STACK: u64 = 0x10_0000;

// Each thread of the pool has its part.
const _: () = assert!(THREADS.start + crate::threads::POOL as u64 * THREAD <= THREADS.end);

/// Where the memory that host and worker share is mapped; the host decides how much of it there is.
pub const ARENA: Range<u64> = 0x7000_0000..0x8000_0000;

/// Where the regions begin.
pub(crate) const STARTS: [u64; 9] = [
    IMAGES.start,
    THUNKS.start,
    NATIVES.start,
    SYSTEM.start,
    PRISTINE.start,
    BROUGHT.start,
    HEAP.start,
    THREADS.start,
    ARENA.start,
];

/// The end of what a 32-bit pointer reaches; code at or above it is the worker's own.
pub const GUEST_END: u64 = 1 << 32;

/// `size` rounded up to whole pages; `None` when that is past the end of numbers.
#[must_use]
pub fn page_round(size: u64) -> Option<u64> {
    size.checked_next_multiple_of(PAGE)
}
