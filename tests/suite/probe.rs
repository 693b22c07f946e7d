//! `drvhost probe`: what it says agrees with what the file has and with what `drvhost decode` does.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use drvhost_tests::*;
use serde_json::{Value, json};

/// Runs `probe` with the test codec.
fn probed(folder: &Folder, arguments: &[&str], code: i32) -> Value {
    folder.drvhost(with_codec(folder, "probe", arguments)).json(code)
}

/// A command's arguments with the test codec.
fn with_codec(folder: &Folder, command: &str, arguments: &[&str]) -> Vec<PathBuf> {
    let own = std::iter::once(command).chain(arguments.iter().copied()).map(PathBuf::from);
    own.chain(["--driver".into(), driver(folder.machine(), "vfw")]).collect()
}

media_test!(streams_and_their_drivers_are_told, |machine| {
    let folder = Folder::new(machine);
    folder.ffmpeg(
        "-f lavfi -i testsrc2=size=160x120:rate=12:duration=2 -f lavfi -i sine=sample_rate=22050:duration=2 -map 0 -map 1 -c:v msvideo1 -g 4 \
         -c:a adpcm_ms -bitexact film.avi",
    );
    let told = folder.drvhost(["probe", "film.avi"]).json(0);
    let facts =
        ["container", "bytes", "walked", "whole", "servable", "damage"].map(|name| told[name].clone());
    let length = folder.read("film.avi").len();
    assert_eq!(facts, [json!("AVI"), json!(length), json!(true), json!(true), json!(true), json!([])]);
    let video = &told["streams"][0];
    let names = [
        "kind",
        "codec",
        "width",
        "height",
        "rate",
        "stated",
        "found",
        "key_frames",
        "seconds",
        "driver",
        "reason",
    ];
    let expected = json!(["video", "MSVC", 160, 120, 12.0, 24, 24, 6, 2.0, "msvidc32.dll", null]);
    assert_eq!(Value::from_iter(names.map(|name| video[name].clone())), expected);
    assert_eq!(video["index"], json!({"kind": "idx1", "packets": 24, "confirmed": 24}));
    let sound = &told["streams"][1];
    let names = ["kind", "codec", "sample_rate", "channels", "driver"];
    let expected = json!(["audio", "0x0002 (WAVE_FORMAT_ADPCM)", 22050, 1, "msadp32.acm"]);
    assert_eq!(Value::from_iter(names.map(|name| sound[name].clone())), expected);
    // The last block of sound is filled up.
    let seconds = sound["seconds"].as_f64().unwrap();
    assert!((2.0..2.1).contains(&seconds) && told["seconds"] == sound["seconds"], "{seconds}");
    let quick = folder.drvhost(["probe", "--quick", "film.avi"]).json(0);
    assert_eq!(
        (&quick["streams"][0]["found"], &quick["streams"][0]["key_frames"]),
        (&Value::Null, &json!(6))
    );
    let text = folder.drvhost(["probe", "film.avi"]).success();
    for words in
        ["MSVC 160x120", "24 frames, 6 key frames", "decoded by msvidc32.dll", "damage    none", "0:00:02.0"]
    {
        assert!(text.contains(words), "{words} in {text}");
    }
    // ffmpeg takes the streams out of what is no AVI.
    folder.ffmpeg("-i film.avi -c copy film.mkv");
    let told = folder.drvhost(["probe", "film.mkv"]).json(0);
    assert_eq!(told["streams"][0]["found"], 24);
    assert!(told["container"].as_str().unwrap().contains("Matroska"), "{told}");
});

spy_test!(damage_is_told_as_decoding_meets_it, |machine| {
    let folder = Folder::new(machine);
    let whole = Avi::for_spyc("AbcdGfgh").bytes();
    folder.write("whole.avi", &whole);
    let told = probed(&folder, &["whole.avi"], 0);
    let driver = &told["streams"][0]["driver"];
    assert_eq!((driver, &told["streams"][0]["key_frames"]), (&json!("vfw.dll"), &json!(2)));
    let movi = whole.windows(4).position(|four| four == b"movi").unwrap();
    // Cut at every place behind the headers: what decoding says is what is said here.
    for len in (movi + 24..whole.len()).step_by(37) {
        folder.write("cut.avi", &whole[..len]);
        let told = probed(&folder, &["cut.avi"], 3);
        let decoded = folder.drvhost(with_codec(&folder, "decode", &["cut.avi"])).json(3);
        assert_eq!(told["streams"][0]["found"], decoded["frames"], "{len}");
        assert_eq!((&told["whole"], &told["servable"]), (&json!(false), &json!(true)));
        let said = decoded["warnings"][0].as_str().unwrap();
        assert!(said.starts_with(told["damage"][0].as_str().unwrap()), "{said} and {told}");
    }
    // In the middle.
    let mut hole = whole.clone();
    hole[movi + 24..movi + 28].fill(0xFF);
    folder.write("hole.avi", &hole);
    let told = probed(&folder, &["hole.avi"], 3);
    assert!(told["damage"][0].as_str().unwrap().contains("not a chunk"), "{told}");
    assert_eq!(probed(&folder, &["--quick", "hole.avi"], 0)["walked"], false);
});

