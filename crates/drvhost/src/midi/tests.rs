//! Songs from files that are put together here.

mod damaged;
mod performed;
mod sysex;

use std::io::Cursor;

use proptest::prelude::*;

use super::written::{Smf, SmfTrack};
use super::*;
use crate::media::MediaError;

const MS: u64 = 1_000_000;

fn open(bytes: &[u8]) -> Result<Song<Cursor<&[u8]>>, MediaError> {
    Song::open(Cursor::new(bytes))
}

/// All events as their times and bytes, the end as no bytes; and the damage.
fn play(bytes: &[u8]) -> (Vec<(u64, Vec<u8>)>, Option<Damage>) {
    let mut song = open(bytes).unwrap();
    let events = song.by_ref().map(|event| {
        let Event { at, what } = event.unwrap();
        match what {
            What::Short(short) => (at, short.bytes().to_vec()),
            What::SysEx(message) => (at, message),
            What::End => (at, Vec::new()),
        }
    });
    let events = events.collect();
    (events, song.damage().cloned())
}

/// As [`play`], of a file without damage.
fn sound(bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let (events, damage) = play(bytes);
    assert_eq!(damage, None);
    events
}

fn flaw(bytes: &[u8]) -> Flaw {
    play(bytes).1.unwrap().flaw
}

/// A file of one track with 500 ticks a quarter note, so that a tick is a millisecond.
fn single(track: SmfTrack) -> Vec<u8> {
    Smf::single(500, track).bytes()
}

#[test]
fn a_track_is_played_at_the_usual_tempo() {
    let track = SmfTrack::new().name(0, " A\u{7}ria ").on(10, 2, 60, 100).off(490, 2, 60).end(1500);
    let bytes = single(track);
    let song = open(&bytes).unwrap();
    assert_eq!((song.format(), song.tracks(), song.name()), (0, 1, Some("Aria")));
    assert_eq!(song.division(), Division::Beat { ticks: 500 });
    let expected = [(10 * MS, vec![0x92, 60, 100]), (500 * MS, vec![0x82, 60, 64]), (2000 * MS, vec![])];
    assert_eq!(sound(&bytes), expected);
    let length = Length { nanoseconds: 2000 * MS, messages: 2, complete: true };
    assert_eq!(measure(Cursor::new(&bytes)).unwrap(), length);
}

#[test]
fn names_are_text_of_either_encoding() {
    let latin = single(SmfTrack::new().meta(0, 3, b"Pr\xE9lude").end(0));
    assert_eq!(open(&latin).unwrap().name(), Some("Prélude"));
    let long = single(SmfTrack::new().name(0, &"x".repeat(1000)).on(0, 0, 1, 1).end(0));
    assert_eq!(open(&long).unwrap().name().unwrap().len(), 256);
    assert_eq!(sound(&long).len(), 2);
    let none = single(SmfTrack::new().name(0, "\0\0").end(0));
    assert_eq!(open(&none).unwrap().name(), None);
}

#[test]
fn every_kind_of_message_has_its_length() {
    let messages: [&[u8]; 9] = [
        &[0x80, 1, 2],
        &[0x91, 3, 4],
        &[0xA2, 5, 6],
        &[0xB3, 7, 8],
        &[0xC4, 9],
        &[0xD5, 10],
        &[0xE6, 11, 12],
        &[0xF2, 13, 14],
        &[0xF8],
    ];
    let track = messages.iter().fold(SmfTrack::new(), |track, message| track.event(1, message));
    let events = sound(&single(track.end(0)));
    let given: Vec<&[u8]> = events.iter().map(|(_, bytes)| bytes.as_slice()).collect();
    assert_eq!(given[..9], messages);
}

#[test]
fn running_status_is_written_out() {
    let track = SmfTrack::new()
        .on(0, 1, 60, 1)
        .event(1, &[61, 2])
        .event(1, &[0xC3, 7])
        .event(1, &[8])
        .name(0, "a name")
        .event(1, &[9])
        .sysex(0, &[0xF0, 1, 0xF7])
        .event(1, &[10])
        .event(0, &[0xFE])
        .event(1, &[11])
        .end(0);
    let given: Vec<Vec<u8>> = sound(&single(track)).into_iter().map(|(_, bytes)| bytes).collect();
    let expected: [&[u8]; 10] = [
        &[0x91, 60, 1],
        &[0x91, 61, 2],
        &[0xC3, 7],
        &[0xC3, 8],
        &[0xC3, 9],
        &[0xF0, 1, 0xF7],
        &[0xC3, 10],
        &[0xFE],
        &[0xC3, 11],
        &[],
    ];
    assert_eq!(given, expected);
}

