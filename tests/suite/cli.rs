//! The command: what it prints, and how it ends.

mod info;
mod machine;
mod run;
mod sandbox;
mod send;
mod trace;
mod wrong_input;

use drvhost_tests::*;
use serde_json::Value;

/// Checks that a JSON object has these fields and no others.
fn has_fields(object: &Value, names: &[&str]) {
    let mut expected: Vec<_> = names.to_vec();
    expected.sort_unstable();
    let present: Vec<_> = object.as_object().expect("an object").keys().collect();
    assert_eq!(present, expected);
}

#[test]
fn version_is_the_packages() {
    assert_eq!(Cli::new(["--version"]).success(), format!("drvhost {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_lists_every_command_option_and_exit_code() {
    let help = Cli::new(["--help"]).success();
    let commands = [
        "info",
        "list",
        "send",
        "run",
        "synth",
        "trace",
        "decode",
        "play",
        "install",
        "remove",
        "configure",
        "import",
        "completions",
        "man",
    ];
    for word in commands.iter().map(|command| format!("\n  {command} ")) {
        assert!(help.contains(&word), "{word:?} in {help}");
    }
    let options = [
        "--deadline",
        "--trace",
        "--driver-path",
        "--machine",
        "--json",
        "--quirk",
        "--require-sandbox",
        "--memory",
        "--verbose",
        "--version",
    ];
    let quirks = ["acm-natural", "acm-packed", "hidden-instance"];
    for word in options.iter().chain(&quirks) {
        assert!(help.contains(word), "{word} in {help}");
    }
    for code in 0..=6 {
        assert!(help.contains(&format!("\n  {code}  ")), "{code} in {help}");
    }
    for command in commands {
        assert!(Cli::new([command, "--help"]).success().contains("Usage: drvhost"), "{command}");
    }
}

#[test]
fn wrong_arguments_are_usage_errors() {
    let wrong: &[&[&str]] = &[
        &[],
        &["frobnicate"],
        &["list", "more"],
        &["--frobnicate", "list"],
        &["info"],
        &["send"],
        &["send", "vidc.cvid"],
        &["send", "vidc.cvid", "DRV_NONSENSE"],
        &["send", "vidc.cvid", "-5"],
        &["send", "vidc.cvid", "5", "five"],
        &["send", "vidc.cvid", "5", "1", "2", "3"],
        &["send", "vidc.cvid", "5", "9223372036854775808"],
        &["run"],
        &["run", "vidc.cvid", "--policy", "vista"],
        &["decode"],
        &["--deadline", "soon", "list"],
        &["--deadline", "-1s", "list"],
        &["--quirk", "none", "list"],
        &["--machine", "arm64", "list"],
    ];
    for arguments in wrong {
        let complaint = Cli::new(*arguments).failure(2);
        assert!(complaint.contains("--help") || complaint.contains("Usage"), "{arguments:?}: {complaint}");
        assert!(!complaint.contains("panicked"), "{arguments:?}: {complaint}");
    }
}

spy_test!(global_options_go_before_and_after_the_command, |machine: X86_64| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let options: &[&[&str]] = &[
        &["--deadline", "10s"],
        &["--deadline", "0"],
        &["--trace", "trace"],
        &["--driver-path", "."],
        &["--driver-path", ".", "--driver-path", "/"],
        &["--quirk", "acm-natural"],
        &["--quirk", "acm-packed", "--quirk", "hidden-instance"],
        &["--machine", "x86_64"],
        &["--json"],
        &["-v"],
        &["-vv"],
    ];
    for option in options {
        let command: &[&str] = &["send", "./spy.dll", "0x7000", "5", "3"];
        let before = folder.drvhost([*option, command].concat()).success();
        let after = folder.drvhost([command, *option].concat()).success();
        let expected = if option[0] == "--json" { "{\"result\":6}\n" } else { "6\n" };
        assert_eq!((before.as_str(), after.as_str()), (expected, expected), "{option:?}");
    }
});

#[test]
fn a_driver_path_that_is_no_directory_is_a_usage_error() {
    let complaint = Cli::new(["list", "--driver-path", "nowhere"]).complaint(2);
    assert!(complaint.contains("nowhere") && complaint.contains("--driver-path"), "{complaint}");
}

spy_test!(a_trace_that_cannot_be_made_ends_before_the_driver_is_opened, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let complaint = folder.drvhost(["send", "./spy.dll", "0x7000", "--trace", "nowhere/trace"]).complaint(2);
    assert!(complaint.contains("nowhere/trace"), "{complaint}");
});

spy_test!(errors_are_one_line_of_json_on_request, || {
    let output = Cli::new(["send", "./nothing.dll", "5", "--json"]).output();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    has_fields(&error, &["error", "blame", "advice"]);
    assert_eq!(error["blame"], "usage");
    assert!(error["error"].as_str().unwrap().contains("nothing.dll"), "{error}");
});

spy_test!(a_reader_who_has_seen_enough_is_no_error, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let commands: &[&[&str]] =
        &[&["list", "--driver-path", "."], &["info", "./spy.dll"], &["send", "./spy.dll", "0x7000"]];
    for command in commands {
        for json in [false, true] {
            let mut run = folder.drvhost(command.iter().copied().chain(json.then_some("--json"))).unread();
            let output = run.output();
            assert_eq!(output.status.code(), Some(0), "{command:?}: {output:?}");
            assert!(output.stderr.is_empty(), "{command:?}: {output:?}");
        }
    }
});
