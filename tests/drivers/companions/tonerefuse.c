/*
 * A library that refuses to be loaded, and counts what it is told in another one that it imports from.
 */
#include <windows.h>

__declspec(dllimport) int next_place(void);

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module;
    (void)reserved;
    next_place();
    if (reason == DLL_PROCESS_DETACH)
        next_place();
    return FALSE;
}
