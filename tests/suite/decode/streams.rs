//! Y4M, and what goes to standard output.

use std::process::{Command, Output, Stdio};

use drvhost_tests::*;
use serde_json::{Value, json};

use super::*;

/// The header of the clip that [`msvideo1`] makes.
const HEADER: &[u8] = b"YUV4MPEG2 W160 H120 F30000:1001 Ip A1:1 C444 XCOLORRANGE=LIMITED XMATRIX=BT601\n";
const FRAME: &[u8] = b"FRAME\n";

/// Makes `clip.avi` of twelve frames in MS Video 1, which is decoded bit for bit as by ffmpeg.
fn msvideo1(folder: &Folder) {
    let source = format!("testsrc2=size={WIDTH}x{HEIGHT}:rate=30000/1001");
    folder.ffmpeg(&format!("-f lavfi -i {source} -frames:v {FRAMES} -c:v msvideo1 -bitexact clip.avi"));
}

/// The frames of a Y4M stream without their markers; its header must be [`HEADER`].
fn frames(y4m: &[u8]) -> Vec<u8> {
    let body = y4m.strip_prefix(HEADER).expect("the header");
    let (frames, rest) = (body.chunks_exact(FRAME.len() + FRAME_SIZE), FRAME.len() + FRAME_SIZE);
    assert_eq!(body.len() % rest, 0);
    frames.flat_map(|frame| frame.strip_prefix(FRAME).expect("a frame's marker").to_vec()).collect()
}

/// What the recommendation defines for a pixel: Y, Cb and Cr before rounding.
fn bt601([blue, green, red]: [u8; 3]) -> [f64; 3] {
    let [blue, green, red] = [blue, green, red].map(|channel| f64::from(channel) / 255.0);
    let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    [16.0 + 219.0 * luma, 128.0 + 224.0 * (blue - luma) / 1.772, 128.0 + 224.0 * (red - luma) / 1.402]
}

/// Runs `decode INPUT -o -`.
fn streamed(folder: &Folder, input: &str, more: &[&str]) -> Output {
    folder.drvhost(["decode", input, "-o", "-"].iter().chain(more)).output()
}

media_test!(y4m_has_the_pictures_by_bt_601_in_limited_range, |machine| {
    let folder = Folder::new(machine);
    msvideo1(&folder);
    let decoded = folder.drvhost(["decode", "clip.avi", "-o", "out.y4m"]).json(0);
    let expected = pictures(&folder, "clip.avi");
    assert_eq!((&decoded["output"], &decoded["hash"]), (&json!("out.y4m"), &json!(hash(&expected))));

    let made = frames(&folder.read("out.y4m"));
    assert_eq!(made.len(), expected.len());
    let plane = WIDTH * HEIGHT;
    for (made, expected) in made.chunks(FRAME_SIZE).zip(expected.chunks(FRAME_SIZE)) {
        for (place, pixel) in expected.as_chunks().0.iter().enumerate() {
            let samples = [0, 1, 2].map(|channel| f64::from(made[channel * plane + place]));
            for (sample, defined) in samples.into_iter().zip(bt601(*pixel)) {
                assert!((sample - defined).abs() <= 0.5 + 1e-9, "{sample} for {defined}, pixel {pixel:?}");
            }
        }
    }
});

media_test!(ffmpeg_reads_y4m_as_it_is_meant, |machine| {
    let folder = Folder::new(machine);
    msvideo1(&folder);
    folder.drvhost(["decode", "clip.avi", "-o", "out.y4m"]).success();
    let made = frames(&folder.read("out.y4m"));
    assert!(folder.ffmpeg("-i out.y4m -f rawvideo -") == made);

    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-of", "json", "-show_entries"]);
    command.args(["stream=pix_fmt,color_range,width,height,r_frame_rate,field_order", "out.y4m"]);
    let output = command.current_dir(folder.path()).output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = json!({"pix_fmt": "yuv444p", "color_range": "tv", "width": WIDTH, "height": HEIGHT,
        "r_frame_rate": "30000/1001", "field_order": "progressive"});
    assert_eq!(told["streams"][0], expected);

    // Its own conversion by zimg computes in floating point, and rounds to the same.
    let own = "format=bgr24,format=gbrp,zscale=matrix=170m:range=limited,format=yuv444p";
    assert!(folder.ffmpeg(&format!("-i clip.avi -vf {own} -f rawvideo -")) == made);
});

