//! `drvhost state`, and settings for what is encoded.

use super::*;

use serde_json::json;

/// VirtualDub's settings with these for the codec.
fn script(call: &str) -> String {
    format!(
        "VirtualDub.audio.SetMode(0);\r\nVirtualDub.video.SetCompression(0x6e616c70,0,10000,0);\r\n{call}\r\n"
    )
}

spy_test!(state_is_shown_and_saved, |machine| {
    let folder = Folder::new(machine);
    let coder = driver(machine, "coder").display().to_string();
    let said = folder.drvhost(["state", "show", &coder]).json(0);
    assert_eq!((&said["bytes"], &said["first"]), (&json!(8), &json!("757375616c6c7900")), "{said}");
    let text = folder.drvhost(["state", "show", &coder]).success();
    assert!(
        text.starts_with("coder.dll: 8 bytes of settings\nblake3 ") && text.contains("usually."),
        "{text}"
    );
    folder.drvhost(["state", "save", &coder, "settings"]).success();
    assert_eq!(folder.read("settings"), b"usually\0");
    // A codec that has none.
    let other = driver(machine, "vfw").display().to_string();
    let said = folder.drvhost(["state", "show", &format!("{other}:spyc")]).output();
    assert_eq!(
        (said.status.code(), said.stdout.as_slice()),
        (Some(1), b"vfw.dll hands out no settings\n".as_slice())
    );
    let said = folder.drvhost(["state", "save", &format!("{other}:spyc"), "none"]).output();
    assert!(said.status.code() == Some(1) && !folder.file("none").exists());
});

spy_test!(state_is_loaded_and_kept_if_the_driver_keeps_it, |machine| {
    let folder = Folder::new(machine);
    let coder = driver(machine, "coder").display().to_string();
    folder.write("settings", b"otherwis");
    for (code, kept) in [("plan", false), ("kept", true)] {
        let named = format!("{coder}:{code}");
        let said = folder.drvhost(["state", "load", &named, "settings"]).json(0);
        assert_eq!(
            (&said["bytes"], &said["same"], &said["kept"]),
            (&json!(8), &json!(true), &json!(kept)),
            "{said}"
        );
        let now = folder.drvhost(["state", "show", &named]).json(0)["first"].clone();
        assert_eq!(now == json!("6f74686572776973"), kept, "{now}");
    }
    let text = folder.drvhost(["state", "load", &coder, "settings"]).success();
    assert!(text.contains("took 8 bytes, hands out the same, and does not keep them"), "{text}");
    folder.write("settings", b"short");
    let said = folder.drvhost(["state", "load", &coder, "settings"]).complaint(4);
    assert!(
        said.contains("coder.dll refused ICM_SETSTATE: it answered that it uses none of the 5 bytes"),
        "{said}"
    );
    folder.write("settings", b"");
    assert!(
        folder
            .drvhost(["state", "load", &coder, "settings"])
            .complaint(2)
            .contains("there are no settings in it")
    );
    assert!(folder.drvhost(["state", "load", &coder, "nothing"]).complaint(2).contains("nothing"));
});

spy_test!(what_is_encoded_has_the_settings_of_a_file, |machine| {
    let folder = Folder::new(machine);
    film(&folder, "in.avi", &[1, 2]);
    folder.write("settings", b"otherwis");
    folder.write("settings.vcf", script("VirtualDub.video.SetCompData(8,\"b3RoZXJ3aXM=\");"));
    for (more, expected) in [
        (&["--state", "settings"][..], b"otherwis"),
        (&["--state", "settings.vcf"], b"otherwis"),
        (&[], b"usually\0"),
    ] {
        let (_, frames) = encode(&folder, "plan", more);
        assert!(frames.iter().all(|frame| frame.bytes[4..12] == *expected), "{more:?} {frames:?}");
    }
    folder.write("settings.vcf", script("VirtualDub.video.SetMode(3);"));
    let said = command(&folder, "plan", &["--state", "settings.vcf"]).complaint(2);
    assert!(said.contains("name no settings of a codec"), "{said}");
});
