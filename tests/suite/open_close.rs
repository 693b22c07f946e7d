//! C001 to C032: opening and closing.
//!
//! Not here: C023, because a worker loads nothing but its driver, so no module is mapped before its first open.

use std::collections::BTreeSet;
use std::path::Path;

use drvhost::{Error, Policy};
use drvhost_tests::*;
use mmsystem::*;

spy_test!(c001_first_open_is_load_enable_open, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN");
    assert_eq!(rig.watch(spy).sequence(), "LOAD ENABLE OPEN");
});

spy_test!(c002_later_open_is_one_open, || {
    let rig = Rig::new();
    let first = rig.open("spy", "");
    let log = rig.watch(first);
    rig.skip_so_far();
    for _ in 0..2 {
        let _ = rig.open("spy", "");
    }
    assert_eq!(rig.sequence(), "OPEN OPEN");
    assert_eq!(log.sequence(), "LOAD ENABLE OPEN OPEN OPEN");
});

spy_test!(c003_handles_differ, || {
    let rig = Rig::new();
    let other = rig.copy("spy", "other.dll");
    let mut handles = BTreeSet::new();
    for _ in 0..4 {
        assert!(handles.insert(rig.open("spy", "")));
        assert!(handles.insert(rig.try_open_file(&other, "", 0).unwrap()));
    }
    assert!(handles.iter().all(|hdrvr| hdrvr.0 != 0));
});

spy_test!(c004_close_with_others_open_is_one_close, || {
    let rig = Rig::new();
    let (first, second) = (rig.open("spy", ""), rig.open("spy", ""));
    rig.skip_so_far();
    assert_eq!(rig.close(first), 1);
    assert_eq!(rig.sequence(), "CLOSE");
    assert_eq!(rig.send(second, XOR, 5, 3), 6);
});

spy_test!(c005_last_close_is_close_disable_free_and_unloads, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    let log = rig.watch(spy);
    rig.skip_so_far();
    rig.close(spy);
    assert_eq!(rig.sequence(), "CLOSE DISABLE FREE");
    assert_eq!(log.sequence(), "LOAD ENABLE OPEN CLOSE DISABLE FREE");
    assert!(log.ends_with_detach());
    assert!(rig.session.instances().is_empty());
});

spy_test!(c006_open_after_full_close_loads_again, || {
    let rig = Rig::new();
    for _ in 0..3 {
        rig.skip_so_far();
        let spy = rig.open("spy", "");
        rig.close(spy);
        assert_eq!(rig.sequence(), "LOAD ENABLE OPEN CLOSE DISABLE FREE");
    }
});

spy_test!(c007_load_carries_zeros, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "some text");
    assert_eq!(rig.call_with(DRV_LOAD).parameters(), (0, 0, 0));
    let seen = rig.watch(spy).last(DRV_LOAD);
    assert_eq!((seen.id, seen.lparam1, seen.lparam2), (0, 0, 0));
});

spy_test!(c008_enable_carries_zeros, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "some text");
    assert_eq!(rig.call_with(DRV_ENABLE).parameters(), (0, 0, 0));
    let seen = rig.watch(spy).last(DRV_ENABLE);
    assert_eq!((seen.id, seen.lparam1, seen.lparam2), (0, 0, 0));
});

spy_test!(c009_load_answered_0_ends_everything, || {
    let rig = Rig::new();
    let error = rig.try_open("load0", "").unwrap_err();
    assert!(matches!(&error, Error::Refused { message, .. } if message == "DRV_LOAD"), "{error}");
    assert_eq!(rig.sequence(), "LOAD");
    assert!(rig.session.instances().is_empty());
});

spy_test!(c010_load_answered_2_is_success, || {
    let rig = Rig::new();
    let _ = rig.open("load2", "");
    assert_eq!(rig.call_with(DRV_LOAD).result, Some(2));
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN");
});

spy_test!(c011_answer_to_enable_is_ignored, || {
    let rig = Rig::new();
    let spy = rig.open("enable0", "");
    assert_eq!(rig.call_with(DRV_ENABLE).result, Some(0));
    assert_eq!(rig.send(spy, XOR, 5, 3), 6);
});

