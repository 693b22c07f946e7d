//! A ring of frames in shared memory, for one writer and one reader that do not trust each other.
//!
//! ```text
//! word 0    tail: how many words the writer has ever written (wraps)
//! word 16   head: how many words the reader has ever taken
//! word 32   asleep: 1 while the reader sleeps on tail
//! word 48.. the frames: one word with the length in bytes, then the bytes, padded to whole words
//! ```
//! A word is 32 bits, because that is what `futex(2)` waits on.
//! Each index has a cache line of its own. Each side keeps its own index to itself and only publishes it, so the other cannot
//! make it lose its place; what it reads of the other's index it checks. All access is atomic, so that a peer that writes at the wrong time is
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

/// What a ring is made of.
pub trait Word {
    /// Words of frames in a ring; a power of two.
    const CAPACITY: usize;

    /// Reads it.
    fn load(&self, order: Ordering) -> u32;

    /// Writes it.
    fn store(&self, value: u32, order: Ordering);

    /// Lets no access be moved across it, as [`std::sync::atomic::fence`] says.
    fn fence(order: Ordering);
}

/// A word of shared memory.
impl Word for AtomicU32 {
    const CAPACITY: usize = 16_384;

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
const TAIL: usize = 0;
const HEAD: usize = 16;
const ASLEEP: usize = 32;
const FRAMES: usize = 48;

/// Words of a whole ring.
pub const WORDS: usize = FRAMES + <AtomicU32 as Word>::CAPACITY;

/// Bytes of a word.
const WORD: usize = size_of::<u32>();

/// The longest frame, in bytes: a quarter of the ring, so that a late answer never blocks the next question.
pub const LONGEST: usize = longest::<AtomicU32>();

const fn longest<W: Word>() -> usize {
    W::CAPACITY * WORD / 4
}

/// How often a reader looks again before it sleeps, at most. A worker's usual answer comes within this, and a sleep costs both sides a
/// system call; more takes the processor away from the one that is waited for, and where two share a core, slows it down.
const SPINS: u32 = 2000;
/// How often it looks at least: for about as long as a message takes that a driver answers at once.
const FEWEST_SPINS: u32 = 125;

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
    tail: &'a W,
    head: &'a W,
    asleep: &'a W,
    words: &'a [W],
}

impl<'a, W: Word> Ring<'a, W> {
    /// The ring in the first words of `memory`, which are [`WORDS`] of shared memory; `None` when there are fewer.
    #[must_use]
    pub fn new(memory: &'a [W]) -> Option<Self> {
        let words = memory.get(FRAMES..FRAMES + W::CAPACITY)?;
        Some(Self { tail: memory.get(TAIL)?, head: memory.get(HEAD)?, asleep: memory.get(ASLEEP)?, words })
    }

    fn put(&self, index: u32, word: u32) {
        if let Some(slot) = self.words.get(index as usize % W::CAPACITY) {
            slot.store(word, Ordering::Relaxed);
        }
    }

    fn get(&self, index: u32) -> u32 {
        self.words.get(index as usize % W::CAPACITY).map_or(0, |slot| slot.load(Ordering::Relaxed))
    }
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
    tail: u32,
    /// The reader's index as it was last looked at. Looking costs a cache line that the reader has just written, so it is
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
        self.put(ring, frame, W::CAPACITY / 2)?;
        wake(ring, sleep);
        Ok(())
    }

    /// Appends a frame unless fewer than `spare` words would stay free.
    fn put<W: Word>(&mut self, ring: &Ring<'_, W>, frame: &[u8], spare: usize) -> Result<(), RingError> {
        if frame.len() > longest::<W>() {
            return Err(RingError::TooLong(frame.len()));
        }
        let needed = 1 + frame.len().div_ceil(WORD);
        if needed + spare > self.free::<W>(self.head)? {
            let head = ring.head.load(Ordering::Acquire);
            if needed + spare > self.free::<W>(head)? {
                return Err(RingError::Full);
            }
            self.head = head;
        }
        ring.put(self.tail, truncate(frame.len()));
        for (index, chunk) in (1..).zip(frame.chunks(WORD)) {
            let mut word = [0; WORD];
            word[..chunk.len()].copy_from_slice(chunk);
            ring.put(self.tail.wrapping_add(index), u32::from_le_bytes(word));
        }
        self.tail = self.tail.wrapping_add(truncate(needed));
        ring.tail.store(self.tail, Ordering::Release);
        Ok(())
    }

    /// How many words are free when the reader has come as far as `head`.
    fn free<W: Word>(&self, head: u32) -> Result<usize, RingError> {
        let used = self.tail.wrapping_sub(head) as usize;
        W::CAPACITY.checked_sub(used).ok_or(RingError::Forged)
    }
}

