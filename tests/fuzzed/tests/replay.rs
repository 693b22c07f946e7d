//! Every target on what is kept for it: seeds, which are well-formed, and what was found once.
#![forbid(unsafe_code)]

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fuzzed::TARGETS;

/// What `fuzz/` has.
fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The entries of a folder, which may not be there.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

fn replay(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target");
    let seeds = entries(&fuzz().join("seeds").join(name));
    assert!(!seeds.is_empty(), "{name} has no seeds");
    let inputs = seeds.into_iter().chain(entries(&fuzz().join("regressions").join(name)));
    let fails = |input: &PathBuf| {
        let bytes = fs::read(input).expect("an input");
        catch_unwind(|| target(&bytes)).is_err()
    };
    let failed: Vec<PathBuf> = inputs.filter(fails).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

macro_rules! replayed {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_replayed() {
            let names: BTreeSet<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, BTreeSet::from([$(stringify!($name)),*]));
        }
    };
}

replayed! { pe version resources to_host to_worker ring wants avi wav bitmap midi reg ini manifest dbus }

/// A target that only the tests knew would never be fuzzed, and an input in a folder of no target never be replayed.
#[test]
fn every_target_is_a_program_and_no_folder_is_of_another() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let stems = |folder: &str| -> BTreeSet<String> {
        let stem = |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        entries(&fuzz().join(folder)).iter().filter_map(stem).collect()
    };
    assert_eq!(stems("fuzz_targets"), names);
    assert_eq!(stems("seeds"), names);
    assert!(stems("regressions").is_subset(&names));
    let manifest = fs::read_to_string(fuzz().join("Cargo.toml")).expect("the manifest of the programs");
    for name in &names {
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}

/// Each function of the interface is told who calls.
#[test]
fn every_method_of_the_service_is_tried() {
    let manager = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/service/src/manager.rs");
    let manager = fs::read_to_string(manager).expect("the interface");
    assert_eq!(manager.matches("#[zbus(header)]").count(), service::fuzzing::METHODS.len());
}
