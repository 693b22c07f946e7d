/*
 * setjmp and longjmp, threads by the C library's names, and for 32-bit code `__try` as Microsoft's compilers write it for a C library in msvcrt.
 * A check that fails ends its message with the number of its line.
 */
#include <errno.h>
#include <process.h>
#include <setjmp.h>
#include <stdlib.h>
#include <windows.h>
#include <mmsystem.h>

#define CHECK(what) \
    do { \
        if (!(what)) \
            return __LINE__; \
    } while (0)

static jmp_buf back;

static int __attribute__((noinline)) go_back(volatile int depth, int value)
{
    int (*volatile again)(volatile int, int) = go_back;
    if (depth > 0)
        return again(depth - 1, value) + depth;
    longjmp(back, value);
}

static int __cdecl compare(const void *one, const void *other)
{
    (void)one;
    (void)other;
    longjmp(back, 42);
}

static int jumps(void)
{
    volatile int count = 0;
    volatile double kept = 1.5;
    int numbers[] = {3, 1, 2}, value = setjmp(back);
    if (value == 0)
        go_back(20, 5);
    CHECK(value == 5 && kept == 1.5);
    value = setjmp(back);
    if (value == 0)
        go_back(0, 0);
    CHECK(value == 1);
    /* Out of a function that the system has called. */
    value = setjmp(back);
    if (value == 0)
        qsort(numbers, 3, sizeof *numbers, compare);
    CHECK(value == 42);
    value = setjmp(back);
    if (++count < 500)
        longjmp(back, count);
    CHECK(count == 500 && value == 499);
    return 0;
}

static HANDLE done;
static volatile LONG sum;

static void __cdecl add(void *number)
{
    sum += (LONG)(LONG_PTR)number;
    SetEvent(done);
}

static void __cdecl add_and_end(void *number)
{
    add(number);
    _endthread();
}

static unsigned __stdcall answer(void *number)
{
    if (number)
        _endthreadex((unsigned)(ULONG_PTR)number);
    return 3;
}

static int threads(void)
{
    unsigned id = 0;
    DWORD code;
    HANDLE thread;
    sum = 0;
    done = CreateEventA(NULL, FALSE, FALSE, NULL);
    CHECK(_beginthread(add, 0, (void *)5) != (uintptr_t)-1);
    CHECK(WaitForSingleObject(done, INFINITE) == WAIT_OBJECT_0 && sum == 5);
    CHECK(_beginthread(add_and_end, 0, (void *)2) != (uintptr_t)-1);
    CHECK(WaitForSingleObject(done, INFINITE) == WAIT_OBJECT_0 && sum == 7);
    for (int i = 0; i < 2; i++) {
        thread = (HANDLE)_beginthreadex(NULL, 0, answer, (void *)(ULONG_PTR)(9 * i), CREATE_SUSPENDED, &id);
        CHECK(thread && id && GetThreadId(thread) == id && ResumeThread(thread) == 1);
        CHECK(WaitForSingleObject(thread, INFINITE) == WAIT_OBJECT_0);
        CHECK(GetExitCodeThread(thread, &code) && code == (i ? 9 : 3) && CloseHandle(thread));
    }
    return 0;
}

#ifdef __i386__
static volatile int order, on_fault;

__attribute__((used)) static void note(int what)
{
    order = order * 10 + what;
}

/* 1 faults, 2 raises an exception that is continued, 3 jumps, 4 does what 1 does inside another such function. */
int guarded(int what);
/* The same with the handler of newer compilers. */
int guarded4(int what);

static int (*inside)(int what);

__attribute__((used)) static void act(int what)
{
    note(1);
    if (what == 1)
        *(volatile int *)8 = 1;
    if (what == 2)
        RaiseException(0xe0000001, 0, 0, NULL);
    if (what == 3)
        longjmp(back, 6);
    if (what == 4)
        inside(5);
    if (what == 5)
        *(volatile int *)8 = 1;
    note(2);
}

/* The filter. */
__attribute__((used)) static int decide(int what, EXCEPTION_POINTERS *pointers)
{
    DWORD code = pointers->ExceptionRecord->ExceptionCode;
    note(3);
    if (what == 2)
        return code == 0xe0000001 ? EXCEPTION_CONTINUE_EXECUTION : EXCEPTION_EXECUTE_HANDLER;
    return what == 5 ? EXCEPTION_CONTINUE_SEARCH : EXCEPTION_EXECUTE_HANDLER;
}

