/*
 * A driver that means harm, one kind for each message (HOSTILE_..., from src/acts.rs). All else succeeds.
 */
#include "processor.h"
#include <math.h>
#include <mmsystem.h>
#include <stdlib.h>

/* What is written where nothing of it belongs. */
#define JUNK ((ULONG_PTR)0x4141414141414141)

static volatile char own_data[4096] = {1};

static volatile int never_ends = 1;

__attribute__((noinline)) static int recurse(int depth)
{
    volatile char frame[256];
    frame[0] = (char)depth;
    return never_ends ? recurse(depth + 1) + frame[0] : 0;
}

static void overwrite(void *from, void *to, ULONG_PTR value)
{
    volatile ULONG_PTR *at;
    for (at = from; at < (volatile ULONG_PTR *)to; at++)
        *at = value;
}

static void overwrite_context(ULONG_PTR value)
{
    fill(host_context(), 20, value);
}

extern IMAGE_DOS_HEADER __ImageBase;

static DWORD WINAPI tell_stack(void *out)
{
    volatile char here;
    *(ULONGLONG *)out = (ULONG_PTR)&here;
    return 0;
}

static void tell_addresses(ULONGLONG *out)
{
    volatile char here;
    char *teb = (char *)NtCurrentTeb();
    HANDLE thread;
    void *block = HeapAlloc(GetProcessHeap(), 0, 16);
    out[0] = (ULONG_PTR)&__ImageBase;
    out[1] = (ULONG_PTR)&here;
    out[2] = (ULONG_PTR)block;
    out[3] = (ULONG_PTR)teb;
    out[4] = (ULONG_PTR)GetProcAddress(GetModuleHandleA("kernel32"), "GetTickCount");
    out[5] = (ULONG_PTR)GetProcAddress(GetModuleHandleA("msvcrt"), "memcpy");
    thread = CreateThread(NULL, 0, tell_stack, &out[6], 0, NULL);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
    out[7] = *(ULONGLONG *)(teb + 0x2ff0);
    HeapFree(GetProcessHeap(), 0, block);
}

static void tick(void)
{
    GetTickCount();
}

static LRESULT corrupt_heap(void)
{
    HANDLE heap = GetProcessHeap();
    char *first = HeapAlloc(heap, 0, 64), *second = HeapAlloc(heap, 0, 64);
    memset(first - 64, 0x41, 256);
    memset(second - 64, 0x41, 256);
    HeapFree(heap, 0, first);
    HeapFree(heap, 0, second);
    HeapFree(heap, 0, second);
    first = HeapAlloc(heap, 0, 4096);
    if (first)
        memset(first, 0x41, 4096);
    first = HeapReAlloc(heap, 0, first, 100000);
    return HeapFree(heap, 0, first);
}

static LRESULT protect_own_data(void)
{
    DWORD old;
    return VirtualProtect((void *)own_data, sizeof own_data, PAGE_EXECUTE_READWRITE, &old);
}

static LRESULT leave_x87_exception(void)
{
    static const unsigned short unmasked = 0x0240;
    __asm__ volatile("fninit\n\tfldcw %0\n\tfldz\n\tfld1\n\tfdivp" ::"m"(unmasked));
    return 1;
}

