//! What came of a song.

use std::time::Duration;

use serde::Serialize;

use super::Play;
use super::mixer::Recorded;
use super::stand::Stand;
use crate::entry::Entry;
use crate::error::{Blame, Error};
use crate::media::MediaError;
use crate::midi::{Damage, Ended, Event, Played, What};
use crate::synth::{Synth, found_none};

/// What is later than this can be heard.
const LATE: Duration = Duration::from_millis(30);

/// What was played.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Performed {
    /// The MIDI file.
    pub input: String,
    /// The WAVE file; `-` for standard output.
    pub output: Option<String>,
    /// The driver's file name.
    pub driver: String,
    /// The device's number.
    pub device: u32,
    /// Its name.
    pub device_name: String,
    /// What the song calls itself.
    pub title: Option<String>,
    /// How many of the song's messages were played.
    pub events: u64,
    /// How many frames (samples of all channels) came of it.
    pub frames: u64,
    /// Frames a second.
    pub rate: u32,
    /// How many channels.
    pub channels: u16,
    /// Bits of a sample.
    pub bits: u16,
    /// How long it sounds, in seconds.
    pub length: f64,
    /// How long playing took, in seconds of wall time, opening the driver not included.
    pub seconds: f64,
    /// BLAKE3 in lower-case hexadecimal of all PCM bytes.
    pub hash: String,
    /// What the user should know though playing went on.
    pub warnings: Vec<String>,
    /// What is wrong with the MIDI file; then also among the warnings.
    pub damage: Option<String>,
    /// What the driver was refused for want of a grant, such as a sound font, and which grant that would be.
    pub refused: Vec<String>,
    /// Whether `progress` has asked to stop.
    pub stopped: bool,
    /// Whose doing it is that not everything is as the song has it: [`Blame::Media`] or [`Blame::Driver`]. `None` where everything is.
    #[serde(skip)]
    pub blame: Option<Blame>,
}

impl Performed {
    /// What is known of a recording.
    pub(super) fn new(what: &Play, synth: &Synth, played: &Played, recorded: &Recorded) -> Self {
        let mut devices = synth.devices_of(Entry::ModMessage);
        let device = devices.find(|device| device.number == what.device);
        let Recorded { format, frames, .. } = *recorded;
        Self {
            input: what.input.display().to_string(),
            output: what.target.as_ref().map(ToString::to_string),
            driver: synth.driver().to_owned(),
            device: what.device,
            device_name: device.map_or_else(String::new, |device| device.name.clone()),
            title: None,
            events: played.song.messages,
            frames,
            rate: format.samples_per_sec,
            channels: format.channels,
            bits: format.sample.bytes() * 8,
            length: frames as f64 / f64::from(format.samples_per_sec.max(1)),
            seconds: 0.0,
            hash: recorded.hash.to_string(),
            warnings: Vec::new(),
            damage: None,
            refused: Vec::new(),
            stopped: played.ended == Ended::Stopped,
            blame: None,
        }
    }

    /// Says what is not as the song has it, and whose doing that is. `silent`: there were notes, and nothing was heard.
    pub(super) fn judge(
        &mut self,
        damage: Option<&Damage>,
        stand: &Stand,
        recorded: &Recorded,
        silent: Option<Vec<String>>,
        ended: Ended,
    ) {
        let driver = &self.driver;
        let mut driver_lacks = Vec::new();
        if let Some(refusal) = &stand.refusal {
            let others = match stand.refused {
                0 | 1 => String::new(),
                count => format!(", and {} messages besides", count - 1),
            };
            driver_lacks.push(format!("{refusal}{others}"));
        }
        if recorded.beyond {
            driver_lacks.push(format!(
                "{driver} says that it has played what lies a minute and more ahead, which was left out"
            ));
        }
        if let Some(missed) = silent {
            let found = match missed.as_slice() {
                [] => String::new(),
                missed => format!(": it {}", found_none(missed)),
            };
            driver_lacks.push(format!(
                "{driver} has played nothing but silence; it may lack a sound font, or other files{found}"
            ));
        }
        if stand.late > LATE {
            self.warnings.push(format!(
                "{driver} took messages more slowly than the song has them: some came up to {:.1} seconds late",
                stand.late.as_secs_f64()
            ));
        }
        if let Ended::TooLong { .. } = ended {
            self.warnings.push(ended.to_string());
            self.blame = Some(Blame::Media);
        }
        if let Some(damage) = damage {
            self.damage = Some(damage.to_string());
            self.warnings.push(format!("{}: {damage}", self.input));
            self.blame = Some(Blame::Media);
        }
        if !driver_lacks.is_empty() {
            self.warnings.extend(driver_lacks);
            self.blame = Some(Blame::Driver);
        }
    }
}

/// Whether it is the beginning of a note.
pub(super) fn is_note(event: &Event) -> bool {
    let What::Short(short) = &event.what else { return false };
    let [status, _, velocity, _] = short.packed().to_le_bytes();
    status & 0xF0 == 0x90 && velocity > 0
}

/// The error where nothing was played.
pub(super) fn nothing(what: &Play, synth: &Synth, played: &Played) -> Error {
    if played.song.messages == 0 {
        let why = "and the driver makes no sound without any".to_owned();
        let what = format!("{}: a song without messages", what.input.display());
        return MediaError::Unsupported { what, why }.into();
    }
    Error::NoSound { driver: synth.driver().to_owned() }
}
