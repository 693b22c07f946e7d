/*
 * As much as there is of everything. Each answers how much that was, and keeps it; values[0] is how much it takes at most.
 */
#include "harm.h"
#include <malloc.h>
#include <stdio.h>
#include <mmsystem.h>

#define AMOUNT(name, make) \
    HARM(name) \
    { \
        LRESULT made = 0; \
        while (made < values[0] && (make)) \
            made++; \
        return made; \
    }

/* Every page is written to. */
static BOOL touch(char *block, size_t size)
{
    size_t at;
    for (at = 0; block && at < size; at += 4096)
        block[at] = 1;
    return block != NULL;
}

#define MEGABYTE ((size_t)1 << 20)

AMOUNT(virtual_memory, touch(VirtualAlloc(NULL, MEGABYTE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE), MEGABYTE))
AMOUNT(addresses, VirtualAlloc(NULL, 1, MEM_RESERVE, PAGE_NOACCESS))
AMOUNT(heap_blocks, HeapAlloc(GetProcessHeap(), 0, 60000))
AMOUNT(c_blocks, malloc(20000))
AMOUNT(global_blocks, GlobalAlloc(GMEM_MOVEABLE, 20000))
AMOUNT(local_blocks, LocalAlloc(LMEM_FIXED, 100000))
AMOUNT(events, CreateEventA(NULL, FALSE, FALSE, NULL))
AMOUNT(mutexes, CreateMutexA(NULL, TRUE, NULL))
AMOUNT(semaphores, CreateSemaphoreA(NULL, 1, 1, NULL))
AMOUNT(timers, CreateWaitableTimerA(NULL, FALSE, NULL))
AMOUNT(thread_slots, TlsAlloc() != TLS_OUT_OF_INDEXES)
AMOUNT(files, CreateFileA("hostile_amounts.dll", GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL) != INVALID_HANDLE_VALUE)
AMOUNT(windows, CreateWindowExA(0, "STATIC", "", 0, 0, 0, 1, 1, NULL, NULL, NULL, NULL))
AMOUNT(window_timers, SetTimer(NULL, 0, 3600000, NULL))
AMOUNT(posted, PostThreadMessageA(GetCurrentThreadId(), WM_USER, 0, 0))
AMOUNT(drivers, OpenDriver(L"spy.dll", NULL, 0))
AMOUNT(handlers, AddVectoredExceptionHandler(0, (PVECTORED_EXCEPTION_HANDLER)(ULONG_PTR)kept))

static void CALLBACK nothing(UINT id, UINT message, DWORD_PTR user, DWORD_PTR p1, DWORD_PTR p2)
{
    (void)id;
    (void)message;
    (void)user;
    (void)p1;
    (void)p2;
}

AMOUNT(multimedia_timers, timeSetEvent(100000, 10, nothing, 0, TIME_PERIODIC))

static ULONG number;

static const char *name(void)
{
    static char text[32];
    sprintf(text, "a name %lu", number++);
    return text;
}

AMOUNT(named_events, CreateEventA(NULL, FALSE, FALSE, name()))
AMOUNT(atoms, GlobalAddAtomA(name()))
AMOUNT(environment, SetEnvironmentVariableA(name(), "some value of some length"))

static BOOL make_class(void)
{
    WNDCLASSA class = {0, DefWindowProcA, 0, 0, NULL, NULL, NULL, NULL, NULL, name()};
    return RegisterClassA(&class);
}

AMOUNT(window_classes, make_class())

static BOOL make_key(void)
{
    HKEY key;
    return RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\Hostile", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL) == ERROR_SUCCESS;
}

AMOUNT(keys, make_key())

static BOOL make_value(void)
{
    static BYTE data[10000];
    static HKEY key;
    if (!key)
        RegCreateKeyExA(HKEY_CURRENT_USER, "Software\\Hostile", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &key, NULL);
    return RegSetValueExA(key, name(), 0, REG_BINARY, data, sizeof data) == ERROR_SUCCESS;
}

AMOUNT(settings, make_value())

static DWORD WINAPI wait_for_ever(void *event)
{
    WaitForSingleObject(event, INFINITE);
    return 0;
}

AMOUNT(threads, CreateThread(NULL, 0, wait_for_ever, CreateEventA(NULL, FALSE, FALSE, NULL), 0, NULL))

static BOOL make_wave(void)
{
    static const WAVEFORMATEX format = {WAVE_FORMAT_PCM, 1, 8000, 8000, 1, 8, 0};
    HWAVEOUT wave;
    return waveOutOpen(&wave, WAVE_MAPPER, &format, 0, 0, CALLBACK_NULL) == MMSYSERR_NOERROR;
}

AMOUNT(waves, make_wave())

/* What all of that leaves for who needs little: answers 1, whatever it gets. */
HARM(little)
{
    char text[32];
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    void *block = malloc(64);
    (void)values;
    if (event)
        CloseHandle(event);
    free(block);
    return sprintf(text, "%d", 12345) == 5;
}
