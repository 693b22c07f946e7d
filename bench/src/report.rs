//! Measurements while they are made, and what came out of each.

pub mod text;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::statistics::Summary;

/// The usual other side.
pub const WINE: &str = "Wine";

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Times, sizes.
    Less,
    /// Rates.
    More,
}

/// What a measurement should come to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// drvhost is so many times better than its peer, or more.
    Ratio(f64),
    /// drvhost may be worse than its peer, but not more than so many times.
    Within(f64),
    /// drvhost's median is below this.
    Below(f64),
    /// drvhost's median is this or less.
    AtMost(f64),
    /// drvhost's median is this or more.
    AtLeast(f64),
}

impl Goal {
    /// Whether it is met; `None` where there is nothing to judge by.
    fn met(self, ours: Option<&Summary>, ratio: Option<&Summary>) -> Option<bool> {
        let (ours, ratio) = (ours.map(|ours| ours.median), ratio.map(|ratio| ratio.median));
        match self {
            Self::Ratio(wanted) => ratio.map(|ratio| ratio >= wanted),
            Self::Within(times) => ratio.map(|ratio| ratio * times >= 1.0),
            Self::Below(limit) => ours.map(|ours| ours < limit),
            Self::AtMost(limit) => ours.map(|ours| ours <= limit),
            Self::AtLeast(limit) => ours.map(|ours| ours >= limit),
        }
    }

    /// The least ratio that meets it, if it is about ratios.
    pub fn ratio(self) -> Option<f64> {
        match self {
            Self::Ratio(wanted) => Some(wanted),
            Self::Within(times) => Some(1.0 / times),
            Self::Below(_) | Self::AtMost(_) | Self::AtLeast(_) => None,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(wanted) => write!(f, ">= {wanted} x"),
            Self::Within(times) => write!(f, "within {times} x"),
            Self::Below(limit) => write!(f, "< {limit}"),
            Self::AtMost(limit) => write!(f, "<= {limit}"),
            Self::AtLeast(limit) => write!(f, ">= {limit}"),
        }
    }
}

/// One measurement while it is made: the samples of both sides.
#[derive(Debug)]
pub struct Row {
    name: Cow<'static, str>,
    unit: &'static str,
    better: Better,
    goal: Option<Goal>,
    verified: bool,
    note: Option<String>,
    /// Who the other side is.
    peer: &'static str,
    /// drvhost's samples.
    pub ours: Vec<f64>,
    /// The peer's samples, in the same order of rounds; none where there is no peer, or nothing to compare.
    pub theirs: Vec<f64>,
    /// What the ratios could come to at best, or drvhost's samples where the goal is one for these; where that is known.
    pub limits: Vec<f64>,
}

impl Row {
    /// A measurement without samples.
    pub fn new(name: impl Into<Cow<'static, str>>, unit: &'static str, better: Better) -> Self {
        let (ours, theirs, limits) = (Vec::new(), Vec::new(), Vec::new());
        let (goal, verified, note, peer) = (None, false, None, WINE);
        Self { name: name.into(), unit, better, goal, verified, note, peer, ours, theirs, limits }
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

    /// Whether the other side is this one.
    pub fn is_against(&self, peer: &str) -> bool {
        self.peer == peer
    }

    /// Adds what a reader must know. With it, a row without samples says why it has none.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.note = Some(text.into());
        self
    }

    /// Says whether both sides' outputs were compared.
    pub fn verified(&mut self, verified: bool) {
        self.verified = verified;
    }

    /// What came out, of a measurement of this subject; `None` where there are neither samples nor a reason.
    pub fn finish(self, subject: &str) -> Option<Measured> {
        let better = |ours: f64, theirs: f64| match self.better {
            Better::Less => theirs / ours,
            Better::More => ours / theirs,
        };
        // Round by round, so that a disturbance that lasts touches both sides of a pair.
        let pairs = self.ours.iter().zip(&self.theirs).map(|(&ours, &theirs)| (ours, theirs));
        // A difference of two measurements may come out below 0, of which nothing is a multiple.
        let pairs = pairs.filter(|(ours, theirs)| *ours > 0.0 && *theirs > 0.0);
        let pairs = pairs.map(|(ours, theirs)| better(ours, theirs));
        let ratio = Summary::of(pairs);
        let (drvhost, theirs) = (Summary::of(self.ours.iter().copied()), Summary::of(self.theirs));
        let rounded = |summary: Option<Summary>| summary.map(Summary::rounded);
        if drvhost.is_none() && self.note.is_none() {
            return None;
        }
        Some(Measured {
            subject: subject.to_owned(),
            name: self.name.into_owned(),
            unit: self.unit.to_owned(),
            better: self.better,
            drvhost: rounded(drvhost),
            peer: self.peer.to_owned(),
            theirs: rounded(theirs),
            ratio: rounded(ratio),
            goal: self.goal,
            met: self.goal.and_then(|goal| goal.met(drvhost.as_ref(), ratio.as_ref())),
            limit: rounded(Summary::of(self.limits.iter().copied())),
            verified: self.verified,
            note: self.note,
        })
    }
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// What it belongs to.
    pub subject: String,
    /// What was measured.
    pub name: String,
    /// In what.
    pub unit: String,
    /// Which way is better.
    pub better: Better,
    /// drvhost's side; `None` where it could not be measured, which the note explains.
    pub drvhost: Option<Summary>,
    /// Who the other side is, or would be.
    pub peer: String,
    /// The other side, where it was measured.
    pub theirs: Option<Summary>,
    /// How many times better drvhost is, pair by pair.
    pub ratio: Option<Summary>,
    /// What it should come to.
    pub goal: Option<Goal>,
    /// Whether it does.
    pub met: Option<bool>,
    /// What the ratio could come to at best, or drvhost's side where the goal is one for that; where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Summary>,
    /// Whether both sides' outputs were compared. Where they differ, there is no report.
    pub verified: bool,
    /// What a reader must know.
    pub note: Option<String>,
}

