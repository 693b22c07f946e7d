/*
 * What only assembly can say, for both machines.
 *
 * Every program may enter 64-bit code by a far call, so a 32-bit driver that means harm reaches all that a 64-bit one does.
 */
#ifndef PROCESSOR_H
#define PROCESSOR_H

#include <windows.h>

#ifdef __i386__

/* Linux's segment of 64-bit code. */
#define CODE_64 0x33

/* Each takes what %ebx points to: a system call's number and six arguments; an address, a count of quadwords, and their value; or room for the base of GS. */
extern const char far_system_call[], far_fill[], far_gs_base[];
__asm__(".text\n"
        ".code64\n"
        "_far_system_call:\n\t"
        "movl %ebx, %ebx\n\t"
        "movq (%rbx), %rax\n\t"
        "movq 8(%rbx), %rdi\n\t"
        "movq 16(%rbx), %rsi\n\t"
        "movq 24(%rbx), %rdx\n\t"
        "movq 32(%rbx), %r10\n\t"
        "movq 40(%rbx), %r8\n\t"
        "movq 48(%rbx), %r9\n\t"
        "syscall\n\t"
        "lretl\n"
        "_far_fill:\n\t"
        "movl %ebx, %ebx\n\t"
        "movq (%rbx), %rdi\n\t"
        "movq 8(%rbx), %rcx\n\t"
        "movq 16(%rbx), %rax\n\t"
        "rep stosq\n\t"
        "lretl\n"
        "_far_gs_base:\n\t"
        "movl %ebx, %ebx\n\t"
        "rdgsbase %rax\n\t"
        "movq %rax, (%rbx)\n\t"
        "lretl\n"
        ".code32\n");

static inline LONG far_call(const char *function, const LONGLONG *values)
{
    struct {
        DWORD offset;
        WORD segment;
    } __attribute__((packed)) target = {(DWORD)function, CODE_64};
    LONG result;
    __asm__ volatile("lcall *%1" : "=a"(result) : "m"(target), "b"(values) : "ecx", "edx", "esi", "edi", "memory", "cc");
    return result;
}

/* A system call's number and six arguments. */
static inline LRESULT wide_system_call(const LONGLONG values[7])
{
    return far_call(far_system_call, values);
}

static inline void fill(ULONGLONG at, ULONGLONG count, ULONGLONG value)
{
    LONGLONG values[] = {at, count, value};
    far_call(far_fill, values);
}

/* Where the host's side of this thread keeps what it knows: not documented to drivers, but there for who looks. */
static inline ULONGLONG host_context(void)
{
    LONGLONG base = 0;
    far_call(far_gs_base, &base);
    return base;
}

static inline void reload_gs(void (*then)(void))
{
    __asm__ volatile("movl %0, %%gs" ::"r"(0));
    then();
    __asm__ volatile("movl %%fs, %%eax\n\tmovl %%eax, %%gs" ::: "eax");
    then();
}

static inline void set_flags(ULONG_PTR flags)
{
    __asm__ volatile("pushfl\n\torl %0, (%%esp)\n\tpopfl" ::"r"(flags) : "memory", "cc");
}

static inline void clear_thread_segment(void)
{
    __asm__ volatile("movl %0, %%fs" ::"r"(0));
}

#else

static inline LRESULT wide_system_call(const LONGLONG values[7])
{
    register LONGLONG fourth __asm__("r10") = values[4];
    register LONGLONG fifth __asm__("r8") = values[5];
    register LONGLONG sixth __asm__("r9") = values[6];
    LONGLONG result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(values[0]), "D"(values[1]), "S"(values[2]), "d"(values[3]), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    return result;
}

static inline void fill(ULONGLONG at, ULONGLONG count, ULONGLONG value)
{
    volatile ULONGLONG *to = (volatile ULONGLONG *)at;
    while (count--)
        *to++ = value;
}

static inline ULONGLONG host_context(void)
{
    return *(ULONGLONG *)((char *)NtCurrentTeb() + 0x2ff0);
}

static inline void reload_gs(void (*then)(void))
{
    then();
}

static inline void set_flags(ULONG_PTR flags)
{
    __asm__ volatile("pushfq\n\torq %0, (%%rsp)\n\tpopfq" ::"r"(flags) : "memory", "cc");
}

static inline void clear_thread_segment(void)
{
    __asm__ volatile("wrfsbase %0" ::"r"((ULONG_PTR)0));
}

#endif

/* A system call's number and five arguments, each an LPARAM. */
static inline LRESULT system_call(const LPARAM *values)
{
    LONGLONG wide[7] = {0};
    int n;
    for (n = 0; n < 6; n++)
        wide[n] = values[n];
    return wide_system_call(wide);
}

#define TRAP_FLAG 0x100
#define DIRECTION_FLAG 0x400
#define ALIGNMENT_CHECK 0x40000

#endif
