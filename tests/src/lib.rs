//! What the behaviour tests in `suite/` are written with: sessions whose every message can be looked at, drivers that do as they are told,
//! the command, and what plays the [conformance] suite's scripts.
//!
//! A message is looked at from both sides: [`Rig::calls`] is what the host says that it sent, [`Log`] what the driver says that it got.

mod acts;
mod alsa;
mod avi;
mod bus;
mod cli;
pub mod conformance;
mod folder;
mod generated;
mod heard;
mod jack;
mod log;
mod machine;
mod midisynth;
mod notice;
mod odml;
mod process;
pub mod reach;
mod rig;
mod running;
mod scribble;
mod seen;
mod sequence;
mod smf;
pub mod survey;
mod tone;
mod tried;

use std::path::PathBuf;

pub use acts::*;
pub use alsa::Alsa;
pub use avi::{Avi, Chunk, Colour};
pub use bus::{Bus, Client, Logind, Refused, Supervisor, wait_until};
pub use cli::Cli;
pub use drvhost::Machine;
pub use folder::Folder;
pub use generated::Generated;
pub use heard::{amount, frequency, heard, melody, onsets};
pub use jack::Jack;
pub use log::{Entry, Log};
pub use machine::{driver, lame, long, lparams, pick, registry};
pub use midisynth::{MidiSynth, RATE};
pub use notice::{NOTICE, without_notice};
pub use odml::LongFilm;
pub use process::{Held, all_workers, signal_worker, status, templates, wait_for_no_worker, workers};
pub use rig::{Call, Rig, calls_in, driver_file, lines_in};
pub use running::{Ended, Running};
pub use scribble::Scribble;
pub use seen::{Seen, encoded};
pub use sequence::Sequence;
pub use smf::{Smf, SmfTrack};
pub use tone::{TONE_RATE, tone};
pub use tried::{ENCODERS, Encoder, LAME_SNR, RUN_LENGTHS_PSNR, TRIED, Tried, table_of_drivers};

/// What tests need besides Rust: Debian's packages for it, and whether it was there when this was compiled.
pub const TOOLS: &[(&str, bool)] = &[
    ("gcc and g++ of mingw-w64 for x86-64 and i686", !cfg!(no_mingw)),
    ("libwine", !cfg!(no_wine)),
    ("libwine for i386, by scripts/fetch", !cfg!(no_wine_i386)),
    ("wine64", !cfg!(no_wine64)),
    ("LAME's driver, by scripts/fetch and scripts/lame", !cfg!(no_lame)),
    ("ffmpeg", !cfg!(no_ffmpeg)),
    ("dbus", !cfg!(no_dbus)),
    ("python3-dbusmock", !cfg!(no_dbusmock)),
    ("systemd, for busctl", !cfg!(no_busctl)),
    ("jackd2", !cfg!(no_jackd)),
    ("libasound2-dev and libasound2-plugins", !cfg!(no_alsa)),
];

/// The layers of a worker's isolation, as they are told.
pub const LAYERS: [&str; 9] = [
    "namespaces",
    "privileges",
    "landlock",
    "speculation",
    "descriptors",
    "limits",
    "memory",
    "seccomp",
    "addresses",
];

/// The number of the ordinary user that `without root` makes of root: nobody's account on any system.
pub const ORDINARY_USER: u32 = 54_321;

