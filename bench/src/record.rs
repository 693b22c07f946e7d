//! What was measured last, kept in `docs/benchmarks.json`: what the document and its pictures are made from, and what a run is compared with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::failure::{Failure, run};
use crate::machine::Machine;
use crate::report::{Better, Measured, Series};
use crate::statistics::Summary;

/// The project's folder.
pub const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Where the record is, in the project.
const FILE: &str = "docs/benchmarks.json";

/// By how much a measurement may be worse than the last time.
const TOLERANCE: f64 = 0.1;
/// How many samples both runs must have for their spread to mean anything.
const ENOUGH: usize = 3;

/// On what something was measured, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The day, in UTC.
    pub date: String,
    /// The commit that was built, with a `+` where files had been changed since.
    pub commit: String,
    /// The machine.
    pub machine: Machine,
    /// The load average before and after.
    pub load: [f64; 2],
    /// How often things were measured, where 1 is the usual.
    pub scale: f64,
    /// drvhost's version.
    pub drvhost: String,
    /// Wine's version.
    pub wine: Option<String>,
    /// ffmpeg's version.
    pub ffmpeg: Option<String>,
    /// ud-emulator's version.
    pub emulator: String,
    /// What was not there, and where it comes from.
    pub missing: Vec<String>,
}

impl Run {
    /// Everything's version.
    pub fn versions(&self) -> String {
        format!(
            "drvhost {} ({}), {}, ffmpeg {}, ud-emulator {}",
            self.drvhost,
            self.commit,
            self.wine.as_deref().unwrap_or("no Wine"),
            self.ffmpeg.as_deref().unwrap_or("is missing"),
            self.emulator
        )
    }
}

/// The commit of the project's folder; `unknown` where it is none of git's.
pub fn commit() -> String {
    let git = |arguments: &[&str]| run(Command::new("git").args(["-C", PROJECT]).args(arguments)).ok();
    let Some(commit) = git(&["rev-parse", "--short=10", "HEAD"]) else { return "unknown".to_owned() };
    // What is generated from the measurements differs without anything that is measured having changed.
    let changed = git(&["status", "--porcelain", "--", ":!docs"]).is_some_and(|text| !text.trim().is_empty());
    format!("{}{}", commit.trim(), if changed { "+" } else { "" })
}

/// All that was measured last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The run in which each subject was measured.
    pub runs: BTreeMap<String, Run>,
    /// The measurements.
    pub measured: Vec<Measured>,
    /// Points of curves.
    pub series: Vec<Series>,
}

impl Record {
    fn place() -> PathBuf {
        Path::new(PROJECT).join(FILE)
    }

    /// The record in the project; an empty one where there is none yet.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be read.
    pub fn read() -> Result<Self, Failure> {
        let place = Self::place();
        if !place.exists() {
            return Ok(Self::default());
        }
        let text = fs::read_to_string(place).map_err(Failure::file(FILE))?;
        serde_json::from_str(&text).map_err(|error| Failure::Wrong {
            what: FILE.to_owned(),
            expected: "a record of measurements".to_owned(),
            found: error.to_string(),
        })
    }

    /// Puts it into the project.
    ///
    /// # Errors
    /// [`Failure`] where it cannot be written.
    pub fn write(&self) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        fs::write(Self::place(), text + "\n").map_err(Failure::file(FILE))
    }

    /// Replaces what there is of the subjects of these measurements. Those of which nothing was measured now stay as they were.
    pub fn put(&mut self, run: &Run, measured: &[Measured], series: &[Series]) {
        let subjects: BTreeSet<&str> = measured.iter().map(|row| row.subject.as_str()).collect();
        let stays = |subject: &str| !subjects.contains(subject);
        self.measured.retain(|old| stays(&old.subject));
        self.series.retain(|old| stays(&old.subject));
        self.measured.extend(measured.iter().cloned());
        self.series.extend(series.iter().cloned());
        self.runs.extend(subjects.iter().map(|subject| ((*subject).to_owned(), run.clone())));
    }

    /// What of these measurements is worse than in the record by more than a tenth.
    pub fn worse(&self, machine: &Machine, measured: &[Measured]) -> Vec<Change> {
        let before = |now: &Measured| {
            let key = |row: &Measured| (row.subject.clone(), row.name.clone(), row.peer.clone());
            let old = self.measured.iter().find(|old| key(old) == key(now))?;
            let like = self.runs.get(&old.subject).is_some_and(|run| run.machine.is_like(machine));
            Change::between(old, now, like)
        };
        measured.iter().filter_map(before).collect()
    }
}

