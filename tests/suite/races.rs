//! A driver that changes what it has answered while the host reads it (`drivers/racing.h`): each operation has a result or an error of the driver's, and nobody else notices.

use std::time::{Duration, Instant};

use drvhost::acm::{self, Ends};
use drvhost::media::{CodecInput, WaveFormat};
use drvhost::synth::Synth;
use drvhost::vfw::{self, Compression};
use drvhost::{Blame, DriverFile, Error};
use drvhost_tests::*;
use mmsystem::*;

/// How long each kind of driver is raced: ten seconds for all four.
const LONG: Duration = Duration::from_millis(2500);
/// What the host may take of memory for that besides what it shares with drivers, in KiB.
const MEMORY: u64 = 256 << 10;

/// Does something with a racing driver again and again; each time it gets this far, or fails as drivers fail.
fn race(
    machine: Machine,
    name: &str,
    text: &str,
    mut go: impl FnMut(&Rig, &DriverFile) -> Result<(), Error>,
) {
    let rig = Rig::with_deadline(machine, Duration::from_secs(2));
    let innocent = rig.open("spy", "");
    let racing = driver_file(driver(machine, name), text);
    let own = || {
        let own = status(std::process::id(), "RssAnon").expect("the kernel says so");
        own.trim_end_matches(" kB").parse::<u64>().expect("a number")
    };
    let (before, begun) = (own(), Instant::now());
    let (mut done, mut failures) = (0, std::collections::BTreeMap::<String, usize>::new());
    while begun.elapsed() < LONG {
        match go(&rig, &racing) {
            Ok(()) => done += 1,
            Err(error) => {
                // What is changed in what the host has put there is what was asked for, to a driver that looks at it.
                assert!(matches!(error.blame(), Blame::Driver | Blame::Media), "{error:?}");
                *failures.entry(format!("{error:?}").chars().take(60).collect()).or_default() += 1;
            }
        }
        assert_eq!(rig.session.send(innocent, XOR, 5, 3).unwrap(), 6);
    }
    println!("{done} times to the end; {failures:#?}");
    assert!(done + failures.values().sum::<usize>() > 0);
    assert!(own() < before + MEMORY, "{before} KiB, then {}", own());
}

/// A format of `drivers/vfw.c`'s, or of pictures.
fn format(compression: u32) -> Vec<u8> {
    let header = BITMAPINFOHEADER {
        biSize: 40,
        biWidth: 8,
        biHeight: 4,
        biPlanes: 1,
        biBitCount: 24,
        biCompression: compression,
        biSizeImage: 96,
        ..BITMAPINFOHEADER::default()
    };
    encoded(&header, ())
}

spy_test!(decoding_pictures, |machine| {
    race(machine, "racing-vfw", "", |rig, driver| {
        let codec = vfw::Codec::open(&rig.session, driver, FourCc(*b"spyr"), ICMODE_DECOMPRESS)?;
        codec.info()?;
        codec.decompress_query(&format(0x1234))?;
        let mut decompressor = codec.decompressor(&format(0x1234))?;
        for number in 0..100 {
            let mut picture = Vec::new();
            decompressor.decompress_to_bgr24(&[number; 64], Some(number == 0), &mut picture)?;
            assert!(picture.len() < 64 << 20);
        }
        decompressor.close()
    });
});

spy_test!(encoding_pictures, |machine| {
    race(machine, "racing-coder", "", |rig, driver| {
        let codec = vfw::Codec::open(&rig.session, driver, FourCc(*b"qual"), ICMODE_COMPRESS)?;
        codec.info()?;
        let picture = [7; 8 * 4 * 3];
        let inputs = CodecInput::all(8, 4, &picture).expect("a picture");
        let mut compressor =
            codec.compressor(inputs, Compression { scale: 1, rate: 10, ..Compression::default() })?;
        let mut frame = Vec::new();
        for _ in 0..100 {
            compressor.compress(&picture, &mut frame)?;
            assert!(frame.len() < 64 << 20);
        }
        compressor.format()?;
        compressor.close()
    });
});

spy_test!(converting_sound, |machine| {
    let mut bytes = [0x7AC0_u16, 1].map(u16::to_le_bytes).concat();
    bytes.extend([8000_u32, 8000].map(u32::to_le_bytes).concat());
    bytes.extend([1_u16, 8].map(u16::to_le_bytes).concat());
    let format = WaveFormat::parse(bytes).expect("a format");
    race(machine, "racing-acm", "", |rig, driver| {
        let codec = acm::Codec::open(&rig.session, driver, None)?;
        codec.details()?;
        codec.format_tags()?;
        let mut stream = codec.stream(&format, None)?;
        let mut out = Vec::new();
        for _ in 0..100 {
            stream.convert(b"each byte is a sample", Ends::Open, &mut out)?;
            assert!(out.len() < 64 << 20);
        }
        stream.finish(&mut out)
    });
});

spy_test!(playing_notes, |machine| {
    race(machine, "racing-synth", "caps=2", |rig, driver| {
        let synth = Synth::open(&rig.session, driver)?;
        let mut output = synth.output(0)?;
        for note in 0..100 {
            output.short([0x90, note, 100])?;
            output.long(&[0xF0, 0x7E, note, 0xF7])?;
        }
        output.close()?;
        synth.close()
    });
});
