//! `drvhost run`: holds drivers open until the session ends.

use std::fmt::Write;

use drvhost::{CloseOutcome, Error, Outcome, Policy, Report, Session};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::args::Global;
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn run(global: &Global, drivers: &[String], policy: Policy) -> Result<Exit, Failure> {
    let no_signals = |error: std::io::Error| Error::Worker(format!("signals cannot be watched: {error}"));
    // Watched from before the first open, so that no driver is ever held without a way to end the session.
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(no_signals)?;
    let session = commands::session(global)?;
    if let Err(error) = open_all(&session, drivers) {
        // Those that did open are told before they are taken down.
        let report = session.end(policy);
        if !report.instances.is_empty() {
            print(global, &report)?;
        }
        return Err(error.into());
    }
    // The drivers are held, and told in the end, even if nobody reads this.
    let _closed = output::text("ready");
    signals.forever().next();
    end_at_once_on_a_second(signals);
    let report = session.end(policy);
    print(global, &report)?;
    Ok(if report.all_answered() { Exit::Done } else { Exit::Driver })
}

fn open_all(session: &Session, drivers: &[String]) -> Result<(), Error> {
    for name in drivers {
        let driver = session.registry().resolve_argument(name)?;
        session.open(&driver, |_| Ok(0))?;
    }
    Ok(())
}

/// A second signal does not wait for drivers any more: without a deadline they might take for ever.
fn end_at_once_on_a_second(mut signals: Signals) {
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            eprintln!("drvhost: ended by a second signal before every driver had answered");
            std::process::exit(128 + signal);
        }
    });
}

fn print(global: &Global, report: &Report) -> Result<(), Failure> {
    if global.json { output::json(report) } else { output::text(&describe(report)) }
}

fn describe(report: &Report) -> String {
    let total = report.instances.len();
    let answered = report.instances.iter().filter(|instance| instance.outcome == Outcome::Answered).count();
    let mut text =
        format!("session ended in {}: {answered} of {total} answered", output::time(report.elapsed_us));
    let width = report.instances.iter().map(|instance| instance.driver.len()).max().unwrap_or(0);
    for instance in &report.instances {
        let answer = match (instance.outcome, instance.result) {
            (Outcome::Answered, Some(result)) => format!("answered {result}"),
            (Outcome::Answered, None) => "answered".to_owned(),
            (Outcome::Late, _) => "late".to_owned(),
            (Outcome::Faulted, _) => "faulted".to_owned(),
            (Outcome::Died, _) => "died".to_owned(),
        };
        let close = match instance.close {
            None => "",
            Some(CloseOutcome::Closed) => ", closed",
            Some(CloseOutcome::Refused) => ", refused to close",
            Some(CloseOutcome::Late) => ", late in DRV_CLOSE",
            Some(CloseOutcome::Faulted) => ", faulted in DRV_CLOSE",
            Some(CloseOutcome::Died) => ", died in DRV_CLOSE",
        };
        let error = instance.error.as_ref().map_or_else(String::new, |error| format!(" ({error})"));
        let elapsed = output::time(instance.elapsed_us);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "\n  {:width$}  handle {:#x}  {answer} after {elapsed}{close}{error}",
            instance.driver, instance.hdrvr
        );
    }
    text
}
