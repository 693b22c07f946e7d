//! What can be typed. Help, completions and the manual derive from these declarations.

mod decode;
mod encode;
mod install;
mod play;
mod probe;
mod reading;
mod sandbox;
mod synth;

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use drvhost::{Pace, Sound};

pub use decode::Decode;
pub use encode::{Encode, StateCommand};
pub use install::{Import, Install};
pub use play::Play;
pub use probe::Probe;
pub use sandbox::RequireSandbox;
pub use synth::{Synth, Through};

/// Runs Windows installable drivers (Video-for-Windows and ACM codecs, MIDI synths) on Linux: natively, each in a sandboxed worker
/// process, from DRV_LOAD to DRV_EXITSESSION.
#[derive(Debug, Parser)]
#[command(name = "drvhost", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Args {
    /// What goes before or after the command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  nothing found to do
  2  usage: a wrong argument, a missing file
  3  media: damaged, or no driver for it
  4  driver: not a driver, for another machine than i386 and x86_64, refuses, faults, late
  5  host: sandbox, disk, missing package
  6  a bug in drvhost";

/// Options of every command.
#[derive(Debug, clap::Args)]
pub struct Global {
    /// How long a driver has for each message, and all drivers together for the broadcast of a session's end: `5s`, `500ms`, `2m`; 0: for ever
    #[arg(long, global = true, value_name = "TIME", default_value = "5s", value_parser = parse_time)]
    pub deadline: Duration,
    /// How much processor time each driver's worker may use in all, before it is ended: whole seconds, rounded up; 0: as much as it likes
    #[arg(long, global = true, value_name = "TIME", default_value = "0", value_parser = parse_time)]
    pub processor_time: Duration,
    /// Write every DriverProc call to FILE, and which functions drivers call, one JSON object a line
    #[arg(long, global = true, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Look for drivers in DIR before the Wine prefix's directories and Wine's own (may be given several times)
    #[arg(long, global = true, value_name = "DIR")]
    pub driver_path: Vec<PathBuf>,
    /// Take drivers for this machine only; unless given, one for x86_64 where there is one, and else one for i386
    #[arg(long, global = true, value_enum, value_name = "MACHINE")]
    pub machine: Option<Machine>,
    /// Print one line of JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Treat drivers in a way that some need (may be given several times)
    #[arg(long, global = true, value_name = "QUIRK")]
    pub quirk: Vec<Quirk>,
    /// Have all that drivers see lie at the same addresses each time, for repeating a fault; unless given, they are random
    #[arg(long, global = true)]
    pub fixed_addresses: bool,
    /// How dialogs of drivers are answered, which nobody sees: `ok`, with OK, and message boxes with their default button; `cancel`, with Cancel, and message
    /// boxes with the button that declines (No, Cancel or Abort; OK where there is no other)
    #[arg(long, global = true, value_enum, value_name = "ANSWER", default_value_t = Dialogs::Ok)]
    pub dialogs: Dialogs,
    /// Which layers of the sandbox must be there for drivers to run (`drvhost info --host` shows all): `available`, those that this computer offers, and which
    /// are missing is said once; `full`, each of them, or nothing runs, with exit code 5. With `--connect` the service's own counts
    #[arg(long, global = true, value_enum, value_name = "LAYERS", default_value_t = RequireSandbox::Available)]
    pub require_sandbox: RequireSandbox,
    /// How much memory a worker can have of its own, for its drivers and itself: `256M` to `2G`
    #[arg(long, global = true, value_name = "SIZE", default_value = "2G", value_parser = sandbox::parse_memory)]
    pub memory: u64,
    /// Say more: what drivers print (-v), and how they are loaded (-vv)
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

/// The processor that a driver is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Machine {
    /// 32-bit drivers
    #[value(name = "i386")]
    I386,
    /// 64-bit drivers
    #[value(name = "x86_64")]
    X86_64,
}

impl From<Machine> for drvhost::Machine {
    fn from(machine: Machine) -> Self {
        match machine {
            Machine::I386 => Self::I386,
            Machine::X86_64 => Self::X86_64,
        }
    }
}

/// How dialogs are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Dialogs {
    /// As it is set up
    Ok,
    /// Nothing changes
    Cancel,
}

impl From<Dialogs> for drvhost::DialogAnswer {
    fn from(dialogs: Dialogs) -> Self {
        match dialogs {
            Dialogs::Ok => Self::Ok,
            Dialogs::Cancel => Self::Cancel,
        }
    }
}

