//! The messages, each declared once for both sides.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::want::{Served, Want};
use crate::wave::{Heard, StreamState};

/// What the host says to a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToWorker {
    /// For which driver the worker is, and on which terms. The first message. Answered by [`ToHost::Started`] or [`ToHost::NotStarted`].
    Begin(Begin),
    /// Map an image and run its entry point; comes at the start, and while the worker waits for an answer to [`Asked::Open`]. Answered by
    /// [`ToHost::Loaded`], [`ToHost::Unloadable`] or [`ToHost::Faulted`].
    Load(Load),
    /// Call a guest function. Answered by [`ToHost::Answered`] or [`ToHost::Faulted`].
    Call(Call),
    /// Call a guest function once the calls that were queued before it have been answered. The worker may hear of it long before, also while one of
    /// those waits for an answer of the host's. Answered as [`Call`](Self::Call), or by [`ToHost::Dropped`]. Boxed, because it is twice as large as the
    /// others, all of which would be moved as if they were.
    Queued(Box<Queued>),
    /// Tell an image that it is unloaded, now or as soon as none of its code runs. Answered by [`ToHost::Answered`], with 1 when that was at
    /// once and 0 when it is still to come, or by [`ToHost::Faulted`].
    Unload {
        /// The request's number.
        seq: u32,
        /// The module handle.
        module: u64,
        /// Whether the image is not told, because it did not come back from a message: then it is only forgotten, and the answer is 0.
        silently: bool,
    },
    /// Have time go on, where the clock is virtual, with all that happens meanwhile, until every thread of the driver's waits again. Answered by
    /// [`ToHost::Advanced`] or [`ToHost::Faulted`].
    Advance {
        /// The request's number.
        seq: u32,
        /// Until when, in nanoseconds. Where that is over, only what is left to do is done.
        until: u64,
    },
    /// The answer to [`ToHost::Asked`].
    Granted(i64),
    /// The answer to [`ToHost::Asked`] where drivers call each other without end: the call that asked ends with a fault.
    Endless,
    /// The answer to [`ToHost::Wanted`].
    Served(Served),
}

/// What a worker confines itself by, when its driver lies in the file of images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// The driver's file name without directory, for people who look at the process list.
    pub name: String,
    /// How many bytes of private memory that it can write it can have.
    pub memory: u64,
    /// How much processor time it can use in its whole life, in seconds; `None`: as much as it likes.
    pub seconds: Option<u64>,
    /// Whether all that drivers see lies at the same addresses each time.
    pub fixed_addresses: bool,
    /// Whether there are threads for the driver even where its file does not show that it can use any.
    pub threads: bool,
}

/// How to load the driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// The request's number.
    pub seq: u32,
    /// The file's name without directory.
    pub name: String,
    /// Where the image lies; `None` for the driver that the worker was started for.
    pub brought: Option<Brought>,
    /// Whether the host wants to hear of calls that do not go through it ([`ToHost::Entered`]).
    pub traced: bool,
    /// How what a driver asks people is answered, as nobody is there.
    pub dialogs: DialogAnswer,
    /// What time it is by a virtual clock, in nanoseconds; `None` for the world's. The clock of a worker is that of its first image.
    pub clock: Option<u64>,
}

/// How dialogs and message boxes of drivers are answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DialogAnswer {
    /// Dialogs with OK, message boxes with their default button: a driver goes on with what was shown.
    #[default]
    Ok,
    /// Dialogs with Cancel, message boxes with the button that declines: a driver leaves everything as it was.
    Cancel,
}

/// A further image for a worker that runs driver code already. The host has put it together in memory that the worker can
/// run but not write, because nobody in a worker may make code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brought {
    /// Where it was put together, relocated: an offset in [`BROUGHT_SIZE`].
    pub image: u32,
    /// Where the bytes of its file lie: an offset in [`FILES_SIZE`].
    pub file: u32,
    /// How many bytes the file has.
    pub file_len: u32,
}

/// Bytes of the memory in which the host puts further images together. It comes first in the file that is descriptor 2 of a worker.
pub const BROUGHT_SIZE: u32 = 64 << 20;

/// Bytes that come next in that file, for the files of further images as they are. What follows is the driver's own file.
pub const FILES_SIZE: u32 = 64 << 20;

/// One call of a guest function: five values, as `DriverProc` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The request's number, never 0.
    pub seq: u32,
    /// The function's guest address.
    pub function: u64,
    /// Its arguments.
    pub arguments: [u64; 5],
    /// What the answer means to the worker.
    pub effect: Effect,
}

/// The most calls that are queued at a time.
pub const MOST_QUEUED: usize = 16;

/// A call that is asked before the one before it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// What is called.
    pub call: Call,
    /// The number of the queued call that must have been answered before it: where that has faulted or was dropped, this one is dropped. 0 for none.
    pub after: u32,
    /// Where a number must stand for the call to be made, after the one before it: else it is dropped.
    pub only_if: Option<Stands>,
    /// What is copied before the call.
    pub before: Option<Copied>,
    /// What is copied once the function has returned.
    pub then: Option<Copied>,
    /// Whether the host need not be woken for the answer, as long as a further request is there already.
    pub quiet: bool,
}

