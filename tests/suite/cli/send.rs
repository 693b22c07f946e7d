//! `drvhost send`.

use drvhost_tests::*;
use serde_json::json;

use super::has_fields;

/// What a spy answers to an XOR with these parameters.
fn xor(machine: Machine, lparams: &[&str]) -> String {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    folder.drvhost(["send", "./spy.dll", "0x7000"].iter().chain(lparams)).success()
}

spy_test!(the_answer_is_a_signed_decimal_on_a_line_of_its_own, |machine| {
    assert_eq!(xor(machine, &[]), "0\n");
    assert_eq!(xor(machine, &["5"]), "5\n");
    assert_eq!(xor(machine, &["5", "3"]), "6\n");
    assert_eq!(xor(machine, &["-1", "0"]), "-1\n");
    assert_eq!(xor(machine, &["0", "-1"]), "-1\n");
    assert_eq!(xor(machine, &["0xff", "0X0F"]), "240\n");
    assert_eq!(xor(machine, &["-0x10"]), "-16\n");
    assert_eq!(xor(machine, &["0xffffffffffffffff"]), "-1\n");
    for extreme in [i64::MIN, i64::MAX] {
        assert_eq!(xor(machine, &[&extreme.to_string()]), format!("{}\n", long(machine, extreme)));
    }
});

spy_test!(dialogs_are_answered_as_asked, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("windows", "windows.dll");
    let message = WINDOWS_BOX.to_string();
    let answer = |dialogs: &[&str]| {
        const MB_YESNO: &str = "4";
        folder.drvhost(["send", "./windows.dll", &message, MB_YESNO].iter().chain(dialogs)).success()
    };
    assert_eq!((answer(&[]), answer(&["--dialogs", "ok"])), ("6\n".into(), "6\n".into()));
    assert_eq!(answer(&["--dialogs", "cancel"]), "7\n");
});

spy_test!(a_message_is_a_name_or_a_number, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let answer = |message: &str| folder.drvhost(["send", "./spy.dll", message, "5", "3"]).success();
    for xor in ["0x7000", "28672", "DRV_USER+12288", "DRV_USER+0x3000"] {
        assert_eq!(answer(xor), "6\n", "{xor}");
    }
    // DefDriverProc's answers.
    assert_eq!(answer("DRV_INSTALL"), "1\n");
    assert_eq!(answer("DRV_POWER"), "0\n");
});

spy_test!(json_has_the_result_alone, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let answer = folder.drvhost(["send", "./spy.dll", "0x7000", "-1"]).json(0);
    has_fields(&answer, &["result"]);
    assert_eq!(answer, json!({"result": -1}));
});

spy_test!(a_driver_lives_its_whole_life_for_one_message, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let _ = folder.drvhost(["send", "./spy.dll", "DRV_POWER", "7", "8", "--trace", "trace"]).success();
    let trace = String::from_utf8(folder.read("trace")).unwrap();
    let known = ["{\"kind\":\"call\",\"seq\":", "{\"kind\":\"shims\",\"t_us\":"];
    assert!(trace.lines().all(|line| known.iter().any(|start| line.starts_with(start))), "{trace}");
    let calls = calls_in(&folder.file("trace"));
    let sequence = Sequence::of(calls.iter().map(|call| call.number));
    assert_eq!(sequence, "LOAD ENABLE OPEN POWER CLOSE DISABLE FREE");
    let power = &calls[3];
    assert_eq!((power.message.as_deref(), power.lparam1, power.lparam2), (Some("DRV_POWER"), 7, 8));
    assert_eq!(power.driver, "spy.dll");
    assert_eq!((power.result, power.outcome.as_str(), power.cause.as_deref()), (Some(0), "answered", None));
    assert!(calls.iter().map(|call| call.seq).eq(1..=7));
});

spy_test!(text_after_a_space_goes_to_drv_open, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let id = |driver: &str| {
        let _ = folder.drvhost(["send", driver, "0x7000", "--trace", "trace"]).success();
        calls_in(&folder.file("trace")).iter().find(|call| call.number == 0x7000).unwrap().id
    };
    assert_eq!(id("./spy.dll open=77"), 77);
    assert_eq!(id("./spy.dll   /x  open=-2"), -2);
});

