//! `drvhost play`.

use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::*;

/// Milliseconds are ticks: a note each quarter of a second.
fn song(seconds: u32) -> Vec<u8> {
    let notes = (0..seconds * 4).fold(SmfTrack::new().name(0, "Song"), |track, number| {
        let key = 60 + (number % 12) as u8;
        track.on(0, 0, key, 100).off(250, 0, key)
    });
    Smf::single(500, notes.end(0)).bytes()
}

/// A folder with the test synth and a song.
fn folder(machine: Machine, song: &[u8]) -> Folder {
    let folder = Folder::new(machine);
    folder.copy_driver("midisynth", "synth.dll");
    folder.copy_driver("nastysynth", "nasty.dll");
    folder.write("song.mid", song);
    folder
}

/// A run on the test synth in such a folder.
fn play(folder: &Folder, arguments: &[&str]) -> Cli {
    folder.drvhost([&["play", "song.mid", "--driver", "./synth.dll timed=1"], arguments].concat())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

spy_test!(a_song_becomes_a_file, |machine| {
    let folder = folder(machine, &song(2));
    let said = play(&folder, &["-o", "out.wav"]).success();
    assert!(
        said.starts_with("song.mid -> out.wav: \"Song\", 16 events, 4.000 s, 2 x 16 bits x 44100 Hz, "),
        "{said}"
    );
    assert!(said.contains("x real time, through synth.dll (Test Synth \u{266b})\nblake3 "), "{said}");
    same(&samples(&folder.file("out.wav")), &formula(&song(2), true, Duration::from_secs(2)));
    let told = play(&folder, &["-o", "out.wav", "--tail", "0"]).json(0);
    let mut names: Vec<_> = told.as_object().expect("an object").keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "bits",
        "channels",
        "damage",
        "device",
        "device_name",
        "driver",
        "events",
        "frames",
        "hash",
        "input",
        "length",
        "output",
        "rate",
        "refused",
        "seconds",
        "stopped",
        "title",
        "warnings",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        (told["frames"].as_u64(), told["rate"].as_u64(), told["length"].as_f64()),
        (Some(88_200), Some(44_100), Some(2.0))
    );
    assert_eq!(
        (told["events"].as_u64(), text(&told["output"]), &told["damage"]),
        (Some(16), "out.wav", &Value::Null)
    );
    assert_eq!(folder.names(), ["nasty.dll", "out.wav", "song.mid", "synth.dll"]);
});

spy_test!(standard_output_gets_the_same, |machine| {
    let folder = folder(machine, &song(1));
    let output = play(&folder, &["-o", "-"]).output();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("song.mid -> -: "));
    folder.write("piped.wav", &output.stdout);
    same(&samples(&folder.file("piped.wav")), &formula(&song(1), true, Duration::from_secs(2)));
    // Whoever has heard enough is no error.
    assert!(play(&folder, &["-o", "-"]).unread().output().status.success());
});

spy_test!(another_rate_is_converted_to, |machine| {
    let folder = folder(machine, &song(2));
    let told = play(&folder, &["-o", "out.wav", "--rate", "48000"]).json(0);
    assert_eq!((told["frames"].as_u64(), told["rate"].as_u64()), (Some(192_000), Some(48_000)));
    let exact = formula(&song(2), true, Duration::from_secs(2));
    let converted = samples(&folder.file("out.wav"));
    // As loud as before, and of the same length.
    let power = |samples: &[i16]| {
        samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / samples.len() as f64
    };
    let ratio = power(&converted) / power(&exact);
    assert!((0.98..1.02).contains(&ratio), "{ratio}");
    assert_eq!(converted.len(), 384_000);
});