int __cdecl _except_handler3(void *, void *, void *, void *);
/* Import libraries of compilers that do not call it lack it. */
static int(__cdecl *except_handler4_common)(DWORD *, void *, void *, void *, void *, void *);

__attribute__((used)) static DWORD cookie = 0xbb40e64e;

static void __fastcall check_cookie(DWORD value)
{
    (void)value;
}

__attribute__((used)) static int __cdecl handler4(void *record, void *registration, void *context, void *dispatcher)
{
    return except_handler4_common(&cookie, (void *)check_cookie, record, registration, context, dispatcher);
}

/*
 * int guarded(int what) {
 *     __try { __try { act(what); } __finally { note(4); } } __except (decide(what, GetExceptionInformation())) { note(5); return 7; }
 *     return 5;
 * }
 */
#define GUARDED(name, none, push_table, handler, head)                                                                   \
    asm(".text\n"                                                                                                        \
        ".globl " name "\n" name ":\n"                                                                                   \
        "pushl %ebp\n movl %esp, %ebp\n"                                                                                 \
        "pushl $" none "\n" push_table "pushl $" handler "\n pushl %fs:0\n movl %esp, %fs:0\n"                            \
        "subl $8, %esp\n pushl %ebx\n pushl %esi\n pushl %edi\n movl %esp, -24(%ebp)\n"                                  \
        "movl $0, -4(%ebp)\n movl $1, -4(%ebp)\n"                                                                        \
        "pushl 8(%ebp)\n call _act\n addl $4, %esp\n"                                                                    \
        "movl $0, -4(%ebp)\n call 2f\n movl $" none ", -4(%ebp)\n"                                                       \
        "movl $5, %eax\n jmp 5f\n" /* The code of __finally, the filter, the code of __except. */                        \
        "2: pushl $4\n call _note\n addl $4, %esp\n ret\n"                                                               \
        "3: pushl -20(%ebp)\n pushl 8(%ebp)\n call _decide\n addl $8, %esp\n ret\n"                                      \
        "4: movl -24(%ebp), %esp\n movl $" none ", -4(%ebp)\n pushl $5\n call _note\n addl $4, %esp\n movl $7, %eax\n"   \
        "5: movl -16(%ebp), %ecx\n movl %ecx, %fs:0\n popl %edi\n popl %esi\n popl %ebx\n movl %ebp, %esp\n popl %ebp\n ret\n" \
        ".section .rdata,\"dr\"\n .align 4\n"                                                                            \
        "1: " head ".long " none ", 3b, 4b\n .long 0, 0, 2b\n"                                                           \
        ".text\n");

GUARDED("_guarded", "-1", "pushl $1f\n", "__except_handler3", "")
GUARDED("_guarded4", "-2", "movl $1f, %eax\n xorl _cookie, %eax\n pushl %eax\n", "_handler4", ".long -2, 0, -2, 0\n ")

static int blocks_of(int (*function)(int))
{
    int value;
    inside = function;
    order = 0;
    CHECK(function(0) == 5 && order == 124);
    order = 0;
    CHECK(function(1) == 7 && order == 1345);
    order = 0;
    CHECK(function(2) == 5 && order == 1324);
    order = 0;
    value = setjmp(back);
    if (value == 0)
        function(3);
    CHECK(value == 6 && order == 14);
    order = 0;
    CHECK(function(4) == 7 && order == 1133445);
    return 0;
}

static int blocks(void)
{
    int line = blocks_of(guarded);
    except_handler4_common = (void *)GetProcAddress(GetModuleHandleA("msvcrt.dll"), "_except_handler4_common");
    CHECK(except_handler4_common);
    return line ? line : blocks_of(guarded4);
}
#else
static int blocks(void)
{
    return 0;
}
#endif

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    switch (message) {
    case DRV_OPEN:
        return 1;
    case JUMPS_JUMPS:
        return jumps();
    case JUMPS_THREADS:
        return threads();
    case JUMPS_BLOCKS:
        return blocks();
    default:
        return DefDriverProc(id, hdrvr, message, l1, l2);
    }
}
