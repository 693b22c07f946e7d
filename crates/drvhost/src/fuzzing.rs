//! What can otherwise be reached only with files that are installed, or by a worker: the readers of texts, and what serves a worker's wants, for whoever calls
//! them with anything.

use std::path::Path;
use std::sync::{Arc, Mutex};

use wire::{Served, ToHost};

use crate::error::Error;
use crate::images::Images;
use crate::import::parse_ini;
use crate::machine::Machine;
use crate::module::Image;
use crate::regfile::Hive;
use crate::services::{Beginning, Grant, Reach, Services, Settings};
use crate::sound::{Recorder, Sound};
use crate::store::Store;
use crate::trace::Trace;

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

/// What the host does for one worker, without the worker.
#[derive(Debug)]
pub struct Host {
    services: Services,
    images: Mutex<Images>,
}

impl Host {
    /// For the worker of a driver that lies in this folder, by a virtual clock: what it keeps goes into the store, and it may use what it is granted.
    ///
    /// # Errors
    /// [`Error::Worker`] where there is no memory for images.
    pub fn new(folder: &Path, store: &Store, grants: Vec<Grant>) -> Result<Self, Error> {
        let (name, machine) = ("a.dll".to_owned(), Machine::X86_64);
        let image = Image { file: folder.join(&name), name, machine, bytes: Vec::new() };
        let data = Some(store.data_of(machine, &image.name));
        let reach = Reach { own: folder.to_owned(), files: None, data, grants };
        let recorder = Arc::new(Recorder::new(Sound::default())?);
        let settings = Arc::new(Settings::new(Some(store.clone())));
        let beginning = Beginning { clock: Some(0), ..Beginning::default() };
        let services = Services::new(1, &image, reach, settings, recorder, Trace::none(), beginning);
        let mut images = Images::new()?;
        images.begin(&[], true)?;
        Ok(Self { services, images: Mutex::new(images) })
    }

    /// Does what a worker's message wants, if it wants anything.
    pub fn serve(&self, message: &ToHost) -> Option<Served> {
        match message {
            ToHost::Wanted(want) => Some(self.services.serve(want, &self.images, 0, None)),
            ToHost::Heard(heard) => {
                self.services.hear(heard);
                None
            }
            ToHost::Advanced(advanced) => {
                let told = self.services.states(&advanced.streams).len();
                assert!(told <= advanced.streams.len(), "{advanced:?}");
                None
            }
            _ => None,
        }
    }
}
