//! What holds when many install at once, and when they are killed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use drvhost::{Registry, Store};
use drvhost_tests::*;

/// How often an installation is killed.
const KILLS: u64 = 200;

/// Starts to install the driver in `file`, with `home` as the user's.
fn start(home: &Path, file: &Path, alias: &str) -> Child {
    let mut command = Command::new(program("drvhost"));
    command.env_clear().env("HOME", home).arg("install").arg(file).args([
        "--alias",
        alias,
        "--deadline",
        "60s",
    ]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The store of that user.
fn store(home: &Path) -> Store {
    Store::at(&home.join(".config/drvhost"), &home.join(".local/share/drvhost"))
}

/// The aliases in the store, each of which must lead to a file with as many bytes as the driver has.
fn aliases(store: &Store, driver: &[u8]) -> BTreeSet<String> {
    let registry = registry(store);
    let aliases = registry.aliases();
    for alias in &aliases {
        let path = registry.resolve(alias, None).unwrap_or_else(|error| panic!("{alias}: {error}")).path;
        assert_eq!(std::fs::metadata(&path).unwrap().len(), driver.len() as u64, "{}", path.display());
    }
    aliases.into_iter().collect()
}

/// What is installed.
fn registry(store: &Store) -> Registry {
    let mut registry = Registry::new();
    registry.add_installed(store).unwrap_or_else(|error| panic!("the store does not open: {error}"));
    registry
}

/// Checks that every driver in the store is as it was when it was installed.
fn are_whole(store: &Store, driver: &[u8]) {
    let registry = registry(store);
    for alias in registry.aliases() {
        let path = registry.resolve(&alias, None).unwrap().path;
        assert!(std::fs::read(&path).unwrap() == driver, "{} is not whole", path.display());
    }
}

spy_test!(installs_at_once_lose_nothing, |machine| {
    let folder = Folder::new(machine);
    let names: Vec<_> = (0..8).map(|number| format!("spy{}.dll", number / 2)).collect();
    names.iter().for_each(|name| folder.copy_driver("spy", name));
    let installing = |(number, name): (usize, &String)| {
        start(folder.path(), &folder.file(name), &format!("vidc.{number}"))
    };
    let installing: Vec<_> = names.iter().enumerate().map(installing).collect();
    for mut one in installing {
        assert!(one.wait().unwrap().success());
    }
    let driver = std::fs::read(driver(machine, "spy")).unwrap();
    let store = store(folder.path());
    assert_eq!(aliases(&store, &driver).len(), 8);
    are_whole(&store, &driver);
});

spy_test!(an_install_that_is_killed_leaves_a_store_that_opens, |machine| {
    let folder = Folder::with_spies(machine, &["spy.dll"]);
    let (home, driver) = (folder.path(), folder.read("spy.dll"));
    let began = Instant::now();
    assert!(start(home, &folder.file("spy.dll"), "vidc.first").wait().unwrap().success());
    // A tenth longer than a whole one, so that some get to their end; no first one that had to wait makes all of this slow.
    let whole = began.elapsed().mul_f64(1.1).min(Duration::from_millis(500));
    let store = store(home);
    let mut expected = BTreeSet::from(["vidc.first".to_owned()]);
    let (mut random, mut interrupted) = (0x9E37_79B9_7F4A_7C15_u64, 0);
    for number in 0..KILLS {
        // Xorshift64: the same moments in every run, as far as moments can be.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // A file of its own each time, so that files are written and not only entries.
        let (name, alias) = (format!("spy{number}.dll"), format!("vidc.{number}"));
        folder.copy_driver("spy", &name);
        let mut installing = start(home, &folder.file(&name), &alias);
        std::thread::sleep(whole.mul_f64((random >> 11) as f64 / (1_u64 << 53) as f64));
        installing.kill().unwrap();
        let ended = installing.wait().unwrap();
        let found = aliases(&store, &driver);
        let mut without = found.clone();
        // The last one is there, or not; nothing else changes.
        let there = without.remove(&alias);
        assert_eq!(without, expected, "after {number}");
        assert!(there || !ended.success());
        interrupted += u64::from(!ended.success() && !there);
        expected = found;
        std::fs::remove_file(folder.file(&name)).unwrap();
    }
    assert!(interrupted > KILLS / 4, "only {interrupted} were killed before they had come to their end");
    // Whoever comes next clears away what was left half done.
    assert!(start(home, &folder.file("spy.dll"), "vidc.last").wait().unwrap().success());
    expected.insert("vidc.last".to_owned());
    assert_eq!(aliases(&store, &driver), expected);
    are_whole(&store, &driver);
    let files = std::fs::read_dir(store.folder(machine)).unwrap().count();
    assert_eq!(files, expected.len() - 1, "vidc.first and vidc.last are one file");
});
