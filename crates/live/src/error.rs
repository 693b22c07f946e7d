//! What an instrument can fail with.

use std::io::ErrorKind;

use drvhost::Blame;

use crate::program::Program;

/// Why there is no instrument.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The driver's doing, or the library's.
    #[error(transparent)]
    Driver(#[from] drvhost::Error),
    /// JACK's client library is not installed.
    #[error("JACK's library cannot be loaded: {0}")]
    NoLibrary(String),
    /// No server answers.
    #[error("no JACK server answers{}", server())]
    NoServer,
    /// The server refuses something.
    #[error("JACK: {0}")]
    Jack(String),
    /// ALSA's sequencer cannot be opened.
    #[error("ALSA's sequencer, /dev/snd/seq, cannot be used: {0}")]
    NoSequencer(std::io::Error),
    /// ALSA cannot play.
    #[error("ALSA cannot play on the PCM `{pcm}`: {source}")]
    NoPcm {
        /// Its name.
        pcm: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The program with the sound system cannot be started.
    #[error("`{}`, the program that plays through {}, cannot be started: {source}", program.file, program.system)]
    NoProgram {
        /// Which one.
        program: Program,
        /// Why not.
        source: std::io::Error,
    },
    /// It died or faulted too often.
    #[error("{driver} has failed {failures} times within {} minutes; at last: {last}", crate::failures::MEMORY.as_secs() / 60)]
    GaveUp {
        /// The driver's file name.
        driver: String,
        /// How often.
        failures: usize,
        /// What it was.
        last: Box<drvhost::Error>,
    },
    /// No thread could be started.
    #[error("a thread could not be started: {0}")]
    Thread(std::io::Error),
}

/// The server that is meant, if it is another than usual.
fn server() -> String {
    let name = std::env::var("JACK_DEFAULT_SERVER").unwrap_or_default();
    if name.is_empty() { String::new() } else { format!(" by the name `{name}` (JACK_DEFAULT_SERVER)") }
}

impl Error {
    /// Who is to blame.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Driver(error) => error.blame(),
            Self::GaveUp { .. } => Blame::Driver,
            Self::NoLibrary(_)
            | Self::NoServer
            | Self::Jack(_)
            | Self::NoSequencer(_)
            | Self::NoPcm { .. }
            | Self::NoProgram { .. }
            | Self::Thread(_) => Blame::Host,
        }
    }

    /// What to try next.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Driver(error) => error.advice(),
            Self::GaveUp { last, .. } => last.advice(),
            Self::NoLibrary(_) => Some(
                "install `pipewire-jack` and start this with `pw-jack` before it, or install `libjack-jackd2-0` where jackd runs",
            ),
            Self::NoServer => Some(
                "start one, such as `jackd -d alsa`; where PipeWire runs, start this with `pw-jack` before it; where neither does, `--system alsa`",
            ),
            Self::NoSequencer(error) if error.kind() == ErrorKind::PermissionDenied => {
                Some("it is for the group `audio`, and for whoever sits at the computer")
            }
            Self::NoSequencer(_) => Some(
                "load the kernel's sequencer: `modprobe snd-seq`; a container needs its host's /dev/snd as well",
            ),
            Self::NoPcm { source, .. } if source.kind() == ErrorKind::ResourceBusy => {
                Some("another program plays there; `aplay -L` lists what `--pcm` can name")
            }
            Self::NoPcm { .. } => Some("`aplay -L` lists what `--pcm` can name"),
            Self::NoProgram { program, .. } => Some(program.advice),
            Self::Jack(_) | Self::Thread(_) => None,
        }
    }
}
