//! A loaded driver: its file, its worker, and where it is in its life.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use mmsystem::message_name;
use pe::WineMark;
use wire::{Brought, Effect};

use crate::entry::Entries;
use crate::error::Error;
use crate::machine::{self, Machine};
use crate::reply::{self, Reply};
use crate::session::Hdrvr;
use crate::synth::InUse;
use crate::table::Key;
use crate::trace::{Begun, CallRecord, Cause, Trace, micros};
use crate::waiting::Until;
use crate::worker::{Broker, Call, Worker, printable};

/// The largest driver file that is read. The image built from it is bounded by the format's reader.
pub(crate) const MAX_FILE: u64 = 256 << 20;

/// The bytes of a driver's file, read once: what was checked is what the worker gets.
#[derive(Debug)]
pub(crate) struct Image {
    /// The file's name without directory.
    pub name: String,
    pub file: PathBuf,
    /// The processor it is for.
    pub machine: Machine,
    pub bytes: Vec<u8>,
}

impl Image {
    /// Reads a driver file and checks that this host can run it.
    ///
    /// # Errors
    /// [`Error::File`], or [`Error::NotADriver`] with what it is instead.
    pub fn read(file: &Path) -> Result<Self, Error> {
        let driver = Self::read_library(file, MAX_FILE)?;
        driver.check_driver_proc().map_err(|why| Error::NotADriver { file: file.to_owned(), why })?;
        Ok(driver)
    }

    /// Reads a library's file, of at most so many bytes, and checks that this host can run it.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_library(file: &Path, most: u64) -> Result<Self, Error> {
        let opened = open_at_once(file).map_err(|source| Error::File { file: file.to_owned(), source })?;
        Self::read_opened(file, opened, most)
    }

    /// The same of a library's file that is open.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_opened(file: &Path, opened: File, most: u64) -> Result<Self, Error> {
        let io = |source| Error::File { file: file.to_owned(), source };
        let not_a_driver = |why: String| Error::NotADriver { file: file.to_owned(), why };
        let metadata = opened.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Err(not_a_driver("it is not a file".into()));
        }
        let too_large = || not_a_driver(format!("it is larger than {} MiB", most >> 20));
        if metadata.len() > most {
            return Err(too_large());
        }
        // One more than the file has, so that its end is found without growing.
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len() + 1).unwrap_or(0));
        opened.take(most + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > most {
            return Err(too_large());
        }
        if bytes.is_empty() {
            return Err(not_a_driver("not a Windows executable; the file is empty".into()));
        }
        let found = pe::identify(&bytes).map_err(|error| not_a_driver(error.to_string()))?;
        let Some(machine) = Machine::of(found) else {
            let kind = machine::kind_of(found);
            return Err(not_a_driver(format!("it is {kind}; drivers for i386 and x86_64 run here")));
        };
        if pe::wine_mark(&bytes) == Some(WineMark::Placeholder) {
            return Err(not_a_driver(
                "it is Wine's placeholder for a library of its own, without code".into(),
            ));
        }
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, file: file.to_owned(), machine, bytes })
    }

    /// Whether it exports what makes it a driver; else why not.
    fn check_driver_proc(&self) -> Result<(), String> {
        let image = pe::Image::parse(&self.bytes).map_err(|error| error.to_string())?;
        let exports =
            |name| image.export(name).map(|found| found.is_some()).map_err(|error| error.to_string());
        if exports("DriverProc")? {
            return Ok(());
        }
        // What 32-bit linkers make of it unless they are told the name.
        let decorated =
            if exports("DriverProc@20")? { " but DriverProc@20, which nobody looks for" } else { "" };
        Err(format!("it exports no DriverProc{decorated}, so it is no installable driver"))
    }
}

/// Opens a file to read it, without waiting where a pipe has come into its place.
pub(crate) fn open_at_once(file: &Path) -> io::Result<File> {
    let nonblock = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    File::options().read(true).custom_flags(nonblock).open(file)
}

