//! Names, and which file each leads to.

use super::*;

fn with_files(names: &[&str]) -> (tempfile::TempDir, Registry) {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        std::fs::write(folder.path().join(name), b"").unwrap();
    }
    let mut registry = Registry::new();
    registry.add_driver_path(folder.path());
    (folder, registry)
}

/// A file of a kind, with Wine's mark if it has one.
fn driver(machine: pe::Machine, mark: &str) -> Vec<u8> {
    let mut bytes = pe::builder::Builder::new(machine).export("DriverProc", 0).build();
    bytes.splice(0x40..0x40 + mark.len(), mark.bytes());
    bytes
}

/// Puts files for these machines into folders of a new one.
fn tree(files: &[(&str, pe::Machine, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, machine, mark) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, driver(*machine, mark)).unwrap();
    }
    folder
}

/// Where files were found, below `folder`.
fn below(folder: &Path, found: impl IntoIterator<Item = DriverFile>) -> Vec<String> {
    let path = |found: DriverFile| found.path.strip_prefix(folder).unwrap().display().to_string();
    found.into_iter().map(path).collect()
}

fn file_of(found: &DriverFile) -> &str {
    found.path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn values_split_at_the_first_space() {
    assert_eq!(split("spy.dll"), ("spy.dll", None));
    assert_eq!(split("spy.dll  COM1  /x=2 "), ("spy.dll", Some("COM1  /x=2 ".into())));
    assert_eq!(split("spy.dll   "), ("spy.dll", None));
    assert_eq!(split(" spy.dll"), ("", Some("spy.dll".into())));
}

#[test]
fn the_command_line_splits_text_off_but_prefers_whole_files() {
    let (folder, registry) = with_files(&["spy.dll", "a b.dll"]);
    let whole = folder.path().join("a b.dll");
    assert_eq!(registry.resolve_argument(whole.to_str().unwrap()).unwrap().text, None);
    let named = format!("{}/spy.dll hang on", folder.path().display());
    assert_eq!(registry.resolve_argument(&named).unwrap().text.as_deref(), Some("hang on"));
    assert_eq!(registry.resolve_argument("spy hang").unwrap().text.as_deref(), Some("hang"));
    assert!(registry.resolve_argument("Cargo.toml").is_err(), "the current directory is not searched");
}

#[test]
fn an_entry_wins_over_a_file_of_its_name() {
    let (_folder, mut registry) = with_files(&["spy.dll", "other.dll"]);
    registry.set("Drivers32", "spy.dll", "other.dll text");
    let found = registry.resolve("SPY.DLL", None).unwrap();
    assert_eq!((file_of(&found), found.text.as_deref()), ("other.dll", Some("text")));
}

#[test]
fn the_machine_counts_before_the_directory() {
    use pe::Machine::{Arm, I386, X86_64};
    let files =
        [("a/c.dll", I386, ""), ("b/c.dll", X86_64, ""), ("c/c.dll", I386, ""), ("a/arm.dll", Arm, "")];
    let folder = tree(&files);
    let mut registry = Registry::new();
    ["a", "b", "c"].iter().for_each(|name| registry.add_driver_path(&folder.path().join(name)));
    registry.set("Drivers32", "vidc.test", "c.dll text");
    let found = |registry: &Registry, name: &str| below(folder.path(), registry.resolve(name, None).ok());
    let each = |registry: &Registry| below(folder.path(), registry.resolve_each("vidc.test"));
    assert_eq!(
        (found(&registry, "c"), each(&registry)),
        (vec!["b/c.dll".into()], vec!["b/c.dll".into(), "a/c.dll".into()])
    );
    // Whoever opens it says what it is.
    assert_eq!(found(&registry, "arm"), ["a/arm.dll"]);
    registry.set_machine(Some(Machine::I386));
    assert_eq!((found(&registry, "c"), each(&registry)), (vec!["a/c.dll".into()], vec!["a/c.dll".into()]));
    assert_eq!(found(&registry, "arm"), [""; 0]);
    registry.set_machine(Some(Machine::X86_64));
    assert_eq!(
        (found(&registry, "vidc.test"), each(&registry)),
        (vec!["b/c.dll".into()], vec!["b/c.dll".into()])
    );
}

#[test]
fn a_path_to_a_file_for_another_machine_is_refused() {
    let folder = tree(&[("a.dll", pe::Machine::X86_64, ""), ("b.drv", pe::Machine::Arm, "")]);
    std::fs::write(folder.path().join("text"), "no driver").unwrap();
    let mut registry = Registry::new();
    registry.set_machine(Some(Machine::I386));
    let path = |name: &str| folder.path().join(name).display().to_string();
    let entry = path("a.dll");
    registry.set("Drivers32", "own", &entry);
    let ways =
        [registry.resolve_argument(&entry), registry.resolve(&entry, None), registry.resolve("own", None)];
    for error in ways.map(Result::unwrap_err) {
        assert_eq!(error.blame(), crate::Blame::Usage);
        let expected =
            format!("{entry}: it is a program or driver for x86_64, and a driver for i386 was asked for");
        assert_eq!(error.to_string(), expected);
    }
    let with_text = registry.resolve_argument(&format!("{} text", path("b.drv"))).unwrap_err();
    assert!(with_text.to_string().contains("for arm, and a driver for i386"), "{with_text}");
    assert!(registry.resolve_argument(&path("text")).is_ok(), "opening it says what it is");
}

#[test]
fn what_is_there_for_another_machine_is_named() {
    let folder = tree(&[("c.dll", pe::Machine::X86_64, "")]);
    let mut registry = Registry::new();
    registry.add_driver_path(folder.path());
    registry.set_machine(Some(Machine::I386));
    let error = registry.resolve("c", None).unwrap_err();
    assert!(matches!(error, Error::NoSuchDriver { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("a file of that name for i386 in "), "{text}");
    assert!(text.ends_with("/c.dll is a program or driver for x86_64"), "{text}");
}

#[test]
fn a_driver_opens_only_drivers_for_its_own_machine() {
    use pe::Machine::{I386, X86_64};
    let files = [("own/both.dll", X86_64, ""), ("path/both.dll", I386, ""), ("own/wide.dll", X86_64, "")];
    let folder = tree(&files);
    let own = folder.path().join("own");
    let mut registry = Registry::new();
    registry.add_driver_path(&folder.path().join("path"));
    registry.set("Drivers32", "entry", "both");
    let wide_path = own.join("wide.dll").display().to_string();
    registry.set("Drivers32", "wide-entry", &wide_path);
    // What was asked for on the command line is about what the command line opens.
    registry.set_machine(Some(Machine::X86_64));
    let beside = |machine, name| registry.resolve_beside(&own, machine, name, None);
    assert_eq!(below(folder.path(), beside(Machine::X86_64, "both.dll")), ["own/both.dll"]);
    for name in ["both.dll", "BOTH", "C:\\windows\\system32\\both.dll", "entry"] {
        assert_eq!(below(folder.path(), beside(Machine::I386, name)), ["path/both.dll"], "{name}");
    }
    for name in ["wide.dll", "wide-entry"] {
        let error = beside(Machine::I386, name).unwrap_err();
        assert!(error.to_string().contains("wide.dll"), "{error}");
        assert!(error.to_string().contains("is a program or driver for x86_64"), "{error}");
    }
}

#[test]
fn a_wine_prefix_comes_between_the_callers_directories_and_wines() {
    use pe::Machine::{I386, X86_64};
    const BUILTIN: &str = "Wine builtin DLL";
    const PLACEHOLDER: &str = "Wine placeholder DLL";
    let files = [
        ("prefix/drive_c/windows/system32/wide.dll", X86_64, ""),
        ("prefix/drive_c/windows/system32/fake.dll", X86_64, PLACEHOLDER),
        ("prefix/drive_c/windows/syswow64/fake.dll", I386, BUILTIN),
        ("prefix/drive_c/windows/syswow64/narrow.dll", I386, ""),
        ("prefix/drive_c/windows/syswow64/wide.dll", I386, ""),
        ("own/narrow.dll", I386, ""),
        ("own/none.dll", I386, PLACEHOLDER),
        // In a prefix of 32 bits there is but one folder.
        ("narrow/drive_c/windows/system32/narrow.dll", I386, ""),
    ];
    let folder = tree(&files);
    let mut registry = Registry::new();
    registry.set_prefix(&folder.path().join("prefix"));
    let find = |registry: &Registry, name| {
        let found = registry.resolve(name, None);
        (found.as_ref().ok().map(|found| found.origin), below(folder.path(), found).concat())
    };
    let in_prefix = |name: &str| (Some(Origin::Prefix), format!("prefix/drive_c/windows/{name}"));
    assert_eq!(find(&registry, "wide"), in_prefix("system32/wide.dll"));
    assert_eq!(find(&registry, "narrow"), in_prefix("syswow64/narrow.dll"));
    assert_eq!(find(&registry, "fake"), in_prefix("syswow64/fake.dll"), "not the placeholder");
    registry.add_driver_path(&folder.path().join("own"));
    assert_eq!(find(&registry, "narrow"), (Some(Origin::DriverPath), "own/narrow.dll".to_owned()));
    assert_eq!(find(&registry, "none"), (None, String::new()));
    registry.set_machine(Some(Machine::I386));
    assert_eq!(find(&registry, "wide"), in_prefix("syswow64/wide.dll"));
    registry = Registry::new();
    registry.set_prefix(&folder.path().join("narrow"));
    assert_eq!(find(&registry, "narrow").1, "narrow/drive_c/windows/system32/narrow.dll");
    assert_eq!(registry.directories().len(), 1);
}
