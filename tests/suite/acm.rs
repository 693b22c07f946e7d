//! C116 to C128: audio codecs, and what is done where a driver's file does not tell how it packs its structures.

mod ahead;
mod packing;
mod protocol;
mod team;

use drvhost::DriverFile;
use drvhost::media::WaveFormat;
use drvhost_tests::{Machine, driver, driver_file};

/// The format tag of `drivers/acm.c`.
const TAG: u16 = 0x7AC0;
/// What is decoded: each byte is the upper half of a sample.
const DATA: &[u8] = b"each byte is a sample";

/// `drivers/acm.c`, with the text of its DRV_OPEN.
fn codec(machine: Machine, text: &str) -> DriverFile {
    driver_file(driver(machine, "acm"), text)
}

/// The format of [`wave`]: one channel, 8000 bytes a second, and nothing behind `wBitsPerSample`.
fn format_bytes(tag: u16) -> Vec<u8> {
    let mut bytes = [tag, 1].map(u16::to_le_bytes).concat();
    bytes.extend([8000_u32, 8000].map(u32::to_le_bytes).concat());
    bytes.extend([1_u16, 8].map(u16::to_le_bytes).concat());
    bytes
}

fn format() -> WaveFormat {
    WaveFormat::parse(format_bytes(TAG)).expect("a format")
}

/// A WAVE file with a format tag and [`DATA`].
fn wave(tag: u16) -> Vec<u8> {
    wave_of(tag, DATA)
}

/// A WAVE file with a format tag and these data.
pub(crate) fn wave_of(tag: u16, data: &[u8]) -> Vec<u8> {
    let chunk = |name: &[u8], body: &[u8]| {
        let length = u32::try_from(body.len()).expect("a short chunk").to_le_bytes();
        let padding = [0].get(..body.len() % 2).unwrap_or_default();
        [name, &length, body, padding].concat()
    };
    chunk(b"RIFF", &[b"WAVE", &chunk(b"fmt ", &format_bytes(tag))[..], &chunk(b"data", data)].concat())
}

/// [`DATA`], decoded.
fn samples() -> Vec<u8> {
    samples_of(DATA)
}

/// Data, decoded.
fn samples_of(data: &[u8]) -> Vec<u8> {
    data.iter().flat_map(|byte| [0, *byte]).collect()
}
