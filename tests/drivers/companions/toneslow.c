/*
 * A library that takes its time to begin.
 */
#include <windows.h>

static volatile int is_ready;

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    if (reason == DLL_PROCESS_ATTACH) {
        Sleep(30);
        is_ready = 1;
    }
    return TRUE;
}

__declspec(dllexport) int ready(void)
{
    return is_ready;
}
