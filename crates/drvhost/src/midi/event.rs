//! What a song has for an instrument.

/// Something at its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in nanoseconds since the song's beginning, rounded down. A file can state more than fits, which is `u64::MAX` then.
    pub at: u64,
    /// What.
    pub what: What,
}

/// What there is at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A message of up to three bytes.
    Short(Short),
    /// A system exclusive message, from F0 to F7.
    SysEx(Vec<u8>),
    /// The song's end, by its last End of Track, which may be long after the last message. It comes once, as the last event.
    End,
}

/// A message of one to three bytes, its status first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    bytes: [u8; 3],
    len: u8,
}

impl Short {
    /// A message of a status and as much data as it has.
    pub(super) fn new(status: u8, data: [u8; 2]) -> Self {
        let len = data_len(status);
        let [first, second] = data;
        let bytes = [status, if len > 0 { first } else { 0 }, if len > 1 { second } else { 0 }];
        Self { bytes, len: len + 1 }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len.into()).unwrap_or_default()
    }

    /// As midiOutShortMsg and MODM_DATA take it: the status in the low byte, and 0 for what the message does not have.
    #[must_use]
    pub fn packed(self) -> u32 {
        let [status, first, second] = self.bytes;
        u32::from_le_bytes([status, first, second, 0])
    }
}

/// How many bytes of data follow a status (MIDI 1.0 Detailed Specification, table 1): of F0, F4 and F5, which is none of a fixed length
/// or none at all, no byte.
pub(super) fn data_len(status: u8) -> u8 {
    match status {
        0x80..=0xBF | 0xE0..=0xEF | 0xF2 => 2,
        0xC0..=0xDF | 0xF1 | 0xF3 => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_what_its_status_says() {
        let note = Short::new(0x93, [60, 100]);
        assert_eq!((note.bytes(), note.packed()), ([0x93, 60, 100].as_slice(), 0x0064_3C93));
        let program = Short::new(0xC5, [7, 99]);
        assert_eq!((program.bytes(), program.packed()), ([0xC5, 7].as_slice(), 0x07C5));
        let clock = Short::new(0xF8, [1, 2]);
        assert_eq!((clock.bytes(), clock.packed()), ([0xF8].as_slice(), 0xF8));
    }
}
