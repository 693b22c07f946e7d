//! `drvhost run`: holds drivers open until the session ends.

use std::fmt::Write;
use std::sync::mpsc::{self, Receiver};

use drvhost::{CloseOutcome, Error, Outcome, Policy, Report, Session};
use service::Remote;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::args::{Connect, Global, Playing};
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn run(
    global: &Global,
    drivers: &[String],
    policy: Policy,
    playing: &Playing,
    bus: &Connect,
) -> Result<Exit, Failure> {
    // Watched from before the first open, so that no driver is ever held without a way to end the session.
    let ended = watch_signals()?;
    if let Some(remote) = bus.remote()? {
        return hold(&remote, drivers, &ended);
    }
    let session = commands::builder(global)?.sound(playing.sound.clone()).start()?;
    let opened = open_all(&session, drivers, &ended);
    if let Ok(All::Open) = opened {
        // The drivers are held, and told in the end, even if nobody reads this.
        let _closed = output::text("ready");
        let _signal = ended.recv();
    }
    // Where one did not open, those that did are told all the same.
    let report = session.end(policy);
    let printed =
        if opened.is_ok() || !report.instances.is_empty() { print(global, &report) } else { Ok(()) };
    opened?;
    match printed {
        // Whoever reads may have gone; the exit code counts all the same.
        Ok(()) | Err(Failure::Closed) => {}
        Err(failure) => return Err(failure),
    }
    Ok(if report.all_answered() { Exit::Done } else { Exit::Driver })
}

/// Has the service hold drivers, until a signal; then they are told that the application has ended, and closed. Where the service's session ends
/// before, it has told them.
fn hold(remote: &Remote, drivers: &[String], ended: &Receiver<()>) -> Result<Exit, Failure> {
    let open = |name: &String| remote.open(name, None);
    // A signal that comes before all are open ends it, too.
    let interrupted = drivers.iter().map_while(|name| ended.try_recv().is_err().then(|| open(name)));
    let opened = match interrupted.collect::<Result<Vec<_>, _>>() {
        Ok(opened) => opened,
        Err(error) => {
            // Those that did open are told that this ends as it should; what is wrong is said already.
            let _ = remote.goodbye();
            return Err(error.into());
        }
    };
    if opened.len() == drivers.len() {
        // The drivers are held, and told in the end, even if nobody reads this.
        let _closed = output::text("ready");
        if remote.hold(|| ended.try_recv().is_ok())? {
            eprintln!("drvhost: the service's session has ended; `drvhost session last` says how");
            return Ok(Exit::Done);
        }
    }
    remote.goodbye()?;
    Ok(Exit::Done)
}

/// How far opening came.
enum All {
    Open,
    /// A signal came before all were open.
    Interrupted,
}

fn open_all(session: &Session, drivers: &[String], ended: &Receiver<()>) -> Result<All, Error> {
    for name in drivers {
        if ended.try_recv().is_ok() {
            return Ok(All::Interrupted);
        }
        let driver = session.registry().resolve_argument(name)?;
        session.open(&driver, |_| Ok(0))?;
    }
    Ok(All::Open)
}

/// The first signal is received as the end of the session; a second one does not wait for drivers any more: without a deadline they
/// might take for ever.
pub fn watch_signals() -> Result<Receiver<()>, Error> {
    let no_signals = |error: std::io::Error| Error::Worker(format!("signals cannot be watched: {error}"));
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).map_err(no_signals)?;
    let (sender, receiver) = mpsc::channel();
    let watch = move || {
        let mut arriving = signals.forever();
        arriving.next();
        // Nobody receives any more once the session is ending.
        let _ = sender.send(());
        if let Some(signal) = arriving.next() {
            eprintln!("drvhost: ended by a second signal before every driver had answered");
            std::process::exit(128 + signal);
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(watch).map_err(no_signals)?;
    Ok(receiver)
}

fn print(global: &Global, report: &Report) -> Result<(), Failure> {
    if global.json { output::json(report) } else { output::text(&describe(report)) }
}

pub fn describe(report: &Report) -> String {
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
