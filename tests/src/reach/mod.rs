//! What the driver `reach` reaches for, act by act, what shows whether it got it, and what becomes of it in drvhost. The suite tries each through the
//! real worker, and the bench the same in other hosts.

mod block;
mod perform;
mod scene;

pub use block::Block;
pub use perform::{Back, Performed, kept, perform};
pub use scene::{Scene, kill_processes_with, processes_with};

use crate::acts::*;

/// What an act is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The user's files.
    Files,
    /// The network.
    Network,
    /// Other programs and processes.
    Programs,
    /// Memory that is somebody else's.
    Memory,
    /// Whether the host goes on.
    Control,
    /// How much there is to be had.
    Amounts,
    /// What does no harm alone, and helps who means some.
    Means,
}

/// What shows whether the driver got what it wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// The driver has the text of a file.
    Read,
    /// The driver has the names in a folder.
    Listed,
    /// A file has the driver's text.
    Written,
    /// A file is gone.
    Deleted,
    /// A port of this computer was sent the driver's text.
    Connected,
    /// A program has made a file.
    Started,
    /// A process is still there when the host has ended.
    Stayed,
    /// A process of the user's that has to do with neither has been killed.
    Killed,
    /// A variable of the process that has started the host has another value.
    StartersWord,
    /// A variable of the host's has another value.
    HostsWord,
    /// A variable of another driver's has another value.
    OtherDriver,
    /// The host does not go on.
    Ended,
    /// The driver got all that it asked for of this: at most so many.
    Amount(Amount),
    /// The driver's own code, or the kernel, gave it this.
    Ran,
}

/// What there is some of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// Memory.
    Mebibytes,
    /// Threads.
    Threads,
}

impl Amount {
    /// How many the driver asks for: enough to see that there is a bound, and no more than a computer can spare.
    #[must_use]
    pub fn asked(self) -> i64 {
        match self {
            Self::Mebibytes => 2048,
            Self::Threads => 64,
        }
    }
}

/// How the call of an act ends in drvhost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// With the driver's answer.
    Answered,
    /// As a fault.
    Faulted,
    /// At its deadline.
    Late,
    /// As a fault, or with the answer where something of the driver's own lies at an address that is random.
    ByChance,
}

impl Ends {
    /// Whether an act that is said to end like this may end so.
    pub fn allows(self, other: Self) -> bool {
        self == other || self == Self::ByChance && matches!(other, Self::Answered | Self::Faulted)
    }
}

/// One act.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    /// What the driver does, for people.
    pub what: &'static str,
    /// The message that has it do so.
    pub message: u32,
    /// What it is about.
    pub group: Group,
    /// What shows whether it got it.
    pub aim: Aim,
    /// Whether it gets it in drvhost.
    pub gets: bool,
    /// How the call ends in drvhost.
    pub ends: Ends,
}

macro_rules! reaches {
    ($($group:ident: $what:literal, $message:ident, $aim:expr => $gets:literal, $ends:ident;)*) => {
        /// All acts, by what they are about.
        pub const REACHES: &[Act] = &[$(Act {
            what: $what, message: $message, group: Group::$group, aim: $aim, gets: $gets, ends: Ends::$ends,
        }),*];
    };
}

reaches! {
    Files: "reads a file of the user's, by CreateFile", REACH_READ, Aim::Read => false, Answered;
    Files: "the same, by system calls of its own", REACH_READ_RAW, Aim::Read => false, Faulted;
    Files: "lists the user's folder, by FindFirstFile", REACH_LIST, Aim::Listed => false, Answered;
    Files: "the same, by system calls of its own", REACH_LIST_RAW, Aim::Listed => false, Faulted;
    Files: "writes a file there, by CreateFile", REACH_WRITE, Aim::Written => false, Answered;
    Files: "the same, by system calls of its own", REACH_WRITE_RAW, Aim::Written => false, Faulted;
    Files: "deletes a file there, by DeleteFile", REACH_DELETE, Aim::Deleted => false, Answered;
    Files: "the same, by a system call of its own", REACH_DELETE_RAW, Aim::Deleted => false, Faulted;
    Network: "sends something to a port of this computer, by ws2_32.dll", REACH_CONNECT, Aim::Connected => false, Answered;
    Network: "the same, by system calls of its own", REACH_CONNECT_RAW, Aim::Connected => false, Faulted;
    Programs: "starts a program of the system's, by CreateProcess", REACH_START, Aim::Started => false, Answered;
    Programs: "the same, by system calls of its own", REACH_START_RAW, Aim::Started => false, Faulted;
    Programs: "leaves a process that goes on when the host has ended", REACH_STAY_RAW, Aim::Stayed => false, Faulted;
    Programs: "kills another process of the user's, by a system call of its own", REACH_KILL_RAW, Aim::Killed => false, Faulted;
    Memory: "writes into the process that has started the host, by process_vm_writev", REACH_WRITE_PROCESS_RAW, Aim::StartersWord => false, Faulted;
    Memory: "writes over a variable of the host's", REACH_STORE, Aim::HostsWord => false, Faulted;
    Memory: "writes over a variable of another open driver's", REACH_STORE, Aim::OtherDriver => false, ByChance;
    Control: "loops without end", REACH_LOOP, Aim::Ended => false, Late;
    Control: "faults", REACH_FAULT, Aim::Ended => false, Faulted;
    Control: "calls ExitProcess", REACH_EXIT, Aim::Ended => false, Faulted;
    Control: "calls TerminateProcess for its own process", REACH_TERMINATE, Aim::Ended => false, Faulted;
    Control: "ends its process by a system call of its own", REACH_EXIT_RAW, Aim::Ended => false, Faulted;
    Amounts: "takes 2048 MiB of memory", REACH_MEMORY, Aim::Amount(Amount::Mebibytes) => false, Answered;
    Amounts: "starts 64 threads", REACH_THREADS, Aim::Amount(Amount::Threads) => false, Answered;
    Means: "makes code while it runs, and runs it", REACH_CODE, Aim::Ran => false, Answered;
    Means: "makes a system call of its own that gives away the time only", REACH_CLOCK_RAW, Aim::Ran => true, Answered;
}
