//! What a driver plays, put together at the sound system's rate: each of its streams where it was played by the driver's clock.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use drvhost::media::PcmFormat;
use drvhost::{Piece, SoundSink, StreamId};

use crate::converter::Converter;
use crate::samples;

/// Streams of a higher rate are not heard.
const HIGHEST_RATE: u32 = 384_000;
/// How much of a stream is kept that is ahead of what is wanted, in seconds. An honest driver's is ahead only while it is given a long message.
const MOST_AHEAD: u32 = 10;
/// By how many of its samples a stream is late, so that those are there that its clock and the sound system's round to different moments.
const MARGIN: i64 = 2;

/// All streams of a driver.
pub(crate) struct Mixer {
    rate: u32,
    /// When the first frame is that it makes, by the driver's clock.
    begin: Mutex<Duration>,
    streams: Mutex<BTreeMap<StreamId, Stream>>,
}

struct Stream {
    converter: Converter,
    /// The frame that goes with the stream's first one, once that is known.
    start: Option<i64>,
    /// What was played and is still needed, from the stream's frame `front` on.
    kept: VecDeque<[f32; 2]>,
    front: i64,
    most: usize,
    closed: bool,
}

impl Mixer {
    pub fn new(rate: u32) -> Self {
        Self { rate, begin: Mutex::default(), streams: Mutex::default() }
    }

    /// Frames count from this time on.
    pub fn begin_at(&self, begin: Duration) {
        *self.begin.lock().unwrap_or_else(PoisonError::into_inner) = begin;
    }

    /// Passes over frames: from now on they count from this time on, which is that of the frame with this number.
    pub fn skip(&self, begin: Duration, frames: u64) {
        self.begin_at(begin);
        let frames = i64::try_from(frames).unwrap_or(i64::MAX / 4);
        for stream in self.streams().values_mut() {
            stream.start = stream.start.map(|start| start.saturating_sub(frames));
        }
    }

    fn streams(&self) -> MutexGuard<'_, BTreeMap<StreamId, Stream>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the frames from `first` on.
    pub fn render(&self, first: u64, out: &mut [[f32; 2]]) {
        out.fill([0.0; 2]);
        let first = i64::try_from(first).unwrap_or(i64::MAX / 2);
        let mut streams = self.streams();
        for stream in streams.values_mut() {
            stream.add(first, out);
        }
        streams.retain(|_, stream| !stream.closed || !stream.kept.is_empty());
    }
}

impl SoundSink for Mixer {
    fn open(&self, stream: StreamId, format: PcmFormat, driver: &str) {
        let rate = format.samples_per_sec;
        if rate == 0 || rate > HIGHEST_RATE {
            tracing::warn!(driver, rate, "a stream of this rate is not heard");
            return;
        }
        let stream_of = Stream {
            converter: Converter::new(rate, self.rate),
            start: None,
            kept: VecDeque::new(),
            front: 0,
            most: (rate * MOST_AHEAD) as usize,
            closed: false,
        };
        self.streams().insert(stream, stream_of);
    }

    fn play(&self, piece: &Piece<'_>) {
        let begin = *self.begin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stream) = self.streams().get_mut(&piece.stream) {
            let start = *stream.start.get_or_insert_with(|| frame_at(piece.begin, begin, self.rate));
            // A worker that is out of hand can say anything.
            if start.unsigned_abs() < u64::MAX / 4 {
                stream.take(piece);
            }
        }
    }

    fn close(&self, stream: StreamId) {
        if let Some(stream) = self.streams().get_mut(&stream) {
            stream.closed = true;
        }
    }
}

/// Which frame goes with a time.
fn frame_at(time: Duration, begin: Duration, rate: u32) -> i64 {
    let nanos = |time: Duration| i128::try_from(time.as_nanos()).unwrap_or(i128::MAX / 4);
    let frames = (nanos(time) - nanos(begin)).saturating_mul(rate.into()) / 1_000_000_000;
    i64::try_from(frames).unwrap_or(i64::MAX)
}

impl Stream {
    fn take(&mut self, piece: &Piece<'_>) {
        let Ok(frame) = i64::try_from(piece.frame) else { return };
        let end = self.front.saturating_add(self.kept.len() as i64);
        let (silence, past) = (frame.saturating_sub(end).max(0), end.saturating_sub(frame).max(0));
        let room = self.most.saturating_sub(self.kept.len());
        if usize::try_from(silence).map_or(true, |silence| silence > room) {
            return;
        }
        self.kept.extend((0..silence).map(|_| [0.0; 2]));
        let past = usize::try_from(past).unwrap_or(usize::MAX);
        let room = room - silence as usize;
        self.kept.extend(samples::frames(piece.format, piece.bytes).skip(past).take(room));
    }

