//! Calling guest functions, and serving what they call out for.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::arguments::{Arguments, Return, Value};
use crate::context::Context;
use crate::fault::{Fault, FaultKind};
use crate::memory::Violation;
use crate::mode::Mode;
use crate::switch::ImportFrame;
use crate::switch::compat::drvhost_enter32;
use crate::switch::long::drvhost_enter64;
use crate::thread::Machine;

/// What answers the guest's calls out.
pub trait Host {
    /// The machine that the guest runs on.
    fn machine(&mut self) -> &mut Machine;

    /// Serves a call of the import with this index. May [`call`] back into the guest.
    ///
    /// # Errors
    /// [`Stop`] ends the guest's call that is running, instead of returning to it.
    fn import(&mut self, index: u32, arguments: Arguments) -> Result<Return, Stop>;

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
    let too_deep = depth >= host.machine().depth_limit();
    if too_deep || host.machine().interrupted() {
        let kind = if too_deep { FaultKind::StackOverflow } else { FaultKind::Deadline };
        return Err(Fault { kind, instruction: function, place: host.machine().place(function) });
    }
    let host_pointer = std::ptr::from_mut(host);
    // SAFETY: the context as above. `enter32` and `enter64` keep the System V contract, whatever the guest does to its registers (they restore them from
    // the host's stack). While they run, `host` is used only through `host_pointer`, by `dispatch::<H>`, which is set together
    // with it here; both are put back for the call outside before anything can use them.
    let (result, trap, abort) = unsafe {
        let outside = ((*context).dispatch, (*context).host);
        (*context).dispatch = dispatch::<H> as *const () as u64;
        (*context).host = host_pointer.expose_provenance() as u64;
        (&raw mut (*context).depth).write_volatile(depth + 1);
        let enter = match mode {
            Mode::I386 => drvhost_enter32,
            Mode::X86_64 => drvhost_enter64,
        };
        let result = enter(context, function, arguments.as_ptr(), arguments.len());
        (&raw mut (*context).depth).write_volatile(depth);
        ((*context).dispatch, (*context).host) = outside;
        let trap = (&raw const (*context).trap).read_volatile();
        let abort = (&raw const (*context).abort).read_volatile();
        (*context).trap = Default::default();
        (*context).abort = 0;
        (result, trap, abort)
    };
    let machine = host.machine();
    if let Some(fault) = machine.stopped.take() {
        return Err(fault);
    }
    if trap.signal == 0 && abort == 0 {
        return Ok(result);
    }
    Err(machine.fault(&trap))
}

/// Runs a shim for `import32` and `import64`. Panics and stops become the fault that ends the guest's call.
pub(crate) extern "sysv64" fn dispatch<H: Host>(context: *mut Context, frame: *mut ImportFrame, index: u32) {
    // SAFETY: the caller passes the context of this thread, whose `host` was set by the innermost `call::<H>` together with
    // this function, and a frame of its own on this stack; that call uses neither while the guest runs.
    let (host, frame) = unsafe {
        let host = std::ptr::with_exposed_provenance_mut::<H>((*context).host as usize);
        (&mut *host, &mut *frame)
    };
    let mode = host.machine().mode();
    let arguments = Arguments::new(mode, frame.integers, frame.floats, frame.guest_sp);
    let outcome = catch_unwind(AssertUnwindSafe(|| host.import(index, arguments)));
    let stop = match outcome {
        Ok(Ok(result)) => return frame.answer(mode, result),
        Ok(Err(stop)) => stop,
        Err(_panic) => Stop::Kind(FaultKind::Shim { shim: host.import_name(index) }),
    };
    let machine = host.machine();
    let caller = machine.pointer_at(frame.guest_sp).unwrap_or(0);
    let fault = match stop {
        Stop::Fault(fault) => fault,
        Stop::Kind(kind) => Fault { kind, instruction: caller, place: machine.place(caller) },
    };
    machine.stopped = Some(fault);
    // SAFETY: the context of this thread, as above.
    unsafe { (&raw mut (*context).abort).write_volatile(1) };
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
