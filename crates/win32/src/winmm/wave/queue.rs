//! The buffers that wait to be played, and the loops among them.

use std::collections::VecDeque;

use crate::abi::Pointer;

/// How many buffers may wait at once in one stream; more than any client has in use.
const MOST: usize = 4096;

/// A buffer that the client has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Buffer {
    /// Its WAVEHDR.
    pub header: Pointer,
    /// Its samples.
    pub data: Pointer,
    /// Their length in bytes.
    pub len: u64,
    /// How often the loop that begins with it is played, if one does.
    pub begins: Option<u32>,
    /// Whether a loop ends with it.
    pub ends: bool,
}

/// The buffers of one stream, the next one to be played first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    buffers: VecDeque<Buffer>,
    /// Which one plays. Those before it belong to a loop that is played again.
    at: usize,
    /// How many of its bytes have been played.
    done: u64,
    /// In a loop: how often it is played, this time included.
    loops: Option<u32>,
}

impl Queue {
    /// Adds a buffer; false when there are too many.
    pub fn push(&mut self, buffer: Buffer) -> bool {
        let room = self.buffers.len() < MOST;
        if room {
            self.buffers.push_back(buffer);
        }
        room
    }

    /// Whether every buffer has been given back.
    pub fn is_empty(&self) -> bool {
        self.buffers.is_empty()
    }

    /// Where the samples lie that are played next, and how many bytes are left of their buffer; `None` when there is no buffer left.
    pub fn next(&self) -> Option<(Pointer, u64)> {
        let buffer = self.buffers.get(self.at)?;
        Some((buffer.data.at(self.done), buffer.len - self.done))
    }

    /// How many bytes are left of all buffers, those of a loop counted once.
    pub fn left(&self) -> u64 {
        let len: u64 = self.buffers.iter().skip(self.at).map(|buffer| buffer.len).sum();
        len.saturating_sub(self.done)
    }

    /// So many of those bytes have been played. Answers the headers of the buffers that are finished with that.
    pub fn played(&mut self, bytes: u64) -> Vec<Pointer> {
        let Some(&buffer) = self.buffers.get(self.at) else { return Vec::new() };
        if self.loops.is_none() {
            self.loops = buffer.begins.map(|loops| loops.max(1));
        }
        self.done += bytes.min(buffer.len - self.done);
        if self.done < buffer.len {
            return Vec::new();
        }
        self.done = 0;
        match self.loops {
            Some(loops) if loops > 1 && buffer.ends => {
                self.loops = Some(loops - 1);
                self.at = 0;
                Vec::new()
            }
            // It will be needed once more.
            Some(loops) if loops > 1 => {
                self.at += 1;
                Vec::new()
            }
            loops => {
                self.loops = loops.filter(|_| !buffer.ends);
                self.take(self.at + 1)
            }
        }
    }

    /// Whether the buffer that plays will be kept when it has been played, because the loop that it belongs to is played again.
    pub fn keeps(&self) -> bool {
        let begins = || self.buffers.get(self.at).and_then(|buffer| buffer.begins);
        self.loops.or_else(begins).is_some_and(|loops| loops > 1)
    }

    /// Has the loop that plays end with this time. Answers the headers of the buffers that have been kept for nothing.
    pub fn break_loop(&mut self) -> Vec<Pointer> {
        self.loops = self.loops.map(|_| 1);
        // The one that plays is given back when it has been.
        self.take(self.at)
    }

    /// Takes everything out: the headers, in the order in which they were written.
    pub fn clear(&mut self) -> Vec<Pointer> {
        self.loops = None;
        self.done = 0;
        self.take(self.buffers.len())
    }

