//! The drivers that are tried, and on what: one list, by which tests go and of which `docs/drivers.md` is made.

use std::path::{Path, PathBuf};

use crate::machine::fetched_drivers;
use crate::{Avi, Chunk, Folder, Machine, Scribble};

/// A driver, what it decodes, and how exactly it must.
#[derive(Debug)]
pub struct Tried {
    /// Its file's name.
    pub driver: &'static str,
    /// What it decodes, in words.
    pub what: &'static str,
    /// Makes such a file in a folder, and answers its name.
    pub sample: fn(&Folder) -> String,
    /// By how much its samples (of 16 bits, or bytes of pixels) differ from ffmpeg's at most.
    pub from_ffmpeg: i32,
    /// By how much those of its builds for the two machines differ from each other at most.
    pub between_machines: i32,
}

/// Ten frames of a codec for which ffmpeg has no encoder.
fn film(compression: [u8; 4], bits: u16, mut frame: impl FnMut(&mut Scribble, bool) -> Vec<u8>) -> Avi {
    let mut scribble = Scribble::new(u64::from(bits));
    let palette = scribble.colours(1 << bits);
    let chunks = (0..10).map(|number| Chunk::Frame(frame(&mut scribble, number == 0))).collect();
    Avi { handler: [0; 4], compression, bits, width: WIDTH, height: HEIGHT, palette, chunks }
}

const WIDTH: u32 = 160;
const HEIGHT: u32 = 120;

fn written(folder: &Folder, avi: &Avi) -> String {
    folder.write("in.avi", avi.bytes());
    "in.avi".to_owned()
}

fn video(folder: &Folder, codec: &str) -> String {
    let source = format!("testsrc2=size={WIDTH}x{HEIGHT}:rate=12:duration=1");
    folder.ffmpeg(&format!("-f lavfi -i {source} -c:v {codec} -bitexact in.avi"));
    "in.avi".to_owned()
}

/// Two tones with noise.
fn sound(folder: &Folder, codec: &str, rate: u32, channels: u32) -> String {
    let tones = format!("aevalsrc=0.3*sin(880*PI*t)+0.1*random(0)|0.4*sin(1760*PI*t):s={rate}:d=1.3");
    folder.ffmpeg(&format!("-f lavfi -i {tones} -ac {channels} -c:a {codec} in.wav"));
    "in.wav".to_owned()
}

/// The clip that comes with drvhost.
fn clip(_: &Folder) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/clip.avi").display().to_string()
}

macro_rules! tried {
    ($($driver:literal, $what:literal, $sample:expr, $from_ffmpeg:literal, $between:literal;)*) => {
        /// Wine's drivers, with everything that it is tried on.
        pub const TRIED: &[Tried] = &[$(Tried {
            driver: $driver,
            what: $what,
            sample: $sample,
            from_ffmpeg: $from_ffmpeg,
            between_machines: $between,
        }),*];
    };
}

tried! {
    "iccvid.dll", "Cinepak: samples/clip.avi", clip, 1, 0;
    "iccvid.dll", "Cinepak", |folder| video(folder, "cinepak"), 1, 0;
    "msvidc32.dll", "MS Video 1, 16 bits", |folder| video(folder, "msvideo1"), 0, 0;
    "msvidc32.dll", "MS Video 1, 8 bits", |folder| {
        written(folder, &film(*b"CRAM", 8, |scribble, whole| scribble.video_1(WIDTH, HEIGHT, whole)))
    }, 0, 0;
    "msrle32.dll", "MS RLE, 8 bits", |folder| {
        written(folder, &film([1, 0, 0, 0], 8, |scribble, whole| scribble.run_lengths(8, WIDTH, HEIGHT, whole)))
    }, 0, 0;
    "msrle32.dll", "MS RLE, 4 bits", |folder| {
        written(folder, &film([2, 0, 0, 0], 4, |scribble, whole| scribble.run_lengths(4, WIDTH, HEIGHT, whole)))
    }, 0, 0;
    "msadp32.acm", "MS ADPCM, mono", |folder| sound(folder, "adpcm_ms", 22_050, 1), 0, 0;
    "msadp32.acm", "MS ADPCM, stereo", |folder| sound(folder, "adpcm_ms", 22_050, 2), 0, 0;
    "imaadp32.acm", "IMA ADPCM, mono", |folder| sound(folder, "adpcm_ima_wav", 22_050, 1), 64, 0;
    "imaadp32.acm", "IMA ADPCM, stereo", |folder| sound(folder, "adpcm_ima_wav", 22_050, 2), 64, 0;
    "msg711.acm", "A-law", |folder| sound(folder, "pcm_alaw", 22_050, 2), 0, 0;
    "msg711.acm", "u-law", |folder| sound(folder, "pcm_mulaw", 22_050, 2), 0, 0;
    "msgsm32.acm", "GSM 6.10", |folder| sound(folder, "libgsm_ms", 8_000, 1), 0, 0;
    "l3codeca.acm", "MP3, 44.1 kHz, stereo", |folder| sound(folder, "libmp3lame", 44_100, 2), 2, 1;
    "l3codeca.acm", "MP3, 22.05 kHz, stereo", |folder| sound(folder, "libmp3lame", 22_050, 2), 2, 1;
    "l3codeca.acm", "MP3, 8 kHz, mono", |folder| sound(folder, "libmp3lame", 8_000, 1), 2, 1;
}

