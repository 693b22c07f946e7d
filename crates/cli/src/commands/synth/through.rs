//! Which sound system plays an instrument. That of ALSA's is in a program of its own, because ALSA's library is linked when a program is built.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use live::{Error, Jack, Live, Settings, System};

use crate::args::Through;

/// The program that is this command with ALSA.
const PROGRAM: &str = "drvhost-alsa";

/// Starts an instrument. Where ALSA is to play it and this program has no `alsa`, the one that has becomes this process, with the same arguments. That one plays through ALSA
/// whenever it may.
pub fn start(settings: Settings, through: Through, alsa: Option<&dyn System>) -> Result<Live, Error> {
    match (through, alsa) {
        (Through::Alsa | Through::Auto, Some(alsa)) => Live::start(settings, alsa),
        (Through::Alsa, None) => Err(become_it()),
        (Through::Jack, _) => Live::start(settings, &Jack),
        (Through::Auto, None) => match Live::start(settings, &Jack) {
            Err(error @ (Error::NoServer | Error::NoLibrary(_))) if program().is_file() => {
                tracing::warn!("{error}; so ALSA plays, because `{PROGRAM}` is there");
                Err(become_it())
            }
            started => started,
        },
    }
}

/// Where it should be: beside this program.
fn program() -> PathBuf {
    std::env::current_exe().unwrap_or_default().with_file_name(PROGRAM)
}

/// Answers only if that fails.
fn become_it() -> Error {
    let program = program();
    if !program.is_file() {
        return Error::NoAlsa(io::Error::other(format!("there is no {}", program.display())));
    }
    Error::NoAlsa(Command::new(program).args(std::env::args_os().skip(1)).exec())
}
