use wire::KeyInfo;

use super::*;
use crate::regfile::REG_SZ;
use crate::services::codes::{ERROR_KEY_DELETED, ERROR_NO_MORE_ITEMS, ERROR_NOT_ENOUGH_QUOTA};

const KEY: &str = r"HKEY_CURRENT_USER\Software\Synth";

fn create(settings: &Settings, key: &str) -> Result<Served, Failure> {
    settings.serve(&RegistryCall::Create { key: key.to_owned() })
}

fn set(settings: &Settings, key: &str, name: &str, data: &[u8]) -> Result<Served, Failure> {
    let (key, name, data) = (key.to_owned(), name.to_owned(), data.to_vec());
    settings.serve(&RegistryCall::Set { key, name, kind: 3, data })
}

fn get(settings: &Settings, key: &str, name: &str) -> Result<Vec<u8>, u32> {
    let get = RegistryCall::Get { key: key.to_owned(), name: name.to_owned() };
    match settings.serve(&get) {
        Ok(Served::Value { data, .. }) => Ok(data),
        Ok(other) => panic!("{other:?}"),
        Err(failure) => Err(failure.code),
    }
}

fn changes(settings: &Settings, key: &str, tree: bool) -> Served {
    settings.serve(&RegistryCall::Changes { key: key.to_owned(), tree }).unwrap()
}

fn delete(settings: &Settings, key: &str, tree: bool) -> Result<Served, Failure> {
    settings.serve(&RegistryCall::Delete { key: key.to_owned(), tree })
}

#[test]
fn keys_and_values_are_listed_counted_and_deleted() {
    let settings = Settings::new(None);
    assert_eq!(create(&settings, KEY).unwrap(), Served::Number(1));
    assert_eq!(create(&settings, &KEY.to_lowercase()).unwrap(), Served::Number(0));
    set(&settings, KEY, "Gain", b"12").unwrap();
    set(&settings, &KEY.to_uppercase(), "gain", b"345").unwrap();
    create(&settings, &format!(r"{KEY}\Banks\One")).unwrap();
    assert_eq!(get(&settings, KEY, "GAIN"), Ok(b"345".to_vec()));
    let look = RegistryCall::Look { key: KEY.to_owned() };
    let info = KeyInfo { keys: 1, longest_key: 5, values: 1, longest_name: 4, longest_data: 3 };
    assert_eq!(settings.serve(&look).unwrap(), Served::Key(info));
    let below = |index| settings.serve(&RegistryCall::Below { key: KEY.to_owned(), index });
    assert_eq!(below(0).unwrap(), Served::Text("Banks".to_owned()));
    assert_eq!(below(1).unwrap_err().code, ERROR_NO_MORE_ITEMS);
    assert_eq!(delete(&settings, KEY, false).unwrap_err().code, ERROR_KEY_HAS_CHILDREN);
    delete(&settings, KEY, true).unwrap();
    assert_eq!(get(&settings, KEY, "gain"), Err(ERROR_KEY_DELETED));
    assert_eq!(settings.serve(&look).unwrap_err().code, ERROR_FILE_NOT_FOUND);
    assert_eq!(delete(&settings, "HKEY_CURRENT_USER", true).unwrap_err().code, ERROR_ACCESS_DENIED);
    // The key above was there only because of this one, and is still.
    let above = RegistryCall::Look { key: r"HKEY_CURRENT_USER\Software".to_owned() };
    assert!(settings.serve(&above).is_ok());
}

#[test]
fn changes_are_counted_where_they_are_and_above() {
    let settings = Settings::new(None);
    let deep = format!(r"{KEY}\Banks");
    create(&settings, &deep).unwrap();
    let before = [changes(&settings, KEY, false), changes(&settings, KEY, true)];
    set(&settings, &deep, "x", b"1").unwrap();
    assert_eq!(changes(&settings, KEY, false), before[0]);
    assert_ne!(changes(&settings, KEY, true), before[1]);
    create(&settings, &format!(r"{KEY}\Other")).unwrap();
    assert_ne!(changes(&settings, KEY, false), before[0]);
    // A key that goes with the one it lies in has changed, too.
    let before = changes(&settings, &deep, false);
    delete(&settings, KEY, true).unwrap();
    assert_ne!(changes(&settings, &deep, false), before);
}