    /// Adds its share to frames.
    fn add(&mut self, first: i64, out: &mut [[f32; 2]]) {
        let Some(start) = self.start else { return };
        let taps = self.converter.taps() as i64;
        let from = |frame: i64| {
            let (last, phase) = self.converter.place(frame.saturating_sub(start));
            (last - MARGIN + 1 - taps, phase)
        };
        for (frame, out) in (first..).zip(out.iter_mut()) {
            let (oldest, phase) = from(frame);
            let kept = |tap: usize| {
                let at = oldest - self.front + tap as i64;
                let sample = usize::try_from(at).ok().and_then(|at| self.kept.get(at));
                sample.copied().unwrap_or_default()
            };
            let [left, right] = self.converter.sum(phase, kept);
            out[0] += left;
            out[1] += right;
        }
        let (needed, _) = from(first.saturating_add(out.len() as i64));
        if needed > self.front {
            let gone = usize::try_from(needed - self.front).unwrap_or(usize::MAX);
            self.kept.drain(..gone.min(self.kept.len()));
            self.front = needed;
        }
    }
}

#[cfg(test)]
mod tests {
    use drvhost::media::SampleType;

    use super::*;

    const FORMAT: PcmFormat = PcmFormat { channels: 1, samples_per_sec: 44_100, sample: SampleType::S16 };

    fn piece(frame: u64, bytes: &[u8]) -> Piece<'_> {
        Piece { stream: StreamId(1), format: FORMAT, begin: Duration::from_millis(1010), frame, bytes }
    }

    /// A sample for each number, which is its value, in 256ths.
    fn bytes(numbers: std::ops::Range<u8>) -> Vec<u8> {
        numbers.flat_map(|number| [0, number]).collect()
    }

    fn mixer(rate: u32) -> Mixer {
        let mixer = Mixer::new(rate);
        mixer.begin_at(Duration::from_secs(1));
        mixer.open(StreamId(1), FORMAT, "test");
        mixer
    }

    fn render(mixer: &Mixer, first: u64, count: usize) -> Vec<f32> {
        let mut out = vec![[9.0; 2]; count];
        mixer.render(first, &mut out);
        out.iter().map(|frame| frame[0] * 128.0).collect()
    }

    #[test]
    fn samples_are_where_they_were_played() {
        let mixer = mixer(44_100);
        // 10 ms after the begin, and a margin of two samples.
        mixer.play(&piece(0, &bytes(1..4)));
        assert_eq!(render(&mixer, 0, 443), [0.0; 443]);
        assert_eq!(render(&mixer, 443, 5), [1.0, 2.0, 3.0, 0.0, 0.0]);
        // What was not played in time is silence, and what comes too late is passed over.
        mixer.play(&piece(4, &bytes(5..10)));
        assert_eq!(render(&mixer, 448, 4), [6.0, 7.0, 8.0, 9.0]);
        mixer.play(&piece(11, &bytes(12..14)));
        assert_eq!(render(&mixer, 452, 4), [0.0, 0.0, 12.0, 13.0]);
        mixer.close(StreamId(1));
        assert_eq!(render(&mixer, 456, 2), [0.0, 0.0]);
        assert!(mixer.streams().is_empty());
    }

    #[test]
    fn what_is_passed_over_is_not_heard() {
        let mixer = mixer(44_100);
        mixer.play(&piece(0, &bytes(1..100)));
        assert_eq!(render(&mixer, 443, 3), [1.0, 2.0, 3.0]);
        mixer.skip(Duration::from_secs(1) + Duration::from_millis(20), 882);
        assert_eq!(render(&mixer, 446, 2), [0.0, 0.0], "882 samples were passed over");
        mixer.open(StreamId(1), FORMAT, "test");
        // What begins 10 ms before the time that frames count from now.
        mixer.play(&piece(0, &bytes(1..100)));
        assert_eq!(mixer.streams()[&StreamId(1)].start, Some(-441));
    }

    #[test]
    fn a_worker_out_of_hand_gets_no_room() {
        let mixer = mixer(44_100);
        mixer.play(&piece(u64::MAX, &bytes(1..4)));
        mixer.play(&piece(u64::MAX / 2, &bytes(1..4)));
        mixer.play(&piece(0, &bytes(1..2)));
        mixer.play(&piece(44_100 * 11, &bytes(1..4)));
        assert_eq!(mixer.streams()[&StreamId(1)].kept.len(), 1);
        let mut strange = piece(0, &[0, 1]);
        strange.begin = Duration::MAX;
        mixer.open(StreamId(2), FORMAT, "test");
        strange.stream = StreamId(2);
        mixer.play(&strange);
        mixer.open(StreamId(3), PcmFormat { samples_per_sec: 0, ..FORMAT }, "test");
        assert_eq!(render(&mixer, 443, 2), [1.0, 0.0]);
    }

    #[test]
    fn another_rate_is_converted_without_a_seam() {
        let once = mixer(48_000);
        let pieces = mixer(48_000);
        let sound: Vec<u8> = (0..4410).flat_map(|at| ((at % 50 * 400) as i16).to_le_bytes()).collect();
        once.play(&piece(0, &sound));
        let whole = render(&once, 0, 4000);
        let mut parts = Vec::new();
        for (number, part) in sound.chunks(882).enumerate() {
            pieces.play(&piece(number as u64 * 441, part));
            if number == 0 {
                parts.extend(render(&pieces, 0, 480));
            }
            parts.extend(render(&pieces, 480 * (number as u64 + 1), 480));
        }
        assert!(parts.len() >= 4000);
        assert!(whole.iter().any(|&sample| sample > 50.0));
        assert_eq!(parts[..4000], whole[..]);
    }
}
