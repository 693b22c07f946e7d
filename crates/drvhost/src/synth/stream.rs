//! A MIDI stream: events with their times, which a driver plays by a clock of its own where it says that it can (MIDICAPS_STREAM).

use std::sync::Arc;

use mmsystem::devices::{MODM_GETPOS, MODM_PAUSE, MODM_PROPERTIES, MODM_RESTART, MODM_STOP, MODM_STRMDATA};
use mmsystem::{
    MEVT_LONGMSG, MEVT_NOP, MEVT_SHORTMSG, MEVT_TEMPO, MIDI_IO_COOKED, MIDIPROP_GET, MIDIPROP_SET,
    MIDIPROP_TEMPO, MIDIPROP_TIMEDIV, MIDIPROPTEMPO, MIDIPROPTIMEDIV, MMTIME, Structure, TIME_TICKS,
};

use super::Held;
use super::buffer::Buffer;
use super::output::{Client, LONGEST_PIECE, Output};
use crate::error::Error;
use crate::opened::{decoded, encoded};

/// How many buffers a stream may have queued.
const MOST_QUEUED: usize = 64;

/// Events of a stream, in the form that MODM_STRMDATA takes ("MIDIEVENT", MS Learn). Times are in ticks since the event before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Events(Vec<u8>);

impl Events {
    fn event(&mut self, delta: u32, kind: u32, parameter: u32) {
        // The time, the stream's number, the event.
        for word in [delta, 0, kind << 24 | parameter & 0xFF_FFFF] {
            self.0.extend(word.to_le_bytes());
        }
    }

    /// A short message.
    pub fn short(&mut self, delta: u32, [status, first, second]: [u8; 3]) {
        self.event(delta, MEVT_SHORTMSG, u32::from_le_bytes([status, first, second, 0]));
    }

    /// A tempo, in microseconds for a quarter note.
    pub fn tempo(&mut self, delta: u32, tempo: u32) {
        self.event(delta, MEVT_TEMPO, tempo);
    }

    /// Nothing, but time passes.
    pub fn nothing(&mut self, delta: u32) {
        self.event(delta, MEVT_NOP, 0);
    }

    /// A long message.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for one that fits into no buffer.
    pub fn long(&mut self, delta: u32, message: &[u8]) -> Result<(), Error> {
        if message.len() >= LONGEST_PIECE {
            return Err(Error::TooLarge(message.len() as u64));
        }
        self.event(delta, MEVT_LONGMSG, message.len() as u32);
        self.0.extend(message);
        // Each event begins at a multiple of four bytes.
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        Ok(())
    }

    /// How many bytes they take; a buffer has room for 64 KiB.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An open stream. It begins paused; dropping it resets and closes it.
#[derive(Debug)]
pub struct Stream {
    output: Output,
    queued: Vec<Buffer>,
}

impl Stream {
    pub(super) fn open(held: Arc<Held>, device: u32, division: u16) -> Result<Self, Error> {
        let client = Client { flags: MIDI_IO_COOKED, ..Client::default() };
        let stream = Self { output: Output::open(held, device, client)?, queued: Vec::new() };
        let size = MIDIPROPTIMEDIV::size(()) as u32;
        let division = MIDIPROPTIMEDIV { cbStruct: size, dwTimeDiv: division.into() };
        stream.property(&division, MIDIPROP_SET | MIDIPROP_TIMEDIV)?;
        Ok(stream)
    }

    /// Sets a property or asks for it.
    fn property<S: Structure>(&self, property: &S, what: u32) -> Result<S, Error> {
        let width = self.output.held().width();
        let form = S::Form::from(mmsystem::Layout { width, packing: mmsystem::Packing::Byte });
        let block = self.output.held().arena.block_with(&encoded(property, form)?)?;
        self.output.ask(MODM_PROPERTIES, block.address(), what.into())?;
        decoded(&block, form)
    }

