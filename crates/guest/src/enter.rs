//! Calling guest functions, and serving what they call out for.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::arguments::{Arguments, Return, Value};
use crate::context::Context;
use crate::cpu::{self, Cpu};
use crate::fault::{Fault, FaultKind};
use crate::memory::Violation;
use crate::mode::Mode;
use crate::switch::compat::drvhost_enter32;
use crate::switch::long::drvhost_enter64;
use crate::switch::{END, ImportFrame, RESUME};
use crate::thread::Machine;
use crate::thunks::{CONTINUE_INDEX, UNHANDLED_INDEX};

/// What answers the guest's calls out.
pub trait Host {
    /// The machine that the guest runs on.
    fn machine(&mut self) -> &mut Machine;

    /// Serves a call of the import with this index. May [`call`] back into the guest.
    ///
    /// # Errors
    /// [`Stop`] ends the guest's call that is running, instead of returning to it.
    fn import(&mut self, index: u32, arguments: Arguments) -> Result<Return, Stop>;

    /// Looks for a handler of the guest's own for a fault of its, when its registers were `cpu`. Answers from where it is to go on; `None` if
    /// nobody wants to handle it. May [`call`] back into the guest.
    ///
    /// # Errors
    /// [`Stop`] ends the guest's call that is running.
    fn exception(&mut self, fault: &Fault, cpu: &Cpu) -> Result<Option<Box<Cpu>>, Stop>;

    /// Does what a thread was [started](crate::start) for.
    fn thread(&mut self, number: usize);

    /// What a handler of a 32-bit guest wants for the exception with a record and a context at these addresses: to go on there.
    ///
    /// # Errors
    /// [`Stop`] ends the guest's call that is running.
    fn handled(&mut self, record: u64, context: u64) -> Result<Box<Cpu>, Stop>;

    /// What becomes of a 32-bit guest's exception that none of its handlers wants.
    fn unhandled(&mut self, record: u64, context: u64) -> Stop;

    /// `library!function` of an import, for reports.
    fn import_name(&self, index: u32) -> String;
}

/// Why a shim does not return to the guest.
#[derive(Debug)]
pub enum Stop {
    /// The guest did something that ends its call.
    Kind(FaultKind),
    /// A deeper call ended so, and the shim passes it on.
    Fault(Fault),
    /// The guest goes on from elsewhere: in the call of its that is running, or in one outside of it whose stack the stack pointer
    /// belongs to.
    Continue(Box<Cpu>),
}

