//! One open output device: what it plays, how far it is, and by which clock.

use std::time::Duration;

use super::format::Format;
use super::line::Line;
use super::queue::Queue;
use crate::abi::Handle;
use crate::winmm::callback::Callback;

/// How fast samples are played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// As a sound card does.
    Real,
    /// As fast as they come.
    Fast,
    /// As a sound card does, by a clock that is the process's own.
    Exact,
}

/// While something plays, the device looks at least this often, so that what has been played is never far behind.
const LOOK: Duration = Duration::from_millis(20);

/// An open output device.
#[derive(Debug)]
pub(super) struct Stream {
    pub handle: Handle,
    pub format: Format,
    pub callback: Callback,
    pub queue: Queue,
    /// As waveOutSetVolume has it.
    pub volume: u32,
    /// What the host calls it; `None` where it keeps no samples, or no more.
    pub sink: Option<u32>,
    /// Whether samples are on their way to the host, so that nobody else may play any.
    pub busy: bool,
    /// How many buffers are out of the queue and not given back yet: their clients hear of one after the other.
    pub returning: usize,
    /// Where its samples are in time.
    pub line: Line,
    /// What has been played and not been handed to the host yet.
    pub kept: Vec<u8>,
    /// Where on the line that begins.
    pub kept_at: u64,
    /// How many bytes have been played.
    played: u64,
    paused: bool,
    /// Since when it plays, by the process's clock; `None` while it has nothing to play.
    since: Option<Duration>,
    /// Where it was then: some blocks further than what has been played, if it was paused between.
    from: u64,
}

impl Stream {
    pub fn new(handle: Handle, format: Format, callback: Callback, sink: Option<u32>) -> Self {
        Self {
            handle,
            format,
            callback,
            queue: Queue::default(),
            volume: u32::MAX,
            sink,
            busy: false,
            returning: 0,
            line: Line::default(),
            kept: Vec::new(),
            kept_at: 0,
            played: 0,
            paused: false,
            since: None,
            from: 0,
        }
    }

    /// Whether it has buffers that are not given back.
    pub fn has_buffers(&self) -> bool {
        !self.queue.is_empty() || self.returning > 0
    }

    /// Begins to play, if there is something to play and nothing keeps it from it.
    pub fn start(&mut self, now: Duration, pace: Pace) {
        if !self.paused && self.since.is_none() && self.queue.next().is_some() {
            self.since = Some(if pace == Pace::Exact { self.line.go_on(now, &self.format) } else { now });
        }
    }

    /// Stops where it is.
    pub fn pause(&mut self, now: Duration, pace: Pace) {
        self.from = self.position(now, pace);
        self.since = None;
        self.paused = true;
    }

    /// Goes on after a pause.
    pub fn restart(&mut self, now: Duration, pace: Pace) {
        self.paused = false;
        self.start(now, pace);
    }

    /// Forgets where it was.
    pub fn rewind(&mut self) {
        (self.played, self.from, self.since, self.paused) = (0, 0, None, false);
    }

    /// Where the clock says that it is.
    fn due(&self, now: Duration) -> u64 {
        let playing = self.since.map_or(0, |since| self.format.bytes_in(now.saturating_sub(since)));
        self.from.saturating_add(playing)
    }

    /// How many bytes are to be played now, of those of the buffer that plays.
    pub fn due_bytes(&mut self, now: Duration, pace: Pace) -> Option<u64> {
        let Some((_, left)) = self.queue.next() else {
            // It starts anew with the next buffer.
            (self.since, self.from) = (None, self.played);
            return None;
        };
        if self.paused {
            return None;
        }
        self.start(now, pace);
        let due = match pace {
            Pace::Fast => left,
            Pace::Real | Pace::Exact => self.due(now).saturating_sub(self.played),
        };
        // A buffer need not end with a whole block.
        Some(if due >= left { left } else { due - due % self.format.block() })
    }

    /// Of so many bytes that are to be played now, those with which no buffer is given back: all of them, or all but the last block. `None` for none.
    pub fn without_return(&self, due: u64) -> Option<u64> {
        let (_, left) = self.queue.next()?;
        let ends = due >= left && !self.queue.keeps();
        let bytes = if ends { left.saturating_sub(self.format.block()) } else { due };
        (bytes > 0).then_some(bytes)
    }

    /// So many bytes have been played.
    pub fn advance(&mut self, bytes: u64) {
        self.played += bytes;
        self.line.advance(bytes);
    }

    /// How many bytes have been played so far.
    pub fn played(&self) -> u64 {
        self.played
    }

    /// Where it is, in bytes: what has been played, and what the clock says of the buffer that plays.
    pub fn position(&self, now: Duration, pace: Pace) -> u64 {
        match (pace, self.queue.next()) {
            (Pace::Real | Pace::Exact, Some((_, left))) => {
                self.due(now).clamp(self.played, self.played + left)
            }
            _ => self.played,
        }
    }

