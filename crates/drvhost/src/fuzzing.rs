//! The readers of texts, for whoever calls them with any bytes: all else that reads them does so in files, and changes what is installed.

use crate::import::parse_ini;
use crate::regfile::Hive;

/// What came of a registry's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reg {
    /// It is none.
    Refused {
        /// The line that is not what it should be, from 1 on.
        line: usize,
    },
    /// It was read, written and read again.
    Read {
        /// Whether it came back as it was.
        same: bool,
        /// What was written.
        written: Vec<u8>,
    },
}

/// Reads a registry's text, as [`import`](crate::import::import) does.
#[must_use]
pub fn reg(bytes: &[u8]) -> Reg {
    match Hive::parse(bytes) {
        Err(error) => Reg::Refused { line: error.line },
        Ok(hive) => {
            let written = hive.to_reg();
            Reg::Read { same: Hive::parse(&written).as_ref() == Ok(&hive), written }
        }
    }
}

/// What came of a SYSTEM.INI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ini {
    /// It is none.
    Refused {
        /// The line that is not what it should be, from 1 on.
        line: usize,
    },
    /// It was read.
    Read {
        /// The sections, in order.
        sections: Vec<String>,
        /// Each line's section by its place, name and value.
        lines: Vec<(usize, String, String)>,
    },
}

/// Reads a SYSTEM.INI, as [`import`](crate::import::import) does.
#[must_use]
pub fn ini(bytes: &[u8]) -> Ini {
    match parse_ini(bytes) {
        Err(error) => Ini::Refused { line: error.line },
        Ok((sections, lines)) => {
            let lines = lines.into_iter().map(|line| (line.section, line.name, line.value)).collect();
            Ini::Read { sections, lines }
        }
    }
}
