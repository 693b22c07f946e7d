//! Handlers that hear of every exception before those of the frames do (MS Learn: "Vectored Exception Handling").

#![allow(non_snake_case, reason = "Win32's own names")]

use std::ops::Range;

use guest::{Cpu, Stop};

use super::context;
use super::dispatch::Search;
use crate::abi::Pointer;
use crate::process::Process;

/// The handlers, the first one to be asked at the front, each with the number that it is removed by; and the filter of exceptions that nobody wants.
#[derive(Debug, Default)]
pub(crate) struct Vectored {
    handlers: Vec<(u64, u64)>,
    added: u64,
    filter: Pointer,
}

impl Vectored {
    /// How many handlers there may be; each exception asks all of them.
    const MOST: usize = 256;

    pub fn is_empty(&self) -> bool {
        self.handlers.is_empty()
    }

    /// Forgets the handlers of an image that is gone.
    pub fn forget_image(&mut self, code: &Range<u64>) {
        self.handlers.retain(|(_, handler)| !code.contains(handler));
        if code.contains(&self.filter.0) {
            self.filter = Pointer::NULL;
        }
    }
}

/// AddVectoredExceptionHandler: what it is removed by; NULL when there is no room.
pub fn AddVectoredExceptionHandler(process: &mut Process, first: u32, handler: Pointer) -> Pointer {
    let vectored = &mut process.vectored;
    if vectored.handlers.len() >= Vectored::MOST {
        return Pointer::NULL;
    }
    vectored.added += 1;
    let place = if first == 0 { vectored.handlers.len() } else { 0 };
    vectored.handlers.insert(place, (vectored.added, handler.0));
    Pointer(vectored.added)
}

/// RemoveVectoredExceptionHandler.
pub fn RemoveVectoredExceptionHandler(process: &mut Process, added: Pointer) -> bool {
    let handlers = &mut process.vectored.handlers;
    let place = handlers.iter().position(|&(known, _)| known == added.0);
    place.map(|place| handlers.remove(place)).is_some()
}

/// SetUnhandledExceptionFilter: the one before. It is kept, and never called: what nobody wants ends the call, not the process.
pub fn SetUnhandledExceptionFilter(process: &mut Process, filter: Pointer) -> Pointer {
    std::mem::replace(&mut process.vectored.filter, filter)
}

impl Process {
    /// Asks the handlers for an exception whose record and registers lie at these addresses, above the stack pointer: from where the guest goes on, if one of them wants that.
    pub(super) fn ask_vectored(
        &mut self,
        record: u64,
        context: u64,
        cpu: &Cpu,
    ) -> Result<Option<Box<Cpu>>, Stop> {
        const EXCEPTION_CONTINUE_EXECUTION: u64 = 0xffff_ffff;
        if self.vectored.is_empty() {
            return Ok(None);
        }
        let outer = self.machine.stack_pointer();
        let size = self.machine.mode().pointer_size();
        let pointers = outer.saturating_sub(2 * size) & !15;
        self.machine.put_pointer(pointers, record)?;
        self.machine.put_pointer(pointers + size, context)?;
        // One of them may take itself or others away.
        for (added, handler) in self.vectored.handlers.clone() {
            if !self.vectored.handlers.iter().any(|&(known, _)| known == added) {
                continue;
            }
            self.machine.set_stack_pointer(pointers);
            self.searches().push(Search::new(cpu, pointers));
            let answer = self.call(handler, &[pointers]);
            self.searches().pop();
            self.machine.set_stack_pointer(outer);
            if answer? & u64::from(u32::MAX) == EXCEPTION_CONTINUE_EXECUTION {
                return Ok(Some(Box::new(context::read(&self.machine, context, cpu.clone())?)));
            }
        }
        Ok(None)
    }
}
