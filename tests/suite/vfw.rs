//! C101 to C115: video codecs.
//!
//! What a codec is asked when it compresses is in `encode/protocol.rs`. Not here: C114, because nothing is opened by its function.

use std::ops::ControlFlow;

use drvhost::decode::{self, Decode};
use drvhost::vfw::{Codec, Decompressor};
use drvhost::{Block, DriverFile, Error, Hdrvr, Registry};
use drvhost_tests::*;
use mmsystem::*;

/// Wine's video codecs by entry, and a compression that each reads: its number and the bits a pixel.
const REAL: [(&str, &[u8; 4], u16); 3] =
    [("vidc.cvid", b"cvid", 24), ("vidc.msvc", b"CRAM", 16), ("vidc.mrle", &[1, 0, 0, 0], 8)];

/// A frame that all of them take: the end of the picture to the run-length codec, and zeros.
const FRAME: [u8; 64] = {
    let mut frame = [0; 64];
    frame[1] = 1;
    frame
};

fn codec(machine: Machine) -> DriverFile {
    driver_file(driver(machine, "vfw"), "")
}

/// A format block: 8 by 4 pixels, with a palette of zeros where the depth has one.
fn format(code: &[u8; 4], bits: u16) -> Vec<u8> {
    let header = BITMAPINFOHEADER {
        biSize: 40,
        biWidth: 8,
        biHeight: 4,
        biPlanes: 1,
        biBitCount: bits,
        biCompression: u32::from_le_bytes(*code),
        biSizeImage: FRAME.len() as u32,
        ..BITMAPINFOHEADER::default()
    };
    let mut bytes = encoded(&header, ());
    bytes.resize(bytes.len() + if bits <= 8 { 4 << bits } else { 0 }, 0);
    bytes
}

fn decompressor<'s>(rig: &'s Rig, code: &[u8; 4]) -> Decompressor<'s> {
    let codec = Codec::open(&rig.session, &codec(rig.machine()), FourCc(*code), ICMODE_DECOMPRESS).unwrap();
    codec.decompressor(&format(code, 24)).unwrap()
}

/// An answer as a LONG.
fn icerr(answer: i64) -> i64 {
    i64::from(answer as i32)
}

/// The code in the name of an entry.
fn handler(alias: &str) -> FourCc {
    alias.trim_start_matches("vidc.").parse().expect("a code")
}

/// One of Wine's video codecs, opened by hand for a type of driver.
fn open_real(rig: &Rig, alias: &str, kind: &[u8; 4], mode: u32) -> Result<Hdrvr, Error> {
    let driver = rig.session.registry().resolve(alias, None)?;
    let width = rig.machine().width();
    let open = ICOPEN {
        dwSize: ICOPEN::size(width) as u32,
        fccType: FourCc(*kind).into(),
        fccHandler: handler(alias).into(),
        dwVersion: 0x1000,
        dwFlags: mode,
        ..ICOPEN::default()
    };
    let mut block = None;
    rig.session.open(&driver, |arena| Ok(block.insert(arena.block_with(&encoded(&open, width))?).lparam()))
}

/// A decompression by one of Wine's codecs, with the messages sent by hand.
struct ByHand<'r> {
    rig: &'r Rig,
    hdrvr: Hdrvr,
    input: Block,
    output: Block,
    frame: Block,
    picture: Block,
}

impl<'r> ByHand<'r> {
    fn open(rig: &'r Rig, (alias, code, bits): (&str, &[u8; 4], u16)) -> Self {
        let hdrvr = open_real(rig, alias, b"vidc", ICMODE_DECOMPRESS).unwrap();
        let arena = rig.session.arena(hdrvr).unwrap();
        let input = arena.block_with(&format(code, bits)).unwrap();
        let output = arena.block_with(&[0; 40 + 4 * 256]).unwrap();
        let (frame, picture) =
            (arena.block_with(&FRAME).unwrap(), arena.block_with(&[0; 8 * 4 * 4]).unwrap());
        Self { rig, hdrvr, input, output, frame, picture }
    }

    fn send(&self, message: u32, lparam1: i64, lparam2: i64) -> i64 {
        icerr(self.rig.send(self.hdrvr, message, lparam1, lparam2))
    }

