//! The way into guest code and out of it again, in assembly.
//!
//! A WORD OF CAUTION: what follows moves between two stacks and two or three calling conventions. The host's side is System V, the
//! guest's is Win64 ([`long`]) or i386 ([`compat`]). On the host's stack, inside one [`crate::call`] (addresses grow upwards):
//!
//! ```text
//!   return address into call()
//!   rbp rbx r12 r13 r14 r15           saved for the host
//!   x87 control word, MXCSR           saved for the host (16 bytes)
//!   guest_sp of the call outside      restored when this call ends
//!   exception list of the call outside
//!   host_sp of the call outside
//!   <------------------------------   Context.host_sp of this call (16-byte aligned)
//!   ImportFrame                       while a shim runs; deeper calls nest below it
//! ```
//! On the guest's stack a call pushes its arguments and a return address that leads to `drvhost_leave32` or `drvhost_leave64`. A shim
//! never runs on the guest's stack.
//!
//! `Context.in_guest` says whose doing a fault is. It is 1 wherever an instruction depends on what the guest controls (its stack, its
//! segment registers), and there `Context.host_sp` already is where `drvhost_fault` may continue.

pub(crate) mod compat;
pub(crate) mod long;

use std::arch::global_asm;
use std::mem::offset_of;

use crate::context::Context;
use crate::cpu::{self, Cpu};

/// What a thunk hands to a shim, and where the shim's result is left. Lies on the host's stack.
#[repr(C, align(16))]
#[derive(Debug)]
pub(crate) struct ImportFrame {
    /// Of a 64-bit guest: rcx, rdx, r8, r9.
    pub integers: [u64; 4],
    /// Of a 64-bit guest: the low halves of xmm0 to xmm3.
    pub floats: [u64; 4],
    /// The guest's stack pointer: the address of the return address.
    pub guest_sp: u64,
    /// The result's bits, for rax or for edx and eax.
    pub result: u64,
    /// The result's bits, for xmm0 or for st(0).
    pub result_float: u64,
    /// What both conventions preserve, and rsi and rdi, which System V does not. Of r12 to r15 a 32-bit guest knows nothing.
    pub rdi: u64,
    pub rsi: u64,
    pub rbx: u64,
    pub rbp: u64,
    pub r12: [u64; 4],
    /// The guest's MXCSR.
    pub mxcsr: u32,
    /// Whether the result goes to a 32-bit guest's st(0).
    pub to_x87: u32,
    /// How many bytes a 32-bit guest's stack loses besides the return address.
    pub popped: u64,
    /// Keeps what follows aligned.
    pub padding: u64,
    /// Of a 64-bit guest: xmm6 to xmm15, which Win64 preserves and System V does not.
    pub xmm: [u128; 10],
}

/// Saves what the host needs again and makes this call the innermost one. In: rdi, the context; spoils rax.
macro_rules! begin {
    () => {
        concat!(
            "push rbp\n push rbx\n push r12\n push r13\n push r14\n push r15\n",
            "sub rsp, 16\n stmxcsr [rsp]\n fnstcw [rsp + 4]\n",
            "push [rdi + {guest_sp}]\n",
            // What handlers of exceptions a 32-bit guest has set up so far is no concern of a call that begins.
            "mov rax, [rdi + {teb}]\n push qword ptr [rax]\n mov dword ptr [rax], -1\n",
            "push [rdi + {host_sp}]\n",
            "mov [rdi + {host_sp}], rsp\n",
            "mov qword ptr [rdi + {in_guest}], 1\n",
            // The floating-point state that Windows starts threads with.
            "ldmxcsr [rip + drvhost_guest_mxcsr]\n fldcw [rip + drvhost_guest_x87]\n",
        )
    };
}
pub(crate) use begin;

