/* Calls a function of winmm.dll that has a number and no name: ordinal.def says which. */
#include <windows.h>
#include <mmsystem.h>

__declspec(dllimport) DWORD WINAPI NumberFive(void);

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    (void)id;
    (void)hdrvr;
    switch (message) {
    case XOR:
        return l1 ^ l2;
    case ORDINAL_CALL:
        return NumberFive();
    default:
        return 1;
    }
}
