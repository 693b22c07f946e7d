//! `drvhost probe`: what media files have, who would decode them, and what is damaged.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use drvhost::decode;
use drvhost::media::MediaError;
use drvhost::probe::{self, Findings, Found, Kind, Reason, Sheet};
use drvhost::{Error, Policy, Session};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::args::{Global, Probe};
use crate::commands;
use crate::failure::{Exit, Failure, prefix};
use crate::output;

/// What is printed as JSON.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    findings: &'a Findings,
    sheet: Option<&'a Sheet>,
}

/// What is printed of a file that cannot be looked at, where there are others.
#[derive(Serialize)]
struct Failed<'a> {
    file: &'a str,
    error: Reason,
}

pub fn run(global: &Global, command: &Probe) -> Result<Exit, Failure> {
    let stop = commands::stop::flag()?;
    if let (Some(sheet), [_, _, ..]) = (&command.contact_sheet, command.files.as_slice()) {
        let why = "a sheet shows one file; name one, or run the command once for each";
        return Err(refused(sheet, why));
    }
    if let Some(sheet) = command.contact_sheet.as_deref().filter(|sheet| !is_png(sheet)) {
        return Err(refused(sheet, "a sheet's name ends in .png"));
    }
    let session = commands::session(global)?;
    let mut exit = Exit::Done;
    let mut printed = false;
    for file in &command.files {
        let told = look(global, command, &session, file, &stop);
        let this = match told {
            Ok((findings, sheet)) => {
                print(global, &findings, sheet.as_ref(), std::mem::replace(&mut printed, true))?;
                let all_drawn = sheet.is_none_or(|sheet| sheet.failed.is_empty());
                if findings.whole && findings.servable && all_drawn { Exit::Done } else { Exit::Media }
            }
            Err(Failure::Error(error @ Error::Interrupted)) => return Err(error.into()),
            Err(failure) if command.files.len() == 1 => return Err(failure),
            Err(Failure::Error(error)) => {
                let name = file.display().to_string();
                if global.json {
                    output::json(&Failed { file: &name, error: Reason::from(&error) })?;
                } else {
                    output::aside(&format!("drvhost: {name}: {}{error}", prefix(error.blame())));
                }
                error.blame().into()
            }
            Err(failure) => return Err(failure),
        };
        exit = exit.max(this);
    }
    let _told = session.end(Policy::Orderly);
    Ok(exit)
}

fn refused(sheet: &Path, why: &str) -> Failure {
    let why = why.to_owned();
    Error::from(MediaError::OutputName { name: sheet.display().to_string(), why }).into()
}

fn is_png(sheet: &Path) -> bool {
    sheet.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png"))
}

fn look(
    global: &Global,
    command: &Probe,
    session: &Session,
    file: &Path,
    stop: &AtomicBool,
) -> Result<(Findings, Option<Sheet>), Failure> {
    let driver =
        command.driver.as_deref().map(|name| session.registry().resolve_argument(name)).transpose()?;
    let what = decode::Decode {
        input: file.to_owned(),
        driver,
        packing: commands::packing(global),
        ..decode::Decode::default()
    };
    let mut probe = probe::Probe::open(session, what)?;
    let bar = bar(global);
    let findings = probe.look(command.quick, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
        !stop.load(Ordering::Relaxed)
    });
    bar.finish_and_clear();
    let findings = findings?;
    let stopped = || stop.load(Ordering::Relaxed);
    let draw = |path: &Path| probe.contact_sheet(&findings, command.frames_on_sheet, path, &stopped);
    let sheet = command.contact_sheet.as_deref().map(draw).transpose()?;
    Ok((findings, sheet))
}

