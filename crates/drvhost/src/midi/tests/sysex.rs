//! System exclusive messages, whole and in pieces, and escapes.

use super::*;

#[test]
fn pieces_are_joined_when_the_last_is_there() {
    // The example of the specification, with a note of another track between the pieces.
    let pieces = SmfTrack::new()
        .sysex(0, &[0xF0, 0x43, 0x12, 0x00])
        .escape(200, &[0x43, 0x12, 0x00, 0x43, 0x12, 0x00])
        .escape(100, &[0x43, 0x12, 0x00, 0xF7])
        .on(1, 0, 1, 1)
        .end(0);
    let other = SmfTrack::new().on(250, 1, 2, 2).end(0);
    let file = Smf { format: 1, division: 500, tracks: vec![pieces, other] };
    let whole = [0xF0, 0x43, 0x12, 0, 0x43, 0x12, 0, 0x43, 0x12, 0, 0x43, 0x12, 0, 0xF7];
    let expected = [
        (250 * MS, vec![0x91, 2, 2]),
        (300 * MS, whole.to_vec()),
        (301 * MS, vec![0x90, 1, 1]),
        (301 * MS, vec![]),
    ];
    assert_eq!(sound(&file.bytes()), expected);
}

#[test]
fn messages_of_real_time_stand_within_pieces() {
    let track =
        SmfTrack::new().sysex(0, &[0xF0, 1, 0xF8, 2]).escape(10, &[0xFA]).escape(10, &[3, 0xF7, 0xFC]).end(0);
    let expected = [
        (0, vec![0xF8]),
        (10 * MS, vec![0xFA]),
        (20 * MS, vec![0xF0, 1, 2, 3, 0xF7]),
        (20 * MS, vec![0xFC]),
        (20 * MS, vec![]),
    ];
    assert_eq!(sound(&single(track)), expected);
}

#[test]
fn an_escape_is_any_messages() {
    let track = SmfTrack::new()
        .escape(0, &[0xF3, 5])
        .escape(1, &[0x90, 60, 1, 61, 2, 0xF8, 0xC0, 7, 0xF6, 0xF1, 9])
        .escape(1, &[0xF0, 1, 2, 0xF7, 0xB0, 7, 100])
        .escape(1, &[0xF0, 3])
        .escape(1, &[4, 0xF7])
        .escape(1, &[])
        .end(0);
    let given: Vec<Vec<u8>> = sound(&single(track)).into_iter().map(|(_, bytes)| bytes).collect();
    let expected: [&[u8]; 11] = [
        &[0xF3, 5],
        &[0x90, 60, 1],
        &[0x90, 61, 2],
        &[0xF8],
        &[0xC0, 7],
        &[0xF6],
        &[0xF1, 9],
        &[0xF0, 1, 2, 0xF7],
        &[0xB0, 7, 100],
        &[0xF0, 3, 4, 0xF7],
        &[],
    ];
    assert_eq!(given, expected);
}

#[test]
fn a_message_without_an_end_gets_one_at_its_time() {
    let note = |track: SmfTrack| single(track.on(10, 0, 1, 1).end(0));
    let open = SmfTrack::new().sysex(5, &[0xF0, 0x7E, 0x7F, 9, 1]);
    let (events, damage) = play(&note(open.clone()));
    assert_eq!(events[0], (5 * MS, vec![0xF0, 0x7E, 0x7F, 9, 1, 0xF7]));
    assert_eq!((events.len(), damage.unwrap().flaw), (3, Flaw::OpenSysEx));
    // An escape with a message of its own does not go on with it, either.
    let (events, damage) = play(&note(open.clone().escape(7, &[0xB0, 1, 2])));
    assert_eq!(events[0], (12 * MS, vec![0xF0, 0x7E, 0x7F, 9, 1, 0xF7]));
    assert_eq!(events[1], (12 * MS, vec![0xB0, 1, 2]));
    assert_eq!((events.len(), damage.unwrap().flaw), (4, Flaw::OpenSysEx));
    // Nor does the track's end.
    let (events, damage) = play(&single(open));
    assert_eq!(events[0], (5 * MS, vec![0xF0, 0x7E, 0x7F, 9, 1, 0xF7]));
    assert_eq!((events.len(), damage.unwrap().further), (2, 1));
}

#[test]
fn what_makes_no_sense_is_left_out() {
    let rest = |track: SmfTrack| single(track.on(0, 0, 1, 1).end(0));
    for (track, expected) in [
        (SmfTrack::new().sysex(0, &[0xF0, 1, 0x90, 2, 3, 0xF7]), Flaw::BrokenSysEx),
        (SmfTrack::new().escape(0, &[1, 2]), Flaw::StrayBytes),
        (SmfTrack::new().escape(0, &[0x90, 2]), Flaw::StrayBytes),
        (SmfTrack::new().escape(0, &[0x90, 2, 0xF6]), Flaw::StrayBytes),
        (SmfTrack::new().escape(0, &[0xF5]), Flaw::UnknownStatus { status: 0xF5 }),
        (SmfTrack::new().event(0, &[0xF4]), Flaw::UnknownStatus { status: 0xF4 }),
    ] {
        let (events, damage) = play(&rest(track));
        assert_eq!(damage.unwrap().flaw, expected);
        let messages: Vec<_> = events.into_iter().filter(|(_, bytes)| *bytes != [0xF6]).collect();
        assert_eq!(messages, [(0, vec![0x90, 1, 1]), (0, vec![])]);
    }
}

#[test]
fn a_message_may_have_a_megabyte_and_not_very_many() {
    let message = |len: usize| [[0xF0].as_slice(), &vec![0x55; len - 2], &[0xF7]].concat();
    let megabyte = message(1 << 20);
    let track = SmfTrack::new().sysex(3, &megabyte).on(0, 0, 1, 1).end(0);
    assert_eq!(sound(&single(track))[0], (3 * MS, megabyte));

    let long = SmfTrack::new().sysex(0, &message(17 << 20)).on(0, 0, 1, 1).end(0);
    let (events, damage) = play(&single(long));
    assert_eq!((events.len(), damage.unwrap().flaw), (2, Flaw::LongSysEx));

    // Nor may many tracks keep a little each: together they hold the same.
    let open = SmfTrack::new().sysex(0, &message(1 << 20)[..(1 << 20) - 1]).escape(9, &[0xF7]).end(0);
    let file = Smf { format: 1, division: 500, tracks: vec![open; 20] };
    let (events, damage) = play(&file.bytes());
    let damage = damage.unwrap();
    assert_eq!((events.len(), damage.flaw, damage.track), (17, Flaw::LongSysEx, Some(17)));
}
