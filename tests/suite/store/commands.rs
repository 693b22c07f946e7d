//! `drvhost install`, `remove`, `configure`, `import`, `list`, `completions` and `man`.

use drvhost_tests::*;
use serde_json::{Value, json};

/// A folder with the driver that has settings. The command takes it for the user's home.
fn folder(machine: Machine) -> Folder {
    let folder = Folder::new(machine);
    folder.copy_driver("settings", "settings.dll");
    folder
}

/// What `list` says of the store: alias, machine and file of each.
fn installed(folder: &Folder) -> Vec<[Value; 3]> {
    let list = folder.drvhost(["list", "--json"]).output().stdout;
    let list: Value = serde_json::from_slice(&list).unwrap();
    let own = list.as_array().unwrap().iter().filter(|entry| entry["source"] == "installed");
    own.map(|entry| ["alias", "machine", "file"].map(|field| entry[field].clone())).collect()
}

spy_test!(what_is_installed_is_found_by_every_command, |machine| {
    let folder = folder(machine);
    let install = ["install", "./settings.dll", "--alias", "vidc.sets", "--param", "open=77 x"];
    let done = folder.drvhost(install).json(0);
    let file = folder.file(&format!(".local/share/drvhost/drivers/{machine}/settings.dll"));
    let expected = json!({
        "alias": "vidc.sets", "value": "settings.dll open=77 x", "machine": machine, "file": file, "answer": "ok", "configurable": true,
    });
    assert_eq!(done, expected);
    assert_eq!(installed(&folder), [[json!("vidc.sets"), json!(machine), json!(file)]]);
    std::fs::remove_file(folder.file("settings.dll")).unwrap();
    assert_eq!(folder.drvhost(["send", "VIDC.sets", "0x7000", "5", "3"]).success(), "6\n");
    assert_eq!(folder.drvhost(["info", "vidc.sets"]).json(0)["file"], json!(file));
    let ask = folder.drvhost(["configure", "vidc.sets", "--query"]).json(0);
    assert_eq!(ask, json!({"dialog": true, "answer": null}));
    let said = folder.drvhost(["configure", "vidc.sets", "-v"]).output();
    assert_eq!(String::from_utf8_lossy(&said.stdout), "configured\n");
    assert!(String::from_utf8_lossy(&said.stderr).contains("alias=vidc.sets"), "{said:?}");
    let again = folder.drvhost(["install", file.to_str().unwrap(), "--alias", "vidc.sets"]).complaint(2);
    assert!(again.contains("is installed already, as `settings.dll open=77 x`"), "{again}");
    let removed = folder.drvhost(["remove", "vidc.sets"]).json(0);
    let expected = json!({
        "alias": "vidc.sets", "value": "settings.dll open=77 x", "machine": machine, "told": true, "restart": false, "reason": null,
    });
    assert_eq!(removed, expected);
    assert!(installed(&folder).is_empty());
    let complaint = folder.drvhost(["remove", "vidc.sets"]).complaint(2);
    assert!(complaint.contains("no driver is installed as `vidc.sets`"), "{complaint}");
});

spy_test!(both_widths_have_entries_of_their_own, || {
    let folder = Folder::default();
    for machine in Machine::ALL {
        let file = driver(machine, "spy");
        let _ = folder.drvhost(["install", file.to_str().unwrap(), "--alias", "vidc.spy"]).success();
    }
    let machines: Vec<_> = installed(&folder).into_iter().map(|[_, machine, _]| machine).collect();
    assert_eq!(machines, ["x86_64", "i386"]);
    let complaint = folder.drvhost(["remove", "vidc.spy"]).complaint(2);
    assert!(complaint.contains("for i386 and for x86_64") && complaint.contains("--machine"), "{complaint}");
    let _ = folder.drvhost(["remove", "vidc.spy", "--machine", "x86_64"]).success();
    assert_eq!(folder.drvhost(["info", "vidc.spy"]).json(0)["machine"], "i386");
});

spy_test!(a_driver_that_cancels_is_a_drivers_refusal, |machine| {
    let folder = folder(machine);
    let install =
        |answer: &str| folder.drvhost(["install", "./settings.dll", "--alias", "vidc.a", "--param", answer]);
    let complaint = install("install=0").complaint(4);
    assert_eq!(complaint, "drvhost: driver: settings.dll refused DRV_INSTALL: it answered DRVCNF_CANCEL\n");
    assert!(installed(&folder).is_empty());
    let said = install("install=2 query=0").success();
    assert!(said.contains("it takes effect in the next session"), "{said}");
    let said = folder.drvhost(["configure", "vidc.a", "--query"]).failure(1);
    assert_eq!(said, "");
});

