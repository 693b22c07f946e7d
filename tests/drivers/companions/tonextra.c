/*
 * A library that a driver loads while it runs. It writes down what it is told where the driver reads it.
 */
#include <windows.h>

__declspec(dllexport) int *told;
static int attached;

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    (void)module;
    (void)reserved;
    switch (reason) {
    case DLL_PROCESS_ATTACH:
        attached = 1;
        break;
    case DLL_THREAD_ATTACH:
        if (told)
            *told += 10;
        break;
    case DLL_THREAD_DETACH:
        if (told)
            *told += 100;
        break;
    case DLL_PROCESS_DETACH:
        if (told)
            *told += 1000;
        break;
    }
    return TRUE;
}

__declspec(dllexport) int is_attached(void)
{
    return attached;
}
