//! The other side: the `drvhost` command and the drivers that both sides run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use drvhost::{DriverFile, Origin, Registry};

use crate::failure::Failure;

/// The command, which cargo puts beside this program.
pub fn drvhost(arguments: &[&str]) -> Command {
    let own = std::env::current_exe().unwrap_or_default();
    let mut command = Command::new(own.with_file_name("drvhost"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Where `scripts/fetch` puts Wine's drivers for i386.
const I386_DRIVERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/debian/wine-i386");

/// One of Wine's drivers for i386; `None` where they have not been fetched.
pub fn i386_driver(name: &str) -> Option<DriverFile> {
    let file = Path::new(I386_DRIVERS).join(name);
    file.is_file().then(|| file_as_driver(file))
}

/// The folder of Wine's libraries for i386, drivers among them; `None` where they have not been fetched.
pub fn i386_libraries() -> Option<PathBuf> {
    Path::new(I386_DRIVERS).canonicalize().ok().filter(|folder| folder.is_dir())
}

/// A file as a driver.
pub fn file_as_driver(path: PathBuf) -> DriverFile {
    DriverFile { path, text: None, alias: None, origin: Origin::DriverPath }
}

/// A driver by its alias or name, and its file.
pub fn driver(name: &str) -> Result<(DriverFile, PathBuf), Failure> {
    let driver = Registry::with_defaults().resolve_argument(name)?;
    let file = driver.path.canonicalize().map_err(Failure::file(driver.file_name()))?;
    Ok((driver, file))
}
