/*
 * Threads of a driver's own, which call in and out at the same time. The numbers of its messages (THREADS_...) come from src/acts.rs.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <mmsystem.h>

#define MOST 64

static CRITICAL_SECTION section;
static HANDLE turn, mutex, semaphore;
static DWORD slot;
static volatile LONG rounds, failed, begun, ended;
/* Each is protected by something else; none is changed atomically. */
static volatile LONG in_section, in_mutex, in_semaphore;
static volatile LONG worked;
static DWORD until;
static volatile LONG loaded, early = -1, counted;
static HANDLE early_thread;

static void check(int what, int number)
{
    if (!what)
        InterlockedCompareExchange(&failed, number, 0);
}

/* Adds 1 in a way that loses additions unless nobody else is here. */
static void add(volatile LONG *to)
{
    LONG before = *to;
    volatile int i;
    for (i = 0; i < 20; i++)
        ;
    *to = before + 1;
}

static int __cdecl compare(const void *one, const void *other)
{
    /* Out again, from a callback. */
    check(GetCurrentThreadId() == (DWORD)(ULONG_PTR)TlsGetValue(slot), 1);
    return *(const int *)one - *(const int *)other;
}

static DWORD WINAPI work(void *parameter)
{
    DWORD id = GetCurrentThreadId();
    LONG own = 0;
    double sum = 0, expected = 0;
    TlsSetValue(slot, (void *)(ULONG_PTR)id);
    while ((LONG)(until - GetTickCount()) > 0) {
        int numbers[] = {5, 3, 8, 2, 9, 1}, i;
        own++;
        EnterCriticalSection(&section);
        add(&in_section);
        if (own % 16 == 0)
            Sleep(0);
        LeaveCriticalSection(&section);
        check(WaitForSingleObject(mutex, INFINITE) == WAIT_OBJECT_0, 2);
        add(&in_mutex);
        check(ReleaseMutex(mutex), 3);
        check(WaitForSingleObject(semaphore, INFINITE) == WAIT_OBJECT_0, 4);
        add(&in_semaphore);
        check(ReleaseSemaphore(semaphore, 1, NULL), 5);
        qsort(numbers, 6, sizeof *numbers, compare);
        for (i = 1; i < 6; i++)
            check(numbers[i - 1] < numbers[i], 6);
        _set_errno((int)(id & 0x3f) + 1);
        SetLastError(id);
        /* A thread's registers are its own. */
        sum += floor(own + 0.5) / 3;
        expected += (double)own / 3;
        check(sum == expected, 7);
        check(GetLastError() == id && errno == (int)(id & 0x3f) + 1, 8);
        if (own % 8 == 0) {
            SetEvent(turn);
            WaitForSingleObject(turn, 1);
        }
    }
    InterlockedExchangeAdd(&rounds, own);
    return own == 0 ? 1 : (DWORD)own + 0x10000 * (DWORD)(ULONG_PTR)parameter;
}

static LRESULT all_work(DWORD milliseconds, int count)
{
    HANDLE threads[MOST];
    DWORD ids[MOST], code;
    int i;
    rounds = failed = in_section = in_mutex = in_semaphore = 0;
    until = GetTickCount() + milliseconds;
    for (i = 0; i < count; i++) {
        threads[i] = CreateThread(NULL, 0, work, (void *)(ULONG_PTR)i, 0, &ids[i]);
        check(threads[i] != NULL && ids[i] != GetCurrentThreadId(), 20);
    }
    /* The thread that serves the message works as well. */
    work((void *)(ULONG_PTR)count);
    check(WaitForMultipleObjects(count, threads, TRUE, INFINITE) == WAIT_OBJECT_0, 21);
    for (i = 0; i < count; i++) {
        check(GetExitCodeThread(threads[i], &code) && code / 0x10000 >= (DWORD)i && code != STILL_ACTIVE, 22);
        check(CloseHandle(threads[i]), 23);
    }
    check(in_section == rounds, 24);
    check(in_mutex == rounds, 25);
    check(in_semaphore == rounds, 26);
    return failed ? -failed : rounds;
}

static DWORD WINAPI leave(void *parameter)
{
    ExitThread((DWORD)(ULONG_PTR)parameter);
    return 0;
}

static DWORD WINAPI fault(void *parameter)
{
    *(volatile int *)parameter = 1;
    return 0;
}

static DWORD WINAPI wait_for_turn(void *parameter)
{
    WaitForSingleObject(parameter, INFINITE);
    return 0;
}

static DWORD WINAPI loop(void *parameter)
{
    volatile int *forever = parameter;
    while (*forever >= 0)
        *forever ^= 1;
    return 0;
}

static DWORD WINAPI once(void *parameter)
{
    worked = (LONG)(ULONG_PTR)parameter;
    return 0;
}

