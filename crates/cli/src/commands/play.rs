//! `drvhost play`: a MIDI file on a synth.

use std::io::{ErrorKind, IsTerminal};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use drvhost::media::MediaError;
use drvhost::midi::Performance;
use drvhost::play::{self, Performed, Progress, Stage, Target};
use drvhost::{Blame, Error, Policy};
use indicatif::{ProgressBar, ProgressStyle};

use crate::args::{Global, Play};
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn run(global: &Global, command: &Play) -> Result<Exit, Failure> {
    let stop = commands::stop::flag()?;
    let target = target(command.output.as_deref())?;
    let streams = target == Target::StandardOutput;
    let stage = Stage::new(commands::builder(global)?.grant(&command.grants())?)?;
    let driver = stage.session().registry().resolve_argument(&command.driver)?;
    let most = if command.most.is_zero() { Duration::MAX } else { command.most };
    let what = play::Play {
        device: command.device,
        target: Some(target),
        rate: command.rate,
        performance: Performance { tail: command.tail, ring: true, most },
        ..play::Play::new(command.input.clone(), driver)
    };
    let bar = bar(global);
    let performed = stage.play(&what, |progress| {
        show(&bar, progress);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    // Whatever happened, drivers that are still open are told before they are taken down.
    let report = stage.session().end(Policy::Orderly);
    for instance in report.instances.iter().filter_map(|instance| instance.error.as_ref()) {
        tracing::warn!("{instance}");
    }
    let performed = match performed {
        Err(error) if streams && is_closed_pipe(&error) => return Err(Failure::Closed),
        performed => performed?,
    };
    print(global, &performed, streams)?;
    Ok(match performed.blame {
        Some(blame) => blame.into(),
        None if performed.stopped => Exit::Usage,
        None => Exit::Done,
    })
}

/// Where the sound goes: `-` is standard output, unless that is a terminal.
fn target(name: Option<&Path>) -> Result<Target, Error> {
    let Some(name) = name else { return Ok(Target::Speakers) };
    let refused =
        |why: &str| MediaError::OutputName { name: name.display().to_string(), why: why.to_owned() };
    if name != Path::new("-") {
        return match name.extension() {
            Some(ending) if ending.eq_ignore_ascii_case("wav") => Ok(Target::File(name.to_owned())),
            _ => Err(refused("the name must end in .wav, or be - (standard output)").into()),
        };
    }
    if std::io::stdout().is_terminal() {
        return Err(refused(
            "standard output is a terminal, and media would garble it; pipe it on, or name a file",
        )
        .into());
    }
    Ok(Target::StandardOutput)
}

/// Whether whoever read what was written has heard enough.
fn is_closed_pipe(error: &Error) -> bool {
    matches!(error, Error::Media(MediaError::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe)
}

fn bar(global: &Global) -> ProgressBar {
    if global.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {msg}") {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, Progress { at, total }: Progress) {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    if let Some(total) = total {
        bar.set_length(millis(total));
    }
    let total = total.map_or_else(String::new, |total| format!(" of {}", clock(total)));
    bar.set_message(format!("{}{total}", clock(at)));
    bar.set_position(millis(at));
}

/// Minutes and seconds.
fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

fn print(global: &Global, performed: &Performed, streams: bool) -> Result<(), Failure> {
    let text = if global.json {
        output::json_line(performed)?
    } else {
        let blamed = match performed.blame {
            Some(Blame::Driver) => "driver: ",
            Some(_) => "media: ",
            None => "",
        };
        for (number, warning) in performed.warnings.iter().enumerate() {
            // What counts most comes last.
            let blamed = if number + 1 == performed.warnings.len() { blamed } else { "" };
            output::aside(&format!("drvhost: {blamed}{warning}"));
        }
        if performed.stopped {
            output::aside("drvhost: stopped on request; the sound ends there");
        }
        describe(performed)
    };
    let printed = if streams {
        output::aside(&text);
        Ok(())
    } else {
        output::text(&text)
    };
    match printed {
        // Whoever reads may have gone; what was played and the exit code count all the same.
        Ok(()) | Err(Failure::Closed) => Ok(()),
        Err(failure) => Err(failure),
    }
}

fn describe(performed: &Performed) -> String {
    let Performed { input, output, driver, device_name, events, rate, channels, bits, length, hash, .. } =
        performed;
    let output = output.as_ref().map_or_else(String::new, |output| format!(" -> {output}"));
    let speed = if performed.seconds > 0.0 { length / performed.seconds } else { 0.0 };
    let title = performed.title.as_ref().map_or_else(String::new, |title| format!(" {title:?},"));
    format!(
        "{input}{output}:{title} {events} events, {length:.3} s, {channels} x {bits} bits x {rate} Hz, {speed:.0} x real time, through {driver} ({device_name})\nblake3 {hash}"
    )
}
