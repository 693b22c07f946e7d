/*
 * Calls functions that the linker has bound to slots which mingw's helper fills at the first call: delay.def says which. The linker leaves
 * the table of them out of the image's headers, so a host that fills slots itself does not find it, unless a test puts it there.
 */
#include <windows.h>
#include <mmsystem.h>

DWORD WINAPI GetDriverFlags(HDRVR hdrvr);
DWORD WINAPI NobodyHasThis(void);

/* What dlltool calls the slot of the first of them, and the library's entry in the table. */
#ifdef __i386__
extern void *slot __asm__("__imp__GetDriverFlags@4");
#else
extern void *slot __asm__("__imp_GetDriverFlags");
#endif
extern const char table[] __asm__("__DELAY_IMPORT_DESCRIPTOR_libdelay_a");

static HINSTANCE own_module;

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    static void *unfilled;
    (void)id;
    switch (message) {
    case XOR:
        return l1 ^ l2;
    case DRV_LOAD:
        unfilled = slot;
        return 1;
    case DELAY_FLAGS:
        return GetDriverFlags(hdrvr);
    case DELAY_FILLED:
        return slot != unfilled;
    case DELAY_TABLE:
        return table - (const char *)own_module;
    case DELAY_ABSENT:
        return NobodyHasThis();
    default:
        return 1;
    }
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)reason;
    (void)reserved;
    own_module = module;
    return TRUE;
}
