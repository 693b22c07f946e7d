//! Files with damage, and what is read of them.

use super::*;

/// A file with something of everything.
fn everything() -> Smf {
    let conductor = SmfTrack::new().name(0, "Everything").tempo(0, 400_000).tempo(300, 600_000).end(900);
    let voice = |channel: u8| {
        let mut track = SmfTrack::new().name(0, "Voice").event(0, &[0xC0 | channel, 5]);
        for key in 40..60 {
            track = track.on(7, channel, key, 90).event(30, &[key, 0]);
        }
        track
            .sysex(5, &[0xF0, 0x7F, 0x7F, 4, 1, 0, 0x40, 0xF7])
            .event(1, &[0xE0 | channel, 0, 0x40])
            .sysex(1, &[0xF0, 0x41, 1, 2])
            .escape(300, &[3, 4, 0xF7])
            .escape(1, &[0xF3, 1])
            .end(20)
    };
    Smf { format: 1, division: 480, tracks: vec![conductor, voice(0), voice(9)] }
}

/// Reads a file that may be anything; what comes of it is bounded by its length.
fn survive(bytes: &[u8]) -> Option<Damage> {
    let mut song = open(bytes).ok()?;
    let (mut events, mut ends, mut held, mut last) = (0, 0, 0, 0);
    for event in song.by_ref() {
        let Event { at, what } = event.unwrap();
        assert!(at >= last && ends == 0);
        last = at;
        match what {
            What::Short(short) => {
                assert!(short.bytes()[0] >= 0x80 && short.bytes()[1..].iter().all(|b| *b < 0x80));
            }
            What::SysEx(message) => {
                let [0xF0, data @ .., 0xF7] = message.as_slice() else { panic!("{message:?}") };
                assert!(data.iter().all(|byte| *byte < 0x80));
                held += message.len();
            }
            What::End => ends += 1,
        }
        events += 1;
    }
    assert!(ends == 1 && events <= bytes.len() && held <= 2 * bytes.len());
    assert!(song.next().is_none());
    assert!(song.damage().is_none_or(|damage| damage.offset <= bytes.len() as u64));
    song.damage().cloned()
}

#[test]
fn cut_anywhere_gives_what_is_there() {
    let track = everything().tracks.remove(1);
    let whole = Smf::single(480, track).bytes();
    let events = sound(&whole);
    for len in 0..whole.len() {
        let Ok(mut song) = open(&whole[..len]) else {
            assert!(len < 22);
            continue;
        };
        assert_eq!(song.by_ref().count() > 1, len >= 34, "{len}");
        let (part, damage) = play(&whole[..len]);
        let sure = part.len() - 1;
        // A system exclusive message whose second piece is cut off gets an end.
        assert!(matches!(damage.unwrap().flaw, Flaw::EndsInTrack { .. } | Flaw::OpenSysEx), "{len}");
        let same = part[..sure].iter().zip(&events).filter(|(a, b)| a == b).count();
        assert!(same == sure || same == sure - 1 && part[sure - 1].1[0] == 0xF0, "{len}: {part:?}");
    }
}

#[test]
fn files_of_several_tracks_and_riff_files_are_cut_anywhere() {
    for whole in [everything().bytes(), everything().rmid()] {
        assert_eq!(survive(&whole), None);
        let (events, _) = play(&whole);
        let mut most = 0;
        for len in 0..whole.len() {
            if open(&whole[..len]).is_ok() {
                survive(&whole[..len]);
                let count = play(&whole[..len]).0.len();
                assert!(count <= events.len() && count + 1 >= most, "{len}");
                most = most.max(count);
            }
        }
        assert_eq!(most, events.len());
    }
    let whole = everything().bytes();
    let (_, damage) = play(&whole[..whole.len() / 2]);
    assert_eq!(damage.unwrap().flaw, Flaw::FewerTracks { stated: 3, present: 2 });
}

#[test]
fn a_thousand_mutants_are_survived() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as usize % below
    };
    let files = [everything().bytes(), everything().rmid(), Smf { format: 2, ..everything() }.bytes()];
    let mut damaged = 0;
    for round in 0..1000 {
        let mut mutant = files[round % files.len()].clone();
        for _ in 0..=random(8) {
            let place = random(mutant.len());
            match random(5) {
                0 => mutant[place] = random(256) as u8,
                1 => mutant[place] ^= 1 << random(8),
                2 => mutant[place] = [0, 0x7F, 0x80, 0xF0, 0xF7, 0xFF][random(6)],
                3 => drop(mutant.remove(place)),
                _ => mutant.insert(place, random(256) as u8),
            }
        }
        damaged += usize::from(survive(&mutant).is_some());
    }
    assert!((500..1000).contains(&damaged), "{damaged}");
}

