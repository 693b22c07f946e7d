//! `drvhost install`: a driver gets an alias, and a place of its own.

use drvhost::Store;
use drvhost::configure::Answer;
use drvhost::install::{self, Installed};

use crate::args::{Global, Install};
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

/// What a driver means that answers DRVCNF_RESTART.
pub const RESTART: &str =
    "it takes effect in the next session: whoever has the driver open should open it again";

pub fn run(global: &Global, install: &Install) -> Result<Exit, Failure> {
    let store = Store::of_user()?;
    let builder = commands::builder(global)?;
    let installed = install::install(
        &store,
        &builder,
        &install.file,
        install.alias.as_deref(),
        install.param.as_deref(),
        &install.with,
        &install.grants(),
    )?;
    if global.json {
        output::json(&installed)?;
    } else {
        output::text(&describe(&installed))?;
    }
    Ok(Exit::Done)
}

fn describe(installed: &Installed) -> String {
    let Installed { alias, value, machine, file, answer, configurable, granted, with } = installed;
    let mut lines = vec![format!("installed {alias} for {machine}: `{value}` in {file}")];
    if answer.is_none() {
        lines.push("  the driver was not told DRV_INSTALL: it is installed already".to_owned());
    }
    if *answer == Some(Answer::Restart) {
        lines.push(format!("  {RESTART}"));
    }
    if *configurable {
        lines.push(format!("  it has a configuration dialog: `drvhost configure {alias}`"));
    }
    if !with.is_empty() {
        lines.push(format!("  it finds beside itself: {}", with.join(", ")));
    }
    for grant in granted {
        let what = if grant.write { "write in" } else { "read" };
        lines.push(format!("  it may {what} {}", grant.folder.display()));
    }
    lines.join("\n")
}
