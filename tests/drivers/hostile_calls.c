/*
 * Ways into the system, and from one width into the other.
 */
#include "harm.h"
#include "gates.h"

/* The number of getpid for 32-bit programs, by each instruction that has ever led into a kernel, in code of both widths. */
#define ENTRY(name, instruction) \
    GATE(32, gate_##name##_in_32, "movl $20, %eax\n\t" instruction); \
    GATE(64, gate_##name##_in_64, "movl $20, %eax\n\t" instruction); \
    HARM(name##_in_32) \
    { \
        return pass(gate_##name##_in_32, SELECTOR_32, values); \
    } \
    HARM(name##_in_64) \
    { \
        return pass(gate_##name##_in_64, SELECTOR_64, values); \
    }

ENTRY(int80, "int $0x80")
ENTRY(syscall, "syscall")
ENTRY(sysenter, "sysenter")

/* A system call of 64-bit programs with number and arguments as given. */
HARM(call)
{
    return pass(gate_call, SELECTOR_64, values);
}

/* One byte that returns far, in either width. */
GATE(32, gate_back, "");

/* By a far call to the selector values[0]. */
HARM(far_call)
{
    pass(gate_back, (WORD)values[0], values);
    return 1;
}

/* What a far jump, return or return from an interrupt finds on its stack, and where that leads back to. */
struct way {
    DWORD offset, selector, flags, esp, ss, back, own;
};

#define SWITCH_STACK "movl %%cs, %%eax\n\tmovl %%eax, 24(%1)\n\t" SET_BACK "mov %%" SP ", %%" DI "\n\t"
#ifdef __i386__
#define SP "esp"
#define DI "edi"
#define SET_BACK "movl $2f, 20(%1)\n\t"
#else
#define SP "rsp"
#define DI "rdi"
#define SET_BACK "leaq 2f(%%rip), %%rax\n\tmovl %%eax, 20(%1)\n\t"
#endif

/* Runs `instruction` with the stack at `at`, and comes back from gate_back. */
#define TAKE(way, at, instruction) \
    __asm__ volatile(SWITCH_STACK "mov %0, %%" SP "\n\t" instruction "\n2:\tmov %%" DI ", %%" SP \
                     : \
                     : "c"(at), "S"(way) \
                     : "eax", DI, "memory", "cc")

HARM(far_jump)
{
    struct way way = {(DWORD)(ULONG_PTR)gate_back, (DWORD)values[0], 0x202, 0, 0, 0, 0};
    TAKE(&way, &way.back, "ljmp *(%1)");
    return 1;
}

HARM(far_return)
{
    /* The flags and the rest lie between. */
    DWORD stack[4];
    struct way way = {0, 0, 0, 0, 0, 0, 0};
    stack[0] = (DWORD)(ULONG_PTR)gate_back;
    stack[1] = (DWORD)values[0];
    TAKE(&way, stack, "movl 20(%1), %%eax\n\tmovl %%eax, 8(%0)\n\tmovl 24(%1), %%eax\n\tmovl %%eax, 12(%0)\n\tlretl");
    return 1;
}

HARM(interrupt_return)
{
    struct way way = {(DWORD)(ULONG_PTR)gate_back, (DWORD)values[0], 0x202, 0, SELECTOR_DATA, 0, 0};
    way.esp = (DWORD)(ULONG_PTR)&way.back;
#ifdef __i386__
    {
        /* No stack is taken from there where the width of the caller has none. */
        DWORD stack[] = {way.offset, way.selector, way.flags, 0, 0};
        TAKE(&way, stack, "movl 20(%1), %%eax\n\tmovl %%eax, 12(%0)\n\tmovl 24(%1), %%eax\n\tmovl %%eax, 16(%0)\n\tiretl");
    }
#else
    TAKE(&way, &way, "iretl");
#endif
    return 1;
}

/* The code by which a function of the system is reached, in the width that it is not for. */
HARM(thunk_in_other_width)
{
    const char *thunk = (const char *)(void *)GetProcAddress(GetModuleHandleA("kernel32.dll"), "GetTickCount");
#ifdef __i386__
    return pass(thunk, SELECTOR_64, values);
#else
    return pass(thunk, SELECTOR_32, values);
#endif
}

/* To an address. */
HARM(jump)
{
    return ((LRESULT(*)(void))(ULONG_PTR)values[0])();
}
