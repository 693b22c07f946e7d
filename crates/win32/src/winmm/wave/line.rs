//! Where a stream's samples are in time, where the clock is the process's own: a line that begins with the first sample and has silence where nothing was played.

use std::time::Duration;

use super::format::Format;

/// A stream's line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Line {
    /// When it begins, once it has.
    begin: Option<Duration>,
    /// How long it is so far, in bytes, silence included.
    len: u64,
    /// How many bytes of that are no silence.
    total: u64,
}

impl Line {
    /// Something is to be played from now on: the silence up to now becomes part of the line. Answers when it is that the line goes on, which is now but for less
    /// than a sample.
    pub fn go_on(&mut self, now: Duration, format: &Format) -> Duration {
        let begin = *self.begin.get_or_insert(now);
        self.len = self.len.max(format.bytes_in(now.saturating_sub(begin)));
        begin.saturating_add(format.time_of(self.len))
    }

    /// So many bytes were played.
    pub fn advance(&mut self, bytes: u64) {
        self.len = self.len.saturating_add(bytes);
        self.total = self.total.saturating_add(bytes);
    }

    /// How many bytes were played, without silence.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// When it begins, and how long it is.
    pub fn end(&self) -> (Duration, u64) {
        (self.begin.unwrap_or_default(), self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_as_long_as_the_time_it_takes() {
        let wave =
            wire::WaveFormat { floating: false, channels: 2, samples_per_sec: 44_100, bits_per_sample: 16 };
        let (format, mut line) = (Format(wave), Line::default());
        let at = Duration::from_nanos;
        assert_eq!(line.go_on(at(1_000_000_007), &format), at(1_000_000_007));
        line.advance(441 * 4);
        // Ten milliseconds later it has just ended, and there is no silence.
        let end = at(1_010_000_007);
        assert_eq!((line.go_on(end, &format), line.end()), (end, (at(1_000_000_007), 441 * 4)));
        // A sample takes 22,675.7 ns: one of silence, and nothing of what is left over is lost.
        assert_eq!(line.go_on(end + at(30_000), &format), end + at(22_676));
        assert_eq!(line.go_on(end + at(45_352), &format), end + at(45_352));
        assert_eq!((line.end().1, line.total()), (443 * 4, 441 * 4));
    }
}
