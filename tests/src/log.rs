//! What `drivers/spy.c` says that it got.

use drvhost::Block;

use crate::sequence::Sequence;

/// Layout of `struct log` and `struct entry` in `drivers/spy.c`.
const HEADER: usize = 8;
const ENTRY: usize = 168;
const MAX_ENTRIES: usize = 256;
const MAX_TEXT: usize = 60;

/// A driver's log, in memory shared with it. It outlives the driver.
#[derive(Debug)]
pub struct Log {
    block: Block,
}

/// One call of the driver's DriverProc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// dwDriverId, as all numbers extended by its sign.
    pub id: u64,
    /// hdrvr.
    pub hdrvr: u64,
    /// The message.
    pub message: u32,
    /// The thread that it came on.
    pub thread: u32,
    /// lParam1.
    pub lparam1: i64,
    /// lParam2.
    pub lparam2: i64,
    /// The text of DRV_OPEN, if that was not NULL.
    pub text: Option<String>,
}

impl Log {
    /// Bytes of a log.
    pub const SIZE: usize = HEADER + MAX_ENTRIES * ENTRY;

    /// The log that a driver keeps in `block`.
    #[must_use]
    pub fn new(block: Block) -> Self {
        Self { block }
    }

    /// Everything so far.
    ///
    /// # Panics
    /// When the driver's log makes no sense.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        let bytes = self.block.to_vec().expect("a log can be read");
        let count = usize::try_from(word(&bytes, 0)).expect("a log has a count");
        assert!(count <= MAX_ENTRIES, "a log cannot have {count} entries");
        bytes[HEADER..].chunks_exact(ENTRY).take(count).map(entry).collect()
    }

    /// The messages so far, without acts.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        Sequence::of(self.entries().iter().map(|entry| entry.message))
    }

    /// The last entry with a message.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn last(&self, message: u32) -> Entry {
        let last = self.entries().into_iter().rfind(|entry| entry.message == message);
        last.unwrap_or_else(|| panic!("the driver never got message {message:#x}"))
    }
}

fn word(bytes: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(word)
}

fn entry(bytes: &[u8]) -> Entry {
    let message_and_thread = word(bytes, 16);
    let text = usize::try_from(word(bytes, 40)).ok().filter(|&length| length <= MAX_TEXT).map(|length| {
        let units: Vec<u16> = bytes[48..][..2 * length]
            .chunks_exact(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
            .collect();
        String::from_utf16(&units).expect("the driver's text is UTF-16")
    });
    Entry {
        id: word(bytes, 0),
        hdrvr: word(bytes, 8),
        message: (message_and_thread & u64::from(u32::MAX)) as u32,
        thread: (message_and_thread >> 32) as u32,
        lparam1: word(bytes, 24).cast_signed(),
        lparam2: word(bytes, 32).cast_signed(),
        text,
    }
}
