//! Many files: which of them are media, what their outputs are called, and a manifest of what became of each, by which a second run passes over
//! what is done.

mod find;
mod manifest;
mod names;

pub use find::{Input, Shelf};
pub use manifest::{Line, Manifest, Stamp, text_of};
pub use names::Names;

/// How much memory is kept between files.
const KEPT: usize = 64 << 20;

/// For a program that is about to decode many files: has memory that was used for one kept for the next. For all of the process.
pub fn keep_memory() {
    sandbox::heap::keep_freed(KEPT);
}
