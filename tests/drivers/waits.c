/*
 * What threads wait for, and that it is handed over to them. A check that fails ends its message with the number of its line.
 */
#include <windows.h>
#include <mmsystem.h>

#define CHECK(what) \
    do { \
        if (!(what)) \
            return __LINE__; \
    } while (0)

/* Long enough for anything that is to happen, if it is. */
#define LONG_ENOUGH 30000

static HANDLE ready, awaited[2];
static volatile LONG passed;

static HANDLE start(DWORD(WINAPI *function)(void *), void *parameter)
{
    return CreateThread(NULL, 0, function, parameter, 0, NULL);
}

/* Waits for a thread's end: its exit code. */
static DWORD end_of(HANDLE thread)
{
    DWORD code = 0xdead;
    if (WaitForSingleObject(thread, LONG_ENOUGH) == WAIT_OBJECT_0)
        GetExitCodeThread(thread, &code);
    CloseHandle(thread);
    return code;
}

/* Says that it is ready and waits, with nothing between. */
static DWORD WINAPI wait_for_it(void *object)
{
    DWORD ended = SignalObjectAndWait(ready, object, LONG_ENOUGH, FALSE);
    InterlockedIncrement(&passed);
    return ended;
}

static DWORD WINAPI wait_and_release(void *mutex)
{
    DWORD ended = SignalObjectAndWait(ready, mutex, LONG_ENOUGH, FALSE);
    return ReleaseMutex(mutex) ? ended : 1;
}

/* A thread that waits already. */
static HANDLE waiting(DWORD(WINAPI *function)(void *), void *object)
{
    HANDLE thread = start(function, object);
    if (thread && WaitForSingleObject(ready, LONG_ENOUGH) != WAIT_OBJECT_0)
        return NULL;
    return thread;
}

static int handed_over(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), manual = CreateEventA(NULL, TRUE, FALSE, NULL);
    HANDLE semaphore = CreateSemaphoreA(NULL, 0, 9, NULL), mutex = CreateMutexA(NULL, TRUE, NULL), one, other;
    /* Set twice, an event ends two waits, and is not set then. */
    CHECK((one = waiting(wait_for_it, event)) && (other = waiting(wait_for_it, event)));
    SetEvent(event);
    SetEvent(event);
    CHECK(end_of(one) == WAIT_OBJECT_0 && end_of(other) == WAIT_OBJECT_0 && WaitForSingleObject(event, 0) == WAIT_TIMEOUT);
    /* Set and reset, it ends all waits that there were. */
    CHECK((one = waiting(wait_for_it, manual)) && (other = waiting(wait_for_it, manual)));
    SetEvent(manual);
    ResetEvent(manual);
    CHECK(end_of(one) == WAIT_OBJECT_0 && end_of(other) == WAIT_OBJECT_0 && WaitForSingleObject(manual, 0) == WAIT_TIMEOUT);
    CHECK((one = waiting(wait_for_it, manual)) && (other = waiting(wait_for_it, event)));
    CHECK(PulseEvent(manual) && PulseEvent(event) && end_of(one) == WAIT_OBJECT_0 && end_of(other) == WAIT_OBJECT_0);
    /* Who gives something back and wants it again comes last. */
    CHECK((one = waiting(wait_for_it, semaphore)) && ReleaseSemaphore(semaphore, 1, NULL));
    CHECK(WaitForSingleObject(semaphore, 0) == WAIT_TIMEOUT && end_of(one) == WAIT_OBJECT_0);
    CHECK((one = waiting(wait_and_release, mutex)) && ReleaseMutex(mutex));
    CHECK(WaitForSingleObject(mutex, LONG_ENOUGH) == WAIT_OBJECT_0);
    CHECK(WaitForSingleObject(one, 0) == WAIT_OBJECT_0 || end_of(one) == WAIT_OBJECT_0);
    /* The mutex of a thread that ends comes to the next one as abandoned. */
    CHECK((one = waiting(wait_for_it, mutex)) && (other = waiting(wait_for_it, mutex)) && ReleaseMutex(mutex));
    CHECK(end_of(one) == WAIT_OBJECT_0 && end_of(other) == WAIT_ABANDONED && WaitForSingleObject(mutex, 0) == WAIT_ABANDONED);
    CHECK(ReleaseMutex(mutex) && CloseHandle(event) && CloseHandle(manual) && CloseHandle(semaphore) && CloseHandle(mutex));
    return 0;
}

