//! Synths at the command line: what they are said to be, and how they are installed.

use serde_json::json;

use super::*;

spy_test!(info_lists_devices, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("midisynth", "synth.dll");
    let info = folder.drvhost(["info", "./synth.dll"]).json(0);
    assert_eq!(
        (&info["class"], &info["opens"], &info["doubts"]),
        (&json!("wavemidi"), &json!(true), &json!([]))
    );
    let first = json!({
        "entry": "modMessage", "number": 0, "name": "Test Synth \u{266b}", "manufacturer": 0x7A5E, "product": 1, "version": "2.3",
        "technology": "software synth", "voices": 64, "notes": 64, "channels": 0xFFFF, "support": 3,
    });
    assert_eq!(info["devices"][0], first);
    let names: Vec<_> =
        info["devices"].as_array().unwrap().iter().map(|device| device["name"].clone()).collect();
    assert_eq!(names, ["Test Synth \u{266b}", "Test Synth, alone", "Test Wave", "Test Aux"]);
    let text = folder.drvhost(["info", "./synth.dll"]).success();
    for line in [
        "  class       wave or MIDI driver",
        "  devices     midi 0  Test Synth \u{266b}: software synth, 64 voices, 64 notes, volume, volume of each side",
        "              midi 1  Test Synth, alone: ",
        "              wave 0  Test Wave: 2 channels",
        "              aux 0  Test Aux",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
});

spy_test!(info_says_what_is_doubtful, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("nastysynth", "nasty.dll");
    let info = folder.drvhost(["info", "./nasty.dll"]).json(0);
    let doubt = "MODM_GETDEVCAPS of device 0 is answered with success, and nothing is filled in";
    assert_eq!((&info["class"], &info["doubts"]), (&json!("wavemidi"), &json!([doubt])));
    let text = folder.drvhost(["info", "./nasty.dll"]).success();
    assert!(text.contains(&format!("  doubtful    {doubt}\n")), "{text}");
    assert!(text.contains("  devices     midi 0  (no name)\n"), "{text}");
});

spy_test!(c135_synths_are_installed_as_midi_to_midi9, |machine| {
    let folder = Folder::new(machine);
    for number in 0..10 {
        let name = format!("synth{number}.dll");
        folder.copy_driver("midisynth", &name);
        let alias = if number == 0 { "midi".to_owned() } else { format!("midi{number}") };
        assert_eq!(folder.drvhost(["install", &format!("./{name}")]).json(0)["alias"], alias);
    }
    folder.copy_driver("midisynth", "synth10.dll");
    let complaint = folder.drvhost(["install", "./synth10.dll"]).complaint(2);
    assert!(complaint.contains("midi"), "{complaint}");
    let list = folder.drvhost(["list"]).json(0);
    let aliases: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .filter(|known| known["source"] == "installed")
        .map(|known| known["alias"].clone())
        .collect();
    let expected = ["midi", "midi1", "midi2", "midi3", "midi4", "midi5", "midi6", "midi7", "midi8", "midi9"];
    assert_eq!(aliases, expected);
    // By its name it is the same driver.
    let info = folder.drvhost(["info", "midi3"]).json(0);
    assert!(info["file"].as_str().unwrap().ends_with("synth3.dll"), "{info}");
    let _ = folder.drvhost(["remove", "midi3"]).success();
    assert_eq!(folder.drvhost(["install", "./synth10.dll"]).json(0)["alias"], "midi3");
});

spy_test!(c135_all_names_of_midi_drivers_are_looked_up, |machine| {
    let mut registry = drvhost::Registry::new();
    let file = driver(machine, "midisynth").display().to_string();
    for alias in ["midi9", "MIDI", "midi4", "midi10", "wave"] {
        registry.set("Drivers32", alias, &file);
    }
    let aliases: Vec<_> =
        drvhost::synth::drivers(&registry).into_iter().filter_map(|driver| driver.alias).collect();
    assert_eq!(aliases, ["MIDI", "midi4", "midi9"]);
});

spy_test!(a_synth_is_asked_whether_it_can_be_configured, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("midisynth", "synth.dll");
    folder.drvhost(["configure", "--query", "./synth.dll"]).failure(1);
    let _ = folder.drvhost(["configure", "--query", "./synth.dll configure=1"]).success();
});

spy_test!(a_sound_font_is_read_with_a_grant_and_named_without, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("midisynth", "synth.dll");
    std::fs::create_dir(folder.file("f")).unwrap();
    folder.write("f/a.sf2", [5, 6]);
    let font = folder.file("f/a.sf2").canonicalize().unwrap();
    let _ = folder.drvhost(["install", "./synth.dll"]).success();
    let store = || drvhost::Store::at(&folder.file(".config/drvhost"), &folder.file(".local/share/drvhost"));
    let open = || {
        let rig = Rig::with(machine, |builder| builder.store(store()));
        let driver = driver_file(folder.file("synth.dll"), &format!("font=Z:{}", font.display()));
        let synth = Synth::open(&rig.session, &driver).unwrap();
        let opened = synth.output(0);
        (opened.map(drop), synth.refusals(), rig)
    };
    let (refused, refusals, rig) = open();
    assert_eq!(refusal(refused.unwrap_err()).0, "MODM_OPEN");
    assert_eq!(rig.refusals().len(), 1);
    let path = format!("Z:{}", font.display()).replace('/', "\\");
    let folder_of = font.parent().unwrap().display();
    let said =
        format!("may not read a file, {path}; `drvhost install DRIVER --allow-read {folder_of}` lets it");
    assert_eq!(refusals, [said]);
    drop(rig);
    let _ = folder.drvhost(["install", "./synth.dll", "--allow-read", "f"]).success();
    let (granted, refusals, _rig) = open();
    granted.unwrap();
    assert!(refusals.is_empty());
});
