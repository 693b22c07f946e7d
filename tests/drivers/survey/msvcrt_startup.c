/* Cases of msvcrt.dll: start-up, ends, threads and what is done once. */
#include <float.h>
#include <math.h>
#include <process.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>

#include "survey.h"

#define C_ERROR c_error(*msvcrt(_errno)())

GOOD(msvcrt, _errno, of_this_thread)
{
    *msvcrt(_errno)() = 5;
    number(*msvcrt(_errno)());
    yes(msvcrt(_errno)() == msvcrt(_errno)());
}

NO_WRONG(msvcrt, _errno, "it takes no arguments")

static int begun;

static void __cdecl begin_one(void)
{
    begun = begun * 10 + 1;
}

static void __cdecl begin_two(void)
{
    begun = begun * 10 + 2;
}

typedef void(__cdecl *Beginner)(void);

GOOD(msvcrt, _initterm, a_table_with_a_gap)
{
    static const Beginner table[] = {begin_one, NULL, begin_two};
    begun = 0;
    ((void(__cdecl *)(const Beginner *, const Beginner *))(void *)msvcrt__initterm)(table, table + 3);
    number(begun);
}

WRONG(msvcrt, _initterm, no_table)
{
    ((void(__cdecl *)(const Beginner *, const Beginner *))(void *)msvcrt__initterm)(nothing, nothing);
    C_ERROR;
}

typedef void(__cdecl *Lock)(int);

/* _EXIT_LOCK1, which programs take. */
#define EXIT_LOCK 13

GOOD(msvcrt, _lock, twice_by_one_thread)
{
    ((Lock)(void *)msvcrt__lock)(EXIT_LOCK);
    ((Lock)(void *)msvcrt__lock)(EXIT_LOCK);
    ((Lock)(void *)msvcrt__unlock)(EXIT_LOCK);
    ((Lock)(void *)msvcrt__unlock)(EXIT_LOCK);
    C_ERROR;
}

NO_WRONG(msvcrt, _lock, "numbers that no lock has are not to be given")

GOOD(msvcrt, _unlock, what_was_locked)
{
    ((Lock)(void *)msvcrt__lock)(EXIT_LOCK);
    ((Lock)(void *)msvcrt__unlock)(EXIT_LOCK);
    C_ERROR;
}

NO_WRONG(msvcrt, _unlock, "numbers that no lock has are not to be given")

static int __cdecl on_mathematics(struct _exception *exception)
{
    (void)exception;
    return 0;
}

GOOD(msvcrt, __setusermatherr, a_function)
{
    ((void(__cdecl *)(int(__cdecl *)(struct _exception *)))(void *)msvcrt___setusermatherr)(on_mathematics);
    C_ERROR;
}

WRONG(msvcrt, __setusermatherr, none)
{
    ((void(__cdecl *)(void *))(void *)msvcrt___setusermatherr)(nothing);
    C_ERROR;
}

#ifdef _WIN64
GOOD(msvcrt, __argv, of_the_program)
{
    char **arguments = *(char ***)(void *)msvcrt___argv;
    pointer(arguments);
    pointer(arguments ? arguments[0] : NULL);
}

NO_WRONG(msvcrt, __argv, "it is a variable")
#else
GOOD(msvcrt, __p___argv, of_the_program)
{
    char **arguments = *((char ***(__cdecl *)(void))(void *)msvcrt___p___argv)();
    pointer(arguments);
    pointer(arguments ? arguments[0] : NULL);
}

NO_WRONG(msvcrt, __p___argv, "it takes no arguments")
#endif

GOOD(msvcrt, _controlfp, looked_at_and_changed)
{
    unsigned before = msvcrt(_controlfp)(0, 0), after;
    hex(before & (_MCW_EM | _MCW_RC));
    after = msvcrt(_controlfp)(_RC_UP, _MCW_RC);
    hex(after & _MCW_RC);
    after = msvcrt(_controlfp)(before, _MCW_RC);
    hex(after & _MCW_RC);
}

WRONG(msvcrt, _controlfp, bits_that_mean_nothing)
{
    unsigned before = msvcrt(_controlfp)(0, 0);
    yes(msvcrt(_controlfp)(0x40000000, 0x40000000) == before);
}

static volatile int caught;

static void __cdecl on_signal(int number)
{
    caught = number;
}

GOOD(msvcrt, signal, of_an_interruption)
{
    yes(msvcrt(signal)(SIGINT, on_signal) == SIG_DFL);
    yes(msvcrt(signal)(SIGINT, SIG_DFL) == on_signal);
    yes(msvcrt(signal)(SIGFPE, SIG_IGN) == SIG_DFL);
    yes(msvcrt(signal)(SIGFPE, SIG_DFL) == SIG_IGN);
}

