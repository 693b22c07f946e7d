//! System calls, and memory by its addresses, without the C library or Rust's.

use std::arch::asm;
use std::ffi::c_long;

/// Words that say what a call of a child's is: its number and four arguments, which is as many as any of these has.
pub(crate) const CALL: usize = 5;

/// Makes a system call. The answer is the kernel's: a negative number is an error's.
///
/// # Safety
/// As the call's: it may be handed addresses.
#[inline(always)]
pub(crate) unsafe fn call(number: c_long, first: usize, second: usize, third: usize, fourth: usize) -> isize {
    let answer;
    // SAFETY: the kernel changes the three registers that are named, and memory only as the call does (contract above).
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number as isize => answer,
            in("rdi") first,
            in("rsi") second,
            in("rdx") third,
            in("r10") fourth,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    answer
}

/// The byte at an address.
///
/// # Safety
/// It can be read.
#[inline(always)]
pub(crate) unsafe fn byte(address: usize) -> u8 {
    let byte;
    // SAFETY: as the contract says.
    unsafe {
        asm!("mov {}, [{}]", out(reg_byte) byte, in(reg) address, options(nostack, preserves_flags, readonly));
    }
    byte
}

/// The word at an address.
///
/// # Safety
/// It can be read.
#[inline(always)]
pub(crate) unsafe fn word(address: usize) -> usize {
    let word;
    // SAFETY: as the contract says.
    unsafe {
        asm!("mov {}, [{}]", out(reg) word, in(reg) address, options(nostack, preserves_flags, readonly));
    }
    word
}

/// Writes the byte at an address.
///
/// # Safety
/// It can be written, and no reference leads there.
#[inline(always)]
pub(crate) unsafe fn put_byte(address: usize, byte: u8) {
    // SAFETY: as the contract says.
    unsafe { asm!("mov [{}], {}", in(reg) address, in(reg_byte) byte, options(nostack, preserves_flags)) };
}

/// Writes the word at an address.
///
/// # Safety
/// As [`put_byte`].
#[inline(always)]
pub(crate) unsafe fn put_word(address: usize, word: usize) {
    // SAFETY: as the contract says.
    unsafe { asm!("mov [{}], {}", in(reg) address, in(reg) word, options(nostack, preserves_flags)) };
}

/// Writes the number of 32 bits at an address.
///
/// # Safety
/// As [`put_byte`].
#[inline(always)]
pub(crate) unsafe fn put_number(address: usize, number: i32) {
    // SAFETY: as the contract says.
    unsafe { asm!("mov [{}], {:e}", in(reg) address, in(reg) number, options(nostack, preserves_flags)) };
}

/// Makes a child that makes the `count` calls that lie at `calls`, [`CALL`] words each; the last one is to execute a program. The child has this process's memory until then, and this process waits for that
/// long. If the last call fails, the child writes what that answered to the number of 32 bits at `failed`, and ends.
///
/// Answers the child's number, or an error's.
///
/// # Safety
/// There is one call at least, and each may be made. `failed` can be written to.
pub(crate) unsafe fn vfork(calls: usize, count: usize, failed: usize) -> isize {
    let child;
    // SAFETY: the child never leaves these lines, has registers of its own, and neither uses the stack nor writes to memory but for `failed`; so this side finds all as it was. Of
    // the calls, the contract above says that they may be made.
    unsafe {
        asm!(
            "syscall",
            "test rax, rax",
            "jnz 3f",
            "2:",
            "mov rax, [r8]",
            "mov rdi, [r8 + 8]",
            "mov rsi, [r8 + 16]",
            "mov rdx, [r8 + 24]",
            "mov r10, [r8 + 32]",
            "syscall",
            "add r8, {call}",
            "dec r12",
            "jnz 2b",
            "mov [r9], eax",
            "mov eax, {exit}",
            "mov edi, 127",
            "syscall",
            "ud2",
            "3:",
            call = const CALL * size_of::<usize>(),
            exit = const libc::SYS_exit_group,
            inlateout("rax") libc::SYS_vfork as isize => child,
            in("r8") calls,
            in("r9") failed,
            in("r12") count,
            lateout("rcx") _,
            lateout("r11") _,
        );
    }
    child
}
