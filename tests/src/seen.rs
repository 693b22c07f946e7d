//! What the codecs of `drivers/` say that their messages' parameters pointed at.

use drvhost::Hdrvr;

use crate::{CODEC_SEEN, Rig};

/// Layout of `struct seen` in `drivers/codec.h`.
const HEADER: usize = 16;
const BYTES: usize = 128;

/// What the parameters of a message pointed at when a codec got it; zeros where they pointed at nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// At lParam1. For DRV_OPEN to an audio codec: the section's text, and in the second half the alias's.
    pub first: Vec<u8>,
    /// At lParam2.
    pub second: Vec<u8>,
}

impl Rig {
    /// All that a codec's module has seen with a message, to whichever instance. Another instance of it tells.
    #[must_use]
    pub fn seen(&self, teller: Hdrvr, message: u32) -> Vec<Seen> {
        let ask = |index: i64| {
            let question = self.block(teller, &[&[message.into(), index], &[0; 2 * BYTES / 8][..]].concat());
            let told = self.send(teller, CODEC_SEEN, question.lparam(), 0) == 1;
            told.then(|| question.to_vec().expect("a block can be read"))
        };
        let parts = |bytes: Vec<u8>| {
            let (first, second) = bytes[HEADER..].split_at(BYTES);
            Seen { first: first.to_vec(), second: second.to_vec() }
        };
        (0..).map_while(ask).map(parts).collect()
    }
}
