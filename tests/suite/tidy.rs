//! What the project preaches, checked: the unsafe fence, file sizes, dependency arrows, cited shims, reasoned filter rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Crates that may contain unsafe code; every other one forbids it.
const UNSAFE: &[&str] = &["early", "guest", "sandbox"];

/// What each crate may depend on inside the project. Arrows go down only, and the trusted and the jailed side never link each other.
const ARROWS: &[(&str, &[&str])] = &[
    ("bench", &["drvhost", "mmsystem"]),
    ("live-alsa", &["cli", "live"]),
    ("live-jack", &["cli", "live"]),
    ("command", &["cli"]),
    ("cli", &["service", "live", "drvhost", "mmsystem"]),
    ("live", &["drvhost"]),
    ("service", &["live", "drvhost", "mmsystem"]),
    ("drvhost", &["early", "sandbox", "wire", "pe", "mmsystem"]),
    ("early", &["sandbox", "wire"]),
    ("worker", &["win32", "guest", "sandbox", "wire", "pe"]),
    ("win32", &["guest", "mmsystem", "wire", "pe"]),
    ("guest", &["pe"]),
    ("sandbox", &[]),
    ("wire", &[]),
    ("pe", &[]),
    ("mmsystem", &[]),
];

/// A source file longer than this needs a reason in [`LONG`].
const USUAL_LINES: usize = 500;
/// Nothing is longer than this.
const MOST_LINES: usize = 1000;
/// Long files, and why they are one.
const LONG: &[(&str, &str)] = &[];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie inside the project").to_owned()
}

/// All files below a folder with one of these endings.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of the project").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if path.extension().and_then(|e| e.to_str()).is_some_and(|e| endings.contains(&e)) {
            found.push(path);
        }
    }
    found
}

/// Where a crate of [`ARROWS`] lies.
fn folder_of(krate: &str) -> PathBuf {
    if krate == "bench" { root().join(krate) } else { root().join("crates").join(krate) }
}

