//! What devices can do: the answers to MODM_GETDEVCAPS, WODM_GETDEVCAPS and AUXDM_GETDEVCAPS, which are a driver's word.

use mmsystem::devices::{AUXDM_GETDEVCAPS, MODM_GETDEVCAPS, WODM_GETDEVCAPS};
use mmsystem::{
    AUXCAPSA, AUXCAPSW, MIDICAPS_CACHE, MIDICAPS_LRVOLUME, MIDICAPS_STREAM, MIDICAPS_VOLUME, MIDIOUTCAPSA,
    MIDIOUTCAPSW, MMSYSERR_NOERROR, MOD_MIDIPORT, MOD_SWSYNTH, Structure, WAVEOUTCAPSA, WAVEOUTCAPSW,
    technology_name,
};
use serde::Serialize;

use super::{Held, answer_text};
use crate::entry::{DeviceMessage, Entry};
use crate::error::Error;
use crate::regfile::windows_1252;
use crate::worker::printable;

/// What fills the memory that a driver is to write to, so that what it has not written is seen.
const FILLING: u8 = 0xA5;
/// How many bytes stand behind that memory, for drivers that write more than they are asked for.
const BEHIND: usize = 256;

/// A device, as its driver describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Device {
    /// The entry point that it belongs to, which says of what kind it is.
    pub entry: Entry,
    /// Its number among the driver's devices of this kind.
    pub number: u32,
    /// Its name; empty if it has none that can be shown.
    pub name: String,
    /// The manufacturer's number.
    pub manufacturer: u16,
    /// The product's number.
    pub product: u16,
    /// The driver's version.
    pub version: String,
    /// The rest, by kind; `None` where the driver does not say.
    #[serde(flatten)]
    pub capabilities: Option<Capabilities>,
    /// What of this cannot be true.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
}

/// What a device can do, by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Capabilities {
    /// MIDI output.
    Midi {
        /// The kind of device (`MOD_`), in words or as a number.
        technology: String,
        /// How many voices it has; 0 where that is not limited, or not known.
        voices: u16,
        /// How many notes it plays at once; 0 likewise.
        notes: u16,
        /// The channels that it answers to, a bit each.
        channels: u16,
        /// `MIDICAPS_` flags.
        support: u32,
    },
    /// Wave output.
    Wave {
        /// The usual formats that it plays (`WAVE_FORMAT_1M08` and so on), a bit each.
        formats: u32,
        /// How many channels.
        channels: u16,
        /// `WAVECAPS_` flags.
        support: u32,
    },
    /// Auxiliary.
    Aux {
        /// The kind of device (`AUXCAPS_`).
        technology: u16,
        /// Its functions (`AUXCAPS_`).
        support: u32,
    },
}

impl Device {
    /// Whether a MIDI device says that it plays streams itself.
    #[must_use]
    pub fn plays_streams(&self) -> bool {
        matches!(self.capabilities, Some(Capabilities::Midi { support, .. }) if support & MIDICAPS_STREAM != 0)
    }
}

/// A capabilities structure in one of its two forms, as what both have in common.
struct Form {
    manufacturer: u16,
    product: u16,
    version: u32,
    name: String,
    capabilities: Capabilities,
}

/// The size of one form, and what reads it.
type Layout = (usize, fn(&[u8]) -> Option<Form>);

/// How a structure is laid out in each form.
struct Forms {
    message: u32,
    wide: Layout,
    narrow: Layout,
}

/// Makes a [`Form`] of a structure.
macro_rules! form {
    ($structure:ident, $text:ident, $caps:ident => $capabilities:expr) => {
        (<$structure as Structure>::size(()), |bytes| {
            let $caps = <$structure as Structure>::decode((), bytes)?;
            Some(Form {
                manufacturer: $caps.wMid,
                product: $caps.wPid,
                version: $caps.vDriverVersion,
                name: $text(&$caps.szPname),
                capabilities: $capabilities,
            })
        })
    };
}

fn forms(entry: Entry) -> Forms {
    fn technology(number: u16) -> String {
        technology_name(number).map_or_else(|| number.to_string(), str::to_owned)
    }
    macro_rules! midi {
        ($caps:ident) => {
            Capabilities::Midi {
                technology: technology($caps.wTechnology),
                voices: $caps.wVoices,
                notes: $caps.wNotes,
                channels: $caps.wChannelMask,
                support: $caps.dwSupport,
            }
        };
    }
    macro_rules! wave {
        ($caps:ident) => {
            Capabilities::Wave {
                formats: $caps.dwFormats,
                channels: $caps.wChannels,
                support: $caps.dwSupport,
            }
        };
    }
    macro_rules! aux {
        ($caps:ident) => {
            Capabilities::Aux { technology: $caps.wTechnology, support: $caps.dwSupport }
        };
    }
    match entry {
        Entry::ModMessage => Forms {
            message: MODM_GETDEVCAPS,
            wide: form!(MIDIOUTCAPSW, wide_text, caps => midi!(caps)),
            narrow: form!(MIDIOUTCAPSA, narrow_text, caps => midi!(caps)),
        },
        Entry::WodMessage => Forms {
            message: WODM_GETDEVCAPS,
            wide: form!(WAVEOUTCAPSW, wide_text, caps => wave!(caps)),
            narrow: form!(WAVEOUTCAPSA, narrow_text, caps => wave!(caps)),
        },
        Entry::AuxMessage => Forms {
            message: AUXDM_GETDEVCAPS,
            wide: form!(AUXCAPSW, wide_text, caps => aux!(caps)),
            narrow: form!(AUXCAPSA, narrow_text, caps => aux!(caps)),
        },
    }
}

