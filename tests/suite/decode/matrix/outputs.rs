//! Every kind of file that is written, from every kind that is read: ffprobe and ffmpeg read it without a word, and it has all frames and
//! samples.

use drvhost_tests::*;
use serde_json::Value;

use super::super::hash;
use super::*;

/// What ffprobe counts in a file's first stream of this kind.
fn count(folder: &Folder, name: &str, kind: &str, what: &str) -> u64 {
    let entries =
        format!("-select_streams {kind}:0 -count_frames -show_entries stream={what} -of csv=p=0 {name}");
    let counted = String::from_utf8(quietly(folder, "ffprobe", &entries)).unwrap();
    counted.trim().trim_end_matches(',').parse().unwrap_or_else(|_| panic!("{name}: {counted:?}"))
}

/// Decodes `input` to a file of this name; answers what the command said.
fn decode(folder: &Folder, input: &str, output: &str) -> Value {
    let said = folder.drvhost(["decode", input, "-o", output]).json(0);
    println!("{input} to {output}: {said}");
    said
}

/// Writes a film of so many frames, with sound or without, as all kinds of files.
fn film(input: &str, folder: &Folder, frames: u64, samples: Option<usize>) {
    let whole = decode(folder, input, "out.avi");
    let pictures = quiet_pictures(folder, "out.avi");
    assert_eq!(whole["frames"], frames);
    for output in ["out.avi", "out.mkv", "out.mov", "out.y4m", "picture%05d.png"] {
        let said = decode(folder, input, output);
        assert_eq!((&said["frames"], &said["hash"]), (&whole["frames"], &whole["hash"]), "{output}");
        assert_eq!(count(folder, output, "v", "nb_read_frames"), frames, "{output}");
        let written = quiet_pictures(folder, output);
        assert_eq!(written.len(), pictures.len(), "{output}");
        // Y4M is rounded; all else is as it was.
        assert!(written == pictures || output.ends_with(".y4m"), "{output}");
        if let Some(samples) = samples.filter(|_| !output.ends_with(".y4m") && !output.ends_with(".png")) {
            assert_eq!(quiet_samples(folder, output).len(), samples, "{output}");
        }
    }
    let numbered = folder.names().iter().filter(|name| name.starts_with("picture")).count();
    assert_eq!(numbered as u64, frames);
    if let Some(samples) = samples {
        sound(folder, input, "out.wav", samples);
    }
}

/// Writes a file's sound.
fn sound(folder: &Folder, input: &str, output: &str, samples: usize) {
    let said = decode(folder, input, output);
    assert_eq!(
        said["warnings"].as_array().map_or(0, Vec::len),
        usize::from(input.ends_with(".avi")),
        "{said}"
    );
    assert!(count(folder, output, "a", "nb_read_frames") > 0, "{output}");
    assert_eq!(quiet_samples(folder, output).len(), samples, "{output}");
}

/// A film with sound that ffmpeg makes.
fn by_ffmpeg(video: &str, audio: &str, rate: u32, channels: u32, frames: u64) {
    let folder = Folder::default();
    let tones = format!("aevalsrc=0.3*sin(880*PI*t)|0.4*sin(1760*PI*t):s={rate}:d=1");
    folder.ffmpeg(&format!(
        "-f lavfi -i testsrc2=size=76x44:rate=7:duration=1 -f lavfi -i {tones} -c:v {video} -ac {channels} -c:a {audio} in.avi"
    ));
    let samples = super::super::samples(&folder, "in.avi").len();
    film("in.avi", &folder, frames, Some(samples));
}

/// One that is written by hand.
fn by_hand(compression: [u8; 4], bits: u16, mut frame: impl FnMut(&mut Scribble, bool) -> Vec<u8>) {
    let folder = Folder::default();
    let mut scribble = Scribble::new(7);
    let palette = scribble.colours(1 << bits);
    let chunks = (0..7).map(|number| Chunk::Frame(frame(&mut scribble, number == 0))).collect();
    let avi = Avi { handler: [0; 4], compression, bits, width: 36, height: 20, palette, chunks };
    folder.write("in.avi", avi.bytes());
    film("in.avi", &folder, 7, None);
}

/// Sound alone, in all kinds of files that take it.
fn from_sound(codec: &str, rate: u32, channels: u32) {
    let folder = Folder::default();
    let tones = format!("aevalsrc=0.3*sin(880*PI*t)|0.4*sin(1760*PI*t):s={rate}:d=0.6");
    folder.ffmpeg(&format!("-f lavfi -i {tones} -ac {channels} -c:a {codec} in.wav"));
    let samples = super::super::samples(&folder, "in.wav");
    for output in ["out.wav", "out.mkv", "out.mov"] {
        sound(&folder, "in.wav", output, samples.len());
    }
    let said = folder.drvhost(["decode", "in.wav", "-o", "out.avi"]).complaint(2);
    assert!(said.contains("the input is audio; write .wav"), "{said}");
    let said = decode(&folder, "in.wav", "out.wav");
    assert_eq!(said["hash"], hash(&quiet_samples(&folder, "out.mkv")));
}

media_test!(cinepak_with_ms_adpcm, || by_ffmpeg("cinepak", "adpcm_ms", 22_050, 2, 7));
media_test!(video_1_of_16_bits_with_ima_adpcm, || by_ffmpeg("msvideo1", "adpcm_ima_wav", 11_025, 1, 7));
media_test!(raw_with_pcm, || by_ffmpeg("rawvideo -pix_fmt bgr24", "pcm_s16le", 44_100, 2, 7));
// The encoder's delay leaves room for an eighth picture, for which ffmpeg writes a chunk of no bytes: the one before it stays.
media_test!(raw_with_mp3, || by_ffmpeg("rawvideo -pix_fmt bgr24", "libmp3lame", 44_100, 2, 8));
media_test!(cinepak_with_gsm, || by_ffmpeg("cinepak", "libgsm_ms", 8_000, 1, 7));
media_test!(video_1_with_a_law, || by_ffmpeg("msvideo1", "pcm_alaw", 8_000, 2, 7));
media_test!(cinepak_with_u_law, || by_ffmpeg("cinepak", "pcm_mulaw", 44_100, 1, 7));

media_test!(rle_of_8_bits, || by_hand([1, 0, 0, 0], 8, |scribble, whole| {
    scribble.run_lengths(8, 36, 20, whole)
}));
media_test!(rle_of_4_bits, || by_hand([2, 0, 0, 0], 4, |scribble, whole| {
    scribble.run_lengths(4, 36, 20, whole)
}));
media_test!(video_1_of_8_bits, || by_hand(*b"CRAM", 8, |scribble, whole| {
    scribble.video_1(36, 20, whole)
}));

media_test!(ms_adpcm, || from_sound("adpcm_ms", 44_100, 2));
media_test!(ima_adpcm, || from_sound("adpcm_ima_wav", 22_050, 2));
media_test!(a_law, || from_sound("pcm_alaw", 8_000, 1));
media_test!(u_law, || from_sound("pcm_mulaw", 11_025, 2));
media_test!(gsm, || from_sound("libgsm_ms", 8_000, 1));
media_test!(mp3, || from_sound("libmp3lame", 48_000, 2));
media_test!(pcm, || from_sound("pcm_s16le", 44_100, 1));
