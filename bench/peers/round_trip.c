/* round_trip DRIVER MESSAGE COUNT: sends one message so often, each time with both parameters 0. Prints the answer, and the quantiles of a call's
 * nanoseconds. */
#include "ticks.h"

int wmain(int count, wchar_t **arguments)
{
    need(count == 4, "round_trip DRIVER MESSAGE COUNT");
    HDRVR driver = open_driver(arguments[1], 0);
    UINT message = (UINT)wcstoul(arguments[2], NULL, 0);
    size_t calls = wcstoul(arguments[3], NULL, 0);
    unsigned long long *ticks = calloc(calls, sizeof *ticks);
    need(calls > 0 && ticks != NULL, "memory");

    LRESULT answer = SendDriverMessage(driver, message, 0, 0);
    double begun = seconds();
    unsigned long long first = __rdtsc();
    for (size_t i = 0; i < calls; i++) {
        unsigned long long start = __rdtsc();
        LRESULT again = SendDriverMessage(driver, message, 0, 0);
        ticks[i] = __rdtsc() - start;
        need(again == answer, "the same answer");
    }
    double nanoseconds = (seconds() - begun) * 1e9 / (double)(__rdtsc() - first);
    CloseDriver(driver, 0, 0);
    printf("%lld", (long long)answer);
    print_quantiles(ticks, calls, nanoseconds);
    return 0;
}
