//! Audio: one channel and two, 8 to 48 kHz, in files made by ffmpeg and in those that the drivers make themselves.

use std::io::Cursor;

use drvhost::media::WavReader;
use drvhost_tests::*;
use mmsystem::Packing;
use serde_json::json;

use super::super::sound::{by_product, by_shifts, differences, greatest, ima, numbers};
use super::super::{hash, samples};
use super::*;
use Apart::{Dither, Equal, Steps};

/// A format.
struct Format {
    /// ffmpeg's encoder.
    codec: &'static str,
    /// The driver.
    driver: &'static str,
    /// What `drvhost encode` calls the driver and this format; nothing where the driver does not encode.
    encoder: Option<&'static str>,
    /// How the driver's samples differ from ffmpeg's.
    apart: Apart,
}

/// How far two decoders are apart.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Apart {
    /// Not at all.
    Equal,
    /// Each code of IMA ADPCM moves them apart by up to 2.
    Steps,
    /// By MP3's dither, at most 2.
    Dither,
}

impl Apart {
    /// Below 22.05 kHz IMA ADPCM's steps are larger, since a tone moves further from one sample to the next; and so is what they are rounded by.
    fn check(self, ours: &[u8], theirs: &[u8], rate: u32) {
        assert_eq!(ours.len(), theirs.len());
        let greatest = greatest(&differences(&numbers(ours), &numbers(theirs)));
        let most = match self {
            Equal => 0,
            Steps if rate < 22_050 => 255,
            Steps => 63,
            Dither => 2,
        };
        assert!(greatest <= most, "{self:?}: {greatest}");
    }
}

/// Two tones with noise, as samples of 16 bits or as ffmpeg's encoder makes of them.
fn tones(folder: &Folder, codec: &str, rate: u32, channels: usize, name: &str) {
    let tones = format!("aevalsrc=0.3*sin(880*PI*t)+0.1*random(0)|0.4*sin(1760*PI*t):s={rate}:d=0.7");
    folder.ffmpeg(&format!("-f lavfi -i {tones} -ac {channels} -c:a {codec} {name}"));
}

/// Decodes a file's sound with the drivers for both machines, and compares.
fn compare(folder: &Folder, format: &Format, name: &str, rate: u32, channels: usize) {
    let theirs = samples(folder, name);
    let exactly = (format.apart == Steps && name.ends_with(".wav")).then(|| folder.read(name));
    if let Some(wav) = &exactly {
        assert!(numbers(&theirs) == ima(wav, by_product), "ffmpeg computes otherwise");
    }
    for machine in Machine::ALL {
        let folder = folder.of(machine);
        let said = folder.drvhost(["decode", name, "-o", "out.wav"]).json(0);
        assert_eq!((&said["driver"], &said["warnings"]), (&json!(format.driver), &json!([])), "{machine}");
        let ours = quiet_samples(&folder, "out.wav");
        assert_eq!(said["hash"], hash(&ours), "{machine}");
        assert_eq!(said["samples"], theirs.len() / 2 / channels, "{machine}");
        println!("{machine} {name}");
        if let Some(wav) = &exactly {
            assert!(numbers(&ours) == ima(wav, by_shifts), "{machine}: not as the recommendation has it");
        }
        format.apart.check(&ours, &theirs, rate);
    }
}

fn by_ffmpeg(format: &Format, rate: u32, channels: usize) {
    let folder = Folder::default();
    tones(&folder, format.codec, rate, channels, "in.wav");
    compare(&folder, format, "in.wav", rate, channels);
}

/// The same of what the driver makes itself; the other machine's driver decodes it, too.
fn by_the_driver(format: &Format, rate: u32, channels: usize) {
    let folder = Folder::default();
    tones(&folder, "pcm_s16le", rate, channels, "plain.wav");
    let encoder = format.encoder.expect("an encoder");
    for machine in Machine::ALL {
        let folder = folder.of(machine);
        let said = folder.drvhost(["encode", "plain.wav", "-o", "coded.avi", "--audio", encoder]).json(0);
        assert_eq!(said["audio"][0]["driver"], format.driver, "{said}");
        compare(&folder, format, "coded.avi", rate, channels);
    }
}

/// The driver decodes nothing of this rate.
fn refused(format: &Format, rate: u32, channels: usize) {
    let folder = Folder::default();
    tones(&folder, format.codec, rate, channels, "in.wav");
    for machine in Machine::ALL {
        let folder = folder.of(machine);
        let said = folder.drvhost(["decode", "in.wav", "-o", "out.wav"]).complaint(4);
        let expected = format!("{} refused ACMDM_STREAM_OPEN", format.driver);
        assert!(said.contains(&expected) && said.contains("ACMERR_NOTPOSSIBLE"), "{machine}: {said}");
        assert!(!folder.file("out.wav").exists(), "{machine}");
    }
}