static LRESULT ended_with(HANDLE thread)
{
    DWORD code = 0;
    if (WaitForSingleObject(thread, INFINITE) != WAIT_OBJECT_0 || !GetExitCodeThread(thread, &code))
        return -1;
    CloseHandle(thread);
    return (LRESULT)code;
}

static LRESULT start_most(void)
{
    HANDLE threads[MOST], go = CreateEventA(NULL, TRUE, FALSE, NULL);
    int count = 0;
    /* The entry point's thread is one of them until it ends. */
    WaitForSingleObject(early_thread, INFINITE);
    while (count < MOST && (threads[count] = CreateThread(NULL, 0, wait_for_turn, go, 0, NULL)) != NULL)
        count++;
    SetEvent(go);
    if (count > 0 && WaitForMultipleObjects(count, threads, TRUE, INFINITE) != WAIT_OBJECT_0)
        return -1;
    for (int i = 0; i < count; i++)
        CloseHandle(threads[i]);
    CloseHandle(go);
    return count;
}

static LRESULT suspended(void)
{
    HANDLE thread = CreateThread(NULL, 0, once, (void *)7, CREATE_SUSPENDED, NULL);
    worked = 0;
    Sleep(20);
    if (worked != 0 || ResumeThread(thread) != 1)
        return -1;
    ended_with(thread);
    return worked == 7;
}

/* Started by the entry point. */
static DWORD WINAPI begin_early(void *parameter)
{
    (void)parameter;
    early = loaded;
    return 0;
}

static DWORD WINAPI add_ones(void *function)
{
    LONG(WINAPI *increment)(volatile LONG *) = (LONG(WINAPI *)(volatile LONG *))(ULONG_PTR)function;
    for (LONG left = until; left > 0; left--) {
        if (increment)
            increment(&counted);
        else
            __sync_fetch_and_add(&counted, 1);
    }
    return 0;
}

static DWORD WINAPI look_long(void *parameter)
{
    const SIZE_T size = 512 << 20;
    const char *zeros = HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, size);
    SetEvent(parameter);
    /* The compiler may not know what it answers. */
    void *(__cdecl *volatile look)(const void *, int, size_t) = (void *)memchr;
    while (zeros && !look(zeros, 1, size))
        ;
    return 0;
}

static void be_busy(void)
{
    HANDLE begins = CreateEventA(NULL, FALSE, FALSE, NULL);
    CloseHandle(CreateThread(NULL, 0, look_long, begins, 0, NULL));
    WaitForSingleObject(begins, INFINITE);
    for (;;)
        GetTickCount();
}

static LRESULT count_to(LONG times)
{
    /* Only 32-bit Windows exports it. */
    FARPROC function = GetProcAddress(GetModuleHandleA("kernel32.dll"), "InterlockedIncrement");
    HANDLE other;
    until = times;
    counted = 0;
    other = CreateThread(NULL, 0, add_ones, NULL, 0, NULL);
    add_ones((void *)(ULONG_PTR)function);
    if (ended_with(other) != 0)
        return -1;
    return counted;
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    switch (reason) {
    case DLL_PROCESS_ATTACH:
        InitializeCriticalSection(&section);
        turn = CreateEventA(NULL, FALSE, FALSE, NULL);
        mutex = CreateMutexA(NULL, FALSE, NULL);
        semaphore = CreateSemaphoreA(NULL, 1, 1, NULL);
        slot = TlsAlloc();
        early_thread = CreateThread(NULL, 0, begin_early, NULL, 0, NULL);
        Sleep(50);
        loaded = 1;
        break;
    case DLL_THREAD_ATTACH:
        InterlockedIncrement(&begun);
        break;
    case DLL_THREAD_DETACH:
        InterlockedIncrement(&ended);
        break;
    }
    return TRUE;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    static int forever;
    switch (message) {
    case DRV_OPEN:
        return 1;
    case XOR:
        return l1 ^ l2;
    case THREADS_WORK:
        return all_work((DWORD)l1, (int)l2);
    case THREADS_EXIT:
        return ended_with(CreateThread(NULL, 0, leave, (void *)l1, 0, NULL));
    case THREADS_TOLD:
        return begun + 1000 * ended;
    case THREADS_FAULT:
        return ended_with(CreateThread(NULL, 0, fault, NULL, 0, NULL)) != 0;
    case THREADS_MOST:
        return start_most();
    case THREADS_FOREVER:
        CloseHandle(CreateThread(NULL, 0, loop, &forever, 0, NULL));
        while (l1)
            ;
        return 1;
    case THREADS_SUSPENDED:
        return suspended();
    case THREADS_EARLY:
        ended_with(early_thread);
        return early;
    case THREADS_BUSY:
        be_busy();
        return 1;
    case THREADS_BAD_ID:
        return CreateThread(NULL, 0, once, NULL, 0, (DWORD *)8) != NULL;
    case THREADS_COUNT:
        return count_to((LONG)l1);
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