    /// Takes the first buffers out; what plays then is the first of the others.
    fn take(&mut self, count: usize) -> Vec<Pointer> {
        self.at = 0;
        self.buffers.drain(..count.min(self.buffers.len())).map(|buffer| buffer.header).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer(number: u64, begins: Option<u32>, ends: bool) -> Buffer {
        Buffer { header: Pointer(number), data: Pointer(1000 * number), len: 10, begins, ends }
    }

    /// Plays to the end, 10 bytes at a time: what was played, and what was given back after which.
    fn play(queue: &mut Queue) -> (Vec<u64>, Vec<(usize, Vec<u64>)>) {
        let (mut played, mut given) = (Vec::new(), Vec::new());
        while let Some((at, left)) = queue.next() {
            assert!(played.len() < 100, "it ends");
            played.push(at.0 / 1000);
            let headers: Vec<u64> = queue.played(left).iter().map(|header| header.0).collect();
            if !headers.is_empty() {
                given.push((played.len(), headers));
            }
        }
        (played, given)
    }

    #[test]
    fn a_buffer_is_played_in_pieces() {
        let mut queue = Queue::default();
        assert!(queue.push(buffer(1, None, false)) && queue.push(buffer(2, None, false)));
        assert_eq!(queue.played(4), []);
        assert_eq!(queue.next(), Some((Pointer(1004), 6)));
        assert_eq!(queue.played(99), [Pointer(1)]);
        assert_eq!(queue.next(), Some((Pointer(2000), 10)));
        assert_eq!(queue.clear(), [Pointer(2)]);
        assert!(queue.is_empty() && queue.next().is_none());
    }

    #[test]
    fn a_loop_is_played_as_often_as_it_says_and_given_back_the_last_time() {
        let mut queue = Queue::default();
        for buffer in
            [buffer(1, None, false), buffer(2, Some(3), false), buffer(3, None, true), buffer(4, None, false)]
        {
            queue.push(buffer);
        }
        let (played, given) = play(&mut queue);
        assert_eq!(played, [1, 2, 3, 2, 3, 2, 3, 4]);
        assert_eq!(given, [(1, vec![1]), (6, vec![2]), (7, vec![3]), (8, vec![4])]);
        // A loop of one buffer, and one that says 0.
        for loops in [0, 1, 5] {
            queue.push(buffer(9, Some(loops), true));
            assert_eq!(play(&mut queue).0.len(), loops.max(1) as usize);
        }
    }

    #[test]
    fn the_buffers_of_a_loop_are_kept_until_its_last_time() {
        let mut queue = Queue::default();
        assert!(!queue.keeps());
        for buffer in [buffer(1, Some(2), false), buffer(2, None, true), buffer(3, None, false)] {
            queue.push(buffer);
        }
        let kept = [(); 5].map(|()| {
            let keeps = queue.keeps();
            assert_eq!(queue.played(10).is_empty(), keeps);
            keeps
        });
        assert_eq!(kept, [true, true, false, false, false]);
    }

    #[test]
    fn a_loop_can_be_broken() {
        let mut queue = Queue::default();
        for buffer in [buffer(1, Some(u32::MAX), false), buffer(2, None, true), buffer(3, None, false)] {
            queue.push(buffer);
        }
        for _ in 0..7 {
            queue.played(10);
        }
        assert_eq!(queue.break_loop(), [Pointer(1)], "while the second one plays");
        assert_eq!(play(&mut queue), (vec![2, 3], vec![(1, vec![2]), (2, vec![3])]));
        assert_eq!(queue.break_loop(), []);
    }

    #[test]
    fn a_loop_that_does_not_end_waits_for_its_end() {
        let mut queue = Queue::default();
        queue.push(buffer(1, Some(2), false));
        assert_eq!(play(&mut queue), (vec![1], vec![]));
        assert!(!queue.is_empty());
        queue.push(buffer(2, None, true));
        assert_eq!(play(&mut queue), (vec![2, 1, 2], vec![(2, vec![1]), (3, vec![2])]));
    }

    #[test]
    fn no_client_has_endless_buffers() {
        let mut queue = Queue::default();
        assert_eq!((0..2 * MOST).filter(|_| queue.push(buffer(1, None, false))).count(), MOST);
    }
}
