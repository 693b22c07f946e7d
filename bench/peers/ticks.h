/* What the peers share that time single calls: the performance counter is too coarse for one call, so the processor's is used and calibrated with it. */
#ifndef TICKS_H
#define TICKS_H

#include "peer.h"
#include <x86intrin.h>

static inline int compare(const void *one, const void *other)
{
    unsigned long long a = *(const unsigned long long *)one, b = *(const unsigned long long *)other;
    return (a > b) - (a < b);
}

static inline double seconds(void)
{
    LARGE_INTEGER now, rate;
    QueryPerformanceCounter(&now);
    QueryPerformanceFrequency(&rate);
    return (double)now.QuadPart / (double)rate.QuadPart;
}

/* As in `quantiles.rs`. */
static const double PARTS[] = { 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999 };

/* Prints what these parts of the calls took at most, in nanoseconds. */
static inline void print_quantiles(unsigned long long *ticks, size_t calls, double nanoseconds)
{
    qsort(ticks, calls, sizeof *ticks, compare);
    for (size_t part = 0; part < sizeof PARTS / sizeof *PARTS; part++)
        printf(" %.1f", ticks[(size_t)((double)(calls - 1) * PARTS[part])] * nanoseconds);
    printf("\n");
}

#endif
