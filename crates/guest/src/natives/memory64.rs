//! Blocks of bytes for 64-bit code (MS Learn, C runtime library reference and "x64 calling convention"): arguments in rcx, rdx and r8, and only rax, rcx, rdx, r8
//! to r11 and xmm0 to xmm5 change.

use super::natives_of;

natives_of! {
    ".code64"
    "memcpy" = drvhost_memcpy64..drvhost_memcpy64_end { move_bytes!() };
    "memmove" = drvhost_memmove64..drvhost_memmove64_end { move_bytes!() };
    "memset" = drvhost_memset64..drvhost_memset64_end {
        "mov rax, rcx",
        "movzx edx, dl",
        "imul edx, edx, 0x01010101",
        "cmp r8, 16",
        "jb 5f",
        "movd xmm0, edx",
        "pshufd xmm0, xmm0, 0",
        // The last 16 bytes first: what is left then is as many whole sixteens.
        "movdqu [rcx + r8 - 16], xmm0",
        "dec r8",
        "shr r8, 4",
        "2:",
        "sub r8, 4",
        "jb 3f",
        "movdqu [rcx], xmm0",
        "movdqu [rcx + 16], xmm0",
        "movdqu [rcx + 32], xmm0",
        "movdqu [rcx + 48], xmm0",
        "add rcx, 64",
        "jmp 2b",
        "3:",
        "add r8, 4",
        "4:",
        "sub r8, 1",
        "jb 9f",
        "movdqu [rcx], xmm0",
        "add rcx, 16",
        "jmp 4b",
        "5:",
        "test r8b, 8",
        "jz 6f",
        "mov [rcx], edx",
        "mov [rcx + 4], edx",
        "add rcx, 8",
        "6:",
        "test r8b, 4",
        "jz 7f",
        "mov [rcx], edx",
        "add rcx, 4",
        "7:",
        "test r8b, 2",
        "jz 8f",
        "mov [rcx], dx",
        "add rcx, 2",
        "8:",
        "test r8b, 1",
        "jz 9f",
        "mov [rcx], dl",
        "9:",
        "ret",
    };
}

/// `memmove`, which serves as `memcpy`, too.
macro_rules! move_bytes {
    () => {
        concat!(
            "mov rax, rcx\n mov r9, rcx\n sub r9, rdx\n cmp r9, r8\n jb 20f\n",
            // The destination does not begin inside the source: from the beginning to the end.
            "2:\n sub r8, 64\n jb 3f\n",
            "movdqu xmm0, [rdx]\n movdqu xmm1, [rdx + 16]\n movdqu xmm2, [rdx + 32]\n movdqu xmm3, [rdx + 48]\n",
            "movdqu [rcx], xmm0\n movdqu [rcx + 16], xmm1\n movdqu [rcx + 32], xmm2\n movdqu [rcx + 48], xmm3\n",
            "add rdx, 64\n add rcx, 64\n jmp 2b\n",
            "3:\n add r8, 64\n",
            "4:\n sub r8, 16\n jb 5f\n",
            "movdqu xmm0, [rdx]\n movdqu [rcx], xmm0\n add rdx, 16\n add rcx, 16\n jmp 4b\n",
            "5:\n test r8b, 8\n jz 6f\n mov r9, [rdx]\n mov [rcx], r9\n add rdx, 8\n add rcx, 8\n",
            "6:\n test r8b, 4\n jz 7f\n mov r9d, [rdx]\n mov [rcx], r9d\n add rdx, 4\n add rcx, 4\n",
            "7:\n test r8b, 2\n jz 8f\n mov r9w, [rdx]\n mov [rcx], r9w\n add rdx, 2\n add rcx, 2\n",
            "8:\n test r8b, 1\n jz 9f\n mov r9b, [rdx]\n mov [rcx], r9b\n",
            "9:\n ret\n",
            // From the end to the beginning.
            "20:\n sub r8, 16\n jb 21f\n",
            "movdqu xmm0, [rdx + r8]\n movdqu [rcx + r8], xmm0\n jmp 20b\n",
            "21:\n add r8, 16\n",
            "22:\n sub r8, 1\n jb 9b\n mov r9b, [rdx + r8]\n mov [rcx + r8], r9b\n jmp 22b\n",
        )
    };
}
use move_bytes;
