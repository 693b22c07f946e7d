//! LAME's ACM driver: written in C++ by others, and built for both machines.

use std::io::Cursor;

use drvhost::acm::{Codec, Ends, Stream};
use drvhost::media::{WavReader, WaveFormat};
use drvhost_tests::*;
use mmsystem::*;
use serde_json::json;

/// Samples a second.
const RATE: u32 = 44_100;
/// Bytes a second of what is encoded to: 320 kbit/s.
const MP3_RATE: u32 = 40_000;
/// Samples of an MP3 frame at [`RATE`].
const FRAME: usize = 1152;
/// What an encoder and a decoder may put in front of the sound together, in samples.
const MOST_DELAY: usize = 3 * FRAME;

/// Its builds for a machine.
fn builds(machine: Machine) -> &'static [Packing] {
    pick(machine, &[Packing::Natural], &[Packing::Byte, Packing::Natural])
}

lame_test!(lames_driver_is_an_audio_codec_for_mp3, |machine| {
    for &packing in builds(machine) {
        let file = lame(machine, packing).display().to_string();
        let info = Folder::new(machine).drvhost(["info", &file]).json(0);
        let told = ["machine", "opens", "class", "exports"].map(|field| info[field].clone());
        assert_eq!(
            told,
            [json!(machine.to_string()), json!(true), json!("acm"), json!(["DriverProc"])],
            "{info}"
        );
        let tags = info["format_tags"].as_array().unwrap();
        assert!(tags.contains(&json!(WAVE_FORMAT_MPEGLAYER3)), "{info}");
    }
});

/// What a driver makes of the samples of a WAVE file.
fn encode(rig: &Rig, packing: Packing, wav: &[u8]) -> Vec<u8> {
    let driver = driver_file(lame(rig.machine(), packing), "");
    let codec = Codec::open(&rig.session, &driver, None).unwrap();
    let formats = codec.formats(WAVE_FORMAT_MPEGLAYER3).unwrap();
    codec.close().unwrap();
    let is_wanted = |format: &&WaveFormat| {
        (format.channels, format.samples_per_sec, format.avg_bytes_per_sec) == (2, RATE, MP3_RATE)
    };
    let wanted = formats.iter().find(is_wanted).expect("the driver lists it");

    let mut reader = WavReader::open(Cursor::new(wav)).unwrap();
    let mut data = vec![0; usize::try_from(reader.data_len()).unwrap()];
    reader.read_data(&mut data).unwrap();
    let stream = Stream::open(&rig.session, &driver, None, reader.format(), Some(wanted)).unwrap();
    let mut stream = stream.expect("the driver has the tag");
    // Its file does not tell how it packs its structures, so the usual way is tried first.
    let unusual = rig.machine().width() == Width::Bits64 && packing == Packing::Natural;
    assert_eq!(stream.warning().is_some(), unusual, "{:?}", stream.warning());

    let (mut mp3, mut made) = (Vec::new(), Vec::new());
    let mut pieces = data.chunks(stream.capacity()).peekable();
    while let Some(piece) = pieces.next() {
        let ends = if pieces.peek().is_some() { Ends::Open } else { Ends::Last };
        let converted = stream.convert(piece, ends, &mut made).unwrap();
        assert_eq!((converted.used, converted.filled), (piece.len(), false));
        mp3.extend_from_slice(&made);
    }
    stream.finish(&mut made).unwrap();
    assert!(!made.is_empty(), "the last frames come when the header is unprepared");
    mp3.extend_from_slice(&made);
    let counts = [ACMDM_STREAM_PREPARE, ACMDM_STREAM_UNPREPARE, ACMDM_STREAM_CLOSE];
    assert_eq!(counts.map(|message| rig.calls_with(message).len()), [1; 3]);
    mp3
}

/// Samples of two channels.
fn samples(bytes: &[u8]) -> Vec<[f64; 2]> {
    let number = |low, high| f64::from(i16::from_le_bytes([low, high]));
    let frames = bytes.as_chunks::<4>().0;
    frames.iter().map(|&[a, b, c, d]| [number(a, b), number(c, d)]).collect()
}

