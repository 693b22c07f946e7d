//! What the codecs of `drivers/` say that their messages' parameters pointed at.

use drvhost::Hdrvr;
use mmsystem::Structure;

use crate::{CODEC_SEEN, Rig};

/// Layout of `struct seen` in `drivers/codec.h`.
const HEADER: usize = 16;
const BYTES: usize = 128;

/// What the parameters of a message pointed at when a codec got it; zeros where they pointed at nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// At lParam1. For DRV_OPEN to an audio codec: the section's text, and in the second half the alias's.
    pub at_first: Vec<u8>,
    /// At lParam2.
    pub at_second: Vec<u8>,
}

impl Seen {
    /// The structure at lParam1.
    ///
    /// # Panics
    /// When it is longer than what a codec keeps.
    #[must_use]
    pub fn first<S: Structure>(&self, form: impl Into<S::Form>) -> S {
        S::decode(form.into(), &self.at_first).expect("a structure that was kept whole")
    }

    /// The structure at lParam2.
    ///
    /// # Panics
    /// When it is longer than what a codec keeps.
    #[must_use]
    pub fn second<S: Structure>(&self, form: impl Into<S::Form>) -> S {
        S::decode(form.into(), &self.at_second).expect("a structure that was kept whole")
    }
}

/// A structure's bytes, for a driver to read.
///
/// # Panics
/// When a field holds more than fits.
#[must_use]
pub fn encoded<S: Structure>(structure: &S, form: impl Into<S::Form>) -> Vec<u8> {
    let form = form.into();
    let mut bytes = vec![0; S::size(form)];
    structure.encode(form, &mut bytes).expect("fields that fit");
    bytes
}

impl Rig {
    /// All that a codec's module has seen with a message, to whichever instance. Another instance of it tells.
    #[must_use]
    pub fn seen(&self, teller: Hdrvr, message: u32) -> Vec<Seen> {
        let ask = |index: i64| {
            let asked = [i64::from(message), index].map(i64::to_le_bytes).concat();
            let question = self.bytes(teller, &[asked, vec![0; 2 * BYTES]].concat());
            let told = self.send(teller, CODEC_SEEN, question.lparam(), 0) == 1;
            told.then(|| question.to_vec().expect("a block can be read"))
        };
        let parts = |bytes: Vec<u8>| {
            let (first, second) = bytes[HEADER..].split_at(BYTES);
            Seen { at_first: first.to_vec(), at_second: second.to_vec() }
        };
        (0..).map_while(ask).map(parts).collect()
    }
}
