//! `drvhost send`: one message, one answer.

use drvhost::{DriverFile, Policy};
use serde::Serialize;

use crate::args::{Global, Send};
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

/// The answer as JSON.
#[derive(Serialize)]
struct Answer {
    result: i64,
}

pub fn run(global: &Global, send: &Send) -> Result<Exit, Failure> {
    if let Some(remote) = send.bus.remote()? {
        let handle = remote.open(&send.driver, send.section.as_deref())?;
        let answer = remote.send(handle, send.message, send.lparam1, send.lparam2);
        let printed = answer.map_err(Failure::from).and_then(|result| print(global, result));
        return finish(printed, remote.close(handle));
    }
    let session = commands::builder(global)?.sound(send.playing.sound.clone()).start()?;
    let driver = find(&session, send)?;
    let hdrvr = session.open(&driver, |_| Ok(0))?;
    let answer = session.send(hdrvr, send.message, send.lparam1, send.lparam2);
    // The answer counts whatever becomes of closing, and the driver is closed whatever it answered.
    let printed = answer.map_err(Failure::from).and_then(|result| print(global, result));
    let closed = session.close(hdrvr, 0, 0);
    // A driver that refused to be closed is told of the end like any other.
    let _report = session.end(Policy::Orderly);
    finish(printed, closed)
}

fn print(global: &Global, result: i64) -> Result<(), Failure> {
    if global.json { output::json(&Answer { result }) } else { output::text(&result.to_string()) }
}

fn finish<E: Into<Failure>>(printed: Result<(), Failure>, closed: Result<i64, E>) -> Result<Exit, Failure> {
    printed?;
    if closed.map_err(Into::into)? == 0 {
        tracing::warn!("the driver refused DRV_CLOSE");
    }
    Ok(Exit::Done)
}

fn find(session: &drvhost::Session, send: &Send) -> Result<DriverFile, drvhost::Error> {
    match &send.section {
        Some(section) => session.registry().resolve(&send.driver, Some(section)),
        None => session.registry().resolve_argument(&send.driver),
    }
}
