//! What can go wrong with the store of installed drivers.

use std::path::PathBuf;

use thiserror::Error;

use crate::error::Blame;
use crate::machine::Machine;
use crate::regfile::MAX_BYTES;

/// Why a driver is not installed, removed or brought over, or the store not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is no folder for a store.
    #[error(
        "there is no folder for installed drivers: the user has no home, and XDG_CONFIG_HOME and XDG_DATA_HOME are not both set"
    )]
    NoPlace,
    /// A file with entries is not what it should be.
    #[error("{}: line {line}: {why}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, from 1 on.
        line: usize,
        /// What is wrong there.
        why: String,
    },
    /// A name is not one that an entry or a file can have here.
    #[error("`{name}` cannot be installed: {why}")]
    Name {
        /// The name.
        name: String,
        /// What an entry needs that it does not have.
        why: &'static str,
    },
    /// Nothing says under which name a driver is to be found.
    #[error("{}: the driver does not tell what it is to be called: {why}", file.display())]
    NoAlias {
        /// The driver's file.
        file: PathBuf,
        /// What it is, as far as that can be told.
        why: &'static str,
    },
    /// An entry has this name.
    #[error("`{alias}` for {machine} is installed already, as `{value}`")]
    EntryExists {
        /// The name.
        alias: String,
        /// The machine that it is for.
        machine: Machine,
        /// The entry's value.
        value: String,
    },
    /// A file with other bytes has this name.
    #[error("another driver with the file name {name} is installed already, as `{}`", aliases.join("`, `"))]
    FileExists {
        /// The file's name.
        name: String,
        /// The entries that name it.
        aliases: Vec<String>,
    },
    /// There is more to keep than a store can hold.
    #[error("the store of installed drivers would be larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    /// No entry has this name.
    #[error("no driver is installed as `{alias}`")]
    NotInstalled {
        /// The name.
        alias: String,
    },
    /// Two entries have this name, one for each machine.
    #[error("`{alias}` is installed for i386 and for x86_64")]
    TwoMachines {
        /// The name.
        alias: String,
    },
}

impl StoreError {
    /// Whose doing it is.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::NoPlace => Blame::Host,
            _ => Blame::Usage,
        }
    }

    /// What to try next, where something can be tried.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NoPlace => Some("`HOME` names the user's folder"),
            Self::Syntax { .. } => Some("docs/store.md says what these files may contain"),
            Self::Name { .. } | Self::TooLarge => None,
            Self::NoAlias { .. } => Some(
                "`--alias NAME` says it: `vidc.FFFF` for a video codec's code, `msacm.NAME` for an audio codec, or `midi`, `wave`, `aux`, `mixer`",
            ),
            Self::EntryExists { .. } => {
                Some("`--alias NAME` gives it another name; `drvhost remove ALIAS` takes the other one away")
            }
            Self::FileExists { .. } => {
                Some("`drvhost remove ALIAS` takes it away; or install a copy with another name")
            }
            Self::NotInstalled { .. } => Some("`drvhost list` shows what is"),
            Self::TwoMachines { .. } => Some("`--machine MACHINE` says which one is meant"),
        }
    }
}
