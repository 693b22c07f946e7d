use std::path::PathBuf;

use super::super::codes::ERROR_PATH_NOT_FOUND;
use super::super::layers::Grant;
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
        let policy = Reach { own: at("own"), data: Some(at("data")), grants };
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