/// A number that stands in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stands {
    /// The guest's address of its lowest byte.
    pub address: u64,
    /// The number.
    pub number: u32,
}

/// What is copied from one place of the arena to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// The guest's address of what is copied.
    pub from: u64,
    /// The guest's address where it is copied to.
    pub to: u64,
    /// How many bytes.
    pub len: u32,
}

/// What an answer other than 0 to a call of `DriverProc` changes: a worker keeps which instances are open in it, to call them without the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Nothing.
    None,
    /// The instance with the handle in the second argument is open, and the answer is its identifier.
    Opens,
    /// It is open no more; nor is it when there was no answer.
    Closes,
}

/// What a worker says to the host. What has many parts is boxed: an answer, which is what comes mostly, would be moved as if it were as large.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToHost {
    /// The worker is jailed and waits for [`ToWorker::Load`].
    Started(Box<Started>),
    /// The worker could not make its jail or its machine, says why, and ends.
    NotStarted(String),
    /// The driver is in memory and its entry point has run.
    Loaded(Box<Loaded>),
    /// The driver cannot be loaded.
    Unloadable(Box<LoadRefusal>),
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
        fault: Box<Fault>,
    },
    /// A queued call was not made, because the one before it ended by a fault or was not made either, or because a number did not stand where it was to.
    Dropped {
        /// The request's number.
        seq: u32,
    },
    /// The driver, inside a call, wants something that only the host can do. Answered by [`ToWorker::Granted`], after which the call goes on.
    Asked(Box<Asked>),
    /// The driver, inside a call, wants something of the system around it. Answered by [`ToWorker::Served`], after which the call goes on.
    Wanted(Box<Want>),
    /// From here on the driver may have further threads, whose wants come on the channel's second line; no answer.
    Threads,
    /// A driver calls another one in the same worker, which only the trace is told of; no answer.
    Entered(Box<Entered>),
    /// The innermost call that was [`Entered`](Self::Entered) has returned; no answer. What ends otherwise ends with its request.
    Left {
        /// What `DriverProc` answered.
        result: u64,
    },
    /// How shims were called since the host was told last, for the trace; no answer. Calls of what is not supplied are told of in any case. What a
    /// worker could not say any more, because it died, is lost.
    Shims(Vec<ShimCalls>),
    /// The answer to [`ToWorker::Advance`].
    Advanced(Box<Advanced>),
    /// What the driver has played by a virtual clock; no answer.
    Heard(Box<Heard>),
    /// Text that the driver wrote for people (`OutputDebugString`, standard error). Needs no answer.
    Said(String),
}

/// Time has gone on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advanced {
    /// The request's number.
    pub seq: u32,
    /// What time it is, in nanoseconds.
    pub now: u64,
    /// How far each open stream is, all of whose samples have been [`Heard`](ToHost::Heard).
    pub streams: Vec<StreamState>,
}

/// A jailed worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The isolation layers and what became of each.
    pub layers: Vec<Layer>,
    /// Where the guest sees the arena.
    pub arena: u64,
    /// Where it sees further images.
    pub brought: u64,
    /// How its 32-bit code gets a segment for FS; `None` in a worker for a 64-bit driver.
    pub segments: Option<Segments>,
}

/// How 32-bit code gets the segment that FS names: Windows has the thread's block there, wherever that is in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Segments {
    /// A selector of the local descriptor table, made with `modify_ldt`.
    Ldt,
    /// The flat selector of user data, 0x2b, with the base written by `wrfsbase`: where there is no `modify_ldt`.
    Fsbase,
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

/// A message between drivers of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    /// The instance that is called.
    pub hdrvr: u64,
    /// Its identifier.
    pub id: u64,
    /// The message.
    pub message: u32,
    /// Its first parameter.
    pub lparam1: i64,
    /// Its second parameter.
    pub lparam2: i64,
}

/// How one function was called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShimCalls {
    /// `library!function`.
    pub name: String,
    /// Whether there is such a function here: if not, the call ended with a fault.
    pub supplied: bool,
    /// How often.
    pub calls: u64,
    /// How long all of that took, in nanoseconds, what was called from inside it included.
    pub ns: u64,
    /// How often it failed, by last error or by the status that it answered.
    pub failures: Vec<(u32, u64)>,
}

/// A loaded driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The module handle: the image's base address.
    pub module: u64,
    /// The guest address of the export `DriverProc`.
    pub driver_proc: u64,
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
    /// `OpenDriver`. While it waits, the worker loads what the host tells it to.
    Open {
        /// An alias or a file.
        name: String,
        /// Where the alias is looked up.
        section: Option<String>,
        /// The second parameter of DRV_OPEN.
        lparam2: i64,
    },
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