spy_test!(an_existing_file_as_a_whole_wins_over_text, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll", "spy.dll open=0"]);
    let answer = folder.drvhost(["send", "./spy.dll open=0", "0x7000", "5", "3"]).success();
    assert_eq!(answer, "6\n");
    let path = folder.file("spy.dll open=0");
    let answer = Cli::new(["send", path.to_str().unwrap(), "0x7000", "5", "3"]).success();
    assert_eq!(answer, "6\n");
});

spy_test!(a_bare_name_is_never_looked_for_in_the_current_directory, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    for name in ["spy.dll", "spy", "spy.dll open=1"] {
        let complaint = folder.drvhost(["send", name, "0x7000"]).complaint(2);
        assert!(complaint.contains("`spy") && complaint.contains("--driver-path"), "{complaint}");
    }
    for name in ["spy.dll", "spy", "SPY.DLL", "spy open=1"] {
        let answer = folder.drvhost(["send", "--driver-path", ".", name, "0x7000", "5", "3"]).success();
        assert_eq!(answer, "6\n", "{name}");
    }
});

spy_test!(the_first_driver_path_wins, |machine| {
    let folder = Folder::new(machine);
    for (driver, directory) in [("load0", "refusing"), ("spy", "good")] {
        std::fs::create_dir(folder.file(directory)).unwrap();
        folder.copy_driver(driver, &format!("{directory}/same.dll"));
    }
    let send = |first: &str, second: &str| {
        let arguments = ["send", "same", "0x7000", "--driver-path", first, "--driver-path", second];
        folder.drvhost(arguments).output().status.code()
    };
    assert_eq!(send("good", "refusing"), Some(0));
    assert_eq!(send("refusing", "good"), Some(4));
});

wine_test!(a_section_is_where_the_alias_is_looked_up, |machine| {
    let folder = Folder::new(machine);
    let in_section = |section: &str| {
        folder.drvhost(["send", "vidc.cvid", "DRV_QUERYCONFIGURE", "--section", section, "--deadline", "30s"])
    };
    let alone = folder.drvhost(["send", "vidc.cvid", "DRV_QUERYCONFIGURE", "--deadline", "30s"]).success();
    assert_eq!(in_section("Drivers32").success(), alone);
    let complaint = in_section("MCI32").complaint(2);
    assert!(complaint.contains("vidc.cvid") && complaint.contains("[MCI32]"), "{complaint}");
});

spy_test!(a_fault_is_the_drivers_with_message_and_place, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("hostile", "hostile.dll");
    for act in [HOSTILE_NULL, HOSTILE_RECURSE, HOSTILE_UD2, HOSTILE_DIVIDE] {
        let message = format!("{act:#x}");
        let complaint = folder.drvhost(["send", "./hostile.dll", &message]).complaint(4);
        assert!(complaint.starts_with("drvhost: driver: hostile.dll"), "{complaint}");
        assert!(complaint.contains(&message) && complaint.contains("hostile.dll+0x"), "{complaint}");
    }
    let output = folder.drvhost(["send", "./hostile.dll", "0x7100", "--json"]).output();
    assert!(output.stdout.is_empty(), "{output:?}");
    folder.copy_driver("spy", "spy.dll");
    let complaint = folder.drvhost(["send", "./spy.dll open=fault", "0x7000"]).complaint(4);
    assert!(complaint.contains("DRV_OPEN") && complaint.contains("spy.dll+0x"), "{complaint}");
});

spy_test!(a_driver_that_hangs_is_late_at_its_deadline, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let started = std::time::Instant::now();
    let message = format!("{SPY_HANG:#x}");
    let complaint = folder.drvhost(["send", "./spy.dll", &message, "--deadline", "300ms"]).complaint(4);
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    assert!(complaint.starts_with("drvhost: driver: spy.dll"), "{complaint}");
    assert!(complaint.contains(&message) && complaint.contains("--deadline"), "{complaint}");
});

spy_test!(a_refused_close_is_said_and_no_failure, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let output = folder.drvhost(["send", "./spy.dll close=0", "0x7000", "5", "3"]).output();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), b"6\n".as_slice()));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("DRV_CLOSE") && said.contains("refused"), "{said}");
});
