//! A ring of frames in shared memory, for one writer and one reader that do not trust each other.
//!
//! ```text
//! word 0    head: how many slots the reader has ever taken (wraps)
//! word 16   asleep: 1 while the reader sleeps on it
//! word 32.. the slots, of 16 words each: a stamp, then 60 bytes of a frame
//! ```
//! A word is 32 bits, because that is what `futex(2)` waits on. A frame takes as many slots as it needs, one at the least. The stamp of its first slot is the
//! lap, which is how often the writer has come around to this slot, and the frame's length; in further slots, the lap and [`FURTHER`]. A reader
//! looks at the stamp of the slot that comes next, until its lap is the one that it is in.
//!
//! A slot is a cache line, so that a short message costs one line's way from one processor to the other: what says that something has come lies beside it.
//! What the reader writes has lines of its own. Each side keeps its place to itself, so the other cannot make it lose that; what it reads
//! of the other's it checks. All access is atomic, so that a peer that writes at the wrong time is
//! a peer with garbage in its frames, not undefined behaviour.
//!
//! That nobody sleeps through a frame, and that frames come out whole, is tried in all orders of two threads that the memory model allows
//! (`ring/model.rs`, with `loom`): what is here is therefore written for any [`Word`], of which shared memory's is the only one outside of tests.

use std::cell::LazyCell;
use std::sync::atomic::{AtomicU32, Ordering, fence};
use std::time::{Duration, Instant};

// Miri cannot switch between loom's threads.
#[cfg(all(test, not(miri)))]
mod model;
#[cfg(test)]
mod tests;

/// What a ring is made of.
pub trait Word {
    /// Words of a slot, the stamp included.
    const SLOT: usize;

    /// Slots of a ring; a power of two.
    const SLOTS: usize;

    /// The longest frame, in bytes. Few enough for a stamp, and for several frames to be in a ring, so that a late answer never blocks the next question.
    const LONGEST: usize;

    /// Reads it.
    fn load(&self, order: Ordering) -> u32;

    /// Writes it.
    fn store(&self, value: u32, order: Ordering);

    /// Lets no access be moved across it, as [`std::sync::atomic::fence`] says.
    fn fence(order: Ordering);
}

/// A word of shared memory.
impl Word for AtomicU32 {
    const SLOT: usize = 16;
    const SLOTS: usize = 1024;
    const LONGEST: usize = 16 << 10;

    fn load(&self, order: Ordering) -> u32 {
        self.load(order)
    }

    fn store(&self, value: u32, order: Ordering) {
        self.store(value, order);
    }

    fn fence(order: Ordering) {
        fence(order);
    }
}

/// Where the parts lie, in words.
const HEAD: usize = 0;
const ASLEEP: usize = 16;
/// Where the first slot begins.
pub const FIRST_SLOT: usize = 32;

/// Words of a whole ring.
pub const WORDS: usize = FIRST_SLOT + <AtomicU32 as Word>::SLOT * <AtomicU32 as Word>::SLOTS;

/// Bytes of a word.
const WORD: usize = size_of::<u32>();

/// The longest frame, in bytes.
pub const LONGEST: usize = <AtomicU32 as Word>::LONGEST;

/// What stands in the stamp of a frame's further slots, instead of a length.
pub const FURTHER: u16 = u16::MAX;

/// How the stamp is made of a slot that is the `place`th ever written.
#[must_use]
pub fn stamp<W: Word>(place: u32, length: u16) -> u32 {
    u32::from(lap::<W>(place)) << 16 | u32::from(length)
}

/// The lap of such a slot. The first is 1, as the memory is zero at first. Numbers of both kinds begin anew together.
fn lap<W: Word>(place: u32) -> u16 {
    let laps = place / (W::SLOTS as u32);
    (laps as u16).wrapping_add(1)
}

/// How often a reader looks again before it sleeps, at most. A worker's usual answer comes within this, and a sleep costs both sides a
/// system call; more takes the processor away from the one that is waited for, and where two share a core, slows it down.
const SPINS: u32 = 2000;
/// How often it looks at least.
const FEWEST_SPINS: u32 = 125;
/// A sleep that was shorter would not have been needed, had the reader looked for as long as it may: being woken is a part of it.
const SHORT: Duration = Duration::from_micros(60);
/// How many short sleeps it takes at most for the reader to look for longer again, where that has been of no use before.
const MOST_PATIENT: u32 = 64;

