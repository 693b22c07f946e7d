/*
 * A library that a driver imports from: a function and a variable. It imports from another one itself.
 */
#include <windows.h>

__declspec(dllimport) int next_place(void);
__declspec(dllimport) int twice(int number);

__declspec(dllexport) int core_place;
__declspec(dllexport) const char *core_name = "core";

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module;
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH)
        core_place = next_place();
    return TRUE;
}

__declspec(dllexport) int core(int number)
{
    return twice(number) + 1;
}