/// Saves what a shim may ask for, then runs it. In: r11, the context; edx, the import's index; rsp, an `ImportFrame` on the host's stack. Out:
/// r11, the context; goes elsewhere if the guest is not to go on behind its call. Spoils rbx.
///
/// A shim is Rust code: it needs the host's FS, no direction flag and no alignment check (nor a nested task, at which `iretq` faults), and floating-point exceptions that stay masked.
/// Looking first is cheaper than writing, and the guest rarely changes any of them.
macro_rules! serve {
    () => {
        concat!(
            "mov [rsp + {rdi}], rdi\n mov [rsp + {rsi}], rsi\n mov [rsp + {rbx}], rbx\n mov [rsp + {rbp}], rbp\n",
            "mov [rsp + {r12}], r12\n mov [rsp + {r12} + 8], r13\n",
            "mov [rsp + {r12} + 16], r14\n mov [rsp + {r12} + 24], r15\n",
            "rdfsbase r10\n cmp r10, [r11 + {host_fs}]\n je 5f\n",
            "mov r10, [r11 + {host_fs}]\n wrfsbase r10\n",
            "5:\n pushfq\n test dword ptr [rsp], 0x44400\n jz 6f\n",
            "and dword ptr [rsp], 0xfffbbbff\n popfq\n pushfq\n",
            "6:\n add rsp, 8\n",
            "stmxcsr [rsp + {mxcsr}]\n mov eax, [rsp + {mxcsr}]\n and eax, 0xffc0\n cmp eax, 0x1f80\n je 7f\n",
            "ldmxcsr [rip + drvhost_guest_mxcsr]\n",
            "7:\n mov rbx, r11\n mov rdi, r11\n mov rsi, rsp\n call [r11 + {dispatch}]\n mov r11, rbx\n",
            "mov eax, [rsp + {mxcsr}]\n and eax, 0xffc0\n cmp eax, 0x1f80\n je 8f\n",
            "ldmxcsr [rsp + {mxcsr}]\n",
            "8:\n cmp qword ptr [r11 + {abort}], 0\n jne drvhost_elsewhere\n",
        )
    };
}
pub(crate) use serve;

/// Assembly that uses [`begin`] and [`serve`], with the places that these name, and further operands.
macro_rules! between_stacks {
    ($($code:expr),*; $($operand:ident = const $value:expr),* $(,)?) => {
        std::arch::global_asm!(
            $($code,)*
            guest_sp = const Context::GUEST_SP,
            host_sp = const Context::HOST_SP,
            teb = const Context::TEB,
            dispatch = const Context::DISPATCH,
            abort = const Context::ABORT,
            in_guest = const Context::IN_GUEST,
            host_fs = const Context::HOST_FS,
            mxcsr = const offset_of!(ImportFrame, mxcsr),
            frame_size = const size_of::<ImportFrame>(),
            frame_sp = const offset_of!(ImportFrame, guest_sp),
            result = const offset_of!(ImportFrame, result),
            result_float = const offset_of!(ImportFrame, result_float),
            rdi = const offset_of!(ImportFrame, rdi),
            rsi = const offset_of!(ImportFrame, rsi),
            rbx = const offset_of!(ImportFrame, rbx),
            rbp = const offset_of!(ImportFrame, rbp),
            r12 = const offset_of!(ImportFrame, r12),
            $($operand = const $value),*
        );
    };
}
pub(crate) use between_stacks;

