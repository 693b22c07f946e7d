//! Sound of separate blocks, which a driver is given in several workers at the same time.

use std::collections::{BTreeMap, VecDeque};
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use drvhost::acm::{Ends, Stream, Team};
use drvhost::decode::{self, Decode};
use drvhost::media::{ContentHasher, WaveFormat};
use drvhost::{Error, Policy};
use drvhost_tests::*;
use mmsystem::{ACMDM_STREAM_CONVERT, DRV_FREE, DRV_LOAD, WAVE_FORMAT_ALAW, WAVE_FORMAT_DVI_ADPCM};
use rustix::thread::sched_getaffinity;

use super::{TAG, codec, format_bytes, samples_of, wave_of};

/// So long a piece keeps the driver busy that whoever gives it the pieces waits.
const BUSY: &str = "tag=6 busy=1000";
/// How many bytes a piece has here.
const PIECE: usize = 64;
/// How many processors there are to be.
const PROCESSORS: usize = 2;

fn team<'s>(rig: &'s Rig, tag: u16, text: &str) -> Team<'s> {
    let format = WaveFormat::parse(format_bytes(tag)).unwrap();
    let mut team = Team::open(&rig.session, &codec(rig.machine(), text), None, &format)
        .unwrap()
        .expect("it has the tag");
    team.ask_for_help(PROCESSORS);
    team
}

/// So many pieces of data, each of which begins with its own number.
fn pieces(count: u8) -> Vec<u8> {
    (0..count)
        .flat_map(|piece| (0..PIECE).map(move |at| if at == 0 { piece } else { at as u8 ^ 0xFF }))
        .collect()
}

/// Gives a team data as a decoder does, in pieces of so many bytes and with so much else to do for each, and puts what comes of it into `all`.
fn convert(
    team: &mut Team<'_>,
    data: &[u8],
    piece: usize,
    otherwise: Duration,
    all: &mut Vec<u8>,
) -> Result<(), Error> {
    let (mut begun, mut at) = (VecDeque::new(), 0);
    while at < data.len() {
        loop {
            let rest = &data[at + begun.iter().sum::<usize>()..];
            let part = &rest[..piece.min(rest.len())];
            if part.is_empty() || !begun.is_empty() && !team.has_room() {
                break;
            }
            team.begin(part, if part.len() == rest.len() { Ends::Last } else { Ends::Open })?;
            begun.push_back(part.len());
        }
        thread::sleep(otherwise);
        let mut made = Vec::new();
        let converted = team.converted(&mut made)?;
        begun.pop_front();
        if let Some(converted) = converted {
            at += converted.used;
            all.append(&mut made);
        }
    }
    Ok(())
}

/// How many pieces were converted in each worker.
fn shares(rig: &Rig) -> Vec<usize> {
    let mut shares = BTreeMap::<u32, usize>::new();
    rig.calls_with(ACMDM_STREAM_CONVERT).iter().for_each(|call| *shares.entry(call.worker).or_default() += 1);
    shares.into_values().collect()
}

spy_test!(two_workers_take_turns, |machine| {
    let rig = Rig::new(machine);
    let mut team = team(&rig, WAVE_FORMAT_ALAW, BUSY);
    let (data, mut all) = (pieces(200), Vec::new());
    convert(&mut team, &data, PIECE, Duration::ZERO, &mut all).unwrap();
    assert!(all == samples_of(&data));
    let [first, second] = shares(&rig).try_into().expect("two workers");
    // One piece is converted by both.
    assert_eq!(first + second, 201);
    assert!(second > 50, "{first} and {second}");
    team.close().unwrap();
    assert_eq!([DRV_LOAD, DRV_FREE].map(|message| rig.calls_with(message).len()), [2, 2]);
});

spy_test!(there_are_four_workers_at_most, |machine| {
    let rig = Rig::new(machine);
    let mut team = team(&rig, WAVE_FORMAT_ALAW, "tag=6 busy=1000 halves=170");
    team.ask_for_help(8);
    let (data, mut all) = (pieces(200), Vec::new());
    convert(&mut team, &data, PIECE, Duration::ZERO, &mut all).unwrap();
    assert!(all == samples_of(&data));
    // Fewer where somebody else has the processors.
    assert!((2..=4).contains(&shares(&rig).len()), "{:?}", shares(&rig));
    team.close().unwrap();
});

