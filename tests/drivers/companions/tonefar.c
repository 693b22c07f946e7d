/*
 * A library that nobody imports from by its name: what it has is found through another one.
 */
#include <windows.h>

static int begun;

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    begun += reason == DLL_PROCESS_ATTACH;
    return TRUE;
}

__declspec(dllexport) int further(void)
{
    return 40 + begun;
}
