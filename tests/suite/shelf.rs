//! `drvhost decode` with `--out-dir`: many files, a manifest, and what one file costs the others.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use drvhost_tests::*;
use serde_json::{Value, json};

/// Runs `decode` with the test codec, whose media need no ffmpeg.
fn decode(folder: &Folder, arguments: &[&str]) -> Cli {
    let own = ["decode"].iter().chain(arguments).map(PathBuf::from);
    folder.drvhost(own.chain(["--driver".into(), driver(folder.machine(), "vfw")]))
}

/// Runs it to its end, which must come with this exit code; answers its lines, by the inputs' names, and its summary.
fn decoded(folder: &Folder, arguments: &[&str], code: i32) -> (BTreeMap<String, Value>, Value) {
    let run = decode(folder, &[arguments, &["--json"]].concat()).output();
    let (stdout, stderr) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert_eq!(run.status.code(), Some(code), "{stdout}{stderr}");
    let mut lines: Vec<Value> =
        stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = lines.pop().expect("a summary")["summary"].clone();
    let named = |line: Value| (line["input"].as_str().expect("a name").to_owned(), line);
    (lines.into_iter().map(named).collect(), summary)
}

/// What became of each file.
fn states(lines: &BTreeMap<String, Value>) -> Vec<(&str, &str)> {
    lines.iter().map(|(name, line)| (name.as_str(), line["state"].as_str().unwrap())).collect()
}

/// Writes films, each a file with these frames, and the folders that they are in.
fn films(folder: &Folder, films: &[(&str, &str)]) {
    for (name, frames) in films {
        fs::create_dir_all(folder.file(name).parent().unwrap()).unwrap();
        folder.write(name, Avi::for_spyc(frames).bytes());
    }
}

/// A WAVE file of 16-bit PCM.
fn wave(samples: u32) -> Vec<u8> {
    let mut wave =
        b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1F\0\0\x80\x3E\0\0\x02\0\x10\0data".to_vec();
    wave.extend((samples * 2).to_le_bytes());
    wave.extend((0..samples).flat_map(|sample| (sample as i16).to_le_bytes()));
    wave
}