spy_test!(c012_refused_first_open_gets_disable_and_free, || {
    let rig = Rig::new();
    let error = rig.try_open("spy", "open=0").unwrap_err();
    assert!(matches!(&error, Error::Refused { message, .. } if message == "DRV_OPEN"), "{error}");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN DISABLE FREE");
    assert!(rig.session.instances().is_empty());
    rig.skip_so_far();
    let _ = rig.open("spy", "");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN");
});

spy_test!(c013_refused_later_open_leaves_others_alone, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    rig.skip_so_far();
    let error = rig.try_open("spy", "open=0").unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert_eq!(rig.sequence(), "OPEN");
    assert_eq!(rig.send(spy, XOR, 5, 3), 6);
    assert_eq!(rig.session.instances().len(), 1);
});

spy_test!(c014_each_instance_has_its_own_identifier, || {
    let rig = Rig::new();
    let first = rig.open("spy", "open=0x11");
    let second = rig.open("spy", "open=0x22");
    let log = rig.watch(first);
    for (hdrvr, id) in [(first, 0x11), (second, 0x22), (first, 0x11)] {
        rig.send(hdrvr, DRV_POWER, 0, 0);
        let seen = log.last(DRV_POWER);
        assert_eq!((seen.hdrvr, seen.id), (hdrvr.0, id));
    }
    rig.close(first);
    assert_eq!(log.last(DRV_CLOSE).id, 0x11);
    rig.close(second);
    assert_eq!(log.last(DRV_CLOSE).id, 0x22);
    let ids: Vec<_> = rig.calls_with(DRV_CLOSE).iter().map(|call| call.id).collect();
    assert_eq!(ids, [0x11, 0x22]);
});

spy_test!(c015_any_identifier_but_0_is_legal, || {
    let rig = Rig::new();
    let texts = [
        ("open=-1", -1),
        ("open=1", 1),
        ("open=0x123456789abcdef0", 0x1234_5678_9abc_def0),
        ("open=0x100000000", 1 << 32),
    ];
    for (text, id) in texts {
        let spy = rig.open("spy", text);
        let log = rig.watch(spy);
        rig.send(spy, DRV_POWER, 0, 0);
        assert_eq!(log.last(DRV_POWER).id.cast_signed(), id);
        assert_eq!(rig.session.instances()[0].id.cast_signed(), id);
        assert_eq!(rig.close(spy), 1);
        assert_eq!(log.last(DRV_CLOSE).id.cast_signed(), id);
    }
});

spy_test!(c016_disable_carries_identifier_0, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "open=0x77");
    let log = rig.watch(spy);
    rig.close(spy);
    assert_eq!(rig.call_with(DRV_DISABLE).id, 0);
    assert_eq!(log.last(DRV_DISABLE).id, 0);
});

spy_test!(c017_free_carries_identifier_0_and_is_last, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "open=0x77");
    let log = rig.watch(spy);
    rig.close(spy);
    assert_eq!(rig.calls().last().unwrap().number, DRV_FREE);
    assert_eq!(log.last(DRV_FREE).id, 0);
    let _ = rig.session.end(Policy::Orderly);
    assert_eq!(rig.calls().last().unwrap().number, DRV_FREE);
});

spy_test!(c018_disable_and_free_carry_zeros, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "");
    let log = rig.watch(spy);
    rig.session.close(spy, 0x11, 0x12).unwrap();
    for message in [DRV_DISABLE, DRV_FREE] {
        assert_eq!(rig.call_with(message).parameters(), (0, 0, 0));
        let seen = log.last(message);
        assert_eq!((seen.lparam1, seen.lparam2), (0, 0));
    }
});

spy_test!(c019_close_carries_both_parameters, || {
    let rig = Rig::new();
    for (lparam1, lparam2) in [(0x11, 0x12), (-1, i64::MIN), (i64::MAX, 0)] {
        let spy = rig.open("spy", "");
        let log = rig.watch(spy);
        rig.session.close(spy, lparam1, lparam2).unwrap();
        let seen = log.last(DRV_CLOSE);
        assert_eq!((seen.hdrvr, seen.lparam1, seen.lparam2), (spy.0, lparam1, lparam2));
    }
});

