//! What can go wrong, whose doing it is, and what to try next.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Duration;

use crate::confinement;
use crate::host::Layer;
use crate::machine::Machine;
use crate::media::MediaError;
use crate::store::StoreError;

/// Who has to change something before it can work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Blame {
    /// Whoever called: a wrong argument, a file that is not there.
    Usage,
    /// The media file: damaged, or of a kind that no driver here reads.
    Media,
    /// The driver: not one, refuses, faults, does not answer.
    Driver,
    /// This machine: the sandbox, the disk, a missing package.
    Host,
    /// drvhost itself.
    Bug,
}

/// Where in an image a fault happened.
pub type Place = wire::Place;

/// Anything that this crate can fail with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No entry and no file has this name.
    #[error("no driver is known as `{name}`; looked for {looked}")]
    NoSuchDriver {
        /// What was asked for.
        name: String,
        /// Where it was looked for.
        looked: String,
    },
    /// The file is not a driver that can run here.
    #[error("{}: {why}", file.display())]
    NotADriver {
        /// The file.
        file: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// The file is for another machine than the one whose drivers are wanted.
    #[error("{}: it is {found}, and a driver for {wanted} was asked for", file.display())]
    OtherMachine {
        /// The file.
        file: PathBuf,
        /// What it is.
        found: String,
        /// The machine that was asked for.
        wanted: Machine,
    },
    /// The driver answered a message in a way that ends the matter.
    #[error("{driver} refused {message}: it answered {result}")]
    Refused {
        /// The driver's file name.
        driver: String,
        /// The message.
        message: String,
        /// Its answer, by name where it has one.
        result: String,
    },
    /// An audio codec failed whichever way its 64-bit structures were packed; this is how it failed at first.
    #[error(transparent)]
    EitherPacking(Box<Self>),
    /// The driver has no devices of a kind.
    #[error("{driver} exports no {entry}, so it has no devices of that kind")]
    NoEntry {
        /// The driver's file name.
        driver: String,
        /// The export that it lacks.
        entry: &'static str,
    },
    /// The driver has no device with this number.
    #[error("{driver} has no MIDI output device {device}; it has {count}, counted from 0")]
    NoSuchDevice {
        /// The driver's file name.
        driver: String,
        /// The number.
        device: u32,
        /// How many there are.
        count: usize,
    },
    /// The device plays no streams.
    #[error("MIDI output device {device} of {driver} does not say that it plays streams")]
    NoStreams {
        /// The driver's file name.
        driver: String,
        /// The device's number.
        device: u32,
    },
    /// The driver has a buffer and does not give it back.
    #[error("{driver} took a buffer with {message} and did not give it back within its deadline")]
    Kept {
        /// The driver's file name.
        driver: String,
        /// The message.
        message: String,
    },
    /// The driver played nothing in all of a song.
    #[error(
        "{driver} took the song and played nothing: it has opened no wave output device, or written nothing to it"
    )]
    NoSound {
        /// The driver's file name.
        driver: String,
    },
    /// None of the programs that play sound is there and does.
    #[error("nothing plays sound here: {said}")]
    NoPlayer {
        /// What became of each.
        said: String,
    },
    /// The driver answered a message with what cannot be.
    #[error("{driver} answers nonsense to {message}: {what}")]
    Nonsense {
        /// The driver's file name.
        driver: String,
        /// The message.
        message: String,
        /// What it answered.
        what: String,
    },
    /// No open instance has this handle.
    #[error("no open instance has the handle {0:#x}")]
    BadHandle(u64),
    /// The driver did not answer in time.
    #[error("{driver} did not come back from {message} within its deadline{}", if *.killed { "; its worker had to be killed" } else { "" })]
    Late {
        /// The driver's file name.
        driver: String,
        /// The message.
        message: String,
        /// Whether interrupting was not enough.
        killed: bool,
    },
    /// A thread of the driver's computes without end, or so it seems, where time goes on only when all wait.
    #[error(
        "a thread of {driver} has not come to rest within {within:.1?}, so its clock cannot go on{}",
        if *.killed { "; its worker had to be killed" } else { "" }
    )]
    NotAtRest {
        /// The driver's file name.
        driver: String,
        /// How long it had.
        within: Duration,
        /// Whether its worker had to be killed.
        killed: bool,
    },
    /// The session's clock is the world's, which nobody can have go on.
    #[error("the session's clock is not a virtual one")]
    NoVirtualClock,
    /// The driver was occupied with another message until the deadline of this one, which was not sent.
    #[error(
        "{message} could not be sent to {driver}: it was occupied with another message until the deadline"
    )]
    Busy {
        /// The driver's file name.
        driver: String,
        /// The message.
        message: String,
    },
    /// A driver has opened very many instances already and wants a further one.
    #[error(
        "{driver} cannot be opened: the driver that opens it has {most} instances open, and there may be no more"
    )]
    TooManyOpen {
        /// The file name of the driver that was to be opened.
        driver: String,
        /// How many there may be.
        most: usize,
    },
    /// The session has given out every handle there is.
    #[error("the session has no handle left: it has opened more than a hundred million instances")]
    NoHandles,
    /// The driver faulted.
    #[error("{driver} faulted in {message}: {fault}")]
    Faulted {
        /// The driver's file name.
        driver: String,
        /// The message.
        message: String,
        /// What happened and where.
        fault: wire::Fault,
    },
    /// The driver's worker is no more.
    #[error("{driver} died in {message}: its worker {how}")]
    Died {
        /// The driver's file name.
        driver: String,
        /// The message.
        message: String,
        /// How it ended, and in which function if that is known.
        how: String,
    },
    /// The session is ending or has ended.
    #[error("the session has ended")]
    SessionEnding,
    /// Something does not fit into the memory shared with a driver.
    #[error("{0} bytes do not fit into the memory shared with the driver")]
    TooLarge(u64),
    /// A media file could not be read or written.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// A driver cannot be installed, removed or brought over, or the store of installed drivers not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No driver reads this kind of media.
    #[error("no driver here reads {what}; looked for {looked}")]
    NoCodec {
        /// The fourcc or format tag.
        what: String,
        /// Where it was looked for.
        looked: String,
    },
    /// A driver does not make what was asked for, but other things.
    #[error("{driver} has no {wanted}; it has {there}")]
    NoSuchFormat {
        /// The driver's file name.
        driver: String,
        /// What was asked for.
        wanted: String,
        /// What it has instead.
        there: String,
    },
    /// The caller asked to stop before the end.
    #[error("stopped on request, before the end; the output is not complete")]
    Interrupted,
    /// A file could not be used.
    #[error("{}: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// A program that is needed for this is not installed.
    #[error("{program} is not installed, and {why}")]
    MissingProgram {
        /// Its name.
        program: &'static str,
        /// What it is needed for.
        why: &'static str,
    },
    /// The worker's program, its isolation or its memory could not be had.
    #[error("a worker could not be started: {0}")]
    Worker(String),
    /// The session wants all layers of the sandbox, and some are missing.
    #[error(
        "layers of the sandbox are missing, and nothing is to run without them: {}",
        confinement::words(missing)
    )]
    SandboxIncomplete {
        /// Those that are missing; the details say why.
        missing: Vec<Layer>,
    },
    /// Something that cannot happen did.
    #[error("a bug in drvhost: {0}")]
    Bug(String),
}