    /// ICM_DECOMPRESS_GET_FORMAT, then ICM_DECOMPRESS_BEGIN to that format.
    fn begin(&self) -> i64 {
        self.send(ICM_DECOMPRESS_GET_FORMAT, self.input.lparam(), self.output.lparam());
        self.send(ICM_DECOMPRESS_BEGIN, self.input.lparam(), self.output.lparam())
    }

    fn decompress(&self) -> i64 {
        let parameters = ICDECOMPRESS {
            lpbiInput: self.input.address(),
            lpInput: self.frame.address(),
            lpbiOutput: self.output.address(),
            lpOutput: self.picture.address(),
            ..ICDECOMPRESS::default()
        };
        let arena = self.rig.session.arena(self.hdrvr).unwrap();
        let bytes = encoded(&parameters, self.rig.machine().width());
        let block = arena.block_with(&bytes).unwrap();
        self.send(ICM_DECOMPRESS, block.lparam(), bytes.len() as i64)
    }
}

/// The sample clip, with another compression.
fn clip(code: &[u8; 4]) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/clip.avi");
    let mut clip = std::fs::read(path).unwrap();
    let places: Vec<_> = (0..512).filter(|&at| clip[at..].starts_with(b"cvid")).collect();
    assert_eq!(places.len(), 2, "the handler and the compression");
    places.iter().for_each(|&at| clip[at..at + 4].copy_from_slice(code));
    clip
}

spy_test!(c101_codec_is_looked_up_without_regard_to_case, |machine| {
    for (entry, code) in [("VIDC.SpYc", b"sPyC"), ("vidc.spyc", b"SPYC"), ("vidc.SPYC", b"SPYC")] {
        let folder = Folder::new(machine);
        folder.write("clip.avi", clip(code));
        let mut registry = Registry::new();
        registry.set("dRIVERS32", entry, &driver(machine, "vfw").display().to_string());
        let rig = Rig::with(machine, |builder| builder.registry(registry));
        let teller = rig.open("vfw", "");
        let what = Decode { input: folder.file("clip.avi"), ..Decode::default() };
        let decoded = decode::run(&rig.session, &what, |_| ControlFlow::Continue(())).unwrap();
        assert_eq!((decoded.frames, decoded.driver.as_deref()), (Some(45), Some("vfw.dll")));
        let open = opened(&rig, teller);
        let size = pick(machine, 36, 56);
        assert_eq!((open.dwSize, FourCc::from(open.fccHandler)), (size, FourCc(*code)));
    }
});

/// The last ICOPEN that the codec was given.
fn opened(rig: &Rig, teller: Hdrvr) -> ICOPEN {
    rig.seen(teller, DRV_OPEN).pop().expect("an open").second(rig.machine().width())
}

spy_test!(c102_type_is_lower_case_and_handler_is_as_given, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("vfw", "");
    for handler in [*b"XyZw", *b"VIDC", [1, 0, 0, 0]] {
        Codec::open(&rig.session, &codec(machine), FourCc(handler), ICMODE_QUERY).unwrap().close().unwrap();
        let open = opened(&rig, teller);
        assert_eq!(FourCc::from(open.fccType), FourCc(*b"vidc"));
        assert_eq!(FourCc::from(open.fccHandler), FourCc(handler));
        assert_eq!((open.dwVersion, open.dwError, open.pV1Reserved, open.pV2Reserved), (0x1000, 0, 0, 0));
    }
});

spy_test!(c103_flags_are_the_mode, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("vfw", "");
    for mode in [ICMODE_COMPRESS, ICMODE_DECOMPRESS, ICMODE_FASTDECOMPRESS, ICMODE_QUERY, ICMODE_DRAW] {
        Codec::open(&rig.session, &codec(machine), FourCc(*b"spyc"), mode).unwrap().close().unwrap();
        assert_eq!(opened(&rig, teller).dwFlags, mode);
    }
});

wine_test!(c104_codec_opens_without_type_and_as_video_and_as_nothing_else, |machine| {
    for (alias, ..) in REAL {
        let rig = Rig::new(machine);
        rig.session.open_driver(alias, None, 0).unwrap();
        open_real(&rig, alias, b"vidc", ICMODE_DECOMPRESS).unwrap();
        for kind in [b"audc", b"vcap", b"\0\0\0\0"] {
            let error = open_real(&rig, alias, kind, ICMODE_DECOMPRESS).unwrap_err();
            assert!(matches!(error, Error::Refused { .. }), "{alias}: {error}");
        }
    }
});