spy_test!(what_nothing_decodes_is_told_with_the_reason, |machine| {
    let folder = Folder::new(machine);
    folder.write("film.avi", Avi::for_spyc("Ab").bytes());
    folder.write("note.txt", "no film");
    let told = folder.drvhost(["probe", "film.avi"]).json(3);
    assert_eq!((&told["whole"], &told["servable"]), (&json!(true), &json!(false)));
    assert_eq!(told["streams"][0]["reason"]["blame"], "media");
    assert!(told["streams"][0]["reason"]["message"].as_str().unwrap().contains("`spyc`"), "{told}");
    assert!(folder.drvhost(["probe", "note.txt"]).complaint(3).contains("no kind of file"));
    assert!(folder.drvhost(["probe", "nothing.avi"]).complaint(2).contains("nothing.avi"));
    // One that cannot be looked at does not keep the others from being told.
    let run = folder.drvhost(with_codec(&folder, "probe", &["note.txt", "film.avi", "--json"])).output();
    assert_eq!(run.status.code(), Some(3));
    let lines: Vec<Value> = String::from_utf8(run.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((&lines[0]["file"], &lines[0]["error"]["blame"]), (&json!("note.txt"), &json!("media")));
    assert_eq!((&lines[1]["file"], &lines[1]["servable"]), (&json!("film.avi"), &json!(true)));
});

/// The size of a PNG file.
fn size_of(png: &[u8]) -> [u32; 2] {
    assert!(png.starts_with(b"\x89PNG"));
    [16, 20].map(|at| u32::from_be_bytes(*png[at..].first_chunk().unwrap()))
}

spy_test!(a_sheet_shows_what_decoding_gives_and_crosses_what_it_does_not, |machine| {
    let folder = Folder::new(machine);
    folder.write("film.avi", Avi::for_spyc("AbcRefGfFh").bytes());
    let told = probed(&folder, &["film.avi", "--contact-sheet", "sheet.png", "--frames-on-sheet", "10"], 3);
    let sheet = &told["sheet"];
    assert_eq!(
        (&sheet["file"], &sheet["frames"]),
        (&json!("sheet.png"), &json!([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    );
    let failed: Vec<_> = sheet["failed"].as_array().unwrap().iter().map(|failed| failed[0].clone()).collect();
    // What follows a fault builds on what was lost.
    assert_eq!(failed, [4, 9, 10]);
    let [width, height] = size_of(&folder.read("sheet.png"));
    assert!((300..3000).contains(&width) && (100..3000).contains(&height), "{width} {height}");
    let two = probed(&folder, &["film.avi", "--contact-sheet", "sheet.png", "--frames-on-sheet", "2"], 0);
    assert_eq!((&two["sheet"]["frames"], &two["sheet"]["failed"]), (&json!([3, 8]), &json!([])));
    assert_eq!(folder.names(), ["film.avi", "sheet.png"]);
    for wrong in [
        ["film.avi", "--contact-sheet", "sheet.jpg"].as_slice(),
        &["film.avi", "film.avi", "--contact-sheet", "a.png"],
    ] {
        folder.drvhost(with_codec(&folder, "probe", wrong)).complaint(2);
    }
});

/// Runs a command to its end; answers the most memory that it was seen to have, in KiB, and how long it took.
fn watched(folder: &Folder, arguments: Vec<PathBuf>) -> (u64, Duration, Ended) {
    let started = Instant::now();
    let running = folder.drvhost(arguments).start();
    let mut most = 0;
    while let Some(now) = status(running.id(), "VmHWM") {
        let now = now.trim_end_matches("kB").trim().parse().unwrap_or(0);
        most = most.max(now);
        std::thread::sleep(Duration::from_millis(1));
    }
    (most, started.elapsed(), running.end())
}

spy_test!(six_gigabytes_are_probed_and_decoded_at_both_ends_in_little_memory, |machine| {
    let folder = Folder::new(machine);
    let film = LongFilm { codec: *b"spyc", size: [64, 48], parts: 6, frames: 1024, frame_len: 1 << 20 };
    let length = film.write(&folder.file("long.avi"));
    assert!(length > 6 << 30, "{length}");
    let check = |arguments: &[&str], command: &str| {
        let mut arguments = with_codec(&folder, command, arguments);
        arguments.push("--json".into());
        let (memory, time, ended) = watched(&folder, arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        // The usual size of the command, read-ahead of a dozen packets, and what is shared with the driver.
        assert!(memory > 0 && memory < 160 << 10, "{memory} KiB");
        assert!(time < Duration::from_secs(15), "{time:?}");
        serde_json::from_str::<Value>(&ended.stdout).expect("a line of JSON")
    };
    let told = check(&["long.avi", "--contact-sheet", "sheet.png"], "probe");
    let video = &told["streams"][0];
    let total = film.total();
    assert_eq!((&video["found"], &video["key_frames"]), (&json!(total), &json!(film.key_frames())));
    assert_eq!(video["index"], json!({"kind": "OpenDML", "packets": total, "confirmed": total}));
    assert_eq!((&told["damage"], &told["sheet"]["failed"]), (&json!([]), &json!([])));
    let quick = check(&["--quick", "long.avi"], "probe");
    assert_eq!(quick["streams"][0]["stated"], total);
    for first in [1, total - 2] {
        let range = format!("{first}..{}", first + 2);
        let decoded = check(&["long.avi", "-o", "out.y4m", "--frames", &range], "decode");
        assert_eq!(decoded["frames"], 3);
        let mut expected = drvhost::media::ContentHasher::new();
        for number in first..first + 3 {
            expected.update(&[LongFilm::byte(number - 1)].repeat(64 * 48 * 3));
        }
        assert_eq!(decoded["hash"], expected.finish().to_string());
    }
    assert!(Path::new(&folder.file("sheet.png")).is_file());
});
