//! Video and sound of one file together, parts of files, and what ffmpeg reads and writes.

use drvhost_tests::*;
use serde_json::{Value, json};

use super::*;

/// Samples a second of the sound of [`film`].
const RATE: usize = 22_050;

/// Makes `name`: twelve frames of MS Video 1 in a second, and two streams of sound, MS ADPCM and u-law, all decoded bit for bit as by ffmpeg.
fn film(folder: &Folder, name: &str) {
    folder.ffmpeg(&format!(
        "-f lavfi -i testsrc2=size={WIDTH}x{HEIGHT}:rate={FRAMES}:duration=1 -f lavfi -i sine=frequency=440:sample_rate={RATE}:duration=1 \
         -f lavfi -i sine=frequency=1000:sample_rate=8000:duration=1 -map 0 -map 1 -map 2 -c:v msvideo1 -g 4 -c:a:0 adpcm_ms -c:a:1 pcm_mulaw \
         -bitexact {name}"
    ));
}

/// What ffmpeg decodes one stream of sound to.
fn sound(folder: &Folder, name: &str, stream: usize) -> Vec<u8> {
    folder.ffmpeg(&format!("-i {name} -map 0:a:{stream} -f s16le -"))
}

/// Names and numbers of a file's streams, as ffprobe tells; it must have nothing to complain of.
fn streams(folder: &Folder, name: &str, entries: &str) -> Vec<Value> {
    let mut command = std::process::Command::new("ffprobe");
    command.args(["-v", "warning", "-show_entries", &format!("stream={entries}"), "-of", "json", name]);
    let output = command.current_dir(folder.path()).output().expect("ffprobe starts");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: Value = serde_json::from_slice(&output.stdout).expect("ffprobe answers");
    told["streams"].as_array().expect("streams").clone()
}

media_test!(pictures_and_all_sound_go_into_one_avi, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "film.avi");
    let decoded = folder.drvhost(["decode", "film.avi", "-o", "out.avi"]).json(0);
    let expected = pictures(&folder, "film.avi");
    assert_eq!(pictures(&folder, "out.avi"), expected);
    assert_eq!((&decoded["hash"], &decoded["frames"]), (&json!(hash(&expected)), &json!(FRAMES)));
    assert_eq!(decoded["warnings"], json!([]));
    for (stream, (driver, rate)) in [("msadp32.acm", RATE), ("msg711.acm", 8000)].into_iter().enumerate() {
        let expected = sound(&folder, "film.avi", stream);
        assert_eq!(sound(&folder, "out.avi", stream), expected);
        let told = json!({
            "stream": stream + 1, "driver": driver, "samples": expected.len() / 2, "channels": 1,
            "samples_per_sec": rate, "hash": hash(&expected),
        });
        assert_eq!(decoded["audio"][stream], told);
    }
    let codecs = streams(&folder, "out.avi", "codec_name");
    assert_eq!(codecs, ["rawvideo", "pcm_s16le", "pcm_s16le"].map(|name| json!({"codec_name": name})));
});

media_test!(streams_lie_side_by_side_in_the_file, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "film.avi");
    folder.drvhost(["decode", "film.avi", "-o", "out.avi"]).success();
    let out = folder.read("out.avi");
    let places = |id: &[u8; 4]| {
        out.windows(4).enumerate().filter(|(_, four)| four == id).map(|(at, _)| at).collect::<Vec<_>>()
    };
    let (pictures, sounds) = (places(b"00db"), places(b"01wb"));
    // A quarter of a second of sound goes with three pictures; the index at the end names all once more.
    assert!(sounds[1] > pictures[1] && sounds[1] < pictures[8], "{pictures:?} {sounds:?}");
    assert!(sounds[3] > pictures[7] && sounds[3] < pictures[FRAMES], "{pictures:?} {sounds:?}");
});