global_asm!(
    // A fault of the guest's, saved by the signal handler; r11 is the context. Looks for somebody who wants to hear of it, as a shim runs.
    ".globl drvhost_trap",
    "drvhost_trap:",
    "mov qword ptr [r11 + {in_guest}], 0",
    "mov r10, [r11 + {gs_base}]",
    "wrgsbase r10",
    "mov r10, [r11 + {host_fs}]",
    "wrfsbase r10",
    "fninit",
    "ldmxcsr [rip + drvhost_guest_mxcsr]",
    "mov rsp, [r11 + {host_sp}]",
    "mov rbx, r11",
    "mov rdi, r11",
    "call [r11 + {trapped}]",
    "mov r11, rbx",
    // Context.abort says where else than behind its call the guest goes on.
    ".globl drvhost_elsewhere",
    "drvhost_elsewhere:",
    "cmp qword ptr [r11 + {abort}], {resume}",
    "jne drvhost_fault",
    // In the state of Context.cpu.
    "mov qword ptr [r11 + {abort}], 0",
    "mov rsp, [r11 + {host_sp}]",
    "mov qword ptr [r11 + {in_guest}], 1",
    "fxrstor64 [r11 + {cpu_fx}]",
    "push [r11 + {cpu} + {ss}]",
    "push [r11 + {cpu} + {rsp}]",
    "push [r11 + {cpu} + {flags}]",
    "push [r11 + {cpu} + {cs}]",
    "push [r11 + {cpu} + {rip}]",
    "cmp qword ptr [r11 + {cpu} + {cs}], {compat}",
    "jne 2f",
    "mov rax, [r11 + {teb}]",
    "wrfsbase rax",
    "2:",
    "mov rax, [r11 + {cpu}]",
    "mov rcx, [r11 + {cpu} + 8]",
    "mov rdx, [r11 + {cpu} + 16]",
    "mov rbx, [r11 + {cpu} + 24]",
    "mov rbp, [r11 + {cpu} + 40]",
    "mov rsi, [r11 + {cpu} + 48]",
    "mov rdi, [r11 + {cpu} + 56]",
    "mov r8, [r11 + {cpu} + 64]",
    "mov r9, [r11 + {cpu} + 72]",
    "mov r10, [r11 + {cpu} + 80]",
    "mov r12, [r11 + {cpu} + 96]",
    "mov r13, [r11 + {cpu} + 104]",
    "mov r14, [r11 + {cpu} + 112]",
    "mov r15, [r11 + {cpu} + 120]",
    "mov r11, [r11 + {cpu} + 88]",
    "iretq",
    // The signal handler, or `serve`, ends the innermost call; r11 is the context.
    ".globl drvhost_fault",
    "drvhost_fault:",
    "mov r10, [r11 + {gs_base}]",
    "wrgsbase r10",
    "fninit",
    "xor eax, eax",
    // The innermost call is over: r11 is the context, rax its answer.
    ".globl drvhost_exit",
    "drvhost_exit:",
    "mov qword ptr [r11 + {in_guest}], 0",
    "mov rsp, [r11 + {host_sp}]",
    "pop [r11 + {host_sp}]",
    "mov r10, [r11 + {teb}]",
    "pop r9",
    "mov [r10], r9d",
    "pop [r11 + {guest_sp}]",
    // Whatever the guest did to FS, and to the direction, nested task and alignment check flags: looking first is cheaper here, too.
    "mov r10, [r11 + {host_fs}]",
    "rdfsbase r9",
    "cmp r9, r10",
    "je 4f",
    "wrfsbase r10",
    "4:",
    "pushfq",
    "test dword ptr [rsp], 0x44400",
    "jz 5f",
    "and dword ptr [rsp], 0xfffbbbff",
    "popfq",
    "pushfq",
    "5:",
    "add rsp, 8",
    "ldmxcsr [rsp]",
    "fldcw [rsp + 4]",
    "add rsp, 16",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
    ".section .rodata",
    ".globl drvhost_guest_mxcsr",
    "drvhost_guest_mxcsr: .long 0x1f80",
    ".globl drvhost_guest_x87",
    "drvhost_guest_x87: .word 0x27f",
    ".text",
    guest_sp = const Context::GUEST_SP,
    host_sp = const Context::HOST_SP,
    teb = const Context::TEB,
    gs_base = const Context::GS_BASE,
    in_guest = const Context::IN_GUEST,
    host_fs = const Context::HOST_FS,
    abort = const Context::ABORT,
    trapped = const Context::TRAPPED,
    resume = const RESUME,
    compat = const compat::CODE,
    cpu = const Context::CPU,
    cpu_fx = const Context::CPU + offset_of!(Cpu, floats),
    rsp = const offset_of!(Cpu, general) + 8 * cpu::RSP,
    rip = const offset_of!(Cpu, rip),
    flags = const offset_of!(Cpu, flags),
    cs = const offset_of!(Cpu, cs),
    ss = const offset_of!(Cpu, ss),
);

/// Values of [`Context::abort`]: the innermost call ends, or goes on from [`Context::cpu`].
pub(crate) const END: u64 = 1;
pub(crate) const RESUME: u64 = 2;

// What the assembly above takes for granted.
const _: () = assert!(offset_of!(Cpu, general) == 0 && cpu::RSP == 4);

unsafe extern "sysv64" {
    fn drvhost_fault();
    fn drvhost_trap();
}

/// Where the signal handler sends a thread whose fault may have a handler in the guest.
pub(crate) fn trap_exit() -> u64 {
    drvhost_trap as *const () as u64
}

/// Where the signal handler sends a thread whose innermost call must end.
pub(crate) fn fault_exit() -> u64 {
    drvhost_fault as *const () as u64
}
