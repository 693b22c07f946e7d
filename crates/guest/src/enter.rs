//! Entering guest code and coming back: by return, by import, or by fault.
//!
//! A WORD OF CAUTION: the assembly below moves between two stacks and two calling conventions. The host's side is System V, the
//! guest's is Win64. On the host's stack, inside one [`call`] (addresses grow upwards):
//!
//! ```text
//!   return address into call()
//!   rbp rbx r12 r13 r14 r15           saved for the host
//!   x87 control word, MXCSR           saved for the host (8 bytes)
//!   guest_sp of the call outside      restored when this call ends
//!   host_sp of the call outside       restored when this call ends
//!   <------------------------------   Context.host_sp of this call (16-byte aligned)
//!   ImportFrame                       while a shim runs; deeper calls nest below it
//! ```
//! On the guest's stack a call pushes its arguments (at least the four home slots) and a return address that is
//! `leave64`. A shim never runs on the guest's stack.

use std::arch::global_asm;
use std::mem::{offset_of, size_of};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::context::{Context, TEB_CONTEXT};
use crate::fault::{Fault, FaultKind};
use crate::memory::{Memory, Violation};
use crate::thread::Machine;

/// What a thunk hands to a shim, and where the shim's result is left. Lies on the host's stack.
#[repr(C, align(16))]
#[derive(Debug)]
pub(crate) struct ImportFrame {
    /// rcx, rdx, r8, r9.
    integers: [u64; 4],
    /// The low halves of xmm0 to xmm3.
    floats: [u64; 4],
    /// The guest's stack pointer: the address of the return address.
    guest_sp: u64,
    result: u64,
    result_float: u64,
    rdi: u64,
    rsi: u64,
    rbx: u64,
    /// The guest's MXCSR.
    mxcsr: u64,
    /// Keeps what follows aligned.
    padding: u64,
    /// xmm6 to xmm15, which Win64 preserves and System V does not.
    xmm: [u128; 10],
}

