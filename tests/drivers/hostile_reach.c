/*
 * What is not the driver's in its process: the system's side of its thread, and the worker's own code.
 */
#include "harm.h"
#include "gates.h"

/* The first values[0] quadwords of the system's side of its thread. */
HARM(context)
{
    copy((ULONG_PTR)values, host_context(), (ULONGLONG)values[0]);
    return 1;
}

/* Addresses in its heap and in its stack. */
HARM(own)
{
    values[0] = (LONGLONG)(ULONG_PTR)HeapAlloc(GetProcessHeap(), 0, 0x20000) + 0x10000;
    values[1] = (LONGLONG)(ULONG_PTR)&values - 0x10000;
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

/* Quadword values[0] of the context is values[1], in a copy of it which its thread is led to, as the system finds it; then a function of the system is called. */
HARM(forged_context)
{
    static ULONGLONG forged[512];
    copy((ULONG_PTR)forged, host_context(), 128);
    forged[values[0]] = (ULONGLONG)values[1];
#ifdef __i386__
    set_base(1, (ULONG_PTR)forged);
#else
    /* By a copy of the thread block, which says where it is: not documented to drivers, but there for who looks. */
    static char block[0x3000];
    copy((ULONG_PTR)block, (ULONG_PTR)NtCurrentTeb(), sizeof block / 8);
    *(ULONGLONG *)(block + 0x2ff0) = (ULONG_PTR)forged;
    set_base(1, (ULONG_PTR)block);
#endif
    GetTickCount();
    return 1;
}

/* The same in the context itself. */
HARM(changed_context)
{
    copy(host_context() + 8 * (ULONGLONG)values[0], (ULONG_PTR)(values + 1), 1);
    GetTickCount();
    return 1;
}

/* What the kernel takes back when a signal's handler returns, as it lies on a stack (ucontext of x86-64). */
struct frame {
    ULONGLONG flags, link;
    ULONGLONG stack, stack_flags, stack_size;
    /* r8 to r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp. */
    ULONGLONG registers[16];
    ULONGLONG rip, eflags;
    WORD cs, gs, fs, ss;
    ULONGLONG error, trap, old_mask, cr2, floats, reserved[8];
    ULONGLONG mask;
};

/* Returns from a signal that there was not, to behind the call, with all registers that matter as they are. */
GATE(64, gate_signal_return, WIDE_VALUES "movq %r12, 72(%rbx)\n\tmovq %r13, 80(%rbx)\n\tmovq %r14, 88(%rbx)\n\tmovq %r15, 96(%rbx)\n\t"
                                         "movq %rbp, 120(%rbx)\n\tmovq %rbx, 128(%rbx)\n\tmovq %rsp, 160(%rbx)\n\tleaq 1f(%rip), %rax\n\tmovq %rax, 168(%rbx)\n\t"
                                         "movq %rbx, %rsp\n\tmovl $15, %eax\n\tsyscall\n1:");

static void signal_return(struct frame *frame)
{
    /* UC_SIGCONTEXT_SS and UC_STRICT_RESTORE_SS. */
    frame->flags = 6;
    frame->eflags = 0x202;
    frame->cs = SELECTOR_64;
    frame->ss = SELECTOR_DATA;
    pass(gate_signal_return, SELECTOR_64, (LONGLONG *)frame);
}

/* All signals are blocked; then values[0] says how it goes on: it answers (0), computes for ever (1), or faults (2). */
HARM(blocks_signals)
{
    struct frame frame = {0, 0, 0, 2 /* SS_DISABLE: has no other stack for signals */, 0};
    frame.mask = ~0ull;
    signal_return(&frame);
    if (values[0] == 2)
        *(volatile int *)8 = 1;
    while (values[0] == 1)
        ;
    return 1;
}

/* Signals are handled on the values[1] bytes at values[0] with the flags values[2]; then it faults. */
HARM(moves_signal_stack)
{
    struct frame frame = {0, 0, (ULONGLONG)values[0], (ULONGLONG)values[2], (ULONGLONG)values[1]};
    signal_return(&frame);
    *(volatile int *)8 = 1;
    return 1;
}
