//! Many files: which of them are media, what their outputs are called, and a manifest of what became of each, by which a second run passes over
//! what is done.

mod find;
mod manifest;
mod names;

pub use find::{Input, Shelf};
pub use manifest::{Line, Manifest, Stamp, text_of};
pub use names::Names;
