//! What traces say of shims, and `drvhost trace summary`.

use drvhost_tests::*;
use serde_json::{Value, json};

/// As the driver spells it.
const MISSING: &str = "USER32.dll!CreateAcceleratorTableA";

/// A folder with a driver, and the trace of messages to it.
fn traced(machine: Machine, driver: &str, message: u32, parameter: &str) -> Folder {
    let folder = Folder::new(machine);
    folder.copy_driver(driver, "driver.dll");
    folder.drvhost(["send", "./driver.dll", &message.to_string(), parameter, "--trace", "t.jsonl"]).output();
    folder
}

fn summary(folder: &Folder) -> Value {
    folder.drvhost(["trace", "summary", "t.jsonl"]).json(0)
}

/// What a list of a summary's says of something by its name.
fn find<'v>(summary: &'v Value, list: &str, key: &str, name: &str) -> &'v Value {
    let found = summary[list].as_array().unwrap().iter().find(|entry| entry[key] == name);
    found.unwrap_or_else(|| panic!("no {name} among the {list} of {summary}"))
}

spy_test!(a_summary_says_which_messages_and_shims_a_run_called, |machine| {
    let folder = traced(machine, "spy", SPY_SLEEP, "20");
    let summary = summary(&folder);
    assert_eq!(summary["drivers"], json!(["driver.dll"]));
    let sleep = find(&summary, "messages", "message", &format!("{SPY_SLEEP:#x}"));
    assert_eq!((&sleep["count"], &sleep["answered"]), (&json!(1), &json!(1)), "{sleep}");
    assert!(sleep["median_us"].as_u64().unwrap() >= 20_000, "{sleep}");
    assert_eq!(find(&summary, "messages", "message", "DRV_OPEN")["count"], json!(1));
    let shim = find(&summary, "shims", "name", "kernel32.dll!Sleep");
    assert_eq!(shim["calls"], json!(1), "{shim}");
    assert!(shim["total_ns"].as_u64().unwrap() >= 20_000_000, "{shim}");
    let times = summary["shims"].as_array().unwrap().iter().map(|shim| shim["total_ns"].as_u64().unwrap());
    assert!(times.is_sorted_by(|longer, shorter| longer >= shorter), "{summary}");
    let text = folder.drvhost(["trace", "summary", "t.jsonl"]).success();
    assert!(text.lines().any(|line| line.starts_with("kernel32.dll!Sleep ")), "{text}");
});

spy_test!(a_summary_names_what_failed_and_what_is_not_supplied, |machine| {
    let folder = traced(machine, "hostile", HOSTILE_UNSUPPLIED, "0");
    let told = summary(&folder);
    assert_eq!(told["unresolved"], json!([{"name": MISSING, "calls": 1, "drivers": ["driver.dll"]}]));
    let message = find(&told, "messages", "message", &format!("{HOSTILE_UNSUPPLIED:#x}"));
    assert_eq!(message["faulted"], json!(1), "{message}");
    let folder = traced(machine, "hostile", HOSTILE_CREATE_FILE, "0");
    let refused = summary(&folder);
    let refusal = find(&refused, "refusals", "name", "kernel32.dll!CreateFileA");
    assert_eq!(refusal["calls"], json!(1));
    assert_ne!(refusal["error"], json!(0));
    assert_eq!(find(&refused, "shims", "name", "kernel32.dll!CreateFileA")["failures"], json!(1));
});

spy_test!(a_summary_counts_the_errors_that_functions_answer, |machine| {
    let told = summary(&traced(machine, "registry", REGISTRY_GET, "5"));
    let shim = find(&told, "shims", "name", "advapi32.dll!RegOpenKeyExA");
    assert_eq!((&shim["calls"], &shim["failures"]), (&json!(1), &json!(1)), "{told}");
    let refusal = find(&told, "refusals", "name", "advapi32.dll!RegOpenKeyExA");
    assert_eq!((&refusal["error"], &refusal["calls"]), (&json!(2), &json!(1)), "{told}");
});