media_test!(matroska_gets_ffv1_and_flac, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "film.avi");
    let decoded = folder.drvhost(["decode", "film.avi", "-o", "out.mkv"]).json(0);
    assert_eq!(decoded["output"], "out.mkv");
    assert_eq!(pictures(&folder, "out.mkv"), pictures(&folder, "film.avi"));
    for stream in 0..2 {
        assert_eq!(sound(&folder, "out.mkv", stream), sound(&folder, "film.avi", stream));
    }
    let codecs = streams(&folder, "out.mkv", "codec_name");
    assert_eq!(codecs, ["ffv1", "flac", "flac"].map(|name| json!({"codec_name": name})));
    assert_eq!(folder.names(), ["film.avi", "out.mkv"]);
});

media_test!(a_pixel_format_is_ffmpegs_to_make, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "film.avi");
    folder.drvhost(["decode", "film.avi", "-o", "out.mov", "--pix-fmt", "yuv420p"]).success();
    assert_eq!(streams(&folder, "out.mov", "pix_fmt")[0]["pix_fmt"], "yuv420p");
    folder.drvhost(["decode", "film.avi", "-o", "out.y4m", "--pix-fmt", "yuv422p"]).success();
    assert_eq!(
        streams(&folder, "out.y4m", "pix_fmt,codec_name"),
        [json!({"pix_fmt": "yuv422p", "codec_name": "rawvideo"})]
    );
    let before = folder.names();
    let complaint =
        folder.drvhost(["decode", "film.avi", "-o", "bad.mkv", "--pix-fmt", "nonsense"]).complaint(5);
    assert!(complaint.contains("nonsense") && complaint.contains("ffmpeg"), "{complaint}");
    let complaint =
        folder.drvhost(["decode", "film.avi", "-o", "bad.wav", "--pix-fmt", "yuv420p"]).complaint(2);
    assert!(complaint.contains("pixel format"), "{complaint}");
    let complaint = folder.drvhost(["decode", "film.avi", "-o", "bad.nonsense"]).complaint(5);
    assert!(complaint.contains("bad.nonsense"), "{complaint}");
    assert_eq!(folder.names(), before);
});

media_test!(without_ffmpeg_its_outputs_are_refused_by_name, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "film.avi");
    let complaint =
        folder.drvhost(["decode", "film.avi", "-o", "out.mkv"]).env("PATH", "/nowhere").complaint(5);
    assert!(complaint.contains("ffmpeg is not installed"), "{complaint}");
    assert_eq!(folder.names(), ["film.avi"]);
});

media_test!(one_stream_can_be_had_alone, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "film.avi");
    let decoded = folder.drvhost(["decode", "film.avi", "-o", "out.wav", "--stream", "2"]).json(0);
    let expected = sound(&folder, "film.avi", 1);
    assert_eq!(samples(&folder, "out.wav"), expected);
    assert_eq!((&decoded["hash"], &decoded["driver"]), (&json!(hash(&expected)), &json!("msg711.acm")));
    assert_eq!((&decoded["frames"], &decoded["samples"]), (&Value::Null, &json!(expected.len() / 2)));
    // Without a number, a WAVE file gets the first, and is told what it does not get.
    let first = folder.drvhost(["decode", "film.avi", "-o", "out.wav"]).json(0);
    assert_eq!(first["hash"], hash(&sound(&folder, "film.avi", 0)));
    assert!(first["warnings"][1].as_str().unwrap().contains("--stream 2"), "{first}");
    let pictures_only = folder.drvhost(["decode", "film.avi", "--stream", "0"]).json(0);
    assert_eq!((&pictures_only["frames"], &pictures_only["audio"]), (&json!(FRAMES), &Value::Null));
    let complaint = folder.drvhost(["decode", "film.avi", "--stream", "3"]).complaint(3);
    assert!(complaint.contains("number 3") && complaint.contains("3 streams"), "{complaint}");
});

