//! Measures drvhost against what else runs Windows drivers: both sides run the same drivers on the same input in one run, in turn, and give the same
//! outputs, or there is no result.
#![forbid(unsafe_code)]

#[path = "../../tests/src/acts.rs"]
mod acts;
mod blake3;
mod busy;
mod calls;
mod clip;
mod clips;
mod cold_start;
mod content;
mod cpu;
mod document;
mod emulator;
mod encode;
mod failure;
mod ffmpeg;
mod film;
mod floor;
mod frames;
mod hostile;
mod instances;
mod instructions;
mod launcher;
mod machine;
mod memory;
mod mingw;
mod ours;
mod pairs;
mod plots;
mod profile;
mod programs;
mod quantiles;
#[allow(dead_code, reason = "the suite's part of it is not the bench's")]
#[path = "../../tests/src/reach/mod.rs"]
mod reach;
mod record;
mod report;
mod round_trip;
mod session_end;
mod shelf;
mod sound;
mod statistics;
mod subject;
mod subjects;
mod synth;
mod throughput;
mod trace_cost;
mod video1;
mod widths;
mod wine;

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use crate::failure::Failure;
use crate::machine::Machine;
use crate::record::{Record, Run, Verdict};
use crate::report::text::Report;
use crate::subjects::{Bench, Found, What};
use crate::wine::{Missing, Wine};

/// Measures drvhost against what else runs Windows drivers.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub struct Args {
    /// Print one line of JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Say also where the time of a cold start goes (needs strace)
    #[arg(long)]
    profile: bool,
    /// Measure so many times as often: 0.1 for a first look
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    scale: f64,
    /// Measure this only (may be given several times)
    #[arg(long, value_name = "WHAT")]
    only: Vec<What>,
    /// With --only pairs: measure those only in whose name TEXT is, such as `Cinepak 320` (may be given several times)
    #[arg(long, value_name = "TEXT")]
    pair: Vec<String>,
    /// With --only: write what was measured into the record and the documents all the same
    #[arg(long)]
    document: bool,
    /// End with exit code 1 where something is worse than in the record by more than a tenth
    #[arg(long)]
    strict: bool,
    /// Measure what is built already
    #[arg(long)]
    no_build: bool,
    /// Write the document and its pictures anew from the record, and measure nothing
    #[arg(long, conflicts_with_all = ["only", "strict"])]
    redraw: bool,
    /// Be a host of two drivers, of which the first means harm: the host's name, the drivers, the message, the place, the file
    #[arg(long, hide = true, num_args = 6, value_names = ["HOST", "FIRST", "SECOND", "MESSAGE", "PLACE", "FILE"])]
    as_host: Vec<String>,
    /// Keep a processor busy
    #[arg(long, hide = true)]
    as_load: bool,
    /// Send so many messages
    #[arg(long, hide = true, value_name = "COUNT")]
    as_sender: Option<usize>,
}

impl Args {
    /// What is to be measured.
    fn wanted(&self) -> Vec<What> {
        What::usual()
            .chain([What::Hostile])
            .filter(|what| self.only.contains(what) || self.only.is_empty() && *what != What::Hostile)
            .collect()
    }

    /// Whether what is measured goes into the record.
    fn documents(&self) -> bool {
        self.only.is_empty() || self.document
    }