spy_test!(a_summary_counts_what_32_bit_code_calls_without_leaving_its_mode, |machine| {
    let told = summary(&traced(machine, "mixed", MIXED_SUM, "3"));
    let shim = find(&told, "shims", "name", "ucrtbase.dll!strlen");
    assert_eq!((&shim["calls"], &shim["failures"]), (&json!(3), &json!(0)), "{shim}");
});

spy_test!(info_names_first_what_a_run_called, |machine| {
    let folder = traced(machine, "hostile", HOSTILE_UNSUPPLIED, "0");
    let before = folder.drvhost(["info", "./driver.dll"]).json(0);
    assert_eq!(before["imports_called"], json!([]), "looking at it calls none of them");
    let after = folder.drvhost(["info", "./driver.dll", "--called-in", "t.jsonl"]).json(0);
    assert_eq!(
        (&after["imports_called"], &after["imports_unresolved"][0]),
        (&json!([MISSING]), &json!(MISSING))
    );
    let text = folder.drvhost(["info", "./driver.dll", "--called-in", "t.jsonl"]).success();
    assert!(text.contains(&format!("{MISSING} (called)")), "{text}");
});

spy_test!(info_ranks_imports_of_the_file_that_the_run_was_of, |machine| {
    let [copy, create, destroy] =
        ["CopyAcceleratorTableA", "CreateAcceleratorTableA", "DestroyAcceleratorTable"]
            .map(|function| format!("USER32.dll!{function}"));
    let folder = traced(machine, "lacking", LACKING_CALL, "2");
    let info = |file: &str| folder.drvhost(["info", file, "--called-in", "t.jsonl"]);
    let told = info("./driver.dll").json(0);
    assert_eq!(
        (&told["imports_unresolved"], &told["imports_called"]),
        (&json!([destroy, copy, create]), &json!([destroy]))
    );
    let text = info("./driver.dll").success();
    let missing: Vec<_> = text.lines().skip_while(|line| !line.contains("missing")).take(3).collect();
    let expected = [
        format!("  missing     {destroy} (called)"),
        format!("              {copy}"),
        format!("              {create}"),
    ];
    assert_eq!(missing, expected, "{text}");
    // Another driver has called none of its own in that run, although it imports the same.
    folder.copy_driver("lacking", "other.dll");
    let output = info("./other.dll").output();
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(warned.contains("t.jsonl is of a run of driver.dll, and tells nothing of other.dll"), "{warned}");
    assert_eq!(info("./other.dll").json(0)["imports_called"], json!([]));
});

spy_test!(info_names_what_a_driver_lacks_that_refuses_to_be_opened, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("lacking-refusing", "driver.dll");
    let info = folder.drvhost(["info", "./driver.dll"]).json(0);
    let missing = info["imports_unresolved"].as_array().map(Vec::len);
    assert_eq!((&info["opens"], missing, &info["imports_called"]), (&json!(false), Some(3), &json!([])));
});

spy_test!(who_has_a_trace_is_told_to_read_it, |machine: X86_64| {
    let folder = Folder::new(machine);
    folder.copy_driver("lacking", "driver.dll");
    let call = LACKING_CALL.to_string();
    let send = |more: &[&str]| {
        folder.drvhost([&["send", "./driver.dll", call.as_str(), "0"], more].concat()).complaint(4)
    };
    let (traced, untraced) = (send(&["--trace", "t.jsonl"]), send(&[]));
    assert!(traced.contains("`drvhost trace summary t.jsonl`") && !traced.contains("--trace"), "{traced}");
    assert!(untraced.contains("`--trace FILE`"), "{untraced}");
});

spy_test!(what_is_no_trace_is_a_usage_error, |machine: X86_64| {
    let folder = Folder::new(machine);
    folder.write("t.jsonl", "no trace\n");
    for command in [vec!["trace", "summary", "t.jsonl"], vec!["info", "t.jsonl", "--called-in", "t.jsonl"]] {
        let complaint = folder.drvhost(command).complaint(2);
        assert!(complaint.contains("t.jsonl") && complaint.contains("line 1"), "{complaint}");
    }
    assert!(folder.drvhost(["trace", "summary", "nowhere"]).complaint(2).contains("nowhere"));
    // A run in which nothing was called.
    folder.write("t.jsonl", "");
    folder.drvhost(["trace", "summary", "t.jsonl"]).failure(1);
});
