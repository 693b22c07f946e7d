/* Cases of kernel32.dll: threads, what is waited for, locks, times, and modules. */
#include "survey.h"

static DWORD WINAPI answer(void *parameter)
{
    return (DWORD)(ULONG_PTR)parameter;
}

static HANDLE thread_with(DWORD flags)
{
    return kernel32(CreateThread)(NULL, 0, answer, (void *)42, flags, NULL);
}

/* Lets a thread end, and closes it. */
static void finish(HANDLE thread)
{
    number(kernel32(WaitForSingleObject)(thread, 10000));
    kernel32(CloseHandle)(thread);
}

/* A number that no handle is. */
#define NO_HANDLE ((HANDLE)(ULONG_PTR)0xdead0)

GOOD(kernel32, CreateThread, that_answers)
{
    DWORD id = 0, code = 0;
    HANDLE thread = kernel32(CreateThread)(NULL, 0, answer, (void *)42, 0, &id);
    handle(thread);
    yes(id);
    number(kernel32(WaitForSingleObject)(thread, 10000));
    yes(kernel32(GetExitCodeThread)(thread, &code));
    number(code);
    kernel32(CloseHandle)(thread);
}

NO_WRONG(kernel32, CreateThread, "what is wrong shows when the thread runs")

GOOD(kernel32, ResumeThread, a_suspended_one)
{
    HANDLE thread = thread_with(CREATE_SUSPENDED);
    number(kernel32(ResumeThread)(thread));
    finish(thread);
}

WRONG(kernel32, ResumeThread, no_handle)
{
    number((LONG)kernel32(ResumeThread)(NO_HANDLE));
    last_error();
}

GOOD(kernel32, GetExitCodeThread, of_one_that_waits)
{
    DWORD code = 0;
    HANDLE thread = thread_with(CREATE_SUSPENDED);
    yes(kernel32(GetExitCodeThread)(thread, &code));
    number(code);
    kernel32(ResumeThread)(thread);
    finish(thread);
}

WRONG(kernel32, GetExitCodeThread, of_no_handle)
{
    DWORD code = 7;
    yes(kernel32(GetExitCodeThread)(NO_HANDLE, &code));
    last_error();
}

GOOD(kernel32, SetThreadPriority, of_a_thread)
{
    HANDLE thread = thread_with(CREATE_SUSPENDED);
    yes(kernel32(SetThreadPriority)(thread, THREAD_PRIORITY_ABOVE_NORMAL));
    number(kernel32(GetThreadPriority)(thread));
    kernel32(ResumeThread)(thread);
    finish(thread);
}

WRONG(kernel32, SetThreadPriority, of_no_handle)
{
    yes(kernel32(SetThreadPriority)(NO_HANDLE, 0));
    last_error();
}

GOOD(kernel32, GetThreadPriority, at_first)
{
    number(kernel32(GetThreadPriority)(kernel32(GetCurrentThread)()));
}

WRONG(kernel32, GetThreadPriority, of_no_handle)
{
    yes(kernel32(GetThreadPriority)(NO_HANDLE) == THREAD_PRIORITY_ERROR_RETURN);
    last_error();
}

GOOD(kernel32, SetThreadAffinityMask, to_the_first_processor)
{
    DWORD_PTR before = kernel32(SetThreadAffinityMask)(kernel32(GetCurrentThread)(), 1);
    yes(before);
    yes(kernel32(SetThreadAffinityMask)(kernel32(GetCurrentThread)(), before) == 1);
}

WRONG(kernel32, SetThreadAffinityMask, to_none)
{
    yes(kernel32(SetThreadAffinityMask)(kernel32(GetCurrentThread)(), 0));
    last_error();
}

GOOD(kernel32, GetCurrentThread, at_once)
{
    number((LONG_PTR)kernel32(GetCurrentThread)());
}

NO_WRONG(kernel32, GetCurrentThread, "it takes no arguments")

GOOD(kernel32, GetCurrentThreadId, twice_the_same)
{
    yes(kernel32(GetCurrentThreadId)());
    yes(kernel32(GetCurrentThreadId)() == kernel32(GetCurrentThreadId)());
}

NO_WRONG(kernel32, GetCurrentThreadId, "it takes no arguments")

/* What is waited for */

