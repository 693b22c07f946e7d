//! What the sound system's thread and the engine's share: two rings, and numbers. Neither waits for the other.
//!
//! Frames are counted as they are taken out of the ring. While it is empty, that count stands still, and so does the driver's clock; so a note is always as much
//! later to be heard as the ring is filled, however often it has been empty.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::thread::Thread;

use rtrb::{Consumer, Producer, RingBuffer};

/// How many messages wait at most.
const EVENTS: usize = 4096;
/// How many bytes of long ones.
const LONG: usize = 1 << 20;
/// How many bytes a message has at most. The longest that JACK carries is not much longer than its period.
const LONGEST: usize = 1 << 16;
/// The longest period that a sound system has.
pub const LONGEST_PERIOD: u32 = 8192;

/// What the sound system's thread does with the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// It empties the ring, and plays silence.
    Silent = 0,
    /// It leaves the ring to be filled, and plays silence.
    Filling = 1,
    /// It plays what is in the ring.
    Playing = 2,
}

/// The numbers.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    phase: AtomicU8,
    /// How many frames the ring is to be filled with.
    fill: AtomicU32,
    /// How often the sound system has asked for sound.
    pub periods: AtomicU64,
    /// How many frames have been taken out of it.
    pub taken: AtomicU64,
    /// How often there was less in it than was wanted, and how many frames were missing in all.
    pub underruns: AtomicU64,
    pub missing: AtomicU64,
    /// How many messages came, and how many did not fit into the ring.
    pub messages: AtomicU64,
    pub overruns: AtomicU64,
    /// How many were not for an instrument that was playing.
    pub unheard: AtomicU64,
    /// How many the driver refused.
    pub refused: AtomicU64,
    /// How often the sound system itself was late.
    pub xruns: AtomicU64,
    /// The least that was in the ring when frames were wanted.
    pub least: AtomicU32,
    /// Whether the sound system waits for frames, as when a program writes a file.
    pub waits: AtomicBool,
    /// Whether the sound system has gone.
    pub gone: AtomicBool,
    /// Whether the engine is to end.
    pub stop: AtomicBool,
}

impl Shared {
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::SeqCst) {
            2 => Phase::Playing,
            1 => Phase::Filling,
            _ => Phase::Silent,
        }
    }

    pub fn enter(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::SeqCst);
    }

    pub fn fill(&self) -> u32 {
        self.fill.load(Ordering::SeqCst)
    }

    /// Fills the ring with as much as is asked for, and with no less than a period.
    pub fn set_fill(&self, asked: u32, period: u32) {
        self.fill.store(asked.max(period).min(MOST_FILLED), Ordering::SeqCst);
    }
}

/// The most that the ring is filled with: ten seconds at 48 kHz.
pub(crate) const MOST_FILLED: u32 = 480_000;

/// A message that has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    /// How many frames had been taken out of the ring when it came.
    pub at: u64,
    /// Its first bytes.
    short: [u8; 3],
    /// How many it has. More than three are in the other ring.
    len: usize,
}

/// The end of the sound system's thread. Nothing in it waits.
pub struct Player {
    pub(crate) shared: Arc<Shared>,
    /// How many frames the ring is to be filled with if a period is not longer.
    asked: u32,
    frames: Consumer<[f32; 2]>,
    events: Producer<Event>,
    long: Producer<u8>,
    engine: Thread,
}

/// The engine's end.
pub(crate) struct Feeder {
    pub shared: Arc<Shared>,
    frames: Producer<[f32; 2]>,
    events: Consumer<Event>,
    long: Consumer<u8>,
    capacity: usize,
}

/// Makes both ends of a link; `asked` is how many frames it is to be filled with if a period is not longer.
pub(crate) fn link(asked: u32, period: u32, engine: impl FnOnce(Feeder) -> Thread) -> Player {
    let capacity = asked.max(LONGEST_PERIOD) as usize + LONGEST_PERIOD as usize;
    let shared = Arc::new(Shared { least: u32::MAX.into(), ..Shared::default() });
    shared.set_fill(asked, period);
    let (frames, played) = RingBuffer::new(capacity);
    let (sent, events) = RingBuffer::new(EVENTS);
    let (bytes, long) = RingBuffer::new(LONG);
    let engine = engine(Feeder { shared: Arc::clone(&shared), frames, events, long, capacity });
    Player { shared, asked, frames: played, events: sent, long: bytes, engine }
}