static DWORD WINAPI wait_for_both(void *object)
{
    ReleaseSemaphore(ready, 1, NULL);
    return WaitForMultipleObjects(2, awaited, TRUE, LONG_ENOUGH);
}

/* All or nothing: who waits for two objects takes neither before it can have both. */
static int both(void)
{
    HANDLE thread;
    awaited[0] = CreateEventA(NULL, FALSE, FALSE, NULL);
    awaited[1] = CreateMutexA(NULL, TRUE, NULL);
    CHECK((thread = waiting(wait_for_both, NULL)) && WaitForSingleObject(thread, 20) == WAIT_TIMEOUT);
    CHECK(SetEvent(awaited[0]) && WaitForSingleObject(awaited[0], 0) == WAIT_OBJECT_0);
    CHECK(ReleaseMutex(awaited[1]) && WaitForSingleObject(awaited[1], 0) == WAIT_OBJECT_0);
    CHECK(SetEvent(awaited[0]) && ReleaseMutex(awaited[1]) && WaitForSingleObject(awaited[0], 0) == WAIT_TIMEOUT);
    CHECK(end_of(thread) == WAIT_OBJECT_0 && CloseHandle(awaited[0]) && CloseHandle(awaited[1]));
    return 0;
}

/* A thread that is suspended takes nothing and runs no code of its own, whatever it has waited for; nor does one that is terminated. */
static int stopped(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), manual = CreateEventA(NULL, TRUE, FALSE, NULL), one, other;
    passed = 0;
    CHECK((one = waiting(wait_for_it, event)) && (other = waiting(wait_for_it, manual)));
    CHECK(SuspendThread(one) == 0 && SuspendThread(other) == 0 && SetEvent(event) && SetEvent(manual));
    Sleep(30);
    CHECK(passed == 0 && WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    CHECK(ResumeThread(other) == 1 && end_of(other) == WAIT_OBJECT_0 && passed == 1);
    CHECK(SetEvent(event) && ResumeThread(one) == 1 && end_of(one) == WAIT_OBJECT_0 && passed == 2);
    CHECK((one = waiting(wait_for_it, event)) && TerminateThread(one, 9) && SetEvent(event));
    CHECK(end_of(one) == 9 && passed == 2 && WaitForSingleObject(event, 0) == WAIT_OBJECT_0);
    CHECK(CloseHandle(event) && CloseHandle(manual));
    return 0;
}

/* Timers of messages, in a thread that serves no requests. */
static DWORD WINAPI ticks(void *parameter)
{
    MSG message;
    UINT_PTR timer = SetTimer(NULL, 0, 10, NULL);
    HANDLE never = CreateEventA(NULL, TRUE, FALSE, NULL);
    CHECK(timer && never);
    for (int i = 0; i < 3; i++)
        CHECK(GetMessageA(&message, NULL, 0, 0) > 0 && message.message == WM_TIMER && message.wParam == timer);
    CHECK(MsgWaitForMultipleObjects(1, &never, FALSE, LONG_ENOUGH, QS_TIMER) == WAIT_OBJECT_0 + 1);
    CHECK(PeekMessageA(&message, NULL, 0, 0, PM_REMOVE) && message.message == WM_TIMER);
    CHECK(WaitMessage() && PeekMessageA(&message, NULL, 0, 0, PM_REMOVE) && message.message == WM_TIMER);
    CHECK(KillTimer(NULL, timer) && CloseHandle(never));
    return 0;
}

static DWORD WINAPI message_or_event(void *event)
{
    ReleaseSemaphore(ready, 1, NULL);
    return MsgWaitForMultipleObjects(1, &event, FALSE, LONG_ENOUGH, QS_ALLINPUT);
}

static int messages(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL), thread;
    int line = (int)end_of(start(ticks, NULL));
    CHECK((thread = waiting(message_or_event, event)) != NULL);
    Sleep(20);
    CHECK(SetEvent(event) && ResetEvent(event) && end_of(thread) == WAIT_OBJECT_0);
    CloseHandle(event);
    return line;
}

/* Threads that wait for ever though a timer has come: one for messages of other numbers, one for an event besides, one for both. */
static HANDLE end, idle[3];
static DWORD idle_ids[3];

