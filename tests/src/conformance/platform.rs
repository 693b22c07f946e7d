//! What a script is played on.

use drvhost::Policy;

use super::event::Event;
use crate::Machine;

/// Something that has OpenDriver and the functions around it.
pub trait Platform {
    /// The machine that its drivers are for.
    fn machine(&self) -> Machine;

    /// What drivers' full paths begin with, a script's `{here}/`: the folder of this scenario, where they are found by file name too.
    fn here(&self) -> String;

    /// Starts a process that opens drivers. All settings have been made.
    fn start(&mut self) -> Box<dyn Process>;

    /// Takes a setting over; those that it always or never has are no error.
    fn set(&mut self, setting: &Setting);
}

/// What holds before the first step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting {
    /// A copy of a test driver lies in the folder.
    File {
        /// The copy's name.
        name: String,
        /// The driver: `drivers/NAME.c`.
        driver: String,
    },
    /// The registry has a value in a section, by which HKLM\Software\Microsoft\Windows NT\CurrentVersion is meant.
    Entry(Entry),
    /// SYSTEM.INI has an entry in a section.
    Ini(Entry),
    /// A hidden instance is opened first when a module's first open has a lParam2 (C028).
    HiddenInstance,
}

/// An entry of the registry or of SYSTEM.INI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key or section.
    pub section: String,
    /// The value's name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A process with drivers.
pub trait Process {
    /// Calls a function; answers what that answered.
    fn call(&mut self, call: &Call) -> Answer;

    /// What drivers have said since this was last asked.
    fn heard(&mut self) -> Vec<Event>;
}

/// A function, with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// OpenDriver.
    Open {
        /// Its first argument.
        name: String,
        /// Its second; `None` is NULL.
        section: Option<String>,
        /// Its third.
        lparam2: i64,
    },
    /// SendDriverMessage.
    Send {
        /// The handle.
        hdrvr: i64,
        /// The message.
        message: u32,
        /// lParam1.
        lparam1: i64,
        /// lParam2.
        lparam2: i64,
    },
    /// CloseDriver.
    Close {
        /// The handle.
        hdrvr: i64,
        /// lParam1.
        lparam1: i64,
        /// lParam2.
        lparam2: i64,
    },
    /// GetDriverModuleHandle.
    Module {
        /// The handle.
        hdrvr: i64,
    },
    /// Memory that an instance's driver can read, with these values in it. Answers its address.
    Block {
        /// The instance.
        hdrvr: i64,
        /// The values.
        values: Vec<i64>,
    },
    /// The end of the session. Where there is none but the end of the process, that.
    End(Policy),
    /// The process exits without ending its session.
    Exit,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The function's result; 0 for nothing, NULL and FALSE.
    Result(i64),
    /// There is no process to call any more.
    Gone,
    /// The process ended inside the call.
    Crashed,
    /// The call did not come back in time.
    Hung,
    /// A driver did not answer, in the host's words.
    Failed(String),
}