    /// When there is something to do: at the end of the buffer that plays, or sooner.
    pub fn next_due(&self, now: Duration, pace: Pace) -> Option<Duration> {
        let (_, left) = self.queue.next().filter(|_| !self.paused)?;
        let since = self.since?;
        Some(match pace {
            Pace::Fast => now,
            Pace::Real => {
                let end = (self.played + left).saturating_sub(self.from);
                (since + self.format.time_of(end)).min(now + LOOK)
            }
            Pace::Exact => {
                // A client may write into what is about to be played.
                let look = left.min(self.format.bytes_in(LOOK).max(self.format.block()));
                since + self.format.time_of((self.played + look).saturating_sub(self.from))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::Buffer;
    use super::*;
    use crate::abi::Pointer;

    /// 1000 blocks of 2 bytes a second.
    fn stream() -> Stream {
        let format =
            wire::WaveFormat { floating: false, channels: 1, samples_per_sec: 1000, bits_per_sample: 16 };
        Stream::new(Handle(4), Format(format), Callback::default(), None)
    }

    fn ms(time: u64) -> Duration {
        Duration::from_millis(time)
    }

    fn write(stream: &mut Stream, len: u64, now: u64) {
        let (header, data) = (Pointer(1), Pointer(2));
        stream.queue.push(Buffer { header, data, len, begins: None, ends: false });
        stream.start(ms(now), Pace::Real);
    }

    /// Plays what is due; answers how many buffers were finished.
    fn play(stream: &mut Stream, now: u64, pace: Pace) -> usize {
        let mut finished = 0;
        while let Some(bytes) = stream.due_bytes(ms(now), pace).filter(|&bytes| bytes > 0) {
            finished += stream.queue.played(bytes).len();
            stream.advance(bytes);
        }
        finished
    }

    #[test]
    fn it_plays_by_the_clock_and_stands_still_without_samples() {
        let mut stream = stream();
        assert_eq!((stream.due_bytes(ms(5), Pace::Real), stream.next_due(ms(5), Pace::Real)), (None, None));
        write(&mut stream, 100, 10);
        write(&mut stream, 100, 12);
        assert_eq!(stream.next_due(ms(12), Pace::Real), Some(ms(32)));
        assert_eq!(stream.next_due(ms(50), Pace::Real), Some(ms(60)));
        assert_eq!(stream.position(ms(30), Pace::Real), 40);
        assert_eq!((play(&mut stream, 30, Pace::Real), stream.played()), (0, 40));
        // Late, but the second buffer has been playing since the first one ended.
        assert_eq!((play(&mut stream, 70, Pace::Real), stream.played()), (1, 120));
        assert_eq!((play(&mut stream, 500, Pace::Real), stream.position(ms(500), Pace::Real)), (1, 200));
        // Silence in between takes no part.
        write(&mut stream, 100, 1000);
        assert_eq!(stream.position(ms(1010), Pace::Real), 220);
        assert_eq!((play(&mut stream, 1050, Pace::Real), stream.played()), (1, 300));
    }

    #[test]
    fn no_buffer_is_given_back_for_a_look_at_the_position() {
        let mut stream = stream();
        assert_eq!(stream.without_return(100), None);
        write(&mut stream, 100, 0);
        let wanted = [0, 40, 98, 100, 300].map(|due| stream.without_return(due));
        assert_eq!(wanted, [None, Some(40), Some(98), Some(98), Some(98)]);
        let _ = stream.queue.clear();
        write(&mut stream, 0, 0);
        assert_eq!(stream.without_return(0), None);
        let _ = stream.queue.clear();
        let (header, data) = (Pointer(1), Pointer(2));
        stream.queue.push(Buffer { header, data, len: 100, begins: Some(u32::MAX), ends: true });
        assert_eq!(stream.without_return(100), Some(100));
    }

    #[test]
    fn a_pause_loses_nothing() {
        let mut stream = stream();
        write(&mut stream, 100, 0);
        stream.pause(ms(10), Pace::Real);
        assert_eq!(stream.position(ms(1000), Pace::Real), 20);
        assert_eq!((play(&mut stream, 1000, Pace::Real), stream.next_due(ms(1000), Pace::Real)), (0, None));
        stream.restart(ms(2000), Pace::Real);
        assert_eq!(stream.position(ms(2005), Pace::Real), 30);
        assert_eq!((play(&mut stream, 2040, Pace::Real), stream.played()), (1, 100));
        // Paused before it is written to, as some clients start.
        stream.rewind();
        stream.pause(ms(3000), Pace::Real);
        write(&mut stream, 100, 3000);
        assert_eq!(stream.position(ms(4000), Pace::Real), 0);
        stream.restart(ms(5000), Pace::Real);
        assert_eq!(stream.position(ms(5010), Pace::Real), 20);
    }

    #[test]
    fn a_fast_one_takes_all_at_once() {
        let mut stream = stream();
        write(&mut stream, 100, 0);
        write(&mut stream, 7, 0);
        assert_eq!(stream.next_due(ms(0), Pace::Fast), Some(ms(0)));
        assert_eq!((play(&mut stream, 0, Pace::Fast), stream.position(ms(0), Pace::Fast)), (2, 107));
        stream.pause(ms(0), Pace::Fast);
        write(&mut stream, 100, 0);
        assert_eq!(play(&mut stream, 9, Pace::Fast), 0);
        stream.restart(ms(9), Pace::Fast);
        assert_eq!((play(&mut stream, 9, Pace::Fast), stream.played()), (1, 207));
    }
}
