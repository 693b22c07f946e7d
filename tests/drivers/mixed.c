/*
 * Computes a checksum with all that a processor has: integers and their flags, x87 and SSE registers, string instructions in both directions,
 * calls of imports, and callbacks from them. Whatever disturbs any of that changes the checksum.
 */
#include <emmintrin.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <mmsystem.h>

#define COUNT 48

static DWORD state;

static DWORD next(void)
{
    state = state * 1664525 + 1013904223;
    return state ^ state >> 15;
}

/* A sum of many words with the carry of each into the one after it, which lives in the flags alone. */
static DWORD carries(const DWORD *words, LONG count)
{
    DWORD sum = 0;
    ULONG_PTR left = count;
    __asm__ volatile("clc\n"
                     "1:\n\t"
                     "movl (%1), %%eax\n\t"
                     "lea 4(%1), %1\n\t"
                     "adcl %%eax, %0\n\t"
                     "dec %2\n\t"
                     "jnz 1b\n\t"
                     "adcl $0, %0"
                     : "+r"(sum), "+r"(words), "+r"(left)
                     :
                     : "eax", "memory", "cc");
    return sum;
}

/* Moves, backwards, and counts up to the first byte that is zero. */
static DWORD strings(BYTE *bytes, ULONG_PTR count)
{
    BYTE *from = bytes + count - 2, *to = bytes + count - 1;
    ULONG_PTR left = count - 1, most = count;
    const BYTE *at = bytes;
    __asm__ volatile("std\n\trep movsb\n\tcld" : "+S"(from), "+D"(to), "+c"(left)::"memory", "cc");
    bytes[count - 1] = 0;
    __asm__ volatile("repne scasb" : "+D"(at), "+c"(most) : "a"(0) : "memory", "cc");
    return (DWORD)(count - most);
}

/* All eight x87 registers are in use across this. */
static DWORD x87(DWORD seed)
{
    long double a = seed & 0xff, b = a + 1, c = b + a, d = c * 3;
    DWORD result;
    int n;
    for (n = 0; n < 40; n++) {
        a = a * 0.75L + b;
        b = b * 0.5L + c / 3;
        c = c * 0.25L + d / 7;
        d = d * 0.125L + a / 1000;
    }
    result = (DWORD)(LONGLONG)(a * 1000) ^ (DWORD)(LONGLONG)(b * 1000) << 3;
    return result ^ (DWORD)(LONGLONG)(c * 1000) << 5 ^ (DWORD)(LONGLONG)(d * 1000) << 7;
}

__attribute__((target("sse2"), force_align_arg_pointer)) static DWORD sse(const DWORD *words)
{
    __m128i a = _mm_loadu_si128((const __m128i *)words), b = _mm_loadu_si128((const __m128i *)(words + 4));
    __m128d x = _mm_set_pd(words[0], words[1]), y = _mm_set_pd(3, 7);
    DWORD lanes[4];
    double sums[2];
    int n;
    for (n = 0; n < 40; n++) {
        a = _mm_add_epi32(a, _mm_shuffle_epi32(b, 0x39));
        b = _mm_xor_si128(b, _mm_slli_epi32(a, 5));
        x = _mm_add_pd(_mm_mul_pd(x, _mm_set1_pd(0.5)), y);
        y = _mm_sqrt_pd(_mm_add_pd(x, y));
    }
    _mm_storeu_si128((__m128i *)lanes, _mm_add_epi32(a, b));
    _mm_storeu_pd(sums, _mm_add_pd(x, y));
    return lanes[0] ^ lanes[1] ^ lanes[2] ^ lanes[3] ^ (DWORD)(LONGLONG)(sums[0] * 1e6) ^ (DWORD)(LONGLONG)(sums[1] * 1e6);
}

static int calls;

static int __cdecl compare(const void *one, const void *other)
{
    DWORD a = *(const DWORD *)one, b = *(const DWORD *)other;
    calls += lstrlenA("a callback calls, too") + MulDiv(a & 0xfff, 3, 2);
    return a < b ? -1 : a > b;
}

static DWORD one_round(void)
{
    DWORD words[COUNT], copy[COUNT], sum;
    BYTE bytes[200];
    int n;
    for (n = 0; n < COUNT; n++)
        words[n] = next();
    for (n = 0; n < (int)sizeof bytes; n++)
        bytes[n] = (BYTE)(next() | 1);
    sum = carries(words, COUNT);
    sum = sum * 31 + strings(bytes, sizeof bytes);
    sum = sum * 31 + x87(words[0]);
    sum = sum * 31 + sse(words);
    memcpy(copy, words, sizeof copy);
    qsort(copy, COUNT, sizeof *copy, compare);
    for (n = 1; n < COUNT; n++)
        sum = sum * 31 + (copy[n - 1] <= copy[n]) + copy[n];
    sum = sum * 31 + (DWORD)strlen((char *)bytes) + (DWORD)memcmp(copy, words, 1) + GetCurrentThreadId() * 0;
    for (n = 0; n < (int)sizeof bytes; n++)
        sum = sum * 31 + bytes[n];
    return sum + calls;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    DWORD sum = 0;
    (void)id;
    (void)hdrvr;
    switch (message) {
    case XOR:
        return l1 ^ l2;
    case MIXED_SUM:
        state = (DWORD)l2;
        calls = 0;
        while (l1--)
            sum = sum * 31 + one_round();
        return (LONG)sum;
    default:
        return 1;
    }
}
