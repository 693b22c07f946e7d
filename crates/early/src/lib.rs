//! Begins the first worker before anything else in the program that needs it: before its C library and Rust's runtime have started, which takes 0.7 ms, and its arguments are read, which takes as long again.
//!
//! A program that is to do this is linked with [`drvhost_entry`] as its entry point (`crates/command/build.rs`). The worker begins where the arguments look like those of a command that is going to need one, and
//! [`take`] hands it over. It is begun as `sandbox` begins all others: the same program, arguments and descriptors, no environment, a process group of its own, the folder `/`. Where anything of that does
//! not work, nothing has happened: there is nothing to take, and the first worker is begun in the usual way, which says what is wrong.

mod begin;
mod entry;
mod system;

use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};

pub use entry::drvhost_entry;

/// The commands that run a driver in this process, whatever follows them, each with a NUL.
pub const RUN_DRIVERS: &[u8] = b"send\0decode\0encode\0probe\0play\0";

/// What such a command runs no driver with.
pub const UNLESS: &[u8] = b"--connect\0--help\0-h\0";

/// The worker's process; 0 where none has been begun, or somebody has taken it.
static PROCESS: AtomicI32 = AtomicI32::new(0);
/// This side's own descriptors of what the worker was given.
static DESCRIPTORS: [AtomicI32; 3] = [const { AtomicI32::new(-1) }; 3];

/// A worker that was begun.
#[derive(Debug)]
pub struct Begun {
    /// The process, a child of this one's that nobody has waited for.
    pub process: i32,
    /// What it was given ([`wire::given`]): channel, arena and images.
    pub descriptors: [OwnedFd; 3],
}

/// The worker that was begun, for whoever asks first.
#[must_use]
pub fn take() -> Option<Begun> {
    let process = PROCESS.swap(0, Ordering::Relaxed);
    (process != 0).then(|| Begun {
        process,
        descriptors: DESCRIPTORS.each_ref().map(|descriptor| {
            let number = descriptor.load(Ordering::Relaxed);
            // SAFETY: `begin::begin` has opened it before it named the process, nothing else knows its number, and only the first caller comes here.
            unsafe { OwnedFd::from_raw_fd(number) }
        }),
    })
}