/// A loaded driver. Drivers that it opens itself share its worker.
#[derive(Debug)]
pub(crate) struct Module {
    /// Its file, and who shares it.
    pub key: Key,
    /// The file's name without directory.
    pub name: String,
    /// The module's number in this session, from 1.
    pub number: u32,
    pub worker: Arc<Worker>,
    /// Where in its worker the host has put it, unless the worker was started for it.
    brought: Option<Brought>,
    /// The module handle.
    pub handle: u64,
    /// `library!function` of each import that is not supplied here.
    pub unresolved: Vec<String>,
    driver_proc: u64,
    /// Where its entry points for devices are.
    pub(super) entries: Entries,
    /// Who uses its devices.
    pub devices: Mutex<InUse>,
    /// Whether DRV_DISABLE and DRV_FREE have been sent, or are being sent.
    retired: AtomicBool,
}

/// One message to one instance, or to a module when there is none (`id` 0).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message {
    pub hdrvr: Hdrvr,
    pub id: i64,
    pub number: u32,
    pub lparam1: i64,
    pub lparam2: i64,
    pub cause: Option<Cause>,
    /// What it means to the worker when the driver agrees.
    pub effect: Effect,
}

impl Message {
    /// A message of a module's beginning or end, which carries no values.
    pub fn to_module(hdrvr: Hdrvr, number: u32, cause: Option<Cause>) -> Self {
        Self { hdrvr, id: 0, number, lparam1: 0, lparam2: 0, cause, effect: Effect::None }
    }
}

impl Module {
    /// Puts a loaded worker and its file together. `apart`: the instance that has it to itself, if one does.
    pub fn new(
        image: Image,
        apart: Option<Hdrvr>,
        entries: Entries,
        number: u32,
        worker: Arc<Worker>,
        brought: Option<Brought>,
        loaded: &wire::Loaded,
    ) -> Self {
        let Image { name, file, .. } = image;
        let unresolved: Vec<String> = loaded.unresolved.iter().map(|import| printable(import)).collect();
        if !unresolved.is_empty() {
            tracing::debug!(driver = name, imports = unresolved.join(" "), "not supplied here");
        }
        worker.enter();
        Self {
            key: Key { file, apart },
            name,
            number,
            worker,
            brought,
            handle: loaded.module,
            unresolved,
            driver_proc: loaded.driver_proc,
            entries,
            devices: Mutex::default(),
            retired: AtomicBool::new(false),
        }
    }

    /// Calls DriverProc and notes it in the trace.
    ///
    /// `begin` is asked, and `end` is told the reply, while nobody else can call this module: so a message never reaches an instance that was
    /// closed while the message waited for its turn. `None`, and nothing is sent, when `begin` says no.
    pub fn send(
        &self,
        message: &Message,
        begin: impl FnOnce() -> bool,
        end: impl FnOnce(&Reply),
        broker: &dyn Broker,
        trace: &Trace,
        until: impl Into<Until>,
    ) -> Option<Reply> {
        let until = until.into();
        let Some(turn) = self.worker.begin(&until) else { return Some(Reply::Busy) };
        if !begin() {
            return None;
        }
        let begun = trace.begin();
        let reply = self.worker.call(&turn, self.call(message), broker, &until);
        end(&reply);
        self.note(message, begun, &reply, trace);
        Some(reply)
    }

    /// A message's parameters as the driver gets them, so that the trace agrees with what it sees.
    fn lparams(&self, message: &Message) -> [i64; 2] {
        [message.lparam1, message.lparam2].map(|lparam| self.worker.width().long(lparam.cast_unsigned()))
    }

    /// The call of DriverProc that delivers a message.
    pub fn call(&self, message: &Message) -> Call {
        let Message { hdrvr, id, number, effect, .. } = *message;
        let [lparam1, lparam2] = self.lparams(message);
        let arguments = [id, hdrvr.0.cast_signed(), number.into(), lparam1, lparam2].map(i64::cast_unsigned);
        Call { function: self.driver_proc, arguments, effect }
    }

