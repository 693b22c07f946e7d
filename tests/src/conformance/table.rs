//! The table of all statements: `docs/conformance.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::coverage::Test;
use super::statements::{GROUPS, Group, Statement, Untested};
use crate::Machine;

/// The numbers of the norm's statements.
const NUMBERS: std::ops::RangeInclusive<u16> = 1..=138;

/// What stands in a cell that has nothing to say.
const NOTHING: &str = "–";
/// What stands for Wine where it does all that is expected.
const SAME: &str = "same";

/// The statements and the tests that cover them.
#[derive(Debug)]
pub struct Table {
    tests: Vec<Test>,
}

/// What Wine did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WineColumn {
    /// Its version.
    pub version: String,
    /// By statement: its cell.
    cells: BTreeMap<u16, String>,
}

impl WineColumn {
    /// Of what scenarios showed, in order: the statements of each, and its first difference.
    #[must_use]
    pub fn new(version: String, scenarios: impl IntoIterator<Item = (Vec<u16>, Option<String>)>) -> Self {
        let mut cells: BTreeMap<u16, String> = BTreeMap::new();
        for (statements, difference) in scenarios {
            for number in statements {
                let cell = cells.entry(number).or_insert_with(|| SAME.to_owned());
                if let Some(difference) = difference.as_ref().filter(|_| cell == SAME) {
                    cell.clone_from(difference);
                }
            }
        }
        Self { version, cells }
    }

    /// What a document says about Wine.
    #[must_use]
    pub fn read(document: &str) -> Self {
        let mut column = Self::default();
        for line in document.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")) {
            let (first, last) = (line.split(" | ").next(), line.rsplit(" | ").next());
            let (Some(first), Some(last)) = (first, last) else { continue };
            if let Some(number) = first.strip_prefix('C').and_then(|digits| digits.parse().ok()) {
                column.cells.insert(number, last.to_owned());
            } else if let Some(version) = last.strip_prefix("Wine ") {
                version.clone_into(&mut column.version);
            }
        }
        column
    }
}

impl Table {
    /// Of these tests.
    #[must_use]
    pub fn new(tests: Vec<Test>) -> Self {
        Self { tests }
    }

    /// Where the statements and the tests disagree.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let declared: Vec<u16> = statements().map(|(_, statement)| statement.number).collect();
        if !declared.iter().copied().eq(NUMBERS) {
            problems.push(format!("the statements are not C{:03} to C{:03}", NUMBERS.start(), NUMBERS.end()));
        }
        for test in &self.tests {
            for number in test.statements.iter().filter(|number| !NUMBERS.contains(number)) {
                problems.push(format!("{} names C{number:03}, which does not exist", test.name));
            }
        }
        for (_, statement) in statements() {
            let (number, tests) = (statement.number, self.tests_of(statement));
            match (statement.untested, tests.first()) {
                (None, None) => problems.push(format!("C{number:03} has neither a test nor a reason")),
                (Some(_), Some(test)) => problems.push(format!(
                    "C{number:03} has a reason for not being tested, and a test: {}",
                    test.name
                )),
                _ => {}
            }
        }
        let names: BTreeSet<_> = self.tests.iter().map(|test| &test.name).collect();
        if names.len() != self.tests.len() {
            problems.push("two tests have one name".to_owned());
        }
        problems
    }

    fn tests_of(&self, statement: &Statement) -> Vec<&Test> {
        self.tests.iter().filter(|test| test.statements.contains(&statement.number)).collect()
    }

    /// The document.
    #[must_use]
    pub fn document(&self, wine: &WineColumn) -> String {
        let mut document = INTRODUCTION.to_owned();
        self.write(wine, &mut document).expect("a text can be written to");
        document
    }

    fn write(&self, wine: &WineColumn, out: &mut String) -> std::fmt::Result {
        let states: Vec<_> = statements().map(|(_, statement)| state(statement).0).collect();
        let count = |state: &str| states.iter().filter(|other| **other == state).count();
        let cells: Vec<_> =
            statements().map(|(group, statement)| self.wine(group, statement, wine)).collect();
        let same = cells.iter().filter(|cell| *cell == SAME).count();
        let not_run = cells.iter().filter(|cell| cell.starts_with("not run") || *cell == NOTHING).count();
        writeln!(out, "\n## Summary\n")?;
        writeln!(out, "| Statements | {} |", states.len())?;
        writeln!(out, "|---|---|")?;
        for state in [COVERED, NOT_APPLICABLE, LATER] {
            writeln!(out, "| {state} | {} |", count(state))?;
        }
        writeln!(out, "| Wine does the same | {same} |")?;
        writeln!(out, "| Wine differs | {} |", cells.len() - same - not_run)?;
        writeln!(out, "| not run under Wine | {not_run} |")?;
        for group in GROUPS {
            writeln!(out, "\n## {}\n", group.title)?;
            writeln!(out, "| # | Statement | State | Width | Tests | Wine {} |", wine.version)?;
            writeln!(out, "|---|---|---|---|---|---|")?;
            for statement in group.statements {
                let (state, why) = state(statement);
                let (widths, tests) = match self.tests_of(statement).as_slice() {
                    [] => (NOTHING.to_owned(), NOTHING.to_owned()),
                    tests => (widths(tests), listed(tests)),
                };
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                let cell = self.wine(group, statement, wine);
                writeln!(
                    out,
                    "| C{:03} | {} | {state}{why} | {widths} | {tests} | {cell} |",
                    statement.number, statement.wording
                )?;
            }
        }
        Ok(())
    }

    /// What stands for Wine beside a statement.
    fn wine(&self, group: &Group, statement: &Statement, wine: &WineColumn) -> String {
        let tests = self.tests_of(statement);
        if tests.iter().any(|test| test.scripted) {
            wine.cells.get(&statement.number).cloned().unwrap_or_default()
        } else if tests.is_empty() {
            NOTHING.to_owned()
        } else {
            format!("not run: {}", group.not_run)
        }
    }
}

