//! The signal handler: turns a fault in guest code, or the soft deadline, into the end of the innermost call.
//!
//! The handler runs on an alternate stack of its own. The guest may have changed FS, so the first instructions find the
//! [`Context`] without thread-local storage (its address lies at the bottom of the aligned alternate stack) and restore the host's FS
//! base before any Rust code runs.

use std::arch::global_asm;
use std::io;

use crate::context::{Context, Trap};
use crate::cpu::{Cpu, FX_SIZE};
use crate::layout::GUEST_END;
use crate::switch::{self, END, compat};

/// Size and alignment of the alternate stack: its base is found by masking a stack pointer.
pub(crate) const STACK_SIZE: usize = 0x1_0000;

/// The signals that a fault in guest code raises, and the one that the host sends for a missed deadline.
const SIGNALS: [libc::c_int; 7] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGSYS, libc::SIGUSR1];

/// Flags that must not stay as the guest left them: trap, direction, nested task, alignment check.
const UNSAFE_FLAGS: i64 = 0x100 | 0x400 | 0x4000 | 0x4_0000;

global_asm!(
    ".globl drvhost_signal",
    "drvhost_signal:",
    // The kernel clears the guest's direction and trap flags, but not its alignment check.
    "pushfq",
    "and dword ptr [rsp], 0xfffbffff",
    "popfq",
    "mov rcx, rsp",
    "and rcx, -{stack_size}",
    "mov rcx, [rcx]",
    "rdfsbase rax",
    "push rax",
    "mov r8, [rcx + {host_fs}]",
    "wrfsbase r8",
    "call {handle}",
    "pop rax",
    "wrfsbase rax",
    "ret",
    stack_size = const STACK_SIZE,
    host_fs = const Context::HOST_FS,
    handle = sym handle,
);

unsafe extern "C" {
    fn drvhost_signal();
}

/// Has faults and missed deadlines go to the handler, in all threads. Each thread needs a [stack](use_stack) for it first.
pub(crate) fn install() -> io::Result<()> {
    for signal in SIGNALS {
        // SAFETY: a zeroed sigaction is a valid one; `drvhost_signal` has the handler's signature and returns to the kernel's trampoline.
        let result = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = drvhost_signal as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
            // All blocked while it runs: a fault inside the handler kills the process instead of running it again.
            libc::sigfillset(&raw mut action.sa_mask);
            libc::sigaction(signal, &raw const action, std::ptr::null_mut())
        };
        if result == -1 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// A stack for the calling thread's handler, of memory that is mapped for it.
pub(crate) fn make_stack() -> io::Result<*mut u8> {
    // SAFETY: an anonymous mapping at a place of the kernel's choice.
    let area = unsafe {
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        libc::mmap(std::ptr::null_mut(), 2 * STACK_SIZE, prot, flags, -1, 0)
    };
    if area == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // Twice the size was mapped, so a whole aligned stack lies inside.
    Ok(area.map_addr(|address| address.next_multiple_of(STACK_SIZE)).cast())
}

/// Has the calling thread's handler run on the stack at `base`.
///
/// # Safety
/// From `base`, a multiple of [`STACK_SIZE`], as many bytes must be mapped for good and be used by nobody else; `context` must stay valid for
/// as long as the process, and be this thread's.
pub(crate) unsafe fn use_stack(base: *mut u8, context: *mut Context) -> io::Result<()> {
    // SAFETY: the caller's contract.
    unsafe { base.cast::<*mut Context>().write(context) };
    let stack = libc::stack_t { ss_sp: base.cast(), ss_flags: 0, ss_size: STACK_SIZE };
    // SAFETY: `stack` describes the memory above.
    if unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) } == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// The handler proper: `drvhost_signal` calls it with the context of the interrupted thread.