GOOD(kernel32, CreateEventA, that_is_set)
{
    HANDLE event = kernel32(CreateEventA)(NULL, FALSE, TRUE, NULL);
    handle(event);
    number(kernel32(WaitForSingleObject)(event, 0));
    number(kernel32(WaitForSingleObject)(event, 0));
    yes(kernel32(CloseHandle)(event));
}

WRONG(kernel32, CreateEventA, by_the_name_of_something_else)
{
    HANDLE semaphore = kernel32(CreateSemaphoreA)(NULL, 0, 1, "survey-name");
    handle(kernel32(CreateEventA)(NULL, FALSE, TRUE, "survey-name"));
    last_error();
    kernel32(CloseHandle)(semaphore);
}

GOOD(kernel32, CreateEventW, by_a_name_that_there_is)
{
    HANDLE first = kernel32(CreateEventW)(NULL, TRUE, FALSE, L"survey-event");
    HANDLE second = kernel32(CreateEventW)(NULL, TRUE, FALSE, L"survey-event");
    last_error();
    kernel32(SetEvent)(second);
    number(kernel32(WaitForSingleObject)(first, 0));
    kernel32(CloseHandle)(first);
    kernel32(CloseHandle)(second);
}

WRONG(kernel32, CreateEventW, by_the_name_of_something_else)
{
    HANDLE semaphore = kernel32(CreateSemaphoreW)(NULL, 0, 1, L"survey-name");
    handle(kernel32(CreateEventW)(NULL, FALSE, TRUE, L"survey-name"));
    last_error();
    kernel32(CloseHandle)(semaphore);
}

GOOD(kernel32, SetEvent, an_event)
{
    HANDLE event = kernel32(CreateEventA)(NULL, TRUE, FALSE, NULL);
    number(kernel32(WaitForSingleObject)(event, 0));
    yes(kernel32(SetEvent)(event));
    number(kernel32(WaitForSingleObject)(event, 0));
    kernel32(CloseHandle)(event);
}

WRONG(kernel32, SetEvent, no_handle)
{
    yes(kernel32(SetEvent)(NO_HANDLE));
    last_error();
    yes(kernel32(SetEvent)(NULL));
    last_error();
}

GOOD(kernel32, ResetEvent, an_event)
{
    HANDLE event = kernel32(CreateEventA)(NULL, TRUE, TRUE, NULL);
    yes(kernel32(ResetEvent)(event));
    number(kernel32(WaitForSingleObject)(event, 0));
    kernel32(CloseHandle)(event);
}

WRONG(kernel32, ResetEvent, a_thread)
{
    HANDLE thread = thread_with(0);
    yes(kernel32(ResetEvent)(thread));
    last_error();
    finish(thread);
}

GOOD(kernel32, CreateSemaphoreA, of_two)
{
    HANDLE semaphore = kernel32(CreateSemaphoreA)(NULL, 2, 3, NULL);
    for (int i = 0; i < 3; i++)
        number(kernel32(WaitForSingleObject)(semaphore, 0));
    kernel32(CloseHandle)(semaphore);
}

WRONG(kernel32, CreateSemaphoreA, of_more_than_its_most)
{
    handle(kernel32(CreateSemaphoreA)(NULL, 4, 3, NULL));
    last_error();
}

GOOD(kernel32, CreateSemaphoreW, of_none)
{
    HANDLE semaphore = kernel32(CreateSemaphoreW)(NULL, 0, 1, NULL);
    handle(semaphore);
    number(kernel32(WaitForSingleObject)(semaphore, 0));
    kernel32(CloseHandle)(semaphore);
}

WRONG(kernel32, CreateSemaphoreW, of_a_negative_number)
{
    handle(kernel32(CreateSemaphoreW)(NULL, -1, 1, NULL));
    last_error();
}

GOOD(kernel32, ReleaseSemaphore, twice)
{
    LONG before = -1;
    HANDLE semaphore = kernel32(CreateSemaphoreW)(NULL, 0, 3, NULL);
    yes(kernel32(ReleaseSemaphore)(semaphore, 2, &before));
    number(before);
    yes(kernel32(ReleaseSemaphore)(semaphore, 1, &before));
    number(before);
    kernel32(CloseHandle)(semaphore);
}

WRONG(kernel32, ReleaseSemaphore, beyond_its_most)
{
    HANDLE semaphore = kernel32(CreateSemaphoreW)(NULL, 1, 1, NULL);
    yes(kernel32(ReleaseSemaphore)(semaphore, 1, NULL));
    last_error();
    yes(kernel32(ReleaseSemaphore)(semaphore, 0, NULL));
    last_error();
    kernel32(CloseHandle)(semaphore);
}

