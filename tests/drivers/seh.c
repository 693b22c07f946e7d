/*
 * Structured exception handling as 32-bit code does it by itself: records on the stack, chained from fs:[0] (MS Learn: EXCEPTION_RECORD,
 * RtlUnwind; the chain is described in Pietrek, "A Crash Course on the Depths of Win32 Structured Exception Handling", MSJ, January 1997).
 *
 * The numbers of its messages (SEH_...) come from src/acts.rs. Where there are no such records, all of these answer 0.
 */
#include <stdlib.h>
#include <windows.h>
#include <mmsystem.h>

static LRESULT levels;

#ifdef __i386__

#define CONTINUE_EXECUTION 0
#define CONTINUE_SEARCH 1
#define UNWINDING 2

#define FIXED 0x77

struct record;
typedef int(__cdecl *Handler)(EXCEPTION_RECORD *, struct record *, CONTEXT *, void *);

struct record {
    struct record *previous;
    Handler handler;
    void *except[5]; /* Where an unwinding handler goes on: frame, address and stack, as __builtin_setjmp keeps them. */
};

/* Not in registers: RtlUnwind need not keep those. */
static struct record *volatile unwinding;
static volatile LRESULT noted;
static volatile int target;

static void note(int digit)
{
    noted = noted * 10 + digit;
}

static struct record *chain(void)
{
    return (struct record *)__readfsdword(0);
}

static void enter(struct record *record, Handler handler)
{
    record->previous = chain();
    record->handler = handler;
    __writefsdword(0, (DWORD)record);
}

static void leave(struct record *record)
{
    __writefsdword(0, (DWORD)record->previous);
}

/* Writes through a register that a handler can put right. */
static void write_to_null(void)
{
    void *at = NULL;
    __asm__ volatile("movl %1, (%%ecx)" : "+c"(at) : "i"(FIXED) : "memory");
}

static int __cdecl put_right(EXCEPTION_RECORD *exception, struct record *record, CONTEXT *context, void *dispatcher)
{
    (void)record;
    (void)dispatcher;
    if (exception->ExceptionCode != EXCEPTION_ACCESS_VIOLATION || exception->NumberParameters != 2 ||
        exception->ExceptionInformation[0] != 1 || exception->ExceptionInformation[1] != 0)
        return CONTINUE_SEARCH;
    context->Ecx = (DWORD)&target;
    return CONTINUE_EXECUTION;
}

static LRESULT continue_execution(void)
{
    struct record record;
    target = 0;
    enter(&record, put_right);
    write_to_null();
    leave(&record);
    return target;
}

static int __cdecl look(EXCEPTION_RECORD *exception, struct record *record, CONTEXT *context, void *dispatcher)
{
    (void)record;
    (void)context;
    (void)dispatcher;
    if (exception->ExceptionCode == (DWORD)target && exception->NumberParameters == 2 && !exception->ExceptionFlags)
        noted = exception->ExceptionInformation[0] * 100 + exception->ExceptionInformation[1];
    return CONTINUE_EXECUTION;
}

static LRESULT raise_exception(DWORD code)
{
    const ULONG_PTR arguments[] = {11, 22};
    struct record record;
    target = code;
    enter(&record, look);
    RaiseException(code, 0, 2, arguments);
    leave(&record);
    return noted;
}

static int __cdecl inner(EXCEPTION_RECORD *exception, struct record *record, CONTEXT *context, void *dispatcher)
{
    (void)record;
    (void)context;
    (void)dispatcher;
    note(exception->ExceptionFlags & UNWINDING ? 3 : 1);
    return CONTINUE_SEARCH;
}

static int __cdecl unwind(EXCEPTION_RECORD *exception, struct record *record, CONTEXT *context, void *dispatcher)
{
    (void)context;
    (void)dispatcher;
    if (exception->ExceptionFlags & UNWINDING)
        note(9);
    note(2);
    unwinding = record;
    RtlUnwind(record, NULL, exception, 0);
    /* It has taken the inner records off the chain, and left this one. */
    note(chain() == unwinding ? 4 : 8);
    __builtin_longjmp(unwinding->except, 1);
}

__attribute__((noinline)) static void fault_inside(void)
{
    struct record record;
    enter(&record, inner);
    write_to_null();
    leave(&record);
    note(7);
}