/// How sure it is that something has become worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// By more than the samples of either run lie apart.
    Regression,
    /// The samples of a run lie further apart than that, or are too few to tell.
    Unsure,
}

/// A measurement that came out worse than in the record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    subject: String,
    name: String,
    peer: String,
    /// What was compared: the ratio to the peer, or drvhost's own value where there is no peer.
    of: &'static str,
    before: f64,
    now: f64,
    /// By what part it is worse.
    worse_by: f64,
    /// How far the middle half of the samples lies apart, in that run where it is more, as a part of the median.
    spread: f64,
    /// What that means.
    pub verdict: Verdict,
}

impl Change {
    /// `None` where it is not worse by more than is tolerated, or cannot be compared. `like` says whether both were measured on machines of one kind.
    fn between(before: &Measured, now: &Measured, like: bool) -> Option<Self> {
        let ratio = before.ratio.zip(now.ratio).map(|(old, new)| ("ratio", Better::More, old, new));
        let own = || before.drvhost.zip(now.drvhost).map(|(old, new)| ("value", now.better, old, new));
        let compared = ratio.or_else(|| like.then(own).flatten());
        let (of, better, old, new): (_, _, Summary, Summary) = compared?;
        let worse_by = match better {
            Better::More => 1.0 - new.median / old.median,
            Better::Less => 1.0 - old.median / new.median,
        };
        if worse_by.is_nan() || worse_by <= TOLERANCE {
            return None;
        }
        let spread = old.spread().max(new.spread());
        let sure = worse_by > spread && old.samples.min(new.samples) >= ENOUGH;
        Some(Self {
            subject: now.subject.clone(),
            name: now.name.clone(),
            peer: now.peer.clone(),
            of,
            before: old.median,
            now: new.median,
            worse_by,
            spread,
            verdict: if sure { Verdict::Regression } else { Verdict::Unsure },
        })
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        use crate::report::text::number;
        let against = if self.of == "ratio" { format!(" against {}", self.peer) } else { String::new() };
        let (percent, spread) = (self.worse_by * 100.0, self.spread * 100.0);
        let (before, now) = (number(self.before), number(self.now));
        let verdict = match self.verdict {
            Verdict::Regression => "regression",
            Verdict::Unsure => "unsure",
        };
        write!(f, "{verdict}: {}{against}: {} {before} became {now}, ", self.name, self.of)?;
        write!(f, "{percent:.0} % worse; samples lie {spread:.0} % apart")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Goal, Row};

    fn machine(processor: &str) -> Machine {
        Machine {
            processor: processor.to_owned(),
            processors: 2,
            kernel: "Linux 6.18".to_owned(),
            memory: 24_000,
        }
    }

    fn a_run(processor: &str) -> Run {
        Run {
            date: "2026-11-27".to_owned(),
            commit: "3fc7f20".to_owned(),
            machine: machine(processor),
            load: [0.1, 1.3],
            scale: 1.0,
            drvhost: "0.1.0".to_owned(),
            wine: Some("wine-8.0".to_owned()),
            ffmpeg: None,
            emulator: "0.3.0".to_owned(),
            missing: Vec::new(),
        }
    }

    fn record(measured: Vec<Measured>) -> Record {
        let mut record = Record::default();
        record.put(&a_run("AMD EPYC"), &measured, &[]);
        record
    }

    /// Of samples of both sides, in ms.
    fn start(ours: &[f64], theirs: &[f64]) -> Measured {
        let mut row = Row::new("cold start", "ms", Better::Less).goal(Goal::Ratio(25.0));
        (row.ours, row.theirs) = (ours.to_vec(), theirs.to_vec());
        row.finish("cold-start").unwrap()
    }

    fn only(changes: Vec<Change>) -> Change {
        let [change] = <[Change; 1]>::try_from(changes).unwrap();
        change
    }

