//! The signal handler: turns a fault in guest code, or the soft deadline, into the end of the innermost call.
//!
//! The handler runs on an alternate stack of its own. The guest may have changed FS, so the first instructions find the
//! [`Context`] without thread-local storage (its address lies at the bottom of the aligned alternate stack) and restore the host's FS
//! base before any Rust code runs.

use std::arch::global_asm;
use std::io;

use crate::context::{Context, Trap};
use crate::switch::{self, compat};

/// Size and alignment of the alternate stack: its base is found by masking a stack pointer.
const STACK_SIZE: usize = 0x1_0000;

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

/// Installs the handler for this thread.
///
/// # Safety
/// `context` must stay valid for as long as the process, and be this thread's.
pub(crate) unsafe fn install(context: *mut Context) -> io::Result<()> {
    // SAFETY: an anonymous mapping at a place of the kernel's choice.
    let area = unsafe {
        let (prot, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        libc::mmap(std::ptr::null_mut(), 2 * STACK_SIZE, prot, flags, -1, 0)
    };
    if area == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let base = area.map_addr(|address| address.next_multiple_of(STACK_SIZE));
    // SAFETY: twice the size was mapped, so a whole aligned stack lies inside; it is this thread's alone and stays mapped.
    unsafe { base.cast::<*mut Context>().write(context) };
    let stack = libc::stack_t { ss_sp: base, ss_flags: 0, ss_size: STACK_SIZE };
    // SAFETY: `stack` describes the mapping above.
    if unsafe { libc::sigaltstack(&raw const stack, std::ptr::null_mut()) } == -1 {
        return Err(io::Error::last_os_error());
    }
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

/// The handler proper: `drvhost_signal` calls it with the context of the interrupted thread.
extern "sysv64" fn handle(
    signal: libc::c_int,
    info: *const libc::siginfo_t,
    ucontext: *mut libc::ucontext_t,
    context: *mut Context,
) {
    // SAFETY: the kernel passes valid pointers to the frame on this stack, which nobody else uses; `context` was installed for this thread, and
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
            context.abort = 1;
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
    context.trap = trap;
    registers[libc::REG_RIP as usize] = switch::fault_exit().cast_signed();
    registers[libc::REG_RSP as usize] = context.host_sp.cast_signed();
    registers[libc::REG_R11 as usize] = std::ptr::from_mut(context) as i64;
    registers[libc::REG_EFL as usize] &= !UNSAFE_FLAGS;
    // CS, GS, FS and SS, 16 bits each: the guest may have run 32-bit code.
    let data = i64::from(compat::DATA) << 48;
    let segments = &mut registers[libc::REG_CSGSFS as usize];
    *segments = *segments & 0x0000_ffff_ffff_0000 | data | i64::from(compat::HOST_CODE);
}

/// Ends the process: the host's own code faulted, and nothing that it holds can be trusted any more.
fn die() -> ! {
    // All signals are blocked here, so the kernel ends the process with this one instead of delivering it.
    // SAFETY: raises SIGILL, as meant.
    unsafe { std::arch::asm!("ud2", options(noreturn)) }
}
