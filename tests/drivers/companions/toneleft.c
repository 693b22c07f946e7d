/*
 * A library that leaves behind whatever would call it: timers, sound, a window's class, a handler of exceptions, a procedure for files. Once it is gone,
 * nothing of that calls it. Each call counts where the driver reads it.
 */
#include <windows.h>
#include <mmsystem.h>

static volatile LONG *calls;
static HMODULE own;
static HANDLE thread_end;

static void CALLBACK ticked(UINT id, UINT message, DWORD_PTR user, DWORD_PTR one, DWORD_PTR two)
{
    InterlockedIncrement(calls);
}

static VOID CALLBACK window_ticked(HWND window, UINT message, UINT_PTR id, DWORD time)
{
    InterlockedIncrement(calls);
}

static void CALLBACK played(HWAVEOUT device, UINT message, DWORD_PTR user, DWORD_PTR one, DWORD_PTR two)
{
    InterlockedIncrement(calls);
}

static LONG CALLBACK handled(EXCEPTION_POINTERS *exception)
{
    InterlockedIncrement(calls);
    return EXCEPTION_CONTINUE_SEARCH;
}

static LRESULT CALLBACK told(HWND window, UINT message, WPARAM wparam, LPARAM lparam)
{
    InterlockedIncrement(calls);
    return DefWindowProcA(window, message, wparam, lparam);
}

static LRESULT CALLBACK read_file(LPSTR info, UINT message, LPARAM one, LPARAM two)
{
    InterlockedIncrement(calls);
    return 0;
}

/* Leaves it all behind; 0 when something could not be had. */
__declspec(dllexport) int leave(volatile LONG *where)
{
    WAVEFORMATEX format = {WAVE_FORMAT_PCM, 1, 8000, 8000, 1, 8, 0};
    WNDCLASSA class = {0, told, 0, 0, NULL, NULL, NULL, NULL, NULL, "left"};
    HWAVEOUT device;
    calls = where;
    if (!timeSetEvent(1, 0, ticked, 0, TIME_PERIODIC) || !SetTimer(NULL, 0, 10, window_ticked))
        return 0;
    if (waveOutOpen(&device, WAVE_MAPPER, &format, (DWORD_PTR)played, 0, CALLBACK_FUNCTION) != MMSYSERR_NOERROR)
        return 0;
    /* Its class is the driver's by its handle, and its procedure is here. */
    if (!RegisterClassA(&class) || !CreateWindowA("left", "", 0, 0, 0, 0, 0, NULL, NULL, NULL, NULL))
        return 0;
    return AddVectoredExceptionHandler(1, handled) != NULL
        && mmioInstallIOProcA(mmioFOURCC('L', 'E', 'F', 'T'), read_file, MMIO_INSTALLPROC) != NULL;
}

static DWORD WINAPI free_and_end(void *module)
{
    WaitForSingleObject(thread_end, INFINITE);
    FreeLibraryAndExitThread(module, 7);
    return 0;
}

/* A thread that frees this library when the event is set. */
__declspec(dllexport) HANDLE begin(HANDLE event)
{
    thread_end = event;
    return CreateThread(NULL, 0, free_and_end, own, 0, NULL);
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    own = module;
    /* Who frees itself while it goes is not told again. */
    if (reason == DLL_PROCESS_DETACH)
        FreeLibrary(module);
    return TRUE;
}
