//! `drvhost configure`: a driver's own settings.

use drvhost::configure::{self, Answer};
use drvhost::{Policy, Session};
use serde::Serialize;

use crate::args::Global;
use crate::commands;
use crate::commands::install::RESTART;
use crate::failure::{Exit, Failure};
use crate::output;

/// What was asked, as JSON.
#[derive(Serialize)]
struct Configured {
    /// Whether the driver has a dialog.
    dialog: bool,
    /// What it answered to DRV_CONFIGURE, if it was sent.
    answer: Option<Answer>,
}

/// `drvhost configure --query`.
pub fn query(global: &Global, name: &str) -> Result<Exit, Failure> {
    let session = commands::session(global)?;
    let dialog =
        session.registry().resolve_argument(name).and_then(|driver| configure::has_dialog(&session, &driver));
    let text = |_| "it has a configuration dialog".to_owned();
    finish(global, &session, dialog.map(|dialog| Configured { dialog, answer: None }), text)
}

/// `drvhost configure`.
pub fn run(global: &Global, name: &str) -> Result<Exit, Failure> {
    let session = commands::session(global)?;
    let answer =
        session.registry().resolve_argument(name).and_then(|driver| configure::configure(&session, &driver));
    let text = |answer| match answer {
        Some(Answer::Cancel) => "nothing has changed: the driver answered DRVCNF_CANCEL".to_owned(),
        Some(Answer::Restart) => format!("configured; {RESTART}"),
        _ => "configured".to_owned(),
    };
    finish(global, &session, answer.map(|answer| Configured { dialog: answer.is_some(), answer }), text)
}

/// Ends the session and prints what came of it.
fn finish(
    global: &Global,
    session: &Session,
    configured: Result<Configured, drvhost::Error>,
    text: impl Fn(Option<Answer>) -> String,
) -> Result<Exit, Failure> {
    let _report = session.end(Policy::Orderly);
    let configured = configured?;
    if global.json {
        output::json(&configured)?;
    } else if configured.dialog {
        output::text(&text(configured.answer))?;
    } else {
        output::text("it has no configuration dialog")?;
    }
    Ok(if configured.dialog { Exit::Done } else { Exit::Nothing })
}
