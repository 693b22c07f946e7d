//! What all streams of the drivers play becomes one recording, in which everything is at its time.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Target;
use super::recording::Recording;
use super::resample::Resampler;
use super::samples::{read, spread, write};
use super::window::Window;
use crate::error::Error;
use crate::media::{ContentHash, PcmFormat, SampleType};
use crate::sound::{Piece, SoundSink, StreamId};

/// How much later than the clock is what nothing is added to any more: a sample that gets another rate needs those behind it.
const BEHIND: Duration = Duration::from_millis(200);
/// How far beyond the time up to which it was to play, a driver can have played: it may have waited in a message. A worker may also say anything.
const BEYOND: Duration = Duration::from_secs(60);
/// How many frames get another rate at a time.
const PIECE: usize = 1024;

/// Takes what is played and makes a recording of it.
#[derive(Default)]
pub(super) struct Mixer(Mutex<State>);

#[derive(Default)]
struct State {
    streams: BTreeMap<StreamId, Stream>,
    take: Option<Take>,
    /// Up to when the clock is to go at present.
    horizon: Duration,
    /// What time it is.
    now: Duration,
}

/// An open stream.
struct Stream {
    format: PcmFormat,
    run: Option<Run>,
}

/// Frames that get another rate and follow each other without a gap.
struct Run {
    resampler: Resampler,
    /// The next one of the stream.
    frame: u64,
}

/// A recording that is being made.
struct Take {
    target: Option<Target>,
    rate: Option<u32>,
    /// When it begins; nothing is recorded before that is known.
    start: Option<Duration>,
    /// Since anything was played.
    window: Option<Window>,
    /// Whether there was something that could not be, and was left out.
    beyond: bool,
    failed: Option<Error>,
}

/// A recording that is complete.
pub(super) struct Recorded {
    pub format: PcmFormat,
    pub frames: u64,
    pub hash: ContentHash,
    /// Whether it is anything else than silence.
    pub sounding: bool,
    /// Whether there was something that could not be, and was left out.
    pub beyond: bool,
}

impl Mixer {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a recording, at this rate or the drivers' own.
    pub fn begin(&self, target: Option<Target>, rate: Option<u32>) {
        let take = Take { target, rate, start: None, window: None, beyond: false, failed: None };
        self.lock().take = Some(take);
    }

    /// Says when the recording's first frame is played.
    pub fn start_at(&self, start: Duration) {
        if let Some(take) = &mut self.lock().take {
            take.start = Some(start);
        }
    }

    /// Says up to when the clock is about to go.
    pub fn expect(&self, horizon: Duration) {
        let mut state = self.lock();
        state.horizon = state.horizon.max(horizon);
    }

    /// Says that the clock is about to go so much further than was said before.
    pub fn expect_more(&self, time: Duration) {
        let mut state = self.lock();
        state.horizon = state.horizon.saturating_add(time);
    }

    /// What time it is.
    pub fn now(&self) -> Duration {
        self.lock().now
    }

    /// The clock is this far: what was played before is written.
    ///
    /// # Errors
    /// Why nothing can be written.
    pub fn settle(&self, now: Duration) -> Result<(), Error> {
        let mut state = self.lock();
        state.now = now;
        // A driver can wait in a message for as long as it likes: that silence comes when the song is that far.
        let now = now.min(state.horizon);
        let Some(take) = &mut state.take else { return Ok(()) };
        if let Some(error) = take.failed.take() {
            return Err(error);
        }
        let settled = take.place_at(now.saturating_sub(BEHIND));
        match (&mut take.window, settled) {
            (Some(window), Some(frame)) => window.write_until(frame.max(0).unsigned_abs()),
            _ => Ok(()),
        }
    }

    /// Ends the recording after this time, or earlier where the clock is not that far. `None` where nothing was played.
    ///
    /// # Errors
    /// Why it cannot be completed.
    pub fn finish(&self, length: Duration) -> Result<Option<Recorded>, Error> {
        let mut state = self.lock();
        let State { streams, take, now, .. } = &mut *state;
        let Some(mut take) = take.take() else { return Ok(None) };
        for stream in streams.values_mut() {
            take.end_run(stream);
        }
        if let Some(error) = take.failed {
            return Err(error);
        }
        let (Some(window), Some(start)) = (take.window, take.start) else { return Ok(None) };
        let format = window.format();
        let end = frames(length.min(now.saturating_sub(start)), format.samples_per_sec);
        let (frames, recording) = window.finish(end)?;
        let (hash, sounding) = recording.finish()?;
        Ok(Some(Recorded { format, frames, hash, sounding, beyond: take.beyond }))
    }

    /// Gives a recording up.
    pub fn forget(&self) {
        self.lock().take = None;
    }
}

impl SoundSink for Mixer {
    fn open(&self, stream: StreamId, format: PcmFormat, _: &str) {
        self.lock().streams.insert(stream, Stream { format, run: None });
    }

    fn play(&self, piece: &Piece<'_>) {
        let mut state = self.lock();
        let State { streams, take, horizon, .. } = &mut *state;
        let Some(take) = take.as_mut().filter(|take| take.start.is_some() && take.failed.is_none()) else {
            return;
        };
        if take.window.is_none() {
            take.open(streams.values().map(|stream| stream.format));
        }
        if let Some(stream) = streams.get_mut(&piece.stream) {
            if piece.at() > horizon.saturating_add(BEYOND) {
                take.beyond = true;
                return;
            }
            take.play(stream, piece);
        }
    }

    fn close(&self, stream: StreamId) {
        let mut state = self.lock();
        let stream = state.streams.remove(&stream);
        if let (Some(mut stream), Some(take)) = (stream, &mut state.take) {
            take.end_run(&mut stream);
        }
    }
}