spy_test!(what_cannot_be_installed_is_said, |machine| {
    let folder = folder(machine);
    folder.copy_driver("settings", "two words.dll");
    folder.copy_driver("nodriverproc", "none.dll");
    let complaint =
        |code, arguments: &[&str]| folder.drvhost(["install"].iter().chain(arguments)).complaint(code);
    assert!(complaint(2, &["./settings.dll"]).contains("`--alias NAME` says it"));
    assert!(complaint(2, &["./two words.dll", "--alias", "a"]).contains("ends at the first space"));
    assert!(complaint(2, &["./settings.dll", "--alias", "a b"]).contains("`a b` cannot be installed"));
    assert!(complaint(2, &["./nothing.dll", "--alias", "a"]).contains("nothing.dll"));
    assert!(complaint(4, &["./none.dll", "--alias", "a"]).contains("exports no DriverProc"));
    let other = if machine == Machine::I386 { "x86_64" } else { "i386" };
    if machine == Machine::X86_64 {
        assert!(
            complaint(2, &["./settings.dll", "--alias", "a", "--machine", other]).contains("was asked for")
        );
    }
    assert!(installed(&folder).is_empty());
    // Another file of the same name must not take its place.
    let _ = folder.drvhost(["install", "./settings.dll", "--alias", "a"]).success();
    folder.copy_driver("spy", "settings.dll");
    assert!(complaint(2, &["./settings.dll", "--alias", "b"]).contains("installed already, as `a`"));
});

wine_test!(codecs_get_the_alias_that_goes_with_them, |machine| {
    // Under a name that nobody knows a video codec says its code itself.
    for (file, copy, alias) in [
        ("iccvid.dll", "iccvid.dll", "vidc.cvid"),
        ("iccvid.dll", "own.dll", "vidc.cvid"),
        ("msadp32.acm", "msadp32.acm", "msacm.msadpcm"),
        ("msadp32.acm", "Own.acm", "msacm.own"),
    ] {
        let folder = Folder::new(machine);
        let known = folder.drvhost(["info", file, "--deadline", "30s"]).json(0);
        std::fs::copy(known["file"].as_str().unwrap(), folder.file(copy)).unwrap();
        let done = folder.drvhost(["install", &format!("./{copy}"), "--deadline", "30s"]).json(0);
        assert_eq!((&done["alias"], &done["value"]), (&json!(alias), &json!(copy)));
    }
});

spy_test!(a_driver_for_the_other_machine_is_not_installed, |machine: X86_64| {
    let arguments = ["install", "./settings.dll", "--alias", "a", "--machine", "i386"];
    let complaint = folder(machine).drvhost(arguments).complaint(2);
    assert!(complaint.contains("a driver for i386 was asked for"), "{complaint}");
});

spy_test!(a_reg_file_and_a_system_ini_are_brought_over, |machine: X86_64| {
    let folder = folder(machine);
    folder.write(
        "codecs.reg",
        "REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\Software\\Microsoft\\Windows NT\\CurrentVersion\\Drivers32]\r\n\
         \"vidc.sets\"=\"settings.dll open=77\"\r\n\"vidc.none\"=\"none.dll\"\r\n",
    );
    let done = folder.drvhost(["import", "--reg", "codecs.reg"]).json(0);
    let expected = json!([
        {"alias": "vidc.none", "value": "none.dll", "machine": null, "imported": false,
         "reason": "there is no file `none.dll` where drivers were looked for"},
        {"alias": "vidc.sets", "value": "settings.dll open=77", "machine": "x86_64", "imported": true, "reason": null},
    ]);
    assert_eq!(done, expected);
    assert_eq!(folder.drvhost(["send", "vidc.sets", "0x7000", "5", "3"]).success(), "6\n");
    folder.write("system.ini", "[drivers32]\nmsacm.sets=settings.dll\n");
    let said = folder.drvhost(["import", "--system-ini", "system.ini"]).success();
    assert_eq!(said, "imported msacm.sets for x86_64, `settings.dll`\n");
    assert_eq!(folder.drvhost(["import", "--system-ini", "system.ini"]).json(1)[0]["imported"], json!(false));
    folder.write("bad.reg", "REGEDIT4\n[HKLM\\a]\nnonsense\n");
    let complaint = folder.drvhost(["import", "--reg", "bad.reg"]).complaint(2);
    assert!(complaint.contains("bad.reg: line 3: "), "{complaint}");
    for wrong in [&["import"][..], &["import", "--reg", "a", "--system-ini", "b"]] {
        let _ = folder.drvhost(wrong).failure(2);
    }
});