/* 1 inner, 2 outer, 3 inner again, 4 unwound, 5 here. */
__attribute__((noinline)) static LRESULT unwind_to_outer(void)
{
    struct record record;
    enter(&record, unwind);
    if (__builtin_setjmp(record.except) == 0)
        fault_inside();
    else
        note(5);
    leave(&record);
    return noted;
}

/* A function of its own: the compiler takes a division for something that cannot go on elsewhere. */
__attribute__((noinline)) static void divide_five(volatile int divisor)
{
    noted = 5 / divisor;
}

__attribute__((noinline)) static LRESULT divide(int divisor)
{
    struct record record;
    enter(&record, unwind);
    if (__builtin_setjmp(record.except) == 0)
        divide_five(divisor);
    else
        note(5);
    leave(&record);
    return noted;
}

static int __cdecl compare(const void *one, const void *other)
{
    struct record record;
    target = 0;
    enter(&record, put_right);
    write_to_null();
    leave(&record);
    note(target == FIXED ? 0 : 9);
    return *(const int *)one - *(const int *)other;
}

static LRESULT fault_in_callback(void)
{
    int numbers[] = {5, 3, 8, 2, 9};
    qsort(numbers, 5, sizeof *numbers, compare);
    return noted ? 0 : numbers[0] * 10 + numbers[4];
}

static int __cdecl search(EXCEPTION_RECORD *exception, struct record *record, CONTEXT *context, void *dispatcher)
{
    (void)exception;
    (void)record;
    (void)context;
    (void)dispatcher;
    return CONTINUE_SEARCH;
}

static LRESULT search_on(void)
{
    struct record record;
    enter(&record, search);
    write_to_null();
    leave(&record);
    return 1;
}

/* In the handler of a fault, another one; and so on. */
static int __cdecl fault_again(EXCEPTION_RECORD *exception, struct record *record, CONTEXT *context, void *dispatcher)
{
    (void)exception;
    (void)record;
    (void)context;
    (void)dispatcher;
    levels++;
    write_to_null();
    return CONTINUE_SEARCH;
}

static void fault_deep(void)
{
    struct record record;
    enter(&record, fault_again);
    write_to_null();
    leave(&record);
}

static LRESULT act(UINT message, LPARAM l1)
{
    noted = 0;
    switch (message) {
    case SEH_CONTINUE:
        return continue_execution();
    case SEH_RAISE:
        return raise_exception((DWORD)l1);
    case SEH_UNWIND:
        return unwind_to_outer();
    case SEH_DIVIDE:
        return divide(0);
    case SEH_CALLBACK:
        return fault_in_callback();
    case SEH_SEARCH:
        return search_on();
    case SEH_CHAIN:
        return (LRESULT)chain();
    default:
        return 1;
    }
}

#else

/* A function with a handler by its table of unwinding, which writes to NULL. */
void fault_deep(void);
__asm__(".text\n"
        ".def fault_deep; .scl 2; .type 32; .endef\n"
        ".seh_proc fault_deep\n"
        "fault_deep:\n"
        "subq $40, %rsp\n"
        ".seh_stackalloc 40\n"
        ".seh_endprologue\n"
        ".seh_handler fault_again, @except\n"
        "xorl %eax, %eax\n"
        "movl $1, (%rax)\n"
        "addq $40, %rsp\n"
        "ret\n"
        ".seh_endproc\n");

/* In the handler of a fault, another one; and so on. */
__attribute__((used)) EXCEPTION_DISPOSITION fault_again(EXCEPTION_RECORD *exception, void *frame, CONTEXT *context,
                                                        void *dispatcher)
{
    (void)exception;
    (void)frame;
    (void)context;
    (void)dispatcher;
    levels++;
    fault_deep();
    return ExceptionContinueSearch;
}

static LRESULT act(UINT message, LPARAM l1)
{
    (void)l1;
    return message < SEH_CONTINUE || message > SEH_CHAIN;
}

#endif

__declspec(dllexport) LRESULT CALLBACK DriverProc(DWORD_PTR id, HDRVR hdrvr, UINT message, LPARAM l1, LPARAM l2)
{
    (void)id;
    (void)hdrvr;
    switch (message) {
    case XOR:
        return l1 ^ l2;
    case SEH_DEEP:
        levels = 0;
        fault_deep();
        return 1;
    case SEH_DEPTH:
        return levels;
    default:
        return act(message, l1);
    }
}
