//! The registry as drivers see it: `drivers/registry.c`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use drvhost::{Hdrvr, Store};
use drvhost_tests::*;
use tempfile::TempDir;

/// A folder for a store, and the store.
fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(&folder.path().join("config"), &folder.path().join("data"));
    (folder, store)
}

/// A session whose drivers keep their settings there, and the driver in it.
fn opened(machine: Machine, store: &Store) -> (Rig, Hdrvr) {
    let rig = Rig::with(machine, |builder| builder.store(store.clone()));
    let driver = rig.open("registry", "");
    (rig, driver)
}

/// The checks of the driver, by their numbers there.
const KEYS: i64 = 0;
const VIEWS: i64 = 1;
const NOTIFY: i64 = 2;
const USER: i64 = 3;
const DRIVERS32: i64 = 4;

fn check(rig: &Rig, driver: Hdrvr, number: i64) {
    assert_eq!(rig.send(driver, REGISTRY_CHECK, number, 0), 1, "minus the line of drivers/registry.c");
}

fn get(rig: &Rig, driver: Hdrvr, name: i64) -> i64 {
    rig.send(driver, REGISTRY_GET, name, 0)
}

fn set(rig: &Rig, driver: Hdrvr, name: i64, value: i64) {
    assert_eq!(rig.send(driver, REGISTRY_SET, name, value), 0);
}

spy_test!(keys_and_values_are_made_listed_and_deleted, |machine| {
    let rig = Rig::new(machine);
    let driver = rig.open("registry", "");
    // Also without a store, and once more on what the first time has left.
    check(&rig, driver, KEYS);
    check(&rig, driver, KEYS);
    let (_folder, store) = store();
    let (rig, driver) = opened(machine, &store);
    check(&rig, driver, KEYS);
});

spy_test!(changes_are_told_of, |machine| {
    let rig = Rig::new(machine);
    let driver = rig.open("registry", "");
    check(&rig, driver, NOTIFY);
});

spy_test!(a_driver_runs_as_a_user, |machine| {
    let rig = Rig::new(machine);
    let driver = rig.open("registry", "");
    check(&rig, driver, USER);
});

spy_test!(settings_stay_from_one_session_to_the_next, |machine| {
    let (_folder, store) = store();
    let (rig, driver) = opened(machine, &store);
    assert_eq!(get(&rig, driver, 1), -2);
    set(&rig, driver, 1, 77);
    // They are in the file as soon as the key is closed, unless it was written just before.
    let text = std::fs::read_to_string(store.settings_file()).unwrap();
    assert!(text.contains("[HKEY_CURRENT_USER\\Software\\Registry Test]\r\n\"1\"=dword:0000004d"), "{text}");
    drop(rig);
    let (rig, driver) = opened(machine, &store);
    assert_eq!(get(&rig, driver, 1), 77);
    // Without a store there are none of them.
    let rig = Rig::new(machine);
    let driver = rig.open("registry", "");
    assert_eq!(get(&rig, driver, 1), -2);
});

spy_test!(many_values_set_one_by_one_are_all_kept, |machine| {
    let (_folder, store) = store();
    let (rig, driver) = opened(machine, &store);
    (0..1000).for_each(|name| set(&rig, driver, name, name));
    drop(rig);
    let (rig, driver) = opened(machine, &store);
    assert_eq!(rig.send(driver, REGISTRY_COUNT, 0, 0), 1000);
});

spy_test!(the_command_keeps_settings_for_the_user, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("registry", "registry.dll");
    let send = |place: Option<&str>, message: u32, name: &str, value: &str| {
        let mut run = folder.drvhost(["send", "./registry.dll", &message.to_string(), name, value]);
        match place {
            Some(place) => run.env("XDG_CONFIG_HOME", folder.file(place)).success(),
            None => run.success(),
        }
    };
    assert_eq!(send(None, REGISTRY_SET, "5", "42"), "0\n");
    assert_eq!(send(None, REGISTRY_GET, "5", "0"), "42\n");
    assert!(folder.file(".config/drvhost/registry.reg").exists());
    assert_eq!(send(Some("other"), REGISTRY_GET, "5", "0"), "-2\n");
    assert_eq!(send(Some("other"), REGISTRY_SET, "5", "43"), "0\n");
    assert_eq!(send(None, REGISTRY_GET, "5", "0"), "42\n");
    assert!(folder.file("other/drvhost/registry.reg").exists());
});

spy_test!(sessions_at_once_lose_nothing, |machine| {
    const EACH: i64 = 40;
    let (_folder, store) = store();
    thread::scope(|scope| {
        for first in [0, EACH] {
            let (rig, driver) = opened(machine, &store);
            scope.spawn(move || (first..first + EACH).for_each(|name| set(&rig, driver, name, name)));
        }
    });
    let (rig, driver) = opened(machine, &store);
    assert_eq!(rig.send(driver, REGISTRY_COUNT, 0, 0), 2 * EACH);
    (0..2 * EACH).for_each(|name| assert_eq!(get(&rig, driver, name), name));
});

