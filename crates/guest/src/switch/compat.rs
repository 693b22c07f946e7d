//! To 32-bit guest code and back.
//!
//! 64-bit code reaches the guest by a far jump. Far jumps of 32-bit code reach only the lowest 4 GiB, where `thunks.rs` puts a few
//! instructions that lead on to `drvhost_leave32` and `drvhost_import32`. They arrive with the guest's stack and the guest's FS; the context
//! is the base of GS, which [`find_context`] makes sure of; the upper halves of the registers that 32-bit code has mean nothing then.

use std::mem::{offset_of, size_of};

use crate::context::Context;
use crate::switch::{ImportFrame, begin, between_stacks, serve};

/// The selector of 32-bit code (`__USER32_CS`).
pub(crate) const CODE: u16 = 0x23;
/// The selectors of 64-bit code (`__USER_CS`) and of data (`__USER_DS`).
pub(crate) const HOST_CODE: u16 = 0x33;
pub(crate) const DATA: u16 = 0x2b;

/// Finds the context: r11. Spoils r10.
///
/// No word that 32-bit code can write leads here: a base that it has loaded into GS is below 4 GiB, whatever the descriptor, and the context is not.
macro_rules! find_context {
    () => {
        "8: rdgsbase r11\n mov r10, r11\n shr r10, 32\n lea r10, [rip + 8b]\n jz drvhost_lost\n"
    };
}

between_stacks!(
    // fn enter32(context: rdi, function: rsi, arguments: rdx, count: rcx) -> rax
    ".globl drvhost_enter32",
    "drvhost_enter32:",
    begin!(),
    // Arguments begin at a multiple of 16 bytes, which compilers other than Windows' own expect.
    "mov r10d, [rdi + {guest_sp}]",
    "lea rax, [rcx * 4 + 15]",
    "sub r10, rax",
    "and r10, -16",
    "xor eax, eax",
    "2:",
    "cmp rax, rcx",
    "jae 3f",
    "mov r11d, [rdx + rax * 8]",
    "mov [r10 + rax * 4], r11d",
    "inc rax",
    "jmp 2b",
    "3:",
    "sub r10, 4",
    "mov eax, [rdi + {return32}]",
    "mov [r10], eax",
    "mov r11, rdi",
    "mov [r11 + {far}], esi",
    // Linux runs 64-bit programs without data segments.
    "mov edx, {data}",
    "mov eax, ds",
    "cmp eax, edx",
    "je 4f",
    "mov ds, edx",
    "4:",
    "mov eax, es",
    "cmp eax, edx",
    "je 5f",
    "mov es, edx",
    "5:",
    "mov eax, ss",
    "cmp eax, edx",
    "je 7f",
    "mov ss, edx",
    "7:",
    "mov eax, fs",
    "cmp eax, [r11 + {fs_selector}]",
    "je 6f",
    "mov fs, word ptr [r11 + {fs_selector}]",
    "6:",
    "mov rax, [r11 + {teb}]",
    "wrfsbase rax",
    // The guest finds no number of the host's where 32-bit code looks.
    "xor eax, eax",
    "xor ecx, ecx",
    "xor edx, edx",
    "xor ebx, ebx",
    "xor ebp, ebp",
    "xor esi, esi",
    "xor edi, edi",
    "mov rsp, r10",
    "jmp fword ptr [r11 + {far}]",
    // leave32: the guest has returned, eax is its answer. A pending x87 exception is still its own.
    ".globl drvhost_leave32",
    "drvhost_leave32:",
    "emms",
    find_context!(),
    "mov eax, eax",
    "jmp drvhost_exit",
    // import32: a thunk was called; eax is its index, the stack is the guest's.
    ".globl drvhost_import32",
    "drvhost_import32:",
    find_context!(),
    "mov qword ptr [r11 + {in_guest}], 0",
    "mov r10d, esp",
    "mov rsp, [r11 + {host_sp}]",
    "sub rsp, {frame_size}",
    "mov [rsp + {frame_sp}], r10",
    "mov [r11 + {guest_sp}], r10",
    "mov edx, eax",
    serve!(),
    "mov rdi, [rsp + {rdi}]",
    "mov rsi, [rsp + {rsi}]",
    "mov rbx, [rsp + {rbx}]",
    // From here on: an x87 exception that is pending since before the call is the guest's own, and `fld` raises it.
    "mov qword ptr [r11 + {in_guest}], 1",
    "mov eax, [rsp + {result}]",
    "mov edx, [rsp + {result} + 4]",
    "cmp dword ptr [rsp + {to_x87}], 0",
    "je 9f",
    "fld qword ptr [rsp + {result_float}]",
    "9:",
    "mov r10, [rsp + {frame_sp}]",
    "mov r9, [rsp + {popped}]",
    "mov ecx, [r10]",
    "mov [r11 + {far}], ecx",
    "lea rsp, [r10 + r9 + 4]",
    "mov r9, [r11 + {teb}]",
    "wrfsbase r9",
    "jmp fword ptr [r11 + {far}]",
    // What is in GS is the guest's: the signal handler puts the context there again, and goes on at r10.
    ".globl drvhost_lost",
    "drvhost_lost:",
    "ud2";
    fs_selector = const Context::FS_SELECTOR,
    far = const Context::FAR,
    data = const DATA,
    return32 = const Context::RETURN32,
    to_x87 = const offset_of!(ImportFrame, to_x87),
    popped = const offset_of!(ImportFrame, popped),
);

unsafe extern "sysv64" {
    /// Calls a 32-bit guest function with `count` arguments, of which the lower halves count; answers eax.
    pub(crate) fn drvhost_enter32(
        context: *mut Context,
        function: u64,
        arguments: *const u64,
        count: usize,
    ) -> u64;
    fn drvhost_leave32();
    fn drvhost_lost();
    fn drvhost_import32();
}

/// The instruction at which a thread stops that does not find its context.
pub(crate) fn lost() -> u64 {
    drvhost_lost as *const () as u64
}

/// Where the low instructions lead to that 32-bit thunks and returning functions jump to.
pub(crate) fn entries() -> [u64; 2] {
    [drvhost_import32 as *const () as u64, drvhost_leave32 as *const () as u64]
}
