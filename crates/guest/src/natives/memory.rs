//! Bytes and blocks (MS Learn, C runtime library reference).

use super::natives;

natives! {
    "memcpy" = drvhost_memcpy..drvhost_memcpy_end { move_bytes!() };
    "memmove" = drvhost_memmove..drvhost_memmove_end { move_bytes!() };
    "memset" = drvhost_memset..drvhost_memset_end {
        "push ebp", "mov ebp, esp", "push edi",
        "mov edi, [ebp + 8]",
        "movzx eax, byte ptr [ebp + 12]",
        "mov ecx, [ebp + 16]",
        "imul eax, eax, 0x01010101",
        "cmp ecx, 16",
        "jb 3f",
        "cmp ecx, 512",
        "jae 3f",
        "movd xmm0, eax",
        "pshufd xmm0, xmm0, 0",
        // The last 16 bytes first: what is left then is as many whole sixteens.
        "movdqu [edi + ecx - 16], xmm0",
        "dec ecx",
        "shr ecx, 4",
        "jz 4f",
        "2:",
        "movdqu [edi], xmm0",
        "add edi, 16",
        "dec ecx",
        "jnz 2b",
        "jmp 4f",
        "3:",
        "rep stosb",
        "4:",
        "mov eax, [ebp + 8]",
        "pop edi", "pop ebp", "ret",
    };
    "memcmp" = drvhost_memcmp..drvhost_memcmp_end {
        "push ebp", "mov ebp, esp", "push esi", "push edi",
        "mov esi, [ebp + 8]",
        "mov edi, [ebp + 12]",
        "mov ecx, [ebp + 16]",
        "2:",
        "sub ecx, 16",
        "jb 3f",
        "movdqu xmm0, [esi]",
        "movdqu xmm1, [edi]",
        "pcmpeqb xmm0, xmm1",
        "pmovmskb eax, xmm0",
        "xor eax, 0xffff",
        "jnz 4f",
        "add esi, 16",
        "add edi, 16",
        "jmp 2b",
        "3:",
        "add ecx, 16",
        "xor eax, eax",
        "5:",
        "sub ecx, 1",
        "jb 7f",
        "movzx edx, byte ptr [esi]",
        "cmp dl, [edi]",
        "jne 6f",
        "inc esi",
        "inc edi",
        "jmp 5b",
        // eax has a bit for each byte that differs.
        "4:",
        "bsf eax, eax",
        "movzx edx, byte ptr [esi + eax]",
        "cmp dl, [edi + eax]",
        "6:",
        "sbb eax, eax",
        "or eax, 1",
        "7:",
        "pop edi", "pop esi", "pop ebp", "ret",
    };
    "strlen" = drvhost_strlen..drvhost_strlen_end {
        "push ebp", "mov ebp, esp",
        "mov edx, [ebp + 8]",
        "pxor xmm0, xmm0",
        // A text that is not there is missed where it begins.
        "mov cl, [edx]",
        // Sixteens that begin at a multiple of 16 do not reach into a page that the text does not reach.
        "mov ecx, edx",
        "and ecx, 15",
        "and edx, -16",
        "movdqa xmm1, [edx]",
        "pcmpeqb xmm1, xmm0",
        "pmovmskb eax, xmm1",
        "shr eax, cl",
        "shl eax, cl",
        "jmp 3f",
        "2:",
        "add edx, 16",
        "movdqa xmm1, [edx]",
        "pcmpeqb xmm1, xmm0",
        "pmovmskb eax, xmm1",
        "3:",
        "test eax, eax",
        "jz 2b",
        "bsf eax, eax",
        "add eax, edx",
        "sub eax, [ebp + 8]",
        "pop ebp", "ret",
    };
    "strcmp" = drvhost_strcmp..drvhost_strcmp_end {
        "push ebp", "mov ebp, esp",
        "mov ecx, [ebp + 8]",
        "mov edx, [ebp + 12]",
        "2:",
        "mov al, [ecx]",
        "cmp al, [edx]",
        "jne 3f",
        "inc ecx",
        "inc edx",
        "test al, al",
        "jnz 2b",
        "xor eax, eax",
        "pop ebp", "ret",
        "3:",
        "sbb eax, eax",
        "or eax, 1",
        "pop ebp", "ret",
    };
}

/// `memmove`, which serves as `memcpy`, too.
macro_rules! move_bytes {
    () => {
        concat!(
            "push ebp\n mov ebp, esp\n push esi\n push edi\n",
            "mov edi, [ebp + 8]\n mov esi, [ebp + 12]\n mov ecx, [ebp + 16]\n",
            "mov edx, edi\n sub edx, esi\n cmp edx, ecx\n jb 4f\n",
            // The destination does not begin inside the source: from the beginning to the end.
            "cmp ecx, 1024\n jae 8f\n",
            "2:\n sub ecx, 16\n jb 3f\n",
            "movdqu xmm0, [esi]\n movdqu [edi], xmm0\n add esi, 16\n add edi, 16\n jmp 2b\n",
            "3:\n test cl, 8\n jz 5f\n movq xmm0, qword ptr [esi]\n movq qword ptr [edi], xmm0\n add esi, 8\n add edi, 8\n",
            "5:\n test cl, 4\n jz 6f\n mov eax, [esi]\n mov [edi], eax\n add esi, 4\n add edi, 4\n",
            "6:\n test cl, 2\n jz 7f\n mov ax, [esi]\n mov [edi], ax\n add esi, 2\n add edi, 2\n",
            "7:\n test cl, 1\n jz 9f\n mov al, [esi]\n mov [edi], al\n jmp 9f\n",
            "8:\n rep movsb\n jmp 9f\n",
            // From the end to the beginning.
            "4:\n cmp ecx, 16\n jb 10f\n",
            "movdqu xmm0, [esi + ecx - 16]\n movdqu [edi + ecx - 16], xmm0\n sub ecx, 16\n jmp 4b\n",
            "10:\n sub ecx, 1\n jb 9f\n mov al, [esi + ecx]\n mov [edi + ecx], al\n jmp 10b\n",
            "9:\n mov eax, [ebp + 8]\n pop edi\n pop esi\n pop ebp\n ret\n",
        )
    };
}
use move_bytes;
