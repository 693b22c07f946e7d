/*
 * The processor's state and instructions: segments, flags, floating point, and what only a system may do.
 */
#include "harm.h"
#include <cpuid.h>
#include <math.h>
#include <stdlib.h>
#include "gates.h"

/* What is called with the processor in some state; answers 1 when it does what it should. */
static LRESULT __attribute__((noinline)) use_system(void)
{
    static int numbers[] = {3, 1, 2};
    return lstrlenA("text") == 4 && GetTickCount() >= kept && MulDiv(6, 4, 8) == 3 && abs(numbers[0]) == 3 && memcmp(numbers, numbers, sizeof numbers) == 0;
}

/* What the tables of descriptors say of every selector, by the instructions that ask and never fault. */
HARM(selectors)
{
    LRESULT found = 0;
    ULONG selector;
    for (selector = 0; selector <= 0xffff; selector++) {
        ULONG value = 0;
        BYTE readable, writable;
        __asm__ volatile("lar %1, %0" : "+r"(value) : "r"(selector) : "cc");
        __asm__ volatile("lsl %1, %0" : "+r"(value) : "r"(selector) : "cc");
        __asm__ volatile("verr %w1\n\tsetz %0" : "=q"(readable) : "r"(selector) : "cc");
        __asm__ volatile("verw %w1\n\tsetz %0" : "=q"(writable) : "r"(selector) : "cc");
        found += readable + writable;
    }
    return found > 0;
}

/* Selector values[1] in DS, ES, SS, FS or GS. */
HARM(segment)
{
    WORD selector = (WORD)values[1];
    switch (values[0]) {
    case 0:
        __asm__ volatile("movw %0, %%ds" ::"r"(selector) : "memory");
        break;
    case 1:
        __asm__ volatile("movw %0, %%es" ::"r"(selector) : "memory");
        break;
    case 2:
        __asm__ volatile("movw %0, %%ss" ::"r"(selector) : "memory");
        break;
    case 3:
        __asm__ volatile("movw %0, %%fs" ::"r"(selector) : "memory");
        break;
    default:
        __asm__ volatile("movw %0, %%gs" ::"r"(selector) : "memory");
    }
    return use_system();
}

/* The registers of vectors that some code changes, where the compiler uses any. */
#ifdef __i386__
#define VECTORS
#else
#define VECTORS : "xmm0", "xmm5"
#endif

/* The flags values[0] are set when functions of the system are called. */
HARM(flags_at_call)
{
    ULONG_PTR flags = (ULONG_PTR)values[0];
    LRESULT good;
    set_flags(flags);
    good = use_system();
    __asm__ volatile("cld" ::: "memory");
    return good;
}

/* They are set when the message is answered. */
HARM(flags_at_return)
{
    ULONG_PTR flags = (ULONG_PTR)values[0];
    set_flags(flags);
    return 1;
}

static volatile LONG steps;