spy_test!(a_session_hears_of_what_another_one_changes, |machine| {
    let (_folder, store) = store();
    let [(waiting, driver), (other, changing)] = [(); 2].map(|()| opened(machine, &store));
    set(&other, changing, 1, 0);
    let heard = AtomicBool::new(false);
    let waiting = thread::scope(|scope| {
        let waits = scope.spawn(|| {
            let waiting = waiting;
            assert_eq!(waiting.send(driver, REGISTRY_WAIT, 0, 0), 1);
            heard.store(true, Ordering::SeqCst);
            waiting
        });
        // It may not wait yet when the first change comes.
        (1..10_000).take_while(|_| !heard.load(Ordering::SeqCst)).for_each(|value| {
            set(&other, changing, 1, value);
            thread::sleep(std::time::Duration::from_millis(20));
        });
        waits.join().unwrap()
    });
    let last = get(&other, changing, 1);
    // With its worker's end at the latest everything is in the file.
    drop(other);
    assert_eq!(get(&waiting, driver, 1), last);
});

spy_test!(a_wait_without_end_is_ended_by_the_deadline, |machine| {
    let (_folder, store) = store();
    let rig = Rig::with(machine, |builder| {
        builder.store(store.clone()).deadline(Some(std::time::Duration::from_millis(500)))
    });
    let driver = rig.open("registry", "");
    set(&rig, driver, 1, 1);
    let error = rig.session.send(driver, REGISTRY_WAIT, 0, 0).unwrap_err();
    assert!(error.to_string().contains("deadline"), "{error}");
    assert_eq!(get(&rig, driver, 1), 1);
});

spy_test!(installed_drivers_are_seen_and_not_changed, |machine| {
    let (_folder, store) = store();
    let entries = [(r"SOFTWARE", "wide.dll"), (r"SOFTWARE\Wow6432Node", "narrow.dll")].map(|(place, file)| {
        format!(
            "\r\n[HKEY_LOCAL_MACHINE\\{place}\\Microsoft\\Windows NT\\CurrentVersion\\Drivers32]\r\n\"midi9\"=\"{file}\"\r\n"
        )
    });
    std::fs::create_dir_all(store.file().parent().unwrap()).unwrap();
    let text = format!("Windows Registry Editor Version 5.00\r\n{}", entries.concat());
    std::fs::write(store.file(), &text).unwrap();
    let (rig, driver) = opened(machine, &store);
    check(&rig, driver, DRIVERS32);
    let refused = rig.refusals();
    assert_eq!(refused.len(), 4, "{refused:?}");
    for refusal in refused {
        assert_eq!(refusal["what"], "change the registry", "{refusal}");
        assert_eq!(refusal["driver"], "registry.dll", "{refusal}");
        assert!(refusal["path"].as_str().unwrap().ends_with("Drivers32"), "{refusal}");
    }
    drop(rig);
    assert_eq!(std::fs::read_to_string(store.file()).unwrap(), text);
    assert!(!store.settings_file().exists());
});

spy_test!(imported_settings_are_the_drivers, |machine| {
    let folder = Folder::new(machine);
    folder.copy_driver("registry", "registry.dll");
    let drivers32 = pick(machine, r"SOFTWARE\Wow6432Node", "SOFTWARE");
    let text = format!(
        "REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\{drivers32}\\Microsoft\\Windows NT\\CurrentVersion\\Drivers32]\r\n\"midi9\"=\"registry.dll\"\r\n\
         \r\n[HKEY_CURRENT_USER\\Software\\Registry Test]\r\n\"9\"=dword:000004d2\r\n"
    );
    folder.write("old.reg", text);
    let _ = folder.drvhost(["import", "--reg", "old.reg"]).success();
    assert_eq!(folder.drvhost(["send", "midi9", &REGISTRY_GET.to_string(), "9", "0"]).success(), "1234\n");
});

spy_test!(each_width_has_its_view_of_the_machines_software, || {
    let (_folder, store) = store();
    for machine in Machine::ALL {
        let (rig, driver) = opened(machine, &store);
        check(&rig, driver, VIEWS);
        drop(rig);
        let text = std::fs::read_to_string(store.settings_file()).unwrap();
        let key = pick(machine, r"SOFTWARE\Wow6432Node\Registry Views", r"SOFTWARE\Registry Views");
        assert!(text.contains(&format!("[HKEY_LOCAL_MACHINE\\{key}]")), "{text}");
        std::fs::remove_file(store.settings_file()).unwrap();
    }
});
