//! The virtual clock: `drivers/clock.c`, and drivers that know of none.

mod others;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use drvhost::media::PcmFormat;
use drvhost::{Clock, Error, Hdrvr, Pace, Piece, Sink, Sound, SoundSink, StreamId};
use drvhost_tests::*;

/// What was played.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Played {
    stream: Option<StreamId>,
    /// When its first frame was.
    begin: Duration,
    /// Both channels, silence where nothing was played.
    frames: Vec<[i16; 2]>,
    closed: bool,
}

#[derive(Default)]
struct Capture(Mutex<Played>);

impl SoundSink for Capture {
    fn open(&self, stream: StreamId, format: PcmFormat, driver: &str) {
        assert_eq!((format.channels, format.samples_per_sec, driver), (2, 44_100, "clock.dll"));
        *self.0.lock().unwrap() = Played { stream: Some(stream), ..Played::default() };
    }

    fn play(&self, piece: &Piece<'_>) {
        let mut played = self.0.lock().unwrap();
        assert_eq!(Some(piece.stream), played.stream);
        assert!(played.begin == piece.begin || played.frames.is_empty());
        played.begin = piece.begin;
        let frame = usize::try_from(piece.frame).unwrap();
        assert!(frame >= played.frames.len() && frame < 10_000_000);
        played.frames.resize(frame, [0; 2]);
        let wide = |bytes: &[u8; 4]| [[bytes[0], bytes[1]], [bytes[2], bytes[3]]].map(i16::from_le_bytes);
        played.frames.extend(piece.bytes.as_chunks().0.iter().map(wide));
    }

    fn close(&self, _: StreamId) {
        self.0.lock().unwrap().closed = true;
    }
}

fn session(machine: Machine) -> (Rig, Hdrvr, Arc<Capture>) {
    let capture = Arc::new(Capture::default());
    let sink = Sink::from(Arc::clone(&capture) as Arc<dyn SoundSink>);
    let rig = Rig::with(machine, |builder| {
        builder.clock(Clock::Virtual).sound(Sound::Sink { sink, pace: Pace::Real })
    });
    let driver = rig.open("clock", "");
    (rig, driver, capture)
}

