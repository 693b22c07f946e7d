//! What is installed with a driver: sound fonts, and libraries of its own.

use drvhost_tests::*;
use serde_json::json;

/// What lies in the store's folder of drivers.
fn stored(folder: &Folder) -> Vec<String> {
    let stored =
        std::fs::read_dir(folder.file(&format!(".local/share/drvhost/drivers/{}", folder.machine())));
    let mut names: Vec<_> =
        stored.unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

spy_test!(files_that_are_installed_with_a_synth_are_found_beside_it, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("midisynth", "Synth.dll");
    folder.write("song.mid", Smf::single(500, SmfTrack::new().on(0, 0, 60, 100).end(100)).bytes());
    for (name, font) in [("gm.sf2", "gm.sf2"), ("banks", r"banks\low\drums.sf2")] {
        if name == "banks" {
            std::fs::create_dir_all(folder.file("banks/low")).unwrap();
        }
        folder.write(&font.replace('\\', "/"), [0x7F, 0x7F]);
        let install = |more: &[&str]| {
            folder.drvhost([&["install", "./Synth.dll", "--param", &format!("font={font}")], more].concat())
        };
        let play = || folder.drvhost(["play", "song.mid", "--driver", "midi", "-o", "out.wav"]);
        let done = install(&[]).json(0);
        assert_eq!(done.get("with"), None, "{done}");
        let said = play().failure(4);
        let expected = format!(r"Synth.dll found no C:\windows\system32\{font}; ");
        assert!(said.contains(&expected) && said.contains("--with FILE"), "{said}");
        // A driver that is installed gets it as well.
        let done = install(&["--with", name]).json(0);
        assert_eq!((&done["alias"], &done["with"]), (&json!("midi"), &json!([name])));
        let said = play().success();
        assert!(!said.contains("found no"), "{said}");
        assert_eq!(stored(&folder), ["Synth.dll", "synth.dll.files"]);
        let _ = folder.drvhost(["remove", "midi"]).success();
        assert!(stored(&folder).is_empty());
        let said = install(&["--with", name]).success();
        assert!(said.contains(&format!("it finds beside itself: {name}")), "{said}");
        let _ = play().success();
        let _ = folder.drvhost(["remove", "midi"]).success();
    }
});

spy_test!(libraries_that_are_installed_with_a_driver_are_loaded, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("companions", "apart.dll");
    let install =
        |more: &[&str]| folder.drvhost([&["install", "./apart.dll", "--alias", "vidc.part"], more].concat());
    let complaint = install(&[]).complaint(4);
    assert!(complaint.contains("tonebase.dll!"), "{complaint}");
    let libraries = std::fs::read_dir(driver(machine, "companions").parent().unwrap()).unwrap().flatten();
    let libraries = libraries.map(|entry| entry.path().display().to_string());
    let with: Vec<_> = libraries
        .filter(|path| path.ends_with(".dll") && path.contains("/tone"))
        .flat_map(|path| ["--with".to_owned(), path])
        .collect();
    let _ = install(&with.iter().map(String::as_str).collect::<Vec<_>>()).success();
    let load = format!("{COMPANIONS_LOAD:#x}");
    assert_eq!(folder.drvhost(["send", "vidc.part", &load, "0", "0"]).success(), "0\n");
});

spy_test!(an_install_that_fails_leaves_no_files, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("settings", "settings.dll");
    folder.write("a.dat", "a");
    let install = |alias: &str, more: &[&str]| {
        folder.drvhost([&["install", "./settings.dll", "--alias", alias, "--with", "a.dat"], more].concat())
    };
    // The first one finds no registry, later ones do.
    for _ in 0..2 {
        let complaint = install("vidc.a", &["--with", "nowhere"]).complaint(2);
        assert!(complaint.contains("nowhere"), "{complaint}");
        assert!(stored(&folder).is_empty());
        let _ = install("vidc.a", &["--param", "install=0"]).complaint(4);
        assert!(stored(&folder).is_empty());
        folder.copy_driver("spy", "spy.dll");
        let _ = folder.drvhost(["install", "./spy.dll", "--alias", "vidc.spy"]).success();
        let _ = folder.drvhost(["remove", "vidc.spy"]).success();
    }
    let complaint = install("vidc.a", &["--with", "/dev/zero"]).complaint(2);
    assert!(complaint.contains("/dev/zero: it is no regular file"), "{complaint}");
    // Neither a copy of itself, nor one without an end.
    let complaint = install("vidc.a", &["--with", &folder.path().display().to_string()]).complaint(2);
    assert!(complaint.contains("it holds the place that it would be copied to"), "{complaint}");
    std::fs::create_dir(folder.file("banks")).unwrap();
    std::os::unix::fs::symlink("..", folder.file("banks/up")).unwrap();
    let complaint = install("vidc.a", &["--with", "banks"]).complaint(2);
    assert!(complaint.contains("banks/up: it is a link to a folder"), "{complaint}");
    assert!(stored(&folder).is_empty());
});
