/*
 * Data of the thread's own, and a callback of its TLS directory. mingw's start-up code has the directory itself; what it tells of is put
 * into sections whose names say where they belong.
 */
#include "saying.h"

extern char _tls_start;
extern ULONG _tls_index;

__attribute__((section(".tls$B"), used)) static int number = 1000;
__attribute__((section(".tls$C"), used)) static int zero = 0;

static HINSTANCE own_module;
static int order;

/* The thread's own copy of what lies between _tls_start and _tls_end. */
static int *own(const int *template)
{
    char **blocks;
#ifdef __i386__
    __asm__ volatile("movl %%fs:0x2c, %0" : "=r"(blocks));
#else
    __asm__ volatile("movq %%gs:0x58, %0" : "=r"(blocks));
#endif
    return (int *)(blocks[_tls_index] + ((const char *)template - &_tls_start));
}

static void told(int by, DWORD reason, HINSTANCE module)
{
    if (reason == DLL_PROCESS_ATTACH)
        order = 10 * order + by;
    if (reason == DLL_PROCESS_DETACH)
        say(module, by == 1 ? "callback" : "entry");
}

static void NTAPI callback(PVOID module, DWORD reason, PVOID reserved)
{
    (void)reserved;
    told(1, reason, module);
    if (reason == DLL_PROCESS_ATTACH)
        *own(&zero) += 0;
}

__attribute__((section(".CRT$XLB"), used)) static const PIMAGE_TLS_CALLBACK callbacks[] = {callback};

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    (void)id;
    (void)hdrvr;
    switch (message) {
    case XOR:
        return l1 ^ l2;
    case TLS_ORDER:
        return order;
    case TLS_ADD:
        return *own(&number) += l1;
    case TLS_ADD_TO_ZERO:
        return *own(&zero) += l1;
    default:
        return 1;
    }
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)reserved;
    own_module = module;
    told(2, reason, own_module);
    return TRUE;
}
