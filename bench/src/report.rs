//! What was measured, for people and for programs.

use std::borrow::Cow;
use std::fmt::{self, Write};

use serde::Serialize;

use crate::hostile::Comparison;
use crate::machine::Machine;
use crate::profile::Phase;
use crate::statistics::Summary;
use crate::wine::Missing;

/// The usual other side.
pub const WINE: &str = "Wine";

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Times, sizes.
    Less,
    /// Rates.
    More,
}

/// What a measurement should come to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// drvhost is so many times better than its peer.
    Ratio(f64),
    /// drvhost's median is below this.
    Below(f64),
}

/// One measurement while it is made: the samples of both sides.
#[derive(Debug)]
pub struct Row {
    name: Cow<'static, str>,
    unit: &'static str,
    better: Better,
    goal: Option<Goal>,
    verified: bool,
    /// Who the other side is.
    peer: &'static str,
    /// drvhost's samples.
    pub ours: Vec<f64>,
    /// The peer's samples, in the same order of rounds; none where there is no peer, or nothing to compare.
    pub theirs: Vec<f64>,
}

impl Row {
    /// A measurement without samples.
    pub fn new(name: impl Into<Cow<'static, str>>, unit: &'static str, better: Better) -> Self {
        let (ours, theirs) = (Vec::new(), Vec::new());
        Self { name: name.into(), unit, better, goal: None, verified: false, peer: WINE, ours, theirs }
    }

    /// Sets what it should come to.
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goal = Some(goal);
        self
    }

    /// Sets who the other side is, if it is not Wine.
    pub fn against(mut self, peer: &'static str) -> Self {
        self.peer = peer;
        self
    }

    /// Says whether both sides' outputs were compared.
    pub fn verified(&mut self, verified: bool) {
        self.verified = verified;
    }

    /// What came out; `None` without samples.
    pub fn finish(self) -> Option<Measured> {
        let better = |ours: f64, theirs: f64| match self.better {
            Better::Less => theirs / ours,
            Better::More => ours / theirs,
        };
        // Round by round, so that a disturbance that lasts touches both sides of a pair.
        let pairs = self.ours.iter().zip(&self.theirs).map(|(&ours, &theirs)| better(ours, theirs));
        let ratio = Summary::of(pairs);
        let (drvhost, theirs) = (Summary::of(self.ours.iter().copied())?, Summary::of(self.theirs));
        let met = match self.goal {
            None => None,
            Some(Goal::Ratio(wanted)) => ratio.map(|ratio| ratio.median >= wanted),
            Some(Goal::Below(limit)) => Some(drvhost.median < limit),
        };
        Some(Measured {
            name: self.name.into_owned(),
            unit: self.unit,
            drvhost,
            peer: self.peer,
            theirs,
            ratio,
            goal: self.goal.map(|goal| goal.to_string()),
            met,
            verified: self.verified,
        })
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(wanted) => write!(f, ">= {wanted} x"),
            Self::Below(limit) => write!(f, "< {limit}"),
        }
    }
}

/// One measurement.
#[derive(Debug, Serialize)]
pub struct Measured {
    name: String,
    unit: &'static str,
    drvhost: Summary,
    /// Who the other side is.
    peer: &'static str,
    theirs: Option<Summary>,
    /// How many times better drvhost is, pair by pair.
    ratio: Option<Summary>,
    goal: Option<String>,
    met: Option<bool>,
    /// Whether both sides' outputs were compared. Where they differ, there is no report.
    verified: bool,
}

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What was measured on.
    pub machine: Machine,
    /// drvhost's version.
    pub drvhost: &'static str,
    /// Wine's version.
    pub wine: Option<String>,
    /// The load average before and after.
    pub load: [f64; 2],
    /// What is not installed, and where it comes from.
    pub missing: Vec<Missing>,
    /// The measurements.
    pub measured: Vec<Measured>,
    /// Where the time of a cold start goes; empty unless asked for.
    pub profile: Vec<Phase>,
    /// What a hostile driver can do in each host, if that was wanted.
    pub hostile: Option<Comparison>,
}