/// Deviations that some drivers need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Quirk {
    /// ACM structures with natural alignment, as Wine's own 64-bit drivers have them; 32-bit ones have one layout
    AcmNatural,
    /// ACM structures packed to bytes, as the Windows SDK has them
    AcmPacked,
    /// Open a hidden instance before the first one that has parameters, as Wine does
    HiddenInstance,
    /// Have threads ready for a driver that uses some and whose file does not show it, such as one that is packed
    Threads,
}

/// The commands. The options of each are put together only when it is the one that is asked for.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub enum Command {
    /// Say what a file is, and why it would not open here if it would not
    Info {
        /// A driver's file, or an alias
        #[arg(required_unless_present = "host")]
        file: Option<String>,
        /// Name those missing imports first that were called in the run which this trace is of
        #[arg(long, value_name = "TRACE", conflicts_with = "host")]
        called_in: Option<PathBuf>,
        /// Say what this computer gives drivers instead: how they are isolated, and how 32-bit code gets its FS segment
        #[arg(long, conflicts_with = "file")]
        host: bool,
    },
    /// List the drivers known here
    List,
    /// Open a driver, send it one message, close it; print the answer
    Send(Send),
    /// Open drivers, hold them until SIGTERM, SIGINT or SIGHUP, then end the session: every driver is told DRV_EXITSESSION
    Run {
        /// Aliases or files, each with text for DRV_OPEN after a space; a name may repeat for another instance
        #[arg(required = true, value_name = "DRIVER")]
        drivers: Vec<String>,
        /// What follows DRV_EXITSESSION
        #[arg(long, value_enum, default_value_t = EndPolicy::Orderly, conflicts_with = "connect")]
        policy: EndPolicy,
        /// What they play on
        #[command(flatten)]
        playing: Playing,
        /// Have the service hold them
        #[command(flatten)]
        bus: Connect,
    },
    /// Serve on D-Bus as org.drvhost.Host1, until SIGTERM, SIGINT or SIGHUP; every driver is told when the computer sleeps or shuts down
    Serve {
        /// Serve on the system bus, for every user whom its policy lets, instead of on the session bus
        #[arg(long)]
        system: bool,
        /// Write the files by which systemd and the bus start the service, and say which; serve nothing
        #[arg(long)]
        install_units: bool,
        /// What follows DRV_EXITSESSION at the session's end
        #[arg(long, value_enum, default_value_t = EndPolicy::Orderly)]
        policy: EndPolicy,
        /// What drivers find to play sound on: `null`, a sound card that nobody hears; `fast`, the same without keeping time; `none`, no sound card
        #[arg(long, value_name = "SOUND", default_value = "null", value_parser = parse_device)]
        sound: Sound,
    },
    /// Play a MIDI synth live, in JACK, PipeWire or ALSA, with a MIDI input and stereo sound, until SIGTERM, SIGINT or SIGHUP
    Synth(Synth),
    /// Look at what `--trace` has written
    Trace {
        /// What to look at
        #[command(subcommand)]
        what: TraceCommand,
    },
    /// Look at the service's sessions
    Session {
        /// What to look at
        #[command(subcommand)]
        what: SessionCommand,
    },
    /// Say what media files have, which driver would decode each of their streams, and what is damaged; exit code 3 if something is, or if there is no driver
    Probe(Probe),
    /// Decode the video and the sound of files through VfW and ACM drivers
    Decode(Decode),
    /// Encode a file to AVI through VfW and ACM drivers
    Encode(Encode),
    /// Play a MIDI file on a synth: into a WAVE file, or to be heard
    Play(Play),
    /// Look at the settings that a video codec hands out itself (ICM_GETSTATE), keep them in a file, and give it those of one
    State {
        /// What to do with them
        #[command(subcommand)]
        what: StateCommand,
    },
    /// Install a driver for yourself: copy its file, give it an alias, and tell it DRV_INSTALL
    Install(Install),
    /// Remove an installed driver: tell it DRV_REMOVE, and take away its alias, and its file with the last one
    Remove {
        /// The alias that it was installed under
        alias: String,
    },
    /// Have a driver show its configuration dialog (DRV_CONFIGURE), if it has one; exit code 1 if not
    Configure {
        /// An alias or a file
        driver: String,
        /// Only ask whether it has one (DRV_QUERYCONFIGURE)
        #[arg(long)]
        query: bool,
    },
    /// Install for yourself what is installed elsewhere already: in a Wine prefix, under Windows, or by a .reg file
    Import(Import),
    /// Print what makes a shell complete this command's arguments
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the manual, one page for each command
    Man {
        /// The directory to write it into, such as ~/.local/share/man/man1; made if it is not there
        directory: PathBuf,
    },
}

