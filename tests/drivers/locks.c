/*
 * Locks and objects between threads of the driver's own. A check that fails ends its message with the number of its line.
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
#define MOST 16

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

/* A bounded buffer between threads, by condition variables; half of the users have a critical section, half a slim lock. */
static CRITICAL_SECTION section;
static SRWLOCK slim = SRWLOCK_INIT;
static CONDITION_VARIABLE not_empty = CONDITION_VARIABLE_INIT, not_full = CONDITION_VARIABLE_INIT;
static int buffered;
static LONG sum;
#define ITEMS 500

static void lock(void *by_section)
{
    if (by_section)
        EnterCriticalSection(&section);
    else
        AcquireSRWLockExclusive(&slim);
}

static void unlock(void *by_section)
{
    if (by_section)
        LeaveCriticalSection(&section);
    else
        ReleaseSRWLockExclusive(&slim);
}

static BOOL sleep_on(CONDITION_VARIABLE *variable, void *by_section)
{
    return by_section ? SleepConditionVariableCS(variable, &section, LONG_ENOUGH)
                      : SleepConditionVariableSRW(variable, &slim, LONG_ENOUGH, 0);
}

static DWORD WINAPI produce(void *by_section)
{
    for (int i = 1; i <= ITEMS; i++) {
        lock(by_section);
        while (buffered == 3)
            CHECK(sleep_on(&not_full, by_section));
        buffered++;
        unlock(by_section);
        WakeConditionVariable(&not_empty);
    }
    return 0;
}

static DWORD WINAPI consume(void *by_section)
{
    for (int i = 1; i <= ITEMS; i++) {
        lock(by_section);
        while (buffered == 0)
            CHECK(sleep_on(&not_empty, by_section));
        buffered--;
        sum++;
        unlock(by_section);
        WakeAllConditionVariable(&not_full);
    }
    return 0;
}

static int variables(void *by_section)
{
    HANDLE threads[4];
    buffered = 0;
    sum = 0;
    for (int i = 0; i < 4; i++)
        threads[i] = start(i % 2 ? produce : consume, by_section);
    for (int i = 0; i < 4; i++)
        CHECK(end_of(threads[i]) == 0);
    CHECK(buffered == 0 && sum == 2 * ITEMS);
    return 0;
}

/* Readers together, writers alone. */
static volatile LONG readers, writers, most_readers;

static DWORD WINAPI read_or_write(void *number)
{
    for (int i = 0; i < 200; i++) {
        if ((i + (int)(ULONG_PTR)number) % 4) {
            LONG now;
            AcquireSRWLockShared(&slim);
            now = InterlockedIncrement(&readers);
            if (now > most_readers)
                most_readers = now;
            CHECK(writers == 0);
            Sleep(0);
            InterlockedDecrement(&readers);
            ReleaseSRWLockShared(&slim);
        } else {
            AcquireSRWLockExclusive(&slim);
            CHECK(InterlockedIncrement(&writers) == 1 && readers == 0);
            InterlockedDecrement(&writers);
            ReleaseSRWLockExclusive(&slim);
        }
    }
    return 0;
}

static int slim_locks(void)
{
    HANDLE threads[6];
    for (int i = 0; i < 6; i++)
        threads[i] = start(read_or_write, (void *)(ULONG_PTR)i);
    for (int i = 0; i < 6; i++)
        CHECK(end_of(threads[i]) == 0);
    CHECK(readers == 0 && writers == 0 && most_readers >= 1);
    return 0;
}

/* Two threads that hand a turn to each other, so often. */
static HANDLE turns[2];

static DWORD WINAPI take_turns(void *own)
{
    int which = own != NULL;
    for (int i = 0; i < 300; i++)
        CHECK(SignalObjectAndWait(turns[!which], turns[which], LONG_ENOUGH, FALSE) == WAIT_OBJECT_0);
    SetEvent(turns[!which]);
    return 0;
}

static int signal_and_wait(void)
{
    HANDLE threads[2];
    for (int i = 0; i < 2; i++)
        turns[i] = CreateEventA(NULL, FALSE, FALSE, NULL);
    for (int i = 0; i < 2; i++)
        threads[i] = start(take_turns, i ? (void *)1 : NULL);
    CHECK(end_of(threads[0]) == 0 && end_of(threads[1]) == 0);
    return 0;
}

static DWORD WINAPI wait_once(void *event)
{
    return WaitForSingleObject(event, LONG_ENOUGH);
}