#[test]
fn what_is_counted_is_bounded_and_every_count_grows() {
    let settings = Settings::new(None);
    create(&settings, KEY).unwrap();
    let Served::Number(mut before) = changes(&settings, KEY, false) else { panic!() };
    // More keys than are counted apart, of which few are there at a time.
    for number in 0..20_010 {
        let key = format!(r"HKEY_CURRENT_USER\Software\{number}");
        create(&settings, &key).unwrap();
        delete(&settings, &key, false).unwrap();
        if number % 2_000 == 0 {
            set(&settings, KEY, "x", b"1").unwrap();
            let Served::Number(now) = changes(&settings, KEY, false) else { panic!() };
            assert!(now > before);
            before = now;
        }
    }
}

#[test]
fn what_is_flushed_is_there_for_others_and_two_lose_nothing() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::at(&place.path().join("config"), &place.path().join("data"));
    let [one, other] = [(); 2].map(|()| Settings::new(Some(store.clone())));
    create(&one, KEY).unwrap();
    set(&one, KEY, "a", b"1").unwrap();
    assert!(!store.settings_file().exists());
    one.serve(&RegistryCall::Flush).unwrap();
    assert_eq!(get(&other, KEY, "a"), Ok(b"1".to_vec()));
    // Both change something before either is written.
    set(&one, KEY, "b", b"2").unwrap();
    set(&other, KEY, "c", b"3").unwrap();
    other.serve(&RegistryCall::Flush).unwrap();
    drop(one);
    let again = Settings::new(Some(store.clone()));
    for (name, data) in [("a", b"1"), ("b", b"2"), ("c", b"3")] {
        assert_eq!(get(&again, KEY, name), Ok(data.to_vec()));
    }
    // One that cannot be understood is not written over.
    std::fs::write(store.settings_file(), "nonsense").unwrap();
    let broken = Settings::new(Some(store.clone()));
    create(&broken, KEY).unwrap();
    assert_eq!(broken.serve(&RegistryCall::Flush).unwrap_err().code, ERROR_DISK_FULL);
    drop(broken);
    assert_eq!(std::fs::read(store.settings_file()).unwrap(), b"nonsense");
}

#[test]
fn installed_drivers_can_be_read_and_not_changed() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::at(place.path(), place.path());
    let key = store::drivers32(Machine::X86_64);
    let mut hive = Hive::default();
    hive.set(&key, "midi", Data::string("synth.dll"));
    std::fs::write(store.file(), hive.to_reg()).unwrap();
    let settings = Settings::new(Some(store));
    let value = Data::string("synth.dll");
    assert_eq!((value.kind(), get(&settings, &key, "MIDI")), (REG_SZ, Ok(value.bytes())));
    assert!(set(&settings, &key, "midi", b"x").unwrap_err().refused);
    assert!(delete(&settings, &key, true).unwrap_err().refused);
    let unset = RegistryCall::Unset { key: key.clone(), name: "midi".to_owned() };
    assert!(settings.serve(&unset).unwrap_err().refused);
    // The registry's names have no case in any script: a Kelvin sign is a k.
    let disguised = key.replace('K', "\u{212a}");
    assert_ne!(disguised, key);
    assert_eq!(get(&settings, &disguised, "midi"), Ok(value.bytes()));
    assert!(set(&settings, &disguised, "midi", b"x").unwrap_err().refused);
    assert!(create(&settings, &format!(r"{disguised}\below")).unwrap_err().refused);
}

