//! What the behaviour tests in `suite/` are written with: sessions whose every message can be looked at, drivers that do as they are told,
//! the command, and what plays the [conformance] suite's scripts.
//!
//! A message is looked at from both sides: [`Rig::calls`] is what the host says that it sent, [`Log`] what the driver says that it got.

mod acts;
mod avi;
mod cli;
pub mod conformance;
mod folder;
mod log;
mod process;
mod rig;
mod running;
mod scribble;
mod seen;
mod sequence;

use std::path::{Path, PathBuf};

pub use acts::*;
pub use avi::{Avi, Chunk, Colour};
pub use cli::Cli;
pub use folder::Folder;
pub use log::{Entry, Log};
pub use process::{status, wait_for_no_worker, workers};
pub use rig::{Call, Rig, calls_in, driver_file};
pub use running::{Ended, Running};
pub use scribble::Scribble;
pub use seen::{Seen, encoded};
pub use sequence::Sequence;

/// What tests need besides Rust: Debian's package for each, and whether it was there when this was compiled.
pub const TOOLS: &[(&str, bool)] = &[
    ("gcc-mingw-w64-x86-64-win32", !cfg!(no_mingw)),
    ("libwine", !cfg!(no_wine)),
    ("wine64", !cfg!(no_wine64)),
    ("ffmpeg", !cfg!(no_ffmpeg)),
];

/// The machine that drivers are tested for, as `build.rs` names it.
const MACHINE: &str = "x86_64";

/// The file of a test driver: `drivers/NAME.c`, compiled.
#[must_use]
pub fn driver(name: &str) -> PathBuf {
    Path::new(env!("OUT_DIR")).join(MACHINE).join(name).with_extension("dll")
}

/// The program that opens drivers under Wine as it is told: `wine/player.c`, compiled.
#[must_use]
pub fn player() -> PathBuf {
    Path::new(env!("OUT_DIR")).join(MACHINE).join("wine/player.exe")
}

/// A program that cargo has built: beside the running test, or one folder up.
///
/// # Panics
/// When it is not there.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("the running program has a path");
    let mut places = own.ancestors().skip(1).take(2).map(|folder| folder.join(name));
    places
        .find(|place| place.is_file())
        .unwrap_or_else(|| panic!("`{name}` is not built; `cargo build` makes it"))
}

/// A test that uses drivers from `drivers/`.
#[macro_export]
macro_rules! spy_test {
    ($(#[$meta:meta])* $name:ident, $test:expr) => {
        $(#[$meta])*
        #[test]
        #[cfg_attr(no_mingw, ignore = "needs gcc-mingw-w64-x86-64-win32")]
        fn $name() {
            let test: fn() = $test;
            test();
        }
    };
}

/// A test that uses Wine's drivers, and perhaps those from `drivers/`.
#[macro_export]
macro_rules! wine_test {
    ($(#[$meta:meta])* $name:ident, $test:expr) => {
        $(#[$meta])*
        #[test]
        #[cfg_attr(any(no_mingw, no_wine), ignore = "needs libwine and gcc-mingw-w64-x86-64-win32")]
        fn $name() {
            let test: fn() = $test;
            test();
        }
    };
}

/// A test that uses Wine's drivers on media made by ffmpeg, and perhaps drivers from `drivers/`.
#[macro_export]
macro_rules! media_test {
    ($(#[$meta:meta])* $name:ident, $test:expr) => {
        $(#[$meta])*
        #[test]
        #[cfg_attr(
            any(no_mingw, no_wine, no_ffmpeg),
            ignore = "needs ffmpeg, libwine and gcc-mingw-w64-x86-64-win32"
        )]
        fn $name() {
            let test: fn() = $test;
            test();
        }
    };
}