static DWORD WINAPI take_and_end(void *mutex)
{
    return WaitForSingleObject(mutex, LONG_ENOUGH) == WAIT_OBJECT_0 ? 0 : 1;
}

static int abandoned(void)
{
    HANDLE mutex = CreateMutexA(NULL, FALSE, NULL), both[2];
    CHECK(end_of(start(take_and_end, mutex)) == 0);
    CHECK(WaitForSingleObject(mutex, 0) == WAIT_ABANDONED);
    CHECK(ReleaseMutex(mutex) && WaitForSingleObject(mutex, 0) == WAIT_OBJECT_0 && ReleaseMutex(mutex));
    CHECK(end_of(start(take_and_end, mutex)) == 0);
    both[0] = CreateEventA(NULL, TRUE, FALSE, NULL);
    both[1] = mutex;
    CHECK(WaitForMultipleObjects(2, both, FALSE, 0) == WAIT_ABANDONED_0 + 1 && ReleaseMutex(mutex));
    return 0;
}

static int pulses(void)
{
    HANDLE threads[3], all = CreateEventA(NULL, TRUE, FALSE, NULL), one = CreateEventA(NULL, FALSE, FALSE, NULL);
    for (int i = 0; i < 3; i++)
        threads[i] = start(wait_once, all);
    /* Nobody can tell when all of them wait, so it is done until none does. */
    while (WaitForMultipleObjects(3, threads, TRUE, 1) == WAIT_TIMEOUT)
        CHECK(PulseEvent(all));
    for (int i = 0; i < 3; i++)
        CHECK(end_of(threads[i]) == WAIT_OBJECT_0);
    CHECK(WaitForSingleObject(all, 0) == WAIT_TIMEOUT);
    threads[0] = start(wait_once, one);
    while (WaitForSingleObject(threads[0], 1) == WAIT_TIMEOUT)
        PulseEvent(one);
    CHECK(end_of(threads[0]) == WAIT_OBJECT_0 && WaitForSingleObject(one, 0) == WAIT_TIMEOUT);
    return 0;
}

/* What is closed while it is waited for stays until that is over. */
static int closed(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, "closed"), other, thread = start(wait_once, event);
    Sleep(20);
    other = OpenEventA(EVENT_ALL_ACCESS, FALSE, "closed");
    CHECK(other && CloseHandle(event));
    CHECK(SetEvent(other) && end_of(thread) == WAIT_OBJECT_0);
    return 0;
}

static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
static LONG initialized;

static BOOL CALLBACK initialize(PINIT_ONCE which, void *parameter, void **context)
{
    Sleep(10);
    *context = (void *)(ULONG_PTR)(16 * InterlockedIncrement(&initialized));
    return which == &once && parameter == &once;
}

static DWORD WINAPI do_once(void *parameter)
{
    void *context;
    (void)parameter;
    CHECK(InitOnceExecuteOnce(&once, initialize, &once, &context));
    CHECK(context == (void *)16);
    return 0;
}

static int only_once(void)
{
    HANDLE threads[5];
    for (int i = 0; i < 5; i++)
        threads[i] = start(do_once, NULL);
    for (int i = 0; i < 5; i++)
        CHECK(end_of(threads[i]) == 0);
    CHECK(initialized == 1);
    return 0;
}

/* Entries go round between threads, each of which takes one out and puts it back. */
static SLIST_HEADER list;

static DWORD WINAPI go_round(void *parameter)
{
    (void)parameter;
    for (int i = 0; i < 2000; i++) {
        SLIST_ENTRY *entry = InterlockedPopEntrySList(&list);
        if (entry)
            InterlockedPushEntrySList(&list, entry);
    }
    return 0;
}

static int lists(void)
{
    static SLIST_ENTRY entries[3];
    HANDLE threads[4];
    int count = 0;
    InitializeSListHead(&list);
    for (int i = 0; i < 3; i++)
        InterlockedPushEntrySList(&list, &entries[i]);
    for (int i = 0; i < 4; i++)
        threads[i] = start(go_round, NULL);
    for (int i = 0; i < 4; i++)
        CHECK(end_of(threads[i]) == 0);
    CHECK(QueryDepthSList(&list) == 3);
    for (SLIST_ENTRY *entry = InterlockedFlushSList(&list); entry; entry = entry->Next)
        count++;
    CHECK(count == 3 && QueryDepthSList(&list) == 0);
    return 0;
}

static volatile LONG steps;

static DWORD WINAPI step(void *parameter)
{
    for (; !parameter; Sleep(1))
        InterlockedIncrement(&steps);
    return 0;
}