spy_test!(c020_refused_close_leaves_the_instance_open, || {
    let rig = Rig::new();
    let spy = rig.open("spy", "close=0");
    rig.skip_so_far();
    for _ in 0..2 {
        assert_eq!(rig.close(spy), 0);
        assert_eq!(rig.send(spy, XOR, 5, 3), 6);
    }
    assert_eq!(rig.sequence(), "CLOSE CLOSE");
    assert_eq!(rig.session.instances().len(), 1);
    let id = rig.calls_with(DRV_CLOSE)[0].id;
    assert!(rig.calls_of(spy).iter().all(|call| call.id == id));
});

spy_test!(c021_close_answers_what_the_driver_answers, || {
    let rig = Rig::new();
    for (text, answer) in [("close=77", 77), ("close=-5", -5), ("close=0x100000000", 1 << 32), ("", 1)] {
        let spy = rig.open("spy", text);
        assert_eq!(rig.close(spy), answer);
    }
});

spy_test!(c022_usage_count_is_the_number_of_instances, || {
    let rig = Rig::new();
    let users = || rig.session.instances().iter().map(|instance| instance.users).collect::<Vec<_>>();
    let first = rig.open("spy", "");
    assert_eq!(users(), [1]);
    let second = rig.open("spy", "");
    assert_eq!(users(), [2, 2]);
    rig.try_open("spy", "open=0").unwrap_err();
    assert_eq!(users(), [2, 2]);
    rig.close(first);
    assert_eq!(users(), [1]);
    rig.close(second);
    assert!(users().is_empty());
});

spy_test!(c024_spellings_of_one_file_are_one_module, || {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(driver("spy"), folder.path().join("Spy.dll")).unwrap();
    std::os::unix::fs::symlink("Spy.dll", folder.path().join("link.dll")).unwrap();
    let mut registry = drvhost::Registry::new();
    registry.add_driver_path(folder.path());
    let rig = Rig::with(|builder| builder.registry(registry));
    let full = |name: &str| folder.path().join(name).display().to_string();
    for name in ["Spy.dll", "SPY.DLL", "spy", &full("Spy.dll"), &full("spy"), &full("./spy.DLL"), "link"] {
        rig.session.open_driver(name, None, 0).unwrap();
    }
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN OPEN OPEN OPEN OPEN OPEN OPEN");
});

spy_test!(c025_equal_files_with_different_names_are_two_modules, || {
    let rig = Rig::new();
    let first = rig.open("spy", "");
    let second = rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN LOAD ENABLE OPEN");
    let calls = rig.calls();
    assert_ne!(calls[0].worker, calls[3].worker);
    assert_eq!(calls[3].driver, "other.dll");
    rig.skip_so_far();
    rig.close(first);
    assert_eq!(rig.sequence(), "CLOSE DISABLE FREE");
    assert_eq!(rig.send(second, XOR, 5, 3), 6);
    rig.close(second);
});

spy_test!(c026_library_without_driver_proc_cannot_be_opened, || {
    let rig = Rig::new();
    let error = rig.try_open("nodriverproc", "").unwrap_err();
    assert!(matches!(error, Error::NotADriver { .. }), "{error}");
    assert!(error.to_string().contains("DriverProc"), "{error}");
    assert!(rig.calls().is_empty());
});

spy_test!(c027_driver_that_leaves_all_to_def_driver_proc_cannot_be_opened, || {
    let rig = Rig::new();
    let error = rig.try_open("defproc", "").unwrap_err();
    assert!(matches!(&error, Error::Refused { message, .. } if message == "DRV_OPEN"), "{error}");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN DISABLE FREE");
    let answers: Vec<_> = rig.calls().iter().map(|call| call.result.unwrap()).collect();
    assert_eq!(answers, [1, 1, 0, 1, 1]);
});

spy_test!(c028_hidden_instance_opens_before_and_closes_after, || {
    let rig = Rig::with(|builder| builder.hidden_instance(true));
    let spy = rig.try_open_file(&driver("spy"), "", 0x55).unwrap();
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN OPEN");
    let opens = rig.calls_with(DRV_OPEN);
    assert_eq!((opens[0].lparam2, opens[1].lparam2), (0, 0x55));
    assert_eq!(opens[1].hdrvr, spy.0.cast_signed());
    assert_ne!(opens[0].hdrvr, opens[1].hdrvr);
    rig.skip_so_far();
    rig.session.close(spy, 0x11, 0x12).unwrap();
    assert_eq!(rig.sequence(), "CLOSE CLOSE DISABLE FREE");
    let closes = rig.calls_with(DRV_CLOSE);
    assert_eq!((closes[0].hdrvr, closes[0].lparam1, closes[0].lparam2), (opens[1].hdrvr, 0x11, 0x12));
    assert_eq!((closes[1].hdrvr, closes[1].lparam1, closes[1].lparam2), (opens[0].hdrvr, 0, 0));
    assert_eq!(closes[1].id, opens[0].result.unwrap());
});

