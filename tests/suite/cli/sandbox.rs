//! `--require-sandbox` and `--memory`.

use drvhost_tests::*;
use serde_json::Value;

/// Runs a command where there is no Landlock.
fn without_landlock(folder: &Folder, arguments: &[&str]) -> Cli {
    folder.drvhost(arguments).without("landlock")
}

spy_test!(no_command_runs_a_driver_where_a_layer_is_missing_and_all_are_required, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    folder.copy_driver("midisynth", "synth.dll");
    folder.copy_driver("vfw", "vfw.dll");
    folder.write("song.mid", Smf::single(96, SmfTrack::new()).bytes());
    let commands: &[&[&str]] = &[
        &["send", "./spy.dll", "0x7000"],
        &["run", "./spy.dll"],
        &["configure", "./spy.dll"],
        &["install", "./spy.dll", "--alias", "spy"],
        &["state", "show", "./vfw.dll"],
        &["play", "song.mid", "--driver", "./synth.dll", "-o", "song.wav"],
        &["serve"],
    ];
    for command in commands {
        let full = [*command, &["--require-sandbox", "full"]].concat();
        let complaint = without_landlock(&folder, &full).complaint(5);
        let named = complaint.contains("landlock (") && complaint.starts_with("drvhost: host: ");
        assert!(named && !complaint.contains("namespaces ("), "{command:?}: {complaint}");
    }
    // Nothing was made, and nothing installed.
    assert!(!folder.file("song.wav").exists());
    assert!(!folder.drvhost(["list"]).success().contains("spy"));
});

spy_test!(what_runs_no_driver_runs_anyway, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let full =
        |command: &[&str]| without_landlock(&folder, &[command, &["--require-sandbox", "full"]].concat());
    let host = full(&["info", "--host"]).json(0);
    let layers = host["layers"].as_array().unwrap().iter();
    let missing: Vec<_> = layers.filter(|layer| layer["active"] == false).collect();
    assert_eq!(missing.len(), 1, "{host}");
    full(&["list"]).success();
    // It says why the file would not open here.
    let info = full(&["info", "./spy.dll"]).json(0);
    assert!(info.to_string().contains("landlock ("), "{info}");
});

spy_test!(where_nothing_is_missing_all_can_be_required, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let send = ["send", "./spy.dll", "0x7000", "5", "3", "--require-sandbox", "full"];
    assert_eq!(folder.drvhost(send).success(), "6\n");
    let complaint = folder.drvhost(send).without("prspec").complaint(5);
    assert!(complaint.contains("speculation (the kernel has no PR_SET_SPECULATION_CTRL)"), "{complaint}");
});

wine_test!(films_are_not_decoded_where_a_layer_is_missing_and_all_are_required, |machine| {
    let folder = Folder::new(machine);
    std::fs::create_dir(folder.file("shelf")).unwrap();
    for name in ["clip.avi", "shelf/clip.avi"] {
        let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/clip.avi");
        std::fs::copy(sample, folder.file(name)).unwrap();
    }
    let full = ["--require-sandbox", "full"];
    let decode = |arguments: &[&str]| without_landlock(&folder, &[&["decode"], arguments, &full].concat());
    assert!(decode(&["clip.avi", "-o", "out.avi"]).complaint(5).contains("landlock ("));
    assert!(!folder.file("out.avi").exists());
    decode(&["shelf", "--out-dir", "out"]).failure(5);
    assert!(!folder.file("out/clip.avi").exists());
    without_landlock(&folder, &["decode", "clip.avi", "-o", "out.avi"]).success();
});

#[test]
fn amounts_of_memory_are_checked() {
    for memory in ["255M", "3G", "1", "half"] {
        let said = Cli::new(["list", "--memory", memory]).failure(2);
        assert!(said.contains("256M to 2G"), "{said}");
    }
    let host: Value = Cli::new(["info", "--host", "--memory", "300M"]).json(0);
    let layers = host["layers"].as_array().unwrap();
    let memory = layers.iter().find(|layer| layer["name"] == "memory").unwrap();
    assert_eq!((&memory["active"], &memory["detail"]), (&true.into(), &"RLIMIT_DATA 300 MiB".into()));
}

wine_test!(a_codec_decodes_with_little_memory, |machine| {
    let folder = Folder::new(machine);
    let clip = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/clip.avi");
    let decode = |output: &str, memory: &[&str]| {
        let clip = clip.display().to_string();
        folder.drvhost([&["decode", &clip, "-o", output], memory].concat()).success();
        std::fs::read(folder.file(output)).unwrap()
    };
    assert!(decode("all.avi", &[]) == decode("little.avi", &["--memory", "256M"]));
});
