use proptest::prelude::*;

use super::super::codes::{ERROR_DISK_FULL, ERROR_PATH_NOT_FOUND};
use super::super::layers::Grant;
use super::super::usage::count;
use super::*;

/// A driver with a folder that has `core.dat` in it, a folder for data, and two grants.
struct Driver {
    place: tempfile::TempDir,
    files: Files,
}

impl Driver {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        for folder in ["own", "read", "write", "own/Sub"] {
            std::fs::create_dir(at(folder)).unwrap();
        }
        for file in ["own/Core.dat", "own/Sub/x", "read/song", "write/old", "secret"] {
            std::fs::write(at(file), file).unwrap();
        }
        let grants =
            vec![Grant { folder: at("read"), write: false }, Grant { folder: at("write"), write: true }];
        let policy = Reach { own: at("own"), files: None, data: Some(at("data")), grants };
        Self { files: Files::new(policy), place }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A file of this computer's as the driver names it.
    fn z(&self, name: &str) -> String {
        format!("Z:{}", self.at(name).display()).replace('/', r"\")
    }

    fn open(&mut self, path: &str, write: bool, disposition: Disposition) -> Result<u32, Failure> {
        match self.files.open(path, true, write, disposition)? {
            Served::Opened { file, .. } => Ok(file),
            other => panic!("{other:?}"),
        }
    }

    fn content(&mut self, path: &str) -> Result<Vec<u8>, Failure> {
        let file = self.open(path, false, Disposition::OpenExisting)?;
        match self.files.read(file, 0, 100)? {
            Served::Bytes(bytes) => Ok(bytes),
            other => panic!("{other:?}"),
        }
    }

    fn amount(&self) -> (u64, u64) {
        self.files.usage.as_ref().unwrap().amount()
    }

    fn close(&mut self, file: u32) {
        self.files.serve(&FileCall::Close { file }).unwrap();
    }

    fn names(&mut self, path: &str) -> Vec<String> {
        match self.files.list(path, 0).unwrap() {
            Served::Entries(entries) => entries.into_iter().map(|entry| entry.name).collect(),
            other => panic!("{other:?}"),
        }
    }
}

fn code(result: Result<impl std::fmt::Debug, Failure>) -> (u32, bool) {
    let failure = result.unwrap_err();
    (failure.code, failure.refused)
}

const REFUSAL: (u32, bool) = (ERROR_ACCESS_DENIED, true);

#[test]
fn what_was_installed_with_a_driver_lies_beside_it() {
    let mut driver = Driver::new();
    std::fs::create_dir(driver.at("files")).unwrap();
    driver.files.reach.files = Some(driver.at("files"));
    for file in ["own/bank", "files/bank"] {
        std::fs::write(driver.at(file), file).unwrap();
    }
    let (bank, core) = (r"C:\windows\system32\BANK", r"C:\windows\system32\core.dat");
    assert_eq!(driver.content(bank).unwrap(), b"files/bank");
    assert_eq!(driver.content(core).unwrap(), b"own/Core.dat");
    assert!(driver.open(bank, true, Disposition::OpenExisting).is_ok());
    assert!(driver.at("data/system32/bank").is_file() || driver.at("data/system32/BANK").is_file());
    std::fs::remove_dir_all(driver.at("data")).unwrap();
    std::fs::remove_dir_all(driver.at("files")).unwrap();
    assert_eq!(driver.content(bank).unwrap(), b"own/bank");
}

#[test]
fn its_own_folder_is_read_and_what_it_writes_there_goes_to_its_data() {
    let mut driver = Driver::new();
    let core = r"C:\windows\system32\CORE.DAT";
    assert_eq!(driver.content(core).unwrap(), b"own/Core.dat");
    // Opened to be written, it is a copy that hides it.
    let file = driver.open(core, true, Disposition::OpenExisting).unwrap();
    assert_eq!(driver.files.write(file, None, b"!").unwrap(), Served::Number(13));
    assert_eq!(driver.content(core).unwrap(), b"own/Core.dat!");
    assert_eq!(std::fs::read(driver.at("own/Core.dat")).unwrap(), b"own/Core.dat");
    // A file of its own making, in a folder that only the lower layer has.
    let made = r"C:\windows\system32\sub\made";
    driver.open(made, true, Disposition::CreateNew).unwrap();
    assert_eq!(code(driver.open(made, true, Disposition::CreateNew)), (ERROR_FILE_EXISTS, false));
    assert!(driver.at("data/system32/sub/made").is_file() || driver.at("data/system32/Sub/made").is_file());
    assert_eq!(driver.names(r"C:\windows\system32\sub"), ["made", "x"]);
    assert_eq!(
        driver.names(r"C:\windows\system32"),
        ["CORE.DAT", "Sub"].map(|name| {
            // The first name that the copy was opened by is the one that it has.
            if name == "Sub" { "sub" } else { name }
        })
    );
    driver.files.remove(made, false).unwrap();
    // What lies in its own folder stays.
    assert_eq!(code(driver.files.remove(r"C:\windows\system32\Sub\x", false)), REFUSAL);
}

#[test]
fn drive_c_is_its_own_and_everything_else_wants_a_grant() {
    let mut driver = Driver::new();
    let temp = r"C:\windows\temp\t.tmp";
    assert_eq!(code(driver.content(temp)), (ERROR_FILE_NOT_FOUND, false));
    assert_eq!(code(driver.content(r"C:\nowhere\t")), (ERROR_PATH_NOT_FOUND, false));
    let file = driver.open(temp, true, Disposition::CreateAlways).unwrap();
    driver.files.write(file, Some(2), b"x").unwrap();
    assert_eq!(driver.content(temp).unwrap(), b"\0\0x");
    assert!(matches!(
        driver.files.look(r"C:\Windows\Temp").unwrap(),
        Served::Info(FileInfo { folder: true, .. })
    ));

    assert_eq!(driver.content(&driver.z("read/SONG")).unwrap(), b"read/song");
    let [song, old, new, secret, dots] =
        ["read/song", "write/old", "write/new", "secret", "read/../secret"].map(|name| driver.z(name));
    assert_eq!(code(driver.open(&song, true, Disposition::OpenExisting)), REFUSAL);
    assert_eq!(code(driver.content(&secret)), REFUSAL);
    assert_eq!(code(driver.content(&dots)), REFUSAL);
    assert_eq!(code(driver.open(&secret, true, Disposition::CreateAlways)), REFUSAL);
    driver.open(&old, true, Disposition::TruncateExisting).unwrap();
    driver.open(&new, true, Disposition::OpenAlways).unwrap();
    assert_eq!(driver.content(&old).unwrap(), b"");
    assert_eq!(std::fs::read(driver.at("secret")).unwrap(), b"secret");
    driver.files.rename(&new, &driver.z("write/newer"), false).unwrap();
    assert_eq!(driver.names(&driver.z("write")), ["newer", "old"]);
    assert_eq!(
        code(driver.files.rename(&driver.z("write/newer"), &old, false)),
        (ERROR_ALREADY_EXISTS, false)
    );
    assert_eq!(code(driver.files.rename(&old, r"C:\old", false)), REFUSAL);
}

#[test]
fn without_a_place_for_data_nothing_is_written() {
    let mut driver = Driver::new();
    driver.files = Files::new(Reach { own: driver.at("own"), ..Reach::default() });
    for path in [r"C:\windows\system32\new", r"C:\windows\system32\core.dat", r"C:\new"] {
        let (code, _) = code(driver.open(path, true, Disposition::OpenAlways));
        assert!([ERROR_ACCESS_DENIED, ERROR_PATH_NOT_FOUND].contains(&code), "{path}: {code}");
    }
    assert!(!driver.at("data").exists());
    assert_eq!(driver.content(r"C:\windows\system32\core.dat").unwrap(), b"own/Core.dat");
}

#[test]
fn amounts_are_bounded() {
    let mut driver = Driver::new();
    let path = r"C:\big";
    let file = driver.open(path, true, Disposition::CreateNew).unwrap();
    driver.files.set_length(file, MOST_BYTES).unwrap();
    assert_eq!(code(driver.files.write(file, None, b"x")), (ERROR_DISK_FULL, true));
    assert_eq!(code(driver.files.write(file, Some(u64::MAX), b"x")), (ERROR_INVALID_PARAMETER, false));
    driver.files.set_length(file, 0).unwrap();
    driver.files.write(file, None, b"x").unwrap();
    let mut opened = 1;
    while driver.open(path, false, Disposition::OpenExisting).is_ok() {
        opened += 1;
    }
    assert_eq!(opened, MOST_OPEN);
    assert_eq!(code(driver.open(path, false, Disposition::OpenExisting)), (ERROR_TOO_MANY_OPEN_FILES, false));
    driver.files.serve(&FileCall::Close { file }).unwrap();
    assert_eq!(code(driver.files.read(file, 0, 1)), (ERROR_INVALID_HANDLE, false));
    let read_only = driver.open(path, false, Disposition::OpenExisting).unwrap();
    assert_eq!(code(driver.files.write(read_only, None, b"x")), (ERROR_ACCESS_DENIED, false));
    assert_eq!(code(driver.files.set_length(read_only, 0)), (ERROR_ACCESS_DENIED, false));
}

#[test]
fn what_is_deleted_while_it_is_open_counts_until_it_is_closed() {
    let mut driver = Driver::new();
    let (path, other) = (r"C:\big", r"C:\other");
    let writing = driver.open(path, true, Disposition::CreateNew).unwrap();
    driver.files.set_length(writing, MOST_BYTES).unwrap();
    let reading = driver.open(path, false, Disposition::OpenExisting).unwrap();
    driver.files.remove(path, false).unwrap();
    let again = driver.open(path, true, Disposition::CreateNew).unwrap();
    assert_eq!(code(driver.files.set_length(again, 1)), (ERROR_DISK_FULL, true));
    driver.close(writing);
    assert_eq!(code(driver.files.set_length(again, 1)), (ERROR_DISK_FULL, true));
    driver.close(reading);
    driver.files.set_length(again, MOST_BYTES).unwrap();
    // So it is with one that another one replaces.
    driver.open(other, true, Disposition::CreateNew).unwrap();
    driver.files.rename(other, path, true).unwrap();
    let third = driver.open(other, true, Disposition::CreateNew).unwrap();
    assert_eq!(code(driver.files.set_length(third, 1)), (ERROR_DISK_FULL, true));
    // Nor has another worker of the driver's more room.
    let mut worker = Files::new(driver.files.reach.clone());
    let opened = worker.open(r"C:\more", true, true, Disposition::CreateNew).unwrap();
    let Served::Opened { file, .. } = opened else { panic!() };
    assert_eq!(code(worker.set_length(file, 1)), (ERROR_DISK_FULL, true));
    driver.files.close_all();
    worker.set_length(file, MOST_BYTES).unwrap();
}

#[test]
fn a_copy_that_fails_leaves_the_original_to_be_seen() {
    let mut driver = Driver::new();
    let (original, path) = (driver.at("own/Core.dat"), r"C:\windows\system32\core.dat");
    File::options().write(true).open(&original).unwrap().set_len(MOST_BYTES + 1).unwrap();
    assert_eq!(code(driver.open(path, true, Disposition::OpenExisting)), (ERROR_DISK_FULL, true));
    assert_eq!(driver.content(path).unwrap()[..12], *b"own/Core.dat");
    // Emptied, it needs no room.
    let file = driver.open(path, true, Disposition::CreateAlways).unwrap();
    driver.files.write(file, None, b"x").unwrap();
    assert_eq!(driver.content(path).unwrap(), b"x");
}

#[test]
fn what_is_not_made_does_not_count_and_what_is_made_beside_does() {
    let mut driver = Driver::new();
    let made = r"C:\windows\system32\Sub\made";
    let before = driver.amount();
    for _ in 0..3 {
        assert!(driver.open(r"C:\nowhere\x", true, Disposition::CreateNew).is_err());
        assert!(driver.files.make_folder(r"C:\nowhere\x").is_err());
        // The folder comes and goes with the file.
        let file = driver.open(made, true, Disposition::CreateNew).unwrap();
        assert_eq!(driver.amount(), (before.0, before.1 + 2));
        driver.close(file);
        driver.files.remove(made, false).unwrap();
        driver.files.remove(r"C:\windows\system32\Sub", true).unwrap();
        assert_eq!(driver.amount(), before);
    }
}

#[test]
fn a_folder_that_may_only_be_read_does_not_move_with_the_one_it_lies_in() {
    let mut driver = Driver::new();
    std::fs::create_dir_all(driver.at("write/sub/banks")).unwrap();
    std::fs::write(driver.at("write/sub/banks/a"), "a").unwrap();
    let mut reach = driver.files.reach.clone();
    reach.grants.push(Grant { folder: driver.at("write/sub/banks"), write: false });
    driver.files = Files::new(reach);
    let [bank, sub, other] = ["write/sub/Banks/A", "write/SUB", "write/other"].map(|name| driver.z(name));
    assert_eq!(code(driver.open(&bank, true, Disposition::OpenExisting)), REFUSAL);
    assert_eq!(code(driver.files.rename(&sub, &other, false)), REFUSAL);
    assert_eq!(driver.content(&bank).unwrap(), b"a");
    driver.files.rename(&driver.z("write/old"), &driver.z("write/sub/old"), false).unwrap();
}

#[test]
fn a_large_folder_is_told_page_by_page_as_it_was_at_first() {
    let mut driver = Driver::new();
    for number in 0..70 {
        std::fs::write(driver.at(&format!("own/{number:02}")), "").unwrap();
    }
    let mut names = Vec::new();
    loop {
        let from = u32::try_from(names.len()).unwrap();
        let Served::Entries(page) = driver.files.list(r"C:\windows\system32", from).unwrap() else {
            panic!()
        };
        if page.is_empty() {
            break;
        }
        names.extend(page.into_iter().map(|entry| entry.name));
        std::fs::remove_file(driver.at("own/00")).ok();
    }
    assert_eq!((names.len(), names[0].as_str(), names[71].as_str()), (72, "00", "Sub"));
    // From the beginning it is read anew.
    assert_eq!(driver.names(r"C:\windows\system32")[0], "01");
}

fn path() -> impl Strategy<Value = String> {
    let names = ["a", "B", "sub", "core.dat", "windows", "temp", "system32", "..", "nul", "x. ", ""];
    let drive = prop::sample::select(vec![r"C:\", r"C:\windows\system32\", r"Z:\", "", r"\\?\C:\"]);
    let names = prop::collection::vec(prop::sample::select(names.to_vec()), 0..4);
    (drive, names).prop_map(|(drive, names)| drive.to_owned() + &names.join(r"\"))
}

fn call() -> impl Strategy<Value = FileCall> {
    let disposition = prop::sample::select(vec![
        Disposition::CreateNew,
        Disposition::CreateAlways,
        Disposition::OpenExisting,
        Disposition::OpenAlways,
        Disposition::TruncateExisting,
    ]);
    let file = || prop_oneof![9 => 0..20_u32, 1 => any::<u32>()];
    let place = || prop_oneof![9 => 0..5000_u64, 1 => any::<u64>()];
    prop_oneof![
        4 => (path(), any::<bool>(), any::<bool>(), disposition)
            .prop_map(|(path, read, write, disposition)| FileCall::Open { path, read, write, disposition }),
        1 => (file(), place(), any::<u32>()).prop_map(|(file, at, len)| FileCall::Read { file, at, len }),
        4 => (file(), prop::option::of(place()), prop::collection::vec(any::<u8>(), 0..300))
            .prop_map(|(file, at, bytes)| FileCall::Write { file, at, bytes }),
        2 => (file(), place()).prop_map(|(file, len)| FileCall::SetLength { file, len }),
        1 => file().prop_map(|file| FileCall::Info { file }),
        2 => file().prop_map(|file| FileCall::Close { file }),
        1 => path().prop_map(|path| FileCall::Look { path }),
        2 => path().prop_map(|path| FileCall::Delete { path }),
        3 => (path(), path(), any::<bool>())
            .prop_map(|(from, to, replace)| FileCall::Rename { from, to, replace }),
        2 => path().prop_map(|path| FileCall::MakeFolder { path }),
        2 => path().prop_map(|path| FileCall::RemoveFolder { path }),
        1 => (path(), 0..40_u32).prop_map(|(path, from)| FileCall::List { path, from }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn the_running_count_is_what_there_is(calls in prop::collection::vec(call(), 1..120)) {
        let mut driver = Driver::new();
        for layer in ["system32", "drive_c"] {
            std::fs::create_dir_all(driver.at("data").join(layer)).unwrap();
        }
        driver.amount();
        for call in calls {
            // Whatever it answers.
            let _ = driver.files.serve(&call);
        }
        driver.files.close_all();
        prop_assert_eq!(driver.amount(), count(&driver.at("data")));
        prop_assert_eq!(std::fs::read(driver.at("own/Core.dat")).unwrap(), b"own/Core.dat");
        prop_assert_eq!(std::fs::read_dir(driver.place.path()).unwrap().count(), 5);
    }
}