GOOD(kernel32, WaitForSingleObject, a_thread)
{
    finish(thread_with(0));
}

WRONG(kernel32, WaitForSingleObject, no_handle)
{
    number((LONG)kernel32(WaitForSingleObject)(NO_HANDLE, 0));
    last_error();
}

static void two_events(HANDLE *events, BOOL first, BOOL second)
{
    events[0] = kernel32(CreateEventA)(NULL, TRUE, first, NULL);
    events[1] = kernel32(CreateEventA)(NULL, TRUE, second, NULL);
}

static void close_two(HANDLE *events)
{
    kernel32(CloseHandle)(events[0]);
    kernel32(CloseHandle)(events[1]);
}

GOOD(kernel32, WaitForMultipleObjects, one_and_all)
{
    HANDLE events[2];
    two_events(events, FALSE, TRUE);
    number(kernel32(WaitForMultipleObjects)(2, events, FALSE, 0));
    number(kernel32(WaitForMultipleObjects)(2, events, TRUE, 0));
    kernel32(SetEvent)(events[0]);
    number(kernel32(WaitForMultipleObjects)(2, events, TRUE, 0));
    close_two(events);
}

WRONG(kernel32, WaitForMultipleObjects, none)
{
    HANDLE events[2] = {NO_HANDLE, NO_HANDLE};
    number((LONG)kernel32(WaitForMultipleObjects)(0, events, FALSE, 0));
    last_error();
    number((LONG)kernel32(WaitForMultipleObjects)(2, events, FALSE, 0));
    last_error();
}

GOOD(kernel32, WaitForMultipleObjectsEx, one)
{
    HANDLE events[2];
    two_events(events, TRUE, FALSE);
    number(kernel32(WaitForMultipleObjectsEx)(2, events, FALSE, 0, TRUE));
    close_two(events);
}

WRONG(kernel32, WaitForMultipleObjectsEx, no_handles)
{
    HANDLE events[2] = {NO_HANDLE, NO_HANDLE};
    number((LONG)kernel32(WaitForMultipleObjectsEx)(2, events, TRUE, 0, FALSE));
    last_error();
}

GOOD(kernel32, SignalObjectAndWait, the_one_for_the_other)
{
    HANDLE events[2];
    two_events(events, FALSE, TRUE);
    number(kernel32(SignalObjectAndWait)(events[0], events[1], 1000, FALSE));
    number(kernel32(WaitForSingleObject)(events[0], 0));
    close_two(events);
}

WRONG(kernel32, SignalObjectAndWait, no_handles)
{
    number((LONG)kernel32(SignalObjectAndWait)(NO_HANDLE, NO_HANDLE, 0, FALSE));
    last_error();
}

GOOD(kernel32, CloseHandle, an_event)
{
    yes(kernel32(CloseHandle)(kernel32(CreateEventA)(NULL, TRUE, FALSE, NULL)));
}

WRONG(kernel32, CloseHandle, no_handle)
{
    yes(kernel32(CloseHandle)(NULL));
    last_error();
    yes(kernel32(CloseHandle)(NO_HANDLE));
    last_error();
}

/* Locks and thread-local places */

static CRITICAL_SECTION section;

GOOD(kernel32, InitializeCriticalSection, that_is_entered_twice)
{
    kernel32(InitializeCriticalSection)(&section);
    kernel32(EnterCriticalSection)(&section);
    kernel32(EnterCriticalSection)(&section);
    number(section.RecursionCount);
    kernel32(LeaveCriticalSection)(&section);
    kernel32(LeaveCriticalSection)(&section);
    kernel32(DeleteCriticalSection)(&section);
    last_error();
}

WRONG(kernel32, InitializeCriticalSection, null)
{
    kernel32(InitializeCriticalSection)(nothing);
}

GOOD(kernel32, InitializeCriticalSectionAndSpinCount, with_a_count)
{
    yes(kernel32(InitializeCriticalSectionAndSpinCount)(&section, 400));
    kernel32(EnterCriticalSection)(&section);
    kernel32(LeaveCriticalSection)(&section);
    kernel32(DeleteCriticalSection)(&section);
}

WRONG(kernel32, InitializeCriticalSectionAndSpinCount, null)
{
    yes(kernel32(InitializeCriticalSectionAndSpinCount)(nothing, 0));
}