impl Player {
    /// A message comes this many frames into what is played next.
    pub fn hear(&mut self, offset: u32, bytes: &[u8]) {
        let shared = &self.shared;
        if shared.phase() != Phase::Playing {
            shared.unheard.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut short = [0; 3];
        short.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        let at = shared.taken.load(Ordering::Relaxed) + u64::from(offset);
        let event = Event { at, short, len: bytes.len() };
        let is_long = bytes.len() > short.len();
        let fits = bytes.len() <= LONGEST
            && self.events.slots() > 0
            && (!is_long || self.long.push_entire_slice(bytes).is_ok())
            && self.events.push(event).is_ok();
        let counted = if fits { &shared.messages } else { &shared.overruns };
        counted.fetch_add(1, Ordering::Relaxed);
    }

    /// The sound system's period is another one from now on.
    pub fn set_period(&self, period: u32) {
        self.shared.set_fill(self.asked, period);
        self.engine.unpark();
    }

    /// The sound system was late, by itself or for another client of its.
    pub fn add_xrun(&self) {
        self.shared.xruns.fetch_add(1, Ordering::Relaxed);
    }

    /// The sound system has lost messages, because too many came.
    pub fn add_overrun(&self) {
        self.shared.overruns.fetch_add(1, Ordering::Relaxed);
    }

    /// Gives the calling thread the priority that the driver has, if that is allowed.
    pub fn prefer_this_thread(&self) {
        if let Err(error) = drvhost::prefer_this_thread() {
            tracing::info!(%error, "no real-time priority");
        }
    }

    /// Plays what is there, into as many samples of both channels. What came until now must have been heard before.
    pub fn play(&mut self, left: &mut [f32], right: &mut [f32]) {
        self.shared.periods.fetch_add(1, Ordering::Relaxed);
        let wanted = left.len();
        let phase = self.shared.phase();
        let there = self.frames.slots();
        let count = match phase {
            Phase::Playing => there.min(wanted),
            Phase::Filling => 0,
            Phase::Silent => there,
        };
        let mut played = 0;
        if let Ok(chunk) = self.frames.read_chunk(count) {
            if phase == Phase::Playing {
                let (first, second) = chunk.as_slices();
                let out = left.iter_mut().zip(right.iter_mut());
                for (frame, (left, right)) in first.iter().chain(second).zip(out) {
                    [*left, *right] = *frame;
                }
                played = count;
            }
            chunk.commit_all();
            self.shared.taken.fetch_add(count as u64, Ordering::SeqCst);
        }
        left.iter_mut().skip(played).for_each(|sample| *sample = 0.0);
        right.iter_mut().skip(played).for_each(|sample| *sample = 0.0);
        if phase == Phase::Playing {
            self.shared.least.fetch_min(u32::try_from(there).unwrap_or(u32::MAX), Ordering::Relaxed);
            if played < wanted {
                self.shared.underruns.fetch_add(1, Ordering::Relaxed);
                self.shared.missing.fetch_add((wanted - played) as u64, Ordering::Relaxed);
            }
        }
        self.engine.unpark();
    }

    /// How many frames are there.
    pub(crate) fn there(&self) -> usize {
        self.frames.slots()
    }

    /// Has the engine look.
    pub(crate) fn engine(&self) -> &Thread {
        &self.engine
    }
}

impl Feeder {
    /// How many frames the ring lacks until it is filled as it should be.
    pub fn lacks(&self) -> usize {
        let room = self.frames.slots();
        (self.shared.fill() as usize).saturating_sub(self.capacity - room).min(room)
    }

    pub fn is_empty(&self) -> bool {
        self.frames.slots() == self.capacity
    }

    /// Puts frames into the ring. There must be room.
    pub fn push(&mut self, frames: &[[f32; 2]]) {
        // As `lacks` has said, and nobody else puts anything in.
        let _ = self.frames.push_entire_slice(frames);
    }

