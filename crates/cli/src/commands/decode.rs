//! `drvhost decode`: a media file through a driver.

use std::fmt::Write;
use std::io::{ErrorKind, IsTerminal};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use drvhost::decode::{self, Decoded, Output, Progress};
use drvhost::media::{MediaError, Unit};
use drvhost::{Blame, Error, Policy};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::args::{Decode, Global};
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn run(global: &Global, command: &Decode) -> Result<Exit, Failure> {
    let stop = stop_flag()?;
    let output = command.output.as_deref().map(output_of).transpose()?;
    let streams = output == Some(Output::StandardOutput);
    let session = commands::session(global)?;
    let driver =
        command.driver.as_deref().map(|name| session.registry().resolve_argument(name)).transpose()?;
    let packing = commands::packing(global);
    let what = decode::Decode {
        input: command.input.clone(),
        output,
        driver,
        packing,
        stream: command.stream,
        frames: command.frames.unwrap_or_default(),
        pix_fmt: command.pix_fmt.clone(),
        on_error: command.on_error.into(),
    };
    let bar = progress_bar(global);
    let decoded = decode::run(&session, &what, |progress| {
        show(&bar, progress);
        if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    bar.finish_and_clear();
    // Whatever happened, drivers that are still open are told before they are taken down.
    let report = session.end(Policy::Orderly);
    for instance in report.instances.iter().filter_map(|instance| instance.error.as_ref()) {
        tracing::warn!("{instance}");
    }
    let decoded = match decoded {
        Err(error) if streams && is_closed_pipe(&error) => return Err(Failure::Closed),
        decoded => decoded?,
    };
    let text = if global.json {
        output::json_line(&decoded)?
    } else {
        for warning in &decoded.warnings {
            let blamed = match decoded.blame {
                Some(Blame::Driver) if decoded.damage.as_ref() == Some(warning) => "driver: ",
                Some(_) if decoded.damage.as_ref() == Some(warning) => "media: ",
                _ => "",
            };
            output::aside(&format!("drvhost: {blamed}{warning}"));
        }
        describe(&decoded)
    };
    let printed = if streams {
        output::aside(&text);
        Ok(())
    } else {
        output::text(&text)
    };
    match printed {
        // Whoever reads may have gone; what was decoded and the exit code count all the same.
        Ok(()) | Err(Failure::Closed) => {}
        Err(failure) => return Err(failure),
    }
    Ok(decoded.blame.map_or(Exit::Done, Exit::from))
}

/// What `-o` names: `-` is standard output, unless that is a terminal.
fn output_of(name: &Path) -> Result<Output, Error> {
    if name != Path::new("-") {
        return Ok(Output::File(name.to_owned()));
    }
    if std::io::stdout().is_terminal() {
        let why = "standard output is a terminal, and media would garble it; pipe it on, or name a file";
        return Err(MediaError::OutputName { name: "-".to_owned(), why: why.to_owned() }.into());
    }
    Ok(Output::StandardOutput)
}

/// Whether whoever read what was written has seen enough.
fn is_closed_pipe(error: &Error) -> bool {
    matches!(error, Error::Media(MediaError::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe)
}

/// A flag that a signal sets; a second signal ends the command at once.
pub fn stop_flag() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .map_err(|error| Error::Worker(format!("signals cannot be watched: {error}")))?;
    }
    Ok(stop)
}

/// A bar on a terminal.
pub fn progress_bar(global: &Global) -> ProgressBar {
    if global.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::no_length();
    let speed = |state: &ProgressState, text: &mut dyn Write| {
        // Writing to a line that is being put together cannot fail.
        let _ = write!(text, "{:.0}", state.per_sec());
    };
    if let Ok(style) =
        ProgressStyle::with_template("{bar:40} {pos} of {len} {msg}, {speed} a second, {eta} left")
    {
        bar.set_style(style.with_key("speed", speed));
    }
    bar
}

/// Shows how far it is.
pub fn show(bar: &ProgressBar, progress: Progress) {
    if let Some(total) = progress.total.filter(|&total| bar.length() != Some(total)) {
        bar.set_length(total);
        bar.set_message(unit(progress.unit));
    }
    bar.set_position(progress.done);
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Frames => "frames",
        Unit::Chunks => "chunks",
        Unit::Bytes => "bytes",
    }
}

fn describe(decoded: &Decoded) -> String {
    let speed = |count: u64| if decoded.seconds > 0.0 { count as f64 / decoded.seconds } else { 0.0 };
    let mut parts = Vec::new();
    if let Some(frames) = decoded.frames {
        parts.push(format!("{frames} frames"));
        if let (Some(width), Some(height)) = (decoded.width, decoded.height) {
            parts.push(format!("{width}x{height}"));
        }
        parts.push(format!("{:.0} frames/s", speed(frames)));
    }
    if let Some(samples) = decoded.samples {
        parts.push(format!("{samples} samples"));
        parts.push(format!("{:.1} Msamples/s", speed(samples) / 1e6));
    }
    let output = decoded.output.as_ref().map_or_else(String::new, |output| format!(" -> {output}"));
    let driver = through(decoded.driver.as_ref());
    let mut text =
        format!("{}{output}: {}, {driver}\nblake3 {}", decoded.input, parts.join(", "), decoded.hash);
    for audio in &decoded.audio {
        let decode::DecodedAudio { stream, samples, channels, samples_per_sec, hash, .. } = audio;
        let driver = through(audio.driver.as_ref());
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "\nstream {stream}: {samples} samples, {channels} x {samples_per_sec} Hz, {driver}\nblake3 {hash}"
        );
    }
    text
}

/// By which driver.
fn through(driver: Option<&String>) -> String {
    driver.map_or_else(|| "no driver needed".to_owned(), |driver| format!("through {driver}"))
}