spy_test!(what_is_wrong_is_told_with_its_exit_code, |machine| {
    let folder = folder(machine, &song(1));
    folder.write("not.mid", "not a song");
    folder.write("cut.mid", &song(1)[..50]);
    let run = |arguments: &[&str]| folder.drvhost([&["play"], arguments].concat());
    for (arguments, code, part) in [
        (&["song.mid", "--driver", "./nowhere.dll", "-o", "o.wav"][..], 2, "nowhere.dll"),
        (&["none.mid", "--driver", "./synth.dll", "-o", "o.wav"], 2, "none.mid"),
        (&[".", "--driver", "./synth.dll", "-o", "o.wav"], 2, "is a directory"),
        (&["song.mid", "--driver", "./synth.dll", "-o", "o.mp3"], 2, "must end in .wav"),
        (&["song.mid", "--driver", "./synth.dll", "-o", "nowhere/o.wav"], 2, "its directory does not exist"),
        (
            &["song.mid", "--driver", "./synth.dll", "-o", "o.wav", "--device", "7"],
            2,
            "no MIDI output device 7",
        ),
        (&["song.mid", "--driver", "./synth.dll", "-o", "o.wav", "--allow-read", "nowhere"], 2, "nowhere"),
        (&["not.mid", "--driver", "./synth.dll", "-o", "o.wav"], 3, "not"),
        (&["song.mid", "--driver", "./nasty.dll", "-o", "o.wav"], 4, "played nothing"),
        (&["song.mid", "--driver", "./nasty.dll data=11", "-o", "o.wav"], 4, "refused MODM_DATA"),
    ] {
        let complaint = run(arguments).complaint(code);
        assert!(complaint.contains(part), "{arguments:?}: {complaint}");
        assert!(!folder.file("o.wav").exists());
    }
    for wrong in [&["--rate", "5"][..], &["--tail", "x"], &["--device", "-1"]] {
        let complaint = play(&folder, &[&["-o", "o.wav"], wrong].concat()).failure(2);
        assert!(complaint.contains("error: "), "{complaint}");
    }
    run(&["song.mid", "-o", "o.wav"]).failure(2);
    // What is left of a file that is cut is played.
    let output = run(&["cut.mid", "--driver", "./synth.dll", "-o", "o.wav"]).output();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.starts_with("drvhost: media: cut.mid: track 1, byte "), "{said}");
    assert!(samples(&folder.file("o.wav")).iter().any(|sample| *sample != 0));
});

spy_test!(a_stopped_song_ends_with_all_notes_off_and_a_whole_file, |machine| {
    let folder = folder(machine, &song(400));
    let mut running = play(&folder, &["-o", "out.wav", "--trace", "trace"]).start();
    running.wait_until(|folder| {
        let begun = |name: &String| name.starts_with(".drvhost-") && folder.read(name).len() > 1 << 20;
        folder.names().iter().any(begun)
    });
    running.signal("INT");
    let ended = running.end();
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended.elapsed < Duration::from_secs(5) && ended.stderr.contains("stopped on request"),
        "{ended:?}"
    );
    let heard = samples(&folder.file("out.wav"));
    let whole = formula(&song(100), true, Duration::ZERO);
    let last = heard.chunks_exact(2).rposition(|frame| frame != [0, 0]).unwrap();
    assert!(heard.len() > 1 << 18 && heard.len() < whole.len());
    // The notes' end is heard, too.
    same(&heard[..2 * last - 20_000], &whole[..2 * last - 20_000]);
    assert!(last < heard.len() / 2 - 1000, "{last} of {}", heard.len() / 2);
    let messages: Vec<_> = lines_in(&folder.file("trace"), "device")
        .into_iter()
        .filter(|line| line["entry"] == "modMessage")
        .map(|line| text(&line["message"]).to_owned())
        .collect();
    let end = &messages[messages.len() - 3..];
    assert_eq!(end, ["MODM_RESET", "MODM_CLOSE", "DRVM_EXIT"]);
    assert!(messages[messages.len() - 51..messages.len() - 3].iter().all(|message| message == "MODM_DATA"));
});

/// Programs of these names in a folder, each as a script.
fn programs(folder: &Folder, scripts: &[(&str, &str)]) {
    for (name, script) in scripts {
        folder.write(name, format!("#!/bin/sh\n{script}\n"));
        std::fs::set_permissions(folder.file(name), PermissionsExt::from_mode(0o755)).expect("it is ours");
    }
}

