/*
 * Calls functions of every calling kind, and checks what comes back: KINDS_CHECK (from src/acts.rs) by the number of the kind. A check
 * answers 1, or minus the number of what is wrong first.
 *
 * The functions are taken by name, so that none of the compiler's own library stands in for the host's.
 */
#include <stdio.h>
#include <windows.h>
#include <mmsystem.h>

#define CHECK(what)           \
    do {                      \
        checks++;             \
        if (!(what))          \
            return -checks;   \
    } while (0)

static FARPROC function(const char *library, const char *name)
{
    return GetProcAddress(GetModuleHandleA(library), name);
}

#define TAKE(result, convention, name, arguments, library) \
    result(convention *name) arguments = (result(convention *) arguments)(void *)function(library, #name)

/* The stack pointer before and after a call. In 32 bits, whoever must take the arguments away has, or they differ. */
static inline ULONG_PTR stack_pointer(void)
{
    ULONG_PTR result;
#ifdef __i386__
    __asm__ volatile("movl %%esp, %0" : "=r"(result));
#else
    __asm__ volatile("movq %%rsp, %0" : "=r"(result));
#endif
    return result;
}

static LRESULT integers(void)
{
    int checks = 0;
    TAKE(int, WINAPI, MulDiv, (int, int, int), "kernel32.dll");
    TAKE(int, WINAPI, lstrlenA, (LPCSTR), "kernel32.dll");
    TAKE(int, __cdecl, abs, (int), "msvcrt.dll");
    TAKE(int, __cdecl, strncmp, (const char *, const char *, size_t), "msvcrt.dll");
    TAKE(void *, __cdecl, memchr, (const void *, int, size_t), "msvcrt.dll");
    CHECK(MulDiv && lstrlenA && abs && strncmp && memchr);
    CHECK(MulDiv(1000000, 1000000, 1000) == 1000000000);
    CHECK(MulDiv(-7, 3, 2) == -11);
    CHECK(lstrlenA("four") == 4);
    CHECK(abs(-5) == 5);
    CHECK(strncmp("abc", "abd", 2) == 0 && strncmp("abc", "abd", 3) < 0);
    CHECK(memchr("text", 'x', 4) && !memchr("text", 'y', 4));
    return 1;
}

static LRESULT wide_integers(void)
{
    int checks = 0;
    char *end;
    TAKE(ULONGLONG, WINAPI, GetTickCount64, (void), "kernel32.dll");
    TAKE(LONGLONG, __cdecl, _atoi64, (const char *), "msvcrt.dll");
    TAKE(ULONGLONG, __cdecl, _strtoui64, (const char *, char **, int), "msvcrt.dll");
    TAKE(char *, __cdecl, _i64toa, (LONGLONG, char *, int), "msvcrt.dll");
    TAKE(LONGLONG, __cdecl, _abs64, (LONGLONG), "msvcrt.dll");
    char text[40];
    CHECK(GetTickCount64 && _atoi64 && _strtoui64);
    CHECK(GetTickCount64() >> 40 == 0);
    CHECK(_atoi64("-1234567890123456789") == -1234567890123456789LL);
    CHECK(_atoi64("4294967296") == 4294967296LL);
    CHECK(_strtoui64("fedcba9876543210!", &end, 16) == 0xfedcba9876543210ULL && *end == '!');
    if (_i64toa)
        CHECK(_i64toa(-1234567890123456789LL, text, 10) == text && !lstrcmpA(text, "-1234567890123456789"));
    if (_abs64)
        CHECK(_abs64(-1234567890123456789LL) == 1234567890123456789LL);
    return 1;
}

static LRESULT doubles(void)
{
    int checks = 0;
    TAKE(double, __cdecl, floor, (double), "msvcrt.dll");
    TAKE(double, __cdecl, pow, (double, double), "msvcrt.dll");
    TAKE(double, __cdecl, atan2, (double, double), "msvcrt.dll");
    TAKE(double, __cdecl, ldexp, (double, int), "msvcrt.dll");
    TAKE(double, __cdecl, frexp, (double, int *), "msvcrt.dll");
    TAKE(double, __cdecl, atof, (const char *), "msvcrt.dll");
    volatile double minus = -2.5;
    double sum = 0;
    int exponent, n;
    CHECK(floor && pow && atan2 && ldexp);
    CHECK(floor(minus) == -3.0);
    CHECK(pow(2.0, 10.0) == 1024.0 && pow(9.0, 0.5) == 3.0);
    CHECK(atan2(0.0, 1.0) == 0.0 && atan2(1.0, -1.0) > 2.356 && atan2(1.0, -1.0) < 2.357);
    CHECK(ldexp(0.75, 4) == 12.0 && ldexp(12.0, -4) == 0.75);
    if (frexp)
        CHECK(frexp(12.0, &exponent) == 0.75 && exponent == 4);
    if (atof)
        CHECK(atof("-0.125") == -0.125);
    /* A result that stays behind on the processor's stack of eight fills it soon. */
    for (n = 0; n < 100; n++)
        sum += floor(n + 0.5);
    CHECK(sum == 4950.0);
    return 1;
}

static LRESULT floats(void)
{
    int checks = 0;
    volatile float half = 2.5f;
    TAKE(float, __cdecl, floorf, (float), "msvcrt.dll");
    TAKE(float, __cdecl, powf, (float, float), "msvcrt.dll");
    /* Only the 64-bit library has them as functions. */
    if (floorf)
        CHECK(floorf(half) == 2.0f && floorf(-half) == -3.0f);
    if (powf)
        CHECK(powf(2.0f, 10.0f) == 1024.0f);
    return 1;
}

static LRESULT variadic(void)
{
    int checks = 0, number;
    char text[200], expected[200];
    TAKE(int, __cdecl, sprintf, (char *, const char *, ...), "msvcrt.dll");
    TAKE(int, __cdecl, _snprintf, (char *, size_t, const char *, ...), "msvcrt.dll");
    TAKE(int, __cdecl, sscanf, (const char *, const char *, ...), "msvcrt.dll");
    TAKE(int, __cdecl, wsprintfA, (char *, const char *, ...), "user32.dll");
    CHECK(sprintf && _snprintf);
    CHECK(sprintf(text, "%d %s %.3f %I64d %c|", -5, "text", 2.5, 1234567890123456789LL, 'x') == 36);
    CHECK(!lstrcmpA(text, "-5 text 2.500 1234567890123456789 x|"));
    CHECK(sprintf(text, "%lld %f %x", -1LL, -0.5, 0xabcu) > 0 && !lstrcmpA(text, "-1 -0.500000 abc"));
    CHECK(_snprintf(text, sizeof text, "%p", (void *)(ULONG_PTR)0x12345) > 0);
    lstrcpyA(expected, sizeof(void *) == 8 ? "0000000000012345" : "00012345");
    CHECK(!lstrcmpA(text, expected));
    if (wsprintfA)
        CHECK(wsprintfA(text, "%d-%s-%u", -7, "w", 8u) == 6 && !lstrcmpA(text, "-7-w-8"));
    if (sscanf)
        CHECK(sscanf("42 end", "%d %s", &number, text) == 2 && number == 42 && !lstrcmpA(text, "end"));
    return 1;
}

static LRESULT nothing(void)
{
    int checks = 0;
    TAKE(void, WINAPI, SetLastError, (DWORD), "kernel32.dll");
    TAKE(DWORD, WINAPI, GetLastError, (void), "kernel32.dll");
    TAKE(void, __cdecl, free, (void *), "msvcrt.dll");
    TAKE(void *, __cdecl, malloc, (size_t), "msvcrt.dll");
    CHECK(SetLastError && GetLastError && free && malloc);
    SetLastError(0xdead);
    CHECK(GetLastError() == 0xdead);
    free(malloc(100));
    free(NULL);
    return 1;
}

static LRESULT balance(void)
{
    int checks = 0;
    char text[40];
    ULONG_PTR before;
    TAKE(int, WINAPI, MulDiv, (int, int, int), "kernel32.dll");
    TAKE(int, __cdecl, sprintf, (char *, const char *, ...), "msvcrt.dll");
    TAKE(double, __cdecl, ldexp, (double, int), "msvcrt.dll");
    CHECK(MulDiv && sprintf && ldexp);
#ifdef __i386__
    char *at = text;
    /* The callee takes away three, */
    __asm__ volatile("movl %%esp, %%edi\n\tpushl $2\n\tpushl $3\n\tpushl $10\n\tcall *%1\n\tsubl %%esp, %%edi\n\taddl %%edi, %%esp"
                     : "=D"(before)
                     : "b"(MulDiv)
                     : "eax", "ecx", "edx", "memory", "cc");
    CHECK(before == 0);
    /* and the caller all three. */
    __asm__ volatile("movl %%esp, %%edi\n\tpushl $5\n\tpushl %3\n\tpushl %1\n\tcall *%2\n\tsubl %%esp, %%edi\n\taddl %%edi, %%esp"
                     : "=D"(before), "+a"(at)
                     : "b"(sprintf), "S"("%d")
                     : "ecx", "edx", "memory", "cc");
    CHECK(before == 12 && !lstrcmpA(text, "5"));
#endif
    before = stack_pointer();
    MulDiv(1, 2, 3);
    sprintf(text, "%d %d", 1, 2);
    ldexp(1.0, 2);
    CHECK(stack_pointer() == before);
    return 1;
}

/* What a function must leave as it is: the registers that hold these sums across the calls. */
static LRESULT registers(void)
{
    int checks = 0;
    volatile int seed = 3;
    int a = seed, b = seed * 5, c = seed * 7, d = seed * 11, n;
    double x = seed / 2.0, y = seed / 4.0;
    TAKE(double, __cdecl, floor, (double), "msvcrt.dll");
    TAKE(int, WINAPI, lstrlenA, (LPCSTR), "kernel32.dll");
    CHECK(floor && lstrlenA);
    for (n = 0; n < 50; n++) {
        a += lstrlenA("ab");
        x += floor(y);
        b ^= a;
        y += x > 0 ? 0.25 : 0.0;
        c += b & 1;
        d -= c;
    }
    CHECK(a == 103 && b == 13 && c == 46 && d == -1642 && x == 326.5 && y == 13.25);
    return 1;
}

static LRESULT (*const kinds[])(void) = {integers, wide_integers, doubles, floats, variadic, nothing, balance, registers};

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    const LPARAM count = sizeof kinds / sizeof *kinds;
    (void)id;
    (void)hdrvr;
    switch (message) {
    case XOR:
        return l1 ^ l2;
    case KINDS_COUNT:
        return count;
    case KINDS_CHECK:
        return l1 >= 0 && l1 < count ? kinds[l1]() : 0;
    default:
        return 1;
    }
}