impl Report {
    /// For people.
    pub fn text(&self) -> String {
        let Machine { processor, processors, kernel, memory } = &self.machine;
        let [before, after] = self.load;
        let wine = self.wine.as_deref().unwrap_or("no Wine");
        let mut text = format!(
            "drvhost {}, {wine}\n{processor}, {processors} processors, {memory} MiB, {kernel}; load {before:.2} before, {after:.2} after\n\n",
            self.drvhost
        );
        let heads =
            ["", "drvhost", "quartiles", "peer", "quartiles", "ratio", "quartiles", "goal", "outputs"];
        let rows: Vec<_> = self.measured.iter().map(Measured::cells).collect();
        if !rows.is_empty() {
            text += &table(&[heads.map(str::to_owned)].into_iter().chain(rows).collect::<Vec<_>>());
        }
        if let Some(hostile) = &self.hostile {
            text += &hostile.long(&self.machine, self.wine.as_deref());
            text += "\n";
            text += &hostile.short(&self.machine, self.wine.as_deref());
        }
        for Missing { name, how } in &self.missing {
            // Writing to a string cannot fail.
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

impl Measured {
    fn cells(&self) -> [String; 9] {
        let pair = |summary: Option<&Summary>| {
            summary.map_or_else(Default::default, |summary| {
                (number(summary.median), range(summary.lower_quartile, summary.upper_quartile))
            })
        };
        let (ours, ours_range) = pair(Some(&self.drvhost));
        let (mut theirs, theirs_range) = pair(self.theirs.as_ref());
        if self.theirs.is_some() {
            theirs = format!("{}: {theirs}", self.peer);
        }
        let (ratio, ratio_range) = pair(self.ratio.as_ref());
        let met = match self.met {
            None => "",
            Some(true) => ": met",
            Some(false) => ": missed",
        };
        let goal = self.goal.as_ref().map_or_else(String::new, |goal| format!("{goal}{met}"));
        let outputs = if self.verified { "equal" } else { "" }.to_owned();
        let name = format!("{} ({})", self.name, self.unit);
        [name, ours, ours_range, theirs, theirs_range, ratio, ratio_range, goal, outputs]
    }
}

/// A number with about three digits.
fn number(value: f64) -> String {
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

    fn row(better: Better) -> Row {
        Row { ours: vec![2.0, 4.0], theirs: vec![8.0, 8.0], ..Row::new("x", "ms", better) }
    }

    #[test]
    fn ratios_are_of_pairs_and_say_how_many_times_better() {
        let less = row(Better::Less).goal(Goal::Ratio(3.0)).finish().unwrap();
        assert_eq!((less.ratio.unwrap().median, less.met), (3.0, Some(true)));
        assert_eq!(row(Better::More).finish().unwrap().ratio.unwrap().median, 0.375);
        let missed = row(Better::Less).goal(Goal::Ratio(3.1)).finish().unwrap();
        assert_eq!((missed.met, missed.goal.as_deref()), (Some(false), Some(">= 3.1 x")));
    }

    #[test]
    fn without_a_peer_only_goals_of_our_own_are_judged() {
        let alone =
            |goal| Row { ours: vec![3.0], ..Row::new("x", "ns", Better::Less) }.goal(goal).finish().unwrap();
        assert_eq!(alone(Goal::Below(4.0)).met, Some(true));
        assert_eq!(alone(Goal::Below(3.0)).met, Some(false));
        assert_eq!(alone(Goal::Ratio(1.0)).met, None);
        assert!(Row::new("x", "ns", Better::Less).finish().is_none());
    }

    #[test]
    fn tables_are_aligned() {
        let rows = [["a", "bbb", "c"], ["aa", "b", ""]].map(|row| row.map(str::to_owned));
        assert_eq!(table(&rows), "a   bbb  c\naa  b\n");
    }

    #[test]
    fn numbers_have_about_three_digits() {
        assert_eq!([0.1234, 1.234, 12.34, 1234.5].map(number), ["0.123", "1.23", "12.3", "1234"]);
    }
}
