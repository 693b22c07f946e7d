/*
 * Code of either width that code of either width calls, by a far call, and what it does to memory and registers that 32-bit code does not reach.
 */
#ifndef GATES_H
#define GATES_H

#include "processor.h"

/* Linux's segments of 32-bit code, 64-bit code and data. */
#define SELECTOR_32 0x23
#define SELECTOR_64 0x33
#define SELECTOR_DATA 0x2b

/* A piece of code that is called so: it finds `values` in rbx, its upper half cleared, and its answer in eax is the call's. */
#define GATE(width, name, code) \
    extern const char name[] __asm__(#name); \
    __asm__(".text\n.code" #width "\n" #name ":\n\t" code "\n\tlretl\n" OWN_CODE)

#ifdef __i386__
#define OWN_CODE ".code32\n"
#define MORE_REGISTERS
#else
#define OWN_CODE ".code64\n"
#define MORE_REGISTERS , "r8", "r9", "r10", "r11"
#endif

#define WIDE_VALUES "movl %ebx, %ebx\n\t"

static inline LONG pass(const char *code, WORD selector, LONGLONG *values)
{
    struct {
        DWORD offset;
        WORD segment;
    } __attribute__((packed)) target = {(DWORD)(ULONG_PTR)code, selector};
    LONG answer;
    __asm__ volatile("lcall *%1" : "=a"(answer) : "m"(target), "b"(values), "a"(0) : "ecx", "edx", "esi", "edi", "memory", "cc" MORE_REGISTERS);
    return answer;
}

GATE(64, gate_copy, WIDE_VALUES "movq (%rbx), %rdi\n\tmovq 8(%rbx), %rsi\n\tmovq 16(%rbx), %rcx\n\trep movsq");
GATE(64, gate_base, WIDE_VALUES "movq 8(%rbx), %rax\n\tcmpl $0, (%rbx)\n\tjne 1f\n\twrfsbase %rax\n\tlretl\n1:\twrgsbase %rax");
GATE(64, gate_call, WIDE_VALUES "movq (%rbx), %rax\n\tmovq 8(%rbx), %rdi\n\tmovq 16(%rbx), %rsi\n\tmovq 24(%rbx), %rdx\n\t"
                                "movq 32(%rbx), %r10\n\tmovq 40(%rbx), %r8\n\tmovq 48(%rbx), %r9\n\tsyscall");
/* All of r15 to rax, then what iretq takes: rip, cs, flags, rsp, ss. */
GATE(64, gate_registers, WIDE_VALUES "movq %rbx, %rsp\n\tpopq %r15\n\tpopq %r14\n\tpopq %r13\n\tpopq %r12\n\tpopq %r11\n\tpopq %r10\n\tpopq %r9\n\tpopq %r8\n\t"
                                     "popq %rdi\n\tpopq %rsi\n\tpopq %rbp\n\tpopq %rbx\n\tpopq %rdx\n\tpopq %rcx\n\tpopq %rax\n\tiretq");

/* Copies quadwords between any addresses. */
static inline void copy(ULONGLONG to, ULONGLONG from, ULONGLONG count)
{
    LONGLONG values[] = {(LONGLONG)to, (LONGLONG)from, (LONGLONG)count};
    pass(gate_copy, SELECTOR_64, values);
}

/* Has a base of FS (0) or GS (1) be any number. */
static inline void set_base(LONGLONG which, ULONGLONG base)
{
    LONGLONG values[] = {which, (LONGLONG)base};
    pass(gate_base, SELECTOR_64, values);
}

#endif