/// Wakes the reader if it sleeps, after something was written.
fn wake<W: Word>(ring: &Ring<'_, W>, sleep: Sleep<W>) {
    // A fence on each side between its write and its read: either the reader sees the new tail before it sleeps, or this sees that it sleeps.
    W::fence(Ordering::SeqCst);
    if ring.asleep.load(Ordering::Relaxed) != 0 {
        (sleep.wake)(ring.tail);
    }
}

/// The reading end's own state.
#[derive(Debug)]
pub struct Reader {
    head: u32,
    /// How often it looks again before it sleeps.
    spins: u32,
}

impl Default for Reader {
    fn default() -> Self {
        Self { head: 0, spins: SPINS }
    }
}

impl Reader {
    /// Takes the next frame into `frame`, if there is one.
    ///
    /// # Errors
    /// [`RingError::Forged`].
    pub fn take<W: Word>(&mut self, ring: &Ring<'_, W>, frame: &mut Vec<u8>) -> Result<bool, RingError> {
        let available = ring.tail.load(Ordering::Acquire).wrapping_sub(self.head) as usize;
        if available == 0 {
            return Ok(false);
        }
        // Read once: the writer could change it between a check and a use.
        let length = ring.get(self.head) as usize;
        let words = 1 + length.div_ceil(WORD);
        if available > W::CAPACITY || length > longest::<W>() || words > available {
            return Err(RingError::Forged);
        }
        frame.clear();
        for index in 1..truncate(words) {
            let word = ring.get(self.head.wrapping_add(index));
            frame.extend_from_slice(&word.to_le_bytes());
        }
        frame.truncate(length);
        self.head = self.head.wrapping_add(truncate(words));
        ring.head.store(self.head, Ordering::Release);
        Ok(true)
    }

    /// Whether there is a frame to be taken.
    #[must_use]
    pub fn has_more<W: Word>(&self, ring: &Ring<'_, W>) -> bool {
        ring.tail.load(Ordering::Relaxed) != self.head
    }

    /// Looks for a frame until it is time to sleep; whether there is one. Where that was in vain, it looks half as long the next time: a
    /// codec takes longer for its frames, and whoever else has work to do can use the processor.
    fn spin<W: Word>(&mut self, ring: &Ring<'_, W>) -> bool {
        for _ in 0..self.spins {
            if ring.tail.load(Ordering::Acquire) != self.head {
                self.spins = (self.spins * 2).min(SPINS);
                return true;
            }
            std::hint::spin_loop();
        }
        self.spins = (self.spins / 2).max(FEWEST_SPINS);
        false
    }

    /// Sleeps until there may be a frame, at most for `timeout`. May return early for no reason.
    fn sleep<W: Word>(&self, ring: &Ring<'_, W>, sleep: Sleep<W>, timeout: Option<Duration>) {
        ring.asleep.store(1, Ordering::Relaxed);
        W::fence(Ordering::SeqCst);
        if ring.tail.load(Ordering::Relaxed) == self.head {
            (sleep.wait)(ring.tail, self.head, timeout);
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
            let left = LazyCell::force(&until).map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                return Ok(false);
            }
            self.sleep(ring, sleep, left);
        }
    }
}