spy_test!(c028_first_open_without_lparam2_has_no_hidden_instance, || {
    let rig = Rig::with(|builder| builder.hidden_instance(true));
    let first = rig.open("spy", "");
    let second = rig.try_open_file(&driver("spy"), "", 0x55).unwrap();
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN OPEN");
    rig.close(second);
    assert_eq!(rig.send(first, XOR, 5, 3), 6);
    rig.close(first);
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN OPEN CLOSE CLOSE DISABLE FREE");
});

spy_test!(c028_hidden_instance_stays_until_the_last_visible_one_closes, || {
    let rig = Rig::with(|builder| builder.hidden_instance(true));
    let first = rig.try_open_file(&driver("spy"), "", 0x55).unwrap();
    let second = rig.try_open_file(&driver("spy"), "", 0x66).unwrap();
    rig.skip_so_far();
    rig.close(first);
    assert_eq!(rig.sequence(), "CLOSE");
    rig.close(second);
    assert_eq!(rig.sequence(), "CLOSE CLOSE CLOSE DISABLE FREE");
});

spy_test!(c029_without_the_quirk_lparam2_goes_to_the_only_open, || {
    let rig = Rig::new();
    let spy = rig.try_open_file(&driver("spy"), "", 0x55).unwrap();
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN");
    assert_eq!(rig.call_with(DRV_OPEN).lparam2, 0x55);
    assert_eq!(rig.watch(spy).last(DRV_OPEN).lparam2, 0x55);
});

spy_test!(c030_text_reaches_the_real_instance_too, || {
    let rig = Rig::with(|builder| builder.hidden_instance(true));
    let spy = rig.try_open_file(&driver("spy"), "COM1", 0x55).unwrap();
    let opens: Vec<_> =
        rig.watch(spy).entries().into_iter().filter(|entry| entry.message == DRV_OPEN).collect();
    assert_eq!(opens.len(), 2);
    assert_eq!(opens[1].hdrvr, spy.0);
    assert_eq!(opens[1].text.as_deref(), Some("COM1"));
});

spy_test!(c031_refused_hidden_open_ends_the_open, || {
    let rig = Rig::with(|builder| builder.hidden_instance(true));
    let error = rig.try_open_file(&driver("spy"), "open=0", 0x55).unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error}");
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN DISABLE FREE");
    assert_eq!(rig.call_with(DRV_OPEN).lparam2, 0);
});

spy_test!(c032_two_sessions_each_load_the_driver, || {
    let (one, other) = (Rig::new(), Rig::new());
    let (first, second) = (one.open("spy", ""), other.open("spy", ""));
    assert_eq!(one.sequence(), "LOAD ENABLE OPEN");
    assert_eq!(other.sequence(), "LOAD ENABLE OPEN");
    one.close(first);
    assert_eq!(other.send(second, XOR, 5, 3), 6);
});

spy_test!(entry_point_that_refuses_is_no_driver, || {
    let rig = Rig::new();
    let error = rig.try_open("attach0", "").unwrap_err();
    assert!(matches!(error, Error::NotADriver { .. }), "{error}");
    assert!(rig.calls().is_empty());
});

spy_test!(what_is_no_driver_file_is_refused_with_its_reason, || {
    let rig = Rig::new();
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.dll");
    std::fs::write(&text, "not a library").unwrap();
    for path in [text.as_path(), folder.path(), Path::new("/dev/null")] {
        let error = rig.try_open_file(path, "", 0).unwrap_err();
        assert!(matches!(error, Error::NotADriver { .. }), "{error}");
        assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    }
    let error = rig.try_open_file(&folder.path().join("none.dll"), "", 0).unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error}");
    assert!(rig.calls().is_empty());
});
