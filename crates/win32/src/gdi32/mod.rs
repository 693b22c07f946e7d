//! gdi32.dll on a device without pixels: objects and their state are as Windows has them, and nothing is drawn.

#![allow(non_snake_case, reason = "Win32's own names")]

mod bitmap;
mod context;
mod draw;
mod exports;
mod font;
mod object;
#[cfg(test)]
mod tests;

pub(crate) use bitmap::bitmap_of;
pub(crate) use context::{DeleteDC, is_dc, new_dc};
pub(crate) use exports::LIBRARY;
pub(crate) use font::text_size;
pub(crate) use object::{State, WHITE_BRUSH};
