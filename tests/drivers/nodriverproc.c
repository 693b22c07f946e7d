/* A library that is no driver. */
#include <windows.h>

__declspec(dllexport) int NotDriverProc(void)
{
    return 1;
}
