//! `drvhost info` and `drvhost list`.

use drvhost::DEFAULT_ALIASES;
use drvhost_tests::*;
use serde_json::{Value, json};

use super::has_fields;
use super::wrong_input::{ARM, for_machine, new_executable};

const INFO_FIELDS: &[&str] = &[
    "file",
    "machine",
    "class",
    "exports",
    "imports_unresolved",
    "imports_called",
    "opens",
    "reason",
    "fourccs",
    "format_tags",
    "devices",
    "doubts",
    "version",
];

/// Each of Wine's drivers with its class, its compressions and its format tags.
fn wine_drivers() -> [(&'static str, &'static str, Value, Value); 8] {
    [
        ("iccvid.dll", "vfw", json!(["cvid"]), json!([])),
        ("msvidc32.dll", "vfw", json!(["MSVC", "CRAM"]), json!([])),
        ("msrle32.dll", "vfw", json!(["BI_RLE8", "BI_RLE4"]), json!([])),
        ("msadp32.acm", "acm", json!([]), json!([0x02])),
        ("imaadp32.acm", "acm", json!([]), json!([0x11])),
        ("msg711.acm", "acm", json!([]), json!([0x06, 0x07])),
        ("msgsm32.acm", "acm", json!([]), json!([0x31])),
        ("l3codeca.acm", "acm", json!([]), json!([0x55, 0x50])),
    ]
}

wine_test!(info_tells_what_wines_drivers_are, |machine| {
    for (file, class, fourccs, format_tags) in wine_drivers() {
        let info = Folder::new(machine).drvhost(["info", file, "--deadline", "30s"]).json(0);
        has_fields(&info, INFO_FIELDS);
        assert!(info["file"].as_str().unwrap().ends_with(file), "{info}");
        let told = ["machine", "class", "opens", "reason", "fourccs", "format_tags", "exports"];
        let told: Vec<_> = told.iter().map(|field| info[field].clone()).collect();
        let expected = [
            json!(machine.to_string()),
            json!(class),
            json!(true),
            Value::Null,
            fourccs,
            format_tags,
            json!(["DriverProc"]),
        ];
        assert_eq!(told, expected, "{file}");
    }
});

wine_test!(info_takes_an_alias_a_name_and_a_path_alike, |machine| {
    let folder = Folder::new(machine);
    let info = |driver: &str| folder.drvhost(["info", driver, "--deadline", "30s"]).success();
    let by_alias = info("vidc.cvid");
    assert_eq!(info("iccvid.dll"), by_alias);
    assert_eq!(info(by_alias.lines().next().unwrap()), by_alias);
    for words in [machine.to_string().as_str(), "Video-for-Windows", "opens here  yes", "cvid", "DriverProc"]
    {
        assert!(by_alias.contains(words), "{words} in {by_alias}");
    }
});

wine_test!(info_of_an_audio_codec_says_tags_in_hexadecimal, |machine| {
    let info = Folder::new(machine).drvhost(["info", "msacm.msadpcm", "--deadline", "30s"]).success();
    assert!(info.contains("ACM") && info.contains("0x0002"), "{info}");
});

/// What `info` says of a file that would not open.
fn would_not_open(folder: &Folder, file: &str, machine: Value, why: &str) {
    let info = folder.drvhost(["info", file]).json(0);
    has_fields(&info, INFO_FIELDS);
    let told = ["machine", "opens", "class"].map(|field| info[field].clone());
    assert_eq!(told, [machine, json!(false), json!("other")], "{info}");
    assert!(info["reason"].as_str().unwrap().contains(why), "{info}");
    let text = folder.drvhost(["info", file]).success();
    assert!(text.contains("opens here  no: ") && text.contains(why), "{text}");
}

#[test]
fn info_says_what_is_no_driver_for_here() {
    let folder = Folder::new(Machine::X86_64);
    folder.write("arm.dll", for_machine(ARM));
    folder.write("sixteen.drv", new_executable());
    folder.write("text.txt", "What a driver is not.\n");
    would_not_open(&folder, "arm.dll", json!("arm"), "drivers for i386 and x86_64 run here");
    would_not_open(&folder, "sixteen.drv", json!("i8086"), "i8086");
    would_not_open(&folder, "text.txt", Value::Null, "not a Windows executable");
}

spy_test!(info_says_why_a_driver_would_not_open, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("load0", "load0.dll");
    would_not_open(&folder, "load0.dll", json!(machine.to_string()), "DRV_LOAD");
});

spy_test!(info_of_a_driver_of_no_class, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let info = folder.drvhost(["info", "./spy.dll"]).json(0);
    let told = ["opens", "class", "reason", "exports", "imports_unresolved"].map(|field| info[field].clone());
    assert_eq!(told, [json!(true), json!("other"), Value::Null, json!(["DriverProc"]), json!([])]);
});

spy_test!(a_driver_that_agrees_to_everything_is_no_codec, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("hostile", "hostile.dll");
    let info = folder.drvhost(["info", "./hostile.dll"]).json(0);
    assert_eq!((&info["opens"], &info["class"]), (&json!(true), &json!("other")), "{info}");
});

spy_test!(info_names_imports_that_are_not_supplied, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("hostile", "hostile.dll");
    let info = folder.drvhost(["info", "./hostile.dll"]).json(0);
    let missing = info["imports_unresolved"].as_array().unwrap();
    let names: Vec<_> = missing.iter().map(|name| name.as_str().unwrap().to_lowercase()).collect();
    assert!(names.iter().any(|name| name == "user32.dll!createacceleratortablea"), "{names:?}");
    let text = folder.drvhost(["info", "./hostile.dll"]).success();
    assert!(text.contains("CreateAcceleratorTableA"), "{text}");
});

wine_test!(list_has_every_default_alias_in_both_forms, || {
    let list = Cli::new(["list"]).json(0);
    let known = list.as_array().unwrap();
    let text = Cli::new(["list"]).success();
    assert_eq!(known.len(), DEFAULT_ALIASES.len());
    assert_eq!(text.lines().count(), known.len());
    for default in DEFAULT_ALIASES {
        let entry = known.iter().find(|entry| entry["alias"] == default.alias).unwrap();
        has_fields(entry, &["alias", "file", "machine", "source"]);
        assert_eq!((&entry["machine"], &entry["source"]), (&json!("x86_64"), &json!("wine")));
        let file = entry["file"].as_str().unwrap();
        assert!(file.ends_with(default.file), "{entry}");
        assert!(text.lines().any(|line| line.starts_with(default.alias) && line.ends_with(file)), "{text}");
    }
});

spy_test!(list_has_what_lies_in_driver_paths_and_exports_driver_proc, |machine: X86_64| {
    let folder = Folder::with_spies(machine, &["mine.dll"]);
    folder.copy_driver("nodriverproc", "not-one.dll");
    folder.write("readme.txt", "What a driver is not.\n");
    let list = folder.drvhost(["list", "--driver-path", "."]).json(0);
    let own: Vec<_> =
        list.as_array().unwrap().iter().filter(|entry| entry["source"] == "driver-path").collect();
    assert_eq!(
        own,
        [&json!({"alias": null, "file": "./mine.dll", "machine": "x86_64", "source": "driver-path"})]
    );
});
