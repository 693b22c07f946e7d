//! Worker processes: spawning them, taking everything away from them, and sharing memory with them.
//!
//! The host side uses [`Spawner`], [`Child`] and [`SharedMemory`]. The worker side calls, in this order and before it
//! runs any byte of a driver, [`isolate::leave`], [`isolate::confine`], then [`filter::Stage::Loading`], and once the driver's image is in place
//! [`filter::Stage::Running`]. Each layer holds alone; `tests/layers.rs` tries each alone.
//!
//! This crate wraps one system call at a time in a safe function. It knows nothing about drivers.

pub mod addresses;
mod child;
pub mod filter;
pub mod futex;
pub mod heap;
pub mod isolate;
pub mod memory;
mod priority;
pub mod processors;
mod shared;
mod spawn;
pub mod speculation;
pub mod template;
mod terms;
mod title;

pub use child::{Child, Ended};
pub use priority::prefer_this_thread;
pub use shared::{MEMORY_FILE, SEALS, SharedError, SharedMemory, driver_in, memory_file};
pub use spawn::{SpawnError, Spawner, WORKER_DESCRIPTORS};
pub use terms::Terms;
pub use title::{NOBODY_YET, TEMPLATE, show_name};

use std::io;

/// The last system call's error as a value, for the `-1` that libc functions answer.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
