//! Opening and closing, where `scripts/open_close.script` cannot say it: what the session knows, and errors in words.

use std::path::Path;

use drvhost::{Error, Registry};
use drvhost_tests::*;
use mmsystem::*;

spy_test!(c022_usage_count_is_the_number_of_instances, |machine| {
    let rig = Rig::new(machine);
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

spy_test!(instances_are_listed_with_their_identifiers, |machine| {
    let rig = Rig::new(machine);
    let ids = || rig.session.instances().iter().map(|instance| instance.id.cast_signed()).collect::<Vec<_>>();
    let minus = rig.open("spy", "open=-1");
    let _ = rig.open("spy", "open=0x123456789abcdef0 close=0");
    let wide = long(machine, 0x1234_5678_9abc_def0);
    assert_eq!(ids(), [-1, wide]);
    rig.close(minus);
    assert_eq!(ids(), [wide]);
    rig.close(rig.session.instances()[0].hdrvr);
    assert_eq!(ids(), [wide], "a refused close leaves the instance there");
});

spy_test!(refused_opens_say_which_message_was_refused, |machine| {
    let rig = Rig::new(machine);
    for (name, text, refused) in
        [("load0", "", "DRV_LOAD"), ("spy", "open=0", "DRV_OPEN"), ("defproc", "", "DRV_OPEN")]
    {
        let error = rig.try_open(name, text).unwrap_err();
        assert!(matches!(&error, Error::Refused { message, .. } if message == refused), "{error}");
        assert!(rig.session.instances().is_empty());
    }
});

spy_test!(library_without_driver_proc_is_no_driver, |machine| {
    let rig = Rig::new(machine);
    let error = rig.try_open("nodriverproc", "").unwrap_err();
    assert!(matches!(error, Error::NotADriver { .. }), "{error}");
    assert!(error.to_string().contains("DriverProc"), "{error}");
    assert!(rig.calls().is_empty());
});

spy_test!(links_and_dots_name_the_module_of_their_file, |machine| {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(driver(machine, "spy"), folder.path().join("Spy.dll")).unwrap();
    std::os::unix::fs::symlink("Spy.dll", folder.path().join("link.dll")).unwrap();
    let mut registry = Registry::new();
    registry.add_driver_path(folder.path());
    let rig = Rig::with(machine, |builder| builder.registry(registry));
    for name in ["Spy.dll", "link", &folder.path().join("./spy.DLL").display().to_string()] {
        rig.session.open_driver(name, None, 0).unwrap();
    }
    assert_eq!(rig.sequence(), "LOAD ENABLE OPEN OPEN OPEN");
});

spy_test!(modules_have_workers_of_their_own, |machine| {
    let rig = Rig::new(machine);
    let _ = rig.open("spy", "");
    rig.try_open_file(&rig.copy("spy", "other.dll"), "", 0).unwrap();
    let calls = rig.calls_with(DRV_OPEN);
    assert_eq!([&calls[0].driver, &calls[1].driver], ["spy.dll", "other.dll"]);
    assert_ne!(calls[0].worker, calls[1].worker);
});

spy_test!(an_instance_apart_has_a_worker_of_its_own, |machine| {
    let rig = Rig::new(machine);
    let spy = driver_file(driver(machine, "spy"), "");
    let shared = rig.open("spy", "");
    let apart = [(), ()].map(|()| rig.session.open_apart(&spy, |_| Ok(0)).unwrap());
    let joined = rig.open("spy", "");
    let opens = rig.calls_with(DRV_OPEN);
    let workers: Vec<u32> = opens.iter().map(|call| call.worker).collect();
    assert!(workers[0] != workers[1] && workers[0] != workers[2] && workers[1] != workers[2]);
    assert_eq!(workers[0], workers[3]);
    let users: Vec<usize> = rig.session.instances().iter().map(|instance| instance.users).collect();
    assert_eq!(users, [2, 1, 1, 2]);
    // Each is unloaded with its own last instance.
    assert_ne!(rig.close(apart[0]), 0);
    assert_eq!(rig.sequence_of(apart[0]), "LOAD ENABLE OPEN CLOSE DISABLE FREE");
    assert_ne!(rig.close(shared), 0);
    assert_eq!(rig.calls_with(DRV_FREE).len(), 1);
    assert_eq!(rig.send(joined, DRV_USER, 1, 2), rig.send(apart[1], DRV_USER, 1, 2));
    let report = rig.session.end(drvhost::Policy::Orderly);
    assert!(report.instances.len() == 2 && report.all_answered(), "{report:?}");
    assert_eq!(rig.calls_with(DRV_FREE).len(), 3);
});

spy_test!(c028_an_instance_apart_has_its_own_hidden_one, |machine| {
    let rig = Rig::with(machine, |builder| builder.hidden_instance(true));
    let spy = driver_file(driver(machine, "spy"), "");
    let apart = [(), ()].map(|()| rig.session.open_apart(&spy, |_| Ok(1)).unwrap());
    assert_eq!(rig.calls_with(DRV_OPEN).len(), 4);
    for hdrvr in apart {
        assert_ne!(rig.close(hdrvr), 0);
    }
    assert_eq!(
        rig.sequence(),
        "LOAD ENABLE OPEN OPEN LOAD ENABLE OPEN OPEN CLOSE CLOSE DISABLE FREE CLOSE CLOSE DISABLE FREE"
    );
});

spy_test!(entry_point_that_refuses_is_no_driver, |machine| {
    let rig = Rig::new(machine);
    let error = rig.try_open("attach0", "").unwrap_err();
    assert!(matches!(error, Error::NotADriver { .. }), "{error}");
    assert!(rig.calls().is_empty());
});

spy_test!(what_is_no_driver_file_is_refused_with_its_reason, |machine| {
    let rig = Rig::new(machine);
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
