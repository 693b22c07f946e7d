//! drvhost's behaviour, through the real worker and on real drivers. Tests are named by the statement that they are about
//! (C001, ... in the interface's specification).
#![forbid(unsafe_code)]

mod acm;
mod addresses;
mod announcements;
mod catalogue;
mod cli;
mod clock;
mod copies;
mod decode;
mod early;
mod encode;
mod environments;
mod escapes;
mod exceptions;
mod files;
mod floods;
mod fuzz_seeds;
mod hostile;
mod images;
mod jumps;
mod kinds;
mod lame;
mod layers;
mod lies;
mod messages;
mod mutants;
mod names;
mod nested;
mod open_close;
mod other_users;
mod play;
mod probe;
mod queue;
mod races;
mod reach;
mod real_drivers;
mod registry;
mod sandbox;
mod segments;
mod service;
mod service_instruments;
mod service_logind;
mod service_systemd;
mod session_end;
mod shelf;
mod signals;
mod soak;
mod sound;
mod startup;
mod store;
mod sudden_ends;
mod survey;
mod synth;
mod synth_alsa;
mod synth_live;
mod threads;
mod tidy;
mod vfw;

mod windows;
mod winmm;

use drvhost_tests::TOOLS;

/// Where all is to be tested, nothing may be left out silently.
#[test]
fn everything_is_here_in_ci() {
    let missing: Vec<_> = TOOLS.iter().filter(|(_, there)| !there).map(|(package, _)| *package).collect();
    let ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
    assert!(!ci || missing.is_empty(), "not installed: {}", missing.join(", "));
}
