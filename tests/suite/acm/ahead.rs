//! Pieces of sound that a driver is given before it is known what it has used of those before them.

use std::ops::ControlFlow;

use drvhost::Error;
use drvhost::acm::{Codec, Converted, Ends, Stream};
use drvhost::decode::{self, Decode};
use drvhost::media::ContentHasher;
use drvhost_tests::*;
use mmsystem::{ACMDM_STREAM_CONVERT, ACMDM_STREAM_PREPARE, ACMDM_STREAM_UNPREPARE};

use super::{TAG, codec, format, samples_of, wave_of};

fn stream<'s>(rig: &'s Rig, text: &str) -> Stream<'s> {
    Codec::open(&rig.session, &codec(rig.machine(), text), None).unwrap().stream(&format(), None).unwrap()
}

/// How often the driver was sent what prepares, converts and unprepares.
fn sent(rig: &Rig) -> [usize; 3] {
    [ACMDM_STREAM_PREPARE, ACMDM_STREAM_CONVERT, ACMDM_STREAM_UNPREPARE]
        .map(|message| rig.calls_with(message).len())
}

/// What has become of the first piece that was begun.
fn next(stream: &mut Stream<'_>) -> Option<(Converted, Vec<u8>)> {
    let mut made = Vec::new();
    stream.converted(&mut made).unwrap().map(|converted| (converted, made))
}

spy_test!(the_next_piece_is_begun_once_a_whole_one_has_been_used, |machine| {
    let rig = Rig::new(machine);
    let mut stream = stream(&rig, "");
    let whole = |data: &[u8]| (Converted { used: data.len(), filled: false }, samples_of(data));
    assert!(stream.has_room());
    stream.begin(b"one", Ends::Open).unwrap();
    assert!(!stream.has_room() && matches!(stream.begin(b"two", Ends::Open), Err(Error::Bug(_))));
    assert_eq!(next(&mut stream), Some(whole(b"one")));
    let pieces: [&[u8]; 5] = [b"two", b"three", b"four", b"five", b"six"];
    for piece in pieces {
        assert!(stream.has_room());
        stream.begin(piece, Ends::Open).unwrap();
    }
    assert!(!stream.has_room());
    assert_eq!(next(&mut stream), Some(whole(b"two")));
    assert!(stream.has_room());
    stream.begin(b"seven", Ends::Last).unwrap();
    for piece in pieces[1..].iter().chain([&b"seven".as_slice()]) {
        assert_eq!(next(&mut stream), Some(whole(piece)));
    }
    let mut made = Vec::new();
    assert!(matches!(stream.converted(&mut made), Err(Error::Bug(_))));
    stream.close().unwrap();
    assert_eq!(sent(&rig), [6, 7, 6]);
});

spy_test!(what_follows_a_part_that_was_left_is_not_converted, |machine| {
    let rig = Rig::new(machine);
    // Ten samples fit into what it fills.
    let mut stream = stream(&rig, "size=20");
    stream.begin(b"whole", Ends::Open).unwrap();
    assert_eq!(next(&mut stream).unwrap().0.used, 5);
    stream.begin(b"longer than ten", Ends::Open).unwrap();
    stream.begin(b"what follows", Ends::Open).unwrap();
    stream.begin(b"and what follows that", Ends::Open).unwrap();
    let (converted, made) = next(&mut stream).unwrap();
    assert_eq!((converted.used, made), (10, samples_of(b"longer tha")));
    assert_eq!([next(&mut stream), next(&mut stream)], [None, None]);
    assert_eq!(sent(&rig), [6, 2, 0]);
    // From then on each piece waits for the one before it.
    stream.begin(b"n ten", Ends::Open).unwrap();
    assert!(!stream.has_room());
    assert_eq!(next(&mut stream).unwrap().1, samples_of(b"n ten"));
    stream.begin(b"what", Ends::Last).unwrap();
    // Nobody asks what has become of it.
    stream.close().unwrap();
    assert_eq!(sent(&rig), [6, 4, 6]);
});

spy_test!(a_driver_that_takes_one_header_is_given_one_piece_at_a_time, |machine| {
    let rig = Rig::new(machine);
    let mut stream = stream(&rig, "headers=1");
    for piece in [b"one", b"two", b"six"] {
        stream.begin(piece, Ends::Open).unwrap();
        assert!(!stream.has_room());
        assert_eq!(next(&mut stream).unwrap().1, samples_of(piece));
    }
    stream.close().unwrap();
    assert_eq!(sent(&rig), [2, 3, 1]);
});

spy_test!(sound_is_the_same_whatever_a_driver_uses_of_each_piece, |machine| {
    let data: Vec<u8> = (0..300_001_u32).map(|index| (index * 7 + index / 256) as u8).collect();
    let mut hasher = ContentHasher::new();
    hasher.update(&samples_of(&data));
    let expected = hasher.finish().to_string();
    for text in ["", "size=30000", "size=65536", "size=65534", "headers=1", "headers=2", "prepare=8"] {
        let (rig, folder) = (Rig::new(machine), Folder::new(machine));
        folder.write("in.wav", wave_of(TAG, &data));
        let what =
            Decode { input: folder.file("in.wav"), driver: Some(codec(machine, text)), ..Decode::default() };
        let decoded = decode::run(&rig.session, &what, |_| ControlFlow::Continue(())).unwrap();
        assert_eq!((decoded.samples, &decoded.hash), (Some(data.len() as u64), &expected), "{text}");
        assert!(decoded.warnings.is_empty() && decoded.damage.is_none(), "{text}: {decoded:?}");
    }
});