    /// The tempo, in microseconds for a quarter note.
    ///
    /// # Errors
    /// [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn tempo(&self) -> Result<u32, Error> {
        let tempo = MIDIPROPTEMPO { cbStruct: MIDIPROPTEMPO::size(()) as u32, dwTempo: 0 };
        self.property(&tempo, MIDIPROP_GET | MIDIPROP_TEMPO).map(|tempo| tempo.dwTempo)
    }

    /// Sets the tempo.
    ///
    /// # Errors
    /// As [`tempo`](Self::tempo).
    pub fn set_tempo(&self, tempo: u32) -> Result<(), Error> {
        let tempo = MIDIPROPTEMPO { cbStruct: MIDIPROPTEMPO::size(()) as u32, dwTempo: tempo };
        self.property(&tempo, MIDIPROP_SET | MIDIPROP_TEMPO).map(drop)
    }

    /// Queues events behind those that are queued (MODM_STRMDATA).
    ///
    /// # Errors
    /// [`Error::TooLarge`] for more than 64 KiB or 64 buffers, [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn queue(&mut self, events: &Events) -> Result<(), Error> {
        if events.len() > LONGEST_PIECE || self.queued()? >= MOST_QUEUED {
            return Err(Error::TooLarge(events.len() as u64));
        }
        let buffer = Buffer::of_stream(&self.output.held().arena, &events.0)?;
        self.output.prepare(&buffer)?;
        let queued = self.output.ask(MODM_STRMDATA, buffer.address(), buffer.size as u64);
        // What becomes of one that was refused, the driver alone knows; it comes back with the others, or with the end.
        self.queued.push(buffer);
        queued
    }

    /// How many buffers the driver has not played to their end.
    ///
    /// # Errors
    /// [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn queued(&mut self) -> Result<usize, Error> {
        let mut waiting = Vec::new();
        for buffer in std::mem::take(&mut self.queued) {
            if buffer.is_back()? {
                self.output.unprepare(&buffer)?;
            } else {
                waiting.push(buffer);
            }
        }
        self.queued = waiting;
        Ok(self.queued.len())
    }

    /// Begins to play, or goes on (MODM_RESTART).
    ///
    /// # Errors
    /// [`Error::Refused`], and as [`Session::send`](crate::Session::send).
    pub fn restart(&self) -> Result<(), Error> {
        self.output.ask(MODM_RESTART, 0, 0)
    }

    /// Stands still (MODM_PAUSE).
    ///
    /// # Errors
    /// As [`restart`](Self::restart).
    pub fn pause(&self) -> Result<(), Error> {
        self.output.ask(MODM_PAUSE, 0, 0)
    }

    /// Stops, and has all buffers given back (MODM_STOP).
    ///
    /// # Errors
    /// As [`restart`](Self::restart).
    pub fn stop(&self) -> Result<(), Error> {
        self.output.ask(MODM_STOP, 0, 0)
    }

    /// How far it is, in ticks; or in the unit that the driver has instead, a `TIME_` value (MODM_GETPOS).
    ///
    /// # Errors
    /// As [`restart`](Self::restart).
    pub fn position(&self) -> Result<(u32, u32), Error> {
        let time = MMTIME { wType: TIME_TICKS, ..MMTIME::default() };
        let block = self.output.held().arena.block_with(&encoded(&time, ())?)?;
        self.output.ask(MODM_GETPOS, block.address(), block.len() as u64)?;
        let time: MMTIME = decoded(&block, ())?;
        Ok((time.wType, time.u))
    }

    /// Stops and closes it.
    ///
    /// # Errors
    /// As [`restart`](Self::restart).
    pub fn close(mut self) -> Result<(), Error> {
        self.stop()?;
        self.queued()?;
        self.output.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_of_whole_words() {
        let mut events = Events::default();
        events.short(96, [0x90, 60, 100]);
        events.tempo(0, 500_000);
        events.long(1, &[0xF0, 1, 2, 3, 0xF7]).unwrap();
        let words: Vec<u32> = events.0.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let expected = [96, 0, 0x64_3C90, 0, 0, 0x0107_A120, 1, 0, 0x8000_0005, 0x0302_01F0, 0xF7];
        assert_eq!(words, expected);
        assert!(events.long(0, &vec![0; 70_000]).is_err());
    }
}
