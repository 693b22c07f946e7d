//! The messages, each declared once for both sides.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What the host says to a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Map the image that was handed over at the start, and run its entry point. Answered by [`ToHost::Loaded`], [`ToHost::Unloadable`] or
    /// [`ToHost::Faulted`].
    Load(Load),
    /// Call a guest function. Answered by [`ToHost::Answered`] or [`ToHost::Faulted`].
    Call(Call),
    /// Tell the image that it is unloaded. Answered by [`ToHost::Answered`] or [`ToHost::Faulted`].
    Unload {
        /// The request's number.
        seq: u32,
    },
    /// The answer to [`ToHost::Asked`].
    Granted(i64),
}

/// How to load the driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// The request's number.
    pub seq: u32,
    /// The file's name without directory.
    pub name: String,
}

/// One call of a guest function: five values, as `DriverProc` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The request's number, never 0.
    pub seq: u32,
    /// The function's guest address.
    pub function: u64,
    /// Its arguments.
    pub arguments: [u64; 5],
}

/// What a worker says to the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToHost {
    /// The worker is jailed and waits for [`ToWorker::Load`]. The first message.
    Started(Started),
    /// The worker could not make its jail or its machine, says why, and ends.
    NotStarted(String),
    /// The driver is in memory and its entry point has run.
    Loaded(Loaded),
    /// The driver cannot be loaded.
    Unloadable(LoadRefusal),
    /// A request's answer.
    Answered {
        /// The request's number.
        seq: u32,
        /// What the function returned.
        result: u64,
    },
    /// A request ended by a fault.
    Faulted {
        /// The request's number.
        seq: u32,
        /// What happened.
        fault: Fault,
    },
    /// The driver, inside a call, wants something that only the host can do. Answered by [`ToWorker::Granted`], after which the call goes on.
    Asked(Asked),
    /// Text that the driver wrote for people (`OutputDebugString`, standard error). Needs no answer.
    Said(String),
}

/// A jailed worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The isolation layers and what became of each.
    pub layers: Vec<Layer>,
    /// Where the guest sees the arena.
    pub arena: u64,
}

/// One layer of isolation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// Whether it is in place.
    pub active: bool,
    /// What it covers, or why it is missing.
    pub detail: String,
}

/// A loaded driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The module handle: the image's base address.
    pub module: u64,
    /// The guest address of the export `DriverProc`.
    pub driver_proc: Option<u64>,
    /// `library!function` of each import that is not supplied here.
    pub unresolved: Vec<String>,
}

/// Why a driver cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoadRefusal {
    /// The file is not an image that this worker can map.
    Image(String),
    /// Its entry point answered FALSE to DLL_PROCESS_ATTACH.
    EntryPoint,
    /// Something on this side failed.
    Host(String),
}

/// What a driver asks of the host from inside a call. Handles are those that the host gave out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// `SendDriverMessage`.
    Send {
        /// The instance.
        hdrvr: u64,
        /// The message.
        message: u32,
        /// Its first parameter.
        lparam1: i64,
        /// Its second parameter.
        lparam2: i64,
    },
    /// `CloseDriver`.
    Close {
        /// The instance.
        hdrvr: u64,
        /// The first parameter of DRV_CLOSE.
        lparam1: i64,
        /// The second.
        lparam2: i64,
    },
    /// `GetDriverModuleHandle`.
    ModuleHandle {
        /// The instance.
        hdrvr: u64,
    },
}

/// A call into the guest that did not return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What happened.
    pub kind: FaultKind,
    /// In words.
    pub text: String,
    /// Where, if that is in an image.
    pub place: Option<Place>,
}

/// What the host distinguishes about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FaultKind {
    /// The driver did something that cannot go on.
    Driver,
    /// It was interrupted because the host asked for it.
    Deadline,
    /// drvhost itself failed.
    Bug,
}

/// `text`, cut so that it fits into any message.
#[must_use]
pub fn short(mut text: String) -> String {
    const LONGEST_TEXT: usize = 2000;
    text.truncate(text.floor_char_boundary(LONGEST_TEXT));
    text
}

/// A place in an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The image's file name.
    pub module: String,
    /// Offset from its base.
    pub offset: u64,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.place {
            Some(place) => write!(f, ", in {}+{:#x}", place.module, place.offset),
            None => Ok(()),
        }
    }
}