spy_test!(c105_info_names_the_drivers_file, |machine| {
    let rig = Rig::new(machine);
    let codec = Codec::open(&rig.session, &codec(machine), FourCc(*b"spyc"), ICMODE_QUERY).unwrap();
    let info = codec.info().unwrap().unwrap();
    assert_eq!(text(&info.szDriver), "vfw.dll");
    let call = rig.call_with(ICM_GETINFO);
    assert_eq!((call.lparam2, call.result), (568, Some(568)));
});

fn text(units: &[u16]) -> String {
    let end = units.iter().position(|unit| *unit == 0).unwrap_or(units.len());
    String::from_utf16(&units[..end]).expect("text")
}

wine_test!(c105_real_codecs_fill_in_568_bytes, |machine| {
    for (alias, ..) in REAL {
        let rig = Rig::new(machine);
        let driver = rig.session.registry().resolve(alias, None).unwrap();
        let codec = Codec::open(&rig.session, &driver, handler(alias), ICMODE_QUERY).unwrap();
        let info = codec.info().unwrap().unwrap();
        assert_eq!(rig.call_with(ICM_GETINFO).result, Some(568), "{alias}");
        assert_eq!((info.dwSize, FourCc::from(info.fccType)), (568, FourCc(*b"vidc")), "{alias}");
        assert_eq!(text(&info.szDriver), driver.file_name());
    }
});

wine_test!(c106_format_is_asked_for_by_size_first, |machine| {
    for real in REAL {
        let rig = Rig::new(machine);
        let by_hand = ByHand::open(&rig, real);
        let size = by_hand.send(ICM_DECOMPRESS_GET_FORMAT, by_hand.input.lparam(), 0);
        assert!((40..=40 + 256 * 4).contains(&size), "{real:?}: {size}");
        let answer = by_hand.send(ICM_DECOMPRESS_GET_FORMAT, by_hand.input.lparam(), by_hand.output.lparam());
        assert_eq!(answer, ICERR_OK, "{real:?}");
        let format = BITMAPINFOHEADER::decode((), &by_hand.output.to_vec().unwrap()).unwrap();
        assert_eq!((format.biWidth, format.biHeight, format.biCompression), (8, 4, BI_RGB), "{real:?}");
    }
});

wine_test!(c106_format_to_compress_to_is_asked_for_by_size_first, |machine| {
    let rig = Rig::new(machine);
    let hdrvr = open_real(&rig, "vidc.mrle", b"vidc", ICMODE_COMPRESS).unwrap();
    let arena = rig.session.arena(hdrvr).unwrap();
    let input = arena.block_with(&format(&[0; 4], 8)).unwrap();
    let size = icerr(rig.send(hdrvr, ICM_COMPRESS_GET_FORMAT, input.lparam(), 0));
    assert_eq!(size, 40 + 256 * 4);
    let output = arena.block_with(&[0; 40 + 256 * 4]).unwrap();
    assert_eq!(icerr(rig.send(hdrvr, ICM_COMPRESS_GET_FORMAT, input.lparam(), output.lparam())), ICERR_OK);
    let format = BITMAPINFOHEADER::decode((), &output.to_vec().unwrap()).unwrap();
    assert_eq!(format.biCompression, BI_RLE8);
});

spy_test!(c107_decompress_gets_a_structure_and_its_size, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("vfw", "");
    let mut decompressor = decompressor(&rig, b"spyc");
    let mut bgr = Vec::new();
    decompressor.decompress(b"abc", Some(true), &mut bgr).unwrap();
    assert_eq!(bgr, [b'a'; 8 * 4 * 3]);
    decompressor.decompress(b"z", Some(false), &mut bgr).unwrap();
    decompressor.close().unwrap();
    let sizes: Vec<_> = rig.calls_with(ICM_DECOMPRESS).iter().map(|call| call.lparam2).collect();
    assert_eq!(sizes, [pick(machine, 24, 48); 2]);
    let seen: Vec<ICDECOMPRESS> =
        rig.seen(teller, ICM_DECOMPRESS).iter().map(|seen| seen.first(machine.width())).collect();
    assert_eq!((seen[0].dwFlags, seen[1].dwFlags), (0, ICDECOMPRESS_NOTKEYFRAME));
    assert_eq!((seen[0].ckid, seen[0].lpOutput), (0, seen[1].lpOutput));
    // The formats are those that the codec began with.
    let begin = rig.call_with(ICM_DECOMPRESS_BEGIN);
    let formats = (begin.lparam1.cast_unsigned(), begin.lparam2.cast_unsigned());
    assert!(seen.iter().all(|seen| (seen.lpbiInput, seen.lpbiOutput) == formats), "{seen:?}");
});

