/*
 * What is not the driver's in its process: the system's side of its thread, and the worker's own code.
 */
#include "harm.h"
#include "gates.h"

/* Where a thread block says where the system's side of the thread is: not documented to drivers, but there for who looks. */
#define TEB_CONTEXT 0x2ff0
#define TEB_SIZE 0x3000

static ULONGLONG context_address(void)
{
    return *(ULONGLONG *)((char *)NtCurrentTeb() + TEB_CONTEXT);
}

/* The first values[0] quadwords of that. */
HARM(context)
{
    copy((ULONG_PTR)values, context_address(), (ULONGLONG)values[0]);
    return 1;
}

/* The quadword at values[0]. */
HARM(look)
{
    copy((ULONG_PTR)values, (ULONGLONG)values[0], 1);
    return 1;
}

/* Goes on with every register as given. */
HARM(registers)
{
    return pass(gate_registers, SELECTOR_64, values);
}

/* The base of FS (values[0] is 0) or GS (1) is values[1], when a function of the system is called. */
HARM(base)
{
    set_base(values[0], (ULONGLONG)values[1]);
    GetTickCount();
    return 1;
}

/* The same, and the message ends at once. */
HARM(base_at_return)
{
    set_base(values[0], (ULONGLONG)values[1]);
    return 1;
}

/* Quadword values[0] of the context is values[1], in a copy of it that a copy of the thread block leads to; then a function of the system is called. */
HARM(forged_context)
{
    static ULONGLONG forged[512];
    static char block[TEB_SIZE];
    copy((ULONG_PTR)forged, context_address(), 128);
    copy((ULONG_PTR)block, (ULONG_PTR)NtCurrentTeb(), TEB_SIZE / 8);
    forged[values[0]] = (ULONGLONG)values[1];
    *(ULONGLONG *)(block + TEB_CONTEXT) = (ULONG_PTR)forged;
#ifdef __i386__
    set_base(0, (ULONG_PTR)block);
#else
    set_base(1, (ULONG_PTR)block);
#endif
    GetTickCount();
    return 1;
}

/* The same in the context itself. */
HARM(changed_context)
{
    copy(context_address() + 8 * (ULONGLONG)values[0], (ULONG_PTR)(values + 1), 1);
    GetTickCount();
    return 1;
}
