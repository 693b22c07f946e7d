//! Measures drvhost against Wine: both run the same drivers on the same input in one run, in turn, and give the same outputs, or there
//! is no result.
#![forbid(unsafe_code)]

#[path = "../../tests/src/acts.rs"]
mod acts;
mod calls;
mod clip;
mod clips;
mod cold_start;
mod cpu;
mod emulator;
mod encode;
mod failure;
mod ffmpeg;
mod film;
mod frames;
mod hostile;
mod machine;
mod memory;
mod mingw;
mod ours;
mod pairs;
mod profile;
#[allow(dead_code, reason = "the suite's part of it is not the bench's")]
#[path = "../../tests/src/reach/mod.rs"]
mod reach;
mod report;
mod round_trip;
mod session_end;
mod shelf;
mod sound;
mod statistics;
mod subject;
mod synth;
mod video1;
mod widths;
mod wine;

use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::failure::Failure;
use crate::machine::Machine;
use crate::report::{Report, Row};
use crate::wine::{Missing, Wine};

/// Measures drvhost against Wine.
#[derive(Debug, Parser)]
#[command(name = "scripts/bench")]
struct Args {
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
    /// With --only hostile: write the tables into SECURITY.md and docs/hostile-elsewhere.md, too
    #[arg(long)]
    document: bool,
    /// Be a host of two drivers, of which the first means harm: the host's name, the drivers, the message, the place, the file
    #[arg(long, hide = true, num_args = 6, value_names = ["HOST", "FIRST", "SECOND", "MESSAGE", "PLACE", "FILE"])]
    as_host: Vec<String>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    ColdStart,
    Frames,
    Pairs,
    RoundTrip,
    Memory,
    Calls,
    Widths,
    Emulator,
    SessionEnd,
    Shelf,
    Clips,
    Synth,
    /// What a hostile driver can do in Wine, in an emulator and here; only when named, because it does it
    Hostile,
}

/// What is measured on Wine, too.
const AGAINST_WINE: &[What] = &[
    What::ColdStart,
    What::Frames,
    What::Pairs,
    What::RoundTrip,
    What::Memory,
    What::Clips,
    What::Synth,
    What::Hostile,
];

impl Args {
    /// Whether something is to be measured.
    fn wants(&self, what: What) -> bool {
        self.only.contains(&what) || self.only.is_empty() && what != What::Hostile
    }

    /// How often to do something that is usually done `usual` times.
    fn times(&self, usual: usize) -> usize {
        // Negative factors and NaN become 0, then 1.
        ((usual as f64 * self.scale) as usize).max(1)
    }
}

const FFMPEG: Missing = Missing { name: "ffmpeg", how: "apt-get install ffmpeg" };

fn main() -> ExitCode {
    let args = Args::parse();
    if let [kind, words @ ..] = args.as_host.as_slice() {
        return ended(hostile::host(kind, words));
    }
    let printed = measure(&args).map(|report| {
        if args.json { serde_json::to_string(&report).unwrap_or_default() } else { report.text() }
    });
    ended(printed.map(|text| println!("{}", text.trim_end())))
}