#[test]
fn tracks_that_are_played_together_are_merged_in_their_order() {
    let conductor = SmfTrack::new().tempo(0, 1_000_000).tempo(100, 250_000).end(1000);
    let first = SmfTrack::new().on(100, 0, 1, 1).on(0, 0, 2, 1).on(100, 0, 3, 1).end(0);
    // A tempo from any track counts for all.
    let second = SmfTrack::new().on(50, 1, 4, 1).on(50, 1, 5, 1).tempo(50, 500_000).on(0, 1, 6, 1).end(0);
    let file = Smf { format: 1, division: 500, tracks: vec![conductor, first, second] };
    let events = sound(&file.bytes());
    let keys: Vec<_> = events.iter().map(|(at, bytes)| (*at, bytes.get(1).copied())).collect();
    let expected = [
        (100 * MS, Some(4)),
        (200 * MS, Some(1)),
        (200 * MS, Some(2)),
        (200 * MS, Some(5)),
        (225 * MS, Some(6)),
        (275 * MS, Some(3)),
        (1175 * MS, None),
    ];
    assert_eq!(keys, expected);
    // A file of one track has several: what else can they be for?
    let several = Smf { format: 0, ..file };
    assert_eq!(sound(&several.bytes()), events);
}

#[test]
fn sequences_follow_each_other() {
    let first = SmfTrack::new().tempo(0, 1_000_000).on(10, 0, 1, 1).end(40);
    let second = SmfTrack::new().on(10, 0, 2, 1).end(0);
    let file = Smf { format: 2, division: 500, tracks: vec![first, second.clone(), second] };
    let expected = [
        (20 * MS, vec![0x90, 1, 1]),
        (110 * MS, vec![0x90, 2, 1]),
        (120 * MS, vec![0x90, 2, 1]),
        (120 * MS, vec![]),
    ];
    assert_eq!(sound(&file.bytes()), expected);
}

#[test]
fn frames_have_no_tempo() {
    for (rate, ticks, second) in [(24, 10, 240), (25, 40, 1000), (30, 80, 2400)] {
        let track = SmfTrack::new().tempo(0, 1).on(second, 0, 1, 1).end(0);
        let events = sound(&Smf::single(Smf::frames(rate, ticks), track).bytes());
        assert_eq!(events[0].0, 1000 * MS, "{rate}");
    }
    let track = SmfTrack::new().on(30_000, 0, 1, 1).end(0);
    assert_eq!(sound(&Smf::single(Smf::frames(29, 1), track).bytes())[0].0, 1_001_000 * MS);
}

#[test]
fn a_riff_file_has_a_song_in_it() {
    let file = Smf::single(500, SmfTrack::new().on(1, 0, 60, 9).end(1));
    assert_eq!(sound(&file.rmid()), sound(&file.bytes()));
    let mut unfilled = file.rmid();
    let data = unfilled.windows(4).position(|id| id == b"data").unwrap();
    unfilled.truncate(data + 8 + file.bytes().len());
    unfilled[data + 4..][..4].fill(0);
    assert_eq!(sound(&unfilled), sound(&file.bytes()));
}

