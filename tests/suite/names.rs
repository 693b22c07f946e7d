//! Finding drivers by name, where `scripts/names.script` cannot say it: errors in words, and long paths.

use drvhost::{Error, Registry};
use drvhost_tests::*;

spy_test!(what_is_not_found_is_named_with_what_was_looked_for, |machine| {
    let folder = Folder::with_spies(machine, &["alias.dll"]);
    let mut registry = Registry::new();
    registry.add_driver_path(folder.path());
    registry.set("Drivers32", "alias", "none.dll text");
    let rig = Rig::with(machine, |builder| builder.registry(registry));
    for (name, said) in
        [("vidc.none", "`vidc.none`"), ("alias", "none.dll"), ("", "``"), (" alias.dll", "` alias.dll`")]
    {
        let error = rig.session.open_driver(name, None, 0).unwrap_err();
        assert!(matches!(error, Error::NoSuchDriver { .. }), "{name}: {error}");
        assert!(error.to_string().contains(said), "{name}: {error}");
    }
    assert!(rig.calls().is_empty());
});

spy_test!(long_paths_work, |machine| {
    // Longer than the 127 characters that the file part of an entry once had.
    let folder = Folder::new(machine);
    let deep = folder.path().join("d".repeat(100)).join("e".repeat(100));
    std::fs::create_dir_all(&deep).unwrap();
    let path = deep.join("one.dll");
    std::fs::copy(driver(machine, "spy"), &path).unwrap();
    let rig = Rig::new(machine);
    rig.session.open_driver(path.to_str().unwrap(), None, 0).unwrap();
    assert_eq!(rig.calls()[0].driver, "one.dll");
});
