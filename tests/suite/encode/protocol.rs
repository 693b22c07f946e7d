//! C106, C107, C109, C110 and C112: what a codec is asked when it compresses, and what becomes of its answers.

use super::*;

use drvhost::media::CodecInput;
use drvhost::vfw::{Codec, Compressed, Compression, Compressor};
use drvhost::{Error, Hdrvr};
use mmsystem::*;

/// A picture as BGR24.
fn picture(grey: u8) -> Vec<u8> {
    vec![grey; (WIDTH * HEIGHT * 3) as usize]
}

fn compressor<'s>(rig: &'s Rig, code: &str, settings: Compression) -> Compressor<'s> {
    let driver = driver_file(driver(rig.machine(), "coder"), "");
    let codec = Codec::open(&rig.session, &driver, code.parse().unwrap(), ICMODE_COMPRESS).unwrap();
    codec.compressor(CodecInput::all(WIDTH, HEIGHT, &picture(1)).unwrap(), settings).unwrap()
}

fn settings() -> Compression {
    Compression { scale: 1, rate: 10, ..Compression::default() }
}

/// What the codec saw of its frames.
fn seen_frames(rig: &Rig, teller: Hdrvr) -> Vec<ICCOMPRESS> {
    rig.seen(teller, ICM_COMPRESS).iter().map(|seen| seen.first(rig.machine().width())).collect()
}

spy_test!(c106_compressing_follows_the_documented_sequence, |machine| {
    let rig = Rig::new(machine);
    let mut compressor = compressor(&rig, "plan", settings());
    let mut frame = Vec::new();
    for grey in [3, 4] {
        compressor.compress(&picture(grey), &mut frame).unwrap();
    }
    compressor.close().unwrap();
    let expected = "LOAD ENABLE OPEN ICM_COMPRESS_QUERY ICM_COMPRESS_GET_FORMAT ICM_COMPRESS_GET_FORMAT \
                    ICM_COMPRESS_QUERY ICM_COMPRESS_GET_SIZE ICM_GETINFO ICM_COMPRESS_FRAMES_INFO ICM_COMPRESS_BEGIN \
                    ICM_COMPRESS ICM_COMPRESS ICM_COMPRESS_END CLOSE DISABLE FREE";
    assert_eq!(rig.sequence(), expected);
    let end = rig.call_with(ICM_COMPRESS_END);
    assert_eq!((end.lparam1, end.lparam2), (0, 0));
    // C106: the size first, then the format.
    let asked: Vec<_> =
        rig.calls_with(ICM_COMPRESS_GET_FORMAT).iter().map(|call| (call.lparam2 == 0, call.result)).collect();
    assert_eq!(asked, [(true, Some(48)), (false, Some(ICERR_OK))]);
});

spy_test!(c107_compress_gets_a_structure_and_its_size, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("coder", "");
    let mut compressor =
        compressor(&rig, "fast", Compression { key_frame_every: 2, quality: Some(4000), ..settings() });
    let mut frame = Vec::new();
    for grey in [3, 4, 5] {
        compressor.compress(&picture(grey), &mut frame).unwrap();
    }
    let sizes: Vec<_> = rig.calls_with(ICM_COMPRESS).iter().map(|call| call.lparam2).collect();
    assert_eq!(sizes, [pick(machine, 48, 88); 3]);
    let seen = seen_frames(&rig, teller);
    let numbers: Vec<_> = seen.iter().map(|seen| (seen.lFrameNum, seen.dwFlags)).collect();
    assert_eq!(numbers, [(0, ICCOMPRESS_KEYFRAME), (1, 0), (2, ICCOMPRESS_KEYFRAME)]);
    // It says that it has no qualities, so it is left its usual one; and it has a memory of its own.
    assert!(
        seen.iter().all(|seen| (seen.dwQuality, seen.lpPrev, seen.lpbiPrev) == (u32::MAX, 0, 0)),
        "{seen:?}"
    );
    let begin = rig.call_with(ICM_COMPRESS_BEGIN);
    let formats = (begin.lparam1.cast_unsigned(), begin.lparam2.cast_unsigned());
    assert!(seen.iter().all(|seen| (seen.lpbiInput, seen.lpbiOutput) == formats), "{seen:?}");
    assert!(
        seen.iter().all(|seen| seen.lpdwFlags != 0 && seen.lpckid != 0 && seen.dwFrameSize == 0),
        "{seen:?}"
    );
});

spy_test!(c112_size_and_key_frame_are_the_codecs_answers, |machine| {
    let rig = Rig::new(machine);
    let mut coder = compressor(&rig, "fast", settings());
    let mut frame = Vec::new();
    for (grey, key_frame) in [(3, true), (4, false)] {
        let made = coder.compress(&picture(grey), &mut frame).unwrap();
        assert_eq!((made, frame.len()), (Compressed { key_frame, fits: true }, 16));
    }
    // Its format, with what it has behind the header.
    let format = coder.format().unwrap();
    assert_eq!(
        (format.len(), &format[16..20], &format[40..]),
        (48, b"codr".as_slice(), b"its own\0".as_slice())
    );
    drop(coder);
    let mut coder = compressor(&rig, "huge", settings());
    let error = coder.compress(&picture(3), &mut frame).unwrap_err().to_string();
    assert!(
        error.contains("coder.dll refused ICM_COMPRESS: it answered a frame of 268435456 bytes"),
        "{error}"
    );
});