static LONG CALLBACK step_on(EXCEPTION_POINTERS *pointers)
{
    steps++;
    pointers->ContextRecord->EFlags |= TRAP_FLAG;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* Steps through functions of the system, by a handler that sets the flag again. */
HARM(steps_over_system)
{
    void *handler = AddVectoredExceptionHandler(1, step_on);
    LRESULT good;
    set_flags(TRAP_FLAG);
    good = use_system();
    __asm__ volatile("nop");
    RemoveVectoredExceptionHandler(handler);
    return good;
}

static LONG CALLBACK try_again(EXCEPTION_POINTERS *pointers)
{
    (void)pointers;
    steps++;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* Faults for ever, as its handler always says that the fault is mended. */
HARM(swallows_faults)
{
    AddVectoredExceptionHandler(1, try_again);
    *(volatile int *)8 = 1;
    return 1;
}

static LONG CALLBACK fault_again(EXCEPTION_POINTERS *pointers)
{
    (void)pointers;
    *(volatile int *)8 = 1;
    return EXCEPTION_CONTINUE_SEARCH;
}

/* Faults in the handler of every fault. */
HARM(faults_in_handlers)
{
    AddVectoredExceptionHandler(1, fault_again);
    *(volatile int *)8 = 1;
    return 1;
}

static LONG CALLBACK go_where(EXCEPTION_POINTERS *pointers)
{
    /* All that a handler may change, and what it may not. */
    memset(pointers->ContextRecord, 0x41, sizeof *pointers->ContextRecord);
    return EXCEPTION_CONTINUE_EXECUTION;
}

HARM(continues_nowhere)
{
    AddVectoredExceptionHandler(1, go_where);
    *(volatile int *)8 = 1;
    return 1;
}

/* `int` with values[0]. */
extern const char interrupts[] __asm__("interrupts");
__asm__(".text\ninterrupts:\n"
        ".set number, 0\n"
        ".rept 256\n"
        ".byte 0xcd, number\n\tret\n"
        ".set number, number + 1\n"
        ".endr\n");

HARM(interrupt)
{
    ((void (*)(void))(ULONG_PTR)(interrupts + 3 * values[0]))();
    return 1;
}

/* An instruction that only a system may use, or none. */
#define INSTRUCTION(name, code) \
    HARM(name) \
    { \
        __asm__ volatile(code ::"a"(0), "c"(values), "d"(0) : "memory"); \
        return 1; \
    }

INSTRUCTION(hlt, "hlt")
INSTRUCTION(cli, "cli")
INSTRUCTION(sti, "sti")
INSTRUCTION(in_port, "inb $0x80, %%al")
INSTRUCTION(out_port, "outb %%al, $0x80")
INSTRUCTION(in_string, ".byte 0x6c")
INSTRUCTION(rdmsr, "rdmsr")
INSTRUCTION(wrmsr, "wrmsr")
INSTRUCTION(clts, "clts")
INSTRUCTION(lmsw, "lmsw %%ax")
INSTRUCTION(invd, "invd")
INSTRUCTION(wbinvd, "wbinvd")
INSTRUCTION(invlpg, "invlpg (%1)")
INSTRUCTION(lgdt, "lgdt (%1)")
INSTRUCTION(lidt, "lidt (%1)")
INSTRUCTION(lldt, "lldt %%ax")
INSTRUCTION(ltr, "ltr %%ax")
INSTRUCTION(xsetbv, ".byte 0x0f, 0x01, 0xd1")
INSTRUCTION(sysexit, ".byte 0x0f, 0x35")
INSTRUCTION(sysret, ".byte 0x0f, 0x07")
INSTRUCTION(swapgs, ".byte 0x0f, 0x01, 0xf8")
INSTRUCTION(monitor, ".byte 0x0f, 0x01, 0xc8")
INSTRUCTION(mwait, ".byte 0x0f, 0x01, 0xc9")
INSTRUCTION(vmcall, ".byte 0x0f, 0x01, 0xc1")
INSTRUCTION(vmmcall, ".byte 0x0f, 0x01, 0xd9")
INSTRUCTION(vmrun, ".byte 0x0f, 0x01, 0xd8")
INSTRUCTION(rsm, "rsm")
INSTRUCTION(ud0, ".byte 0x0f, 0xff, 0xc0")
INSTRUCTION(icebp, ".byte 0xf1")
INSTRUCTION(lock_nothing, ".byte 0xf0, 0x90")
INSTRUCTION(too_long, ".rept 16\n\t.byte 0x66\n\t.endr\n\tnop")
INSTRUCTION(rdpmc, "rdpmc")
INSTRUCTION(write_cr0, ".byte 0x0f, 0x22, 0xc0")
INSTRUCTION(read_cr3, ".byte 0x0f, 0x20, 0xd8")
INSTRUCTION(write_dr7, ".byte 0x0f, 0x23, 0xf8")
/* What kernels may answer something harmless to. */
INSTRUCTION(sgdt, "sgdt (%1)")
INSTRUCTION(sidt, "sidt (%1)")
INSTRUCTION(smsw, "smsw %%ax")
INSTRUCTION(sldt, "sldt %%ax")
INSTRUCTION(str, "str %%ax")
INSTRUCTION(rdtscp, ".byte 0x0f, 0x01, 0xf9" "\n\txor %%ecx, %%ecx")
/* All memory is forbidden to its thread, where processors have keys for that. */
HARM(wrpkru)
{
    (void)values;
    __asm__ volatile(".byte 0x0f, 0x01, 0xef" ::"a"(~0u), "c"(0), "d"(0) : "memory");
    return 1;
}

/* An x87 exception that is unmasked and pending when the system is called. */
HARM(x87_pending_at_call)
{
    static const unsigned short unmasked = 0x0240;
    (void)values;
    __asm__ volatile("fninit\n\tfldcw %0\n\tfldz\n\tfld1\n\tfdivp" ::"m"(unmasked));
    return use_system();
}

/* A full stack of x87 numbers, and every bit of its words that can be set. */
HARM(x87_full_at_call)
{
    static const unsigned short control = 0x0f7f;
    int n;
    (void)values;
    __asm__ volatile("fninit\n\tfldcw %0" ::"m"(control));
    for (n = 0; n < 9; n++)
        __asm__ volatile("fld1");
    return use_system() && pow(2.0, 10.0 + (double)(kept & 0)) == 1024;
}

HARM(sse_unmasked)
{
    static const unsigned int unmasked = 0;
    static volatile float zero, one = 1;
    (void)values;
    __asm__ volatile("ldmxcsr %0" ::"m"(unmasked));
    __asm__ volatile("movss %0, %%xmm0\n\tdivss %1, %%xmm0" ::"m"(one), "m"(zero) VECTORS);
    return 1;
}

/* values[0] in MXCSR when the system is called. */
HARM(mxcsr)
{
    unsigned int value = (unsigned int)values[0];
    static volatile double exponent = 10;
    __asm__ volatile("ldmxcsr %0" ::"m"(value));
    return use_system() && (LRESULT)pow(2.0, exponent) == 1024;
}

static __attribute__((aligned(64))) unsigned char area[8192];

/* Junk in all of the floating-point state that can be stored. */
HARM(fxrstor_junk)
{
    memset(area, 0x41, sizeof area);
    __asm__ volatile("fxrstor %0" ::"m"(area));
    return use_system() + (values[0] & 0);
}

HARM(xrstor_junk)
{
    memset(area, 0x41, sizeof area);
    __asm__ volatile("xrstor %0" ::"m"(area), "a"(~0u), "d"(~0u));
    return use_system() + (values[0] & 0);
}

/* The same without what would fault at once: a header that is good, numbers that are none. */
HARM(xrstor_numbers)
{
    unsigned int *header = (unsigned int *)(area + 512);
    memset(area, 0xff, sizeof area);
    *(unsigned short *)area = 0x037f;
    *(unsigned int *)(area + 24) = 0x1f80;
    memset(header, 0, 64);
    header[0] = 7;
    __asm__ volatile("xrstor %0" ::"m"(area), "a"(7), "d"(0));
    return use_system() + (values[0] & 0);
}

static int has_avx512(void)
{
    unsigned int a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & 0xe6) == 0xe6 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1 << 16));
}

