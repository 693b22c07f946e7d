//! The other side: the `drvhost` command and the drivers that both sides run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use drvhost::{DriverFile, Machine, Origin, Registry};

use crate::failure::Failure;

/// The command, which cargo puts beside this program.
pub fn drvhost(arguments: &[&str]) -> Command {
    let own = std::env::current_exe().unwrap_or_default();
    let mut command = Command::new(own.with_file_name("drvhost"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// The command with the drivers for a machine: those for x86-64 are found without being told.
pub fn drvhost_for(machine: Machine, arguments: &[&str]) -> Command {
    let mut command = drvhost(arguments);
    if machine == Machine::I386 {
        command.args(["--machine", "i386", "--driver-path", I386_DRIVERS]);
    }
    command
}

/// Where `scripts/fetch` puts Wine's drivers for i386.
const I386_DRIVERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/debian/wine-i386");

/// Where `scripts/lame` builds LAME's ACM driver: with the fields of structures where the compiler puts them, as under Wine.
const LAME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/debian/lame-");

/// LAME's ACM driver for a machine; `None` where it has not been built.
pub fn lame(machine: Machine) -> Option<PathBuf> {
    let file = PathBuf::from(format!("{LAME}{machine}-8/lameACM.acm"));
    file.canonicalize().ok().filter(|file| file.is_file())
}

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

/// A driver for a machine by its name, and its file.
pub fn driver_for(machine: Machine, name: &str) -> Result<(DriverFile, PathBuf), Failure> {
    match machine {
        Machine::X86_64 => driver(name),
        Machine::I386 => {
            let file = Path::new(I386_DRIVERS).join(name);
            let file = file.canonicalize().map_err(Failure::file(file.display().to_string()))?;
            Ok((file_as_driver(file.clone()), file))
        }
    }
}

/// A driver by its alias or name, and its file.
pub fn driver(name: &str) -> Result<(DriverFile, PathBuf), Failure> {
    let driver = Registry::with_defaults().resolve_argument(name)?;
    let file = driver.path.canonicalize().map_err(Failure::file(driver.file_name()))?;
    Ok((driver, file))
}
