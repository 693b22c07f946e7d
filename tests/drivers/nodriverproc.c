/* A library that is no driver. */
#include "saying.h"

__declspec(dllexport) int NotDriverProc(void)
{
    return 1;
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)reserved;
    say_reason(module, reason);
    return TRUE;
}
