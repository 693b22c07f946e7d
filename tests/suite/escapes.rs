//! A driver that wants out: whatever it calls a file, it gets at its own folder, its data and what it is granted, and at nothing else.
//!
//! Which place a path names is tried at `crates/drvhost/src/services/paths.rs`, and that nothing leads out of a folder at `folder.rs`; what drivers see of refusals is in
//! `files.rs`.

mod spellings;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use drvhost::{Grant, Hdrvr, Store};
use drvhost_tests::*;
use rustix::fs::{CWD, FileType, Mode, RenameFlags, mknodat, renameat_with};

use spellings::{Spelling, spellings};

/// What `drivers/escapes.c` does with a path, by number.
const ESCAPES: [&str; 22] = [
    "read",
    "write",
    "append",
    "delete",
    "list",
    "look",
    "make a folder",
    "remove a folder",
    "move there",
    "move from there",
    "copy there",
    "copy from there",
    "make a temporary file",
    "read a profile",
    "write a profile",
    "load a library",
    "open a driver",
    "play a sound",
    "read a stream",
    "write a stream",
    "go there",
    "read by its full name",
];

/// What is outside, and must never be seen, changed or deleted.
const CANARY: &str = "[canary]\r\nsecret=CANARY\r\n";
/// A name that is outside only.
const OUTSIDE_ONLY: &str = "canary.dll";

/// Where the driver is, and what is around it.
struct Scene {
    place: tempfile::TempDir,
    rig: Rig,
    driver: Hdrvr,
}

