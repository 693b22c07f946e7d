/* Leaves everything to DefDriverProc. */
#include "saying.h"

static HINSTANCE own_module;

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    say_call(own_module, id, hdrvr, message, l1, l2);
    return DefDriverProc(id, hdrvr, message, l1, l2);
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, LPVOID reserved)
{
    (void)reserved;
    own_module = module;
    say_reason(module, reason);
    return TRUE;
}
