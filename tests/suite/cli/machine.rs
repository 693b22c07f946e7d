//! Drivers for two machines: which one a name leads to, what `list` shows of them, and what a Wine prefix has.

use drvhost_tests::*;
use pe::Machine::{self, Arm, I386, X86_64};
use serde_json::{Value, json};

use super::has_fields;

/// Wine's marks on files of its own.
const BUILTIN: &str = "Wine builtin DLL";
const PLACEHOLDER: &str = "Wine placeholder DLL";

/// A file that exports DriverProc, with nothing behind it.
pub(super) fn driver_for(machine: Machine) -> Vec<u8> {
    pe::builder::Builder::new(machine).code(&[0xC3]).export("DriverProc", 0).build()
}

/// Puts one into a folder of `folder`, with Wine's mark if it has one.
fn put(folder: &Folder, name: &str, machine: Machine, mark: &str) {
    std::fs::create_dir_all(folder.file(name).parent().unwrap()).unwrap();
    let mut bytes = driver_for(machine);
    bytes[0x40..][..mark.len()].copy_from_slice(mark.as_bytes());
    folder.write(name, bytes);
}

/// Two folders with a Cinepak codec each, the 32-bit one in the first.
fn both_widths() -> Folder {
    let folder = Folder::default();
    put(&folder, "first/iccvid.dll", I386, "");
    put(&folder, "second/iccvid.dll", X86_64, "");
    folder
}

const BOTH: [&str; 4] = ["--driver-path", "first", "--driver-path", "second"];

/// What `list` says, of drivers that do not come with Wine: alias, machine, file and source of each.
fn listed(folder: &Folder, arguments: &[&str]) -> Vec<[String; 4]> {
    let list = folder.drvhost(["list"].iter().chain(arguments)).json(0);
    let own = list.as_array().unwrap().iter().filter(|entry| entry["source"] != "wine");
    let fields = |entry: &Value| {
        has_fields(entry, &["alias", "file", "machine", "source"]);
        ["alias", "machine", "file", "source"].map(|field| entry[field].as_str().unwrap_or("-").to_owned())
    };
    own.map(fields).collect()
}

#[test]
fn list_shows_both_widths_and_the_wide_one_first() {
    let folder = both_widths();
    let wide = ["vidc.cvid", "x86_64", "second/iccvid.dll", "driver-path"].map(str::to_owned);
    let narrow = ["vidc.cvid", "i386", "first/iccvid.dll", "driver-path"].map(str::to_owned);
    assert_eq!(listed(&folder, &BOTH), [wide.clone(), narrow.clone()]);
    assert_eq!(listed(&folder, &[&BOTH[..], &["--machine", "x86_64"]].concat()), [wide]);
    assert_eq!(listed(&folder, &[&BOTH[..], &["--machine", "i386"]].concat()), [narrow]);
    let text = folder.drvhost(["list"].iter().chain(&BOTH)).success();
    for words in ["x86_64  driver-path second/iccvid.dll", "i386    driver-path first/iccvid.dll"] {
        assert!(text.lines().any(|line| line.starts_with("vidc.cvid") && line.ends_with(words)), "{text}");
    }
}

#[test]
fn list_shows_files_without_an_entry_for_the_machine_that_is_wanted() {
    let folder = Folder::default();
    for (name, machine) in [("own/a.dll", I386), ("own/b.dll", X86_64), ("own/c.dll", Arm)] {
        put(&folder, name, machine, "");
    }
    put(&folder, "own/fake.dll", X86_64, PLACEHOLDER);
    let names = |arguments: &[&str]| -> Vec<String> {
        listed(&folder, arguments).into_iter().map(|[_, _, file, _]| file).collect()
    };
    assert_eq!(names(&["--driver-path", "own"]), ["own/a.dll", "own/b.dll", "own/c.dll"]);
    assert_eq!(names(&["--driver-path", "own", "--machine", "i386"]), ["own/a.dll"]);
}

#[test]
fn a_name_leads_to_the_wide_driver_unless_the_narrow_one_is_wanted() {
    let folder = both_widths();
    for name in ["vidc.cvid", "iccvid", "iccvid.dll", "VIDC.CVID"] {
        for (arguments, machine) in
            [(&[][..], "x86_64"), (&["--machine", "x86_64"], "x86_64"), (&["--machine", "i386"], "i386")]
        {
            // A file that has no code does not open, and is described all the same.
            let info = folder.drvhost(["info", name].iter().chain(&BOTH).chain(arguments)).json(0);
            assert_eq!(info["machine"], machine, "{name} {arguments:?}");
        }
    }
}

#[test]
fn a_file_for_another_machine_than_the_one_wanted_is_a_usage_error() {
    let folder = Folder::default();
    put(&folder, "narrow.dll", I386, "");
    put(&folder, "wide.dll", X86_64, "");
    folder.write("film.avi", "RIFF");
    for (file, wanted, is) in [("./narrow.dll", "x86_64", "i386"), ("./wide.dll", "i386", "x86_64")] {
        let commands: [&[&str]; 7] = [
            &["info", file],
            &["info", file.trim_start_matches("./")],
            &["send", file, "DRV_POWER"],
            &["send", file, "DRV_POWER", "--section", "Drivers32"],
            &["run", file],
            &["run", &format!("{file} with text")],
            &["decode", "film.avi", "--driver", file],
        ];
        for command in commands {
            let complaint = folder.drvhost(command.iter().chain(&["--machine", wanted])).complaint(2);
            let expected = format!("a program or driver for {is}, and a driver for {wanted} was asked for");
            assert!(
                complaint.contains(file.trim_start_matches("./")) && complaint.contains(&expected),
                "{complaint}"
            );
        }
    }
    let complaint = folder.drvhost(["info", "./wide.dll", "--machine", "arm"]).failure(2);
    assert!(complaint.contains("i386") && complaint.contains("x86_64"), "{complaint}");
}