    /// Writes down a message that has been delivered.
    pub fn note(&self, message: &Message, begun: Option<Begun>, reply: &Reply, trace: &Trace) {
        trace.end(begun, |Begun { seq, t_us, at }| {
            let Message { hdrvr, id, number, cause, .. } = *message;
            let [lparam1, lparam2] = self.lparams(message);
            let (outcome, result) = reply.outcome();
            CallRecord {
                kind: "call",
                seq,
                t_us,
                worker: self.worker.number,
                driver: &self.name,
                hdrvr: hdrvr.0.cast_signed(),
                id,
                message: message_name(number),
                number,
                lparam1,
                lparam2,
                result,
                elapsed_us: micros(at),
                outcome,
                cause,
            }
        });
    }

    /// Tells the driver that it is unloaded, unless `bad`: then it did not come back from its last message, and gets nothing further.
    /// With the last one of its drivers the worker ends, when a call that still runs has ended.
    pub fn unload(&self, bad: bool, broker: &dyn Broker, until: Option<Instant>) {
        if bad && self.worker.alone() {
            self.worker.leave();
            self.worker.end("was ended after a call that did not return");
            return;
        }
        let reply = self.worker.unload(self.handle, bad, broker, until);
        match (self.brought, reply) {
            (Some(brought), Reply::Answered(1)) => self.worker.free(brought),
            // It closes itself from inside a message, and goes when that has returned.
            (Some(brought), Reply::Answered(0)) if !bad => self.worker.free_later(self.handle, brought),
            _ => {}
        }
        // Counted until here: while it is told, it may open a further driver beside it.
        if self.worker.leave() && !self.worker.in_call() {
            self.worker.end("has been unloaded");
        }
    }

    /// Claims the sending of DRV_DISABLE and DRV_FREE; true for the first who does.
    pub fn claim_retirement(&self) -> bool {
        !self.retired.swap(true, Ordering::SeqCst)
    }

    /// A reply that is no answer, as an error about a message.
    pub fn failure(&self, reply: Reply, number: u32) -> Error {
        reply::failure(reply, &self.name, &name_of(number))
    }
}

/// A message's name, or its number.
pub(crate) fn name_of(number: u32) -> String {
    message_name(number).map_or_else(|| format!("message {number:#x}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use pe::builder::Builder;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Image, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        Image::read(file.path()).map_err(|error| match error {
            Error::NotADriver { why, .. } => why,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn drivers_for_both_machines_are_taken_and_no_others() {
        for machine in Machine::ALL {
            let bytes = Builder::new(machine.into()).export("DriverProc", 0).build();
            assert_eq!(read(&bytes).unwrap().machine, machine);
        }
        let arm = Builder::new(pe::Machine::Arm64).export("DriverProc", 0).build();
        let expected = "it is a program or driver for arm64; drivers for i386 and x86_64 run here";
        assert_eq!(read(&arm).unwrap_err(), expected);
    }

    #[test]
    fn nobody_waits_at_a_pipe() {
        let place = tempfile::tempdir().unwrap();
        let pipe = place.path().join("pipe.dll");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert!(matches!(Image::read(&pipe), Err(Error::NotADriver { .. })));
        assert!(crate::directories::machine_of(&pipe).is_none());
    }

    #[test]
    fn what_is_no_driver_says_what_it_is() {
        let mut placeholder = Builder::new(pe::Machine::I386).build();
        let mark = b"Wine placeholder DLL";
        placeholder.splice(0x40..0x40 + mark.len(), mark.iter().copied());
        assert!(read(&placeholder).unwrap_err().contains("Wine's placeholder"));
        let decorated = Builder::new(pe::Machine::I386).export("DriverProc@20", 0).build();
        assert!(
            read(&decorated).unwrap_err().contains("no DriverProc but DriverProc@20, which nobody looks for")
        );
        let none = Builder::new(pe::Machine::I386).export("Other", 0).build();
        assert_eq!(read(&none).unwrap_err(), "it exports no DriverProc, so it is no installable driver");
    }
}
