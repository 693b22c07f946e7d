//! `__try` of C in 32-bit code whose C library is msvcrt: the handler that Microsoft's compilers name for functions with such blocks, and what it and the
//! compilers call ("A Crash Course on the Depths of Win32 Structured Exception Handling", MSJ January 1997, which gives the structures).
//!
//! A registration is followed by the address of its function's table of blocks, the number of the block that the function is in (-1 for none), and its ebp; before it lie
//! its esp and the address of EXCEPTION_POINTERS. A block in the table is the number of the block around it, its filter (0 for `__finally`), and its code.

use super::natives;
use super::unwind::UNWIND;

/// EXCEPTION_UNWINDING and EXCEPTION_EXIT_UNWIND.
const UNWINDING: usize = 6;

/// Leaves blocks of the registration in ebx up to that with the number in the place `[ebp - 16]`: runs their `__finally` code. Spoils all other registers but ebp and esp.
macro_rules! leave_blocks {
    () => {
        concat!(
            "mov [ebp - 20], ebx\n",
            "12:\n mov ebx, [ebp - 20]\n mov esi, [ebx + 12]\n cmp esi, -1\n je 14f\n",
            // Numbers grow inwards.
            "mov eax, [ebp - 16]\n cmp eax, -1\n je 13f\n cmp esi, eax\n jbe 14f\n",
            "13:\n mov edi, [ebx + 8]\n lea esi, [esi + esi * 2]\n lea edi, [edi + esi * 4]\n",
            "mov eax, [edi]\n mov [ebx + 12], eax\n",
            "cmp dword ptr [edi + 4], 0\n jne 12b\n",
            "mov eax, [edi + 8]\n push ebp\n lea ebp, [ebx + 16]\n call eax\n pop ebp\n jmp 12b\n",
            "14:\n mov ebx, [ebp - 20]\n",
        )
    };
}

natives! {
    // _local_unwind2(registration, block).
    "_local_unwind2" = drvhost_local_unwind..drvhost_local_unwind_end {
        "push ebp", "mov ebp, esp", "push ebx", "push esi", "push edi",
        "sub esp, 8",
        "mov ebx, [ebp + 8]",
        "mov eax, [ebp + 12]",
        "mov [ebp - 16], eax",
        leave_blocks!(),
        "lea esp, [ebp - 12]",
        "pop edi", "pop esi", "pop ebx", "pop ebp", "ret",
    };
    // _global_unwind2(registration).
    "_global_unwind2" = drvhost_global_unwind..drvhost_global_unwind_end {
        "push ebp", "mov ebp, esp",
        "push 0", "push 0", "push 0", "push [ebp + 8]",
        "mov eax, {unwind}",
        "call eax",
        "pop ebp", "ret",
    } unwind = UNWIND;
    // _except_handler3(record, registration, context, dispatcher).
    "_except_handler3" = drvhost_handler3..drvhost_handler3_end {
        "push ebp", "mov ebp, esp", "push ebx", "push esi", "push edi",
        // A block's number and a registration for leave_blocks, then EXCEPTION_POINTERS.
        "sub esp, 16",
        "cld",
        "mov eax, [ebp + 8]",
        "mov ebx, [ebp + 12]",
        "test dword ptr [eax + 4], {unwinding}",
        "jnz 8f",
        "mov ecx, [ebp + 16]",
        "mov [ebp - 28], eax",
        "mov [ebp - 24], ecx",
        "lea eax, [ebp - 28]",
        "mov [ebx - 4], eax",
        "mov esi, [ebx + 12]",
        "3:",
        "cmp esi, -1",
        "je 7f",
        "mov edi, [ebx + 8]",
        "lea ecx, [esi + esi * 2]",
        "lea edi, [edi + ecx * 4]",
        "mov eax, [edi + 4]",
        "test eax, eax",
        "jz 5f",
        "push ebp", "push ebx", "push esi", "push edi",
        "lea ebp, [ebx + 16]",
        "call eax",
        "pop edi", "pop esi", "pop ebx", "pop ebp",
        "test eax, eax",
        "jz 5f",
        "js 6f",
        // EXCEPTION_EXECUTE_HANDLER: the blocks inside are left, and the code of this one goes on in its function.
        "push 0", "push 0", "push 0", "push ebx",
        "mov eax, {unwind}",
        "call eax",
        "mov [ebp - 16], esi",
        "push edi",
        leave_blocks!(),
        "pop edi",
        "mov eax, [edi]",
        "mov [ebx + 12], eax",
        "mov eax, [edi + 8]",
        "lea ebp, [ebx + 16]",
        "jmp eax",
        "5:",
        "mov esi, [edi]",
        "jmp 3b",
        // ExceptionContinueExecution.
        "6:",
        "xor eax, eax",
        "jmp 9f",
        "8:",
        "mov dword ptr [ebp - 16], -1",
        leave_blocks!(),
        // ExceptionContinueSearch.
        "7:",
        "mov eax, 1",
        "9:",
        "lea esp, [ebp - 12]",
        "pop edi", "pop esi", "pop ebx", "pop ebp", "ret",
    } unwinding = UNWINDING, unwind = UNWIND;
}
