//! `__try` of C in 32-bit code whose C library is msvcrt: the handler that Microsoft's compilers name for functions with such blocks, and what it and the
//! compilers call ("A Crash Course on the Depths of Win32 Structured Exception Handling", MSJ January 1997, which gives the structures).
//!
//! A registration is followed by the address of its function's table of blocks, the number of the block that the function is in (-1 for none), and its ebp; before it lie
//! its esp and the address of EXCEPTION_POINTERS. A block in the table is the number of the block around it, its filter (0 for `__finally`), and its code.
//!
//! Compilers since Visual C++ 2005 name a handler that leads to `_except_handler4_common`. There the table's address is combined with the image's security cookie by
//! exclusive or, -2 is the number for no block, and the table begins with four words that tell where two cookies are on the stack. These are not looked at: who breaks
//! the stack here breaks its own.

use super::elsewhere::UNWIND;
use super::natives;

/// EXCEPTION_UNWINDING and EXCEPTION_EXIT_UNWIND.
const UNWINDING: usize = 6;

/// Leaves blocks of the registration in ebx up to that with the number in the place `[ebp - 16]`: runs their `__finally` code. Spoils all other registers but ebp and esp.
/// `$none` is the number of no block; `$table` makes of the word in edi that the registration has the address of the first block.
macro_rules! leave_blocks {
    ($none:literal, $table:literal) => {
        concat!(
            "mov [ebp - 20], ebx\n",
            "12:\n mov ebx, [ebp - 20]\n mov esi, [ebx + 12]\n cmp esi, ",
            $none,
            "\n je 14f\n",
            // Numbers grow inwards.
            "mov eax, [ebp - 16]\n cmp eax, ",
            $none,
            "\n je 13f\n cmp esi, eax\n jbe 14f\n",
            "13:\n mov edi, [ebx + 8]\n ",
            $table,
            "lea esi, [esi + esi * 2]\n lea edi, [edi + esi * 4]\n",
            "mov eax, [edi]\n mov [ebx + 12], eax\n",
            "cmp dword ptr [edi + 4], 0\n jne 12b\n",
            "mov eax, [edi + 8]\n push ebp\n lea ebp, [ebx + 16]\n call eax\n pop ebp\n jmp 12b\n",
            "14:\n mov ebx, [ebp - 20]\n",
        )
    };
}

/// The body of a handler, from `$save` on, which keeps EXCEPTION_POINTERS: with the exception's record in eax, the registration in ebx, the context in ecx.
macro_rules! handle {
    ($none:literal, $table:literal, $record:literal, $context:literal) => {
        concat!(
            "cld\n test dword ptr [eax + 4], {unwinding}\n jnz 8f\n",
            "mov [ebp - ", $record, "], eax\n mov [ebp - ", $context, "], ecx\n lea eax, [ebp - ", $record, "]\n mov [ebx - 4], eax\n",
            "mov esi, [ebx + 12]\n",
            "3:\n cmp esi, ", $none, "\n je 7f\n",
            "mov edi, [ebx + 8]\n ", $table,
            "lea ecx, [esi + esi * 2]\n lea edi, [edi + ecx * 4]\n mov eax, [edi + 4]\n test eax, eax\n jz 5f\n",
            "push ebp\n push ebx\n push esi\n push edi\n lea ebp, [ebx + 16]\n call eax\n",
            "pop edi\n pop esi\n pop ebx\n pop ebp\n test eax, eax\n jz 5f\n js 6f\n",
            // EXCEPTION_EXECUTE_HANDLER: the blocks inside are left, and the code of this one goes on in its function.
            "push 0\n push 0\n push 0\n push ebx\n mov eax, {unwind}\n call eax\n mov [ebp - 16], esi\n push edi\n",
            leave_blocks!($none, $table),
            "pop edi\n mov eax, [edi]\n mov [ebx + 12], eax\n mov eax, [edi + 8]\n lea ebp, [ebx + 16]\n jmp eax\n",
            "5:\n mov esi, [edi]\n jmp 3b\n",
            // ExceptionContinueExecution.
            "6:\n xor eax, eax\n jmp 9f\n",
            "8:\n mov dword ptr [ebp - 16], ", $none, "\n",
            leave_blocks!($none, $table),
            // ExceptionContinueSearch.
            "7:\n mov eax, 1\n",
            "9:\n lea esp, [ebp - 12]\n pop edi\n pop esi\n pop ebx\n pop ebp\n ret",
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
        leave_blocks!("-1", ""),
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
        "mov eax, [ebp + 8]",
        "mov ebx, [ebp + 12]",
        "mov ecx, [ebp + 16]",
        handle!("-1", "", "28", "24"),
    } unwinding = UNWINDING, unwind = UNWIND;
    // _local_unwind4(cookie, registration, block).
    "_local_unwind4" = drvhost_local_unwind4..drvhost_local_unwind4_end {
        "push ebp", "mov ebp, esp", "push ebx", "push esi", "push edi",
        "sub esp, 12",
        "mov eax, [ebp + 8]",
        "mov eax, [eax]",
        "mov [ebp - 24], eax",
        "mov ebx, [ebp + 12]",
        "mov eax, [ebp + 16]",
        "mov [ebp - 16], eax",
        leave_blocks!("-2", "xor edi, [ebp - 24]\n add edi, 16\n "),
        "lea esp, [ebp - 12]",
        "pop edi", "pop esi", "pop ebx", "pop ebp", "ret",
    };
    // _except_handler4_common(cookie, check, record, registration, context, dispatcher).
    "_except_handler4_common" = drvhost_handler4..drvhost_handler4_end {
        "push ebp", "mov ebp, esp", "push ebx", "push esi", "push edi",
        // The same and the cookie.
        "sub esp, 20",
        "mov eax, [ebp + 8]",
        "mov eax, [eax]",
        "mov [ebp - 24], eax",
        "mov eax, [ebp + 16]",
        "mov ebx, [ebp + 20]",
        "mov ecx, [ebp + 24]",
        handle!("-2", "xor edi, [ebp - 24]\n add edi, 16\n ", "32", "28"),
    } unwinding = UNWINDING, unwind = UNWIND;
}
