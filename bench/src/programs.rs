//! What is measured, built as users have it, and what it is compared with.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::emulator;
use crate::failure::{Failure, run};
use crate::ours::drvhost;
use crate::record::PROJECT;
use crate::wine::{Missing, find};

/// What makes clips, and decodes them with decoders of its own.
pub const FFMPEG: Missing = Missing { name: "ffmpeg", how: "apt-get install ffmpeg" };
/// A driver that encodes MP3.
pub const LAME: Missing = Missing { name: "LAME's ACM driver", how: "scripts/lame" };
/// Drivers for the other machine.
pub const I386_LIBRARIES: Missing = Missing { name: "Wine's drivers for i386", how: "scripts/fetch" };

/// Cargo: it says which one runs this program.
pub fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Has cargo build the command and its worker, which are put beside this program. Cargo says what it does.
///
/// # Errors
/// [`Failure`] where cargo does not succeed, or puts them elsewhere.
pub fn build() -> Result<(), Failure> {
    let cargo = cargo();
    let program = cargo.to_string_lossy().into_owned();
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--locked"]).current_dir(PROJECT);
    // Standard output is for what was measured.
    match command.stdin(Stdio::null()).stdout(Stdio::null()).status() {
        Ok(status) if status.success() => there(),
        Ok(status) => Err(Failure::Failed { command: format!("{program} build"), text: status.to_string() }),
        Err(source) => Err(Failure::Start { program, source }),
    }
}

/// Whether what is measured is beside this program.
///
/// # Errors
/// [`Failure`] where it is not.
pub fn there() -> Result<(), Failure> {
    let command = PathBuf::from(drvhost(&[]).get_program());
    let files = [command.clone(), command.with_file_name("drvhost-worker")];
    match files.iter().find(|file| !file.is_file()) {
        None => Ok(()),
        Some(file) => Err(Failure::Wrong {
            what: file.display().to_string(),
            expected: "beside the bench, where `cargo build --release` puts it".to_owned(),
            found: "no file".to_owned(),
        }),
    }
}

/// ffmpeg's version, if it is there.
pub fn ffmpeg() -> Option<String> {
    find("", &["ffmpeg"])?;
    let text = run(Command::new("ffmpeg").arg("-version")).ok()?;
    Some(version(&text).unwrap_or("of an unknown version").to_owned())
}

/// What `ffmpeg -version` says it is.
fn version(text: &str) -> Option<&str> {
    text.strip_prefix("ffmpeg version ")?.split(' ').next()
}

/// Says whom drvhost is compared with.
pub fn peers(wine: Option<&str>, ffmpeg: Option<&str>) -> String {
    let there = |name: &str, version: Option<&str>| {
        version.map_or_else(|| format!("no {name}"), |version| format!("{name} {version}"))
    };
    let wine = wine.map(|version| version.trim_start_matches("wine-"));
    let emulator = there("ud-emulator", Some(emulator::VERSION));
    format!("{}, {}, {emulator}", there("Wine", wine), there("ffmpeg", ffmpeg))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ffmpegs_version_is_read() {
        let text =
            "ffmpeg version 5.1.6-0+deb12u1 Copyright (c) 2000-2024 the FFmpeg developers\nbuilt with gcc";
        assert_eq!(version(text), Some("5.1.6-0+deb12u1"));
        assert_eq!(version("ffmpeg: not found"), None);
    }

    #[test]
    fn peers_that_are_missing_are_named() {
        let text = peers(Some("wine-8.0 (Debian 8.0~repack-4)"), None);
        assert_eq!(text, "Wine 8.0 (Debian 8.0~repack-4), no ffmpeg, ud-emulator 0.3.0");
    }
}
