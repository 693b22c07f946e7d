//! Files of drivers: their own folder, their data, and what they are granted.

use std::path::Path;
use std::time::Duration;

use drvhost::{Error, Grant, Hdrvr, Store};
use drvhost_tests::*;

/// A session that keeps what drivers write in a folder.
fn rig(machine: Machine, place: &Path) -> (Rig, Hdrvr) {
    let store = Store::at(&place.join("config"), &place.join("data"));
    let rig = Rig::with(machine, |builder| builder.store(store));
    let driver = rig.open("files", "");
    (rig, driver)
}

spy_test!(kernel32_reads_and_writes_files, |machine| {
    let place = tempfile::tempdir().unwrap();
    let (rig, files) = rig(machine, place.path());
    assert_eq!(rig.send(files, FILES_KERNEL32, 0, 0), 0, "the line of tests/drivers/files.c that fails");
    // Nothing was left behind, and nothing was written beside the driver.
    let data = place.path().join("data/data").join(machine.to_string()).join("files.dll");
    assert_eq!(std::fs::read_dir(data.join("system32")).unwrap().count(), 0);
    assert!(!driver(machine, "files").with_file_name("Kernel.dat").exists());
});

spy_test!(the_c_library_reads_and_writes_files, |machine| {
    let place = tempfile::tempdir().unwrap();
    let (rig, files) = rig(machine, place.path());
    assert_eq!(rig.send(files, FILES_STREAMS, 0, 0), 0, "the line of tests/drivers/files.c that fails");
    assert_eq!(rig.send(files, FILES_PROFILE, 0, 0), 0, "the line of tests/drivers/files.c that fails");
});

spy_test!(threads_have_files_of_their_own, |machine| {
    let place = tempfile::tempdir().unwrap();
    let (rig, files) = rig(machine, place.path());
    assert_eq!(rig.send(files, FILES_THREADS, 0, 0), 0, "the line of tests/drivers/files.c that fails");
});

spy_test!(what_a_driver_writes_beside_itself_is_there_the_next_time, |machine| {
    let place = tempfile::tempdir().unwrap();
    for count in 1..=3 {
        let (rig, files) = rig(machine, place.path());
        assert_eq!(rig.send(files, FILES_COUNT, 0, 0), count);
    }
    // Another driver's files are another driver's, even if they lie in one folder.
    let (rig, _) = rig(machine, place.path());
    let copy = rig.copy("files", "other.dll");
    let other = rig.try_open_file(&copy, "", 0).unwrap();
    assert_eq!(rig.send(other, FILES_COUNT, 0, 0), 1);
    assert!(!copy.with_file_name("count.txt").exists());
    let kept = place.path().join("data/data").join(machine.to_string()).join("files.dll/system32/count.txt");
    assert_eq!(std::fs::read(kept).unwrap(), b"3\r\n");
});

spy_test!(without_a_store_a_driver_reads_and_does_not_write, |machine| {
    const EACCES: i64 = 13;
    let rig = Rig::new(machine);
    let files = rig.open("files", "");
    assert_eq!(rig.send(files, FILES_COUNT, 0, 0), -EACCES);
    assert_eq!(rig.send(files, FILES_REFUSED, 0, 0), 0, "the line of tests/drivers/files.c that fails");
});

spy_test!(what_is_not_granted_is_refused_and_told, |machine| {
    let place = tempfile::tempdir().unwrap();
    let (rig, files) = rig(machine, place.path());
    assert_eq!(rig.send(files, FILES_REFUSED, 0, 0), 0, "the line of tests/drivers/files.c that fails");
    let refusals = rig.refusals();
    let told = |what: &str, path: &str| {
        refusals.iter().any(|refusal| refusal["what"] == what && refusal["path"] == path)
    };
    assert!(told("read a file", r"Z:\etc\passwd"), "{refusals:?}");
    assert!(told("delete a file", r"C:\windows\system32\files.dll"), "{refusals:?}");
});

/// Has a driver copy a file of this computer's; how many bytes, or minus an error.
fn copy(rig: &Rig, files: Hdrvr, from: &Path, to: &Path) -> i64 {
    let path = |path: &Path| rig.bytes(files, format!("Z:{}\0", path.display()).as_bytes());
    let (from, to) = (path(from), path(to));
    rig.send(files, FILES_COPY, from.lparam(), to.lparam())
}

spy_test!(what_an_installed_driver_is_granted_no_other_of_its_name_gets, |machine| {
    const EACCES: i64 = 13;
    let place = tempfile::tempdir().unwrap();
    let (from, to) = (place.path().join("from"), place.path().join("to"));
    std::fs::write(&from, "sound").unwrap();
    let store = Store::at(&place.path().join("config"), &place.path().join("data"));
    let grant = Grant { folder: place.path().to_owned(), write: true };
    store.grant(machine, "files.dll", &[grant]).unwrap();
    let mut bytes = std::fs::read(driver(machine, "files")).unwrap();
    std::fs::write(store.folder(machine).join("Files.dll"), &bytes).unwrap();
    let (same, files) = rig(machine, place.path());
    assert_eq!(copy(&same, files, &from, &to), 5);
    bytes.push(0);
    std::fs::write(store.folder(machine).join("Files.dll"), bytes).unwrap();
    let (other, files) = rig(machine, place.path());
    assert_eq!(copy(&other, files, &from, &to), -EACCES);
});