/// All files below a folder, by their names from there on.
fn files(folder: &Folder, name: &str) -> Vec<String> {
    let root = folder.file(name);
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(&root).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// The manifest's lines.
fn manifest(folder: &Folder) -> Vec<Value> {
    let text = String::from_utf8(folder.read("out/manifest.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

const TO_AVI: [&str; 5] = ["in", "--out-dir", "out", "--to", "avi"];

spy_test!(a_drivers_crash_costs_its_file_only, |machine| {
    let folder = Folder::new(machine);
    films(
        &folder,
        &[("in/a.avi", "Abc"), ("in/deep/er/b.avi", "AbFcGd"), ("in/c", "Abcd"), ("in/dead.avi", "FFF")],
    );
    folder.write("in/deep/sound.wav", wave(100));
    folder.write("in/note.txt", "no film");
    folder.write("in/head.avi", b"RIFF\0\0\0\0AVI ");
    let unknown = Avi { compression: *b"XYZ1", handler: *b"XYZ1", ..Avi::for_spyc("A") };
    folder.write("in/unknown.avi", unknown.bytes());
    let (lines, summary) = decoded(&folder, &[&TO_AVI[..], &["--jobs", "3"]].concat(), 4);
    let blames: Vec<_> = lines.values().map(|line| line["error"]["blame"].as_str()).collect();
    assert_eq!(
        states(&lines),
        [
            ("a.avi", "decoded"),
            ("c", "decoded"),
            ("dead.avi", "failed"),
            ("deep/er/b.avi", "decoded"),
            ("deep/sound.wav", "decoded"),
            ("head.avi", "failed"),
            // The test codec looks at no code.
            ("unknown.avi", "decoded"),
        ]
    );
    assert_eq!(blames, [None, None, Some("driver"), Some("driver"), None, Some("media"), None]);
    assert_eq!(
        files(&folder, "out"),
        ["a.avi", "c.avi", "deep/er/b.avi", "deep/sound.wav", "manifest.jsonl", "unknown.avi"]
    );
    assert_eq!(lines["deep/er/b.avi"]["frames"], 6);
    assert_eq!(lines["deep/sound.wav"]["samples"], 100);
    for (name, count) in [("decoded", 5), ("skipped", 0), ("others", 1), ("stopped", 0), ("warnings", 1)] {
        assert_eq!(summary[name], count, "{name} in {summary}");
    }
    assert_eq!(
        (&summary["partly"], &summary["failed"]),
        (&json!({"driver": 1}), &json!({"driver": 1, "media": 1}))
    );
    // What each file gives alone.
    for name in ["a.avi", "c"] {
        let alone = decode(&folder, &[&format!("in/{name}")]).json(0);
        assert_eq!((&alone["hash"], &alone["frames"]), (&lines[name]["hash"], &lines[name]["frames"]));
    }
    // The manifest has the same lines, with what the input was.
    let written = manifest(&folder);
    assert_eq!(written.len(), lines.len());
    for line in written {
        let mut told = lines[line["input"].as_str().unwrap()].clone();
        told.as_object_mut().unwrap().remove("state");
        assert_eq!(line, told);
        let input = fs::metadata(folder.file("in").join(line["input"].as_str().unwrap())).unwrap();
        assert_eq!(line["size"], input.len());
    }
});

spy_test!(a_second_run_does_what_is_not_done, |machine| {
    let folder = Folder::new(machine);
    films(
        &folder,
        &[
            ("in/a.avi", "Abc"),
            ("in/b.avi", "Ab"),
            ("in/c.avi", "AbF"),
            ("in/d.avi", "RR"),
            ("in/e.avi", "Abcde"),
        ],
    );
    let whole = folder.read("in/e.avi");
    // The index away: damaged media, of which there is no more.
    folder.write("in/e.avi", &whole[..whole.len() - 20]);
    decoded(&folder, &TO_AVI, 4);
    let (lines, summary) = decoded(&folder, &TO_AVI, 4);
    let expected = ["skipped", "skipped", "decoded", "failed", "skipped"];
    assert_eq!(states(&lines).into_iter().map(|(_, state)| state).collect::<Vec<_>>(), expected);
    assert_eq!((&summary["skipped"], &lines["e.avi"]["error"]["blame"]), (&json!(3), &json!("media")));
    // Mended drivers and files are seen.
    films(&folder, &[("in/c.avi", "Ab"), ("in/d.avi", "Abcd"), ("in/e.avi", "Abcdefgh")]);
    fs::remove_file(folder.file("out/a.avi")).unwrap();
    let (lines, _) = decoded(&folder, &TO_AVI, 0);
    let expected = ["decoded", "skipped", "decoded", "decoded", "decoded"];
    assert_eq!(states(&lines).into_iter().map(|(_, state)| state).collect::<Vec<_>>(), expected);
    // All is done; so it is said, and nothing is written.
    let before = folder.read("out/manifest.jsonl");
    let text = decode(&folder, &TO_AVI).success();
    assert!(text.contains("0 decoded, 5 done before"), "{text}");
    assert_eq!(folder.read("out/manifest.jsonl"), before);
    // Another output, or once more.
    let (lines, _) = decoded(&folder, &[&TO_AVI[..], &["--frames", "..2"]].concat(), 0);
    assert!(lines.values().all(|line| line["state"] == "decoded" && line["frames"] == 2), "{lines:?}");
    let (lines, _) = decoded(&folder, &[&TO_AVI[..], &["--again"]].concat(), 0);
    assert!(lines.values().all(|line| line["state"] == "decoded"), "{lines:?}");
    assert_eq!(lines["e.avi"]["frames"], 8);
});

spy_test!(a_cut_manifest_costs_its_last_line, |machine| {
    let folder = Folder::new(machine);
    films(&folder, &[("in/a.avi", "Abc"), ("in/b.avi", "Ab"), ("in/c.avi", "Abcde")]);
    decoded(&folder, &[&TO_AVI[..], &["--jobs", "1"]].concat(), 0);
    let text = folder.read("out/manifest.jsonl");
    for cut in [1, 10, 150] {
        folder.write("out/manifest.jsonl", &text[..text.len() - cut]);
        let (lines, _) = decoded(&folder, &TO_AVI, 0);
        // Without its line break alone the line is whole.
        let last = if cut == 1 { "skipped" } else { "decoded" };
        assert_eq!(states(&lines), [("a.avi", "skipped"), ("b.avi", "skipped"), ("c.avi", last)], "{cut}");
        let (lines, _) = decoded(&folder, &TO_AVI, 0);
        assert!(lines.values().all(|line| line["state"] == "skipped"), "{cut}");
    }
});

spy_test!(names_that_clash_are_kept_apart, |machine| {
    let folder = Folder::new(machine);
    films(&folder, &[("in/a.avi", "Abc"), ("in/b.avi", "Ab")]);
    let (lines, _) = decoded(&folder, &["in", "--out-dir", "out", "--to", "wav"], 2);
    // Video without sound has nothing for a WAVE file.
    assert!(lines.values().all(|line| line["error"]["blame"] == "usage"), "{lines:?}");
    folder.write("in/b.wav", wave(10));
    folder.write("in/b", wave(20));
    let (lines, _) = decoded(&folder, &["in", "--out-dir", "out", "--to", "y4m"], 0);
    let outputs: Vec<_> = lines.values().map(|line| line["output"].as_str().unwrap()).collect();
    // By the inputs' names: a.avi, b, b.avi, b.wav. Sound alone goes into WAVE files, of which there would be two.
    assert_eq!(outputs, ["a.y4m", "b.wav", "b.y4m", "b.wav.wav"]);
});

spy_test!(a_stopped_run_keeps_what_is_done, |machine| {
    let folder = Folder::new(machine);
    let long = ["A", &"b".repeat(3000)].concat();
    let names: Vec<String> = (0..30).map(|number| format!("in/{number:02}.avi")).collect();
    films(&folder, &names.iter().map(|name| (name.as_str(), long.as_str())).collect::<Vec<_>>());
    let mut running = decode(&folder, &[&TO_AVI[..], &["--jobs", "2"]].concat()).start();
    let lines = |folder: &Folder| {
        fs::read(folder.file("out/manifest.jsonl")).unwrap_or_default().split(|&byte| byte == b'\n').count()
            - 1
    };
    running.wait_until(|folder| lines(folder) >= 2);
    running.signal("INT");
    let ended = running.end();
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.elapsed.as_secs() < 5 && ended.stdout.contains("stopped or not begun"), "{ended:?}");
    let done = manifest(&folder);
    assert!((2..30).contains(&done.len()), "{}", done.len());
    let mut expected: Vec<_> = done.iter().map(|line| line["output"].as_str().unwrap().to_owned()).collect();
    expected.push("manifest.jsonl".to_owned());
    expected.sort();
    assert_eq!(files(&folder, "out"), expected);
    let (lines, summary) = decoded(&folder, &TO_AVI, 0);
    assert_eq!((&summary["skipped"], lines.len()), (&json!(done.len()), 30));
    assert!(lines.values().all(|line| line["hash"] == done[0]["hash"] && line["frames"] == 3001));
});

spy_test!(wrong_commands_are_refused_before_anything_is_written, |machine| {
    let folder = Folder::new(machine);
    films(&folder, &[("in/a.avi", "Abc"), ("b.avi", "Ab")]);
    for (arguments, word) in [
        (["in"].as_slice(), "--out-dir"),
        (&["in/a.avi", "b.avi"], "--out-dir"),
        (&["in", "-o", "out.avi"], "--out-dir"),
        (&["in", "--out-dir", "in"], "among the inputs"),
        (&["in", "--out-dir", "."], "among the inputs"),
        (&["in", "--out-dir", "out", "--to", "png"], "png"),
        (&["in", "--out-dir", "out", "--to", "a/b"], "a/b"),
        (&["in", "none", "--out-dir", "out"], "none"),
    ] {
        let complaint = decode(&folder, arguments).complaint(2);
        assert!(complaint.contains(word), "{complaint}");
    }
    decode(&folder, &["in", "--out-dir", "out", "--jobs", "0"]).failure(2);
    assert_eq!(folder.names(), ["b.avi", "in"]);
    // A folder without media.
    fs::create_dir(folder.file("empty")).unwrap();
    folder.write("empty/note.txt", "no film");
    let text = String::from_utf8(decode(&folder, &["empty", "--out-dir", "out"]).output().stdout).unwrap();
    assert!(text.contains("1 no media"), "{text}");
    assert!(!folder.names().contains(&"out".to_owned()));
    // An output that is an input.
    let original = folder.read("b.avi");
    let (lines, _) = decoded(&folder, &["b.avi", "in/a.avi", "--out-dir", ".", "--to", "avi"], 2);
    assert_eq!(states(&lines), [("a.avi", "decoded"), ("b.avi", "failed")]);
    assert_eq!(folder.read("b.avi"), original);
    assert!(Path::new(&folder.file("a.avi")).is_file());
});

media_test!(archives_get_ffv1_and_flac, |machine| {
    let folder = Folder::new(machine);
    fs::create_dir(folder.file("in")).unwrap();
    folder.ffmpeg(
        "-f lavfi -i testsrc2=size=160x120:rate=12:duration=1 -f lavfi -i sine=sample_rate=22050:duration=1 -c:v msvideo1 -c:a adpcm_ms \
         -bitexact in/film.avi",
    );
    folder.ffmpeg("-f lavfi -i sine=sample_rate=8000:duration=1 -c:a pcm_mulaw in/film.wav");
    let run = folder.drvhost(["decode", "in", "--out-dir", "out", "--json"]).success();
    let lines: Vec<Value> = run.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(files(&folder, "out"), ["film.avi.mkv", "film.wav.mkv", "manifest.jsonl"]);
    let hash = |content: &[u8]| {
        let mut hasher = drvhost::media::ContentHasher::new();
        hasher.update(content);
        hasher.finish().to_string()
    };
    let of = |name: &str| lines.iter().find(|line| line["input"] == name).unwrap();
    let pictures = folder.ffmpeg("-i out/film.avi.mkv -map 0:v -pix_fmt bgr24 -f rawvideo -");
    let sound = |name: &str| folder.ffmpeg(&format!("-i {name} -map 0:a -f s16le -"));
    assert_eq!(of("film.avi")["hash"], hash(&pictures));
    assert_eq!(of("film.avi")["audio"][0]["hash"], hash(&sound("out/film.avi.mkv")));
    assert_eq!(of("film.wav")["hash"], hash(&sound("out/film.wav.mkv")));
});
