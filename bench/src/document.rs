//! The record for people: `docs/benchmarks.md` and the pictures beside it.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::failure::Failure;
use crate::plots::{self, Picture};
use crate::record::{PROJECT, Record, Run};
use crate::report::text::number;
use crate::report::{Goal, Measured, notes};
use crate::statistics::Summary;
use crate::subjects::What;

/// The document, in the project.
const FILE: &str = "docs/benchmarks.md";
/// Where its pictures are, in the project and from the document.
const PICTURES: &str = "docs/benchmarks";
const BESIDE: &str = "benchmarks";

const HEAD: &str = "\
# Benchmarks

Written by `cargo run -p bench --release`, which measures drvhost against what else runs Windows drivers. Do not change it by hand: what explains the numbers is in
[measurements.md](measurements.md).

## How to read it

Both sides run the same drivers on the same input, in turn, in one run; what they put out is compared, and where it differs there is an error and no number. A number is the median of many
runs, in brackets the quartiles: half of the runs lie between them. A ratio says how many times better drvhost is than its peer, whether less is better or more: above 1 drvhost is ahead. It is the median of the
ratios of neighbouring runs, so that what disturbs both sides for a while does not count. Ratios can be compared between machines; times cannot.

A goal `25 x` is a ratio that is to be reached, and `within 1.6 x` one that drvhost may be worse by. Other goals are for drvhost's own number. What is missed stands here as missed. Where `1.15 at best` follows, that is what it could come to if
drvhost took no longer than for what cannot be left out, by measurements of the same run: for a cold start, two programs that do nothing; for a message, a number's way to another processor and back; for many clips, on all processors at the same time, what the one Wine takes to have them decoded, converted,
hashed and written; for a sound that goes on from what came before, the driver, with what it calls, as long as it takes under Wine.

What was measured last is in [benchmarks.json](benchmarks.json). The next run compares itself with that, and says where a ratio, or without a peer drvhost's own number on a machine of the same kind, is worse by more than a tenth.
";

/// Writes the document and its pictures.
///
/// # Errors
/// [`Failure`] where they cannot be drawn or written.
pub fn write(record: &Record) -> Result<(), Failure> {
    let pictures = plots::all(record)?;
    let folder = Path::new(PROJECT).join(PICTURES);
    fs::create_dir_all(&folder).map_err(Failure::file(PICTURES))?;
    for picture in &pictures {
        fs::write(folder.join(picture.file), &picture.svg).map_err(Failure::file(picture.file))?;
    }
    fs::write(Path::new(PROJECT).join(FILE), text(record, &pictures)).map_err(Failure::file(FILE))
}

/// The document.
fn text(record: &Record, pictures: &[Picture]) -> String {
    let mut text = HEAD.to_owned();
    text += "\n## Where and when\n\n";
    text += &runs(record);
    text += "\n## All of it\n\n";
    for picture in pictures.iter().filter(|picture| picture.subject.is_none()) {
        text += &shown(picture);
    }
    text += "| | drvhost | peer | ratio | goal |\n|---|---|---|---|---|\n";
    for what in What::usual() {
        let name = what.name();
        let rows: Vec<_> = record.measured.iter().filter(|row| row.subject == name).collect();
        if !rows.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| **{}** | | | | |", what.title());
        }
        for row in rows {
            text += &line(row);
        }
    }
    for what in What::usual() {
        text += &section(record, what, pictures);
    }
    text
}