impl Error {
    /// Whose doing it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::NoSuchDriver { .. }
            | Self::NoSuchDevice { .. }
            | Self::NoSuchFormat { .. }
            | Self::OtherMachine { .. }
            | Self::BadHandle(_)
            | Self::SessionEnding
            | Self::NoVirtualClock
            | Self::Interrupted => Blame::Usage,
            Self::File { source, .. }
                if matches!(
                    source.kind(),
                    ErrorKind::NotFound | ErrorKind::IsADirectory | ErrorKind::InvalidData
                ) =>
            {
                Blame::Usage
            }
            Self::EitherPacking(first) => first.blame(),
            Self::Store(error) => error.blame(),
            Self::NotADriver { .. }
            | Self::Refused { .. }
            | Self::NoEntry { .. }
            | Self::NoStreams { .. }
            | Self::Kept { .. }
            | Self::NoSound { .. }
            | Self::Nonsense { .. }
            | Self::Late { .. }
            | Self::NotAtRest { .. }
            | Self::Busy { .. }
            | Self::TooManyOpen { .. }
            | Self::Died { .. } => Blame::Driver,
            Self::Faulted { fault, .. } if fault.kind == wire::FaultKind::Bug => Blame::Bug,
            Self::Faulted { .. } => Blame::Driver,
            Self::Media(MediaError::OutputName { .. }) => Blame::Usage,
            Self::Media(MediaError::Io { .. })
            | Self::File { .. }
            | Self::MissingProgram { .. }
            | Self::NoPlayer { .. }
            | Self::Worker(_)
            | Self::SandboxIncomplete { .. }
            | Self::NoHandles => Blame::Host,
            Self::Media(_) | Self::NoCodec { .. } | Self::TooLarge(_) => Blame::Media,
            Self::Bug(_) => Blame::Bug,
        }
    }

    /// What to try next, where something can be tried.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NoSuchDriver { .. } => Some(
                "`drvhost list` shows what is known; a file needs its path (`./name.dll`) or `--driver-path DIR`",
            ),
            Self::NoSuchFormat { .. } => Some(
                "behind the driver's name, `:` and a format choose another one; `ffmpeg -i IN -ar RATE -ac CHANNELS OUT.wav` converts sound",
            ),
            Self::OtherMachine { .. } => Some("without `--machine` the file's own machine counts"),
            Self::Late { .. } | Self::NotAtRest { .. } | Self::Busy { .. } | Self::Kept { .. } => {
                Some("`--deadline TIME` gives it longer (5s unless given), `--deadline 0` for ever")
            }
            Self::EitherPacking(_) => Some(
                "both packings of ACM structures were tried; `--quirk acm-natural` and `--quirk acm-packed` try one alone",
            ),
            Self::Store(error) => error.advice(),
            Self::NotADriver { .. } | Self::NoEntry { .. } => {
                Some("`drvhost info FILE` says what the file is")
            }
            Self::NoSound { .. } => Some(
                "`--device N` chooses another of its devices; if it lacks files, `--allow-read DIR` grants them; `--trace FILE` writes down what it called",
            ),
            Self::NoPlayer { .. } => Some(
                "Debian has pw-play in pipewire-bin, paplay in pulseaudio-utils and aplay in alsa-utils; `-o OUT.wav` writes a file",
            ),
            Self::NoSuchDevice { .. } => Some("`drvhost info FILE` lists the devices"),
            Self::NoCodec { .. } => Some(
                "Debian's packages libwine and libwine:i386 bring drivers for common formats; `--driver FILE` names one, `--driver-path DIR` a place to look",
            ),
            Self::Faulted { .. } | Self::Died { .. } => {
                Some("`--trace FILE` writes down every message up to this one")
            }
            Self::MissingProgram { .. } => Some("Debian has it in the package of the same name"),
            Self::Worker(_) => {
                Some("`drvhost-worker` must lie beside `drvhost` and be executable; `-vv` says more")
            }
            Self::SandboxIncomplete { missing } => Some(confinement::advice(missing)),
            Self::Bug(_) => Some("please report it, with the command line and the output of `-vv`"),
            _ => None,
        }
    }
}