#[test]
fn a_wrong_length_costs_nothing() {
    let file = everything();
    let (events, bytes) = (sound(&file.bytes()), file.bytes());
    let places: Vec<_> = (0..bytes.len() - 4).filter(|at| &bytes[*at..][..4] == b"MTrk").collect();
    let lengths = [0, 1, 5, 30, 200, 250, 0xFFFF, 0x7FFF_FFFF, u32::MAX];
    for place in [&[0], places.as_slice()].concat() {
        for len in lengths {
            let mut bad = bytes.clone();
            bad[place + 4..][..4].copy_from_slice(&len.to_be_bytes());
            let (read, damage) = play(&bad);
            let damage = damage.unwrap_or_else(|| panic!("{place} {len}"));
            let found =
                matches!(damage.flaw, Flaw::ChunkLength { .. } | Flaw::TrackLength { .. } | Flaw::NoChunk);
            assert!(found, "{place} {len}: {damage}");
            assert_eq!(read, events, "{place} {len}: {damage}");
        }
    }
}

#[test]
fn chunks_of_other_kinds_and_junk_are_passed_over() {
    let bytes = single(SmfTrack::new().on(1, 0, 60, 9).end(1));
    let (head, track) = bytes.split_at(14);
    let expected = sound(&bytes);
    let other = [head, b"XFIH\0\0\0\x03odd", track, b"XFKM\0\0\0\x02ok"].concat();
    assert_eq!(sound(&other), expected);
    // What is too short for a chunk, and another file behind this one.
    assert_eq!(sound(&[&bytes, b"\0\0\0".as_slice()].concat()), expected);
    assert_eq!(sound(&[bytes.clone(), bytes.clone()].concat()), expected);
    let (read, damage) = play(&[head, b"\x01\x02junk that is no chunk", track].concat());
    assert_eq!((&read, damage.unwrap().flaw), (&expected, Flaw::ChunkLength { next: 37 }));
    let (read, damage) = play(&[bytes.as_slice(), &[0; 100]].concat());
    assert_eq!((&read, damage.unwrap().flaw), (&expected, Flaw::NoChunk));
}

#[test]
fn every_flaw_is_told() {
    let note = || SmfTrack::new().on(1, 0, 1, 1);
    assert_eq!(flaw(&single(note())), Flaw::NoEndOfTrack);
    assert_eq!(flaw(&single(note().event(0, &[0x90, 1]))), Flaw::EndsInEvent);
    assert_eq!(flaw(&single(SmfTrack([note().0, vec![0x81]].concat()))), Flaw::EndsInEvent);
    assert_eq!(flaw(&single(note().event(0, &[0xFF, 1, 100]))), Flaw::EndsInEvent);
    assert_eq!(flaw(&single(SmfTrack::new().event(0, &[60, 1]))), Flaw::NoEvent { byte: 60 });
    assert_eq!(flaw(&single(SmfTrack([note().0, vec![0xFF; 5]].concat()))), Flaw::LongNumber);
    assert_eq!(flaw(&single(note().end(0).on(0, 0, 1, 1))), Flaw::BehindEndOfTrack { bytes: 4 });
    assert_eq!(flaw(&single(note().tempo(0, 0).end(0))), Flaw::Tempo);
    assert_eq!(flaw(&single(note().meta(0, 0x51, &[1, 2]).end(0))), Flaw::Tempo);
    assert_eq!(flaw(&Smf { format: 7, ..everything() }.bytes()), Flaw::Format(7));
    let (events, damage) = play(&single(SmfTrack::new().event(0, &[0x90, 0xBC, 0xFF]).end(0)));
    let damage = damage.unwrap();
    assert_eq!(events[0].1, [0x90, 0x3C, 0x7F]);
    assert_eq!((damage.flaw, damage.offset, damage.further), (Flaw::DataByte { byte: 0xBC }, 24, 1));
}

#[test]
fn nothing_huge_is_read_for_long() {
    // 1 TiB in which there is nothing, behind a header; and behind a track.
    let bytes = single(SmfTrack::new().on(1, 0, 60, 9).end(1));
    for len in [14, bytes.len()] {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &bytes[..len]).unwrap();
        file.set_len(1 << 40).unwrap();
        let song = Song::open(file);
        assert_eq!(song.is_ok(), len == bytes.len());
        assert!(song.into_iter().flatten().count() <= 2);
    }
}
