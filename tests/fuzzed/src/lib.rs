//! What is fuzzed: a function for each target, which takes any bytes and panics where something does not hold that must hold for all bytes.
//!
//! `fuzz/` calls these with what libFuzzer makes up, and the tests (`tests/replay.rs`) with what is kept in `fuzz/seeds` and `fuzz/regressions`. What each of them
//! asserts, besides that nothing panics or runs away: what comes out is bounded by what went in, places lie inside of what they are places in, and
//! what can be written again is read back as it was.
#![forbid(unsafe_code)]

mod dbus;
mod images;
mod media;
mod resources;
mod songs;
mod texts;
mod tree;
mod wants;
mod wires;

pub use dbus::dbus;
pub use images::{pe, version};
pub use media::{avi, bitmap, wav};
pub use resources::resources;
pub use songs::midi;
pub use texts::{ini, manifest, reg};
pub use tree::resource_directory;
pub use wants::wants;
pub use wires::{ring, to_host, to_worker};

/// A target's name, which is that of its folders and of its program, and its function.
pub type Target = (&'static str, fn(&[u8]));

macro_rules! targets {
    ($($name:ident)*) => {
        /// All of them.
        pub const TARGETS: &[Target] = &[$((stringify!($name), $name)),*];
    };
}

targets! { pe version resources to_host to_worker ring wants avi wav bitmap midi reg ini manifest dbus }