/// The widths of the drivers that any of these tests is run with.
fn widths(tests: &[&Test]) -> String {
    let of = |machine: &Machine| 8 * machine.width().pointer_size();
    let widths: BTreeSet<_> = tests.iter().flat_map(|test| test.machines.iter().map(of)).collect();
    widths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Tests by name; several of one module that are about one statement are counted instead.
fn listed(tests: &[&Test]) -> String {
    let mut by_place: Vec<(String, Vec<&Test>)> = Vec::new();
    for test in tests {
        let place = match test.name.rsplit_once("::") {
            Some((module, name)) => format!("{module}::{}", name.get(..5).unwrap_or(name)),
            None => test.name.clone(),
        };
        match by_place.iter_mut().find(|(other, _)| *other == place) {
            Some((_, tests)) => tests.push(test),
            None => by_place.push((place, vec![test])),
        }
    }
    let words = |(place, tests): &(String, Vec<&Test>)| match tests.as_slice() {
        [test] => format!("`{}`", test.name),
        tests => format!("`{place}…` ({})", tests.len()),
    };
    by_place.iter().map(words).collect::<Vec<_>>().join(", ")
}

const COVERED: &str = "covered";
const NOT_APPLICABLE: &str = "not applicable";
const LATER: &str = "later";

/// Whether a statement is covered, and why if it is not. Which of these holds, [`Table::problems`] checks.
fn state(statement: &Statement) -> (&'static str, Option<&'static str>) {
    match statement.untested {
        None => (COVERED, None),
        Some(Untested::NotApplicable(why)) => (NOT_APPLICABLE, Some(why)),
        Some(Untested::Later(why)) => (LATER, Some(why)),
    }
}

fn statements() -> impl Iterator<Item = (&'static Group, &'static Statement)> {
    GROUPS.iter().flat_map(|group| group.statements.iter().map(move |statement| (group, statement)))
}

const INTRODUCTION: &str = "\
# Conformance

What an installable driver may expect of its host is written down as 138 statements, C001 to C138, each taken from Microsoft's documents, from
measurements on Windows 3.1, or from what Wine does. This table says of each whether drvhost keeps it, and which test says so.

It is generated, and a test fails when it differs from what the tests say. Do not edit it:

    cargo nextest run -p drvhost-tests                       # all tests; those of the scripts alone: --test conformance
    DRVHOST_BLESS=1 cargo test -p drvhost-tests --test conformance table    # writes this file anew

- **State**: *covered* by tests; *not applicable*, because drvhost has no such thing and is not meant to; or *later*, because it has not yet.
- **Width**: the widths of drivers, in bits, that the tests are run with.
- **Tests**: `cNNN` are scenarios of the scripts in `tests/scripts/`, as tests named `cNNN::MACHINE`; those with `::` are written in Rust, in
  `tests/suite/`, where a script cannot say it: deadlines, faults, threads, errors in words.
  How a scenario is written, `tests/src/conformance/script.rs` says.
- **Wine**: the same scripts with the same drivers, played by `tests/wine/player.c` under Wine, with 64 bits only, because a Wine for 32 bits
  needs libraries for i386. *same* means that Wine does all that
  the scripts of the statement expect. Otherwise there stands the first difference: the step, what Wine's driver was told, and what it should have
  been told. *not run* are statements that only tests in Rust cover: about what is the *host's own*, such as files and processes, or about the
  *protocol* of a class of drivers. A difference is not always a fault of Wine's: some statements are Windows 3.1's, and the end of a
  session is nothing that Wine has, where a process just exits.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn test(name: &str, statements: &[u16]) -> Test {
        let (name, machines) = (name.to_owned(), Machine::ALL.to_vec());
        Test { name, statements: statements.to_vec(), machines, scripted: true }
    }

    #[test]
    fn disagreements_are_found() {
        let problems = Table::new(vec![test("c023", &[23]), test("c139", &[139])]).problems();
        for said in ["c139 names C139", "C001 has neither", "C023 has a reason"] {
            assert!(problems.iter().any(|problem| problem.contains(said)), "{said}: {problems:?}");
        }
    }

    #[test]
    fn tests_of_one_module_are_counted() {
        let tests = ["c073", "c073_2", "end::c073_one", "end::c073_two", "other::c073_three"];
        let tests = tests.map(|name| test(name, &[73]));
        let listed = listed(&tests.iter().collect::<Vec<_>>());
        assert_eq!(listed, "`c073`, `c073_2`, `end::c073_…` (2), `other::c073_three`");
    }

    #[test]
    fn a_document_says_again_what_wine_did() {
        let table = Table::new(vec![test("c001", &[1]), test("c002", &[1, 2])]);
        let differs = Some("`close a`: no FREE".to_owned());
        let wine = WineColumn::new("8.0".to_owned(), [(vec![1], differs), (vec![1, 2], None)]);
        let document = table.document(&wine);
        assert!(document.contains("| C001 | "), "{document}");
        assert!(document.contains("| 32, 64 | `c001`, `c002` | `close a`: no FREE |"), "{document}");
        assert!(document.contains("| `c002` | same |"), "{document}");
        assert_eq!(table.document(&WineColumn::read(&document)), document);
    }
}