spy_test!(codec_is_told_what_will_come, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("coder", "");
    let told = Compression {
        quality: Some(4000),
        key_frame_every: 7,
        data_rate: Some(9000),
        scale: 1001,
        rate: 30_000,
        frames: 50,
    };
    drop(compressor(&rig, "qual", told));
    let seen: ICCOMPRESSFRAMES = rig.seen(teller, ICM_COMPRESS_FRAMES_INFO)[0].first(machine.width());
    assert_eq!((seen.lFrameCount, seen.lQuality, seen.lDataRate, seen.lKeyRate), (50, 4000, 9000, 7));
    assert_eq!((seen.dwRate, seen.dwScale, seen.lStartFrame), (30_000, 1001, 0));
    let call = rig.call_with(ICM_COMPRESS_FRAMES_INFO);
    assert_eq!(call.lparam2, ICCOMPRESSFRAMES::size(machine.width()) as i64);
});

spy_test!(codec_without_a_memory_is_shown_the_picture_before, |machine| {
    let rig = Rig::new(machine);
    let mut coder = compressor(&rig, "prev", Compression { key_frame_every: 3, ..settings() });
    let mut seen = Vec::new();
    let mut frame = Vec::new();
    for grey in [10, 20, 30, 40, 50] {
        coder.compress(&picture(grey), &mut frame).unwrap();
        seen.push([frame[0], frame[1], frame[2]]);
    }
    // No key frame is shown one.
    assert_eq!(seen, [[10, 0xEE, 1], [20, 10, 0], [30, 20, 0], [40, 0xEE, 1], [50, 40, 0]]);
    coder.close().unwrap();
    assert_eq!(rig.calls_with(ICM_DECOMPRESS_END).len(), 1);
});

spy_test!(data_rate_is_kept_by_the_quality_where_the_codec_does_not_keep_it, |machine| {
    let rig = Rig::new(machine);
    let mut coder =
        compressor(&rig, "qual", Compression { quality: Some(9000), data_rate: Some(5000), ..settings() });
    let mut frame = Vec::new();
    let made = coder.compress(&picture(3), &mut frame).unwrap();
    // 500 bytes a frame; a byte is ten of quality.
    assert!(made.fits && (400..=500).contains(&frame.len()), "{made:?} {}", frame.len());
    drop(coder);
    let mut coder = compressor(&rig, "qual", Compression { data_rate: Some(100), ..settings() });
    let made = coder.compress(&picture(3), &mut frame).unwrap();
    assert_eq!((made.fits, frame.len()), (false, 16));
    drop(coder);
    rig.skip_so_far();
    let teller = rig.open("coder", "");
    let mut coder = compressor(&rig, "crun", Compression { data_rate: Some(5000), ..settings() });
    coder.compress(&picture(3), &mut frame).unwrap();
    assert_eq!((frame.len(), rig.calls_with(ICM_COMPRESS).len()), (500, 1));
    assert_eq!(seen_frames(&rig, teller).last().unwrap().dwFrameSize, 500);
});

spy_test!(codec_is_given_the_first_kind_of_pictures_that_it_takes, |machine| {
    let rig = Rig::new(machine);
    // The first byte of a grey of 77: as it is, as Y or U, as 9 and the lowest bits of another 9, and as a number.
    let kinds = [("plan", 77), ("bg32", 77), ("yuy2", 82), ("uyvy", 128), ("b555", 0x29), ("pal8", 77)];
    for (code, first) in kinds {
        let mut coder = compressor(&rig, code, settings());
        let mut frame = Vec::new();
        coder.compress(&picture(77), &mut frame).unwrap();
        assert_eq!(frame[0], first, "{code}");
    }
    let driver = driver_file(driver(machine, "vfw"), "");
    let codec = Codec::open(&rig.session, &driver, FourCc(*b"spyc"), ICMODE_COMPRESS).unwrap();
    let error = codec.compressor(CodecInput::all(WIDTH, HEIGHT, &[]).unwrap(), settings()).unwrap_err();
    assert!(
        matches!(error, Error::Refused { .. }) && error.to_string().contains("decompressing only"),
        "{error}"
    );
});

spy_test!(c110_state_is_asked_for_by_size_given_and_reset, |machine| {
    let rig = Rig::new(machine);
    let driver = driver_file(driver(machine, "coder"), "");
    let codec = Codec::open(&rig.session, &driver, FourCc(*b"plan"), ICMODE_COMPRESS).unwrap();
    assert_eq!(codec.state().unwrap().as_deref(), Some(b"usually\0".as_slice()));
    let asked: Vec<_> =
        rig.calls_with(ICM_GETSTATE).iter().map(|call| (call.lparam1 == 0, call.lparam2)).collect();
    assert_eq!(asked, [(true, 0), (false, 8)]);
    codec.set_state(b"otherwis").unwrap();
    assert_eq!(codec.state().unwrap().as_deref(), Some(b"otherwis".as_slice()));
    let error = codec.set_state(b"short").unwrap_err().to_string();
    assert_eq!(error, "coder.dll refused ICM_SETSTATE: it answered that it uses none of the 5 bytes");
    codec.reset_state().unwrap();
    assert_eq!(codec.state().unwrap().as_deref(), Some(b"usually\0".as_slice()));
});
