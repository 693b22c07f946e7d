//! What was measured, for people at a terminal and for programs.

use std::fmt::Write;

use serde::Serialize;

use super::Measured;
use crate::hostile::Comparison;
use crate::profile::Phase;
use crate::record::{Change, Run};
use crate::statistics::Summary;
use crate::wine::Missing;

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// On what it was, and when.
    pub run: Run,
    /// What is not installed, and where it comes from.
    pub missing: Vec<Missing>,
    /// The subjects that did not come about, and why.
    pub failed: Vec<String>,
    /// The measurements.
    pub measured: Vec<Measured>,
    /// What is worse than in the record.
    pub worse: Vec<Change>,
    /// Where the time of a cold start goes; empty unless asked for.
    pub profile: Vec<Phase>,
    /// What a hostile driver can do in each host, if that was wanted.
    pub hostile: Option<Comparison>,
}

impl Report {
    /// For people.
    pub fn text(&self) -> String {
        let [before, after] = self.run.load;
        let mut text = format!(
            "{}\n{}; load {before:.2} before, {after:.2} after\n\n",
            self.run.versions(),
            self.run.machine
        );
        let heads =
            ["", "drvhost", "quartiles", "peer", "quartiles", "ratio", "quartiles", "goal", "outputs"];
        let rows: Vec<_> = self.measured.iter().map(cells).collect();
        if !rows.is_empty() {
            text += &table(&[heads.map(str::to_owned)].into_iter().chain(rows).collect::<Vec<_>>());
        }
        for (note, names) in super::notes(&self.measured) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "\n{}: {note}", names.join("; "));
        }
        if let Some(hostile) = &self.hostile {
            let wine = self.run.wine.as_deref();
            text += &hostile.long(&self.run.machine, wine);
            text += "\n";
            text += &hostile.short(&self.run.machine, wine);
        }
        for Missing { name, how } in &self.missing {
            let _ = writeln!(text, "\n{name} is not there, so what needs it was left out: {how}");
        }
        if !self.profile.is_empty() {
            text +=
                "\nA cold start, phase by phase, in ms (under strace, which makes each phase longer):\n\n";
            let row = |phase: &Phase| {
                let Summary { lower_quartile, median, upper_quartile, .. } = phase.time;
                [phase.name.to_owned(), number(median), range(lower_quartile, upper_quartile)]
            };
            text += &table(&self.profile.iter().map(row).collect::<Vec<_>>());
        }
        text
    }
}

fn cells(measured: &Measured) -> [String; 9] {
    let pair = |summary: Option<&Summary>| {
        summary.map_or_else(Default::default, |summary| {
            (number(summary.median), range(summary.lower_quartile, summary.upper_quartile))
        })
    };
    let (ours, ours_range) = match &measured.drvhost {
        Some(ours) => pair(Some(ours)),
        None => ("not measured".to_owned(), String::new()),
    };
    let (mut theirs, theirs_range) = pair(measured.theirs.as_ref());
    if measured.theirs.is_some() {
        theirs = format!("{}: {theirs}", measured.peer);
    }
    let (ratio, ratio_range) = pair(measured.ratio.as_ref());
    let outputs = if measured.verified { "equal" } else { "" }.to_owned();
    let name = format!("{} ({})", measured.name, measured.unit);
    [name, ours, ours_range, theirs, theirs_range, ratio, ratio_range, goal(measured), outputs]
}

/// The goal and whether it is met, if there is one.
pub fn goal(measured: &Measured) -> String {
    let met = match (measured.met, measured.limit) {
        (None, _) => "",
        (Some(true), _) => ": met",
        (Some(false), None) => ": missed",
        (Some(false), Some(limit)) => &format!(": missed, {} at best", number(limit.median)),
    };
    measured.goal.map_or_else(String::new, |goal| format!("{goal}{met}"))
}

/// A number with about three digits.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

fn range(low: f64, high: f64) -> String {
    format!("{}..{}", number(low), number(high))
}

/// Lines of cells, each column as wide as its widest cell.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: [usize; N] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    let line = |row: &[String; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Better, Goal, Row};

    #[test]
    fn tables_are_aligned() {
        let rows = [["a", "bbb", "c"], ["aa", "b", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "a   bbb  c\naa  b\n");
    }

    #[test]
    fn numbers_have_about_three_digits() {
        assert_eq!([0.1234, 1.234, 12.34, 1234.5].map(number), ["0.123", "1.23", "12.3", "1234"]);
    }

    #[test]
    fn a_row_says_what_became_of_it() {
        let mut row = Row::new("cold start", "ms", Better::Less).goal(Goal::Ratio(25.0));
        (row.ours, row.theirs) = (vec![2.0], vec![60.0]);
        let expected = [
            "cold start (ms)",
            "2.00",
            "2.00..2.00",
            "Wine: 60.0",
            "60.0..60.0",
            "30.0",
            "30.0..30.0",
            ">= 25 x: met",
            "",
        ];
        assert_eq!(cells(&row.finish("cold-start").unwrap()), expected);
        let none = Row::new("frames", "instructions", Better::Less).note("no counters");
        assert_eq!(cells(&none.finish("instructions").unwrap())[1], "not measured");
    }
}