/// The driver lists no format of this rate and these channels.
fn no_encoder(format: &Format, rate: u32, channels: usize) {
    let folder = Folder::default();
    tones(&folder, "pcm_s16le", rate, channels, "plain.wav");
    let encoder = format.encoder.expect("an encoder");
    for machine in Machine::ALL {
        let folder = folder.of(machine);
        let mut encode = folder.drvhost(["encode", "plain.wav", "-o", "coded.avi", "--audio", encoder]);
        let said = encode.complaint(2);
        let expected = format!("{} has no format", format.driver);
        assert!(said.contains(&expected) && said.contains(&rate.to_string()), "{machine}: {said}");
    }
}

const MS_ADPCM: Format = Format { codec: "adpcm_ms", driver: "msadp32.acm", encoder: None, apart: Equal };
const IMA_ADPCM: Format =
    Format { codec: "adpcm_ima_wav", driver: "imaadp32.acm", encoder: Some("imaadpcm"), apart: Steps };
const A_LAW: Format =
    Format { codec: "pcm_alaw", driver: "msg711.acm", encoder: Some("msg711:a-law"), apart: Equal };
const U_LAW: Format =
    Format { codec: "pcm_mulaw", driver: "msg711.acm", encoder: Some("msg711:u-law"), apart: Equal };
const GSM: Format =
    Format { codec: "libgsm_ms", driver: "msgsm32.acm", encoder: Some("msgsm610"), apart: Equal };
const MP3: Format = Format { codec: "libmp3lame", driver: "l3codeca.acm", encoder: None, apart: Dither };

macro_rules! at_every_rate {
    ($($name:ident: $how:ident, $format:ident;)*) => {
        $(mod $name {
            use super::*;

            media_test!(mono_of_8000, || $how(&$format, 8_000, 1));
            media_test!(mono_of_11025, || $how(&$format, 11_025, 1));
            media_test!(mono_of_22050, || $how(&$format, 22_050, 1));
            media_test!(mono_of_44100, || $how(&$format, 44_100, 1));
            media_test!(stereo_of_8000, || $how(&$format, 8_000, 2));
            media_test!(stereo_of_11025, || $how(&$format, 11_025, 2));
            media_test!(stereo_of_22050, || $how(&$format, 22_050, 2));
            media_test!(stereo_of_44100, || $how(&$format, 44_100, 2));
        })*
    };
}

at_every_rate! {
    ms_adpcm: by_ffmpeg, MS_ADPCM;
    ima_adpcm: by_ffmpeg, IMA_ADPCM;
    a_law: by_ffmpeg, A_LAW;
    u_law: by_ffmpeg, U_LAW;
    mp3: by_ffmpeg, MP3;
    ima_adpcm_by_the_driver: by_the_driver, IMA_ADPCM;
    a_law_by_the_driver: by_the_driver, A_LAW;
    u_law_by_the_driver: by_the_driver, U_LAW;
}

macro_rules! also {
    ($($name:ident: $how:ident, $format:ident, $rate:literal, $channels:literal;)*) => {
        $(media_test!($name, || $how(&$format, $rate, $channels));)*
    };
}

also! {
    ms_adpcm_of_48000_mono: by_ffmpeg, MS_ADPCM, 48_000, 1;
    ms_adpcm_of_48000_stereo: by_ffmpeg, MS_ADPCM, 48_000, 2;
    ima_adpcm_of_48000_mono: by_ffmpeg, IMA_ADPCM, 48_000, 1;
    ima_adpcm_of_48000_stereo: by_ffmpeg, IMA_ADPCM, 48_000, 2;
    a_law_of_48000_mono: refused, A_LAW, 48_000, 1;
    a_law_of_48000_stereo: refused, A_LAW, 48_000, 2;
    u_law_of_48000_mono: refused, U_LAW, 48_000, 1;
    u_law_of_48000_stereo: refused, U_LAW, 48_000, 2;
    mp3_of_48000_mono: by_ffmpeg, MP3, 48_000, 1;
    mp3_of_48000_stereo: by_ffmpeg, MP3, 48_000, 2;

    gsm_of_8000: by_ffmpeg, GSM, 8_000, 1;
    gsm_of_11025: gsm_at_another_rate, GSM, 11_025, 1;
    gsm_of_22050: gsm_at_another_rate, GSM, 22_050, 1;
    gsm_of_44100: gsm_at_another_rate, GSM, 44_100, 1;
    gsm_of_48000: gsm_at_another_rate, GSM, 48_000, 1;
    gsm_by_the_driver_of_8000: by_the_driver, GSM, 8_000, 1;
    gsm_by_the_driver_of_11025: by_the_driver, GSM, 11_025, 1;
    gsm_by_the_driver_of_22050: by_the_driver, GSM, 22_050, 1;
    gsm_by_the_driver_of_44100: by_the_driver, GSM, 44_100, 1;

    ima_adpcm_by_the_driver_of_48000: no_encoder, IMA_ADPCM, 48_000, 2;
    a_law_by_the_driver_of_48000: no_encoder, A_LAW, 48_000, 1;
    u_law_by_the_driver_of_48000: no_encoder, U_LAW, 48_000, 2;
    gsm_by_the_driver_of_48000: by_the_driver, GSM, 48_000, 1;
    gsm_by_the_driver_in_stereo: no_encoder, GSM, 8_000, 2;
}

