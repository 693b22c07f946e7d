//! The other side: the `drvhost` command and the drivers that both sides run.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use drvhost::{DriverFile, Registry};

use crate::failure::Failure;

/// The command, which cargo puts beside this program.
pub fn drvhost(arguments: &[&str]) -> Command {
    let own = std::env::current_exe().unwrap_or_default();
    let mut command = Command::new(own.with_file_name("drvhost"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// A driver by its alias or name, and its file.
pub fn driver(name: &str) -> Result<(DriverFile, PathBuf), Failure> {
    let driver = Registry::with_defaults().resolve_argument(name)?;
    let file = driver.path.canonicalize().map_err(Failure::file(driver.file_name()))?;
    Ok((driver, file))
}