    /// The next message, if it is to be heard before this frame.
    pub fn next(&mut self, before: u64, bytes: &mut Vec<u8>) -> Option<u64> {
        let fill = u64::from(self.shared.fill());
        let due = |event: &Event| event.at.saturating_add(fill);
        if due(self.events.peek().ok()?) >= before {
            return None;
        }
        let event = self.events.pop().ok()?;
        bytes.clear();
        if event.len <= event.short.len() {
            bytes.extend(&event.short[..event.len]);
        } else if let Ok(chunk) = self.long.read_chunk(event.len) {
            bytes.extend(chunk);
        }
        Some(due(&event))
    }

    /// Drops what has come so far.
    pub fn forget(&mut self) -> u64 {
        let mut bytes = Vec::new();
        let mut dropped = 0;
        while self.next(u64::MAX, &mut bytes).is_some() {
            dropped += 1;
        }
        dropped
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn both(fill: u32) -> (Player, Feeder) {
        let (sender, receiver) = mpsc::channel();
        let player = link(fill, 0, |feeder| {
            sender.send(feeder).ok();
            std::thread::current()
        });
        (player, receiver.recv().unwrap())
    }

    fn play(player: &mut Player, count: usize) -> Vec<f32> {
        let (mut left, mut right) = (vec![9.0; count], vec![9.0; count]);
        player.play(&mut left, &mut right);
        assert_eq!(left, right);
        left
    }

    #[test]
    fn what_is_filled_in_is_played_and_what_is_missing_counted() {
        let (mut player, mut feeder) = both(4);
        assert_eq!(feeder.lacks(), 4);
        player.shared.enter(Phase::Filling);
        feeder.push(&[[1.0; 2], [2.0; 2], [3.0; 2], [4.0; 2]]);
        assert_eq!(play(&mut player, 2), [0.0; 2]);
        assert_eq!(feeder.lacks(), 0);
        player.shared.enter(Phase::Playing);
        assert_eq!(play(&mut player, 3), [1.0, 2.0, 3.0]);
        assert_eq!((feeder.lacks(), player.shared.underruns.load(Ordering::SeqCst)), (3, 0));
        assert_eq!(play(&mut player, 3), [4.0, 0.0, 0.0]);
        let numbers = [&player.shared.underruns, &player.shared.missing, &player.shared.taken];
        assert_eq!(numbers.map(|number| number.load(Ordering::SeqCst)), [1, 2, 4]);
        assert_eq!(player.shared.least.load(Ordering::SeqCst), 1);
        feeder.push(&[[1.0; 2]]);
        player.shared.enter(Phase::Silent);
        assert_eq!(play(&mut player, 1), [0.0]);
        assert!(feeder.is_empty());
    }

    #[test]
    fn messages_are_heard_when_the_ring_has_been_played() {
        let (mut player, mut feeder) = both(100);
        let mut bytes = Vec::new();
        player.hear(0, &[0x90, 1, 2]);
        assert_eq!(player.shared.unheard.load(Ordering::SeqCst), 1);
        player.shared.enter(Phase::Playing);
        feeder.push(&[[0.0; 2]; 60]);
        play(&mut player, 50);
        player.hear(7, &[0x90, 1, 2]);
        player.hear(9, &[0xF0, 1, 2, 3, 0xF7]);
        player.hear(9, &[0xC0, 5]);
        player.hear(9, &[0; LONGEST + 1]);
        assert_eq!(player.shared.overruns.load(Ordering::SeqCst), 1);
        assert_eq!(feeder.next(157, &mut bytes), None);
        assert_eq!((feeder.next(158, &mut bytes), &bytes[..]), (Some(157), &[0x90, 1, 2][..]));
        assert_eq!((feeder.next(160, &mut bytes), bytes.len()), (Some(159), 5));
        assert_eq!((feeder.next(160, &mut bytes), &bytes[..]), (Some(159), &[0xC0, 5][..]));
        for _ in 0..EVENTS {
            player.hear(0, &[0xF8]);
        }
        assert_eq!(feeder.forget(), EVENTS as u64);
        assert_eq!(feeder.next(u64::MAX, &mut bytes), None);
    }
}
