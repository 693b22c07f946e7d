/*
 * What a driver does to itself, and to the process that it believes to be in. Its file's name says when and what: MOMENT-ACT.dll, with a moment and an act of those below. MOMENT is also what it
 * is told to do by HARM_DO.
 */
#define OWN_DRIVER_PROC
#include "harm.h"
#include <process.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static HINSTANCE own;
static char moment[64];
static const char *act = "";

static LONGLONG none[1];

/* How often it has opened itself. */
static int opened;

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2);

HARM(calls)
{
    (void)values;
    return DriverProc(0, own_handle, XOR, 5, 3) == 6;
}

HARM(sends)
{
    (void)values;
    return SendDriverMessage(own_handle, XOR, 5, 3) == 6;
}

/* So much of the stack is used at a time that its end comes soon. */
#define FRAME 4096

HARM(calls_again)
{
    volatile char frame[FRAME];
    (void)values;
    frame[0] = 1;
    return DriverProc(0, own_handle, HARM_DO, (LPARAM) "calls_again", (LPARAM)none) + frame[0];
}

HARM(sends_again)
{
    volatile char frame[FRAME];
    (void)values;
    frame[0] = 1;
    return SendDriverMessage(own_handle, HARM_DO, (LPARAM) "sends_again", (LPARAM)none) + frame[0];
}

static int __cdecl compare_again(const void *one, const void *other)
{
    int numbers[] = {1, 2};
    (void)one;
    (void)other;
    qsort(numbers, 2, sizeof *numbers, compare_again);
    return 0;
}

/* Functions that the system calls, each inside the one before. */
HARM(sorts_again)
{
    (void)values;
    return compare_again(NULL, NULL);
}

static LRESULT CALLBACK procedure(HWND window, UINT message, WPARAM w, LPARAM l)
{
    return message == WM_USER ? SendMessageA(window, WM_USER, w + 1, l) : DefWindowProcA(window, message, w, l);
}

HARM(windows_again)
{
    WNDCLASSA class = {0, procedure, 0, 0, NULL, NULL, NULL, NULL, NULL, "again"};
    (void)values;
    RegisterClassA(&class);
    return SendMessageA(CreateWindowExA(0, "again", "", 0, 0, 0, 1, 1, NULL, NULL, NULL, NULL), WM_USER, 0, 0);
}

HARM(raises_exception)
{
    (void)values;
    RaiseException(0xe0000001, 0, 0, NULL);
    return 1;
}

HARM(closes)
{
    (void)values;
    return CloseDriver(own_handle, 0, 0);
}

HARM(opens)
{
    WCHAR name[MAX_PATH];
    (void)values;
    if (opened++ < 300)
        return GetModuleFileNameW(own, name, MAX_PATH) && OpenDriver(name, NULL, 0);
    return 0;
}

/* More often than it was loaded. */
HARM(frees)
{
    int n;
    (void)values;
    for (n = 0; n < 3; n++)
        FreeLibrary(own);
    return 1;
}

HARM(frees_and_ends)
{
    (void)values;
    FreeLibraryAndExitThread(own, 5);
    return 1;
}

HARM(exits_process)
{
    (void)values;
    ExitProcess(5);
}

HARM(terminates_process)
{
    (void)values;
    return TerminateProcess((HANDLE)(LONG_PTR)-1, 5);
}

HARM(exits_thread)
{
    (void)values;
    ExitThread(5);
}

HARM(terminates_thread)
{
    (void)values;
    return TerminateThread(GetCurrentThread(), 5);
}

HARM(suspends_thread)
{
    (void)values;
    return SuspendThread(GetCurrentThread());
}

HARM(ends_thread)
{
    (void)values;
    _endthreadex(5);
    return 1;
}

HARM(exits)
{
    (void)values;
    exit(5);
}

HARM(exits_at_once)
{
    (void)values;
    _exit(5);
}

HARM(aborts)
{
    (void)values;
    abort();
}

HARM(raises_signal)
{
    (void)values;
    return raise(SIGABRT);
}

HARM(ends_fatally)
{
    (void)values;
    FatalAppExitA(0, "that is all");
    return 1;
}

HARM(loops)
{
    (void)values;
    for (;;)
        kept++;
}

HARM(sleeps)
{
    (void)values;
    Sleep(INFINITE);
    return 1;
}

HARM(waits)
{
    (void)values;
    return WaitForSingleObject(CreateEventA(NULL, TRUE, FALSE, NULL), INFINITE);
}

HARM(waits_for_itself)
{
    HANDLE itself;
    (void)values;
    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &itself, 0, FALSE, DUPLICATE_SAME_ACCESS);
    return WaitForSingleObject(itself, INFINITE);
}

HARM(waits_for_messages)
{
    MSG message;
    (void)values;
    return GetMessageA(&message, NULL, 0, 0);
}

static CRITICAL_SECTION section;

static DWORD WINAPI hold(void *event)
{
    EnterCriticalSection(&section);
    SetEvent(event);
    Sleep(INFINITE);
    return 0;
}

/* For a section that a thread of its own never leaves. */
HARM(waits_for_section)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    (void)values;
    InitializeCriticalSection(&section);
    CreateThread(NULL, 0, hold, event, 0, NULL);
    WaitForSingleObject(event, INFINITE);
    EnterCriticalSection(&section);
    return 1;
}

HARM(loops_in_calls)
{
    char text[64];
    (void)values;
    for (;;)
        sprintf(text, "%p %lu", (void *)text, GetTickCount());
}

HARM(searches_long)
{
    static char much[1 << 20];
    (void)values;
    for (;;)
        kept += lstrlenA(memset(much, 'x', sizeof much - 1));
}

HARM(faults)
{
    (void)values;
    *(volatile int *)8 = 1;
    return 1;
}

static const struct {
    const char *name;
    UINT message;
} MOMENTS[] = {{"load", DRV_LOAD},       {"enable", DRV_ENABLE},   {"open", DRV_OPEN},        {"close", DRV_CLOSE},
               {"disable", DRV_DISABLE}, {"free", DRV_FREE}, {"end", DRV_EXITSESSION}};

static BOOL is_now(UINT message)
{
    size_t n;
    for (n = 0; n < sizeof MOMENTS / sizeof *MOMENTS; n++)
        if (MOMENTS[n].message == message)
            return lstrcmpiA(MOMENTS[n].name, moment) == 0;
    return FALSE;
}

static BOOL doing;

static LRESULT do_once(void)
{
    if (!doing) {
        doing = TRUE;
        do_harm(act, none);
        doing = FALSE;
    }
    return 1;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    (void)id;
    if (is_now(message)) {
        own_handle = hdrvr;
        return do_once();
    }
    return harmful(hdrvr, message, l1, l2);
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_PROCESS_ATTACH) {
        char path[MAX_PATH], *name, *dash;
        own = instance;
        GetModuleFileNameA(instance, path, MAX_PATH);
        name = strrchr(path, '\\');
        lstrcpynA(moment, name ? name + 1 : path, sizeof moment);
        dash = strchr(moment, '-');
        if (dash) {
            *dash = 0;
            act = dash + 1;
            if (strchr(act, '.'))
                *strchr(act, '.') = 0;
        }
        if (lstrcmpiA(moment, "attach") == 0)
            do_once();
    } else if (reason == DLL_PROCESS_DETACH && lstrcmpiA(moment, "detach") == 0) {
        do_once();
    }
    return TRUE;
}