spy_test!(c070_each_instance_of_a_team_is_told_of_the_end, |machine| {
    let rig = Rig::new(machine);
    let mut team = team(&rig, WAVE_FORMAT_ALAW, BUSY);
    convert(&mut team, &pieces(100), PIECE, Duration::ZERO, &mut Vec::new()).unwrap();
    let report = rig.session.end(Policy::Orderly);
    assert!(report.instances.len() == 2 && report.all_answered(), "{report:?}");
});

spy_test!(others_are_asked_only_where_blocks_are_separate, |machine| {
    let rig = Rig::new(machine);
    let mut team = team(&rig, TAG, "busy=1000");
    convert(&mut team, &pieces(100), PIECE, Duration::ZERO, &mut Vec::new()).unwrap();
    assert_eq!(shares(&rig), [100]);
});

spy_test!(others_are_not_asked_where_the_driver_waits, |machine| {
    let rig = Rig::new(machine);
    let mut team = team(&rig, WAVE_FORMAT_ALAW, "tag=6");
    let (data, mut all) = (pieces(70), Vec::new());
    convert(&mut team, &data, PIECE, Duration::from_millis(5), &mut all).unwrap();
    assert!(all == samples_of(&data));
    assert_eq!(shares(&rig), [70]);
});

spy_test!(a_driver_that_goes_on_from_what_came_before_is_not_helped, |machine| {
    let all_processors = sched_getaffinity(None).unwrap().count();
    let rig = Rig::new(machine);
    let mut team = team(&rig, WAVE_FORMAT_ALAW, &format!("{BUSY} counts=1"));
    let (data, mut all) = (pieces(100), Vec::new());
    convert(&mut team, &data, PIECE, Duration::ZERO, &mut all).unwrap();
    let numbers: Vec<u8> = all.chunks(2 * PIECE).map(|piece| piece[0]).collect();
    assert_eq!(numbers, (0..100).collect::<Vec<u8>>());
    // Nobody had asked for a processor of its own.
    assert_eq!(sched_getaffinity(None).unwrap().count(), all_processors);
    // The second one has been tried.
    assert_eq!(shares(&rig), [100, 1]);
    // It is closed when nothing is under way.
    team.close().unwrap();
    assert_eq!(rig.calls_with(DRV_FREE).len(), 2);
});

spy_test!(a_part_that_is_left_goes_to_the_one_who_left_it, |machine| {
    for (left, helped) in [(20, false), (150, true), (151, true)] {
        let rig = Rig::new(machine);
        let mut team = team(&rig, WAVE_FORMAT_ALAW, &format!("{BUSY} halves={left}"));
        let (data, mut all) = (pieces(200), Vec::new());
        convert(&mut team, &data, PIECE, Duration::ZERO, &mut all).unwrap();
        assert!(all == samples_of(&data), "{left}");
        let shares = shares(&rig);
        assert_eq!(shares.len() == 2, helped, "{left}: {shares:?}");
        // A piece was converted by both, one in two parts, and what the other one had begun with was in vain.
        assert!(!helped || shares.iter().sum::<usize>() > 202, "{shares:?}");
        team.close().unwrap();
    }
});

spy_test!(a_fault_in_any_worker_comes_in_its_turn, |machine| {
    for bad in [150_u8, 151] {
        let rig = Rig::new(machine);
        let mut team = team(&rig, WAVE_FORMAT_ALAW, &format!("{BUSY} faults={bad}"));
        let (data, mut all) = (pieces(200), Vec::new());
        let error = convert(&mut team, &data, PIECE, Duration::ZERO, &mut all).unwrap_err();
        assert!(matches!(error, Error::Faulted { .. }), "{error}");
        assert!(all == samples_of(&data[..usize::from(bad) * PIECE]), "{bad}");
        assert_eq!(shares(&rig).len(), 2);
    }
});

spy_test!(a_driver_that_has_opened_others_is_not_helped, |machine| {
    // What it says to them could wait for a worker that nobody waits for.
    let rig = Rig::new(machine);
    let mut team = team(&rig, WAVE_FORMAT_ALAW, &format!("{BUSY} opens=1"));
    let (data, mut all) = (pieces(100), Vec::new());
    convert(&mut team, &data, PIECE, Duration::ZERO, &mut all).unwrap();
    assert!(all == samples_of(&data));
    assert_eq!(shares(&rig), [100]);
    assert_eq!(rig.calls_with(DRV_LOAD).iter().filter(|call| call.driver == "acm.dll").count(), 2);
    team.close().unwrap();
});

