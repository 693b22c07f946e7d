//! What `drvhost install` and `drvhost import` take.

use std::path::PathBuf;

/// `drvhost install`.
#[derive(Debug, clap::Args)]
pub struct Install {
    /// The driver's file; it is copied
    pub file: PathBuf,
    /// The name to find it by: `vidc.FFFF`, `msacm.NAME`, `midi`, ...; unless given, the one that goes with what the driver says it is
    #[arg(long, value_name = "ALIAS")]
    pub alias: Option<String>,
    /// Text for DRV_OPEN, whenever the driver is opened by its alias
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub param: Option<String>,
    /// Copy this file or folder, too: the driver finds it beside itself, as libraries, sound fonts and settings; with a driver that is installed already, this and what it is granted are all that changes (may be given several times)
    #[arg(long, value_name = "PATH")]
    pub with: Vec<PathBuf>,
    /// Let the driver read what is in DIR, too, drive Z: to it; with a driver that is installed already, this is all that changes (may be given several times)
    #[arg(long, value_name = "DIR")]
    pub allow_read: Vec<PathBuf>,
    /// Let the driver read and write in DIR (may be given several times)
    #[arg(long, value_name = "DIR")]
    pub allow_write: Vec<PathBuf>,
}

impl Install {
    /// What the driver may use besides its own files.
    pub fn grants(&self) -> Vec<drvhost::Grant> {
        let grant = |write| move |folder: &PathBuf| drvhost::Grant { folder: folder.clone(), write };
        self.allow_read.iter().map(grant(false)).chain(self.allow_write.iter().map(grant(true))).collect()
    }
}

/// `drvhost import`.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Import {
    /// The drivers of a Wine prefix that are not Wine's own
    #[arg(long, value_name = "DIR")]
    pub wine_prefix: Option<PathBuf>,
    /// The drivers of a Windows, by the SYSTEM.INI in its folder
    #[arg(long, value_name = "FILE")]
    pub system_ini: Option<PathBuf>,
    /// The drivers that a .reg file names, and all its other keys
    #[arg(long, value_name = "FILE")]
    pub reg: Option<PathBuf>,
}
