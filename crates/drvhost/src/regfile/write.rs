//! Writing a registry as Windows' text.

use std::fmt::Write;

use super::hive::{Data, Hive};
use super::{REG_BINARY, REG_SZ};

/// The first line of what is written.
pub(super) const FIRST_LINE: &str = "Windows Registry Editor Version 5.00";
/// The most bytes in a line of hexadecimal.
const LINE: usize = 25;
/// Where lines end on Windows.
const END: &str = "\r\n";

impl Hive {
    /// The whole registry as a `.reg` file of version 5: ASCII where that is enough, and else UTF-16 behind its mark; Windows reads both.
    pub fn to_reg(&self) -> Vec<u8> {
        let mut text = format!("{FIRST_LINE}{END}");
        for key in self.keys() {
            text += &format!("{END}[{key}]{END}");
            for (name, data) in self.values(key) {
                let name = if name.is_empty() { "@".to_owned() } else { quoted(name) };
                text += &format!("{name}={}{END}", written(data));
            }
        }
        if text.is_ascii() {
            return text.into_bytes();
        }
        [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn written(data: &Data) -> String {
    match data {
        Data::String(text) if !text.contains(char::is_control) => quoted(text),
        // What would break the line is written as bytes.
        Data::String(text) => {
            let units = text.encode_utf16().chain([0]);
            hexadecimal(REG_SZ, &units.flat_map(u16::to_le_bytes).collect::<Vec<_>>())
        }
        Data::Dword(number) => format!("dword:{number:08x}"),
        Data::Other { kind, bytes } => hexadecimal(*kind, bytes),
    }
}

fn hexadecimal(kind: u32, bytes: &[u8]) -> String {
    let mut text = if kind == REG_BINARY { "hex:".to_owned() } else { format!("hex({kind:x}):") };
    for (number, byte) in bytes.iter().enumerate() {
        let comma = if number + 1 < bytes.len() { "," } else { "" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}{comma}");
        if (number + 1) % LINE == 0 && !comma.is_empty() {
            text += "\\\r\n  ";
        }
    }
    text
}