static HANDLE signalled_timer(void)
{
    LARGE_INTEGER due = {.QuadPart = -10000};
    HANDLE timer = CreateWaitableTimerA(NULL, TRUE, NULL);
    return SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE) ? timer : NULL;
}

static DWORD WINAPI idle_message(void *parameter)
{
    MSG message;
    CHECK(SetTimer(NULL, 0, 10, NULL));
    CHECK(GetMessageA(&message, NULL, WM_USER, WM_USER) > 0 && message.message == WM_USER);
    return 0;
}

static DWORD WINAPI idle_objects(void *parameter)
{
    HANDLE objects[] = {end, signalled_timer()};
    CHECK(WaitForMultipleObjects(2, objects, TRUE, INFINITE) == WAIT_OBJECT_0);
    return 0;
}

static DWORD WINAPI idle_all(void *parameter)
{
    HANDLE timer = signalled_timer();
    CHECK(MsgWaitForMultipleObjects(1, &timer, TRUE, INFINITE, QS_POSTMESSAGE) == WAIT_OBJECT_0);
    return 0;
}

static int begin_idle(void)
{
    DWORD(WINAPI * functions[])(void *) = {idle_message, idle_objects, idle_all};
    end = CreateEventA(NULL, TRUE, FALSE, NULL);
    for (int i = 0; i < 3; i++)
        CHECK((idle[i] = CreateThread(NULL, 0, functions[i], NULL, 0, &idle_ids[i])) != NULL);
    Sleep(50);
    return 0;
}

static int end_idle(void)
{
    CHECK(SetEvent(end) && PostThreadMessageA(idle_ids[0], WM_USER, 0, 0) && PostThreadMessageA(idle_ids[2], WM_USER, 0, 0));
    for (int i = 0; i < 3; i++) {
        DWORD line = end_of(idle[i]);
        if (line)
            return (int)line;
    }
    return 0;
}

static DWORD WINAPI nothing(void *parameter)
{
    return 0;
}

/* Makes and ends so many of everything. */
static int many(int count)
{
    for (int i = 0; i < count; i++) {
        CRITICAL_SECTION section;
        HANDLE event = CreateEventA(NULL, FALSE, FALSE, i % 2 ? "an event" : NULL), copy;
        HANDLE process = GetCurrentProcess();
        WNDCLASSA class = {0, DefWindowProcA, 4, 4, NULL, NULL, NULL, NULL, NULL, "many"};
        HWND window;
        UINT timer;
        DWORD slot;
        CHECK(event && DuplicateHandle(process, event, process, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS));
        CHECK(CloseHandle(event) && !SetEvent(event) && SetEvent(copy) && CloseHandle(copy) && !CloseHandle(copy));
        InitializeCriticalSection(&section);
        EnterCriticalSection(&section);
        LeaveCriticalSection(&section);
        DeleteCriticalSection(&section);
        CHECK((slot = TlsAlloc()) != TLS_OUT_OF_INDEXES && TlsFree(slot));
        CHECK(HeapFree(GetProcessHeap(), 0, HeapAlloc(GetProcessHeap(), 0, 1000 + i % 5000)));
        CHECK(RegisterClassA(&class) && (window = CreateWindowA("many", "a window", 0, 0, 0, 9, 9, NULL, NULL, NULL, NULL)));
        CHECK(SetTimer(window, 1, 1000, NULL) && PostMessageA(window, WM_USER, 0, 0) && SetPropA(window, "many", window));
        CHECK(DestroyWindow(window) && UnregisterClassA("many", NULL));
        CHECK((timer = timeSetEvent(1000, 0, (LPTIMECALLBACK)event, 0, TIME_CALLBACK_EVENT_SET)) && timeKillEvent(timer) == 0);
        if (i % 10 == 0)
            CHECK(end_of(start(nothing, NULL)) == 0);
    }
    return 0;
}

static int all(void)
{
    int line;
    ready = CreateSemaphoreA(NULL, 0, 99, NULL);
    line = handed_over();
    line = line ? line : both();
    line = line ? line : stopped();
    line = line ? line : messages();
    CloseHandle(ready);
    return line;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
        return 1;
    case WAITS_ALL:
        return all();
    case WAITS_IDLE:
        return begin_idle();
    case WAITS_END_IDLE:
        return end_idle();
    case WAITS_MANY:
        return many((int)l1);
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
