/* reopen DRIVER OPENED CLOSED COUNT: holds an instance of a driver and opens and closes a further one so often. Prints how many times the driver was
 * opened and closed by that, which it answers to two messages, and the quantiles of the nanoseconds of opening and closing. */
#include "ticks.h"

int wmain(int count, wchar_t **arguments)
{
    need(count == 5, "reopen DRIVER OPENED CLOSED COUNT");
    HDRVR first = open_driver(arguments[1], 0);
    UINT opened = (UINT)wcstoul(arguments[2], NULL, 0), closed = (UINT)wcstoul(arguments[3], NULL, 0);
    size_t calls = wcstoul(arguments[4], NULL, 0);
    unsigned long long *ticks = calloc(calls, sizeof *ticks);
    need(calls > 0 && ticks != NULL, "memory");

    LRESULT opened_before = SendDriverMessage(first, opened, 0, 0), closed_before = SendDriverMessage(first, closed, 0, 0);
    double begun = seconds();
    unsigned long long start_of_all = __rdtsc();
    for (size_t i = 0; i < calls; i++) {
        unsigned long long start = __rdtsc();
        HDRVR further = open_driver(arguments[1], 0);
        need(CloseDriver(further, 0, 0) != 0, "CloseDriver");
        ticks[i] = __rdtsc() - start;
    }
    double nanoseconds = (seconds() - begun) * 1e9 / (double)(__rdtsc() - start_of_all);
    printf("%lld %lld", (long long)(SendDriverMessage(first, opened, 0, 0) - opened_before),
        (long long)(SendDriverMessage(first, closed, 0, 0) - closed_before));
    print_quantiles(ticks, calls, nanoseconds);
    CloseDriver(first, 0, 0);
    return 0;
}
