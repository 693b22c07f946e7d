//! Scripts on drvhost: a process is a session, and drivers run in real workers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use drvhost::{Block, Error, Hdrvr, Registry, Session};
use tempfile::TempDir;

use super::event::Event;
use super::platform::{Answer, Call, Platform, Process, Setting};
use crate::{Machine, driver, lparams};

/// drvhost with drivers for one machine, and with a registry of its own.
#[derive(Debug)]
pub struct Drvhost {
    machine: Machine,
    folder: TempDir,
    registry: Registry,
    hidden_instance: bool,
}

impl Drvhost {
    /// With an empty folder and registry.
    ///
    /// # Panics
    /// When there is no temporary folder.
    #[must_use]
    pub fn new(machine: Machine) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut registry = Registry::new();
        registry.add_driver_path(folder.path());
        Self { machine, folder, registry, hidden_instance: false }
    }
}

impl Platform for Drvhost {
    fn machine(&self) -> Machine {
        self.machine
    }

    fn here(&self) -> String {
        format!("{}/", self.folder.path().display())
    }

    fn start(&mut self) -> Box<dyn Process> {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hearing = Arc::clone(&heard);
        let session = Session::builder()
            .registry(self.registry.clone())
            .hidden_instance(self.hidden_instance)
            .deadline(Some(Duration::from_secs(30)))
            .on_text(move |driver, text| {
                hearing.lock().unwrap_or_else(PoisonError::into_inner).extend(Event::read(driver, text));
            })
            .start()
            .expect("a session starts");
        Box::new(Host { machine: self.machine, session: Some(session), blocks: Vec::new(), heard })
    }

    fn set(&mut self, setting: &Setting) {
        match setting {
            Setting::File { name, driver: source } => {
                std::fs::copy(driver(self.machine, source), self.folder.path().join(name))
                    .expect("a driver can be copied");
            }
            Setting::Entry(entry) => self.registry.set(&entry.section, &entry.name, &entry.value),
            Setting::Ini(entry) => self.registry.set_ini(&entry.section, &entry.name, &entry.value),
            Setting::HiddenInstance => self.hidden_instance = true,
        }
    }
}

/// A session, until it is dropped.
struct Host {
    machine: Machine,
    session: Option<Session>,
    /// Kept: a driver may read them whenever it likes.
    blocks: Vec<Block>,
    heard: Arc<Mutex<Vec<Event>>>,
}

impl Process for Host {
    fn call(&mut self, call: &Call) -> Answer {
        let Some(session) = &self.session else { return Answer::Gone };
        let handle = |hdrvr: i64| Hdrvr(hdrvr.cast_unsigned());
        let result = match call {
            Call::Open { name, section, lparam2 } => {
                session.open_driver(name, section.as_deref(), *lparam2).map(|hdrvr| hdrvr.0.cast_signed())
            }
            Call::Send { hdrvr, message, lparam1, lparam2 } => {
                session.send(handle(*hdrvr), *message, *lparam1, *lparam2)
            }
            Call::Close { hdrvr, lparam1, lparam2 } => session.close(handle(*hdrvr), *lparam1, *lparam2),
            Call::Module { hdrvr } => session.module_handle(handle(*hdrvr)).map(u64::cast_signed),
            Call::Block { hdrvr, values } => {
                let bytes = lparams(self.machine, values);
                let block = session.arena(handle(*hdrvr)).and_then(|arena| arena.block_with(&bytes));
                block.map(|block| {
                    let address = block.lparam();
                    self.blocks.push(block);
                    address
                })
            }
            Call::End(policy) => {
                let report = session.end(*policy);
                Ok(report.all_answered().into())
            }
            Call::Exit => {
                self.session = None;
                Ok(0)
            }
        };
        match result {
            Ok(result) => Answer::Result(result),
            // What Win32 answers 0 or NULL for, without a word.
            Err(
                Error::BadHandle(_)
                | Error::NoSuchDriver { .. }
                | Error::NotADriver { .. }
                | Error::Refused { .. }
                | Error::SessionEnding,
            ) => Answer::Result(0),
            Err(error) => Answer::Failed(error.to_string()),
        }
    }

    fn heard(&mut self) -> Vec<Event> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
