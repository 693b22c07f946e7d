//! Whole files.

use std::path::Path;

use drvhost_tests::*;
use serde_json::{Value, json};

use super::*;

/// Codec, size and rate of a video, as ffprobe tells.
fn probe(folder: &Folder, name: &str) -> Value {
    let entries = "stream=codec_name,width,height,avg_frame_rate";
    let mut command = std::process::Command::new("ffprobe");
    command.args(["-v", "error", "-select_streams", "v:0", "-show_entries", entries, "-of", "json", name]);
    let output = command.current_dir(folder.path()).output().expect("ffprobe starts");
    serde_json::from_slice::<Value>(&output.stdout).expect("ffprobe answers")["streams"][0].clone()
}

media_test!(cinepak_is_ffmpegs_to_within_one_as_avi_and_as_pictures, |machine| {
    let folder = Folder::new(machine);
    cinepak(&folder, "clip.avi");
    let expected = pictures(&folder, "clip.avi");
    assert_eq!(expected.len(), FRAMES * FRAME_SIZE);

    let decoded = folder.drvhost(["decode", "clip.avi", "-o", "out.avi"]).json(0);
    let made = pictures(&folder, "out.avi");
    assert!(greatest_difference(&made, &expected) <= 1);
    assert_eq!(decoded["hash"], hash(&made));
    let told = ["input", "output", "driver", "frames", "width", "height", "samples", "warnings"];
    let told = told.map(|field| decoded[field].clone());
    let expected = [
        json!("clip.avi"),
        json!("out.avi"),
        json!("iccvid.dll"),
        json!(FRAMES),
        json!(WIDTH),
        json!(HEIGHT),
        Value::Null,
        json!([]),
    ];
    assert_eq!(told, expected);
    let rate = format!("{FRAMES}/1");
    let shape = json!({"codec_name": "rawvideo", "width": WIDTH, "height": HEIGHT, "avg_frame_rate": rate});
    assert_eq!(probe(&folder, "out.avi"), shape);

    let pattern = "picture%05d.png";
    assert_eq!(folder.drvhost(["decode", "clip.avi", "-o", pattern]).json(0)["hash"], decoded["hash"]);
    let names: Vec<_> = folder.names().into_iter().filter(|name| name.ends_with(".png")).collect();
    let numbered: Vec<_> = (1..=FRAMES).map(|number| format!("picture{number:05}.png")).collect();
    assert_eq!(names, numbered);
    assert_eq!(pictures(&folder, pattern), made);
});

media_test!(ms_video_1_is_ffmpegs, |machine| {
    let folder = Folder::new(machine);
    folder.ffmpeg("-f lavfi -i testsrc2=size=160x120:rate=10:duration=1 -c:v msvideo1 clip.avi");
    let expected = pictures(&folder, "clip.avi");
    let decoded = folder.drvhost(["decode", "clip.avi", "-o", "out.avi"]).json(0);
    assert_eq!(pictures(&folder, "out.avi"), expected);
    assert_eq!(decoded["hash"], hash(&expected));
    assert_eq!((&decoded["driver"], &decoded["frames"]), (&json!("msvidc32.dll"), &json!(10)));
});

media_test!(cinepak_rounds_green_down_and_ffmpeg_toward_zero, |machine| {
    let folder = Folder::new(machine);
    cinepak(&folder, "clip.avi");
    folder.drvhost(["decode", "clip.avi", "-o", "out.avi"]).success();
    let (made, expected) = (pictures(&folder, "out.avi"), pictures(&folder, "clip.avi"));
    let mut apart = 0;
    for (made, expected) in made.as_chunks::<3>().0.iter().zip(expected.as_chunks::<3>().0) {
        let ([blue, green, red], [_, ffmpegs_green, _]) = (made.map(i32::from), expected.map(i32::from));
        assert_eq!([made[0], made[2]], [expected[0], expected[2]]);
        if made.iter().chain(expected).any(|channel| [0, 255].contains(channel)) {
            continue;
        }
        // Blue is Y + 2 U, red Y + 2 V, green Y - V - U / 2. So 3 U + U / 2 follows from the three, and no two values of U have
        // the same.
        let of = |green: i32| blue + (blue - red) / 2 - green;
        let u = (-128_i32..128).find(|&u| 3 * u + u / 2 == of(ffmpegs_green)).expect("a value of U");
        assert_eq!(of(green), 3 * u - (-u).div_euclid(2), "{made:?} and {expected:?}");
        apart += usize::from(green != ffmpegs_green);
    }
    assert!(apart > 1_000, "{apart}");
});

wine_test!(the_sample_decodes_to_45_frames, |machine| {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/clip.avi");
    let run = Folder::new(machine).drvhost([Path::new("decode"), &sample]).output();
    let text = String::from_utf8(run.stdout).unwrap();
    assert!(run.status.success() && run.stderr.is_empty(), "{text}");
    for words in ["45 frames", "320x240", "frames/s", "iccvid.dll"] {
        assert!(text.contains(words), "{words} in {text}");
    }
});

media_test!(json_has_these_fields_alone_and_nothing_is_written_without_o, |machine| {
    let folder = Folder::new(machine);
    cinepak(&folder, "clip.avi");
    let decoded = folder.drvhost(["decode", "clip.avi"]).json(0);
    let fields: Vec<_> = decoded.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected =
        ["input", "output", "driver", "frames", "samples", "width", "height", "hash", "seconds", "warnings"];
    expected.sort_unstable();
    assert_eq!(fields, expected);
    assert_eq!(decoded["output"], Value::Null);
    assert!(decoded["seconds"].as_f64().unwrap() > 0.0);
    let text = folder.drvhost(["decode", "clip.avi"]).success();
    assert!(text.contains(decoded["hash"].as_str().unwrap()), "{text}");
    assert_eq!(folder.names(), ["clip.avi"]);
});

media_test!(a_driver_can_be_named, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    cinepak(&folder, "clip.avi");
    let by_format = folder.drvhost(["decode", "clip.avi"]).json(0);
    for driver in ["vidc.cvid", "iccvid.dll"] {
        let decoded = folder.drvhost(["decode", "clip.avi", "--driver", driver]).json(0);
        assert_eq!(decoded["hash"], by_format["hash"]);
    }
    for wrong in ["vidc.cram", "./spy.dll"] {
        let complaint =
            folder.drvhost(["decode", "clip.avi", "--driver", wrong, "-o", "out.avi"]).complaint(4);
        assert!(complaint.contains("refused") && complaint.contains("cvid"), "{complaint}");
    }
    let complaint = folder.drvhost(["decode", "clip.avi", "--driver", "nothing"]).complaint(2);
    assert!(complaint.contains("`nothing`"), "{complaint}");
    assert_eq!(folder.names(), ["clip.avi", "spy.dll"]);
});

media_test!(an_output_replaces_what_had_its_name, |machine| {
    let folder = Folder::new(machine);
    cinepak(&folder, "clip.avi");
    folder.write("out.avi", "What was there before.");
    let decoded = folder.drvhost(["decode", "clip.avi", "-o", "out.avi"]).json(0);
    assert_eq!(decoded["hash"], hash(&pictures(&folder, "out.avi")));
    assert_eq!(folder.names(), ["clip.avi", "out.avi"]);
});