/// The program that opens drivers under Wine as it is told: `wine/player.c`, compiled.
#[must_use]
pub fn player() -> PathBuf {
    driver(Machine::X86_64, "wine/player").with_extension("exe")
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

/// A test that is ignored where what it needs is missing. With the machine as its parameter it is two tests, `NAME::x86_64` and `NAME::i386`,
/// and one with `|machine: I386|`.
#[doc(hidden)]
#[macro_export]
macro_rules! driver_test {
    ($needs:meta; $name:ident, || $test:expr) => {
        #[test]
        #[$needs]
        fn $name() {
            $test;
        }
    };
    ($needs:meta; $name:ident, |$machine:ident: $only:ident| $test:expr) => {
        #[test]
        #[$needs]
        fn $name() {
            let $machine = $crate::Machine::$only;
            $test;
        }
    };
    ($needs:meta; $name:ident, |$machine:ident| $test:expr) => {
        fn $name($machine: $crate::Machine) {
            $test;
        }

        mod $name {
            #[test]
            #[$needs]
            fn x86_64() {
                super::$name($crate::Machine::X86_64);
            }

            #[test]
            #[$needs]
            fn i386() {
                super::$name($crate::Machine::I386);
            }
        }
    };
}

/// A test that uses drivers from `drivers/`: `spy_test!(name, |machine| ...)`, `|machine: I386|` for drivers of that one only,
/// or `||` where it makes no difference.
#[macro_export]
macro_rules! spy_test {
    ($($test:tt)*) => {
        $crate::driver_test! { cfg_attr(no_mingw, ignore = "needs mingw-w64 for x86-64 and i686"); $($test)* }
    };
}

/// A test that serves drivers from `drivers/` on a bus of its own.
#[macro_export]
macro_rules! bus_test {
    ($($test:tt)*) => {
        $crate::driver_test! {
            cfg_attr(any(no_mingw, no_dbus), ignore = "needs dbus, and mingw-w64 for x86-64 and i686");
            $($test)*
        }
    };
}

/// The same with busctl.
#[macro_export]
macro_rules! busctl_test {
    ($($test:tt)*) => {
        $crate::driver_test! {
            cfg_attr(
                any(no_mingw, no_dbus, no_busctl),
                ignore = "needs dbus, systemd for busctl, and mingw-w64 for x86-64 and i686"
            );
            $($test)*
        }
    };
}

/// The same with python-dbusmock as logind.
#[macro_export]
macro_rules! logind_test {
    ($($test:tt)*) => {
        $crate::driver_test! {
            cfg_attr(
                any(no_mingw, no_dbus, no_dbusmock),
                ignore = "needs dbus, python3-dbusmock, and mingw-w64 for x86-64 and i686"
            );
            $($test)*
        }
    };
}

/// A test that plays drivers from `drivers/` on a JACK server of its own.
#[macro_export]
macro_rules! jack_test {
    ($($test:tt)*) => {
        $crate::driver_test! {
            cfg_attr(any(no_mingw, no_jackd), ignore = "needs jackd2, and mingw-w64 for x86-64 and i686");
            $($test)*
        }
    };
}

/// A test that plays drivers from `drivers/` through the service, with a bus and a JACK server of its own.
#[macro_export]
macro_rules! instrument_test {
    ($($test:tt)*) => {
        $crate::driver_test! {
            cfg_attr(
                any(no_mingw, no_dbus, no_jackd),
                ignore = "needs dbus, jackd2, and mingw-w64 for x86-64 and i686"
            );
            $($test)*
        }
    };
}

/// A test that plays drivers from `drivers/` through ALSA, on a JACK server of its own.
#[macro_export]
macro_rules! alsa_test {
    ($($test:tt)*) => {
        $crate::driver_test! {
            cfg_attr(
                any(no_mingw, no_jackd, no_alsa),
                ignore = "needs libasound2-dev, libasound2-plugins, jackd2, and mingw-w64 for x86-64 and i686"
            );
            $($test)*
        }
    };
}

/// A test that uses Wine's drivers, and perhaps those from `drivers/`.
#[macro_export]
macro_rules! wine_test {
    ($($test:tt)*) => {
        $crate::driver_test! {
            cfg_attr(
                any(no_mingw, no_wine, no_wine_i386),
                ignore = "needs libwine, that for i386 by scripts/fetch, and mingw-w64 for x86-64 and i686"
            );
            $($test)*
        }
    };
}

/// A test that runs the survey driver here and under Wine.
#[macro_export]
macro_rules! survey_test {
    ($($test:tt)*) => {
        $crate::driver_test! {
            cfg_attr(
                any(no_mingw, no_wine, no_wine_i386, no_wine64),
                ignore = "needs wine64, libwine, that for i386 by scripts/fetch, and mingw-w64 for x86-64 and i686"
            );
            $($test)*
        }
    };
}

/// A test that uses LAME's driver, on media made by ffmpeg.
#[macro_export]
macro_rules! lame_test {
    ($($test:tt)*) => {
        $crate::driver_test! {
            cfg_attr(
                any(no_lame, no_ffmpeg),
                ignore = "needs ffmpeg, and LAME's driver by scripts/fetch and scripts/lame"
            );
            $($test)*
        }
    };
}

/// A test that uses Wine's drivers on media made by ffmpeg, and perhaps drivers from `drivers/`.
#[macro_export]
macro_rules! media_test {
    ($($test:tt)*) => {
        $crate::driver_test! {
            cfg_attr(
                any(no_mingw, no_wine, no_wine_i386, no_ffmpeg),
                ignore = "needs ffmpeg, libwine, that for i386 by scripts/fetch, and mingw-w64 for x86-64 and i686"
            );
            $($test)*
        }
    };
}
