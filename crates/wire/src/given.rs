//! What a worker is started with.

use std::ffi::CStr;

use crate::{BROUGHT_SIZE, FILES_SIZE};

/// The file name of its program.
pub const PROGRAM: &CStr = c"drvhost-worker";

/// Descriptor 0, a sealed file in memory: [`CHANNEL_SIZE`](crate::CHANNEL_SIZE) bytes that both sides map.
pub const CHANNEL: &CStr = c"drvhost channel";

/// Descriptor 1, a sealed file in memory: [`ARENA_SIZE`] bytes that the driver and the host map.
pub const ARENA: &CStr = c"drvhost arena";

/// Bytes of an arena. They are only used up as far as they are touched.
pub const ARENA_SIZE: usize = 256 << 20;

/// Descriptor 2, a file in memory: further images and their files ([`crate::Brought`]), and from [`DRIVER`] on the file of the driver that the worker is for.
pub const IMAGES: &CStr = c"drvhost images";

/// Where in the file of images the driver lies. The descriptor stands there.
pub const DRIVER: u64 = BROUGHT_SIZE as u64 + FILES_SIZE as u64;
