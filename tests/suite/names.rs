//! C033 to C051: how a driver is found, and what text it gets.
//!
//! Not here: the Win16 half of C045, because 16-bit drivers do not run here; C049 and C051, because a `&str` is neither NULL nor ANSI.

use std::path::Path;

use drvhost::{Error, Hdrvr, Registry};
use drvhost_tests::*;
use mmsystem::*;
use tempfile::TempDir;

/// A folder with copies of the spy, and a registry that knows the folder.
fn spies(names: &[&str]) -> (TempDir, Registry) {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::copy(driver("spy"), folder.path().join(name)).unwrap();
    }
    let mut registry = Registry::new();
    registry.add_driver_path(folder.path());
    (folder, registry)
}

/// A session with a registry, and the folder with its drivers.
struct Names {
    rig: Rig,
    folder: TempDir,
}

impl Names {
    fn new(files: &[&str], entries: impl FnOnce(&mut Registry)) -> Self {
        let (folder, mut registry) = spies(files);
        entries(&mut registry);
        Self { rig: Rig::with(|builder| builder.registry(registry)), folder }
    }

    /// Opens by name; answers the file's name and the text as the driver got it.
    fn open(&self, name: &str, section: Option<&str>) -> (String, Option<String>) {
        let hdrvr: Hdrvr =
            self.rig.session.open_driver(name, section, 0).unwrap_or_else(|error| panic!("{error}"));
        let text = self.rig.watch(hdrvr).last(DRV_OPEN).text;
        let file = self.rig.calls_of(hdrvr)[0].driver.clone();
        self.rig.close(hdrvr);
        (file, text)
    }

    /// Opens by name, which must find nothing and send nothing.
    fn missing(&self, name: &str, section: Option<&str>) -> String {
        let error = self.rig.session.open_driver(name, section, 0).unwrap_err();
        assert!(matches!(error, Error::NoSuchDriver { .. }), "{name}: {error}");
        assert!(self.rig.calls().is_empty(), "{name}: {}", self.rig.sequence());
        error.to_string()
    }

    fn path(&self, name: &str) -> String {
        Path::join(self.folder.path(), name).display().to_string()
    }
}

fn found(file: &str, text: Option<&str>) -> (String, Option<String>) {
    (file.to_owned(), text.map(str::to_owned))
}

spy_test!(c033_alias_is_found_in_drivers32, || {
    let names = Names::new(&["spy.dll"], |registry| registry.set("Drivers32", "vidc.spy", "spy.dll"));
    assert_eq!(names.open("vidc.spy", None), found("spy.dll", None));
});

spy_test!(c034_named_section_only_is_asked, || {
    let names = Names::new(&["one.dll", "two.dll"], |registry| {
        registry.set("Mine", "alias", "one.dll");
        registry.set("Drivers32", "alias", "two.dll");
        registry.set("Drivers32", "only32", "two.dll");
    });
    names.missing("only32", Some("Mine"));
    assert_eq!(names.open("alias", Some("Mine")), found("one.dll", None));
    assert_eq!(names.open("alias", Some("Drivers32")), found("two.dll", None));
});

spy_test!(c035_lookup_is_not_case_sensitive, || {
    let names = Names::new(&["Spy.dll"], |registry| registry.set("My Section", "Vidc.Spy", "sPY.DLL"));
    assert_eq!(names.open("VIDC.spy", Some("MY section")), found("Spy.dll", None));
});

spy_test!(c036_registry_wins_over_system_ini, || {
    let names = Names::new(&["one.dll", "two.dll"], |registry| {
        registry.set_ini("Drivers32", "alias", "one.dll");
        registry.set("Drivers32", "alias", "two.dll");
    });
    assert_eq!(names.open("alias", None), found("two.dll", None));
});

spy_test!(c037_system_ini_is_asked_where_the_registry_has_nothing, || {
    let names = Names::new(&["one.dll"], |registry| {
        registry.set_ini("Drivers32", "alias", "one.dll text");
        registry.set_ini("Mine", "other", "one.dll");
        registry.set("Drivers32", "unrelated", "two.dll");
    });
    assert_eq!(names.open("alias", None), found("one.dll", Some("text")));
    assert_eq!(names.open("other", Some("mine")), found("one.dll", None));
});

spy_test!(c038_entry_wins_over_a_file_of_the_same_name, || {
    let names =
        Names::new(&["one.dll", "two.dll"], |registry| registry.set("Drivers32", "one.dll", "two.dll"));
    assert_eq!(names.open("one.dll", None), found("two.dll", None));
});

