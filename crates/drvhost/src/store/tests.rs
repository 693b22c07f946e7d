//! The store on the disk: changes, what they leave when they are given up, and two at once.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::regfile::Data;
use crate::registry::{Origin, Registry};

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::at(&folder.path().join("config"), &folder.path().join("data"));
    (folder, store)
}

fn install(store: &Store, machine: Machine, alias: &str, value: &str) {
    let mut change = store.change().unwrap();
    let bytes = pe::builder::Builder::new(machine.into()).build();
    change.bring(machine, value.split(' ').next().unwrap(), &bytes).unwrap();
    change.set(machine, alias, value);
    change.finish().unwrap();
}

#[test]
fn reading_makes_nothing() {
    let (folder, store) = store();
    assert_eq!(store.read().unwrap(), Hive::default());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_change_is_there_when_it_is_finished_and_else_leaves_nothing() {
    let (_folder, store) = store();
    install(&store, Machine::I386, "vidc.a", "a.dll");
    let (before, files) = (fs::read(store.file()).unwrap(), files(&store));
    let mut given_up = store.change().unwrap();
    given_up.bring(Machine::I386, "b.dll", b"MZ").unwrap();
    given_up.set(Machine::I386, "vidc.b", "b.dll");
    given_up.set(Machine::I386, "vidc.a", "b.dll");
    drop(given_up);
    assert_eq!((fs::read(store.file()).unwrap(), self::files(&store)), (before, files));
}

fn files(store: &Store) -> Vec<PathBuf> {
    Machine::ALL
        .into_iter()
        .flat_map(|machine| crate::directories::files_in(&store.folder(machine)))
        .collect()
}

#[test]
fn what_a_killed_change_left_is_cleared_away_by_the_next() {
    let (_folder, store) = store();
    install(&store, Machine::X86_64, "vidc.a", "A.dll");
    let folder = store.folder(Machine::X86_64);
    for leftover in ["b.dll", "c.dll.incomplete"] {
        fs::write(folder.join(leftover), b"half").unwrap();
    }
    drop(store.change().unwrap());
    assert_eq!(files(&store), [folder.join("A.dll")]);
}

#[test]
fn both_folders_may_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path(), &link).unwrap();
    for data in [folder.path(), &link] {
        drop(Store::at(folder.path(), data).change().unwrap());
    }
}

#[test]
fn one_name_is_one_file() {
    let (_folder, store) = store();
    install(&store, Machine::X86_64, "vidc.a", "a.dll x");
    install(&store, Machine::X86_64, "vidc.b", "A.DLL y");
    assert_eq!(files(&store).len(), 1);
    let mut change = store.change().unwrap();
    let error = change.bring(Machine::X86_64, "a.dll", b"MZ other").unwrap_err();
    assert!(error.to_string().contains("`vidc.a`, `vidc.b`"), "{error}");
    // For the other machine it is another file.
    change.bring(Machine::I386, "a.dll", b"MZ other").unwrap();
}

#[test]
fn changes_at_once_lose_nothing() {
    let (_folder, store) = store();
    let inside = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (store, inside) = (&store, &inside);
            scope.spawn(move || {
                for number in 0..5 {
                    let mut change = store.change().unwrap();
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                    change.set(Machine::I386, &format!("vidc.{thread}{number}"), "a.dll");
                    inside.fetch_sub(1, Ordering::SeqCst);
                    change.finish().unwrap();
                }
            });
        }
    });
    assert_eq!(entries(&store.read().unwrap()).len(), 40);
}

#[test]
fn a_damaged_store_is_named_with_its_line_and_stays_as_it_is() {
    let (_folder, store) = store();
    install(&store, Machine::X86_64, "vidc.a", "a.dll");
    fs::write(store.file(), "REGEDIT4\n\nnonsense\n").unwrap();
    for error in [store.read().map(drop).unwrap_err(), store.change().map(drop).unwrap_err()] {
        assert!(matches!(error, Error::Store(StoreError::Syntax { line: 3, .. })), "{error}");
    }
    assert_eq!(fs::read(store.file()).unwrap(), b"REGEDIT4\n\nnonsense\n");
    assert_eq!(files(&store).len(), 1);
}

#[test]
fn entries_are_the_texts_of_sections() {
    let mut hive = Hive::default();
    let key = section_key(Machine::I386, "MCI32");
    hive.set(&key, "avivideo", Data::string("mciavi32.dll /x"));
    hive.set(&key, "number", Data::Dword(1));
    hive.set(&key, "", Data::string("default"));
    hive.set(&format!("{key}\\below"), "deep", Data::string("x"));
    hive.set("HKEY_CURRENT_USER\\Software", "a", Data::string("x"));
    let entry = StoreEntry {
        machine: Machine::I386,
        section: "MCI32".into(),
        alias: "avivideo".into(),
        value: "mciavi32.dll /x".into(),
    };
    assert_eq!(entry.file(), "mciavi32.dll");
    assert_eq!(entries(&hive), [entry]);
}

#[test]
fn installed_drivers_are_found_for_their_machine() {
    let (_folder, store) = store();
    install(&store, Machine::I386, "vidc.a", "a.dll narrow");
    install(&store, Machine::X86_64, "vidc.a", "b.dll wide");
    install(&store, Machine::I386, "vidc.n", "a.dll");
    let mut registry = Registry::new();
    registry.add_installed(&store).unwrap();
    let found = |registry: &Registry, alias| {
        let driver = registry.resolve(alias, None).unwrap();
        assert_eq!(driver.origin, Origin::Installed);
        (driver.path.strip_prefix(&store.data).unwrap().display().to_string(), driver.text)
    };
    let wide = ("drivers/x86_64/b.dll".to_owned(), Some("wide".to_owned()));
    let narrow = ("drivers/i386/a.dll".to_owned(), Some("narrow".to_owned()));
    assert_eq!(found(&registry, "VIDC.a"), wide);
    assert_eq!(found(&registry, "vidc.n"), (narrow.0.clone(), None));
    assert_eq!(registry.resolve_each("vidc.a").count(), 2);
    assert_eq!(registry.aliases(), ["vidc.a", "vidc.n"]);
    assert!(registry.resolve("a.dll", None).is_err(), "a file of the store is found by its entry only");
    registry.set_machine(Some(Machine::I386));
    assert_eq!(found(&registry, "vidc.a"), narrow);
    registry.set("Drivers32", "vidc.a", "elsewhere.dll");
    assert!(registry.resolve("vidc.a", None).unwrap_err().to_string().contains("elsewhere.dll"));
}