#[test]
fn other_kinds_of_files_are_named() {
    let text = |bytes: &[u8]| open(bytes).err().unwrap().to_string();
    assert_eq!(text(b""), "this is not a MIDI file: it looks like an empty file");
    assert_eq!(
        text(b"MZ, and more"),
        "this is not a MIDI file: it looks like a program or driver, not a media file"
    );
    assert_eq!(
        text(b"RIFF\x04\0\0\0WAVE"),
        "this is not a MIDI file: it looks like a RIFF file of form 'WAVE'"
    );
    assert_eq!(
        text(b"RIFF\x0C\0\0\0RMIDdata\x04\0\0\0oops"),
        "the MIDI file is malformed at byte 20: its 'data' chunk does not begin with a header"
    );
    assert!(text(b"RIFF\x04\0\0\0RMID").contains("ends without a 'data' chunk"));
    assert!(text(b"MThd\0\0\0\x06\0\0").contains("its header has 2 of 6 bytes"));
    assert!(text(b"MThd\0\0\0\x06\0\0\0\x01\0\x60").contains("it ends without a track"));
    assert!(text(b"MThd\0\0\0\x06\0\0\0\x01\0\0MTrk\0\0\0\0").contains("0 ticks in a quarter note"));
}

#[test]
fn as_many_tracks_as_there_can_be_take_little_memory() {
    let track = SmfTrack::new().on(1, 0, 60, 9).end(1);
    let file = Smf { format: 1, division: 500, tracks: vec![track; 0xFFFF] };
    let events = sound(&file.bytes());
    assert_eq!(events.len(), 0x1_0000);
    assert!(events[..0xFFFF].iter().all(|event| *event == (MS, vec![0x90, 60, 9])));
}

#[test]
fn a_hundred_thousand_messages_share_a_tick() {
    let mut track = SmfTrack::new().on(5, 0, 0, 1);
    for index in 1..100_000_u32 {
        track = track.event(0, &[(index % 128) as u8, 1]);
    }
    let events = sound(&single(track.end(0)));
    assert_eq!(events.len(), 100_001);
    let mut expected = (0..100_000_u32).map(|index| (5 * MS, vec![0x90, (index % 128) as u8, 1]));
    assert!(events[..100_000].iter().all(|event| Some(event) == expected.next().as_ref()));
}

#[test]
fn an_endless_song_is_measured_as_far_as_is_cheap() {
    // A short file that lasts for years, and one with very many messages.
    let mut track = SmfTrack::new().tempo(0, 0xFF_FFFF);
    for _ in 0..4 {
        track = track.on(0x0FFF_FFFF, 0, 1, 1);
    }
    let bytes = Smf::single(1, track.end(0)).bytes();
    let length = measure(Cursor::new(&bytes)).unwrap();
    assert_eq!((length.nanoseconds, length.messages), (4 * 0x0FFF_FFFF * 0xFF_FFFF_u64 * 1000, 4));
    let many = SmfTrack([b"\0\x90\x01\x01".as_slice(), &b"\x01\x01\x01".repeat(4_000_001)].concat());
    let length = measure(Cursor::new(&single(many))).unwrap();
    assert_eq!(length, Length { nanoseconds: 4_000_000 * MS, messages: 4_000_000, complete: false });
}

/// What a note of a generated song is: ticks after the one before, channel, key, velocity.
fn note() -> impl Strategy<Value = (u32, u8, u8, u8)> {
    (prop_oneof![Just(0), 0_u32..200, 0_u32..0x1000_0000], 0_u8..16, 0_u8..128, 0_u8..128)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever tracks are written, their notes come back merged as a stable sort by ticks merges them.
    #[test]
    fn what_is_written_is_read(
        tracks in proptest::collection::vec(proptest::collection::vec(note(), 0..30), 1..6),
        running in any::<bool>(),
    ) {
        let mut expected = Vec::new();
        let mut written = Vec::new();
        let mut last = 0;
        for notes in &tracks {
            let (mut track, mut tick, mut status) = (SmfTrack::new(), 0, 0);
            for &(delta, channel, key, velocity) in notes {
                tick += u64::from(delta);
                let same = std::mem::replace(&mut status, 0x90 | channel) == 0x90 | channel;
                track = if running && same {
                    track.event(delta, &[key, velocity])
                } else {
                    track.on(delta, channel, key, velocity)
                };
                expected.push((tick * MS, vec![0x90 | channel, key, velocity]));
            }
            last = last.max(tick);
            written.push(track.end(0));
        }
        expected.sort_by_key(|(at, _)| *at);
        expected.push((last * MS, vec![]));
        let file = Smf { format: 1, division: 500, tracks: written };
        prop_assert_eq!(sound(&file.bytes()), expected.clone());
        prop_assert_eq!(sound(&file.rmid()), expected);
    }
}