/// `drvhost session`.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Say how the last one ended: what every driver was told, what it answered, and how long that took
    Last,
}

/// What there is to see of a trace.
#[derive(Debug, Subcommand)]
pub enum TraceCommand {
    /// Say which messages drivers got and which functions they called: how often, for how long, and what failed
    Summary {
        /// The trace
        file: PathBuf,
    },
}

/// Whether the service does it.
#[derive(Debug, clap::Args)]
pub struct Connect {
    /// Use the service on the session bus (`drvhost serve`), or on the system bus
    #[arg(long, value_enum, value_name = "BUS", num_args = 0..=1, require_equals = true, default_missing_value = "session")]
    pub connect: Option<Bus>,
}

/// A bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Bus {
    /// The user's
    Session,
    /// The computer's
    System,
}

impl Connect {
    /// The service, if it is to do it.
    pub fn remote(&self) -> Result<Option<service::Remote>, service::Error> {
        self.connect.map(|bus| service::Remote::connect(bus == Bus::System)).transpose()
    }
}

/// What drivers play on.
#[derive(Debug, clap::Args)]
pub struct Playing {
    /// What drivers find to play sound on: `null`, a sound card that nobody hears; `fast`, the same without keeping time; FILE.wav, to which it is written
    /// as it would sound; `fast:FILE.wav`, as fast as they can play; `none`, no sound card. Further streams go to FILE-2.wav and so on
    #[arg(long, value_name = "SOUND", default_value = "null", value_parser = parse_sound, conflicts_with = "connect")]
    pub sound: Sound,
}

/// `drvhost send`.
#[derive(Debug, clap::Args)]
pub struct Send {
    /// An alias (`vidc.cvid`) or a file (`./spy.dll`), with text for DRV_OPEN after a space
    pub driver: String,
    /// `DRV_POWER`, `DRV_USER+1`, decimal or 0x hexadecimal
    #[arg(value_parser = parse_message)]
    pub message: u32,
    /// First parameter: decimal, 0x hexadecimal, may be negative
    #[arg(value_name = "L1", default_value = "0", value_parser = parse_parameter, allow_hyphen_values = true)]
    pub lparam1: i64,
    /// Second parameter
    #[arg(value_name = "L2", default_value = "0", value_parser = parse_parameter, allow_hyphen_values = true)]
    pub lparam2: i64,
    /// Look the alias up in this section instead of Drivers32
    #[arg(long, value_name = "S")]
    pub section: Option<String>,
    /// What the driver plays on
    #[command(flatten)]
    pub playing: Playing,
    /// Have the service do it
    #[command(flatten)]
    pub bus: Connect,
}

/// What follows DRV_EXITSESSION.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EndPolicy {
    /// DRV_CLOSE to each instance, then DRV_DISABLE and DRV_FREE to each driver
    Orderly,
    /// DRV_DISABLE and DRV_FREE only, as Windows 3.1 did
    Windows31,
}

impl From<EndPolicy> for drvhost::Policy {
    fn from(policy: EndPolicy) -> Self {
        match policy {
            EndPolicy::Orderly => Self::Orderly,
            EndPolicy::Windows31 => Self::Windows31,
        }
    }
}

fn parse_message(text: &str) -> Result<u32, String> {
    mmsystem::message_number(text).ok_or_else(|| {
        "a message is a name (DRV_POWER), a name and a number (DRV_USER+1), or a 32-bit number".into()
    })
}

/// A parameter in decimal or hexadecimal; hexadecimal may use all 64 bits.
fn parse_parameter(text: &str) -> Result<i64, String> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    // Signs were taken off above; from_str_radix would accept another.
    let magnitude = match (hex, digits.starts_with(['+', '-'])) {
        (Some(hex), false) if !hex.starts_with(['+', '-']) => u64::from_str_radix(hex, 16).ok(),
        (None, false) => digits.parse::<u64>().ok(),
        _ => None,
    };
    let value = magnitude.and_then(|magnitude| match (negative, hex) {
        (true, _) => 0_i64.checked_sub_unsigned(magnitude),
        (false, Some(_)) => Some(magnitude.cast_signed()),
        (false, None) => i64::try_from(magnitude).ok(),
    });
    value.ok_or_else(|| "a parameter is a 64-bit number: decimal, 0x hexadecimal, or negative".into())
}