/// How a reader sleeps and is woken: `futex(2)`, handed in so that this crate makes no system calls.
#[derive(Debug)]
pub struct Sleep<W = AtomicU32> {
    /// Sleeps while the word holds the value, at most this long; may return early.
    pub wait: fn(&W, u32, Option<Duration>),
    /// Wakes who sleeps on the word.
    pub wake: fn(&W),
    /// Whether a reader looks for a while before it sleeps. Where both sides share the only processor, nothing can change meanwhile.
    pub looks: bool,
}

// Derived, these would ask for words that can be copied.
impl<W> Clone for Sleep<W> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<W> Copy for Sleep<W> {}

/// A ring in shared memory.
#[derive(Debug)]
pub struct Ring<'a, W = AtomicU32> {
    head: &'a W,
    asleep: &'a W,
    slots: &'a [W],
}

impl<'a, W: Word> Ring<'a, W> {
    /// The ring in the first words of `memory`, which are [`WORDS`] of shared memory; `None` when there are fewer.
    #[must_use]
    pub fn new(memory: &'a [W]) -> Option<Self> {
        let slots = memory.get(FIRST_SLOT..FIRST_SLOT + W::SLOTS * W::SLOT)?;
        Some(Self { head: memory.get(HEAD)?, asleep: memory.get(ASLEEP)?, slots })
    }

    /// The slot that is the `place`th ever written: its stamp, and what it has of a frame. Nothing, where there is no such slot, but there always is.
    fn slot(&self, place: u32) -> Option<(&'a W, &'a [W])> {
        let start = place as usize % W::SLOTS * W::SLOT;
        self.slots.get(start..start + W::SLOT)?.split_first()
    }
}

/// How many bytes of a frame are in a slot.
const fn room<W: Word>() -> usize {
    (W::SLOT - 1) * WORD
}

/// How many slots a frame takes of so many bytes, which are at most as many as in the longest.
fn slots<W: Word>(length: usize) -> u32 {
    u32::try_from(length.div_ceil(room::<W>()).max(1)).unwrap_or(u32::MAX)
}

/// What is wrong with the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RingError {
    /// The frame is longer than [`LONGEST`].
    #[error("a frame of {0} bytes is too long for the ring")]
    TooLong(usize),
    /// The reader has not taken what was sent before.
    #[error("the ring is full")]
    Full,
    /// An index or a length that no honest peer writes.
    #[error("the other side's ring index or frame length is impossible")]
    Forged,
}

/// The writing end's own state.
#[derive(Debug, Default)]
pub struct Writer {
    /// How many slots it has ever written.
    tail: u32,
    /// The reader's place as it was last looked at. Looking costs a cache line that the reader has just written, so it is
    /// done only when the ring would be full without.
    head: u32,
}

impl Writer {
    /// Appends a frame and wakes the reader if it sleeps.
    ///
    /// # Errors
    /// [`RingError`]; then nothing was written.
    pub fn send<W: Word>(
        &mut self,
        ring: &Ring<'_, W>,
        sleep: Sleep<W>,
        frame: &[u8],
    ) -> Result<(), RingError> {
        self.put(ring, frame, 0)?;
        wake(ring, sleep);
        Ok(())
    }

    /// As [`send`](Self::send), but a reader that sleeps sleeps on: it finds the frame when it is woken for the next one, or wakes by itself.
    ///
    /// # Errors
    /// [`RingError`]; then nothing was written.
    pub fn send_quietly<W: Word>(
        &mut self,
        ring: &Ring<'_, W>,
        _: Sleep<W>,
        frame: &[u8],
    ) -> Result<(), RingError> {
        self.put(ring, frame, 0)
    }

    /// As [`send`](Self::send), but only while half the ring stays free: for what may be lost, so that it never takes the place of
    /// an answer.
    ///
    /// # Errors
    /// [`RingError`]; then nothing was written.
    pub fn send_if_room<W: Word>(
        &mut self,
        ring: &Ring<'_, W>,
        sleep: Sleep<W>,
        frame: &[u8],
    ) -> Result<(), RingError> {
        self.put(ring, frame, W::SLOTS / 2)?;
        wake(ring, sleep);
        Ok(())
    }

    /// Appends a frame unless fewer than `spare` slots would stay free.
    fn put<W: Word>(&mut self, ring: &Ring<'_, W>, frame: &[u8], spare: usize) -> Result<(), RingError> {
        let length = u16::try_from(frame.len()).unwrap_or(FURTHER);
        if frame.len() > W::LONGEST || length == FURTHER {
            return Err(RingError::TooLong(frame.len()));
        }
        let count = slots::<W>(frame.len());
        let needed = count as usize + spare;
        if needed > self.free::<W>(self.head)? {
            let head = ring.head.load(Ordering::Acquire);
            if needed > self.free::<W>(head)? {
                return Err(RingError::Full);
            }
            self.head = head;
        }
        let (first, own) = ring.slot(self.tail).ok_or(RingError::Full)?;
        let (here, further) = frame.split_at(frame.len().min(room::<W>()));
        fill(own, here);
        for (index, part) in (1..).zip(further.chunks(room::<W>())) {
            let place = self.tail.wrapping_add(index);
            let (next, own) = ring.slot(place).ok_or(RingError::Full)?;
            fill(own, part);
            next.store(stamp::<W>(place, FURTHER), Ordering::Relaxed);
        }
        first.store(stamp::<W>(self.tail, length), Ordering::Release);
        self.tail = self.tail.wrapping_add(count);
        Ok(())
    }