/// The product of two sounds, of which the second comes `delay` later.
fn product(sound: &[[f64; 2]], later: &[[f64; 2]], delay: usize) -> f64 {
    let pairs = sound.iter().zip(later.get(delay..).unwrap_or_default());
    pairs.map(|(one, other)| one[0] * other[0] + one[1] * other[1]).sum()
}

/// How many samples later a decoded sound comes: where it is most like the original.
fn delay(sound: &[[f64; 2]], decoded: &[[f64; 2]]) -> usize {
    // A part is enough, and quickly compared.
    let part = &sound[..RATE as usize / 8];
    let products = (0..MOST_DELAY).map(|delay| (delay, product(part, decoded, delay)));
    products.max_by(|one, other| one.1.total_cmp(&other.1)).map(|(delay, _)| delay).unwrap()
}

/// The power of a sound over that of the difference of another from it, in decibels.
fn snr(sound: &[[f64; 2]], other: &[[f64; 2]]) -> f64 {
    let noise: Vec<_> = sound.iter().zip(other).map(|(a, b)| [a[0] - b[0], a[1] - b[1]]).collect();
    10.0 * (product(sound, sound, 0) / product(&noise, &noise, 0)).log10()
}

lame_test!(lames_driver_encodes_what_ffmpeg_decodes_to_the_same_sound, |machine| {
    let folder = Folder::new(machine);
    // From 100 Hz to 8.1 kHz on the left, three tones on the right.
    let left = "0.4*sin(2*PI*(100*t+1000*t*t))";
    let right = "0.2*sin(2*PI*440*t)+0.2*sin(2*PI*3000*t)+0.1*sin(2*PI*9500*t)";
    folder.ffmpeg(&format!("-f lavfi -i aevalsrc={left}|{right}:s={RATE}:d=4 -c:a pcm_s16le in.wav"));
    let sound = samples(&folder.ffmpeg("-i in.wav -f s16le -"));
    let wav = folder.read("in.wav");
    let encoded: Vec<_> =
        builds(machine).iter().map(|&packing| encode(&Rig::new(machine), packing, &wav)).collect();
    assert!(encoded.iter().all(|mp3| *mp3 == encoded[0]), "packing makes no difference to what is made");
    folder.write("out.mp3", &encoded[0]);
    let decoded = samples(&folder.ffmpeg("-i out.mp3 -f s16le -"));
    let delay = delay(&sound, &decoded);
    let behind = decoded.len() as i64 - (delay + sound.len()) as i64;
    let snr = snr(&sound, &decoded[delay..]);
    println!("{machine}: {} bytes, delay {delay}, {behind} samples behind, {snr:.2} dB", encoded[0].len());
    assert!((0..=FRAME as i64).contains(&behind), "{behind} samples behind the sound");
    assert!(snr > LAME_SNR, "{snr} dB");
});

lame_test!(lames_driver_keeps_its_settings_beside_itself_and_shows_no_box, |machine| {
    let folder = Folder::new(machine);
    let driver = lame(machine, builds(machine)[0]);
    let settings =
        folder.file(&format!(".local/share/drvhost/data/{machine}/lameacm.acm/system32/lame_acm.xml"));
    for first in [true, false] {
        assert_eq!(settings.is_file(), !first);
        let arguments = ["send", driver.to_str().unwrap(), "DRV_QUERYCONFIGURE", "-v", "--trace", "t.jsonl"];
        let said = folder.drvhost(arguments).output();
        assert!(said.status.success(), "{said:?}");
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.contains(r"store path = C:\windows\system32\lame_acm.xml"), "{said}");
        let summary = folder.drvhost(["trace", "summary", "t.jsonl"]).json(0).to_string();
        assert!(!summary.contains("MessageBox") && !summary.contains("DialogBox"), "{summary}");
        assert!(summary.contains("fopen"), "{summary}");
    }
    assert!(!driver.with_file_name("lame_acm.xml").exists(), "nothing is written beside the file itself");
});
