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
    let session = commands::session(global)?;
    let driver = find(&session, send)?;
    let hdrvr = session.open(&driver, |_| Ok(0))?;
    let answer = session.send(hdrvr, send.message, send.lparam1, send.lparam2);
    // The answer counts whatever becomes of closing, and the driver is closed whatever it answered.
    let printed = match answer {
        Ok(result) if global.json => output::json(&Answer { result }),
        Ok(result) => output::text(&result.to_string()),
        Err(error) => Err(error.into()),
    };
    let closed = session.close(hdrvr, 0, 0);
    // A driver that refused to be closed is told of the end like any other.
    let _report = session.end(Policy::Orderly);
    printed?;
    if closed? == 0 {
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