#[test]
fn keys_that_are_on_any_windows_are_there_and_stay() {
    let settings = Settings::new(None);
    let classes = r"HKEY_LOCAL_MACHINE\software\Classes";
    assert_eq!(create(&settings, classes).unwrap(), Served::Number(0));
    assert!(delete(&settings, classes, true).unwrap_err().refused);
    set(&settings, classes, "", b"1").unwrap();
    create(&settings, r"HKEY_LOCAL_MACHINE\SOFTWARE\Synth").unwrap();
    let below = |index| {
        settings.serve(&RegistryCall::Below { key: r"HKEY_LOCAL_MACHINE\SOFTWARE".to_owned(), index })
    };
    let names: Vec<_> = (0..).map_while(|index| below(index).ok()).collect();
    assert_eq!(names, ["Classes", "Microsoft", "Synth", "Wow6432Node"].map(|name| Served::Text(name.into())));
}

#[test]
fn no_name_can_spoil_the_file() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::at(place.path(), place.path());
    let settings = Settings::new(Some(store.clone()));
    create(&settings, KEY).unwrap();
    for name in ["a\nb", "a\0", "\u{85}", "\r"] {
        let key = format!(r"{KEY}\{name}");
        assert_eq!(create(&settings, &key).unwrap_err().code, ERROR_INVALID_PARAMETER, "{name:?}");
        assert_eq!(set(&settings, KEY, name, b"x").unwrap_err().code, ERROR_INVALID_PARAMETER, "{name:?}");
    }
    for root in ["HKLM", "", "[HKEY_CURRENT_USER]", "H\u{212a}EY_CURRENT_USER"] {
        assert_eq!(
            create(&settings, &format!(r"{root}\x")).unwrap_err().code,
            ERROR_INVALID_PARAMETER,
            "{root}"
        );
        assert!(set(&settings, root, "x", b"x").is_err(), "{root}");
    }
    let strange = [" a ", "]", "-", "\"=\"", "ΑΣ", "\u{212a}", "\u{feff}", "@", ";", "%"];
    for name in strange {
        create(&settings, &format!(r"{KEY}\{name}")).unwrap();
        set(&settings, KEY, name, name.as_bytes()).unwrap();
    }
    drop(settings);
    let again = Settings::new(Some(store));
    for name in strange {
        assert_eq!(get(&again, KEY, name), Ok(name.as_bytes().to_vec()), "{name}");
        let look = RegistryCall::Look { key: format!(r"{KEY}\{name}") };
        assert!(again.serve(&look).is_ok(), "{name}");
    }
}

#[test]
fn what_is_not_flushed_does_not_pile_up() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::at(place.path(), place.path());
    let settings = Settings::new(Some(store.clone()));
    create(&settings, KEY).unwrap();
    for number in 0..=MOST_PENDING / PIECE + 1 {
        set(&settings, KEY, "x", &vec![u8::try_from(number % 256).unwrap(); PIECE]).unwrap();
    }
    assert!(store.settings_file().exists());
    assert!(settings.lock().pending_size < MOST_PENDING / 2);
    // Where it cannot be written, what is remembered is bounded all the same.
    std::fs::write(store.settings_file(), "nonsense").unwrap();
    let error = (0..=2 * MOST_PENDING / PIECE).find_map(|_| set(&settings, KEY, "x", &vec![1; PIECE]).err());
    assert_eq!(error.unwrap().code, ERROR_DISK_FULL);
}

#[test]
fn data_longer_than_a_message_is_not_cut() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::at(place.path(), place.path());
    let mut hive = Hive::default();
    hive.set(KEY, "long", Data::new(3, vec![1; PIECE + 1]));
    hive.set(KEY, "short", Data::new(3, vec![1; PIECE]));
    std::fs::write(store.settings_file(), hive.to_reg()).unwrap();
    let settings = Settings::new(Some(store));
    assert_eq!(get(&settings, KEY, "short"), Ok(vec![1; PIECE]));
    assert_eq!(get(&settings, KEY, "long"), Err(crate::services::codes::ERROR_NOT_ENOUGH_MEMORY));
}