GOOD(kernel32, EnterCriticalSection, that_is_free)
{
    kernel32(InitializeCriticalSection)(&section);
    kernel32(EnterCriticalSection)(&section);
    yes((DWORD)(ULONG_PTR)section.OwningThread == kernel32(GetCurrentThreadId)());
    kernel32(LeaveCriticalSection)(&section);
    kernel32(DeleteCriticalSection)(&section);
}

WRONG(kernel32, EnterCriticalSection, null)
{
    kernel32(EnterCriticalSection)(nothing);
}

GOOD(kernel32, LeaveCriticalSection, that_was_entered)
{
    kernel32(InitializeCriticalSection)(&section);
    kernel32(EnterCriticalSection)(&section);
    kernel32(LeaveCriticalSection)(&section);
    number(section.LockCount);
    number(section.RecursionCount);
    kernel32(DeleteCriticalSection)(&section);
}

WRONG(kernel32, LeaveCriticalSection, null)
{
    kernel32(LeaveCriticalSection)(nothing);
}

GOOD(kernel32, DeleteCriticalSection, that_is_free)
{
    kernel32(InitializeCriticalSection)(&section);
    kernel32(DeleteCriticalSection)(&section);
    last_error();
}

WRONG(kernel32, DeleteCriticalSection, null)
{
    kernel32(DeleteCriticalSection)(nothing);
}

GOOD(kernel32, TlsAlloc, a_place)
{
    DWORD place = kernel32(TlsAlloc)();
    yes(place != TLS_OUT_OF_INDEXES);
    pointer(kernel32(TlsGetValue)(place));
    yes(kernel32(TlsFree)(place));
}

NO_WRONG(kernel32, TlsAlloc, "it takes no arguments")

GOOD(kernel32, TlsSetValue, that_is_got)
{
    DWORD place = kernel32(TlsAlloc)();
    yes(kernel32(TlsSetValue)(place, (void *)77));
    number((LONG_PTR)kernel32(TlsGetValue)(place));
    last_error();
    kernel32(TlsFree)(place);
}

WRONG(kernel32, TlsSetValue, where_there_is_no_place)
{
    yes(kernel32(TlsSetValue)(5000, (void *)77));
    last_error();
}

GOOD(kernel32, TlsGetValue, of_a_place)
{
    DWORD place = kernel32(TlsAlloc)();
    pointer(kernel32(TlsGetValue)(place));
    last_error();
    kernel32(TlsFree)(place);
}

WRONG(kernel32, TlsGetValue, where_there_is_no_place)
{
    pointer(kernel32(TlsGetValue)(5000));
    last_error();
}

GOOD(kernel32, TlsFree, a_place)
{
    yes(kernel32(TlsFree)(kernel32(TlsAlloc)()));
}

WRONG(kernel32, TlsFree, where_there_is_no_place)
{
    yes(kernel32(TlsFree)(5000));
    last_error();
}

/* Times */

GOOD(kernel32, Sleep, a_while)
{
    DWORD before = kernel32(GetTickCount)();
    kernel32(Sleep)(30);
    yes(kernel32(GetTickCount)() - before >= 15);
}

NO_WRONG(kernel32, Sleep, "any number is a time")

GOOD(kernel32, GetTickCount, that_does_not_go_back)
{
    DWORD before = kernel32(GetTickCount)();
    yes((LONG)(kernel32(GetTickCount)() - before) >= 0);
}

NO_WRONG(kernel32, GetTickCount, "it takes no arguments")

GOOD(kernel32, QueryPerformanceCounter, that_does_not_go_back)
{
    LARGE_INTEGER before = {{0}}, after = {{0}};
    yes(kernel32(QueryPerformanceCounter)(&before));
    kernel32(QueryPerformanceCounter)(&after);
    yes(before.QuadPart > 0 && after.QuadPart >= before.QuadPart);
}

WRONG(kernel32, QueryPerformanceCounter, to_null)
{
    yes(kernel32(QueryPerformanceCounter)(nothing));
    last_error();
}

GOOD(kernel32, QueryPerformanceFrequency, that_is_fine_enough)
{
    LARGE_INTEGER frequency = {{0}};
    yes(kernel32(QueryPerformanceFrequency)(&frequency));
    yes(frequency.QuadPart >= 1000000);
}

WRONG(kernel32, QueryPerformanceFrequency, to_null)
{
    yes(kernel32(QueryPerformanceFrequency)(nothing));
    last_error();
}