/// What drivers are to play on.
fn parse_sound(text: &str) -> Result<Sound, String> {
    let (pace, rest) = match text.strip_prefix("fast:") {
        Some(file) => (Pace::Fast, file),
        None => (Pace::Real, text),
    };
    match (text, Path::new(rest).extension()) {
        ("none", _) => Ok(Sound::None),
        ("null", _) => Ok(Sound::Silent(Pace::Real)),
        ("fast", _) => Ok(Sound::Silent(Pace::Fast)),
        (_, Some(extension)) if extension.eq_ignore_ascii_case("wav") => {
            Ok(Sound::File { path: rest.into(), pace })
        }
        _ => Err("sound goes to `null`, `fast`, `none`, a file whose name ends in .wav, or such a file behind `fast:`".into()),
    }
}

/// What drivers of many clients are to play on: files would be each other's.
fn parse_device(text: &str) -> Result<Sound, String> {
    match parse_sound(text) {
        Ok(sound @ (Sound::None | Sound::Silent(_))) => Ok(sound),
        _ => Err("sound goes to `null`, `fast` or `none`; `drvhost run` writes it to a file".into()),
    }
}

/// What is longer is for ever.
const LONGEST_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// A time: a number with `ms`, `s` or `m`; seconds without a unit.
fn parse_time(text: &str) -> Result<Duration, String> {
    let number_end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(number_end);
    let scale = match unit {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        _ => return Err("a time is a number of seconds, or ends in ms, s or m".into()),
    };
    let seconds =
        number.parse::<f64>().map_err(|_| "a time is a number with ms, s or m: 5s, 500ms".to_owned())?;
    let time = Duration::try_from_secs_f64(seconds * scale).map_err(|error| error.to_string())?;
    if time > LONGEST_TIME {
        return Err("a time is at most 1440m, which is a day; 0 means for ever".into());
    }
    // Zero means for ever, so nothing else may become zero.
    if time.is_zero() && seconds > 0.0 {
        Err("a time this short cannot be kept; 0 means for ever".into())
    } else {
        Ok(time)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_declarations_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn what_a_worker_is_begun_for_early_is_there() {
        let command = Args::command();
        let words = |words: &'static [u8]| words.split(|&byte| byte == 0).filter(|word| !word.is_empty());
        for name in words(early::RUN_DRIVERS) {
            let name = std::str::from_utf8(name).unwrap();
            assert!(command.find_subcommand(name).is_some(), "{name}");
        }
        assert!(words(early::UNLESS).all(|word| word.starts_with(b"-")));
    }

    #[test]
    fn parameters_may_be_hexadecimal_and_negative() {
        assert_eq!(parse_parameter("-5"), Ok(-5));
        assert_eq!(parse_parameter("-0x10"), Ok(-16));
        assert_eq!(parse_parameter("0xffffffffffffffff"), Ok(-1));
        assert_eq!(parse_parameter("-9223372036854775808"), Ok(i64::MIN));
        for wrong in ["", "-", "0x", "--5", "+5", "9223372036854775808", "0x-1", "five"] {
            assert!(parse_parameter(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_service_writes_no_sound_to_files() {
        assert_eq!(parse_device("fast"), Ok(Sound::Silent(Pace::Fast)));
        assert_eq!(parse_device("none"), Ok(Sound::None));
        assert!(parse_device("a.wav").is_err() && parse_device("fast:a.wav").is_err());
    }

    #[test]
    fn sound_has_a_place_and_a_pace() {
        let file = |path: &str, pace| Ok(Sound::File { path: path.into(), pace });
        assert_eq!(parse_sound("null"), Ok(Sound::default()));
        assert_eq!(parse_sound("fast"), Ok(Sound::Silent(Pace::Fast)));
        assert_eq!(parse_sound("none"), Ok(Sound::None));
        assert_eq!(parse_sound("a/b.WAV"), file("a/b.WAV", Pace::Real));
        assert_eq!(parse_sound("fast:b.wav"), file("b.wav", Pace::Fast));
        assert_eq!(parse_sound("./fast:b.wav"), file("./fast:b.wav", Pace::Real));
        for wrong in ["", "slow", "b.mp3", "wav", ".wav", "fast:", "fast:b"] {
            assert!(parse_sound(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_units() {
        assert_eq!(parse_time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_time("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_time("0"), Ok(Duration::ZERO));
        assert_eq!(parse_time("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "s", "5h", "-1s", "1e400s", "0.0000000001s"] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }
}
