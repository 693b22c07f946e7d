//! `drvhost synth`.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;

use super::{EndPolicy, parse_time};

/// `drvhost synth`.
#[derive(Debug, clap::Args)]
pub struct Synth {
    /// The synth: an alias (`midi`, `midi1`) or a file (`./synth.dll`), with text for DRV_OPEN after a space
    #[arg(long, value_name = "DRIVER")]
    pub driver: String,
    /// Which of the driver's MIDI output devices, counted from 0 (`drvhost info` lists them)
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub device: u32,
    /// The name that other programs find it by; the driver's unless given
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// What plays it and brings it messages: `jack`, a JACK server or PipeWire, by the program `drvhost-jack`; `alsa`, the kernel's sequencer and a PCM of ALSA's, by the program
    /// `drvhost-alsa`; `auto`, ALSA where there is no JACK and that program is beside this one
    #[arg(long, value_enum, value_name = "SYSTEM", default_value_t = Through::Auto)]
    pub system: Through,
    /// ALSA's name of what plays, such as `plughw:1` (`aplay -L` lists them)
    #[arg(long, value_name = "PCM", default_value = "default")]
    pub pcm: String,
    /// How far the driver plays ahead of the sound system, at least one of that one's periods: longer where underruns are counted
    #[arg(long, value_name = "TIME", default_value = "20ms", value_parser = parse_time)]
    pub latency: Duration,
    /// Connect it with the sound card and with all MIDI devices that are there
    #[arg(long)]
    pub connect: bool,
    /// Let the driver read what is in DIR, such as sound fonts (may be given several times); `drvhost install --allow-read` lets it for good
    #[arg(long, value_name = "DIR")]
    pub allow_read: Vec<PathBuf>,
    /// Write the unit by which systemd keeps this instrument present from login on, and say how to enable it; play nothing
    #[arg(long)]
    pub install_unit: bool,
    /// What follows DRV_EXITSESSION
    #[arg(long, value_enum, default_value_t = EndPolicy::Orderly)]
    pub policy: EndPolicy,
}

/// Sound systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Through {
    /// JACK, or else ALSA
    Auto,
    /// JACK, or PipeWire
    Jack,
    /// ALSA
    Alsa,
}

impl Synth {
    /// What the driver may use besides its own files.
    pub fn grants(&self) -> Vec<drvhost::Grant> {
        let grant = |folder: &PathBuf| drvhost::Grant { folder: folder.clone(), write: false };
        self.allow_read.iter().map(grant).collect()
    }
}
