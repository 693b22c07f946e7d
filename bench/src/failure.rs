//! Why a measurement did not come about.

use std::io;
use std::process::{Command, Output};

/// Why a measurement did not come about.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A program that is needed did not start.
    #[error("{program} could not be started: {source}")]
    Start { program: String, source: io::Error },
    /// A program failed.
    #[error("{command} failed: {text}")]
    Failed { command: String, text: String },
    /// A program printed something else than it should.
    #[error("{program} printed {text:?}, which is not {expected}")]
    Unreadable { program: &'static str, text: String, expected: &'static str },
    /// Both sides did the same thing with different outcomes, so their times say nothing.
    #[error("{what}: drvhost answered {ours}, {peer} {theirs}")]
    Differs { what: String, ours: String, peer: &'static str, theirs: String },
    /// drvhost did something else than it should.
    #[error("{what}: {found}, where it should be {expected}")]
    Wrong { what: String, expected: String, found: String },
    /// drvhost's library failed.
    #[error(transparent)]
    Host(#[from] drvhost::Error),
    /// The emulator failed.
    #[error("ud-emulator: {0}")]
    Emulator(#[from] ud_emulator::Error),
    /// A file could not be made or read.
    #[error("{what}: {source}")]
    File { what: String, source: io::Error },
}

impl Failure {
    /// For `map_err` on what reads or writes a file.
    pub fn file(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::File { what, source }
    }
}

/// Runs a command to its end; what it printed, if it succeeded.
pub fn run(command: &mut Command) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(&finished(command)?.stdout).into_owned())
}

/// The same; what it printed to its standard error.
pub fn run_for_errors(command: &mut Command) -> Result<String, Failure> {
    Ok(String::from_utf8_lossy(&finished(command)?.stderr).into_owned())
}

fn finished(command: &mut Command) -> Result<Output, Failure> {
    let program = command_name(command);
    let output = match command.output() {
        Ok(output) => output,
        Err(source) => return Err(Failure::Start { program, source }),
    };
    if output.status.success() {
        return Ok(output);
    }
    let text = format!("{}; {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    Err(Failure::Failed { command: program, text })
}

/// The program's name, for people.
pub fn command_name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
