//! Where the program begins.

use std::arch::naked_asm;

use crate::begin::begin;

unsafe extern "C" {
    /// The C library's own entry point.
    fn _start();
}

/// The entry point of a program that begins a worker first. Only the kernel, or the dynamic linker, may begin here.
///
/// Hands the stack, which has the arguments, to `begin::begin`, and then goes on to the C library's own entry point as if it had not been here: with the stack as it was, and the function for the program's end, if
/// there is one, in `rdx` (System V ABI for x86-64, 3.4.1).
///
/// # Safety
/// Nobody may call it.
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn drvhost_entry() {
    naked_asm!(
        // The stack is aligned to 16 bytes here, and is again where the function is called.
        "mov rdi, rsp",
        "push rdx",
        "sub rsp, 8",
        "call {begin}",
        "add rsp, 8",
        "pop rdx",
        "jmp {start}",
        begin = sym begin,
        start = sym _start,
    )
}
