//! How the command ends, and how it says what went wrong.

use std::process::ExitCode;

use drvhost::{Blame, Error};
use serde::Serialize;

use crate::args::Global;

/// The exit codes: a contract, listed by `drvhost --help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// There was nothing to do.
    Nothing = 1,
    /// A wrong argument, a missing file.
    Usage = 2,
    /// Damaged media, or no driver for it.
    Media = 3,
    /// The driver is none, is for no machine that runs here, refuses, faults, or is late.
    Driver = 4,
    /// The sandbox, the disk, a missing package.
    Host = 5,
    /// A bug in drvhost.
    Bug = 6,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl From<Blame> for Exit {
    fn from(blame: Blame) -> Self {
        match blame {
            Blame::Usage => Self::Usage,
            Blame::Media => Self::Media,
            Blame::Driver => Self::Driver,
            Blame::Host => Self::Host,
            Blame::Bug => Self::Bug,
        }
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub enum Failure {
    /// The library's reason.
    Error(Error),
    /// The service's.
    Service(service::Error),
    /// The instrument's.
    Live(live::Error),
    /// Standard output is closed: whoever reads has seen enough.
    Closed,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<live::Error> for Failure {
    fn from(error: live::Error) -> Self {
        match error {
            live::Error::Driver(error) => Self::Error(error),
            other => Self::Live(other),
        }
    }
}

impl From<service::Error> for Failure {
    fn from(error: service::Error) -> Self {
        Self::Service(error)
    }
}

/// Shows help, the version, or what is wrong with the arguments, and answers the exit code.
pub fn usage(error: &clap::Error, json: bool) -> Exit {
    if !error.use_stderr() {
        // A closed pipe is no error here either.
        let _ = error.print();
        return Exit::Done;
    }
    let text = error.to_string();
    // Up to the first empty line; usage and hints follow.
    let said: Vec<&str> = text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let said = said.join(" ");
    let advice = Some("`drvhost --help` lists commands and options");
    let line = Line { error: said.trim_start_matches("error: ").to_owned(), blame: Blame::Usage, advice };
    match serde_json::to_string(&line) {
        Ok(line) if json => eprintln!("{line}"),
        _ => {
            let _ = error.print();
        }
    }
    Exit::Usage
}

/// An error as `--json` prints it, on standard error.
#[derive(Serialize)]
struct Line<'a> {
    error: String,
    blame: Blame,
    advice: Option<&'a str>,
}

impl Failure {
    /// Says what went wrong on standard error and answers the exit code.
    pub fn report(&self, global: &Global) -> Exit {
        let (error, blame, advice) = match self {
            Self::Error(error) => (error.to_string(), error.blame(), error.advice()),
            Self::Service(error) => (error.to_string(), error.blame(), error.advice()),
            Self::Live(error) => (error.to_string(), error.blame(), error.advice()),
            Self::Closed => return Exit::Done,
        };
        let traced = self.advice_on_trace(global);
        let advice = traced.as_deref().or(advice);
        let line = Line { error: error.clone(), blame, advice };
        match serde_json::to_string(&line) {
            Ok(line) if global.json => eprintln!("{line}"),
            _ => {
                let who = prefix(blame);
                let advice = advice.map_or_else(String::new, |advice| format!("; {advice}"));
                eprintln!("drvhost: {who}{error}{advice}");
            }
        }
        blame.into()
    }

    /// What to try next where a trace was written, which there is no need to be told of any more.
    fn advice_on_trace(&self, global: &Global) -> Option<String> {
        let (Self::Error(Error::Faulted { .. } | Error::Died { .. }), Some(trace)) = (self, &global.trace)
        else {
            return None;
        };
        Some(format!("`drvhost trace summary {}` says what was called up to this message", trace.display()))
    }
}

/// What goes before a message, so that people see whose doing it is.
pub fn prefix(blame: Blame) -> &'static str {
    match blame {
        Blame::Usage => "",
        Blame::Media => "media: ",
        Blame::Driver => "driver: ",
        Blame::Host => "host: ",
        Blame::Bug => "bug: ",
    }
}