static LRESULT power_unmasked(double exponent)
{
    static const unsigned int unmasked = 0x0000;
    __asm__ volatile("ldmxcsr %0" ::"m"(unmasked));
    lstrlenA("text");
    GetTickCount();
    return (LRESULT)pow(2.0, exponent);
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    char *teb = (char *)NtCurrentTeb();
    (void)id;
    (void)hdrvr;
    switch (message) {
    case XOR:
        return l1 ^ l2;
    case HOSTILE_NULL:
        *(volatile int *)0 = 1;
        return 1;
    case HOSTILE_JUMP:
        return ((LRESULT(*)(void))l1)();
    case HOSTILE_RECURSE:
        return recurse(0);
    case HOSTILE_LOOP:
        for (;;)
            ;
    case HOSTILE_LOOP_TICKS:
        for (;;)
            GetTickCount();
    case HOSTILE_EXIT_PROCESS:
        ExitProcess((UINT)l1);
    case HOSTILE_EXIT:
        exit((int)l1);
    case HOSTILE_ABORT:
        abort();
    case HOSTILE_SYSCALL:
        return system_call((const LPARAM *)l1);
    case HOSTILE_PROTECT: {
        static char *page;
        DWORD old;
        if (!page)
            page = VirtualAlloc(NULL, 4096, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
        return VirtualProtect(page, 4096, (DWORD)l1, &old) ? (LRESULT)page : 0;
    }
    case HOSTILE_SHIM_WRITES:
        GetSystemTime((SYSTEMTIME *)l1);
        return 1;
    case HOSTILE_POKE:
        *(volatile BYTE *)l1 = (BYTE)l2;
        return *(volatile BYTE *)l1;
    case HOSTILE_ADDRESSES:
        tell_addresses((ULONGLONG *)l1);
        return 1;
    case HOSTILE_RELOAD_GS:
        reload_gs(tick);
        return 1;
    case HOSTILE_INT80: {
        LONG result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory");
        return result;
    }
    case HOSTILE_UD2:
        __asm__ volatile("ud2");
        return 1;
    case HOSTILE_INT3:
        __asm__ volatile("int3");
        return 1;
    case HOSTILE_DIVIDE:
        return (LONG)l1 / (LONG)l2;
    case HOSTILE_UNSUPPLIED: {
        ACCEL accelerator = {0, 0, 0};
        return (LRESULT)CreateAcceleratorTableA(&accelerator, 1);
    }
    case HOSTILE_HEAP:
        return corrupt_heap();
    case HOSTILE_STACK: {
        volatile char here, *at = &here;
        for (;; at += l1)
            *(volatile ULONG_PTR *)at = JUNK;
    }
    case HOSTILE_TEB:
        overwrite(teb, teb + 0x3000, JUNK);
        return GetTickCount() | 1;
    case HOSTILE_CONTEXT:
        overwrite_context(JUNK);
        return GetTickCount() | 1;
    case HOSTILE_DEAF:
        overwrite_context(0);
        for (;;)
            ;
    case HOSTILE_CREATE_FILE:
        return (LRESULT)CreateFileA("/etc/passwd", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    case HOSTILE_ALLOC_CODE:
        return (LRESULT)VirtualAlloc(NULL, 4096, MEM_COMMIT | MEM_RESERVE, PAGE_EXECUTE_READWRITE);
    case HOSTILE_PROTECT_CODE:
        return protect_own_data();
    case HOSTILE_OWN_DATA:
        return (LRESULT)own_data;
    case HOSTILE_OWN_CODE:
        *(volatile char *)(ULONG_PTR)DriverProc = 0;
        return 1;
    case HOSTILE_RUN_DATA:
        own_data[0] = (char)0xC3; /* ret */
        return ((LRESULT(*)(void))(ULONG_PTR)own_data)();
    case HOSTILE_FLAGS:
        set_flags(TRAP_FLAG | DIRECTION_FLAG | ALIGNMENT_CHECK);
        return 1;
    case HOSTILE_TALK:
        for (;;)
            OutputDebugStringA("and another thing");
    case HOSTILE_TALK_AND_ANSWER:
        while (l1-- > 0)
            OutputDebugStringA("and another thing");
        return 77;
    case HOSTILE_FS:
        clear_thread_segment();
        __asm__ volatile("ud2");
        return 1;
    case HOSTILE_ANSWER_WITH_AC:
        set_flags(ALIGNMENT_CHECK);
        return 1;
    case HOSTILE_X87:
        return leave_x87_exception();
    case HOSTILE_FAST_FAIL:
        __asm__ volatile("int $0x29");
        return 1;
    case HOSTILE_UNMASKED:
        return power_unmasked((double)l1);
    default:
        return 1;
    }
}