spy_test!(c039_name_without_entry_in_a_named_section_is_a_file, || {
    let names = Names::new(&["one.dll"], |_| ());
    assert_eq!(names.open("one.dll", Some("Mine")), found("one.dll", None));
});

spy_test!(c040_name_without_entry_is_a_file_without_text, || {
    let names = Names::new(&["one.dll"], |_| ());
    assert_eq!(names.open("one.dll", None), found("one.dll", None));
    assert_eq!(names.open(&names.path("one.dll"), None), found("one.dll", None));
    assert!(names.rig.calls_with(DRV_OPEN).iter().all(|call| call.lparam1 == 0));
});

spy_test!(c041_text_is_not_split_off_a_file_name, || {
    let names = Names::new(&["one.dll", "two.dll COM1"], |_| ());
    names.missing("one.dll COM1", None);
    assert_eq!(names.open("two.dll COM1", None), found("two.dll COM1", None));
});

spy_test!(c042_text_of_an_entry_reaches_open, || {
    let names = Names::new(&["one.dll"], |registry| registry.set("Drivers32", "alias", "one.dll COM1"));
    assert_eq!(names.open("alias", None), found("one.dll", Some("COM1")));
});

spy_test!(c043_leading_spaces_are_skipped_and_others_kept, || {
    let names =
        Names::new(&["one.dll"], |registry| registry.set("Drivers32", "alias", "one.dll   COM1  /x=2 "));
    assert_eq!(names.open("alias", None), found("one.dll", Some("COM1  /x=2 ")));
});

spy_test!(c044_without_text_lparam1_is_null, || {
    let names = Names::new(&["one.dll"], |registry| {
        registry.set("Drivers32", "bare", "one.dll");
        registry.set("Drivers32", "spaces", "one.dll   ");
    });
    for alias in ["bare", "spaces"] {
        assert_eq!(names.open(alias, None), found("one.dll", None));
    }
    assert!(names.rig.calls_with(DRV_OPEN).iter().all(|call| call.lparam1 == 0));
});

spy_test!(c045_text_is_utf_16, || {
    let text = "Größe=Ω 𝄞";
    let names =
        Names::new(&["one.dll"], |registry| registry.set("Drivers32", "alias", &format!("one.dll {text}")));
    assert_eq!(names.open("alias", None), found("one.dll", Some(text)));
});

spy_test!(c046_unknown_name_finds_nothing_and_sends_nothing, || {
    let names = Names::new(&["one.dll"], |_| ());
    let error = names.missing("vidc.none", None);
    assert!(error.contains("`vidc.none`"), "{error}");
    names.missing("vidc.none", Some("Mine"));
    names.missing("none/one.dll", None);
    names.missing(&names.path("none.dll"), None);
});

spy_test!(c047_entry_of_a_missing_file_finds_nothing, || {
    let names = Names::new(&["alias.dll"], |registry| registry.set("Drivers32", "alias", "none.dll text"));
    let error = names.missing("alias", None);
    assert!(error.contains("none.dll"), "{error}");
});

spy_test!(c048_empty_name_and_leading_space_find_nothing, || {
    let names = Names::new(&["one.dll", ".dll"], |registry| {
        registry.set("Drivers32", "spaced", " one.dll");
        registry.set("Drivers32", "empty", "");
    });
    for name in ["", " ", " one.dll", "spaced", "empty"] {
        names.missing(name, None);
    }
});

spy_test!(c050_drivers_section_is_not_asked_without_being_named, || {
    let names = Names::new(&["one.dll"], |registry| {
        registry.set("Drivers", "old", "one.dll");
        registry.set_ini("drivers", "older", "one.dll");
    });
    names.missing("old", None);
    names.missing("older", None);
    assert_eq!(names.open("old", Some("drivers")), found("one.dll", None));
    assert_eq!(names.open("older", Some("drivers")), found("one.dll", None));
});

spy_test!(long_paths_work, || {
    // Longer than the 127 characters that the file part of an entry once had.
    let names = Names::new(&[], |_| ());
    let deep = names.folder.path().join("d".repeat(100)).join("e".repeat(100));
    std::fs::create_dir_all(&deep).unwrap();
    let path = deep.join("one.dll");
    std::fs::copy(driver("spy"), &path).unwrap();
    assert_eq!(names.open(path.to_str().unwrap(), None), found("one.dll", None));
});