spy_test!(granted_folders_are_read_and_written_and_nothing_beside_them, |machine| {
    const EACCES: i64 = 13;
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    for folder in ["read", "write"] {
        std::fs::create_dir(at(folder)).unwrap();
    }
    std::fs::write(at("read/Bank.sf2"), "sound").unwrap();
    std::fs::write(at("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(at("secret"), at("read/link")).unwrap();
    let store = Store::at(&at("config"), &at("data"));
    let grants = [Grant { folder: at("read"), write: false }, Grant { folder: at("write"), write: true }];
    store.grant(machine, "files.dll", &grants).unwrap();
    let (rig, files) = rig(machine, place.path());
    let copy = |from: &str, to: &str| copy(&rig, files, &at(from), &at(to));
    assert_eq!(copy("read/bank.SF2", "write/copy"), 5);
    assert_eq!(std::fs::read(at("write/copy")).unwrap(), b"sound");
    for (from, to) in [
        ("read/bank.sf2", "read/new"),
        ("read/bank.sf2", "new"),
        ("secret", "write/new"),
        ("read/../secret", "write/new"),
        ("read/link", "write/new"),
    ] {
        assert_eq!(copy(from, to), -EACCES, "{from} to {to}");
    }
    assert!(!at("new").exists() && !at("read/new").exists());
});

spy_test!(libraries_beside_a_driver_are_loaded, |machine| {
    let rig = Rig::new(machine);
    let driver = rig.open("companions", "");
    assert_eq!(rig.session.unresolved(driver).unwrap(), Vec::<String>::new());
    assert_eq!(rig.send(driver, COMPANIONS_CALL, 20, 0), 41);
    assert_eq!(rig.send(driver, COMPANIONS_ORDER, 0, 0), 12);
    for _ in 0..3 {
        assert_eq!(rig.send(driver, COMPANIONS_LOAD, 0, 0), 0, "the line of companions.c that fails");
    }
    assert_eq!(rig.close(driver), 1);
    let again = rig.open("companions", "");
    assert_eq!(rig.send(again, COMPANIONS_CALL, 1, 0), 3);
});

spy_test!(libraries_go_with_all_that_would_call_them, |machine| {
    let rig = Rig::with_deadline(machine, Duration::from_secs(60));
    let driver = rig.open("companions", "");
    for act in [COMPANIONS_REFUSED, COMPANIONS_LEFT, COMPANIONS_USERS, COMPANIONS_LEFT, COMPANIONS_LOAD] {
        assert_eq!(rig.send(driver, act, 0, 0), 0, "the line of companions.c that fails");
    }
    assert_eq!(rig.close(driver), 1);
});

spy_test!(a_driver_without_its_library_does_not_open, |machine| {
    let rig = Rig::new(machine);
    // A copy in a folder of its own, where the libraries are not.
    let copy = rig.copy("companions", "alone.dll");
    match rig.try_open_file(&copy, "", 0) {
        Err(error @ Error::Faulted { .. }) => {
            assert!(error.to_string().contains("tonebase.dll!next_place"), "{error}");
        }
        other => panic!("{other:?}"),
    }
});

spy_test!(install_grants_folders_and_remove_takes_them_away, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("files", "files.dll");
    std::fs::create_dir(folder.file("banks")).unwrap();
    folder.write("banks/a", "sound");
    let install = |more: &[&str]| {
        let arguments = ["install", "./files.dll", "--alias", "midi"];
        folder.drvhost(arguments.iter().chain(more))
    };
    let done = install(&[]).json(0);
    assert_eq!(done.get("granted"), None, "{done}");
    let complaint = install(&["--allow-read", "nowhere"]).complaint(2);
    assert!(complaint.contains("nowhere"), "{complaint}");
    let said = install(&["--allow-read", "banks", "--allow-write", "."]).success();
    assert!(said.contains("it may read banks") && said.contains("it may write in ."), "{said}");

    let store = Store::at(&folder.file(".config/drvhost"), &folder.file(".local/share/drvhost"));
    let rig = Rig::with(machine, |builder| builder.store(store));
    let copy = |from: &str, to: &str| {
        let files = rig.try_open_file(&folder.file("files.dll"), "", 0).unwrap();
        let path = |name: &str| {
            format!("Z:{}\0", folder.file(name).canonicalize().unwrap_or(folder.file(name)).display())
        };
        let [from, to] = [from, to].map(|name| rig.bytes(files, path(name).as_bytes()));
        let copied = rig.send(files, FILES_COPY, from.lparam(), to.lparam());
        rig.close(files);
        copied
    };
    assert_eq!(copy("banks/a", "b"), 5);
    let _ = folder.drvhost(["remove", "midi"]).success();
    assert_eq!(copy("banks/a", "b"), -13);
});
