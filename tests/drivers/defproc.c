/* Leaves everything to DefDriverProc. */
#include <windows.h>
#include <mmsystem.h>

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    return DefDriverProc(id, hdrvr, message, l1, l2);
}