/* Every bit of the widest registers that there are, through functions of the system, a wait, and a fault that is handled. */
HARM(widest_registers)
{
    void *handler;
    LRESULT good;
    (void)values;
    if (has_avx512())
        __asm__ volatile("vpternlogd $0xff, %%zmm0, %%zmm0, %%zmm0\n\tvmovdqa64 %%zmm0, %%zmm5\n\tkxnorw %%k1, %%k1, %%k1\n\tkxnorw %%k7, %%k7, %%k7" :: VECTORS);
    good = use_system();
    Sleep(1);
    handler = AddVectoredExceptionHandler(1, step_on);
    set_flags(TRAP_FLAG);
    __asm__ volatile("nop\n\tnop");
    RemoveVectoredExceptionHandler(handler);
    return good;
}

#ifndef __i386__
/* Tiles of processors that multiply matrices, which a process has to ask for. */
HARM(tiles)
{
    memset(area, 0, 64);
    area[0] = 1;
    area[16] = 64;
    area[48] = 16;
    /* ldtilecfg (%rcx); tilezero %tmm0 */
    __asm__ volatile(".byte 0xc4, 0xe2, 0x78, 0x49, 0x01\n\t.byte 0xc4, 0xe2, 0x7b, 0x49, 0xc0" ::"c"(area) : "memory");
    return use_system() + (values[0] & 0);
}
#endif