impl From<Violation> for Stop {
    fn from(violation: Violation) -> Self {
        Self::Kind(FaultKind::AccessViolation { address: Some(violation.address), access: violation.access })
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Calls a guest function and answers what it returned in rax, or in eax. Of arguments for a 32-bit guest the lower halves count.
///
/// # Errors
/// The [`Fault`] that ended the call. The machine is as it was before the call, and the next call works; what the guest left
/// half-done in its own memory stays so.
pub fn call<H: Host>(host: &mut H, function: u64, arguments: &[u64]) -> Result<u64, Fault> {
    let machine = host.machine();
    // The guest may have written over the place by which thunks find the context.
    machine.restore_context_pointer();
    let context = machine.context();
    // SAFETY: `Machine` keeps its context alive for as long as the process and never forms a reference to it; this thread is the only one to
    // use it, the signal handler of this thread included, which uses it by the same pointer.
    let depth = unsafe {
        if (*context).depth == 0 {
            (*context).abort = 0;
            (*context).trap = Default::default();
        }
        (*context).depth
    };
    let mode = host.machine().mode();
    let too_deep = !host.machine().has_stack();
    if too_deep || host.machine().interrupted() {
        let kind = if too_deep { FaultKind::StackOverflow } else { FaultKind::Deadline };
        return Err(Fault { kind, instruction: function, place: host.machine().place(function) });
    }
    let (gate, number) = (host.machine().gate, host.machine().current);
    let host_pointer = std::ptr::from_mut(host);
    // SAFETY: the context as above. `enter32` and `enter64` keep the System V contract, whatever the guest does to its registers (they restore
    // them from the host's stack). While they run, `host` is used only through `host_pointer`, by who has taken the gate: `dispatch::<H>` and
    // `trapped::<H>`, which are set together with it here and put back for the call outside before anything can use them, and other
    // threads' likewise.
    let (result, trap, abort) = unsafe {
        let outside = ((*context).dispatch, (*context).trapped, (*context).base_sp);
        (*context).dispatch = dispatch::<H> as *const () as u64;
        (*context).trapped = trapped::<H> as *const () as u64;
        (*context).base_sp = (*context).guest_sp;
        (&raw mut (*context).depth).write_volatile(depth + 1);
        let enter = match mode {
            Mode::I386 => drvhost_enter32,
            Mode::X86_64 => drvhost_enter64,
        };
        gate.leave(host_pointer.expose_provenance() as u64);
        let result = enter(context, function, arguments.as_ptr(), arguments.len());
        gate.enter();
        (&raw mut (*context).depth).write_volatile(depth);
        ((*context).dispatch, (*context).trapped, (*context).base_sp) = outside;
        let trap = (&raw const (*context).trap).read_volatile();
        let abort = (&raw const (*context).abort).read_volatile();
        (*context).trap = Default::default();
        (*context).abort = 0;
        (result, trap, abort)
    };
    host.machine().current = number;
    let machine = host.machine();
    if let Some(fault) = machine.thread_mut().stopped.take() {
        return Err(fault);
    }
    if trap.signal == 0 && abort == 0 {
        return Ok(result);
    }
    Err(machine.fault(&trap))
}

/// Runs a shim for `import32` and `import64`. Panics and stops become the fault that ends the guest's call.
extern "sysv64" fn dispatch<H: Host>(context: *mut Context, frame: *mut ImportFrame, index: u32) {
    // SAFETY: the caller passes the context of this thread, whose innermost `call::<H>` set this function, and a frame of its own on this stack.
    // Whoever gave the gate back left the host there and uses it again only behind the gate, which this thread has now. `Machine::caller` reads the frame, too,
    // but only while `import` below runs, during which the frame is used by nobody else.
    let (host, arguments, outer) = unsafe {
        let gate = (*context).gate;
        let host = &mut *std::ptr::with_exposed_provenance_mut::<H>(gate.enter() as usize);
        host.machine().current = (*context).number;
        let outer = (&raw const (*context).frame).read_volatile();
        (&raw mut (*context).frame).write_volatile(frame.expose_provenance() as u64);
        let arguments =
            Arguments::new(host.machine().mode(), (*frame).integers, (*frame).floats, (*frame).guest_sp);
        (host, arguments, outer)
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| serve(host, index, arguments)));
    // SAFETY: as above; `import` is over.
    let frame = unsafe {
        (&raw mut (*context).frame).write_volatile(outer);
        &mut *frame
    };
    let stop = match outcome {
        Ok(Ok(result)) => {
            frame.answer(arguments.mode(), result);
            return give_back(host);
        }
        Ok(Err(stop)) => stop,
        Err(_panic) => Stop::Kind(FaultKind::Shim { shim: host.import_name(index) }),
    };
    let machine = host.machine();
    let caller = machine.pointer_at(frame.guest_sp).unwrap_or(0);
    stopped(machine, stop, caller);
    give_back(host);
}

/// Lets other threads work on the host's side, as this one goes back to the guest.
fn give_back<H: Host>(host: &mut H) {
    let gate = host.machine().gate;
    gate.leave(std::ptr::from_mut(host).expose_provenance() as u64);
}

/// The shim's answer, or that of what is no shim.
fn serve<H: Host>(host: &mut H, index: u32, mut arguments: Arguments) -> Result<Return, Stop> {
    if index < UNHANDLED_INDEX {
        return host.import(index, arguments);
    }
    let memory = &host.machine().memory;
    let (record, context) = (arguments.word(memory)?, arguments.word(memory)?);
    match index {
        CONTINUE_INDEX => host.handled(record, context).and_then(|cpu| Err(Stop::Continue(cpu))),
        _ => Err(host.unhandled(record, context)),
    }
}

/// Does what a fault of the guest's asks for: goes on where the guest's own handler says, or ends the call.
extern "sysv64" fn trapped<H: Host>(context: *mut Context) {
    // SAFETY: as in `dispatch`; the signal handler has filled in `trap` and `cpu`, and does not change them while no guest code runs.
    let (host, trap, cpu, outer) = unsafe {
        let gate = (*context).gate;
        let host = &mut *std::ptr::with_exposed_provenance_mut::<H>(gate.enter() as usize);
        host.machine().current = (*context).number;
        let outer = (&raw const (*context).frame).read_volatile();
        (&raw mut (*context).frame).write_volatile(0);
        // Handled from here on: a handler that returns has no fault of its own.
        let trap = (&raw const (*context).trap).read_volatile();
        (&raw mut (*context).trap).write_volatile(Default::default());
        (host, trap, (*context).cpu.clone(), outer)
    };
    let machine = host.machine();
    machine.set_stack_pointer(cpu.general[cpu::RSP]);
    let fault = machine.fault(&trap);
    let outcome = match fault.kind {
        // Nothing of the guest's can run without a stack.
        FaultKind::StackOverflow => Ok(Ok(None)),
        _ => catch_unwind(AssertUnwindSafe(|| host.exception(&fault, &cpu))),
    };
    let instruction = fault.instruction;
    let stop = match outcome {
        Ok(Ok(Some(cpu))) => Stop::Continue(cpu),
        Ok(Ok(None)) => Stop::Fault(fault),
        Ok(Err(stop)) => stop,
        Err(_panic) => Stop::Kind(FaultKind::Shim { shim: "the search for an exception handler".to_owned() }),
    };
    // SAFETY: as above; the search is over.
    unsafe {
        (&raw mut (*context).frame).write_volatile(outer);
        (&raw mut (*context).trap).write(Default::default());
    }
    stopped(host.machine(), stop, instruction);
    give_back(host);
}

/// Notes that the guest does not go on behind `instruction`, and what happens instead.
fn stopped(machine: &mut Machine, stop: Stop, instruction: u64) {
    let fault = match stop {
        Stop::Fault(fault) => fault,
        Stop::Kind(kind) => Fault { kind, instruction, place: machine.place(instruction) },
        Stop::Continue(cpu) => {
            machine.thread_mut().unwound = Some(cpu);
            let kind = FaultKind::Unwound;
            Fault { kind, instruction, place: machine.place(instruction) }
        }
    };
    // The stack grows down: what lies above this call's beginning is of calls outside, which this one's end brings back.
    let base = machine.base_sp();
    let here = fault.kind == FaultKind::Unwound;
    let what = match machine.thread_mut().unwound.take_if(|cpu| here && cpu.general[cpu::RSP] < base) {
        Some(mut cpu) => {
            cpu.make_safe(machine.mode());
            // SAFETY: the context of this thread; no guest code runs, so nothing else uses `cpu`.
            unsafe { (&raw mut (*machine.context()).cpu).write(*cpu) };
            RESUME
        }
        None => {
            machine.thread_mut().stopped = Some(fault);
            END
        }
    };
    // SAFETY: the context of this thread, as above.
    unsafe { (&raw mut (*machine.context()).abort).write_volatile(what) };
}

impl ImportFrame {
    /// Leaves a shim's result for the guest.
    fn answer(&mut self, mode: Mode, result: Return) {
        self.popped = 4 * u64::from(result.popped);
        self.to_x87 = u32::from(mode == Mode::I386 && !matches!(result.value, Value::Integer(_)));
        (self.result, self.result_float) = match (result.value, mode) {
            (Value::Integer(integer), _) => (integer, 0),
            (Value::Double(number), _) => (0, number.to_bits()),
            (Value::Single(number), Mode::X86_64) => (0, number.to_bits().into()),
            // st(0) holds any number, whatever its type.
            (Value::Single(number), Mode::I386) => (0, f64::from(number).to_bits()),
        };
    }
}