global_asm!(
    // Context.in_guest says whose doing a fault is. It is 1 wherever an instruction below depends on what the guest controls
    // (its stack, its GS), and there Context.host_sp already is where fault64 may continue.
    // fn enter64(context: rdi, function: rsi, arguments: rdx, count: rcx) -> rax
    ".globl drvhost_enter64",
    "drvhost_enter64:",
    "push rbp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    "sub rsp, 8",
    "stmxcsr [rsp]",
    "fnstcw [rsp + 4]",
    "push [rdi + {guest_sp}]",
    "push [rdi + {host_sp}]",
    "mov [rdi + {host_sp}], rsp",
    "mov qword ptr [rdi + {in_guest}], 1",
    // Room for max(count, 4) arguments, kept at a multiple of 16 bytes.
    "mov r10, [rdi + {guest_sp}]",
    "and r10, -16",
    "mov eax, 4",
    "cmp rcx, rax",
    "cmova rax, rcx",
    "inc rax",
    "and rax, -2",
    "shl rax, 3",
    "sub r10, rax",
    "xor eax, eax",
    "2:",
    "cmp rax, rcx",
    "jae 3f",
    "mov r11, [rdx + rax * 8]",
    "mov [r10 + rax * 8], r11",
    "inc rax",
    "jmp 2b",
    "3:",
    // The floating-point state that Windows starts threads with.
    "ldmxcsr [rip + drvhost_guest_mxcsr]",
    "fldcw [rip + drvhost_guest_x87]",
    "mov r11, rsi",
    "mov rsp, r10",
    "mov rcx, [rsp]",
    "mov rdx, [rsp + 8]",
    "mov r8, [rsp + 16]",
    "mov r9, [rsp + 24]",
    // No pointer of the host's leaks through a register that the callee need not set.
    "xor eax, eax",
    "xor ebx, ebx",
    "xor ebp, ebp",
    "xor esi, esi",
    "xor edi, edi",
    "xor r10d, r10d",
    "xor r12d, r12d",
    "xor r13d, r13d",
    "xor r14d, r14d",
    "xor r15d, r15d",
    "call r11",
    // While a pending x87 exception would still be the guest's.
    "emms",
    // leave64: the guest has returned, rax is its answer.
    "mov r11, gs:[{teb_context}]",
    "jmp 4f",
    // fault64: the signal handler or import64 ends the innermost call; r11 is the context.
    ".globl drvhost_fault64",
    "drvhost_fault64:",
    "mov r10, [r11 + {teb}]",
    "wrgsbase r10",
    "fninit",
    "xor eax, eax",
    "4:",
    "mov qword ptr [r11 + {in_guest}], 0",
    "mov rsp, [r11 + {host_sp}]",
    "pop [r11 + {host_sp}]",
    "pop [r11 + {guest_sp}]",
    // Whatever the guest did to FS, and to the direction and alignment check flags.
    "mov r10, [r11 + {host_fs}]",
    "wrfsbase r10",
    "pushfq",
    "and dword ptr [rsp], 0xfffbfbff",
    "popfq",
    "ldmxcsr [rsp]",
    "fldcw [rsp + 4]",
    "add rsp, 8",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
    // import64: a thunk was called; eax is its index, the stack is the guest's.
    ".globl drvhost_import64",
    "drvhost_import64:",
    "mov r11, gs:[{teb_context}]",
    "mov qword ptr [r11 + {in_guest}], 0",
    "mov r10, rsp",
    "mov rsp, [r11 + {host_sp}]",
    "sub rsp, {frame_size}",
    "mov [rsp], rcx",
    "mov [rsp + 8], rdx",
    "mov [rsp + 16], r8",
    "mov [rsp + 24], r9",
    "movsd [rsp + 32], xmm0",
    "movsd [rsp + 40], xmm1",
    "movsd [rsp + 48], xmm2",
    "movsd [rsp + 56], xmm3",
    "mov [rsp + {frame_sp}], r10",
    "mov [rsp + {rdi}], rdi",
    "mov [rsp + {rsi}], rsi",
    "mov [rsp + {rbx}], rbx",
    "movaps [rsp + {xmm}], xmm6",
    "movaps [rsp + {xmm} + 16], xmm7",
    "movaps [rsp + {xmm} + 32], xmm8",
    "movaps [rsp + {xmm} + 48], xmm9",
    "movaps [rsp + {xmm} + 64], xmm10",
    "movaps [rsp + {xmm} + 80], xmm11",
    "movaps [rsp + {xmm} + 96], xmm12",
    "movaps [rsp + {xmm} + 112], xmm13",
    "movaps [rsp + {xmm} + 128], xmm14",
    "movaps [rsp + {xmm} + 144], xmm15",
    "mov [r11 + {guest_sp}], r10",
    "mov rbx, r11",
    "mov edx, eax",
    // A shim is Rust code: it needs the host's FS, no alignment check, and floating-point exceptions that stay masked. Looking first is
    // cheaper than writing, and the guest rarely changes any of them.
    "rdfsbase r10",
    "cmp r10, [r11 + {host_fs}]",
    "je 5f",
    "mov r10, [r11 + {host_fs}]",
    "wrfsbase r10",
    "5:",
    "pushfq",
    "test dword ptr [rsp], 0x40400",
    "jz 6f",
    "and dword ptr [rsp], 0xfffbfbff",
    "popfq",
    "pushfq",
    "6:",
    "add rsp, 8",
    "stmxcsr [rsp + {mxcsr}]",
    "mov eax, [rsp + {mxcsr}]",
    "and eax, 0xffc0",
    "cmp eax, 0x1f80",
    "je 7f",
    "ldmxcsr [rip + drvhost_guest_mxcsr]",
    "7:",
    "mov rdi, r11",
    "mov rsi, rsp",
    "call [r11 + {dispatch}]",
    "mov r11, rbx",
    "mov eax, [rsp + {mxcsr}]",
    "and eax, 0xffc0",
    "cmp eax, 0x1f80",
    "je 8f",
    "ldmxcsr [rsp + {mxcsr}]",
    "8:",
    "cmp qword ptr [r11 + {abort}], 0",
    "jne drvhost_fault64",
    "movaps xmm6, [rsp + {xmm}]",
    "movaps xmm7, [rsp + {xmm} + 16]",
    "movaps xmm8, [rsp + {xmm} + 32]",
    "movaps xmm9, [rsp + {xmm} + 48]",
    "movaps xmm10, [rsp + {xmm} + 64]",
    "movaps xmm11, [rsp + {xmm} + 80]",
    "movaps xmm12, [rsp + {xmm} + 96]",
    "movaps xmm13, [rsp + {xmm} + 112]",
    "movaps xmm14, [rsp + {xmm} + 128]",
    "movaps xmm15, [rsp + {xmm} + 144]",
    "mov rdi, [rsp + {rdi}]",
    "mov rsi, [rsp + {rsi}]",
    "mov rbx, [rsp + {rbx}]",
    "mov rax, [rsp + {result}]",
    "movsd xmm0, [rsp + {result_float}]",
    "mov r10, [rsp + {frame_sp}]",
    "mov qword ptr [r11 + {in_guest}], 1",
    "mov rsp, r10",
    "ret",
    ".section .rodata",
    "drvhost_guest_mxcsr: .long 0x1f80",
    "drvhost_guest_x87: .word 0x27f",
    ".text",
    guest_sp = const Context::GUEST_SP,
    host_sp = const Context::HOST_SP,
    teb = const Context::TEB,
    dispatch = const Context::DISPATCH,
    abort = const Context::ABORT,
    in_guest = const Context::IN_GUEST,
    host_fs = const Context::HOST_FS,
    mxcsr = const offset_of!(ImportFrame, mxcsr),
    teb_context = const TEB_CONTEXT,
    frame_size = const size_of::<ImportFrame>(),
    frame_sp = const offset_of!(ImportFrame, guest_sp),
    result = const offset_of!(ImportFrame, result),
    result_float = const offset_of!(ImportFrame, result_float),
    rdi = const offset_of!(ImportFrame, rdi),
    rsi = const offset_of!(ImportFrame, rsi),
    rbx = const offset_of!(ImportFrame, rbx),
    xmm = const offset_of!(ImportFrame, xmm),
);

