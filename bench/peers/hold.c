/* hold DRIVER COUNT: opens a driver so often, prints `ready`, and holds it until its standard input ends. */
#include "peer.h"

int wmain(int count, wchar_t **arguments)
{
    need(count == 3, "hold DRIVER COUNT");
    unsigned long instances = wcstoul(arguments[2], NULL, 0);
    HDRVR *drivers = calloc(instances, sizeof *drivers);
    need(instances > 0 && drivers != NULL, "memory");
    for (unsigned long i = 0; i < instances; i++) drivers[i] = open_driver(arguments[1], 0);
    puts("ready");
    fflush(stdout);
    while (getchar() != EOF) {}
    for (unsigned long i = 0; i < instances; i++) CloseDriver(drivers[i], 0, 0);
    return 0;
}
