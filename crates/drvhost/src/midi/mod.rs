//! MIDI files: reading Standard MIDI Files of the formats 0, 1 and 2, and those in a RIFF file (RMID), and playing them.
//!
//! Nothing here calls a driver: [`perform()`] plays a song on an [`Instrument`], whatever that is. A [`Song`] gives what a file has for an instrument in order of time, each message with its time in
//! nanoseconds: tracks are merged, tempos and frames have become time, running status is written out, and system exclusive messages that
//! a file has in pieces are whole.
//!
//! Input files are untrusted. A file is read piece by piece as it is played, so memory does not grow with it: there is one buffer
//! for each track, and what a file has of a system exclusive message that is not complete yet. A file that is cut short or damaged is no error: what
//! can be read is given, and [`Damage`] says what is wrong. The rules are those of "Standard MIDI-File Format Spec. 1.1" (International
//! MIDI Association); for RMID, those of "Multimedia Programming Interface and Data Specifications 1.0" (IBM and Microsoft), "MIDI and RIFF MIDI File Format".

mod chunks;
mod damage;
mod event;
mod packet;
mod perform;
mod song;
mod source;
#[cfg(test)]
mod tests;
mod time;
mod track;
#[cfg(test)]
#[path = "../../../../tests/src/smf.rs"]
mod written;

pub use damage::{Damage, Flaw};
pub use event::{Event, Short, What};
pub use perform::{Ended, Instrument, Performance, Played, Playing, perform};
pub use song::{Length, Song, measure};
pub use time::Division;