unsafe extern "sysv64" {
    fn drvhost_enter64(context: *mut Context, function: u64, arguments: *const u64, count: usize) -> u64;
    fn drvhost_fault64();
    fn drvhost_import64();
}

/// Where the signal handler sends a thread whose innermost call must end.
pub(crate) fn fault_exit() -> u64 {
    drvhost_fault64 as *const () as u64
}

/// Where thunks jump to.
pub(crate) fn import_entry() -> u64 {
    drvhost_import64 as *const () as u64
}

/// What answers the guest's calls out.
pub trait Host {
    /// The machine that the guest runs on.
    fn machine(&mut self) -> &mut Machine;

    /// Serves a call of the import with this index. May [`call`] back into the guest.
    ///
    /// # Errors
    /// [`Stop`] ends the guest's call that is running, instead of returning to it.
    fn import(&mut self, index: u32, arguments: Arguments) -> Result<Value, Stop>;

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

/// A shim's result: the guest looks at the part that its declaration names.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Value {
    /// rax.
    pub integer: u64,
    /// xmm0.
    pub float: f64,
}

/// The arguments of an import call, as the guest laid them out.
#[derive(Debug, Clone, Copy)]
pub struct Arguments {
    integers: [u64; 4],
    floats: [u64; 4],
    stack: u64,
}

impl Arguments {
    /// Argument `index` as an integer or pointer.
    ///
    /// # Errors
    /// [`Violation`] when it would lie outside the guest's stack.
    pub fn integer(&self, index: usize, memory: &Memory) -> Result<u64, Violation> {
        match self.integers.get(index) {
            Some(&value) => Ok(value),
            None => self.stacked(index, memory),
        }
    }

    /// Argument `index` as a floating-point number of a function with a prototype.
    ///
    /// # Errors
    /// As [`integer`](Self::integer).
    pub fn float(&self, index: usize, memory: &Memory) -> Result<f64, Violation> {
        match self.floats.get(index) {
            Some(&bits) => Ok(f64::from_bits(bits)),
            None => self.stacked(index, memory).map(f64::from_bits),
        }
    }

    /// Win64: every argument has an 8-byte slot above the return address; the first four slots are not filled.
    fn stacked(&self, index: usize, memory: &Memory) -> Result<u64, Violation> {
        let at = self.stack.wrapping_add(8 * index as u64);
        memory.array(at).map(u64::from_le_bytes)
    }
}

/// Calls a guest function and answers what it returned in rax.
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
    let too_deep = depth >= host.machine().depth_limit();
    if too_deep || host.machine().interrupted() {
        let kind = if too_deep { FaultKind::StackOverflow } else { FaultKind::Deadline };
        return Err(Fault { kind, instruction: function, place: host.machine().place(function) });
    }
    let host_pointer = std::ptr::from_mut(host);
    // SAFETY: the context as above. `enter64` keeps the System V contract, whatever the guest does to its registers (it restores them from
    // the host's stack). While it runs, `host` is used only through `host_pointer`, by `dispatch::<H>`, which is set together
    // with it here; both are put back for the call outside before anything can use them.
    let (result, trap, abort) = unsafe {
        let outside = ((*context).dispatch, (*context).host);
        (*context).dispatch = dispatch::<H> as *const () as u64;
        (*context).host = host_pointer.expose_provenance() as u64;
        (&raw mut (*context).depth).write_volatile(depth + 1);
        let result = drvhost_enter64(context, function, arguments.as_ptr(), arguments.len());
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

/// Runs a shim for `import64`. Panics and stops become the fault that ends the guest's call.
extern "sysv64" fn dispatch<H: Host>(context: *mut Context, frame: *mut ImportFrame, index: u32) {
    // SAFETY: `import64` passes the context of this thread, whose `host` was set by the innermost `call::<H>` together with
    // this function, and a frame of its own on this stack; that call uses neither while the guest runs.
    let (host, frame) = unsafe {
        let host = std::ptr::with_exposed_provenance_mut::<H>((*context).host as usize);
        (&mut *host, &mut *frame)
    };
    let arguments =
        Arguments { integers: frame.integers, floats: frame.floats, stack: frame.guest_sp.wrapping_add(8) };
    let outcome = catch_unwind(AssertUnwindSafe(|| host.import(index, arguments)));
    let stop = match outcome {
        Ok(Ok(value)) => {
            frame.result = value.integer;
            frame.result_float = value.float.to_bits();
            return;
        }
        Ok(Err(stop)) => stop,
        Err(_panic) => Stop::Kind(FaultKind::Shim { shim: host.import_name(index) }),
    };
    let machine = host.machine();
    let caller = machine.memory.array(frame.guest_sp).map_or(0, u64::from_le_bytes);
    let fault = match stop {
        Stop::Fault(fault) => fault,
        Stop::Kind(kind) => Fault { kind, instruction: caller, place: machine.place(caller) },
    };
    machine.stopped = Some(fault);
    // SAFETY: the context of this thread, as above.
    unsafe { (&raw mut (*context).abort).write_volatile(1) };
}