fn ended(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(args: &Args) -> Result<Report, Failure> {
    let folder = tempfile::tempdir().map_err(Failure::file("a temporary folder"))?;
    let (wine, mut missing) =
        match AGAINST_WINE.iter().any(|&what| args.wants(what)).then(Wine::start).transpose()? {
            None => (None, Vec::new()),
            Some(Ok(wine)) => (Some(wine), Vec::new()),
            Some(Err(missing)) => (None, missing),
        };
    let peer = wine.as_ref();
    let before = machine::load();
    let mut rows = Vec::new();
    if args.wants(What::ColdStart) {
        rows.push(cold_start::measure(peer, args.times(100))?);
    }
    if args.wants(What::Frames) {
        match wine::find("", &["ffmpeg"]) {
            None => missing.push(FFMPEG),
            Some(_) => {
                for subject in subject::SUBJECTS {
                    rows.push(frames::measure(subject, peer, folder.path(), args.times(15), 300)?);
                }
            }
        }
    }
    if args.wants(What::Pairs) {
        missing.extend(all_pairs(args, peer, folder.path(), &mut rows)?);
    }
    if args.wants(What::RoundTrip) {
        rows.extend(round_trip::measure(peer, args.times(15), 100_000)?);
    }
    if args.wants(What::Memory) {
        rows.push(memory::measure(peer, args.times(5))?);
    }
    if args.wants(What::Calls) {
        let compilers: Vec<_> = drvhost::Machine::ALL.into_iter().filter_map(mingw::missing).collect();
        if compilers.is_empty() {
            rows.extend(calls::measure(folder.path(), args.times(15), 100_000)?);
        }
        missing.extend(compilers);
    }
    if args.wants(What::SessionEnd) {
        let compilers: Vec<_> = drvhost::Machine::ALL.into_iter().filter_map(mingw::missing).collect();
        if compilers.is_empty() {
            rows.extend(session_end::measure(folder.path(), args.times(1))?);
        }
        missing.extend(compilers);
    }
    if args.wants(What::Shelf) {
        match wine::find("", &["ffmpeg"]) {
            None => missing.push(FFMPEG),
            Some(_) => rows.push(shelf::measure(folder.path(), args.times(5))?),
        }
    }
    if args.wants(What::Clips) {
        match wine::find("", &["ffmpeg"]) {
            None => missing.push(FFMPEG),
            Some(_) => rows.extend(clips::measure(peer, folder.path(), args.times(3))?),
        }
    }
    if args.wants(What::Synth) {
        missing.extend(synths(args, peer, folder.path(), &mut rows)?);
    }
    if args.wants(What::Widths) || args.wants(What::Emulator) {
        missing.extend(narrow(args, folder.path(), &mut rows)?);
    }
    let mut hostile = None;
    if args.wants(What::Hostile) {
        hostile = hostile::measure(peer, folder.path(), &mut missing)?;
    }
    if let Some(comparison) = hostile.as_ref().filter(|_| args.document) {
        hostile::write(comparison, &Machine::this(), peer.map(|wine| wine.version.as_str()))?;
    }
    let mut profile = Vec::new();
    if args.profile {
        match profile::measure(folder.path(), args.times(30))? {
            Some(phases) => profile = phases,
            None => missing.push(Missing { name: "strace", how: "apt-get install strace" }),
        }
    }
    Ok(Report {
        machine: Machine::this(),
        drvhost: env!("CARGO_PKG_VERSION"),
        wine: wine.as_ref().map(|wine| wine.version.clone()),
        load: [before, machine::load()],
        missing,
        measured: rows.into_iter().filter_map(Row::finish).collect(),
        profile,
        hostile,
    })
}

const I386_LIBRARIES: Missing = Missing { name: "Wine's drivers for i386", how: "scripts/fetch" };
const LAME: Missing = Missing { name: "LAME's ACM driver", how: "scripts/lame" };

/// Adds what is measured with the test synth, as far as what it needs is there; answers what is missing.
fn synths(
    args: &Args,
    wine: Option<&Wine>,
    folder: &Path,
    rows: &mut Vec<Row>,
) -> Result<Vec<Missing>, Failure> {
    let mut missing: Vec<_> = drvhost::Machine::ALL.into_iter().filter_map(mingw::missing).collect();
    if !missing.is_empty() {
        return Ok(missing);
    }
    let libraries = ours::i386_libraries();
    if libraries.is_none() {
        missing.push(I386_LIBRARIES);
    }
    if let Some((wine, libraries)) = wine.zip(libraries.as_deref()) {
        wine.prepare_i386(libraries)?;
    }
    rows.extend(synth::measure(wine, libraries.is_some(), folder, args.times(5), 100)?);
    Ok(missing)
}

/// Adds what is measured with whole films and sounds, as far as what it needs is there; answers what is missing.
fn all_pairs(
    args: &Args,
    wine: Option<&Wine>,
    folder: &Path,
    rows: &mut Vec<Row>,
) -> Result<Vec<Missing>, Failure> {
    if wine::find("", &["ffmpeg"]).is_none() {
        return Ok(vec![FFMPEG]);
    }
    let libraries = ours::i386_libraries();
    let compiler = mingw::missing(drvhost::Machine::I386);
    // Without the compiler there is no peer for them.
    let wine_runs_i386 = compiler.is_none() && libraries.is_some();
    if let Some((wine, libraries)) = wine.zip(libraries.as_deref()).filter(|_| wine_runs_i386) {
        wine.prepare_i386(libraries)?;
    }
    let i386 = libraries.is_some() && (wine.is_none() || wine_runs_i386);
    let wanted =
        |name: &str| args.pair.is_empty() || args.pair.iter().any(|pair| name.contains(pair.as_str()));
    rows.extend(pairs::measure(pairs::Peers { wine, i386 }, folder, args.times(5), wanted)?);
    let missing = [
        libraries.is_none().then_some(I386_LIBRARIES),
        ours::lame(drvhost::Machine::X86_64).is_none().then_some(LAME),
    ];
    Ok(missing.into_iter().flatten().chain(compiler).collect())
}

/// Adds what is measured with codecs for i386 alone, as far as what it needs is there; answers what is missing.
fn narrow(args: &Args, folder: &Path, rows: &mut Vec<Row>) -> Result<Vec<Missing>, Failure> {
    if ours::i386_libraries().is_none() {
        return Ok(vec![I386_LIBRARIES]);
    }
    if wine::find("", &["ffmpeg"]).is_none() {
        return Ok(vec![FFMPEG]);
    }
    let compiler = mingw::missing(drvhost::Machine::I386);
    for subject in subject::SUBJECTS {
        let Some(driver) = ours::i386_driver(subject.driver) else { continue };
        let clip = subject.clip(folder, &clip::Film::new(frames::SIZE, 300))?;
        if args.wants(What::Widths) {
            rows.push(widths::measure(subject, &clip, &driver, args.times(15))?);
        }
        if args.wants(What::Emulator) && compiler.is_none() {
            rows.push(emulator::measure(subject, &clip.first(10), &driver, folder, args.times(5))?);
        }
    }
    Ok(compiler.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_measured_at_least_once() {
        let times = |scale: &str| Args::try_parse_from(["bench", "--scale", scale]).unwrap().times(15);
        assert_eq!([times("2"), times("0.1"), times("0"), times("nan")], [30, 1, 1, 1]);
    }

    #[test]
    fn all_is_measured_unless_something_only_is() {
        let parse = |arguments: &[&str]| Args::try_parse_from([&["bench"], arguments].concat()).unwrap();
        assert!(parse(&[]).wants(What::Memory));
        let only = parse(&["--only", "memory", "--only", "cold-start"]);
        assert!(only.wants(What::Memory) && only.wants(What::ColdStart) && !only.wants(What::Frames));
    }
}