fn sources() -> Vec<PathBuf> {
    let mut sources = files(&root().join("crates"), &["rs"]);
    for folder in ["bench", "tests", "fuzz/fuzz_targets"] {
        sources.extend(files(&root().join(folder), &["rs", "c"]));
    }
    assert!(sources.len() > 50, "the search for sources finds too little: {}", sources.len());
    sources
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn short(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

#[test]
fn unsafe_code_stays_behind_its_fence() {
    for (krate, _) in ARROWS {
        let folder = folder_of(krate).join("src");
        let entry = ["lib.rs", "main.rs"].iter().map(|name| folder.join(name)).find(|path| path.is_file());
        let text = read(&entry.unwrap_or_else(|| panic!("{krate} has no root module")));
        let forbids = text.contains("#![forbid(unsafe_code)]");
        assert_eq!(
            forbids,
            !UNSAFE.contains(krate),
            "{krate}: unsafe code is forbidden everywhere but in {UNSAFE:?}"
        );
    }
}

#[test]
fn files_are_of_a_size_that_can_be_read() {
    let mut reasons: BTreeMap<&str, &str> = LONG.iter().copied().collect();
    for path in sources() {
        let (name, lines) = (short(&path), read(&path).lines().count());
        assert!(lines <= MOST_LINES, "{name} has {lines} lines: split it by subject");
        let reason = reasons.remove(name.as_str());
        assert!(
            lines <= USUAL_LINES || reason.is_some(),
            "{name} has {lines} lines: split it, or give the reason here"
        );
    }
    assert!(reasons.is_empty(), "reasons for files that are not there: {reasons:?}");
}

#[test]
fn dependencies_point_down_only() {
    let crates: BTreeSet<&str> = ARROWS.iter().map(|(krate, _)| *krate).collect();
    let below = fs::read_dir(root().join("crates")).expect("the crates").flatten();
    let mut present: BTreeSet<String> =
        below.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    present.insert("bench".to_owned());
    assert_eq!(present, crates.iter().map(|krate| (*krate).to_owned()).collect());
    for (krate, allowed) in ARROWS {
        for name in dependencies(krate) {
            let name = name.as_str();
            assert!(!crates.contains(name) || allowed.contains(&name), "{krate} must not depend on {name}");
        }
    }
}

/// What a crate depends on outside of tests.
fn dependencies(krate: &str) -> Vec<String> {
    let manifest = read(&folder_of(krate).join("Cargo.toml"));
    let part = manifest.split("\n[dependencies]\n").nth(1).unwrap_or("").split("\n[").next().unwrap_or("");
    let name =
        |line: &str| Some(line.split(['.', ' ', '=']).next()?.to_owned()).filter(|name| !name.is_empty());
    part.lines().filter_map(name).collect()
}

#[test]
fn the_fuzz_targets_lock_has_what_the_crates_depend_on() {
    // Cargo writes it when something is built there, which nobody does with every change.
    let lock = read(&root().join("fuzz/Cargo.lock"));
    let mut seen = 0;
    for package in lock.split("[[package]]\n") {
        let own = |krate: &str| package.starts_with(&format!("name = \"{krate}\"\n"));
        let Some((krate, _)) = ARROWS.iter().find(|(krate, _)| own(krate)) else { continue };
        seen += 1;
        let locked: BTreeSet<&str> =
            package.lines().filter_map(|line| line.strip_prefix(" \"")?.split(['"', ' ']).next()).collect();
        for name in dependencies(krate) {
            assert!(
                locked.contains(name.as_str()),
                "fuzz/Cargo.lock lacks {name} of {krate}: `cargo metadata` there writes it"
            );
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn every_shim_is_declared_once_and_cited() {
    for library in win32::libraries() {
        let mut names = BTreeSet::new();
        assert!(library.base.starts_with("https://"), "{} says where its documentation is", library.names[0]);
        for shim in library.shims {
            assert!(names.insert(shim.name), "{}!{} is declared twice", library.names[0], shim.name);
            assert!(!shim.source.is_empty(), "{}!{} cites no page", library.names[0], shim.name);
        }
        assert!(!names.is_empty());
    }
}

#[test]
fn every_filter_rule_has_a_reason() {
    use sandbox::filter::{LOADING, RUNNING};
    assert_eq!(
        RUNNING.iter().map(|rule| rule.name).collect::<Vec<_>>(),
        ["futex", "rt_sigreturn", "clock_gettime", "restart_syscall", "mprotect"]
    );
    for rule in RUNNING.iter().chain(LOADING) {
        assert!(rule.reason.split(' ').count() > 4, "{}: `{}` is no reason", rule.name, rule.reason);
    }
}

#[test]
fn the_sandbox_is_the_same_in_every_build_profile() {
    for krate in ["sandbox", "worker", "guest"] {
        for path in files(&root().join("crates").join(krate), &["rs"]) {
            let text = read(&path);
            for switch in ["debug_assertions", "feature =", "option_env!"] {
                assert!(!text.contains(switch), "{}: `{switch}` would make builds differ", short(&path));
            }
        }
    }
}

#[test]
fn no_placeholders_and_no_paths_of_one_machine() {
    // Put together here, so that this file does not contain them.
    let words = [
        ["to", "do!("],
        ["unimpl", "emented!("],
        ["FIX", "ME"],
        ["XX", "X"],
        ["/ro", "ot/"],
        ["/wo", "rk/"],
        ["/tm", "p/bash"],
    ];
    let mut texts = sources();
    texts.extend(files(&root().join("docs"), &["md"]));
    texts.extend(["README.md", "SECURITY.md", "CHANGELOG.md", "fuzz/RUNS.md"].map(|name| root().join(name)));
    for path in texts {
        let text = read(&path);
        for word in &words {
            assert!(!text.contains(&word.concat()), "{} contains `{}`", short(&path), word.concat());
        }
    }
}

/// The targets of a document's links, without those to other places than files.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with('#'))
}

/// What a heading is called in links to it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut documents: Vec<_> = files(&root().join("docs"), &["md"]);
    documents
        .extend(["README.md", "SECURITY.md", "CHANGELOG.md", "fuzz/RUNS.md"].map(|name| root().join(name)));
    let mut checked = 0;
    for document in documents {
        let text = read(&document);
        for link in links(&text) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = document.parent().unwrap().join(file);
            assert!(target.exists(), "{}: {link}", document.display());
            let headings =
                || read(&target).lines().filter(|line| line.starts_with('#')).map(anchor).collect::<Vec<_>>();
            assert!(
                heading.is_empty() || headings().iter().any(|known| known == heading),
                "{}: {link}",
                document.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 10, "the documents lead to each other");
}

#[test]
fn the_documents_name_commands_that_exist() {
    let readme = read(&root().join("README.md"));
    let commands: Vec<&str> = readme.lines().filter_map(|line| line.strip_prefix("    scripts/")).collect();
    assert_eq!(commands, ["demo", "test"], "the README gives exactly two commands");
    for command in commands {
        assert!(root().join("scripts").join(command).is_file(), "scripts/{command}");
    }
    assert!(read(&root().join(".ci/run")).contains("scripts/test"), "CI runs the README's test command");
    assert!(read(&root().join("rust-toolchain.toml")).contains("channel = \"1.95.0\""));
}