WRONG(msvcrt, signal, a_number_that_is_none)
{
    yes(msvcrt(signal)(99, on_signal) == SIG_ERR);
    C_ERROR;
}

/* A jump comes back out of the call that took the place, so nothing may be kept in registers. */
static jmp_buf place;
static volatile int times, answered, answers[3];

#ifdef _WIN64
typedef int(__cdecl *SetJump)(void *, void *);
#define SET_JUMP ((SetJump)(void *)msvcrt__setjmp)(place, NULL)
#else
typedef int(__cdecl *SetJump)(void *, int);
#define SET_JUMP ((SetJump)(void *)msvcrt__setjmp3)(place, 0)
#endif
typedef void(__cdecl *LongJump)(void *, int);
#define LONG_JUMP ((LongJump)(void *)msvcrt_longjmp)

static __attribute__((noinline)) void jump_with(int value)
{
    times = 0;
    answered = SET_JUMP;
    answers[times] = answered;
    if (times++ == 0)
        LONG_JUMP(place, value);
    number(times);
    number(answers[0]);
    number(answers[1]);
}

#ifdef _WIN64
GOOD(msvcrt, _setjmp, that_is_jumped_to)
{
    jump_with(7);
}

WRONG(msvcrt, _setjmp, to_null)
{
    ((SetJump)(void *)msvcrt__setjmp)(nothing, NULL);
}
#else
GOOD(msvcrt, _setjmp3, that_is_jumped_to)
{
    jump_with(7);
}

WRONG(msvcrt, _setjmp3, to_null)
{
    ((SetJump)(void *)msvcrt__setjmp3)(nothing, 0);
}
#endif

GOOD(msvcrt, longjmp, with_zero)
{
    jump_with(0);
}

WRONG(msvcrt, longjmp, to_null)
{
    LONG_JUMP(nothing, 1);
}

/* Threads */

static volatile int worked;

static void __cdecl work(void *parameter)
{
    worked = (int)(ULONG_PTR)parameter;
}

static unsigned __stdcall work_and_answer(void *parameter)
{
    worked = (int)(ULONG_PTR)parameter;
    return 77;
}

GOOD(msvcrt, _beginthread, that_works)
{
    int waited;
    worked = 0;
    yes(msvcrt(_beginthread)(work, 0, (void *)5) != (uintptr_t)-1);
    for (waited = 0; worked == 0 && waited < 500; waited++)
        Sleep(10);
    number(worked);
}

WRONG(msvcrt, _beginthread, nothing_to_do)
{
    number((LONG)msvcrt(_beginthread)((void(__cdecl *)(void *))nothing, 0, NULL));
    C_ERROR;
}

GOOD(msvcrt, _beginthreadex, that_answers)
{
    unsigned id = 0;
    DWORD code = 0;
    HANDLE thread;
    worked = 0;
    thread = (HANDLE)msvcrt(_beginthreadex)(NULL, 0, work_and_answer, (void *)6, CREATE_SUSPENDED, &id);
    handle(thread);
    yes(id != 0);
    number(worked);
    number(ResumeThread(thread));
    number(WaitForSingleObject(thread, 10000));
    number(worked);
    GetExitCodeThread(thread, &code);
    number(code);
    CloseHandle(thread);
}

WRONG(msvcrt, _beginthreadex, nothing_to_do)
{
    number((LONG)msvcrt(_beginthreadex)(NULL, 0, (unsigned(__stdcall *)(void *))nothing, NULL, 0, NULL));
    C_ERROR;
}

/* Ends */

GOOD(msvcrt, exit, with_a_code)
{
    msvcrt(exit)(7);
}

NO_WRONG(msvcrt, exit, "any number is a code")

GOOD(msvcrt, abort, at_once)
{
    msvcrt(abort)();
}

NO_WRONG(msvcrt, abort, "it takes no arguments")

GOOD(msvcrt, _assert, that_fails)
{
    ((void(__cdecl *)(const char *, const char *, unsigned))(void *)msvcrt__assert)("1 == 2", "survey.c", 12);
}

WRONG(msvcrt, _assert, that_says_nothing)
{
    ((void(__cdecl *)(const char *, const char *, unsigned))(void *)msvcrt__assert)(nothing, nothing, 0);
}

GOOD(msvcrt, _amsg_exit, without_memory)
{
    ((void(__cdecl *)(int))(void *)msvcrt__amsg_exit)(9);
}

WRONG(msvcrt, _amsg_exit, for_no_known_reason)
{
    ((void(__cdecl *)(int))(void *)msvcrt__amsg_exit)(9999);
}