impl Take {
    /// Opens the recording for what these streams have.
    fn open(&mut self, streams: impl Iterator<Item = PcmFormat>) {
        let best = streams.reduce(|best, other| PcmFormat {
            channels: best.channels.max(other.channels),
            samples_per_sec: best.samples_per_sec.max(other.samples_per_sec),
            sample: finer(best.sample, other.sample),
        });
        let Some(best) = best else { return };
        let format = PcmFormat { samples_per_sec: self.rate.unwrap_or(best.samples_per_sec), ..best };
        match Recording::start(self.target.as_ref(), format) {
            Ok(recording) => self.window = Some(Window::new(format, recording)),
            Err(error) => self.failed = Some(error),
        }
    }

    /// The frame that is played at a time, if that is known; negative before the beginning.
    fn place_at(&self, time: Duration) -> Option<i64> {
        let (window, start) = (self.window.as_ref()?, self.start?);
        let rate = window.format().samples_per_sec;
        let before = i64::try_from(frames(start.saturating_sub(time), rate)).unwrap_or(i64::MAX);
        let behind = i64::try_from(frames(time.saturating_sub(start), rate)).unwrap_or(i64::MAX);
        Some(behind - before)
    }

    fn play(&mut self, stream: &mut Stream, piece: &Piece<'_>) {
        let Some(format) = self.window.as_ref().map(Window::format) else { return };
        if stream.format.samples_per_sec == format.samples_per_sec {
            let begin = self.place_at(piece.begin).unwrap_or(0);
            let first = begin.saturating_add(i64::try_from(piece.frame).unwrap_or(i64::MAX));
            if stream.format == format {
                self.put(first, piece.bytes);
            } else {
                self.put_numbers(first, &numbers(stream.format, format, piece.bytes));
            }
            return;
        }
        if stream.run.as_ref().is_none_or(|run| run.frame != piece.frame) {
            self.end_run(stream);
            let (rates, channels) =
                ((stream.format.samples_per_sec, format.samples_per_sec), usize::from(format.channels));
            let mut resampler = Resampler::new(rates.0, rates.1, channels);
            let start = self.start.unwrap_or_default();
            let seconds =
                piece.begin.as_secs_f64() - start.as_secs_f64() + piece.frame as f64 / f64::from(rates.0);
            resampler.begin(seconds * f64::from(rates.1));
            stream.run = Some(Run { resampler, frame: piece.frame });
        }
        let Some(run) = &mut stream.run else { return };
        let numbers = numbers(stream.format, format, piece.bytes);
        let channels = usize::from(format.channels.max(1));
        run.frame = run.frame.saturating_add((numbers.len() / channels) as u64);
        for numbers in numbers.chunks(PIECE * channels) {
            let mut made = Vec::new();
            let first = run.resampler.push(numbers, &mut made);
            self.put_numbers(first, &made);
        }
    }

    /// Puts in what is left of a stream's run.
    fn end_run(&mut self, stream: &mut Stream) {
        if let Some(mut run) = stream.run.take() {
            let mut made = Vec::new();
            let first = run.resampler.finish(&mut made);
            self.put_numbers(first, &made);
        }
    }

    fn put_numbers(&mut self, first: i64, numbers: &[f64]) {
        let Some(format) = self.window.as_ref().map(Window::format) else { return };
        let mut bytes = Vec::with_capacity(numbers.len() * usize::from(format.sample.bytes()));
        write(format.sample, numbers, &mut bytes);
        self.put(first, &bytes);
    }

    fn put(&mut self, first: i64, bytes: &[u8]) {
        if let Some(Err(error)) = self.window.as_mut().map(|window| window.put(first, bytes)) {
            self.failed.get_or_insert(error);
        }
    }
}

/// Samples as numbers, with the channels of another format.
fn numbers(from: PcmFormat, to: PcmFormat, bytes: &[u8]) -> Vec<f64> {
    let mut numbers = Vec::new();
    read(from.sample, bytes, &mut numbers);
    if from.channels == to.channels {
        return numbers;
    }
    spread(&numbers, usize::from(from.channels), usize::from(to.channels))
}

/// Which of two types can state more.
fn finer(one: SampleType, other: SampleType) -> SampleType {
    const COARSE_TO_FINE: [SampleType; 5] =
        [SampleType::U8, SampleType::S16, SampleType::S24, SampleType::F32, SampleType::S32];
    let place = |sample| COARSE_TO_FINE.iter().position(|known| *known == sample);
    if place(one) >= place(other) { one } else { other }
}

/// How many frames a time has, to the nearest.
fn frames(time: Duration, rate: u32) -> u64 {
    let frames = (time.as_nanos() * u128::from(rate) + 500_000_000) / 1_000_000_000;
    u64::try_from(frames).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_driver_that_waits_for_weeks_does_not_fill_the_disk() {
        const FORMAT: PcmFormat = PcmFormat { channels: 1, samples_per_sec: 8000, sample: SampleType::U8 };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.wav");
        let mixer = Mixer::default();
        let second = Duration::from_secs(1);
        mixer.begin(Some(Target::File(path.clone())), None);
        mixer.open(StreamId(1), FORMAT, "test.dll");
        mixer.start_at(second);
        mixer.expect(2 * second);
        mixer.play(&Piece { stream: StreamId(1), format: FORMAT, begin: second, frame: 0, bytes: &[1; 80] });
        // By its own clock it has waited in a message.
        mixer.settle(Duration::from_secs(50 * 24 * 3600)).unwrap();
        let recorded = mixer.finish(3 * second).unwrap().unwrap();
        assert_eq!(recorded.frames, 8000 * 3);
        assert!(std::fs::metadata(path).unwrap().len() < 1 << 20);
    }
}
