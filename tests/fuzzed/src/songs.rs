//! MIDI files.

use std::io::Cursor;
use std::ops::ControlFlow;
use std::time::Duration;

use drvhost::Error;
use drvhost::midi::{Instrument, Performance, Song, What, measure, perform};

/// Events of a song that are looked at: a few bytes can state very many.
const EVENTS: usize = 100_000;
/// How much of a song is played.
const MOST: Duration = Duration::from_secs(60);

/// A MIDI file.
///
/// # Panics
/// When an event comes that no instrument may be sent, or time goes back.
pub fn midi(bytes: &[u8]) {
    let Ok(mut song) = Song::open(Cursor::new(bytes)) else {
        assert!(measure(Cursor::new(bytes)).is_err());
        return;
    };
    assert!(song.tracks() > 0 && song.name().is_none_or(|name| name.len() <= 2 * bytes.len()));
    let (mut last, mut messages, mut ended) = (0, 0, false);
    for event in song.by_ref().take(EVENTS) {
        let Ok(event) = event else { panic!("memory has no errors") };
        assert!(event.at >= last && !ended);
        last = event.at;
        match event.what {
            What::Short(short) => checked_short(short.packed()),
            What::SysEx(message) => checked_long(&message),
            What::End => ended = true,
        }
        messages += u64::from(!ended);
    }
    assert!(song.damage().is_none_or(|damage| damage.offset <= bytes.len() as u64));
    let Ok(length) = measure(Cursor::new(bytes)) else { panic!("it was opened before") };
    if ended {
        assert!((length.messages, length.nanoseconds, length.complete) == (messages, last, true));
    }
    played(bytes);
}

/// Plays it on an instrument that only listens.
fn played(bytes: &[u8]) {
    let Ok(song) = Song::open(Cursor::new(bytes)) else { return };
    let mut listener = Listener::default();
    let how = Performance { tail: Duration::from_secs(1), ring: bytes.len().is_multiple_of(2), most: MOST };
    let mut left = 10_000;
    let progress = |_| {
        left -= 1;
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let Ok(played) = perform(song, &mut listener, &how, progress) else { panic!("nothing here fails") };
    assert!(listener.resets == 1 && played.song.messages <= listener.messages);
    assert!(u128::from(played.song.at) <= MOST.as_nanos());
}

/// An instrument that sees whether it is sent what it may be sent.
#[derive(Default)]
struct Listener {
    now: u64,
    messages: u64,
    resets: u32,
}

impl Instrument for Listener {
    fn short(&mut self, message: u32) -> Result<(), Error> {
        checked_short(message);
        self.messages += 1;
        Ok(())
    }

    fn long(&mut self, message: &[u8]) -> Result<(), Error> {
        checked_long(message);
        self.messages += 1;
        Ok(())
    }

    fn advance(&mut self, until: u64) -> Result<(), Error> {
        assert!(until >= self.now);
        self.now = until;
        Ok(())
    }

    fn reset(&mut self) -> Result<(), Error> {
        self.resets += 1;
        Ok(())
    }
}

/// A status and data bytes, nothing behind.
fn checked_short(message: u32) {
    let [status, data @ .., rest] = message.to_le_bytes();
    assert!(status >= 0x80 && status != 0xF0 && status != 0xF7 && rest == 0);
    assert!(data.iter().all(|byte| *byte < 0x80));
}

/// From F0 to F7, with data between.
fn checked_long(message: &[u8]) {
    let [0xF0, data @ .., 0xF7] = message else { panic!("{message:?} is no system exclusive message") };
    assert!(data.iter().all(|byte| *byte < 0x80));
}