/// Each run that something of the record is from.
fn runs(record: &Record) -> String {
    let mut runs: Vec<(&Run, Vec<&'static str>)> = Vec::new();
    for what in What::usual() {
        let Some(run) = record.runs.get(&what.name()) else { continue };
        match runs.iter_mut().find(|(known, _)| *known == run) {
            Some((_, subjects)) => subjects.push(what.title()),
            None => runs.push((run, vec![what.title()])),
        }
    }
    let one = runs.len() == 1;
    let mut text = String::new();
    for (run, subjects) in runs {
        let what = if one { "all".to_owned() } else { subjects.join(", ").to_lowercase() };
        let [before, after] = run.load;
        let Run { date, machine, scale, missing, .. } = run;
        let _ = write!(text, "- {date}, {machine}; load {before:.1} before, {after:.1} after; ");
        let _ = write!(text, "{}: {what}.", run.versions());
        if *scale != 1.0 {
            let _ = write!(text, " Each was measured {scale} times as often as usual.");
        }
        if !missing.is_empty() {
            let _ = write!(text, " Missing: {}.", missing.join(", "));
        }
        text += "\n";
    }
    text
}

fn shown(picture: &Picture) -> String {
    format!("![{}]({BESIDE}/{})\n\n", picture.shows, picture.file)
}

/// A subject: what is done on both sides, and what is to be known of its rows.
fn section(record: &Record, what: What, pictures: &[Picture]) -> String {
    let name = what.name();
    let rows: Vec<_> = record.measured.iter().filter(|row| row.subject == name).collect();
    if rows.is_empty() {
        return String::new();
    }
    let mut text = format!("\n## {}\n\n{}\n", what.title(), what.about());
    for (note, names) in notes(rows) {
        let _ = writeln!(text, "\n- {}: {note}.", names.join("; "));
    }
    for picture in pictures.iter().filter(|picture| picture.subject == Some(&name)) {
        text += "\n";
        text += shown(picture).trim_end_matches('\n');
        text += "\n";
    }
    text
}

/// A row of the table.
fn line(row: &Measured) -> String {
    let ours = row.drvhost.map_or_else(|| "not measured".to_owned(), |ours| amounts(&ours, &row.unit));
    let peer = |theirs: Summary| format!("{}: {}", row.peer, amounts(&theirs, &row.unit));
    let theirs = row.theirs.map_or_else(String::new, peer);
    let ratio = row.ratio.map_or_else(String::new, |ratio| {
        let (low, high) = (number(ratio.lower_quartile), number(ratio.upper_quartile));
        let range = if ratio.samples > 1 { format!(" ({low} to {high})") } else { String::new() };
        format!("{}{range}", number(ratio.median))
    });
    let goal = row.goal.map_or_else(String::new, |goal| {
        let met = match (row.met, row.limit) {
            (None, _) => "not measured",
            (Some(true), _) => "met",
            (Some(false), None) => "**missed**",
            (Some(false), Some(limit)) => {
                &format!("**missed**, {} at best", at_best(goal, limit.median, &row.unit))
            }
        };
        format!("{}: {met}", wanted(goal, &row.unit))
    });
    format!("| {} | {ours} | {theirs} | {ratio} | {goal} |\n", row.name.trim())
}

/// What is possible where a goal is missed, in what the goal is in.
fn at_best(goal: Goal, limit: f64, unit: &str) -> String {
    match goal {
        Goal::Ratio(_) | Goal::Within(_) => number(limit),
        Goal::Below(_) | Goal::AtMost(_) | Goal::AtLeast(_) => amount(limit, unit),
    }
}

/// A goal, with the unit of what it is about.
fn wanted(goal: Goal, unit: &str) -> String {
    match goal {
        Goal::Ratio(ratio) => format!("{ratio} x"),
        Goal::Within(times) => format!("within {times} x"),
        Goal::Below(limit) => format!("below {}", amount(limit, unit)),
        Goal::AtMost(limit) => format!("at most {}", amount(limit, unit)),
        Goal::AtLeast(limit) => format!("at least {}", amount(limit, unit)),
    }
}

/// A median and quartiles, if there is more than one sample.
fn amounts(summary: &Summary, unit: &str) -> String {
    let (median, unit) = scaled(summary.median, unit);
    let factor = if summary.median == 0.0 { 1.0 } else { median / summary.median };
    let (low, high) = (summary.lower_quartile * factor, summary.upper_quartile * factor);
    let range =
        if summary.samples > 1 { format!(" ({} to {})", grouped(low), grouped(high)) } else { String::new() };
    format!("{}{range}", format!("{} {unit}", grouped(median)).trim_end())
}

fn amount(value: f64, unit: &str) -> String {
    let (value, unit) = scaled(value, unit);
    format!("{} {unit}", grouped(value)).trim_end().to_owned()
}

/// A value with the unit that suits its size.
fn scaled(value: f64, unit: &str) -> (f64, &str) {
    match (unit, value) {
        ("ns", 1e6..) => (value / 1e6, "ms"),
        ("ns", 1e4..) => (value / 1e3, "us"),
        ("frames/s" | "messages/s", _) => (value, "/s"),
        ("x real time", _) => (value, "times as fast as it sounds"),
        ("instructions" | "x", _) => (value, ""),
        _ => (value, unit),
    }
}

/// A number with about three digits, in groups of three where there are more than four.
fn grouped(value: f64) -> String {
    let text = number(value);
    if value.abs() < 10_000.0 {
        return text;
    }
    let digits = text.len();
    let mut grouped = String::new();
    for (at, digit) in text.chars().enumerate() {
        if at > 0 && (digits - at).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Better, Row};

    #[test]
    fn the_document_is_that_of_the_record() {
        let record = Record::read().unwrap();
        let pictures = plots::all(&record).unwrap();
        let read = |name: &str| fs::read_to_string(Path::new(PROJECT).join(name)).unwrap();
        assert!(
            read(FILE) == text(&record, &pictures),
            "`cargo run -p bench --release -- --redraw` writes it"
        );
        for picture in pictures {
            let file = format!("{PICTURES}/{}", picture.file);
            assert!(read(&file) == picture.svg, "`cargo run -p bench --release -- --redraw` writes {file}");
        }
    }

    #[test]
    fn a_line_has_the_goal_in_its_unit() {
        let mut row = Row::new("one message, p50", "ns", Better::Less).goal(Goal::AtMost(400.0));
        (row.ours, row.theirs) = (vec![400.0, 390.0, 410.0], vec![40.0; 3]);
        assert_eq!(
            line(&row.finish("round-trip").unwrap()),
            "| one message, p50 | 400 ns (395 to 405) | Wine: 40.0 ns (40.0 to 40.0) | 0.100 (0.099 to 0.101) | at most 400 ns: met |\n"
        );
        let mut row = Row::new("a sound", "x real time", Better::More).goal(Goal::Ratio(1.2));
        (row.ours, row.theirs, row.limits) = (vec![100.0], vec![100.0], vec![1.1, 1.15, 1.3]);
        assert_eq!(
            line(&row.finish("pairs").unwrap()),
            "| a sound | 100 times as fast as it sounds | Wine: 100 times as fast as it sounds | 1.00 | 1.2 x: **missed**, 1.15 at best |\n"
        );
        let mut row = Row::new("one message, p50", "ns", Better::Less).goal(Goal::AtMost(400.0));
        (row.ours, row.limits) = (vec![661.0], vec![510.0]);
        assert_eq!(
            line(&row.finish("round-trip").unwrap()),
            "| one message, p50 | 661 ns |  |  | at most 400 ns: **missed**, 510 ns at best |\n"
        );
        let mut row = Row::new("busy", "ns", Better::Less).goal(Goal::AtMost(60_000.0));
        row.ours = vec![4_012_345.0];
        assert_eq!(
            line(&row.finish("round-trip").unwrap()),
            "| busy | 4.01 ms |  |  | at most 60.0 us: **missed** |\n"
        );
    }

    #[test]
    fn what_could_not_be_measured_is_said() {
        let row =
            Row::new("of a message", "instructions", Better::Less).goal(Goal::AtMost(9.0)).note("no counter");
        assert_eq!(
            line(&row.finish("x").unwrap()),
            "| of a message | not measured |  |  | at most 9.00: not measured |\n"
        );
    }

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!([1234.0, 12_345.0, 1_234_567.8].map(grouped), ["1234", "12,345", "1,234,568"]);
        assert_eq!(amount(3_000_000.0, "messages/s"), "3,000,000 /s");
    }
}
