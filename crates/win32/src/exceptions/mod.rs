//! Structured exceptions: faults and what guests raise themselves, offered to the guest's own handlers.
//!
//! An exception is searched a handler for among the calls of guest code that are open, from the innermost one outwards, as far as the shim
//! or the host that called the guest. Nobody beyond that is asked: the call ends with the fault then, and so does the shim.

mod context;
mod dispatch;
mod record;
mod scopes;
mod shims;
mod unwind;
mod vectored;

use guest::cpu::RSP;
use guest::{Cpu, Fault, FaultKind, Mode, Stop};

pub(crate) use dispatch::Search;
pub(crate) use record::ExceptionRecord;
pub(crate) use shims::*;
pub(crate) use vectored::*;

use crate::process::Process;

/// Answers of handlers (EXCEPTION_DISPOSITION, excpt.h).
const CONTINUE_EXECUTION: u32 = 0;

impl Process {
    /// Looks for a handler of the guest's for a fault of its; see [`guest::Host::exception`].
    ///
    /// # Errors
    /// [`Stop`].
    pub(crate) fn dispatch_fault(&mut self, fault: &Fault, cpu: &Cpu) -> Result<Option<Box<Cpu>>, Stop> {
        let Some(record) = ExceptionRecord::of(fault) else { return Ok(None) };
        let mut cpu = cpu.clone();
        if fault.kind == FaultKind::Breakpoint {
            cpu.rip = fault.instruction;
        }
        self.raise(&record, &cpu)
    }

    /// Offers an exception to the guest's handlers: from where the guest goes on, or `None` if there is no handler or none wants it.
    ///
    /// # Errors
    /// [`Stop`].
    pub(super) fn raise(&mut self, record: &ExceptionRecord, cpu: &Cpu) -> Result<Option<Box<Cpu>>, Stop> {
        let mode = self.machine.mode();
        let handled = match mode {
            Mode::I386 => self.machine.exception_list() != guest::Machine::NO_REGISTRATION,
            Mode::X86_64 => self.can_unwind(cpu.rip),
        };
        if !handled && self.vectored.is_empty() {
            return Ok(None);
        }
        // Below what the guest uses of its stack: its record, its registers, and for 32-bit code their addresses.
        let context = cpu.general[RSP].saturating_sub(context::size(mode)) & !15;
        let at = context.saturating_sub(ExceptionRecord::size(mode)) & !15;
        let sp = at.saturating_sub(16);
        let written =
            record.write(&self.machine, at).and_then(|()| context::write(&self.machine, context, cpu));
        if let Err(violation) = written {
            // Without a stack none of its handlers can run.
            let overflow =
                self.machine.memory.layout().stack_guard(self.machine.current()).contains(&violation.address);
            return if overflow { Err(Stop::Kind(FaultKind::StackOverflow)) } else { Ok(None) };
        }
        let outer = self.machine.stack_pointer();
        self.machine.set_stack_pointer(sp);
        let outcome = self.ask_vectored(at, context, cpu).and_then(|wanted| match mode {
            _ if wanted.is_some() || !handled => Ok(wanted),
            Mode::I386 => self.start_dispatcher(cpu, sp, at, context).map(Some),
            Mode::X86_64 => self.search(record, at, context, cpu),
        });
        self.machine.set_stack_pointer(outer);
        outcome
    }

    /// Where a 32-bit guest goes on to call its handlers.
    fn start_dispatcher(&mut self, cpu: &Cpu, sp: u64, record: u64, context: u64) -> Result<Box<Cpu>, Stop> {
        let machine = &self.machine;
        machine.put_pointer(sp, record)?;
        machine.put_pointer(sp + machine.mode().pointer_size(), context)?;
        let mut cpu = Box::new(cpu.clone());
        cpu.rip = machine.native("KiUserExceptionDispatcher").unwrap_or_default();
        cpu.general[RSP] = sp;
        cpu.flags = 0;
        Ok(cpu)
    }

    /// Puts registers below `sp` on a 32-bit guest's stack, and below them a record with which the guest can be told to go on from there: the addresses of
    /// the record and of the registers.
    ///
    /// # Errors
    /// [`Violation`](guest::Violation) at the stack's end.
    pub(crate) fn put_target(&self, cpu: &Cpu, sp: u64) -> Result<[u64; 2], guest::Violation> {
        let mode = self.machine.mode();
        let context = sp.saturating_sub(context::size(mode)) & !15;
        let at = context.saturating_sub(ExceptionRecord::size(mode)) & !15;
        let code = record::STATUS_LONGJUMP;
        let record = ExceptionRecord { code, flags: 0, cause: 0, address: cpu.rip, parameters: Vec::new() };
        record.write(&self.machine, at)?;
        context::write(&self.machine, context, cpu)?;
        Ok([at, context])
    }

    /// A handler of a 32-bit guest wants to go on; see [`guest::Host::handled`].
    ///
    /// # Errors
    /// [`Stop`].
    pub(crate) fn go_on(&mut self, record: u64, context: u64) -> Result<Box<Cpu>, Stop> {
        let record = ExceptionRecord::read(&self.machine, record)?;
        if record.is_final() {
            return Err(Stop::Kind(FaultKind::Raised { code: record::STATUS_NONCONTINUABLE_EXCEPTION }));
        }
        let cpu = self.caller(0)?;
        Ok(Box::new(context::read(&self.machine, context, cpu)?))
    }

    /// None of a 32-bit guest's handlers wants an exception; see [`guest::Host::unhandled`].
    pub(crate) fn give_up(&mut self, record: u64) -> Stop {
        match ExceptionRecord::read(&self.machine, record) {
            Ok(record) => {
                let (kind, instruction) = (record.fault(), record.address);
                Stop::Fault(Fault { kind, instruction, place: self.machine.place(instruction) })
            }
            Err(violation) => violation.into(),
        }
    }
}
