//! Asynchronous procedure calls: functions that a thread calls the next time that it waits in an alertable way.

#![allow(non_snake_case, reason = "Win32's own names")]

use std::collections::VecDeque;

use guest::{Fault, POOL};

use crate::abi::{Handle, Pointer};
use crate::kernel32::error::{
    ERROR_GEN_FAILURE, ERROR_INVALID_HANDLE, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY, fail,
};
use crate::kernel32::thread::number_of;
use crate::process::Process;

/// What an alertable wait answers that ended because procedures were called.
pub(crate) const WAIT_IO_COMPLETION: u32 = 0xc0;

/// How many procedures wait for a thread at most.
const MOST: usize = 256;

/// The procedures that wait for each thread, by number, each with its argument.
#[derive(Debug)]
pub(crate) struct Procedures([VecDeque<(Pointer, Pointer)>; 1 + POOL]);

impl Procedures {
    pub fn new() -> Self {
        Self(std::array::from_fn(|_| VecDeque::new()))
    }

    /// Forgets those of a thread that has ended.
    pub fn forget(&mut self, thread: usize) {
        if let Some(procedures) = self.0.get_mut(thread) {
            procedures.clear();
        }
    }
}

impl Process {
    /// Whether a procedure waits for the running thread.
    pub(crate) fn has_procedures(&self) -> bool {
        self.kernel32.procedures.0[self.machine.current()].front().is_some()
    }

    /// Calls the procedures that wait for the running thread, in the order in which they came.
    pub(crate) fn call_procedures(&mut self) -> Result<(), Fault> {
        let thread = self.machine.current();
        // Those that a procedure queues for its own thread have to wait for the next time, so that this comes to an end.
        for _ in 0..self.kernel32.procedures.0[thread].len() {
            // A procedure that waits may have called the others.
            let Some((function, argument)) = self.kernel32.procedures.0[thread].pop_front() else { break };
            self.call(function.0, &[argument.0])?;
        }
        Ok(())
    }
}

/// QueueUserAPC: a thread that has not begun yet calls the procedure before anything else.
pub fn QueueUserAPC(process: &mut Process, function: Pointer, thread: Handle, argument: Pointer) -> bool {
    let number = match number_of(process, thread) {
        _ if function.is_null() => return fail(process, ERROR_INVALID_PARAMETER, false),
        Ok(Some(number)) => number,
        Ok(None) => return fail(process, ERROR_GEN_FAILURE, false),
        Err(()) => return fail(process, ERROR_INVALID_HANDLE, false),
    };
    let procedures = &mut process.kernel32.procedures.0[number];
    if procedures.len() >= MOST {
        return fail(process, ERROR_NOT_ENOUGH_MEMORY, false);
    }
    procedures.push_back((function, argument));
    process.machine.change_for(number);
    true
}