media_test!(some_frames_come_with_their_sound, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "film.avi");
    let (whole, heard) = (pictures(&folder, "film.avi"), sound(&folder, "film.avi", 0));
    for (range, first, last) in [("3..5", 3, 5), ("6..", 6, FRAMES), ("..2", 1, 2), ("12..99", 12, 12)] {
        let decoded = folder.drvhost(["decode", "film.avi", "-o", "out.avi", "--frames", range]).json(0);
        let expected = &whole[(first - 1) * FRAME_SIZE..last * FRAME_SIZE];
        assert_eq!(
            (&decoded["hash"], &decoded["frames"]),
            (&json!(hash(expected)), &json!(last - first + 1)),
            "{range}"
        );
        assert_eq!(pictures(&folder, "out.avi"), expected);
        let at = |frames: usize| (frames * RATE / FRAMES * 2).min(heard.len());
        let end = if range.ends_with("..") || range.ends_with("99") { heard.len() } else { at(last) };
        assert_eq!(sound(&folder, "out.avi", 0), &heard[at(first - 1)..end], "{range}");
    }
    folder.drvhost(["decode", "film.avi", "-o", "p%02d.png", "--frames", "4..5"]).success();
    assert_eq!(folder.names(), ["film.avi", "out.avi", "p04.png", "p05.png"]);
    let complaint = folder.drvhost(["decode", "film.avi", "--frames", "13.."]).complaint(3);
    assert!(complaint.contains("frames that were asked for"), "{complaint}");
    let complaint = folder.drvhost(["decode", "film.avi", "--frames", "5..4"]).failure(2);
    assert!(complaint.contains("A..B"), "{complaint}");
});

media_test!(other_containers_are_read_where_ffmpeg_is_there, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "film.avi");
    let expected = folder.drvhost(["decode", "film.avi"]).json(0);
    for name in ["film.mkv", "film.asf"] {
        folder.ffmpeg(&format!("-i film.avi -map 0:v -map 0:a:0 -c copy {name}"));
        let decoded = folder.drvhost(["decode", name, "-o", "out.avi"]).json(0);
        assert_eq!(
            (&decoded["hash"], &decoded["driver"]),
            (&expected["hash"], &json!("msvidc32.dll")),
            "{name}"
        );
        assert_eq!(decoded["audio"][0]["driver"], "msadp32.acm", "{name}");
        let complaint = folder.drvhost(["decode", name]).env("PATH", "/nowhere").complaint(5);
        assert!(complaint.contains("ffmpeg is not installed"), "{complaint}");
    }
    assert_eq!(folder.names(), ["film.asf", "film.avi", "film.mkv", "out.avi"]);
    cinepak(&folder, "clip.avi");
    folder.ffmpeg("-i clip.avi -c copy clip.mov");
    let [avi, mov] = ["clip.avi", "clip.mov"].map(|name| folder.drvhost(["decode", name]).json(0));
    assert_eq!((&mov["hash"], &mov["frames"]), (&avi["hash"], &avi["frames"]));
});

media_test!(a_name_is_no_address_to_ffmpeg, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "film.avi");
    let expected = folder.drvhost(["decode", "film.avi"]).json(0);
    folder.ffmpeg("-i film.avi -map 0:v -c copy film.mkv");
    folder.write("data:film.mkv", folder.read("film.mkv"));
    let decoded = folder.drvhost(["decode", "data:film.mkv", "-o", "concat:out.mkv"]).json(0);
    assert_eq!(decoded["hash"], expected["hash"]);
    assert_eq!(folder.names(), ["concat:out.mkv", "data:film.mkv", "film.avi", "film.mkv"]);
});

media_test!(a_stream_that_no_driver_reads_costs_that_stream_only, |machine| {
    let folder = Folder::new(machine);
    folder.ffmpeg("-f lavfi -i testsrc2=size=160x120:rate=12:duration=1 -f lavfi -i sine=duration=1 -c:v msvideo1 -c:a ac3 -bitexact film.avi");
    let decoded = folder.drvhost(["decode", "film.avi", "-o", "out.avi"]).json(3);
    assert_eq!(decoded["frames"], FRAMES);
    assert_eq!(pictures(&folder, "out.avi"), pictures(&folder, "film.avi"));
    let warning = decoded["warnings"][0].as_str().unwrap();
    assert!(warning.contains("stream 1") && warning.contains("0x2000"), "{decoded}");
});