#[test]
fn what_is_there_for_another_machine_only_is_said() {
    let folder = Folder::default();
    put(&folder, "own/mine.dll", X86_64, "");
    for command in [&["send", "mine", "DRV_POWER"][..], &["info", "mine"], &["run", "mine"]] {
        let command = [command, &["--driver-path", "own", "--machine", "i386"]].concat();
        let complaint = folder.drvhost(command).complaint(2);
        assert!(complaint.contains("own/mine.dll is a program or driver for x86_64"), "{complaint}");
    }
}

#[test]
fn nothing_for_a_machine_is_said_by_list() {
    let output = Cli::new(["list", "--machine", "i386"]).output();
    let said = String::from_utf8(output.stderr).unwrap();
    match output.status.code() {
        Some(0) => assert!(said.is_empty(), "{said}"),
        code => {
            assert_eq!(code, Some(1));
            assert!(said.contains("no driver for i386 is known here"), "{said}");
        }
    }
}

/// A Wine prefix as Wine makes it, with a codec that somebody has installed for either machine.
fn prefix(folder: &Folder, name: &str) {
    let windows = |file: &str| format!("{name}/drive_c/windows/{file}");
    put(folder, &windows("system32/iccvid.dll"), X86_64, PLACEHOLDER);
    put(folder, &windows("system32/msrle32.dll"), X86_64, "");
    put(folder, &windows("system32/mciavi32.dll"), X86_64, BUILTIN);
    put(folder, &windows("syswow64/iccvid.dll"), I386, "");
    put(folder, &windows("syswow64/installed.dll"), I386, "");
}

#[test]
fn a_wine_prefix_is_searched_and_its_placeholders_are_not_offered() {
    let folder = Folder::default();
    prefix(&folder, ".wine");
    let usual = folder.file(".wine/drive_c/windows").display().to_string();
    let expected = |windows: &str| {
        let line = |alias: &str, machine: &str, file: &str| {
            [alias, machine, &format!("{windows}/{file}"), "prefix"].map(str::to_owned)
        };
        let mut expected = vec![
            line("vidc.cvid", "i386", "syswow64/iccvid.dll"),
            line("vidc.mrle", "x86_64", "system32/msrle32.dll"),
            line("-", "i386", "syswow64/installed.dll"),
        ];
        expected.sort();
        expected
    };
    let sorted = |mut list: Vec<_>| {
        list.sort();
        list
    };
    assert_eq!(sorted(listed(&folder, &[])), expected(&usual));
    // The one that is set counts alone.
    prefix(&folder, "other");
    let set = folder.file("other");
    let list = folder.drvhost(["list"]).env("WINEPREFIX", &set).json(0);
    let files: Vec<_> = list.as_array().unwrap().iter().filter(|entry| entry["source"] == "prefix").collect();
    assert_eq!(files.len(), 3);
    let below = |entry: &&Value| entry["file"].as_str().unwrap().starts_with(set.to_str().unwrap());
    assert!(files.iter().all(below), "{list}");
}

#[test]
fn an_installed_driver_comes_before_wines_own_and_after_the_callers() {
    let folder = Folder::default();
    prefix(&folder, ".wine");
    let found = |arguments: &[&str]| {
        let info = folder.drvhost(["info", "vidc.mrle"].iter().chain(arguments)).json(0);
        info["file"].as_str().unwrap().to_owned()
    };
    assert!(found(&[]).ends_with(".wine/drive_c/windows/system32/msrle32.dll"), "{}", found(&[]));
    put(&folder, "own/msrle32.dll", X86_64, "");
    assert_eq!(found(&["--driver-path", "own"]), "own/msrle32.dll");
}

#[test]
fn info_of_the_host_says_what_a_worker_gets() {
    let host = Cli::new(["info", "--host"]).json(0);
    has_fields(&host, &["layers", "segments"]);
    assert!([json!("ldt"), json!("fsbase")].contains(&host["segments"]), "{host}");
    let layers = host["layers"].as_array().unwrap();
    layers.iter().for_each(|layer| has_fields(layer, &["name", "active", "detail"]));
    let names: Vec<_> = layers.iter().map(|layer| layer["name"].as_str().unwrap()).collect();
    assert_eq!(names, LAYERS);
    let text = Cli::new(["info", "--host"]).success();
    let segments = format!("segments  {}: ", host["segments"].as_str().unwrap());
    assert!(text.lines().any(|line| line.starts_with(&segments)), "{text}");
    assert!(names.iter().all(|name| text.contains(name)), "{text}");
    let fixed = Cli::new(["info", "--host", "--fixed-addresses"]).json(0);
    let of = |host: &Value| host["layers"].as_array().unwrap().last().unwrap()["active"].clone();
    assert_eq!((of(&host), of(&fixed)), (json!(true), json!(false)));
    let complaint = Cli::new(["info", "--host", "vidc.cvid"]).failure(2);
    assert!(complaint.contains("--host"), "{complaint}");
}