spy_test!(without_a_file_a_song_is_heard, |machine| {
    let folder = folder(machine, &song(1));
    programs(
        &folder,
        &[
            ("pw-play", "echo no server >&2; exit 1"),
            ("paplay", "echo \"$@\" >said; exec /bin/cat >heard"),
            ("aplay", "echo never >heard"),
        ],
    );
    let said = play(&folder, &[]).env("PATH", folder.path()).success();
    assert!(said.starts_with("song.mid -> the system's sound: "), "{said}");
    let heard: Vec<_> =
        folder.read("heard").as_chunks().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect();
    same(&heard, &formula(&song(1), true, Duration::from_secs(2)));
    let said = String::from_utf8(folder.read("said")).unwrap();
    assert_eq!(said, "--raw --client-name=drvhost --format=s16le --rate=44100 --channels=2\n");
});

spy_test!(pw_play_is_told_that_samples_have_no_header_where_it_can_be, |machine| {
    let folder = folder(machine, &song(1));
    for (help, word) in [("  -a, --raw    RAW mode", "--raw "), ("  -q, --quality", "")] {
        let script = format!(
            "[ \"$1\" = --help ] && {{ echo '{help}'; exit; }}\necho \"$@\" >said; exec /bin/cat >heard"
        );
        programs(&folder, &[("pw-play", &script)]);
        play(&folder, &[]).env("PATH", folder.path()).success();
        let said = String::from_utf8(folder.read("said")).unwrap();
        assert_eq!(said, format!("{word}--format s16 --rate 44100 --channels 2 -\n"));
        let heard: Vec<_> =
            folder.read("heard").as_chunks().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect();
        same(&heard, &formula(&song(1), true, Duration::from_secs(2)));
    }
});

spy_test!(a_program_that_takes_no_sound_is_given_up, |machine| {
    let folder = folder(machine, &song(1));
    let takes_nothing = "[ \"$1\" = --help ] || exec /bin/sleep 60";
    programs(&folder, &[("pw-play", takes_nothing), ("aplay", "exec /bin/cat >heard")]);
    play(&folder, &[]).env("PATH", folder.path()).success();
    let heard: Vec<_> =
        folder.read("heard").as_chunks().0.iter().map(|sample| i16::from_le_bytes(*sample)).collect();
    same(&heard, &formula(&song(1), true, Duration::from_secs(2)));
    programs(&folder, &[("aplay", takes_nothing)]);
    let complaint = play(&folder, &[]).env("PATH", folder.path()).complaint(5);
    assert!(complaint.contains("aplay does not play (it takes no sound)"), "{complaint}");
});

spy_test!(where_nothing_plays_that_is_told, |machine| {
    let folder = folder(machine, &song(1));
    let complaint = play(&folder, &[]).env("PATH", folder.path()).complaint(5);
    let expected = "host: nothing plays sound here: pw-play is not installed, paplay is not installed, aplay is not installed; \
        Debian has pw-play in pipewire-bin";
    assert!(complaint.contains(expected), "{complaint}");
    programs(&folder, &[("aplay", "exit 3")]);
    let complaint = play(&folder, &[]).env("PATH", folder.path()).complaint(5);
    assert!(complaint.contains("aplay does not play (it ended with code 3)"), "{complaint}");
});

spy_test!(a_synth_finds_its_font_where_that_is_granted, |machine| {
    let folder = folder(machine, &song(1));
    std::fs::create_dir(folder.file("fonts")).expect("a folder");
    std::fs::write(folder.file("fonts/a.sf2"), [0x7F, 0x7F]).expect("a file");
    let font = format!("Z:{}", folder.file("fonts/a.sf2").display()).replace('/', "\\");
    let driver = format!("./synth.dll timed=1 font={font}");
    let run = |more: &[&str]| {
        folder.drvhost([&["play", "song.mid", "--driver", &driver, "-o", "out.wav"], more].concat())
    };
    let said = run(&[]).failure(4);
    assert!(said.contains("driver: synth.dll refused MODM_OPEN"), "{said}");
    assert!(said.contains("may not read a file") && said.contains(&font), "{said}");
    run(&["--allow-read", "fonts"]).success();
    same(&samples(&folder.file("out.wav")), &formula(&song(1), true, Duration::from_secs(2)));
});