/// UTF-16 up to a NUL.
fn wide_text(units: &[u16]) -> String {
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    printable(&String::from_utf16_lossy(units.get(..end).unwrap_or_default()))
}

/// Text in the code page 1252 up to a NUL.
fn narrow_text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    printable(&windows_1252(bytes.get(..end).unwrap_or_default()))
}

/// What a driver made of a request for capabilities.
struct Written {
    answer: u32,
    bytes: Vec<u8>,
    /// Behind its last byte that was written.
    end: usize,
}

impl Held {
    /// Asks for the capabilities of a device: in the wide form, and where the driver refuses that or fills in the narrow one all the same, in the narrow one.
    pub(super) fn device(&self, entry: Entry, number: u32) -> Result<Device, Error> {
        let Forms { message, wide, narrow } = forms(entry);
        let mut doubts = Vec::new();
        let mut doubt = |what: String| {
            let message = entry.message_name(message).unwrap_or_default();
            doubts.push(format!("{message} of device {number} {what}"));
        };
        let mut form = None;
        let written = self.capabilities(entry, message, number, wide.0)?;
        // Those who know the narrow form only take no notice of the size.
        let is_narrow = written.end <= narrow.0;
        let answered = if written.answer == MMSYSERR_NOERROR && written.end > 0 {
            let decode = if is_narrow { narrow.1 } else { wide.1 };
            form = decode(&written.bytes);
            (written, if is_narrow { narrow.0 } else { wide.0 })
        } else {
            let written = self.capabilities(entry, message, number, narrow.0)?;
            if written.answer == MMSYSERR_NOERROR && written.end > 0 {
                form = narrow.1(&written.bytes);
            }
            (written, narrow.0)
        };
        let (Written { answer, end, .. }, size) = answered;
        if answer != MMSYSERR_NOERROR {
            doubt(format!("is answered {}", answer_text(answer)));
        } else if end == 0 {
            doubt("is answered with success, and nothing is filled in".to_owned());
        } else if end > size {
            doubt(format!("is answered with more than the {size} bytes that were asked for"));
        }
        let Some(Form { manufacturer, product, version, name, capabilities }) = form else {
            return Ok(Device {
                entry,
                number,
                name: String::new(),
                manufacturer: 0,
                product: 0,
                version: String::new(),
                capabilities: None,
                doubts,
            });
        };
        if name.is_empty() || name.contains('\u{fffd}') {
            doubt("gives it a name that is no text".to_owned());
        }
        if let Capabilities::Midi { technology, support, .. } = &capabilities {
            if technology.parse::<u16>().is_ok() {
                let known = MOD_MIDIPORT..=MOD_SWSYNTH;
                doubt(format!(
                    "says technology {technology}, and there are {} to {}",
                    known.start(),
                    known.end()
                ));
            }
            let known = MIDICAPS_VOLUME | MIDICAPS_LRVOLUME | MIDICAPS_CACHE | MIDICAPS_STREAM;
            if support & !known != 0 {
                doubt(format!("says that it supports {support:#x}, of which {known:#x} have a meaning"));
            }
        }
        let version = format!("{}.{}", version >> 8 & 0xFF, version & 0xFF);
        Ok(Device {
            entry,
            number,
            name,
            manufacturer,
            product,
            version,
            capabilities: Some(capabilities),
            doubts,
        })
    }

    fn capabilities(&self, entry: Entry, number: u32, device: u32, size: usize) -> Result<Written, Error> {
        let block = self.arena.block_with(&vec![FILLING; size + BEHIND])?;
        let param1 = block.address();
        let answer =
            self.call(&DeviceMessage { entry, device, number, user: 0, param1, param2: size as u64 })?;
        let bytes = block.to_vec()?;
        let end = bytes.iter().rposition(|byte| *byte != FILLING).map_or(0, |last| last + 1);
        Ok(Written { answer, bytes, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_end_at_a_nul_and_are_fit_to_be_shown() {
        assert_eq!(wide_text(&[65, 66, 0, 67]), "AB");
        assert_eq!(wide_text(&[0xD800; 32]), "\u{fffd}".repeat(32));
        assert_eq!(wide_text(&[27, 0x202E, 65]), "\u{fffd}\u{fffd}A");
        assert_eq!(narrow_text(&[0x80, b'a', 0, b'b']), "\u{20ac}a");
        assert_eq!(narrow_text(&[7; 32]), "\u{fffd}".repeat(32));
    }

    #[test]
    fn forms_have_the_documented_sizes() {
        let sizes = Entry::ALL.map(|entry| (forms(entry).wide.0, forms(entry).narrow.0));
        assert_eq!(sizes, [(84, 52), (84, 52), (80, 48)]);
    }
}