fn check(machine: Machine, number: i64) {
    let (rig, clock, _) = session(machine);
    let begun = Instant::now();
    assert_eq!(rig.send(clock, CLOCK_CHECK, number, 0), 1, "minus the line of drivers/clock.c");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

fn ms(time: u64) -> Duration {
    Duration::from_millis(time)
}

spy_test!(all_clocks_are_one_that_goes_on_in_waits_only, |machine| check(machine, 0));
spy_test!(threads_wake_in_the_order_of_their_times, |machine| check(machine, 1));
spy_test!(waits_and_timers_end_at_their_times, |machine| check(machine, 2));
spy_test!(who_looks_again_and_again_sees_time_go_on, |machine| check(machine, 3));

spy_test!(threads_that_wake_each_other_do_the_same_each_time, |machine| {
    let first = {
        let (rig, clock, _) = session(machine);
        rig.send(clock, CLOCK_CHECK, 4, 0)
    };
    assert!(first > 0, "minus the line of drivers/clock.c: {first}");
    for _ in 0..5 {
        let (rig, clock, _) = session(machine);
        assert_eq!(rig.send(clock, CLOCK_CHECK, 4, 0), first);
    }
});

/// Plays for so many milliseconds, with a note every 17 of them: what was played, and when the notes were, in frames after the begin.
fn render(machine: Machine, kind: i64, length: u64) -> (Played, Vec<usize>, Duration) {
    let (rig, clock, capture) = session(machine);
    assert_eq!(rig.send(clock, CLOCK_PLAY, kind, 0), 1);
    let begun = Instant::now();
    let began = rig.session.advance(Duration::ZERO).unwrap();
    assert_eq!(began.now, ms(1000));
    let mut notes = Vec::new();
    for (number, time) in (1..).zip((5..length).step_by(17)) {
        let now = rig.session.advance(ms(1000 + time)).unwrap().now;
        assert_eq!(now, ms(1000 + time));
        assert_eq!(rig.send(clock, CLOCK_NOTE, number, 0), i64::try_from(1000 + time).unwrap());
        notes.push(usize::try_from(time * 441 / 10).unwrap());
    }
    let ended = rig.session.advance(ms(1000 + length)).unwrap();
    let took = begun.elapsed();
    let played = capture.0.lock().unwrap().clone();
    assert_eq!((ended.now, ended.streams.len()), (ms(1000 + length), 1));
    let stream = ended.streams[0];
    assert_eq!(Some(stream.stream), played.stream);
    assert!(stream.ahead() <= ms(30), "{stream:?}");
    assert_eq!(rig.send(clock, CLOCK_STOP, 0, 0), 1, "minus the line of drivers/clock.c");
    assert!(capture.0.lock().unwrap().closed);
    (played, notes, took)
}

/// Where each note is heard first.
fn onsets(played: &Played) -> Vec<usize> {
    let pairs = played.frames.windows(2).enumerate();
    pairs.filter(|(_, pair)| pair[0][1] != pair[1][1]).map(|(at, _)| at + 1).collect()
}

fn check_render(machine: Machine, kind: i64) {
    let (played, notes, took) = render(machine, kind, 3000);
    assert_eq!((played.begin, played.frames.len()), (ms(1000), 132_300));
    for (at, frame) in played.frames.iter().enumerate() {
        let [low, high, ..] = at.to_le_bytes();
        assert_eq!(frame[0], i16::from_le_bytes([low, high]), "at {at}");
    }
    // Each note is heard in what is rendered next: three buffers are written ahead.
    let heard = onsets(&played);
    for (at, note) in heard.iter().zip(&notes) {
        assert!((note + 2 * 441..=note + 3 * 441 + 44).contains(at), "{note} was heard at {at}");
    }
    assert!(heard.len() + 2 >= notes.len());
    eprintln!("{machine} kind {kind}: 3 s in {took:?}");
    // It is far less on a computer that has nothing else to do (bench).
    assert!(took < ms(3000), "{took:?}");
    for _ in 0..3 {
        assert!(render(machine, kind, 3000).0 == played, "it is the same each time");
    }
}

spy_test!(a_thread_woken_by_events_plays_without_a_gap, |machine| check_render(machine, 0));
spy_test!(a_function_that_is_called_plays_without_a_gap, |machine| check_render(machine, 1));
spy_test!(a_thread_that_sleeps_plays_without_a_gap, |machine| check_render(machine, 2));
spy_test!(a_thread_that_looks_at_the_clock_plays_without_a_gap, |machine| check_render(machine, 3));
spy_test!(a_window_that_is_told_plays_without_a_gap, |machine| check_render(machine, 5));

spy_test!(what_was_not_played_is_silence, |machine| {
    let (played, ..) = render(machine, 4, 1000);
    // A buffer of 10 ms, then 4 until the next one is rendered: 617.4 frames in all.
    let mut expected = Vec::new();
    for number in 0..50 {
        expected.resize(number * 6174 / 10, 0);
        expected.extend((0..441).map(|frame| i16::try_from(number * 441 + frame).unwrap()));
    }
    let left: Vec<i16> = played.frames.iter().map(|frame| frame[0]).collect();
    assert!(left[..expected.len()] == expected);
    assert_eq!(render(machine, 4, 1000).0, played);
});

spy_test!(a_thread_that_never_waits_is_told_of, |machine| {
    for calls in [0, 1] {
        let rig = Rig::with(machine, |builder| builder.clock(Clock::Virtual).deadline(Some(ms(300))));
        let clock = rig.open("clock", "");
        assert_eq!(rig.send(clock, CLOCK_SPIN, calls, 0), 1);
        let begun = Instant::now();
        let error = rig.session.advance(ms(2000)).unwrap_err();
        assert!(matches!(error, Error::NotAtRest { .. }), "{error}");
        assert!(error.to_string().contains("has not come to rest within"), "{error}");
        assert!(begun.elapsed() < ms(1500), "{:?}", begun.elapsed());
    }
});

spy_test!(the_clock_of_the_world_cannot_be_advanced, |machine| {
    let rig = Rig::new(machine);
    let _clock = rig.open("clock", "");
    assert!(matches!(rig.session.advance(ms(2000)), Err(Error::NoVirtualClock)));
});

spy_test!(a_minute_is_rendered_in_one_go, |machine| {
    let (rig, clock, capture) = session(machine);
    assert_eq!(rig.send(clock, CLOCK_PLAY, 0, 0), 1);
    let begun = Instant::now();
    let ended = rig.session.advance(ms(61_000)).unwrap();
    eprintln!("{machine}: a minute in {:?}", begun.elapsed());
    assert_eq!(capture.0.lock().unwrap().frames.len(), 60 * 44_100);
    assert_eq!((ended.now, ended.streams[0].played), (ms(61_000), 60 * 44_100));
    assert_eq!((ended.streams[0].written, ended.streams[0].ahead()), (60 * 44_100 + 3 * 441, ms(30)));
    // Back in time nothing happens.
    assert_eq!(rig.session.advance(ms(5)).unwrap(), ended);
});

spy_test!(who_spins_until_another_thread_writes_is_not_left_alone, |machine| check(machine, 6));
