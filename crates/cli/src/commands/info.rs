//! `drvhost info`: what a file is, and what this computer gives drivers.

use std::path::Path;

use drvhost::inspect::{self, Class, Inspection};
use drvhost::synth::{Capabilities, Device};
use drvhost::{Entry, Error, Host, Policy, Segments, Summary};
use mmsystem::{MIDICAPS_CACHE, MIDICAPS_LRVOLUME, MIDICAPS_STREAM, MIDICAPS_VOLUME};

use crate::args::Global;
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn run(global: &Global, name: &str, trace: Option<&Path>) -> Result<Exit, Failure> {
    // Read before the driver is looked at: `--trace` may write to the same file.
    let run = trace.map(Summary::of).transpose()?;
    let session = commands::session(global)?;
    // A path is taken as it is; a bare name may be anything that other commands would open. Text of an entry says nothing about the file.
    let file = match session.registry().resolve_argument(name) {
        Ok(driver) if driver.text.is_none() || !name.contains(' ') => driver.path,
        Err(error @ Error::OtherMachine { .. }) => return Err(error.into()),
        // It says what there is for other machines.
        Err(error @ Error::NoSuchDriver { .. }) if global.machine.is_some() && !Path::new(name).exists() => {
            return Err(error.into());
        }
        _ => session.registry().resolve_path(name.into())?.path,
    };
    if !file.exists() {
        let source = std::io::Error::new(
            std::io::ErrorKind::NotFound,
            "there is no such file, and no driver of that name",
        );
        return Err(Error::File { file, source }.into());
    }
    let mut inspection = inspect::inspect(&session, &file)?;
    if let (Some(trace), Some(run)) = (trace, run) {
        rank(&mut inspection, &file, trace, run);
    }
    let _told = session.end(Policy::Orderly);
    if global.json {
        output::json(&inspection)?;
    } else {
        output::text(&describe(&inspection))?;
    }
    Ok(Exit::Done)
}

/// Puts first what a file called in a run; says so when the run was of others.
fn rank(inspection: &mut Inspection, file: &Path, trace: &Path, run: Summary) {
    // Traces name the file that a link leads to.
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    if !run.is_of(&name) {
        let drivers: Vec<_> = run.drivers.iter().map(String::as_str).collect();
        let of = if drivers.is_empty() { "no driver".to_owned() } else { drivers.join(", ") };
        tracing::warn!("{} is of a run of {of}, and tells nothing of {name}", trace.display());
    }
    let called = run.unresolved.into_iter().filter(|missing| missing.drivers.contains(&*name));
    inspection.rank(called.map(|missing| missing.name));
}

/// `drvhost info --host`.
pub fn run_host(global: &Global) -> Result<Exit, Failure> {
    let host = commands::session(global)?.host()?;
    if global.json {
        output::json(&host)?;
    } else {
        output::text(&describe_host(&host))?;
    }
    Ok(Exit::Done)
}

fn describe_host(host: &Host) -> String {
    let width = host.layers.iter().map(|layer| layer.name.len()).max().unwrap_or(0);
    let mut lines = vec![match host.segments {
        Segments::Ldt => "segments  ldt: FS of 32-bit drivers is a selector made with modify_ldt".to_owned(),
        Segments::Fsbase => {
            "segments  fsbase: FS of 32-bit drivers is the flat selector, its base written by wrfsbase, because there is \
             no modify_ldt"
                .to_owned()
        }
    }];
    lines.push("isolation of drivers".to_owned());
    lines.extend(host.layers.iter().map(|layer| {
        let state = if layer.active { "active " } else { "missing" };
        format!("  {:width$}  {state}  {}", layer.name, layer.detail)
    }));
    lines.join("\n")
}

/// A device in a line.
fn device(device: &Device) -> String {
    let kind = match device.entry {
        Entry::ModMessage => "midi",
        Entry::WodMessage => "wave",
        Entry::AuxMessage => "aux",
    };
    let mut words = Vec::new();
    match &device.capabilities {
        Some(Capabilities::Midi { technology, voices, notes, support, .. }) => {
            words.push(technology.clone());
            let count = |count: u16, what: &str| (count > 0).then(|| format!("{count} {what}"));
            words.extend([count(*voices, "voices"), count(*notes, "notes")].into_iter().flatten());
            let functions = [
                (MIDICAPS_VOLUME, "volume"),
                (MIDICAPS_LRVOLUME, "volume of each side"),
                (MIDICAPS_CACHE, "patch caching"),
                (MIDICAPS_STREAM, "streams"),
            ];
            words.extend(
                functions.iter().filter(|(flag, _)| support & flag != 0).map(|(_, word)| (*word).to_owned()),
            );
        }
        Some(Capabilities::Wave { channels, .. }) => words.push(format!("{channels} channels")),
        Some(Capabilities::Aux { .. }) | None => {}
    }
    let name = if device.name.is_empty() { "(no name)" } else { &device.name };
    let words = if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
    format!("{kind} {}  {name}{words}", device.number)
}

fn describe(inspection: &Inspection) -> String {
    let kind = match inspection.class {
        Class::Vfw => "Video-for-Windows codec",
        Class::Acm => "ACM audio codec",
        Class::WaveMidi => "wave or MIDI driver",
        Class::Mci => "MCI driver",
        Class::Other => "no known class of driver",
    };
    let machine = inspection.machine.as_deref().unwrap_or("not an executable");
    let mut lines =
        vec![inspection.file.clone(), format!("  machine     {machine}"), format!("  class       {kind}")];
    match &inspection.reason {
        None => lines.push("  opens here  yes".into()),
        Some(reason) => lines.push(format!("  opens here  no: {reason}")),
    }
    let devices = inspection.devices.iter().map(device);
    for (device, label) in devices.zip(std::iter::once("devices").chain(std::iter::repeat(""))) {
        lines.push(format!("  {label:<11} {device}"));
    }
    for (doubt, label) in
        inspection.doubts.iter().zip(std::iter::once("doubtful").chain(std::iter::repeat("")))
    {
        lines.push(format!("  {label:<11} {doubt}"));
    }
    let mut list = |label: &str, items: &[String]| {
        if !items.is_empty() {
            lines.push(format!("  {label:<11} {}", items.join(" ")));
        }
    };
    list("fourccs", &inspection.fourccs);
    list("format tags", &inspection.format_tags.iter().map(|tag| format!("{tag:#06x}")).collect::<Vec<_>>());
    list("exports", &inspection.exports);
    let mut missing = inspection.imports_unresolved.clone();
    missing.iter_mut().take(inspection.imports_called.len()).for_each(|import| import.push_str(" (called)"));
    for (import, label) in missing.iter().zip(std::iter::once("missing").chain(std::iter::repeat(""))) {
        list(label, std::slice::from_ref(import));
    }
    if let Some(version) = &inspection.version.file_version {
        lines.push(format!("  version     {version}"));
    }
    if let Some(description) = inspection.version.strings.get("FileDescription") {
        lines.push(format!("  described   {description}"));
    }
    lines.join("\n")
}
