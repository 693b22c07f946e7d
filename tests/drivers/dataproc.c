/* A library whose DriverProc is no function. */
#include "saying.h"

__declspec(dllexport) int DriverProc[4];

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)reserved;
    say_reason(module, reason);
    return TRUE;
}
