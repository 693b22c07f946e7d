//! The comparison for people: printed, and kept in two documents between marks.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::{Cell, Comparison, Kind, Row};
use crate::failure::Failure;
use crate::machine::Machine;
use crate::reach::Group;

/// Where the documents are.
const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The document with every act.
const LONG: &str = "docs/hostile-elsewhere.md";
/// The document with sums.
const SHORT: &str = "SECURITY.md";
/// What stands before and behind that which is written.
const MARKS: [&str; 2] = ["<!-- measured by scripts/bench -->\n", "<!-- end of what was measured -->\n"];

/// How groups are called, in the order of the table.
const GROUPS: &[(Group, &str)] = &[
    (Group::Files, "the user's files are read, listed, written, deleted"),
    (Group::Network, "the network is reached"),
    (Group::Programs, "programs are started, left behind, killed"),
    (Group::Memory, "memory of the host's, of another process, of another driver is written over"),
    (Group::Control, "the host does not go on: endless loop, fault, exit"),
    (Group::Amounts, "all of 2048 MiB of memory and of 64 threads are had"),
    (Group::Means, "code made at run time, system calls of its own; no harm alone"),
];

impl Comparison {
    /// What was compared.
    fn head(&self, machine: &Machine, wine: Option<&str>) -> String {
        let wine = wine.unwrap_or("no Wine");
        format!(
            "Measured on {} with `scripts/bench --only hostile --document`: drvhost {}, {wine}, ud-emulator {}, {}.\n",
            self.date,
            env!("CARGO_PKG_VERSION"),
            self.emulator,
            machine.kernel
        )
    }

    /// Every act, as a table.
    pub fn long(&self, machine: &Machine, wine: Option<&str>) -> String {
        let mut text = self.head(machine, wine);
        text += "\n| the driver ... | Wine | ud-emulator | drvhost |\n|---|---|---|---|\n";
        for row in &self.acts {
            let [wine, emulator, own] = Kind::ALL.map(|kind| row.seen(kind));
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {} | {wine} | {emulator} | {own} |", row.what);
        }
        text
    }

    /// How many acts succeeded, as a table.
    pub fn short(&self, machine: &Machine, wine: Option<&str>) -> String {
        let mut text = self.head(machine, wine);
        text += "\n| how many acts succeed | Wine | ud-emulator | drvhost |\n|---|---|---|---|\n";
        for (group, name) in GROUPS {
            let [wine, emulator, own] = Kind::ALL.map(|kind| {
                let rows = self.acts.iter().filter(|row| row.group == *group);
                let cells: Vec<_> = rows.flat_map(|row| row.of(kind)).collect();
                match cells.len() {
                    0 => "not measured".to_owned(),
                    all => format!("{} of {all}", cells.iter().filter(|cell| cell.got).count()),
                }
            });
            let _ = writeln!(text, "| {name} | {wine} | {emulator} | {own} |");
        }
        text
    }
}

impl Row {
    fn of(&self, kind: Kind) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(move |cell| cell.host == kind)
    }

    /// What was seen in a host; once, where it is the same for both machines.
    fn seen(&self, kind: Kind) -> String {
        let mark = |cell: &Cell| if cell.got { format!("**{}**", cell.seen) } else { cell.seen.clone() };
        let cells: Vec<_> = self.of(kind).collect();
        match cells.as_slice() {
            [] => "not measured".to_owned(),
            [first, others @ ..] if others.iter().all(|other| other.seen == first.seen) => mark(first),
            all => {
                let each = all.iter().map(|cell| format!("{}: {}", cell.machine, mark(cell)));
                each.collect::<Vec<_>>().join("<br>")
            }
        }
    }
}

/// Writes both tables into the documents.
pub fn write(comparison: &Comparison, machine: &Machine, wine: Option<&str>) -> Result<(), Failure> {
    put(LONG, &comparison.long(machine, wine))?;
    put(SHORT, &comparison.short(machine, wine))
}

fn put(document: &str, generated: &str) -> Result<(), Failure> {
    let file = Path::new(PROJECT).join(document);
    let text = fs::read_to_string(&file).map_err(Failure::file(document))?;
    let Some(text) = between(&text, generated) else {
        return Err(Failure::Wrong {
            what: document.to_owned(),
            expected: format!("with the lines {MARKS:?}"),
            found: "without them".to_owned(),
        });
    };
    fs::write(&file, text).map_err(Failure::file(document))
}

/// The text with this between the marks.
fn between(text: &str, generated: &str) -> Option<String> {
    let [begin, end] = MARKS;
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n{generated}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_the_marks_is_written_anew() {
        let [begin, end] = MARKS;
        let old = format!("a\n{begin}old\n{end}b\n");
        assert_eq!(between(&old, "new\n"), Some(format!("a\n{begin}\nnew\n\n{end}b\n")));
        assert_eq!(between("no marks\n", "new\n"), None);
    }
}