spy_test!(silence_does_not_show_that_blocks_are_separate, |machine| {
    let rig = Rig::new(machine);
    let mut team = team(&rig, WAVE_FORMAT_ALAW, BUSY);
    let silence = vec![0; 60 * PIECE];
    let (data, mut all) = ([silence, pieces(140)].concat(), Vec::new());
    convert(&mut team, &data, PIECE, Duration::ZERO, &mut all).unwrap();
    assert!(all == samples_of(&data));
    let [first, second] = shares(&rig).try_into().expect("two workers");
    // It was tried with silence, and again with sound.
    assert_eq!(first + second, 202);
    assert!(second < 80, "{first} and {second}");
});

spy_test!(a_driver_that_opens_only_once_is_not_helped, |machine| {
    let rig = Rig::new(machine);
    // A file that is gone cannot be loaded once more.
    let file = rig.copy("acm", "once.dll");
    let format = WaveFormat::parse(format_bytes(WAVE_FORMAT_ALAW)).unwrap();
    let mut team =
        Team::open(&rig.session, &driver_file(file.clone(), BUSY), None, &format).unwrap().unwrap();
    team.ask_for_help(PROCESSORS);
    std::fs::remove_file(file).unwrap();
    let (data, mut all) = (pieces(100), Vec::new());
    convert(&mut team, &data, PIECE, Duration::ZERO, &mut all).unwrap();
    assert!(all == samples_of(&data));
    assert_eq!(shares(&rig), [100]);
    team.close().unwrap();
});

wine_test!(a_real_driver_makes_the_same_in_several_workers, |machine| {
    /// How many bytes a block of IMA ADPCM has here, and how many samples are in it.
    const BLOCK: (u16, u16) = (1024, 2041);
    let mut format = [WAVE_FORMAT_DVI_ADPCM, 1].map(u16::to_le_bytes).concat();
    format.extend([44_100_u32, 22_125].map(u32::to_le_bytes).concat());
    format.extend([BLOCK.0, 4, 2, BLOCK.1].map(u16::to_le_bytes).concat());
    let format = WaveFormat::parse(format).unwrap();
    let mut data: Vec<u8> = (0..4_u32 << 20).map(|index| (index * 7 + index / 251) as u8).collect();
    // The first sample, the place in the table of steps, and 0.
    data.chunks_mut(BLOCK.0.into()).enumerate().for_each(|(number, block)| {
        block[2..4].copy_from_slice(&[number as u8 % 89, 0]);
    });
    let rig = Rig::new(machine);
    let driver = rig.session.registry().resolve("msacm.imaadpcm", None).unwrap();
    let mut alone = Stream::open(&rig.session, &driver, None, &format, None).unwrap().unwrap();
    let (mut expected, mut made) = (Vec::new(), Vec::new());
    for piece in data.chunks(alone.capacity()) {
        assert_eq!(alone.convert(piece, Ends::Open, &mut made).unwrap().used, piece.len());
        expected.append(&mut made);
    }
    let mut team = Team::open(&rig.session, &driver, None, &format).unwrap().unwrap();
    team.ask_for_help(PROCESSORS);
    let piece = team.capacity();
    let mut all = Vec::new();
    convert(&mut team, &data, piece, Duration::ZERO, &mut all).unwrap();
    assert_eq!(all.len(), data.len() / usize::from(BLOCK.0) * usize::from(BLOCK.1) * 2);
    assert!(all == expected);
    assert_eq!(shares(&rig).len(), 2);
});

spy_test!(long_sound_is_decoded_by_as_many_workers_as_there_are_processors, |machine| {
    let data: Vec<u8> = (0..4_u32 << 20).map(|index| (index * 7 + index / 256) as u8).collect();
    for (length, long) in [(data.len(), true), (data.len() - 1, false)] {
        let (rig, folder) = (Rig::new(machine), Folder::new(machine));
        folder.write("in.wav", wave_of(WAVE_FORMAT_ALAW, &data[..length]));
        let driver = Some(codec(machine, "tag=6 busy=2000"));
        let what = Decode { input: folder.file("in.wav"), driver, ..Decode::default() };
        let decoded = decode::run(&rig.session, &what, |_| ControlFlow::Continue(())).unwrap();
        let mut hasher = ContentHasher::new();
        hasher.update(&samples_of(&data[..length]));
        assert_eq!((decoded.samples, decoded.hash), (Some(length as u64), hasher.finish().to_string()));
        let helped = long && thread::available_parallelism().is_ok_and(|processors| processors.get() > 1);
        assert_eq!(shares(&rig).len() > 1, helped, "{length} bytes: {:?}", shares(&rig));
    }
});