    /// How often to do something that is usually done `usual` times.
    fn times(&self, usual: usize) -> usize {
        // Negative factors and NaN become 0, then 1.
        ((usual as f64 * self.scale) as usize).max(1)
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    if let [kind, words @ ..] = args.as_host.as_slice() {
        return ended(hostile::host(kind, words).map(|()| true));
    }
    if args.as_load {
        busy::compute();
        return ExitCode::SUCCESS;
    }
    if let Some(count) = args.as_sender {
        return ended(instructions::send(count).map(|()| true));
    }
    ended(if args.redraw { redraw() } else { bench(&args) })
}

/// The exit code: 0 where all is as it should be.
fn ended(result: Result<bool, Failure>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn redraw() -> Result<bool, Failure> {
    document::write(&Record::read()?)?;
    Ok(true)
}

/// Measures, prints, compares with the record and writes it; answers whether all came about and nothing is worse that must not be.
fn bench(args: &Args) -> Result<bool, Failure> {
    if cfg!(debug_assertions) {
        return Err(Failure::Wrong {
            what: "this build of the bench".to_owned(),
            expected: "with `--release`, as what it measures".to_owned(),
            found: "without optimisation".to_owned(),
        });
    }
    if args.no_build {
        programs::there()?;
    } else {
        programs::build()?;
    }
    let mut record = Record::read()?;
    let (report, found) = measure(args, &record)?;
    if args.json {
        println!("{}", serde_json::to_string(&report).unwrap_or_default());
    } else {
        println!("{}", report.text().trim_end());
    }
    for change in &report.worse {
        eprintln!("bench: {change}");
    }
    for failed in &report.failed {
        eprintln!("bench: {failed}");
    }
    if args.documents() && report.failed.is_empty() {
        if let Some(comparison) = &found.hostile {
            hostile::write(comparison, &report.run.machine, report.run.wine.as_deref())?;
        }
        record.put(&report.run, &report.measured, &found.series);
        record.write()?;
        document::write(&record)?;
    }
    let regressed = report.worse.iter().any(|change| change.verdict == Verdict::Regression);
    Ok(report.failed.is_empty() && !(args.strict && regressed))
}

fn measure(args: &Args, record: &Record) -> Result<(Report, Found), Failure> {
    let wanted = args.wanted();
    let folder = tempfile::tempdir().map_err(Failure::file("a temporary folder"))?;
    let mut found = Found::default();
    let (version, ffmpeg) = (wine::version(), programs::ffmpeg());
    eprintln!("bench: {}", programs::peers(version.as_deref(), ffmpeg.as_deref()));
    let mut failed = Vec::new();
    let wine = match wanted.iter().any(|what| what.is_against_wine()).then(Wine::start) {
        None => None,
        Some(Ok(Ok(wine))) => Some(wine),
        Some(Ok(Err(missing))) => {
            found.missing = missing;
            None
        }
        Some(Err(failure)) => {
            failed.push(format!("Wine: {failure}"));
            None
        }
    };
    let before = machine::load();
    let bench = Bench { args, wine: wine.as_ref(), folder: folder.path() };
    for (at, what) in wanted.iter().enumerate() {
        let started = Instant::now();
        let result = bench.measure(*what, &mut found);
        let seconds = started.elapsed().as_secs_f64();
        eprintln!("bench: {} of {}: {}, {seconds:.0} s", at + 1, wanted.len(), what.name());
        // One that does not come about is no reason to throw away the others.
        failed.extend(result.err().map(|failure| format!("{}: {failure}", what.name())));
    }
    let mut profile = Vec::new();
    if args.profile {
        match profile::measure(folder.path(), args.times(30))? {
            Some(phases) => profile = phases,
            None => found.missing.push(Missing { name: "strace", how: "apt-get install strace" }),
        }
    }
    let mut missing: Vec<Missing> = Vec::new();
    for one in &found.missing {
        if !missing.contains(one) {
            missing.push(one.clone());
        }
    }
    let machine = Machine::this();
    let worse = record.worse(&machine, &found.measured);
    let run = Run {
        date: machine::today()?,
        commit: record::commit(),
        machine,
        load: [before, machine::load()],
        scale: args.scale,
        drvhost: env!("CARGO_PKG_VERSION").to_owned(),
        wine: version,
        ffmpeg,
        emulator: emulator::VERSION.to_owned(),
        missing: missing.iter().map(|Missing { name, how }| format!("{name} ({how})")).collect(),
    };
    let (measured, hostile) = (found.measured.clone(), found.hostile.clone());
    let report = Report { run, missing, failed, measured, worse, profile, hostile };
    Ok((report, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Args {
        Args::try_parse_from([&["bench"], arguments].concat()).unwrap()
    }

    #[test]
    fn everything_is_measured_at_least_once() {
        let times = |scale: &str| parse(&["--scale", scale]).times(15);
        assert_eq!([times("2"), times("0.1"), times("0"), times("nan")], [30, 1, 1, 1]);
    }

    #[test]
    fn all_is_measured_and_written_unless_something_only_is() {
        let all = parse(&[]);
        assert!(
            all.documents() && all.wanted().contains(&What::Memory) && !all.wanted().contains(&What::Hostile)
        );
        let only = parse(&["--only", "memory", "--only", "cold-start"]);
        assert_eq!(only.wanted(), [What::ColdStart, What::Memory]);
        assert!(!only.documents());
        assert!(parse(&["--only", "hostile", "--document"]).documents());
        assert_eq!(parse(&["--only", "hostile"]).wanted(), [What::Hostile]);
    }
}
