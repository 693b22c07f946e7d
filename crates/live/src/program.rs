//! The programs that are the `drvhost` command with a sound system. JACK's library is loaded while a program runs, and ALSA's is linked when it is built; `drvhost` itself needs neither, so it
//! runs anywhere and starts without any shared library.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use crate::error::Error;

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program {
    /// The file's name.
    pub file: &'static str,
    /// What it plays through.
    pub(crate) system: &'static str,
    /// What to do where it is not there.
    pub(crate) advice: &'static str,
}

impl Program {
    /// The one with [`Jack`](crate::Jack).
    pub const JACK: Self = Self {
        file: "drvhost-jack",
        system: "JACK",
        advice: "build it, `cargo build --release`, and put it beside `drvhost`",
    };
    /// The one with ALSA.
    pub const ALSA: Self = Self {
        file: "drvhost-alsa",
        system: "ALSA",
        advice: "build it where ALSA's library is, `cargo build --release -p live-alsa`, and put it beside `drvhost`",
    };

    /// Where it should be: beside this program.
    fn path(self) -> PathBuf {
        std::env::current_exe().unwrap_or_default().with_file_name(self.file)
    }

    /// Whether it is there.
    #[must_use]
    pub fn is_there(self) -> bool {
        self.path().is_file()
    }

    /// Has it become this process, with the same arguments. Answers only if that fails.
    #[must_use]
    pub fn take_over(self) -> Error {
        if !self.is_there() {
            return self.missing();
        }
        let source = Command::new(self.path()).args(std::env::args_os().skip(1)).exec();
        Error::NoProgram { program: self, source }
    }

    /// What is wrong where it is not there.
    #[must_use]
    pub fn missing(self) -> Error {
        let source = io::Error::other(format!("there is no {}", self.path().display()));
        Error::NoProgram { program: self, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_not_there_is_named_with_what_builds_it() {
        // Tests are not beside the programs.
        let error = Program::ALSA.take_over();
        assert!(error.to_string().contains("there is no /"), "{error}");
        let advice = error.advice().unwrap();
        assert!(
            error.to_string().contains("drvhost-alsa") && advice.contains("-p live-alsa`"),
            "{error}; {advice}"
        );
    }
}