static int suspended(void)
{
    HANDLE thread = start(step, NULL);
    LONG seen;
    DWORD code;
    while (steps < 3)
        Sleep(1);
    CHECK(SuspendThread(thread) == 0 && SuspendThread(thread) == 1);
    Sleep(20);
    seen = steps;
    Sleep(30);
    CHECK(steps == seen);
    CHECK(ResumeThread(thread) == 2 && ResumeThread(thread) == 1 && ResumeThread(thread) == 0);
    while (steps == seen)
        Sleep(1);
    CHECK(TerminateThread(thread, 77));
    CHECK(WaitForSingleObject(thread, LONG_ENOUGH) == WAIT_OBJECT_0);
    CHECK(GetExitCodeThread(thread, &code) && code == 77 && ResumeThread(thread) == 0);
    CloseHandle(thread);
    /* One that waits, and one that has not begun. */
    thread = start(wait_once, CreateEventA(NULL, TRUE, FALSE, NULL));
    CHECK(TerminateThread(thread, 78) && end_of(thread) == 78);
    thread = CreateThread(NULL, 0, step, NULL, CREATE_SUSPENDED, NULL);
    CHECK(TerminateThread(thread, 79) && end_of(thread) == 79);
    return 0;
}

static DWORD fiber;
static volatile LONG destroyed;

static void WINAPI destroy(void *value)
{
    InterlockedExchangeAdd(&destroyed, (LONG)(LONG_PTR)value);
}

static DWORD WINAPI keep(void *value)
{
    return FlsSetValue(fiber, value) && FlsGetValue(fiber) == value ? 0 : 1;
}

static int locals(void)
{
    destroyed = 0;
    fiber = FlsAlloc(destroy);
    CHECK(fiber != FLS_OUT_OF_INDEXES);
    CHECK(end_of(start(keep, (void *)5)) == 0 && end_of(start(keep, (void *)7)) == 0);
    CHECK(destroyed == 12);
    CHECK(FlsSetValue(fiber, (void *)100) && FlsFree(fiber) && destroyed == 112);
    CHECK(!FlsFree(fiber) && GetLastError() == ERROR_INVALID_PARAMETER);
    return 0;
}

/* Sixteen threads that wait, each in another way. */
static HANDLE idle_end, idle[MOST];
static LONG idle_begun;

static DWORD WINAPI be_idle(void *parameter)
{
    int number = (int)(ULONG_PTR)parameter;
    InterlockedIncrement(&idle_begun);
    switch (number % 4) {
    case 0:
        return WaitForSingleObject(idle_end, INFINITE);
    case 1: {
        HANDLE both[] = {idle_end, CreateEventA(NULL, TRUE, FALSE, NULL)};
        return WaitForMultipleObjects(2, both, FALSE, INFINITE);
    }
    case 2:
        while (WaitForSingleObject(idle_end, 60000) == WAIT_TIMEOUT)
            ;
        return 0;
    default:
        AcquireSRWLockShared(&slim);
        ReleaseSRWLockShared(&slim);
        return WaitForSingleObject(idle_end, INFINITE);
    }
}

static int begin_idle(void)
{
    idle_end = CreateEventA(NULL, TRUE, FALSE, NULL);
    AcquireSRWLockExclusive(&slim);
    for (int i = 0; i < MOST; i++)
        CHECK((idle[i] = start(be_idle, (void *)(ULONG_PTR)i)) != NULL);
    while (idle_begun < MOST)
        Sleep(1);
    return 0;
}

static int end_idle(void)
{
    ReleaseSRWLockExclusive(&slim);
    SetEvent(idle_end);
    for (int i = 0; i < MOST; i++)
        CHECK(end_of(idle[i]) == 0);
    return 0;
}

static int all(void)
{
    int line = variables((void *)1);
    line = line ? line : variables(NULL);
    line = line ? line : slim_locks();
    line = line ? line : signal_and_wait();
    line = line ? line : abandoned();
    line = line ? line : pulses();
    line = line ? line : closed();
    line = line ? line : only_once();
    line = line ? line : lists();
    line = line ? line : suspended();
    return line ? line : locals();
}

BOOL WINAPI DllMain(HINSTANCE module, DWORD reason, void *reserved)
{
    if (reason == DLL_PROCESS_ATTACH)
        InitializeCriticalSection(&section);
    return TRUE;
}

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
        return 1;
    case LOCKS_ALL:
        return all();
    case LOCKS_IDLE:
        return begin_idle();
    case LOCKS_END_IDLE:
        return end_idle();
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