spy_test!(c107_a_codec_without_the_plain_messages_gets_the_extended_ones, |machine| {
    let rig = Rig::new(machine);
    let teller = rig.open("vfw", "");
    let mut decompressor = decompressor(&rig, b"spye");
    let mut picture = Vec::new();
    assert!(decompressor.decompress(b"abc", Some(false), &mut picture).unwrap());
    assert_eq!(picture, [b'a'; 8 * 4 * 3]);
    decompressor.close().unwrap();
    let call = rig.call_with(ICM_DECOMPRESSEX);
    assert_eq!(call.lparam2, pick(machine, 52, 72));
    let seen: ICDECOMPRESSEX = rig.seen(teller, ICM_DECOMPRESSEX)[0].first(machine.width());
    assert_eq!(
        (seen.dwFlags, seen.xSrc, seen.ySrc, seen.xDst, seen.yDst),
        (ICDECOMPRESS_NOTKEYFRAME, 0, 0, 0, 0)
    );
    assert_eq!((seen.dxSrc, seen.dySrc, seen.dxDst, seen.dyDst), (8, 4, 8, 4));
    let begun: ICDECOMPRESSEX = rig.seen(teller, ICM_DECOMPRESSEX_BEGIN)[0].first(machine.width());
    assert_eq!((begun.lpbiSrc, begun.lpbiDst), (seen.lpbiSrc, seen.lpbiDst));
    assert_eq!(
        (rig.calls_with(ICM_DECOMPRESS_BEGIN).len(), rig.calls_with(ICM_DECOMPRESSEX_END).len()),
        (0, 1)
    );
});

spy_test!(decompressing_follows_the_documented_sequence, |machine| {
    let rig = Rig::new(machine);
    let mut decompressor = decompressor(&rig, b"spyc");
    for frame in [b"a", b"b"] {
        decompressor.decompress(frame, None, &mut Vec::new()).unwrap();
    }
    drop(decompressor);
    let expected = "LOAD ENABLE OPEN ICM_DECOMPRESS_QUERY ICM_DECOMPRESS_GET_FORMAT ICM_DECOMPRESS_GET_FORMAT \
                    ICM_DECOMPRESS_QUERY ICM_DECOMPRESS_BEGIN ICM_DECOMPRESS ICM_DECOMPRESS ICM_DECOMPRESS_END CLOSE \
                    DISABLE FREE";
    assert_eq!(rig.sequence(), expected);
    let end = rig.call_with(ICM_DECOMPRESS_END);
    assert_eq!((end.lparam1, end.lparam2), (0, 0));
    assert!(rig.calls_with(ICM_DECOMPRESS_QUERY)[0].lparam2 == 0);
});

wine_test!(c108_decompress_before_begin_is_an_error, |machine| {
    // msvidc32.dll and msrle32.dll do not keep to it.
    let rig = Rig::new(machine);
    let by_hand = ByHand::open(&rig, REAL[0]);
    by_hand.send(ICM_DECOMPRESS_GET_FORMAT, by_hand.input.lparam(), by_hand.output.lparam());
    assert!(by_hand.decompress() < ICERR_OK);
    assert_eq!((by_hand.begin(), by_hand.decompress()), (ICERR_OK, ICERR_OK));
});

wine_test!(c109_begin_twice_restarts_and_end_is_optional, |machine| {
    for real in REAL {
        let rig = Rig::new(machine);
        let by_hand = ByHand::open(&rig, real);
        for _ in 0..2 {
            assert_eq!((by_hand.begin(), by_hand.begin()), (ICERR_OK, ICERR_OK), "{real:?}");
            assert_eq!(by_hand.decompress(), ICERR_OK, "{real:?}");
            assert_eq!(by_hand.send(ICM_DECOMPRESS_END, 0, 0), ICERR_OK, "{real:?}");
        }
        assert_eq!(by_hand.begin(), ICERR_OK, "{real:?}");
        assert_ne!(rig.close(by_hand.hdrvr), 0, "{real:?}");
    }
});

