//! `drvhost session`: how the service's last session ended.

use service::SessionReport;

use crate::args::Global;
use crate::commands::run;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn last(global: &Global) -> Result<Exit, Failure> {
    match SessionReport::last(&service::state_directory()?)? {
        Some(report) => print(global, &report).map(|()| Exit::Done),
        None => {
            output::aside("drvhost: no session of the service's has ended yet");
            Ok(Exit::Nothing)
        }
    }
}

/// Prints a report.
pub fn print(global: &Global, report: &SessionReport) -> Result<(), Failure> {
    let printed = if global.json {
        output::json(report)
    } else {
        output::text(&format!("{}: {}", report.cause.name(), run::describe(&report.report())))
    };
    match printed {
        // Whoever reads may have gone; the exit code counts all the same.
        Err(Failure::Closed) => Ok(()),
        printed => printed,
    }
}
