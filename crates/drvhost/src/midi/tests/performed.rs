//! What an instrument gets of a song, and when.

use std::ops::ControlFlow;
use std::time::Duration;

use super::*;
use crate::error::{Blame, Error};

/// What an instrument was told.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Told {
    Short(u32),
    Long(Vec<u8>),
    Reset,
}

/// Writes down what it is told, and when, and fails where it is to.
#[derive(Default)]
struct Recorder {
    now: u64,
    told: Vec<(u64, Told)>,
    /// How often it was advanced.
    steps: usize,
    /// The message that it fails on.
    broken: Option<u32>,
}

impl Instrument for Recorder {
    fn short(&mut self, message: u32) -> Result<(), Error> {
        if self.broken == Some(message) {
            return Err(Error::Bug("broken".into()));
        }
        self.told.push((self.now, Told::Short(message)));
        Ok(())
    }

    fn long(&mut self, message: &[u8]) -> Result<(), Error> {
        self.told.push((self.now, Told::Long(message.to_vec())));
        Ok(())
    }

    fn advance(&mut self, until: u64) -> Result<(), Error> {
        assert!(until > self.now, "time goes on");
        self.now = until;
        self.steps += 1;
        Ok(())
    }

    fn reset(&mut self) -> Result<(), Error> {
        self.told.push((self.now, Told::Reset));
        Ok(())
    }
}