    #[test]
    fn a_ratio_that_fell_by_more_than_a_tenth_is_a_regression_on_any_machine() {
        let old = record(vec![start(&[9.9, 10.0, 10.1, 10.2], &[64.0, 64.0, 65.0, 64.0])]);
        let new = [start(&[13.0, 12.8, 12.9, 13.1], &[64.0, 65.0, 64.0, 64.0])];
        let change = only(old.worse(&machine("Intel Xeon"), &new));
        assert_eq!((change.of, change.verdict), ("ratio", Verdict::Regression));
        assert!((change.worse_by - 0.23).abs() < 0.005, "{change:?}");
        assert_eq!(
            change.to_string(),
            "regression: cold start against Wine: ratio 6.42 became 4.94, 23 % worse; samples lie 2 % apart"
        );
        // The same the other way round is no regression, nor is a twentieth.
        assert_eq!(record(new.to_vec()).worse(&machine("AMD EPYC"), &old.measured), []);
        assert_eq!(old.worse(&machine("AMD EPYC"), &[start(&[10.5; 4], &[64.0; 4])]), []);
    }

    #[test]
    fn where_samples_lie_further_apart_than_it_changed_it_is_unsure() {
        // The quartiles of Cinepak's ratio to Wine were 0.44 and 0.58.
        let mut row = Row::new("Cinepak", "frames/s", Better::More);
        (row.ours, row.theirs) = (vec![5300.0, 6800.0, 7100.0], vec![12_200.0; 3]);
        let old = record(vec![row.finish("frames").unwrap()]);
        let mut row = Row::new("Cinepak", "frames/s", Better::More);
        (row.ours, row.theirs) = (vec![6000.0, 5950.0, 6050.0], vec![12_200.0; 3]);
        let change = only(old.worse(&machine("AMD EPYC"), &[row.finish("frames").unwrap()]));
        assert_eq!(change.verdict, Verdict::Unsure);
        assert!(change.spread > change.worse_by && change.worse_by > 0.1, "{change:?}");
    }

    #[test]
    fn one_sample_proves_nothing() {
        let old = record(vec![start(&[10.0], &[60.0])]);
        assert_eq!(
            only(old.worse(&machine("AMD EPYC"), &[start(&[20.0], &[60.0])])).verdict,
            Verdict::Unsure
        );
    }

    #[test]
    fn without_a_peer_own_values_are_compared_on_machines_of_one_kind() {
        let alone = |samples: &[f64]| {
            let mut row = Row::new("memory of a worker", "MB", Better::Less);
            row.ours = samples.to_vec();
            row.finish("memory").unwrap()
        };
        let old = record(vec![alone(&[1.70, 1.71, 1.72])]);
        let new = [alone(&[2.10, 2.11, 2.12])];
        let change = only(old.worse(&machine("AMD EPYC"), &new));
        assert_eq!((change.of, change.verdict), ("value", Verdict::Regression));
        assert!(change.to_string().starts_with("regression: memory of a worker: value 1.71 became 2.11"));
        assert_eq!(old.worse(&machine("Intel Xeon"), &new), []);
    }

    #[test]
    fn rows_are_compared_with_those_of_the_same_peer() {
        let against = |peer, theirs: f64| {
            let mut row = Row::new("film", "frames/s", Better::More).against(peer);
            (row.ours, row.theirs) = (vec![900.0; 3], vec![theirs; 3]);
            row.finish("film").unwrap()
        };
        let old = record(vec![against("Wine", 300.0), against("ffmpeg", 900.0)]);
        let change =
            only(old.worse(&machine("AMD EPYC"), &[against("Wine", 301.0), against("ffmpeg", 1800.0)]));
        assert_eq!((change.peer.as_str(), change.before, change.now), ("ffmpeg", 1.0, 0.5));
    }

    #[test]
    fn only_what_was_measured_again_is_replaced() {
        let row = |subject: &str, value: f64| {
            let mut row = Row::new("x", "ms", Better::Less);
            row.ours = vec![value];
            row.finish(subject).unwrap()
        };
        let mut record = record(vec![row("film", 1.0), row("memory", 2.0)]);
        record.put(&a_run("Intel Xeon"), &[row("memory", 3.0)], &[]);
        let values: Vec<f64> = record.measured.iter().map(|row| row.drvhost.unwrap().median).collect();
        assert_eq!(values, [1.0, 3.0]);
        let processors: Vec<&str> = record.runs.values().map(|run| run.machine.processor.as_str()).collect();
        assert_eq!(processors, ["AMD EPYC", "Intel Xeon"]);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
}