    /// How many slots are free when the reader has come as far as `head`.
    fn free<W: Word>(&self, head: u32) -> Result<usize, RingError> {
        let used = self.tail.wrapping_sub(head) as usize;
        W::SLOTS.checked_sub(used).ok_or(RingError::Forged)
    }
}

/// Wakes the reader if it sleeps, after something was written.
fn wake<W: Word>(ring: &Ring<'_, W>, sleep: Sleep<W>) {
    // A fence on each side between its write and its read: either the reader sees the stamp before it sleeps, or this sees that it sleeps.
    W::fence(Ordering::SeqCst);
    if ring.asleep.load(Ordering::Relaxed) != 0 {
        // A reader that has looked and does not sleep yet does not begin.
        ring.asleep.store(0, Ordering::Relaxed);
        (sleep.wake)(ring.asleep);
    }
}

/// Words of what a slot of shared memory has of a frame: as many as a whole cache line's, which are moved without counting.
const LINE: usize = <AtomicU32 as Word>::SLOT - 1;

/// Puts bytes into the words of a slot.
fn fill<W: Word>(slot: &[W], bytes: &[u8]) {
    let (whole, rest) = bytes.as_chunks::<WORD>();
    if let (Some(slot), Some(whole)) = (slot.first_chunk::<LINE>(), whole.first_chunk::<LINE>()) {
        for index in 0..LINE {
            slot[index].store(u32::from_le_bytes(whole[index]), Ordering::Relaxed);
        }
        return;
    }
    for (word, bytes) in slot.iter().zip(whole) {
        word.store(u32::from_le_bytes(*bytes), Ordering::Relaxed);
    }
    if let Some(word) = slot.get(whole.len()).filter(|_| !rest.is_empty()) {
        let mut bytes = [0; WORD];
        bytes[..rest.len()].copy_from_slice(rest);
        word.store(u32::from_le_bytes(bytes), Ordering::Relaxed);
    }
}

/// The reading end's own state.
#[derive(Debug)]
pub struct Reader {
    /// How many slots it has ever taken.
    head: u32,
    looks: Looks,
}

impl Default for Reader {
    fn default() -> Self {
        Self { head: 0, looks: Looks { spins: SPINS, short: 0, patience: 1 } }
    }
}

/// How long a reader looks for a frame before it sleeps, which it learns from what has come of that.
///
/// Where looking was in vain, it looks half as long the next time: a codec takes longer for its frames, and whoever else has work to do can use the
/// processor. But then both sides of a conversation could sleep with every message, because each is woken too late for the other, so where sleeps are
/// short it looks as long as it may. If that was in vain as well, the other side needs this processor, and it takes more short sleeps to try that again.
#[derive(Debug)]
struct Looks {
    /// How often it looks again.
    spins: u32,
    /// How many sleeps have been short since it has looked longer, and how many it takes.
    short: u32,
    patience: u32,
}

impl Looks {
    fn found(&mut self) {
        self.spins = (self.spins * 2).min(SPINS);
        self.patience = 1;
    }

    fn in_vain(&mut self) {
        self.spins = (self.spins / 2).max(FEWEST_SPINS);
    }

    fn slept(&mut self, time: Duration) {
        if time >= SHORT {
            return;
        }
        self.short += 1;
        if self.short >= self.patience {
            (self.spins, self.short) = (SPINS, 0);
            self.patience = (self.patience * 2).min(MOST_PATIENT);
        }
    }
}

