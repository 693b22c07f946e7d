//! Which tests cover which statements: what scripts say in their headings, and tests in Rust by their names.

use std::fs;
use std::path::{Path, PathBuf};

use super::script::Script;
use crate::Machine;

/// A test that is about statements of the norm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    /// Its name, without the width if it is a scenario of a script.
    pub name: String,
    /// The statements that it is about.
    pub statements: Vec<u16>,
    /// The machines whose drivers it is run with.
    pub machines: Vec<Machine>,
    /// Whether it is a scenario of a script.
    pub scripted: bool,
}

/// Every test that is about statements: the scenarios, and what is named `cNNN_...` in `suite/`.
///
/// # Panics
/// When the sources cannot be read.
#[must_use]
pub fn tests(scripts: &[Script]) -> Vec<Test> {
    let scenario = |script: &Script| Test {
        name: script.name(),
        statements: script.statements.clone(),
        machines: script.machines.clone(),
        scripted: true,
    };
    let mut tests: Vec<Test> = scripts.iter().map(scenario).collect();
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite");
    for file in sources(&suite) {
        let text = fs::read_to_string(&file).expect("a source is text");
        let module = file.strip_prefix(&suite).unwrap_or(&file).with_extension("");
        let module = module.to_string_lossy().replace('/', "::");
        tests.extend(text.lines().filter_map(|line| in_rust(&module, line)));
    }
    tests
}

/// All Rust files below a folder, sorted.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).expect("the tests' folder").flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The test that a line begins, if its name begins with statements: `spy_test!(c001_c002_name, |machine| ...`, or `fn c001_name() {`. What
/// does not say that it is for each machine is for the usual one.
fn in_rust(module: &str, line: &str) -> Option<Test> {
    let line = line.trim_start();
    let name = match line.split_once("_test!(") {
        Some((_, name)) => name,
        None => line.strip_prefix("fn ")?,
    };
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let (name, rest) = name.split_at_checked(end)?;
    let machines = match rest.strip_prefix(", |machine") {
        Some(rest) if rest.starts_with('|') => Machine::ALL.to_vec(),
        Some(rest) if rest.starts_with(": I386|") => vec![Machine::I386],
        _ => vec![Machine::X86_64],
    };
    let number = |part: &str| {
        let digits = part.strip_prefix('c').filter(|digits| digits.len() == 3)?;
        digits.parse().ok()
    };
    let statements: Vec<u16> = name.split('_').map_while(number).collect();
    let name = format!("{module}::{name}");
    (!statements.is_empty()).then_some(Test { name, statements, machines, scripted: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_in_rust_are_found_by_name() {
        let test = in_rust("messages", "spy_test!(c075_c076_windows_31_ends, || {").unwrap();
        assert_eq!(
            (test.name.as_str(), test.statements),
            ("messages::c075_c076_windows_31_ends", vec![75, 76])
        );
        assert_eq!(test.machines, [Machine::X86_64]);
        assert_eq!(in_rust("vfw", "    fn c101_name() {").unwrap().statements, [101]);
        assert_eq!(in_rust("vfw", "spy_test!(c101_name, |machine| {").unwrap().machines, Machine::ALL);
        assert_eq!(
            in_rust("seh", "spy_test!(c001_name, |machine: I386| {").unwrap().machines,
            [Machine::I386]
        );
        for line in ["spy_test!(long_paths_work, || {", "fn close() {", "// C001 fn c", "fn c1_short() {"] {
            assert_eq!(in_rust("names", line), None, "{line}");
        }
    }
}
