//! Guest memory, images, and entering and leaving guest code.
//!
//! The guest is the driver: its code, its memory and its view of the machine. This crate maps images, calls their functions with
//! the Windows calling convention, catches what they import and calls, and turns whatever goes wrong inside into a [`Fault`]
//! value. It knows no Win32 function: those come from the [`Host`] that the caller supplies.
//!
//! ```text
//! call() ── enter ──> guest code ── import thunk ── import ──> Host::import() ── call() ──> guest code ...
//!    ^                    │    ^                                      │
//!    │                    │    └──── Stop::Continue ──────────────────┤
//!    │                    ├───── fault: signal.rs ── Host::exception ─┤
//!    └──── leave <────────┴───────────────────────────────────────────┘
//! ```
//! Code of either [`Mode`] runs in the same process; a machine is for one of them.
//!
//! Guest code runs in this very address space and could write over anything here. What keeps that from mattering is that the process
//! holds nothing but the guest and has nothing to reach out with (crate `sandbox`); Rust's guarantees end where the guest breaks them.
//!
//! All guest addresses lie below 4 GiB (see [`layout`]), so that one arrangement serves drivers of both widths.

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("guest code is x86 and runs natively: this crate needs x86-64 Linux");

mod arguments;
mod blocks;
mod ceiling;
mod context;
pub mod cpu;
mod enter;
mod fault;
mod gate;
mod host_stack;
mod image;
pub mod layout;
mod memory;
mod mode;
mod natives;
mod pool;
mod pristine;
mod segments;
mod signal;
mod switch;
mod thread;
mod threads;
mod thunks;
mod x87;

pub use arguments::{Arguments, Return, Value};
pub use cpu::Cpu;
pub use enter::{Host, Stop, call};
pub use fault::{Access, Fault, FaultKind, Place};
pub use image::{Binding, Exported, LoadError, Module};
pub use memory::{Memory, Protection, Violation};
pub use mode::Mode;
pub use segments::Segments;
pub use thread::{Machine, Serving, StartError};
pub use threads::{POOL, meanwhile, start, wait_for_change, wait_for_turn};
