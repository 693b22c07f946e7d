//! `drvhost play`.

use std::path::PathBuf;
use std::time::Duration;

use super::parse_time;

/// `drvhost play`.
#[derive(Debug, clap::Args)]
pub struct Play {
    /// A MIDI file: a Standard MIDI File of format 0, 1 or 2, or one in a RIFF file (`.rmi`)
    #[arg(value_name = "FILE")]
    pub input: PathBuf,
    /// The synth: an alias (`midi`, `midi1`) or a file (`./synth.dll`), with text for DRV_OPEN after a space
    #[arg(long, value_name = "DRIVER")]
    pub driver: String,
    /// Which of the driver's MIDI output devices, counted from 0 (`drvhost info` lists them)
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub device: u32,
    /// Write the sound to this WAVE file, as fast as the driver computes it; `-` for standard output (then all text and JSON goes to standard error). Without
    /// it the song is heard, through pw-play, paplay or aplay
    #[arg(short, long, value_name = "OUT.wav")]
    pub output: Option<PathBuf>,
    /// How long notes have to die away behind the song's end
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_time)]
    pub tail: Duration,
    /// Convert the sound to so many samples a second; unless given, it has as many as the driver plays, and every sample stays as it is
    #[arg(long, value_name = "RATE", value_parser = clap::value_parser!(u32).range(4000..=384_000))]
    pub rate: Option<u32>,
    /// How much of a song is played, as a wrong bit can make it very long; 0: all of it
    #[arg(long, value_name = "TIME", default_value = "240m", value_parser = parse_time)]
    pub most: Duration,
    /// Let the driver read what is in DIR, such as sound fonts (may be given several times); `drvhost install --allow-read` lets it for good
    #[arg(long, value_name = "DIR")]
    pub allow_read: Vec<PathBuf>,
}

impl Play {
    /// What the driver may use besides its own files.
    pub fn grants(&self) -> Vec<drvhost::Grant> {
        let grant = |folder: &PathBuf| drvhost::Grant { folder: folder.clone(), write: false };
        self.allow_read.iter().map(grant).collect()
    }
}