media_test!(video_goes_to_standard_output_as_y4m_and_words_to_standard_error, |machine| {
    let folder = Folder::new(machine);
    msvideo1(&folder);
    let summary = folder.drvhost(["decode", "clip.avi", "-o", "out.y4m"]).success();
    let file = folder.read("out.y4m");
    let text = streamed(&folder, "clip.avi", &[]);
    assert_eq!(text.status.code(), Some(0));
    assert!(text.stdout == file, "the stream is the file");
    let words = String::from_utf8(text.stderr).unwrap();
    assert!(words.starts_with("clip.avi -> -: 12 frames, 160x120, "), "{words}");
    assert_eq!(words.lines().nth(1), summary.lines().nth(1), "the hash");
    assert_eq!(words.lines().count(), 2, "{words}");

    let json = streamed(&folder, "clip.avi", &["--json"]);
    assert_eq!(json.status.code(), Some(0));
    assert!(json.stdout == file, "the stream is the file");
    let told: Value = serde_json::from_slice(&json.stderr).expect("one line of JSON");
    assert_eq!((&told["output"], &told["frames"]), (&json!("-"), &json!(12)));
    assert_eq!(folder.names(), ["clip.avi", "out.y4m"]);
});

media_test!(sound_goes_to_standard_output_as_wav_with_open_lengths, |machine| {
    const RIFF_SIZE: usize = 4;
    const DATA_SIZE: usize = 40;
    let folder = Folder::new(machine);
    folder.ffmpeg("-f lavfi -i sine=duration=1.3 -c:a adpcm_ms in.wav");
    folder.drvhost(["decode", "in.wav", "-o", "out.wav"]).success();
    let output = streamed(&folder, "in.wav", &[]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("in.wav -> -: "), "{output:?}");
    let mut expected = folder.read("out.wav");
    // A file keeps room for what an RF64 file has there. A stream has no limit, and cannot be gone back in.
    assert_eq!(expected.drain(12..48).take(4).collect::<Vec<u8>>(), b"JUNK");
    for at in [RIFF_SIZE, DATA_SIZE] {
        expected[at..at + 4].fill(0xFF);
    }
    assert!(output.stdout == expected, "the stream is the file but for this and the lengths");

    // ffmpeg and the command itself read such a file to its end.
    folder.write("streamed.wav", &output.stdout);
    assert!(samples(&folder, "streamed.wav") == samples(&folder, "out.wav"));
    let of_file = folder.drvhost(["decode", "out.wav"]).json(0);
    let of_stream = folder.drvhost(["decode", "streamed.wav"]).json(0);
    assert_eq!((&of_stream["hash"], &of_stream["warnings"]), (&of_file["hash"], &json!([])));
});

media_test!(a_reader_who_has_seen_enough_of_the_stream_ends_it_quietly, |machine| {
    let folder = Folder::new(machine);
    msvideo1(&folder);
    folder.ffmpeg("-f lavfi -i sine=duration=1.3 -c:a adpcm_ms in.wav");
    for input in ["clip.avi", "in.wav"] {
        for json in [&[] as &[&str], &["--json"]] {
            let mut run = folder.drvhost(["decode", input, "-o", "-"].iter().chain(json)).unread();
            let output = run.output();
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert!(output.stderr.is_empty(), "{output:?}");
        }
    }
});

media_test!(what_is_readable_of_a_damaged_clip_is_streamed, |machine| {
    let folder = Folder::new(machine);
    msvideo1(&folder);
    let clip = folder.read("clip.avi");
    folder.write("cut.avi", &clip[..clip.len() * 6 / 10]);
    let output = streamed(&folder, "cut.avi", &[]);
    assert_eq!(output.status.code(), Some(3));
    let made = frames(&output.stdout);
    assert!((1..FRAMES).contains(&(made.len() / FRAME_SIZE)));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.starts_with("drvhost: media: ") && words.contains("\ncut.avi -> -: "), "{words}");
});

media_test!(nothing_but_media_comes_from_standard_output, |machine| {
    let folder = Folder::new(machine);
    msvideo1(&folder);
    folder.write("unknown.avi", patched(folder.read("clip.avi"), b"MSVC", b"XYZW"));
    folder.drvhost(["decode", "unknown.avi", "-o", "-"]).complaint(3);
    folder.drvhost(["decode", "nothing.avi", "-o", "-"]).complaint(2);
    // A file may have the name, if it is said to be one.
    let complaint = folder.drvhost(["decode", "clip.avi", "-o", "./-"]).complaint(2);
    assert!(complaint.contains(".y4m") && complaint.contains("standard output"), "{complaint}");
});

media_test!(media_is_not_written_to_a_terminal, |machine| {
    let folder = Folder::new(machine);
    msvideo1(&folder);
    let command = format!("'{}' decode clip.avi -o -", program("drvhost").display());
    // `script` gives its command a terminal, whose output it copies.
    let mut script = Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).stdin(Stdio::null()).current_dir(folder.path());
    let output = script.output().expect("script starts");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(shown.starts_with("drvhost: ") && shown.contains("terminal"), "{shown}");
    assert_eq!(shown.lines().count(), 1, "{shown}");
});