impl Reader {
    /// Takes the next frame into `frame`, if there is one.
    ///
    /// # Errors
    /// [`RingError::Forged`].
    pub fn take<W: Word>(&mut self, ring: &Ring<'_, W>, frame: &mut Vec<u8>) -> Result<bool, RingError> {
        let (first, own) = ring.slot(self.head).ok_or(RingError::Forged)?;
        // Read once: the writer could change it between a check and a use.
        let stamped = first.load(Ordering::Acquire);
        if !self.has_come::<W>(stamped) {
            return Ok(false);
        }
        let length = (stamped & u32::from(u16::MAX)) as usize;
        if stamped >> 16 != stamp::<W>(self.head, 0) >> 16 || length > W::LONGEST {
            return Err(RingError::Forged);
        }
        // All of the slot, as it lies in one cache line, whatever of it belongs to the frame.
        let mut line = [[0; WORD]; LINE];
        copy(own, &mut line);
        frame.clear();
        frame.extend_from_slice(line.as_flattened());
        let count = slots::<W>(length);
        if count > 1 {
            // Long enough for whole words; what was in there is written over.
            frame.resize(length.next_multiple_of(WORD), 0);
            let (_, mut rest) = split(frame.as_chunks_mut().0, W::SLOT - 1);
            for index in 1..count {
                let place = self.head.wrapping_add(index);
                let (next, own) = ring.slot(place).ok_or(RingError::Forged)?;
                if next.load(Ordering::Relaxed) != stamp::<W>(place, FURTHER) {
                    return Err(RingError::Forged);
                }
                let (part, further) = split(rest, W::SLOT - 1);
                copy(own, part);
                rest = further;
            }
        }
        frame.truncate(length);
        self.head = self.head.wrapping_add(count);
        ring.head.store(self.head, Ordering::Release);
        Ok(true)
    }

    /// Whether a stamp of the next slot is another one than that of the lap before.
    fn has_come<W: Word>(&self, stamped: u32) -> bool {
        (stamped >> 16) as u16 != lap::<W>(self.head).wrapping_sub(1)
    }

    /// Whether there is a frame to be taken.
    #[must_use]
    pub fn has_more<W: Word>(&self, ring: &Ring<'_, W>) -> bool {
        ring.slot(self.head).is_some_and(|(next, _)| self.has_come::<W>(next.load(Ordering::Relaxed)))
    }

    /// Looks for a frame until it is time to sleep; whether there is one.
    fn spin<W: Word>(&mut self, ring: &Ring<'_, W>) -> bool {
        let Some((next, _)) = ring.slot(self.head) else { return false };
        for _ in 0..self.looks.spins {
            if self.has_come::<W>(next.load(Ordering::Relaxed)) {
                self.looks.found();
                return true;
            }
            std::hint::spin_loop();
        }
        self.looks.in_vain();
        false
    }

    /// Sleeps until there may be a frame, at most for `timeout`. May return early for no reason.
    fn sleep<W: Word>(&self, ring: &Ring<'_, W>, sleep: Sleep<W>, timeout: Option<Duration>) {
        let Some((next, _)) = ring.slot(self.head) else { return };
        ring.asleep.store(1, Ordering::Relaxed);
        W::fence(Ordering::SeqCst);
        if !self.has_come::<W>(next.load(Ordering::Relaxed)) {
            (sleep.wait)(ring.asleep, 1, timeout);
        }
        ring.asleep.store(0, Ordering::Relaxed);
    }

    /// Waits for a frame until the time that `until` names, which is asked only when it comes to sleeping.
    ///
    /// # Errors
    /// [`RingError::Forged`].
    pub fn take_until<W: Word>(
        &mut self,
        ring: &Ring<'_, W>,
        sleep: Sleep<W>,
        frame: &mut Vec<u8>,
        until: impl FnOnce() -> Option<Instant>,
    ) -> Result<bool, RingError> {
        let until = LazyCell::new(until);
        loop {
            // However often a hostile writer lets a frame come and go, the time is looked at.
            if self.take(ring, frame)? || sleep.looks && self.spin(ring) && self.take(ring, frame)? {
                return Ok(true);
            }
            let began = Instant::now();
            let left = LazyCell::force(&until).map(|until| until.saturating_duration_since(began));
            if left == Some(Duration::ZERO) {
                return Ok(false);
            }
            self.sleep(ring, sleep, left);
            self.looks.slept(began.elapsed());
        }
    }
}

/// The first words of a frame, as many as there are of so many, and the others.
fn split(words: &mut [[u8; WORD]], count: usize) -> (&mut [[u8; WORD]], &mut [[u8; WORD]]) {
    let count = count.min(words.len());
    words.split_at_mut(count)
}

/// Copies words out of a slot.
fn copy<W: Word>(slot: &[W], words: &mut [[u8; WORD]]) {
    if let (Some(slot), Some(words)) = (slot.first_chunk::<LINE>(), words.first_chunk_mut::<LINE>()) {
        for index in 0..LINE {
            words[index] = slot[index].load(Ordering::Relaxed).to_le_bytes();
        }
        return;
    }
    for (bytes, word) in words.iter_mut().zip(slot) {
        *bytes = word.load(Ordering::Relaxed).to_le_bytes();
    }
}
