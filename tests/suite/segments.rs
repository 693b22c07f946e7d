//! 32-bit code where there is no `modify_ldt`, as under Docker's filter: its thread block is reached another way.

use std::process::Command;

use drvhost_tests::*;
use serde_json::Value;

/// Runs the command without `modify_ldt`, or as it is; answers its standard output.
fn drvhost(without_ldt: bool, folder: &Folder, arguments: &[&str]) -> String {
    let mut command = Command::new("env");
    if without_ldt {
        command = Command::new(env!("CARGO_BIN_EXE_without"));
        command.arg("ldt");
    }
    command.arg(program("drvhost")).args(arguments).current_dir(folder.path());
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn segments(without_ldt: bool) -> String {
    let said = drvhost(without_ldt, &Folder::default(), &["info", "--host", "--json"]);
    let host: Value = serde_json::from_str(&said).expect("one line of JSON");
    host["segments"].as_str().expect("a word").to_owned()
}

#[test]
fn the_host_says_which_segments_there_are() {
    assert_eq!((segments(false), segments(true)), ("ldt".to_owned(), "fsbase".to_owned()));
}

spy_test!(drivers_run_with_either_kind_of_segments, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    folder.copy_driver("seh", "seh.dll");
    for without_ldt in [false, true] {
        let send = |driver: &str, message: u32, lparams: [&str; 2]| {
            let message = format!("{message:#x}");
            drvhost(without_ldt, &folder, &[&["send", driver, &message], &lparams[..]].concat())
        };
        assert_eq!(send("./spy.dll", XOR, ["5", "3"]), "6\n");
        // The thread block is where the driver looks for it, by FS in 32 bits.
        assert_eq!(send("./seh.dll", SEH_CHAIN, ["0", "0"]), pick(machine, "-1\n", "0\n"));
        // Sleeping gives the processor away, and the segments must come back.
        assert_eq!(send("./spy.dll", SPY_SLEEP, ["20", "0"]), "20\n");
    }
});