/// A count of words or bytes that was checked to be at most [`LONGEST`].
fn truncate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Owned(Vec<AtomicU32>);

    impl Owned {
        fn new() -> Self {
            Self((0..WORDS).map(|_| AtomicU32::new(0)).collect())
        }

        fn ring(&self) -> Ring<'_> {
            Ring::new(&self.0).unwrap()
        }
    }

    const SLEEP: Sleep = Sleep { wait: |_, _, _| std::thread::yield_now(), wake: |_| (), looks: true };

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in(frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 1..80)) {
            let owned = Owned::new();
            let (mut writer, mut reader) = (Writer::default(), Reader::default());
            let mut frame = Vec::new();
            let mut waiting = std::collections::VecDeque::new();
            for sent in &frames {
                while writer.send(&owned.ring(), SLEEP, sent) == Err(RingError::Full) {
                    prop_assert!(reader.take(&owned.ring(), &mut frame).unwrap());
                    prop_assert_eq!(waiting.pop_front(), Some(frame.clone()));
                }
                waiting.push_back(sent.clone());
            }
            for sent in waiting {
                prop_assert!(reader.take(&owned.ring(), &mut frame).unwrap());
                prop_assert_eq!(&frame, &sent);
            }
            prop_assert!(!reader.take(&owned.ring(), &mut frame).unwrap());
        }

        #[test]
        fn forged_indices_never_panic(tail: u32, head: u32, length: u32) {
            let owned = Owned::new();
            owned.0[TAIL].store(tail, Ordering::Relaxed);
            owned.0[HEAD].store(head, Ordering::Relaxed);
            owned.0[FRAMES].store(length, Ordering::Relaxed);
            let mut frame = Vec::new();
            if let Ok(true) = Reader::default().take(&owned.ring(), &mut frame) {
                prop_assert_eq!(frame.len(), length as usize);
            }
            let _ = Writer::default().send(&owned.ring(), SLEEP, &[1, 2, 3]);
        }
    }

    #[test]
    fn a_frame_crosses_threads() {
        const FRAMES: u32 = if cfg!(miri) { 200 } else { 100_000 };
        let owned = Owned::new();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut writer = Writer::default();
                for number in 0..FRAMES {
                    while writer.send(&owned.ring(), SLEEP, &number.to_le_bytes()) == Err(RingError::Full) {
                        std::thread::yield_now();
                    }
                }
            });
            let (mut reader, mut frame) = (Reader::default(), Vec::new());
            for number in 0..FRAMES {
                assert!(reader.take_until(&owned.ring(), SLEEP, &mut frame, || None).unwrap());
                assert_eq!(frame, number.to_le_bytes());
            }
        });
    }

    #[test]
    fn only_who_is_to_be_woken_is_woken() {
        static WOKEN: AtomicU32 = AtomicU32::new(0);
        let wake = |_: &AtomicU32| {
            WOKEN.fetch_add(1, Ordering::Relaxed);
        };
        let sleep = Sleep { wake, ..SLEEP };
        let owned = Owned::new();
        let (mut writer, mut reader, mut frame) = (Writer::default(), Reader::default(), Vec::new());
        owned.0[ASLEEP].store(1, Ordering::Relaxed);
        assert!(!reader.has_more(&owned.ring()));
        writer.send_quietly(&owned.ring(), sleep, b"quiet").unwrap();
        assert!(reader.has_more(&owned.ring()));
        assert_eq!(WOKEN.load(Ordering::Relaxed), 0);
        writer.send(&owned.ring(), sleep, b"loud").unwrap();
        assert_eq!(WOKEN.load(Ordering::Relaxed), 1);
        for expected in ["quiet", "loud"] {
            assert!(reader.take(&owned.ring(), &mut frame).unwrap());
            assert_eq!(frame, expected.as_bytes());
        }
        assert!(!reader.has_more(&owned.ring()));
    }

    #[test]
    fn too_long_and_full_are_refused() {
        let owned = Owned::new();
        let mut writer = Writer::default();
        assert_eq!(
            writer.send(&owned.ring(), SLEEP, &vec![0; LONGEST + 1]),
            Err(RingError::TooLong(LONGEST + 1))
        );
        for _ in 0..3 {
            writer.send(&owned.ring(), SLEEP, &vec![0; LONGEST]).unwrap();
        }
        assert_eq!(writer.send(&owned.ring(), SLEEP, &vec![0; LONGEST]), Err(RingError::Full));
    }

    #[test]
    fn what_may_be_lost_leaves_room_for_answers() {
        let owned = Owned::new();
        let mut writer = Writer::default();
        while writer.send_if_room(&owned.ring(), SLEEP, &[0; 100]).is_ok() {}
        assert_eq!(writer.send(&owned.ring(), SLEEP, &vec![0; LONGEST]), Ok(()));
    }
}