#[test]
fn amounts_are_bounded() {
    let settings = Settings::new(None);
    create(&settings, KEY).unwrap();
    assert!(set(&settings, KEY, "a", &vec![0; PIECE]).is_ok());
    assert_eq!(set(&settings, KEY, "a", &vec![0; PIECE + 1]).unwrap_err().code, ERROR_INVALID_PARAMETER);
    let long = format!(r"{KEY}\{}", "k".repeat(LONGEST_KEY + 1));
    assert_eq!(create(&settings, &long).unwrap_err().code, ERROR_INVALID_PARAMETER);
    assert_eq!(create(&settings, &format!(r"{KEY}\\x")).unwrap_err().code, ERROR_INVALID_PARAMETER);
    assert_eq!(
        create(&settings, &[r"HKEY_CURRENT_USER"; DEEPEST + 1].join(r"\")).unwrap_err().code,
        ERROR_INVALID_PARAMETER
    );
    let full = (0..).find_map(|name| set(&settings, KEY, &name.to_string(), &vec![0; PIECE]).err()).unwrap();
    assert_eq!((full.code, full.refused), (ERROR_NOT_ENOUGH_QUOTA, true));
}

#[test]
fn keys_that_are_closed_one_by_one_are_written_together() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::at(place.path(), place.path());
    let settings = Settings::new(Some(store.clone()));
    create(&settings, KEY).unwrap();
    let (mut written, mut times) = (None, 0);
    let begun = Instant::now();
    for number in 0..1000 {
        set(&settings, KEY, &number.to_string(), b"1").unwrap();
        settings.serve(&RegistryCall::Settle).unwrap();
        if number == 0 {
            assert!(store.settings_file().exists(), "the first one is there at once");
        }
        let now = stamp(&store.settings_file());
        times += u32::from(now != written);
        written = now;
    }
    let most = 3 + u32::try_from(begun.elapsed().as_millis() / PAUSE.as_millis()).unwrap();
    assert!(times <= most, "{times} times");
    // All of them are, without anything further.
    let last = || store::read_hive(&store.settings_file()).unwrap().get(KEY, "999").is_some();
    let give_up = Instant::now() + Duration::from_secs(10);
    while !last() {
        assert!(Instant::now() < give_up);
        thread::sleep(Duration::from_millis(10));
    }
    // Nor does what is still to be written outlive the settings.
    set(&settings, KEY, "end", b"1").unwrap();
    settings.serve(&RegistryCall::Settle).unwrap();
    drop(settings);
    assert!(store::read_hive(&store.settings_file()).unwrap().get(KEY, "end").is_some());
}

#[test]
fn a_file_that_was_taken_away_does_not_come_back() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::at(place.path(), place.path());
    let settings = Settings::new(Some(store.clone()));
    create(&settings, KEY).unwrap();
    set(&settings, KEY, "old", b"1").unwrap();
    settings.serve(&RegistryCall::Flush).unwrap();
    set(&settings, KEY, "new", b"1").unwrap();
    std::fs::remove_file(store.settings_file()).unwrap();
    settings.keep();
    let hive = store::read_hive(&store.settings_file()).unwrap();
    assert!(hive.get(KEY, "new").is_some() && hive.get(KEY, "old").is_none());
    let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(store.settings_file()).unwrap());
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn grants_are_those_of_the_driver_and_read_again_when_they_change() {
    let place = tempfile::tempdir().unwrap();
    let store = Store::at(place.path(), place.path());
    let settings = Settings::new(Some(store.clone()));
    assert_eq!(settings.grants(Machine::I386, "a.dll").unwrap(), []);
    let grant = Grant { folder: std::fs::canonicalize(place.path()).unwrap(), write: true };
    store.grant(Machine::I386, "A.dll", std::slice::from_ref(&grant)).unwrap();
    assert_eq!(settings.grants(Machine::I386, "a.DLL").unwrap(), [grant]);
    for (machine, driver) in [(Machine::X86_64, "a.dll"), (Machine::I386, "b.dll")] {
        assert_eq!(settings.grants(machine, driver).unwrap(), []);
    }
    // A driver's own key of that name grants nothing.
    let key = store::grants_key(Machine::I386, "b.dll");
    create(&settings, &key).unwrap();
    set(&settings, &key, "/", b"w\0r\0i\0t\0e\0\0\0").unwrap();
    assert_eq!(settings.grants(Machine::I386, "b.dll").unwrap(), []);
}