fn bar(global: &Global) -> ProgressBar {
    if global.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn print(global: &Global, findings: &Findings, sheet: Option<&Sheet>, again: bool) -> Result<(), Failure> {
    if global.json {
        return output::json(&Line { findings, sheet });
    }
    let text = describe(findings, sheet);
    output::text(&if again { format!("\n{text}") } else { text })
}

fn describe(findings: &Findings, sheet: Option<&Sheet>) -> String {
    let time = findings.seconds.map_or_else(|| "length unknown".to_owned(), probe::clock);
    let mut lines = vec![
        findings.file.clone(),
        format!("  {:<9} {}, {}, {time}", "file", findings.container, size(findings.bytes)),
    ];
    for found in &findings.streams {
        lines.push(format!("  {:<9} {}", format!("stream {}", found.stream), stream(found)));
        if found.kind != Kind::Other {
            lines.push(format!("  {:<9} {}", "", served(found)));
        }
    }
    let mut list = |label: &str, texts: &[String]| {
        for (number, text) in texts.iter().enumerate() {
            lines.push(format!("  {:<9} {text}", if number == 0 { label } else { "" }));
        }
    };
    match (findings.damage.as_slice(), findings.walked) {
        ([], true) => list("damage", &["none".to_owned()]),
        ([], false) => list("damage", &["not looked for".to_owned()]),
        (damage, _) => list("damage", damage),
    }
    list("notes", &findings.notes);
    if let Some(Sheet { file, frames, failed }) = sheet {
        let missing = match failed.len() {
            0 => String::new(),
            count => format!(", of which {count} could not be decoded"),
        };
        list("sheet", &[format!("{file}: {} frames{missing}", frames.len())]);
        let mut by_reason: Vec<(&str, Vec<String>)> = Vec::new();
        for (frame, why) in failed {
            match by_reason.iter_mut().find(|(known, _)| known == why) {
                Some((_, frames)) => frames.push(frame.to_string()),
                None => by_reason.push((why, vec![frame.to_string()])),
            }
        }
        let text = |(why, frames): (&str, Vec<String>)| format!("frame {}: {why}", frames.join(", "));
        let texts: Vec<_> = by_reason.into_iter().map(text).collect();
        list("", &texts);
    }
    lines.join("\n")
}

/// What a stream is, in one line.
fn stream(found: &Found) -> String {
    let mut facts = Vec::new();
    match found.kind {
        Kind::Video => {
            let depth = found.bits.map_or_else(String::new, |bits| format!(", {bits} bits"));
            let size = found.width.zip(found.height).map(|(width, height)| format!(" {width}x{height}"));
            facts.push(format!("video {}{}{depth}", found.codec, size.unwrap_or_default()));
            facts.extend(found.rate.map(|rate| format!("{} frames/s", probe::rounded(rate))));
            facts.extend(found.found.or(found.stated).map(|frames| format!("{frames} frames")));
            facts.extend(found.key_frames.map(|keys| format!("{keys} key frames")));
            facts.extend(found.repeats.filter(|&count| count > 0).map(|count| format!("{count} repeats")));
            let changes = found.palette_changes.filter(|&count| count > 0);
            facts.extend(changes.map(|count| format!("{count} palette changes")));
            let index = found.index.map(|index| format!("index {}", index.kind));
            facts.push(index.unwrap_or_else(|| "no index".to_owned()));
        }
        Kind::Audio => {
            facts.push(format!("audio {}", found.codec));
            facts.extend(found.sample_rate.map(|rate| format!("{rate} Hz")));
            facts.extend(found.channels_text());
            facts.extend(found.bits.map(|bits| format!("{bits} bits")));
            facts.extend(found.bytes.or(found.stated).map(size));
            facts.extend(found.seconds.map(probe::clock));
        }
        Kind::Other => facts.push(format!("`{}`, neither video nor audio", found.codec)),
    }
    facts.extend(found.name.as_ref().map(|name| format!("called {name:?}")));
    facts.join(", ")
}

/// Who decodes it, in one line.
fn served(found: &Found) -> String {
    match (&found.driver, &found.reason) {
        (Some(driver), _) => format!("decoded by {driver}"),
        (None, Some(reason)) => format!("not decoded: {}", reason.message),
        (None, None) => "no driver needed".to_owned(),
    }
}

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut scaled = bytes as f64;
    let mut name = "bytes";
    for unit in UNITS {
        if scaled < 1024.0 {
            break;
        }
        (scaled, name) = (scaled / 1024.0, unit);
    }
    if name == "bytes" { format!("{bytes} bytes") } else { format!("{scaled:.1} {name}") }
}
