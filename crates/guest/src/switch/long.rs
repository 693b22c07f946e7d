//! To 64-bit guest code and back.

use std::mem::{offset_of, size_of};

use crate::context::{Context, TEB_CONTEXT};
use crate::switch::{ImportFrame, begin, between_stacks, serve};

between_stacks!(
    // fn enter64(context: rdi, function: rsi, arguments: rdx, count: rcx) -> rax
    ".globl drvhost_enter64",
    "drvhost_enter64:",
    begin!(),
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
    // leave64: the guest has returned, rax is its answer. A pending x87 exception is still its own.
    "emms",
    "mov r11, gs:[{teb_context}]",
    "jmp drvhost_exit",
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
    "mov edx, eax",
    serve!(),
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
    "ret";
    teb_context = const TEB_CONTEXT,
    xmm = const offset_of!(ImportFrame, xmm),
);

unsafe extern "sysv64" {
    /// Calls a 64-bit guest function with `count` arguments; answers rax.
    pub(crate) fn drvhost_enter64(
        context: *mut Context,
        function: u64,
        arguments: *const u64,
        count: usize,
    ) -> u64;
    fn drvhost_import64();
}

/// Where 64-bit thunks jump to, with their index in eax.
pub(crate) fn import_entry() -> u64 {
    drvhost_import64 as *const () as u64
}
