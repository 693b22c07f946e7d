//! `drvhost import`: drivers that are installed elsewhere.

use drvhost::import::{self, Imported, Source};
use drvhost::{Error, Store};

use crate::args::{Global, Import};
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn run(global: &Global, import: &Import) -> Result<Exit, Failure> {
    let store = Store::of_user()?;
    let imported = import::import(&store, &commands::registry(global)?, source(import)?)?;
    if global.json {
        output::json(&imported)?;
    } else if imported.is_empty() {
        output::text("there is no entry of a driver")?;
    } else {
        output::text(&imported.iter().map(describe).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(if imported.iter().any(|entry| entry.imported) { Exit::Done } else { Exit::Nothing })
}

fn source(import: &Import) -> Result<Source<'_>, Error> {
    match import {
        Import { wine_prefix: Some(prefix), .. } => Ok(Source::WinePrefix(prefix)),
        Import { system_ini: Some(file), .. } => Ok(Source::SystemIni(file)),
        Import { reg: Some(file), .. } => Ok(Source::Reg(file)),
        _ => Err(Error::Bug("import without a source".to_owned())),
    }
}

fn describe(entry: &Imported) -> String {
    let Imported { alias, value, machine, imported, reason } = entry;
    let machine = machine.map_or_else(String::new, |machine| format!(" for {machine}"));
    let done = if *imported { "imported" } else { "left out" };
    let reason = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    format!("{done} {alias}{machine}, `{value}`{reason}")
}