impl Tried {
    /// The driver's file for a machine.
    #[must_use]
    pub fn file(&self, machine: Machine) -> PathBuf {
        fetched_drivers(machine).unwrap_or(Path::new(env!("WINE_LIBRARIES"))).join(self.driver)
    }
}

/// The document of them, as Wine's drivers of this version are.
#[must_use]
pub fn table_of_drivers(wine: &str) -> String {
    let apart = |most: i32| match most {
        0 => "equal".to_owned(),
        most => format!("at most {most} apart"),
    };
    let machines = Machine::ALL.map(|machine| machine.to_string()).join(", ");
    let mut table = INTRODUCTION.to_owned();
    for tried in TRIED {
        let (driver, what) = (tried.driver, tried.what);
        let [ffmpeg, between] = [tried.from_ffmpeg, tried.between_machines].map(apart);
        let line = format!("| {driver} | Wine {wine} | {machines} | {what} | {ffmpeg} | {between} |\n");
        table.push_str(&line);
    }
    table.push_str(ENCODERS_INTRODUCTION);
    for Encoder { driver, what, least, .. } in ENCODERS {
        table.push_str(&format!("| {driver} | Wine {wine} | {machines} | {what} | at least {least} dB |\n"));
    }
    table.push_str(&format!(
        "| msrle32.dll | Wine {wine} | {machines} | pictures of many colours, to MS RLE of 8 bits | at least {RUN_LENGTHS_PSNR} dB |\n"
    ));
    table.push_str(&format!(
        "| lameACM.acm | Debian's source of LAME | {machines}, in either packing | 44.1 kHz, stereo, to MP3 | at least {LAME_SNR} dB |\n"
    ));
    table
}

/// A driver that encodes sound, and how exactly it must.
#[derive(Debug)]
pub struct Encoder {
    /// Its file's name.
    pub driver: &'static str,
    /// What `drvhost encode --audio` is told.
    pub named: &'static str,
    /// What it makes, in words.
    pub what: &'static str,
    /// The tag of that format.
    pub tag: u16,
    /// Samples a second and channels of what it is given.
    pub sound: (u32, u32),
    /// How far its noise must be below the sound at least, in decibels.
    pub least: f64,
}

macro_rules! encoders {
    ($($driver:literal, $named:literal, $what:literal, $tag:literal, $sound:expr, $least:literal;)*) => {
        /// Wine's drivers that encode sound.
        pub const ENCODERS: &[Encoder] = &[$(Encoder {
            driver: $driver,
            named: $named,
            what: $what,
            tag: $tag,
            sound: $sound,
            least: $least,
        }),*];
    };
}

encoders! {
    "imaadp32.acm", "imaadpcm", "22.05 kHz, stereo, to IMA ADPCM", 0x11, (22_050, 2), 29.0;
    "imaadp32.acm", "msacm.imaadpcm:44100/1", "44.1 kHz, mono, to IMA ADPCM", 0x11, (44_100, 1), 35.0;
    "msg711.acm", "msg711", "22.05 kHz, stereo, to A-law", 6, (22_050, 2), 37.0;
    "msg711.acm", "msg711:alaw/stereo", "44.1 kHz, stereo, to A-law", 6, (44_100, 2), 37.0;
    "msg711.acm", "msg711:u-law", "8 kHz, mono, to u-law", 7, (8_000, 1), 37.0;
    "msgsm32.acm", "msgsm610", "8 kHz, mono, to GSM 6.10", 0x31, (8_000, 1), 17.0;
}

/// How far MS RLE's noise must be below the greatest signal, in decibels, with a film of many colours.
pub const RUN_LENGTHS_PSNR: f64 = 32.0;

/// How far LAME's noise must be below the sound at least, in decibels, once ffmpeg has decoded it.
pub const LAME_SNR: f64 = 65.0;

const ENCODERS_INTRODUCTION: &str = "
Encoders: `drvhost encode` has the driver compress two tones, or pictures with a palette of 256 colours, and ffmpeg and the driver itself decode what it made. LAME's driver is built
during the set-up of the tests; ffmpeg alone decodes what that makes.

| Driver | Of | Machines | Encodes | Signal to noise |
|---|---|---|---|---|
";

const INTRODUCTION: &str = "\
# Drivers that were tried

Each line is a test: the driver, built for i386 and for x86-64, decodes the sample with `drvhost decode`. Besides, each driver is opened, asked
DRV_QUERYCONFIGURE, and closed again, with its messages looked at. Drivers that are written for the tests are in `tests/drivers/`.

The table is generated from the list that the tests go by, `tests/src/tried.rs`, and a test fails when it differs. Do not edit it:

    DRVHOST_BLESS=1 cargo test -p drvhost-tests --test suite table_of_drivers    # writes this file anew

- **Against ffmpeg**: the pictures as BGR24, or the sound as 16-bit samples, one by one. Why some differ, [formats.md](formats.md) says.
- **i386 against x86_64**: the same of the driver's two builds. *Equal* is the same hash.

| Driver | Of | Machines | Decodes | Against ffmpeg | i386 against x86_64 |
|---|---|---|---|---|---|
";
