//! What was decoded or encoded, and how long that took, as the command and the peers under Wine say it.
//!
//! Both hash all of it by BLAKE3, so what they say is compared as text. Both reckon from when the driver is open: what starting costs is measured elsewhere.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use drvhost::Machine;
use serde_json::Value;

use crate::failure::{Failure, run};
use crate::ours::drvhost_for;

/// What a program has made.
#[derive(Debug, PartialEq)]
pub struct Made {
    /// BLAKE3 of all of it.
    pub hash: String,
    /// From when the driver was open until all was hashed.
    pub seconds: f64,
    /// What the driver took of that, where the peer tells.
    pub driver: Option<f64>,
}

impl Made {
    /// Sees that it is what it should be.
    ///
    /// # Errors
    /// [`Failure::Differs`].
    pub fn check(&self, what: &str, who: &'static str, expected: &str) -> Result<(), Failure> {
        let (what, theirs) = (what.to_owned(), self.hash.clone());
        let differs = Failure::Differs { what, ours: expected.to_owned(), peer: who, theirs };
        if self.hash == expected { Ok(()) } else { Err(differs) }
    }
}

/// Reads a file to its end, so that its data is in memory when somebody's time begins: also where a virtual machine's own host has put that memory away, from where it
/// comes back many times as slowly. A peer that has read everything before its time begins does not wait for that either.
///
/// # Errors
/// [`Failure`].
pub fn warm(file: &Path) -> Result<(), Failure> {
    let read = File::open(file).and_then(|mut file| io::copy(&mut file, &mut io::sink()));
    read.map(drop).map_err(Failure::file(file.display().to_string()))
}

/// Has the command decode a file to nothing but a hash, with the drivers for a machine. Its time begins when the driver is open, and reading the file is a part of it.
///
/// # Errors
/// [`Failure`].
pub fn decoded(file: &Path, machine: Machine) -> Result<Made, Failure> {
    warm(file)?;
    let file = file.display().to_string();
    let text = run(&mut drvhost_for(machine, &["decode", &file, "--json"]))?;
    let told: Value = serde_json::from_str(&text).unwrap_or_default();
    let made = told["hash"].as_str().zip(told["seconds"].as_f64());
    let made = made.map(|(hash, seconds)| Made { hash: hash.to_owned(), seconds, driver: None });
    made.ok_or(Failure::Unreadable { program: "drvhost", text, expected: "a hash and a time" })
}

/// Has a peer make something; also gives how long it has taken from its start. What it reads is in its memory before its time begins.
///
/// # Errors
/// [`Failure`].
pub fn made(peer: &mut Command) -> Result<(Made, Duration), Failure> {
    let text = run(peer)?;
    parse(&text).ok_or(Failure::Unreadable { program: "the peer", text, expected: "times and a hash" })
}

/// The peer's output: nanoseconds, those from its start, the hash, and perhaps the driver's nanoseconds, one a line.
fn parse(text: &str) -> Option<(Made, Duration)> {
    let mut lines = text.lines().map(str::trim);
    let time = |line: &str| line.parse().ok().map(Duration::from_nanos);
    let (elapsed, whole) = (time(lines.next()?)?, time(lines.next()?)?);
    let hash = lines.next().filter(|hash| !hash.is_empty())?.to_owned();
    let driver = match lines.next() {
        None => None,
        Some(line) => Some(time(line).filter(|driver| *driver <= elapsed)?.as_secs_f64()),
    };
    lines.next().is_none().then_some((Made { hash, seconds: elapsed.as_secs_f64(), driver }, whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peers_output_is_read() {
        let made = |driver| Made { hash: "ab".to_owned(), seconds: 0.5, driver };
        let whole = Duration::from_secs(4);
        assert_eq!(parse("500000000\r\n4000000000\r\nab\r\n"), Some((made(None), whole)));
        let told = "500000000\r\n4000000000\r\nab\r\n400000000\r\n";
        assert_eq!(parse(told), Some((made(Some(0.4)), whole)));
        for wrong in
            ["", "1\n2\n", "1\n2\n\n", "1\nab\n", "1\n2\nab\ncd\n", "1\n2\nab\n2\n", "1\n2\nab\n1\n1\n"]
        {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn another_hash_is_an_error() {
        let made = Made { hash: "ab".to_owned(), seconds: 1.0, driver: None };
        assert!(made.check("a film", "Wine", "ab").is_ok());
        let error = made.check("a film", "Wine", "cd").unwrap_err().to_string();
        assert_eq!(error, "a film: drvhost answered cd, Wine ab");
    }
}