impl Recorder {
    /// What it was told up to the controllers with which every song ends, and the times of these, by controller, and of the reset.
    fn halves(&self) -> (&[(u64, Told)], [u64; 4]) {
        let end = self.told.len() - 49;
        let (song, rest) = self.told.split_at(end);
        let mut expected = Vec::new();
        for controllers in [[64, 123].as_slice(), &[120]] {
            for channel in 0..16_u32 {
                expected.extend(controllers.iter().map(|controller| 0xB0 | channel | controller << 8));
            }
        }
        let told = rest.iter().map_while(|(_, told)| match told {
            Told::Short(message) => Some(*message),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<u32>>(), expected);
        assert_eq!(rest[48].1, Told::Reset);
        (song, [rest[0].0, rest[31].0, rest[32].0, rest[48].0])
    }
}

/// Plays a file, asked to stop at each report for which `stop` answers true.
fn perform_on(
    recorder: &mut Recorder,
    bytes: &[u8],
    how: Performance,
    mut stop: impl FnMut(Playing) -> bool,
) -> Result<Played, Error> {
    let progress = |playing| if stop(playing) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    perform(open(bytes).unwrap(), recorder, &how, progress)
}

fn scale() -> Vec<u8> {
    let track = SmfTrack::new().sysex(0, &[0xF0, 1, 2, 0xF7]).on(250, 3, 60, 99).off(0, 3, 60).end(40);
    single(track)
}

#[test]
fn each_event_is_handed_over_at_its_time() {
    for ring in [false, true] {
        let mut recorder = Recorder::default();
        let mut reports = Vec::new();
        let how = Performance { ring, ..Performance::default() };
        let played = perform_on(&mut recorder, &scale(), how, |playing| {
            reports.push(playing);
            false
        });
        let song = Playing { at: 290 * MS, messages: 3 };
        assert_eq!(played.unwrap(), Played { song, ended: Ended::Whole });
        let (told, times) = recorder.halves();
        let expected = [
            (0, Told::Long(vec![0xF0, 1, 2, 0xF7])),
            (250 * MS, Told::Short(0x633C93)),
            (250 * MS, Told::Short(0x403C83)),
        ];
        assert_eq!(told, expected);
        // The song's end is that of its track; the tail comes behind it, before or after the sound is cut off.
        let cut = if ring { 2290 * MS } else { 290 * MS };
        assert_eq!((times, recorder.now), ([290 * MS, 290 * MS, cut, cut], 2290 * MS));
        // Three steps to the note, one to the end, and the tail.
        assert_eq!((recorder.steps, reports.len()), (24, 24));
        assert_eq!(reports[..3], [100, 200, 250].map(|at| Playing { at: at * MS, messages: 1 }));
        assert_eq!(reports[23], song);
    }
}

#[test]
fn a_wish_to_stop_ends_the_notes() {
    for (ring, cut) in [(false, 200), (true, 2200)] {
        let mut recorder = Recorder::default();
        let how = Performance { ring, ..Performance::default() };
        let mut asked = false;
        let played = perform_on(&mut recorder, &scale(), how, |playing| {
            playing.at == 200 * MS && !std::mem::replace(&mut asked, true)
        });
        let song = Playing { at: 200 * MS, messages: 1 };
        assert_eq!(played.unwrap(), Played { song, ended: Ended::Stopped });
        let (told, times) = recorder.halves();
        assert_eq!((told.len(), times), (1, [200 * MS, 200 * MS, cut * MS, cut * MS]));
        assert_eq!(recorder.now, 2200 * MS);
    }
    // Whoever goes on asking does not wait for the tail.
    for ring in [false, true] {
        let mut recorder = Recorder::default();
        let how = Performance { ring, ..Performance::default() };
        perform_on(&mut recorder, &scale(), how, |_| true).unwrap();
        recorder.halves();
        assert_eq!(recorder.now, 200 * MS);
    }
}

#[test]
fn a_wish_to_stop_is_heard_among_messages_of_one_time() {
    let mut track = SmfTrack::new().on(0, 0, 0, 1);
    for _ in 0..100_000 {
        track = track.event(0, &[1, 1]);
    }
    let mut recorder = Recorder::default();
    let played = perform_on(&mut recorder, &single(track.end(0)), Performance::default(), |_| true).unwrap();
    assert_eq!((played.song.messages, played.ended), (4096, Ended::Stopped));
}

#[test]
fn no_song_is_endless() {
    let track = SmfTrack::new().on(0, 0, 1, 1).on(0x0FFF_FFFF, 0, 2, 1).end(0);
    let most = Duration::from_secs(3);
    let how = Performance { most, tail: Duration::ZERO, ..Performance::default() };
    let mut recorder = Recorder::default();
    let played = perform_on(&mut recorder, &single(track), how, |_| false).unwrap();
    assert_eq!(played.song, Playing { at: 3000 * MS, messages: 1 });
    assert_eq!(
        played.ended.to_string(),
        "the song goes on after 3 seconds, which is as much as is played of one; the file may be damaged"
    );
    assert_eq!(recorder.halves().1, [3000 * MS; 4]);
    // What is exactly as long is whole.
    let exact = single(SmfTrack::new().on(3000, 0, 1, 1).end(0));
    let played = perform_on(&mut Recorder::default(), &exact, how, |_| false).unwrap();
    assert_eq!((played.song.messages, played.ended), (1, Ended::Whole));
}

#[test]
fn an_instrument_that_fails_ends_the_song_at_once() {
    let mut recorder = Recorder { broken: Some(0x633C93), ..Recorder::default() };
    let error = perform_on(&mut recorder, &scale(), Performance::default(), |_| false).unwrap_err();
    assert_eq!(error.blame(), Blame::Bug);
    assert_eq!((recorder.told.len(), recorder.now), (1, 250 * MS));
}

#[test]
fn a_file_that_fails_ends_the_notes_first() {
    let note = Event { at: MS, what: What::Short(Short::new(0x90, [1, 2])) };
    let failure = MediaError::io("reading", std::io::Error::other("gone"));
    let song = [Ok(note.clone()), Err(failure), Ok(note)];
    let mut recorder = Recorder::default();
    let how = Performance { tail: Duration::ZERO, ..Performance::default() };
    let error = perform(song, &mut recorder, &how, |_| ControlFlow::Continue(())).unwrap_err();
    assert!(matches!(error, Error::Media(MediaError::Io { .. })), "{error}");
    assert_eq!((recorder.halves().0.len(), recorder.now), (1, MS));
}
