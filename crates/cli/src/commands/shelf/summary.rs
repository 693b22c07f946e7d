//! What became of all files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use drvhost::Blame;
use drvhost::shelf::{Line, Shelf};
use serde::Serialize;

use super::job::{Shape, blame_of};
use super::print;
use crate::failure::{Exit, Failure, prefix};
use crate::output;

/// What became of one.
pub enum Report<'a> {
    /// There is an output.
    Decoded(&'a Line, Shape),
    /// There was one already.
    Skipped(&'a Line),
    /// There is none.
    Failed(&'a Line, Option<&'static str>),
    /// It was stopped, or not begun.
    Stopped,
}

/// A file as JSON.
#[derive(Serialize)]
struct FileLine<'a> {
    state: &'static str,
    #[serde(flatten)]
    line: &'a Line,
}

/// The last line as JSON.
#[derive(Serialize)]
struct Last<'a> {
    summary: &'a Summary,
}

/// Counts of files.
#[derive(Serialize)]
pub struct Summary {
    #[serde(skip)]
    json: bool,
    #[serde(skip)]
    exit: Exit,
    #[serde(skip)]
    advice: BTreeSet<&'static str>,
    /// Those that were decoded now.
    decoded: u64,
    /// Those that were done already.
    skipped: u64,
    /// Those of both of which not all could be decoded, by whose doing that is.
    partly: BTreeMap<Blame, u64>,
    /// Those that were decoded now with something to say.
    warnings: u64,
    /// Those that failed, by whose doing that is.
    failed: BTreeMap<Blame, u64>,
    /// Those that were stopped, or not begun.
    stopped: u64,
    /// Files in folders that are no media.
    others: usize,
    /// Files and folders that could not be looked at.
    unreadable: usize,
    /// How long all took.
    seconds: f64,
}

impl Summary {
    /// Begins with what could not be looked at.
    pub fn new(json: bool, shelf: &Shelf) -> Self {
        let mut exit = Exit::Done;
        for (_, error) in &shelf.unreadable {
            output::aside(&format!("drvhost: {}{error}", prefix(error.blame())));
            exit = exit.max(error.blame().into());
        }
        for path in &shelf.others {
            tracing::info!("{}: no media that can be read here", path.display());
        }
        Self {
            json,
            exit,
            advice: BTreeSet::new(),
            decoded: 0,
            skipped: 0,
            partly: BTreeMap::new(),
            warnings: 0,
            failed: BTreeMap::new(),
            stopped: 0,
            others: shelf.others.len(),
            unreadable: shelf.unreadable.len(),
            seconds: 0.0,
        }
    }

    /// Counts and prints what became of a file.
    pub fn add(&mut self, report: &Report<'_>) -> Result<(), Failure> {
        let (line, state, text) = match report {
            Report::Stopped => {
                self.stopped += 1;
                self.exit = self.exit.max(Exit::Usage);
                return Ok(());
            }
            Report::Decoded(line, shape) => {
                self.decoded += 1;
                self.warnings += u64::from(!line.warnings.is_empty());
                (line, "decoded", Some(describe(line, shape)))
            }
            Report::Skipped(line) => {
                self.skipped += 1;
                (line, "skipped", None)
            }
            Report::Failed(line, advice) => {
                self.advice.extend(advice);
                (line, "failed", None)
            }
        };
        if let Some(blame) = blame_of(line) {
            self.exit = self.exit.max(blame.into());
            let counts = if line.output.is_some() { &mut self.partly } else { &mut self.failed };
            *counts.entry(blame).or_default() += 1;
        }
        if self.json || text.is_some() {
            print(self.json, text.as_deref().unwrap_or_default(), &FileLine { state, line })?;
        }
        if !self.json && !matches!(report, Report::Skipped(_)) {
            let told = line.error.as_ref();
            let own = |warning: &&String| told.is_none_or(|error| error.message != **warning);
            for warning in line.warnings.iter().filter(own) {
                output::aside(&format!("drvhost: {}: {warning}", line.input));
            }
            if let Some(error) = told {
                output::aside(&format!("drvhost: {}: {}{}", line.input, prefix(error.blame), error.message));
            }
        }
        Ok(())
    }

    /// Prints the counts.
    pub fn print(&mut self, elapsed: Duration, out: &Path) -> Result<(), Failure> {
        self.seconds = elapsed.as_secs_f64();
        if !self.json {
            self.advice.iter().for_each(|advice| output::aside(&format!("drvhost: {advice}")));
        }
        print(self.json, &self.text(out), &Last { summary: self })
    }

    fn text(&self, out: &Path) -> String {
        let mut parts = vec![format!("{} decoded", self.decoded)];
        let mut add = |count: u64, what: &str| {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        };
        add(self.skipped, "done before");
        add(self.warnings, "with warnings");
        for (counts, what) in [(&self.partly, "decoded in part"), (&self.failed, "failed")] {
            for (blame, count) in counts {
                add(*count, &format!("{what} ({})", name(*blame)));
            }
        }
        add(self.stopped, "stopped or not begun");
        add(self.unreadable as u64, "could not be looked at");
        add(self.others as u64, "no media");
        format!("{}: {}; {:.1} s", out.display(), parts.join(", "), self.seconds)
    }

    /// The worst of all files.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

fn name(blame: Blame) -> &'static str {
    match blame {
        Blame::Usage => "usage",
        Blame::Media => "media",
        Blame::Driver => "driver",
        Blame::Host => "host",
        Blame::Bug => "bug",
    }
}

fn describe(line: &Line, shape: &Shape) -> String {
    let mut parts = Vec::new();
    parts.extend(line.frames.map(|frames| format!("{frames} frames")));
    parts.extend(shape.size.map(|(width, height)| format!("{width}x{height}")));
    parts.extend(line.samples.map(|samples| format!("{samples} samples")));
    parts.push(format!("{:.1} s", line.seconds));
    parts.extend(shape.driver.as_ref().map(|driver| format!("through {driver}")));
    format!("{} -> {}: {}", line.input, line.output.as_deref().unwrap_or("-"), parts.join(", "))
}