wine_test!(c110_codec_without_settings_has_a_state_of_no_bytes, |machine| {
    let rig = Rig::new(machine);
    let by_hand = ByHand::open(&rig, REAL[2]);
    assert_eq!(by_hand.send(ICM_GETSTATE, 0, 0), 0);
    assert_eq!(by_hand.send(ICM_SETSTATE, 0, 0), 0);
});

wine_test!(c111_asking_for_a_dialog_shows_none, |machine| {
    for real in REAL {
        let rig = Rig::new(machine);
        let by_hand = ByHand::open(&rig, real);
        for (message, lparam2) in [(ICM_CONFIGURE, 0), (ICM_CONFIGURE, 1), (ICM_ABOUT, 0), (ICM_ABOUT, 1)] {
            let answer = by_hand.send(message, -1, lparam2);
            assert!([ICERR_OK, ICERR_UNSUPPORTED].contains(&answer), "{real:?} {message:#x}: {answer}");
        }
    }
});

wine_test!(c112_size_and_key_frame_flag_are_where_the_caller_said, |machine| {
    const ROOM: usize = 1024;
    let rig = Rig::new(machine);
    let hdrvr = open_real(&rig, "vidc.mrle", b"vidc", ICMODE_COMPRESS).unwrap();
    let arena = rig.session.arena(hdrvr).unwrap();
    // The driver insists on a number of colours that is not 0.
    let mut eight = format(&[0; 4], 8);
    eight[32..36].copy_from_slice(&256_u32.to_le_bytes());
    let input = arena.block_with(&eight).unwrap();
    let output = arena.block_with(&[0; 40 + 256 * 4]).unwrap();
    for message in [ICM_COMPRESS_GET_FORMAT, ICM_COMPRESS_BEGIN] {
        assert_eq!(icerr(rig.send(hdrvr, message, input.lparam(), output.lparam())), ICERR_OK);
    }
    let (picture, frame) = (arena.block_with(&[7; 8 * 4]).unwrap(), arena.block_with(&[0; ROOM]).unwrap());
    let told = arena.block_with(&[0; 8]).unwrap();
    let parameters = ICCOMPRESS {
        dwFlags: ICCOMPRESS_KEYFRAME,
        lpbiOutput: output.address(),
        lpOutput: frame.address(),
        lpbiInput: input.address(),
        lpInput: picture.address(),
        lpckid: told.address(),
        lpdwFlags: told.address() + 4,
        dwQuality: 10_000,
        ..ICCOMPRESS::default()
    };
    let bytes = encoded(&parameters, machine.width());
    let block = arena.block_with(&bytes).unwrap();
    assert_eq!(icerr(rig.send(hdrvr, ICM_COMPRESS, block.lparam(), bytes.len() as i64)), ICERR_OK);
    let size = BITMAPINFOHEADER::decode((), &output.to_vec().unwrap()).unwrap().biSizeImage as usize;
    assert!((1..ROOM).contains(&size), "{size}");
    // The end of the picture is where the size says, and nothing is behind it.
    let frame = frame.to_vec().unwrap();
    assert_eq!(frame[size - 2..size], [0, 1]);
    assert!(frame[size..].iter().all(|byte| *byte == 0));
    let flags = u32::from_le_bytes(told.to_vec().unwrap()[4..].try_into().unwrap());
    assert_ne!(flags & AVIIF_KEYFRAME, 0, "{flags:#x}");
});

wine_test!(c113_unknown_messages_are_not_supported, |machine| {
    for real in REAL {
        let rig = Rig::new(machine);
        let by_hand = ByHand::open(&rig, real);
        for message in [0x4FFF, ICM_COMPRESS_FRAMES, 0x5FFF] {
            assert_eq!(by_hand.send(message, 0, 0), ICERR_UNSUPPORTED, "{real:?} {message:#x}");
        }
    }
});

spy_test!(c115_dead_handle_is_a_bad_handle, |machine| {
    let rig = Rig::new(machine);
    let codec = Codec::open(&rig.session, &codec(machine), FourCc(*b"spyc"), ICMODE_QUERY).unwrap();
    let hdrvr = codec.hdrvr();
    assert_ne!(rig.close(hdrvr), 0);
    let calls = rig.calls().len();
    assert!(matches!(codec.close(), Err(Error::BadHandle(bad)) if bad == hdrvr.0));
    assert_eq!(rig.calls().len(), calls);
});
