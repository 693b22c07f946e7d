//! kernel32.dll and what forwards to it.

pub(crate) mod apc;
mod atom;
pub(crate) mod codepage;
mod console;
pub(crate) mod critical;
mod dates;
mod environment;
pub(crate) mod error;
mod exports;
pub(crate) mod fields;
mod file;
pub(crate) mod files;
mod global;
pub(crate) mod handles;
pub(crate) mod heap;
mod interlocked;
pub(crate) mod letters;
mod locale;
mod locks;
mod memory;
mod message;
mod module;
mod ntdll;
pub(crate) mod path;
pub(crate) mod process;
pub(crate) mod record;
mod resource;
mod slist;
mod slots;
mod startup;
mod status;
pub(crate) mod sync;
mod system_messages;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod thread;
mod thread_info;
pub(crate) mod time;
pub(crate) mod wait;

pub(crate) use exports::LIBRARY;
pub(crate) use ntdll::NTDLL;
pub(crate) use thread::run_thread;

use guest::{Machine, Violation};

/// What kernel32 keeps for the guest.
#[derive(Debug)]
pub(crate) struct State {
    tls: slots::Slots,
    fls: slots::Slots,
    pub handles: handles::Handles,
    pub threads: thread::Tasks,
    /// The object that stands for the guest's process.
    process: handles::Id,
    sleepers: locks::Sleepers,
    procedures: apc::Procedures,
    /// The handles of the standard error output, output and input.
    standard: [crate::abi::Handle; 3],
    console: Option<console::Console>,
    environment: environment::Environment,
    pub command_line: process::CommandLine,
    atoms: atom::Atoms,
    /// The current directory, without a separator at its end.
    pub directory: String,
}

impl State {
    /// Nothing allocated yet.
    ///
    /// # Errors
    /// [`Violation`] when guest memory has no room for what the guest reads directly.
    pub fn new(machine: &mut Machine, clock: &crate::clock::Clock) -> Result<Self, Violation> {
        let mut handles = handles::Handles::new();
        Ok(Self {
            tls: slots::Slots::default(),
            fls: slots::Slots::default(),
            threads: thread::Tasks::new(&mut handles, clock),
            process: handles.keep_new(None, handles::Object::Process),
            sleepers: locks::Sleepers::default(),
            procedures: apc::Procedures::new(),
            standard: [handles.output(), handles.output(), handles.input()],
            console: None,
            environment: environment::Environment::default(),
            handles,
            command_line: process::CommandLine::new(machine)?,
            atoms: atom::Atoms::default(),
            // Where the driver is, which counts as the process's program.
            directory: module::DIRECTORY.trim_end_matches('\\').to_owned(),
        })
    }
}

/// Forgets what would lead into an image that is gone: callbacks of fiber-local slots.
pub(crate) fn forget_image(process: &mut crate::process::Process, code: &std::ops::Range<u64>) {
    process.kernel32.fls.forget_image(code);
}