spy_test!(a_wine_prefix_is_brought_over, |machine| {
    let folder = folder(machine);
    let system32 = folder.file("prefix/drive_c/windows/system32");
    std::fs::create_dir_all(&system32).unwrap();
    std::fs::rename(folder.file("settings.dll"), system32.join("Settings.dll")).unwrap();
    folder.write(
        "prefix/system.reg",
        "WINE REGISTRY Version 2\n;; All keys relative to \\\\Machine\n\n#arch=win64\n\n\
         [Software\\\\Microsoft\\\\Windows NT\\\\CurrentVersion\\\\Drivers32] 1700000000\n#time=1da\n\"vidc.sets\"=\"settings.dll open=77\"\n",
    );
    let said = folder.drvhost(["import", "--wine-prefix", "prefix"]).success();
    assert_eq!(said, format!("imported vidc.sets for {machine}, `Settings.dll open=77`\n"));
    std::fs::remove_dir_all(folder.file("prefix")).unwrap();
    assert_eq!(folder.drvhost(["send", "vidc.sets", "0x7000", "5", "3"]).success(), "6\n");
});

spy_test!(an_entry_whose_driver_is_gone_is_listed_without_a_machine, |machine| {
    let folder = folder(machine);
    let done = folder.drvhost(["install", "./settings.dll", "--alias", "vidc.sets"]).json(0);
    std::fs::remove_file(done["file"].as_str().unwrap()).unwrap();
    assert_eq!(installed(&folder), [[json!("vidc.sets"), Value::Null, done["file"].clone()]]);
});

#[test]
fn variables_say_where_the_store_is_and_a_damaged_one_is_named_with_its_line() {
    let folder = Folder::default();
    std::fs::create_dir_all(folder.file("config/drvhost")).unwrap();
    folder.write("config/drvhost/drivers.reg", "REGEDIT4\n\nnonsense\n");
    let list = |variable: &str| folder.drvhost(["list"]).env(variable, folder.file("config")).output();
    assert_ne!(list("XDG_DATA_HOME").status.code(), Some(2));
    let complaint = String::from_utf8(list("XDG_CONFIG_HOME").stderr).unwrap();
    assert!(complaint.contains("config/drvhost/drivers.reg: line 3: "), "{complaint}");
    assert_eq!(folder.names(), ["config"], "looking makes nothing");
}

#[test]
fn the_manual_and_the_completions_are_about_every_command() {
    let folder = Folder::default();
    let help = folder.drvhost(["--help"]).success();
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let commands: Vec<_> = commands
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .collect();
    let commands: Vec<_> =
        commands.iter().filter_map(|line| line.split(' ').next()).filter(|name| *name != "help").collect();
    assert!(commands.contains(&"install") && commands.contains(&"decode"), "{commands:?}");
    let pages = folder.drvhost(["man", "man"]).json(0);
    let mut expected = vec!["man/drvhost.1".to_owned()];
    expected.extend(commands.iter().map(|command| format!("man/drvhost-{command}.1")));
    assert_eq!(pages, json!({ "pages": expected }));
    for page in expected {
        let text = String::from_utf8(folder.read(&page)).unwrap();
        assert!(text.contains(".SH SYNOPSIS") && text.contains("deadline"), "{page}: {text}");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = folder.drvhost(["completions", shell]).success();
        for word in commands.iter().chain(&["wine-prefix", "alias"]) {
            assert!(script.contains(word), "{shell}: {word}");
        }
        assert_eq!(folder.drvhost(["completions", shell]).json(0)["shell"], shell);
    }
    let _ = folder.drvhost(["completions", "cmd"]).failure(2);
    folder.write("taken", "");
    let complaint = folder.drvhost(["man", "taken"]).complaint(5);
    assert!(complaint.contains("taken"), "{complaint}");
}