/// ffmpeg encodes 8000 samples a second alone; but the format has no rate in its data, so that the header's may be another.
fn gsm_at_another_rate(format: &Format, rate: u32, channels: usize) {
    const RATE_AT: usize = 24;
    let folder = Folder::default();
    tones(&folder, format.codec, 8_000, channels, "in.wav");
    let mut wav = folder.read("in.wav");
    // 65 bytes are 320 samples.
    let numbers = [rate.to_le_bytes(), (rate * 65 / 320).to_le_bytes()].concat();
    wav[RATE_AT..][..8].copy_from_slice(&numbers);
    folder.write("in.wav", wav);
    compare(&folder, format, "in.wav", rate, channels);
}

/// PCM of every depth passes through, and comes out as ffmpeg reads it.
fn pcm(rate: u32, channels: usize) {
    for (codec, bytes) in [("pcm_u8", 1), ("pcm_s16le", 2), ("pcm_s24le", 3), ("pcm_s32le", 4)] {
        let folder = Folder::default();
        tones(&folder, codec, rate, channels, "in.wav");
        let raw = |name: &str| {
            quietly(&folder, "ffmpeg", &format!("-xerror -nostdin -i {name} -c copy -f {} -", &codec[4..]))
        };
        let theirs = raw("in.wav");
        let said = folder.drvhost(["decode", "in.wav", "-o", "out.wav"]).json(0);
        assert!(raw("out.wav") == theirs, "{codec}");
        assert_eq!((&said["driver"], &said["warnings"]), (&json!(null), &json!([])));
        assert_eq!(
            (&said["hash"], &said["samples"]),
            (&json!(hash(&theirs)), &json!(theirs.len() / bytes / channels)),
            "{codec}"
        );
        let reader = WavReader::open(Cursor::new(folder.read("out.wav"))).unwrap();
        assert_eq!(
            (reader.format().samples_per_sec, usize::from(reader.format().channels)),
            (rate, channels)
        );
    }
}

media_test!(pcm_of_8000_mono, || pcm(8_000, 1));
media_test!(pcm_of_8000_stereo, || pcm(8_000, 2));
media_test!(pcm_of_11025_mono, || pcm(11_025, 1));
media_test!(pcm_of_11025_stereo, || pcm(11_025, 2));
media_test!(pcm_of_22050_mono, || pcm(22_050, 1));
media_test!(pcm_of_22050_stereo, || pcm(22_050, 2));
media_test!(pcm_of_44100_mono, || pcm(44_100, 1));
media_test!(pcm_of_44100_stereo, || pcm(44_100, 2));
media_test!(pcm_of_48000_mono, || pcm(48_000, 1));
media_test!(pcm_of_48000_stereo, || pcm(48_000, 2));

// What LAME's driver makes, Wine's decodes.
driver_test! {
    cfg_attr(
        any(no_mingw, no_wine, no_wine_i386, no_ffmpeg, no_lame),
        ignore = "needs ffmpeg, libwine, that for i386 and LAME's driver by scripts/fetch and scripts/lame"
    );
    mp3_by_lames_driver, || {
        for (rate, channels) in [(8_000, 1), (11_025, 2), (22_050, 2), (44_100, 1), (44_100, 2), (48_000, 2)] {
            let folder = Folder::default();
            tones(&folder, "pcm_s16le", rate, channels, "plain.wav");
            let encoder = lame(folder.machine(), Packing::Byte).display().to_string();
            folder.drvhost(["encode", "plain.wav", "-o", "coded.avi", "--audio", &encoder]).success();
            println!("{rate} {channels}");
            compare(&folder, &MP3, "coded.avi", rate, channels);
        }
    }
}
