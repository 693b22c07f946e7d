//! `drvhost remove`: an alias goes, and with the last one its driver.

use drvhost::Store;
use drvhost::install::{self, Removed};

use crate::args::Global;
use crate::commands;
use crate::commands::install::RESTART;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn run(global: &Global, alias: &str) -> Result<Exit, Failure> {
    let store = Store::of_user()?;
    let removed = install::remove(&store, &commands::builder(global)?, alias)?;
    if let Some(reason) = &removed.reason {
        output::aside(&format!("drvhost: the driver could not be told DRV_REMOVE: {reason}"));
    }
    if global.json {
        output::json(&removed)?;
    } else {
        output::text(&describe(&removed))?;
    }
    Ok(Exit::Done)
}

fn describe(removed: &Removed) -> String {
    let Removed { alias, value, machine, told, restart, reason } = removed;
    let mut lines = vec![format!("removed {alias} for {machine}, which was `{value}`")];
    if !told && reason.is_none() {
        lines.push("  the driver was not told DRV_REMOVE: it stays installed under another alias".to_owned());
    }
    if *restart {
        lines.push(format!("  {RESTART}"));
    }
    lines.join("\n")
}
