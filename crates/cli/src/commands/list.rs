//! `drvhost list`: the drivers known here.

use drvhost::inspect::{self, Known};

use crate::args::Global;
use crate::commands;
use crate::failure::{Exit, Failure};
use crate::output;

pub fn run(global: &Global) -> Result<Exit, Failure> {
    let registry = commands::registry(global)?;
    let known = inspect::known(&registry);
    if global.json {
        output::json(&known)?;
    } else if known.is_empty() {
        let machine = registry.machine().map_or_else(String::new, |machine| format!(" for {machine}"));
        eprintln!(
            "drvhost: no driver{machine} is known here; Debian's package libwine brings 64-bit ones, libwine:i386 32-bit ones, and \
             `drvhost install FILE` and \
             `--driver-path DIR` add your own"
        );
    } else {
        output::text(&describe(&known))?;
    }
    Ok(if known.is_empty() { Exit::Nothing } else { Exit::Done })
}

fn describe(known: &[Known]) -> String {
    let width = known.iter().filter_map(|known| known.alias.as_ref()).map(String::len).max().unwrap_or(0);
    let line = |known: &Known| {
        let alias = known.alias.as_deref().unwrap_or("-");
        let machine = known.machine.as_deref().unwrap_or("?");
        format!("{alias:width$}  {machine:<7} {:<11} {}", known.source, known.file)
    };
    known.iter().map(line).collect::<Vec<_>>().join("\n")
}