impl Scene {
    fn new(machine: Machine) -> Self {
        let place = tempfile::tempdir().expect("a temporary folder");
        let at = |name: &str| place.path().join(name);
        for folder in ["own/folder", "outside/folder", "granted", "grantedbeside", "written"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for outside in ["outside", "grantedbeside"] {
            fs::write(at(outside).join("secret"), CANARY).unwrap();
            fs::copy(driver(machine, "escapes"), at(outside).join(OUTSIDE_ONLY)).unwrap();
        }
        fs::write(at("outside/folder/inner"), CANARY).unwrap();
        fs::copy(driver(machine, "escapes"), at("own/escapes.dll")).unwrap();
        let store = Store::at(&at("config"), &at("data"));
        let data = at("data/data").join(machine.to_string()).join("escapes.dll");
        for folder in
            ["own".into(), data.join("drive_c"), data.join("system32"), "granted".into(), "written".into()]
        {
            let folder = place.path().join::<PathBuf>(folder);
            fs::create_dir_all(&folder).unwrap();
            symlink(at("outside"), folder.join("link")).unwrap();
            symlink("../outside/secret", folder.join("file")).unwrap();
            symlink(at("outside/secret"), folder.join("straight")).unwrap();
            symlink(at("outside").join(OUTSIDE_ONLY), folder.join("library.dll")).unwrap();
            symlink("/", folder.join("root")).unwrap();
            mknodat(CWD, folder.join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
            // Only root may make one.
            let _ = mknodat(
                CWD,
                folder.join("device"),
                FileType::CharacterDevice,
                Mode::RUSR,
                rustix::fs::makedev(1, 5),
            );
            drop(std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap());
        }
        let grants =
            [Grant { folder: at("granted"), write: false }, Grant { folder: at("written"), write: true }];
        let rig = Rig::with(machine, |builder| builder.store(store).grant(&grants).unwrap());
        let driver = rig.try_open_file(&at("own/escapes.dll"), "", 0).unwrap();
        Self { place, rig, driver }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// Has the driver do something with a path; what it answers, and what it has read.
    fn attempt(&self, act: u32, what: i64, path: &[u8], wide: bool) -> (i64, String) {
        let path = self.rig.bytes(self.driver, path);
        let buffer = self.rig.bytes(self.driver, &[0; 4096]);
        let with = [path.lparam(), wide.into(), buffer.lparam(), 4096];
        let answer = self.rig.send(self.driver, act, what, self.rig.block(self.driver, &with).lparam());
        (answer, String::from_utf8_lossy(&buffer.to_vec().unwrap()).trim_end_matches('\0').to_owned())
    }

    /// What is around the driver and not its own to change.
    fn around(&self) -> Tree {
        let mut tree = Tree::new();
        for folder in ["own", "outside", "granted", "grantedbeside"] {
            look(&self.at(folder), &mut tree);
        }
        let there = fs::read_dir(self.place.path()).unwrap().map(|entry| entry.unwrap().path());
        tree.extend(there.map(|path| (path, "there".to_owned())));
        tree
    }
}

/// Every path, and what there is.
type Tree = BTreeMap<PathBuf, String>;

fn look(folder: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        let mut what = format!("{:?} {} {}", metadata.file_type(), metadata.ino(), metadata.nlink());
        if metadata.is_file() {
            what += &format!(" {} {:?}", metadata.len(), metadata.modified().unwrap());
            // What the canaries say, too.
            if metadata.len() < 100 {
                what += &fs::read_to_string(&path).unwrap();
            }
        } else if metadata.is_dir() {
            look(&path, tree);
        } else {
            assert!(
                metadata.is_symlink()
                    || metadata.file_type().is_fifo()
                    || metadata.file_type().is_socket()
                    || metadata.file_type().is_char_device()
            );
        }
        tree.insert(path, what);
    }
}

/// Does everything with one spelling; how much was done.
fn try_spelling(scene: &Scene, spelling: &Spelling, before: &Tree) -> usize {
    let mut done = 0;
    for (what, name) in (0..).zip(ESCAPES) {
        for (wide, path) in spelling.forms(name) {
            let (answer, read) = scene.attempt(ESCAPES_TRY, what, &path, wide);
            let said = format!("{spelling:?}, wide: {wide}: {name} answers {answer}, and reads {read:?}");
            assert!(!read.contains("CANARY") && !read.contains(OUTSIDE_ONLY), "{said}");
            assert!(answer <= 0 || !spelling.must_not(name), "{said}");
            done += usize::from(answer > 0);
        }
    }
    let after = scene.around();
    assert!(&after == before, "{spelling:?} has changed {:?}", difference(before, &after));
    done
}

fn difference(before: &Tree, after: &Tree) -> Vec<PathBuf> {
    let changed = |(path, what): &(&PathBuf, &String)| before.get(*path) != Some(what);
    let gone = before.keys().filter(|path| !after.contains_key(*path));
    after.iter().filter(changed).map(|(path, _)| path).chain(gone).cloned().collect()
}

spy_test!(no_spelling_leads_out, |machine| {
    let scene = Scene::new(machine);
    let before = scene.around();
    let all = spellings(scene.place.path());
    assert!(all.len() >= 80);
    // With what is its own, all of it can be done.
    let own = try_spelling(&scene, &Spelling::new(r"C:\here"), &before);
    assert!(own >= 10, "{own}");
    for spelling in &all {
        try_spelling(&scene, spelling, &before);
    }
    // The driver is none the worse for it.
    assert_eq!(scene.rig.send(scene.driver, XOR, 5, 3), 6);
});

spy_test!(a_hard_link_is_the_file_itself, |machine| {
    // Whoever puts one there gives the file away; what is written beside it goes to the driver's data all the same.
    let scene = Scene::new(machine);
    fs::hard_link(scene.at("outside/folder/inner"), scene.at("own/hard")).unwrap();
    let before = scene.around();
    for (what, name) in (0..).zip(ESCAPES) {
        let (answer, read) = scene.attempt(ESCAPES_TRY, what, b"C:\\windows\\system32\\hard\0", false);
        assert!(name != "read" || read == CANARY, "{answer}: {read}");
        assert!(before == scene.around(), "{name} has changed {:?}", difference(&before, &scene.around()));
    }
});

/// Swaps a folder and a link that leads out, as fast as that can be done, while the driver does everything with what lies in it.
fn race(scene: &Scene, folder: &Path, path: &str) {
    let [swapped, other] = ["swap", "other"].map(|name| folder.join(name));
    fs::create_dir(&swapped).unwrap();
    fs::write(swapped.join("secret"), "inside").unwrap();
    symlink(scene.at("outside"), &other).unwrap();
    let outside = |scene: &Scene| {
        let mut tree = Tree::new();
        look(&scene.at("outside"), &mut tree);
        tree
    };
    let before = outside(scene);
    let over = AtomicBool::new(false);
    let (swaps, rounds) = std::thread::scope(|scope| {
        let swapping = scope.spawn(|| {
            let mut swaps = 0_u64;
            while !over.load(Ordering::Relaxed) {
                renameat_with(CWD, &swapped, CWD, &other, RenameFlags::EXCHANGE).unwrap();
                swaps += 1;
            }
            swaps
        });
        let (rounds, read) =
            scene.attempt(ESCAPES_KEEP_TRYING, 1200, format!("{path}\\swap\\secret\0").as_bytes(), false);
        over.store(true, Ordering::Relaxed);
        assert!(!read.contains("CANARY"));
        (swapping.join().unwrap(), rounds)
    });
    println!("{path}: {swaps} swaps, {rounds} rounds");
    assert!(
        rounds > 0,
        "{path}: {} has read what is outside",
        ESCAPES[usize::try_from(-rounds - 1).unwrap_or(0)]
    );
    assert!(swaps > 100, "{swaps}");
    let after = outside(scene);
    assert!(after == before, "{path}: {:?}", difference(&before, &after));
}

spy_test!(no_link_that_comes_and_goes_leads_out, |machine| {
    let scene = Scene::new(machine);
    let data = scene.at("data/data").join(machine.to_string()).join("escapes.dll");
    race(&scene, &scene.at("own"), r"C:\windows\system32");
    race(&scene, &data.join("drive_c"), "C:");
    race(
        &scene,
        &scene.at("written"),
        &format!("Z:{}", scene.at("written").canonicalize().unwrap().display()),
    );
});

spy_test!(amounts_of_files_have_an_end, |machine| {
    let scene = Scene::new(machine);
    // Made here, because a driver has its names looked up one by one.
    let full = scene.at("data/data").join(machine.to_string()).join("escapes.dll/drive_c/full");
    fs::create_dir(&full).unwrap();
    for number in 0..9_700 {
        fs::write(full.join(number.to_string()), "").unwrap();
    }
    assert_eq!(scene.rig.send(scene.driver, ESCAPES_MOST_FILES, 0, 0), 0, "the line of escapes.c that fails");
});

spy_test!(amounts_of_settings_have_an_end, |machine| {
    let scene = Scene::new(machine);
    assert_eq!(scene.rig.send(scene.driver, ESCAPES_MOST_KEYS, 0, 0), 0, "the line of escapes.c that fails");
});