extern "sysv64" fn handle(
    signal: libc::c_int,
    info: *const libc::siginfo_t,
    ucontext: *mut libc::ucontext_t,
    context: *mut Context,
) {
    // SAFETY: the kernel passes valid pointers to the frame on this stack, which nobody else uses (`fpregs` points to another part of it); `context` was installed for this thread, and
    // whatever this interrupted is suspended for as long as the handler runs.
    let (info, registers, context) = unsafe { (&*info, &mut (*ucontext).uc_mcontext.gregs, &mut *context) };
    let instruction = registers[libc::REG_RIP as usize].cast_unsigned();
    let in_guest = context.depth > 0 && context.in_guest != 0;
    // SAFETY: the signals handled here fill in the address, or the fields that lie in the same place for SIGSYS and SIGUSR1.
    let address = unsafe { info.si_addr() } as u64;
    let mut trap = Trap {
        signal,
        code: info.si_code,
        instruction,
        address,
        number: registers[libc::REG_TRAPNO as usize].cast_unsigned(),
        error: registers[libc::REG_ERR as usize].cast_unsigned(),
        frame: registers[libc::REG_RBP as usize].cast_unsigned(),
        stack: registers[libc::REG_RSP as usize].cast_unsigned(),
    };
    if signal == libc::SIGUSR1 {
        // At the floor the request's own call is over, or has not begun.
        // SAFETY: the context of this thread, as above.
        if context.depth <= context.floor || !unsafe { Context::interrupted(context) } {
            return;
        }
        if !in_guest {
            // A shim runs: the guest's call ends when the shim comes back. The host repeats the signal until then.
            trap.instruction = 0;
            context.trap = trap;
            context.abort = END;
            return;
        }
    } else if signal == libc::SIGSYS {
        // siginfo of SIGSYS: the call's address, then its number as 32 bits (sigaction(2), "si_syscall").
        // SAFETY: siginfo_t is 128 bytes; SIGSYS raised by the filter fills these fields at this offset on x86-64.
        trap.address = u64::from(unsafe { std::ptr::from_ref(info).cast::<u32>().add(6).read() });
    }
    if !in_guest {
        die();
    }
    if signal == libc::SIGILL && instruction == compat::lost() {
        // SAFETY: GS is unused by host code on x86-64 Linux; FSGSBASE is there. The kernel leaves it alone when this handler returns.
        unsafe { std::arch::asm!("wrgsbase {}", in(reg) context.gs_base, options(nomem, nostack)) };
        registers[libc::REG_RIP as usize] = registers[libc::REG_R10 as usize];
        return;
    }
    context.trap = trap;
    // What the host was doing for the guest when the guest's stack or code turned out not to be there is not for the guest to see.
    let ended = matches!(signal, libc::SIGUSR1 | libc::SIGSYS) || instruction >= GUEST_END;
    let exit = if ended {
        switch::fault_exit()
    } else {
        // SAFETY: the kernel's frame, as above; its floating-point state begins as FXSAVE lays it out.
        let floats = unsafe { (*ucontext).uc_mcontext.fpregs.cast::<[u8; FX_SIZE]>().as_ref() };
        save(registers, floats, &mut context.cpu);
        switch::trap_exit()
    };
    registers[libc::REG_RIP as usize] = exit.cast_signed();
    registers[libc::REG_RSP as usize] = context.host_sp.cast_signed();
    registers[libc::REG_R11 as usize] = std::ptr::from_mut(context) as i64;
    registers[libc::REG_EFL as usize] &= !UNSAFE_FLAGS;
    // CS, GS, FS and SS, 16 bits each: the guest may have run 32-bit code.
    let data = i64::from(compat::DATA) << 48;
    let segments = &mut registers[libc::REG_CSGSFS as usize];
    *segments = *segments & 0x0000_ffff_ffff_0000 | data | i64::from(compat::HOST_CODE);
}

/// The general registers, in the order of their numbers.
const GENERAL: [libc::c_int; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];

/// Keeps the registers of the interrupted guest.
fn save(registers: &[i64], floats: Option<&[u8; FX_SIZE]>, cpu: &mut Cpu) {
    let value = |register: libc::c_int| registers[register as usize].cast_unsigned();
    cpu.general = GENERAL.map(value);
    cpu.rip = value(libc::REG_RIP);
    cpu.flags = value(libc::REG_EFL);
    if let Some(floats) = floats {
        cpu.set_fx(*floats);
    }
}

/// Ends the process: the host's own code faulted, and nothing that it holds can be trusted any more.
fn die() -> ! {
    // All signals are blocked here, so the kernel ends the process with this one instead of delivering it.
    // SAFETY: raises SIGILL, as meant.
    unsafe { std::arch::asm!("ud2", options(noreturn)) }
}
