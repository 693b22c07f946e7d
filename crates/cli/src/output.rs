//! Printing: text for people, one line of JSON for programs, and a closed pipe that is no error.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use drvhost::Error;
use serde::Serialize;

use crate::failure::Failure;

/// Prints text, which ends without a line break, as it is.
pub fn text(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(failure)
}

/// Prints text on standard error: warnings, and what standard output is not for. Whether anybody reads it does not matter.
pub fn aside(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints a value as one line of JSON.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    text(&json_line(value)?)
}

/// A value as one line of JSON.
pub fn json_line(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Error::Bug(error.to_string()).into())
}

/// Whether standard error is a stream of the journal's (systemd.exec(5), `$JOURNAL_STREAM`).
pub fn is_journal() -> bool {
    let Some(stream) = std::env::var_os("JOURNAL_STREAM") else { return false };
    let own = io::stderr().as_fd().try_clone_to_owned().and_then(|own| File::from(own).metadata());
    own.is_ok_and(|own| *stream == *format!("{}:{}", own.dev(), own.ino()))
}

fn failure(source: io::Error) -> Failure {
    if source.kind() == io::ErrorKind::BrokenPipe {
        return Failure::Closed;
    }
    Error::File { file: "standard output".into(), source }.into()
}

/// A time as people read it.
pub fn time(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} us"),
        1_000..1_000_000 => format!("{}.{} ms", us / 1_000, us / 100 % 10),
        _ => format!("{}.{:02} s", us / 1_000_000, us / 10_000 % 100),
    }
}