/// What is to be known of rows, with the names of those that share it.
pub fn notes<'a>(rows: impl IntoIterator<Item = &'a Measured>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut notes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        if let Some(note) = &row.note {
            notes.entry(note).or_default().push(&row.name);
        }
    }
    notes
}

/// Curves that are to be drawn, by their names: x and y of each point.
pub type Curves = Vec<(String, Vec<(f64, f64)>)>;

/// A curve that is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// What it belongs to.
    pub subject: String,
    /// What it is called.
    pub name: String,
    /// Its points, x and y.
    pub points: Vec<(f64, f64)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(better: Better) -> Row {
        Row { ours: vec![2.0, 4.0], theirs: vec![8.0, 8.0], ..Row::new("x", "ms", better) }
    }

    fn finish(row: Row) -> Measured {
        row.finish("a subject").unwrap()
    }

    #[test]
    fn ratios_are_of_pairs_and_say_how_many_times_better() {
        let less = finish(row(Better::Less).goal(Goal::Ratio(3.0)));
        assert_eq!((less.ratio.unwrap().median, less.met), (3.0, Some(true)));
        assert_eq!(finish(row(Better::More)).ratio.unwrap().median, 0.375);
        let missed = finish(row(Better::Less).goal(Goal::Ratio(3.1)));
        assert_eq!((missed.met, missed.goal.unwrap().to_string().as_str()), (Some(false), ">= 3.1 x"));
    }

    #[test]
    fn nothing_is_a_multiple_of_less_than_nothing() {
        let row = Row { ours: vec![2.0, 4.0], theirs: vec![-1.0, 8.0], ..Row::new("x", "KB", Better::Less) };
        let ratio = finish(row).ratio.unwrap();
        assert_eq!((ratio.samples, ratio.median), (1, 2.0));
    }

    #[test]
    fn drvhost_may_be_worse_within_a_limit() {
        // 0.375 times as good, which is 2.67 times worse.
        let within = |times| finish(row(Better::More).goal(Goal::Within(times))).met;
        assert_eq!([within(2.7), within(2.6)], [Some(true), Some(false)]);
        // Better than the peer is within any.
        assert_eq!(finish(row(Better::Less).goal(Goal::Within(1.0))).met, Some(true));
    }

    #[test]
    fn without_a_peer_only_goals_of_our_own_are_judged() {
        let alone = |goal| finish(Row { ours: vec![3.0], ..Row::new("x", "ns", Better::Less) }.goal(goal));
        assert_eq!(alone(Goal::Below(4.0)).met, Some(true));
        assert_eq!(alone(Goal::Below(3.0)).met, Some(false));
        assert_eq!(alone(Goal::AtMost(3.0)).met, Some(true));
        assert_eq!(alone(Goal::AtMost(2.9)).met, Some(false));
        assert_eq!(alone(Goal::AtLeast(3.0)).met, Some(true));
        assert_eq!(alone(Goal::AtLeast(3.1)).met, Some(false));
        assert_eq!(alone(Goal::Ratio(1.0)).met, None);
        assert_eq!(alone(Goal::Within(1.0)).met, None);
        assert!(Row::new("x", "ns", Better::Less).finish("a subject").is_none());
    }

    #[test]
    fn what_cannot_be_measured_is_a_row_with_a_reason() {
        let row = Row::new("x", "instructions", Better::Less).goal(Goal::AtMost(1.0)).note("no counters");
        let row = finish(row);
        assert_eq!((row.drvhost, row.met, row.note.as_deref()), (None, None, Some("no counters")));
    }
}
